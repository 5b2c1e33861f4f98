"""Forms: which fields a unit fills in, who reports them, and for which periods.

A form's version is immutable once it is in use, and its field positions are append-only for life: a version may add or
retire fields, never move, re-type or re-scale one. So an array of values means the same under every version.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from chitieu.domain.catalogue import Breakdown, Catalogue, Label
from chitieu.domain.period import Period, PeriodKind, Window
from chitieu.domain.unit import Unit

ADMINISTRATIVE = "administrative"


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a form: an element, or one combination of its options (`child_labour.f.a13`)."""

    key: str
    element: str
    options: tuple[str, ...]
    scale: int
    maximum: int
    sensitive: bool
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Reporters:
    """Units of one level under one of some areas, but not under the excepted ones. Areas are unit codes."""

    level: str
    within: tuple[str, ...]
    excepted: tuple[str, ...] = ()

    def include(self, path: Sequence[Unit]) -> bool:
        """`path` runs from the nation to the unit itself."""
        codes = {u.code for u in path}
        return path[-1].level == self.level and not codes.isdisjoint(self.within) and codes.isdisjoint(self.excepted)


@dataclass(frozen=True, slots=True)
class Collection:
    """One round of collecting a form: by whom, for which kind of period, over which days, in which years.

    `basis` says whether the window stands in a text or is ours ("assumed").
    """

    reporters: Reporters
    kind: PeriodKind
    window: Window
    first: date
    last: date | None
    basis: str = "text"

    def collects(self, period: Period) -> bool:
        """Does the round take place for a period?"""
        days = self.window.days(period)
        return self.kind is period.kind and days.last >= self.first and (self.last is None or days.first <= self.last)


@dataclass(frozen=True, slots=True)
class Form:
    """`series` keeps apart figures of one element from different sources (administrative, education, survey)."""

    id: str
    version: int
    label: Label
    series: str
    fields: tuple[Field, ...]
    collections: tuple[Collection, ...]
    positions: dict[str, tuple[int, ...]] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        positions: dict[str, tuple[int, ...]] = {}
        for at, one in enumerate(self.fields):
            positions[one.element] = (*positions.get(one.element, ()), at)
        object.__setattr__(self, "positions", positions)

    def breakdowns(self, element: str, catalogue: Catalogue) -> list[Breakdown]:
        """The break-downs of an element in this form, in order.

        A field keeps the codes of its options, not whose they are: of the break-downs that have them all, the smallest.
        """
        smallest_first = sorted(catalogue.breakdowns.values(), key=lambda by: len(by.options))
        every = [self.fields[at].options for at in self.positions[element]]
        return [
            next(by for by in smallest_first if by.options.keys() >= set(codes)) for codes in zip(*every, strict=True)
        ]

    def of_kind(self, kind: PeriodKind) -> Iterator[Collection]:
        return (c for c in self.collections if c.kind is kind)

    def rounds(self, period: Period) -> Iterator[Collection]:
        """The rounds that take place for a period; the first that means a unit is the one that asks it."""
        return (c for c in self.collections if c.collects(period))

    def collection(
        self, period: Period, path_on: Callable[[date], Sequence[Unit]]
    ) -> tuple[Collection, Sequence[Unit]] | None:
        """The collection that asks a unit for a period, with the unit's path on the window's last day.

        `path_on` gives the unit's path on a day, or nothing if it is not in force then: the window decides the day.
        """
        for one in self.rounds(period):
            path = path_on(one.window.days(period).last)
            if path and one.reporters.include(path):
                return one, path
        return None
