"""Wiring of the api service: reads ClickHouse and the registry, answers HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from chitieu.adapters import collector
from chitieu.adapters.changes import ChangesReader
from chitieu.adapters.clickhouse.reading import Reader
from chitieu.adapters.clickhouse.store import Store, database_name
from chitieu.adapters.clock import Clock, SystemClock
from chitieu.adapters.http import Checks, create_app
from chitieu.adapters.log import logger
from chitieu.adapters.metrics import Metrics
from chitieu.adapters.openapi import KEYS
from chitieu.adapters.quota import Quota, Quotas
from chitieu.adapters.registry import RegistryReader
from chitieu.adapters.tasks import TasksReader
from services.api import (
    analytics,
    attainment,
    attainment_table,
    changes,
    comparison,
    documents,
    forms,
    lineage,
    me,
    obligation_table,
    obligations,
    plans,
    reports,
    series,
    series_table,
    submissions,
    tasks,
    templates,
    units,
)
from services.api.context import Context, Registry, Tasks, Untold
from services.api.follower import Changes
from services.api.limits import SHIPPED, Limits
from services.api.queries import Reads
from services.api.settings import INGEST_URL, ApiSettings
from services.api.web import routes as web
from services.api.web.problem_pages import problem_page

log = logger(__name__)

_PROBE_SECONDS = 2

# Tables stand before what answers JSON at the same path: they take what asks for another format.
_PARTS = (
    attainment_table,
    series_table,
    obligation_table,
    analytics,
    attainment,
    changes,
    comparison,
    documents,
    forms,
    lineage,
    me,
    obligations,
    plans,
    reports,
    series,
    submissions,
    tasks,
    templates,
    units,
)


def router(context: Context) -> APIRouter:
    """Every route of the service, to stand alone or beside another's."""
    every = APIRouter()
    for part in _PARTS:
        every.include_router(part.routes(context), dependencies=KEYS)
    every.include_router(web.routes(context))
    return every


def figures(dsn: str, generation: int, registry: RegistryReader, threads: int = 4) -> Store:
    """The figures of a log in the edition that is recorded last: a rebuild is switched to while requests go on."""
    return Store(dsn, lambda: database_name(generation, registry.edition(generation)), threads)


class Api:
    """The running service. Give it readers of the registry, of `changes` and of tasks that are started by the caller.

    Without a follower of `changes` it has no streams and keeps no answers.
    """

    def __init__(
        self,
        store: Store,
        registry: Registry,
        clock: Clock,
        follower: Changes | None = None,
        told: Tasks | None = None,
        limits: Limits = SHIPPED,
        ingest_url: str = INGEST_URL,
    ) -> None:
        self._reader = Reader(store)
        self._registry = registry
        self._told = told or Untold()
        self._context = Context(Reads(self._reader), registry, clock, follower, self._told, limits, ingest_url)
        self.router = router(self._context)
        self.problem_page = problem_page(self._context)
        self.quotas = Quotas(lambda: registry.keys, reads=Quota("read", limits.requests))

    def leave(self) -> None:
        """The process is about to stop: streams end now, or the HTTP server would wait for them."""
        self._context.subscriptions.end()

    @property
    def checks(self) -> Checks:
        return {
            "registry": lambda: self._registry.ready,
            "tasks": lambda: self._told.ready,
            "clickhouse": lambda: self._reader.reachable,
        }

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch over ClickHouse, so that readiness is known before anybody asks, and read ahead of who asks again."""
        watch = asyncio.create_task(self._watch(), name="clickhouse")
        ahead = asyncio.create_task(self._context.read_ahead(), name="ahead")
        try:
            # What is held is a million objects without a cycle: to look through all of them holds everybody for half a
            # second, through a tenth of them for a tenth.
            with collector.seldom(middle=4):
                yield
        finally:
            watch.cancel()
            ahead.cancel()
            await asyncio.gather(watch, ahead, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            if not await self._reader.probe("rollup"):
                log.warning("ClickHouse is not there, or has no tables yet: trying again")
            await asyncio.sleep(_PROBE_SECONDS)


def create(settings: ApiSettings) -> FastAPI:
    """The service on its own. It listens at once and says in /readyz what it waits for."""
    metrics = Metrics()
    registry = RegistryReader(
        settings.kafka_bootstrap, lambda r: metrics.set("chitieu_registry_release", r.number, service="api")
    )
    store = figures(settings.clickhouse_dsn, settings.generation, registry, settings.read_threads)
    follower = ChangesReader(settings.kafka_bootstrap, settings.generation)
    told = TasksReader(settings.kafka_bootstrap)
    api = Api(store, registry, SystemClock(), follower, told, settings.limits, settings.ingest_url)

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        # All in the background: until they are there, requests are answered 503.
        starting = asyncio.gather(follower.start(), registry.start_when_possible(), told.start_when_possible())
        try:
            async with api.running():
                yield
        finally:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            await follower.stop()
            await told.stop()
            await registry.stop()
            await store.close()

    return create_app(
        "api",
        [api.router],
        metrics,
        api.checks,
        lifespan,
        notice=lambda: registry.notice,
        problem_page=api.problem_page,
        leave=api.leave,
        quotas=api.quotas,
    )
