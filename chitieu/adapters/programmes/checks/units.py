"""The unit tree holds together on every day."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

from chitieu.adapters.programmes.definitions import circles
from chitieu.adapters.programmes.directory import Programmes
from chitieu.adapters.programmes.finding import Finding, mistake
from chitieu.domain.unit import NATION, Unit, UnitTree

Place = tuple[str, int]
_DAY = timedelta(days=1)


def _placed(programmes: Programmes) -> list[tuple[Unit, Place]]:
    return [
        (unit, (file.file, line)) for file in programmes.units for unit, line in zip(file.rows, file.lines, strict=True)
    ]


def rows(programmes: Programmes) -> Iterator[Finding]:
    """Rows that end before they begin, and rows of one code that overlap."""
    by_code: dict[str, list[tuple[Unit, Place]]] = defaultdict(list)
    for unit, place in _placed(programmes):
        by_code[unit.code].append((unit, place))
        if unit.valid_to is not None and unit.valid_to < unit.valid_from:
            yield mistake(*place, f"unit '{unit.code}' ends ({unit.valid_to}) before it begins ({unit.valid_from})")
    for code, several in by_code.items():
        several.sort(key=lambda one: one[0].valid_from)
        for (earlier, where), (later, place) in pairwise(several):
            if earlier.valid_to is None or later.valid_from <= earlier.valid_to:
                said = f"unit '{code}' has two rows in force on {later.valid_from}; the other is {where[0]}:{where[1]}"
                yield mistake(*place, said)


def parents(programmes: Programmes) -> Iterator[Finding]:
    """Every unit but the nation has a parent in force on every day of its own."""
    placed = _placed(programmes)
    tree = UnitTree(unit for unit, _ in placed)
    unread = {code for file in programmes.units for code in file.unread}
    for unit, place in placed:
        if unit.parent is None:
            if unit.code != NATION:
                yield mistake(*place, f"unit '{unit.code}' has no parent; only '{NATION}' has none")
        elif not tree.rows(unit.parent) and unit.parent not in unread:
            yield mistake(*place, f"there is no unit '{unit.parent}', the parent of '{unit.code}'")
        elif unit.parent not in unread and (day := _orphaned(tree, unit, unit.parent)) is not None:
            said = f"the parent '{unit.parent}' of unit '{unit.code}' is not in force on {day}"
            yield mistake(*place, f"{said}: end the row before, and give it another with the parent of that day")


def _orphaned(tree: UnitTree, unit: Unit, parent: str) -> date | None:
    """The first day of a unit on which its parent isn't in force."""
    day = unit.valid_from
    for row in tree.rows(parent):
        if row.valid_from > day:
            break
        if row.valid_to is None:
            return None
        day = max(day, row.valid_to + _DAY)
    return day if unit.in_force(day) else None


def circular(programmes: Programmes) -> Iterator[Finding]:
    placed = _placed(programmes)
    places = {unit.id: place for unit, place in placed}
    for unit in circles(UnitTree(unit for unit, _ in placed)):
        yield mistake(*places[unit.id], f"unit '{unit.code}' stands above itself on {unit.valid_from}")


def successors(programmes: Programmes) -> Iterator[Finding]:
    known = {unit.id for file in programmes.units for unit in file.rows}
    unread = {code for file in programmes.units for code in file.unread}
    file = programmes.successors
    for step, line in zip(file.rows, file.lines, strict=True):
        for end in (step.unit, step.successor):
            if end is not None and end not in known and end.partition("@")[0] not in unread:
                yield mistake(file.file, line, f"there is no unit '{end}'")
