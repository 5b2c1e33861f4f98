"""The topic `tasks`, followed live: read to the end, then for ever.

tasks = TasksReader(bootstrap)
await tasks.start()
tasks.log.revisions(plan, task)
decided = await tasks.wait_for(position, timeout=10)     # what became of a message of one's own
"""

import asyncio
import contextlib
from collections import OrderedDict

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord

from chitieu.adapters.clock import appended_at
from chitieu.adapters.kafka import consumer, read_to_end
from chitieu.adapters.log import logger
from chitieu.contracts.tasks import decode_task
from chitieu.contracts.topics import TASKS
from chitieu.domain.rollup import Decided
from chitieu.domain.task import TaskLog

log = logger(__name__)

_RETRY_SECONDS = 2.0
# An outcome may be there before its sender asks for it: between the acknowledgement and `wait_for`.
_REMEMBERED = 10_000
_PARTITION = TopicPartition(TASKS, 0)


class TasksReader:
    """`ready` once read to the end; `position` is read next: all below it is in `log`."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._consumer: AIOKafkaConsumer | None = None
        self._following: asyncio.Task[None] | None = None
        self._moved = asyncio.Condition()
        self._decided: OrderedDict[int, Decided] = OrderedDict()
        self._known_at = appended_at(0)
        self.log = TaskLog()
        self.position = 0
        self.ready = False

    async def start(self) -> None:
        """Read to the end as of now, then follow in the background."""
        self._consumer = consumer(self._bootstrap)
        await self._consumer.start()
        # Assigned, not subscribed to: a topic that is not there is an error, never an empty one.
        self._consumer.assign([_PARTITION])
        self._consumer.seek(_PARTITION, self.position)
        async for record in read_to_end(self._consumer):
            self._read(record)
        self.ready = True
        self._following = asyncio.create_task(self._follow(), name="tasks")

    async def start_when_possible(self) -> None:
        """Start as soon as the broker lets us; until then the caller is not ready."""
        while not self.ready:
            try:
                await self.start()
            except Exception as error:
                log.warning("tasks not read yet, trying again", error=repr(error))
                await self.stop()
                await asyncio.sleep(_RETRY_SECONDS)

    async def stop(self) -> None:
        if self._following is not None:
            self._following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._following
        if self._consumer is not None:
            await self._consumer.stop()

    async def wait_for(self, partition: int, position: int, timeout: float) -> Decided | None:
        """What became of a message; None if it was read and could not be understood. TimeoutError after `timeout`."""
        async with asyncio.timeout(timeout), self._moved:
            await self._moved.wait_for(lambda: self.position > position)
        return self._decided.get(position)

    async def _follow(self) -> None:
        assert self._consumer is not None
        while True:
            try:
                async for record in self._consumer:
                    self._read(record)
                    async with self._moved:
                        self._moved.notify_all()
            except KafkaError as error:
                log.warning("tasks not followed, trying again", error=repr(error))
                await asyncio.sleep(_RETRY_SECONDS)

    def _read(self, record: ConsumerRecord) -> None:
        """A record that can't be understood is passed over, at the start as later: the others still count."""
        # Brokers may disagree about the time by a little; what was known at a moment must not change for that.
        self._known_at = max(self._known_at, appended_at(record.timestamp))
        try:
            self._decided[record.offset] = self.log.apply(decode_task(record.value or b"").report, self._known_at)
        except ValueError:
            log.exception("a task's report not understood", offset=record.offset)
        self.position = record.offset + 1
        while len(self._decided) > _REMEMBERED:
            self._decided.popitem(last=False)
