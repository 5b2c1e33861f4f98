"""DHIS2's `POST /api/dataValueSets`: its clients' data values become reports, and hear of them in its shape."""

import asyncio
from collections.abc import Iterator, Sequence

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from chitieu.adapters.publisher import Position
from chitieu.contracts.dhis2 import ImportSummary, WebMessage
from chitieu.contracts.events import Event
from chitieu.domain.access import AccessKey
from chitieu.domain.address import known, shown
from chitieu.domain.errors import ChitieuError, Problem, Unavailable
from chitieu.domain.named import unknown_form
from chitieu.domain.rollup import Decided, MessageKind
from services.ingest import openapi
from services.ingest.body import JSON, media_type, read_body
from services.ingest.data_values import DEFAULT, DataValue, DataValueSet, read_data_values
from services.ingest.gathered_reports import Draft, Gathered, Homes, draft
from services.ingest.import_summary import ABORTED, Tally
from services.ingest.intake import Sender
from services.ingest.service import Ingest
from services.ingest.strict_json import read_json

# DHIS2 answers when everything is stored; its clients give it a minute or so.
PATIENCE_SECONDS = 10.0
# Judged without a pause for other requests: some milliseconds of work.
VALUES_AT_ONCE = 500
_REPORTS_AT_ONCE = 20


def add_routes(router: APIRouter, ingest: Ingest) -> None:
    @router.post(
        "/api/dataValueSets", openapi_extra=openapi.DATA_VALUES, responses=openapi.DHIS2_ANSWERS, tags=["dhis2"]
    )
    async def import_data_values(request: Request) -> Response:
        """Reports as DHIS2's clients send them. 200: all of it counts; 409: see `conflicts`."""
        caller = ingest.caller(request)
        asked = read_data_values(
            await read_dhis2_body(ingest, request), request.query_params, ingest.settings.max_bulk_lines
        )
        return imported(await _Import(ingest, caller, asked).run())


async def read_dhis2_body(ingest: Ingest, request: Request) -> object:
    """Raises InvalidRequest."""
    media_type(request, JSON)
    body = await read_body(request, ingest.settings.max_bulk_bytes)
    # Up to a second of work at the largest size.
    return await asyncio.to_thread(read_json, body, ingest.settings.max_depth)


def imported(summary: ImportSummary) -> Response:
    message = WebMessage.of_import(summary)
    return JSONResponse(message.model_dump(mode="json", exclude_none=True), message.httpStatusCode)


class _Import:
    """One request on its way."""

    def __init__(self, ingest: Ingest, caller: AccessKey, asked: DataValueSet) -> None:
        self._ingest = ingest
        self._intake = ingest.intake.held()
        self._caller = caller
        self._asked = asked
        self._tally = Tally()

    async def run(self) -> ImportSummary:
        """Raises Unavailable if something may not have been written: the same again is safe."""
        asked = self._asked
        for problem in self._of_whole():
            self._tally.abort(problem, asked.values)
        if self._tally.conflicting:
            return self._tally.summary(ABORTED)
        drafts = await self._drafts(await self._gathered())
        if asked.atomic:
            self._refuse_uncertain(drafts)
            if self._tally.conflicting:
                self._tally.reject(asked.values)
                return self._tally.summary(ABORTED)
        if asked.dry_run:
            for one in drafts:
                self._tally.would_count(one)
        else:
            await self._publish(drafts)
        return self._tally.summary()

    def _of_whole(self) -> Iterator[Problem]:
        """What is wrong with what stands at the whole: none of it can be meant."""
        asked, release = self._asked, self._intake.release
        if asked.data_set and asked.data_set not in release.forms:
            yield unknown_form(release, asked.data_set)
        if asked.unit and not known(release, asked.unit):
            yield Problem("unknown_unit", "", {"unit": shown(asked.unit), "date": self._intake.today.isoformat()})
        if asked.attribute not in ("", DEFAULT):
            yield Problem("unknown_attribute", "", {"attribute": shown(asked.attribute)})

    async def _gathered(self) -> Sequence[Gathered]:
        homes = Homes(self._intake, Sender(self._caller), self._asked.data_set)
        found: dict[tuple[str, str, str], Gathered] = {}
        for value in self._asked.values:
            if value.index % VALUES_AT_ONCE == VALUES_AT_ONCE - 1:
                await asyncio.sleep(0)
            address = homes.find(value)
            if isinstance(address, ChitieuError):
                self._homeless(value, address)
                continue
            place = address.form.id, str(address.period), address.unit.id
            found.setdefault(place, Gathered(address)).values.append(value)
        return list(found.values())

    def _homeless(self, value: DataValue, error: ChitieuError) -> None:
        for problem in error.problems:
            self._tally.conflict(problem, [value])

    async def _drafts(self, gathered: Sequence[Gathered]) -> list[Draft]:
        drafts = []
        for at, one in enumerate(gathered):
            if at % _REPORTS_AT_ONCE == _REPORTS_AT_ONCE - 1:
                await asyncio.sleep(0)
            drafted = self._draft(one)
            if drafted is not None:
                drafts.append(drafted)
        return drafts

    def _draft(self, gathered: Gathered) -> Draft | None:
        problems = list(gathered.problems())
        for problem, values in problems:
            self._tally.conflict(problem, values)
        if problems:
            self._tally.reject(gathered.values)
            self._ingest.count_refused(ChitieuError(*(problem for problem, _ in problems)))
            return None
        try:
            return draft(self._intake, self._caller, self._asked.strategy, gathered)
        except ChitieuError as error:
            self._ingest.count_refused(error)
            self._tally.refuse(gathered, error)
            return None

    def _refuse_uncertain(self, drafts: Sequence[Draft]) -> None:
        """Beside others, what may turn out to be a conflict can't be all or nothing."""
        for one in drafts:
            if one.only_first and len(drafts) > 1:
                self._tally.refuse(one.gathered, ChitieuError.of("not_atomic"))

    async def _publish(self, drafts: Sequence[Draft]) -> None:
        positions = await self._written([one.event for one in drafts])
        outcomes = await asyncio.gather(*(self._outcome(at) for at in positions))
        for one, outcome in zip(drafts, outcomes, strict=True):
            self._tally.decided(one, outcome)

    async def _written(self, events: Sequence[Event]) -> list[Position]:
        """In their order, each acknowledged. Raises Unavailable."""
        reports = [event for event in events if event.kind == MessageKind.REPORT]
        answers = iter(await self._ingest.publish_reports(reports) if reports else ())
        positions = []
        for event in events:
            written = next(answers) if event.kind == MessageKind.REPORT else await (await self._ingest.publish(event))
            if isinstance(written, Unavailable):
                raise written
            positions.append(written)
        return positions

    async def _outcome(self, at: Position) -> Decided | None:
        try:
            return await self._ingest.outcomes.wait_for(at.partition, at.position, PATIENCE_SECONDS)
        except TimeoutError:
            return None
