"""Workers on the real broker and engine whose every step may fail, are replaced and share the work, seed by seed.

Each run must come to the oracle's figures and decisions, a reader who looks all the while must never see an area that
is not the sum of the areas below it, and whoever followed what was announced must have heard of all that changed.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CommitFailedError

from chitieu.adapters.clickhouse.store import ONE_SNAPSHOT, Store
from chitieu.contracts.events import Change, Event
from chitieu.domain.rollup import Decided, Decision
from services.aggregate import landing, queries
from services.aggregate.landing import Landing
from tests.conftest import PROFILE
from tests.integration.conftest import LoopThread, Stack
from tests.integration.test_aggregate import aggregate, agrees, announced, random_log, reading, send_more, until_folded
from tests.unit import oracle

pytestmark = pytest.mark.stack

SEEDS = range(200 if PROFILE == "long" else 3)
MESSAGES, STAGES = 400, 4

# Nation and provinces by period; a parent and the sum of its children come out as two equal rows.
_LEVELS = """
SELECT period, substring(area, 1, 1) AS level, sum(units), sumForEach(sums), sumForEach(reported),
    sumForEach(not_applicable)
FROM rollup FINAL WHERE form != '' GROUP BY period, level
"""

Write = Callable[[Any, Any], None]


class Fault(Exception):
    """Injected."""


class Faults:
    """Fails about a third of the steps of a flush; how is drawn from a seed."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self.injected = 0

    def insert(self, real: Write) -> Write:
        """Not done; done but reported as failed; done twice, as when a client sends again by itself."""

        def write(client: Any, rows: Any) -> None:
            how = self._rng.choice(("fine", "fine", "fine", "fine", "not_done", "done_but_failed", "done_twice"))
            self.injected += how != "fine"
            if how == "not_done":
                raise Fault(how)
            real(client, rows)
            if how == "done_twice":
                real(client, rows)
            if how == "done_but_failed":
                raise Fault(how)

        return write

    def after(
        self, real: Callable[..., Awaitable[Any]], error: type[Exception] = Fault
    ) -> Callable[..., Awaitable[Any]]:
        """A step after the inserts fails now and then, not done or done: the worker goes on from what is stored."""

        async def step(*arguments: Any, **named: Any) -> Any:
            how = self._rng.choices(("fine", "not_done", "done_but_failed"), (18, 1, 1))[0]
            self.injected += how != "fine"
            if how == "not_done":
                raise error(how)
            await real(*arguments, **named)
            if how == "done_but_failed":
                raise error(how)

        return step


# Faust's own consumer, stopped while its group rebalances, now and then leaves a connection to the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_fails_the_figures_are_the_oracles_and_a_parent_is_the_sum_of_its_children(
    loop: LoopThread, stack: Stack, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = Faults(seed)
    monkeypatch.setattr(queries, "insert_submissions", faults.insert(queries.insert_submissions))
    monkeypatch.setattr(queries, "insert_rollup", faults.insert(queries.insert_rollup))
    monkeypatch.setattr(Landing, "say", faults.after(Landing.say))
    monkeypatch.setattr(AIOKafkaConsumer, "commit", faults.after(AIOKafkaConsumer.commit, CommitFailedError))
    monkeypatch.setattr(landing, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr("services.aggregate.worker.RETRY_SECONDS", 0.01)
    logs = loop.run(_history(stack, tmp_path, seed), timeout=240)
    assert faults.injected
    monkeypatch.undo()
    loop.run(_everything_was_told(stack, tmp_path, logs))


async def _history(stack: Stack, tmp_path: Path, seed: int) -> dict[int, list[Event]]:
    rng, log = random.Random(-seed), random_log(seed, MESSAGES)
    logs: dict[int, list[Event]] = {}
    async with reading(stack) as store:
        looking = asyncio.create_task(_look(store))
        for stage in range(STAGES):
            async with AsyncExitStack() as running:
                # Sometimes two share the partitions, sometimes one takes them over from those before.
                for number in range(rng.choice((1, 1, 2))):
                    options = {"batch_records": rng.choice((5, 20, 100)), "memory_megabytes": rng.choice((0, 1))}
                    await running.enter_async_context(aggregate(stack, tmp_path / f"{stage}-{number}", **options))
                part = log[stage * MESSAGES // STAGES : (stage + 1) * MESSAGES // STAGES]
                await send_more(stack, logs, part)
                if rng.random() < 0.5 or stage == STAGES - 1:
                    await until_folded(stack, store)
        looking.cancel()
        looks = (await asyncio.gather(looking, return_exceptions=True))[0]
        assert isinstance(looks, asyncio.CancelledError), looks
        await agrees(stack, store, logs)
    return logs


async def _everything_was_told(stack: Stack, tmp_path: Path, logs: dict[int, list[Event]]) -> None:
    """Once a worker took over from the last one, which may have failed to say what became visible."""
    async with aggregate(stack, tmp_path / "last") as service, asyncio.timeout(60):
        while service.worker is None or not service.worker.ready:
            await asyncio.sleep(0.02)
    said = await announced(stack)
    for partition, events in logs.items():
        _nothing_was_kept_from(events, [one for one in said if one.partition == partition])


def _nothing_was_kept_from(log: Sequence[Event], said: Sequence[Change]) -> None:
    """Whoever reads all again at a `reset`, and else what is named, has everything; and outcomes are what they are."""
    decided = oracle.decisions(log)
    at, named = 0, set[tuple[str, str, str]]()
    for one in said:
        named |= {(form, period, area) for form, period, areas in one.named() for area in areas}
        for position, *outcome in one.told:
            assert Decided(Decision(outcome[0]), outcome[1]) == decided[position]
        if one.more:
            continue
        assert one.reset or (one.since is not None and one.since <= at), "a stretch of the log was not told of"
        if not one.reset and one.position > at:
            assert named >= oracle.changed(log, at, one.position)
        at, named = one.position if one.reset else max(at, one.position), set()
    assert at == len(log)


async def _look(store: Store) -> None:
    while True:
        rows = await store.run(lambda client: client.query(_LEVELS, settings=ONE_SNAPSHOT).result_rows)
        levels: dict[str, set[tuple[Any, ...]]] = {}
        for period, _, *totals in rows:
            levels.setdefault(period, set()).add(tuple(tuple(one) if isinstance(one, list) else one for one in totals))
        assert all(len(said) == 1 for said in levels.values()), levels
        await asyncio.sleep(0.02)
