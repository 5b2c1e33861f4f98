"""`/v1/submissions/{id}`: what became of a message that ingest acknowledged."""

import re
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from chitieu.domain.access import AccessKey
from chitieu.domain.errors import SUBMISSION, InvalidRequest, Refused, not_found
from services.api.answers import PROBLEMS
from services.api.context import Context
from services.api.queries import StoredMessage

Outcome = Literal["pending", "accepted", "unchanged", "duplicate", "key_reused", "conflict", "retracted", "moved"]
_OUTCOMES: dict[str, Outcome] = {
    "accepted": "accepted",
    "unchanged": "unchanged",
    "duplicate": "duplicate",
    "key_reused": "key_reused",
    "conflict": "conflict",
    "retracted": "retracted",
    "moved": "moved",
}
_RETRY_AFTER_SECONDS = 1


class MessageAnswer(BaseModel):
    """A decided message. `revision` is that of the report after it."""

    form: str
    period: str
    unit: str
    partition: int
    position: int
    outcome: Outcome
    revision: int
    known_at: datetime


class SubmissionAnswer(BaseModel):
    """`outcome` is that of the message asked for, else of the newest; `pending` until the fold has passed it."""

    submission: str
    outcome: Outcome
    messages: list[MessageAnswer] = Field(
        description="the message asked for; for a duplicate, and without `at`, all messages of this id"
    )


def routes(context: Context) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["reports"], responses=PROBLEMS)

    @router.get("/submissions/{id}", response_model=SubmissionAnswer)
    async def submission(
        request: Request,
        id_: Annotated[str, Path(alias="id", description="32 hex digits, as ingest gave them")],
        at: Annotated[str | None, Query(description="partition:position of one message", examples=["3:1207"])] = None,
    ) -> Response:
        """Accepted, unchanged, duplicate, key_reused, conflict, retracted, or still pending."""
        key = context.key(request, "reports:read", "reports:write")
        outcome, asked = await outcome_of(context, key, id_, at)
        headers = {"Retry-After": str(_RETRY_AFTER_SECONDS)} if outcome == "pending" else None

        def show(shown: list[StoredMessage]) -> SubmissionAnswer:
            return SubmissionAnswer(submission=id_, outcome=outcome, messages=[_message(m) for m in shown])

        return context.answer(key, asked, show, headers)

    return router


async def outcome_of(context: Context, key: AccessKey, id_: str, at: str | None) -> tuple[Outcome, list[StoredMessage]]:
    """What became of a submission, or of its message at `partition:position`, and the messages that say so.

    Raises NotFound, InvalidRequest, or Refused if a key that only writes asks about another's.
    """
    if not re.fullmatch(r"[0-9a-f]{32}", id_):
        raise not_found(SUBMISSION, id_[:100])
    place = _at(at) if at is not None else None
    messages, progress = await context.reads.submission(id_)
    _refuse_outside(context, key, messages)
    if place is not None and not progress.covers(*place):
        return "pending", []
    asked = messages if place is None else _standing_for(messages, *place)
    if not asked:
        raise not_found(SUBMISSION, id_)
    exact = place is None or place == (asked[-1].partition, asked[-1].position)
    return _OUTCOMES[asked[-1].decision.word] if exact else "duplicate", asked


def _standing_for(messages: list[StoredMessage], partition: int, position: int) -> list[StoredMessage]:
    """The message at a place; or, as exact duplicates leave no row, the earlier ones of the same id."""
    exact = [m for m in messages if (m.partition, m.position) == (partition, position)]
    return exact or [m for m in messages if m.partition == partition and m.position < position]


def _at(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{1,5}):([0-9]{1,19})", text)
    if match is None:
        raise InvalidRequest.of("invalid_parameter", parameter="at", detail="partition:position")
    return int(match[1]), int(match[2])


def _refuse_outside(context: Context, key: AccessKey, messages: list[StoredMessage]) -> None:
    """A key that only writes sees what became of reports in its own subtree. Raises Refused."""
    if key.allows("reports:read"):
        return
    caller = context.caller(key)
    for message in messages:
        if not caller.sees(message.path):
            raise Refused.of("forbidden_unit", unit=message.unit)


def _message(message: StoredMessage) -> MessageAnswer:
    return MessageAnswer(
        form=message.form,
        period=message.period,
        unit=message.unit,
        partition=message.partition,
        position=message.position,
        outcome=_OUTCOMES[message.decision.word],
        revision=message.revision,
        known_at=message.known_at,
    )
