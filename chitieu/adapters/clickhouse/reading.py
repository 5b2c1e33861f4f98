"""Reading: the engine being away is said as what it is to a caller, a service that is not there right now."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError
from clickhouse_connect.driver.exceptions import Error as EngineError

from chitieu.adapters.clickhouse.store import Store
from chitieu.adapters.log import logger
from chitieu.domain.catalogue import Label
from chitieu.domain.errors import Unavailable

log = logger(__name__)

# Errors of an engine that is there and could not do it this time; every other error of its own is a mistake of ours.
_PASSING = {
    159: "TIMEOUT_EXCEEDED",
    160: "TOO_SLOW",
    202: "TOO_MANY_SIMULTANEOUS_QUERIES",
    209: "SOCKET_TIMEOUT",
    210: "NETWORK_ERROR",
    241: "MEMORY_LIMIT_EXCEEDED",
    243: "NOT_ENOUGH_SPACE",
    394: "QUERY_WAS_CANCELLED",
    439: "CANNOT_SCHEDULE_TASK",
    745: "SERVER_OVERLOADED",
    999: "KEEPER_EXCEPTION",
}
_BUSY = Label("ClickHouse đang quá tải", "ClickHouse is overloaded")


T = TypeVar("T")
Rows = Sequence[Sequence[Any]]
# SQL, bound values, settings -> rows.
Query = Callable[[str, Mapping[str, Any], Mapping[str, Any]], Rows]


class Reader:
    """SELECTs with bound parameters. `reachable` tells whether the last attempt found the engine."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.reachable = False

    @property
    def database(self) -> str:
        """The database that is asked now."""
        return self._store.database

    async def rows(
        self, sql: str, parameters: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> Rows:
        """The rows of a SELECT. Raises Unavailable if the engine can't be reached or can't do it now."""
        return await self.ask(lambda query: query(sql, parameters or {}, settings or {}))

    async def ask(self, work: Callable[[Query], T]) -> T:
        """Some SELECTs of one database, each of which may depend on those before. Raises Unavailable like `rows`."""

        def asked(client: Client) -> T:
            def query(sql: str, bound: Mapping[str, Any], settings: Mapping[str, Any]) -> Rows:
                return client.query(sql, parameters=dict(bound), settings=dict(settings)).result_rows

            return work(query)

        try:
            found = await self._store.run(asked)
        except EngineError as error:
            if error.code in _PASSING:
                log.warning("ClickHouse could not answer", code=error.code, reason=_PASSING[error.code])
                raise Unavailable.of("unavailable", detail=_BUSY) from error
            if not isinstance(error, OperationalError):
                raise
            self.reachable = False
            raise Unavailable.of("unavailable", detail="ClickHouse") from error
        self.reachable = True
        return found

    async def probe(self, table: str) -> bool:
        """Is the engine there, with its tables?"""
        try:
            await self.rows("SELECT 1 FROM {table:Identifier} LIMIT 1", {"table": table})
        except (Unavailable, ClickHouseError):
            self.reachable = False
        return self.reachable
