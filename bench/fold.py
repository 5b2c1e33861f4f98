"""How close the fold comes to the physical limit, measured in one run: `python -m bench.fold [--reports 250000]`.

Both runs read the same full topic of a real broker and write to a real ClickHouse engine (chDB).

* limit: aiokafka getmany → decode → Arrow insert of the facts. No decisions, no roll-up.
* fold: the shipped worker: checks, decisions, totals of every area, submissions, cells and progress, change events.

The load: reports of 30 values from 10,599 communes over 21 periods on 8 partitions, a tenth of them revisions, one in
twenty sent twice. The fold's figures are compared with brute force before anything is printed.
"""

import argparse
import asyncio
import gc
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
from aiokafka import TopicPartition
from clickhouse_connect.driver.client import Client

from chitieu.adapters import kafka
from chitieu.adapters.clickhouse.store import Store, database_name
from chitieu.adapters.embedded.broker import Broker
from chitieu.adapters.embedded.directory import DataDirectory, default_cache
from chitieu.adapters.embedded.java import find_java
from chitieu.adapters.embedded.kafka_jars import kafka_classpath
from chitieu.adapters.metrics import Metrics
from chitieu.cli.migrate import MigrateSettings, bring_up_to_date
from chitieu.contracts import topics
from chitieu.contracts.events import Event, content_hash, decode_event, encode_event, pack
from chitieu.contracts.rows import DecidedMessage, submission_table
from chitieu.domain.catalogue import Catalogue, Label
from chitieu.domain.form import Field, Form
from chitieu.domain.registry import Release
from chitieu.domain.rollup import Decided, Decision, MessageKind
from chitieu.domain.unit import UnitTree
from services.aggregate import queries
from services.aggregate.app import Aggregate
from services.aggregate.settings import AggregateSettings

FIELDS, COMMUNES, DISTRICTS, PROVINCES, PERIODS, PARTITIONS = 30, 10_599, 705, 63, 21, 8
LIMIT_GENERATION, FOLD_GENERATION = 1, 1
FORM = Form(
    "f",
    1,
    Label("Biểu", "Form"),
    "administrative",
    tuple(Field(f"e{n}", f"e{n}", (), 0, 10**12, False) for n in range(FIELDS)),
    (),
)


class FixedRegistry:
    """One form in force, already read."""

    ready = True
    release = Release(1, Catalogue({}, {}, {}), {"f": FORM}, {("f", 1): FORM}, {}, UnitTree([]))

    def edition(self, generation: int) -> int:
        return 1

    async def end(self) -> int:
        return self.release.number + 1

    async def wait_for(self, number: int) -> Release:
        return self.release


@dataclass(frozen=True)
class Rate:
    name: str
    reports: int
    seconds: float
    cpu: float

    def __str__(self) -> str:
        each = 1e6 * self.cpu / self.reports
        return f"{self.name:6} {self.reports / self.seconds:9,.0f} reports/s  {each:5.1f} µs of CPU a report"


def load(count: int, rng: random.Random) -> list[Event]:
    """First every report once, then revisions and repeats of random ones, until there are `count`."""
    numbers = np.random.default_rng(rng.randrange(2**32)).integers(0, 5000, (count, FIELDS))
    states = b"\1" * FIELDS
    made: list[Event] = []
    first = int(count * 0.85)
    for n in range(count):
        if n >= first and n % 3 == 0:
            made.append(made[rng.randrange(first)])
            continue
        place = n if n < first else rng.randrange(first)
        commune, period = place % COMMUNES, 2000 + place // COMMUNES % PERIODS
        unit, packed = f"c{commune:05}", pack(numbers[n].tolist())
        path = ("vn", f"p{commune % PROVINCES:02}", f"d{commune % DISTRICTS:03}", unit)
        content = content_hash(MessageKind.REPORT, packed, states)
        made.append(Event(1, "f", 1, str(period), unit, 1, path, n.to_bytes(16, "big"), content, None, packed, states))
    return made


async def fill(bootstrap: str, events: Sequence[Event]) -> None:
    producer = kafka.producer(bootstrap)
    await producer.start()
    try:
        waiting = []
        for event in events:
            topic = topics.reports(FOLD_GENERATION)
            waiting.append(await producer.send(topic, encode_event(event), key=event.unit.encode()))
        await asyncio.gather(*waiting)
    finally:
        await producer.stop()


async def limit(bootstrap: str, dsn: str, count: int) -> Rate:
    """Read, decode, insert the facts; the insert overlaps the next batch."""
    store = Store(dsn, database_name(LIMIT_GENERATION + 1), threads=1)
    reader = kafka.consumer(bootstrap, max_partition_fetch_bytes=4 * 1024 * 1024)
    await reader.start()
    reader.assign([TopicPartition(topics.reports(FOLD_GENERATION), p) for p in range(PARTITIONS)])
    await store.run(queries.read_progress)
    decided = Decided(Decision.ACCEPTED, 1)
    started, cpu, taken, flying = time.perf_counter(), time.process_time(), 0, None
    while taken < count:
        found = await reader.getmany(timeout_ms=200, max_records=5_000)
        rows = [
            DecidedMessage(r.partition, r.offset, r.timestamp, decode_event(r.value), decided)
            for records in found.values()
            for r in records
        ]
        taken += len(rows)
        table = submission_table(rows)
        if flying is not None:
            await flying
        flying = asyncio.ensure_future(store.run(partial(_insert, table)))
    if flying is not None:
        await flying
    rate = Rate("limit", count, time.perf_counter() - started, time.process_time() - cpu)
    await reader.stop()
    await store.close()
    return rate


def _insert(table: pa.Table, client: Client) -> None:
    queries.insert_submissions(client, table)


async def fold(bootstrap: str, dsn: str, directory: Path, events: Sequence[Event]) -> Rate:
    settings = AggregateSettings(
        kafka_bootstrap=bootstrap,
        clickhouse_dsn=dsn,
        generation=FOLD_GENERATION,
        canary_seconds=3600,
        faust_directory=directory / "faust",
    )
    metrics = Metrics()
    service = Aggregate(settings, FixedRegistry(), metrics)  # type: ignore[arg-type]
    async with service.running():
        started, cpu = time.perf_counter(), time.process_time()
        while (metrics.value("chitieu_messages_read_total") or 0) < len(events):
            await asyncio.sleep(0.005)
        rate = Rate("fold", len(events), time.perf_counter() - started, time.process_time() - cpu)
    await verify(dsn, events)
    return rate


async def verify(dsn: str, events: Sequence[Event]) -> None:
    """The nation's and every area's totals, against the last content of every report."""
    newest: dict[tuple[str, str], Event] = {}
    seen: set[bytes] = set()
    for event in events:
        if event.submission not in seen:
            seen.add(event.submission)
            newest[event.period, event.unit] = event
    expected: dict[tuple[str, str], int] = {}
    for (period, _), event in newest.items():
        total = sum(event.values)
        for area in event.path:
            expected[period, area] = expected.get((period, area), 0) + total
    store = Store(dsn, database_name(FOLD_GENERATION), threads=1)
    sql = "SELECT period, area, sum(arraySum(sums)) FROM rollup FINAL WHERE form = 'f' GROUP BY period, area"
    rows = await store.run(lambda client: client.query(sql).result_rows)
    await store.close()
    assert {(period, area): total for period, area, total in rows} == expected, "the figures differ from brute force"


async def main(count: int) -> None:
    java, classpath = find_java(), kafka_classpath(default_cache(), print)
    with tempfile.TemporaryDirectory() as temporary, DataDirectory(Path(temporary) / "data") as directory:
        broker = Broker(directory, java, classpath)
        await broker.start()
        dsn = f"chdb://{directory.clickhouse}"
        for generation in (FOLD_GENERATION, LIMIT_GENERATION + 1):
            await bring_up_to_date(
                MigrateSettings(
                    kafka_bootstrap=broker.bootstrap, clickhouse_dsn=dsn, generation=generation, partitions=PARTITIONS
                )
            )
        events = load(count, random.Random(1))
        await fill(broker.bootstrap, events)
        # The load is the bench's own: the collector shall not walk through it in the middle of a measurement.
        gc.freeze()
        fastest = await limit(broker.bootstrap, dsn, count)
        shipped = await fold(broker.bootstrap, dsn, directory.run, events)
        print(fastest, shipped, sep="\n")
        ratio = (shipped.reports / shipped.seconds) / (fastest.reports / fastest.seconds)
        print(f"ratio  {ratio:.2f} of the limit; memory {psutil.Process().memory_info().rss / 2**20:,.0f} MB")
        await broker.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=250_000)
    asyncio.run(main(parser.parse_args().reports))
