"""A problem as people see it: what is wrong, and what to do about it."""

from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from chitieu.adapters.http import ProblemPage, retry_headers
from chitieu.contracts.problems import ProblemDetails
from chitieu.domain.errors import ChitieuError
from services.api.context import Context
from services.api.web.pages import HEADERS, opened

_KINDS = {403: "refused", 404: "missing", 409: "content", 412: "content", 413: "content", 415: "content"}
_KINDS |= {422: "content", 429: "later", 503: "later", 500: "ours"}


def problem_page(context: Context) -> ProblemPage:
    """How problems look on this service's pages; to whoever is not signed in, as the way to do so."""

    def page(request: Request, error: ChitieuError, headers: Mapping[str, str]) -> Response:
        details = ProblemDetails.of(error)
        if details.status == 401:
            return to_sign_in(request)
        shown = opened(context, request)
        return shown.render(
            "problem.html",
            details.status,
            {**headers, **retry_headers(details.status)},
            kind=_KINDS.get(details.status, "address"),
            details=details,
            when=shown.writing.moment(context.clock.now(), context.today),
        )

    return page


def to_sign_in(request: Request) -> Response:
    """Sign in, and then come back: to a page only, never to what was sent by a form."""
    if "hx-request" in request.headers:
        return Response(status_code=204, headers={**HEADERS, "HX-Redirect": "/sign-in"})
    url = request.url
    there = url.path + (f"?{url.query}" if url.query else "")
    again = f"?{urlencode({'next': there})}" if request.method == "GET" and there != "/" else ""
    return RedirectResponse(f"/sign-in{again}", 303, HEADERS)
