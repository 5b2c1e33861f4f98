"""What a sender gets for a message that the broker acknowledged."""

from typing import Literal
from urllib.parse import quote

import msgspec
from pydantic import BaseModel, Field

from chitieu.adapters.publisher import Position
from chitieu.contracts.events import Event
from chitieu.contracts.tasks import TaskEvent
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


class TaskReceipt(BaseModel):
    """Written to the log by all replicas; decided only if `decision` is there."""

    status: str = Field(description="accepted for counting, or decided")
    submission: str = Field(description="32 hex digits; the same for the same sender, key and task")
    plan: str
    task: str
    content: str = Field(description="32 hex digits, equal for reports that say the same")
    position: int
    location: str = Field(description="where the task is read, with its revisions")
    decision: str | None = Field(default=None, description="accepted, unchanged, duplicate; after a wait")
    revision: int | None = Field(default=None, description="the task's revision after the decision; after a wait")


class AcceptedLine(msgspec.Struct, gc=False):
    """The receipt of one of many reports. A struct: a model of pydantic's costs ten times as much a line."""

    line: int
    status: int
    submission: str
    form: str
    period: str
    unit: str
    content: str
    partition: int
    position: int
    location: str

    @classmethod
    def of(cls, line: int, event: Event, at: Position) -> "AcceptedLine":
        id_, content, (partition, position) = event.submission.hex(), event.content.hex(), at
        place = location(id_, at)
        return cls(line, 202, id_, event.form, event.period, event.unit, content, partition, position, place)


def location(submission: str, at: Position) -> str:
    return f"/v1/submissions/{submission}?at={at[0]}:{at[1]}"


def receipt_members(event: Event, at: Position, decided: Decided | None = None) -> dict[str, object]:
    """A Receipt for JSON, without what is not known yet."""
    submission = event.submission.hex()
    members: dict[str, object] = {
        "status": "decided" if decided else "accepted for counting",
        "submission": submission,
        "form": event.form,
        "period": event.period,
        "unit": event.unit,
        "content": event.content.hex(),
        "partition": at.partition,
        "position": at.position,
        "location": location(submission, at),
    }
    if decided is not None:
        members |= {"decision": decided.decision.word, "revision": decided.revision}
    return members


def task_location(event: TaskEvent) -> str:
    return f"/v1/tasks/{quote(event.plan)}/{quote(event.task)}"


def task_receipt(event: TaskEvent, at: Position, decided: Decided | None) -> TaskReceipt:
    return TaskReceipt(
        status="decided" if decided else "accepted for counting",
        submission=event.submission.hex(),
        plan=event.plan,
        task=event.task,
        content=event.content.hex(),
        position=at.position,
        location=task_location(event),
        decision=decided.decision.word if decided else None,
        revision=decided.revision if decided else None,
    )
