"""What every route needs: the release in force, the figures, the clock, and the one way to answer."""

from collections.abc import Callable, Mapping
from datetime import date
from hashlib import sha256
from typing import Protocol, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel

from chitieu.adapters.clock import Clock, today
from chitieu.adapters.http import authenticate
from chitieu.domain.access import AccessKey, KeyRing
from chitieu.domain.catalogue import Label
from chitieu.domain.disclosure import Caller, disclose
from chitieu.domain.errors import registry_unread
from chitieu.domain.inquiry import Inquiry
from chitieu.domain.registry import Release
from services.api.answers import Text
from services.api.queries import Reads

A = TypeVar("A")

# An answer belongs to who asked: no shared cache keeps it, and one's own asks again (If-None-Match).
_HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Authorization, X-API-Key"}


class Registry(Protocol):
    """Definitions and access keys in force; `chitieu.adapters.registry.RegistryReader` is one."""

    @property
    def ready(self) -> bool: ...
    @property
    def release(self) -> Release: ...
    @property
    def keys(self) -> KeyRing: ...
    @property
    def notice(self) -> Label | None: ...


class Context:
    """One for the process, shared by all routes."""

    def __init__(self, reads: Reads, registry: Registry, clock: Clock) -> None:
        self.reads = reads
        self.clock = clock
        self._registry = registry
        self._inquiry: Inquiry | None = None

    @property
    def release(self) -> Release:
        """The release in force. Raises Unavailable until there is one."""
        return self._registry.release

    @property
    def inquiry(self) -> Inquiry:
        """Questions to the release in force; what was worked out about a release is kept until the next."""
        release = self.release
        if self._inquiry is None or self._inquiry.release is not release:
            self._inquiry = Inquiry(release)
        return self._inquiry

    @property
    def notice(self) -> Text | None:
        """What must be said beside every figure, if anything: that figures are simulated."""
        notice = self._registry.notice
        return None if notice is None else Text.of(notice)

    @property
    def today(self) -> date:
        return today(self.clock)

    def key(self, request: Request, *scopes: str) -> AccessKey:
        """The caller's key, with at least one of the scopes. Raises Refused, Unavailable before keys are known."""
        if not self._registry.ready:
            raise registry_unread()
        return authenticate(request, self._registry.keys, *scopes)

    def caller(self, key: AccessKey) -> Caller:
        """The caller's subtree: what the key names, and what went into it by reforms."""
        return Caller(frozenset({key.unit, *self.release.tree.predecessors(key.unit)}))

    def answer(
        self,
        key: AccessKey,
        answer: A,
        show: Callable[[A], BaseModel],
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """The only way out: disclosure last, and after it nothing but how things are written."""
        shown = show(disclose(answer, self.caller(key)))
        return Response(shown.model_dump_json(), media_type="application/json", headers={**_HEADERS, **(headers or {})})

    def etag(self, key: AccessKey, release: Release, versions: str) -> str:
        """Of figures: what was read, by which definitions, on which day, and who may see what of it."""
        told = repr((versions, release.number, self.today.isoformat(), key.unit))
        return f'"{sha256(told.encode()).hexdigest()[:32]}"'


def unchanged(request: Request, etag: str) -> Response | None:
    """304 if the caller has this already."""
    known = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if etag in known or known == ["*"]:
        return Response(status_code=304, headers={**_HEADERS, "ETag": etag})
    return None
