"""The follower of the `changes` topic: one in a process, for all who want to know what has changed.

changes = ChangesReader(bootstrap, generation)
changes.listen(listener)                                 # hears everything of the generation from now on
await changes.start()                                    # before the message is published: it listens from now on
decided = await changes.wait_for(partition, position, timeout=10)
"""

import asyncio
import contextlib
import time
from collections import OrderedDict, defaultdict
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from chitieu.adapters.kafka import consumer
from chitieu.adapters.log import logger
from chitieu.contracts.events import Announcement, Change, decode_change
from chitieu.contracts.topics import CHANGES
from chitieu.domain.errors import Unavailable
from chitieu.domain.rollup import Decided, Decision

log = logger(__name__)

# An outcome may be told before its sender asks for it: between the acknowledgement and `wait_for`.
_REMEMBERED = 10_000
_START_SECONDS = 10.0
_RETRY_SECONDS = 1.0
# The broker answers a follower at least twice a second, if only that there is nothing new.
_SILENT_SECONDS = 3.0
# Those of some flushes, which come one for each partition.
_ABREAST = 100
# Of those that read again what they missed; each has a connection of its own.
_READ_AGAIN_AT_ONCE = 4
_POLL_MS = 500
_TURN_SECONDS = 0.005

_AT = TopicPartition(CHANGES, 0)

Waiting = asyncio.Future[Decided | None]


class Outcomes:
    """What was told so far about one generation, and who waits for more."""

    def __init__(self, generation: int) -> None:
        self._generation = generation
        self._progress: dict[int, int] = {}
        self._told: OrderedDict[tuple[int, int], Decided] = OrderedDict()
        self._waiting: dict[int, dict[int, list[Waiting]]] = defaultdict(dict)

    def hear(self, change: Change) -> None:
        """Take in one change and wake whoever waited for it."""
        if change.generation != self._generation:
            return
        for position, decision, revision in change.told:
            self._told[change.partition, position] = Decided(Decision(decision), revision)
        if change.more:
            return
        self._progress[change.partition] = max(change.position, self._progress.get(change.partition, 0))
        waiting = self._waiting[change.partition]
        for position in [p for p in waiting if self._settled(change.partition, p)]:
            for one in waiting.pop(position):
                if not one.done():
                    one.set_result(self._told.get((change.partition, position)))
        while len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)

    async def wait_for(self, partition: int, position: int, timeout: float) -> Decided | None:
        """What became of a message that asked to be told; None if readers see past it and nothing was told.

        None happens when the worker that read it gave its partition away. Raises TimeoutError after `timeout` seconds.
        """
        if self._settled(partition, position):
            return self._told.get((partition, position))
        one: Waiting = asyncio.get_running_loop().create_future()
        same = self._waiting[partition].setdefault(position, [])
        same.append(one)
        try:
            async with asyncio.timeout(timeout):
                return await one
        finally:
            # Somebody else may wait for the same position with more patience.
            with contextlib.suppress(ValueError):
                same.remove(one)
            if not same and self._waiting[partition].get(position) is same:
                del self._waiting[partition][position]

    def _settled(self, partition: int, position: int) -> bool:
        return (partition, position) in self._told or position < self._progress.get(partition, 0)


class Listener(Protocol):
    """Who hears of every announcement. Both are called in the event loop, and may not wait."""

    def hear(self, offset: int, said: Announcement) -> None: ...

    def lost(self) -> None:
        """Announcements went by unheard, or `hear` failed: what followed from those before must be read again."""
        ...


class Missed(Exception):
    """The topic has not, or no longer, what was asked for."""


class ChangesReader:
    """Follows the topic without a group, from its end at `start`, for as long as it takes; errors are tried again."""

    def __init__(self, bootstrap: str, generation: int) -> None:
        self._bootstrap = bootstrap
        self._generation = generation
        self._outcomes = Outcomes(generation)
        self._listeners: list[Listener] = []
        self._following = asyncio.Event()
        self._reader: AIOKafkaConsumer | None = None
        self._next: int | None = None
        self._task: asyncio.Task[None] | None = None
        self._reading_again = asyncio.Semaphore(_READ_AGAIN_AT_ONCE)

    @property
    def following(self) -> bool:
        return self._following.is_set()

    @property
    def live(self) -> bool:
        """Is everything heard that the topic had when the broker answered last, a few seconds ago at most?"""
        return self._behind() == 0

    @property
    def abreast(self) -> bool:
        """As `live`, but for a few announcements that came and are told as soon as it is their turn."""
        behind = self._behind()
        return behind is not None and behind <= _ABREAST

    def _behind(self) -> int | None:
        """How many announcements are not told yet; None if nobody can tell."""
        if self._reader is None or self._next is None:
            return None
        answered, end = self._reader.last_poll_timestamp(_AT), self._reader.highwater(_AT)
        recent = answered is not None and time.time() - answered / 1000 < _SILENT_SECONDS
        return max(end - self._next, 0) if recent and end is not None else None

    @property
    def position(self) -> int | None:
        """The offset that is heard next; None before the topic was found."""
        return self._next

    def listen(self, listener: Listener) -> None:
        """Let somebody hear everything from now on, before anybody who waits for an outcome learns of it."""
        self._listeners.append(listener)

    def forget(self, listener: Listener) -> None:
        self._listeners.remove(listener)

    async def start(self) -> None:
        """Listen in the background; returns when it does, or after 10 s if the broker does not answer."""
        self._task = asyncio.create_task(self._run(), name="changes")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_START_SECONDS):
                await self._following.wait()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def wait_for(self, partition: int, position: int, timeout: float) -> Decided | None:
        """See `Outcomes.wait_for`."""
        return await self._outcomes.wait_for(partition, position, timeout)

    async def end(self) -> int:
        """The offset that the next announcement will have. Raises Unavailable while nothing is followed."""
        if self._reader is None:
            raise Unavailable.of("unavailable", detail="Kafka")
        end: int = (await self._reader.end_offsets([_AT]))[_AT]
        return end

    async def between(self, first: int, end: int) -> AsyncGenerator[tuple[int, Announcement], None]:
        """What was announced from one offset up to, and without, another, read again from the topic.

        Raises Missed if it is kept no longer, or the topic does not reach that far.
        """
        async with self._reading_again:
            reader = consumer(self._bootstrap)
            await reader.start()
            try:
                async for record in _records(reader, first, end):
                    said = self._read(record)
                    if said is not None:
                        yield record.offset, said
            finally:
                await reader.stop()

    async def _run(self) -> None:
        while True:
            reader = consumer(self._bootstrap, auto_offset_reset="none")
            try:
                await self._follow(reader)
            except OffsetOutOfRangeError:
                log.warning("changes: what came meanwhile is gone; following from the end")
                self._next = None
                self._lost()
            except Exception:
                log.warning("changes: not following, trying again", exc_info=True)
            finally:
                self._following.clear()
                self._reader = None
                await reader.stop()
            await asyncio.sleep(_RETRY_SECONDS)

    async def _follow(self, reader: AIOKafkaConsumer) -> None:
        await reader.start()
        reader.assign([_AT])
        if self._next is None:
            # Left to itself, the consumer would look for the end at its first fetch: what came before would be missed.
            self._next = (await reader.end_offsets([_AT]))[_AT]
        reader.seek(_AT, self._next)
        self._reader = reader
        self._following.set()
        while True:
            records = (await reader.getmany(_AT, timeout_ms=_POLL_MS)).get(_AT, [])
            began = time.monotonic()
            for record in records:
                self._next = record.offset + 1
                said = self._read(record)
                if said is not None:
                    self._tell(record.offset, said)
                # What came together is told together, as far as others need not wait for it.
                if time.monotonic() - began > _TURN_SECONDS:
                    await asyncio.sleep(0)
                    began = time.monotonic()

    def _tell(self, offset: int, said: Announcement) -> None:
        for listener in self._listeners:
            try:
                listener.hear(offset, said)
            except Exception:
                log.exception("a change not taken in", offset=offset)
                listener.lost()
        if isinstance(said, Change):
            self._outcomes.hear(said)

    def _lost(self) -> None:
        for listener in self._listeners:
            listener.lost()

    def _read(self, record: ConsumerRecord) -> Announcement | None:
        """None for another generation's, and for what can't be understood."""
        try:
            said = decode_change(record.value or b"")
        except ValueError:
            log.exception("a change not understood", offset=record.offset)
            return None
        return said if said.generation == self._generation else None


async def _records(reader: AIOKafkaConsumer, first: int, end: int) -> AsyncIterator[ConsumerRecord]:
    reader.assign([_AT])
    begins, ends = (await reader.beginning_offsets([_AT]))[_AT], (await reader.end_offsets([_AT]))[_AT]
    if not begins <= first <= end <= ends:
        raise Missed
    reader.seek(_AT, first)
    while await reader.position(_AT) < end:
        for record in (await reader.getmany(_AT, timeout_ms=_POLL_MS)).get(_AT, []):
            if record.offset < end:
                yield record
