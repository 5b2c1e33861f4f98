"""Tasks of a plan: what their owners say has become of them, decided as reports are, in the order of the log.

    decided = log.apply(report, known_at)        # accepted, unchanged, duplicate, conflict …
    TaskStanding(plan, task, log.revisions(plan.id, task.id)).overdue(today)

Nothing is assumed about a task that nobody has reported on: that is a state of its own, not `not_started`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from chitieu.domain.plan import Plan, Task
from chitieu.domain.registry import Release
from chitieu.domain.rollup import Decided, Decision, MessageKind, refused
from chitieu.domain.unit import Unit, folded

LONGEST_NOTE = 1000
LONGEST_TITLE = 200
LONGEST_URL = 1000
MOST_EVIDENCE = 20


class TaskState(StrEnum):
    NOT_REPORTED = "not_reported"
    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    NOT_APPLICABLE = "not_applicable"


# What may be said of a task.
SAYABLE = tuple(state for state in TaskState if state is not TaskState.NOT_REPORTED)
_OVER = frozenset({TaskState.DONE, TaskState.NOT_APPLICABLE})


@dataclass(frozen=True, slots=True)
class TaskEvidence:
    """A document that shows it: its title and where it is read (http or https)."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class TaskReport:
    """What was said of a task. `submission`, `content` and `replaces` are those of a report (`domain.rollup`).

    `author` is the id of an access key.
    """

    plan: str
    task: str
    state: TaskState
    note: str
    evidence: tuple[TaskEvidence, ...]
    author: str
    submission: bytes
    content: bytes
    replaces: int | None = None

    @property
    def kind(self) -> int:
        return MessageKind.REPORT


@dataclass(frozen=True, slots=True)
class TaskRevision:
    revision: int
    said: TaskReport
    known_at: datetime


@dataclass(slots=True)
class _Standing:
    revision: int = 0
    content: bytes | None = None
    seen: dict[bytes, bytes] = field(default_factory=dict)
    conflicted: set[bytes] = field(default_factory=set)
    revisions: list[TaskRevision] = field(default_factory=list)


class TaskLog:
    """Everything that was said of tasks and counted. Feed it reports in the order of the log."""

    def __init__(self) -> None:
        self._tasks: dict[tuple[str, str], _Standing] = {}

    def apply(self, report: TaskReport, known_at: datetime) -> Decided:
        """Decide about a report; `known_at` must not run back."""
        standing = self._tasks.setdefault((report.plan, report.task), _Standing())
        refusal = refused(standing, report)
        if refusal is not None:
            return Decided(refusal, standing.revision)
        standing.revision += 1
        standing.content = report.content
        standing.revisions.append(TaskRevision(standing.revision, report, known_at))
        return Decided(Decision.ACCEPTED, standing.revision)

    def revisions(self, plan: str, task: str, until: datetime | None = None) -> tuple[TaskRevision, ...]:
        """What counted, oldest first; up to a moment, that moment included."""
        standing = self._tasks.get((plan, task))
        every = () if standing is None else standing.revisions
        return tuple(one for one in every if until is None or one.known_at <= until)


@dataclass(frozen=True, slots=True)
class TaskStanding:
    """A task with what was said of it, oldest first."""

    plan: Plan
    task: Task
    revisions: Sequence[TaskRevision] = ()

    @property
    def last(self) -> TaskRevision | None:
        return self.revisions[-1] if self.revisions else None

    @property
    def state(self) -> TaskState:
        return self.last.said.state if self.last else TaskState.NOT_REPORTED

    def overdue(self, today: date) -> bool:
        """Is its last day over, and nobody has said that it is done or does not apply?"""
        return self.task.due is not None and self.task.due < today and self.state not in _OVER


@dataclass(frozen=True, slots=True)
class TaskTally:
    """How many tasks are in each state, and how many of them are overdue."""

    states: Mapping[TaskState, int]
    overdue: int

    @classmethod
    def of(cls, standings: Iterable[TaskStanding], today: date) -> "TaskTally":
        every = list(standings)
        counts = Counter(one.state for one in every)
        return cls({state: counts[state] for state in TaskState}, sum(one.overdue(today) for one in every))


def holders(release: Release, plan: Plan, task: Task, day: date) -> list[tuple[Unit, ...]]:
    """Paths of those who answer for a task, nation first: the plan's area, then its owners that are units.

    An owner is a unit directly below the area whose name is the owner's, with or without that of the area behind it:
    "Công an tỉnh" is "Công an tỉnh Lạng Sơn". Semicolons part several owners. Nothing else is read into the text.
    """
    area = release.area_of(plan)
    if area is None:
        return []
    owners = {folded(one) for one in task.owner.split(";")}
    below = release.tree.children(area.code, _nearest(area, day))
    named = [unit for unit in below if not _names(unit, area).isdisjoint(owners)]
    return [release.tree.path(unit, _nearest(unit, _nearest(area, day))) for unit in (area, *named)]


def _names(unit: Unit, area: Unit) -> set[str]:
    """A unit's name whole, without the area's at its end, and with no more of that than its kind ("tỉnh")."""
    name, above = folded(unit.name), folded(area.name)
    own = name.removesuffix(f" {above}")
    return {name} if own == name else {name, own, f"{own} {above.split()[0]}"}


def _nearest(unit: Unit, day: date) -> date:
    """The day, or the one nearest to it on which the unit is in force."""
    day = max(day, unit.valid_from)
    return day if unit.valid_to is None else min(day, unit.valid_to)
