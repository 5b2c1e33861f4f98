"""The embedded engine (chDB) behind the test server: one statement in, its answer or the engine's error out.

One engine for each process and data directory (error 36 for a second one). A statement has a connection to itself, on
which nothing ran before but reads and inserts, with the same settings in the same database, so that nothing of one
leaks into the next; to make one takes as long as a small question. Connections run in parallel, because chDB lets go of
the GIL. An insert returns once its part is committed: what was answered is found again after kill -9.
"""

import re
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

# What the embedded engine sets and a server does not (system.settings WHERE changed).
_SERVER_DEFAULTS = {"implicit_select": "0", "allow_introspection_functions": "0"}
# An insert that brings its rows along: INSERT INTO t (a, b) FORMAT Arrow, a line's end, and then the data.
_INSERT = re.compile(
    rb"\s*INSERT\s+INTO\s+(?P<table>[\w.`\"]+)\s*(?:\([^)]*\)\s*)?FORMAT\s+(?P<format>\w+)[^\S\n]*\n?", re.IGNORECASE
)
_FORMAT = re.compile(rb"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_CODE = re.compile(r"Code: (\d+)\.")
_QUOTED = {ord("\\"): "\\\\", ord("'"): "\\'"}
_UNKNOWN_EXCEPTION = 1002
_SYNTAX_ERROR = 62
_MOST_IDLE = 16  # connections of one kind


class EngineError(Exception):
    """What the engine says, in its own words: `Code: 62. DB::Exception: …`."""

    @property
    def code(self) -> int:
        found = _CODE.match(str(self))
        return int(found[1]) if found else _UNKNOWN_EXCEPTION

    @classmethod
    def of(cls, error: Exception) -> "EngineError":
        said = str(error)
        return cls(said[max(said.find("Code: "), 0) :])


@dataclass(frozen=True)
class Statement:
    """One SQL statement, with an insert's rows behind it, and what a request says about how to run it."""

    sql: bytes
    database: str = "default"
    settings: Mapping[str, str] | None = None
    parameters: Mapping[str, str] | None = None
    output: str = "TabSeparated"

    @property
    def table(self) -> str | None:
        """The table that rows are inserted into, without database and quotes; None if this inserts none."""
        found = _INSERT.match(self.sql)
        return found["table"].decode().replace("`", "").replace('"', "").rpartition(".")[2] if found else None


@dataclass(frozen=True)
class Result:
    """`format` is None where a statement has no result at all, which is not the same as an empty one."""

    body: bytes = b""
    format: str | None = None


class Engine:
    """A data directory's engine. Use it from any thread."""

    def __init__(self, path: Path) -> None:
        # Its types don't declare what it offers.
        self._chdb: Any = import_module("chdb._chdb")
        self._path = str(path.resolve())
        self._held = self._chdb.connect(self._path)
        self._idle: dict[tuple[object, ...], list[Any]] = {}
        self.timezone = self.run(Statement(b"SELECT timezone()")).body.decode().strip()

    def run(self, statement: Statement) -> Result:
        """Raises EngineError."""
        try:
            with ExitStack() as used_up:
                idle, connection = self._connection(statement)
                used_up.callback(connection.close)
                insert = _INSERT.match(statement.sql)
                if insert is not None:
                    result, as_before = _insert(connection, statement.sql, insert), True
                else:
                    result, as_before = self._query(connection, statement)
                if as_before and len(idle) < _MOST_IDLE:
                    used_up.pop_all()
                    idle.append(connection)
                return result
        except RuntimeError as error:
            raise EngineError.of(error) from error

    def _connection(self, statement: Statement) -> tuple[list[Any], Any]:
        """One as good as new, and where it may be put back if it still is afterwards."""
        settings = {**_SERVER_DEFAULTS, **(statement.settings or {})}
        idle = self._idle.setdefault((statement.database, *sorted(settings.items())), [])
        try:
            return idle, idle.pop()
        except IndexError:
            connection = self._chdb.connect(self._path)
        try:
            self._prepare(connection, settings, statement.database)
        except BaseException:
            connection.close()
            raise
        return idle, connection

    def _prepare(self, connection: Any, settings: Mapping[str, str], database: str) -> None:
        said = ", ".join(f"{name} = '{value.translate(_QUOTED)}'" for name, value in settings.items())
        connection.query(f"SET {said}", "Null")
        connection.query(f"USE `{database.replace('`', '')}`", "Null")

    def _query(self, connection: Any, statement: Statement) -> tuple[Result, bool]:
        """What comes of it, and whether the connection is as it was before."""
        kind = connection.classify_query(statement.sql.decode())
        if kind["statement_count"] > 1:  # a server refuses them; the engine would run them all
            raise EngineError(f"Code: {_SYNTAX_ERROR}. DB::Exception: Multi-statements are not allowed. (SYNTAX_ERROR)")
        result = connection.query(statement.sql.decode(), statement.output, params=dict(statement.parameters or {}))
        if result.has_error():
            raise RuntimeError(result.error_message())
        reads = kind["query_class"] == self._chdb.query_class.READ_ONLY
        if not reads and not result.size():
            return Result(), False
        named = _FORMAT.search(statement.sql)
        return Result(result.bytes() or b"", named[1].decode() if named else statement.output), reads


def _insert(connection: Any, sql: bytes, insert: re.Match[bytes]) -> Result:
    """Rows go in as a stream: `query` would take a blank line among them for the next statement."""
    head = sql[: insert.start("format")].rstrip()[: -len("FORMAT")]
    stream = connection.send_insert(head.decode(), insert["format"].decode())
    try:
        connection.insert_append(stream, sql[insert.end() :])
        connection.insert_done(stream)
    except BaseException:
        connection.insert_cancel(stream)
        raise
    return Result()
