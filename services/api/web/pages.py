"""Every page: who asks, in which language, by which definitions, and the one way to answer with HTML."""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Annotated, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from chitieu.adapters.http import admitted, session_key
from chitieu.domain.access import AccessKey
from chitieu.domain.disclosure import Caller
from chitieu.domain.errors import Refused
from chitieu.domain.unit import Unit
from services.api.context import Context
from services.api.web import language, session
from services.api.web.assets import assets
from services.api.web.language import Language
from services.api.web.session import Session
from services.api.web.writing import Writing

A = TypeVar("A")
S = TypeVar("S")

# Nothing from elsewhere, nothing written into the page; htmx is told in base.html to do without both.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("script", "style", "font", "img", "connect")),
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
# `same-origin`: with `no-referrer` browsers would not say where our own forms come from.
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    # After signing out, nothing of it is found in a shared computer's cache.
    "Cache-Control": "no-store",
    "Vary": "Cookie, Accept-Language, Accept-Encoding",
}

# Less fits into one packet anyway. A low level packs an area's page to a tenth, in half a millisecond.
_WORTH_PACKING, _LEVEL = 1_400, 1

_LANGUAGE_KEPT = timedelta(days=365)


@cache
def templates() -> Environment:
    return Environment(
        loader=PackageLoader("services.api.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@dataclass(frozen=True)
class Page:
    """One request for a page. `session` is None for whoever is not signed in."""

    context: Context
    request: Request
    writing: Writing
    session: Session | None

    @property
    def language(self) -> Language:
        return self.writing.language

    @property
    def signed_in(self) -> Session:
        """Raises Refused if nobody is."""
        if self.session is None:
            raise Refused.of("unauthenticated")
        return self.session

    @property
    def key(self) -> AccessKey:
        return self.signed_in.key

    @property
    def caller(self) -> Caller:
        return self.context.caller(self.key)

    @property
    def unit(self) -> Unit | None:
        """The top of the key's subtree."""
        return None if self.session is None else self.context.release.tree.units.get(self.session.key.unit)

    @property
    def release(self) -> int | None:
        return self.context.release.number if self.context.ready else None

    def shown(self, answer: A, show: Callable[[A], S]) -> S:
        """What the caller may see of an answer, made as for JSON: the only way for figures into a template."""
        return self.context.shown(self.key, answer, show)

    def with_language(self, language_: Language) -> str:
        """This page's address in another language; of what was sent by a form, the first page's."""
        url = self.request.url
        kept = [one for one in self.request.query_params.multi_items() if one[0] != language.PARAMETER]
        path = url.path if self.request.method == "GET" else "/"
        return f"{path}?{urlencode([*kept, (language.PARAMETER, language_)])}"

    def render(
        self, template: str, status: int = 200, headers: Mapping[str, str] | None = None, **values: object
    ) -> Response:
        """A template in the page's language. Templates also know `page`, `asset`, `notice` and `Writing.helpers`."""
        html = (
            templates()
            .get_template(template)
            .render(
                page=self,
                asset=assets().address,
                notice=self.context.notice if self.context.ready else None,
                **self.writing.helpers(),
                **values,
            )
        )
        response = self._response(html.encode(), status, {"Content-Language": self.language, **(headers or {})})
        if (chosen := language.chosen(self.request)) is not None:
            kept = int(_LANGUAGE_KEPT.total_seconds())
            response.set_cookie(language.COOKIE, chosen, max_age=kept, samesite="lax", httponly=True)
        return response

    def _response(self, html: bytes, status: int, headers: Mapping[str, str]) -> Response:
        """Compressed for whoever reads that: a tenth of the weight."""
        if len(html) < _WORTH_PACKING or "gzip" not in self.request.headers.get("accept-encoding", ""):
            return HTMLResponse(html, status, {**HEADERS, **headers})
        packed = gzip.compress(html, _LEVEL, mtime=0)
        return HTMLResponse(packed, status, {**HEADERS, **headers, "Content-Encoding": "gzip"})


def page_router() -> APIRouter:
    """A router of pages: in no description of the interface, and told what any page's address may have."""
    return APIRouter(include_in_schema=False, dependencies=[Depends(_on_every_address)])


async def _on_every_address(
    lang: Annotated[str | None, Query()] = None,
    fbclid: Annotated[str | None, Query()] = None,
    zarsrc: Annotated[str | None, Query()] = None,
    gidzl: Annotated[str | None, Query()] = None,
    utm_source: Annotated[str | None, Query()] = None,
    utm_medium: Annotated[str | None, Query()] = None,
    utm_campaign: Annotated[str | None, Query()] = None,
) -> None:
    """The language, and what Facebook and Zalo add to addresses that are sent with them. All else is the route's."""


def opened(context: Context, request: Request) -> Page:
    """A page for whoever asks, signed in or not."""
    found = session.find(request, context.keys, context.clock.now()) if context.ready else None
    return Page(context, request, Writing(language.spoken(request)), found)


def signed_in(context: Context, request: Request, *scopes: str) -> Page:
    """A page for somebody whose key has one of the scopes.

    Raises Refused (a 401 leads to signing in), Unavailable before the keys are known.
    """
    admitted(session_key(request), context.keys, *scopes)
    return opened(context, request)


async def posted(context: Context, request: Request, *scopes: str) -> tuple[Page, Mapping[str, str]]:
    """A small form that somebody signed in has sent, with its fields. Raises Refused if it was not made here for them.

    A larger body is the route's own to read: with `check_origin`, and `check_token` of the header.
    """
    session.check_origin(request)
    page = signed_in(context, request, *scopes)
    sent = await session.fields(request)
    session.check_token(page.signed_in, request.headers.get(session.TOKEN_HEADER) or sent.get(session.TOKEN_FIELD, ""))
    return page, sent
