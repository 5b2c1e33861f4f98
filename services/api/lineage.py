"""`/v1/lineage`: what a figure is made of, one level at a time, and what moved it between two moments."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from chitieu.domain.catalogue import Label
from chitieu.domain.errors import InvalidRequest
from services.api.answers import PROBLEMS, Cursor, Limit
from services.api.attainment import AreaCode, PeriodLabel, PlanId
from services.api.context import Context, unchanged
from services.api.lineage_answer import LineageAnswer, paged_by, written
from services.api.lineage_step import Asked, read_step
from services.api.lookups import find_area, find_period, find_plan, find_target, not_judged
from services.api.size import Narrow
from services.api.view import AskedView, Standpoint, View, instant, not_come_yet

_LATER = Label("phải trước knownAt", "must be before `knownAt`")


def routes(context: Context) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["lineage"], responses=PROBLEMS)

    @router.get("/lineage", response_model=LineageAnswer)
    async def lineage(
        request: Request,
        target: Annotated[str, Query(max_length=100, description="id of a target of the plan")],
        plan: PlanId,
        period: PeriodLabel,
        view: AskedView,
        area: AreaCode = None,
        since: Annotated[
            str | None, Query(description="an instant (RFC 3339): also what moved the figure since")
        ] = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> Response:
        """What a figure is made of in the areas directly below, by which reports, and what moved it."""
        key = context.key(request, "attainment:read")
        question = context.question(request, key)
        if (known := context.known(request, question)) is not None:
            return known
        at = await context.standpoint(request, view, key)
        asked = _understood(at, plan, target, period, area, _since(context, view, since))
        place = context.place(question, view, asked.wanted.cells)
        snapshot = await at.snapshot(asked.wanted.cells)
        etag = context.etag(key, at, snapshot.versions)
        if (same := unchanged(request, etag)) is not None:
            context.kept.keep(place, etag)
            return same
        step = await read_step(asked, snapshot)
        paged = partial(paged_by, cursor=cursor, limit=limit)
        show = partial(written, asked, snapshot.progress, context.notice, paged)
        return context.tagged(request, place, etag, lambda: context.answer(key, step, show, {"ETag": etag}))

    return router


def _since(context: Context, view: View, text: str | None) -> datetime | None:
    """Raises InvalidRequest for what is no instant, or is not before the moment that is told."""
    if text is None:
        return None
    found = instant(text, "since")
    if found > context.clock.now():
        raise not_come_yet("since")
    if view.known_at is not None and found > view.known_at:
        raise InvalidRequest.of("invalid_parameter", parameter="since", detail=_LATER)
    return found


def _understood(at: Standpoint, plan: str, target: str, period: str, area: str | None, since: datetime | None) -> Asked:
    """Raises NotFound for what does not exist, or is not judged there."""
    inquiry = at.inquiry
    found = find_plan(inquiry.release, plan)
    when = find_period(inquiry, found, period)
    unit = find_area(inquiry, found, area, when)
    judged = inquiry.questions(found, unit, when)
    if not judged:
        raise not_judged(inquiry, found, period)
    meant = find_target(found, (question.target for question in judged), target)
    below = (question for some in inquiry.children(found, unit, when, meant.id) for question in some)
    # Earlier periods are for judging, and nothing is judged here.
    own, *others = [replace(q, earlier=()) for q in (*judged, *below) if q.target.id == meant.id]
    at.check([own, *others], Narrow.AREA)
    return Asked(at, found, when, own, others, since)
