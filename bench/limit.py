"""The physical limit: read, decode, insert the facts. No decisions, no roll-up, no progress, nothing announced.

The insert overlaps the next batch, as in the fold. It writes the same columns into the same table.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from itertools import chain

import numpy as np
import pyarrow as pa
from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord
from clickhouse_connect.driver.client import Client

from bench.folding import Task, tables
from bench.process import Channel, Usage
from bench.stack import PARTITIONS
from chitieu.adapters import kafka
from chitieu.adapters.clickhouse.store import Store, database_name, insert
from chitieu.contracts import topics
from chitieu.contracts.events import decode_event

_BATCH = 20_000
_TABLE = "submission"
_COUNT = f"SELECT count() FROM {_TABLE}"


async def limit(channel: Channel, task: Task, messages: int) -> int:
    """Says its usage at the beginning and at the end; the result is how many facts are in ClickHouse."""
    async with tables(task):
        return await _limit(channel, task, messages)


async def _limit(channel: Channel, task: Task, messages: int) -> int:
    store = Store(task.dsn, database_name(task.generation), threads=1)
    reader = kafka.consumer(task.bootstrap, max_partition_fetch_bytes=4 * 1024 * 1024)
    await reader.start()
    reader.assign([TopicPartition(topics.reports(task.generation), p) for p in range(PARTITIONS)])
    # The first use of the engine and of Arrow takes a second or two; the fold takes it before it starts, too.
    await store.run(lambda client: client.query_arrow("SELECT [1]"))
    channel.say(Usage.now())
    taken, flying = 0, None
    while taken < messages:
        found = await reader.getmany(timeout_ms=200, max_records=_BATCH)
        batch = [record for records in found.values() for record in records]
        if not batch:
            continue
        taken += len(batch)
        table = facts(batch)
        if flying is not None:
            await flying
        flying = asyncio.ensure_future(store.run(partial(_insert, table)))
    if flying is not None:
        await flying
    channel.say(Usage.now())
    await reader.stop()
    written = await store.run(lambda client: int(client.query(_COUNT).result_rows[0][0]))
    await store.close()
    return written


def _insert(table: pa.Table, client: Client) -> None:
    insert(client, _TABLE, table)


def facts(batch: "Sequence[ConsumerRecord[bytes, bytes]]") -> pa.Table:
    """What a batch says, as rows of `submission`."""
    events = [decode_event(record.value) for record in batch]
    count = len(events)
    return pa.table(
        {
            "form": pa.array([e.form for e in events]),
            "period": pa.array([e.period for e in events]),
            "partition": np.array([r.partition for r in batch], np.uint16),
            "unit": pa.array([e.unit for e in events]),
            "position": np.array([r.offset for r in batch], np.uint64),
            "kind": np.array([e.kind for e in events], np.uint8),
            "submission": _sixteen([e.submission for e in events]),
            "content": _sixteen([e.content for e in events]),
            "replaces": np.array([-1 if e.replaces is None else e.replaces for e in events], np.int64),
            "decision": np.ones(count, np.uint8),
            "revision": np.ones(count, np.uint32),
            "form_version": np.array([e.form_version for e in events], np.uint32),
            "release": np.array([e.release for e in events], np.uint32),
            "path": _lists([len(e.path) for e in events], pa.array(list(chain.from_iterable(e.path for e in events)))),
            "values": _lists([len(e.states) for e in events], _joined([e.packed for e in events], np.int64)),
            "states": _lists([len(e.states) for e in events], _joined([e.states for e in events], np.uint8)),
            "author": pa.array([e.author for e in events]),
            "reason": pa.array([e.reason for e in events]),
            "known_at": pa.array([r.timestamp for r in batch], pa.timestamp("ms", tz="UTC")),
        }
    )


def _sixteen(ids: Sequence[bytes]) -> pa.FixedSizeBinaryArray:
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(ids), [None, pa.py_buffer(b"".join(ids))])


def _joined(parts: Sequence[bytes], item: type[np.generic]) -> pa.Array:
    return pa.array(np.frombuffer(b"".join(parts), item))


def _lists(lengths: Sequence[int], flat: pa.Array) -> pa.ListArray:
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), flat)
