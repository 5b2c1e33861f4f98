"""Ask 3, workers: `chitieu serve aggregate` as processes, against a ClickHouse in a process of its own over HTTP."""

import asyncio
import contextlib
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from clickhouse_connect.driver.client import Client

from bench import load
from bench.figures import Figure, at_most, figure
from bench.folding import verify, written_out
from bench.process import cpu_seconds
from bench.sizes import Sizes
from bench.stack import PARTITIONS, SEED, Stack, fill, producing, send_steadily
from chitieu.adapters.clickhouse.store import ONE_SNAPSHOT, Store, database_name
from chitieu.cli.migrate import MigrateSettings, bring_up_to_date
from chitieu.contracts import topics
from chitieu.contracts.events import Event
from tests.support.deployment import Deployment
from tests.support.processes import HTTP, Program

_LOOK_SECONDS = 0.05
_PATIENCE_SECONDS = 120.0
_TRICKLE = 500  # reports a second while a worker is killed …
_TRICKLE_SECONDS = 60  # … for as long as that, at most
_UNDISTURBED_SECONDS = 2.0
_HELD = re.compile(r'^chitieu_lag_records\{partition="(\d+)"\}', re.MULTILINE)

_PROGRESS = "SELECT partition, max(version) FROM rollup WHERE form = '' GROUP BY partition"
# The totals of each period by level, in one statement: at one progress they are the same at every level.
_LEVELS = """
SELECT period, left(area, 1) AS level, sum(units), sumForEach(sums), sumForEach(reported), sumForEach(not_applicable)
FROM rollup FINAL WHERE form != '' GROUP BY period, level ORDER BY period, level
"""


@dataclass
class Bystander:
    """A reader who looks whether parents are the sums of their children, again and again, while things happen."""

    looks: int = 0
    wrong: list[str] = field(default_factory=list)

    async def look(self, store: Store) -> None:
        while True:
            levels: dict[Any, set[Any]] = {}
            for period, _, units, *sums in await store.run(_levels):
                levels.setdefault(period, set()).add((units, *map(tuple, sums)))
            self.wrong += [f"{period}: {said}" for period, said in levels.items() if len(said) > 1]
            self.looks += 1
            await asyncio.sleep(_LOOK_SECONDS)


def _levels(client: Client) -> Sequence[Sequence[Any]]:
    return list(client.query(_LEVELS, settings=ONE_SNAPSHOT).result_rows)


def _progress(client: Client) -> dict[int, int]:
    return {int(partition): int(version) for partition, version in client.query(_PROGRESS).result_rows}


@dataclass
class Site:
    """A log and its figures, workers on them, and all that was ever sent."""

    stack: Stack
    deployment: Deployment
    store: Store
    directory: Path
    sender: load.Sender
    sent: list[Event] = field(default_factory=list)

    @property
    def topic(self) -> str:
        return topics.reports(self.deployment.generation)

    @contextlib.contextmanager
    def workers(self, count: int) -> Iterator[list[Program]]:
        """Workers that are not started yet."""
        programs = [self.deployment.service("aggregate", f"worker-{n}") for n in range(count)]
        try:
            yield programs
        finally:
            for program in programs:
                program.stop()

    def taken(self, count: int) -> Iterator[Event]:
        """The next messages, remembered as they are handed out."""
        for event in self.sender.messages(count):
            self.sent.append(event)
            yield event

    async def send(self, count: int) -> None:
        await fill(self.stack.bootstrap, self.topic, load.payloads(self.taken(count)))

    async def progress(self) -> dict[int, int]:
        return await self.store.run(_progress)

    async def folded(self) -> bool:
        return sum((await self.progress()).values()) >= len(self.sent)

    async def verify(self) -> None:
        """Raises AssertionError if anything differs from brute force over all that was sent."""
        stored = await self.store.run(partial(written_out, self.directory / "cells.arrow"))
        verify(stored, *load.brute_force(self.sent, load.Shape().fields))


@asynccontextmanager
async def site(stack: Stack) -> AsyncIterator[Site]:
    async with stack.place() as place:
        deployment = Deployment(stack.bootstrap, await stack.new_log(), place)
        with deployment.clickhouse:
            await bring_up_to_date(
                MigrateSettings(
                    kafka_bootstrap=stack.bootstrap,
                    clickhouse_dsn=deployment.clickhouse.dsn,
                    generation=deployment.generation,
                    partitions=PARTITIONS,
                )
            )
            store = Store(deployment.clickhouse.dsn, database_name(deployment.generation), threads=2)
            try:
                yield Site(stack, deployment, store, place, load.Sender(load.Shape(), np.random.default_rng(SEED)))
            finally:
                await store.close()


async def until(condition: Callable[[], Awaitable[bool]], what: str, seconds: float = _PATIENCE_SECONDS) -> None:
    """Wait until something is so. Raises TimeoutError, naming it."""
    deadline = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        await asyncio.sleep(_LOOK_SECONDS)


async def start(programs: Sequence[Program]) -> None:
    """Start workers and wait until they share the partitions."""
    for program in programs:
        program.start()
    for program in programs:
        await asyncio.to_thread(program.until_answers, "/readyz")
    await until(partial(_share, programs), "the workers share the partitions")


async def _share(programs: Sequence[Program]) -> bool:
    return {len(held(program)) for program in programs} == {PARTITIONS // len(programs)}


def held(program: Program) -> set[int]:
    """The partitions a worker holds, by its own metrics."""
    return {int(partition) for partition in _HELD.findall(HTTP.get(f"{program.url}/metrics").text)}


# What is measured


async def measure(stack: Stack, sizes: Sizes) -> list[Figure]:
    one, two = [], []
    for _ in range(sizes.runs):
        one.append(await cpu(stack, sizes, 1))
        two.append(await cpu(stack, sizes, 2))
    ratios = [both / alone for both, alone in zip(two, one, strict=True)]
    taken = await takeover(stack, sizes)
    return [
        figure("CPU with one worker", "µs a report", one, note="the worker's own; ClickHouse's is in its own process"),
        figure("CPU with two workers, together", "µs a report", two),
        figure("two workers / one", "of the CPU", ratios, at_most(1.15)),
        figure("looks at all parents and children meanwhile", "looks", taken.looks, note="a rebalance and a kill -9"),
        figure("… of them wrong", "looks", taken.wrong, at_most(0)),
        figure("killed -9: its partitions move again after", "s", taken.seconds, at_most(15)),
    ]


async def cpu(stack: Stack, sizes: Sizes, count: int) -> float:
    """µs of the workers' CPU for each message of a log that was full when they began."""
    async with site(stack) as here:
        with here.workers(count) as programs:
            await start(programs)
            pids = [program.pid for program in programs]
            # Held, so that the log is full for one as for two; shorter than the group's patience with a silent member.
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            await here.send(sizes.worker_messages)
            before = cpu_seconds(*pids)
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
            await until(here.folded, "the workers reach the end of the log")
            used = cpu_seconds(*pids) - before
        await here.verify()
    return 1e6 * used / sizes.worker_messages


@dataclass(frozen=True)
class Takeover:
    """Seconds until each lost partition moved again, and what a bystander saw from the first message to the last."""

    seconds: float
    looks: int
    wrong: int


async def takeover(stack: Stack, sizes: Sizes) -> Takeover:
    """A second worker joins in the middle of a load, and is killed in the middle of the next."""
    async with site(stack) as here:
        bystander = Bystander()
        looking = asyncio.create_task(bystander.look(here.store))
        with here.workers(2) as programs:
            await start(programs[:1])
            programs[1].start()
            while not await _answering(programs):
                await here.send(sizes.worker_messages // 10)
            await until(here.folded, "the workers reach the end of the log")
            seconds = await _killed(here, programs[1])
            await until(here.folded, "the worker that is left reaches the end of the log")
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking
        await here.verify()
    return Takeover(seconds, bystander.looks, len(bystander.wrong))


async def _answering(programs: Sequence[Program]) -> bool:
    """Do they answer, and share the partitions?"""
    try:
        return await _share(programs)
    except httpx.TransportError:
        return False


async def _killed(here: Site, victim: Program) -> float:
    """Kill a worker under a steady load; seconds until all its partitions have moved on."""
    enough = asyncio.Event()
    async with producing(here.stack.bootstrap) as producer:
        steady = load.payloads(here.taken(_TRICKLE * _TRICKLE_SECONDS))
        trickle = asyncio.create_task(send_steadily(producer, here.topic, steady, _TRICKLE, enough))
        await asyncio.sleep(_UNDISTURBED_SECONDS)
        lost = held(victim)
        assert lost, "the victim holds partitions"
        victim.kill()
        killed, stood = time.monotonic(), await here.progress()

        async def moving() -> bool:
            now = await here.progress()
            return all(now.get(partition, 0) > stood.get(partition, 0) for partition in lost)

        await until(moving, "the partitions of the killed worker move again")
        seconds = time.monotonic() - killed
        enough.set()
        await trickle
    return seconds
