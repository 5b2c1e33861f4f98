"""`/v1/plans` and `/v1/indicators`: what was decided, where it stands, and what is counted for it."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from chitieu.domain.catalogue import Catalogue, Element, Indicator
from chitieu.domain.form import Reporters
from chitieu.domain.fractions import exact_text
from chitieu.domain.inquiry import Inquiry
from chitieu.domain.period import Deadline
from chitieu.domain.plan import Duty, Plan, Target, Task
from services.api.answers import PROBLEMS, Clause, Cursor, Limit, Text, UnitBrief, bound_text, page
from services.api.context import Context
from services.api.lookups import find_plan


class PlanBrief(BaseModel):
    """`number` and `issued` are what the document says; blanks are data, explained in `note`."""

    id: str
    label: Text
    number: str
    issued: str
    issuer: str
    area: UnitBrief | None
    first: date
    last: date
    parent: str | None
    target_count: int


class TargetAnswer(BaseModel):
    """`scope`: are the areas below judged by the same bound (subtree), or only the plan's own (area)?"""

    id: str
    label: Text
    indicator: str
    series: str
    comparator: str
    holds: str | None
    unit: str = Field(description="what the bound is in: percent, or what is counted")
    bound: str | None
    since: date | None
    due: date | None
    baseline: str | None
    milestones: Mapping[str, str]
    scope: str
    periods: list[str] = Field(description="kinds of period it is judged at; empty: any")
    forms: list[str] = Field(description="forms that its figures come from")
    clause: Clause


class Who(BaseModel):
    """Units of one level, under one of some areas but under none of the excepted ones (unit codes)."""

    level: str
    within: list[str]
    excepted: list[str]

    @classmethod
    def of(cls, who: Reporters) -> "Who":
        return cls(level=who.level, within=list(who.within), excepted=list(who.excepted))


class DeadlineAnswer(BaseModel):
    """A day of the period's year (plus `year_offset`); not inclusive means before that day."""

    day: int
    month: int
    year_offset: int
    inclusive: bool

    @classmethod
    def of(cls, deadline: Deadline) -> "DeadlineAnswer":
        at = deadline.anchor
        return cls(day=at.day, month=at.month, year_offset=at.year_offset, inclusive=deadline.inclusive)


class DutyAnswer(BaseModel):
    """Somebody must send something. Without `deadline` and `due` it is received or not, never late."""

    id: str
    label: Text
    who: Who
    to: str
    form: str | None
    period: str | None
    of: list[int] = Field(description="which periods of the year; empty: all")
    deadline: DeadlineAnswer | None
    due: date | None
    clause: Clause


class TaskAnswer(BaseModel):
    id: str
    owner: str
    due: date | None
    clause: Clause


class PlanReference(BaseModel):
    id: str
    label: Text
    number: str


class PlanAnswer(PlanBrief):
    """`parents` are the plans above, nearest first; `parent_basis` is where the text names the first.

    `children` are the plans that name this one as theirs.
    """

    document: str
    source: str
    note: str
    coverage_needed_percent: str
    phases: list[str] = Field(description="those that it names and is judged for; empty: any two years")
    parents: list[PlanReference]
    parent_basis: Clause | None
    children: list[PlanReference]
    targets: list[TargetAnswer]
    duties: list[DutyAnswer]
    tasks: list[TaskAnswer]


class PlanList(BaseModel):
    items: list[PlanBrief]
    next: str | None


class ElementBrief(BaseModel):
    id: str
    label: Text
    counts: str
    kind: str
    sensitive: bool = Field(description="counts children: small counts are suppressed outside one's own subtree")

    @classmethod
    def of(cls, element: Element) -> "ElementBrief":
        return cls(
            id=element.id,
            label=Text.of(element.label),
            counts=element.counts,
            kind=element.kind.value,
            sensitive=element.sensitive,
        )


class TargetReference(BaseModel):
    plan: str
    target: str


class IndicatorAnswer(BaseModel):
    """numerator / denominator × factor; without denominator a count."""

    id: str
    label: Text
    unit: str
    better: str
    factor: int
    numerator: list[ElementBrief]
    denominator: list[ElementBrief]
    targets: list[TargetReference]


class IndicatorList(BaseModel):
    items: list[IndicatorAnswer]
    next: str | None


def routes(context: Context) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["plans"], responses=PROBLEMS)

    @router.get("/plans", response_model=PlanList)
    async def plans(request: Request, limit: Limit = 100, cursor: Cursor = None) -> Response:
        """Every plan in force or past, in the order of ids."""
        key = context.key(request, "attainment:read")
        inquiry = context.inquiry
        every = sorted(inquiry.release.plans.values(), key=lambda plan: plan.id)
        some, following = page(every, lambda plan: plan.id, cursor, limit)
        return context.answer(
            key, some, lambda shown: PlanList(items=[plan_brief(plan, inquiry) for plan in shown], next=following)
        )

    @router.get("/plans/{plan}", response_model=PlanAnswer)
    async def plan(request: Request, plan: Annotated[str, Path(description="id of a plan")]) -> Response:
        """A plan with its targets, reporting duties and tasks, each with its place in the document."""
        key = context.key(request, "attainment:read")
        inquiry = context.inquiry
        return context.answer(key, find_plan(inquiry.release, plan), lambda shown: plan_answer(shown, inquiry))

    @router.get("/indicators", response_model=IndicatorList)
    async def indicators(request: Request, limit: Limit = 100, cursor: Cursor = None) -> Response:
        """What is computed, from which elements, and which targets are set on it."""
        key = context.key(request, "attainment:read")
        release = context.release
        every = sorted(release.catalogue.indicators.values(), key=lambda one: one.id)
        some, following = page(every, lambda one: one.id, cursor, limit)

        def show(shown: list[Indicator]) -> IndicatorList:
            items = [_indicator(one, release.catalogue, release.plans) for one in shown]
            return IndicatorList(items=items, next=following)

        return context.answer(key, some, show)

    return router


def plan_brief(plan: Plan, inquiry: Inquiry) -> PlanBrief:
    area = inquiry.area_of(plan)
    return PlanBrief(
        id=plan.id,
        label=Text.of(plan.label),
        number=plan.number,
        issued=plan.issued,
        issuer=plan.issuer,
        area=UnitBrief.of(area) if area else None,
        first=plan.first,
        last=plan.last,
        parent=plan.parent,
        target_count=len(plan.targets),
    )


def plan_answer(plan: Plan, inquiry: Inquiry) -> PlanAnswer:
    above = list(inquiry.release.lineage(plan))[1:]
    below = [one for one in inquiry.release.plans.values() if one.parent == plan.id]
    return PlanAnswer(
        **dict(plan_brief(plan, inquiry)),
        document=plan.document,
        source=plan.source,
        note=plan.note,
        coverage_needed_percent=exact_text(plan.coverage_needed),
        phases=[str(phase) for phase in plan.phases],
        parents=[_reference(one) for one in above],
        parent_basis=Clause.of(plan.parent_basis) if plan.parent_basis else None,
        children=[_reference(one) for one in sorted(below, key=lambda one: one.id)],
        targets=[target_answer(target, inquiry) for target in plan.targets.values()],
        duties=[_duty(duty) for duty in plan.duties.values()],
        tasks=[_task(task) for task in plan.tasks.values()],
    )


def _reference(plan: Plan) -> PlanReference:
    return PlanReference(id=plan.id, label=Text.of(plan.label), number=plan.number)


def target_answer(target: Target, inquiry: Inquiry) -> TargetAnswer:
    return TargetAnswer(
        id=target.id,
        label=Text.of(target.label),
        indicator=target.indicator,
        series=target.series,
        comparator=target.comparator.value,
        holds=target.holds.value if target.holds else None,
        unit=inquiry.release.catalogue.indicators[target.indicator].unit,
        bound=bound_text(target.bound),
        since=target.since,
        due=target.due,
        baseline=bound_text(target.baseline),
        milestones={str(period): exact_text(value) for period, value in target.milestones},
        scope=target.scope,
        periods=[kind.value for kind in target.kinds],
        forms=[form.id for form in inquiry.forms(target)],
        clause=Clause.of(target.clause),
    )


def _duty(duty: Duty) -> DutyAnswer:
    return DutyAnswer(
        id=duty.id,
        label=Text.of(duty.label),
        who=Who.of(duty.who),
        to=duty.to,
        form=duty.form,
        period=duty.period.value if duty.period else None,
        of=list(duty.indexes),
        deadline=DeadlineAnswer.of(duty.deadline) if duty.deadline else None,
        due=duty.due,
        clause=Clause.of(duty.clause),
    )


def _task(task: Task) -> TaskAnswer:
    return TaskAnswer(id=task.id, owner=task.owner, due=task.due, clause=Clause.of(task.clause))


def _indicator(one: Indicator, catalogue: Catalogue, plans: Mapping[str, Plan]) -> IndicatorAnswer:
    elements = catalogue.elements
    return IndicatorAnswer(
        id=one.id,
        label=Text.of(one.label),
        unit=one.unit,
        better=one.better.value,
        factor=one.factor,
        numerator=[ElementBrief.of(elements[id_]) for id_ in one.numerator],
        denominator=[ElementBrief.of(elements[id_]) for id_ in one.denominator],
        targets=[
            TargetReference(plan=plan.id, target=target.id)
            for plan in plans.values()
            for target in plan.targets.values()
            if target.indicator == one.id
        ],
    )
