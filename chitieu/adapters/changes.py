"""Followers of the `changes` topic: what became of a message, once the figures show it.

changes = ChangesReader(bootstrap, generation)
await changes.start()                                    # before the message is published: it listens from now on
decided = await changes.wait_for(partition, position, timeout=10)
"""

import asyncio
import contextlib
from collections import OrderedDict, defaultdict

from aiokafka import AIOKafkaConsumer, TopicPartition

from chitieu.adapters.kafka import consumer
from chitieu.adapters.log import logger
from chitieu.contracts.events import Change, decode_change
from chitieu.contracts.topics import CHANGES
from chitieu.domain.rollup import Decided, Decision

log = logger(__name__)

# An outcome may be told before its sender asks for it: between the acknowledgement and `wait_for`.
_REMEMBERED = 10_000
_START_SECONDS = 10.0
_RETRY_SECONDS = 1.0

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


class ChangesReader:
    """Follows the topic without a group, from its end at `start`, for as long as it takes; errors are tried again."""

    def __init__(self, bootstrap: str, generation: int) -> None:
        self._bootstrap = bootstrap
        self._outcomes = Outcomes(generation)
        self._following = asyncio.Event()
        self._next: int | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def following(self) -> bool:
        return self._following.is_set()

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

    async def _run(self) -> None:
        while True:
            reader = consumer(self._bootstrap, auto_offset_reset="latest")
            try:
                await self._follow(reader)
            except Exception:
                log.warning("changes: not following, trying again", exc_info=True)
            finally:
                self._following.clear()
                await reader.stop()
            await asyncio.sleep(_RETRY_SECONDS)

    async def _follow(self, reader: AIOKafkaConsumer) -> None:
        at = TopicPartition(CHANGES, 0)
        await reader.start()
        reader.assign([at])
        if self._next is None:
            # Left to itself, the consumer would look for the end at its first fetch: what came before would be missed.
            self._next = (await reader.end_offsets([at]))[at]
        reader.seek(at, self._next)
        self._following.set()
        async for record in reader:
            self._next = record.offset + 1
            try:
                self._outcomes.hear(decode_change(record.value or b""))
            except ValueError:
                log.exception("a change not understood", offset=record.offset)
