"""A filled template in one request: its sheets are judged as PUT would judge them, and published if all are right."""

import asyncio
import io
from collections.abc import Sequence

from fastapi import APIRouter, Request, Response
from msgspec.structs import asdict

from chitieu.adapters.workbook.reading import LIMITS, FilledReport, filled
from chitieu.contracts.events import Event, encode
from chitieu.contracts.media_types import XLSX
from chitieu.domain.access import AccessKey
from chitieu.domain.address import Reference
from chitieu.domain.catalogue import Label
from chitieu.domain.errors import InvalidReport, Problem, Refused, Unavailable
from services.ingest import openapi
from services.ingest.body import JSON, hold, media_type, read_body
from services.ingest.bulk import Result, accepted, valid
from services.ingest.intake import Sender
from services.ingest.receipt import AcceptedLine
from services.ingest.said import SaidReport
from services.ingest.service import Ingest
from services.ingest.wishes import read_bulk_key

# What unpacking and reading one takes beside its body, at most.
WORKING_BYTES = 16 * 2**20

_NAME = Label("sổ tính", "workbook")

Judged = list[tuple[FilledReport, Event]]


def add_routes(router: APIRouter, ingest: Ingest) -> None:
    @router.post("/v1/workbooks", openapi_extra=openapi.WORKBOOK, responses=openapi.WORKBOOK_ANSWERS)
    async def send_workbook(request: Request) -> Response:
        """Send a filled template: one result for each sheet. If anything is wrong, nothing of it is sent."""
        caller, key = ingest.caller(request), read_bulk_key(request)
        judged = _judged(ingest, await _filled(request), caller, key)
        answers = await ingest.publish_reports([event for _, event in judged])
        away = [one for one in answers if isinstance(one, Unavailable)]
        if len(away) == len(answers):
            raise away[0]
        lines = zip(judged, answers, strict=True)
        return _answer([accepted(line, event, answer) for line, ((_, event), answer) in enumerate(lines, 1)], judged)

    @router.post("/v1/workbooks:validate", openapi_extra=openapi.VALIDATE_WORKBOOK, responses=openapi.WORKBOOK_ANSWERS)
    async def validate_workbook(request: Request) -> Response:
        """Judge a filled template without sending it."""
        caller = ingest.caller(request)
        judged = _judged(ingest, await _filled(request), caller, None)
        return _answer([{"line": at, "status": 200, **valid(event)} for at, (_, event) in enumerate(judged, 1)], judged)


async def _filled(request: Request) -> list[FilledReport]:
    """What the sheets say. Read in a thread, in memory that counts as the request's."""
    media_type(request, XLSX)
    body = await read_body(request, LIMITS.file_bytes)
    hold(request, WORKING_BYTES)
    return await asyncio.to_thread(filled, io.BytesIO(body), _NAME)


def _judged(ingest: Ingest, reports: Sequence[FilledReport], caller: AccessKey, key: str | None) -> Judged:
    """Raises InvalidReport with every problem of every sheet."""
    judged: Judged = []
    problems: list[Problem] = []
    for line, one in enumerate(reports, 1):
        try:
            judged.append((one, _event(ingest, one, Sender(caller, None if key is None else f"{key}:{line}"))))
        except (InvalidReport, Refused) as refused:
            ingest.count_refused(refused)
            problems += map(one.placed, refused.problems)
    if problems:
        raise InvalidReport(*problems)
    return judged


def _event(ingest: Ingest, one: FilledReport, sender: Sender) -> Event:
    report = one.report
    reference = Reference(report.form, report.period, report.unit)
    said = SaidReport(reference, one.values, report.version, None, list(one.problems))
    return ingest.intake.report(said, sender)


def _answer(results: Sequence[Result], judged: Judged) -> Response:
    """As for a bulk request, each result with its sheet."""
    told = [asdict(one) if isinstance(one, AcceptedLine) else one for one in results]
    named = [{**one, "sheet": said.report.sheet} for one, (said, _) in zip(told, judged, strict=True)]
    return Response(encode(named), media_type=JSON)
