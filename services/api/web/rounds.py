"""`/obligations/periods`: which forms an area has sent in its last periods, and of how many it has not."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from fastapi import APIRouter, Request, Response

from chitieu.domain.errors import NotFound
from chitieu.domain.form import Form
from chitieu.domain.obligation import Obligation, ObligationState, Punctuality
from chitieu.domain.unit import Unit
from services.api.context import Context
from services.api.lookups import find_area
from services.api.obligations import Found, look_up, understood
from services.api.view import AskedView, Standpoint
from services.api.web.address import seen_from
from services.api.web.choice import above, periods_for, with_area
from services.api.web.pages import page_router, signed_in
from services.api.web.timeliness import RECEIVED
from services.api.web.who_reported import AskedArea, AskedPlan, Choice, DutyAddress, Picked, asking, has_duties

_PERIODS_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Round:
    """A form in a period: how many reports are asked of the area, and what became of them."""

    asked: int
    received: int
    late: int
    missing: int

    @classmethod
    def of(cls, some: Sequence[Obligation]) -> "Round":
        counts = Punctuality.of(some)
        received = sum(number for state, number in counts.states.items() if state in RECEIVED)
        late, missing = (counts.states.get(one, 0) for one in (ObligationState.LATE, ObligationState.MISSING))
        return cls(counts.units, received, late, missing)


def routes(context: Context) -> APIRouter:
    router = page_router()

    @router.get("/obligations/periods")
    async def rounds(request: Request, view: AskedView, plan: AskedPlan = None, area: AskedArea = None) -> Response:
        page = signed_in(context, request, "attainment:read")
        at = await context.standpoint(request, view, page.key)
        chosen = _chosen(at, page.unit, plan, area)
        if chosen is None:
            return page.render("who_reported_nothing.html")
        found = [one async for one in _read(at, chosen)]
        return page.render(
            "rounds.html",
            chosen=chosen,
            here=DutyAddress(chosen.plan.id, None, area, None, Picked.ALL, None, seen_from(request)),
            periods=[one.asked.period for one in found],
            forms=_forms(found),
            sent={str(one.asked.period): page.shown(one.every, _by_form) for one in found},
            as_of=at.as_of(found[0].progress) if found else None,
        )

    return router


def _chosen(at: Standpoint, own: Unit | None, plan: str | None, area: str | None) -> Choice | None:
    """None if no plan asks for anything that can be received here. Raises NotFound for what there is not."""
    plans = asking(at.inquiry, own, at.today)
    found = with_area(at.inquiry, plan, plans)
    if found is None:
        return None
    asked, top = found
    periods = [one for one in periods_for(at.inquiry, asked, top, at.today) if has_duties(at.inquiry, asked, one)]
    if not periods:
        return None
    newest = periods[0]
    unit = find_area(at.inquiry, asked, area, newest)
    return Choice(asked, newest, unit, plans, periods, above(at.inquiry, asked, unit, newest))


async def _read(at: Standpoint, chosen: Choice) -> AsyncIterator[Found]:
    """The last periods in which the area is there and has duties."""
    for period in islice(chosen.periods, _PERIODS_SHOWN):
        try:
            asked = understood(at, chosen.plan.id, str(period), chosen.unit.id)
        except NotFound:
            continue
        yield await look_up(at, asked)


def _forms(found: Sequence[Found]) -> Sequence[Form]:
    """Those that are asked for in any of the periods, by the plan's order of duties."""
    every = {form.id: form for one in found for _, form in one.asked.duties}
    asked = {duty.duty.form for one in found for duty in one.every}
    return [form for id_, form in every.items() if id_ in asked]


def _by_form(every: Sequence[Obligation]) -> Mapping[str, Round]:
    found: dict[str, list[Obligation]] = defaultdict(list)
    for one in every:
        if one.duty.form is not None:
            found[one.duty.form].append(one)
    return {form: Round.of(some) for form, some in found.items()}
