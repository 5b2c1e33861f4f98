"""What every route needs: the release in force, the figures, the clock, and the one way to answer."""

from asyncio import to_thread
from collections.abc import AsyncIterator, Callable, Hashable, Iterable, Mapping
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Protocol, TypeVar

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from chitieu.adapters.clock import Clock, today
from chitieu.adapters.http import authenticate
from chitieu.adapters.log import logger
from chitieu.adapters.table_files import Row, TableFile
from chitieu.domain.access import AccessKey, KeyRing
from chitieu.domain.catalogue import Label
from chitieu.domain.disclosure import Caller, disclose
from chitieu.domain.errors import registry_unread, tasks_unread
from chitieu.domain.hierarchy import Hierarchy
from chitieu.domain.inquiry import CellKey, Inquiry
from chitieu.domain.period import civil_date
from chitieu.domain.registry import Release
from chitieu.domain.task import TaskLog
from chitieu.domain.withholding import Withholding
from services.api.answers import Text
from services.api.corrections import Corrections
from services.api.follower import Changes, Unfollowed
from services.api.held import HeldCells
from services.api.history import Histories
from services.api.judgements import Judgements
from services.api.kept import KeptAnswers, Place
from services.api.limits import SHIPPED, Limits
from services.api.moments import Moments
from services.api.queries import Reads
from services.api.recent import Recent
from services.api.settings import INGEST_URL
from services.api.subscriptions import Subscriptions
from services.api.surroundings import Surroundings
from services.api.view import Standpoint, View, not_come_yet, undefined_then

log = logger(__name__)

A = TypeVar("A")
S = TypeVar("S")

_MEDIA_TYPE = "application/json"
# An answer belongs to who asked: no shared cache keeps it, and one's own asks again (If-None-Match).
_HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Accept, Accept-Language, Authorization, X-API-Key, Cookie"}

# Each remembers who is asked by one tree: some ten megabytes for a national one.
_MOST_INQUIRIES = 8
# Of the largest page, one is about a megabyte.
_MOST_SHOWN = 64
# Targets in areas, each of some five kilobytes with all that it was judged by.
_MOST_JUDGED = 4_000


class Json(Protocol):
    """What can be written as JSON: a model, or what is put together of parts that were written before."""

    def model_dump_json(self) -> str | bytes: ...


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
    @property
    def defined_since(self) -> datetime | None: ...
    async def release_at(self, instant: datetime) -> Release | None: ...


class Tasks(Protocol):
    """What was said of tasks; `chitieu.adapters.tasks.TasksReader` is one."""

    @property
    def ready(self) -> bool: ...
    @property
    def position(self) -> int: ...
    @property
    def log(self) -> TaskLog: ...


class Untold:
    """Nobody follows what is said of tasks."""

    ready = True
    position = 0
    log = TaskLog()


class Context:
    """One for the process, shared by all routes. `ingest_url`: who takes what is sent on the page."""

    def __init__(
        self,
        reads: Reads,
        registry: Registry,
        clock: Clock,
        changes: Changes | None = None,
        tasks: Tasks | None = None,
        limits: Limits = SHIPPED,
        ingest_url: str = INGEST_URL,
    ) -> None:
        self.reads = reads
        self.max_cells = limits.cells
        histories = Histories(reads, limits.history_bytes)
        self.corrections = Corrections(histories)
        self.moments = Moments(reads, histories)
        self.clock = clock
        self.ingest_url = ingest_url
        self.changes: Changes = changes or Unfollowed()
        self._registry = registry
        self._tasks: Tasks = tasks or Untold()
        self._inquiries = Recent[Inquiry](_MOST_INQUIRIES)
        self._shown = Recent[Any](_MOST_SHOWN)
        self._judgements = Judgements(_MOST_JUDGED)
        self._surroundings: Surroundings | None = None
        self.subscriptions = Subscriptions(self.surroundings, limits.streams)
        self.kept = KeptAnswers(lambda: self.changes.live, self._epoch, limits.kept_bytes)
        self._held = HeldCells(reads, lambda: self.changes.abreast, limits.held_cells)
        for listener in (self.kept, self._held, self.corrections, self.moments, self.subscriptions):
            self.changes.listen(listener)

    @property
    def ready(self) -> bool:
        """Are the definitions and access keys in force known?"""
        return self._registry.ready

    @property
    def release(self) -> Release:
        """The release in force. Raises Unavailable until there is one."""
        return self._registry.release

    @property
    def tasks(self) -> Tasks:
        """What was said of tasks. Raises Unavailable until it is read."""
        if not self._tasks.ready:
            raise tasks_unread()
        return self._tasks

    @property
    def inquiry(self) -> Inquiry:
        """Questions to the release in force, by each period's own tree."""
        return self._inquiry_of(self.release, None)

    def surroundings(self) -> Surroundings:
        """What lies above every unit by the release in force."""
        inquiry, found = self.inquiry, self._surroundings
        if found is None or found.inquiry is not inquiry:
            found = self._surroundings = Surroundings(inquiry)
        return found

    async def standpoint(self, request: Request, view: View, key: AccessKey) -> Standpoint:
        """What a view is judged by, and what of it a caller is not shown.

        Cells that are held answer, too, unless the caller asks for it anew or has heard of more.

        Raises InvalidRequest for a moment to come, or before anything was defined.
        """
        now = self.clock.now()
        instant = view.known_at or now
        if instant > now:
            raise not_come_yet()
        release = self.release if view.known_at is None else await self._registry.release_at(instant)
        if release is None:
            raise undefined_then(self._registry.defined_since)
        day = civil_date(instant)
        inquiry = self._inquiry_of(release, view.day(day))
        withholding = Withholding(inquiry, self.caller(key))
        cells = self.reads if self._anew(request) else self._held
        return Standpoint(
            view, inquiry, withholding, day, self.reads, cells, self.moments, self._judgements, self.max_cells
        )

    def _inquiry_of(self, release: Release, day: date | None) -> Inquiry:
        """What was worked out about a release and a tree is kept: the trees of all days between two changes are one."""
        key = id(release), None if day is None else release.tree.epoch(day)
        found = self._inquiries.find(key)
        if found is None or found.release is not release:
            return self._inquiries.keep(key, Inquiry(release, None if day is None else Hierarchy(release.tree, day)))
        return found

    async def read_ahead(self) -> None:
        """Read what has changed before who asked for it asks again; never ends by itself."""
        while True:
            try:
                await self.corrections.read_ahead(await self._held.read_ahead())
            except Exception:
                log.warning("what has changed is read when it is asked for", exc_info=True)

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
        return authenticate(request, self.keys, *scopes)

    @property
    def keys(self) -> KeyRing:
        """The access keys in force. Raises Unavailable before they are known."""
        if not self._registry.ready:
            raise registry_unread()
        return self._registry.keys

    def caller(self, key: AccessKey) -> Caller:
        """The caller's subtree: what the key names, and what went into it by reforms."""
        return Caller(frozenset({key.unit, *self.release.tree.predecessors(key.unit)}))

    def answer(
        self,
        key: AccessKey,
        answer: A,
        show: Callable[[A], Json],
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """The way out for programs: what the caller may see, as JSON."""
        return self.file(self.shown(key, answer, show).model_dump_json(), _MEDIA_TYPE, headers)

    def disclosed(self, key: AccessKey, answer: A) -> A:
        """The answer as the caller may see it: the last step before it is written, in whatever format."""
        return disclose(answer, self.caller(key))

    def file(self, body: str | bytes, media_type: str, headers: Mapping[str, str] | None = None) -> Response:
        """What was disclosed and written."""
        return Response(body, media_type=media_type, headers={**_HEADERS, **(headers or {})})

    def question(self, request: Request, key: AccessKey) -> Hashable:
        """All that an answer depends on besides the figures and the definitions."""
        headers = tuple(request.headers.get(name, "") for name in ("accept", "accept-language"))
        return request.url.path, request.url.query, headers, key.unit, self.today

    def place(self, question: Hashable, view: View, cells: Iterable[CellKey]) -> Place:
        """Where the answer is kept, to be asked for before the cells are read; nowhere for another moment or tree.

        Those are made of reports, and changes name cells of each period's own tree.
        """
        return self.kept.begin(question, cells) if view == View() else Place(question, frozenset())

    def tagged(self, request: Request, place: Place, etag: str, answer: Callable[[], Response]) -> Response:
        """304 if the caller has this already, else the answer; what it was is kept."""
        same = unchanged(request, etag)
        response = same or answer()
        self.kept.keep(place, etag, None if same else response)
        return response

    def known(self, request: Request, question: Hashable) -> Response | None:
        """The answer to a question that was answered before, if nothing has changed."""
        place = None if self._anew(request) else self.kept.find(question)
        if place is None or place.etag is None:
            return None
        if (same := unchanged(request, place.etag)) is not None or place.body is None:
            return same
        return Response(place.body, headers=dict(place.headers))

    def _anew(self, request: Request) -> bool:
        """Must all be read? The caller says so, or heard, perhaps from another process, of what was not heard here."""
        heard = request.headers.get("last-event-id", "")
        behind = heard.isascii() and heard.isdecimal() and int(heard) >= (self.changes.position or 0)
        return behind or "no-cache" in request.headers.get("cache-control", "")

    def _epoch(self) -> Hashable:
        """What all answers rest on: definitions, the day, the notice, which figures are read, what is said of tasks."""
        registry = self._registry
        return registry.release.number, self.today, registry.notice, self.reads.database, self._tasks.position

    def shown_once(self, question: str, etag: str, show: Callable[[], S]) -> S:
        """What a page was made of after disclosure, if nothing has changed since it was looked at; else what is made.

        The ETag tells of all that figures depend on, who may see them included; of when they were read it does not.
        """
        found: S | None = self._shown.find((question, etag))
        return self._shown.keep((question, etag), show()) if found is None else found

    def shown(self, key: AccessKey, answer: A, show: Callable[[A], S]) -> S:
        """The only way out: disclosure last, and after it nothing but how things are written."""
        return show(self.disclosed(key, answer))

    async def table(
        self,
        key: AccessKey,
        blocks: AsyncIterator[A],
        rows: Callable[[A], Iterable[Row]],
        file: TableFile,
        headers: Mapping[str, str],
    ) -> Response:
        """An answer too long to be held, as a file: every block of it passes disclosure before it is written.

        What fails before the first block is written is a problem; after that the connection breaks off, so that nobody
        takes a part for the whole.
        """
        caller = self.caller(key)

        def written(block: A) -> bytes:
            return b"".join(file.write(rows(disclose(block, caller))))

        async def chunks() -> AsyncIterator[bytes]:
            try:
                # In threads: a block takes longer than others should wait.
                async for block in blocks:
                    yield await to_thread(written, block)
                rest = file.close()
                while chunk := await to_thread(next, rest, b""):
                    yield chunk
            finally:
                file.discard()

        body = chunks()
        first = await anext(body, b"")
        return StreamingResponse(_joined(first, body), headers={**_HEADERS, **headers})

    def etag(self, key: AccessKey, at: Standpoint, versions: str) -> str:
        """Of figures: what was read, from which view, by which definitions, on which day, and who may see what of it.

        What was known at a moment of the past stays so for ever: of today's only what the caller may see is in it.
        """
        scope = sorted(self.caller(key).holds)
        told = repr((versions, at.view, at.inquiry.release.number, at.today.isoformat(), scope))
        return f'"{sha256(told.encode()).hexdigest()[:32]}"'


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


def unchanged(request: Request, etag: str) -> Response | None:
    """304 if the caller has this already."""
    known = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if etag in known or known == ["*"]:
        return Response(status_code=304, headers={**_HEADERS, "ETag": etag})
    return None
