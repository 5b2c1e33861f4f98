"""Cells made again from the reports that stood: for moments and hierarchies that no cells are kept for.

Reports that count in the same areas are summed once, and their sum is added to each of them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence, Set
from typing import Protocol

from chitieu.domain.rollup import Cell, Report

Place = Callable[[Sequence[str]], Sequence[str]]


class Standing(Protocol):
    """A report that counted. `path`: where, as unit ids, nation first and the unit itself last."""

    @property
    def form(self) -> str: ...
    @property
    def period(self) -> str: ...
    @property
    def path(self) -> Sequence[str]: ...
    @property
    def values(self) -> Sequence[int]: ...
    @property
    def states(self) -> Sequence[int]: ...


def recount(reports: Iterable[Standing], place: Place, areas: Set[str]) -> dict[tuple[str, str, str], Cell]:
    """(form, period, area) -> totals of some areas, each with what it reported itself.

    `place` says where a report counts that was placed along a path.
    """
    alike: dict[tuple[str, str, tuple[str, ...]], list[Standing]] = defaultdict(list)
    for one in reports:
        where = tuple(area for area in place(one.path) if area in areas)
        if where:
            alike[one.form, one.period, where].append(one)
    cells: dict[tuple[str, str, str], Cell] = defaultdict(Cell)
    for (form, period, where), some in alike.items():
        total = _total(some)
        for area in where:
            cells[form, period, area].merge(total)
    return dict(cells)


def _total(reports: Sequence[Standing]) -> Cell:
    total = Cell()
    for one in reports:
        total.add(Report(values=one.values, states=one.states), +1)
    return total
