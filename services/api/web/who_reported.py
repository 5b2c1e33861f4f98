"""`/obligations`: who has sent what of a plan in a period, who is late, who has not, and a text to send to those."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from chitieu.domain.inquiry import Inquiry
from chitieu.domain.obligation import Obligation, ObligationState, duties_for
from chitieu.domain.period import Period
from chitieu.domain.plan import Plan
from chitieu.domain.unit import Unit
from services.api.answers import Cursor
from services.api.context import Context
from services.api.lookups import find_area, find_period
from services.api.obligations import Found, ObligationList, look_up, understood, written
from services.api.view import AskedView, Standpoint
from services.api.web.address import seen_from
from services.api.web.choice import above, offered, periods_for, with_area
from services.api.web.pages import Page, page_router, signed_in
from services.api.web.reminder import NAMED_AT_MOST, Reminder, reminders
from services.api.web.timeliness import NOT_SENT, RECEIVED, Punctual

_SHOWN_AT_ONCE = 200


class Picked(StrEnum):
    """Which of the duties are listed."""

    NOT_SENT = "not_sent"
    LATE = "late"
    RECEIVED = "received"
    ALL = "all"

    @property
    def states(self) -> frozenset[ObligationState]:
        return _STATES[self]


_STATES: Mapping[Picked, frozenset[ObligationState]] = {
    Picked.NOT_SENT: NOT_SENT,
    Picked.LATE: frozenset({ObligationState.LATE}),
    Picked.RECEIVED: RECEIVED,
    Picked.ALL: frozenset(ObligationState),
}


@dataclass(frozen=True, slots=True)
class DutyAddress:
    """A view of who reported, as an address that can be sent."""

    plan: str
    period: str | None = None
    area: str | None = None
    form: str | None = None
    picked: Picked = Picked.NOT_SENT
    cursor: str | None = None
    view: Mapping[str, str] = field(default_factory=dict)

    def but(self, **changed: str | None) -> "DutyAddress":
        """The same but for some of it, from its first line on."""
        return replace(self, **{"cursor": None, **changed})  # type: ignore[arg-type]

    def kept(self) -> Mapping[str, str]:
        """What another period keeps."""
        return {**self._asked(), "show": self.picked}

    def __str__(self) -> str:
        after = {} if self.cursor is None else {"cursor": self.cursor}
        return f"/obligations?{urlencode({**self.kept(), **self._period(), **after})}"

    def over_periods(self) -> str:
        """The same area's last periods side by side."""
        named = {"plan": self.plan, "area": self.area, **self.view}
        query = {name: value for name, value in named.items() if value is not None}
        return f"/obligations/periods?{urlencode(query)}"

    def file(self, suffix: str) -> str:
        """All that the view lists, as a file."""
        states = [] if self.picked is Picked.ALL else sorted(self.picked.states)
        query = urlencode({**self._asked(), **self._period(), "state": states}, doseq=True)
        return f"/v1/obligations.{suffix}?{query}"

    def _asked(self) -> Mapping[str, str]:
        named = {"plan": self.plan, "area": self.area, "form": self.form, **self.view}
        return {name: value for name, value in named.items() if value is not None}

    def _period(self) -> Mapping[str, str]:
        return {} if self.period is None else {"period": self.period}


@dataclass(frozen=True, slots=True)
class Choice:
    """What is asked about, and what else there is to choose."""

    plan: Plan
    period: Period
    unit: Unit
    plans: Sequence[Plan]
    periods: Sequence[Period]
    above: Sequence[Unit]


AskedPlan = Annotated[str | None, Query(max_length=100, description="default: one that asks for reports today")]
AskedPeriod = Annotated[str | None, Query(max_length=20, description="default: the newest with a last day behind it")]
AskedArea = Annotated[str | None, Query(max_length=64, description="default: the plan's")]
AskedForm = Annotated[str | None, Query(max_length=100, description="only the duties to send this form")]
AskedPick = Annotated[Picked, Query(description="which of them are listed")]


def routes(context: Context) -> APIRouter:
    router = page_router()

    @router.get("/obligations")
    async def who_reported(
        request: Request,
        view: AskedView,
        plan: AskedPlan = None,
        period: AskedPeriod = None,
        area: AskedArea = None,
        form: AskedForm = None,
        show: AskedPick = Picked.NOT_SENT,
        cursor: Cursor = None,
    ) -> Response:
        page = signed_in(context, request, "attainment:read")
        at = await context.standpoint(request, view, page.key)
        chosen = _chosen(at, page.unit, plan, period, area)
        if chosen is None:
            return page.render("who_reported_nothing.html")
        here = DutyAddress(chosen.plan.id, str(chosen.period), area, form, show, cursor, seen_from(request))
        found = await look_up(at, understood(at, chosen.plan.id, str(chosen.period), chosen.unit.id, form))
        answer = _listed(page, found, at, show.states, cursor, _SHOWN_AT_ONCE)
        return page.render(
            "who_reported.html",
            chosen=chosen,
            here=here,
            answer=answer,
            punctual=Punctual(page.writing, at.today),
            picks={one: _count(answer, one.states) for one in Picked},
            forms={one.form: page.context.release.forms[one.form].label for one in answer.duties},
            areas=[one for one in answer.areas or () if sum(duty.units for duty in one.duties) > 1],
            labels={one.duty: one.label for one in answer.duties},
            reminders=_reminders(page, found, at),
            untracked="; ".join(page.writing.say(chosen.plan.duties[one].label) for one in answer.untracked),
        )

    return router


def _listed(
    page: Page, found: Found, at: Standpoint, states: frozenset[ObligationState], cursor: str | None, most: int
) -> ObligationList:
    some, following = found.some(states, most, cursor)

    def show(shown: Sequence[Obligation]) -> ObligationList:
        return written(found, at, shown, following, True, page.context.notice)

    return page.shown(some, show)


def _reminders(page: Page, found: Found, at: Standpoint) -> list[Reminder]:
    """Of everybody who has not sent something, whatever is listed."""
    silent = _listed(page, found, at, NOT_SENT, None, NAMED_AT_MOST)
    return reminders(silent, page.writing, at.today)


def _count(answer: ObligationList, states: frozenset[ObligationState]) -> int:
    return sum(number for one in answer.duties for state, number in one.states.items() if state in states)


def _chosen(at: Standpoint, own: Unit | None, plan: str | None, period: str | None, area: str | None) -> Choice | None:
    """None if no plan asks for anything that can be received here. Raises NotFound for what there is not."""
    inquiry, today = at.inquiry, at.today
    plans = asking(inquiry, own, today)
    found = with_area(inquiry, plan, plans)
    if found is None:
        return None
    asked, top = found
    periods = [one for one in periods_for(inquiry, asked, top, today) if has_duties(inquiry, asked, one)]
    when = find_period(inquiry, asked, period) if period is not None else _usual(asked, periods, today)
    if when is None:
        return None
    unit = find_area(inquiry, asked, area, when)
    return Choice(asked, when, unit, plans, offered(periods, when), above(inquiry, asked, unit, when))


def asking(inquiry: Inquiry, own: Unit | None, today: date) -> list[Plan]:
    """Plans that ask for reports: those in force first, and of them those about the reader's own area."""
    forms = inquiry.release.forms

    def place(plan: Plan) -> tuple[bool, bool, str]:
        area = inquiry.area_of(plan)
        return plan.last < today, area is None or own is None or area.id != own.id, plan.id

    every = inquiry.release.plans.values()
    asking = [plan for plan in every if any(duty.form in forms for duty in plan.duties.values())]
    return sorted(asking, key=place)


def has_duties(inquiry: Inquiry, plan: Plan, period: Period) -> bool:
    return bool(duties_for(plan, inquiry.release.forms, period))


def _usual(plan: Plan, periods: Sequence[Period], today: date) -> Period | None:
    """The newest with a last day that is over, else the newest of all."""
    return next((one for one in periods if _due_before(plan, one, today)), None) or next(iter(periods), None)


def _due_before(plan: Plan, period: Period, today: date) -> bool:
    last_days = [duty.last_day(period) for duty in plan.duties.values() if duty.asks(period)]
    return any(day is not None and day < today for day in last_days)
