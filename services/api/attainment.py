"""`/v1/attainment`: how far an area is from each target of a plan, and on what evidence."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from chitieu.domain import attainment as domain
from chitieu.domain.attainment import Attainment, State
from chitieu.domain.catalogue import Catalogue
from chitieu.domain.disclosure import Derived
from chitieu.domain.evidence import Evidence, Tally
from chitieu.domain.evidence import PartCoverage as DomainPart
from chitieu.domain.fractions import exact_text, rounded_text
from chitieu.domain.inquiry import CellKey, Inquiry, Question
from chitieu.domain.period import Period
from chitieu.domain.plan import Plan
from chitieu.domain.rollup import Cell
from chitieu.domain.unit import Unit
from services.api.answers import (
    PROBLEMS,
    SUPPRESSED,
    AsOf,
    Clause,
    Number,
    Text,
    UnitBrief,
    bound_text,
)
from services.api.context import Context, unchanged
from services.api.lookups import find_area, find_period, find_plan, not_judged
from services.api.queries import Progress
from services.api.view import AskedView, HierarchyAnswer, Standpoint


class Value(BaseModel):
    """The figure: sums first, then the ratio. `exact` is a decimal or, where that does not end, a fraction."""

    numerator: Number
    denominator: Number | None = Field(description="null for a count")
    exact: str | None
    display: str | None = Field(description="rounded for people; never looks equal to a bound it differs from")
    suppressed: Literal["1-5"] | None


class Compared(BaseModel):
    """The earlier period that a decrease is judged by."""

    period: str
    exact: str | None
    suppressed: Literal["1-5"] | None


class PartCoverage(BaseModel):
    form: str
    sent: int = Field(description="units with a current report")
    reported: int = Field(description="of them, units that answered all that the indicator needs")
    expected: int
    deadline: date | None = Field(description="last day on which all of them are on time")

    @classmethod
    def of(cls, part: DomainPart) -> "PartCoverage":
        return cls(
            form=part.form, sent=part.sent, reported=part.reported, expected=part.expected, deadline=part.deadline
        )


class Coverage(BaseModel):
    """Units that reported what this target needs, of those that are asked."""

    reported: int
    expected: int
    needed_percent: str
    sufficient: bool
    forms: list[PartCoverage]


class ElementAnswer(BaseModel):
    """0 reported, not applicable, left empty and not sent are four things."""

    element: str
    label: Text
    total: Number
    reported: int = Field(description="units that gave a figure")
    not_applicable: int = Field(description="units that said it does not apply")
    absent: int = Field(description="units that sent the form and left it empty")
    missing: int = Field(description="units that have not sent the form")


class Rule(BaseModel):
    code: domain.Rule
    vi: str
    en: str


class Attained(BaseModel):
    """One target in one area and period."""

    target: str
    label: Text
    indicator: str
    unit: str
    better: str
    series: str
    comparator: str
    holds: str | None = Field(description="for `maintain`: the relation to keep")
    bound: str | None
    due: date | None
    clause: Clause
    state: State
    rule: Rule
    provisional: bool = Field(description="reports may still come in time; false: final until somebody corrects")
    value: Value | None = Field(description="null if the area has ended")
    expected: str | None = Field(description="the value to have by now on the path to the due date")
    compared_with: Compared | None
    coverage: Coverage | None
    elements: list[ElementAnswer]


class AreaAnswer(BaseModel):
    area: UnitBrief
    targets: list[Attained]


class AttainmentAnswer(AreaAnswer):
    """`not_judged` names the plan's targets that this period or area has no figures for by design."""

    plan: str
    period: str
    not_judged: list[str]
    children: list[AreaAnswer] | None = Field(description="areas directly below, if asked for")
    hierarchy: HierarchyAnswer | None = Field(description="the tree of another day, if asked for")
    notice: Text | None = Field(description="what must be said beside every figure, such as that they are simulated")
    as_of: AsOf


@dataclass(frozen=True, slots=True)
class _Area:
    unit: Unit
    attained: tuple[Attainment, ...]


@dataclass(frozen=True, slots=True)
class _Answer:
    own: _Area
    children: tuple[_Area, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request understood: the questions about the area and, if asked for, about those below."""

    inquiry: Inquiry
    plan: Plan
    period: Period
    own: Sequence[Question]
    below: Sequence[Sequence[Question]] | None

    def cells(self) -> Iterator[CellKey]:
        for questions in (self.own, *(self.below or ())):
            for question in questions:
                yield from question.cells()

    def judged(self, cells: Mapping[CellKey, Cell], today: date) -> _Answer:
        def area(questions: Sequence[Question]) -> _Area:
            return _Area(questions[0].unit, tuple(self.inquiry.judge(q, cells, today) for q in questions))

        return _Answer(area(self.own), tuple(area(questions) for questions in self.below or ()))


PlanId = Annotated[str, Query(description="id of a plan, as in `/v1/plans`")]
AreaCode = Annotated[
    str | None,
    Query(description="the plan's area (default) or a unit below: code, in force at the period's end, or code@date"),
]
PeriodLabel = Annotated[str, Query(description="2024, 2024S1, 2024Q3, 202407, 2024SY, 2013-2015", examples=["2024S1"])]


def routes(context: Context) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["attainment"], responses=PROBLEMS)

    @router.get("/attainment", response_model=AttainmentAnswer)
    async def attainment(
        request: Request,
        plan: PlanId,
        period: PeriodLabel,
        view: AskedView,
        area: AreaCode = None,
        children: Annotated[bool, Query(description="also the areas directly below")] = False,
    ) -> Response:
        """Every target of a plan in an area and period: exact value, bound, state, coverage, as of when."""
        key = context.key(request, "attainment:read")
        at = await context.standpoint(view)
        asked = _understood(at.inquiry, plan, period, area, children)
        snapshot = await at.snapshot(asked.cells())
        etag = context.etag(key, at, snapshot.versions)
        if (same := unchanged(request, etag)) is not None:
            return same
        answer = asked.judged(snapshot.cells, at.today)
        show = partial(_written, asked, at, snapshot.progress, context.notice)
        return context.answer(key, answer, show, {"ETag": etag})

    return router


def _understood(inquiry: Inquiry, plan: str, period: str, area: str | None, children: bool) -> _Asked:
    """Raises NotFound for a plan, period or area that does not exist or does not go with the others."""
    found = find_plan(inquiry.release, plan)
    when = find_period(inquiry, found, period)
    unit = find_area(inquiry, found, area, when)
    own = inquiry.questions(found, unit, when)
    if not own:
        raise not_judged(inquiry, found, period)
    return _Asked(inquiry, found, when, own, inquiry.children(found, unit, when) if children else None)


def _written(
    asked: _Asked, at: Standpoint, progress: Progress, notice: Text | None, shown: _Answer
) -> AttainmentAnswer:
    catalogue = asked.inquiry.release.catalogue
    judged = {question.target.id for question in asked.own}
    return AttainmentAnswer(
        plan=asked.plan.id,
        period=str(asked.period),
        area=UnitBrief.of(shown.own.unit),
        targets=_targets(shown.own, catalogue),
        not_judged=[target for target in asked.plan.targets if target not in judged],
        children=None if asked.below is None else [_area(child, catalogue) for child in shown.children],
        hierarchy=at.hierarchy(asked.inquiry.plan_forms(asked.plan), asked.period, shown.own.unit),
        notice=notice,
        as_of=at.as_of(progress),
    )


def _area(area: _Area, catalogue: Catalogue) -> AreaAnswer:
    return AreaAnswer(area=UnitBrief.of(area.unit), targets=_targets(area, catalogue))


def _targets(area: _Area, catalogue: Catalogue) -> list[Attained]:
    return [_attained(one, catalogue) for one in area.attained]


def _attained(one: Attainment, catalogue: Catalogue) -> Attained:
    target, evidence = one.target, one.evidence
    return Attained(
        target=target.id,
        label=Text.of(target.label),
        indicator=target.indicator,
        unit=one.indicator.unit,
        better=one.indicator.better.value,
        series=target.series,
        comparator=target.comparator.value,
        holds=target.holds.value if target.holds else None,
        bound=bound_text(target.bound),
        due=target.due,
        clause=Clause.of(target.clause),
        state=one.state,
        rule=Rule(code=one.rule, vi=one.sentence(0), en=one.sentence(1)),
        provisional=evidence is not None and not evidence.final,
        value=_value(one, evidence) if evidence else None,
        expected=bound_text(one.expected),
        compared_with=_compared(one),
        coverage=_coverage(evidence) if evidence else None,
        elements=[_element(tally, catalogue) for tally in evidence.tallies] if evidence else [],
    )


def _value(one: Attainment, evidence: Evidence) -> Value:
    value = evidence.value
    return Value(
        numerator=Number.of(evidence.numerator),
        denominator=Number.of(evidence.denominator) if evidence.denominator else None,
        exact=_exact(value),
        display=None if value.value is None else rounded_text(value.value, one.target.bound),
        suppressed=SUPPRESSED if value.suppressed else None,
    )


def _compared(one: Attainment) -> Compared | None:
    if one.compared is None:
        return None
    value = one.compared.evidence.value
    return Compared(
        period=str(one.compared.period), exact=_exact(value), suppressed=SUPPRESSED if value.suppressed else None
    )


def _coverage(evidence: Evidence) -> Coverage:
    coverage = evidence.coverage
    return Coverage(
        reported=coverage.reported,
        expected=coverage.expected,
        needed_percent=exact_text(coverage.needed),
        sufficient=coverage.sufficient,
        forms=[PartCoverage.of(part) for part in coverage.parts],
    )


def _element(tally: Tally, catalogue: Catalogue) -> ElementAnswer:
    return ElementAnswer(
        element=tally.element,
        label=Text.of(catalogue.elements[tally.element].label),
        total=Number.of(tally.total),
        reported=tally.reported,
        not_applicable=tally.not_applicable,
        absent=tally.absent,
        missing=tally.missing,
    )


def _exact(value: Derived) -> str | None:
    return bound_text(value.value)
