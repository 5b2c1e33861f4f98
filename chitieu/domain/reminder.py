"""When whose deadline is to be called to mind: some days before it, and on it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from chitieu.domain.form import Form
from chitieu.domain.inquiry import Inquiry
from chitieu.domain.obligation import Receipt, obligations
from chitieu.domain.period import Period, PeriodKind
from chitieu.domain.plan import Duty, Plan
from chitieu.domain.unit import Unit

# A day on which nothing ran loses no reminder; one that is much too late reminds nobody.
LATE_DAYS = 7


class When(StrEnum):
    BEFORE = "before"
    DUE = "due"


@dataclass(frozen=True, slots=True)
class Due:
    """A duty of a plan in a period whose last day (Viet Nam's civil day) comes or has come, in the plan's area."""

    plan: Plan
    duty: Duty
    form: Form
    period: Period
    area: Unit
    when: When
    last_day: date


def due(inquiry: Inquiry, today: date, days_before: int) -> Iterator[Due]:
    """What is to be called to mind on a day, if it was not yet; with 0 days before, only on the last day itself."""
    for plan in inquiry.release.plans.values():
        area = inquiry.area_of(plan)
        if area is None:
            continue
        for duty in plan.duties.values():
            form = inquiry.release.forms.get(duty.form or "")
            for period in () if form is None else _periods(inquiry, plan, duty, form, today):
                last_day = duty.last_day(period)
                when = None if last_day is None else _when(last_day, today, days_before)
                if form is not None and last_day is not None and when is not None:
                    yield Due(plan, duty, form, period, area, when, last_day)


def outstanding(
    inquiry: Inquiry, one: Due, receipts: Mapping[tuple[str, str], Receipt], today: date
) -> tuple[int, int]:
    """How many units of those asked have no report that stands, and how many are asked."""
    asked = obligations(inquiry.expectations, one.duty, one.form, one.period, one.area.id, receipts, today)
    sent = [obligation.received_on is not None for obligation in asked]
    return sent.count(False), len(sent)


def _when(last_day: date, today: date, days_before: int) -> When | None:
    if last_day - timedelta(days_before) <= today < last_day:
        return When.BEFORE
    return When.DUE if last_day <= today <= last_day + timedelta(LATE_DAYS) else None


def _periods(inquiry: Inquiry, plan: Plan, duty: Duty, form: Form, today: date) -> Iterator[Period]:
    """Periods of a duty that have begun."""
    for period in inquiry.periods([form], PeriodKind, plan.first, plan.last):
        asked = inquiry.expectations.asked(form, period)
        if duty.asks(period) and any(one.days.first <= today for one in asked):
            yield period
