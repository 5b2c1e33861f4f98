"""What the fold reads from ClickHouse and writes to it. SQL stands here and nowhere else in the service."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from chitieu.adapters.clickhouse.store import insert
from chitieu.contracts.events import Event
from chitieu.contracts.rows import ROLLUP, SUBMISSION, CellRow, SubmissionRow, table
from chitieu.domain.rollup import Decided, Decision, Group

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


@dataclass(frozen=True, slots=True)
class GroupKey:
    form: str
    period: str
    partition: int


def read_progress(client: Client) -> dict[int, int]:
    """Partition -> the position its fold reads next, for partitions that were ever folded."""
    return {int(partition): int(version) for partition, version in client.query(_PROGRESS).result_rows}


def load_group(client: Client, key: GroupKey, position: int) -> Group:
    """The group as it stood when everything below `position` was folded."""
    found = client.query_arrow(
        _STORED,
        parameters={"form": key.form, "period": key.period, "partition": key.partition, "position": position},
    )
    return Group.load(_stored_messages(key, found))


def _stored_messages(key: GroupKey, found: pa.Table) -> Iterable[tuple[Event, Decided]]:
    for batch in found.to_batches(max_chunksize=4096):
        for row in batch.to_pylist():
            event = Event(
                kind=row["kind"],
                form=key.form,
                form_version=row["form_version"],
                period=key.period,
                unit=row["unit"],
                release=row["release"],
                path=tuple(row["path"]),
                submission=row["submission"],
                content=row["content"],
                replaces=None if row["replaces"] < 0 else row["replaces"],
                values=tuple(row["values"]),
                states=tuple(row["states"]),
            )
            yield event, Decided(Decision(row["decision"]), row["revision"])


def insert_submissions(client: Client, rows: Sequence[SubmissionRow]) -> None:
    if rows:
        insert(client, "submission", table(SUBMISSION, (row.columns() for row in rows)))


def insert_rollup(client: Client, rows: Sequence[CellRow]) -> None:
    """Cells and the progress they stand at, in one insert: a reader sees both or neither."""
    insert(client, "rollup", table(ROLLUP, (row.columns() for row in rows)))
