"""What became of something sent, told to whoever waited for it."""

from typing import Protocol

from fastapi import Response

from chitieu.adapters.http import ProblemResponse
from chitieu.adapters.publisher import Position
from chitieu.domain.errors import ChitieuError, InvalidReport, Problem, conflict
from chitieu.domain.rollup import Decided, Decision
from services.ingest.body import JSON
from services.ingest.wishes import Wishes


class Outcomes(Protocol):
    """What becomes of messages; `chitieu.adapters.changes.ChangesReader` is one, `….tasks.TasksReader` another."""

    async def wait_for(self, partition: int, position: int, timeout: float) -> Decided | None: ...


async def outcome(outcomes: Outcomes, at: Position, wishes: Wishes) -> Decided | None:
    """What became of a message, if its sender waits and it is known in time."""
    if wishes.wait is None:
        return None
    try:
        return await outcomes.wait_for(at.partition, at.position, wishes.wait)
    except TimeoutError:
        return None


def told(receipt: bytes, location: str, replaces: int | None, decided: Decided | None, wishes: Wishes) -> Response:
    """202 while nothing is decided, else 200, or the problem of a conflict or a re-used key."""
    headers = {"Location": location}
    if decided is None:
        return Response(receipt, 202, headers, JSON)
    refusal = _refusal(replaces, decided)
    response = Response(receipt, 200, media_type=JSON) if refusal is None else ProblemResponse(refusal)
    response.headers.update(headers)
    response.headers["Preference-Applied"] = f"wait={wishes.wait}"
    if decided.revision:
        response.headers["ETag"] = f'"{decided.revision}"'
    return response


def _refusal(replaces: int | None, decided: Decided) -> ChitieuError | None:
    match decided.decision:
        case Decision.CONFLICT:
            return InvalidReport(conflict(replaces, decided.revision))
        case Decision.KEY_REUSED:
            return InvalidReport(Problem("key_reused"))
        case _:
            return None
