"""Bringing a flush into ClickHouse and telling the world: one at a time, while the next batch is already folded."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from msgspec.structs import replace

from chitieu.adapters.clickhouse.store import Store
from chitieu.adapters.kafka import publish
from chitieu.adapters.log import logger
from chitieu.adapters.metrics import Metrics
from chitieu.contracts import topics
from chitieu.contracts.events import Change, Changed, encode
from services.aggregate import queries
from services.aggregate.partitions import Flush

log = logger(__name__)

RETRY_SECONDS = 0.5
# The broker takes messages of up to a megabyte, and a unit's id some twenty bytes.
AREAS_OF_A_CHANGE = 10_000
_MOST_BYTES = 900_000


class Abandoned(Exception):
    """A flush was given up because its partitions are taken away; whoever gets them decides the same again."""


class Landing:
    """At most one flush on its way. It is written until it is written: the rows bear being written twice.

    `on_retry` is asked after every failure, and answers whether to try again.
    """

    def __init__(
        self,
        generation: int,
        store: Store,
        producer: AIOKafkaProducer,
        metrics: Metrics,
        on_retry: Callable[[], bool],
    ) -> None:
        self._generation = generation
        self._store = store
        self._producer = producer
        self._metrics = metrics
        self._on_retry = on_retry
        self._flying: asyncio.Task[Flush] | None = None

    @property
    def flying(self) -> bool:
        """A flush is on its way, or its outcome was not settled yet."""
        return self._flying is not None

    @property
    def landed(self) -> bool:
        """There is an outcome to `settle`."""
        return self._flying is not None and self._flying.done()

    def take_off(self, flush: Flush) -> None:
        """Begin with a flush; the one before must be settled."""
        assert self._flying is None
        self._flying = asyncio.create_task(self._land(flush), name="flush")

    async def settle(self) -> Flush | None:
        """Wait for the flush on its way, if there is one; raises Abandoned if it was given up."""
        flying, self._flying = self._flying, None
        return None if flying is None else await flying

    async def within(self, seconds: float) -> None:
        """Wait for so long, or until the flush on its way has landed."""
        if self._flying is None or not seconds:
            await asyncio.sleep(seconds)
        else:
            await asyncio.wait([self._flying], timeout=seconds)

    async def clear(self) -> None:
        """Wait until nothing is on its way, whatever becomes of it."""
        with contextlib.suppress(Exception):
            await self.settle()

    async def say(self, partition: int, position: int, **what: Any) -> None:
        """Tell the world how far a partition's figures are, and what changed."""
        change = Change(self._generation, partition, position, time.time(), **what)
        await publish(self._producer, topics.CHANGES, fitting(change), partition=0)

    async def _land(self, flush: Flush) -> Flush:
        await self._write(flush)
        for decision, count in flush.decisions.items():
            self._metrics.count("chitieu_decisions_total", count, decision=decision.word)
        for reason, count in flush.dead.items():
            self._metrics.count("chitieu_dead_letters_total", count, reason=reason)
        self._metrics.count("chitieu_canaries_total", flush.canaries)
        self._metrics.count("chitieu_messages_read_total", flush.messages)
        # Together: one after the other, a round trip to the broker for each partition would hold up the next flush.
        await asyncio.gather(*(self._announce(flush, one) for one in flush.positions))
        return flush

    async def _announce(self, flush: Flush, partition: int) -> None:
        # One after the other: whoever hears the last of them has heard them all.
        for what in announcements(flush, partition):
            await self.say(partition, flush.positions[partition], **what)

    async def _write(self, flush: Flush) -> None:
        started = time.perf_counter()
        while True:
            try:
                await self._store.run(lambda client: _insert(client, flush))
                break
            except Exception as error:
                self._metrics.count("chitieu_flush_failures_total")
                log.warning("flush failed; trying again", rows=flush.rollup.num_rows, error=str(error)[:500])
                if not self._on_retry():
                    raise Abandoned("flush given up: its partitions are taken away") from error
                await asyncio.sleep(RETRY_SECONDS)
        self._metrics.observe("chitieu_flush_seconds", time.perf_counter() - started)
        self._metrics.observe("chitieu_flush_rows", flush.rollup.num_rows)


def fitting(change: Change) -> bytes:
    """As the broker takes it: only what moved can be too much, and whoever holds totals reads them again then."""
    whole = encode(change)
    return whole if len(whole) <= _MOST_BYTES else encode(replace(change, reports=None))


def announcements(flush: Flush, partition: int) -> Iterator[dict[str, Any]]:
    """What is said of a partition's flush, in this order: members of a `Change`."""
    *before, changed = pieces(flush.changed.get(partition, []), AREAS_OF_A_CHANGE)
    for some in before:
        yield {"changed": some, "more": True}
    *before, revised = pieces(flush.revised.get(partition, []), AREAS_OF_A_CHANGE)
    for some in before:
        yield {"revised": some, "more": True}
    yield {
        "changed": changed,
        "revised": revised,
        "told": flush.told.get(partition, []),
        "since": flush.begins[partition],
        "known_ms": flush.newest[partition],
        "reports": None if flush.reports is None else flush.reports.get(partition, []),
    }


def pieces(changed: Sequence[Changed], areas: int) -> Iterator[list[Changed]]:
    """What changed, at most so many areas at a time; one piece at least, even if nothing did."""
    piece: list[Changed] = []
    room = areas
    for form, period, named in changed:
        for first in range(0, len(named), areas):
            some = named[first : first + areas]
            if len(some) > room:
                yield piece
                piece, room = [], areas
            piece.append((form, period, some))
            room -= len(some)
    yield piece


def _insert(client: Any, flush: Flush) -> None:
    queries.insert_submissions(client, flush.submissions)
    queries.insert_rollup(client, flush.rollup)
