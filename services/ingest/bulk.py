"""Many reports in one request: each line is judged by itself, and says by itself what became of it."""

import asyncio
import io
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from itertools import islice

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from chitieu.adapters.publisher import Position
from chitieu.contracts.events import Event, encode
from chitieu.contracts.problems import ProblemDetails
from chitieu.domain.access import AccessKey
from chitieu.domain.errors import ChitieuError, InvalidRequest, Unavailable
from services.ingest import openapi
from services.ingest.body import JSON, NDJSON, media_type, read_body
from services.ingest.intake import Sender
from services.ingest.receipt import AcceptedLine
from services.ingest.service import Ingest
from services.ingest.strict_json import array_items
from services.ingest.wishes import read_bulk_key

# Judged without a pause for other requests, and published together: some 13 ms of work.
BATCH = 1000
# Of those that take more to judge, so many: another 10 ms.
_BETWEEN_PAUSES = 100

Line = tuple[int, bytes]
Lines = Iterator[Line]
Result = dict[str, object] | AcceptedLine


def add_routes(router: APIRouter, ingest: Ingest) -> None:
    @router.post("/v1/reports", openapi_extra=openapi.BULK, responses=openapi.BULK_ANSWERS)
    async def send_reports(request: Request) -> Response:
        """Send many reports. 200 says that every line has an answer, not that every report was accepted."""
        caller, key = ingest.caller(request), read_bulk_key(request)
        type_ = media_type(request, JSON, NDJSON)
        lines = await _lines(ingest, request, type_)
        return await _answer(type_, _Bulk(ingest, caller, key).send(lines))

    @router.post("/v1/reports:validate", openapi_extra=openapi.VALIDATE, responses=openapi.VALIDATE_ANSWERS)
    async def validate_reports(request: Request) -> Response:
        """Judge reports without sending them: one JSON object as PUT would, or many as POST would."""
        caller = ingest.caller(request)
        type_ = media_type(request, JSON, NDJSON)
        body = await read_body(request, ingest.settings.max_bulk_bytes)
        bulk = _Bulk(ingest, caller, None)
        if type_ == JSON and body.lstrip(b" \t\r\n\xef\xbb\xbf").startswith(b"{"):
            return JSONResponse(valid(bulk.judge(None, body)))
        return await _answer(type_, bulk.validate(await _split(ingest, type_, body)))


async def _lines(ingest: Ingest, request: Request, type_: str) -> Lines:
    return await _split(ingest, type_, await read_body(request, ingest.settings.max_bulk_bytes))


async def _split(ingest: Ingest, type_: str, body: bytes) -> Lines:
    """Numbered from 1; blank lines are passed over but counted. Raises InvalidRequest before any line is judged."""
    limit = ingest.settings.max_bulk_lines
    if type_ == JSON:
        # A third of a second of work at the largest size.
        items = await asyncio.to_thread(array_items, body, limit, ingest.settings.max_depth)
        return enumerate(items, 1)
    if body.count(b"\n") + (not body.endswith(b"\n") and body != b"") > limit:
        raise InvalidRequest.of("too_many_lines", limit=limit)
    return ((number, line) for number, line in enumerate(io.BytesIO(body), 1) if not line.isspace())


def valid(event: Event) -> dict[str, object]:
    """What is said of a report that would be taken."""
    return {"form": event.form, "period": event.period, "unit": event.unit, "content": event.content.hex()}


def accepted(line: int, event: Event, answer: Position | Unavailable) -> Result:
    """A line's receipt, or why there is none."""
    if isinstance(answer, Unavailable):
        return _refused(line, answer)
    return AcceptedLine.of(line, event, answer)


def _judgement(line: int, judged: Event | ChitieuError) -> Result:
    """What is said of a line that is not sent."""
    if isinstance(judged, ChitieuError):
        return _refused(line, judged)
    return {"line": line, "status": 200, **valid(judged)}


def _refused(line: int, error: ChitieuError) -> Result:
    problem = ProblemDetails.of(error)
    return {"line": line, "status": problem.status, "problem": problem.model_dump(mode="json")}


class _Bulk:
    """One request's lines, a batch at a time, in their order."""

    def __init__(self, ingest: Ingest, caller: AccessKey, key: str | None) -> None:
        self._ingest = ingest
        self._caller = caller
        self._key = key
        self._sender = Sender(caller)
        self._away: Unavailable | None = None
        self._any_written = False

    def judge(self, line: int | None, body: bytes) -> Event:
        """Raises ChitieuError with every problem of the line."""
        settings = self._ingest.settings
        if len(body) > settings.max_body_bytes:
            raise InvalidRequest.of("body_too_large", limit=settings.max_body_bytes)
        return self._ingest.intake.item(body, self._sent_by(line), settings.max_depth)

    def _sent_by(self, line: int | None) -> Sender:
        return self._sender if self._key is None else Sender(self._caller, f"{self._key}:{line}")

    async def _judged(self, batch: Sequence[Line]) -> list[Event | ChitieuError]:
        """Together what can be; what may be wrong, by itself."""
        longest = self._ingest.settings.max_body_bytes
        bodies = [body if len(body) <= longest else b"" for _, body in batch]
        events = self._ingest.intake.together(bodies, [self._sent_by(line) for line, _ in batch])
        judged: list[Event | ChitieuError | None] = [*events]
        left = [at for at, event in enumerate(events) if event is None]
        for done, at in enumerate(left, 1):
            judged[at] = self._judged_alone(*batch[at])
            if done % _BETWEEN_PAUSES == 0:
                await asyncio.sleep(0)
        return [one for one in judged if one is not None]

    def _judged_alone(self, line: int, body: bytes) -> Event | ChitieuError:
        try:
            return self.judge(line, body)
        except ChitieuError as error:
            return error

    async def validate(self, lines: Lines) -> AsyncIterator[list[Result]]:
        while batch := list(islice(lines, BATCH)):
            judged = await self._judged(batch)
            yield [_judgement(line, one) for (line, _), one in zip(batch, judged, strict=True)]
            await asyncio.sleep(0)

    async def send(self, lines: Lines) -> AsyncIterator[list[Result]]:
        """Raises Unavailable instead of a first batch of which nothing was written because the broker is away."""
        first = True
        while batch := list(islice(lines, BATCH)):
            results = await self._results([line for line, _ in batch], await self._judged(batch))
            if first and self._away is not None and not self._any_written:
                raise self._away
            first = False
            yield results

    async def _results(self, lines: Sequence[int], judged: Sequence[Event | ChitieuError]) -> list[Result]:
        """Publish what was judged to be right; a line's result stands only when its own acknowledgement has come."""
        events = [one for one in judged if isinstance(one, Event)]
        answers = iter(await self._published(events))
        return [
            accepted(line, one, next(answers)) if isinstance(one, Event) else self._counted(line, one)
            for line, one in zip(lines, judged, strict=True)
        ]

    def _counted(self, line: int, refused: ChitieuError) -> Result:
        self._ingest.count_refused(refused)
        return _refused(line, refused)

    async def _published(self, events: Sequence[Event]) -> Sequence[Position | Unavailable]:
        """Once the broker was away, nothing more is tried: each line would wait as long again."""
        if self._away is not None:
            return [self._away] * len(events)
        answers = await self._ingest.publish_reports(events) if events else []
        refused = [one for one in answers if isinstance(one, Unavailable)]
        self._away = refused[0] if refused else None
        self._any_written = self._any_written or len(refused) < len(answers)
        return answers


async def _answer(type_: str, batches: AsyncIterator[list[Result]]) -> Response:
    """Streams results as batches are done. The first comes before the status: if it fails, that is the answer."""
    nothing: list[Result] = []
    first = await anext(batches, nothing)
    encoded = _ndjson(first, batches) if type_ == NDJSON else _array(first, batches)
    return StreamingResponse(encoded, media_type=type_)


async def _ndjson(first: list[Result], rest: AsyncIterator[list[Result]]) -> AsyncIterator[bytes]:
    yield _joined(first, b"\n", b"\n")
    async for batch in rest:
        yield _joined(batch, b"\n", b"\n")


async def _array(first: list[Result], rest: AsyncIterator[list[Result]]) -> AsyncIterator[bytes]:
    yield b"[" + _joined(first, b",\n")
    async for batch in rest:
        yield b",\n" + _joined(batch, b",\n")
    yield b"]\n"


def _joined(results: Iterable[Result], separator: bytes, last: bytes = b"") -> bytes:
    encoded = separator.join(encode(result) for result in results)
    return encoded + last if encoded else b""
