"""A cheap load generator: prebuilt requests over raw keep-alive connections, one request at a time on each.

An HTTP client library costs more a request than the service does; this costs some 20 µs.
"""

import asyncio
from collections import deque
from collections.abc import Iterable

_HEAD_END = b"\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"


class _Connection(asyncio.Protocol):
    """Sends the next request when the answer to the one before is whole."""

    def __init__(self, requests: deque[bytes], answers: list[bytes]) -> None:
        self._requests, self._answers = requests, answers
        self._got = bytearray()
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._got += data
        if _is_whole(self._got):
            self._answers.append(bytes(self._got))
            self._got.clear()
            self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the service closed the connection"))

    def _next(self) -> None:
        if self._requests:
            self._transport.write(self._requests.popleft())
        else:
            self.done.set_result(None)
            self._transport.close()


def _is_whole(answer: bytearray) -> bool:
    head = answer.find(_HEAD_END)
    if head < 0:
        return False
    at = answer.find(b"content-length: ", 0, head)
    if at < 0:
        return answer.endswith(_LAST_CHUNK)
    return len(answer) == head + len(_HEAD_END) + int(answer[at + 16 : answer.index(b"\r", at)])


async def send(host: str, port: int, requests: Iterable[bytes], connections: int) -> list[bytes]:
    """The answers as they came, heads and chunk marks included. Raises ConnectionError if one was cut off."""
    waiting, answers = deque(requests), list[bytes]()
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: _Connection(waiting, answers), host, port) for _ in range(connections)
    ]
    await asyncio.gather(*(protocol.done for _, protocol in opened))
    return answers
