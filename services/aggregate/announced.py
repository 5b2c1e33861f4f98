"""What was announced on `changes`, remembered for good: each transition and each reminder goes out exactly once.

`changes` forgets after a week, so what was said last stands on the compacted topic `states`, too. No other place would
do: the figures' database is made anew by a rebuild, and the topic of the announcements is where their order is. Two
topics can't be written at once, so a batch goes like this:

    note on `states` where `changes` ends  →  announce  →  remember each on `states`  →  take the note off

Whoever takes over finds the note if the one before died in between, reads `changes` from there, and knows what had been
announced. The worker that holds partition 0 announces, and hands it over only between two batches
(`FoldWorker.tenure`). One that is cut off from the broker's group but not from its topics could still say something
twice; no two workers ever judge differently.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing

import msgspec
from aiokafka import AIOKafkaProducer, TopicPartition

from chitieu.adapters.changes import ChangesReader, Missed
from chitieu.adapters.kafka import consumer, publish, read_to_end
from chitieu.adapters.log import logger
from chitieu.contracts.events import Announcement, Remembered, Reminder, Transition, decode_remembered, encode
from chitieu.contracts.topics import CHANGES, STATES

log = logger(__name__)

# Acknowledged together before the next.
_AT_ONCE = 500

Key = tuple[str, ...]


def transition_key(plan: str, target: str, area: str, period: str) -> Key:
    return "state", plan, target, area, period


def reminder_key(plan: str, duty: str, period: str, when: str) -> Key:
    return "reminder", plan, duty, period, when


def key_of(said: Transition | Reminder) -> Key:
    """What an announcement is about: of each key, the last one counts."""
    if isinstance(said, Transition):
        return transition_key(said.plan, said.target, said.area, said.period)
    return reminder_key(said.plan, said.duty, said.period, said.when)


class Announced:
    """Of one generation. `said`: by key the state that was announced last ("" for a reminder).

    `loaded`: that is so, and may be added to.
    """

    def __init__(self, bootstrap: str, producer: AIOKafkaProducer, changes: ChangesReader, generation: int) -> None:
        self._bootstrap = bootstrap
        self._producer = producer
        self._changes = changes
        self._generation = generation
        self.said: dict[Key, str] = {}
        self.loaded = False
        self._under_way: int | None = None  # where `changes` ended when a batch began that nobody finished

    def forget(self) -> None:
        """Somebody else may announce from now on."""
        self.said, self.loaded = {}, False

    async def read(self) -> None:
        """Read what is remembered; whoever holds the tenure `mend`s it then."""
        self.forget()
        self.said, self._under_way = await self._remembered()

    async def mend(self) -> None:
        """Remember what was announced by whom died while doing it."""
        if self._under_way is not None:
            await self._remember(await self._announced(self._under_way))
            await self._note(None)
        self.loaded = True

    async def announce(self, batch: Sequence[Transition | Reminder]) -> None:
        """Say it, and remember that it was said. Raises Unavailable: then it may have been, and is read again."""
        self.loaded = False
        for first in range(0, len(batch), _AT_ONCE):
            some = batch[first : first + _AT_ONCE]
            await self._note(await self._changes.end())
            await self._publish((CHANGES, None, encode(one)) for one in some)
            await self._remember(some)
        await self._note(None)
        self.loaded = True

    async def _remember(self, some: Sequence[Transition | Reminder]) -> None:
        states = {key_of(one): one.after if isinstance(one, Transition) else "" for one in some}
        await self._publish((STATES, self._written(key), encode(Remembered(state))) for key, state in states.items())
        self.said.update(states)

    async def _note(self, since: int | None) -> None:
        await self._publish([(STATES, self._written(()), encode(Remembered(since=since)))])

    async def _publish(self, records: Iterable[tuple[str, bytes | None, bytes]]) -> None:
        """All of it, in order, or the first failure, once nothing is under way any more."""
        sending = [publish(self._producer, topic, value, key=key, partition=0) for topic, key, value in records]
        for outcome in await asyncio.gather(*sending, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _remembered(self) -> tuple[dict[Key, str], int | None]:
        said: dict[Key, str] = {}
        since: int | None = None
        async with aclosing(self._states()) as states:
            async for written, value in states:
                generation, *key = msgspec.json.decode(written)
                remembered = decode_remembered(value)
                if generation == self._generation and key:
                    said[tuple(key)] = remembered.state
                elif generation == self._generation:
                    since = remembered.since
        return said, since

    async def _states(self) -> AsyncGenerator[tuple[bytes, bytes], None]:
        """Keys and values on `states`."""
        reader = consumer(self._bootstrap)
        await reader.start()
        try:
            reader.assign([TopicPartition(STATES, 0)])
            async for record in read_to_end(reader):
                yield record.key or b"[0]", record.value or b"{}"
        finally:
            await reader.stop()

    async def _announced(self, since: int) -> list[Transition | Reminder]:
        """What came to `changes` from an offset on."""
        found: list[Announcement] = []
        try:
            async with aclosing(self._changes.between(since, await self._changes.end())) as again:
                async for _, one in again:
                    found.append(one)
        except Missed:
            log.warning("announcements that were under way are kept no longer: some may be made twice", since=since)
        return [one for one in found if isinstance(one, Transition | Reminder)]

    def _written(self, key: Key) -> bytes:
        return encode((self._generation, *key))
