"""One report at a time: PUT sends or corrects it, DELETE takes it back."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import APIRouter, Request, Response

from chitieu.adapters.unread import has_body
from chitieu.contracts.events import Event, encode
from chitieu.domain.address import Reference
from chitieu.domain.errors import InvalidReport, Refused
from services.ingest import openapi
from services.ingest.body import JSON, media_type, read_body
from services.ingest.intake import Sender
from services.ingest.outcome import outcome, told
from services.ingest.receipt import Receipt, location, receipt_members
from services.ingest.said import read_reason
from services.ingest.service import Ingest
from services.ingest.strict_json import read_json
from services.ingest.wishes import Wishes, read_wishes

PATH = "/v1/reports/{form}/{period}/{unit}"


def add_routes(router: APIRouter, ingest: Ingest) -> None:
    @router.put(PATH, status_code=202, response_model=Receipt, openapi_extra=openapi.PUT, responses=openapi.ANSWERS)
    async def send_report(request: Request, form: str, period: str, unit: str) -> Response:
        """Send a unit's report for a period, or a new revision of it. Safe to repeat."""
        caller, wishes = ingest.caller(request), read_wishes(request)
        media_type(request, JSON)
        body = await read_body(request, ingest.settings.max_body_bytes)
        reference, sender = Reference(form, period, unit), Sender(caller, wishes.key, wishes.wait is not None)
        with _counting_refusals(ingest):
            event = ingest.intake.body(body, reference, wishes.replaces, sender, ingest.settings.max_depth)
        return await _publish(ingest, event, wishes)

    @router.delete(
        PATH, status_code=202, response_model=Receipt, openapi_extra=openapi.DELETE, responses=openapi.ANSWERS
    )
    async def retract_report(request: Request, form: str, period: str, unit: str) -> Response:
        """Take a unit's report back, with the reason; the retraction is a revision too."""
        caller, wishes = ingest.caller(request), read_wishes(request)
        body = None
        if has_body(request):
            media_type(request, JSON)
            body = await _json(ingest, request)
        reason = read_reason(body, request.query_params.get("reason"))
        sender = Sender(caller, wishes.key, wishes.wait is not None)
        with _counting_refusals(ingest):
            event = ingest.intake.retraction(Reference(form, period, unit), reason, wishes.replaces, sender)
        return await _publish(ingest, event, wishes)


@contextmanager
def _counting_refusals(ingest: Ingest) -> Iterator[None]:
    try:
        yield
    except (InvalidReport, Refused) as refused:
        ingest.count_refused(refused)
        raise


async def _json(ingest: Ingest, request: Request) -> object:
    return read_json(await read_body(request, ingest.settings.max_body_bytes), ingest.settings.max_depth)


async def _publish(ingest: Ingest, event: Event, wishes: Wishes) -> Response:
    """202 once the broker has acknowledged; with a wait, the outcome if it is known in time."""
    at = await (await ingest.publish(event))
    decided = await outcome(ingest.outcomes, at, wishes)
    receipt = encode(receipt_members(event, at, decided))
    return told(receipt, location(event.submission.hex(), at), event.replaces, decided, wishes)
