"""`/a/{unit}/{target}`: one target over all periods of its plan, as a chart and as the table that says the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from chitieu.domain.attainment import Attainment
from chitieu.domain.catalogue import Catalogue
from chitieu.domain.inquiry import Inquiry, Question
from chitieu.domain.period import Period, PeriodKind
from chitieu.domain.plan import Plan
from chitieu.domain.unit import Unit
from services.api.answers import bound_text
from services.api.attained import attained
from services.api.context import Context
from services.api.lookups import find_area, find_period, find_plan, find_target, not_judged
from services.api.size import Narrow
from services.api.view import AskedView, Standpoint
from services.api.web.address import Address, seen_from
from services.api.web.chart import Chart, Shown
from services.api.web.pages import Page, page_router, signed_in
from services.api.web.remarks import Remarks
from services.api.web.wording import Wording

AreaReference = Annotated[str, Path(max_length=64, description="code, or code@valid_from")]
TargetId = Annotated[str, Path(max_length=100)]
PlanId = Annotated[str, Query(max_length=100)]
PeriodLabel = Annotated[str, Query(max_length=20, description="periods of its kind are shown")]


@dataclass(frozen=True, slots=True)
class Stop:
    """One period on the way; `path` is the value to have by its end, in the indicator's unit."""

    period: Period
    path: Fraction | None
    attained: Attainment


def routes(context: Context) -> APIRouter:
    router = page_router()

    @router.get("/a/{unit}/{target}")
    async def course(
        request: Request, unit: AreaReference, target: TargetId, plan: PlanId, period: PeriodLabel, view: AskedView
    ) -> Response:
        page = signed_in(context, request, "attainment:read")
        at = await context.standpoint(request, view, page.key)
        found = find_plan(at.inquiry.release, plan)
        when = find_period(at.inquiry, found, period)
        area = find_area(at.inquiry, found, unit, when)
        asked = _asked(at.inquiry, found, area, when, target, at.today)
        stops = await _stops(at, asked)
        here = Address(unit, found.id, str(when), view=seen_from(request))
        return _rendered(page, here, area, _shown(page, stops, at.inquiry.release.catalogue))

    return router


def _asked(inquiry: Inquiry, plan: Plan, unit: Unit, period: Period, target: str, today: date) -> list[Question]:
    """The target's questions until today and until it is due, oldest period first.

    Raises NotFound for a target that the period does not judge here.
    """
    judged = inquiry.questions(plan, unit, period)
    if not judged:
        raise not_judged(inquiry, plan, str(period))
    find_target(plan, [one.target for one in judged], target)
    until = max(today, plan.targets[target].due or today)
    every = _over(inquiry, plan, unit, period, target)
    return [one for one in every if one.now is not None and one.now.days.first <= until]


def _over(inquiry: Inquiry, plan: Plan, unit: Unit, period: Period, target: str) -> Iterator[Question]:
    """At every period of one kind; a phase stands alone."""
    every = inquiry.periods(inquiry.plan_forms(plan), [period.kind], plan.first, plan.last)
    for one in [period] if period.kind is PeriodKind.PHASE else every:
        yield from inquiry.questions(plan, unit, one, target)


async def _stops(at: Standpoint, asked: Sequence[Question]) -> list[Stop]:
    """Raises InvalidRequest if that is too much to count again."""
    at.check(asked, Narrow.AREA)
    wanted = at.wanted(asked)
    snapshot = await at.snapshot(wanted.cells)
    withheld = wanted.withheld(snapshot)
    return [
        Stop(one.now.period, at.inquiry.expected(one), at.inquiry.judge(one, snapshot.cells, at.today, withheld))
        for one in asked
        if one.now is not None
    ]


def _shown(page: Page, stops: Sequence[Stop], catalogue: Catalogue) -> Sequence[Shown]:
    def show(some: Sequence[Stop]) -> list[Shown]:
        return [Shown(one.period, bound_text(one.path), attained(one.attained, catalogue)) for one in some]

    return page.shown(stops, show)


def _rendered(page: Page, here: Address, area: Unit, stops: Sequence[Shown]) -> Response:
    fragment = (page.request.headers.get("hx-target") or "").startswith("course-")
    words = Wording(page.writing)
    return page.render(
        "course_figures.html" if fragment else "course.html",
        here=here,
        area=area,
        stops=stops,
        last=stops[-1].at if stops else None,
        told=[one for one in stops if one.told],
        chart=Chart.of(stops),
        words=words,
        remarks=Remarks(words),
    )
