"""The real services on the real broker and engine, on days that a story sets.

Services take their clock as an argument. The log's append times are the broker's, and no broker can be told the time:
so the topics whose times have a meaning are made to take them from the producer (`CreateTime`), and producers write
the story's. Nothing else differs from `chitieu up`.
"""

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaProducer

from chitieu.adapters import kafka, registry
from chitieu.adapters.changes import ChangesReader
from chitieu.adapters.embedded.broker import Broker
from chitieu.adapters.embedded.directory import DataDirectory, default_cache
from chitieu.adapters.embedded.java import find_java
from chitieu.adapters.embedded.kafka_jars import kafka_classpath
from chitieu.adapters.http import create_app
from chitieu.adapters.kafka import producer as undated_producer
from chitieu.adapters.metrics import Metrics
from chitieu.adapters.programmes.apply import Outcome, apply
from chitieu.adapters.programmes.directory import read
from chitieu.adapters.publisher import Publisher
from chitieu.adapters.registry import RegistryReader
from chitieu.adapters.tasks import TasksReader
from chitieu.cli.migrate import MigrateSettings, bring_up_to_date
from chitieu.contracts import topics
from chitieu.contracts.events import Announcement, Reminder, Transition
from chitieu.domain.access import AccessKey, digest, presented
from chitieu.domain.period import CIVIL_ZONE, civil_date
from services.aggregate.app import Aggregate
from services.aggregate.settings import AggregateSettings
from services.api.app import Api, figures
from services.ingest import app as ingest_app
from services.ingest.service import Ingest
from services.ingest.settings import IngestSettings

# Apart from those of other tests on the same engine.
GENERATION, PARTITIONS = 2021, 3
_SCOPES = frozenset({"reports:write", "reports:read", "attainment:read"})


def at(text: str) -> datetime:
    """An instant from a civil time in Viet Nam."""
    return datetime.fromisoformat(text).replace(tzinfo=CIVIL_ZONE)


@dataclass
class SetClock:
    """Tells the time it was set to."""

    time: datetime

    def now(self) -> datetime:
        return self.time


@dataclass
class Heard:
    """What was said on `changes` of targets and deadlines, in order, each with the time of the story."""

    clock: SetClock
    transitions: list[tuple[datetime, Transition]] = field(default_factory=list)
    reminders: list[tuple[datetime, Reminder]] = field(default_factory=list)

    def hear(self, _: int, said: Announcement) -> None:
        if isinstance(said, Transition):
            self.transitions.append((self.clock.now(), said))
        elif isinstance(said, Reminder):
            self.reminders.append((self.clock.now(), said))

    def lost(self) -> None:
        raise AssertionError("an announcement went by unheard")


@dataclass(frozen=True)
class DatedStack:
    """All services in this process, behind one HTTP client whose key covers the nation."""

    clock: SetClock
    bootstrap: str
    http: httpx.AsyncClient
    registry: RegistryReader
    heard: Heard

    async def apply(self, programmes: Path) -> Outcome:
        """As `chitieu programmes apply` does; returns once the release is in force."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kafka, "producer", lambda bootstrap: dated_producer(bootstrap, self.clock))
            found, mistakes = read(programmes)
            assert mistakes == []
            outcome = await apply(self.bootstrap, GENERATION, found, civil_date(self.clock.now()))
        await self.registry.wait_for(outcome.release)
        return outcome


def dated_producer(bootstrap: str, clock: SetClock) -> AIOKafkaProducer:
    """Writes records at the time of a clock."""
    made = undated_producer(bootstrap)
    send = made.send

    async def send_dated(topic: str, value: Any = None, key: Any = None, partition: Any = None, *_: Any) -> Any:
        return await send(topic, value, key, partition, int(clock.now().timestamp() * 1000))

    made.send = send_dated
    return made


@asynccontextmanager
async def dated(scratch: Path, engine: Path, began: datetime) -> AsyncIterator[DatedStack]:
    """Everything running on an empty log and an empty database. `engine`: the directory of this process's chDB."""
    clock = SetClock(began)
    async with AsyncExitStack() as cleanup:
        directory = cleanup.enter_context(DataDirectory(scratch / "data"))
        broker = Broker(directory, find_java(), kafka_classpath(default_cache(), print))
        await broker.start()
        cleanup.push_async_callback(broker.stop)
        await _prepared(broker.bootstrap, f"chdb://{engine}")
        yield await _services(cleanup, broker.bootstrap, f"chdb://{engine}", scratch, clock)


async def _prepared(bootstrap: str, dsn: str) -> None:
    """Topics whose times are the producers', and then whatever `chitieu migrate` makes of the rest."""
    declared = topics.declared(GENERATION, PARTITIONS)
    timed = [one for one in declared if one.config.get("message.timestamp.type") == "LogAppendTime"]
    assert {topics.reports(GENERATION), topics.REGISTRY} <= {one.name for one in timed}
    written = [replace(one, config={**one.config, "message.timestamp.type": "CreateTime"}) for one in timed]
    await kafka.create_topics(bootstrap, written, 1)
    await bring_up_to_date(
        MigrateSettings(kafka_bootstrap=bootstrap, clickhouse_dsn=dsn, generation=GENERATION, partitions=PARTITIONS)
    )


async def _services(cleanup: AsyncExitStack, bootstrap: str, dsn: str, scratch: Path, clock: SetClock) -> DatedStack:
    metrics, reader, tasks = Metrics(), RegistryReader(bootstrap), TasksReader(bootstrap)
    changes = ChangesReader(bootstrap, GENERATION)
    for one in (reader, changes, tasks):
        cleanup.push_async_callback(one.stop)
        await one.start()
    heard = Heard(clock)
    changes.listen(heard)
    store = figures(dsn, GENERATION, reader)
    cleanup.push_async_callback(store.close)
    settings = AggregateSettings(
        kafka_bootstrap=bootstrap,
        clickhouse_dsn=dsn,
        generation=GENERATION,
        faust_directory=scratch / "faust",
        canary_seconds=3600,
        flush_seconds=0,
        states_seconds=0.05,
    )
    publisher = Publisher(bootstrap, lambda where: dated_producer(where, clock))
    to_ingest = IngestSettings(kafka_bootstrap=bootstrap, generation=GENERATION)
    ingest = Ingest(to_ingest, reader, changes, tasks, publisher, metrics, clock, secrets.token_bytes)
    api = Api(store, reader, clock, changes, tasks)
    aggregate = Aggregate(settings, reader, metrics, changes=changes, clock=clock)
    for service in (aggregate, ingest, api):
        await cleanup.enter_async_context(service.running())
    app = create_app("all", [ingest_app.router(ingest), api.router], metrics, {**ingest.checks, **api.checks})
    key = await _key(bootstrap, clock)
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://golden", headers={"Authorization": f"Bearer {key}"}
    )
    return DatedStack(clock, bootstrap, await cleanup.enter_async_context(client), reader, heard)


async def _key(bootstrap: str, clock: SetClock) -> str:
    """An access key of the nation."""
    producer = dated_producer(bootstrap, clock)
    await producer.start()
    await registry.publish_key(producer, AccessKey("story", digest("s"), "vn@1945-09-02", _SCOPES))
    await producer.stop()
    return presented("story", "s")
