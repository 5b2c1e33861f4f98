"""The embedded stack: the real broker as a child process, chDB as ClickHouse, and the three services in one process."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import FastAPI

from chitieu.adapters.changes import ChangesReader
from chitieu.adapters.clock import SystemClock
from chitieu.adapters.embedded import channel
from chitieu.adapters.embedded.broker import Broker
from chitieu.adapters.embedded.directory import DataDirectory, default_cache
from chitieu.adapters.embedded.errors import BrokerDied, PortTaken
from chitieu.adapters.embedded.java import find_java
from chitieu.adapters.embedded.kafka_jars import kafka_classpath
from chitieu.adapters.http import create_app
from chitieu.adapters.metrics import Metrics
from chitieu.adapters.registry import RegistryReader
from chitieu.adapters.server import Server
from chitieu.adapters.tasks import TasksReader
from chitieu.cli.fold import EmbeddedFold
from chitieu.cli.maintenance import Maintenance
from chitieu.cli.migrate import MigrateSettings, bring_up_to_date
from services.aggregate.app import Aggregate
from services.aggregate.settings import AggregateSettings
from services.api.app import Api, figures
from services.ingest import app as ingest_app
from services.ingest.settings import IngestSettings

GENERATION = 1
PARTITIONS = 4
# Requests under way may finish; then the fold flushes and the broker stops, all within ten seconds.
DRAIN_SECONDS = 2
# Messages folded at a time: requests wait for them on the same event loop (bench/README.md, the embedded process).
_POLL_RECORDS = 200

Say = Callable[[str], None]


@dataclass
class Stack:
    """A running stack. `failed` is done, with the reason, when a part of it stopped by itself."""

    url: str
    bootstrap: str
    app: FastAPI
    registry: RegistryReader
    ready: Callable[[], bool]
    failed: "asyncio.Future[Exception]" = field(repr=False)


def listen(host: str, port: int) -> socket.socket:
    """Take the HTTP port before anything else is started; PortTaken if somebody has it."""
    taken = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
    except OSError as error:
        taken.close()
        raise PortTaken(port) from error
    return taken


def prepare(say: Say) -> tuple[Path, list[Path]]:
    """Java and Kafka's jars, fetched once. Blocking: call it before the event loop."""
    return find_java(), kafka_classpath(default_cache(), say)


@asynccontextmanager
async def running(
    directory: DataDirectory, java: Path, classpath: list[Path], http: socket.socket, say: Say
) -> AsyncIterator[Stack]:
    """Start everything on an open data directory, HTTP last; on leaving stop it all in the opposite order."""
    host, port = http.getsockname()[:2]
    failed: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
    async with AsyncExitStack() as cleanup:
        storage_ = await cleanup.enter_async_context(storage(directory, java, classpath, say))
        storage_.broker.died.add_done_callback(lambda died: _fail(failed, died))
        say("starting the services …")
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        stack = await _services(cleanup, directory, storage_.settings, failed, url)
        await cleanup.enter_async_context(_serving(stack.app, http))
        directory.write_runtime({"http": stack.url, "kafka": stack.bootstrap, "pid": os.getpid()})
        yield stack


@dataclass(frozen=True)
class Storage:
    """The broker and the engine of a data directory, with topics and tables up to date."""

    broker: Broker
    settings: AggregateSettings


@asynccontextmanager
async def storage(directory: DataDirectory, java: Path, classpath: list[Path], say: Say) -> AsyncIterator[Storage]:
    """Start Kafka on an open data directory and bring everything up to date; stop it on leaving."""
    say("starting Kafka …")
    broker = Broker(directory, java, classpath)
    try:
        await broker.start()
        say("starting ClickHouse …")
        dsn = f"chdb://{directory.clickhouse}"
        await bring_up_to_date(
            MigrateSettings(
                kafka_bootstrap=broker.bootstrap, clickhouse_dsn=dsn, generation=GENERATION, partitions=PARTITIONS
            )
        )
        yield Storage(
            broker,
            AggregateSettings(
                kafka_bootstrap=broker.bootstrap,
                clickhouse_dsn=dsn,
                generation=GENERATION,
                faust_directory=directory.run / "faust",
                worker_name="embedded",
                poll_records=_POLL_RECORDS,
            ),
        )
    finally:
        await broker.stop()


async def _services(
    cleanup: AsyncExitStack,
    directory: DataDirectory,
    settings: AggregateSettings,
    failed: "asyncio.Future[Exception]",
    url: str,
) -> Stack:
    metrics, bootstrap = Metrics(), settings.kafka_bootstrap
    registry = RegistryReader(bootstrap, lambda r: metrics.set("chitieu_registry_release", r.number, service="all"))
    cleanup.push_async_callback(registry.stop)
    await registry.start()
    changes = ChangesReader(bootstrap, GENERATION)
    aggregate = Aggregate(settings, registry, metrics, lambda error: _fail_with(failed, error), changes)
    fold = EmbeddedFold(aggregate, lambda error: _fail_with(failed, error))
    cleanup.push_async_callback(changes.stop)
    await changes.start()
    tasks = TasksReader(bootstrap)
    cleanup.push_async_callback(tasks.stop)
    await tasks.start()
    ingest = ingest_app.build(
        IngestSettings(kafka_bootstrap=bootstrap, generation=GENERATION), registry, changes, tasks, metrics
    )
    store = figures(settings.clickhouse_dsn, GENERATION, registry)
    cleanup.push_async_callback(store.close)
    api = Api(store, registry, SystemClock(), changes, tasks, ingest_url=_reached_at(url))
    for service in (api, fold, ingest):
        await cleanup.enter_async_context(service.running())
    maintenance = Maintenance(settings, registry, fold.stopped)
    await cleanup.enter_async_context(channel.listening(directory.channel, maintenance.answer))
    checks = {**ingest.checks, **fold.checks, **api.checks}
    app = create_app(
        "all",
        [ingest_app.router(ingest), api.router],
        metrics,
        checks,
        alive=lambda: aggregate.alive,
        notice=lambda: registry.notice,
        problem_page=api.problem_page,
        leave=api.leave,
        quotas=api.quotas,
    )
    return Stack(url, bootstrap, app, registry, lambda: all(there() for there in checks.values()), failed)


@asynccontextmanager
async def _serving(app: FastAPI, http: socket.socket) -> AsyncIterator[None]:
    server = _Server(app, timeout_graceful_shutdown=DRAIN_SECONDS, timeout_keep_alive=30)
    task = asyncio.create_task(server.serve(sockets=[http]), name="http")
    try:
        while not server.started and not task.done():
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        await task


class _Server(Server):
    """Signals are the stack's business: it stops the parts in order."""

    def install_signal_handlers(self) -> None:
        return


def _reached_at(url: str) -> str:
    """Where the process finds itself: what listens on every address is not asked by that name."""
    return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")


def _fail(failed: "asyncio.Future[Exception]", died: "asyncio.Future[BrokerDied]") -> None:
    if not died.cancelled():
        _fail_with(failed, died.result())


def _fail_with(failed: "asyncio.Future[Exception]", error: Exception) -> None:
    if not failed.done():
        failed.set_result(error)


async def until_stopped(stack: Stack) -> Exception | None:
    """Wait for Ctrl-C or SIGTERM (None), or for a part that stopped by itself (its reason)."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    asked = asyncio.create_task(stop.wait())
    await asyncio.wait((asked, asyncio.ensure_future(stack.failed)), return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    return stack.failed.result() if stack.failed.done() else None
