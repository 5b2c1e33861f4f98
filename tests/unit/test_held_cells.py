"""Cells held by the api: every answer is of one moment, whatever is written, announced, lost and asked meanwhile."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from chitieu.adapters.clickhouse.cells import Own, Seen, versions_of
from chitieu.contracts.events import Change, Changed
from chitieu.domain.errors import Unavailable
from chitieu.domain.inquiry import CellKey
from chitieu.domain.rollup import Cell
from services.api import held as module
from services.api.held import HeldCells
from services.api.queries import Progress, Snapshot
from tests.conftest import PROFILE

AREAS = ("nation", "province", "district")
PARTITIONS = 2


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
    before: Callable[[], Awaitable[None]] | None = None
    after: Callable[[], Awaitable[None]] | None = None

    async def snapshot(
        self, keys: Iterable[CellKey], known: Mapping[CellKey, Own | None] = MappingProxyType({})
    ) -> Snapshot:
        wanted = set(keys)
        self.reads.append(wanted)
        self.known.append(set(known))
        if self.before is not None:
            await self.before()
        now = self.moments[-1]
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
class Step:
    """What comes next: a flush, the next announcement, a question, a breath, or that nothing held may stand."""

    kind: str
    areas: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    partitions: tuple[int, ...] = ()
    breaths: int = 0


_some = st.lists(st.sampled_from(AREAS), max_size=3, unique=True).map(tuple)
_areas = _some.filter(bool)
scripts = st.lists(
    st.one_of(
        st.builds(Step, st.just("flush"), _some, _some, st.sampled_from([(0,), (1,), (0, 1)])),
        st.builds(Step, st.sampled_from(["announce", "announce", "ask", "ask", "ask"]), _areas),
        st.builds(Step, st.just("breathe"), breaths=st.integers(1, 6)),
        st.builds(Step, st.sampled_from(["ask", "ask", "announce", "die", "lose", "switch", "follow"]), _areas),
    ),
    min_size=5,
    max_size=40,
)


@dataclass
class Play:
    """A script on a stage where whatever can wait does. `announced`: the newest moment of which all was heard."""

    breaths: Iterator[int]
    world: World = field(default_factory=lambda: World(most=len(AREAS)))
    waiting: deque[tuple[int, Change]] = field(default_factory=deque)
    ends: list[int] = field(default_factory=lambda: [0] * PARTITIONS)
    announced: int = 0

    async def run(self, script: Iterable[Step]) -> None:
        self.world.database.before = self.world.database.after = self.pause
        asked, ahead = [], asyncio.create_task(self.read_ahead())
        for step in script:
            if step.kind == "ask":
                asked.append(asyncio.create_task(self.ask(step.areas)))
            elif step.kind == "breathe":
                await self.pause(step.breaths)
            else:
                getattr(self, step.kind)(step)
        await asyncio.gather(*asked)
        ahead.cancel()
        event(f"read {len(self.world.database.reads)} times for {len(asked)} questions")

    async def pause(self, breaths: int | None = None) -> None:
        for _ in range(next(self.breaths, 0) if breaths is None else breaths):
            await asyncio.sleep(0)

    async def ask(self, areas: tuple[str, ...]) -> None:
        keys, since, moments = [("form", "2024", area) for area in areas], self.announced, self.world.database.moments
        found = await self.world.held.snapshot(keys)
        assert (told(found), found.progress.positions) in [(one.of(keys), one.positions) for one in moments]
        assert told(found) in [one.of(keys) for one in moments[since:]]
        assert found.versions == versions_of(seen(told(found)))

    async def read_ahead(self) -> None:
        while True:
            await self.world.held.read_ahead()

    def flush(self, step: Step) -> None:
        """In several pieces for each partition, as one is announced that changed much."""
        for partition in step.partitions:
            self.ends[partition] += 1
        every = [change(one, self.ends[one], *step.areas, reports=step.reports) for one in step.partitions]
        self.world.database.flush(*every)
        for said in every:
            for area in step.areas:
                self.waiting.append((0, change(said.partition, said.position, area, more=True)))
            done = 0 if said is not every[-1] else len(self.world.database.moments) - 1
            self.waiting.append((done, change(said.partition, said.position, reports=step.reports)))

    def announce(self, _: Step) -> None:
        if self.waiting:
            done, said = self.waiting.popleft()
            self.world.hear(said)
            self.announced = max(self.announced, done)

    def die(self, _: Step) -> None:
        """What was not announced never is; whoever takes over says that something may be missing."""
        self.waiting.clear()
        self.world.hear(*(reset(one, self.ends[one]) for one in range(PARTITIONS)))
        self.announced = len(self.world.database.moments) - 1

    def lose(self, _: Step) -> None:
        self.waiting.clear()
        self.world.held.lost()
        self.announced = len(self.world.database.moments) - 1

    def switch(self, _: Step) -> None:
        self.world.database.database += "'"

    def follow(self, _: Step) -> None:
        self.world.live = not self.world.live


@settings(max_examples=400 if PROFILE == "short" else 20_000, deadline=None)
@given(scripts, st.lists(st.integers(0, 4), max_size=60))
def test_every_answer_is_of_one_moment_and_no_older_than_what_was_announced(
    script: list[Step], breaths: list[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_HEARD_SECONDS", 0.0005)
        patch.setattr(module, "_AHEAD_SECONDS", 0.0)
        asyncio.run(Play(iter(breaths)).run(script))


# One thing at a time


def test_what_nothing_has_changed_is_not_read_again() -> None:
    async def scene(world: World) -> None:
        world.flush(change(0, 1, "nation", "province"))
        assert await world.ask() == await world.ask() == {"nation": 1, "province": 1}
        world.flush(change(0, 2, "elsewhere"))
        assert await world.ask() == {"nation": 1, "province": 1}

    assert run(scene).reads == [{*AREAS}]


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
