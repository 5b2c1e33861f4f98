"""The real broker and the real ClickHouse engine, started once; each test gets a generation of its own."""

import asyncio
import itertools
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from chitieu.adapters.embedded.broker import Broker
from chitieu.adapters.embedded.directory import DataDirectory, default_cache
from chitieu.adapters.embedded.java import find_java
from chitieu.adapters.embedded.kafka_jars import kafka_classpath
from chitieu.cli.migrate import MigrateSettings, bring_up_to_date

T = TypeVar("T")
_generations = itertools.count(1)


class LoopThread:
    """One event loop for the session, in a thread that lives as long: the broker ends with its thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tests", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], timeout: float = 120) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@dataclass(frozen=True)
class Stack:
    """Where the broker and the engine are, and a generation with its topic and database ready."""

    bootstrap: str
    dsn: str
    generation: int
    partitions: int


@pytest.fixture(scope="session")
def loop() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close()


@pytest.fixture(scope="session")
def broker(loop: LoopThread, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with DataDirectory(tmp_path_factory.mktemp("stack")) as directory:
        one = Broker(directory, find_java(), kafka_classpath(default_cache(), print))
        loop.run(one.start())
        yield one
        loop.run(one.stop())


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """chDB takes one data directory a process, so all tests share it and differ by database."""
    return tmp_path_factory.mktemp("clickhouse")


@pytest.fixture
def stack(loop: LoopThread, broker: Broker, engine: Path) -> Stack:
    here = Stack(broker.bootstrap, f"chdb://{engine}", next(_generations), 3)
    settings = MigrateSettings(
        kafka_bootstrap=here.bootstrap, clickhouse_dsn=here.dsn, generation=here.generation, partitions=here.partitions
    )
    loop.run(bring_up_to_date(settings))
    return here
