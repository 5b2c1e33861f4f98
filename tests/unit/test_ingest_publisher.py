"""The producer that stays usable, on a client that fails as Kafka's does."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError, OutOfOrderSequenceNumber
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record import MemoryRecords

from chitieu.adapters import publisher as module
from chitieu.adapters.publisher import Position, Publisher
from chitieu.domain.errors import Unavailable


@dataclass
class Written:
    partition: int
    offset: int


@dataclass
class Cluster:
    """`there` is whether the broker answers; `fails` is raised for the next record; `hangs` never acknowledges;
    `full` takes no batch, and says so after its `patience`. `batches` are the values written by partition.
    """

    there: bool = True
    fails: KafkaError | None = None
    hangs: bool = False
    full: bool = False
    patience: float = 0
    batch_size: int = 2**18
    batches: dict[int, list[bytes]] = field(default_factory=dict)
    offset: int = 0
    records: list[bytes] = field(default_factory=list)
    made: list["Client"] = field(default_factory=list)

    def make(self, _: str) -> Any:
        self.made.append(Client(self))
        return self.made[-1]


class Client:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.client = self
        self.stopped = False
        self.hanging: list[asyncio.Future[Written]] = []
        self._message_accumulator = self

    async def start(self) -> None:
        await self.fetch_all_metadata()

    async def stop(self) -> None:
        assert all(future.done() for future in self.hanging), "stopping would wait for ever"
        self.stopped = True

    async def flush(self) -> None:
        await asyncio.gather(*self.hanging, return_exceptions=True)

    def fail_all(self, error: Exception) -> None:
        for future in self.hanging:
            future.cancel()

    async def fetch_all_metadata(self) -> None:
        if not self.cluster.there:
            raise KafkaConnectionError("away")

    async def partitions_for(self, _: str) -> set[int]:
        return {0, 1, 2}

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(self.cluster.batch_size, 0)

    async def send_batch(self, batch: BatchBuilder, _: str, partition: int) -> "asyncio.Future[Written]":
        if self.cluster.full:
            await asyncio.sleep(self.cluster.patience)
            raise KafkaTimeoutError
        future: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        if self.cluster.hangs:
            self.hanging.append(future)
            return future
        log = self.cluster.batches.setdefault(partition, [])
        future.set_result(Written(partition, len(log)))
        memory = MemoryRecords(bytes(batch._build()))
        while memory.has_next():
            log.extend(record.value for record in memory.next_batch())
        return future

    async def send(self, _: str, value: bytes, key: bytes) -> "asyncio.Future[Written]":
        future: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        if self.cluster.fails is not None:
            future.set_exception(self.cluster.fails)
        elif self.cluster.hangs:
            self.hanging.append(future)
        else:
            self.cluster.records.append(value)
            future.set_result(Written(0, self.cluster.offset))
            self.cluster.offset += 1
        return future


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("DELIVERY_MS", 50),
        ("_PROBE_SECONDS", 0.02),
        ("_RETRY_SECONDS", 0.01),
        ("_FLUSH_SECONDS", 0.05),
    ):
        monkeypatch.setattr(module, name, value)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(2):
        while not true():
            await asyncio.sleep(0.005)


async def write(publisher: Publisher, value: bytes = b"v") -> Position:
    return await (await publisher.enqueue("t", b"k", value))


def test_a_record_has_a_position_once_it_is_acknowledged() -> None:
    async def story() -> None:
        cluster = Cluster()
        publisher = Publisher("", cluster.make)
        await publisher.start()
        queued = [await publisher.enqueue("t", b"k", value) for value in (b"a", b"b", b"c")]
        assert await asyncio.gather(*queued) == [(0, 0), (0, 1), (0, 2)]
        assert cluster.records == [b"a", b"b", b"c"]
        await publisher.stop()
        assert cluster.made[0].stopped

    asyncio.run(story())


def test_a_broker_that_comes_later_is_found() -> None:
    async def story() -> None:
        cluster = Cluster(there=False)
        publisher = Publisher("", cluster.make)
        await publisher.start()
        assert not publisher.reachable
        with pytest.raises(Unavailable):
            await publisher.enqueue("t", b"k", b"v")
        assert all(client.stopped for client in cluster.made)
        cluster.there = True
        await until(lambda: publisher.reachable)
        assert await write(publisher) == (0, 0)
        await publisher.stop()

    asyncio.run(story())


def test_a_broker_that_goes_is_noticed_without_any_record_and_found_again() -> None:
    async def story() -> None:
        cluster = Cluster()
        publisher = Publisher("", cluster.make)
        await publisher.start()
        cluster.there = False
        await until(lambda: not publisher.reachable)
        cluster.there = True
        await until(lambda: publisher.reachable)
        assert len(cluster.made) == 1
        await publisher.stop()

    asyncio.run(story())


def test_with_the_broker_known_to_be_away_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record is refused before it is queued: the client would hold it for as long as a delivery may take."""

    async def story() -> None:
        cluster = Cluster()
        publisher = Publisher("", cluster.make)
        await publisher.start()
        cluster.there = False
        await until(lambda: not publisher.reachable)
        monkeypatch.setattr(module, "DELIVERY_MS", 60_000)
        cluster.hangs = True
        async with asyncio.timeout(1):
            with pytest.raises(Unavailable):
                await write(publisher)
        assert cluster.made[0].hanging == []
        cluster.there, cluster.hangs = True, False
        await until(lambda: publisher.reachable)
        assert await write(publisher) == (0, 0)
        await publisher.stop()

    asyncio.run(story())


def test_one_record_that_fails_does_not_stop_the_others() -> None:
    async def story() -> None:
        cluster = Cluster(fails=KafkaTimeoutError())
        publisher = Publisher("", cluster.make)
        await publisher.start()
        with pytest.raises(Unavailable):
            await write(publisher)
        cluster.fails = None
        assert not publisher.reachable
        assert await write(publisher) == (0, 0), "the broker is suspected only"
        await publisher.stop()

    asyncio.run(story())


def test_an_acknowledgement_that_does_not_come_in_time_is_unavailable() -> None:
    async def story() -> None:
        cluster = Cluster(hangs=True)
        publisher = Publisher("", cluster.make)
        await publisher.start()
        with pytest.raises(Unavailable):
            await write(publisher)
        await publisher.stop()
        assert cluster.made[0].stopped

    asyncio.run(story())


def test_an_error_that_may_pass_keeps_the_producer() -> None:
    async def story() -> None:
        cluster = Cluster(fails=KafkaTimeoutError())
        publisher = Publisher("", cluster.make)
        await publisher.start()
        with pytest.raises(Unavailable):
            await write(publisher)
        cluster.fails = None
        await until(lambda: publisher.reachable)
        assert await write(publisher) == (0, 0)
        assert len(cluster.made) == 1
        await publisher.stop()

    asyncio.run(story())


def test_a_producer_that_can_never_write_again_is_replaced() -> None:
    async def story() -> None:
        cluster = Cluster(fails=OutOfOrderSequenceNumber())
        publisher = Publisher("", cluster.make)
        await publisher.start()
        with pytest.raises(Unavailable):
            await write(publisher)
        with pytest.raises(Unavailable):
            await publisher.enqueue("t", b"k", b"not while it is being replaced")
        cluster.fails = None
        await until(lambda: publisher.reachable)
        assert await write(publisher) == (0, 0)
        assert [client.stopped for client in cluster.made] == [True, False]
        await publisher.stop()

    asyncio.run(story())


def test_a_record_known_to_the_broker_but_not_where_is_not_acknowledged() -> None:
    async def story() -> None:
        cluster = Cluster(offset=-1)
        publisher = Publisher("", cluster.make)
        await publisher.start()
        with pytest.raises(Unavailable):
            await write(publisher)
        await publisher.stop()

    asyncio.run(story())


# Many at once

RECORDS = [(f"{n % 7:05}@2021-01-01".encode(), b"value %d" % n) for n in range(500)]


@pytest.mark.parametrize("batch_size", [2**18, 300, 1])
def test_many_records_stand_where_the_answers_say_in_the_partition_of_their_key(batch_size: int) -> None:
    async def story() -> None:
        cluster = Cluster(batch_size=batch_size)
        publisher = Publisher("", cluster.make)
        await publisher.start()
        answers = await publisher.write_all("t", RECORDS)
        places = [answer for answer in answers if isinstance(answer, Position)]
        assert len(set(places)) == len(RECORDS) == sum(map(len, cluster.batches.values()))
        for (key, value), place in zip(RECORDS, places, strict=True):
            assert cluster.batches[place.partition][place.position] == value
            assert place.partition == DefaultPartitioner()(key, [0, 1, 2], [])
        for partition in cluster.batches:
            positions = [place.position for place in places if place.partition == partition]
            assert positions == sorted(positions)
        await publisher.stop()

    asyncio.run(story())


def test_many_records_that_are_not_acknowledged_in_time_are_each_unavailable() -> None:
    async def story() -> None:
        for cluster in (Cluster(hangs=True), Cluster(full=True)):
            publisher = Publisher("", cluster.make)
            await publisher.start()
            answers = await publisher.write_all("t", RECORDS)
            assert len(answers) == len(RECORDS) and all(isinstance(answer, Unavailable) for answer in answers)
            await publisher.stop()

    asyncio.run(story())


# Bounded


def test_what_is_beyond_the_limit_in_flight_is_refused_at_once_and_not_queued() -> None:
    async def story() -> None:
        cluster = Cluster(hangs=True)
        publisher = Publisher("", cluster.make, max_in_flight=10)
        await publisher.start()
        waiting = await publisher.enqueue("t", b"k", b"nine byte")
        with pytest.raises(Unavailable) as refused:
            await publisher.enqueue("t", b"k", b"")
        assert "more slowly" in refused.value.problems[0].en
        assert [type(answer) for answer in await publisher.write_all("t", [(b"k", b"v")])] == [Unavailable]
        assert len(cluster.made[0].hanging) == 1
        cluster.made[0].hanging[0].set_result(Written(0, 0))
        assert await waiting == (0, 0)
        cluster.hangs = False
        await asyncio.sleep(0)
        assert await write(publisher) == (0, 0), "there is room again"
        assert [type(answer) for answer in await publisher.write_all("t", [(b"k", b"v")])] == [Position]
        await publisher.stop()

    asyncio.run(story())


@pytest.mark.parametrize("many", [False, True])
def test_a_record_counts_until_the_broker_has_it_though_its_sender_has_given_up(many: bool) -> None:
    async def story() -> None:
        cluster = Cluster(hangs=True)
        publisher = Publisher("", cluster.make, max_in_flight=2)
        await publisher.start()
        if many:
            assert isinstance((await publisher.write_all("t", [(b"k", b"v")]))[0], Unavailable)
        else:
            with pytest.raises(Unavailable):
                await write(publisher)
        await until(lambda: publisher.reachable)
        with pytest.raises(Unavailable, match="more slowly"):
            await publisher.enqueue("t", b"k", b"v")
        cluster.made[0].hanging[0].set_result(Written(0, 0))
        cluster.hangs = False
        await asyncio.sleep(0)
        assert await write(publisher) == (0, 0)
        await publisher.stop()

    asyncio.run(story())


@pytest.mark.parametrize("turns", range(4))
def test_who_gives_up_before_anything_is_queued_leaves_the_room(turns: int) -> None:
    async def story() -> None:
        cluster = Cluster(full=True, patience=60, hangs=True)
        size = sum(len(key) + len(value) for key, value in RECORDS)
        publisher = Publisher("", cluster.make, max_in_flight=1 + size)
        await publisher.start()
        waiting = await publisher.enqueue("t", b"k", b"")
        writing = asyncio.create_task(publisher.write_all("t", RECORDS))
        for _ in range(turns):
            await asyncio.sleep(0)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        cluster.full = cluster.hangs = False
        answers = await publisher.write_all("t", RECORDS)
        assert {type(answer) for answer in answers} == {Position}, "there is room for all of them again"
        cluster.made[0].hanging[0].set_result(Written(0, 0))
        assert await waiting == (0, 0)
        await publisher.stop()

    asyncio.run(story())


def test_a_batch_that_was_not_queued_leaves_its_room() -> None:
    async def story() -> None:
        cluster = Cluster(full=True)
        publisher = Publisher("", cluster.make, max_in_flight=2)
        await publisher.start()
        for _ in range(3):
            (answer,) = await publisher.write_all("t", [(b"k", b"v")])
            assert isinstance(answer, Unavailable)
        cluster.full = False
        assert await publisher.write_all("t", [(b"k", b"v")]) == [(2, 0)]
        await publisher.stop()

    asyncio.run(story())
