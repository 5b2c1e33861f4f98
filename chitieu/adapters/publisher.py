"""A producer that stays usable: it connects in the background, knows whether the broker answers, and is replaced when
its own state no longer fits the broker's.

    acknowledged = await publisher.enqueue(topic, key, value)    # in the order of the calls
    position = await acknowledged                                # written by all replicas
    positions = await publisher.write_all(topic, records)        # many at once, far cheaper

No more is under way to the broker than a limit allows: beyond it a record is refused at once and never queued.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError
from aiokafka.structs import RecordMetadata

from chitieu.adapters.kafka import DELIVERY_MS, Batch, Record, batches, producer
from chitieu.adapters.log import logger
from chitieu.domain.catalogue import Label
from chitieu.domain.errors import Problem, Unavailable

log = logger(__name__)

_PROBE_SECONDS = 2.0
_RETRY_SECONDS = 0.5
_FLUSH_SECONDS = 5.0


class Position(NamedTuple):
    """Where a message stands in the log."""

    partition: int
    position: int


_FULL = Label("nhật ký nhận chậm hơn lượng báo cáo gửi đến", "the log takes reports more slowly than they come")


def _away(detail: str | Label = "Kafka") -> Unavailable:
    return Unavailable(Problem("unavailable", "", {"detail": detail}))


async def _within(seconds: float, queued: "asyncio.Future[RecordMetadata]") -> RecordMetadata:
    """The result, or TimeoutError: the future stays in the client's hands, and counts as such, though nobody waits.

    As `wait_for` with `shield` would, but with nothing to cancel: this is done for every report that comes by itself.
    """
    loop = asyncio.get_running_loop()
    over = loop.create_future()

    def wake(*_: object) -> None:
        if not over.done():
            over.set_result(None)

    queued.add_done_callback(wake)
    timer = loop.call_later(seconds, wake)
    try:
        await over
    finally:
        timer.cancel()
        queued.remove_done_callback(wake)
    if not queued.done():
        raise TimeoutError
    return queued.result()


class Publisher:
    """`reachable` says whether the broker answered when last asked, and nothing has failed since.

    `max_in_flight` bounds the bytes of keys and values that the broker has not acknowledged yet.
    """

    def __init__(
        self, bootstrap: str, make: Callable[[str], AIOKafkaProducer] = producer, max_in_flight: int = 2**24
    ) -> None:
        self._bootstrap = bootstrap
        self._make = make
        self._max_in_flight = max_in_flight
        self._in_flight = 0
        self._producer: AIOKafkaProducer | None = None
        self._unfit = False
        # Known, not suspected: a record that failed may say nothing about the next.
        self._away = True
        self._task: asyncio.Task[None] | None = None
        self._look_again = asyncio.Event()
        self._logged: bool | None = None
        self.reachable = False

    async def start(self) -> None:
        """Connect if the broker is there, else keep trying in the background."""
        await self._look()
        self._task = asyncio.create_task(self._watch(), name="publisher")

    async def stop(self) -> None:
        """Waits a few seconds for what is under way; what was not acknowledged by then may or may not be written."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self.reachable = False
        await self._drop()

    async def enqueue(self, topic: str, key: bytes, value: bytes) -> Awaitable[Position]:
        """Queue a record behind those queued before; await the result for the broker's acknowledgement.

        Both raise Unavailable if it takes longer than a delivery may, this one at once while the broker is known to be
        away or too much is under way. After the second the record may still be written: the sender must send the same
        again.
        """
        size = len(key) + len(value)
        to = self._admit(size)
        try:
            queued = await to.send(topic, value, key=key)  # gives up by itself
        except BaseException as error:
            self._in_flight -= size
            if isinstance(error, KafkaError):
                raise self._failed(error) from error
            raise
        self._count_until_done(queued, size)
        return self._acknowledged(queued)

    async def write_all(self, topic: str, records: Sequence[Record]) -> list[Position | Unavailable]:
        """Write records in their order behind those queued before; an answer for each once all are acknowledged.

        Unavailable as for `enqueue`, for all of them if it is at once. What comes behind a record of the same key that
        was not queued is not queued either.
        """
        not_queued = sum(len(key) + len(value) for key, value in records)
        try:
            to = self._admit(not_queued)
        except Unavailable as refused:
            return [refused] * len(records)
        answers: list[Position | Unavailable] = [_away()] * len(records)
        made: dict[int, list[Batch]] = {}
        try:
            made = batches(to, sorted(await to.partitions_for(topic)), records)
            await asyncio.gather(*(self._write(to, topic, p, of_one, answers) for p, of_one in made.items()))
        except KafkaError as error:
            return [self._failed(error)] * len(records)
        finally:
            # Here, not where each is queued: whoever is cancelled before it begins leaves nothing behind.
            self._in_flight -= not_queued - sum(one.size for of_one in made.values() for one in of_one if one.queued)
        return answers

    async def _write(
        self,
        to: AIOKafkaProducer,
        topic: str,
        partition: int,
        made: Sequence[Batch],
        answers: list[Position | Unavailable],
    ) -> None:
        """One partition's batches, in their order."""
        sent: list[asyncio.Future[RecordMetadata]] = []
        try:
            for batch in made:
                sent.append(await to.send_batch(batch.builder, topic, partition=partition))
                batch.queued = True
                self._count_until_done(sent[-1], batch.size)
        except KafkaError as error:
            self._failed(error)
        for batch, one in zip(made, sent, strict=False):
            try:
                first = await self._acknowledged(one)
            except Unavailable as refused:
                for at in batch.members:
                    answers[at] = refused
            else:
                for offset, at in enumerate(batch.members, first.position):
                    answers[at] = Position(partition, offset)

    def _admit(self, size: int) -> AIOKafkaProducer:
        """Raises Unavailable at once, and then nothing was queued; else `size` bytes more are in flight."""
        if self._producer is None or self._unfit or self._away:
            raise _away()
        # With nothing under way anything is taken: what is larger than the limit could else never be sent.
        if self._in_flight and self._in_flight + size > self._max_in_flight:
            raise _away(_FULL)
        self._in_flight += size
        return self._producer

    def _count_until_done(self, queued: "asyncio.Future[RecordMetadata]", size: int) -> None:
        """The client holds a record until the broker has it, however long ago its sender has given up."""

        def done(future: "asyncio.Future[RecordMetadata]") -> None:
            self._in_flight -= size
            if not future.cancelled():
                future.exception()  # whoever waited for it may be gone

        queued.add_done_callback(done)

    async def _acknowledged(self, queued: "asyncio.Future[RecordMetadata]") -> Position:
        try:
            written = await _within(DELIVERY_MS / 1000, queued)
        except (KafkaError, TimeoutError) as error:
            raise self._failed(error) from error
        if written.offset < 0:
            # The broker had the record already and forgot where: sent again, it is a duplicate with a place.
            raise self._failed(None)
        return Position(written.partition, written.offset)

    def _failed(self, error: Exception | None) -> Unavailable:
        # A sequence number out of order, an unknown producer id …: this producer will never write again.
        if isinstance(error, KafkaError) and not error.retriable and not isinstance(error, KafkaTimeoutError):
            self._unfit = True
        self.reachable = False
        self._look_again.set()
        return _away()

    async def _watch(self) -> None:
        while True:
            if self._away:
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_PROBE_SECONDS):
                        await self._look_again.wait()
            self._look_again.clear()
            await self._look()

    async def _look(self) -> None:
        """Never raises: whatever it is, the next look may find it gone."""
        try:
            if self._unfit:
                # The next one begins only when this one can write no more: so messages keep their order.
                await self._drop()
            async with asyncio.timeout(DELIVERY_MS / 1000):
                await self._connected()
        except Exception as error:
            self.reachable, self._away = False, True
            if self._logged is not False:
                log.warning("broker away", error=repr(error))
        else:
            self.reachable, self._away = True, False
            if self._logged is not True:
                log.info("broker reachable")
        self._logged = self.reachable

    async def _connected(self) -> None:
        """Raises unless the broker answers now."""
        if self._producer is not None:
            await self._producer.client.fetch_all_metadata()
            return
        fresh = self._make(self._bootstrap)
        try:
            await fresh.start()
        except BaseException:
            await fresh.stop()
            raise
        self._producer, self._unfit = fresh, False

    async def _drop(self) -> None:
        old, self._producer = self._producer, None
        if old is None:
            return
        try:
            async with asyncio.timeout(_FLUSH_SECONDS):
                await old.flush()
        except TimeoutError:
            log.warning("records without acknowledgement were given up")
            # An idempotent producer of aiokafka never gives up a record: without this, `stop` would wait for ever.
            old._message_accumulator.fail_all(KafkaError("given up"))
        await old.stop()
