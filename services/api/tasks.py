"""`/v1/tasks`: what each task of a plan asks of whom by when, what has become of it, and what shows it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from chitieu.domain.access import AccessKey
from chitieu.domain.disclosure import Private
from chitieu.domain.named import find_plan, find_task
from chitieu.domain.plan import Plan, Task
from chitieu.domain.registry import Release
from chitieu.domain.task import TaskRevision, TaskStanding, TaskState, TaskTally, holders
from chitieu.domain.unit import Unit, folded
from services.api.answers import PROBLEMS, Clause, Cursor, Limit, Text, page
from services.api.context import Context, unchanged
from services.api.lookups import find_unit
from services.api.view import AskedMoment, Standpoint

AreaOfPlans = Annotated[
    str | None, Query(description="only of plans of this unit or of one below it: code, or code@date")
]
Owner = Annotated[str | None, Query(max_length=100, description="a part of the owner's name, marks and case ignored")]


class TaskCounts(BaseModel):
    """How many tasks stand where; `not_reported`: nobody has said anything of it yet."""

    states: dict[TaskState, int]
    overdue: int = Field(description="the last day is over, and it is neither done nor not applicable")

    @classmethod
    def of(cls, tally: TaskTally) -> "TaskCounts":
        return cls(states=dict(tally.states), overdue=tally.overdue)


class EvidenceAnswer(BaseModel):
    """A document that shows it; null outside the subtrees that answer for the task, since a title may name somebody."""

    title: str | None
    url: str | None


class TaskRevisionAnswer(BaseModel):
    """What was said of a task; `author` is the id of an access key."""

    revision: int
    state: TaskState
    note: str | None = Field(description="null outside the subtrees that answer for the task")
    evidence: list[EvidenceAnswer]
    known_at: datetime
    submission: str
    author: str


class TaskStandingAnswer(BaseModel):
    """A task as it stands; `last` is what was said of it last, null if nobody has said anything yet."""

    plan: str
    task: str
    owner: str
    due: date | None = Field(description="the last day, if the plan names one")
    clause: Clause
    state: TaskState
    overdue: bool
    revision: int = Field(description="0: nobody has said anything yet")
    last: TaskRevisionAnswer | None


class TasksAsOf(BaseModel):
    """Everything below `position` of the log of tasks was read; for another moment, what had come in by then."""

    position: int
    release: int = Field(description="number of the definitions in force")
    today: date = Field(description="the civil date in Viet Nam that last days were judged by")


class TaskList(BaseModel):
    """`counts` are of all that was asked for, whatever `state` picks."""

    counts: TaskCounts
    items: list[TaskStandingAnswer]
    next: str | None
    notice: Text | None
    as_of: TasksAsOf


class TaskHistory(TaskStandingAnswer):
    revisions: list[TaskRevisionAnswer] = Field(description="oldest first")
    notice: Text | None
    as_of: TasksAsOf


@dataclass(frozen=True, slots=True)
class _Said:
    """A revision with what may name somebody marked as such."""

    revision: int
    state: TaskState
    known_at: datetime
    submission: str
    author: str
    note: Private
    evidence: tuple[tuple[Private, Private], ...]


@dataclass(frozen=True, slots=True)
class _Shown:
    plan: str
    task: Task
    state: TaskState
    overdue: bool
    revision: int
    said: tuple[_Said, ...]


def routes(context: Context) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["tasks"], responses=PROBLEMS)

    @router.get("/tasks", response_model=TaskList)
    async def tasks(
        request: Request,
        view: AskedMoment,
        plan: Annotated[str | None, Query(description="id of a plan; default: all")] = None,
        area: AreaOfPlans = None,
        owner: Owner = None,
        state: Annotated[list[TaskState] | None, Query(description="only these states")] = None,
        limit: Limit = 200,
        cursor: Cursor = None,
    ) -> Response:
        """Tasks of the plans, by plan and then in the order of its text: state, owner, last day, evidence."""
        key = _key(context, request)
        at = await context.standpoint(request, view, key)
        wanted = frozenset(state or TaskState)
        every = [one for one in _standings(context, at, plan, area) if owner is None or _owned(one.task, owner)]
        etag = context.etag(key, at, repr([_version(one) for one in every]))
        if (same := unchanged(request, etag)) is not None:
            return same
        some, following = page(every, _id, cursor, limit, lambda one: one.state in wanted)
        show = partial(_written, context, at, every, following)
        return context.answer(key, _last_said(at, some), show, {"ETag": etag})

    @router.get("/tasks/{plan}/{task:path}", response_model=TaskHistory)
    async def task(
        request: Request,
        plan: Annotated[str, Path(description="id of a plan")],
        task: Annotated[str, Path(description="id of one of its tasks, as in `/v1/plans/{plan}`; it holds a /")],
        view: AskedMoment,
    ) -> Response:
        """A task with all that was said of it. The ETag is its revision: send it as `If-Match` to replace just this."""
        key = _key(context, request)
        at = await context.standpoint(request, view, key)
        asked = find_plan(at.inquiry.release, plan)
        standing = _stands(context, at, asked, find_task(asked, task))

        def show(shown: _Shown) -> TaskHistory:
            return TaskHistory(
                **dict(_standing(shown)),
                revisions=[_revision(one) for one in shown.said],
                notice=context.notice,
                as_of=_as_of(context, at),
            )

        # No 304: whether a task is overdue changes without a revision.
        tag = {"ETag": f'"{len(standing.revisions)}"'}
        return context.answer(key, _marked(standing, at, standing.revisions), show, tag)

    return router


def read(context: Context, at: Standpoint, plan: Plan) -> tuple[list[_Shown], Callable[[Sequence[_Shown]], TaskList]]:
    """All tasks of a plan, for a page: what the route answers, and how that is written after disclosure.

    Raises Unavailable until the tasks are read.
    """
    every = list(_of_plan(context, at, plan))
    return _last_said(at, every), partial(_written, context, at, every, None)


def _last_said(at: Standpoint, some: Iterable[TaskStanding]) -> list[_Shown]:
    return [_marked(one, at, one.revisions[-1:]) for one in some]


def _written(
    context: Context, at: Standpoint, every: Sequence[TaskStanding], following: str | None, shown: Sequence[_Shown]
) -> TaskList:
    return TaskList(
        counts=TaskCounts.of(TaskTally.of(every, at.today)),
        items=[_standing(one) for one in shown],
        next=following,
        notice=context.notice,
        as_of=_as_of(context, at),
    )


def tasks_of(context: Context, at: Standpoint, plan: Plan, unit: Unit) -> TaskCounts | None:
    """The tasks of a plan, to be told with the figures of its own area; None elsewhere, or if it has none.

    Raises Unavailable until the tasks are read.
    """
    own = at.inquiry.area_of(plan)
    if own is None or own.id != unit.id or not plan.tasks:
        return None
    return TaskCounts.of(TaskTally.of(_of_plan(context, at, plan), at.today))


def _key(context: Context, request: Request) -> AccessKey:
    """Whoever reports on tasks may read what was reported before."""
    return context.key(request, "attainment:read", "reports:write")


def _standings(context: Context, at: Standpoint, plan: str | None, area: str | None) -> list[TaskStanding]:
    """Raises NotFound for a plan or an area that does not exist."""
    release = at.inquiry.release
    plans = [find_plan(release, plan)] if plan is not None else sorted(release.plans.values(), key=lambda one: one.id)
    if area is not None:
        unit = find_unit(release.tree, area, at.today)
        plans = [one for one in plans if _within(release, at, one, unit)]
    return [standing for one in plans for standing in _of_plan(context, at, one)]


def _within(release: Release, at: Standpoint, plan: Plan, unit: Unit) -> bool:
    """Is a plan's area the unit, below it, or below what went into it?"""
    own = at.inquiry.area_of(plan)
    return own is not None and release.tree.covers(unit.id, [one.id for one in at.inquiry.path(own, at.today)])


def _of_plan(context: Context, at: Standpoint, plan: Plan) -> Iterator[TaskStanding]:
    return (_stands(context, at, plan, task) for task in plan.tasks.values())


def _stands(context: Context, at: Standpoint, plan: Plan, task: Task) -> TaskStanding:
    return TaskStanding(plan, task, context.tasks.log.revisions(plan.id, task.id, at.view.known_at))


def _owned(task: Task, owner: str) -> bool:
    return folded(owner) in folded(task.owner)


def _id(one: TaskStanding) -> str:
    return f"{one.plan.id}/{one.task.id}"


def _version(one: TaskStanding) -> tuple[str, int]:
    return _id(one), len(one.revisions)


def _marked(standing: TaskStanding, at: Standpoint, revisions: Sequence[TaskRevision]) -> _Shown:
    """What people typed is seen by those who answer for the task and by those above them."""
    paths = holders(at.inquiry.release, standing.plan, standing.task, at.today)
    path = tuple(unit.id for path in paths for unit in path)
    return _Shown(
        standing.plan.id,
        standing.task,
        standing.state,
        standing.overdue(at.today),
        len(standing.revisions),
        tuple(_said(one, path) for one in revisions),
    )


def _said(one: TaskRevision, path: tuple[str, ...]) -> _Said:
    said = one.said
    return _Said(
        one.revision,
        said.state,
        one.known_at,
        said.submission.hex(),
        said.author,
        Private(said.note, path),
        tuple((Private(shown.title, path), Private(shown.url, path)) for shown in said.evidence),
    )


def _standing(one: _Shown) -> TaskStandingAnswer:
    return TaskStandingAnswer(
        plan=one.plan,
        task=one.task.id,
        owner=one.task.owner,
        due=one.task.due,
        clause=Clause.of(one.task.clause),
        state=one.state,
        overdue=one.overdue,
        revision=one.revision,
        last=_revision(one.said[-1]) if one.said else None,
    )


def _revision(one: _Said) -> TaskRevisionAnswer:
    return TaskRevisionAnswer(
        revision=one.revision,
        state=one.state,
        note=one.note.text,
        evidence=[EvidenceAnswer(title=title.text, url=url.text) for title, url in one.evidence],
        known_at=one.known_at,
        submission=one.submission,
        author=one.author,
    )


def _as_of(context: Context, at: Standpoint) -> TasksAsOf:
    return TasksAsOf(position=context.tasks.position, release=at.inquiry.release.number, today=at.today)
