"""`/v1/attainment`: how far an area is from each target of a plan, or of all that bind it, and on what evidence."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from itertools import chain
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from chitieu.domain.attainment import Attainment, holding_back
from chitieu.domain.catalogue import Label
from chitieu.domain.disclosure import Derived
from chitieu.domain.errors import InvalidRequest, Problem
from chitieu.domain.inquiry import Inquiry, Question
from chitieu.domain.period import Period
from chitieu.domain.plan import Plan, Target
from chitieu.domain.unit import Unit
from services.api.answers import PROBLEMS, AsOf, Number, Text, UnitBrief
from services.api.attained import Attained, attained
from services.api.cascade import CascadeAnswer, cascade
from services.api.context import Context
from services.api.figures import Found, Judge, answered, checked, look_up
from services.api.lookups import find_area, find_level, find_period, find_plan, find_target, not_judged
from services.api.queries import Progress
from services.api.size import Narrow, check_size
from services.api.tasks import TaskCounts, tasks_of
from services.api.view import AskedView, HierarchyAnswer, Standpoint

# Units of one level that are judged at a time: a province has up to 600 communes.
MOST_LISTED = 1_000

_ONLY_CHILDREN = Label("chỉ dùng cùng children=true", "goes with children=true only")
_ONLY_OF_PLAN = Label("chỉ dùng cùng plan", "goes with a plan only")
_ONLY_BY_GAP = Label("chỉ dùng cùng sort=gap", "goes with sort=gap only")


class Order(StrEnum):
    """Of the areas below."""

    CODE = "code"
    GAP = "gap"


class AreaAnswer(BaseModel):
    area: UnitBrief
    targets: list[Attained]


class ChildAnswer(AreaAnswer):
    contribution: Number | None = Field(
        description="with `sort=gap`: what it adds to the area's shortfall, in what the numerator counts"
    )


class AttainmentAnswer(AreaAnswer):
    """`not_judged` names the plan's targets that this period or area has no figures for by design."""

    plan: str
    period: str
    not_judged: list[str]
    children: list[ChildAnswer] | None = Field(description="areas directly below, if asked for")
    tasks: TaskCounts | None = Field(description="the plan's tasks, with the figures of its own area")
    hierarchy: HierarchyAnswer | None = Field(description="the tree of another day, if asked for")
    notice: Text | None = Field(description="what must be said beside every figure, such as that they are simulated")
    as_of: AsOf


@dataclass(frozen=True, slots=True)
class JudgedArea:
    """Before disclosure, or after it. `contribution` is what it adds to the shortfall that areas are sorted by."""

    unit: Unit
    attained: tuple[Attainment, ...]
    contribution: Derived | None = None

    def held_back_by(self, child: "JudgedArea", target: Target) -> "JudgedArea":
        """A child with what it adds to the shortfall of a target here."""
        own, below = self.of(target.id), child.of(target.id)
        return replace(child, contribution=holding_back(own, below) if own and below else Derived(None))

    def of(self, target: str) -> Attainment | None:
        return next((one for one in self.attained if one.target.id == target), None)


@dataclass(frozen=True, slots=True)
class Judged:
    """An area and those below it, in the order of codes."""

    own: JudgedArea
    children: tuple[JudgedArea, ...]

    def alone(self) -> "Judged":
        return replace(self, children=())

    def ranked(self) -> Sequence[JudgedArea]:
        """Those below, in the order of what they add to the shortfall as far as it is shown, else of codes.

        Sorted after disclosure: a place in the order would tell of a figure that is withheld.
        """
        return sorted(self.children, key=_place)


@dataclass(frozen=True, slots=True)
class _Assembled:
    """An answer without targets, and those of the area and of each below it as they were written before."""

    frame: AttainmentAnswer
    targets: Sequence[Sequence[bytes]]

    def model_dump_json(self) -> bytes:
        told = self.frame.model_dump(mode="json")
        for area, targets in zip((told, *(told["children"] or ())), self.targets, strict=True):
            area["targets"] = [msgspec.Raw(one) for one in targets]
        return msgspec.json.encode(told)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request understood: the questions about the area and, if asked for, about those below.

    `by_gap` is the target by whose shortfall those below are sorted, None for the order of codes.
    """

    inquiry: Inquiry
    plan: Plan
    period: Period
    own: Sequence[Question]
    below: Sequence[Sequence[Question]] | None
    by_gap: Target | None

    def questions(self) -> Iterator[Question]:
        yield from chain(self.own, *(self.below or ()))

    @property
    def narrow(self) -> tuple[Narrow, ...]:
        return (Narrow.AREA,) if self.below is None else (Narrow.CHILDREN, Narrow.AREA)

    def tasks(self, context: Context, at: Standpoint) -> TaskCounts | None:
        return tasks_of(context, at, self.plan, self.own[0].unit)

    def judged(self, judge: Judge) -> Judged:
        def area(questions: Sequence[Question]) -> JudgedArea:
            return JudgedArea(questions[0].unit, tuple(judge(question) for question in questions))

        own, below = area(self.own), [area(questions) for questions in self.below or ()]
        by_gap = self.by_gap
        return Judged(own, tuple(below if by_gap is None else (own.held_back_by(one, by_gap) for one in below)))

    def written(
        self, at: Standpoint, progress: Progress, tasks: TaskCounts | None, notice: Text | None, shown: Judged
    ) -> AttainmentAnswer:
        answer = self._frame(at, progress, tasks, notice, shown)
        for written, area in ((answer, shown.own), *zip(answer.children or (), shown.ranked(), strict=False)):
            written.targets = [attained(one, self.inquiry.release.catalogue) for one in area.attained]
        return answer

    def json(
        self, at: Standpoint, progress: Progress, tasks: TaskCounts | None, notice: Text | None, shown: Judged
    ) -> "_Assembled":
        catalogue = self.inquiry.release.catalogue
        areas = (shown.own, *shown.ranked()) if self.below is not None else (shown.own,)
        targets = [[at.judgements.json(one, catalogue) for one in area.attained] for area in areas]
        return _Assembled(self._frame(at, progress, tasks, notice, shown), targets)

    def _frame(
        self, at: Standpoint, progress: Progress, tasks: TaskCounts | None, notice: Text | None, shown: Judged
    ) -> AttainmentAnswer:
        """All but the targets."""
        judged = {question.target.id for question in self.own}
        return AttainmentAnswer(
            plan=self.plan.id,
            period=str(self.period),
            area=UnitBrief.of(shown.own.unit),
            targets=[],
            not_judged=[target for target in self.plan.targets if target not in judged],
            children=None if self.below is None else [_child(one) for one in shown.ranked()],
            tasks=tasks,
            hierarchy=at.hierarchy(self.inquiry.plan_forms(self.plan), self.period, shown.own.unit),
            notice=notice,
            as_of=at.as_of(progress),
        )


PlanId = Annotated[str, Query(description="id of a plan, as in `/v1/plans`")]
AnyPlan = Annotated[
    str | None, Query(description="id of a plan, as in `/v1/plans`; without one all that bind the area are asked")
]
AreaCode = Annotated[
    str | None,
    Query(
        description="the plan's area (default) or a unit below: code, in force at the period's end, or code@date. "
        "Without a plan any area"
    ),
]
PeriodLabel = Annotated[str, Query(description="2024, 2024S1, 2024Q3, 202407, 2024SY, 2013-2015", examples=["2024S1"])]
Children = Annotated[bool, Query(description="also the areas directly below")]
AskedOrder = Annotated[
    Order,
    Query(description="children by code, or those first that add most to the area's shortfall of `target`"),
]
TargetId = Annotated[str | None, Query(description="with `sort=gap`: a target of the plan, if it has several")]


def routes(context: Context) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["attainment"], responses=PROBLEMS)

    @router.get("/attainment", response_model=AttainmentAnswer | CascadeAnswer)
    async def attainment(
        request: Request,
        period: PeriodLabel,
        view: AskedView,
        plan: AnyPlan = None,
        area: AreaCode = None,
        children: Children = False,
        sort: AskedOrder = Order.CODE,
        target: TargetId = None,
    ) -> Response:
        """Targets in an area and period: exact value, bound, state, coverage, as of when.

        Those of a plan, or side by side those of all plans that bind the area.
        """
        key = context.key(request, "attainment:read")
        question = context.question(request, key)
        if (known := context.known(request, question)) is not None:
            return known
        at = await context.standpoint(request, view, key)
        if plan is None:
            alone = _alone(area, children=children, sort=sort is Order.GAP, target=target is not None)
            return await answered(context, request, key, at, cascade(at.inquiry, alone, period))
        asked = _sorted_by(sort, target, _understood(at.inquiry, plan, period, area, children))
        return await answered(context, request, key, at, asked)

    return router


async def read(
    context: Context,
    at: Standpoint,
    plan: str,
    period: str,
    area: str,
    target: str | None,
    level: str | None = None,
    beside: Iterable[Question] = (),
) -> Found[Judged, AttainmentAnswer]:
    """An area and those below it, for a page: what the route answers, and how that is written after disclosure.

    With a target, those below come in the order of what they add to its shortfall; with a level, they are all units of
    it, judged by that target alone. What questions `beside` need is read at the same moment.
    """
    order = Order.CODE if target is None else Order.GAP
    asked = _sorted_by(order, target, _understood(at.inquiry, plan, period, area, children=True))
    asked = asked if level is None else _at_level(asked, level)
    return await look_up(context, at, asked, checked(at, asked, beside))


def _alone(area: str | None, **of_plan: bool) -> str:
    """An area asked about without a plan. Raises InvalidRequest if it is missing, or for what goes with a plan only."""
    problems = [
        Problem("invalid_parameter", "", {"parameter": name, "detail": _ONLY_OF_PLAN})
        for name, given in of_plan.items()
        if given
    ]
    if area is None or problems:
        raise InvalidRequest(*problems, *([Problem("missing_parameter", "", {"parameter": "area"})] * (area is None)))
    return area


def _understood(inquiry: Inquiry, plan: str, period: str, area: str | None, children: bool) -> _Asked:
    """Raises NotFound for a plan, period or area that does not exist or does not go with the others."""
    found = find_plan(inquiry.release, plan)
    when = find_period(inquiry, found, period)
    unit = find_area(inquiry, found, area, when)
    own = inquiry.questions(found, unit, when)
    if not own:
        raise not_judged(inquiry, found, period)
    return _Asked(inquiry, found, when, own, inquiry.children(found, unit, when) if children else None, None)


def _sorted_by(sort: Order, target: str | None, asked: _Asked) -> _Asked:
    """Raises InvalidRequest for parameters that don't go together, NotFound for a target that is not judged below."""
    if sort is not Order.GAP:
        if target is not None:
            raise InvalidRequest.of("invalid_parameter", parameter="target", detail=_ONLY_BY_GAP)
        return asked
    if asked.below is None:
        raise InvalidRequest.of("invalid_parameter", parameter="sort", detail=_ONLY_CHILDREN)
    shared = [question.target for question in asked.own if question.target.scope != "area"]
    if target is None and len(shared) != 1:
        raise InvalidRequest.of("target_required", targets=", ".join(one.id for one in shared))
    return replace(asked, by_gap=shared[0] if target is None else find_target(asked.plan, shared, target))


def _child(child: JudgedArea) -> ChildAnswer:
    return ChildAnswer(
        area=UnitBrief.of(child.unit),
        targets=[],
        contribution=None if child.contribution is None else Number.of(child.contribution),
    )


def _at_level(asked: _Asked, level: str) -> _Asked:
    """Raises InvalidRequest for a level that is not below, for too many units, or if they are not sorted."""
    inquiry, own = asked.inquiry, asked.own[0].unit
    if asked.by_gap is None:
        raise InvalidRequest.of("target_required", targets=", ".join(one.target.id for one in asked.own))
    units = find_level(inquiry, asked.plan, own, asked.period, level)
    check_size(len(units), MOST_LISTED, Narrow.AREA)
    return replace(asked, below=inquiry.asked_of(asked.plan, units, asked.period, asked.by_gap.id))


def _place(child: JudgedArea) -> tuple[bool, Fraction, str]:
    """Most first; what is not known or withheld last."""
    known = child.contribution.value if child.contribution is not None else None
    return known is None, -(known or Fraction(0)), child.unit.code
