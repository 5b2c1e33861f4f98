"""What the fold reads from ClickHouse and writes to it. SQL stands here and nowhere else in the service."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from chitieu.adapters.clickhouse.store import insert
from chitieu.contracts.events import Event
from chitieu.contracts.rows import Progress
from chitieu.domain.rollup import Decision

_PROGRESS = """
SELECT partition, max(version), argMax(toUnixTimestamp64Milli(known_at), version) FROM rollup
WHERE form = '' AND period = '' AND area = ''
GROUP BY partition
"""

_GROUPS = "SELECT DISTINCT form, period, partition FROM submission WHERE partition IN {partitions:Array(UInt16)}"

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
# Bounds what a load holds beside what it makes: a partition's share of a national report, times this.
_GROUPS_AT_ONCE = 16


def read_progress(client: Client) -> dict[int, Progress]:
    """By partition, for those that were ever folded: where the figures stand."""
    rows = client.query(_PROGRESS).result_rows
    return {int(partition): Progress(int(partition), int(version), int(known)) for partition, version, known in rows}


def read_groups(client: Client, partitions: Collection[int]) -> list[GroupKey]:
    """The groups of some partitions about which anything is stored."""
    return [
        (form, period, int(p)) for form, period, p in client.query(_GROUPS, {"partitions": [*partitions]}).result_rows
    ]


def warm_up(client: Client) -> None:
    """Take the first use of the engine and of Arrow, a second or two together, before a report has to wait for it."""
    client.query_arrow("SELECT [1]")
    pa.array([1])


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored about one group, in log order: its messages, and what became of each (columns of one length)."""

    key: GroupKey
    events: list[Event]
    decisions: list[Decision]
    revisions: list[int]


def stored_messages(client: Client, keys: Sequence[GroupKey], positions: Mapping[int, int]) -> Iterator[Stored]:
    """Groups that have any, as they stood when everything below their partition's position was folded."""
    for some in _portions(keys):
        found = client.query_arrow(
            _STORED,
            parameters={
                "groups": some,
                "positions": [positions.get(partition, 0) for partition in range(max(positions) + 1)],
            },
        )
        if found.num_rows:
            yield from _by_group(found.combine_chunks())


def _portions(keys: Sequence[GroupKey]) -> Iterator[list[GroupKey]]:
    for first in range(0, len(keys), _GROUPS_AT_ONCE):
        yield list(keys[first : first + _GROUPS_AT_ONCE])


def _by_group(found: pa.Table) -> Iterator[Stored]:
    """Rows as the messages they were; values and states go over as bytes, as they came."""
    columns = {name: found.column(name).chunk(0) for name in found.column_names}
    packed, states = slices(columns["values"], 8), slices(columns["states"], 1)
    plain = [columns[name].to_pylist() for name in _PLAIN]
    keys = zip(*(columns[name].to_pylist() for name in ("form", "period", "partition")), strict=True)
    decisions, revisions = (columns[name].to_pylist() for name in ("decision", "revision"))
    events = [
        Event(kind, form, version, period, unit, release, tuple(path), id_, content, seen, values, said)
        for kind, form, version, period, unit, release, path, id_, content, seen, values, said in zip(
            *plain[:-1], [None if revision < 0 else revision for revision in plain[-1]], packed, states, strict=True
        )
    ]
    first = 0
    for key, rows in groupby(keys):
        last = first + sum(1 for _ in rows)
        yield Stored(key, events[first:last], [*map(Decision, decisions[first:last])], revisions[first:last])
        first = last


def slices(lists: pa.ListArray, width: int) -> list[bytes]:
    """The bytes of each list of fixed-width numbers, without making the numbers."""
    flat, offsets = memoryview(lists.values.to_numpy()).cast("B"), lists.offsets.to_pylist()
    return [bytes(flat[width * first : width * last]) for first, last in pairwise(offsets)]


def insert_submissions(client: Client, rows: pa.Table) -> None:
    if rows.num_rows:
        insert(client, "submission", rows)


def insert_rollup(client: Client, rows: pa.Table) -> None:
    """Cells and the progress they stand at, in one insert: a reader sees both or neither."""
    insert(client, "rollup", rows)
