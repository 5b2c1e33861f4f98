"""What a sender gets for a message that the broker acknowledged."""

from typing import Literal

from pydantic import BaseModel, Field

from chitieu.adapters.publisher import Position
from chitieu.contracts.events import Event
from chitieu.domain.rollup import Decided


class Receipt(BaseModel):
    """Accepted for counting: written to the log by all replicas, and not yet decided unless `decision` is there."""

    status: Literal["accepted for counting", "decided"]
    submission: str = Field(description="32 hex digits; the same for the same sender, key and report")
    form: str
    period: str
    unit: str = Field(description="the unit's id, code@valid_from")
    content: str = Field(description="32 hex digits, equal for reports that say the same")
    partition: int
    position: int
    location: str = Field(description="where the outcome is read")
    decision: str | None = Field(default=None, description="accepted, unchanged, duplicate, retracted …; after a wait")
    revision: int | None = Field(default=None, description="the report's revision after the decision; after a wait")


def location(event: Event, at: Position) -> str:
    return f"/v1/submissions/{event.submission.hex()}?at={at.partition}:{at.position}"


def receipt_members(event: Event, at: Position, decided: Decided | None = None) -> dict[str, object]:
    """A Receipt for JSON, without what is not known yet. Made by hand: a model costs ten times as much a line."""
    members: dict[str, object] = {
        "status": "decided" if decided else "accepted for counting",
        "submission": event.submission.hex(),
        "form": event.form,
        "period": event.period,
        "unit": event.unit,
        "content": event.content.hex(),
        "partition": at.partition,
        "position": at.position,
        "location": location(event, at),
    }
    if decided is not None:
        members |= {"decision": decided.decision.word, "revision": decided.revision}
    return members
