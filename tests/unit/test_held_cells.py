"""Cells held by the api: every answer is of one moment, whatever is written, announced, lost and asked meanwhile."""

import asyncio
import sys
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chitieu.adapters.clickhouse.cells import Own, Pair, Seen, versions_of
from chitieu.contracts.events import Change, Changed, Event, Moved, Step, Stood, decode_change, encode, pack
from chitieu.domain.errors import Unavailable
from chitieu.domain.inquiry import CellKey
from chitieu.domain.rollup import Cell, Decision
from services.api import held as module
from services.api.held import HeldCells
from services.api.queries import Progress, Snapshot
from tests.conftest import PROFILE
from tests.unit import flushed
from tests.unit.logs import long_logs

AREAS = ("nation", "province", "district")


Figures = dict[CellKey, int]


@dataclass(frozen=True)
class Moment:
    """What stood: by key the number of the moment that a total is of, and the own report."""

    totals: Figures = field(default_factory=dict)
    own: Figures = field(default_factory=dict)
    positions: dict[int, int] = field(default_factory=dict)

    def of(self, keys: Iterable[CellKey]) -> Mapping[CellKey, tuple[int, int]]:
        return {
            key: (self.totals.get(key, 0), self.own.get(key, 0)) for key in keys if key in {*self.totals, *self.own}
        }


@dataclass
class Database:
    """Figures as they are flushed. `moments` are all that ever stood."""

    database: str = "one"
    moments: list[Moment] = field(default_factory=lambda: [Moment()])
    reads: list[set[CellKey]] = field(default_factory=list)
    known: list[set[CellKey]] = field(default_factory=list)
    whole: list[set[Pair]] = field(default_factory=list)
    before: Callable[[], Awaitable[None]] | None = None
    after: Callable[[], Awaitable[None]] | None = None

    async def snapshot(
        self,
        keys: Iterable[CellKey],
        known: Mapping[CellKey, Own | None] = MappingProxyType({}),
        whole: Collection[Pair] = (),
    ) -> Snapshot:
        wanted = set(keys)
        self.reads.append(wanted)
        self.known.append(set(known))
        self.whole.append(set(whole))
        if self.before is not None:
            await self.before()
        now = self.moments[-1]
        wanted = wanted.union(key for key in now.totals if key[:2] in whole)
        if self.after is not None:
            await self.after()
        own = {key: (known[key] or (None, 0))[1] if key in known else now.own.get(key, 0) for key in wanted}
        found = Moment(now.totals, {key: at for key, at in own.items() if at}).of(wanted)
        cells = {key: Cell(units=total + 1000 * at) for key, (total, at) in found.items()}
        owned: dict[CellKey, Own] = {key: (None, at) for key, (_, at) in found.items() if at}
        return Snapshot(cells, Progress(dict(now.positions)), versions_of(seen(found)), seen(found), owned)

    def flush(self, *said: Change) -> None:
        """One part: the cells and own reports that these changes name move, and the progress with them."""
        now, number = self.moments[-1], len(self.moments)
        totals = {key: number for one in said for key in named(one.changed)}
        own = {key: number for one in said for key in named(one.revised)}
        positions = {one.partition: one.position for one in said}
        self.moments.append(Moment(now.totals | totals, now.own | own, now.positions | positions))


def named(some: Iterable[Changed]) -> Iterator[CellKey]:
    return ((form, period, area) for form, period, areas in some for area in areas)


def seen(figures: Mapping[CellKey, tuple[int, int]]) -> Mapping[CellKey, Seen]:
    return {key: (((0, total),), own) for key, (total, own) in figures.items()}


def change(partition: int, position: int, *areas: str, more: bool = False, reports: tuple[str, ...] = ()) -> Change:
    """That totals of areas changed, and reports of units."""
    said = [[("form", "2024", list(some))] if some else [] for some in (areas, reports)]
    return Change(1, partition, position, 0.0, said[0], more=more, revised=said[1])


def reset(partition: int, position: int) -> Change:
    return Change(1, partition, position, 0.0, reset=True)


def told(snapshot: Snapshot) -> Mapping[CellKey, tuple[int, int]]:
    return {key: (cell.units % 1000, cell.units // 1000) for key, cell in snapshot.cells.items()}


class World:
    def __init__(self, most: int = 100) -> None:
        self.database = Database()
        self.live = True
        self.held = HeldCells(self.database, lambda: self.live, most)

    def flush(self, *said: Change) -> None:
        """Written and announced at once."""
        self.database.flush(*said)
        self.hear(*said)

    def hear(self, *said: Change) -> None:
        for one in said:
            self.held.hear(0, one)

    async def ask(self, *areas: str) -> Mapping[str, int]:
        snapshot = await self.held.snapshot([("form", "2024", area) for area in areas or AREAS])
        return {key[2]: sum(one) for key, one in told(snapshot).items()}

    @property
    def reads(self) -> list[set[str]]:
        return [{key[2] for key in keys} for keys in self.database.reads]


def run(scene: Callable[[World], Coroutine[None, None, None]], most: int = 100) -> World:
    world = World(most)
    asyncio.run(asyncio.wait_for(scene(world), 10))
    return world


# Everything at once


@dataclass(frozen=True)
class Act:
    """What comes next: a flush, the next announcement, a question, a breath, or that nothing held may stand."""

    kind: str
    areas: tuple[str, ...] = ()
    number: int = 0


_areas = st.lists(st.sampled_from(flushed.AREAS), min_size=1, max_size=4, unique=True).map(tuple)
_flushes = st.builds(Act, st.sampled_from(["flush", "flush", "flush", "flush_large"]), number=st.integers(1, 3))
_announcements = st.builds(Act, st.just("announce"))
_questions = st.builds(Act, st.just("ask"), _areas)
_breaths = st.builds(Act, st.just("breathe"), number=st.integers(1, 6))
_disasters = st.builds(Act, st.sampled_from(["die", "lose", "switch", "follow"]))
# Most of what is flushed is announced, and asked for before and after.
scripts = st.lists(
    st.one_of(
        st.tuples(_flushes, _announcements, _announcements, _questions),
        st.tuples(_flushes, _announcements, _breaths, _questions),
        st.tuples(st.one_of(_flushes, _announcements, _questions, _breaths, _disasters)),
    ),
    min_size=8,
    max_size=20,
).map(lambda some: [step for steps in some for step in steps])


@dataclass
class Reading:
    """What the api's reads would answer. `before` and `after`: whatever can wait does."""

    written: flushed.Database
    pause: Callable[[], Awaitable[None]]
    database: str = "one"
    read: int = 0

    async def snapshot(
        self,
        keys: Iterable[CellKey],
        known: Mapping[CellKey, Own | None] = MappingProxyType({}),
        whole: Collection[Pair] = (),
    ) -> Snapshot:
        self.read += 1
        await self.pause()
        found = self.written.snapshot(set(keys), dict(self.written.progress), known, whole)
        await self.pause()
        return found


class Play:
    """A script on a stage where whatever can wait does. `announced`: by partition, up to where all was heard."""

    def __init__(self, log: Sequence[Event], breaths: Iterator[int]) -> None:
        self._breaths = breaths
        self._log = flushed.Log(log)
        self._database = flushed.Database()
        self._reads = Reading(self._database, self._pause)
        self._live = True
        self._held = HeldCells(self._reads, lambda: self._live, 2 * len(flushed.AREAS))
        self._waiting: dict[int, deque[Change]] = defaultdict(deque)
        self._announced: dict[int, int] = {}

    async def run(self, script: Iterable[Act]) -> None:
        asked, ahead = [], asyncio.create_task(self._read_ahead())
        for step in script:
            if step.kind == "ask":
                asked.append(asyncio.create_task(self._ask(step.areas)))
            elif step.kind == "breathe":
                await self._pause(step.number)
            else:
                getattr(self, f"_{step.kind}")(step)
        await asyncio.gather(*asked)
        ahead.cancel()
        event(f"read {self._reads.read} times for {len(asked)} questions")

    async def _pause(self, breaths: int | None = None) -> None:
        for _ in range(next(self._breaths, 0) if breaths is None else breaths):
            await asyncio.sleep(0)

    async def _ask(self, areas: tuple[str, ...]) -> None:
        keys = [(flushed.FORM, period, area) for period in flushed.PERIODS for area in areas]
        since = dict(self._announced)
        found = await self._held.snapshot(keys)
        at, written = found.progress.positions, self._database.progress
        assert all(at.get(partition, 0) >= heard for partition, heard in since.items())
        assert all(written[partition] >= position for partition, position in at.items())
        expected = self._database.snapshot(keys, at)
        assert flushed.normal(found.cells) == flushed.normal(expected.cells)
        assert found.seen == expected.seen
        assert found.versions == expected.versions
        assert found.progress == expected.progress

    async def _read_ahead(self) -> None:
        while True:
            await self._held.read_ahead()

    def _flush(self, step: Act, large: bool = False) -> None:
        if self._log.take(step.number):
            for partition, said in self._database.write(self._log.fold, large).items():
                self._waiting[partition].extend(said)

    def _flush_large(self, step: Act) -> None:
        self._flush(step, large=True)

    def _announce(self, _: Act) -> None:
        """Of partitions in turn: they are announced side by side."""
        for partition in sorted(self._waiting, key=lambda one: self._announced.get(one, 0)):
            if self._waiting[partition]:
                said = self._waiting[partition].popleft()
                self._held.hear(0, decode(said))
                if not said.more:
                    self._announced[partition] = said.position
                return

    def _die(self, _: Act) -> None:
        """What was not announced never is; whoever takes over says that something may be missing."""
        self._waiting.clear()
        for partition, position in self._database.progress.items():
            self._held.hear(0, Change(1, partition, position, 0.0, reset=True))
        self._announced = dict(self._database.progress)

    def _lose(self, _: Act) -> None:
        self._waiting.clear()
        self._held.lost()
        self._announced = dict(self._database.progress)

    def _switch(self, _: Act) -> None:
        self._reads.database += "'"

    def _follow(self, _: Act) -> None:
        self._live = not self._live


def decode(said: Change) -> Change:
    """As it comes from the topic."""
    found = decode_change(encode(said))
    assert isinstance(found, Change)
    return found


@settings(max_examples=250 if PROFILE == "short" else 20_000, deadline=None)
@given(long_logs, scripts, st.lists(st.integers(0, 4), max_size=60))
def test_every_answer_is_of_one_moment_and_no_older_than_what_was_announced(
    log: list[Event], script: list[Act], breaths: list[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_HEARD_SECONDS", 0.0005)
        patch.setattr(module, "_AHEAD_SECONDS", 0.0)
        asyncio.run(Play(log, iter(breaths)).run(script))


# One thing at a time


def test_what_nothing_has_changed_is_not_read_again() -> None:
    async def scene(world: World) -> None:
        world.flush(change(0, 1, "nation", "province"))
        assert await world.ask() == await world.ask() == {"nation": 1, "province": 1}
        world.flush(change(0, 2, "elsewhere"))
        assert await world.ask() == {"nation": 1, "province": 1}

    assert run(scene).reads == [{*AREAS}]


def test_a_form_and_period_asked_about_here_and_there_is_read_whole() -> None:
    async def scene(world: World) -> None:
        world.flush(change(0, 1, "nation", "province", "district", "other"))
        for area in ("nation", "province", "district"):
            await world.ask(area)
        world.flush(change(0, 2, "nation"))
        assert await world.ask("other", "province", "district") == {"other": 1, "province": 1, "district": 1}
        assert await world.ask("nation") == {"nation": 2}
        for area in ("elsewhere", "anywhere", "nowhere"):
            assert await world.ask(area) == {}

    # The third reading brought "other" along; what changes afterwards is let go, as ever, and read alone.
    world = run(scene)
    assert world.reads[:4] == [{"nation"}, {"province"}, {"district"}, {"nation"}]
    assert world.database.whole == [set(), set(), {("form", "2024")}, *[set()] * 4]


@pytest.mark.parametrize(
    "happens", [lambda world: world.held.lost(), lambda world: setattr(world.database, "database", "two")]
)
def test_it_is_read_whole_again_once_nothing_is_held(happens: Callable[[World], None]) -> None:
    async def scene(world: World) -> None:
        world.flush(change(0, 1, "nation", "province", "district", "other"))
        for _ in range(2):
            for area in ("nation", "province", "district"):
                await world.ask(area)
            happens(world)

    assert run(scene).database.whole == [set(), set(), {("form", "2024")}] * 2


def test_only_what_was_changed_is_read_again() -> None:
    async def scene(world: World) -> None:
        await world.ask()
        world.flush(change(0, 1, "district"))
        assert await world.ask() == {"district": 1}

    assert run(scene).reads == [{*AREAS}, {"district"}]


def test_what_an_area_reported_itself_is_read_again_only_if_that_was_changed() -> None:
    async def scene(world: World) -> None:
        world.flush(change(0, 1, "nation", reports=("province",)))
        assert await world.ask("nation", "province") == {"nation": 1, "province": 1}
        world.flush(change(0, 2, "nation", "province"))
        assert await world.ask("nation", "province") == {"nation": 2, "province": 3}
        world.flush(change(0, 3, "province", reports=("province",)))
        assert await world.ask("nation", "province") == {"nation": 2, "province": 6}

    world = run(scene)
    assert world.reads == [{"nation", "province"}, {"nation", "province"}, {"province"}]
    assert [{key[2] for key in keys} for keys in world.database.known] == [set(), {"nation", "province"}, set()]


def test_a_report_that_is_changed_while_a_total_is_read_is_read_again() -> None:
    async def scene(world: World) -> None:
        async def meanwhile() -> None:
            if len(world.database.moments) == 3:
                world.flush(change(0, 3, reports=("province",)))

        world.flush(change(0, 1, reports=("province",)))
        await world.ask("province")
        world.flush(change(0, 2, "province"))
        world.database.before = meanwhile
        assert await world.ask("province") == {"province": 5}

    assert run(scene).reads == [{"province"}] * 3


@pytest.mark.parametrize("asked", [("province",), ("nation", "province")])
def test_nothing_of_a_report_is_known_once_an_announcement_is_missing(asked: tuple[str, ...]) -> None:
    async def scene(world: World) -> None:
        world.flush(change(0, 1, reports=("province",)))
        await world.ask(*asked)
        world.flush(change(0, 2, "province"))
        world.database.flush(change(0, 3, reports=("province",)))
        assert await world.ask("province") == {"province": 5}

    assert run(scene).reads == [{*asked}, {"province"}, {"province"}]


def test_what_was_asked_for_since_it_was_read_is_read_ahead_once_it_changes() -> None:
    async def scene(world: World) -> None:
        await world.ask("nation", "province")
        await world.ask("nation")
        ahead = asyncio.create_task(world.held.read_ahead())
        world.flush(change(0, 1, "nation"))
        world.flush(change(0, 2, "elsewhere"))
        assert (await ahead).positions == {0: 2}
        assert await world.ask("nation", "province") == {"nation": 1}
        # Once more, nobody has asked for it.
        world.flush(change(0, 3, "nation"))
        await world.held.read_ahead()
        ahead = asyncio.create_task(world.held.read_ahead())
        world.flush(change(0, 4, "nation"))
        await asyncio.sleep(0.01)
        assert not ahead.done()
        ahead.cancel()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_AHEAD_SECONDS", 0.0)
        assert run(scene).reads == [{"nation", "province"}, {"nation"}, {"nation"}]


def moved(*path: str, before: int | None = None, now: int | None = None, unit: str = "commune") -> Moved:
    """A report of one number that counts in some areas, and did before, if it did."""
    said = b"" if now is None else pack([now])
    decision = Decision.RETRACTED if now is None else Decision.ACCEPTED
    step = Step(0, decision, 1, (*path, unit), 1000, said, b"\x01"[: len(said)], "")
    stood = None if before is None else Stood(path, pack([before]), b"\x01")
    return Moved("form", "2024", unit, stood, None if now is None else path, [step])


def test_what_moved_is_followed_and_not_read_again() -> None:
    async def scene(world: World) -> None:
        world.database.flush(change(0, 1, *AREAS))
        await world.ask()
        told = [moved(*AREAS, before=4, now=7), moved("nation", now=10, unit="other")]
        world.hear(replace(change(0, 3, *AREAS), since=1, known_ms=2000, reports=told))
        found = await world.held.snapshot([("form", "2024", area) for area in AREAS])
        assert [found.cells["form", "2024", area].sums for area in AREAS] == [[13], [3], [3]]
        assert (found.progress.positions, found.progress.known_at) == (
            {0: 3},
            datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC),
        )

    assert run(scene).reads == [{*AREAS}]


def test_what_was_heard_is_not_kept() -> None:
    async def scene(world: World) -> None:
        world.database.flush(change(0, 1, *AREAS))
        await world.ask()
        said = replace(change(0, 2, *AREAS), since=1, reports=[moved("nation", now=1)])
        before = sys.getrefcount(said)
        world.hear(said)
        assert sys.getrefcount(said) == before

    run(scene)


@pytest.mark.parametrize(("since", "reads"), [(0, {"nation"}), (1, set()), (2, {*AREAS})])
def test_what_begins_elsewhere_than_where_the_cells_stand_is_read_again(since: int, reads: set[str]) -> None:
    """Two workers may cut the log differently. Where something is missing in between, nothing that is held stands."""

    async def scene(world: World) -> None:
        world.database.flush(change(0, 1, *AREAS))
        await world.ask()
        world.database.flush(change(0, 3, "nation"))
        world.hear(replace(change(0, 3, "nation"), since=since, reports=[moved("nation", now=1)]))
        await world.ask()

    assert run(scene).reads == [{*AREAS}, *([reads] if reads else [])]


def test_a_change_that_a_reading_has_seen_already_is_no_reason_to_read_again() -> None:
    async def scene(world: World) -> None:
        world.database.flush(change(0, 1, "district"))
        await world.ask()
        world.hear(change(0, 1, "district"))
        assert await world.ask() == {"district": 1}

    assert run(scene).reads == [{*AREAS}]


def test_what_is_read_ahead_of_its_announcement_waits_for_it() -> None:
    async def scene(world: World) -> None:
        await world.ask("nation")
        world.database.flush(change(0, 1, "nation", "province"))
        asked = asyncio.create_task(world.ask("nation", "province"))
        await asyncio.sleep(0.05)
        assert not asked.done()
        world.hear(change(0, 1, "nation", more=True))
        await asyncio.sleep(0.01)
        assert not asked.done()
        world.hear(change(0, 1, "province"))
        assert await asked == {"nation": 1, "province": 1}

    assert run(scene).reads == [{"nation"}, {"province"}, {"nation"}]


def test_nobody_waits_long_for_an_announcement_that_never_comes() -> None:
    async def scene(world: World) -> None:
        await world.ask("nation")
        world.database.flush(change(0, 1, *AREAS))
        assert await world.ask("nation", "province") == {"nation": 1, "province": 1}
        assert await world.ask("nation", "province") == {"nation": 1, "province": 1}

    assert run(scene).reads == [{"nation"}, {"province"}, {"nation"}]


def test_the_progress_is_that_of_the_newest_reading() -> None:
    async def scene(world: World) -> None:
        await world.ask("nation")
        world.flush(change(1, 7, "province"))
        snapshot = await world.held.snapshot([("form", "2024", "nation"), ("form", "2024", "province")])
        assert snapshot.progress.positions == {1: 7}

    assert run(scene).reads == [{"nation"}, {"province"}]


@pytest.mark.parametrize(
    "happens",
    [
        lambda world: world.hear(change(0, 1, "nation")),
        lambda world: world.held.lost(),
        lambda world: setattr(world.database, "database", "two"),
    ],
)
def test_what_changes_while_it_is_read_is_read_again(happens: Callable[[World], None]) -> None:
    async def scene(world: World) -> None:
        async def meanwhile() -> None:
            if len(world.database.moments) == 1:
                world.database.flush(change(0, 1, "nation"))
                happens(world)

        world.database.after = meanwhile
        assert await world.ask("nation") == {"nation": 1}

    assert run(scene).reads == [{"nation"}] * 2


def test_what_was_read_of_another_database_is_not_held() -> None:
    async def scene(world: World) -> None:
        others = []

        async def meanwhile() -> None:
            if world.database.database == "one":
                world.database.database = "two"
                world.database.flush(change(0, 1, "nation"))
                # Who asks the other database comes before what was read of the first is there.
                others.append(asyncio.create_task(world.ask("province")))
                await asyncio.sleep(0)

        world.database.after = meanwhile
        assert await world.ask("nation") == {"nation": 1}
        await asyncio.gather(*others)

    run(scene)


def test_a_log_that_goes_on_from_an_earlier_place_is_heard_from_there() -> None:
    async def scene(world: World) -> None:
        world.flush(change(0, 9, "nation"))
        world.database.flush(change(0, 3, "nation"))
        world.hear(reset(0, 3))
        assert await world.ask("nation") == {"nation": 2}
        world.database.flush(change(0, 4, "nation", "province"))
        assert await world.ask("nation", "province") == {"nation": 3, "province": 3}

    run(scene)


def test_those_who_ask_while_others_read_are_served_together_by_the_next_reading() -> None:
    async def scene(world: World) -> None:
        world.database.after = lambda: asyncio.sleep(0.01)
        first = asyncio.create_task(world.ask("nation"))
        await asyncio.sleep(0.002)
        await asyncio.gather(first, world.ask("province"), world.ask("district"), world.ask("nation", "district"))

    assert run(scene).reads == [{"nation"}, {"province", "district"}]


def test_an_error_reaches_all_who_waited_for_the_reading_and_nobody_after() -> None:
    async def away() -> None:
        await asyncio.sleep(0.002)
        raise Unavailable.of("unavailable", detail="ClickHouse")

    async def scene(world: World) -> None:
        world.database.before = away
        found = await asyncio.gather(world.ask("nation"), world.ask("province"), return_exceptions=True)
        assert [type(one) for one in found] == [Unavailable, Unavailable]
        world.database.before = None
        assert await world.ask() == {}

    assert run(scene).reads == [{"nation", "province"}, {*AREAS}]


def test_one_who_goes_away_takes_nothing_from_those_who_wait_for_the_same() -> None:
    async def scene(world: World) -> None:
        world.database.after = lambda: asyncio.sleep(0.01)
        gone = asyncio.create_task(world.ask("nation"))
        stays = asyncio.create_task(world.ask("nation"))
        await asyncio.sleep(0.002)
        gone.cancel()
        assert await stays == {}

    assert run(scene).reads == [{"nation"}]


@pytest.mark.parametrize(
    "happens",
    [
        lambda world: world.hear(reset(0, 0)),
        lambda world: world.held.lost(),
        lambda world: setattr(world, "live", False),
        lambda world: setattr(world.database, "database", "two"),
    ],
)
def test_nothing_is_held_beyond_what_can_be_told(happens: Callable[[World], None]) -> None:
    async def scene(world: World) -> None:
        await world.ask()
        happens(world)
        await world.ask()

    assert run(scene).reads == [{*AREAS}] * 2


def test_the_least_recently_used_go_first() -> None:
    async def scene(world: World) -> None:
        for area in ("nation", "province", "nation", "district", "nation", "province"):
            await world.ask(area)
        assert len(world.held) == 2

    assert run(scene, most=2).reads == [{"nation"}, {"province"}, {"district"}, {"province"}]


def test_more_than_there_is_room_for_is_read() -> None:
    async def scene(world: World) -> None:
        await world.ask()
        await world.ask()

    assert run(scene, most=2).reads == [{*AREAS}] * 2
