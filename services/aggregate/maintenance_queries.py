"""What rebuilding and proving ask of ClickHouse and write to it: the SQL of `rebuild` and `reconcile`.

Sums here are ClickHouse's own, from the stored submissions: an independent computation beside the two folds in Python.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc
from clickhouse_connect.driver.client import Client

from chitieu.adapters.clickhouse.store import ONE_SNAPSHOT, insert
from chitieu.contracts.rows import ROLLUP
from chitieu.domain.rollup import Cell, Decided, Decision
from services.aggregate.proof import (
    CellRow,
    First,
    MessageKey,
    Retaken,
    StoredMessage,
    StoredRow,
    Totals,
    WrongCell,
    trimmed,
)
from services.aggregate.queries import slices

Group = tuple[str, str]  # form, period

_TOTALS = ("units", "sums", "reported", "not_applicable")
_COMPARED = ("partition", "area", *_TOTALS)
_DECISIONS = frozenset(map(int, Decision))
_BATCH_ROWS = 10_000

_DATABASES = "SELECT name FROM system.databases WHERE startsWith(name, 'chitieu_g') ORDER BY name"

_COUNT_GROUPS = "SELECT uniqExact(form, period) FROM submission"

_GROUPS = """
SELECT form, period FROM rollup WHERE form != '' GROUP BY form, period
UNION DISTINCT
SELECT form, period FROM submission GROUP BY form, period
"""

_REACH = "SELECT partition, max(position) + 1 FROM submission GROUP BY partition"

# A trailing zero says nothing: cells widen when a form gets more fields. Cells and progress are of one moment.
_CELLS = """
SELECT CAST(rollup.form, 'String') AS form, rollup.partition AS partition, rollup.area AS area,
    rollup.version AS version, rollup.units AS units,
    arrayResize(rollup.sums, arrayLastIndex(n -> n != 0, rollup.sums)) AS sums,
    arrayResize(rollup.reported, arrayLastIndex(n -> n != 0, rollup.reported)) AS reported,
    arrayResize(rollup.not_applicable, arrayLastIndex(n -> n != 0, rollup.not_applicable)) AS not_applicable,
    units != 0 OR notEmpty(sums) OR notEmpty(reported) OR notEmpty(not_applicable) AS says_something,
    toUnixTimestamp64Milli(rollup.known_at) AS known_ms
FROM rollup FINAL
WHERE rollup.form = '' OR (rollup.form = {form:String} AND rollup.period = {period:String})
ORDER BY form, partition, area
"""

# The revision in force is the last that was accepted, unless a retraction came after it. It counts in the areas above
# its unit, along the path that the newest release said, by a report or by a move (of equal ones, the later).
_SUMMED = """
SELECT partition, CAST(along_area, 'String') AS area, toInt64(count()) AS units,
    sumForEach(arrayMap((v, s) -> if(s = 1, v, toInt64(0)), said, how)) AS all_sums,
    CAST(sumForEach(arrayMap(s -> s = 1, how)), 'Array(UInt32)') AS all_reported,
    CAST(sumForEach(arrayMap(s -> s = 2, how)), 'Array(UInt32)') AS all_not_applicable,
    arrayResize(all_sums, arrayLastIndex(n -> n != 0, all_sums)) AS sums,
    arrayResize(all_reported, arrayLastIndex(n -> n != 0, all_reported)) AS reported,
    arrayResize(all_not_applicable, arrayLastIndex(n -> n != 0, all_not_applicable)) AS not_applicable
FROM
(
    SELECT partition, unit,
        argMaxIf(values, position, decision IN (1, 6)) AS said,
        argMaxIf(states, position, decision IN (1, 6)) AS how,
        arrayPopBack(argMaxIf(path, (release, position), decision IN (1, 7))) AS along
    FROM submission FINAL
    WHERE form = {form:String} AND period = {period:String}
        AND position < {progress:Array(UInt64)}[partition + 1]
    GROUP BY partition, unit
    HAVING argMaxIf(decision, position, decision IN (1, 6)) = 1
)
ARRAY JOIN along AS along_area
GROUP BY partition, area
ORDER BY partition, area
"""

_DECIDED = """
SELECT partition, position, decision, revision, kind, unit, release, submission, content, replaces
FROM submission FINAL
WHERE form = {form:String} AND period = {period:String} AND position < {progress:Array(UInt64)}[partition + 1]
ORDER BY partition, unit, position
"""

# Without FINAL: of rows that were written twice, each has to be what the log says.
_ROWS = """
SELECT position, CAST(form, 'String'), CAST(period, 'String'), unit, kind, submission, content, replaces, form_version,
    release, CAST(path, 'Array(String)'), CAST(author, 'String'), reason, toUnixTimestamp64Milli(known_at),
    values, states
FROM submission
WHERE partition = {partition:UInt16} AND position >= {first:UInt64} AND position < {end:UInt64}
    AND ({all:Bool} OR (form, period) IN {groups:Array(Tuple(String, String))})
ORDER BY position
"""

_FIRST_OF = """
SELECT CAST(form, 'String'), CAST(period, 'String'), unit, submission, min(position), argMin(content, position),
    argMin(decision, position)
FROM submission
WHERE partition = {partition:UInt16} AND kind != 3
    AND (form, period, unit, hex(submission)) IN {keys:Array(Tuple(String, String, String, String))}
GROUP BY form, period, unit, submission
"""
_KEYS_AT_A_TIME = 500

_PLACES = """
SELECT DISTINCT partition, position FROM submission
WHERE (partition, position) IN {places:Array(Tuple(UInt16, UInt64))}
"""

_REVISION = """
SELECT max(revision) FROM submission
WHERE form = {form:String} AND period = {period:String} AND unit = {unit:String} AND partition = {partition:UInt16}
    AND position < {position:UInt64}
"""

_DELETE = """
ALTER TABLE rollup DELETE
WHERE form = {form:String} AND period = {period:String} AND version > {progress:Array(UInt64)}[partition + 1]
    AND (partition, area) IN {areas:Array(Tuple(UInt16, String))}
"""


def databases(root: Client) -> list[str]:
    return [str(name) for (name,) in root.query(_DATABASES).result_rows]


def create_database(root: Client, database: str) -> None:
    """Raises if it is there already."""
    root.command("CREATE DATABASE {database:Identifier}", parameters={"database": database})


def drop_database(root: Client, database: str) -> None:
    root.command("DROP DATABASE IF EXISTS {database:Identifier} SYNC", parameters={"database": database})


def count_groups(client: Client) -> int:
    return int(client.query(_COUNT_GROUPS).result_rows[0][0])


def read_groups(client: Client) -> list[Group]:
    """Every pair of form and period of which anything is stored."""
    return sorted((str(form), str(period)) for form, period in client.query(_GROUPS).result_rows)


def read_reach(client: Client) -> dict[int, int]:
    """Partition -> the position after its last stored submission, whether or not readers see it yet."""
    return {int(partition): int(end) for partition, end in client.query(_REACH).result_rows}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The cells of a form and period as they stood at one moment, with the progress of every partition.

    `progress` is the position read next, `known_ms` the append time of the newest message below it.
    """

    cells: pa.Table
    progress: Mapping[int, int]
    known_ms: Mapping[int, int]

    def says(self, summed: pa.Table) -> bool:
        """Are these the sums, cell by cell, and none from beyond the progress?"""
        partitions, versions = (self.cells.column(name).to_pylist() for name in ("partition", "version"))
        if any(version > self.progress.get(p, 0) for p, version in zip(partitions, versions, strict=True)):
            return False
        said = self.cells.filter(pc.equal(self.cells.column("says_something"), 1))
        return all(said.column(name).equals(summed.column(name)) for name in _COMPARED)

    def rows(self) -> Iterator[CellRow]:
        for row in _rows(self.cells.select(["partition", "area", "version", *_TOTALS])):
            partition, area, version, *totals = row
            yield CellRow(partition, area, version, trimmed(*totals))


def read_snapshot(client: Client, group: Group) -> Snapshot:
    form, period = group
    found = client.query_arrow(_CELLS, parameters={"form": form, "period": period}, settings=ONE_SNAPSHOT)
    is_progress = pc.equal(found.column("form"), "")
    progress = found.filter(is_progress)
    partitions, versions, known = (progress.column(n).to_pylist() for n in ("partition", "version", "known_ms"))
    return Snapshot(
        found.filter(pc.invert(is_progress)),
        dict(zip(partitions, versions, strict=True)),
        dict(zip(partitions, known, strict=True)),
    )


def sum_submissions(client: Client, group: Group, progress: Mapping[int, int]) -> pa.Table:
    """What the cells of a form and period must say: the submissions below the progress, summed by the engine."""
    return client.query_arrow(_SUMMED, parameters=_below(group, progress))


def summed_rows(summed: pa.Table) -> Iterator[tuple[int, str, Totals]]:
    for partition, area, *totals in _rows(summed.select(["partition", "area", *_TOTALS])):
        yield partition, area, trimmed(*totals)


def read_decided(client: Client, group: Group, progress: Mapping[int, int]) -> Iterator[Retaken]:
    """The submissions of a form and period below the progress, by partition, unit and position."""
    for row in _rows(client.query_arrow(_DECIDED, parameters=_below(group, progress))):
        partition, position, decision, revision, kind, unit, release, submission, content, replaces = row
        message = StoredMessage(kind, unit, release, submission, content, None if replaces < 0 else replaces)
        yield Retaken(partition, position, message, Decided(_decision(decision), revision))


def read_rows(
    client: Client, partition: int, first: int, end: int, groups: Collection[Group] | None
) -> Iterator[tuple[int, StoredRow]]:
    """Submissions stored for the positions from `first` up to `end`, of some groups or (None) of all, in order."""
    bound = {"partition": partition, "first": first, "end": end, "all": groups is None, "groups": sorted(groups or ())}
    for batch in client.query_arrow(_ROWS, parameters=bound).to_batches():
        plain = zip(*(column.to_pylist() for column in batch.columns[:-2]), strict=True)
        packed, states = slices(batch.column(batch.num_columns - 2), 8), slices(batch.columns[-1], 1)
        for at, (position, *said, path, author, reason, known_ms) in enumerate(plain):
            yield position, StoredRow._make([*said, tuple(path), packed[at], states[at], author, reason, known_ms])


def read_first(client: Client, partition: int, keys: Sequence[MessageKey]) -> dict[MessageKey, First]:
    """The first stored message of each submission about a report, moves left out."""
    found = {}
    for at in range(0, len(keys), _KEYS_AT_A_TIME):
        some = [(*report, submission.hex().upper()) for *report, submission in keys[at : at + _KEYS_AT_A_TIME]]
        rows = client.query_arrow(_FIRST_OF, parameters={"partition": partition, "keys": some})
        for form, period, unit, submission, position, content, decision in _rows(rows):
            found[form, period, unit, submission] = First(position, content, _decision(decision))
    return found


def read_places(client: Client, places: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """Those among some places (partition, position) of the log whose messages are stored."""
    found: set[tuple[int, int]] = set()
    for at in range(0, len(places), _KEYS_AT_A_TIME):
        rows = client.query(_PLACES, parameters={"places": places[at : at + _KEYS_AT_A_TIME]}).result_rows
        found.update((int(partition), int(position)) for partition, position in rows)
    return found


def read_revision(client: Client, place: tuple[int, int], form: str, period: str, unit: str) -> int:
    """The revision that a report had at a place (partition, position) of the log; 0 if there was none."""
    partition, position = place
    bound = {"form": form, "period": period, "unit": unit, "partition": partition, "position": position}
    return int(client.query(_REVISION, parameters=bound).result_rows[0][0])


def mend_cells(client: Client, group: Group, wrong: Sequence[WrongCell], snapshot: Snapshot) -> None:
    """Write what cells should say, at the position their partition stands at, so that it wins over what they said.

    A cell from beyond that position would win over every later flush: it is deleted first.
    """
    form, period = group
    areas = [(one.partition, one.area) for one in wrong]
    for at in range(0, len(areas), _KEYS_AT_A_TIME):
        bound = {**_below(group, snapshot.progress), "areas": areas[at : at + _KEYS_AT_A_TIME]}
        client.command(_DELETE, parameters=bound, settings={"mutations_sync": 2})
    rows = [
        {
            "form": form,
            "period": period,
            "area": one.area,
            "partition": one.partition,
            "version": snapshot.progress[one.partition],
            **asdict(Cell.of(*one.totals)),
            "known_at": snapshot.known_ms[one.partition],
        }
        for one in wrong
        if one.partition in snapshot.progress
    ]
    if rows:
        insert(client, "rollup", pa.Table.from_pylist(rows, schema=ROLLUP))


def _below(group: Group, progress: Mapping[int, int]) -> dict[str, Any]:
    """Bound values of a SELECT of one group's rows below the progress."""
    positions = [progress.get(partition, 0) for partition in range(max(progress, default=-1) + 1)]
    return {"form": group[0], "period": group[1], "progress": positions}


def _decision(number: int) -> Decision:
    """A number that stands for no decision is told as what it is: a difference, not an error."""
    return Decision(number) if number in _DECISIONS else cast(Decision, number)


def _rows(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    """Rows as tuples, a batch at a time, whatever the length of the table."""
    for batch in table.to_batches(max_chunksize=_BATCH_ROWS):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
