"""Which final figures were corrected since: looked for where a figure is final, once while its cells stay the same."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

from chitieu.adapters.clickhouse.cells import Pair
from chitieu.contracts.events import Announcement, Change
from chitieu.domain.attainment import Correction
from chitieu.domain.correction import Course, correction, final_until, later, settled
from chitieu.domain.inquiry import CellKey, Question
from services.api.history import Book, Histories
from services.api.queries import Progress, Snapshot
from services.api.recent import Recent
from services.api.view import Standpoint

# Figures; of each its correction, if there is one.
_MOST_REMEMBERED = 5_000
# How many reports count in some areas, area by area, that are gone through at once: of a whole country each step takes
# a tenth of a second, and whoever else asks need not wait for all of them.
_MANY = 5_000

QuestionKey = tuple[str, str, str, str]  # plan, target, period, area


def named(question: Question) -> QuestionKey:
    period = "" if question.now is None else str(question.now.period)
    return question.plan.id, question.target.id, period, question.unit.id


class Corrections:
    """One for the process. Hears the follower of `changes`."""

    def __init__(self, histories: Histories) -> None:
        self._histories = histories
        self._known = Recent[tuple[Correction | None]](_MOST_REMEMBERED)

    async def of(
        self, at: Standpoint, questions: Sequence[Question], snapshot: Snapshot
    ) -> Mapping[QuestionKey, Correction]:
        """Of those of the questions whose figures are final."""
        final = {_told(at, one, snapshot): one for one in questions if settled(one, snapshot.cells, at.today)}
        found = {key: self._known.find(key) for key in final}
        if unknown := {key: final[key] for key, correction in found.items() if correction is None}:
            read = await self._read(at, list(unknown.values()), snapshot)
            found |= {key: self._known.keep(key, (read.get(named(one)),)) for key, one in unknown.items()}
        told = ((named(final[key]), known[0]) for key, known in found.items() if known is not None)
        return {name: correction for name, correction in told if correction is not None}

    async def read_ahead(self, progress: Progress) -> None:
        """What became of reports up to some progress, for who asks again. Raises Unavailable."""
        await self._histories.read_ahead(progress.bounds)

    def hear(self, _: int, said: Announcement) -> None:
        if not isinstance(said, Change):
            return
        if said.reset:
            self.lost()
        else:
            self._histories.hear(said)

    def lost(self) -> None:
        self._known.clear()
        self._histories.forget()

    async def _read(
        self, at: Standpoint, final: Sequence[Question], snapshot: Snapshot
    ) -> Mapping[QuestionKey, Correction]:
        keys = {key for one in final for key in one.now_cells()}
        bounds = snapshot.progress.bounds
        books = await self._histories.upto(bounds, {(form, period) for form, period, _ in keys})
        courses = _courses(at, keys, books, bounds)
        many = sum(map(len, courses.values())) > _MANY
        await _others(many)
        ends = list(_ends(final, courses, at.today))
        await _others(many)
        changed = {key for one, until in ends for key in later(one, courses, until)}
        if not changed:
            return {}
        revisions = await self._histories.revisions(books, changed, bounds)
        units = at.inquiry.release.tree.units
        found: dict[QuestionKey, Correction] = {}
        for one, until in ends:
            await _others(many)
            if (made := correction(one, courses, revisions, until, units)) is not None:
                found[named(one)] = made
        return found


async def _others(many: bool) -> None:
    """Let others come first."""
    if many:
        await asyncio.sleep(0)


def _told(at: Standpoint, question: Question, snapshot: Snapshot) -> Hashable:
    """All that a figure's correction depends on: whatever becomes of a report changes the cells that it counts in."""
    seen = tuple([snapshot.seen.get(key) for key in question.now_cells()]) if snapshot.seen else snapshot.versions
    return at.view, at.inquiry.release.number, at.today, named(question), seen


def _courses(
    at: Standpoint, keys: Collection[CellKey], books: Mapping[Pair, Book], bounds: Sequence[int]
) -> Mapping[CellKey, Sequence[Course]]:
    """How the reports that count in some cells came to be what they are."""
    areas = {area for _, _, area in keys}
    near, units = at.near(areas)
    found: dict[CellKey, list[Course]] = defaultdict(list)
    for (form, period), book in books.items():
        for course in book.courses(near, units, bounds):
            for area in areas.intersection(at.place(course.path)):
                found[form, period, area].append(course)
    return found


def _ends(
    some: Iterable[Question], courses: Mapping[CellKey, Sequence[Course]], today: date
) -> Iterator[tuple[Question, datetime]]:
    """Until when a report still belonged to what was final; worked out once for all targets of the same reports."""
    known: dict[object, datetime | None] = {}
    for one in some:
        slots = tuple((slot.cell, slot.expected, slot.deadline) for slot in (one.now.slots if one.now else ()))
        if slots not in known:
            known[slots] = final_until(one, courses, today)
        if (until := known[slots]) is not None:
            yield one, until
