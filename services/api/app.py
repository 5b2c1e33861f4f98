"""Wiring of the api service: reads ClickHouse and the registry, answers HTTP."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends, FastAPI
from fastapi.security import APIKeyHeader, HTTPBearer

from chitieu.adapters.clickhouse.reading import Reader
from chitieu.adapters.clickhouse.store import Store, database_name
from chitieu.adapters.clock import Clock, SystemClock
from chitieu.adapters.http import Checks, create_app
from chitieu.adapters.metrics import Metrics
from chitieu.adapters.registry import RegistryReader
from services.api import attainment, docs, obligations, plans, reports, submissions, units
from services.api.context import Context, Registry
from services.api.queries import Reads
from services.api.settings import ApiSettings

_PROBE_SECONDS = 2

# Keys are checked in `Context.key`; these only tell the API's description where they go.
_KEYS = [
    Depends(HTTPBearer(auto_error=False, description="an access key, `ck_….…`")),
    Depends(APIKeyHeader(name="X-API-Key", auto_error=False)),
]


class Api:
    """The running service. Give it a registry reader that is already started, and a store it may read."""

    def __init__(self, store: Store, registry: Registry, clock: Clock) -> None:
        self._reader = Reader(store)
        self._registry = registry
        self._context = Context(Reads(self._reader), registry, clock)

    @property
    def checks(self) -> Checks:
        return {"registry": lambda: self._registry.ready, "clickhouse": lambda: self._reader.reachable}

    def router(self) -> APIRouter:
        """Every route of the service, to stand alone or beside another's."""
        router = APIRouter()
        for part in (plans, units, attainment, reports, submissions, obligations):
            router.include_router(part.routes(self._context), dependencies=_KEYS)
        router.include_router(docs.routes())
        return router

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch over ClickHouse, so that readiness is known before anybody asks."""
        await self._reader.probe("rollup")
        watch = asyncio.create_task(self._watch(), name="clickhouse")
        try:
            yield
        finally:
            watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watch

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_PROBE_SECONDS)
            if not self._reader.reachable:
                await self._reader.probe("rollup")


def create(settings: ApiSettings) -> FastAPI:
    """The service on its own."""
    metrics = Metrics()
    registry = RegistryReader(
        settings.kafka_bootstrap, lambda r: metrics.set("chitieu_registry_release", r.number, service="api")
    )
    store = Store(settings.clickhouse_dsn, database_name(settings.generation), settings.read_threads)
    api = Api(store, registry, SystemClock())

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        await registry.start()
        try:
            async with api.running():
                yield
        finally:
            await registry.stop()
            await store.close()

    return create_app("api", [api.router()], metrics, api.checks, lifespan)
