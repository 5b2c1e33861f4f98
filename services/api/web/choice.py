"""What an area is shown by where its address does not say: unit, plan and period, and what else there is to choose."""

from collections.abc import Iterator, Sequence
from datetime import date

from chitieu.domain.inquiry import Inquiry
from chitieu.domain.period import Period, PeriodKind
from chitieu.domain.plan import Plan
from chitieu.domain.unit import Unit, UnitTree
from services.api.lookups import find_plan, not_judged, unknown_area


def any_unit(tree: UnitTree, reference: str, day: date) -> Unit:
    """The unit in force on a day, else the last one that had the code. Raises NotFound."""
    found = tree.find(reference, day) or next(reversed(tree.rows(reference)), None)
    if found is None:
        raise unknown_area(tree, reference, day)
    return found


def plans_for(inquiry: Inquiry, unit: Unit, today: date) -> Sequence[Plan]:
    """The plans that bind a unit: those in force before those that have ended, its own before those from above."""

    def place(plan: Plan) -> tuple[bool, int, int, str]:
        area = inquiry.area_of(plan)
        path = inquiry.path(unit, min(plan.last, today))
        depth = next((at for at, one in enumerate(path) if area is not None and one.id == area.id), 0)
        return plan.last < today, -depth, -plan.first.toordinal(), plan.id

    plans = inquiry.release.plans.values()
    return sorted((plan for plan in plans if inquiry.inside(plan, unit, min(plan.last, today))), key=place)


def periods_for(inquiry: Inquiry, plan: Plan, unit: Unit, today: date) -> list[Period]:
    """The periods begun so far in which anybody in a unit is asked for something, newest first."""
    forms = inquiry.plan_forms(plan)

    def found() -> Iterator[Period]:
        for period in inquiry.periods(forms, PeriodKind, plan.first, plan.last):
            rounds = [one for form in forms for one in inquiry.expectations.rounds(form, period, unit.id)]
            if rounds and min(one.days.first for one in rounds) <= today:
                yield period

    return list(found())[::-1]


def usual_period(inquiry: Inquiry, plan: Plan, unit: Unit, periods: Sequence[Period], today: date) -> Period:
    """The last one that is over and has targets, else the last one begun that has. Raises NotFound if none has."""
    judged = (period for period in periods if inquiry.questions(plan, unit, period))
    first = None
    for period in judged:
        if inquiry.period_end(plan, period) < today:
            return period
        first = first or period
    if first is None:
        raise not_judged(inquiry, plan, str(today.year))
    return first


def with_area(inquiry: Inquiry, plan: str | None, plans: Sequence[Plan]) -> tuple[Plan, Unit] | None:
    """The plan asked for, else the first there is, and the area that it binds; None if there is none.

    Raises NotFound for a plan that does not exist.
    """
    asked = find_plan(inquiry.release, plan) if plan is not None else next(iter(plans), None)
    area = None if asked is None else inquiry.area_of(asked)
    return None if asked is None or area is None else (asked, area)


def offered(periods: Sequence[Period], shown: Period) -> Sequence[Period]:
    """Periods to choose from, the one that is shown among them, whatever was asked for."""
    return periods if shown in periods else [shown, *periods]


def above(inquiry: Inquiry, plan: Plan, unit: Unit, period: Period) -> Sequence[Unit]:
    """The units above one in a period that a plan binds, nation first."""
    end = inquiry.period_end(plan, period)
    return [one for one in inquiry.path(unit, end)[:-1] if inquiry.inside(plan, one, end)]
