"""Sending a file: batches of lines, several under way at once, their results in the order of the file."""

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from chitieu.cli.journal import Journal
from chitieu.cli.report_file import ReportFile
from chitieu.client import AsyncClient, ProblemError
from chitieu.client.answers import LineResult, Submission
from chitieu.client.bulk import Address, Batch, batches

IN_FLIGHT = 4
_ASKED_AT_ONCE = 8


class Taken(NamedTuple):
    """A line that the log has, and where."""

    line: int
    submission: str
    at: str

    @classmethod
    def of(cls, result: LineResult) -> "Taken":
        return cls(result.line, result.submission or "", f"{result.partition}:{result.position}")


A = TypeVar("A")
R = TypeVar("R")


def push_key(file: ReportFile) -> str:
    """The Idempotency-Key of a file: the same for the same content, read in the same way."""
    with file.path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256")
    digest.update(repr((file.format.value, file.numbers.value, sorted(file.defaults.items()))).encode())
    return digest.hexdigest()[:32]


async def several(
    items: Iterable[A], work: Callable[[A], Awaitable[R]], most: int, about: Callable[[A], frozenset[Address]]
) -> AsyncIterator[R]:
    """The results in the order of the items, with at most so many under way; two about one report never are.

    If one fails, those under way are given up.
    """
    flying: deque[tuple[frozenset[Address], asyncio.Future[R]]] = deque()
    try:
        for item in items:
            mine = about(item)
            while len(flying) == most or any(mine & theirs for theirs, _ in flying):
                yield await _landed(flying)
            flying.append((mine, asyncio.ensure_future(work(item))))
        while flying:
            yield await _landed(flying)
    finally:
        for _, left in flying:
            left.cancel()
        await asyncio.gather(*(left for _, left in flying), return_exceptions=True)


async def _landed(flying: "deque[tuple[frozenset[Address], asyncio.Future[R]]]") -> R:
    result = await flying[0][1]
    flying.popleft()
    return result


@dataclass(frozen=True, slots=True)
class Push:
    """One file to one service. Without `journal` a repetition sends all of it again, under the same keys."""

    client: AsyncClient
    file: ReportFile
    key: str
    journal: Journal | None

    def results(self) -> AsyncIterator[list[LineResult]]:
        """Batch by batch; what an earlier run was told is told again. Raises ClientError, InvalidRequest."""
        return several(batches(self.file.lines()), self._sent, IN_FLIGHT, lambda batch: batch.addresses)

    def judged(self) -> AsyncIterator[list[LineResult]]:
        """What they would be, without sending."""
        return several(batches(self.file.lines()), self.client.judge, IN_FLIGHT, lambda _: frozenset())

    async def _sent(self, batch: Batch) -> list[LineResult]:
        if self.journal is None:
            return await self.client.send(batch, self.key)
        known = self.journal.known.get(batch.first)
        if known is not None:
            return known
        results = await self.client.send(batch, self.key)
        self.journal.write(batch.first, results)
        return results

    def outcomes(self, taken: Sequence[Taken], within: float) -> AsyncIterator[tuple[Taken, Submission]]:
        """What became of them, once it is known. Raises ClientError: NotYet after so many seconds."""

        async def followed(one: Taken) -> tuple[Taken, Submission]:
            return one, await self.client.decided(one.submission, one.at, within)

        return several(taken, followed, _ASKED_AT_ONCE, lambda _: frozenset())


class TemplatePush(Push):
    """A filled template: one request, of which everything is taken or nothing. Its lines are its sheets."""

    __slots__ = ()

    async def results(self) -> AsyncIterator[list[LineResult]]:
        yield await self._by_sheet(self.client.send_workbook(self._content(), key=self.key))

    async def judged(self) -> AsyncIterator[list[LineResult]]:
        yield await self._by_sheet(self.client.validate_workbook(self._content()))

    def _content(self) -> bytes:
        return self.file.path.read_bytes()

    async def _by_sheet(self, asked: Awaitable[list[LineResult]]) -> list[LineResult]:
        """What is wrong with sheets is told sheet by sheet; any other problem is raised."""
        try:
            return await asked
        except ProblemError as refused:
            sheets = list(dict.fromkeys(error.sheet for error in refused.errors))
            if None in sheets:
                raise
            return [_refused(line, sheet, refused) for line, sheet in enumerate(sheets, 1)]


def _refused(line: int, sheet: str | None, refused: ProblemError) -> LineResult:
    errors = [error for error in refused.errors if error.sheet == sheet]
    problem = refused.details.model_copy(update={"errors": errors})
    return LineResult(line=line, status=refused.status, problem=problem, sheet=sheet)
