"""Wiring of the aggregate service: a Faust worker whose hot topic is read in batches by a service inside it.

Faust gives the life cycle, the timers and the agents on low-volume topics. The log itself is not read by an agent: one
costs about 230 µs an event where a batch costs 3–5 µs, and acknowledges an event whose handling failed.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import faust
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI

from chitieu.adapters import collector, kafka
from chitieu.adapters.changes import ChangesReader
from chitieu.adapters.clickhouse.reading import Reader
from chitieu.adapters.clickhouse.store import Store, database_name
from chitieu.adapters.clock import Clock, SystemClock
from chitieu.adapters.http import Checks, create_app
from chitieu.adapters.log import logger
from chitieu.adapters.metrics import Metrics
from chitieu.adapters.registry import RegistryReader
from chitieu.contracts import topics
from chitieu.contracts.events import decode_dead_letter
from services.aggregate import canary
from services.aggregate.announced import Announced
from services.aggregate.settings import AggregateSettings
from services.aggregate.watch import Watch
from services.aggregate.worker import FoldWorker

log = logger(__name__)

_WATCH_SECONDS = 1.0
_STOP_SECONDS = 15.0
_CLOCK = SystemClock()


class Superseded(Exception):
    """The figures were rebuilt into another database, which is in use now."""


class Aggregate:
    """The running service. Give it a registry reader that is already started.

    `changes` is the process's follower of the topic, started by the caller; without one it has one of its own.
    """

    def __init__(
        self,
        settings: AggregateSettings,
        registry: RegistryReader,
        metrics: Metrics,
        on_failure: Callable[[Exception], None] | None = None,
        changes: ChangesReader | None = None,
        clock: Clock = _CLOCK,
    ) -> None:
        self.settings = settings
        self.metrics = metrics
        self._registry = registry
        self._on_failure = on_failure
        self._changes = changes
        self._clock = clock
        self.worker: FoldWorker | None = None

    @property
    def checks(self) -> Checks:
        return {"registry": lambda: self._registry.ready, "fold": lambda: self.worker is not None and self.worker.ready}

    @property
    def alive(self) -> bool:
        """False when the fold failed for good or hangs: restart the process."""
        return self.worker is None or self.worker.alive

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start everything; on leaving, finish the flush in flight and stop."""
        edition = self._registry.edition(self.settings.generation)
        store = Store(self.settings.clickhouse_dsn, database_name(self.settings.generation, edition), threads=2)
        producer = kafka.producer(self.settings.kafka_bootstrap)
        await producer.start()
        worker = FoldWorker(self.settings, store, producer, self._registry, self.metrics, self._on_failure)
        self.worker = worker
        self.settings.faust_directory.parent.mkdir(parents=True, exist_ok=True)
        watch = asyncio.create_task(self._watch(edition), name="fold-watch")
        async with self._following() as changes:
            targets = self._watching(worker, store, producer, changes)
            changes.listen(targets)
            app = _faust_app(self.settings, self.metrics, worker, producer, store, targets)
            try:
                with collector.seldom():
                    await app.start()
                    yield
            finally:
                watch.cancel()
                await _within_reason(app.stop())
                changes.forget(targets)
                # Faust runs its own consumer in a thread whose event loop it stops but never closes.
                cast(Any, app.consumer)._thread.thread_loop.close()
                await _within_reason(producer.stop())
                await store.close()
                self.worker = None

    @asynccontextmanager
    async def _following(self) -> AsyncIterator[ChangesReader]:
        """The process's follower, else one of our own for as long as we run."""
        if self._changes is not None:
            yield self._changes
            return
        changes = ChangesReader(self.settings.kafka_bootstrap, self.settings.generation)
        await changes.start()
        try:
            yield changes
        finally:
            await changes.stop()

    def _watching(self, worker: FoldWorker, store: Store, producer: AIOKafkaProducer, changes: ChangesReader) -> Watch:
        generation = self.settings.generation
        return Watch(
            generation,
            lambda: worker.tenures if 0 in worker.assigned and worker.ready else None,
            worker.tenure,
            Reader(store),
            self._registry,
            Announced(self.settings.kafka_bootstrap, producer, changes, generation),
            self._clock,
            self.settings.remind_days,
            self.settings.states_seconds,
        )

    async def _watch(self, edition: int) -> None:
        """A fold that hangs, or whose figures nobody reads any more, has failed: who runs the process is told so."""
        while self.alive and self._registry.edition(self.settings.generation) == edition:
            await asyncio.sleep(_WATCH_SECONDS)
        if self._on_failure is None or self.worker is None or self.worker.failure is not None:
            return
        if self.alive:
            self._on_failure(Superseded("the figures were rebuilt into another database: start again, to go on there"))
        else:
            self._on_failure(RuntimeError("the fold hangs: restart the process"))


async def _within_reason(stopping: Awaitable[object]) -> None:
    """A broker that is gone must not keep the process alive: what it has not acknowledged is decided again."""
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await stopping
    except TimeoutError:
        log.warning("stopped without saying goodbye to the broker")


def _faust_app(
    settings: AggregateSettings,
    metrics: Metrics,
    worker: FoldWorker,
    producer: AIOKafkaProducer,
    store: Store,
    targets: Watch,
) -> faust.App:
    app = faust.App(
        f"aggregate-{settings.generation}-faust",
        broker=f"kafka://{settings.kafka_bootstrap.replace(',', ';kafka://')}",
        datadir=settings.faust_directory,
        store="memory://",
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        stream_wait_empty=False,
        producer_acks=-1,
        consumer_group_instance_id=settings.worker_name,
        broker_session_timeout=6.0,
        broker_heartbeat_interval=1.5,
        value_serializer="raw",
    )
    dead = app.topic(topics.DEAD, value_serializer="raw", key_serializer="raw")

    @app.agent(dead, name="dead-letters")
    async def tell_operators(letters: Any) -> None:
        """One log line for each dead letter, wherever it was written: nothing unreadable goes unnoticed."""
        async for payload in letters:
            _log_dead_letter(payload)

    @app.timer(settings.canary_seconds, name="canary", on_leader=False)  # type: ignore[untyped-decorator]
    async def measure_freshness() -> None:
        partition = min(worker.assigned, default=None)
        if partition is None or not worker.alive:
            return
        try:
            await canary.measure(producer, store, metrics, settings.generation, partition)
        except Exception:
            log.warning("no freshness measured", partition=partition, exc_info=True)

    @app.timer(settings.states_seconds, name="targets", on_leader=False)  # type: ignore[untyped-decorator]
    async def tell_of_targets_and_deadlines() -> None:
        try:
            await targets.look()
        except Exception:
            log.warning("no states or deadlines announced; trying again", exc_info=True)

    # As `faust worker` would: real consumers, but inside the event loop that is running.
    app.finalize()
    app.client_only = False
    app.add_dependency(worker)
    return app


def _log_dead_letter(payload: bytes) -> None:
    """Never raises: an exception would leave the agent dead and consuming nothing."""
    try:
        letter = decode_dead_letter(payload)
        log.error("dead letter", partition=letter.partition, position=letter.position, reason=letter.reason)
    except Exception:
        log.exception("a dead letter could not be read")


def create(settings: AggregateSettings, on_failure: Callable[[Exception], None] | None = None) -> FastAPI:
    """The service on its own: health and metrics over HTTP, the fold beside them."""
    metrics = Metrics()
    registry = RegistryReader(
        settings.kafka_bootstrap, lambda r: metrics.set("chitieu_registry_release", r.number, service="aggregate")
    )
    aggregate = Aggregate(settings, registry, metrics, on_failure)

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        await registry.start()
        try:
            async with aggregate.running():
                yield
        finally:
            await registry.stop()

    return create_app("aggregate", [], metrics, aggregate.checks, lifespan, alive=lambda: aggregate.alive)
