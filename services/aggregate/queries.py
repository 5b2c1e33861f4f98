"""What the fold reads from ClickHouse and writes to it. SQL stands here and nowhere else in the service."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from chitieu.adapters.clickhouse.store import insert
from chitieu.contracts.events import Event
from chitieu.domain.rollup import Decided, Decision
from services.aggregate.group import ArrayGroup

_PROGRESS = """
SELECT partition, max(version) FROM rollup WHERE form = '' AND period = '' AND area = '' GROUP BY partition
"""

# Rows at or beyond the position read next are left out: they are decided again, the same way, when they are read.
_STORED = """
SELECT
    form, period, partition, kind, form_version, unit, release, path, submission, content, replaces, values, states,
    decision, revision
FROM submission FINAL
WHERE (form, period, partition) IN {groups:Array(Tuple(String, String, UInt16))}
  AND position < {positions:Array(UInt64)}[partition + 1]
ORDER BY form, period, partition, position
"""
_PLAIN = ("kind", "form", "form_version", "period", "unit", "release", "path", "submission", "content", "replaces")

GroupKey = tuple[str, str, int]  # form, period, partition


def read_progress(client: Client) -> dict[int, int]:
    """Partition -> the position its fold reads next, for partitions that were ever folded."""
    return {int(partition): int(version) for partition, version in client.query(_PROGRESS).result_rows}


def warm_up(client: Client) -> None:
    """Take the first use of the engine and of Arrow, a second or two together, before a report has to wait for it."""
    client.query_arrow("SELECT [1]")
    pa.array([1])


def load_groups(client: Client, keys: Sequence[GroupKey], positions: Mapping[int, int]) -> dict[GroupKey, ArrayGroup]:
    """Groups as they stood when everything below their partition's position was folded; empty ones included."""
    found = client.query_arrow(
        _STORED,
        parameters={
            "groups": list(keys),
            "positions": [positions.get(partition, 0) for partition in range(max(positions) + 1)],
        },
    )
    stored = {
        key: ArrayGroup.load((event, was) for _, event, was in rows)
        for key, rows in groupby(_stored(found), key=lambda row: row[0])
    }
    return {key: stored.get(key) or ArrayGroup() for key in keys}


def _stored(found: pa.Table) -> Iterator[tuple[GroupKey, Event, Decided]]:
    """Rows as the messages they were; values and states go over as bytes, as they came."""
    for batch in found.to_batches():
        columns = {name: batch.column(name) for name in batch.schema.names}
        partitions, decisions, revisions = (columns[n].to_pylist() for n in ("partition", "decision", "revision"))
        packed, states = _slices(columns["values"], 8), _slices(columns["states"], 1)
        plain = zip(*(columns[name].to_pylist() for name in _PLAIN), strict=True)
        for at, (kind, form, version, period, unit, release, path, id_, content, replaces) in enumerate(plain):
            seen = None if replaces < 0 else replaces
            said = Event(
                kind, form, version, period, unit, release, tuple(path), id_, content, seen, packed[at], states[at]
            )
            yield (form, period, partitions[at]), said, Decided(Decision(decisions[at]), revisions[at])


def _slices(lists: pa.ListArray, width: int) -> list[bytes]:
    """The bytes of each list of fixed-width numbers, without making the numbers."""
    flat, offsets = memoryview(lists.values.to_numpy()).cast("B"), lists.offsets.to_pylist()
    return [bytes(flat[width * first : width * last]) for first, last in pairwise(offsets)]


def insert_submissions(client: Client, rows: pa.Table) -> None:
    if rows.num_rows:
        insert(client, "submission", rows)


def insert_rollup(client: Client, rows: pa.Table) -> None:
    """Cells and the progress they stand at, in one insert: a reader sees both or neither."""
    insert(client, "rollup", rows)
