"""Duties can be fulfilled: the form somebody owes is collected from them, and its window ends before the deadline."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from chitieu.adapters.programmes.checks.coverage import during
from chitieu.adapters.programmes.definitions import Definitions
from chitieu.adapters.programmes.directory import Written
from chitieu.adapters.programmes.finding import Finding, listed
from chitieu.contracts.plan_file import PlanFile
from chitieu.domain.form import Form
from chitieu.domain.period import Period
from chitieu.domain.plan import Duty, Plan


def collected(definitions: Definitions) -> Iterator[Finding]:
    forms = {form.id: form for _, form in definitions.forms}
    for written in definitions.programmes.plans:
        plan = written.value.to_domain()
        for duty in plan.duties.values():
            form = forms.get(duty.form or "")
            if form is not None:
                yield from _findings(_Owed(definitions, plan, duty, form), written)


def _findings(owed: "_Owed", written: Written[PlanFile]) -> Iterator[Finding]:
    """Wherever the form is collected from some who owe it, it must be collected from all of them."""
    loc = ("duties", owed.duty.id)
    collected = [period for period in owed.periods() if owed.by(period) & owed.asked(period)]
    if not collected:
        said = f"form '{owed.form.id}' is not collected from them{owed.rhythm} while the plan is in force"
        yield written.mistake((*loc, "form"), said)
    for period in collected:
        if missing := owed.by(period) - owed.asked(period):
            names = owed.named(missing)
            said = f"form '{owed.form.id}' is not collected for {period} from all who owe it: not from {names}"
            yield written.mistake((*loc, "form"), said)
            break
    early = next(filter(None, map(owed.early, collected)), None)
    if early is not None:
        yield written.warning((*loc, "deadline"), early)


@dataclass(frozen=True, slots=True)
class _Owed:
    """A duty with the form that fulfils it."""

    definitions: Definitions
    plan: Plan
    duty: Duty
    form: Form

    @property
    def rhythm(self) -> str:
        return f" by {self.duty.period}" if self.duty.period else ""

    def periods(self) -> list[Period]:
        """Periods of the plan's time that the form is collected for and the duty asks about, oldest first."""
        found = {
            period
            for one in self.form.collections
            if self.duty.period in (None, one.kind)
            for period in during(one, self.plan, self.definitions.until)
        }
        return sorted(period for period in found if self.duty.period is None or self.duty.asks(period))

    def by(self, period: Period) -> set[str]:
        """Units that owe the form for a period, on the days on which its rounds end."""
        owing: set[str] = set()
        for one in self.form.rounds(period):
            owing |= self.definitions.reporting.units(self.duty.who, one.window.days(period).last)
        return owing

    def asked(self, period: Period) -> AbstractSet[str]:
        return self.definitions.reporting.asked(self.form, period).keys()

    def named(self, ids: AbstractSet[str]) -> str:
        units = (self.definitions.reporting.tree.units[id_] for id_ in sorted(ids))
        return listed(f"{unit.name} ({unit.code})" for unit in units)

    def early(self, period: Period) -> str | None:
        """A text may name a day before the period ends; the author should know."""
        if self.duty.deadline is None:
            return None
        rounds = self.definitions.reporting.asked(self.form, period)
        ends = max(rounds[unit].window.days(period).last for unit in self.by(period) & rounds.keys())
        deadline = self.duty.deadline.last_day(period)
        if deadline >= ends:
            return None
        return f"the deadline for {period}, {deadline}, comes before its window ends ({ends})"
