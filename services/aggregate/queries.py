"""What the fold reads from ClickHouse and writes to it. SQL stands here and nowhere else in the service."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

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
SELECT kind, form_version, unit, release, path, submission, content, replaces, values, states, decision, revision
FROM submission FINAL
WHERE form = {form:String} AND period = {period:String} AND partition = {partition:UInt16}
  AND position < {position:UInt64}
ORDER BY position
"""
_PLAIN = (
    "kind",
    "form_version",
    "unit",
    "release",
    "path",
    "submission",
    "content",
    "replaces",
    "decision",
    "revision",
)


@dataclass(frozen=True, slots=True)
class GroupKey:
    form: str
    period: str
    partition: int


def read_progress(client: Client) -> dict[int, int]:
    """Partition -> the position its fold reads next, for partitions that were ever folded."""
    return {int(partition): int(version) for partition, version in client.query(_PROGRESS).result_rows}


def load_group(client: Client, key: GroupKey, position: int) -> ArrayGroup:
    """The group as it stood when everything below `position` was folded."""
    found = client.query_arrow(
        _STORED,
        parameters={"form": key.form, "period": key.period, "partition": key.partition, "position": position},
    )
    return ArrayGroup.load(_stored_messages(key, found))


def _stored_messages(key: GroupKey, found: pa.Table) -> Iterable[tuple[Event, Decided]]:
    """Rows as the messages they were; values and states go over as bytes, as they came."""
    for batch in found.to_batches():
        columns = {name: batch.column(name) for name in batch.schema.names}
        packed, states = _slices(columns["values"], 8), _slices(columns["states"], 1)
        plain = [columns[name].to_pylist() for name in _PLAIN]
        for kind, version, unit, release, path, id_, content, replaces, decision, revision in zip(*plain, strict=True):
            yield (
                Event(
                    kind,
                    key.form,
                    version,
                    key.period,
                    unit,
                    release,
                    tuple(path),
                    id_,
                    content,
                    None if replaces < 0 else replaces,
                    next(packed),
                    next(states),
                ),
                Decided(Decision(decision), revision),
            )


def _slices(lists: pa.ListArray, width: int) -> Iterator[bytes]:
    """The bytes of each list of fixed-width numbers, without making the numbers."""
    flat, offsets = memoryview(lists.values.to_numpy()).cast("B"), lists.offsets.to_pylist()
    return (bytes(flat[width * first : width * last]) for first, last in pairwise(offsets))


def insert_submissions(client: Client, rows: pa.Table) -> None:
    if rows.num_rows:
        insert(client, "submission", rows)


def insert_rollup(client: Client, rows: pa.Table) -> None:
    """Cells and the progress they stand at, in one insert: a reader sees both or neither."""
    insert(client, "rollup", rows)
