"""Clients of one database, used from threads: neither the HTTP client nor chDB may block the event loop."""

import asyncio
import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import clickhouse_connect
import pyarrow as pa
from clickhouse_connect.driver.client import Client

T = TypeVar("T")

# One insert is one part, visible at once and whole, at every size tried (see docs/architecture.md). Its rows differ in
# their keys already: to look for older versions among them would cost as much again as writing them.
ONE_PART: dict[str, Any] = {
    "async_insert": 0,
    "optimize_on_insert": 0,
    "min_insert_block_size_rows": 100_000_000,
    "min_insert_block_size_bytes": 0,
    "max_insert_block_size": 100_000_000,
}
# A SELECT that reads one table twice sees one state of it.
ONE_SNAPSHOT: dict[str, Any] = {"enable_shared_storage_snapshot_in_query": 1}
QUERY_MEMORY_BYTES = 2 * 1024**3


def database_name(generation: int) -> str:
    """A generation of the figures has a database of its own, so that a rebuild never touches the one being read."""
    return f"chitieu_g{generation}"


def connect(dsn: str, database: str | None = None) -> Client:
    """`clickhouse://user:password@host:8123` or `chdb:///data/directory` (one process per directory)."""
    options: dict[str, Any] = {"settings": {"max_memory_usage": QUERY_MEMORY_BYTES}}
    if database is not None:
        options["database"] = database
    if not dsn.startswith("chdb:"):
        options["autogenerate_session_id"] = False
    return clickhouse_connect.get_client(dsn=dsn, **options)


def insert(client: Client, table: str, rows: pa.Table) -> None:
    """Write an Arrow table as one part. May have happened even if it raises: rows must bear being written twice."""
    client.insert_arrow(table, rows.combine_chunks(), settings=ONE_PART)


class Store:
    """A few threads, each with a client of its own."""

    def __init__(self, dsn: str, database: str, threads: int = 4) -> None:
        self._dsn, self._database = dsn, database
        self._idle: queue.SimpleQueue[Client] = queue.SimpleQueue()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="clickhouse")

    async def run(self, work: Callable[[Client], T]) -> T:
        """Do some work with a client, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._with_client, work)

    async def close(self) -> None:
        """Wait for work under way, then close every client: chDB ends in a segmentation fault if one is left open."""
        await asyncio.to_thread(self._pool.shutdown)
        while not self._idle.empty():
            self._idle.get_nowait().close()

    def _with_client(self, work: Callable[[Client], T]) -> T:
        try:
            client = self._idle.get_nowait()
        except queue.Empty:
            client = connect(self._dsn, self._database)
        try:
            return work(client)
        finally:
            self._idle.put(client)
