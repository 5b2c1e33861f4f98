"""Tasks on a real broker: said through ingest, decided by whoever reads, shown by an api that follows by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from chitieu.adapters import kafka
from chitieu.adapters.http import create_app
from chitieu.adapters.metrics import Metrics
from chitieu.adapters.tasks import TasksReader
from chitieu.contracts import topics
from chitieu.contracts.topics import TASKS
from chitieu.domain.access import presented
from services.api.app import router
from services.api.context import Context
from services.ingest.app import build
from services.ingest.app import router as ingest_router
from services.ingest.settings import IngestSettings
from tests.contract.ingest_service import FakeOutcomes, FixedClock
from tests.contract.test_api_http import READS, keys
from tests.contract.test_api_http import FixedClock as ApiClock
from tests.contract.test_tasks_http import Definitions, Offices
from tests.integration.conftest import LoopThread, Stack

pytestmark = pytest.mark.stack


@dataclass
class Both:
    """Ingest and api, each with a reader of its own."""

    ingest: httpx.AsyncClient
    api: httpx.AsyncClient
    told: TasksReader

    async def put(self, task: str, state: str, **headers: str) -> httpx.Response:
        return await self.ingest.put(f"/v1/tasks/lang-son/{task}", json={"state": state}, headers=headers)

    async def get(self, task: str) -> Any:
        answer = await self.api.get(f"/v1/tasks/lang-son/{task}")
        assert answer.status_code == 200, answer.text
        return answer.json()


@asynccontextmanager
async def both(bootstrap: str) -> AsyncIterator[Both]:
    ours, theirs = TasksReader(bootstrap), TasksReader(bootstrap)
    await ours.start()
    await theirs.start()
    metrics = Metrics()
    ingest = build(IngestSettings(kafka_bootstrap=bootstrap), Offices(), FakeOutcomes(), ours, metrics, FixedClock())
    api = router(Context(READS, Definitions(keys()), ApiClock(), tasks=theirs))
    try:
        async with ingest.running():
            yield Both(
                client(create_app("ingest", [ingest_router(ingest)], metrics, {}), presented("north", "secret")),
                client(create_app("api", [api], Metrics(), {}), presented("province", "s")),
                theirs,
            )
    finally:
        await ours.stop()
        await theirs.stop()


def client(app: Any, key: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://x", headers={"Authorization": f"Bearer {key}"})


def test_a_task_is_said_decided_and_shown(loop: LoopThread, stack: Stack) -> None:
    async def story() -> None:
        async with both(stack.bootstrap) as here:
            first = await here.put("labour/1", "in_progress", Prefer="wait=10", **{"Idempotency-Key": "a"})
            assert (first.status_code, first.json()["decision"], first.headers["etag"]) == (200, "accepted", '"1"')
            again = await here.put("labour/1", "in_progress", Prefer="wait=10", **{"Idempotency-Key": "a"})
            assert (again.json()["decision"], again.json()["revision"]) == ("duplicate", 1)
            reused = await here.put("labour/1", "done", Prefer="wait=10", **{"Idempotency-Key": "a"})
            assert reused.status_code == 409
            stale = await here.put("labour/1", "done", Prefer="wait=10", **{"If-None-Match": "*"})
            assert stale.status_code == 412
            last = await here.put("labour/1", "done", Prefer="wait=10", **{"If-Match": '"1"'})
            assert last.json()["revision"] == 2
            await here.told.wait_for(0, last.json()["position"], 10)
            shown = await here.get("labour/1")
            assert [one["state"] for one in shown["revisions"]] == ["in_progress", "done"]
            assert shown["as_of"]["position"] > last.json()["position"]
        # Whoever reads it all from the beginning comes to the same.
        async with both(stack.bootstrap) as anew:
            assert (await anew.get("labour/1"))["revisions"] == shown["revisions"]

    loop.run(story())


async def garbage(bootstrap: str) -> int:
    producer: AIOKafkaProducer = kafka.producer(bootstrap)
    await producer.start()
    try:
        return int((await kafka.publish(producer, TASKS, b"\xff{", key=b"x", partition=0)).offset)
    finally:
        await producer.stop()


def test_what_nobody_can_understand_is_passed_over_at_the_start_and_later(loop: LoopThread, stack: Stack) -> None:
    async def story() -> None:
        await garbage(stack.bootstrap)
        async with both(stack.bootstrap) as here:
            assert await here.told.wait_for(0, await garbage(stack.bootstrap), 10) is None
            said = await here.put("labour/2", "done", Prefer="wait=10")
            assert said.json()["decision"] == "accepted"

    loop.run(story())


def test_a_topic_that_is_not_there_is_no_empty_one(loop: LoopThread, stack: Stack, monkeypatch: Any) -> None:
    async def story() -> None:
        monkeypatch.setattr("chitieu.adapters.tasks._PARTITION", TopicPartition("tasks-to-come", 0))
        monkeypatch.setattr("chitieu.adapters.tasks._RETRY_SECONDS", 0.1)
        reader = TasksReader(stack.bootstrap)
        starting = asyncio.create_task(reader.start_when_possible())
        try:
            await asyncio.sleep(1)
            assert not reader.ready
            await kafka.create_topics(stack.bootstrap, [topics.Topic("tasks-to-come", 1, {})], 1)
            async with asyncio.timeout(30):
                await starting
            assert reader.ready
        finally:
            starting.cancel()
            await reader.stop()

    loop.run(story())
