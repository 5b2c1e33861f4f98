"""A fresh stack for one run of the bench: a real broker, and a new log and directory of figures for each question."""

import asyncio
import itertools
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2
from aiokafka.structs import RecordMetadata

from bench import load
from chitieu.adapters import kafka
from chitieu.adapters.embedded.broker import Broker
from chitieu.adapters.embedded.directory import DataDirectory, default_cache
from chitieu.adapters.embedded.java import find_java
from chitieu.adapters.embedded.kafka_jars import kafka_classpath
from chitieu.adapters.registry import publish_release
from chitieu.contracts import topics

PARTITIONS = 8
FIELDS = 30
SEED = 1
_BATCH_BYTES = 512 * 1024
_UNDER_WAY = 64
_TICK_SECONDS = 0.01

Say = Callable[[str], None]
Record = tuple[bytes, bytes]


@dataclass
class Stack:
    """A running broker that knows the bench's form. Logs are numbered; each is a generation of its own."""

    bootstrap: str
    directory: Path
    generations: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    places: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def new_log(self) -> int:
        """The generation of an empty log."""
        generation = next(self.generations)
        await kafka.create_topics(self.bootstrap, topics.declared(generation, PARTITIONS), 1)
        return generation

    async def filled_log(self, records: Iterable[Record]) -> int:
        """The generation of a log that holds these records."""
        generation = await self.new_log()
        await fill(self.bootstrap, topics.reports(generation), records)
        return generation

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Path]:
        """An empty directory, gone afterwards."""
        path = self.directory / f"place-{next(self.places)}"
        path.mkdir()
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)


@asynccontextmanager
async def running(say: Say, programme: bool = True) -> AsyncIterator[Stack]:
    """Start a broker on a temporary directory, with the bench's form in force; afterwards nothing of it is left."""
    java, classpath = find_java(), kafka_classpath(default_cache(), say)
    with (
        tempfile.TemporaryDirectory(prefix="chitieu-bench-", ignore_cleanup_errors=True) as temporary,
        DataDirectory(Path(temporary) / "data") as data,
    ):
        broker = Broker(data, java, classpath)
        await broker.start()
        try:
            await kafka.create_topics(broker.bootstrap, topics.declared(1, PARTITIONS), 1)
            if programme:
                await publish_programme(broker.bootstrap)
            yield Stack(broker.bootstrap, Path(temporary), itertools.count(2))
        finally:
            await broker.stop()


@asynccontextmanager
async def producing(bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = kafka.producer(bootstrap)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def publish_programme(bootstrap: str) -> None:
    """Put the bench's form into force."""
    async with producing(bootstrap) as producer:
        await publish_release(producer, [], load.programme(FIELDS))


@lru_cache(maxsize=1_000_000)
def partition_of(key: bytes, partitions: int = PARTITIONS) -> int:
    """Kafka's default partition of a key."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)


async def fill(bootstrap: str, topic: str, records: Iterable[Record], partitions: int = PARTITIONS) -> None:
    """Write records as fast as possible, in order within each partition; returns when all are acknowledged."""
    async with producing(bootstrap) as producer:
        open_ = [producer.create_batch() for _ in range(partitions)]
        flying: list[asyncio.Future[RecordMetadata]] = []

        async def send(partition: int) -> None:
            if len(flying) >= _UNDER_WAY:
                await flying.pop(0)
            flying.append(await producer.send_batch(open_[partition], topic, partition=partition))
            open_[partition] = producer.create_batch()

        for key, value in records:
            partition = partition_of(key, partitions)
            while open_[partition].append(key=key, value=value, timestamp=None) is None:
                await send(partition)
        for partition in range(partitions):
            if open_[partition].record_count():
                await send(partition)
        await asyncio.gather(*flying)


@dataclass(frozen=True)
class Acknowledged:
    """A record the broker has acknowledged; `at` is the machine's monotonic clock."""

    partition: int
    position: int
    at: float


async def send_steadily(
    producer: AIOKafkaProducer,
    topic: str,
    records: Iterable[Record],
    per_second: int,
    stop: asyncio.Event | None = None,
) -> list[Acknowledged]:
    """Send records at a steady rate until there are no more, or `stop` is set; returns when all are acknowledged.

    What is due at a tick travels together: a send for each record takes cores from what is measured.

    Raises KafkaError if one was not.
    """
    acknowledged: list[Acknowledged] = []
    flying: set[asyncio.Future[RecordMetadata]] = set()
    failures: list[BaseException] = []

    async def send(partition: int, batch: kafka.Batch) -> None:
        sent = await producer.send_batch(batch.builder, topic, partition=partition)
        flying.add(sent)
        sent.add_done_callback(partial(note, len(batch.members)))

    def note(records: int, sent: "asyncio.Future[RecordMetadata]") -> None:
        flying.discard(sent)
        if failure := sent.exception():
            failures.append(failure)
            return
        said, now = sent.result(), time.monotonic()
        acknowledged.extend(Acknowledged(said.partition, said.offset + at, now) for at in range(records))

    partitions = range(PARTITIONS)
    left, taken, started = iter(records), 0, time.monotonic()
    while stop is None or not stop.is_set():
        due = int((time.monotonic() - started) * per_second) + 1 - taken
        some = list(islice(left, due))
        taken += len(some)
        ready = kafka.batches(producer, partitions, some)
        await asyncio.gather(*(send(partition, one) for partition, many in ready.items() for one in many))
        if len(some) < due:
            break
        await asyncio.sleep(_TICK_SECONDS)
    while flying:
        await asyncio.sleep(_TICK_SECONDS)
    if failures:
        raise failures[0]
    return acknowledged
