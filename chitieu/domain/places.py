"""Addresses of reports that are taken, found at a tenth of the cost of `chitieu.domain.address.locate`.

What is looked up for each report anew there is remembered here for one release: which rounds a form has in a period,
and what lies above a parent on a day. A unit itself is not remembered: it reports a form once in a period, and there
are ten thousand. Whatever is not taken, or takes more to find out, is left to `locate`, which finds the same.
"""

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from chitieu.domain.form import Reporters
from chitieu.domain.period import Period
from chitieu.domain.registry import Release

# Some hundred bytes each. A national tree has 760 parents, and a window closes on one of a few days.
_REMEMBERED = 2**14
_LONGEST_PERIOD = len("2013-2015")


class Round(NamedTuple):
    """A round that takes place for a period, with its window."""

    asked: Reporters
    opens: date
    last: date


class Places:
    """By one release. `today` is asked only about windows not open yet when it was last asked: days do not go back."""

    def __init__(self, release: Release, today: Callable[[], date]) -> None:
        self._forms = release.forms
        self._tree = release.tree
        self._today = today
        self._newest_day = date.min
        self._rounds = lru_cache(_REMEMBERED)(self._find_rounds)
        self._above = lru_cache(_REMEMBERED)(self._find_above)

    def find(self, form: str, period: str, unit: str) -> tuple[str, ...] | None:
        """The path (unit ids, nation first) of the unit that is meant, if reports for the address are taken today."""
        if form not in self._forms or len(period) > _LONGEST_PERIOD:
            return None
        for asked, opens, last in self._rounds(form, period):
            found = self._tree.find(unit, last)
            if found is None or found.parent is None or found.level != asked.level or not found.in_force(last):
                continue
            above, codes = self._above(found.parent, last)
            if (found.code in asked.within or not codes.isdisjoint(asked.within)) and not (
                asked.excepted and (found.code in asked.excepted or not codes.isdisjoint(asked.excepted))
            ):
                return (*above, found.id) if self._has_come(opens) else None
        return None

    def _has_come(self, day: date) -> bool:
        if day > self._newest_day:
            self._newest_day = self._today()
        return day <= self._newest_day

    def _find_rounds(self, form: str, period: str) -> tuple[Round, ...]:
        try:
            meant = Period.parse(period)
        except ValueError:
            return ()
        windows = [(one.reporters, one.window.days(meant)) for one in self._forms[form].rounds(meant)]
        return tuple(Round(reporters, days.first, days.last) for reporters, days in windows)

    def _find_above(self, parent: str, day: date) -> tuple[tuple[str, ...], frozenset[str]]:
        """The path down to a parent on a day: unit ids, nation first, and codes."""
        unit = self._tree.at(parent, day)
        path = () if unit is None else self._tree.path(unit, day)
        return tuple(one.id for one in path), frozenset(one.code for one in path)
