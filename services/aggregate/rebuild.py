"""The figures worked out again: the whole log folded into a database of its own, which is then switched to.

Readers see the edition before until the new one is recorded on the registry, and nothing is announced on `changes`
meanwhile. The fold must not run: what it wrote to the old database after the switch, nobody would read. Ingest goes
on: what arrives in the last second is folded by the worker that is started next, from the new edition's own progress.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from aiokafka import AIOKafkaProducer
from clickhouse_connect.driver.client import Client

from chitieu.adapters import kafka, registry
from chitieu.adapters.clickhouse.migrate import migrate
from chitieu.adapters.clickhouse.store import Store, connect, database_name
from chitieu.adapters.registry import RegistryReader
from chitieu.contracts.events import DeadLetter
from services.aggregate import log, maintenance_queries, queries
from services.aggregate.intake import Read, check
from services.aggregate.log import Log, bury, release_for
from services.aggregate.partitions import Flush, Partitions
from services.aggregate.settings import AggregateSettings

T = TypeVar("T")
Say = Callable[[str], None]

_SAY_SECONDS = 5.0
_POLL_SECONDS = 0.05


class NotNow(Exception):
    """Maintenance that cannot be done now; nothing was changed. The sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did. `groups` are pairs of form and period."""

    database: str
    messages: int
    dead: int
    groups: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.messages} messages folded into {self.database} in {self.seconds:.1f} s: {self.groups} groups "
            f"(form, period), {self.dead} dead letters; {self.database} is in use now"
        )


async def require_stopped(settings: AggregateSettings, patience: float = 12.0) -> None:
    """Raises NotNow while a worker of the fold is alive. A named one is on the list until its session has run out."""
    until = time.monotonic() + patience
    while alive := await kafka.members(settings.kafka_bootstrap, f"aggregate-{settings.generation}"):
        if time.monotonic() > until:
            raise NotNow(
                f"the fold is running: {', '.join(alive)}. Stop every `aggregate` service first (ingest and api go on),"
                " and start them again afterwards"
            )
        await asyncio.sleep(0.5)


async def rebuild(settings: AggregateSettings, programmes: RegistryReader, say: Say) -> Rebuilt:
    """Fold the log into the next edition and switch to it. Whoever calls makes sure that no worker is running.

    Interrupted by anything but the death of the process, it drops what it made, until it switches: from then on the new
    edition may be in use, whatever the broker had time to answer. A database left behind is dropped by `drop_old`, and
    never continued: it may have been made by another version of the rules.
    """
    started = time.monotonic()
    in_use = programmes.edition(settings.generation)
    edition = await asyncio.to_thread(_claim, settings, in_use)
    database = database_name(settings.generation, edition)
    try:
        await asyncio.to_thread(migrate, settings.clickhouse_dsn, database)
        store = Store(settings.clickhouse_dsn, database, threads=2)
        try:
            messages, dead = await _folded(settings, programmes, store, say)
            groups = await store.run(maintenance_queries.count_groups)
        finally:
            await store.close()
    except BaseException:
        await asyncio.shield(asyncio.to_thread(_drop, settings, [database]))
        raise
    await _switch(settings, programmes, edition)
    return Rebuilt(database, messages, dead, groups, time.monotonic() - started)


async def drop_old(settings: AggregateSettings, programmes: RegistryReader) -> list[str]:
    """Drop every database of this log's figures but the one in use; returns their names."""
    in_use = programmes.edition(settings.generation)
    editions = await asyncio.to_thread(_editions, settings)
    if in_use not in editions:
        raise NotNow(f"{database_name(settings.generation, in_use)}, which is in use, is not there: nothing is dropped")
    old = [database_name(settings.generation, edition) for edition in editions if edition != in_use]
    await asyncio.to_thread(_drop, settings, old)
    return old


def _claim(settings: AggregateSettings, in_use: int) -> int:
    """Make the next edition's database, empty; after the one in use, which may be gone."""
    edition = max([in_use, *_editions(settings)]) + 1
    database = database_name(settings.generation, edition)
    # Fails if somebody else has just made it: two rebuilds never write to the same one.
    _as_root(settings, lambda root: maintenance_queries.create_database(root, database))
    return edition


def _editions(settings: AggregateSettings) -> list[int]:
    names = _as_root(settings, maintenance_queries.databases)
    prefix = f"{database_name(settings.generation)}_"
    found = [int(name.removeprefix(prefix)) for name in names if name.removeprefix(prefix).isdigit()]
    return sorted([1, *found] if database_name(settings.generation) in names else found)


def _drop(settings: AggregateSettings, databases: Sequence[str]) -> None:
    for database in databases:
        _as_root(settings, partial(maintenance_queries.drop_database, database=database))


def _as_root(settings: AggregateSettings, work: Callable[[Client], T]) -> T:
    root = connect(settings.clickhouse_dsn)
    try:
        return work(root)
    finally:
        root.close()


async def _switch(settings: AggregateSettings, programmes: RegistryReader, edition: int) -> None:
    """Record the edition, and wait until this process has read so."""
    producer = kafka.producer(settings.kafka_bootstrap)
    await producer.start()
    try:
        await registry.publish_edition(producer, settings.generation, edition)
    finally:
        await producer.stop()
    while programmes.edition(settings.generation) != edition:
        await asyncio.sleep(_POLL_SECONDS)


async def _folded(settings: AggregateSettings, programmes: RegistryReader, store: Store, say: Say) -> tuple[int, int]:
    """Fold the log up to its end; how many messages that were, and how many of them could not be read."""
    producer = kafka.producer(settings.kafka_bootstrap)
    await producer.start()
    try:
        async with log.opened(settings.kafka_bootstrap, settings.generation) as history:
            if lost := {partition: first for partition, first in history.first.items() if first}:
                raise NotNow(f"the log no longer begins at its beginning (first positions: {lost}): restore it first")
            letters = await _standing(settings, programmes)
            replay = _Replay(settings, programmes, store, producer, history.partitions, letters)
            await replay.to_the_end_of(history, say)
            return replay.messages, replay.dead
    finally:
        await producer.stop()


async def _standing(settings: AggregateSettings, programmes: RegistryReader) -> dict[tuple[int, int], DeadLetter]:
    """Dead letters, but for those of messages that were folded all the same.

    A worker may have died between a letter and its flush, and the next one could read the message.
    """
    letters = await log.dead_letters(settings.kafka_bootstrap, settings.generation)
    in_use = programmes.edition(settings.generation)
    if not letters or in_use not in await asyncio.to_thread(_editions, settings):
        return letters
    store = Store(settings.clickhouse_dsn, database_name(settings.generation, in_use), threads=1)
    try:
        folded = await store.run(partial(maintenance_queries.read_places, places=sorted(letters)))
    finally:
        await store.close()
    return {place: letter for place, letter in letters.items() if place not in folded}


class _Replay:
    """The fold on another database. A batch is folded while the one before is written.

    A message that has a dead letter counts in no figure, and would not here, though it could be read by now: that is
    for `chitieu dead replay` to change, in the log and for everybody. `letters`: those that stand.
    """

    def __init__(
        self,
        settings: AggregateSettings,
        programmes: RegistryReader,
        store: Store,
        producer: AIOKafkaProducer,
        partitions: Sequence[int],
        letters: Mapping[tuple[int, int], DeadLetter],
    ) -> None:
        self._settings = settings
        self._programmes = programmes
        self._store = store
        self._producer = producer
        self._letters = letters
        self._partitions = Partitions(settings.memory_megabytes * 2**20)
        self._partitions.assign(dict.fromkeys(partitions, 0), ())
        self._writing: asyncio.Task[Flush] | None = None
        self.messages = self.dead = 0

    async def to_the_end_of(self, history: Log, say: Say) -> None:
        """Pass after pass, each to the end as it was when the pass began, until one is short."""
        try:
            begun = -1
            while self.messages - begun > self._settings.batch_records or begun < 0:
                begun = self.messages
                await self._pass(history, say)
        finally:
            if self._writing is not None:
                await asyncio.gather(self._writing, return_exceptions=True)

    async def _pass(self, history: Log, say: Say) -> None:
        told, ends = time.monotonic(), await history.ends()
        size = self._settings.batch_records
        async with aclosing(history.batches(self._partitions.positions, ends, self._store, size)) as batches:
            async for taken in batches:
                await self._take(taken)
                if time.monotonic() - told > _SAY_SECONDS:
                    told = time.monotonic()
                    say(f"{self.messages} messages folded of {sum(ends.values())}")
        await self._landed()

    async def _take(self, taken: list[Read]) -> None:
        release = await release_for(self._programmes, taken)
        await self._store.run(lambda _: check(taken, release))
        for one in taken:
            letter = self._letters.get((one.partition, one.position))
            if one.event is not None and letter is not None:
                one.refuse(letter.reason)
        dead = [one for one in taken if one.event is None]
        new = [one for one in dead if (one.partition, one.position) not in self._letters]
        await bury(self._producer, self._settings.generation, new)
        self.dead += len(dead)
        flush = await self._store.run(lambda client: self._folded(client, taken))
        await self._landed()
        self._writing = asyncio.create_task(self._write(flush), name="rebuild-flush")
        self.messages += len(taken)

    async def _landed(self) -> None:
        """Wait for the flush on its way: its groups may leave memory."""
        writing, self._writing = self._writing, None
        if writing is not None:
            self._partitions.flushed(await writing)

    async def _write(self, flush: Flush) -> Flush:
        def insert(client: Client) -> None:
            queries.insert_submissions(client, flush.submissions)
            queries.insert_rollup(client, flush.rollup)

        await self._store.run(insert)
        return flush

    def _folded(self, client: Client, taken: Sequence[Read]) -> Flush:
        batch = self._partitions.sort_out(taken)
        stored = queries.stored_messages(client, batch.absent, self._partitions.positions)
        self._partitions.recall(batch.absent, stored)
        self._partitions.take(batch)
        return self._partitions.flush()
