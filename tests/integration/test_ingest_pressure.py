"""A broker that stands still: the service says so at once, holds no more than it may, and keeps what it promised."""

import asyncio
import itertools
import json
import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import psutil
import pytest

from chitieu.adapters.embedded.broker import Broker
from chitieu.adapters.embedded.directory import DataDirectory, default_cache
from chitieu.adapters.embedded.java import find_java
from chitieu.adapters.embedded.kafka_jars import kafka_classpath
from chitieu.domain.access import presented
from tests.integration.conftest import LoopThread, Stack
from tests.integration.test_ingest_kafka import NDJSON, PUT, log_of, programme_in_force
from tests.support.deployment import CHITIEU
from tests.support.processes import Program, free_port

pytestmark = pytest.mark.stack

UNITS = ("00001", "00002")
LINES, BULKS, PUTS = 1_000, 15, 1_000
IN_FLIGHT = 2**20
# What a process may grow by in 1,000 requests refused, on top of the allocator's noise.
FLAT = 40 * 2**20


@pytest.fixture
def own_broker(loop: LoopThread, tmp_path: Path) -> Iterator[Broker]:
    with DataDirectory(tmp_path / "data") as data:
        one = Broker(data, find_java(), kafka_classpath(default_cache(), print))
        loop.run(one.start())
        loop.run(programme_in_force(one.bootstrap, tmp_path / "programme"))
        yield one
        loop.run(one.stop())


@pytest.fixture
def service(own_broker: Broker, tmp_path: Path) -> Iterator[Program]:
    port = free_port()
    environ = {
        "CHITIEU_KAFKA_BOOTSTRAP": own_broker.bootstrap,
        "CHITIEU_PORT": str(port),
        "CHITIEU_MAX_IN_FLIGHT_BYTES": str(IN_FLIGHT),
    }
    with Program((*CHITIEU, "serve", "ingest"), port, tmp_path / "ingest.log", environ) as program:
        program.until_answers("/readyz")
        yield program


class Sent:
    """Reports sent, each with a figure of its own, by what became of them."""

    def __init__(self) -> None:
        self.accepted: set[int] = set()
        self.refused: set[int] = set()
        self.unknown: set[int] = set()
        self._figures = itertools.count()

    async def bulk(self, client: httpx.AsyncClient) -> None:
        figures = list(itertools.islice(self._figures, LINES))
        lines = [
            {"form": "commune", "period": "2023", "unit": UNITS[n % 2], "values": {"children": n}} for n in figures
        ]
        answer = await client.post("/v1/reports", content="\n".join(map(json.dumps, lines)), headers=NDJSON)
        if answer.status_code != 200:
            self._say_no(figures, answer.headers, answer.json())
        for figure, line in zip(figures, map(json.loads, answer.text.splitlines()), strict=False):
            if line["status"] == 202:
                self.accepted.add(figure)
            elif answer.status_code == 200:
                self._say_no([figure], {"retry-after": "2"}, line["problem"])

    async def put(self, client: httpx.AsyncClient) -> None:
        figure = next(self._figures)
        answer = await client.put(PUT, json={"values": {"children": figure}})
        if answer.status_code == 202:
            self.accepted.add(figure)
        else:
            self._say_no([figure], answer.headers, answer.json())

    def _say_no(self, figures: list[int], headers: Mapping[str, str], problem: Mapping[str, object]) -> None:
        assert (problem["status"], headers["retry-after"]) == (503, "2")
        at_once = "more slowly" in str(problem["title"])
        (self.refused if at_once else self.unknown).update(figures)


def test_a_broker_that_stands_still_is_said_at_once_and_nothing_promised_is_lost(
    loop: LoopThread, own_broker: Broker, service: Program
) -> None:
    sent, process = Sent(), psutil.Process(service.pid)

    async def story() -> None:
        limits = httpx.Limits(max_connections=60)
        headers = {"Authorization": f"Bearer {presented('north', 'secret')}"}
        async with httpx.AsyncClient(base_url=service.url, headers=headers, timeout=60, limits=limits) as client:
            await asyncio.gather(*(sent.put(client) for _ in range(50)), sent.bulk(client))
            assert len(sent.accepted) == 50 + LINES
            assert own_broker.pid is not None
            os.kill(own_broker.pid, signal.SIGSTOP)
            try:
                waiting = [asyncio.create_task(sent.bulk(client)) for _ in range(BULKS)]
                while not sent.refused:
                    await asyncio.sleep(0.01)
                before = process.memory_info().rss
                refused = len(sent.refused)
                await asyncio.gather(*(sent.put(client) for _ in range(PUTS)))
                assert len(sent.refused | sent.unknown) >= refused + PUTS - len(sent.accepted)
                assert process.memory_info().rss < before + FLAT
            finally:
                os.kill(own_broker.pid, signal.SIGCONT)
            await asyncio.gather(*waiting)
            await sent.bulk(client)

    loop.run(story())
    figures = [event.values[0] for event in loop.run(log_of(Stack(own_broker.bootstrap, "", 1, 1))).values()]
    assert len(figures) == len(set(figures)), "nothing is there twice"
    assert sent.accepted <= set(figures), "what was promised is there"
    assert not sent.refused & set(figures), "what was refused at once is not"
    assert set(figures) - sent.accepted <= sent.unknown
    assert sent.refused
