"""ClickHouse's HTTP protocol in front of the embedded engine, so that services run as processes of their own in tests.

    python -m tests.support.clickhouse_http --path DIR [--port 0]         # prints: ready port=…

The services' client talks to it unmodified, over the network. Faults are ordered at /faults for inserts to come:

    POST /faults  {"kind": "cut", "inserts": 1, "table": "rollup"}        # see `Fault`
    GET /faults      what is left of them
    DELETE /faults   none any more; answered once the inserts that were held are written

Not here, and only to be tried on a real server: users, sessions, compressed answers, ON CLUSTER, replication.
"""

import argparse
import io
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

import zstandard
from lz4.frame import LZ4FrameDecompressor  # type: ignore[import-untyped]

from tests.support.clickhouse_engine import Engine, EngineError, Result, Statement

HOST = "127.0.0.1"
_PARAMETER = "param_"
# Of the address's names, those that are no setting of the engine.
_NOT_SETTINGS = frozenset(
    {
        "query",
        "database",
        "default_format",
        "session_id",
        "query_id",
        "wait_end_of_query",
        "client_protocol_version",
        "enable_http_compression",
        "send_progress_in_http_headers",
        "http_headers_progress_interval_ms",
        "cancel_http_readonly_queries_on_client_close",
    }
)


@dataclass(frozen=True)
class Fault:
    """What is to happen to the next `inserts` inserts into `table` ('': into any).

    cut:    rows are committed, and the connection is closed without an answer: the client sends them again by itself.
    fail:   nothing is written; the answer is the engine's error `code`.
    refuse: nothing is written; the answer is 503, as of a server behind a proxy that is away.
    delay:  rows are written `seconds` later.
    hold:   rows are written when the faults are cleared, whether or not the client is still there.
    """

    kind: Literal["cut", "fail", "refuse", "delay", "hold"]
    inserts: int = 1
    table: str = ""
    code: int = 241
    seconds: float = 0.0


class Faults:
    """Ordered faults, the oldest first; an insert takes at most one."""

    def __init__(self) -> None:
        self._ordered: list[Fault] = []
        self._held = 0
        self._round = 0
        self._changed = threading.Condition()

    def order(self, fault: Fault) -> None:
        with self._changed:
            self._ordered.append(fault)

    def clear(self) -> None:
        """Forget all that was ordered, and wait until what was held is written."""
        with self._changed:
            self._ordered.clear()
            self._round += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._held == 0)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Enter when the faults are cleared; leave when it is done."""
        with self._changed:
            now = self._round
            self._held += 1
            self._changed.wait_for(lambda: self._round > now)
        try:
            yield
        finally:
            with self._changed:
                self._held -= 1
                self._changed.notify_all()

    def left(self) -> list[Fault]:
        with self._changed:
            return list(self._ordered)

    def take(self, table: str) -> Fault | None:
        """The fault that an insert into a table meets, if any; it is used up by that."""
        with self._changed:
            for at, fault in enumerate(self._ordered):
                if fault.table in ("", table):
                    rest = [replace(fault, inserts=fault.inserts - 1)] if fault.inserts > 1 else []
                    self._ordered[at : at + 1] = rest
                    return fault
        return None


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, path: Path, port: int) -> None:
        self.engine = Engine(path)
        self.faults = Faults()
        super().__init__((HOST, port), Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away, perhaps in the middle of a request, is nothing to tell."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_POST(self) -> None:
        address, body = urlsplit(self.path), self._body()
        if address.path == "/faults":
            self.server.faults.order(Fault(**json.loads(body)))
            self._answer(200, b"")
            return
        named = dict(parse_qsl(address.query, keep_blank_values=True))
        try:
            self._run(self._statement(named, body))
        except EngineError as error:
            code = str(error.code)
            self._answer(500, f"{error}\n".encode(), {"X-ClickHouse-Exception-Code": code})

    def do_GET(self) -> None:
        if self.path == "/faults":
            left = [asdict(fault) for fault in self.server.faults.left()]
            self._answer(200, json.dumps(left).encode())
        else:  # /ping
            self._answer(200, b"Ok.\n")

    def do_DELETE(self) -> None:
        self.server.faults.clear()
        self._answer(200, b"")

    def log_message(self, *_: object) -> None:
        """Tests speak for themselves."""

    def _run(self, statement: Statement) -> None:
        fault = self.server.faults.take(statement.table) if statement.table is not None else None
        match fault:
            case Fault("fail"):
                raise EngineError(f"Code: {fault.code}. DB::Exception: ordered by a test. (ORDERED)")
            case Fault("refuse"):
                self._answer(503, b"ordered by a test\n")
            case Fault("cut"):
                self.server.engine.run(statement)
                self.close_connection = True
            case Fault("hold"):
                with self.server.faults.held():
                    self._execute(statement)
            case Fault("delay"):
                time.sleep(fault.seconds)
                self._execute(statement)
            case _:
                self._execute(statement)

    def _execute(self, statement: Statement) -> None:
        result = self.server.engine.run(statement)
        self._answer(200, result.body, self._described(result))

    def _described(self, result: Result) -> dict[str, str]:
        format_ = {} if result.format is None else {"X-ClickHouse-Format": result.format}
        return {"X-ClickHouse-Timezone": self.server.engine.timezone, **format_}

    def _statement(self, named: dict[str, str], body: bytes) -> Statement:
        body = _unpacked(body, self.headers.get("Content-Encoding", ""))
        if self.headers.get_content_type() == "multipart/form-data":  # bound parameters too long for an address
            named, body = {**named, **_form(self.headers, body)}, b""
        return Statement(
            sql=b"\n".join(filter(None, (named.get("query", "").encode(), body))),
            database=named.get("database", "default"),
            settings={n: v for n, v in named.items() if n not in _NOT_SETTINGS and not n.startswith(_PARAMETER)},
            parameters={n.removeprefix(_PARAMETER): v for n, v in named.items() if n.startswith(_PARAMETER)},
            output=named.get("default_format", "TabSeparated"),
        )

    def _body(self) -> bytes:
        """All of it: half an insert is never run. Raises ConnectionError if the client goes away."""
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            return b"".join(iter(self._chunk, b""))
        return self._read(int(self.headers.get("Content-Length", 0)))

    def _chunk(self) -> bytes:
        """The next chunk; empty at the end, when the line behind it is read too."""
        head = self.rfile.readline()
        if not head.endswith(b"\n"):
            raise ConnectionError("the client went away")
        chunk = self._read(int(head.split(b";")[0], 16))
        self._read(len(b"\r\n"))
        return chunk

    def _read(self, size: int) -> bytes:
        data = self.rfile.read(size)
        if len(data) < size:
            raise ConnectionError("the client went away")
        return data

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response_only(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _unpacked(data: bytes, encoding: str) -> bytes:
    """The client packs block by block, so several frames follow each other."""
    if encoding == "lz4":
        parts = []
        while data:
            frame = LZ4FrameDecompressor()
            parts.append(frame.decompress(data))
            data = frame.unused_data or b""
        return b"".join(parts)
    if encoding == "zstd":
        return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data), read_across_frames=True).read()
    return data


def _form(headers: Message, body: bytes) -> dict[str, str]:
    form = message_from_bytes(b"Content-Type: " + headers["Content-Type"].encode() + b"\r\n\r\n" + body)
    return dict(_field(part) for part in form.walk() if not part.is_multipart())


def _field(part: Message) -> tuple[str, str]:
    value = part.get_payload(decode=True)
    assert isinstance(value, bytes)
    return str(part.get_param("name", header="content-disposition")), value.decode()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--path", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    server = Server(arguments.path, arguments.port)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"ready port={server.server_port}", flush=True)
    server.serve_forever()
    # What was answered is on disk; an orderly exit with connections open ends in a segmentation fault.
    os._exit(0)


if __name__ == "__main__":
    main()
