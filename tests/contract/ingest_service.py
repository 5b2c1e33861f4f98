"""The ingest service over HTTP with a fake log and a fake fold."""

import asyncio
import json
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from fastapi import FastAPI

from chitieu.adapters.http import create_app
from chitieu.adapters.kafka import Record
from chitieu.adapters.metrics import Metrics
from chitieu.adapters.publisher import Position
from chitieu.adapters.quota import Quotas
from chitieu.contracts.events import Event, content_hash, decode_event, pack
from chitieu.contracts.tasks import TaskEvent, decode_task
from chitieu.contracts.topics import TASKS
from chitieu.domain.access import AccessKey, KeyRing, digest, presented
from chitieu.domain.errors import Unavailable
from chitieu.domain.registry import Release
from chitieu.domain.rollup import Decided, MessageKind
from services.ingest.app import router
from services.ingest.service import Ingest
from services.ingest.settings import IngestSettings
from tests.unit.commune_release import GOOD, RELEASE

PUT = "/v1/reports/xa/2024S1/00001"
UNIT = "00001@2000-01-01"
PATH = ("vn@2000-01-01", "01@2000-01-01", "001@2000-01-01", UNIT)
PACKED = pack((520, 480, 12, 8, 3, 1234, 1000, 125, 40, 2, 30, 0, 0))
STATES = bytes((1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0))
CONTENT = content_hash(MessageKind.REPORT, PACKED, STATES).hex()
BODY = {"values": GOOD}
Json = Any


class FakeRegistry:
    ready = True

    def __init__(self) -> None:
        self.keys = KeyRing()
        for id_, unit, scopes in (
            ("north", "01@2000-01-01", {"reports:write"}),
            ("commune2", "00002@2022-07-01", {"reports:write"}),
            ("reader", "vn@2000-01-01", {"attainment:read"}),
        ):
            self.keys.add(AccessKey(id_, digest("secret"), unit, frozenset(scopes)))

    @property
    def release(self) -> Release:
        return RELEASE


class FakeLog:
    """Acknowledges in order, once `acknowledges` is set; away from record `away_from` on."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.tasks: list[TaskEvent] = []
        self.reachable = True
        self.away_from = 10**9
        self.acknowledges = asyncio.Event()
        self.acknowledges.set()

    async def start(self) -> None:
        self.reachable = True

    async def stop(self) -> None:
        self.reachable = False

    async def enqueue(self, topic: str, key: bytes, value: bytes) -> Awaitable[Position]:
        if topic == TASKS:
            return await self._task(key, value)
        event = decode_event(value)
        assert (topic, key) == ("reports-1", event.unit.encode())
        if len(self.events) >= self.away_from:
            raise Unavailable.of("unavailable", detail="Kafka")
        self.events.append(event)
        return self._acknowledged(Position(3, len(self.events) - 1))

    async def _task(self, key: bytes, value: bytes) -> Awaitable[Position]:
        event = decode_task(value)
        assert key == event.key
        if len(self.tasks) >= self.away_from:
            raise Unavailable.of("unavailable", detail="Kafka")
        self.tasks.append(event)
        return self._acknowledged(Position(0, len(self.tasks) - 1))

    async def write_all(self, topic: str, records: Sequence[Record]) -> list[Position | Unavailable]:
        answers: list[Position | Unavailable] = []
        for key, value in records:
            try:
                answers.append(await (await self.enqueue(topic, key, value)))
            except Unavailable as away:
                answers.append(away)
        return answers

    async def _acknowledged(self, at: Position) -> Position:
        await asyncio.sleep(0)
        await self.acknowledges.wait()
        return at


class FakeOutcomes:
    """None: nothing was told; a TimeoutError: not in time."""

    def __init__(self) -> None:
        self.outcome: Decided | type[TimeoutError] | None = None
        self.asked: list[tuple[int, int, float]] = []

    async def wait_for(self, partition: int, position: int, timeout: float) -> Decided | None:
        self.asked.append((partition, position, timeout))
        if self.outcome is TimeoutError:
            raise TimeoutError
        assert not isinstance(self.outcome, type)
        return self.outcome


class FixedClock:
    def now(self) -> datetime:
        return datetime(2024, 7, 1, tzinfo=UTC)


@dataclass
class Service:
    """The application and what stands behind it; `answer` sends one request with the key of the north."""

    registry: FakeRegistry = field(default_factory=FakeRegistry)
    log: FakeLog = field(default_factory=FakeLog)
    outcomes: FakeOutcomes = field(default_factory=FakeOutcomes)
    tasks: FakeOutcomes = field(default_factory=FakeOutcomes)
    metrics: Metrics = field(default_factory=Metrics)
    limits: Mapping[str, Any] = field(default_factory=dict)
    quotas: Quotas | None = None

    def app(self) -> FastAPI:
        settings = IngestSettings(**self.limits)
        ingest = Ingest(
            settings,
            self.registry,
            self.outcomes,
            self.tasks,
            self.log,
            self.metrics,
            FixedClock(),
            lambda n: b"\x07" * n,
        )
        return create_app("ingest", [router(ingest)], self.metrics, ingest.checks, quotas=self.quotas)

    def client(self, key: str | None = "north") -> httpx.AsyncClient:
        """One that asks an application of its own."""
        headers = {} if key is None else {"Authorization": f"Bearer {presented(key, 'secret')}"}
        transport = httpx.ASGITransport(self.app(), raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://ingest", headers=headers)

    def answer(self, method: str, path: str, key: str | None = "north", **request: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with self.client(key) as client:
                return await client.request(method, path, **request)

        return asyncio.run(ask())

    def put(self, body: object = BODY, path: str = PUT, **request: Any) -> httpx.Response:
        return self.answer("PUT", path, json=json.loads(json.dumps(body)), **request)

    def lines(self, *lines: object, path: str = "/v1/reports", **request: Any) -> list[Json]:
        text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
        headers = {"Content-Type": "application/x-ndjson", **request.pop("headers", {})}
        answer = self.answer("POST", path, content=text.encode(), headers=headers, **request)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
        return [json.loads(line) for line in answer.text.splitlines()]


def item(unit: str = "00001", **members: object) -> dict[str, object]:
    return {"form": "xa", "period": "2024S1", "unit": unit, "values": GOOD, **members}


def codes(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    return [(error["code"], error["pointer"]) for error in problem["errors"]]
