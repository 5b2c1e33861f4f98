"""Who is asked for what, when: enumerated on the tree, exactly.

Who reports changes only on days when the tree changes, so everything is kept per state of the tree (the number of
changes so far), of which there are a handful.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from chitieu.domain.form import Collection, Form, Reporters
from chitieu.domain.period import PER_YEAR, Period, PeriodKind
from chitieu.domain.unit import Unit, UnitTree

_LAST_YEAR = 2199
_DAY = timedelta(days=1)


def periods(collection: Collection, until: date) -> Iterator[Period]:
    """Periods that a round collects and that begin no later than `until`, oldest first.

    A phase is named by any two years, so of phases those that lie within the round's years.
    """
    last = min(collection.last or until, until)
    years = range(collection.first.year - 1, min(last.year + 1, _LAST_YEAR) + 1)
    phases = collection.kind is PeriodKind.PHASE
    for period in _phases(collection.first, last) if phases else _labels(collection.kind, years):
        if collection.collects(period) and collection.window.days(period).first <= until:
            yield period


def _labels(kind: PeriodKind, years: range) -> Iterator[Period]:
    for year in years:
        for index in range(1, PER_YEAR[kind] + 1):
            yield Period(year, kind, index, year)


def _phases(first: date, last: date) -> Iterator[Period]:
    for begins in range(first.year, min(last.year, _LAST_YEAR)):
        for ends in range(begins + 1, min(last.year, _LAST_YEAR) + 1):
            yield Period(begins, PeriodKind.PHASE, 1, ends)


def change_days(units: Iterable[Unit]) -> list[date]:
    """Days on which the tree is another than the day before, in order."""
    days = {u.valid_from for u in units}
    days |= {u.valid_to + _DAY for u in units if u.valid_to is not None and u.valid_to < date.max}
    return sorted(days)


class Reporting:
    """Answers about one tree, which must have no cycles."""

    def __init__(self, tree: UnitTree) -> None:
        self.tree = tree
        self.changes = change_days(tree.units.values())
        self._units: dict[tuple[Reporters, int], frozenset[str]] = {}
        self._paths: dict[int, dict[str, tuple[str, ...]]] = {}

    def state(self, day: date) -> int:
        return bisect_right(self.changes, day)

    def units(self, who: Reporters, day: date) -> frozenset[str]:
        """Ids of the units that `who` means on a day."""
        key = who, self.state(day)
        if key not in self._units:
            self._units[key] = frozenset(self._enumerated(who, day))
        return self._units[key]

    def path(self, code: str, day: date) -> tuple[str, ...]:
        """Ids from the nation to the unit with this code; empty if there is none on that day."""
        known = self._paths.setdefault(self.state(day), {})
        if code not in known:
            unit = self.tree.at(code, day)
            above = self.path(unit.parent, day) if unit is not None and unit.parent is not None else ()
            known[code] = (*above, unit.id) if unit is not None else ()
        return known[code]

    def asked(self, form: Form, period: Period) -> dict[str, Collection]:
        """Unit ids that a form asks for a period; the first round that fits a unit counts."""
        asked: dict[str, Collection] = {}
        for one in form.rounds(period):
            for unit in self.units(one.reporters, one.window.days(period).last):
                asked.setdefault(unit, one)
        return asked

    def states(self, form: Form, period: Period) -> tuple[tuple[int, int], ...]:
        """Equal for periods in which a form asks the same units: its rounds, each with the state of the tree."""
        return tuple(
            (at, self.state(one.window.days(period).last))
            for at, one in enumerate(form.collections)
            if one.collects(period)
        )

    def _enumerated(self, who: Reporters, day: date) -> Iterator[str]:
        excepted = set(who.excepted)
        for area in who.within:
            unit = self.tree.at(area, day)
            if unit is not None and not any(u.code in excepted for u in self.tree.path(unit, day)):
                yield from self._below(unit, who.level, excepted, day)

    def _below(self, unit: Unit, level: str, excepted: set[str], day: date) -> Iterator[str]:
        if unit.level == level:
            yield unit.id
        for child in self.tree.children(unit.code, day):
            if child.code not in excepted:
                yield from self._below(child, level, excepted, day)
