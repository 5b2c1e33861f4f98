"""DHIS2's `POST /api/completeDataSetRegistrations`: taken, checked, and not stored.

Who has reported follows here from the reports that came in, which a button could only contradict.
"""

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from chitieu.contracts.dhis2 import ImportConflict, ImportCount, ImportSummary
from chitieu.domain.address import Reference
from chitieu.domain.errors import ChitieuError, InvalidRequest
from services.ingest import openapi
from services.ingest.data_value_sets import VALUES_AT_ONCE, imported, read_dhis2_body
from services.ingest.data_values import Options, text
from services.ingest.intake import Intake, Sender
from services.ingest.service import Ingest

_MEMBER = "completeDataSetRegistrations"
_DERIVED = "Completeness follows from the reports that came in: nothing was stored"


def add_routes(router: APIRouter, ingest: Ingest) -> None:
    @router.post(
        f"/api/{_MEMBER}", openapi_extra=openapi.REGISTRATIONS, responses=openapi.DHIS2_ANSWERS, tags=["dhis2"]
    )
    async def register_complete(request: Request) -> Response:
        """Accepted so that scripts go on: completeness is derived. 409 if a data set, period or unit is unknown."""
        sender = Sender(ingest.caller(request))
        body = await read_dhis2_body(ingest, request)
        if not isinstance(body, dict):
            raise InvalidRequest.of("not_an_object")
        given = body.get(_MEMBER)
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            raise InvalidRequest.of("not_an_array", f"/{_MEMBER}")
        if len(given) > ingest.settings.max_bulk_lines:
            raise InvalidRequest.of("too_many_values", f"/{_MEMBER}", limit=ingest.settings.max_bulk_lines)
        Options(request.query_params, body).check()
        return imported(await _summary(ingest.intake.held(), sender, given))


async def _summary(intake: Intake, sender: Sender, given: list[Mapping[str, object]]) -> ImportSummary:
    conflicts: list[ImportConflict] = []
    for index, one in enumerate(given):
        if index % VALUES_AT_ONCE == VALUES_AT_ONCE - 1:
            await asyncio.sleep(0)
        conflicts.extend(_conflicts(intake, sender, index, one))
    return ImportSummary(
        status="WARNING" if conflicts else "SUCCESS",
        description=_DERIVED,
        importCount=ImportCount(ignored=len(given)),
        conflicts=conflicts,
        rejectedIndexes=sorted({index for conflict in conflicts for index in conflict.indexes}),
    )


def _conflicts(intake: Intake, sender: Sender, index: int, one: Mapping[str, object]) -> list[ImportConflict]:
    data_set, period, unit = text(one.get("dataSet")), text(one.get("period")), text(one.get("organisationUnit"))
    try:
        intake.address(Reference(data_set, period, unit), sender)
    except ChitieuError as error:
        objects = {"dataSet": data_set, "period": period, "orgUnit": unit}
        return [ImportConflict.of(problem, objects, [index]) for problem in error.problems]
    return []
