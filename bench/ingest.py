"""Ask 5: how fast one ingest process on one core takes reports.

The service as `chitieu serve ingest` runs it, a process of its own on a core of its own; the load comes from another.
The reports are those of the real commune form (`ldte-xa`): 30 of its 38 fields filled, both elements with break-downs
given with their totals, from every commune in force, over twelve periods.

* put: single PUTs over 64 keep-alive connections, one request at a time on each
* bulk: NDJSON of 2,000 lines a request over 8 connections

Only acknowledged reports count, and the log must hold each where its answer says, and nothing else.

Half of bulk's CPU is judging: 4 µs a report to decode the item and its values, 3 for its hash and event,
2 for the rules, 1 for the unit's place. The other half is batches and the Kafka client, the HTTP server, and receipts.
Of a put's, a quarter is the route and its headers, a fifth publishing, a third the HTTP server, the middlewares and the
event loop.
"""

import asyncio
import json
import os
import random
import re
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from aiokafka import TopicPartition

from bench import http_load, national
from bench.figures import Figure, at_least, figure
from bench.process import cpu_seconds, peak_megabytes
from bench.sizes import Sizes
from bench.stack import Stack, running
from chitieu.adapters import kafka
from chitieu.adapters.embedded.processes import dying_with_parent
from chitieu.contracts import topics
from chitieu.contracts.events import decode_event
from chitieu.domain.period import Period
from chitieu.domain.registry import Release

HOST, PORT = "127.0.0.1", 8471
GENERATION, PARTITIONS = 471, 8
FILLED = 30
PERIODS = tuple(f"{year}{half}" for year in (2021, 2022, 2023, 2024) for half in ("", "S1", "S2"))
PUT_CONNECTIONS = 64
BULK_LINES, BULK_CONNECTIONS = 2_000, 8
_ANSWERED = re.compile(rb'"submission":"([0-9a-f]{32})"[^}]*?"partition":([0-9]+),"position":([0-9]+)')

Place = tuple[int, int]


@dataclass(frozen=True)
class _Result:
    """`seconds` of wall time, `cpu` seconds of the service's process; `peak` is its most memory meanwhile, in MB."""

    reports: int
    seconds: float
    cpu: float
    peak: float


async def measure(_: Stack, sizes: Sizes) -> list[Figure]:
    """Both loads against one running service, under the real programmes: on a broker where no other form is in use."""
    async with running(lambda _: None, programme=False) as stack:
        return await _measured(stack, sizes)


async def _measured(stack: Stack, sizes: Sizes) -> list[Figure]:
    await kafka.create_topics(stack.bootstrap, topics.declared(GENERATION, PARTITIONS), 1)
    release = await national.programmes(stack.bootstrap)
    secret = await national.key(stack.bootstrap, release, "reports:write")
    lines = list(_lines(release, max(sizes.puts, sizes.bulk_reports), random.Random(1)))
    loads = (
        ("put", [_put(line, secret) for line in lines[: sizes.puts]], PUT_CONNECTIONS),
        ("bulk", list(_bulks(lines[: sizes.bulk_reports], secret)), BULK_CONNECTIONS),
    )
    results: dict[str, list[_Result]] = {name: [] for name, _, _ in loads}
    seen: set[Place] = set()
    async with _service(stack.bootstrap) as process, _elsewhere():
        for _ in range(sizes.runs):
            for name, requests, connections in loads:
                result, acknowledged = await _load(process, requests, connections)
                await _verify(stack.bootstrap, acknowledged, seen)
                results[name].append(result)
    return [one for name, asked in (("put", 2_500), ("bulk", 30_000)) for one in _figures(name, results[name], asked)]


def _figures(name: str, results: Sequence[_Result], asked: int) -> list[Figure]:
    return [
        figure(f"{name}: throughput", "reports/s", [r.reports / r.seconds for r in results], at_least(asked)),
        figure(f"{name}: CPU", "µs a report", [1e6 * r.cpu / r.reports for r in results]),
        figure(f"{name}: peak memory", "MB", [r.peak for r in results]),
    ]


@asynccontextmanager
async def _elsewhere() -> AsyncIterator[None]:
    """The load generator leaves the first core to the service, where there is another."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, allowed - {0} or allowed)
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def _lines(release: Release, count: int, rng: random.Random) -> Iterator[dict[str, object]]:
    """Reports without a mistake, every commune in turn, period after period."""
    form, tree = release.forms[national.FORM], release.tree
    made = 0
    while True:
        for text in PERIODS:
            period = Period.parse(text)
            day = next(form.rounds(period)).window.days(period).last
            for unit in tree.descendants("vn", day):
                if unit.level == "commune":
                    yield {"form": national.FORM, "period": text, "unit": unit.code, "values": _values(release, rng)}
                    made += 1
                    if made == count:
                        return


def _values(release: Release, rng: random.Random) -> dict[str, int]:
    """Each part is smaller than any whole; elements with options also say their total."""
    form, values = release.forms[national.FORM], dict[str, int]()
    for one in form.fields[:FILLED]:
        depth = national.depth(release, one.element)
        values[one.key] = rng.randrange(10 ** (4 - depth), 15 * 10 ** (3 - depth))
        if one.options:
            values[one.element] = values.get(one.element, 0) + values[one.key]
    return values


def _head(method: str, path: str, type_: str, length: int, secret: str) -> bytes:
    return (
        f"{method} {path} HTTP/1.1\r\nHost: {HOST}:{PORT}\r\nAuthorization: Bearer {secret}\r\n"
        f"Content-Type: {type_}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def _put(line: dict[str, object], secret: str) -> bytes:
    body = json.dumps({"values": line["values"]}).encode()
    path = f"/v1/reports/{line['form']}/{line['period']}/{line['unit']}"
    return _head("PUT", path, "application/json", len(body), secret) + body


def _bulks(lines: Sequence[dict[str, object]], secret: str) -> Iterator[bytes]:
    for first in range(0, len(lines), BULK_LINES):
        body = b"".join(json.dumps(line).encode() + b"\n" for line in lines[first : first + BULK_LINES])
        yield _head("POST", "/v1/reports", "application/x-ndjson", len(body), secret) + body


@asynccontextmanager
async def _service(bootstrap: str) -> AsyncIterator[psutil.Process]:
    """`chitieu serve ingest`, on the first core alone."""
    environ = {
        **os.environ,
        "CHITIEU_KAFKA_BOOTSTRAP": bootstrap,
        "CHITIEU_GENERATION": str(GENERATION),
        "CHITIEU_PORT": str(PORT),
    }
    command = dying_with_parent([str(Path(sys.executable).with_name("chitieu")), "serve", "ingest"])
    child = await asyncio.create_subprocess_exec(*command, env=environ)
    try:
        os.sched_setaffinity(child.pid, {0})
        async with asyncio.timeout(60), httpx.AsyncClient() as client:
            while not await _ready(client):
                await asyncio.sleep(0.1)
        yield psutil.Process(child.pid)
    finally:
        child.terminate()
        await child.wait()


async def _ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get(f"http://{HOST}:{PORT}/readyz")).status_code == 200
    except httpx.TransportError:
        return False


async def _load(process: psutil.Process, requests: list[bytes], connections: int) -> tuple[_Result, dict[Place, bytes]]:
    """One measured load, and what was acknowledged: place in the log -> submission."""
    _forget_peak(process.pid)
    cpu, started = cpu_seconds(process.pid), time.perf_counter()
    answers = await http_load.send(HOST, PORT, requests, connections)
    seconds, cpu = time.perf_counter() - started, cpu_seconds(process.pid) - cpu
    acknowledged = {
        (int(partition), int(position)): submission
        for answer in answers
        for submission, partition, position in _ANSWERED.findall(_body(answer))
    }
    return _Result(len(acknowledged), seconds, cpu, peak_megabytes(process.pid)), acknowledged


def _forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5", "ascii")


def _body(answer: bytes) -> bytes:
    head, _, body = answer.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" not in head:
        return body
    whole, at = bytearray(), 0
    while size := int(body[at : (start := body.index(b"\r\n", at) + 2)], 16):
        whole += body[start : start + size]
        at = start + size + 2
    return bytes(whole)


async def _verify(bootstrap: str, acknowledged: dict[Place, bytes], seen: set[Place]) -> None:
    """What came to the log since the last look is what was acknowledged since, each in its place."""
    reader = kafka.consumer(bootstrap, max_partition_fetch_bytes=8 * 2**20)
    await reader.start()
    try:
        partitions = [TopicPartition(topics.reports(GENERATION), p) for p in range(PARTITIONS)]
        reader.assign(partitions)
        found = {}
        async for record in kafka.read_to_end(reader):
            place = (record.partition, record.offset)
            if place not in seen:
                found[place] = decode_event(record.value).submission.hex().encode()
    finally:
        await reader.stop()
    assert found == acknowledged, f"{len(found)} in the log, {len(acknowledged)} acknowledged"
    seen.update(found)
