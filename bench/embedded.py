"""Ask 3, the embedded process: how long is its event loop held while the fold catches up?

The whole of `chitieu up` runs as shipped: chDB and the three services in one process, with the broker as its child. The
processor's time of each turn of the loop says how long whoever had the turn held it. Beside it, a probe sleeps a
millisecond at a time and notes how much later than asked it wakes: that is what a request waits for, also where
another thread or process had the core.
"""

import asyncio
import os
import signal
import threading
import time
from asyncio.events import Handle
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

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
class Probed:
    """Milliseconds by which each sleep of the probe was exceeded, and of the processor that the longest turn took."""

    late: list[float]
    longest_turn: float


@dataclass(frozen=True)
class Held:
    """While nothing happens, and while the fold catches up."""

    idle: Probed
    behind: Probed


async def measure(stack: Stack, sizes: Sizes) -> list[Figure]:
    """On a data directory of its own each time: the broker belongs to the process that is measured."""
    java, classpath = shipped.prepare(print)
    measured = []
    for _ in range(sizes.runs):
        async with stack.place() as place:
            measured.append(await _run(place, java, classpath, sizes))
    behind, idle = [one.behind for one in measured], [one.idle for one in measured]
    return [
        figure(
            "a turn of the event loop while catching up: longest", "ms", max(_turns(behind)), at_most(20), _TURN_NOTE
        ),
        figure("a turn of the event loop while idle: longest", "ms", max(_turns(idle))),
        figure("the loop is late while catching up: longest", "ms", (max(one.late) for one in behind), note=_LATE_NOTE),
        figure("the loop is late while catching up: p99", "ms", (percentile(one.late, 99) for one in behind)),
        figure("the loop is late while idle: longest", "ms", (max(one.late) for one in idle)),
        figure("the loop is late while idle: p99", "ms", (percentile(one.late, 99) for one in idle)),
    ]


_TURN_NOTE = "of the processor, in all runs: so long the fold, or whoever it was, held the loop"
_LATE_NOTE = "also because other threads and the broker had both cores"


def _turns(probed: Sequence[Probed]) -> Iterator[float]:
    return (one.longest_turn for one in probed)


async def _run(place: Path, java: Path, classpath: Sequence[Path], sizes: Sizes) -> Held:
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
        held: Held = await child.ask(None)
    return held


async def shipped_stack(
    channel: Channel, place: Path, java: Path, classpath: Sequence[Path], messages: int, idle_seconds: float
) -> Held:
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
    return Held(idle, behind)


async def _probed(meanwhile: Awaitable[None]) -> Probed:
    """Sleep again and again while something else goes on."""
    late = []
    with _timed_turns() as turns:
        done = asyncio.ensure_future(meanwhile)
        while not done.done():
            began = time.monotonic()
            await asyncio.sleep(_SLEEP_SECONDS)
            late.append(1000 * (time.monotonic() - began - _SLEEP_SECONDS))
        await done
    return Probed(late, max(turns))


@contextmanager
def _timed_turns() -> Iterator[list[float]]:
    """Milliseconds of the processor that each turn of the calling thread's loop takes, as they happen."""
    turns: list[float] = []
    here, run = threading.get_ident(), Handle._run

    def timed(handle: Handle) -> None:
        before = time.thread_time()
        run(handle)
        if threading.get_ident() == here:  # Faust has a loop of its own
            turns.append(1000 * (time.thread_time() - before))

    with mock.patch.object(Handle, "_run", timed):
        yield turns
