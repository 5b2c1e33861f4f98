"""Cells of areas as they stand at one moment, for every service that judges by them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from chitieu.adapters.clickhouse.reading import Query
from chitieu.adapters.clickhouse.store import ONE_SNAPSHOT
from chitieu.domain.inquiry import CellKey
from chitieu.domain.rollup import Cell, Decision, Report

# Cells and the progress they stand at (the rows without a form) in one SELECT: two would disagree. A cell is the sum of
# one partial row for each partition that touched it.
_CELLS = """
SELECT form, period, area, sum(units), sumForEach(sums), sumForEach(reported), sumForEach(not_applicable),
    groupArray((partition, version, known_at))
FROM rollup FINAL
WHERE form = ''
    OR (form IN {forms:Array(String)} AND period IN {periods:Array(String)} AND area IN {areas:Array(String)})
GROUP BY form, period, area
"""

# What areas reported themselves: their cells hold only what is below them. Rows below the progress never change, so
# this may be asked after the cells; rows written twice are equal, so the newest position decides without FINAL.
_OWN = """
SELECT form, period, unit, argMax((decision, values, states), position), max(position)
FROM submission
WHERE form IN {forms:Array(String)} AND period IN {periods:Array(String)} AND unit IN {areas:Array(String)}
    AND decision IN {decisions:Array(UInt8)} AND position < {positions:Array(UInt64)}[partition + 1]
GROUP BY form, period, unit
"""

REVISIONS = [int(Decision.ACCEPTED), int(Decision.RETRACTED)]


@dataclass(frozen=True, slots=True)
class StandingCells:
    """`progress`: partition, position read next, newest append time (UTC). `versions` differs if a cell does."""

    cells: Mapping[CellKey, Cell]
    progress: list[tuple[int, int, datetime]]
    versions: str


def read_cells(query: Query, keys: Iterable[CellKey]) -> StandingCells:
    """Cells with their progress, then what the areas reported themselves below it."""
    wanted = set(keys)
    named = {
        "forms": sorted({form for form, _, _ in wanted}),
        "periods": sorted({period for _, period, _ in wanted}),
        "areas": sorted({area for _, _, area in wanted}),
    }
    cells: dict[CellKey, Cell] = {}
    progress: list[tuple[int, int, datetime]] = []
    seen: list[tuple[object, ...]] = []
    for form, period, area, units, *figures, versions in query(_CELLS, named, ONE_SNAPSHOT):
        if not form:
            progress = list(versions)
        elif (form, period, area) in wanted:
            cells[form, period, area] = Cell(units, *map(list, figures))
            seen.append((form, period, area, sorted((p, version) for p, version, _ in versions)))
    bounds = {partition: version for partition, version, _ in progress}
    positions = [bounds.get(partition, 0) for partition in range(max(bounds, default=-1) + 1)]
    for form, period, unit, (decision, values, states), position in query(
        _OWN, {**named, "decisions": REVISIONS, "positions": positions}, {}
    ):
        if (form, period, unit) in wanted:
            if decision == Decision.ACCEPTED:
                cells.setdefault((form, period, unit), Cell()).add(Report(values=values, states=states), +1)
            seen.append((form, period, unit, position))
    return StandingCells(cells, progress, sha256(repr(sorted(seen, key=repr)).encode()).hexdigest())
