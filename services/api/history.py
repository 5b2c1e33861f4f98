"""What became of the reports of a form and period, message by message: read once, then followed as it is announced.

    histories = Histories(reads, most_bytes)
    found = await histories.upto(bounds, {("ldte-xa", "2024")})      # by partition, the positions read next
    courses = found["ldte-xa", "2024"].courses(areas, units, bounds)
    revisions = await histories.revisions(found, reports, bounds)

A message below the progress never changes, so what was read holds for as long as the log is the same one. What was not
announced message by message, or too long ago, is read.
"""

import asyncio
from array import array
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice, zip_longest
from typing import Protocol

from chitieu.adapters.clickhouse.cells import Pair
from chitieu.adapters.clock import appended_at
from chitieu.contracts.events import Change, Moved, Step
from chitieu.domain.correction import Course, ReportKey, Revision
from chitieu.domain.errors import Unavailable
from chitieu.domain.rollup import Decision

# About what a message takes, and what it said besides its values.
_MESSAGE_BYTES, _SAID_BYTES, _VALUE_BYTES = 450, 200, 9
# Beyond so many messages of the log, all is read anew: without what they said, which news bring along.
_MOST_NEWS = 100_000
# Reports of which what they said is read at a time, beside those that are asked for.
_TOLD_TOGETHER = 2_000
# Reports that moved and announcements of it, of the last tens of seconds if they come in all the time: a kilobyte each.
_MOST_RECENT = 20_000


@dataclass(slots=True)
class Message:
    """That a report was accepted, retracted or moved. `path`: where it counted, as unit ids, nation first.

    `said` is there once somebody needed it.
    """

    partition: int
    position: int
    decision: int
    release: int
    path: tuple[str, ...]
    known_at: datetime
    said: Revision | None = None

    @property
    def revises(self) -> bool:
        return self.decision != Decision.MOVED


def said(known_at: datetime, values: Sequence[int], states: Sequence[int], reason: str) -> Revision:
    """A revision as small as it can be kept."""
    return Revision(known_at, array("q", values), bytes(states), reason)


class MessageReads(Protocol):
    """`services.api.queries.Reads` is one. `before`: by partition from 0 on, positions that are read up to."""

    @property
    def database(self) -> str: ...
    async def all_messages(self, pairs: Iterable[Pair], before: Sequence[int]) -> list[tuple[Pair, str, Message]]: ...
    async def new_messages(
        self, since: Mapping[Pair, Sequence[int]], before: Sequence[int]
    ) -> list[tuple[Pair, str, Message]]: ...
    async def revisions(
        self, reports: Iterable[ReportKey], before: Sequence[int]
    ) -> Mapping[ReportKey, Mapping[int, Revision]]: ...


@dataclass(frozen=True, slots=True)
class Stood:
    """A unit's report that stood at a moment. `path`: where it counted then, as of a `Course`; `message` is its newest
    revision, and `revision` says which.
    """

    unit: str
    path: tuple[str, ...]
    revision: int
    message: Message


@dataclass(slots=True)
class Book:
    """All messages of one form and period below some positions, by unit and in the order of the log.

    `bytes`: about how much memory they take. `used`: somebody has asked for it since it was read.
    """

    read_to: list[int] = field(default_factory=list)
    bytes: int = 0
    used: bool = False
    _reports: dict[str, list[Message]] = field(default_factory=dict)
    _in_area: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _courses: dict[str, Course] = field(default_factory=dict)
    _unsaid: dict[str, None] = field(default_factory=dict)

    def covers(self, bounds: Sequence[int]) -> bool:
        return all(asked <= here for asked, here in zip_longest(bounds, self.read_to, fillvalue=0))

    def lacks(self, bounds: Sequence[int]) -> int:
        """How many messages of the log it is behind."""
        return sum(max(asked - here, 0) for asked, here in zip_longest(bounds, self.read_to, fillvalue=0))

    def add(self, unit: str, message: Message) -> None:
        """The next of a unit's messages."""
        self._reports.setdefault(unit, []).append(message)
        self._courses.pop(unit, None)
        for area in message.path[:-1]:
            self._in_area[area].add(unit)
        self.bytes += _MESSAGE_BYTES + _bytes(message.said)
        self._note(unit)

    def follow(self, partition: int, position: int, reports: Iterable[Moved]) -> None:
        """What became of its reports in the flush that begins where it ends in a partition, up to a position."""
        for one in reports:
            self._say_before(one)
            for step in one.steps:
                self.add(one.unit, _message(partition, step))
        self.read_to[partition] = position

    def _say_before(self, one: Moved) -> None:
        """As what a report counted until now is what the last of its messages said."""
        last = next((message for message in reversed(self._reports.get(one.unit, ())) if message.revises), None)
        if one.before is not None and last is not None and last.said is None:
            last.said = _revision(last.known_at, one.before.packed, one.before.states)
            self.bytes += _bytes(last.said)

    def tell(self, unit: str, revisions: Mapping[int, Revision]) -> None:
        """What a unit's messages said, by position."""
        for message in self._reports.get(unit, ()):
            if message.said is None and message.position in revisions:
                message.said = revisions[message.position]
                self.bytes += _bytes(message.said)
        self._note(unit)

    def courses(self, areas: Collection[str], units: Iterable[str], bounds: Sequence[int]) -> Iterator[Course]:
        """As far as some positions: of the reports that ever counted in some areas (everywhere, if none is named), and
        of those of some units.
        """
        for unit in self._near(areas, units):
            if (course := self._course(unit, bounds)) is not None:
                yield course

    def stood(
        self, areas: Set[str], units: Iterable[str], bounds: Sequence[int], until: datetime | None
    ) -> Iterator["Stood"]:
        """Reports that stood as far as some positions, or at a moment before, and counted in some areas then
        (everywhere, if none is named), and those of some units.
        """
        beside = set(units)
        for unit in self._near(areas, beside):
            messages = _below(self._reports.get(unit, ()), bounds)
            if until is not None:
                messages = [one for one in messages if one.known_at <= until]
            revisions = [one for one in messages if one.revises]
            if not revisions or revisions[-1].decision != Decision.ACCEPTED:
                continue
            path = _place(messages)
            if not areas or unit in beside or not areas.isdisjoint(path):
                yield Stood(unit, path, len(revisions), revisions[-1])

    def revisions(self, unit: str, bounds: Sequence[int]) -> list[Revision] | None:
        """What a unit's report said, oldest first; None if that was not read yet."""
        told = [one.said for one in _below(self._reports.get(unit, ()), bounds) if one.revises]
        found = [one for one in told if one is not None]
        return found if len(found) == len(told) else None

    def unsaid(self) -> Iterable[str]:
        """Units that revised their report, of which it is not known what all of it said."""
        return self._unsaid

    def _near(self, areas: Collection[str], units: Iterable[str]) -> Iterable[str]:
        if not areas:
            return self._reports
        return set(units).union(areas, *(self._in_area.get(area, ()) for area in areas))

    def _note(self, unit: str) -> None:
        revisions = [one for one in self._reports.get(unit, ()) if one.revises]
        if len(revisions) > 1 and any(one.said is None for one in revisions):
            self._unsaid[unit] = None
        else:
            self._unsaid.pop(unit, None)

    def _course(self, unit: str, bounds: Sequence[int]) -> Course | None:
        every = self._reports.get(unit, ())
        messages = _below(every, bounds)
        if len(messages) < len(every):
            return _course(unit, messages) if messages else None
        found = self._courses.get(unit)
        if found is None and messages:
            found = self._courses[unit] = _course(unit, messages)
        return found


class Histories:
    """The least recently used go when there are more than `most_bytes`, about; one for the process."""

    def __init__(self, reads: MessageReads, most_bytes: int) -> None:
        self._reads = reads
        self._most_bytes = most_bytes
        self._books: OrderedDict[Pair, Book] = OrderedDict()
        self._database = ""
        self._bounds: list[int] = []
        # What was announced: by partition and the position that a flush begins at.
        self._recent: OrderedDict[tuple[int, int], Change] = OrderedDict()
        self._recent_size = 0
        self._reading = asyncio.Lock()
        self._news: set[ReportKey] = set()

    def hear(self, said: Change) -> None:
        """What is announced is followed once somebody asks."""
        if not self._books or said.since is None or said.reports is None:
            return
        before = self._recent.pop((said.partition, said.since), None)
        self._recent[said.partition, said.since] = said
        self._recent_size += _size(said) - _size(before)
        while self._recent_size > _MOST_RECENT:
            self._recent_size -= _size(self._recent.popitem(last=False)[1])

    def forget(self) -> None:
        """The log may be another one."""
        self._books.clear()
        self._recent.clear()
        self._recent_size = 0
        self._news.clear()
        self._bounds = []

    async def upto(self, bounds: Sequence[int], pairs: Iterable[Pair]) -> Mapping[Pair, Book]:
        """All that was decided below some positions, and perhaps beyond. Raises Unavailable."""
        # Who waits for others to read is served by what they read.
        self._bounds = [max(pair) for pair in zip_longest(bounds, self._bounds, fillvalue=0)]
        async with self._reading:
            if self._database != self._reads.database:
                self._books.clear()
                self._database = self._reads.database
            found = {pair: self._book(pair) for pair in pairs}
            await self._read({pair: book for pair, book in found.items() if not book.covers(bounds)})
            for book in found.values():
                book.used = True
            self._shrink(len(found))
        return found

    def at_hand(self, pairs: Iterable[Pair], bounds: Sequence[int]) -> Mapping[Pair, Book]:
        """Those that need not be read to know all that was decided below some positions."""
        if self._database != self._reads.database:
            return {}
        found = {pair: book for pair in pairs if (book := self._books.get(pair)) is not None and book.covers(bounds)}
        for pair in found:
            self._books.move_to_end(pair)
        return found

    async def read_ahead(self, bounds: Sequence[int]) -> None:
        """What those that somebody has asked for since they were read lack up to some positions, and all that was said
        by reports which have news. Raises Unavailable.
        """
        used = [pair for pair, book in self._books.items() if book.used]
        books = await self.upto(bounds, used)
        news, self._news = self._news, set()
        for book in books.values():
            book.used = False
        await self.tell(books, (key for key in news if key[:2] in books), bounds)

    async def revisions(
        self, books: Mapping[Pair, Book], reports: Iterable[ReportKey], bounds: Sequence[int]
    ) -> Mapping[ReportKey, list[Revision]]:
        """What some reports of these books said below some positions, oldest first. Raises Unavailable."""
        wanted = list(reports)
        await self.tell(books, wanted, bounds)
        told = ((key, books[key[:2]].revisions(key[2], bounds)) for key in wanted)
        return {key: one for key, one in told if one is not None}

    async def tell(self, books: Mapping[Pair, Book], reports: Iterable[ReportKey], bounds: Sequence[int]) -> None:
        """Read what some reports said, as far as it was not read before; others revised, too, for who asks next.

        Raises Unavailable.
        """

        def unread(some: Iterable[ReportKey]) -> set[ReportKey]:
            return {key for key in some if books[key[:2]].revisions(key[2], bounds) is None}

        if wanted := unread(reports):
            others = ((*pair, unit) for pair, book in books.items() for unit in book.unsaid())
            asked = wanted.union(islice(others, _TOLD_TOGETHER))
            for (*pair, unit), said in (await self._reads.revisions(asked, bounds)).items():
                books[pair[0], pair[1]].tell(unit, said)
            if unread(wanted):
                # Somebody has changed what is stored: nothing that was read of it holds.
                self.forget()
                raise Unavailable.of("unavailable", detail="ClickHouse")

    def _book(self, pair: Pair) -> Book:
        book = self._books.get(pair)
        if book is not None:
            self._follow(pair, book)
        if book is None or book.lacks(self._bounds) > _MOST_NEWS:
            book = self._books[pair] = Book()
        self._books.move_to_end(pair)
        return book

    def _follow(self, pair: Pair, book: Book) -> None:
        for partition in range(len(book.read_to)):
            while (said := self._recent.get((partition, book.read_to[partition]))) is not None:
                reports = [one for one in said.reports or () if (one.form, one.period) == pair]
                book.follow(partition, said.position, reports)

    async def _read(self, behind: Mapping[Pair, Book]) -> None:
        before = self._bounds
        unread = [pair for pair, book in behind.items() if not book.read_to]
        since = {pair: book.read_to for pair, book in behind.items() if book.read_to}
        rows = [
            *(await self._reads.all_messages(unread, before) if unread else ()),
            *(await self._reads.new_messages(since, before) if since else ()),
        ]
        # Nothing is awaited from here on: a book is never half read.
        for pair, unit, message in rows:
            behind[pair].add(unit, message)
            if pair in since:
                self._news.add((*pair, unit))
        for book in behind.values():
            book.read_to = [max(pair) for pair in zip_longest(before, book.read_to, fillvalue=0)]

    def _shrink(self, least: int) -> None:
        held = sum(book.bytes for book in self._books.values())
        while held > self._most_bytes and len(self._books) > least:
            held -= self._books.popitem(last=False)[1].bytes


def _below(messages: Sequence[Message], bounds: Sequence[int]) -> Sequence[Message]:
    if not messages or _is_below(messages[-1], bounds):
        return messages
    return [one for one in messages if _is_below(one, bounds)]


def _is_below(message: Message, bounds: Sequence[int]) -> bool:
    return message.partition < len(bounds) and message.position < bounds[message.partition]


def _course(unit: str, messages: Sequence[Message]) -> Course:
    steps = [(one.known_at, one.decision == Decision.ACCEPTED) for one in messages if one.revises]
    return Course(unit, _place(messages), steps)


def _place(messages: Sequence[Message]) -> tuple[str, ...]:
    """It counts where the newest tree placed it, and among messages of one tree the last (chitieu.domain.rollup)."""
    placing = [one for one in messages if one.decision != Decision.RETRACTED]
    return max(placing, key=lambda one: (one.release, one.position)).path if placing else ()


def _size(said: Change | None) -> int:
    return 0 if said is None else 1 + len(said.reports or ())


def _message(partition: int, step: Step) -> Message:
    known_at = appended_at(step.known_ms)
    found = Message(partition, step.position, step.decision, step.release, step.path, known_at)
    if found.revises:
        found.said = _revision(known_at, step.packed, step.states, step.reason)
    return found


def _revision(known_at: datetime, packed: bytes, states: bytes, reason: str = "") -> Revision:
    return said(known_at, memoryview(packed).cast("q"), states, reason)


def _bytes(revision: Revision | None) -> int:
    return 0 if revision is None else _SAID_BYTES + _VALUE_BYTES * len(revision.values)
