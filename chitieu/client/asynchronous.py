"""The client for an event loop.

async with AsyncClient("https://chitieu.example", key) as client:
    await client.put_report("ldte-xa", "2024", "06613", {"parents": 1017, "parents_informed": 966}, wait=10)
    for target in (await client.attainment("lang-son-187", "2024", "20")).targets: ...
"""

import asyncio
import random as chance
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from chitieu.client import bulk, calls, outcome
from chitieu.client.answers import Change, LineResult, Submission
from chitieu.client.bulk import Batch, Report
from chitieu.client.connection import Connection, random_key
from chitieu.client.exchange import Call, Flow, Retries, Said, ask
from chitieu.client.methods import awaits
from chitieu.client.stream import STREAM_TIMEOUT, Following, stream

T = TypeVar("T")


class AsyncClient:
    """As `Client`, to be awaited; for one event loop."""

    put_report = awaits(calls.put_report)
    retract = awaits(calls.retract)
    put_task = awaits(calls.put_task)
    send_workbook = awaits(calls.send_workbook)
    validate_workbook = awaits(calls.validate_workbook)
    report = awaits(calls.report)
    submission = awaits(calls.submission)
    attainment = awaits(calls.attainment)
    attainment_if_changed = awaits(calls.attainment_if_changed)
    cascade = awaits(calls.cascade)
    obligations = awaits(calls.obligations)
    series = awaits(calls.series)
    lineage = awaits(calls.lineage)
    tasks = awaits(calls.tasks)
    task = awaits(calls.task)
    units = awaits(calls.units)
    plans = awaits(calls.plans)
    forms = awaits(calls.forms)
    form = awaits(calls.form)

    def __init__(
        self,
        url: str,
        key: str,
        *,
        ingest_url: str | None = None,
        retries: Retries | None = None,
        random: Callable[[], float] = chance.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        new_key: Callable[[], str] = random_key,
    ) -> None:
        self._to = Connection(url, key, ingest_url, retries or Retries(), random, new_key)
        self._sleep = sleep
        self._http = httpx.AsyncClient(**self._to.http())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def ask(self, call: Call[T]) -> T:
        """Any call that `calls` describes."""
        return await self._run(ask(call.under(self._to.new_key()), self._to.tries()))

    async def push(self, reports: Iterable[Report], key: str | None = None) -> AsyncIterator[LineResult]:
        """Send many, batch after batch; each line's result, numbered from 1 in their order.

        If it raises, what was not told may have been taken: the same reports under the same `key` are safe to push.
        """
        named = key or self._to.new_key()
        for batch in bulk.batches(bulk.as_lines(reports)):
            for result in await self.send(batch, named):
                yield result

    async def validate(self, reports: Iterable[Report]) -> AsyncIterator[LineResult]:
        """What `push` would be told, without sending."""
        for batch in bulk.batches(bulk.as_lines(reports)):
            for result in await self.judge(batch):
                yield result

    async def send(self, batch: Batch, key: str) -> list[LineResult]:
        return await self._run(bulk.send(batch, key, self._to.tries()))

    async def judge(self, batch: Batch) -> list[LineResult]:
        return await self._run(bulk.validate(batch, self._to.tries()))

    async def decided(self, submission: str, at: str, within: float = 60.0) -> Submission:
        """What became of a message, once it is known. `at` is its partition:position; raises NotYet."""
        return await self._run(outcome.decided(submission, at, within, self._to.tries()))

    async def changes(
        self, area: str | None = None, plan: str | None = None, kind: Iterable[str] = (), after: str | None = None
    ) -> AsyncIterator[Change]:
        """What changes from now on, or since the change with the id `after`, for ever; a cut stream is resumed."""
        call, following = stream(area, plan, kind), Following(self._to.tries(), after)
        while True:
            async for change in self._connected(call, following):
                yield change
            await self._sleep(following.pause())

    async def _connected(self, call: Call[None], following: Following) -> AsyncIterator[Change]:
        """The changes of one connection."""
        request = {**self._to.request(call), "headers": following.headers, "timeout": STREAM_TIMEOUT}
        try:
            async with self._http.stream(**request) as answer:
                if answer.status_code != httpx.codes.OK:
                    await answer.aread()
                following.answered(answer)
                async for chunk in answer.aiter_bytes():
                    for change in following.heard(chunk):
                        yield change
        except httpx.TransportError as fault:
            following.cut(fault)

    async def _run(self, flow: Flow[T]) -> T:
        said: Said = None
        while True:
            try:
                step = flow.send(said)
            except StopIteration as done:
                found: T = done.value
                return found
            said = await self._perform(step)

    async def _perform(self, step: Call[Any] | float) -> Said:
        if isinstance(step, float):
            await self._sleep(step)
            return None
        try:
            return await self._http.request(**self._to.request(step))
        except httpx.TransportError as fault:
            return fault
