"""`/v1/documents`: the six-month or annual report of an area, to print, sign and send."""

import asyncio
import re
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from chitieu.adapters.documents import DISPOSITIONS, MEDIA_TYPES, POLICIES, Format, written
from chitieu.domain.obligation import duties_for
from services.api.answers import PROBLEMS
from services.api.context import Context, unchanged
from services.api.document_figures import ask, line
from services.api.document_tables import Told
from services.api.document_text import document
from services.api.lookups import find_area, find_period, find_plan, not_judged
from services.api.obligations import check_duties, every_duty, receipt_versions
from services.api.size import Narrow
from services.api.view import AskedView, Standpoint

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9.-]+")
_FILE = {"content": {media_type: {} for media_type in MEDIA_TYPES.values()}, "description": "the document"}


def routes(context: Context) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["documents"], responses=PROBLEMS)

    @router.get("/documents/{plan}/{area}/{period}.{format}", response_class=Response, responses={200: _FILE})
    async def report(
        request: Request,
        plan: Annotated[str, Path(description="id of a plan, as in `/v1/plans`")],
        area: Annotated[str, Path(description="the plan's area or a unit below: code, or code@date")],
        period: Annotated[str, Path(description="as in `/v1/attainment`")],
        format: Annotated[Format, Path(description="for Word, for Excel, or to print from a browser")],
        view: AskedView,
    ) -> Response:
        """The report of an area in the layout of Decree 30/2020/NĐ-CP: figures, who reported late, tasks."""
        key = context.key(request, "attainment:read")
        at = await context.standpoint(request, view, key)
        told, versions = await _told(context, at, plan, area, period)
        etag = context.etag(key, at, versions)
        if (same := unchanged(request, etag)) is not None:
            return same
        paper = document(context.disclosed(key, told), at.inquiry.release.catalogue)
        # Writing takes a while, and asks nobody anything.
        body = await asyncio.to_thread(written, paper, format)
        named = {"Content-Disposition": f'{DISPOSITIONS[format]}; filename="{_file_name(told, format)}"'}
        return context.file(body, MEDIA_TYPES[format], {"ETag": etag, **named, **POLICIES[format]})

    return router


async def _told(context: Context, at: Standpoint, plan: str, area: str, period: str) -> tuple[Told, str]:
    """All that the report tells, not disclosed yet, and the versions of what was read for it.

    Raises NotFound for a plan, area or period that does not exist or does not go with the others.
    """
    inquiry = at.inquiry
    found = find_plan(inquiry.release, plan)
    when = find_period(inquiry, found, period)
    unit = find_area(inquiry, found, area, when)
    asked = ask(inquiry, found, unit, when)
    if not asked:
        raise not_judged(inquiry, found, period)
    duties = duties_for(found, inquiry.release.forms, when)
    at.check((question for one in asked for question in one.questions()), Narrow.AREA)
    check_duties(inquiry.expectations, duties, when, unit.id, context.max_cells)
    wanted = at.wanted(question for one in asked for question in one.questions())
    snapshot = await at.snapshot(wanted.cells)
    withheld = wanted.withheld(snapshot)
    receipts, received = await at.receipts({form.id for _, form in duties}, when)
    every = every_duty(inquiry.expectations, duties, when, unit.id, receipts, at.today)
    judged = {one.now.target.id for one in asked}
    own, hierarchy = inquiry.area_of(found), at.hierarchy(inquiry.plan_forms(found), when, unit)
    told = Told(
        plan=found,
        area=unit,
        own=own is not None and own.id == unit.id,
        period=when,
        lines=tuple(line(inquiry, one, snapshot.cells, at.today, withheld) for one in asked),
        obligations=tuple(every),
        not_judged=tuple(target.label.vi for id_, target in found.targets.items() if id_ not in judged),
        figures_at=snapshot.progress.known_at,
        receipts_at=received.known_at,
        today=at.today,
        tree_day=hierarchy.as_of if hierarchy is not None else None,
        undivided=tuple(one.unit.name for one in hierarchy.undivided) if hierarchy is not None else (),
        notice=context.notice.vi if context.notice is not None else None,
    )
    return told, snapshot.versions + receipt_versions(every)


def _file_name(told: Told, written_as: Format) -> str:
    """Units' codes and plans' ids, and nothing that a header or a file system reads otherwise."""
    name = f"bao-cao-{told.plan.id}-{told.area.code}-{told.period}"
    return f"{_NOT_IN_NAMES.sub('-', name)}.{written_as}"
