"""Reading a request's body: no more of it than the limits allow."""

from functools import cached_property
from typing import ClassVar

from fastapi import Request, Response
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from chitieu.adapters import dhis2
from chitieu.adapters.http import DirectRoute, refusal
from chitieu.adapters.parameters import refuse_others
from chitieu.adapters.unread import LastAnswer, has_body
from chitieu.domain.catalogue import Label
from chitieu.domain.errors import ChitieuError, InvalidRequest
from services.ingest.room import REQUEST_BYTES, Held, Room

_CUT_SHORT = Label("nội dung bị ngắt giữa chừng", "the body ends early")

JSON = "application/json"
NDJSON = "application/x-ndjson"

_HELD = "chitieu.held"


class UnreadBodyRoute(DirectRoute):
    """Answers a problem at once, however much of the body is still to come, and closes the connection.

    Otherwise the server would read on, without end, to find the next request behind it. The endpoint gets the request
    and the parts of its path, and reads all else by hand.
    """

    room: ClassVar[Room]

    @classmethod
    def within(cls, room: Room) -> "type[UnreadBodyRoute]":
        """The class of routes whose requests share a room."""
        return type(cls.__name__, (cls,), {"room": room})

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        with self.room.request() as held:
            scope[_HELD] = held
            answer = await self._answer(request, held)
            await answer(scope, receive, send)

    async def _answer(self, request: Request, held: Held) -> ASGIApp:
        try:
            held.take(REQUEST_BYTES)
            self._check_parameters(request)
            answer: Response = await self.endpoint(request, **request.path_params)
            return answer
        except ChitieuError as error:
            unread = has_body(request) and not getattr(request.state, "body_read", False)
            problem = refusal(request.url.path, error)
            return LastAnswer(problem) if unread else problem

    def _check_parameters(self, request: Request) -> None:
        """Raises InvalidRequest: a `?if_match=3` passed over would lose its precondition. DHIS2's clients send many
        parameters that mean nothing here: their routes check their own.
        """
        if request.scope["query_string"] and not request.url.path.startswith(dhis2.ROOT):
            refuse_others(request, self._declared)

    @cached_property
    def _declared(self) -> dict[str, bool]:
        described = (self.openapi_extra or {}).get("parameters", ())
        return {one["name"]: False for one in described if one["in"] == "query"}


def media_type(request: Request, *accepted: str) -> str:
    """The body's media type. Raises InvalidRequest (415) if it is not among the accepted or not in UTF-8."""
    given = request.headers.get("content-type", "")
    type_, *parameters = (part.strip().lower() for part in given.split(";"))
    charsets = [p.partition("=")[2].strip('"') for p in parameters if p.startswith("charset=")]
    if type_ not in accepted or any(c not in {"utf-8", "utf8"} for c in charsets):
        raise InvalidRequest.of("unsupported_media_type", type=given[:100])
    return type_


def hold(request: Request, size: int) -> None:
    """Count so many bytes as taken until the request is answered. Raises Unavailable (429) if there is no room."""
    held: Held = request.scope[_HELD]
    held.take(size)


async def read_body(request: Request, limit: int) -> bytes:
    """At most `limit` bytes. Raises as soon as it is known: InvalidRequest (413) that there are more, Unavailable (429)
    that there is no room for them beside what other requests hold.
    """
    text = request.headers.get("content-length", "")
    announced = int(text[:20]) if text.isdigit() else 0
    if announced > limit:
        raise InvalidRequest.of("body_too_large", limit=limit)
    held: Held = request.scope[_HELD]
    held.take(announced)
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise InvalidRequest.of("body_too_large", limit=limit)
            if len(body) > announced:
                held.take(len(body) - announced)
                announced = len(body)
    except ClientDisconnect:
        raise InvalidRequest.of("not_json", detail=_CUT_SHORT) from None
    request.state.body_read = True
    return bytes(body)
