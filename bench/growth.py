"""Ask 3, growth: does the cost of a report depend on how much there is, and does memory stay where it is put?"""

from dataclasses import dataclass, replace

import numpy as np

from bench import load
from bench.figures import Figure, at_most, figure
from bench.folding import TIGHT_MEMORY, Stored, Task, fold, verify
from bench.process import Child, Usage
from bench.sizes import Sizes
from bench.stack import PARTITIONS, SEED, Stack, fill, partition_of, producing, send_steadily
from bench.throughput import Load, filled, run_fold
from chitieu.contracts import topics
from chitieu.contracts.events import Event
from chitieu.domain.rollup import Decision

_MANY_PERIODS, _FEW_AREAS, _MANY_AREAS = 40, 63, 5_000
_QUARTERS = 4
_BATCH = 2_000  # messages that wait for a worker that starts
_LATE = 5  # late corrections, each of another period


async def measure(stack: Stack, sizes: Sizes) -> list[Figure]:
    return [
        *await cost(stack, sizes),
        *await memory(stack, sizes),
        *await start_up(stack, sizes),
    ]


# Cost per report


async def cost(stack: Stack, sizes: Sizes) -> list[Figure]:
    """As many messages in each load, about as many reports; one thing at a time differs from the first."""
    count = sizes.growth_messages
    first = load.Shape(communes=count, areas=(_FEW_AREAS,), periods=1)
    long = replace(first, communes=-(-count // _MANY_PERIODS), periods=_MANY_PERIODS, reach=0)
    loads = {
        "first": await filled(stack, first, count),
        "long": await filled(stack, long, count),
        "late": await filled(stack, replace(long, reach=None), count),
        "wide": await filled(stack, replace(first, areas=(_MANY_AREAS,)), count),
    }
    micros: dict[str, list[float]] = {name: [] for name in loads}
    for _ in range(sizes.runs):
        for name, one in loads.items():
            micros[name].append((await run_fold(stack, one)).cpu_micros)
    cells = {name: _cells(one) for name, one in loads.items()}

    def ratio(of: str, to: str) -> list[float]:
        return [more / less for more, less in zip(micros[of], micros[to], strict=True)]

    return [
        figure(f"CPU at 1 period, {_FEW_AREAS} areas", "µs a report", micros["first"], note=cells["first"]),
        figure(f"CPU at {_MANY_PERIODS} periods", "µs a report", micros["long"], note=cells["long"]),
        figure(f"CPU at {_MANY_AREAS:,} areas", "µs a report", micros["wide"], note=cells["wide"]),
        figure(f"{_MANY_PERIODS} periods / 1 period", "of the CPU", ratio("long", "first"), at_most(1.15)),
        figure(
            f"corrections reaching back {_MANY_PERIODS} periods / none",
            "of the CPU",
            ratio("late", "long"),
            note="a tenth of the messages, so that every batch is about every period",
        ),
        figure(f"{_MANY_AREAS:,} areas / {_FEW_AREAS} areas", "of the CPU", ratio("wide", "first"), at_most(1.15)),
    ]


def _cells(one: Load) -> str:
    """How much there is to write, which no fold can save."""
    partial = {
        (event.period, area, partition_of(event.unit.encode())) for event in one.events for area in event.path[:-1]
    }
    return f"{len(partial):,} cells in the end"


# Memory


@dataclass(frozen=True)
class Held:
    """Resident bytes at each quarter of a load of many groups; milliseconds that corrections took to count."""

    resident: list[int]
    late_ms: list[float]
    fresh_ms: list[float]


async def memory(stack: Stack, sizes: Sizes) -> list[Figure]:
    # Nothing comes back to an earlier period: what is reloaded is then only what the corrections below ask for.
    shape = load.Shape(communes=sizes.many_groups_messages // _MANY_PERIODS, areas=(_FEW_AREAS,), periods=_MANY_PERIODS)
    shape = replace(shape, revisions=0, retractions=0, conflicts=0)
    tight, free = await _held(stack, sizes, shape, True), await _held(stack, sizes, shape, False)
    groups = f"{sizes.many_groups_messages:,} reports in {_MANY_PERIODS * PARTITIONS} groups"
    rows = sizes.many_groups_messages // _MANY_PERIODS // PARTITIONS
    bound = ", ".join(f"{name} = {value}" for name, value in TIGHT_MEMORY.items())
    return [
        figure("memory gained over the last three quarters, bounded", "MB", _gained(tight), note=f"{groups}; {bound}"),
        figure("the same, as shipped", "MB", _gained(free)),
        figure("a correction to a period that is held", "ms", tight.fresh_ms, note="acknowledged to visible"),
        figure("a correction to a period evicted long ago", "ms", tight.late_ms, note=f"reloads about {rows:,} rows"),
    ]


def _gained(held: Held) -> float:
    return (held.resident[-1] - held.resident[0]) / 2**20


async def _held(stack: Stack, sizes: Sizes, shape: load.Shape, bounded: bool) -> Held:
    sender = load.Sender(shape, np.random.default_rng(SEED))
    events = list(sender.messages(sizes.many_groups_messages))
    generation = await stack.filled_log(load.payloads(events))
    count, last = len(events), int(events[-1].period)
    async with stack.place() as place:
        task = Task(stack.bootstrap, generation, place, TIGHT_MEMORY if bounded else {})
        async with Child(fold, task) as child:
            await child.says()
            await child.says()
            resident = [
                (await child.ask(count * (quarter + 1) // _QUARTERS)).resident_bytes for quarter in range(_QUARTERS)
            ]
            took: dict[int, list[float]] = {load.FIRST_YEAR: [], last: []}
            for step in range(_LATE):
                # One in memory after each of the old ones: another old period each time, the newest every time.
                for first, period in ((load.FIRST_YEAR, load.FIRST_YEAR + step), (last, last)):
                    (event,) = sender.corrections(1, str(period))
                    events.append(event)
                    took[first].append(await _corrected(stack, child, generation, event, len(events)))
            stored = await child.ask(None)
        verify(stored, *load.brute_force(events, shape.fields))
    return Held(resident, took[load.FIRST_YEAR], took[last])


async def _corrected(stack: Stack, child: Child, generation: int, event: Event, count: int) -> float:
    """Milliseconds from the acknowledgement of a message, the `count`th, until it counts."""
    child.tell(count)
    async with producing(stack.bootstrap) as producer:
        (acknowledged,) = await send_steadily(producer, topics.reports(generation), load.payloads([event]), 1_000)
    visible: Usage = await child.says()
    return 1000 * max(visible.at - acknowledged.at, 0.0)


# Start


async def start_up(stack: Stack, sizes: Sizes) -> list[Figure]:
    """A worker that starts, or gets partitions, on top of everything stored: how long until it has folded again."""
    shape = load.Shape(periods=-(-sizes.stored_reports // load.Shape().communes))
    sender = load.Sender(shape, np.random.default_rng(SEED))
    events = list(sender.messages(sizes.stored_reports * 1000 // (1000 - shape.duplicates)))
    generation = await stack.filled_log(load.payloads(events))
    async with stack.place() as place:
        task = Task(stack.bootstrap, generation, place)
        stored = await _folded(task, len(events))
        kept = sum(count for decision, count in stored.decisions.items() if decision != Decision.RETRACTED)
        newest = events[-1].period
        everywhere = [
            await _restarted(stack, task, events, list(sender.corrections(_BATCH))) for _ in range(sizes.runs)
        ]
        current, _ = await _restarted(stack, task, events, list(sender.corrections(_BATCH, newest)))
        stored = await _folded(task, 0)
        verify(stored, *load.brute_force(events, shape.fields))
    note = f"{kept * shape.fields:,} values in {kept:,} reports and {shape.periods * PARTITIONS} groups"
    first_fold, firsts = "start to the first fold", (first for first, _ in everywhere)
    return [
        figure(f"{first_fold}, messages about all groups", "s", firsts, at_most(5), note),
        figure("… until all of them are folded", "s", (last for _, last in everywhere), note="every group recalled"),
        figure(f"{first_fold}, messages about one period", "s", current, at_most(5)),
    ]


async def _folded(task: Task, count: int) -> Stored:
    async with Child(fold, task) as child:
        await child.says()
        await child.says()
        await child.ask(count)
        stored: Stored = await child.ask(None)
    return stored


async def _restarted(stack: Stack, task: Task, events: list[Event], more: list[Event]) -> tuple[float, float]:
    """Seconds from the start of the service to its first fold of `more`, which waits in the log, and to the last."""
    await fill(stack.bootstrap, topics.reports(task.generation), load.payloads(more))
    events += more
    async with Child(fold, task) as child:
        before = await child.says()
        await child.says()
        first, last = await child.ask(1), await child.ask(len(more))
        await child.ask(None)
    return float(first.at - before.at), float(last.at - before.at)
