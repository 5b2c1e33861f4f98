"""Where units of one day count by the tree of another: what today's provinces have of the reports of old communes.

A unit in force that day counts where it stands then. One that had ended, or had not begun, is followed through the
successions that lie between: into its only successor, or back into its only origin. A unit that was split or
abolished, or whose way the sources don't say, is never divided and never guessed: its counts stay with it, in the areas
that surely hold all of it, and `undivided` says so.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from chitieu.domain.unit import Unit, UnitTree

_FORMED = "formed"
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Undivided:
    """Why a unit counts above all that came of it: the step at which its way parted, or was lost.

    `kind` is that of the succession (`split`, `abolished`, `unknown`), or `formed` for a unit that began after the day:
    then `kin` are what it was formed of, else what it became.
    """

    kind: str
    kin: tuple[Unit, ...]

    @property
    def formed(self) -> bool:
        return self.kind == _FORMED


@dataclass(frozen=True, slots=True)
class Placement:
    """`areas` hold all of a unit and are in force on the day, nation first; the last may be the unit itself."""

    areas: tuple[Unit, ...]
    undivided: Undivided | None = None


class Hierarchy:
    """The tree of one day, as the place of every unit there ever was."""

    def __init__(self, tree: UnitTree, day: date) -> None:
        self.tree = tree
        self.day = day
        self._placed: dict[str, Placement] = {}
        self._ids: dict[str, tuple[str, ...]] = {}

    def placement(self, unit: Unit) -> Placement:
        found = self._placed.get(unit.id)
        if found is None:
            found = self._placed[unit.id] = self._place(unit)
        return found

    def path(self, unit: Unit) -> tuple[Unit, ...]:
        """The areas that a unit counts in, nation first, and the unit itself last."""
        areas = self.placement(unit).areas
        return areas if unit.in_force(self.day) else (*areas, unit)

    def ids(self, path: Sequence[str]) -> tuple[str, ...]:
        """Where a report counts, from the path it was placed along (unit ids, nation first, the unit itself last).

        A unit that this tree does not know counts where it was placed.
        """
        found = self._ids.get(path[-1])
        if found is None:
            unit = self.tree.units.get(path[-1])
            if unit is None:
                return tuple(path)
            found = self._ids[unit.id] = tuple(one.id for one in self.path(unit))
        return found

    def below(self, areas: Iterable[str]) -> set[str]:
        """Ids of all units there ever were that count in any of some areas (unit ids)."""
        return {id_ for area in areas for id_ in self._below.get(area, ())}

    @cached_property
    def _below(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for unit in self.tree.units.values():
            for area in self.path(unit):
                found[area.id].append(unit.id)
        return found

    def touched(self, unit: Unit) -> frozenset[str]:
        """Ids of the areas that a unit counts in, and of those below in which some of it might belong."""
        undivided = self.placement(unit).undivided
        kin = undivided.kin if undivided else ()
        return frozenset(one.id for one in self.path(unit)).union(*map(self.touched, kin))

    def _place(self, unit: Unit) -> Placement:
        if unit.in_force(self.day):
            return Placement(self.tree.path(unit, self.day))
        kind, kin, whole = self._became(unit) if unit.valid_from <= self.day else self._formed(unit)
        places = [self.placement(one) for one in kin]
        if whole and len(places) == 1:
            return places[0]
        ways = [one.areas for one in places] if whole else [self._above(unit), *(one.areas for one in places)]
        known = whole and all(one.undivided is None and one.areas == places[0].areas for one in places)
        return Placement(_shared(ways), None if known else Undivided(kind, kin))

    def _became(self, unit: Unit) -> tuple[str, tuple[Unit, ...], bool]:
        """What an ended unit became, and whether that is all of it; only what lived on longer."""
        steps, ends = self.tree.successions(unit), unit.valid_to or date.max
        named = (self.tree.units.get(step.successor) for step in steps if step.successor is not None)
        kin = tuple(one for one in named if one is not None and (one.valid_to or date.max) > ends)
        return (steps[0].kind if steps else _UNKNOWN), kin, 0 < len(steps) == len(kin)

    def _formed(self, unit: Unit) -> tuple[str, tuple[Unit, ...], bool]:
        """What a later unit was formed of, and whether that is all of it; only what was there before."""
        ids = self.tree.origins(unit)
        named = (self.tree.units.get(id_) for id_ in ids)
        kin = tuple(one for one in named if one is not None and one.valid_from < unit.valid_from)
        return _FORMED, kin, 0 < len(ids) == len(kin)

    def _above(self, unit: Unit) -> tuple[Unit, ...]:
        """The areas that hold what a unit stood in on its day nearest to this one."""
        ended = unit.valid_to is not None and unit.valid_to < self.day
        nearest = unit.valid_to if ended and unit.valid_to is not None else unit.valid_from
        parent = None if unit.parent is None else self.tree.at(unit.parent, nearest)
        return () if parent is None else self.placement(parent).areas


def _shared(paths: Sequence[tuple[Unit, ...]]) -> tuple[Unit, ...]:
    """What several paths begin with."""
    length = 0
    while all(len(path) > length for path in paths) and len({path[length].id for path in paths}) == 1:
        length += 1
    return paths[0][:length]
