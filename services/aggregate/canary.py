"""Freshness, measured end to end: a message that counts in no figure, timed until readers could see past it."""

import asyncio
import time

from aiokafka import AIOKafkaProducer

from chitieu.adapters.clickhouse.store import Store
from chitieu.adapters.kafka import publish
from chitieu.adapters.metrics import Metrics
from chitieu.contracts import topics
from chitieu.contracts.events import Event, encode_event
from chitieu.domain.rollup import MessageKind
from services.aggregate.queries import read_progress

_NOTHING = bytes(16)
_POLL_SECONDS = 0.01
_GIVE_UP_SECONDS = 20.0


async def measure(producer: AIOKafkaProducer, store: Store, metrics: Metrics, generation: int, partition: int) -> float:
    """Send one canary to a partition; seconds from the broker's acknowledgement until progress is past it.

    Raises TimeoutError after 20 s: then the metric's timestamp stays old, which is what the alert looks at.
    """
    canary = Event(MessageKind.CANARY, "", 0, "", "", 0, (), _NOTHING, _NOTHING)
    said = await publish(producer, topics.reports(generation), encode_event(canary), partition=partition)
    acknowledged = time.perf_counter()
    async with asyncio.timeout(_GIVE_UP_SECONDS):
        while (await _position(store, partition)) <= said.offset:
            await asyncio.sleep(_POLL_SECONDS)
    seconds = time.perf_counter() - acknowledged
    metrics.observe("chitieu_freshness_seconds", seconds)
    metrics.set("chitieu_freshness_timestamp_seconds", time.time())
    return seconds


async def _position(store: Store, partition: int) -> int:
    stored = (await store.run(read_progress)).get(partition)
    return 0 if stored is None else stored.version
