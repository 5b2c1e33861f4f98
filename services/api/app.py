"""Wiring of the api service: reads ClickHouse and the registry, answers HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from chitieu.adapters.clickhouse.reading import Reader
from chitieu.adapters.clickhouse.store import Store, database_name
from chitieu.adapters.clock import Clock, SystemClock
from chitieu.adapters.http import Checks, create_app
from chitieu.adapters.log import logger
from chitieu.adapters.metrics import Metrics
from chitieu.adapters.openapi import KEYS
from chitieu.adapters.registry import RegistryReader
from services.api import (
    analytics,
    attainment,
    documents,
    forms,
    me,
    obligations,
    plans,
    reports,
    submissions,
    templates,
    units,
)
from services.api.context import Context, Registry
from services.api.queries import Reads
from services.api.settings import ApiSettings
from services.api.web import routes as web
from services.api.web.problem_pages import problem_page

log = logger(__name__)

_PROBE_SECONDS = 2


def router(context: Context) -> APIRouter:
    """Every route of the service, to stand alone or beside another's."""
    every = APIRouter()
    for part in (
        plans,
        forms,
        units,
        attainment,
        reports,
        submissions,
        obligations,
        documents,
        analytics,
        me,
        templates,
    ):
        every.include_router(part.routes(context), dependencies=KEYS)
    every.include_router(web.routes(context))
    return every


def figures(dsn: str, generation: int, registry: RegistryReader, threads: int = 4) -> Store:
    """The figures of a log in the edition that is recorded last: a rebuild is switched to while requests go on."""
    return Store(dsn, lambda: database_name(generation, registry.edition(generation)), threads)


class Api:
    """The running service. Give it a registry reader that is already started, and a store it may read."""

    def __init__(self, store: Store, registry: Registry, clock: Clock) -> None:
        self._reader = Reader(store)
        self._registry = registry
        context = Context(Reads(self._reader), registry, clock)
        self.router = router(context)
        self.problem_page = problem_page(context)

    @property
    def checks(self) -> Checks:
        return {"registry": lambda: self._registry.ready, "clickhouse": lambda: self._reader.reachable}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch over ClickHouse, so that readiness is known before anybody asks."""
        watch = asyncio.create_task(self._watch(), name="clickhouse")
        try:
            yield
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

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
    api = Api(store, registry, SystemClock())

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        starting = asyncio.create_task(registry.start_when_possible(), name="registry")
        try:
            async with api.running():
                yield
        finally:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
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
    )
