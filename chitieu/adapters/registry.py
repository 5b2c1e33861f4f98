"""The registry topic: definitions and access keys in force, followed live by every service.

An object (a form, a plan, a piece of a unit tree) is written once under kind/id/version and never changes. A `release`
names the objects in force together; readers switch when they read it. Keys take effect at once, and so does a notice: a
sentence about all of the data, such as that it is simulated. `figures/<generation>/<edition>` says which database holds
the figures of a log; without one, the first that was made.
"""

import asyncio
import contextlib
import gc
import json
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, cast

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord

from chitieu.adapters.clock import appended_at
from chitieu.adapters.kafka import consumer, publish, read_to_end
from chitieu.adapters.log import logger
from chitieu.adapters.past_releases import PastReleases
from chitieu.adapters.programmes.release import ObjectKind, RegistryObject, release_from_objects
from chitieu.contracts.topics import REGISTRY
from chitieu.domain.access import AccessKey, KeyRing
from chitieu.domain.catalogue import Label
from chitieu.domain.errors import registry_unread
from chitieu.domain.registry import Release

log = logger(__name__)

_RETRY_SECONDS = 2.0

ObjectKey = tuple[str, str, str]


class Registry:
    """What the topic said so far. Feed it records in order; `release` is the one in force."""

    def __init__(self) -> None:
        self.keys = KeyRing()
        self.release: Release | None = None
        self.notice: Label | None = None
        self.objects: dict[ObjectKey, RegistryObject] = {}
        self.named: list[ObjectKey] = []
        self.named_before: list[ObjectKey] = []
        self.moves_published = True
        self._editions: dict[int, int] = {}

    def edition(self, generation: int) -> int:
        """The edition of a log's figures that is in use: the one recorded last."""
        return self._editions.get(generation, 1)

    def read(self, key: bytes, value: bytes) -> bool:
        """Take in one record; True if it put another release into force (the caller then calls `switch`)."""
        kind, id_, version = key.decode().split("/", 2)
        body = json.loads(value)
        if kind == "key":
            self._read_key(id_, body)
        elif kind == "notice":
            self.notice = Label(body["vi"], body["en"])
        elif kind == "figures":
            self._editions[int(id_)] = int(version)
        elif kind == "release":
            self.named_before, self.named = self.named, [(k, i, v) for k, i, v in body["objects"]]
            self.moves_published = not self.named_before
            return True
        elif kind == "moved":
            self.moves_published = True
        else:
            self.objects[kind, id_, version] = RegistryObject(cast(ObjectKind, kind), id_, version, body)
        return False

    def build_before(self) -> Release:
        """The release before the one in force."""
        return self.made(0, self.named_before)

    def made(self, number: int, named: Iterable[ObjectKey]) -> Release:
        """Any release, from the objects that it names: a second of work for a national tree, so run it in a thread."""
        return release_from_objects(number, [self.objects[key] for key in named])

    def _read_key(self, id_: str, body: dict[str, Any]) -> None:
        if body.get("revoked"):
            self.keys.revoke(id_)
        else:
            scopes = frozenset(body["scopes"])
            self.keys.add(AccessKey(id_, body["sha256"], body["unit"], scopes, body.get("label", "")))


class RegistryReader:
    """Follows the topic. Ready once read to the end and a release is in force."""

    def __init__(self, bootstrap: str, on_release: Callable[[Release], None] | None = None) -> None:
        self._bootstrap = bootstrap
        self._on_release = on_release
        self._registry = Registry()
        self._past: PastReleases[ObjectKey] = PastReleases(self._registry.made)
        self._consumer: AIOKafkaConsumer | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._moved = asyncio.Condition()
        self._position = 0
        self._unbuilt: deque[tuple[int, list[ObjectKey]]] = deque()
        self.caught_up = False

    @property
    def keys(self) -> KeyRing:
        return self._registry.keys

    @property
    def notice(self) -> Label | None:
        """What must be said beside every figure, if anything."""
        return self._registry.notice

    def edition(self, generation: int) -> int:
        """The edition of a log's figures that is in use, as far as the topic was read."""
        return self._registry.edition(generation)

    @property
    def ready(self) -> bool:
        return self.caught_up and self._registry.release is not None

    @property
    def release(self) -> Release:
        """The release in force; Unavailable until there is one."""
        if not self.caught_up or self._registry.release is None:
            raise registry_unread()
        return self._registry.release

    @property
    def defined_since(self) -> datetime | None:
        """When the first release came into force; before that nothing was defined."""
        return self._past.since

    async def release_at(self, instant: datetime) -> Release | None:
        """The release in force at a moment, by the broker's append times; None before the first. Raises Unavailable."""
        return await self._past.at(instant, self.release)

    async def start(self) -> None:
        """Read to the end as of now, then follow in the background."""
        self._consumer = consumer(self._bootstrap, REGISTRY)
        await self._consumer.start()
        latest: int | None = None
        async for record in read_to_end(self._consumer):
            if self._read(record):
                latest = record.offset
            self._position = record.offset + 1
        if latest is not None:
            await self._switch(latest, self._registry.named)
        self.caught_up = True
        self._tasks = [
            asyncio.create_task(self._follow(), name="registry"),
            asyncio.create_task(self._switch_on(), name="releases"),
        ]

    async def start_when_possible(self) -> None:
        """Start as soon as the broker lets us; until then the caller is not ready."""
        while not self.caught_up:
            try:
                await self.start()
            except Exception as error:
                log.warning("registry not read yet, trying again", error=repr(error))
                await self.stop()
                await asyncio.sleep(_RETRY_SECONDS)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self._consumer is not None:
            await self._consumer.stop()

    async def wait_for(self, number: int) -> Release:
        """The release in force, once the topic was read beyond a release's number; see `end` for whether it exists."""
        async with self._moved:
            await self._moved.wait_for(lambda: self.ready and self._position > number and not self._building(number))
        return self.release

    def _building(self, number: int) -> bool:
        """Was a release read, but is not in force yet, nor is a later one?"""
        return bool(self._unbuilt) and self._unbuilt[0][0] <= number

    async def end(self) -> int:
        """Where the topic ends now, read here or not: every release that exists has a smaller number."""
        assert self._consumer is not None
        at = TopicPartition(REGISTRY, 0)
        end: int = (await self._consumer.end_offsets([at]))[at]
        return end

    async def _follow(self) -> None:
        """For ever: a reader that had stopped would let revoked keys in. Keys don't wait until a release is built."""
        assert self._consumer is not None
        while True:
            try:
                async for record in self._consumer:
                    if self._read(record):
                        self._unbuilt.append((record.offset, self._registry.named))
                    async with self._moved:
                        self._position = record.offset + 1
                        self._moved.notify_all()
            except KafkaError as error:
                log.warning("registry not followed, trying again", error=repr(error))
                await asyncio.sleep(_RETRY_SECONDS)

    async def _switch_on(self) -> None:
        while True:
            async with self._moved:
                await self._moved.wait_for(lambda: self._unbuilt)
            await self._switch(*self._unbuilt[0])
            async with self._moved:
                self._unbuilt.popleft()
                self._moved.notify_all()

    def _read(self, record: ConsumerRecord) -> bool:
        """A record that can't be understood is passed over, at the start as later: the others still count."""
        try:
            switches = self._registry.read(record.key or b"", record.value or b"{}")
        except Exception:
            log.exception("registry record not understood", offset=record.offset)
            return False
        if switches:
            known_at = appended_at(record.timestamp)
            self._past.add(record.offset, known_at, self._registry.named)
        return switches

    async def _switch(self, offset: int, named: Iterable[ObjectKey]) -> None:
        """A release's number is its offset: unique, growing, and the same for every reader.

        One that cannot be built is left out, and what was in force stays so: better than no service at all.
        """
        try:
            release = await asyncio.to_thread(self._registry.made, offset, named)
        except Exception:
            log.exception("release not understood", release=offset)
            return
        self._registry.release = release
        # A release is hundreds of thousands of objects without a cycle: looking through all of them over and over would
        # hold everybody for a tenth of a second each time.
        gc.freeze()
        log.info("release in force", release=release.number, plans=len(release.plans), units=len(release.tree))
        if self._on_release is not None:
            self._on_release(release)


async def snapshot(bootstrap: str) -> Registry:
    """The registry as of now, with its release built; for the command line."""
    reader = consumer(bootstrap, REGISTRY)
    await reader.start()
    try:
        registry, latest = Registry(), None
        async for record in read_to_end(reader):
            if registry.read(record.key or b"", record.value or b"{}"):
                latest = record.offset
        if latest is not None:
            registry.release = await asyncio.to_thread(registry.made, latest, registry.named)
        return registry
    finally:
        await reader.stop()


async def edition_in_use(bootstrap: str, generation: int) -> int:
    """The edition of a log's figures that is in use as of now; for the command line."""
    reader = consumer(bootstrap, REGISTRY)
    await reader.start()
    try:
        registry = Registry()
        async for record in read_to_end(reader):
            if (record.key or b"").startswith(b"figures/"):
                registry.read(record.key, record.value or b"{}")
        return registry.edition(generation)
    finally:
        await reader.stop()


async def publish_edition(to: AIOKafkaProducer, generation: int, edition: int) -> None:
    """From here on readers and the fold use this edition of a log's figures."""
    await publish(to, REGISTRY, b"{}", key=f"figures/{generation}/{edition}".encode(), partition=0)


async def publish_release(to: AIOKafkaProducer, known: Iterable[ObjectKey], objects: Iterable[RegistryObject]) -> int:
    """Write the objects the topic lacks, then the release that names them all; returns the release's number."""
    have, named = set(known), []
    for one in objects:
        key = (one.kind, one.id, one.version)
        named.append(key)
        if key not in have:
            await publish(to, REGISTRY, _json(one.body), key="/".join(key).encode(), partition=0)
    said = await publish(to, REGISTRY, _json({"objects": named}), key=b"release/programmes/", partition=0)
    return int(said.offset)


async def publish_moves_done(to: AIOKafkaProducer, number: int) -> None:
    """Every unit that a release moved has been told to the log."""
    await publish(to, REGISTRY, b"{}", key=f"moved/{number}/".encode(), partition=0)


async def publish_key(to: AIOKafkaProducer, key: AccessKey) -> None:
    body = {"sha256": key.sha256, "unit": key.unit, "scopes": sorted(key.scopes), "label": key.label}
    await publish(to, REGISTRY, _json(body), key=f"key/{key.id}/created".encode(), partition=0)


async def publish_revocation(to: AIOKafkaProducer, id_: str) -> None:
    await publish(to, REGISTRY, _json({"revoked": True}), key=f"key/{id_}/revoked".encode(), partition=0)


async def publish_notice(to: AIOKafkaProducer, id_: str, notice: Label) -> None:
    body = {"vi": notice.vi, "en": notice.en}
    await publish(to, REGISTRY, _json(body), key=f"notice/{id_}/1".encode(), partition=0)


def _json(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
