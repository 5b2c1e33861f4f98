"""Which judgements a figure bears on: a target is judged at a place, which is a plan, an area and a period."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from chitieu.domain.form import Form
from chitieu.domain.inquiry import Inquiry, Question
from chitieu.domain.period import Period, PeriodKind
from chitieu.domain.plan import Comparator, Plan

# Judged by earlier periods, too.
_LOOKING_BACK = (Comparator.MAINTAIN, Comparator.DECREASE)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A plan's id, a unit's id, a period."""

    plan: str
    area: str
    period: Period


class Consequences:
    """By one release; what was worked out about a form and period is kept."""

    def __init__(self, inquiry: Inquiry) -> None:
        self.inquiry = inquiry
        self._bearing: dict[tuple[str, str], Mapping[str, Mapping[Period, date]]] = {}
        self._inside: dict[tuple[str, str], bool] = {}
        self._depths: dict[str, int] = {}

    def places(self, form: str, period: str, areas: Collection[str], today: date) -> set[Place]:
        """Every place whose judgement may be another one since a form's figures of some areas have changed; or more.

        None of periods that have not begun: what looks back on a figure for years to come is judged in those years.
        """
        found: set[Place] = set()
        for plan, begins in self._periods(form, period).items():
            bound = [area for area in areas if self._binds(self.inquiry.release.plans[plan], area)]
            begun = [one for one, first in begins.items() if first <= today]
            found.update(Place(plan, area, one) for area in bound for one in begun)
        return found

    def questions(self, place: Place, today: date) -> list[Question]:
        """What is judged at a place: nothing before the period has begun, nor where the plan or unit is unknown."""
        plan, unit = self.inquiry.release.plans.get(place.plan), self.inquiry.release.tree.units.get(place.area)
        if plan is None or unit is None or not self._binds(plan, place.area):
            return []
        asked = self.inquiry.questions(plan, unit, place.period)
        return [one for one in asked if one.now is None or one.now.days.first <= today]

    def depth(self, area: str) -> int:
        """How many units there are from the nation down to an area (a unit's id); 0 for one that nobody knows."""
        found = self._depths.get(area)
        if found is None:
            unit = self.inquiry.release.tree.units.get(area)
            found = self._depths[area] = 0 if unit is None else len(self.inquiry.path(unit, date.max))
        return found

    def _periods(self, form: str, period: str) -> Mapping[str, Mapping[Period, date]]:
        """By the id of each plan that needs a form: the periods in which its figures for one period matter.

        Each with the first day on which anything is collected for it.
        """
        found = self._bearing.get((form, period))
        if found is None:
            found = self._bearing[form, period] = dict(self._find_periods(form, period))
        return found

    def _find_periods(self, form: str, period: str) -> Iterable[tuple[str, Mapping[Period, date]]]:
        asked, when = self.inquiry.release.forms.get(form), Period.parse(period)
        for plan in self.inquiry.release.plans.values() if asked is not None else ():
            if asked in self.inquiry.plan_forms(plan):
                periods = dict.fromkeys([when, *self._later(plan, asked, when)])
                yield plan.id, {one: self._begins(plan, one) for one in periods}

    def _begins(self, plan: Plan, period: Period) -> date:
        expectations = self.inquiry.expectations
        asked = [one for form in self.inquiry.plan_forms(plan) for one in expectations.asked(form, period)]
        return min((one.days.first for one in asked), default=date.min)

    def _later(self, plan: Plan, form: Form, period: Period) -> Iterable[Period]:
        """Periods that end no earlier, of the targets that look back on this one."""
        end = self.inquiry.period_end(plan, period)
        for target in plan.targets.values():
            forms = self.inquiry.forms(target)
            if target.comparator in _LOOKING_BACK and form in forms:
                yield from self.inquiry.periods(forms, target.kinds or PeriodKind, end, plan.last)

    def _binds(self, plan: Plan, area: str) -> bool:
        """Did a unit ever stand in the plan's area? Whether it is judged in a period, the questions say."""
        key = plan.id, area
        if key not in self._inside:
            tree = self.inquiry.release.tree
            unit = tree.units.get(area)
            self._inside[key] = unit is not None and any(
                self.inquiry.inside(plan, unit, day) for day in tree.turns(unit)
            )
        return self._inside[key]
