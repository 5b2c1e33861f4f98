"""`/v1/obligations`: who has sent what, who is late, and who has not."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from chitieu.domain import obligation as domain
from chitieu.domain.form import Form
from chitieu.domain.inquiry import CellKey
from chitieu.domain.named import find_form
from chitieu.domain.obligation import (
    Expectations,
    Obligation,
    ObligationState,
    Punctuality,
    Receipt,
    duties_for,
    obligations,
)
from chitieu.domain.period import Period
from chitieu.domain.plan import Duty, Plan
from chitieu.domain.unit import Unit
from services.api.answers import PROBLEMS, AsOf, Cursor, Limit, Text, UnitBrief, bound_text, page
from services.api.attainment import AreaCode, PeriodLabel, PlanId
from services.api.context import Context
from services.api.lookups import find_area, find_period, find_plan, not_judged
from services.api.queries import Progress
from services.api.size import Narrow, check_size
from services.api.view import AskedView, HierarchyAnswer, Standpoint


class DutySummary(BaseModel):
    """A duty in this period, with how many units of the area stand where."""

    duty: str
    label: Text
    form: str
    to: str = Field(description="who receives it, as the plan says")
    last_day: date | None = Field(description="the last day to be on time; null without a deadline")
    units: int
    states: dict[ObligationState, int]
    reporting_rate: str | None = Field(description="exact: received of asked, a decimal or a fraction")
    on_time_rate: str | None = Field(description="exact: on time of asked; null without a deadline")


class AreaSummary(BaseModel):
    """A unit directly below the area, with the duties of all units in it."""

    area: UnitBrief
    duties: list[DutySummary]


class ObligationAnswer(BaseModel):
    duty: str
    unit: UnitBrief
    above: UnitBrief | None = Field(description="the unit directly above: the one to ask about it")
    state: ObligationState
    last_day: date | None
    received_on: date | None = Field(description="civil date in Viet Nam of the first acceptance of what now stands")
    retracted: bool = Field(description="it was received and taken back: counts as not sent")


class ObligationList(BaseModel):
    """`untracked` names duties of the plan that nothing can be received for here."""

    plan: str
    period: str
    area: UnitBrief
    duties: list[DutySummary]
    areas: list[AreaSummary] | None = Field(description="units directly below, the worst first, if asked for")
    items: list[ObligationAnswer]
    next: str | None
    untracked: list[str]
    hierarchy: HierarchyAnswer | None = Field(description="the tree of another day, if asked for")
    notice: Text | None
    as_of: AsOf


FormId = Annotated[str | None, Query(max_length=100, description="only the duties to send this form")]


def routes(context: Context) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["obligations"], responses=PROBLEMS)

    @router.get("/obligations", response_model=ObligationList)
    async def obligation_list(
        request: Request,
        plan: PlanId,
        period: PeriodLabel,
        view: AskedView,
        area: AreaCode = None,
        form: FormId = None,
        state: Annotated[list[ObligationState] | None, Query(description="only these states")] = None,
        by_area: Annotated[bool, Query(description="also the counts of each unit directly below")] = False,
        limit: Limit = 200,
        cursor: Cursor = None,
    ) -> Response:
        """Each reporting duty of a plan in a period, unit by unit: on time, late, missing, not yet due."""
        key = context.key(request, "attainment:read")
        question = context.question(request, key)
        if (known := context.known(request, question)) is not None:
            return known
        at = await context.standpoint(request, view, key)
        asked = understood(at, plan, period, area, form)
        when, unit, duties = asked.period, asked.area, asked.duties
        place = context.place(question, view, _reports(at.inquiry.expectations, duties, when, unit.id))
        found = await look_up(at, asked)
        etag = context.etag(key, at, receipt_versions(found.every))
        some, following = found.some(frozenset(state or ObligationState), limit, cursor)

        def show(shown: Sequence[Obligation]) -> ObligationList:
            return written(found, at, shown, following, by_area, context.notice)

        return context.tagged(request, place, etag, lambda: context.answer(key, some, show, {"ETag": etag}))

    return router


def _reports(
    expectations: Expectations, duties: Sequence[tuple[Duty, Form]], period: Period, area: str
) -> Iterator[CellKey]:
    """Whose reports are looked at: each unit's own, since where it stood when it reported may be corrected later."""
    for form in {form.id: form for _, form in duties}.values():
        for one in expectations.rounds(form, period, area):
            for path in one.roster.counted:
                if any(unit.id == area for unit in path):
                    yield form.id, str(period), path[-1].id


def check_duties(
    expectations: Expectations, duties: Sequence[tuple[Duty, Form]], period: Period, area: str, most: int
) -> None:
    """Raises InvalidRequest if the duties ask an area for more reports than one question may look for."""
    rounds = (one for _, form in duties for one in expectations.rounds(form, period, area))
    check_size(sum(one.roster.by_area[area] for one in rounds), most, Narrow.AREA)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request understood: a plan's duties in a period that can be received here, with their forms."""

    plan: Plan
    period: Period
    area: Unit
    duties: Sequence[tuple[Duty, Form]]


def understood(at: Standpoint, plan: str, period: str, area: str | None, form: str | None = None) -> Asked:
    """Raises NotFound for a plan, period, area or form that does not exist or does not go with the others."""
    inquiry = at.inquiry
    found = find_plan(inquiry.release, plan)
    when = find_period(inquiry, found, period)
    unit = find_area(inquiry, found, area, when)
    if not any(inquiry.expectations.asked(one, when) for one in inquiry.plan_forms(found)):
        raise not_judged(inquiry, found, period)
    asked = None if form is None else find_form(inquiry.release, form)
    every = duties_for(found, inquiry.release.forms, when)
    duties = [one for one in every if asked is None or one[1].id == asked.id]
    check_duties(inquiry.expectations, duties, when, unit.id, at.max_cells)
    return Asked(found, when, unit, duties)


async def read(at: Standpoint, asked: Asked) -> tuple[list[Obligation], Progress]:
    """Every unit's duties, by duty and then by the unit's code."""
    receipts, progress = await at.receipts({form.id for _, form in asked.duties}, asked.period)
    every = every_duty(at.inquiry.expectations, asked.duties, asked.period, asked.area.id, receipts, at.today)
    return every, progress


@dataclass(frozen=True, slots=True)
class Found:
    """What was asked for, as it was read."""

    asked: Asked
    every: Sequence[Obligation]
    progress: Progress

    def some(self, states: Set[ObligationState], limit: int, cursor: str | None) -> tuple[list[Obligation], str | None]:
        """Those in some states, and the cursor of what follows. Raises InvalidRequest for another list's cursor."""
        return page(self.every, _id, cursor, limit, lambda one: one.state in states)


async def look_up(at: Standpoint, asked: Asked) -> Found:
    return Found(asked, *await read(at, asked))


def written(
    found: Found,
    at: Standpoint,
    shown: Sequence[Obligation],
    following: str | None,
    by_area: bool,
    notice: Text | None,
) -> ObligationList:
    """Some of what was found, after disclosure, with the counts of all of it."""
    asked, every = found.asked, found.every
    return ObligationList(
        plan=asked.plan.id,
        period=str(asked.period),
        area=UnitBrief.of(asked.area),
        duties=_summaries(asked.duties, every, asked.period),
        areas=_areas(asked.duties, every, asked.period, asked.area.id) if by_area else None,
        items=[_obligation(one) for one in shown],
        next=following,
        untracked=_untracked(asked.plan),
        hierarchy=at.hierarchy((form for _, form in asked.duties), asked.period, asked.area),
        notice=notice,
        as_of=at.as_of(found.progress),
    )


def every_duty(
    expectations: Expectations,
    duties: Sequence[tuple[Duty, Form]],
    period: Period,
    area: str,
    receipts: Mapping[tuple[str, str], Receipt],
    today: date,
) -> list[Obligation]:
    """Every unit's duties, by duty and then by the unit's code."""
    found = [
        one for duty, form in duties for one in obligations(expectations, duty, form, period, area, receipts, today)
    ]
    return sorted(found, key=lambda one: (one.duty.id, one.unit.code, one.unit.id))


def receipt_versions(every: Sequence[Obligation]) -> str:
    """Changes when a receipt that is shown does; states follow from receipts and the day."""
    told = [(one.duty.id, one.unit.id, one.received_on, one.retracted) for one in every]
    return sha256(repr(told).encode()).hexdigest()


def _id(one: Obligation) -> str:
    return f"{one.duty.id}/{one.unit.id}"


def _untracked(plan: Plan) -> list[str]:
    return [duty.id for duty in plan.duties.values() if duty.form is None]


def _summaries(duties: Sequence[tuple[Duty, Form]], every: Sequence[Obligation], period: Period) -> list[DutySummary]:
    """Duties that nobody in the area has are left out."""
    mine: dict[str, list[Obligation]] = {}
    for one in every:
        mine.setdefault(one.duty.id, []).append(one)
    return [_summary(duty, form, mine[duty.id], period) for duty, form in duties if duty.id in mine]


def _summary(duty: Duty, form: Form, some: Sequence[Obligation], period: Period) -> DutySummary:
    counts = Punctuality.of(some)
    return DutySummary(
        duty=duty.id,
        label=Text.of(duty.label),
        form=form.id,
        to=duty.to,
        last_day=duty.last_day(period),
        units=counts.units,
        states=dict(counts.states),
        reporting_rate=bound_text(counts.reporting_rate),
        on_time_rate=bound_text(counts.on_time_rate),
    )


def _areas(
    duties: Sequence[tuple[Duty, Form]], every: Sequence[Obligation], period: Period, area: str
) -> list[AreaSummary]:
    return [
        AreaSummary(area=UnitBrief.of(unit), duties=_summaries(duties, some, period))
        for unit, some in domain.by_area(every, area)
    ]


def _obligation(one: Obligation) -> ObligationAnswer:
    return ObligationAnswer(
        duty=one.duty.id,
        unit=UnitBrief.of(one.unit),
        above=UnitBrief.of(one.path[-2]) if len(one.path) > 1 else None,
        state=one.state,
        last_day=one.last_day,
        received_on=one.received_on,
        retracted=one.retracted,
    )
