"""Ask 1: from a full log to submissions, cells and progress in ClickHouse, beside the limit and a naive Faust peer."""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from bench import load
from bench.faust_peer import peer
from bench.figures import Figure, at_least, figure
from bench.folding import Task, fold, verify
from bench.limit import limit
from bench.process import Child, Usage
from bench.sizes import Sizes
from bench.stack import SEED, Stack
from chitieu.contracts.events import Event
from chitieu.domain.rollup import Decision

_PEER_TRIES, _PEER_SECONDS = 3, 120


@dataclass(frozen=True)
class Rate:
    """How fast one process took `messages`, and what it used for that."""

    messages: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int

    @classmethod
    def between(cls, before: Usage, after: Usage, messages: int) -> "Rate":
        cpu = after.cpu_seconds - before.cpu_seconds
        return cls(messages, after.at - before.at, cpu, after.peak_bytes)

    @property
    def per_second(self) -> float:
        return self.messages / self.seconds

    @property
    def cpu_micros(self) -> float:
        return 1e6 * self.cpu_seconds / self.messages

    @property
    def peak_megabytes(self) -> float:
        return self.peak_bytes / 2**20


@dataclass(frozen=True)
class Load:
    """A log, and what it amounts to."""

    generation: int
    events: list[Event]
    figures: load.Figures
    decisions: Counter[Decision]


async def filled(stack: Stack, shape: load.Shape, messages: int) -> Load:
    """A log of a shape, with what brute force says about it."""
    events = list(load.Sender(shape, np.random.default_rng(SEED)).messages(messages))
    generation = await stack.filled_log(load.payloads(events))
    return Load(generation, events, *load.brute_force(events, shape.fields))


async def measure(stack: Stack, sizes: Sizes) -> list[Figure]:
    full = await filled(stack, load.Shape(), sizes.messages)
    limits, ours = [], []
    for _ in range(sizes.runs):
        # In turn, so that a noisy minute of the machine meets both.
        limits.append(await run_limit(stack, full))
        ours.append(await run_fold(stack, full))
    ratios = [mine.per_second / fastest.per_second for mine, fastest in zip(ours, limits, strict=True)]
    return [
        *_figures("limit", limits, "read, decode, insert the facts: no decisions, no roll-up"),
        *_figures("fold", ours, "the shipped service; every figure and decision as brute force says"),
        figure("fold / limit", "of the rate", ratios, at_least(0.5), "each run against the limit measured before it"),
    ]


async def measure_peer(stack: Stack, sizes: Sizes) -> list[Figure]:
    peers = await run_peers(stack, sizes)
    return _figures("naive Faust peer", peers, f"{sizes.peer_messages:,} messages only: its rate is per message")


def _figures(name: str, rates: list[Rate], note: str) -> list[Figure]:
    return [
        figure(f"{name}: throughput", "reports/s", [one.per_second for one in rates], note=note),
        figure(f"{name}: CPU", "µs a report", [one.cpu_micros for one in rates]),
        figure(f"{name}: peak memory", "MB", [one.peak_megabytes for one in rates]),
    ]


async def run_limit(stack: Stack, full: Load) -> Rate:
    count = len(full.events)
    async with stack.place() as place, Child(limit, Task(stack.bootstrap, full.generation, place), count) as child:
        before, after = await child.says(), await child.says()
        written = await child.says()
    assert written == count, f"the limit wrote {written} of {count} facts"
    return Rate.between(before, after, count)


async def run_fold(stack: Stack, full: Load) -> Rate:
    """The fold from an empty directory to the end of the log. Raises AssertionError if a figure is wrong."""
    count = len(full.events)
    async with stack.place() as place:
        async with Child(fold, Task(stack.bootstrap, full.generation, place)) as child:
            await child.says()
            before = await child.says()
            after = await child.ask(count)
            stored = await child.ask(None)
        verify(stored, full.figures, full.decisions)
    return Rate.between(before, after, count)


async def run_peers(stack: Stack, sizes: Sizes) -> list[Rate]:
    """The peer has no decisions: it is spared what would need them, and what it knows last must be right."""
    shape = load.Shape(duplicates=0, retractions=0, conflicts=0)
    events = list(load.Sender(shape, np.random.default_rng(SEED)).messages(sizes.peer_messages))
    newest = {(event.period, event.unit): event for event in events}
    sums = {key: row[1 : 1 + shape.fields] for key, row in load.totals(newest.values(), shape.fields).items()}
    rates = []
    for _ in range(sizes.runs):
        used, found = await _told_by_peer(stack, events, shape.fields)
        before, after = used[-2:]
        wrong = load.difference({key: np.array(row) for key, row in found.items()}, sums)
        assert not wrong, f"the peer's figures differ from brute force: {wrong}"
        rates.append(Rate.between(before, after, len(events)))
    return rates


async def _told_by_peer(
    stack: Stack, events: list[Event], fields: int
) -> tuple[list[Usage], dict[tuple[str, str], list[int]]]:
    """Tried again if it loses a message while its partitions move: it would wait for that one for ever."""
    for _ in range(_PEER_TRIES):
        with suppress(TimeoutError):
            async with (
                stack.place() as place,
                Child(peer, stack.bootstrap, place, events, fields) as child,
                asyncio.timeout(_PEER_SECONDS),
            ):
                used: list[Usage] = []
                # An agent that fails at its first message begins again, and says so again.
                while isinstance(found := await child.says(), Usage):
                    used.append(found)
                return used, found
    raise AssertionError("the naive peer loses messages whenever it is tried")
