"""How a question about figures is answered: cells read, judged, shown as far as the caller may see, or 304."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, Protocol, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel

from chitieu.domain.access import AccessKey
from chitieu.domain.attainment import Attainment, Correction
from chitieu.domain.inquiry import Question
from chitieu.domain.withheld import Withheld
from services.api.answers import Text
from services.api.context import Context, Json
from services.api.corrections import QuestionKey, named
from services.api.queries import Progress, Snapshot
from services.api.size import Narrow
from services.api.tasks import TaskCounts
from services.api.view import Standpoint, Wanted

A = TypeVar("A")
W_co = TypeVar("W_co", bound=BaseModel, covariant=True)

Judge = Callable[[Question], Attainment]


class Asked(Protocol[A, W_co]):
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
    ) -> W_co: ...
    def json(self, at: Standpoint, progress: Progress, tasks: TaskCounts | None, notice: Text | None, shown: A) -> Json:
        """The same, for programs."""
        ...


@dataclass(frozen=True)
class Found(Generic[A, W_co]):
    """What was read for a request, not judged yet."""

    asked: Asked[A, W_co]
    at: Standpoint
    wanted: Wanted
    snapshot: Snapshot
    corrections: Mapping[QuestionKey, Correction]
    tasks: TaskCounts | None
    notice: Text | None

    @property
    def versions(self) -> str:
        return f"{self.snapshot.versions} {self.tasks}"

    @cached_property
    def withheld(self) -> Withheld:
        """What of it the caller is not shown."""
        return self.wanted.withheld(self.snapshot)

    def judged(self) -> A:
        return self.asked.judged(self._judge)

    def written(self, shown: A) -> W_co:
        """The answer after disclosure."""
        return self.asked.written(self.at, self.snapshot.progress, self.tasks, self.notice, shown)

    def json(self, shown: A) -> Json:
        """The same, for programs."""
        return self.asked.json(self.at, self.snapshot.progress, self.tasks, self.notice, shown)

    def _judge(self, question: Question) -> Attainment:
        at, corrected = self.at, self.corrections.get(named(question)) if self.corrections else None
        return at.judgements.judge(at.inquiry, question, self.snapshot.cells, at.today, self.withheld, corrected)


def checked(at: Standpoint, asked: Asked[A, W_co], beside: Iterable[Question] = ()) -> Wanted:
    """What has to be read, for other questions `beside`, too. Raises InvalidRequest if that is too much."""
    questions = list(asked.questions())
    at.check(questions, *asked.narrow)
    return at.wanted([*questions, *beside])


async def look_up(context: Context, at: Standpoint, asked: Asked[A, W_co], wanted: Wanted) -> Found[A, W_co]:
    snapshot = await at.snapshot(wanted.cells)
    corrections = await context.corrections.of(at, list(asked.questions()), snapshot)
    return Found(asked, at, wanted, snapshot, corrections, asked.tasks(context, at), context.notice)


async def answered(
    context: Context, request: Request, key: AccessKey, at: Standpoint, asked: Asked[A, W_co]
) -> Response:
    """The figures, with the ETag of all that they depend on."""
    wanted = checked(at, asked)
    place = context.place(context.question(request, key), at.view, wanted.cells)
    found = await look_up(context, at, asked, wanted)
    etag = context.etag(key, at, found.versions)

    def answer() -> Response:
        return context.answer(key, found.judged(), found.json, {"ETag": etag})

    return context.tagged(request, place, etag, answer)
