"""Reading a request's body: no more of it than the limits allow."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from chitieu.adapters.http import ProblemResponse
from chitieu.domain.errors import ChitieuError, InvalidRequest

JSON = "application/json"
NDJSON = "application/x-ndjson"


class UnreadBodyRoute(APIRoute):
    """Closes the connection after a problem that was answered before the body was read to its end.

    Otherwise the server would read on, however much there is, to find the next request behind it.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def closing(request: Request) -> Response:
            try:
                return await handle(request)
            except ChitieuError as error:
                response = ProblemResponse(error)
                if _announces_body(request) and not getattr(request.state, "body_read", False):
                    response.headers["Connection"] = "close"
                return response

        return closing


def media_type(request: Request, *accepted: str) -> str:
    """The body's media type. Raises InvalidRequest (415) if it is not among the accepted or not in UTF-8."""
    given = request.headers.get("content-type", "")
    type_, *parameters = (part.strip().lower() for part in given.split(";"))
    charsets = [p.partition("=")[2].strip('"') for p in parameters if p.startswith("charset=")]
    if type_ not in accepted or any(c not in {"utf-8", "utf8"} for c in charsets):
        raise InvalidRequest.of("unsupported_media_type", type=given[:100])
    return type_


def has_body(request: Request) -> bool:
    return _announces_body(request) and request.headers.get("content-length") != "0"


async def read_body(request: Request, limit: int) -> bytes:
    """At most `limit` bytes. Raises InvalidRequest (413) as soon as it is known that there are more."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced[:20]) > limit:
        raise InvalidRequest.of("body_too_large", limit=limit)
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise InvalidRequest.of("body_too_large", limit=limit)
    except ClientDisconnect:
        raise InvalidRequest.of("not_json", detail="the body ends early") from None
    request.state.body_read = True
    return bytes(body)


def _announces_body(request: Request) -> bool:
    return "content-length" in request.headers or "transfer-encoding" in request.headers
