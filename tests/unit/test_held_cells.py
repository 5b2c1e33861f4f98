"""Cells held by the api: every answer is of one moment, whatever is written, announced, lost and asked meanwhile."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from chitieu.adapters.clickhouse.cells import Seen, versions_of
from chitieu.contracts.events import Change
from chitieu.domain.errors import Unavailable
from chitieu.domain.inquiry import CellKey
from chitieu.domain.rollup import Cell
from services.api import held as module
from services.api.held import HeldCells
from services.api.queries import Progress, Snapshot
from tests.conftest import PROFILE

AREAS = ("nation", "province", "district")
PARTITIONS = 2


@dataclass
class Database:
    """Figures as they are flushed. `moments` are all that ever stood: by key the total, and the progress."""

    database: str = "one"
    moments: list[tuple[dict[CellKey, int], dict[int, int]]] = field(default_factory=lambda: [({}, {})])
    reads: list[set[CellKey]] = field(default_factory=list)
    before: Callable[[], Awaitable[None]] | None = None
    after: Callable[[], Awaitable[None]] | None = None

    async def snapshot(self, keys: Iterable[CellKey]) -> Snapshot:
        wanted = set(keys)
        self.reads.append(wanted)
        if self.before is not None:
            await self.before()
        totals, positions = self.moments[-1]
        found = {key: total for key, total in totals.items() if key in wanted}
        if self.after is not None:
            await self.after()
        seen: dict[CellKey, Seen] = {key: (((0, total),), None) for key, total in found.items()}
        cells = {key: Cell(units=total) for key, total in found.items()}
        return Snapshot(cells, Progress(dict(positions)), versions_of(seen), seen)

    def flush(self, *said: Change) -> None:
        """One part: the cells that these changes name move, and the progress with them."""
        totals, positions = self.moments[-1]
        changed = {(form, period, area) for one in said for form, period, areas in one.changed for area in areas}
        self.moments.append(
            (
                totals | {key: len(self.moments) for key in changed},
                positions | {one.partition: one.position for one in said},
            )
        )


def change(partition: int, position: int, *areas: str, more: bool = False) -> Change:
    return Change(1, partition, position, 0.0, [("form", "2024", list(areas))] if areas else [], more=more)


def reset(partition: int, position: int) -> Change:
    return Change(1, partition, position, 0.0, reset=True)


def told(snapshot: Snapshot) -> Mapping[CellKey, int]:
    return {key: cell.units for key, cell in snapshot.cells.items()}


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
        return {key[2]: total for key, total in told(snapshot).items()}

    @property
    def reads(self) -> list[set[str]]:
        return [{key[2] for key in keys} for keys in self.database.reads]


def run(scene: Callable[[World], Coroutine[None, None, None]], most: int = 100) -> World:
    world = World(most)
    asyncio.run(scene(world))
    return world


# Everything at once


@dataclass(frozen=True)
class Step:
    """What comes next: a flush, the next announcement, a question, a breath, or that nothing held may stand."""

    kind: str
    areas: tuple[str, ...] = ()
    partitions: tuple[int, ...] = ()
    breaths: int = 0


_areas = st.lists(st.sampled_from(AREAS), min_size=1, max_size=3, unique=True).map(tuple)
scripts = st.lists(
    st.one_of(
        st.builds(Step, st.just("flush"), _areas, st.sampled_from([(0,), (1,), (0, 1)])),
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
        asked = []
        for step in script:
            if step.kind == "ask":
                asked.append(asyncio.create_task(self.ask(step.areas)))
            elif step.kind == "breathe":
                await self.pause(step.breaths)
            else:
                getattr(self, step.kind)(step)
        await asyncio.gather(*asked)
        event(f"read {len(self.world.database.reads)} times for {len(asked)} questions")

    async def pause(self, breaths: int | None = None) -> None:
        for _ in range(next(self.breaths, 0) if breaths is None else breaths):
            await asyncio.sleep(0)

    async def ask(self, areas: tuple[str, ...]) -> None:
        keys, since, moments = [("form", "2024", area) for area in areas], self.announced, self.world.database.moments
        found = await self.world.held.snapshot(keys)
        possible = [({key: totals[key] for key in keys if key in totals}, positions) for totals, positions in moments]
        assert (told(found), found.progress.positions) in possible
        assert told(found) in [totals for totals, _ in possible[since:]]
        assert found.versions == versions_of({key: (((0, total),), None) for key, total in told(found).items()})

    def flush(self, step: Step) -> None:
        """In several pieces for each partition, as one is announced that changed much."""
        for partition in step.partitions:
            self.ends[partition] += 1
        self.world.database.flush(*(change(one, self.ends[one], *step.areas) for one in step.partitions))
        for one in step.partitions:
            for area in step.areas:
                more = area != step.areas[-1]
                done = 0 if more or one != step.partitions[-1] else len(self.world.database.moments) - 1
                self.waiting.append((done, change(one, self.ends[one], area, more=more)))

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
