"""An application on a real port, and one that fails on the way as it is told to."""

import contextlib
import json
import socket
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Fault(Enum):
    """What happens to one request."""

    NONE = auto()
    CUT_BEFORE = auto()  # the connection breaks and nothing was taken
    CUT_AFTER = auto()  # it was taken, and the connection breaks before the answer
    CUT_WITHIN = auto()  # it was taken, and the answer ends halfway
    BUSY = auto()  # 429, nothing was taken
    AWAY = auto()  # 503, nothing was taken
    FAILED_AFTER = auto()  # it was taken, and the answer is 500


@dataclass
class Faulty:
    """ASGI middleware: the next request meets the next fault, and the rest none. Remembers what was asked."""

    app: ASGIApp
    faults: deque[Fault] = field(default_factory=deque)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    bodies: list[bytearray] = field(default_factory=list)
    retry_after: str = "7"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.asked.append((scope["method"], scope["path"], headers))
        fault = self.faults.popleft() if self.faults else Fault.NONE
        await self._meet(fault, scope, self._remembering(receive), send)

    def _remembering(self, receive: Receive) -> Receive:
        body = bytearray()
        self.bodies.append(body)

        async def remembered() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        return remembered

    async def _meet(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        match fault:
            case Fault.NONE:
                await self.app(scope, receive, send)
            case Fault.CUT_BEFORE:
                cut(send)
            case Fault.BUSY:
                await problem(send, 429, "too_many_requests", self.retry_after)
            case Fault.AWAY:
                await problem(send, 503, "unavailable", self.retry_after)
            case _:
                said = await _taken(self.app, scope, receive)
                await self._afterwards(fault, said, send)

    async def _afterwards(self, fault: Fault, said: list[Message], send: Send) -> None:
        if fault is Fault.CUT_WITHIN:
            whole = b"".join(message.get("body", b"") for message in said)
            await send(said[0])
            await send({"type": "http.response.body", "body": whole[: len(whole) // 2], "more_body": True})
            cut(send)
        elif fault is Fault.CUT_AFTER:
            cut(send)
        else:
            await problem(send, 500, "internal", self.retry_after)


async def problem(send: Send, status: int, code: str, retry_after: str) -> None:
    """An answer that says no."""
    said = {"type": f"urn:chitieu:problem:{code}", "title": "en", "status": status, "detail": "vi", "errors": []}
    headers = [(b"content-type", b"application/problem+json"), (b"retry-after", retry_after.encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(said).encode()})


async def _taken(app: ASGIApp, scope: Scope, receive: Receive) -> list[Message]:
    said: list[Message] = []

    async def hold(message: Message) -> None:
        said.append(message)

    await app(scope, receive, hold)
    return said


def cut(send: Send) -> None:
    """Break the connection as a lost network does: uvicorn's `send` is a method of the exchange that owns it."""
    send.__self__.transport.abort()  # type: ignore[attr-defined]


@contextlib.contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """The address of the application, served from a thread until the end."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            while not server.started:
                thread.join(0.01)
                assert thread.is_alive(), "the server did not start"
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = server.force_exit = True
            thread.join(10)
