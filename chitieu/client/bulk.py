"""Many reports as batches of lines, each with one Idempotency-Key: sent again until every line has its result.

A report stands at most once in a batch, so that a later line about it is sent only after the earlier one was taken:
sent again in one request, they could change places.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import httpx
from pydantic import ValidationError

from chitieu.client.answers import LineResult
from chitieu.client.calls import Values, exactly
from chitieu.client.errors import ClientError, ProblemError, Unintelligible, Unreachable
from chitieu.client.exchange import AGAIN, KEY_HEADER, Call, Flow, Service, Tries, answered

# Well below what the interface takes in one request (docs/http-api.md, "Limits").
MOST_LINES = 2_000
MOST_BYTES = 4 * 2**20

NDJSON = "application/x-ndjson"
Address = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Report:
    """One report among many, as `put_report` takes it."""

    form: str
    period: str
    unit: str
    values: Values
    form_version: int | None = None
    if_match: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A report as JSON without line breaks, its number in what it came from, and what it is about if that is known."""

    number: int
    body: bytes
    address: Address | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines for one request. Its first line's number names it: the same input gives the same batches."""

    lines: tuple[Line, ...]

    @property
    def first(self) -> int:
        return self.lines[0].number

    @property
    def addresses(self) -> frozenset[Address]:
        return frozenset(line.address for line in self.lines if line.address is not None)


def address(form: object, period: object, unit: object) -> Address:
    """What a report is about. A unit's rows share their code: two that may be one are taken for one."""
    return str(form), str(period), str(unit).partition("@")[0]


def as_line(number: int, report: Report) -> Line:
    """Raises TypeError for a figure that is not exact."""
    said: dict[str, object] = {
        "form": report.form,
        "period": report.period,
        "unit": report.unit,
        "values": exactly(report.values),
    }
    optional = {"form_version": report.form_version, "if_match": report.if_match}
    said |= {name: value for name, value in optional.items() if value is not None}
    about = address(report.form, report.period, report.unit)
    return Line(number, json.dumps(said, ensure_ascii=False).encode(), about)


def as_lines(reports: Iterable[Report]) -> Iterator[Line]:
    """Numbered from 1. Raises TypeError, when it gets there, for a figure that is not exact."""
    return (as_line(number, report) for number, report in enumerate(reports, 1))


def batches(lines: Iterable[Line], most_lines: int = MOST_LINES, most_bytes: int = MOST_BYTES) -> Iterator[Batch]:
    """In their order. A line larger than a batch stands alone: whether it is too large is for the interface to say."""
    held: list[Line] = []
    about: set[Address] = set()
    size = 0
    for line in lines:
        full = len(held) == most_lines or size + len(line.body) > most_bytes
        if held and (full or line.address in about):
            yield Batch(tuple(held))
            held, about, size = [], set(), 0
        held.append(line)
        size += len(line.body) + 1
        if line.address is not None:
            about.add(line.address)
    if held:
        yield Batch(tuple(held))


def send(batch: Batch, key: str, tries: Tries) -> Flow[list[LineResult]]:
    """The results of a batch in the order of its lines, numbered as they are. Every try is under the same key."""
    return _until_settled(batch, "/v1/reports", {KEY_HEADER: f"{key}:{batch.first}"}, tries)


def validate(batch: Batch, tries: Tries) -> Flow[list[LineResult]]:
    """The same without sending."""
    return _until_settled(batch, "/v1/reports:validate", {}, tries)


def _until_settled(batch: Batch, path: str, headers: Mapping[str, str], tries: Tries) -> Flow[list[LineResult]]:
    """What has its result is not sent again: a blank line keeps its place.

    Raises what `ask` does; ProblemError also if lines were told to come again as often as the retries allow.
    """
    settled: dict[int, LineResult] = {}
    while True:
        call = _request(batch, path, headers, settled)
        answer = yield from answered(call, tries)
        told = call.read(answer)
        new = {at: one for at, one in told.items() if one.status not in AGAIN and at not in settled}
        settled |= new
        if len(settled) == len(batch.lines):
            return [settled[at].model_copy(update={"line": line.number}) for at, line in enumerate(batch.lines, 1)]
        if new:
            tries.succeeded()
        yield tries.pause(answer, _unsettled(told))


def _unsettled(told: Mapping[int, LineResult]) -> ClientError:
    """What is to be said if there is no other try."""
    problems = (one.problem for one in told.values() if one.status in AGAIN and one.problem is not None)
    return next((ProblemError(one) for one in problems), Unreachable("lines were left without a result"))


def _request(
    batch: Batch, path: str, headers: Mapping[str, str], settled: Mapping[int, LineResult]
) -> Call[dict[int, LineResult]]:
    body = b"\n".join(b"" if at in settled else line.body for at, line in enumerate(batch.lines, 1))
    return Call("POST", path, _results, (), {"Content-Type": NDJSON, **headers}, body, Service.INGEST)


def _results(answer: httpx.Response) -> dict[int, LineResult]:
    """By the line's place in the request. What is missing has no result yet."""
    try:
        found = [LineResult.model_validate_json(line) for line in answer.content.splitlines()]
    except ValidationError as error:
        raise Unintelligible(answer) from error
    return {one.line: one for one in found}
