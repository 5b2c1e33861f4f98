"""Ask 3, the embedded process: how long is its event loop held while the fold catches up?

The whole of `chitieu up` runs as shipped: chDB and the three services in one process, with the broker as its child. A
probe sleeps a millisecond at a time and notes how much later than asked it wakes: so long did somebody else hold the
loop, or the core.
"""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench import load
from bench.figures import Figure, at_most, figure, percentile
from bench.process import Channel, Child
from bench.sizes import Sizes
from bench.stack import SEED, Stack, fill, publish_programme
from chitieu.adapters.clickhouse.reading import Reader
from chitieu.adapters.clickhouse.store import Store, database_name
from chitieu.adapters.embedded.directory import DataDirectory
from chitieu.cli import stack as shipped
from chitieu.contracts import topics
from services.api.queries import Reads

_SLEEP_SECONDS = 0.001
_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Overshoot:
    """Milliseconds by which each sleep of the probe was exceeded."""

    idle: list[float]
    behind: list[float]


async def measure(stack: Stack, sizes: Sizes) -> list[Figure]:
    """On a data directory of its own each time: the broker belongs to the process that is measured."""
    java, classpath = shipped.prepare(print)
    measured = []
    for _ in range(sizes.runs):
        async with stack.place() as place:
            measured.append(await _run(place, java, classpath, sizes))
    behind, idle = [one.behind for one in measured], [one.idle for one in measured]
    return [
        figure("event loop held while catching up: longest", "ms", map(max, behind), at_most(20)),
        figure("event loop held while catching up: p99", "ms", [percentile(one, 99) for one in behind]),
        figure("event loop held while idle: longest", "ms", map(max, idle)),
        figure("event loop held while idle: p99", "ms", [percentile(one, 99) for one in idle]),
    ]


async def _run(place: Path, java: Path, classpath: Sequence[Path], sizes: Sizes) -> Overshoot:
    events = load.Sender(load.Shape(), np.random.default_rng(SEED)).messages(sizes.embedded_messages)
    records = list(load.payloads(events))
    async with Child(shipped_stack, place, java, classpath, len(records), sizes.idle_seconds) as child:
        bootstrap = await child.says()
        await publish_programme(bootstrap)
        # Held, so that it finds the log full when it goes on. The broker is a process of its own and takes it all.
        os.kill(child.pid, signal.SIGSTOP)
        try:
            await fill(bootstrap, topics.reports(shipped.GENERATION), records, shipped.PARTITIONS)
        finally:
            os.kill(child.pid, signal.SIGCONT)
        overshoot: Overshoot = await child.ask(None)
    return overshoot


async def shipped_stack(
    channel: Channel, place: Path, java: Path, classpath: Sequence[Path], messages: int, idle_seconds: float
) -> Overshoot:
    """`chitieu up`, probed while nothing happens, and then from when it is told until so many messages count."""
    with DataDirectory(place) as data, shipped.listen("127.0.0.1", 0) as http:
        async with shipped.running(data, java, list(classpath), http, lambda _: None) as up:
            # The api's own question, by a client of its own.
            store = Store(f"chdb://{data.clickhouse}", database_name(shipped.GENERATION), threads=1)
            reads = Reads(Reader(store))

            async def caught_up() -> None:
                while sum((await reads.progress()).positions.values()) < messages:
                    await asyncio.sleep(_LOOK_SECONDS)

            await reads.progress()
            idle = await _probed(asyncio.sleep(idle_seconds))
            channel.say(up.bootstrap)
            await channel.hear()
            behind = await _probed(caught_up())
            await store.close()
    return Overshoot(idle, behind)


async def _probed(meanwhile: Awaitable[None]) -> list[float]:
    """Milliseconds by which each short sleep was exceeded while something else went on."""
    done = asyncio.ensure_future(meanwhile)
    overshoot = []
    while not done.done():
        began = time.monotonic()
        await asyncio.sleep(_SLEEP_SECONDS)
        overshoot.append(1000 * (time.monotonic() - began - _SLEEP_SECONDS))
    await done
    return overshoot
