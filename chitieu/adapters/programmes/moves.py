"""Units that stand elsewhere in the tree than a release before said, and the reports that this moves.

Only a unit that is the same in both releases can move: a row that begins on another day is another unit, and what was
reported for the old one stays with it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from operator import itemgetter

from chitieu.adapters.programmes.reporting import Reporting, change_days, periods
from chitieu.domain.form import Form
from chitieu.domain.period import Period
from chitieu.domain.registry import Release
from chitieu.domain.unit import Unit

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Moved:
    """A unit whose path differs from `first` to `last` (None: from then on)."""

    unit: Unit
    first: date
    last: date | None


@dataclass(frozen=True, slots=True)
class Move:
    """Whatever `unit_id` reported in a form for a period counts along `path` (unit ids, nation first) from now on."""

    form: str
    period: Period
    unit_id: str
    path: tuple[str, ...]


def moved_units(old: Release, new: Release) -> Iterator[Moved]:
    """Units in force in both releases whose path differs, with the days on which it does; by code."""
    before, after = Reporting(old.tree), Reporting(new.tree)
    codes = _affected(old, new)
    days = change_days(_and_above(old, codes) + _and_above(new, codes))
    for code in sorted(codes):
        runs: list[Moved] = []
        for first, following in pairwise([*days, None]):
            if first is None or not _differs(before.path(code, first), after.path(code, first)):
                continue
            unit = new.tree.units[after.path(code, first)[-1]]
            last = following - _DAY if following else None
            if runs and runs[-1].unit == unit and runs[-1].last == first - _DAY:
                runs[-1] = Moved(unit, runs[-1].first, last)
            else:
                runs.append(Moved(unit, first, last))
        yield from runs


def moves(old: Release, new: Release, today: date) -> list[Move]:
    """Every (form, period, unit) whose report counts along another path in `new`, in periods that have begun.

    These are the periods for which the old release asked the unit for the form, whether a report exists or not. The new
    path is that of the last day of the window by which the new release asks the unit, or else the old one did.
    """
    before, after = Reporting(old.tree), Reporting(new.tree)
    affected = _affected(old, new)
    found: list[Move] = []
    for id_, was in old.forms.items():
        now = new.forms.get(id_, was)
        if affected or now.collections != was.collections:
            found += _moves_of(was, now, before, after, today)
    return found


def _moves_of(was: Form, now: Form, before: Reporting, after: Reporting, today: date) -> Iterator[Move]:
    for period in sorted({p for one in was.collections for p in periods(one, today)}):
        asked = after.asked(now, period)
        for unit, one in sorted(before.asked(was, period).items(), key=itemgetter(0)):
            code = unit.partition("@")[0]
            old_path = before.path(code, one.window.days(period).last)
            new_path = after.path(code, asked.get(unit, one).window.days(period).last)
            if _differs(old_path, new_path):
                yield Move(was.id, period, unit, new_path)


def _differs(old_path: tuple[str, ...], new_path: tuple[str, ...]) -> bool:
    """Do both lead to the same unit, along different ways?"""
    return bool(old_path and new_path) and old_path[-1] == new_path[-1] and old_path != new_path


def _affected(old: Release, new: Release) -> set[str]:
    """Codes of units whose rows differ, and of everything that ever stood below them."""
    rows, others = set(old.tree.units.values()), set(new.tree.units.values())
    below: dict[str | None, set[str]] = defaultdict(set)
    for unit in rows | others:
        below[unit.parent].add(unit.code)
    found: set[str] = set()
    waiting = [unit.code for unit in rows ^ others]
    while waiting:
        code = waiting.pop()
        if code not in found:
            found.add(code)
            waiting += below[code]
    return found


def _and_above(release: Release, codes: Iterable[str]) -> list[Unit]:
    """Every row of some codes and of what ever stood above them."""
    found: dict[str, Unit] = {}
    waiting = set(codes)
    done: set[str] = set()
    while waiting:
        code = waiting.pop()
        done.add(code)
        for unit in release.tree.rows(code):
            found[unit.id] = unit
            if unit.parent is not None and unit.parent not in done:
                waiting.add(unit.parent)
    return list(found.values())
