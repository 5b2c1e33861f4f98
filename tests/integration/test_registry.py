"""Following the registry topic on a real broker: releases, keys, and records that nobody can understand."""

import asyncio
import threading
from collections.abc import Awaitable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import AIOKafkaProducer

from chitieu.adapters import kafka, registry
from chitieu.adapters.embedded.broker import Broker
from chitieu.adapters.embedded.directory import DataDirectory, default_cache
from chitieu.adapters.embedded.java import find_java
from chitieu.adapters.embedded.kafka_jars import kafka_classpath
from chitieu.adapters.programmes.release import RegistryObject, release_from_objects
from chitieu.adapters.registry import RegistryReader
from chitieu.contracts import topics
from chitieu.domain.access import AccessKey, digest
from chitieu.domain.registry import Release
from tests.integration.conftest import LoopThread

pytestmark = pytest.mark.stack

ELEMENT = {"vi": "Trẻ em", "en": "Children", "counts": "person", "kind": "stock"}
KEY = AccessKey("one", digest("secret"), "vn@1945-09-02", frozenset({"attainment:read"}))


def catalogue(version: str) -> RegistryObject:
    return RegistryObject("catalogue", "catalogue", version, {"elements": {"children": ELEMENT}})


@pytest.fixture(scope="module")
def bootstrap(loop: LoopThread, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker of this module's own: the registry is one topic for everybody."""
    with DataDirectory(tmp_path_factory.mktemp("registry")) as directory:
        broker = Broker(directory, find_java(), kafka_classpath(default_cache(), print))
        loop.run(broker.start())
        loop.run(kafka.create_topics(broker.bootstrap, topics.declared(1, 1), 1))
        yield broker.bootstrap
        loop.run(broker.stop())


async def garbage(producer: AIOKafkaProducer) -> int:
    said = await kafka.publish(producer, topics.REGISTRY, b"\xff\x00", key=b"plan/x/1", partition=0)
    return int(said.offset)


def test_a_reader_follows_releases_and_keys_and_passes_over_what_it_cannot_understand(
    loop: LoopThread, bootstrap: str
) -> None:
    async def story() -> None:
        producer = kafka.producer(bootstrap)
        await producer.start()
        await garbage(producer)
        first = await registry.publish_release(producer, [], [catalogue("1")])
        reader = RegistryReader(bootstrap)
        await reader.start()
        try:
            assert reader.release.number == first
            await garbage(producer)
            # A release that names what is not there leaves the one before in force.
            broken = await kafka.publish(
                producer, topics.REGISTRY, b'{"objects":[["form","gone","1"]]}', key=b"release/programmes/", partition=0
            )
            assert (await soon(reader.wait_for(int(broken.offset)))).number == first
            second = await registry.publish_release(producer, [("catalogue", "catalogue", "1")], [catalogue("2")])
            assert (await soon(reader.wait_for(second))).number == second
            assert await releases_by_moment(reader) == [None, first, second]
            await registry.publish_key(producer, KEY)
            # No release has the number of a key's record: waiting for it ends once the record was read.
            last = await reader.end() - 1
            assert (await soon(reader.wait_for(last))).number == second
            assert reader.keys.verify("ck_one.secret") == KEY
            assert reader.keys.verify("ck_one.other") is None
            await registry.publish_revocation(producer, "one")
            await soon(reader.wait_for(last + 1))
            assert reader.keys.verify("ck_one.secret") is None
        finally:
            await reader.stop()
            await producer.stop()

    loop.run(story())


async def releases_by_moment(reader: RegistryReader) -> list[int | None]:
    """Just before the first, from then on (passing over the one that nobody can understand), and now."""
    since = reader.defined_since
    assert since is not None
    moments = [since - timedelta(milliseconds=1), since, datetime.now(UTC) + timedelta(hours=1)]
    found = [await reader.release_at(moment) for moment in moments]
    return [None if one is None else one.number for one in found]


async def soon(waiting: Awaitable[Release]) -> Release:
    async with asyncio.timeout(10):
        return await waiting


def test_a_key_counts_while_a_release_is_still_built(
    loop: LoopThread, bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    def slowly(number: int, objects: Iterable[RegistryObject]) -> Release:
        assert go_on.wait(30)
        return release_from_objects(number, objects)

    async def story() -> None:
        producer = kafka.producer(bootstrap)
        await producer.start()
        await registry.publish_release(producer, [], [catalogue("1")])
        reader = RegistryReader(bootstrap)
        await reader.start()
        try:
            monkeypatch.setattr(registry, "release_from_objects", slowly)
            number = await registry.publish_release(producer, [], [catalogue("3")])
            await registry.publish_key(producer, replace(KEY, id="two"))
            async with asyncio.timeout(30):
                while reader.keys.verify("ck_two.secret") is None:
                    await asyncio.sleep(0.01)
            assert reader.release.number < number
            waiting = asyncio.create_task(reader.wait_for(number))
            await asyncio.sleep(0)
            assert not waiting.done()
            go_on.set()
            assert (await soon(waiting)).number == number
        finally:
            go_on.set()
            await reader.stop()
            await producer.stop()

    loop.run(story())
