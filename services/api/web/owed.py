"""`/r`: what a unit has to report, and what became of it; and Excel files that were filled in."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from chitieu.adapters.workbook.reading import LIMITS
from chitieu.domain.errors import InvalidRequest, Refused
from chitieu.domain.unit import Unit
from chitieu.domain.words import OBLIGATIONS
from services.api.context import Context
from services.api.lookups import unknown_area
from services.api.web import session, taking
from services.api.web.owing import owed
from services.api.web.pages import Page, page_router, signed_in
from services.api.web.report_address import report_at
from services.api.web.taking import NotTaken

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
        below = sorted(context.release.tree.children(found.code, context.today), key=lambda one: one.code)
        return page.render("owed.html", unit=found, owed=shown, below=below, report_at=report_at, words=OBLIGATIONS)

    @router.post("/r/workbook")
    async def workbook(request: Request) -> Response:
        """A filled template, as a script of the page sends it: the file alone is the body."""
        session.check_origin(request)
        page = signed_in(context, request, "reports:write")
        session.check_token(page.signed_in, request.headers.get(session.TOKEN_HEADER, ""))
        try:
            results = await taking.sent_workbook(page, await _body(request))
        except NotTaken as refused:
            return page.render("workbook.html", results=(), problems=refused.problems)
        except InvalidRequest as too_large:
            return page.render("workbook.html", results=(), problems=taking.items(too_large.problems))
        return page.render("workbook.html", results=results, problems=(), report_at=report_at)

    return router


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
    tree, today = page.context.release.tree, page.context.today
    found = tree.find(reference, today) or next(reversed(tree.rows(reference)), None)
    if found is None:
        raise unknown_area(tree, reference, today)
    if not _covers(page, page.context.inquiry.path(found, today)):
        raise Refused.of("forbidden_unit", unit=found.id)
    return found


def _covers(page: Page, path: tuple[Unit, ...]) -> bool:
    return page.context.release.tree.covers(page.key.unit, [one.id for one in path])
