"""HTTP as every service speaks it: problems, access keys, health, metrics. One way for each."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chitieu.adapters import dhis2, docs_pages, session
from chitieu.adapters.log import logger
from chitieu.adapters.metrics import Metrics
from chitieu.adapters.openapi import truthful
from chitieu.adapters.parameters import ONLY_DECLARED
from chitieu.adapters.quota import Limited, Quotas
from chitieu.contracts.problems import MEDIA_TYPE, ProblemDetails, status_of
from chitieu.domain.access import AccessKey, KeyRing
from chitieu.domain.catalogue import Label
from chitieu.domain.errors import RESOURCE, ChitieuError, InvalidRequest, Problem, Refused, not_found

log = logger(__name__)

RETRY_AFTER_SECONDS = 2

# Operators' own questions: answered without a key, and however often.
_PROBES = frozenset({"/livez", "/readyz", "/startupz", "/metrics"})

# Kinds of pydantic's errors -> what it says of them in English.
_IN_VIETNAMESE = {
    "bool_parsing": "phải là true hoặc false",
    "date_from_datetime_parsing": "phải là ngày, dạng 2024-12-31",
    "date_parsing": "phải là ngày, dạng 2024-12-31",
    "enum": "phải là một trong {expected}",
    "greater_than_equal": "phải từ {ge} trở lên",
    "int_parsing": "phải là số nguyên",
    "less_than_equal": "không được quá {le}",
    "string_too_long": "không được dài quá {max_length} ký tự",
}

# What a service waits for before it takes requests: name -> is it there?
Checks = Mapping[str, Callable[[], bool]]

# A problem as a page for people, with the headers that go with it.
ProblemPage = Callable[[Request, ChitieuError, Mapping[str, str]], Response]


class Answering(Protocol):
    """An error as whoever asked reads it: a program, or people who asked for a page."""

    def __call__(self, request: Request, error: ChitieuError, headers: Mapping[str, str] | None = None) -> Response: ...


class ProblemResponse(JSONResponse):
    """An error as application/problem+json."""

    media_type = MEDIA_TYPE

    def __init__(self, error: ChitieuError, headers: Mapping[str, str] | None = None) -> None:
        details = ProblemDetails.of(error)
        sent = {**(headers or {}), **retry_headers(details.status)}
        if details.status == 401:
            sent["WWW-Authenticate"] = "Bearer"
        super().__init__(details.model_dump(mode="json"), details.status, sent)


def retry_headers(status: int) -> dict[str, str]:
    return {"Retry-After": str(RETRY_AFTER_SECONDS)} if status in (429, 503) else {}


def refusal(path: str, error: ChitieuError, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """An error in the shape that clients of a path read: DHIS2's below /api, else application/problem+json."""
    if not path.startswith(dhis2.ROOT):
        return ProblemResponse(error, headers)
    return dhis2.WebMessageResponse(error, {**(headers or {}), **retry_headers(status_of(error.problems[0].code))})


def presented_key(request: Request) -> str | None:
    """What a program sends in a header, or the page's session. A session only reads: other sites can make it send.

    Last what DHIS2's clients send, an `ApiToken` or the password of any user: a proxy may want a password of its own.
    (Sites can make a browser send a password it remembers, but nothing that writes: that is JSON, or no POST.)
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    reads = request.method in ("GET", "HEAD")
    sent = request.headers.get("x-api-key") or (session_key(request) if reads else None)
    return sent or _of_dhis2(scheme.lower(), token.strip())


def _of_dhis2(scheme: str, credentials: str) -> str | None:
    """A password stands in base64, as `user:password` (RFC 7617)."""
    if scheme != "basic":
        return credentials if scheme == "apitoken" else None
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except ValueError:
        return None


def session_key(request: Request) -> str | None:
    """The access key of whoever is signed in on the page."""
    return session.unpacked(request.cookies.get(session.COOKIE, ""))


def authenticate(request: Request, keys: KeyRing, *scopes: str) -> AccessKey:
    """The caller's key, with at least one of the scopes. Raises Refused."""
    return admitted(presented_key(request), keys, *scopes)


def admitted(presented: str | None, keys: KeyRing, *scopes: str) -> AccessKey:
    """The key that was presented. Raises Refused: 401 without a valid key, 403 if scopes are wanted and it has none."""
    key = keys.verify(presented or "")
    if key is None:
        raise Refused.of("unauthenticated")
    if scopes and not any(key.allows(scope) for scope in scopes):
        raise Refused.of("forbidden_scope", scope=scopes[0])
    return key


class Measured:
    """ASGI middleware: counts and times every answer by route template, never by path."""

    def __init__(self, app: ASGIApp, metrics: Metrics, service: str) -> None:
        self._app, self._metrics, self._service = app, metrics, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, started = 500, time.perf_counter()
        answered = None

        async def watch(message: Message) -> None:
            nonlocal status, answered
            await send(message)
            if message["type"] == "http.response.start":
                # A stream goes on for hours after it was answered.
                status, answered = message["status"], time.perf_counter()

        try:
            await self._app(scope, receive, watch)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            labels = {"service": self._service, "route": route, "method": scope["method"]}
            self._metrics.count("chitieu_http_requests_total", **labels, status=str(status))
            self._metrics.observe("chitieu_http_seconds", (answered or time.perf_counter()) - started, **labels)


class Headed:
    """ASGI middleware: answers HEAD with what GET would say, less the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD":
            bare = _Bare(receive, send)
            # A copy: the server goes by its own, and leaves the body out of the connection.
            await self._app({**scope, "method": "GET"}, bare.receive, bare.send)
        else:
            await self._app(scope, receive, send)


class _Bare:
    """An answer ends with its head: whoever writes a body without end finds that nobody is there for it."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._asked = False
        self._answered = asyncio.Event()

    async def receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return await self._receive()
        await self._answered.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] != "http.response.body":
            await self._send(message)
        elif not self._answered.is_set():
            self._answered.set()
            await self._send({"type": "http.response.body", "body": b""})


class Noticed:
    """ASGI middleware: says on every answer what holds for all of the data, as `Chitieu-Notice` in English."""

    def __init__(self, app: ASGIApp, notice: Callable[[], Label | None]) -> None:
        self._app, self._notice = app, notice

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def label(message: Message) -> None:
            notice = self._notice()
            if message["type"] == "http.response.start" and notice is not None:
                # Headers are ASCII: one line of it.
                line = " ".join(notice.en.split()).encode("ascii", "replace").decode()
                MutableHeaders(scope=message)["Chitieu-Notice"] = line
            await send(message)

        await self._app(scope, receive, label if scope["type"] == "http" else send)


class DirectRoute(APIRoute):
    """A route that the framework describes and does not serve: `serve` answers the request, with problems too."""

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise NotImplementedError


class Direct:
    """ASGI middleware: hands the requests of direct routes over before the framework's own stack.

    Its routers, exit stacks, error wrappers and dependencies cost more than all that happens to a report (measured:
    130 of 240 µs).
    """

    def __init__(self, app: ASGIApp, routes: Sequence[DirectRoute]) -> None:
        self._app, self._routes = app, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for route in self._routes:
                match, found = route.matches(scope)
                if match is Match.FULL:
                    scope.update(found)
                    await route.serve(scope, receive, send)
                    return
        await self._app(scope, receive, send)


def create_app(
    service: str,
    routers: list[APIRouter],
    metrics: Metrics,
    checks: Checks,
    lifespan: Callable[[], AbstractAsyncContextManager[None]] | None = None,
    alive: Callable[[], bool] = lambda: True,
    notice: Callable[[], Label | None] = lambda: None,
    problem_page: ProblemPage | None = None,
    leave: Callable[[], None] = lambda: None,
    quotas: Quotas | None = None,
) -> FastAPI:
    """An application with the service's routes and pages to try them on, health, metrics and one shape of error.

    `alive` turning false asks whoever runs the process to start it again. `notice` is said on every answer.
    `problem_page` is how problems look to people who asked for a page. `leave` is called by
    `chitieu.adapters.server.Server` before it waits for what is under way. `quotas` are how often a key may ask.
    """

    @asynccontextmanager
    async def around(_: FastAPI) -> AsyncIterator[None]:
        if lifespan is None:
            yield
        else:
            async with lifespan():
                yield

    app = FastAPI(
        title=f"chitieu {service}",
        version="1",
        lifespan=around,
        docs_url=None,
        redoc_url=None,
        # We measure ourselves, and looking whether somebody wants to costs 15 µs a request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    # For a page that shows how the process is.
    app.state.metrics, app.state.checks = metrics, checks
    direct = [route for router in routers for route in router.routes if isinstance(route, DirectRoute)]
    app.add_middleware(Direct, routes=direct)
    answered = _answering(problem_page)
    if quotas is not None:
        app.add_middleware(Limited, quotas=quotas, presented=presented_key, refuse=answered, exempt=_PROBES)
    app.add_middleware(Measured, metrics=metrics, service=service)
    app.add_middleware(Noticed, notice=notice)
    app.add_middleware(Headed)
    app.add_middleware(dhis2.PlainAddresses)
    for router in routers:
        app.include_router(router, dependencies=[ONLY_DECLARED])
    if routers:
        app.include_router(docs_pages.routes())
    app.include_router(_operations(service, metrics, checks, alive))
    _answer_problems(app, answered)
    app.openapi = truthful(app)  # type: ignore[method-assign]
    app.state.leave = leave
    return app


def _operations(service: str, metrics: Metrics, checks: Checks, alive: Callable[[], bool]) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/livez")
    async def livez() -> Response:
        return JSONResponse({"status": "ok" if alive() else "failed"}, 200 if alive() else 503)

    def missing_checks() -> list[str]:
        missing = [name for name, there in checks.items() if not there()]
        metrics.set("chitieu_ready", not missing, service=service)
        return missing

    async def waiting() -> Response:
        missing = missing_checks()
        return JSONResponse(
            {"status": "waiting" if missing else "ok", "waiting_for": missing},
            503 if missing else 200,
            {"Retry-After": str(RETRY_AFTER_SECONDS)} if missing else None,
        )

    router.add_api_route("/readyz", waiting)
    router.add_api_route("/startupz", waiting)

    @router.get("/metrics")
    async def exposition() -> Response:
        missing_checks()
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return router


def _answering(page: ProblemPage | None) -> Answering:
    def answered(request: Request, error: ChitieuError, headers: Mapping[str, str] | None = None) -> Response:
        if page is not None and _asks_for_a_page(request):
            return page(request, error, headers or {})
        return refusal(request.url.path, error, headers)

    return answered


def _answer_problems(app: FastAPI, answered: Answering) -> None:
    async def said_no(request: Request, error: Exception) -> Response:
        assert isinstance(error, ChitieuError)
        return answered(request, error)

    async def unreadable(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return answered(request, InvalidRequest(*(_parameter_problem(e) for e in error.errors())))

    async def no_route(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 405:
            return answered(request, InvalidRequest.of("method_not_allowed"), {"Allow": _allowed(request)})
        return answered(request, not_found(RESOURCE, request.url.path))

    async def failed(request: Request, error: Exception) -> Response:
        log.error("request failed", route=getattr(request.scope.get("route"), "path", ""), exc_info=error)
        return answered(request, ChitieuError.of("internal"))

    app.add_exception_handler(ChitieuError, said_no)
    app.add_exception_handler(RequestValidationError, unreadable)
    app.add_exception_handler(HTTPException, no_route)
    app.add_exception_handler(Exception, failed)


def _asks_for_a_page(request: Request) -> bool:
    """A browser showing a page, or a page's script fetching a part of one. Programs' addresses answer programs."""
    if request.url.path.startswith(("/v1/", "/api/")):
        return False
    return "text/html" in request.headers.get("accept", "") or "hx-request" in request.headers


def _allowed(request: Request) -> str:
    """Every method that is answered here: services that share a process may have one route each for a path."""

    def answered(method: str) -> bool:
        asked = {**request.scope, "method": "GET" if method == "HEAD" else method}
        return any(route.matches(asked)[0] is Match.FULL for route in request.app.routes)

    return ", ".join(method for method in ("DELETE", "GET", "HEAD", "POST", "PUT") if answered(method))


def _parameter_problem(error: Mapping[str, Any]) -> Problem:
    # Where it was found ("query"), the parameter's name, and in one that repeats, which of them.
    name = str(error["loc"][1])
    if error["type"] == "missing":
        return Problem("missing_parameter", "", {"parameter": name})
    known = _IN_VIETNAMESE.get(error["type"])
    vi = error["msg"] if known is None else known.format_map(error.get("ctx", {}))
    return Problem("invalid_parameter", "", {"parameter": name, "detail": Label(vi, error["msg"])})
