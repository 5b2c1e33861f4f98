"""The client that blocks.

with Client("https://chitieu.example", key) as client:
    client.put_report("ldte-xa", "2024", "06613", {"parents": 1017, "parents_informed": 966}, wait=10)
    for target in client.attainment("lang-son-187", "2024", "20").targets: ...
"""

import random as chance
import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from chitieu.client import bulk, calls, outcome
from chitieu.client.answers import Change, LineResult, Submission
from chitieu.client.bulk import Batch, Report
from chitieu.client.connection import Connection, random_key
from chitieu.client.exchange import Call, Flow, Retries, Said, ask
from chitieu.client.methods import asks
from chitieu.client.stream import STREAM_TIMEOUT, Following, stream

T = TypeVar("T")


class Client:
    """`url` is the api's address, and ingest's unless `ingest_url` names another.

    Every write carries an Idempotency-Key, its own or one made for the call, over all its tries. Methods raise
    ClientError: `errors` has the tree. `random` gives [0, 1) and spreads the pauses.
    """

    put_report = asks(calls.put_report)
    retract = asks(calls.retract)
    put_task = asks(calls.put_task)
    send_workbook = asks(calls.send_workbook)
    validate_workbook = asks(calls.validate_workbook)
    report = asks(calls.report)
    submission = asks(calls.submission)
    attainment = asks(calls.attainment)
    attainment_if_changed = asks(calls.attainment_if_changed)
    cascade = asks(calls.cascade)
    obligations = asks(calls.obligations)
    series = asks(calls.series)
    lineage = asks(calls.lineage)
    tasks = asks(calls.tasks)
    task = asks(calls.task)
    units = asks(calls.units)
    plans = asks(calls.plans)
    forms = asks(calls.forms)
    form = asks(calls.form)

    def __init__(
        self,
        url: str,
        key: str,
        *,
        ingest_url: str | None = None,
        retries: Retries | None = None,
        random: Callable[[], float] = chance.random,
        sleep: Callable[[float], None] = time.sleep,
        new_key: Callable[[], str] = random_key,
    ) -> None:
        self._to = Connection(url, key, ingest_url, retries or Retries(), random, new_key)
        self._sleep = sleep
        self._http = httpx.Client(**self._to.http())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def ask(self, call: Call[T]) -> T:
        """Any call that `calls` describes."""
        return self._run(ask(call.under(self._to.new_key()), self._to.tries()))

    def push(self, reports: Iterable[Report], key: str | None = None) -> Iterator[LineResult]:
        """Send many, batch after batch; each line's result, numbered from 1 in their order.

        If it raises, what was not told may have been taken: the same reports under the same `key` are safe to push.
        """
        named = key or self._to.new_key()
        for batch in bulk.batches(bulk.as_lines(reports)):
            yield from self.send(batch, named)

    def validate(self, reports: Iterable[Report]) -> Iterator[LineResult]:
        """What `push` would be told, without sending."""
        for batch in bulk.batches(bulk.as_lines(reports)):
            yield from self.judge(batch)

    def send(self, batch: Batch, key: str) -> list[LineResult]:
        return self._run(bulk.send(batch, key, self._to.tries()))

    def judge(self, batch: Batch) -> list[LineResult]:
        return self._run(bulk.validate(batch, self._to.tries()))

    def decided(self, submission: str, at: str, within: float = 60.0) -> Submission:
        """What became of a message, once it is known. `at` is its partition:position; raises NotYet."""
        return self._run(outcome.decided(submission, at, within, self._to.tries()))

    def changes(
        self, area: str | None = None, plan: str | None = None, kind: Iterable[str] = (), after: str | None = None
    ) -> Iterator[Change]:
        """What changes from now on, or since the change with the id `after`, for ever; a cut stream is resumed."""
        call, following = stream(area, plan, kind), Following(self._to.tries(), after)
        while True:
            yield from self._connected(call, following)
            self._sleep(following.pause())

    def _connected(self, call: Call[None], following: Following) -> Iterator[Change]:
        """The changes of one connection."""
        request = {**self._to.request(call), "headers": following.headers, "timeout": STREAM_TIMEOUT}
        try:
            with self._http.stream(**request) as answer:
                if answer.status_code != httpx.codes.OK:
                    answer.read()
                following.answered(answer)
                for chunk in answer.iter_bytes():
                    yield from following.heard(chunk)
        except httpx.TransportError as fault:
            following.cut(fault)

    def _run(self, flow: Flow[T]) -> T:
        said: Said = None
        while True:
            try:
                step = flow.send(said)
            except StopIteration as done:
                found: T = done.value
                return found
            said = self._perform(step)

    def _perform(self, step: Call[Any] | float) -> Said:
        if isinstance(step, float):
            self._sleep(step)
            return None
        try:
            return self._http.request(**self._to.request(step))
        except httpx.TransportError as fault:
            return fault
