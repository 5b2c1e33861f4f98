"""Asking over HTTP with a clock: at a steady rate, whatever the answers take, or as fast as they come."""

import asyncio
import gc
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from urllib.parse import urlencode

HEAD_END = b"\r\n\r\n"
_BUFFER_BYTES = 2**20


@dataclass(frozen=True)
class Answer:
    """`seconds`: from when the question was to be asked, so that waiting for a free connection counts."""

    status: int
    etag: str
    body: bytes
    seconds: float


@dataclass(frozen=True)
class Service:
    """Where the api listens, and the key it is asked with."""

    host: str
    port: int
    key: str

    def get(self, path: str, *headers: str, **query: str) -> bytes:
        """A request as it is sent; names of headers come with their values."""
        target = f"{path}?{urlencode(query)}" if query else path
        own = (f"Host: {self.host}:{self.port}", f"Authorization: Bearer {self.key}", *headers)
        return "\r\n".join((f"GET {target} HTTP/1.1", *own, "", "")).encode()


class Connection:
    """One that is kept alive; one question at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, request: bytes, at: float | None = None) -> Answer:
        """`at`: when it was to be asked (None: now). Raises IncompleteReadError if the other end goes away."""
        at = time.monotonic() if at is None else at
        self._writer.write(request)
        head = (await self._reader.readuntil(HEAD_END)).decode("latin-1").split("\r\n")
        told = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
        body = await self._reader.readexactly(int(told.get("content-length", 0)))
        return Answer(int(head[0].split(" ")[1]), told.get("etag", ""), body, time.monotonic() - at)

    def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def connected(service: Service, count: int) -> AsyncIterator[Sequence[Connection]]:
    """So many connections, closed afterwards."""
    opened: list[Connection] = []
    try:
        for _ in range(count):
            opened.append(Connection(*await asyncio.open_connection(service.host, service.port, limit=_BUFFER_BYTES)))
        yield opened
    finally:
        for one in opened:
            one.close()


async def steadily(service: Service, count: int, requests: Iterable[bytes], per_second: float) -> list[Answer]:
    """The answers in the order of the questions, each of which is asked when it is due or, if all connections wait,
    after that.

    From a process of its own: the clock is not to wait for whoever sends reports from this one.
    """
    pool = ProcessPoolExecutor(1, get_context("spawn"))
    try:
        asked = pool.submit(_ask_steadily, service, count, list(requests), per_second)
        return await asyncio.wrap_future(asked)
    finally:
        pool.shutdown(wait=False)


def _ask_steadily(service: Service, count: int, requests: Sequence[bytes], per_second: float) -> list[Answer]:
    # What is kept here is looked through by nobody: it would be in the time of an answer.
    gc.disable()

    async def ask() -> list[Answer]:
        async with connected(service, count) as connections:
            return await _steadily(connections, requests, per_second)

    return asyncio.run(ask())


async def _steadily(connections: Sequence[Connection], requests: Iterable[bytes], per_second: float) -> list[Answer]:
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for one in connections:
        free.put_nowait(one)

    async def asked(request: bytes, at: float) -> Answer:
        connection = await free.get()
        try:
            return await connection.ask(request, at)
        finally:
            free.put_nowait(connection)

    started, asking = time.monotonic(), list[asyncio.Task[Answer]]()
    for count, request in enumerate(requests):
        due = started + count / per_second
        await asyncio.sleep(max(due - time.monotonic(), 0.0))
        # From now on: that this process had to wait for a core is not the service's time.
        asking.append(asyncio.create_task(asked(request, time.monotonic())))
    return await asyncio.gather(*asking)


async def at_once(
    connections: Sequence[Connection], requests: Iterable[bytes], heard: Callable[[Answer], None]
) -> float:
    """Ask one after the other on each connection; the seconds it took. `heard` is called with each answer."""
    waiting = deque(requests)

    async def ask(connection: Connection) -> None:
        while waiting:
            heard(await connection.ask(waiting.popleft()))

    started = time.monotonic()
    await asyncio.gather(*(ask(one) for one in connections))
    return time.monotonic() - started
