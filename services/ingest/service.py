"""The running ingest service: what its routes share."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from fastapi import Request

from chitieu.adapters import collector
from chitieu.adapters.clock import Clock
from chitieu.adapters.http import Checks, authenticate
from chitieu.adapters.kafka import Record
from chitieu.adapters.metrics import Metrics
from chitieu.adapters.publisher import Position
from chitieu.contracts.events import Event, encode, encode_event
from chitieu.contracts.tasks import TaskEvent
from chitieu.contracts.topics import TASKS, reports
from chitieu.domain.access import AccessKey
from chitieu.domain.errors import ChitieuError, Unavailable, registry_unread
from chitieu.domain.registry import Release
from chitieu.domain.rollup import MessageKind
from services.ingest.intake import InForce, Intake, Token
from services.ingest.outcome import Outcomes
from services.ingest.room import Room
from services.ingest.settings import IngestSettings


class Log(Protocol):
    """Where events go; `chitieu.adapters.publisher.Publisher` is one."""

    @property
    def reachable(self) -> bool: ...
    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def enqueue(self, topic: str, key: bytes, value: bytes) -> Awaitable[Position]: ...
    async def write_all(self, topic: str, records: Sequence[Record]) -> list[Position | Unavailable]: ...


class Ingest:
    """Give it a registry and outcomes of reports and of tasks that the caller starts; the log it starts itself."""

    def __init__(
        self,
        settings: IngestSettings,
        registry: InForce,
        outcomes: Outcomes,
        tasks: Outcomes,
        log: Log,
        metrics: Metrics,
        clock: Clock,
        token: Token,
    ) -> None:
        self.settings = settings
        self.outcomes = outcomes
        self.tasks = tasks
        self.clock = clock
        self.token = token
        self.room = Room(settings.max_held_bytes)
        self.intake = Intake(registry, clock, token)
        self._registry = registry
        self._log = log
        self._metrics = metrics
        self._topic = reports(settings.generation)

    @property
    def checks(self) -> Checks:
        return {"registry": lambda: self._registry.ready, "broker": lambda: self._log.reachable}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Connect to the log, in the background if need be; on leaving, wait a little for what is under way."""
        await self._log.start()
        try:
            with collector.seldom():
                yield
        finally:
            await self._log.stop()

    def caller(self, request: Request) -> AccessKey:
        """Raises Unavailable before keys are known: a valid key is never called invalid."""
        if not self._registry.ready:
            raise registry_unread()
        return authenticate(request, self._registry.keys, "reports:write")

    @property
    def release(self) -> Release:
        """The release in force. Raises Unavailable until there is one."""
        return self._registry.release

    async def publish(self, event: Event) -> Awaitable[Position]:
        """Queue an event behind those before it; await the result for the broker's acknowledgement by all replicas.

        Both raise Unavailable; the event may have been written all the same.
        """
        queued = await self._log.enqueue(self._topic, event.unit.encode(), encode_event(event))
        return self._acknowledged(queued, MessageKind(event.kind))

    async def publish_reports(self, events: Sequence[Event]) -> list[Position | Unavailable]:
        """As `publish`, for many reports at once: an answer for each, in their order, once all are acknowledged."""
        answers = await self._log.write_all(self._topic, [(one.unit.encode(), encode_event(one)) for one in events])
        if written := list(map(type, answers)).count(Position):
            self._metrics.count("chitieu_reports_published_total", written, kind=MessageKind.REPORT.name.lower())
        return answers

    async def publish_task(self, event: TaskEvent) -> Position:
        """Write a task's report to the log of tasks; as `publish`."""
        queued = await self._log.enqueue(TASKS, event.key, encode(event))
        position = await queued
        self._metrics.count("chitieu_reports_published_total", kind="task")
        return position

    def count_refused(self, error: ChitieuError) -> None:
        """Once a report for each kind of problem."""
        for code in Counter(problem.code for problem in error.problems):
            self._metrics.count("chitieu_reports_refused_total", code=code)

    async def _acknowledged(self, queued: Awaitable[Position], kind: MessageKind) -> Position:
        position = await queued
        self._metrics.count("chitieu_reports_published_total", kind=kind.name.lower())
        return position
