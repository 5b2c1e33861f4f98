"""Reports as they stood at a moment: the same, whether their histories are at hand or they are read."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chitieu.contracts.events import Change
from chitieu.domain.rollup import Decision
from services.api.history import Histories
from services.api.moments import Moments
from services.api.queries import Progress, Standing
from tests.unit.test_history import BEGAN, NORTH, PAIRS, SOUTH, UNITS, Row, Stored, logs

FORMS, PERIODS = ["xa"], ["2023", "2024"]
ALL = [40, 40]


@dataclass
class Read(Stored):
    """And what it answers about moments. `over`: what its progress at a moment is will never change."""

    over: bool = True
    asked: list[object] = field(default_factory=list)

    async def progress(self) -> Progress:
        return Progress(dict(enumerate(ALL)))

    async def progress_at(self, until: datetime) -> tuple[Progress, bool]:
        self.asked.append(until)
        ends = [0, 0]
        for _, _, one in self.rows:
            if one.known_at <= until:
                ends[one.partition] = max(ends[one.partition], one.position + 1)
        return Progress(dict(enumerate(ends))), self.over

    async def standing(
        self,
        forms: Iterable[str],
        periods: Iterable[str],
        areas: Iterable[str],
        units: Iterable[str],
        until: datetime | None,
        progress: Progress,
    ) -> list[Standing]:
        self.asked.append("standing")
        pairs = {(form, period) for form in forms for period in periods}
        found = []
        for pair in pairs:
            for unit in UNITS:
                every = [row for row in self.below(progress.bounds) if row[:2] == (pair, unit)]
                found += _stood([row for row in every if until is None or row[2].known_at <= until])
        near, beside = set(areas), set(units)
        return [one for one in found if not near or one.unit in beside or near & set(one.path)]


def _stood(rows: Sequence[Row]) -> list[Standing]:
    """What the messages about one report come to."""
    revisions = [one for _, _, one in rows if one.revises]
    if not revisions or revisions[-1].decision != Decision.ACCEPTED:
        return []
    (pair, unit, last), said = rows[-1], revisions[-1].said
    assert last.known_at >= revisions[-1].known_at and said is not None
    placing = [(one.release, one.position, one.path) for _, _, one in rows if one.decision != Decision.RETRACTED]
    known_at = revisions[-1].known_at
    return [Standing(*pair, unit, max(placing)[2], len(revisions), said.values, said.states, known_at)]


def told(found: Iterable[Standing]) -> list[tuple[object, ...]]:
    return sorted(
        (one.form, one.period, one.unit, one.path, one.revision, *one.values, *one.states, one.known_at)
        for one in found
    )


@given(logs(), st.data())
def test_it_does_not_matter_what_is_at_hand(log: list[Row], data: st.DataObject) -> None:
    stored = Read(log, over=data.draw(st.booleans()))
    histories = Histories(stored, 10**9)
    moments = Moments(stored, histories)

    async def go() -> None:
        for _ in range(data.draw(st.integers(1, 4))):
            await histories.upto(
                data.draw(st.sampled_from([ALL, [20, 10]])), data.draw(st.sets(st.sampled_from(PAIRS)))
            )
            until = data.draw(st.none() | st.integers(-1, 26).map(lambda hour: BEGAN + timedelta(hours=hour)))
            areas = data.draw(st.sets(st.sampled_from([NORTH, SOUTH, "a"])))
            units = data.draw(st.sets(st.sampled_from(UNITS)))
            found, progress = await moments.standing(FORMS, PERIODS, areas, until, units)
            assert progress == (await stored.progress() if until is None else (await stored.progress_at(until))[0])
            assert told(found) == told(await stored.standing(FORMS, PERIODS, areas, units, until, progress))
            held = Progress({0: data.draw(st.integers(0, 40)), 1: 40})
            found, progress = await moments.standing(FORMS, PERIODS, areas, until, units, held)
            assert progress == held
            assert told(found) == told(await stored.standing(FORMS, PERIODS, areas, units, until, held))

    asyncio.run(go())


def test_all_is_of_one_database_even_if_it_is_rebuilt_meanwhile() -> None:
    class Rebuilt(Read):
        async def progress(self) -> Progress:
            self.asked.append(self.database)
            self.database = "rebuilt"
            return await super().progress()

    stored = Rebuilt([])
    asyncio.run(Moments(stored, Histories(stored, 10**9)).standing(FORMS, PERIODS))
    assert stored.asked == ["figures", "standing", "rebuilt", "standing"]


def test_what_is_at_hand_is_not_read_and_what_is_over_is_asked_for_once() -> None:
    noon = datetime(2024, 12, 1, 12, tzinfo=UTC)
    stored = Read([])
    histories = Histories(stored, 10**9)
    moments = Moments(stored, histories)

    async def ask() -> list[object]:
        stored.asked.clear()
        await moments.standing(FORMS, PERIODS, {NORTH}, noon)
        return list(stored.asked)

    async def go() -> None:
        assert await ask() == [noon, "standing"]
        assert await ask() == ["standing"]
        await histories.upto(ALL, PAIRS)
        assert await ask() == []
        moments.hear(0, Change(1, 0, 3, 0.0))
        assert await ask() == []
        moments.hear(0, Change(1, 0, 3, 0.0, reset=True))
        assert await ask() == [noon]
        stored.database, stored.over = "rebuilt", False
        assert await ask() == [noon, "standing"]
        assert await ask() == [noon, "standing"]

    asyncio.run(go())
