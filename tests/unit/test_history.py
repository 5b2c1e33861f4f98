"""Histories of reports: whatever was read before, they say what all messages below the positions asked say."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.adapters.clickhouse.cells import Pair
from chitieu.contracts.events import Change, Moved, Step, Stood, pack
from chitieu.domain.correction import Course, ReportKey, Revision
from chitieu.domain.errors import Unavailable
from chitieu.domain.rollup import Decision
from services.api import history
from services.api.history import Histories, Message

PAIRS: list[Pair] = [("xa", "2023"), ("xa", "2024")]
NATION, NORTH, SOUTH = "0", "N", "S"
UNITS = ["a", "b", "c", "d"]
BEGAN = datetime(2024, 12, 1, tzinfo=UTC)
DECISIONS = [Decision.ACCEPTED, Decision.RETRACTED, Decision.MOVED]

Row = tuple[Pair, str, Message]


def partition_of(unit: str) -> int:
    return UNITS.index(unit) % 2


@dataclass
class Stored:
    """What a database answers that holds these rows, some of them twice. `read`: what was asked for, and how much."""

    rows: list[Row] = field(default_factory=list)
    database: str = "figures"
    read: list[tuple[str, int]] = field(default_factory=list)
    away: bool = False

    async def all_messages(self, pairs: Iterable[Pair], before: Sequence[int]) -> list[Row]:
        some = set(pairs)
        return await self._found("messages", [one for one in self.below(before) if one[0] in some], spoken=False)

    async def new_messages(self, since: Mapping[Pair, Sequence[int]], before: Sequence[int]) -> list[Row]:
        def new(one: Row) -> bool:
            bound = since[one[0]]
            return one[2].position >= (bound[one[2].partition] if one[2].partition < len(bound) else 0)

        return await self._found("news", [one for one in self.below(before) if one[0] in since and new(one)], True)

    async def revisions(
        self, reports: Iterable[ReportKey], before: Sequence[int]
    ) -> Mapping[ReportKey, Mapping[int, Revision]]:
        wanted = set(reports)
        rows = [one for one in self.below(before) if (*one[0], one[1]) in wanted and one[2].revises]
        found: dict[ReportKey, dict[int, Revision]] = {key: {} for key in wanted}
        for pair, unit, message in await self._found("revisions", rows, True):
            assert message.said is not None
            found[(*pair, unit)][message.position] = message.said
        return found

    def below(self, bounds: Sequence[int]) -> list[Row]:
        return [
            one for one in self.rows if one[2].partition < len(bounds) and one[2].position < bounds[one[2].partition]
        ]

    async def _found(self, what: str, rows: list[Row], spoken: bool) -> list[Row]:
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable.of("unavailable", detail="ClickHouse")
        self.read.append((what, len(rows)))
        return [(pair, unit, replace(one) if spoken else replace(one, said=None)) for pair, unit, one in rows]

    # The oracle

    def courses(self, pair: Pair, areas: set[str], bounds: Sequence[int]) -> dict[str, Course]:
        found = {}
        for unit in UNITS:
            every = [one for key, whose, one in self.below(bounds) if (key, whose) == (pair, unit)]
            placing = [(one.release, one.position, one.path) for one in every if one.decision != Decision.RETRACTED]
            path = max(placing)[2] if placing else ()
            steps = [(one.known_at, one.decision == Decision.ACCEPTED) for one in every if one.revises]
            if every and (not areas or areas & set(path)):
                found[unit] = Course(unit, path, steps)
        return found

    def said(self, pair: Pair, unit: str, bounds: Sequence[int]) -> list[tuple[datetime, list[int], str]]:
        return [
            (one.known_at, list(one.said.values), one.said.reason)
            for key, whose, one in self.below(bounds)
            if (key, whose) == (pair, unit) and one.revises and one.said is not None
        ]


@st.composite
def logs(draw: st.DrawFn) -> list[Row]:
    rows: list[Row] = []
    next_ = [0, 0]
    for hour in range(draw(st.integers(0, 25))):
        unit, decision = draw(st.sampled_from(UNITS)), draw(st.sampled_from(DECISIONS))
        partition = partition_of(unit)
        next_[partition] += draw(st.integers(1, 3))  # others' messages lie between
        known_at = BEGAN + timedelta(hours=hour)
        path = (NATION, draw(st.sampled_from([NORTH, SOUTH])), unit)
        said = Revision(known_at, *_said(decision, hour))
        message = Message(partition, next_[partition] - 1, decision, draw(st.integers(1, 3)), path, known_at, said)
        rows.append((draw(st.sampled_from(PAIRS)), unit, message))
    return rows


def _said(decision: Decision, hour: int) -> tuple[list[int], list[int], str]:
    """Only who takes a report back says why."""
    accepted, retracted = decision == Decision.ACCEPTED, decision == Decision.RETRACTED
    return [hour] if accepted else [], [1] if accepted else [], f"reason {hour}" if retracted else ""


def announced(log: Sequence[Row], cuts: Iterable[int]) -> list[Change]:
    """All of it, each partition in flushes that end at some positions."""
    ends = sorted({*cuts, 80})
    flushes = ((partition, *span) for partition in (0, 1) for span in zip([0, *ends], ends, strict=False))
    return [_announced(log, *one) for one in flushes]


def _announced(log: Sequence[Row], partition: int, since: int, end: int) -> Change:
    there = [row for row in log if row[2].partition == partition]
    reports: dict[tuple[Pair, str], list[Message]] = {}
    for pair, unit, one in there:
        if since <= one.position < end:
            reports.setdefault((pair, unit), []).append(one)
    moved = [
        Moved(*pair, unit, _stood(there, pair, unit, since), (), [_step(one) for one in messages])
        for (pair, unit), messages in reports.items()
    ]
    return Change(1, partition, end, 0.0, since=since, reports=moved)


def _stood(rows: Iterable[Row], pair: Pair, unit: str, since: int) -> Stood | None:
    before = [one for key, whose, one in rows if (key, whose) == (pair, unit) and one.revises and one.position < since]
    if not before or before[-1].decision != Decision.ACCEPTED:
        return None
    assert before[-1].said is not None
    return Stood((), pack(before[-1].said.values), bytes(before[-1].said.states))


def _step(one: Message) -> Step:
    assert one.said is not None
    known_ms = round(one.known_at.timestamp() * 1000)
    said = pack(one.said.values), bytes(one.said.states), one.said.reason
    return Step(one.position, one.decision, one.release, one.path, known_ms, *said)


def by_unit(courses: Iterable[Course], areas: set[str]) -> dict[str, Course]:
    return {one.unit: one for one in courses if not areas or areas & set(one.path)}


@given(logs(), st.data())
def test_it_says_what_all_messages_below_the_positions_say(log: list[Row], data: st.DataObject) -> None:
    """Progress grows, and sometimes a question is about an earlier moment; little is kept; the engine may go away.

    Some of it is announced, before it is asked for or after.
    """
    stored = Stored(log)
    histories = Histories(stored, data.draw(st.sampled_from([0, 3_000, 10**9])))
    coming = announced(log, data.draw(st.lists(st.integers(1, 40), max_size=6)))

    async def go() -> None:
        for _ in range(data.draw(st.integers(1, 6))):
            bounds = data.draw(st.lists(st.integers(0, 40), max_size=2))
            pairs = data.draw(st.sets(st.sampled_from(PAIRS), min_size=1))
            areas = data.draw(st.sets(st.sampled_from([NORTH, SOUTH, "a"])))
            stored.away = data.draw(st.booleans())
            if data.draw(st.integers(0, 5)) == 0:
                histories.forget()
            for _ in range(data.draw(st.integers(0, len(coming)))):
                histories.hear(coming.pop(data.draw(st.sampled_from([0, 0, -1]))))
            try:
                books = await histories.upto(bounds, pairs)
                keys = [(*pair, unit) for pair in pairs for unit in UNITS]
                told = await histories.revisions(books, keys, bounds)
            except Unavailable:
                continue
            for pair in pairs:
                found = by_unit(books[pair].courses(areas, [], bounds), areas)
                assert found == stored.courses(pair, areas, bounds)
                for unit in UNITS:
                    said = [(one.known_at, list(one.values), one.reason) for one in told[(*pair, unit)]]
                    assert said == stored.said(pair, unit, bounds)

    asyncio.run(go())


@given(logs(), st.data())
def test_units_of_which_not_all_is_known_are_found_without_looking_at_all(log: list[Row], data: st.DataObject) -> None:
    book, messages = history.Book(), dict[str, list[Message]]()
    for _, unit, message in [one for one in log if one[0] == PAIRS[0]]:
        here = replace(message, said=message.said if data.draw(st.booleans()) else None)
        messages.setdefault(unit, []).append(here)
        book.add(unit, here)
        if data.draw(st.booleans()):
            told = {message.position: message.said} if message.said is not None else {}
            book.tell(unit, told)
        revised = {unit: [one for one in some if one.revises] for unit, some in messages.items()}
        lacking = {unit for unit, some in revised.items() if len(some) > 1 and any(one.said is None for one in some)}
        assert set(book.unsaid()) == lacking


def test_what_is_announced_is_not_read() -> None:
    """Neither the messages, nor what the report said before: the flush tells both."""
    rows = [row("a", 0, Decision.ACCEPTED), row("a", 4, Decision.ACCEPTED), row("a", 8, Decision.RETRACTED)]
    stored = Stored(rows)
    histories = Histories(stored, 10**9)

    async def go() -> None:
        await histories.upto([2], PAIRS[:1])
        for said in announced(rows, [2, 6, 9])[1:3]:
            histories.hear(said)
        books = await histories.upto([9], PAIRS[:1])
        told = await histories.revisions(books, [(*PAIRS[0], "a")], [9])
        assert [(list(one.values), one.reason) for one in told[*PAIRS[0], "a"]] == [
            ([0], ""),
            ([4], ""),
            ([], "reason 8"),
        ]

    asyncio.run(go())
    assert stored.read == [("messages", 1)]


@pytest.mark.parametrize(("most", "read"), [(20, ["messages"]), (19, ["messages", "news"])])
def test_of_what_is_announced_only_so_much_is_kept(most: int, read: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten announcements of a report each. What is missing is read."""
    monkeypatch.setattr(history, "_MOST_RECENT", most)
    rows = [row("a", position, Decision.ACCEPTED) for position in range(12)]
    stored = Stored(rows)
    histories = Histories(stored, 10**9)
    told = announced(rows, range(1, 12))[:12]

    async def go() -> None:
        await histories.upto([2], PAIRS[:1])
        for said in told[2:]:
            histories.hear(said)
        books = await histories.upto([12], PAIRS[:1])
        (course,) = books[PAIRS[0]].courses(set(), [], [12])
        assert len(course.steps) == 12

    asyncio.run(go())
    assert [what for what, _ in stored.read] == read


def row(unit: str, position: int, decision: Decision) -> Row:
    said = Revision(BEGAN, *_said(decision, position))
    return PAIRS[0], unit, Message(partition_of(unit), position, decision, 1, (NATION, NORTH, unit), BEGAN, said)


@given(logs(), st.lists(st.lists(st.integers(0, 40), min_size=2, max_size=2), min_size=2, max_size=5))
def test_questions_at_the_same_time_do_not_mix(log: list[Row], moments: list[list[int]]) -> None:
    stored = Stored(log)
    histories = Histories(stored, 10**9)

    async def one(bounds: Sequence[int]) -> None:
        books = await histories.upto(bounds, PAIRS)
        told = await histories.revisions(books, [(*PAIRS[0], "a")], bounds)
        assert by_unit(books[PAIRS[0]].courses(set(), [], bounds), set()) == stored.courses(PAIRS[0], set(), bounds)
        assert [list(one.values) for one in told[(*PAIRS[0], "a")]] == [
            values for _, values, _ in stored.said(PAIRS[0], "a", bounds)
        ]

    async def go() -> None:
        await asyncio.gather(*map(one, moments))

    asyncio.run(go())


def message(position: int, unit: str = "a") -> Row:
    known_at = BEGAN + timedelta(hours=position)
    path = (NATION, NORTH, unit)
    said = Revision(known_at, [position], [1])
    return PAIRS[0], unit, Message(partition_of(unit), position, Decision.ACCEPTED, 1, path, known_at, said)


def test_only_what_is_new_is_read_and_what_was_read_is_not_read_again() -> None:
    stored = Stored([message(at) for at in range(5)])
    histories = Histories(stored, 10**9)

    async def ask(*bounds: int) -> None:
        books = await histories.upto(bounds, PAIRS[:1])
        await histories.revisions(books, [(*PAIRS[0], "a")], bounds)

    async def go() -> list[tuple[str, int]]:
        for bound in (3, 3, 2, 5):
            await ask(bound)
        return stored.read

    assert asyncio.run(go()) == [("messages", 3), ("revisions", 3), ("news", 2)]


def test_what_is_asked_for_is_read_ahead_with_all_that_was_said_before() -> None:
    stored = Stored([message(at) for at in range(5)])
    histories = Histories(stored, 10**9)

    async def go() -> list[int]:
        await histories.read_ahead([2])
        await histories.upto([2], PAIRS[:1])
        await histories.read_ahead([4])
        read = len(stored.read)
        books = await histories.upto([4], PAIRS[:1])
        told = await histories.revisions(books, [(*PAIRS[0], "a")], [4])
        assert len(stored.read) == read
        # Nobody has asked for it since then but these two.
        await histories.read_ahead([5])
        await histories.read_ahead([6])
        return [one.values[0] for one in told[(*PAIRS[0], "a")]]

    assert asyncio.run(go()) == [0, 1, 2, 3]
    assert stored.read == [("messages", 2), ("news", 2), ("revisions", 4), ("news", 1)]


def test_who_waits_for_others_is_served_by_what_they_read() -> None:
    stored = Stored([message(at) for at in range(5)])
    histories = Histories(stored, 10**9)

    async def go() -> None:
        await histories.upto([1], PAIRS[:1])
        await asyncio.gather(*(histories.upto([bound], PAIRS[:1]) for bound in (2, 3, 4, 5)))

    asyncio.run(go())
    assert stored.read == [("messages", 1), ("news", 1), ("news", 3)]


def test_after_very_many_messages_all_is_read_anew_without_what_they_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_MOST_NEWS", 2)
    stored = Stored([message(at) for at in range(5)])
    histories = Histories(stored, 10**9)

    async def go() -> None:
        for bound in (1, 3, 5, 5):
            await histories.upto([bound], PAIRS[:1])

    asyncio.run(go())
    assert stored.read == [("messages", 1), ("news", 2), ("news", 2)]
    stored.read.clear()
    histories.forget()

    async def far() -> None:
        for bound in (1, 4):
            await histories.upto([bound], PAIRS[:1])

    asyncio.run(far())
    assert stored.read == [("messages", 1), ("messages", 4)]


def test_the_least_recently_used_go_and_another_database_is_another_history() -> None:
    stored = Stored([message(at) for at in range(5)])
    histories = Histories(stored, 0)

    async def go() -> None:
        for pair in (PAIRS[0], PAIRS[0], PAIRS[1], PAIRS[0]):
            await histories.upto([5], [pair])

    asyncio.run(go())
    assert stored.read == [("messages", 5), ("messages", 0), ("messages", 5)]
    stored.read.clear()
    stored.database = "rebuilt"

    async def again() -> None:
        await histories.upto([5], PAIRS[:1])

    asyncio.run(again())
    assert stored.read == [("messages", 5)]


def test_what_is_gone_from_the_database_is_an_error_once_and_then_all_is_read_anew() -> None:
    stored = Stored([message(at) for at in range(3)])
    histories = Histories(stored, 10**9)

    async def ask() -> list[int]:
        books = await histories.upto([3], PAIRS[:1])
        told = await histories.revisions(books, [(*PAIRS[0], "a")], [3])
        return [one.values[0] for one in told[(*PAIRS[0], "a")]]

    async def go() -> list[int]:
        await histories.upto([3], PAIRS[:1])
        stored.rows.pop()
        with pytest.raises(Unavailable):
            await ask()
        return await ask()

    assert asyncio.run(go()) == [0, 1]
