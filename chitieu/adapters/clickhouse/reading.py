"""Reading: the engine being away is said as what it is to a caller, a service that is not there right now."""

from collections.abc import Mapping, Sequence
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError

from chitieu.adapters.clickhouse.store import Store
from chitieu.domain.errors import Unavailable


class Reader:
    """SELECTs with bound parameters. `reachable` tells whether the last attempt found the engine."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.reachable = False

    async def rows(
        self, sql: str, parameters: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> Sequence[Sequence[Any]]:
        """The rows of a SELECT. Raises Unavailable if the engine can't be reached."""

        def read(client: Client) -> Sequence[Sequence[Any]]:
            query = client.query(sql, parameters=dict(parameters or {}), settings=dict(settings or {}))
            return query.result_rows

        try:
            rows = await self._store.run(read)
        except OperationalError as error:
            self.reachable = False
            raise Unavailable.of("unavailable", detail="ClickHouse") from error
        self.reachable = True
        return rows

    async def probe(self, table: str) -> bool:
        """Is the engine there, with its tables?"""
        try:
            await self.rows("SELECT 1 FROM {table:Identifier} LIMIT 1", {"table": table})
        except (Unavailable, ClickHouseError):
            self.reachable = False
        return self.reachable
