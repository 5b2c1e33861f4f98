"""Ask 2: from the broker's acknowledgement to visible through the api's own queries, under a steady load."""

import asyncio
import time
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from clickhouse_connect.driver.client import Client

from bench import load
from bench.figures import Figure, at_most, figure, percentile
from bench.folding import Task, service, tables
from bench.process import Channel, Child, Usage
from bench.sizes import Sizes
from bench.stack import Acknowledged, Stack, producing, send_steadily
from chitieu.adapters.changes import ChangesReader, Listener
from chitieu.adapters.clickhouse.reading import Reader
from chitieu.adapters.clickhouse.store import Store, database_name
from chitieu.adapters.metrics import Metrics
from chitieu.contracts import topics
from chitieu.contracts.events import Announcement, Change
from chitieu.domain.inquiry import CellKey
from services.api.queries import Progress, Reads

Question = Literal["progress", "snapshot"]
# At the latest: so that nobody waits for ever.
_LOOK_SECONDS = 0.05
_PARTS_SECONDS = 1.0
_AFTERWARDS_SECONDS = 2.0
_PARTS = "SELECT table, count() FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table"


@dataclass(frozen=True)
class Sight:
    """Where the api saw the figures stand; `at` is the machine's monotonic clock when it had the answer."""

    at: float
    progress: Progress


class News(Listener):
    """What was announced, for a reader who waits for it."""

    def __init__(self) -> None:
        self._positions: dict[int, int] = {}
        self._heard = asyncio.Event()

    def hear(self, _: int, said: Announcement) -> None:
        if isinstance(said, Change):
            self._positions[said.partition] = said.position
            self._heard.set()

    def lost(self) -> None:
        raise AssertionError("announcements went by unheard")

    async def beyond(self, progress: Progress) -> None:
        """Wait until there is something newer, or for a moment."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_SECONDS):
                while all(progress.covers(at, position - 1) for at, position in self._positions.items()):
                    self._heard.clear()
                    await self._heard.wait()


@dataclass
class Watched:
    """What the api saw, oldest first; how long it took to look; how many parts each table had, once a second.

    `cores`: how many of them the process used, the fold and the api together. `flush_seconds`: for the inserts of all
    `flushes` together.
    """

    sights: list[Sight] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)
    parts: list[dict[str, int]] = field(default_factory=list)
    cores: float = 0.0
    flushes: int = 0
    flush_seconds: float = 0.0


async def watch(channel: Channel, task: Task, question: Question, stored: int) -> Watched:
    """Fold, and ask as the api does until told to stop. Says when the first `stored` messages are visible."""
    store = Store(task.dsn, database_name(task.generation), threads=2)
    reads, watched, news = Reads(Reader(store)), Watched(), News()
    follower = ChangesReader(task.bootstrap, task.generation)
    async with tables(task), service(task) as started, started.aggregate.running():
        while sum((progress := await reads.progress()).positions.values()) < stored:
            await asyncio.sleep(_LOOK_SECONDS)
        follower.listen(news)
        await follower.start()
        channel.say("abreast")
        counting, before = asyncio.create_task(_count_parts(store, watched)), Usage.now()
        flushes, flush_seconds = _flushes(started.metrics)
        while not channel.heard():
            await news.beyond(progress)
            began = time.monotonic()
            progress = await _ask(reads, question)
            watched.looks.append(time.monotonic() - began)
            if not watched.sights or watched.sights[-1].progress.positions != progress.positions:
                watched.sights.append(Sight(time.monotonic(), progress))
        after = Usage.now()
        flushed, seconds = _flushes(started.metrics)
        watched.flushes, watched.flush_seconds = int(flushed - flushes), seconds - flush_seconds
        watched.cores = (after.cpu_seconds - before.cpu_seconds) / (after.at - before.at)
        counting.cancel()
        await asyncio.gather(counting, return_exceptions=True)
        await follower.stop()
    await store.close()
    return watched


def _flushes(metrics: Metrics) -> tuple[float, float]:
    """How many flushes there were, and how many seconds their inserts took together."""
    count, seconds = (metrics.value(f"chitieu_flush_seconds_{of}") for of in ("count", "sum"))
    return count or 0, seconds or 0


async def _ask(reads: Reads, question: Question) -> Progress:
    if question == "progress":
        return await reads.progress()
    return (await reads.snapshot(_PROVINCES)).progress


# What a question about the nation's attainment with its provinces reads.
_PROVINCES: Sequence[CellKey] = [
    (load.FORM, str(load.FIRST_YEAR), area) for area in (load.NATION, *(f"p{n:04}" for n in range(63)))
]


async def _count_parts(store: Store, watched: Watched) -> None:
    while True:
        watched.parts.append(await store.run(_parts))
        await asyncio.sleep(_PARTS_SECONDS)


def _parts(client: Client) -> dict[str, int]:
    return {str(table): int(count) for table, count in client.query(_PARTS).result_rows}


def delays(acknowledged: Iterable[Acknowledged], sights: Sequence[Sight]) -> list[float]:
    """Seconds from each acknowledgement to the first sight that covers it. Raises AssertionError if none does."""
    found = []
    for one in acknowledged:
        at = bisect_left(sights, True, key=lambda sight: sight.progress.covers(one.partition, one.position))
        assert at < len(sights), f"never visible: partition {one.partition}, position {one.position}"
        found.append(max(sights[at].at - one.at, 0.0))
    return found


@dataclass(frozen=True)
class Steady:
    """One steady load: seconds until each message was visible, in order, and what the reader noted meanwhile."""

    delays: list[float]
    watched: Watched


async def measure(stack: Stack, sizes: Sizes) -> list[Figure]:
    figures: list[Figure] = []
    for per_second in sizes.steady_rates:
        steady = await run(stack, sizes, per_second, sizes.steady_seconds, "progress")
        figures += [*_freshness(f"{per_second:,}/s", steady, sizes), *_part_counts(f"{per_second:,}/s", steady)]
    # With the cells an answer is made of, and not only where they stand: the database works harder for the reader.
    fastest = max(sizes.steady_rates)
    read = await run(stack, sizes, fastest, sizes.read_seconds, "snapshot")
    return figures + _freshness(f"{fastest:,}/s, with the cells of 64 areas", read, sizes)


async def run(stack: Stack, sizes: Sizes, per_second: int, seconds: int, question: Question) -> Steady:
    """A steady load on top of what is stored already, until it is all visible."""
    sender = load.Sender(load.Shape(), np.random.default_rng(per_second))
    generation = await stack.filled_log(load.payloads(sender.messages(sizes.stored_before)))
    async with (
        stack.place() as place,
        producing(stack.bootstrap) as producer,
        Child(watch, Task(stack.bootstrap, generation, place), question, sizes.stored_before) as child,
    ):
        await child.says()
        steady = load.payloads(sender.messages(per_second * seconds))
        acknowledged = await send_steadily(producer, topics.reports(generation), steady, per_second)
        await asyncio.sleep(_AFTERWARDS_SECONDS)
        watched: Watched = await child.ask(None)
    return Steady(delays(acknowledged, watched.sights), watched)


def _freshness(name: str, steady: Steady, sizes: Sizes) -> list[Figure]:
    """Percentiles of equal stretches of the load, one after the other: these are the runs."""
    stretch = len(steady.delays) // sizes.runs
    runs = [steady.delays[at * stretch : (at + 1) * stretch] for at in range(sizes.runs)]
    watched = steady.watched
    inserts = 1000 * watched.flush_seconds / max(watched.flushes, 1)
    note = (
        f"{watched.flushes} flushes, whose inserts took {inserts:.0f} ms each; a look took "
        f"{1000 * percentile(watched.looks, 50):.0f} ms; fold and reader used {watched.cores:.1f} cores"
    )
    half, most = ([1000 * percentile(one, of) for one in runs] for of in (50, 99))
    return [
        figure(f"{name}: p50", "ms", half, at_most(100), note),
        figure(f"{name}: p99", "ms", most, at_most(200)),
        figure(f"{name}: longest", "ms", [1000 * max(one) for one in runs]),
    ]


def _part_counts(name: str, steady: Steady) -> list[Figure]:
    """Parts over time: the fewest, the most and the last of each table."""
    figures = []
    for table in ("submission", "rollup"):
        counts = [parts[table] for parts in steady.watched.parts if table in parts]
        said = f"from {min(counts)} to {max(counts)} over {len(counts)} seconds"
        figures.append(figure(f"{name}: parts of {table} at the end", "parts", counts[-1], note=said))
    return figures
