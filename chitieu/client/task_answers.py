"""What the interface answers about the tasks of a plan."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from chitieu.client.answers import Answer, Text


class TaskReceipt(Answer):
    """Of what was said of a task. `decision` and `revision` are known after a wait."""

    status: str
    submission: str
    plan: str
    task: str
    content: str
    position: int
    location: str
    decision: str | None = None
    revision: int | None = None


class Clause(Answer):
    place: str
    words: str
    basis: str
    note: str


class Evidence(Answer):
    """Null outside the subtrees that answer for the task."""

    title: str | None
    url: str | None


class TaskRevision(Answer):
    revision: int
    state: str
    note: str | None
    evidence: Sequence[Evidence]
    known_at: datetime
    submission: str
    author: str


class Task(Answer):
    """A task as it stands; `revision` is what `if_match` takes, 0: nobody has said anything yet."""

    plan: str
    task: str
    owner: str
    due: date | None
    clause: Clause
    state: str
    overdue: bool
    revision: int
    last: TaskRevision | None


class TaskCounts(Answer):
    """Of all tasks that were asked for, whatever their state."""

    states: Mapping[str, int]
    overdue: int


class TasksAsOf(Answer):
    """All below `position` of the log of tasks was read."""

    position: int
    release: int
    today: date


class Tasks(Answer):
    """`next` is the cursor of the next page; null: none."""

    counts: TaskCounts
    items: Sequence[Task]
    next: str | None
    notice: Text | None
    as_of: TasksAsOf


class TaskHistory(Task):
    """With all that was said of it, oldest first."""

    revisions: Sequence[TaskRevision]
    notice: Text | None
    as_of: TasksAsOf
