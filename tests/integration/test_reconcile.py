"""`chitieu reconcile` on the real broker and engine: a healthy system is all equal, and every kind of harm is named."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from chitieu.adapters.clickhouse.store import Store
from chitieu.contracts.events import Event
from services.aggregate.reconcile import Account, Extent, reconcile
from services.aggregate.settings import AggregateSettings
from tests.integration.conftest import LoopThread, Stack
from tests.integration.test_aggregate import (
    FixedRegistry,
    aggregate,
    changed,
    random_log,
    reading,
    report,
    send,
    until_folded,
)

pytestmark = pytest.mark.stack


async def reconciled(stack: Stack, **extent: Any) -> tuple[Account, list[str]]:
    """What a run came to, and what it said."""
    settings = AggregateSettings(kafka_bootstrap=stack.bootstrap, clickhouse_dsn=stack.dsn, generation=stack.generation)
    said: list[str] = []
    account = await reconcile(settings, FixedRegistry(), Extent(**extent), said.append)  # type: ignore[arg-type]
    return account, said


@asynccontextmanager
async def folded(stack: Stack, tmp_path: Path, log: list[Event | bytes]) -> AsyncIterator[Store]:
    """A system that folded a log and stands still."""
    await send(stack, log)
    async with reading(stack) as store:
        async with aggregate(stack, tmp_path, batch_records=50):
            await until_folded(stack, store)
        yield store


def with_poison(seed: int, length: int) -> list[Event | bytes]:
    """A random log with messages among it that cannot be read, by themselves or by the programmes in force."""
    log: list[Event | bytes] = list(random_log(seed, length))
    log.insert(length // 3, b"not msgpack")
    log.insert(length // 2, changed(report(random.Random(seed), 10**6), form_version=9))
    return log


def test_a_healthy_system_is_all_equal_also_while_it_works(loop: LoopThread, stack: Stack, tmp_path: Path) -> None:
    async def story() -> None:
        async with reading(stack) as store, aggregate(stack, tmp_path, batch_records=10, canary_seconds=0.1):
            for part in range(5):
                await send(stack, with_poison(part, 100))
                account, said = await reconciled(stack)
                assert account.clean, said
            await until_folded(stack, store)
            account, said = await reconciled(stack)
        assert (account.differences, said) == (0, [])
        assert account.messages >= 510
        assert account.groups == 3

    loop.run(story())
