"""`chitieu serve api` as a process of its own, on figures of the national tree, while reports come in.

It is not bound to a core: Python's lock keeps it to about one, and bound it would wait for its core while broker,
ClickHouse and fold leave the other one idle.

It reads ClickHouse over HTTP from another process, as it does in production; the fold is a process of its own, too. The
embedded process would answer and fold on one event loop, so that nothing could be said of one api process. The server
that stands in for ClickHouse adds a millisecond or two to each of the api's questions, most of them in Python.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import psutil

from bench import asking, load, national
from bench.asking import Connection, Service
from bench.stack import PARTITIONS, SEED, Stack, fill, producing, running, send_steadily
from chitieu.cli.migrate import MigrateSettings, bring_up_to_date
from chitieu.contracts import topics
from chitieu.domain.registry import Release
from tests.support.deployment import Deployment
from tests.support.processes import Program

PLAN = "vn-782"
_PATIENCE_SECONDS, _LOOK_SECONDS, _HEARD_SECONDS = 300.0, 0.2, 2.0


@dataclass(frozen=True)
class Site:
    """A log and its figures, the fold and the api that follow them, and all that was ever sent.

    `filled_at`: an instant after everybody's first report, and before any other.
    """

    stack: Stack
    generation: int
    release: Release
    reports: national.Reports
    service: Service
    process: psutil.Process
    filled_at: datetime

    @asynccontextmanager
    async def incoming(self, per_second: int, of: Sequence[national.Round]) -> AsyncIterator["Incoming"]:
        """Corrections of some rounds at a steady rate meanwhile; afterwards all of them are folded."""
        enough, incoming = asyncio.Event(), Incoming(self.reports)
        async with producing(self.stack.bootstrap) as producer:
            steady = load.payloads(self.reports.corrections(of))
            sending = asyncio.create_task(
                send_steadily(producer, topics.reports(self.generation), steady, per_second, enough)
            )
            try:
                yield incoming
            finally:
                enough.set()
                await sending
                # Whoever follows hears of the last of it before the next question holds the api up.
                await asyncio.sleep(_HEARD_SECONDS)
        await self.until_folded()

    async def until_folded(self) -> None:
        """Wait until the api sees all that was sent. Raises TimeoutError."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        async with asking.connected(self.service, 1) as (connection,):
            while sum((await self.answer(connection))["as_of"]["progress"].values()) < self.reports.sent:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"not folded within {_PATIENCE_SECONDS:.0f} s")
                await asyncio.sleep(_LOOK_SECONDS)

    async def answer(self, connection: Connection, **query: str) -> dict[str, Any]:
        """What `/v1/attainment` says anew; of the nation, if nothing else is asked."""
        query = {"plan": PLAN, "period": self.reports.current.period, **query}
        return read(await connection.ask(self.service.get("/v1/attainment", "Cache-Control: no-cache", **query)))

    @property
    def provinces(self) -> list[str]:
        """Ids, by the tree of the reports: some of today's have the code of another one then."""
        return sorted({path[1] for path in self.reports.current.paths})


class Incoming:
    """How many reports came in, and for how long so far."""

    def __init__(self, reports: national.Reports) -> None:
        self._reports = reports
        self._before = reports.sent
        self._began = time.monotonic()

    @property
    def per_second(self) -> float:
        return (self._reports.sent - self._before) / (time.monotonic() - self._began)


def read(answer: asking.Answer) -> dict[str, Any]:
    """What an answer says. Raises AssertionError if it is a problem."""
    assert answer.status == 200, f"{answer.status}: {answer.body[:500]!r}"
    said: dict[str, Any] = json.loads(answer.body)
    return said


@asynccontextmanager
async def site(periods: Sequence[str], forms: int = 1) -> AsyncIterator[Site]:
    """Everybody has reported for some periods, with so many forms that every commune is asked for, and it is folded."""
    async with running(lambda _: None, programme=False) as stack, stack.place() as place:
        release = await national.programmes(stack.bootstrap, forms - 1)
        key = await national.key(stack.bootstrap, release, "attainment:read", "reports:read")
        deployment = Deployment(stack.bootstrap, await stack.new_log(), place)
        reports = national.Reports(release, periods, np.random.default_rng(SEED))
        await fill(stack.bootstrap, topics.reports(deployment.generation), load.payloads(reports.first()))
        with deployment.clickhouse:
            await bring_up_to_date(
                MigrateSettings(
                    kafka_bootstrap=stack.bootstrap,
                    clickhouse_dsn=deployment.clickhouse.dsn,
                    generation=deployment.generation,
                    partitions=PARTITIONS,
                )
            )
            with deployment.service("aggregate"), deployment.service("api", read_quota=0) as api:
                await asyncio.to_thread(api.until_answers, "/readyz")
                generation, service, now = deployment.generation, _service(api, key), datetime.now(UTC)
                found = Site(stack, generation, release, reports, service, psutil.Process(api.pid), now)
                await found.until_folded()
                yield found


def _service(api: Program, key: str) -> Service:
    address = urlsplit(api.url)
    assert address.hostname is not None and address.port is not None
    return Service(address.hostname, address.port, key)
