"""Wiring of the ingest service: it accepts reports, validates them, and publishes them to the log.

It depends on Kafka alone: with ClickHouse down it still accepts.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from chitieu.adapters.changes import ChangesReader
from chitieu.adapters.clock import Clock, SystemClock
from chitieu.adapters.http import create_app
from chitieu.adapters.log import logger
from chitieu.adapters.metrics import Metrics
from chitieu.adapters.openapi import KEYS
from chitieu.adapters.publisher import Publisher
from chitieu.adapters.quota import Quota, Quotas
from chitieu.adapters.registry import RegistryReader
from chitieu.adapters.tasks import TasksReader
from services.ingest import bulk, complete_registrations, data_value_sets, reports, tasks, workbooks
from services.ingest.body import UnreadBodyRoute
from services.ingest.intake import InForce, Token
from services.ingest.outcome import Outcomes
from services.ingest.service import Ingest
from services.ingest.settings import IngestSettings

log = logger(__name__)

_RETRY_SECONDS = 2.0
_CLOCK = SystemClock()


def build(
    settings: IngestSettings,
    registry: InForce,
    outcomes: Outcomes,
    of_tasks: Outcomes,
    metrics: Metrics,
    clock: Clock = _CLOCK,
) -> Ingest:
    """The service beside others in one process: registry and outcomes are shared, and started by the caller."""
    publisher = Publisher(settings.kafka_bootstrap, max_in_flight=settings.max_in_flight_bytes)
    return Ingest(settings, registry, outcomes, of_tasks, publisher, metrics, clock, Tokens(secrets.token_bytes).take)


class Tokens:
    """Random bytes, drawn many at a time: the system takes as long for sixteen of them as for judging the values."""

    def __init__(self, draw: Token, at_once: int = 4096) -> None:
        self._draw = draw
        self._at_once = at_once
        self._drawn = b""
        self._next = 0

    def take(self, size: int) -> bytes:
        """At most as many as are drawn at once; none is given twice."""
        if self._next + size > len(self._drawn):
            self._drawn, self._next = self._draw(self._at_once), 0
        taken = self._drawn[self._next : self._next + size]
        self._next += size
        return taken


def router(ingest: Ingest) -> APIRouter:
    """Every route of the service."""
    both = APIRouter(route_class=UnreadBodyRoute.within(ingest.room), tags=["reports"], dependencies=KEYS)
    for part in (reports, bulk, data_value_sets, complete_registrations, workbooks, tasks):
        part.add_routes(both, ingest)
    return both


def create(settings: IngestSettings) -> FastAPI:
    """The service on its own. It listens at once and says in /readyz what it waits for."""
    metrics = Metrics()
    registry = RegistryReader(
        settings.kafka_bootstrap, lambda r: metrics.set("chitieu_registry_release", r.number, service="ingest")
    )
    changes = ChangesReader(settings.kafka_bootstrap, settings.generation)
    told = TasksReader(settings.kafka_bootstrap)
    ingest = build(settings, registry, changes, told, metrics)

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        # In the background: until the registry is there, requests are answered 503; without the others nobody can wait.
        connecting = asyncio.gather(changes.start(), _read(registry), told.start_when_possible())
        try:
            async with ingest.running():
                yield
        finally:
            connecting.cancel()
            await asyncio.gather(connecting, return_exceptions=True)
            await changes.stop()
            await told.stop()
            await registry.stop()

    return create_app(
        "ingest",
        [router(ingest)],
        metrics,
        ingest.checks,
        lifespan,
        notice=lambda: registry.notice,
        quotas=Quotas(lambda: registry.keys, writes=Quota("write", settings.write_quota)),
    )


async def _read(registry: RegistryReader) -> None:
    """Read the registry as soon as the broker lets us."""
    while not registry.caught_up:
        try:
            await registry.start()
        except Exception as error:
            log.warning("registry not read yet, trying again", error=repr(error))
            await registry.stop()
            await asyncio.sleep(_RETRY_SECONDS)
