"""Data can arrive: whoever is asked exists, and for every target somebody in its area is asked."""

from collections.abc import Iterator
from datetime import date

from chitieu.adapters.programmes.definitions import Definitions
from chitieu.adapters.programmes.finding import Finding, listed
from chitieu.adapters.programmes.reporting import periods
from chitieu.domain.form import Collection, Form, Reporters
from chitieu.domain.period import Period, PeriodKind
from chitieu.domain.plan import Plan, Target


def targets_have_data(definitions: Definitions) -> Iterator[Finding]:
    if not definitions.complete:
        return
    arrivals = _Arrivals(definitions)
    for written in definitions.programmes.plans:
        plan = written.value.to_domain()
        for target in plan.targets.values():
            said = arrivals.lacking(plan, target)
            if said is not None:
                yield written.mistake(("targets", target.id, "indicator"), f"this target can never have data: {said}")


class _Arrivals:
    """In which kinds of period an element arrives from an area while a plan is in force."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self._reach: dict[tuple[Collection, str, date, date], bool] = {}

    def lacking(self, plan: Plan, target: Target) -> str | None:
        indicator = self.definitions.catalogue.indicators.get(target.indicator)
        if indicator is None:
            return None
        common = set(target.kinds) or set(PeriodKind)
        for element in indicator.elements:
            forms = self._forms(target.series, element)
            if not forms:
                return f"no form of series '{target.series}' asks for '{element}'"
            kinds = {one.kind for form in forms for one in form.collections if self._reaches(one, plan)}
            if not kinds:
                return f"nobody in area '{plan.area}' is asked for '{element}' while the plan is in force"
            common &= kinds
        if not common:
            return f"no kind of period that the target is judged at brings all of {listed(indicator.elements)}"
        return None

    def _forms(self, series: str, element: str) -> list[Form]:
        return [
            form
            for _, form in self.definitions.forms
            if form.series == series and any(f.element == element and not f.retired for f in form.fields)
        ]

    def _reaches(self, one: Collection, plan: Plan) -> bool:
        key = one, plan.area, plan.first, plan.last
        if key not in self._reach:
            self._reach[key] = any(
                self._asks_below(one, plan.area, period) for period in during(one, plan, self.definitions.until)
            )
        return self._reach[key]

    def _asks_below(self, one: Collection, area: str, period: Period) -> bool:
        units, day = self.definitions.reporting.units, one.window.days(period).last
        return not units(one.reporters, day).isdisjoint(units(Reporters(one.reporters.level, (area,)), day))


def during(one: Collection, plan: Plan, until: date) -> Iterator[Period]:
    """Periods of a round that overlap the plan's time."""
    for period in periods(one, min(plan.last, until)):
        if one.window.days(period).last >= plan.first:
            yield period


def rounds_ask_somebody(definitions: Definitions) -> Iterator[Finding]:
    for written, form in definitions.forms:
        for at, one in enumerate(form.collections):
            days = (one.window.days(period).last for period in periods(one, definitions.until))
            if not any(definitions.reporting.units(one.reporters, day) for day in days):
                said = f"nobody is asked: {_meant(one.reporters)} is in force when a period ends"
                yield written.mistake(("collected", at, "who"), said)


def duties_fall_to_somebody(definitions: Definitions) -> Iterator[Finding]:
    reporting = definitions.reporting
    for written in definitions.programmes.plans:
        plan = written.value.to_domain()
        days = [plan.first, plan.last, *(day for day in reporting.changes if plan.first <= day <= plan.last)]
        for duty in plan.duties.values():
            if not any(reporting.units(duty.who, day) for day in days):
                said = f"this falls to nobody: {_meant(duty.who)} is in force while the plan is"
                yield written.mistake(("duties", duty.id, "who"), said)


def _meant(who: Reporters) -> str:
    excepted = f" except {', '.join(who.excepted)}" if who.excepted else ""
    return f"no unit of level '{who.level}' in {', '.join(who.within)}{excepted}"
