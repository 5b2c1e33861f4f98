"""The ingest service as it runs, on a real broker of its own that is stopped and started again."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from aiokafka import TopicPartition

from chitieu.adapters import kafka, publisher, registry
from chitieu.adapters.embedded.broker import Broker
from chitieu.adapters.embedded.directory import DataDirectory, default_cache
from chitieu.adapters.embedded.java import find_java
from chitieu.adapters.embedded.kafka_jars import kafka_classpath
from chitieu.adapters.metrics import Metrics
from chitieu.adapters.programmes import directory
from chitieu.adapters.programmes.apply import apply
from chitieu.adapters.registry import RegistryReader
from chitieu.cli.migrate import MigrateSettings, bring_up_to_date
from chitieu.contracts import topics
from chitieu.contracts.events import Event, decode_event
from chitieu.domain.access import AccessKey, digest, presented
from services.aggregate.app import Aggregate
from services.aggregate.settings import AggregateSettings
from services.ingest import app as ingest
from services.ingest.settings import IngestSettings
from tests.integration.conftest import LoopThread, Stack
from tests.unit import small_programme

pytestmark = pytest.mark.stack

PUT = "/v1/reports/commune/2023/00001"
GOOD = {"values": {"children": 100, "labour.m": 2, "labour.f": "1"}}
KEY = AccessKey("north", digest("secret"), "01@2000-01-01", frozenset({"reports:write"}))
NDJSON = {"Content-Type": "application/x-ndjson"}
# Apart from the generations of the other tests, which share the engine.
_generations = itertools.count(900)


@pytest.fixture(scope="module")
def own_broker(loop: LoopThread, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with DataDirectory(tmp_path_factory.mktemp("ingest")) as data:
        one = Broker(data, find_java(), kafka_classpath(default_cache(), print))
        loop.run(one.start())
        loop.run(programme_in_force(one.bootstrap, tmp_path_factory.mktemp("programme")))
        yield one
        loop.run(one.stop())


async def programme_in_force(bootstrap: str, root: Path) -> None:
    """A release in force and one key."""
    await kafka.create_topics(bootstrap, topics.declared(1, 1), 1)
    programmes, findings = directory.read(small_programme.write(root))
    assert not findings
    await apply(bootstrap, 1, programmes, date(2024, 1, 1))
    producer = kafka.producer(bootstrap)
    await producer.start()
    await registry.publish_key(producer, KEY)
    await producer.stop()


@pytest.fixture
def here(loop: LoopThread, own_broker: Broker, engine: Path) -> Stack:
    """A log and a database of its own for each test."""
    one = Stack(own_broker.bootstrap, f"chdb://{engine}", next(_generations), 3)
    settings = MigrateSettings(
        kafka_bootstrap=one.bootstrap, clickhouse_dsn=one.dsn, generation=one.generation, partitions=one.partitions
    )
    loop.run(bring_up_to_date(settings))
    return one


@asynccontextmanager
async def serving(here: Stack, *, ready: bool = True) -> AsyncIterator[httpx.AsyncClient]:
    """The service behind a real HTTP server; a client that holds the key."""
    app = ingest.create(IngestSettings(kafka_bootstrap=here.bootstrap, generation=here.generation))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False))
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    headers = {"Authorization": f"Bearer {presented('north', 'secret')}"}
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client:
            if ready:
                await until_ready(client)
            yield client
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def folding(here: Stack, scratch: Path) -> AsyncIterator[None]:
    """The aggregate service beside it."""
    reader = RegistryReader(here.bootstrap)
    await reader.start()
    settings = AggregateSettings(
        kafka_bootstrap=here.bootstrap,
        clickhouse_dsn=here.dsn,
        generation=here.generation,
        faust_directory=scratch / "faust",
        canary_seconds=3600,
    )
    aggregate = Aggregate(settings, reader, Metrics())
    try:
        async with aggregate.running():
            await until(lambda: all(there() for there in aggregate.checks.values()))
            yield
    finally:
        await reader.stop()


async def until(true: Callable[[], bool], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)


async def until_ready(client: httpx.AsyncClient, seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while (await client.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.05)


async def log_of(here: Stack) -> dict[tuple[int, int], Event]:
    """Every event of the log by partition and position."""
    topic, found = topics.reports(here.generation), {}
    reader = kafka.consumer(here.bootstrap)
    await reader.start()
    try:
        partitions = [TopicPartition(topic, p) for p in range(here.partitions)]
        reader.assign(partitions)
        ends = await reader.end_offsets(partitions)
        while any([await reader.position(tp) < end for tp, end in ends.items()]):
            for tp, records in (await reader.getmany(timeout_ms=200)).items():
                found.update({(tp.partition, record.offset): decode_event(record.value) for record in records})
    finally:
        await reader.stop()
    return found


def test_an_accepted_report_stands_in_the_log_where_the_answer_says(loop: LoopThread, here: Stack) -> None:
    async def story() -> None:
        async with serving(here) as client:
            answer = await client.put(PUT, json=GOOD)
            assert answer.status_code == 202
            said = answer.json()
        event = (await log_of(here))[said["partition"], said["position"]]
        assert event.submission.hex() == said["submission"]
        assert (list(event.values), list(event.states)) == ([100, 2, 1], [1, 1, 1])
        assert event.path == ("vn@2000-01-01", "01@2000-01-01", "001@2000-01-01", "00001@2000-01-01")

    loop.run(story())


def test_a_wait_is_answered_with_what_the_fold_decided(loop: LoopThread, here: Stack, tmp_path: Path) -> None:
    async def story() -> None:
        async with serving(here) as client, folding(here, tmp_path):

            async def put(values: dict[str, int], **headers: str) -> tuple[int, Any]:
                named = {name.replace("_", "-"): value for name, value in headers.items()}
                answer = await client.put(PUT, json={"values": values}, headers={"Prefer": "wait=30", **named})
                body = answer.json()
                return answer.status_code, body.get("decision") or body["errors"][0]["code"]

            assert await put({"children": 5}, Idempotency_Key="a", If_None_Match="*") == (200, "accepted")
            assert await put({"children": 5}, Idempotency_Key="a") == (200, "duplicate")
            assert await put({"children": 6}, Idempotency_Key="a") == (409, "key_reused")
            assert await put({"children": 5}) == (200, "unchanged")
            assert await put({"children": 6}, If_Match='"9"') == (412, "conflict")
            assert await put({"children": 6}, If_Match='"1"') == (200, "accepted")
            retracted = await client.delete(PUT, params={"reason": "nhầm"}, headers={"Prefer": "wait=30"})
            assert (retracted.json()["decision"], retracted.json()["revision"]) == ("retracted", 3)
            assert retracted.headers["etag"] == '"3"'

    loop.run(story())


def test_without_a_fold_a_wait_ends_in_202(loop: LoopThread, here: Stack) -> None:
    async def story() -> None:
        async with serving(here) as client:
            assert (await client.put(PUT, json=GOOD, headers={"Prefer": "wait=1"})).status_code == 202

    loop.run(story())


def test_many_reports_are_in_the_log_in_their_order(loop: LoopThread, here: Stack) -> None:
    units = ("00001", "00002")
    lines = [
        {"form": "commune", "period": "2023", "unit": units[n % 2], "values": {"children": n}} for n in range(3_000)
    ]

    async def story() -> None:
        async with serving(here) as client:
            content = "\n".join(json.dumps(line) for line in lines)
            answer = await client.post("/v1/reports", content=content, headers={**NDJSON, "Idempotency-Key": "k"})
        results = [json.loads(line) for line in answer.text.splitlines()]
        assert [(result["line"], result["status"]) for result in results] == [(n, 202) for n in range(1, 3_001)]
        log = await log_of(here)
        assert len(log) == 3_000
        for n, result in enumerate(results):
            assert log[result["partition"], result["position"]].values[0] == n
        for unit in units:
            figures = [event.values[0] for _, event in sorted(log.items()) if event.unit.startswith(unit)]
            assert figures == sorted(figures)

    loop.run(story())


def test_a_broker_away_is_503_and_nothing_acknowledged_is_lost(
    loop: LoopThread, own_broker: Broker, here: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "DELIVERY_MS", 2_000)
    acknowledged: list[str] = []

    async def put(client: httpx.AsyncClient, figure: int) -> httpx.Response:
        answer = await client.put(PUT, json={"values": {"children": figure}})
        if answer.status_code == 202:
            acknowledged.append(answer.json()["submission"])
        return answer

    async def bulk(client: httpx.AsyncClient) -> httpx.Response:
        line = json.dumps({"form": "commune", "period": "2023", "unit": "00001", **GOOD})
        return await client.post("/v1/reports", content=f"{line}\n{line}", headers=NDJSON)

    async def story() -> None:
        async with serving(here) as client:
            assert (await put(client, 1)).status_code == 202
            await own_broker.kill()
            answers = await asyncio.gather(*(put(client, n) for n in range(10)))
            assert {answer.status_code for answer in answers} == {503}
            assert {answer.headers["retry-after"] for answer in answers} == {"2"}
            assert (await bulk(client)).status_code == 503
            waiting = await client.get("/readyz")
            assert (waiting.status_code, waiting.json()["waiting_for"]) == (503, ["broker"])
            async with asyncio.timeout(1):
                assert (await put(client, 11)).status_code == 503, "known to be away: at once"
                assert (await bulk(client)).status_code == 503
            await own_broker.start()
            await until_ready(client)
            assert (await put(client, 2)).status_code == 202
            assert (await bulk(client)).status_code == 200
        log = await log_of(here)
        assert set(acknowledged) <= {event.submission.hex() for event in log.values()}

    try:
        loop.run(story())
    finally:
        if own_broker.pid is None:
            loop.run(own_broker.start())


def test_a_service_that_starts_before_the_broker_says_so_and_finds_it(
    loop: LoopThread, own_broker: Broker, here: Stack
) -> None:
    async def story() -> None:
        await own_broker.stop()
        async with serving(here, ready=False) as client:
            assert (await client.get("/livez")).status_code == 200
            assert (await client.get("/readyz")).json()["waiting_for"] == ["registry", "broker"]
            assert (await client.put(PUT, json=GOOD)).status_code == 503
            await own_broker.start()
            await until_ready(client)
            assert (await client.put(PUT, json=GOOD)).status_code == 202

    try:
        loop.run(story())
    finally:
        if own_broker.pid is None:
            loop.run(own_broker.start())


def test_a_new_key_counts_at_once_and_a_revoked_one_no_longer(loop: LoopThread, here: Stack) -> None:
    other = AccessKey("other", digest("hush"), "00001@2000-01-01", frozenset({"reports:write"}))
    headers = {"Authorization": f"Bearer {presented('other', 'hush')}"}

    async def until_status(client: httpx.AsyncClient, status: int) -> None:
        async with asyncio.timeout(10):
            while (await client.put(PUT, json=GOOD, headers=headers)).status_code != status:
                await asyncio.sleep(0.05)

    async def story() -> None:
        producer = kafka.producer(here.bootstrap)
        await producer.start()
        async with serving(here) as client:
            assert (await client.put(PUT, json=GOOD, headers=headers)).status_code == 401
            await registry.publish_key(producer, other)
            await until_status(client, 202)
            await registry.publish_revocation(producer, "other")
            await until_status(client, 401)
        await producer.stop()

    loop.run(story())


def test_an_upload_without_end_is_answered_and_then_cut_off(loop: LoopThread, here: Stack) -> None:
    async def story() -> None:
        async with serving(here) as client:
            reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
            head = f"PUT {PUT} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
            writer.write(f"{head}Authorization: {client.headers['authorization']}\r\n\r\n".encode())
            chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
            for _ in range(32):
                writer.write(chunk)
                await writer.drain()
            assert (await reader.readline()).startswith(b"HTTP/1.1 413")
            sent = 0
            with contextlib.suppress(ConnectionError):
                async with asyncio.timeout(30):
                    while sent < 300 * 2**20:
                        writer.write(chunk)
                        await writer.drain()
                        sent += 65536
            writer.close()
            assert sent < 150 * 2**20

    loop.run(story())
