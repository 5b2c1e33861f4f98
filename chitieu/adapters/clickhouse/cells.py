"""Cells of areas as they stand at one moment, for every service that judges by them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import product
from types import MappingProxyType
from typing import Any

from chitieu.adapters.clickhouse.reading import Query, Rows
from chitieu.adapters.clickhouse.store import ONE_SNAPSHOT
from chitieu.domain.inquiry import CellKey
from chitieu.domain.rollup import Cell, Decision, Report

# Cells and the progress they stand at (the rows without a form) in one SELECT: two would disagree. A cell is the sum of
# one partial row for each partition that touched it.
_CELLS = """
SELECT form, period, area, sum(units), sumForEach(sums), sumForEach(reported), sumForEach(not_applicable),
    groupArray((partition, version, known_at))
FROM rollup FINAL
WHERE %s
GROUP BY form, period, area
"""
# Progress is named like a cell.
_OF_KEYS = "(form, period, area) IN {keys:Array(Tuple(String, String, String))}"
_OF_PRODUCT = """form = ''
    OR (form IN {forms:Array(String)} AND period IN {periods:Array(String)} AND area IN {areas:Array(String)})"""
# All there are of some forms and periods: only areas that others lie in have any.
_OF_PAIRS = "(form, period) IN {pairs:Array(Tuple(String, String))}"
_PROGRESS_KEY: CellKey = ("", "", "")

# What areas reported themselves: their cells hold only what is below them. Rows below the progress never change, so
# this may be asked after the cells; rows written twice are equal, so the newest position decides without FINAL.
_OWN = """
SELECT form, period, unit, argMax((decision, values, states), position), max(position)
FROM submission
WHERE %s AND decision IN {decisions:Array(UInt8)} AND position < {positions:Array(UInt64)}[partition + 1]
GROUP BY form, period, unit
"""
_OWN_OF_KEYS = _OWN % "(form, period, unit) IN {keys:Array(Tuple(String, String, String))}"
_OWN_OF_PRODUCT = (
    _OWN % "form IN {forms:Array(String)} AND period IN {periods:Array(String)} AND unit IN {areas:Array(String)}"
)

REVISIONS = [int(Decision.ACCEPTED), int(Decision.RETRACTED)]


# So many are named one by one: their forms, periods and areas apart name others, too, and take three times as long to
# read. Of more areas than these, all there are are read: most have no cell, and naming them takes longer.
_MOST_NAMED = 1_000
# Few rows as they are, more threads for them cost more than they save.
_FEW: Mapping[str, Any] = {"max_threads": 1}

Pair = tuple[str, str]  # form, period

Seen = tuple[tuple[tuple[int, int], ...], int | None]
"""What tells the version of a cell: partition and version of each part of its total, the position of its own report."""


Own = tuple[Report | None, int]
"""What an area reported itself (None: taken back), and at which position."""


@dataclass(frozen=True, slots=True)
class StandingCells:
    """`progress`: partition, position read next, newest append time (UTC). `seen` and `own`: where there is any."""

    cells: Mapping[CellKey, Cell]
    progress: list[tuple[int, int, datetime]]
    seen: Mapping[CellKey, Seen]
    own: Mapping[CellKey, Own]


def versions_of(seen: Mapping[CellKey, Seen]) -> str:
    """Another text whenever one of some cells is another."""
    return sha256(repr(sorted(seen.items())).encode()).hexdigest()


def read_cells(
    query: Query,
    keys: Iterable[CellKey],
    known: Mapping[CellKey, Own | None] = MappingProxyType({}),
    whole: Collection[Pair] = (),
) -> StandingCells:
    """Cells with their progress, then what the areas reported themselves below it, as far as it is not `known` (None:
    nothing). Of some forms and periods also all other areas that have a total.
    """
    wanted = set(keys)
    every, progress, versions = _totals(_cells(query, wanted, whole))
    wanted.update(key for key in every if key[:2] in whole)
    cells = {key: cell for key, cell in every.items() if key in wanted}
    seen: dict[CellKey, Seen] = {key: (parts, None) for key, parts in versions.items() if key in wanted}
    own = {key: one for key in wanted if (one := known.get(key)) is not None}
    if unknown := wanted - known.keys():
        found = _own(query, unknown, _positions(progress))
        own |= {key: one for key, one in found if key in unknown}
    for key, (report, position) in own.items():
        if report is not None:
            cells[key] = with_report(cells.get(key), report)
        seen[key] = versions.get(key, ()), position
    return StandingCells(cells, progress, seen, own)


def read_above(
    query: Query, forms: Iterable[str], periods: Iterable[str], top: str, areas: Collection[str] | None
) -> StandingCells:
    """The cells of those of some areas (None: of all) that others lie in, without what they reported themselves.

    `seen` is of one area (a unit's id), its own reports included: it changes when anything in it does.
    """
    of = set(forms), set(periods)
    if areas is None or len(areas) > _MOST_NAMED:
        rows = _cells(query, frozenset(), set(product(*of)))
    else:
        rows = _cells(query, set(product(*of, {top, *areas})))
    cells, progress, versions = _totals(rows)
    seen: dict[CellKey, Seen] = {key: (parts, None) for key, parts in versions.items() if key[2] == top}
    own = dict(_own(query, set(product(*of, [top])), _positions(progress)))
    seen |= {key: (versions.get(key, ()), position) for key, (_, position) in own.items()}
    return StandingCells(cells, progress, seen, own)


def read_below(
    query: Query, keys: Iterable[CellKey], held: Mapping[CellKey, Cell], positions: Sequence[int]
) -> dict[CellKey, Cell]:
    """The cells of some areas as of when those above them were read, which are `held`: below the positions read then
    nothing changes.
    """
    wanted = set(keys)
    cells = {key: held[key] for key in wanted if key in held}
    for key, (report, _) in _own(query, wanted, positions):
        if key in wanted and report is not None:
            cells[key] = with_report(cells.get(key), report)
    return cells


def _cells(query: Query, keys: Set[CellKey], whole: Collection[Pair] = ()) -> Rows:
    few = len(keys) <= _MOST_NAMED
    which = _OF_KEYS if few else _OF_PRODUCT
    bound: dict[str, Any] = {"keys": sorted({*keys, _PROGRESS_KEY})} if few else _product(keys)
    if whole:
        which, bound["pairs"] = f"{which} OR {_OF_PAIRS}", sorted(whole)
    return query(_CELLS % which, bound, {**ONE_SNAPSHOT, **_FEW} if few and not whole else ONE_SNAPSHOT)


def _product(keys: Collection[CellKey]) -> dict[str, Any]:
    parts = ("forms", "periods", "areas")
    return {name: sorted({key[at] for key in keys}) for at, name in enumerate(parts)}


_Versions = dict[CellKey, tuple[tuple[int, int], ...]]


def _totals(rows: Rows) -> tuple[dict[CellKey, Cell], list[tuple[int, int, datetime]], _Versions]:
    """Cells of areas that others lie in, the progress they stand at, and the versions they have."""
    cells: dict[CellKey, Cell] = {}
    progress: list[tuple[int, int, datetime]] = []
    seen: _Versions = {}
    for form, period, area, units, *figures, versions in rows:
        if not form:
            progress = list(versions)
        else:
            cells[form, period, area] = Cell.of(units, *figures)
            seen[form, period, area] = tuple(sorted((p, version) for p, version, _ in versions))
    return cells, progress, seen


def _positions(progress: Iterable[tuple[int, int, datetime]]) -> list[int]:
    """By partition from 0 on; 0 where nothing was folded."""
    bounds = {partition: version for partition, version, _ in progress}
    return [bounds.get(partition, 0) for partition in range(max(bounds, default=-1) + 1)]


def _own(query: Query, keys: Set[CellKey], positions: Sequence[int]) -> Iterator[tuple[CellKey, Own]]:
    """What areas reported themselves below some positions; perhaps of others, too."""
    bound = {"decisions": REVISIONS, "positions": positions}
    if len(keys) > _MOST_NAMED:
        rows = query(_OWN_OF_PRODUCT, {**bound, **_product(keys)}, {})
    else:
        rows = query(_OWN_OF_KEYS, {**bound, "keys": sorted(keys)}, _FEW)
    for form, period, unit, (decision, values, states), position in rows:
        report = Report(values=values, states=states) if decision == Decision.ACCEPTED else None
        yield (form, period, unit), (report, position)


def with_report(cell: Cell | None, report: Report, sign: int = +1) -> Cell:
    """A cell of its own, with a report (-1: without it): what is held for many readers is never changed."""
    total = Cell()
    if cell is not None:
        total.merge(cell)
    total.add(report, sign)
    return total
