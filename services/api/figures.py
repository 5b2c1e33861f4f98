"""How a question about figures is answered: cells read, judged, shown as far as the caller may see, or 304."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Protocol, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel

from chitieu.domain.access import AccessKey
from chitieu.domain.attainment import Attainment
from chitieu.domain.inquiry import Question
from services.api.answers import Text
from services.api.context import Context
from services.api.corrections import named
from services.api.queries import Progress
from services.api.size import Narrow
from services.api.tasks import TaskCounts
from services.api.view import Standpoint

A = TypeVar("A")

Judge = Callable[[Question], Attainment]


class Asked(Protocol[A]):
    """A request understood: its questions, what their answers make, and how that is written after disclosure.

    `narrow`: what would make it smaller. `tasks` are told beside the figures.
    """

    @property
    def narrow(self) -> tuple[Narrow, ...]: ...
    def questions(self) -> Iterator[Question]: ...
    def tasks(self, context: Context, at: Standpoint) -> TaskCounts | None: ...
    def judged(self, judge: Judge) -> A: ...
    def written(
        self, at: Standpoint, progress: Progress, tasks: TaskCounts | None, notice: Text | None, shown: A
    ) -> BaseModel: ...


async def answered(context: Context, request: Request, key: AccessKey, at: Standpoint, asked: Asked[A]) -> Response:
    """The figures, with the ETag of all that they depend on."""
    questions = list(asked.questions())
    at.check(questions, *asked.narrow)
    cells = {cell for question in questions for cell in question.cells()}
    place = context.place(context.question(request, key), at.view, cells)
    snapshot = await at.snapshot(cells)
    corrections = await context.corrections.of(at, questions, snapshot)
    tasks = asked.tasks(context, at)
    etag = context.etag(key, at, f"{snapshot.versions} {tasks}")

    def judge(question: Question) -> Attainment:
        found = at.inquiry.judge(question, snapshot.cells, at.today)
        return replace(found, corrected=corrections.get(named(question)))

    def answer() -> Response:
        show = partial(asked.written, at, snapshot.progress, tasks, context.notice)
        return context.answer(key, asked.judged(judge), show, {"ETag": etag})

    return context.tagged(request, place, etag, answer)
