"""Addresses of reports that are taken, found at a tenth of the cost of `chitieu.domain.address.locate`.

What is looked up for each report anew there is remembered here for one release: which rounds a form has in a period,
what lies above a parent on a day, and where a unit lies for a round. A unit reports a form once in a period, but the
tree changes seldom: its place is that of all periods between two changes. Whatever is not taken, or takes more to find
out, is left to `locate`, which finds the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from chitieu.domain.form import Reporters
from chitieu.domain.period import Period
from chitieu.domain.registry import Release

# Some hundred bytes each. A national tree has 760 parents, and a window closes on one of a few days.
_REMEMBERED = 2**14
# 250 bytes each, and a national tree has ten thousand communes.
_REMEMBERED_UNITS = 2**16
_LONGEST_PERIOD = len("2013-2015")


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """Whom a round asks, by the tree of a day. The same object for all days between two changes of the tree."""

    reporters: Reporters
    day: date


class Places:
    """By one release. `today` is asked only about windows not open yet when it was last asked: days do not go back."""

    def __init__(self, release: Release, today: Callable[[], date]) -> None:
        self._forms = release.forms
        self._tree = release.tree
        self._today = today
        self._newest_day = date.min
        self._longest_unit = max(map(len, release.tree.units), default=0)
        self._askings = dict[tuple[Reporters, int], Asking]()
        self._rounds = lru_cache(_REMEMBERED)(self._find_rounds)
        self._above = lru_cache(_REMEMBERED)(self._find_above)
        self._path = lru_cache(_REMEMBERED_UNITS)(self._find_path)

    def find(self, form: str, period: str, unit: str) -> tuple[str, ...] | None:
        """The path (unit ids, nation first) of the unit that is meant, if reports for the address are taken today."""
        if form not in self._forms or len(period) > _LONGEST_PERIOD or len(unit) > self._longest_unit:
            return None
        for asking, opens in self._rounds(form, period):
            if (path := self._path(asking, unit)) is not None:
                return path if self._has_come(opens) else None
        return None

    def _has_come(self, day: date) -> bool:
        if day > self._newest_day:
            self._newest_day = self._today()
        return day <= self._newest_day

    def _find_rounds(self, form: str, period: str) -> tuple[tuple[Asking, date], ...]:
        """Each round that takes place for a period, and the day from which it is open."""
        try:
            meant = Period.parse(period)
        except ValueError:
            return ()
        windows = [(one.reporters, one.window.days(meant)) for one in self._forms[form].rounds(meant)]
        return tuple((self._asking(reporters, days.last), days.first) for reporters, days in windows)

    def _asking(self, reporters: Reporters, day: date) -> Asking:
        return self._askings.setdefault((reporters, self._tree.epoch(day)), Asking(reporters, day))

    def _find_path(self, asking: Asking, unit: str) -> tuple[str, ...] | None:
        """The path of a unit that a round asks."""
        reporters, found = asking.reporters, self._tree.find(unit, asking.day)
        if found is None or found.parent is None or found.level != reporters.level or not found.in_force(asking.day):
            return None
        above, codes = self._above(found.parent, asking.day)
        codes |= {found.code}
        if codes.isdisjoint(reporters.within) or not codes.isdisjoint(reporters.excepted):
            return None
        return (*above, found.id)

    def _find_above(self, parent: str, day: date) -> tuple[tuple[str, ...], frozenset[str]]:
        """The path down to a parent on a day: unit ids, nation first, and codes."""
        unit = self._tree.at(parent, day)
        path = () if unit is None else self._tree.path(unit, day)
        return tuple(one.id for one in path), frozenset(one.code for one in path)
