"""`/v1/changes` over a real server and a real broker: nothing missed, nothing twice, and nobody waits for anybody."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from chitieu.adapters import kafka, server
from chitieu.adapters.changes import ChangesReader
from chitieu.adapters.clickhouse.store import Store
from chitieu.adapters.http import create_app
from chitieu.adapters.metrics import Metrics
from chitieu.adapters.server import Server
from chitieu.contracts import topics
from chitieu.contracts.events import Announcement, Change, Transition, encode
from chitieu.domain.access import AccessKey, KeyRing, digest, presented
from chitieu.domain.catalogue import Label
from chitieu.domain.registry import Release
from services.api import changes as route
from services.api.app import Api
from services.api.limits import Limits
from tests.integration.conftest import LoopThread, Stack
from tests.unit.small_release import COMMUNE, DISTRICT, NATION, PLAN, PROVINCE, RELEASE

pytestmark = pytest.mark.stack

ELSEWHERE = "30@2008-08-01"
PATIENCE = 20.0


class FixedClock:
    def now(self) -> datetime:
        return datetime(2025, 1, 15, tzinfo=UTC)


class FixedRegistry:
    ready = True
    release: Release = RELEASE
    notice: Label | None = None
    defined_since: datetime | None = None

    def __init__(self) -> None:
        self.keys = KeyRing()
        self.keys.add(AccessKey("k", digest("s"), ELSEWHERE, frozenset({"attainment:read"})))

    async def release_at(self, instant: datetime) -> Release | None:
        return self.release


@dataclass
class Served:
    """A running api whose ClickHouse is away; what it holds, and the topic that it follows."""

    stack: Stack
    http: Server
    url: str
    registry: FixedRegistry
    changes: ChangesReader

    async def say(self, *some: Announcement) -> list[int]:
        """Announce; the offsets."""
        producer = kafka.producer(self.stack.bootstrap)
        await producer.start()
        try:
            return [(await kafka.publish(producer, topics.CHANGES, encode(one), partition=0)).offset for one in some]
        finally:
            await producer.stop()

    @asynccontextmanager
    async def listening(self, after: object = None, **filters: Any) -> AsyncIterator["Listening"]:
        headers = {"Authorization": f"Bearer {presented('k', 's')}"}
        if after is not None:
            headers["Last-Event-ID"] = str(after)
        async with (
            httpx.AsyncClient(base_url=self.url, timeout=PATIENCE) as client,
            client.stream("GET", "/v1/changes", params=filters, headers=headers) as answer,
        ):
            assert answer.status_code == 200, await answer.aread()
            assert answer.headers["content-type"].startswith("text/event-stream")
            yield Listening(answer.aiter_text())


@dataclass
class Listening:
    """One reader: its events one by one."""

    chunks: AsyncIterator[str]
    rest: str = ""

    async def next(self) -> tuple[int, str, Any]:
        """Id, name and data of the next event; StopAsyncIteration at the end of the stream."""
        async with asyncio.timeout(PATIENCE):
            while True:
                event, end, rest = self.rest.partition("\n\n")
                if not end:
                    self.rest += await anext(self.chunks)
                    continue
                self.rest = rest
                if not event.startswith(":"):
                    lines = dict(line.split(": ", 1) for line in event.split("\n"))
                    return int(lines["id"]), lines["event"], json.loads(lines["data"])

    async def some(self, count: int) -> list[tuple[int, str, Any]]:
        return [await self.next() for _ in range(count)]

    async def ended(self) -> bool:
        try:
            found = await self.next()
        except StopAsyncIteration:
            return True
        raise AssertionError(found)


@asynccontextmanager
async def serving(stack: Stack, **options: Any) -> AsyncIterator[Served]:
    changes, registry = ChangesReader(stack.bootstrap, stack.generation), FixedRegistry()
    store = Store("clickhouse://default:@127.0.0.1:1", "away", threads=1)
    api = Api(store, registry, FixedClock(), changes, **options)
    app = create_app("api", [api.router], Metrics(), api.checks, leave=api.leave)
    http = Server(app, port=0, timeout_graceful_shutdown=60)
    await changes.start()
    task = asyncio.create_task(http.serve())
    await until(lambda: http.started)
    port = http.servers[0].sockets[0].getsockname()[1]
    try:
        yield Served(stack, http, f"http://127.0.0.1:{port}", registry, changes)
    finally:
        http.should_exit = True
        await task
        await changes.stop()
        await store.close()


async def until(true: Callable[[], bool], seconds: float = PATIENCE) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


def change(stack: Stack, *areas: str, position: int = 1, form: str = "xa") -> Change:
    return Change(stack.generation, 0, position, 0.0, [(form, "2024", list(areas))] if areas else [])


def transition(stack: Stack, area: str = COMMUNE) -> Transition:
    return Transition(stack.generation, PLAN.id, "informed", area, "2024", "at_risk", "met", "met")


def test_a_stream_begins_with_where_it_stands_and_tells_what_comes(loop: LoopThread, stack: Stack) -> None:
    async def story() -> None:
        async with serving(stack) as api, api.listening() as reader:
            since, name, _ = await reader.next()
            assert name == "start"
            # Another generation's, and a flush in which nothing changed, are nobody's business.
            other = Change(stack.generation + 500, 0, 1, 0.0, [("xa", "2024", [COMMUNE])])
            offsets = await api.say(other, change(stack), change(stack, NATION, COMMUNE), transition(stack))
            assert since < offsets[0]
            first, second = await reader.some(2)
            changed = [{"form": "xa", "period": "2024", "areas": [NATION, COMMUNE]}]
            assert first == (offsets[2], "figure", {"partition": 0, "position": 1, "changed": changed})
            assert second[:2] == (offsets[3], "state")

    loop.run(story())


def test_each_reader_hears_what_they_asked_for(loop: LoopThread, stack: Stack) -> None:
    async def story() -> None:
        async with (
            serving(stack) as api,
            api.listening(area="201@2021-01-01") as district,
            api.listening(area="30") as elsewhere,
            api.listening(kind="state") as states,
            api.listening(plan=PLAN.id, kind=["figure", "state"]) as plan,
        ):
            for reader in (district, elsewhere, states, plan):
                assert (await reader.next())[1] == "start"
            await api.say(
                change(stack, NATION, PROVINCE, DISTRICT, COMMUNE),
                change(stack, COMMUNE, form="other"),
                transition(stack),
                change(stack, NATION, ELSEWHERE),
            )
            first, second, third = await district.some(3)
            assert first[2]["changed"][0]["areas"] == [DISTRICT, COMMUNE]
            assert (second[2]["changed"][0]["form"], third[1]) == ("other", "state")
            assert (await elsewhere.next())[2]["changed"][0]["areas"] == [ELSEWHERE]
            assert (await states.next())[1] == "state"
            figure, state = await plan.some(2)
            assert figure[2]["changed"][0]["areas"] == [PROVINCE, DISTRICT, COMMUNE]
            assert state[1] == "state"

    loop.run(story())


@pytest.mark.parametrize("cut", [0, 1, 7, 19])
def test_a_reader_who_comes_again_gets_exactly_what_was_missed(loop: LoopThread, stack: Stack, cut: int) -> None:
    """Also from a process that has only just begun to follow."""

    async def story() -> None:
        async with serving(stack) as api, api.listening(area="20") as reader:
            last, _, _ = await reader.next()
            said = [change(stack, PROVINCE if n % 3 else ELSEWHERE, position=n) for n in range(30)]
            expected = [n for n in range(30) if n % 3]
            await api.say(*said)
            heard = await reader.some(cut)
            last = heard[-1][0] if heard else last
        async with serving(stack) as again, again.listening(last, area="20") as reader:
            heard += await reader.some(len(expected) - cut)
            # What comes meanwhile follows what was missed.
            [offset] = await again.say(change(stack, PROVINCE, position=99))
            heard += await reader.some(1)
            assert [data["position"] for _, _, data in heard] == [*expected, 99]
            assert heard[-1][0] == offset
            assert len({id_ for id_, _, _ in heard}) == len(heard)
        async with serving(stack) as third, third.listening(lastEventId=heard[-2][0], area="20") as reader:
            assert (await reader.next())[2]["position"] == 99

    loop.run(story())


def test_who_missed_too_much_or_something_unknown_has_to_begin_again_and_misses_nothing_from_there(
    loop: LoopThread, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "MOST_MISSED", 5)

    async def story() -> None:
        async with serving(stack) as api:
            offsets = await api.say(*(change(stack, PROVINCE, position=n) for n in range(10)))
            await until(lambda: (api.changes.position or 0) > offsets[-1])
            for after, reason in (
                (offsets[3], "too_far_behind"),
                (10**12, "unknown_id"),
                ("yesterday", "unknown_id"),
                ("-1", "unknown_id"),
                ("9" * 40, "unknown_id"),
            ):
                async with api.listening(after) as reader:
                    assert await reader.next() == (offsets[-1], "reset", {"reason": reason})
                    [next_] = await api.say(change(stack, PROVINCE, position=99))
                    assert (await reader.next())[0] == next_
                offsets = [*offsets[1:], next_]
            async with api.listening(offsets[-6]) as reader:
                assert [id_ for id_, _, _ in await reader.some(5)] == offsets[-5:]

    loop.run(story())


def test_what_the_topic_has_dropped_is_a_reset(loop: LoopThread, stack: Stack) -> None:
    async def story() -> None:
        async with serving(stack) as api:
            offsets = await api.say(*(change(stack, PROVINCE, position=n) for n in range(3)))
            await until(lambda: (api.changes.position or 0) > offsets[-1])
            admin = AIOKafkaAdminClient(bootstrap_servers=stack.bootstrap)
            await admin.start()
            await admin.delete_records({TopicPartition(topics.CHANGES, 0): RecordsToDelete(offsets[-1])})
            await admin.close()
            async with api.listening(offsets[0]) as reader:
                assert await reader.next() == (offsets[-1], "reset", {"reason": "unknown_id"})
            async with api.listening(offsets[1]) as reader:
                assert (await reader.next())[0] == offsets[-1]

    loop.run(story())


def test_a_listener_that_fails_over_a_change_is_told_that_it_missed_one_and_nobody_else_is(
    loop: LoopThread, stack: Stack
) -> None:
    class Failing:
        missed = 0

        def hear(self, offset: int, said: Announcement) -> None:
            raise RuntimeError("not this one")

        def lost(self) -> None:
            self.missed += 1

    async def story() -> None:
        failing = Failing()
        async with serving(stack) as api, api.listening() as reader:
            assert (await reader.next())[1] == "start"
            api.changes.listen(failing)
            offsets = await api.say(change(stack, PROVINCE), change(stack, DISTRICT))
            assert [(id_, event) for id_, event, _ in await reader.some(2)] == [(one, "figure") for one in offsets]
            assert failing.missed == 2

    loop.run(story())


def test_a_reader_who_does_not_read_is_dropped_and_holds_up_nobody(
    loop: LoopThread, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "_STUCK_SECONDS", 0.5)
    monkeypatch.setattr(server, "_LINGER_SECONDS", 0.5)

    async def story() -> None:
        async with serving(stack) as api:
            host, port = api.url.removeprefix("http://").split(":")
            token = presented("k", "s")
            deaf = socket.create_connection((host, int(port)))
            deaf.sendall(f"GET /v1/changes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
            async with api.listening() as quick:
                assert (await quick.next())[1] == "start"
                connected = api.http.server_state.connections
                await until(lambda: len(connected) == 2)
                many = [f"{n:05}@2021-01-01" for n in range(500)]
                position = 0
                async with asyncio.timeout(60):
                    # Until all buffers between are full and the reader has been given up.
                    while len(connected) == 2:
                        await api.say(*(change(stack, *many, position=position + n) for n in range(50)))
                        heard = await quick.some(50)
                        assert [data["position"] for _, _, data in heard] == [*range(position, position + 50)]
                        position += 50
            deaf.close()

    loop.run(story())


def test_streams_end_at_once_when_the_process_stops(loop: LoopThread, stack: Stack) -> None:
    """Well within the minute that the server here would wait for requests under way."""

    async def story() -> None:
        async with serving(stack) as api, api.listening() as one, api.listening(kind="state") as other:
            for reader in (one, other):
                assert (await reader.next())[1] == "start"
            api.http.should_exit = True
            for reader in (one, other):
                assert await reader.ended()

    loop.run(story())


def test_a_stream_ends_when_its_key_is_revoked(loop: LoopThread, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with serving(stack) as api, api.listening() as reader:
            assert (await reader.next())[1] == "start"
            api.registry.keys.revoke("k")
            await api.say(change(stack, PROVINCE))
            assert await reader.ended()

    loop.run(story())


def test_a_quiet_stream_has_a_heartbeat(loop: LoopThread, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(route, "HEARTBEAT_SECONDS", 0.05)

    async def story() -> None:
        async with serving(stack) as api, api.listening(area="30") as reader:
            assert (await reader.next())[1] == "start"
            async with asyncio.timeout(PATIENCE):
                while reader.rest.count(": heartbeat\n\n") < 2:
                    reader.rest += await anext(reader.chunks)

    loop.run(story())


def test_with_clickhouse_away_streams_go_on_and_figures_are_503(loop: LoopThread, stack: Stack) -> None:
    async def story() -> None:
        headers = {"Authorization": f"Bearer {presented('k', 's')}"}
        async with serving(stack) as api, api.listening() as reader:
            async with httpx.AsyncClient(base_url=api.url, headers=headers, timeout=PATIENCE) as client:
                asked = await client.get("/v1/attainment", params={"plan": PLAN.id, "period": "2024"})
                assert (asked.status_code, asked.headers["retry-after"]) == (503, "2")
            assert (await reader.next())[1] == "start"
            [offset] = await api.say(change(stack, PROVINCE))
            assert (await reader.next())[0] == offset

    loop.run(story())


def test_what_can_be_wrong_with_a_request_is_said(loop: LoopThread, stack: Stack) -> None:
    async def story() -> None:
        headers = {"Authorization": f"Bearer {presented('k', 's')}"}
        async with (
            serving(stack, limits=Limits(streams=1)) as api,
            httpx.AsyncClient(base_url=api.url, timeout=PATIENCE) as client,
        ):
            for params, status in (({"area": "nowhere"}, 404), ({"plan": "none"}, 404), ({"kind": "figures"}, 400)):
                assert (await client.get("/v1/changes", params=params, headers=headers)).status_code == status
            assert (await client.get("/v1/changes")).status_code == 401
            assert (await client.head("/v1/changes", headers=headers)).status_code == 200
            async with api.listening() as reader:
                assert (await reader.next())[1] == "start"
                busy = await client.get("/v1/changes", headers=headers)
                assert (busy.status_code, busy.json()["errors"][0]["code"]) == (429, "too_many_requests")

    loop.run(story())
