"""`/v1/changes`: what changes, as server-sent events (WHATWG HTML, 9.2), for as long as somebody listens.

Events never carry a figure, so there is nothing to disclose: readers read again. A transition says which state a target
has and had, which everybody may read at `/v1/attainment` whatever is suppressed there, and the code of the rule, never
its sentence; a reminder counts units that have not reported, as `/v1/obligations` does for everybody.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.types import Receive, Scope, Send

from chitieu.adapters.changes import Missed
from chitieu.adapters.log import logger
from chitieu.domain.errors import ChitieuError, Unavailable
from services.api.answers import PROBLEMS
from services.api.context import Context
from services.api.follower import Changes
from services.api.lookups import find_plan, find_unit
from services.api.subscriptions import Kind, Reason, Subscription, Subscriptions, Wanted, reset, written

log = logger(__name__)

HEARTBEAT_SECONDS = 15.0
# What one reader may have missed and is still told; further back, reading everything again is cheaper for both.
MOST_MISSED = 10_000
# After a write, a reader's next one waits: what comes meanwhile travels together. The more readers there are, the
# longer; a write to each of a thousand ten times a second took the whole process, and all of them waited for longer.
_LEAST_BREATH_SECONDS = 0.1
_WRITES_A_SECOND = 4_000
# A reader who takes nothing for so long is let go.
_STUCK_SECONDS = 30.0

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"description": "events, until either side ends it", "content": {"text/event-stream": {}}}
}


def routes(context: Context) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["changes"], responses=PROBLEMS)

    @router.get("/changes", response_class=Response, responses=_STREAM)
    async def change_stream(
        request: Request,
        area: Annotated[str | None, Query(description="only at a unit (code or code@date) and below it")] = None,
        plan: Annotated[str | None, Query(description="only about a plan")] = None,
        kind: Annotated[list[Kind] | None, Query(description="only these kinds")] = None,
        last_event_id: Annotated[
            str | None, Header(alias="Last-Event-ID", description="go on after the event with this id")
        ] = None,
        last_event_id_: Annotated[
            str | None, Query(alias="lastEventId", description="the same, where headers can't be set")
        ] = None,
    ) -> Response:
        """What changes from now on, or since the event named: figures, states of targets, deadlines."""
        context.key(request, "attainment:read")
        unit = None if area is None else find_unit(context.release.tree, area, context.today)
        asked = None if plan is None else find_plan(context.release, plan)
        position = context.changes.position
        if position is None:
            raise Unavailable.of("unavailable", detail="Kafka")
        wanted = Wanted(unit.id if unit else None, asked.id if asked else None, frozenset(kind or Kind))
        stream = Stream(context.changes, context.subscriptions, wanted, position - 1, last_event_id or last_event_id_)
        return EventStream(stream, lambda: _allowed(context, request))

    return router


def _allowed(context: Context, request: Request) -> bool:
    """Does the caller's key still open it? One that is revoked counts no longer at once."""
    try:
        context.key(request, "attainment:read")
    except ChitieuError:
        return False
    return True


class Stream:
    """What one reader gets: first what they missed, then all that comes. Its queue fills from the beginning on."""

    def __init__(
        self, changes: Changes, subscriptions: Subscriptions, wanted: Wanted, since: int, after: str | None
    ) -> None:
        self._changes = changes
        self._subscriptions = subscriptions
        self._after = after
        self.queue: Subscription = subscriptions.add(wanted, since)

    @property
    def breath(self) -> float:
        """Seconds between two writes to one reader."""
        return max(_LEAST_BREATH_SECONDS, len(self._subscriptions) / _WRITES_A_SECOND)

    def close(self) -> None:
        self._subscriptions.remove(self.queue)

    async def beginning(self) -> AsyncGenerator[bytes, None]:
        """`start`, or everything since the event named, or `reset`: after it nothing is missing."""
        since, after = self.queue.since, self._after
        if after is None:
            yield written("start", since, {})
            return
        last = int(after) if after.isascii() and after.isdecimal() else None
        if last is None or last > since:
            yield reset(since, Reason.UNKNOWN)
        elif since - last > MOST_MISSED:
            yield reset(since, Reason.TOO_FAR)
        else:
            async with aclosing(self._missed(last + 1)) as missed:
                async for event in missed:
                    yield event

    async def _missed(self, first: int) -> AsyncGenerator[bytes, None]:
        wanted, end = self.queue.wanted, self.queue.since + 1
        if first == end:
            # A comment: the reader sees that the stream goes on where it was.
            yield b": up to date\n\n"
            return
        try:
            async with aclosing(self._changes.between(first, end)) as again:
                async for offset, said in again:
                    for _, event in self._subscriptions.events(offset, said, {wanted.area: (wanted,)}):
                        yield event
                    if self.queue.ended:
                        return
        except Missed:
            yield reset(self.queue.since, Reason.UNKNOWN)
        except Exception:
            log.warning("what a reader missed could not be read", exc_info=True)
            yield reset(self.queue.since, Reason.UNKNOWN)


class EventStream(Response):
    """Writes a stream until its reader goes, is too slow, loses the key, or the process stops."""

    media_type = "text/event-stream"

    def __init__(self, stream: Stream, allowed: Callable[[], bool]) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._stream = stream
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(self._until_gone(receive), name="reader")
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async with aclosing(self._stream.beginning()) as beginning:
                async for event in beginning:
                    await _write(send, event)
            await self._follow(send)
            await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            log.warning("a reader of changes takes nothing more and is let go")
        finally:
            gone.cancel()
            self._stream.close()

    async def _follow(self, send: Send) -> None:
        """Until it has ended and nothing waits: a reset comes last."""
        queue = self._stream.queue
        while True:
            events = await queue.take(HEARTBEAT_SECONDS)
            if not self._allowed() or (queue.ended and not events):
                return
            await _write(send, events or b": heartbeat\n\n")
            if events and not queue.ended:
                await asyncio.sleep(self._stream.breath)

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._stream.queue.end()


async def _write(send: Send, body: bytes) -> None:
    async with asyncio.timeout(_STUCK_SECONDS):
        await send({"type": "http.response.body", "body": body, "more_body": True})
