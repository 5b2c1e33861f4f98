"""Units of the administrative tree, effective-dated.

A unit is (code, valid_from): 3,316 of the 3,321 commune codes of 2025 are old codes re-used for another extent.
Provinces, communes, schools and agencies are all units; a unit's parent is named by code and means the row of that
code in force on the day asked about.
"""

import unicodedata
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

NATION = "vn"


@dataclass(frozen=True, slots=True)
class Unit:
    """`valid_to` is the last day in force, None while it still is. `sample` units are invented and say so."""

    code: str
    valid_from: date
    valid_to: date | None
    level: str
    parent: str | None
    name: str
    sample: bool = False
    id: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", f"{self.code}@{self.valid_from.isoformat()}")

    def in_force(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Succession:
    """What became of a unit: `same`, `merged`, `split`, `abolished`, or `unknown` where the sources do not say."""

    unit: str
    successor: str | None
    kind: str


def folded(text: str) -> str:
    """Lower case without diacritics: 'Lạng Sơn' and 'lang son' meet."""
    decomposed = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


class UnitTree:
    """Every unit there ever was, and questions about any day."""

    def __init__(self, units: Iterable[Unit], successions: Iterable[Succession] = ()) -> None:
        self.units: Mapping[str, Unit] = {u.id: u for u in units}
        self._rows: dict[str, list[Unit]] = defaultdict(list)
        self._children: dict[str, list[Unit]] = defaultdict(list)
        for unit in sorted(self.units.values(), key=lambda u: (u.code, u.valid_from)):
            self._rows[unit.code].append(unit)
            if unit.parent is not None:
                self._children[unit.parent].append(unit)
        self._successors: dict[str, list[Succession]] = defaultdict(list)
        self._predecessors: dict[str, list[str]] = defaultdict(list)
        for step in successions:
            self._successors[step.unit].append(step)
            if step.successor is not None:
                self._predecessors[step.successor].append(step.unit)
        self._names: list[tuple[str, Unit]] = []
        began = {unit.valid_from for unit in self.units.values()}
        ends = {unit.valid_to or date.max for unit in self.units.values()} - {date.max}
        self._changes = sorted(began | {day + timedelta(days=1) for day in ends})

    def __len__(self) -> int:
        return len(self.units)

    def rows(self, code: str) -> Sequence[Unit]:
        """All units that ever had this code, oldest first."""
        return self._rows.get(code, ())

    def at(self, code: str, day: date) -> Unit | None:
        """The unit with this code in force on a day."""
        for unit in self._rows.get(code, ()):
            if unit.valid_from <= day and (unit.valid_to is None or day <= unit.valid_to):
                return unit
        return None

    def find(self, reference: str, day: date) -> Unit | None:
        """`code` on a day, or `code@valid_from` whatever the day."""
        return self.units.get(reference) if "@" in reference else self.at(reference, day)

    def path(self, unit: Unit, day: date) -> tuple[Unit, ...]:
        """The unit and all its ancestors on a day, nation first."""
        path = [unit]
        while path[-1].parent is not None and (parent := self.at(path[-1].parent, day)) is not None:
            path.append(parent)
        return tuple(reversed(path))

    def children(self, code: str, day: date) -> list[Unit]:
        return [u for u in self._children.get(code, ()) if u.in_force(day)]

    def descendants(self, code: str, day: date) -> Iterator[Unit]:
        """Everything below a code on a day, not the unit itself."""
        for child in self.children(code, day):
            yield child
            yield from self.descendants(child.code, day)

    def successions(self, unit: Unit) -> Sequence[Succession]:
        return self._successors.get(unit.id, ())

    def origins(self, unit: Unit) -> Sequence[str]:
        """Ids of what went into a unit, in whole or in part, in one step."""
        return self._predecessors.get(unit.id, ())

    def epoch(self, day: date) -> int:
        """The number of days up to this one on which the tree changed: between two of them every day is alike."""
        return bisect_right(self._changes, day)

    def turns(self, unit: Unit) -> Sequence[date]:
        """The days of a unit's life from which on it may have stood elsewhere than before, its first one included."""
        first = bisect_left(self._changes, unit.valid_from)
        return self._changes[first : bisect_right(self._changes, unit.valid_to or date.max)]

    def predecessors(self, unit_id: str) -> set[str]:
        """Ids of everything that went into a unit, through any number of reforms."""
        found: set[str] = set()
        waiting = [unit_id]
        while waiting:
            for earlier in self._predecessors.get(waiting.pop(), ()):
                if earlier not in found:
                    found.add(earlier)
                    waiting.append(earlier)
        return found

    def covers(self, holder: str, path: Iterable[str]) -> bool:
        """Is a path (unit ids) inside the subtree of `holder` (a unit id) or of what went into it?"""
        ids = set(path)
        return holder in ids or not ids.isdisjoint(self.predecessors(holder))

    def search(self, text: str, day: date, limit: int = 20) -> list[Unit]:
        """Units in force on a day whose name or code contains the text, diacritics ignored; best first.

        A name that ends with the text ranks before one that merely contains it, higher levels before lower ones.
        """
        if not self._names:
            self._names = [(folded(u.name), u) for u in self.units.values()]
        wanted = folded(text)
        hits = [
            (not (name.endswith(wanted) or u.code == text), len(self.path(u, day)), name, u.code, u)
            for name, u in self._names
            if (wanted in name or u.code == text) and u.in_force(day)
        ]
        return [hit[-1] for hit in sorted(hits, key=lambda hit: hit[:-1])[:limit]]
