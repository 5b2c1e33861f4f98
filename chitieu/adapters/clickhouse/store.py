"""Clients of one database, used from threads: neither the HTTP client nor chDB may block the event loop."""

import asyncio
import contextlib
import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

if TYPE_CHECKING:  # 35 MB of a process that only reads
    import pyarrow as pa

T = TypeVar("T")

# Whatever the engine, or the way to it, came to.
EngineError = ClickHouseError

# One insert is one part, visible at once and whole, at every size tried (57,000 rows among them). Its rows differ in
# their keys already: to look for older versions among them would cost as much again as writing them. Few rows as they
# are, a second thread for them costs more than it saves (a sixth of the time).
ONE_PART: dict[str, Any] = {
    "max_threads": 1,
    "async_insert": 0,
    "optimize_on_insert": 0,
    "min_insert_block_size_rows": 100_000_000,
    "min_insert_block_size_bytes": 0,
    "max_insert_block_size": 100_000_000,
}
# A SELECT that reads one table twice sees one state of it.
ONE_SNAPSHOT: dict[str, Any] = {"enable_shared_storage_snapshot_in_query": 1}
QUERY_MEMORY_BYTES = 2 * 1024**3
# Of each client. Rows read in the order of the key go through one stream, which FINAL makes three times as slow as
# sorting what was read; no answer here is too large for that.
_SETTINGS: dict[str, Any] = {"max_memory_usage": QUERY_MEMORY_BYTES, "optimize_read_in_order": 0}


def database_name(generation: int, edition: int = 1) -> str:
    """The figures of a log have a database of their own, and each rebuild of them (an edition) has another.

    So a rebuild never touches what is being read, and no edition of one log can be taken for a later log's figures.
    """
    return f"chitieu_g{generation}" if edition == 1 else f"chitieu_g{generation}_{edition}"


def connect(dsn: str, database: str | None = None) -> Client:
    """`clickhouse://user:password@host:8123` or `chdb:///data/directory` (one process per directory)."""
    options: dict[str, Any] = {"settings": {**_SETTINGS}}
    if database is not None:
        options["database"] = database
    if not dsn.startswith("chdb:"):
        options["autogenerate_session_id"] = False
    return clickhouse_connect.get_client(dsn=dsn, **options)


def insert(client: Client, table: str, rows: "pa.Table") -> None:
    """Write an Arrow table as one part. May have happened even if it raises: rows must bear being written twice."""
    client.insert_arrow(table, rows.combine_chunks(), settings=ONE_PART)


class Store:
    """A few threads, each with a client of its own.

    `database` may be a question: then it is asked for every piece of work, which sees that one database throughout.
    """

    def __init__(self, dsn: str, database: str | Callable[[], str], threads: int = 4) -> None:
        self._dsn = dsn
        self._database: Callable[[], str] = database if callable(database) else lambda: database
        self._idle: queue.SimpleQueue[tuple[str, Client]] = queue.SimpleQueue()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="clickhouse")

    @property
    def database(self) -> str:
        """The database of work that begins now."""
        return self._database()

    async def run(self, work: Callable[[Client], T]) -> T:
        """Do some work with a client, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._with_client, work)

    async def close(self) -> None:
        """Wait for work under way, then close every client: chDB ends in a segmentation fault if one is left open."""
        await asyncio.to_thread(self._pool.shutdown)
        while not self._idle.empty():
            self._idle.get_nowait()[1].close()

    def _with_client(self, work: Callable[[Client], T]) -> T:
        database = self._database()
        client = self._client(database)
        try:
            return work(client)
        finally:
            self._idle.put((database, client))

    def _client(self, database: str) -> Client:
        """An idle client of a database, else a new one; those of a database that is no longer asked for are closed."""
        with contextlib.suppress(queue.Empty):
            while True:
                theirs, client = self._idle.get_nowait()
                if theirs == database:
                    return client
                client.close()
        return connect(self._dsn, database)
