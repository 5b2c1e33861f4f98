"""Partitions are handed over while the fold is at work: nobody waits for somebody who waits for them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer

from chitieu.adapters import kafka
from chitieu.contracts import topics
from services.aggregate import queries
from tests.integration.conftest import LoopThread, Stack
from tests.integration.test_aggregate import aggregate, random_log, reading, send, until_folded

pytestmark = pytest.mark.stack

_PATIENCE_SECONDS = 30


class Gate:
    """Holds up whoever reads the stored progress, in its thread, until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, loop: asyncio.AbstractEventLoop) -> None:
        self._opened = asyncio.Event()
        self.reached = asyncio.Event()
        read = queries.read_progress

        def held_up(client: Any) -> Any:
            loop.call_soon_threadsafe(self.reached.set)
            asyncio.run_coroutine_threadsafe(self._opened.wait(), loop).result()
            return read(client)

        monkeypatch.setattr(queries, "read_progress", held_up)

    def open(self) -> None:
        self._opened.set()


@asynccontextmanager
async def another_member(stack: Stack) -> AsyncIterator[AIOKafkaConsumer]:
    """Somebody else in the workers' group."""
    one = kafka.consumer(stack.bootstrap, group=f"aggregate-{stack.generation}", session_timeout_ms=6_000)
    one.subscribe([topics.reports(stack.generation)])
    await one.start()
    try:
        yield one
    finally:
        await one.stop()


def test_a_rebalance_that_begins_while_a_worker_resumes_is_over_soon(
    stack: Stack, loop: LoopThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Kafka client waits in a read for the new assignment; that waits for the old one to be handed back."""

    async def story() -> None:
        await send(stack, random_log(5, 300))
        async with reading(stack) as store, aggregate(stack, tmp_path) as service:
            await until_folded(stack, store)
            worker = service.worker
            assert worker is not None
            gate = Gate(monkeypatch, asyncio.get_running_loop())
            async with another_member(stack):
                # The worker has less to do now, and resumes with that. Before it gets to read, the other one leaves.
                await asyncio.wait_for(gate.reached.wait(), _PATIENCE_SECONDS)
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while not worker._leaving:
                    await asyncio.sleep(0.05)
                gate.open()
                while len(worker.assigned) < stack.partitions or not worker.ready:
                    await asyncio.sleep(0.05)
            await send(stack, random_log(6, 300))
            await until_folded(stack, store, _PATIENCE_SECONDS)

    loop.run(story())
