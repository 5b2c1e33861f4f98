"""The shipped fold in a process of its own, told how far to go."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from clickhouse_connect.driver.client import Client

from bench import load
from bench.process import Channel, Usage
from bench.stack import PARTITIONS
from chitieu.adapters.clickhouse.store import ONE_SNAPSHOT, Store, connect, database_name
from chitieu.adapters.metrics import Metrics
from chitieu.adapters.registry import RegistryReader
from chitieu.cli.migrate import MigrateSettings, bring_up_to_date
from chitieu.domain.rollup import Decision
from services.aggregate.app import Aggregate
from services.aggregate.settings import AggregateSettings

# The setting that bounds the memory of the fold, at a value that a bench of a few hundred groups runs into.
TIGHT_MEMORY: Mapping[str, Any] = {"memory_megabytes": 32}
_READ = "chitieu_messages_read_total"
_LOOK_SECONDS = 0.001

_CELLS = """
SELECT period, area, sum(units) AS units, sumForEach(sums) AS sums, sumForEach(reported) AS reported,
    sumForEach(not_applicable) AS not_applicable
FROM rollup FINAL WHERE form != '' GROUP BY period, area
"""
_DECISIONS = "SELECT decision, count() FROM submission FINAL GROUP BY decision"


@dataclass(frozen=True)
class Task:
    """A log to fold into a directory; `settings` overrule the shipped ones."""

    bootstrap: str
    generation: int
    directory: Path
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def dsn(self) -> str:
        return f"chdb://{self.directory / 'clickhouse'}"


@dataclass(frozen=True)
class Stored:
    """What is in ClickHouse: cells in an Arrow file, and how often each decision is kept."""

    cells: Path
    decisions: Mapping[int, int]


@asynccontextmanager
async def tables(task: Task) -> AsyncIterator[None]:
    """The task's tables, made if they are not there.

    One client stays open all the time: chDB, closed and opened again in one process, now and then knows no database.
    """
    client = await asyncio.to_thread(connect, task.dsn)
    try:
        await bring_up_to_date(
            MigrateSettings(
                kafka_bootstrap=task.bootstrap,
                clickhouse_dsn=task.dsn,
                generation=task.generation,
                partitions=PARTITIONS,
            )
        )
        yield
    finally:
        client.close()


@dataclass(frozen=True)
class Service:
    """The service as it is shipped; `async with service.aggregate.running()` starts it."""

    aggregate: Aggregate
    metrics: Metrics
    failures: list[Exception]

    async def begun(self) -> Usage:
        """Wait until it stands at its partitions' progress: from then on it folds, while other parts still start."""
        while not self.aggregate.checks["fold"]():
            await asyncio.sleep(_LOOK_SECONDS)
        return Usage.now()

    async def folded(self, messages: int) -> Usage:
        """Wait until so many messages count."""
        while (self.metrics.value(_READ) or 0) < messages:
            if self.failures:
                raise self.failures[0]
            await asyncio.sleep(_LOOK_SECONDS)
        return Usage.now()


@asynccontextmanager
async def service(task: Task) -> AsyncIterator[Service]:
    """The service with its registry read, on tables that are there; not started yet."""
    settings: dict[str, Any] = {
        "kafka_bootstrap": task.bootstrap,
        "clickhouse_dsn": task.dsn,
        "generation": task.generation,
        "canary_seconds": 3600.0,
        "faust_directory": task.directory / "faust",
        **task.settings,
    }
    metrics, registry, failures = Metrics(), RegistryReader(task.bootstrap), list[Exception]()
    await registry.start()
    try:
        yield Service(Aggregate(AggregateSettings(**settings), registry, metrics, failures.append), metrics, failures)
    finally:
        await registry.stop()


async def fold(channel: Channel, task: Task) -> Stored:
    """Says its usage before the service starts, when it begins to fold, and when as many are folded as it is told.

    It ends at None, with what it wrote.
    """
    async with tables(task):
        channel.say(Usage.now())
        async with service(task) as started:
            obeying = asyncio.create_task(_obey(channel, started))
            async with started.aggregate.running():
                await obeying
        return await stored(task)


async def _obey(channel: Channel, started: Service) -> None:
    channel.say(await started.begun())
    while (target := await channel.hear()) is not None:
        channel.say(await started.folded(target))


async def stored(task: Task) -> Stored:
    """Write out what the fold has written, for whoever knows what it should be."""
    store = Store(task.dsn, database_name(task.generation), threads=1)
    try:
        return await store.run(partial(written_out, task.directory / "cells.arrow"))
    finally:
        await store.close()


def written_out(target: Path, client: Client) -> Stored:
    """Write the cells to a file, which takes no time that is measured, nor memory of a process that is."""
    cells: pa.Table = client.query_arrow(_CELLS, settings=ONE_SNAPSHOT)
    with pa.OSFile(str(target), "wb") as file, pa.ipc.new_file(file, cells.schema) as writer:
        writer.write_table(cells)
    decisions = {int(decision): int(count) for decision, count in client.query(_DECISIONS).result_rows}
    return Stored(target, decisions)


def read_cells(source: Path) -> load.Figures:
    """The figures of a file that `stored` wrote."""
    with pa.OSFile(str(source), "rb") as file:
        table = pa.ipc.open_file(file).read_all()
    if not table.num_rows:
        return {}
    columns = [table.column("units").to_numpy()[:, np.newaxis]]
    for name in ("sums", "reported", "not_applicable"):
        flat = table.column(name).combine_chunks().flatten().to_numpy()
        columns.append(flat.reshape(table.num_rows, -1))
    rows = np.concatenate(columns, axis=1).astype(np.int64)
    keys = zip(_texts(table.column("period")), _texts(table.column("area")), strict=True)
    return dict(zip(keys, rows, strict=True))


def verify(found: Stored, figures: load.Figures, decisions: Counter[Decision]) -> None:
    """Raises AssertionError if a figure or a decision is not what brute force says. Duplicates are not kept."""
    wrong = load.difference(read_cells(found.cells), figures)
    assert not wrong, f"the figures differ from brute force: {wrong}"
    kept = {int(decision): count for decision, count in decisions.items() if decision is not Decision.DUPLICATE}
    assert dict(found.decisions) == kept, f"decisions {dict(found.decisions)} instead of {kept}"


def _texts(column: pa.ChunkedArray) -> list[str]:
    """Text, whether the engine sent it as text or as bytes."""
    return [text.decode() if isinstance(text, bytes) else text for text in column.to_pylist()]
