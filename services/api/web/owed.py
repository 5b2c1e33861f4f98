"""`/r`: what a unit has to report, and what became of it; and Excel files that were filled in."""

from collections.abc import Sequence
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from chitieu.adapters.workbook.reading import LIMITS
from chitieu.contracts.problems import ProblemItem
from chitieu.domain.errors import InvalidRequest, Refused
from chitieu.domain.unit import Unit
from chitieu.domain.words import OBLIGATIONS
from services.api.context import Context
from services.api.web import session, taking
from services.api.web.choice import any_unit
from services.api.web.owing import owed
from services.api.web.pages import Page, page_router, signed_in
from services.api.web.report_address import report_at
from services.api.web.taking import NotTaken
from services.api.web.told import in_words

AskedUnit = Annotated[str | None, Query(max_length=64, description="code, or code@valid_from; default: the key's")]


def routes(context: Context) -> APIRouter:
    router = page_router()

    @router.get("/r")
    async def what_is_owed(request: Request, unit: AskedUnit = None) -> Response:
        page = signed_in(context, request, "reports:write", "reports:read")
        found = _unit(page, (unit or "").strip() or page.key.unit)
        reference = found.code if unit is None or "@" not in unit else unit
        every = await owed(context.release, context.reads, reference, context.today)
        inside = [one for one in every if _covers(page, one.path)]
        shown = page.shown(inside, lambda some: some)
        return page.render(
            "owed.html",
            unit=found,
            owed=[(form, list(some)) for form, some in groupby(shown, lambda one: one.form)],
            below=_below(page, found),
            finds=page.unit is not None and bool(_below(page, page.unit)),
            report_at=report_at,
            words=OBLIGATIONS,
        )

    @router.post("/r/workbook")
    async def workbook(request: Request) -> Response:
        """A filled template, as a script of the page sends it: the file alone is the body."""
        session.check_origin(request)
        page = signed_in(context, request, "reports:write")
        session.check_token(page.signed_in, request.headers.get(session.TOKEN_HEADER, ""))
        try:
            results = await taking.sent_workbook(page, await _body(request))
        except NotTaken as refused:
            return _wrong(page, refused.problems)
        except InvalidRequest as too_large:
            return _wrong(page, taking.items(too_large.problems))
        return page.render("workbook.html", results=results, problems=(), report_at=report_at)

    return router


def _wrong(page: Page, problems: Sequence[ProblemItem]) -> Response:
    catalogue = page.context.release.catalogue
    told = [(one, in_words(one, catalogue, page.writing)) for one in problems]
    return page.render("workbook.html", results=(), problems=told)


async def _body(request: Request) -> bytes:
    """Raises InvalidRequest for what is larger than any template."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LIMITS.file_bytes:
            raise InvalidRequest.of("body_too_large", limit=LIMITS.file_bytes)
    return bytes(body)


def _unit(page: Page, reference: str) -> Unit:
    """The unit in force today, else the last one that had the code. Raises NotFound, Refused outside the subtree."""
    today = page.context.today
    found = any_unit(page.context.release.tree, reference, today)
    if not _covers(page, page.context.inquiry.path(found, today)):
        raise Refused.of("forbidden_unit", unit=found.id)
    return found


def _below(page: Page, unit: Unit) -> Sequence[Unit]:
    """The units directly below one today, or on its last day, by code."""
    day = min(page.context.today, unit.valid_to or page.context.today)
    return sorted(page.context.release.tree.children(unit.code, day), key=lambda one: one.code)


def _covers(page: Page, path: tuple[Unit, ...]) -> bool:
    return page.context.release.tree.covers(page.key.unit, [one.id for one in path])
