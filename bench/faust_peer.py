"""The peer: the same roll-up as Faust's tutorial would have it, one agent over the topic and tables for what it knows.

A table's value is a whole row of fields, which is its fastest way: with a cell of a table for each value it is ten to
twenty times slower. It takes no decisions and keeps no history; its tables live in memory, their changelogs in Kafka.
"""

import asyncio
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import faust
import msgspec

from bench.process import Channel, Usage
from bench.stack import PARTITIONS, fill
from chitieu.adapters import kafka
from chitieu.contracts.events import Event
from chitieu.contracts.topics import Topic

_LOOK_SECONDS = 0.005


class Report(faust.Record, serializer="json"):
    period: str
    unit: str
    path: list[str]
    values: list[int]


async def peer(
    channel: Channel, bootstrap: str, directory: Path, events: Sequence[Event], fields: int
) -> dict[tuple[str, str], list[int]]:
    """Says its usage at the first message and after the last one; the result is the sums of each period and area."""
    name = f"bench-peer-{uuid.uuid4().hex[:8]}"
    await kafka.create_topics(bootstrap, [Topic(name, PARTITIONS, {})], 1)
    app = faust.App(
        name,
        broker=f"kafka://{bootstrap}",
        datadir=directory,
        store="memory://",
        topic_partitions=PARTITIONS,
        topic_replication_factor=1,
        web_enabled=False,
    )
    sums, done = _roll_up(app, name, channel, len(events), fields)
    app.finalize()
    app.client_only = False
    await app.start()
    try:
        # Not before its tables are ready: what an agent fails at meanwhile is acknowledged and lost.
        await app.tables.wait_until_recovery_completed()
        await fill(bootstrap, name, [(event.unit.encode(), _json(event)) for event in events])
        await done.wait()
    finally:
        await app.stop()
        cast(Any, app.consumer)._thread.thread_loop.close()
    return {(period, area): list(row) for key, row in sums.items() for period, area in [key.split("|")]}


def _roll_up(app: faust.App, topic: str, channel: Channel, count: int, fields: int) -> tuple[Any, asyncio.Event]:
    reports = app.topic(topic, value_type=Report)
    said = app.Table("said", default=lambda: [0] * fields)
    sums = app.Table("sums", default=lambda: [0] * fields)
    done, taken = asyncio.Event(), 0

    @app.agent(reports)
    async def add_up(stream: Any) -> None:
        nonlocal taken
        async for report in stream:
            if not taken:
                channel.say(Usage.now())
            place = f"{report.period}|{report.unit}"
            before = said[place]
            for area in report.path[:-1]:
                at = f"{report.period}|{area}"
                total = zip(sums[at], report.values, before, strict=True)
                sums[at] = [known + now - was for known, now, was in total]
            said[place] = report.values
            taken += 1
            if taken == count:
                channel.say(Usage.now())
                done.set()

    return sums, done


def _json(event: Event) -> bytes:
    report = {"period": event.period, "unit": event.unit, "path": event.path, "values": list(event.values)}
    return msgspec.json.encode(report)
