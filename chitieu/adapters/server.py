"""The HTTP server of every process: it ends long answers before it waits for the others."""

import asyncio
import socket

import uvicorn
from fastapi import FastAPI

# A connection that is closed with something left to write is given so long to take it.
_LINGER_SECONDS = 10.0
_TICKS_A_SECOND = 10


class Server(uvicorn.Server):
    """Serves an application of `chitieu.adapters.http.create_app`; `settings` are uvicorn's."""

    def __init__(self, app: FastAPI, **settings: object) -> None:
        super().__init__(uvicorn.Config(app, log_config=None, access_log=False, **settings))  # type: ignore[arg-type]
        self._app = app
        self._closing: set[asyncio.Transport] = set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Streams never end by themselves, and those who read them would hold up the stop until it loses patience."""
        self._app.state.leave()
        await super().shutdown(sockets)

    async def on_tick(self, counter: int) -> bool:
        if counter % int(_LINGER_SECONDS * _TICKS_A_SECOND) == 0:
            self._cut_off()
        return await super().on_tick(counter)

    def _cut_off(self) -> None:
        """Closed long ago, and the other side takes nothing more: it would stay open, with what it holds, for ever."""
        transports = [one.transport for one in self.server_state.connections]
        closing = {one for one in transports if one is not None and one.is_closing()}
        for one in closing & self._closing:
            one.abort()
        self._closing = closing
