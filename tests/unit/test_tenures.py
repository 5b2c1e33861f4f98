"""States are told by whoever holds partition 0, each change once, also if it goes and comes back during a look."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from chitieu.contracts.events import Announcement, Transition, decode_change
from chitieu.contracts.topics import CHANGES
from chitieu.domain.inquiry import CellKey
from chitieu.domain.rollup import Cell
from services.aggregate import watch
from services.aggregate.announced import Announced
from services.aggregate.watch import Watch
from tests.unit.small_release import COMMUNE, RELEASE, cell

FEW, MANY = cell(3, 100, 0, 0, 100, 10, 5, 5), cell(3, 100, 0, 0, 100, 90, 5, 5)
ABOUT: CellKey = ("xa", "2024", COMMUNE)


@dataclass
class World:
    """The topics and the figures, which all workers have in common."""

    cells: dict[CellKey, Cell] = field(default_factory=lambda: {ABOUT: MANY})
    said: list[Announcement] = field(default_factory=list)
    remembered: dict[bytes, bytes] = field(default_factory=dict)

    async def end(self) -> int:
        return len(self.said)

    def informed(self) -> list[tuple[str, str]]:
        """What was told of one target."""
        told = [one for one in self.said if isinstance(one, Transition)]
        return [(one.before, one.after) for one in told if (one.target, one.period) == ("informed", "2024")]


class InMemory(Announced):
    """As it is, but for the wire."""

    def __init__(self, world: World) -> None:
        super().__init__("", None, world, 1)  # type: ignore[arg-type]
        self._world = world

    async def _publish(self, records: Iterable[tuple[str, bytes | None, bytes]]) -> None:
        for topic, key, value in records:
            if topic == CHANGES:
                self._world.said.append(decode_change(value))
            else:
                self._world.remembered[key or b"[0]"] = value

    async def _states(self) -> AsyncGenerator[tuple[bytes, bytes], None]:
        for one in self._world.remembered.items():
            yield one


class Reader:
    """Of the figures; the gate holds up who reads them."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.waits = asyncio.Event()

    async def ask(self, work: Callable[[Any], Any]) -> Any:
        if not self.gate.is_set():
            self.waits.set()
            await self.gate.wait()
        return work(None)


class Worker:
    """One that may hold partition 0, and its watch."""

    def __init__(self, world: World) -> None:
        self.reader, self.tenure, self.tenures, self.holds = Reader(), asyncio.Lock(), 0, False
        self.watch = Watch(
            1,
            lambda: self.tenures if self.holds else None,
            self.tenure,
            self.reader,  # type: ignore[arg-type]
            SimpleNamespace(release=RELEASE),
            InMemory(world),
            SimpleNamespace(now=lambda: datetime(2024, 12, 1, tzinfo=UTC)),
            7,
            1.0,
        )

    async def hand_to(self, other: "Worker") -> None:
        async with self.tenure:
            self.holds = False
            self.tenures += 1
        other.holds = True


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    found = World()

    def cells(_: object, keys: Iterable[CellKey]) -> SimpleNamespace:
        known: Mapping[CellKey, Cell] = {key: found.cells[key] for key in keys if key in found.cells}
        return SimpleNamespace(cells=known)

    monkeypatch.setattr(watch, "read_cells", cells)
    monkeypatch.setattr(watch, "known_areas", lambda *_: [(*ABOUT[:2], [COMMUNE])])
    monkeypatch.setattr(watch, "sent", lambda *_, **__: {})
    return found


async def away_and_back(one: Worker, other: Worker, meanwhile: Callable[[], None]) -> None:
    """While a look waits for figures, the partition goes to another worker, who looks, too; then it comes back."""
    one.reader.gate.clear()
    one.watch.lost()
    looking = asyncio.create_task(one.watch.look())
    await one.reader.waits.wait()
    await one.hand_to(other)
    await other.watch.look()
    await other.hand_to(one)
    meanwhile()
    one.reader.gate.set()
    await looking


def test_nothing_is_told_again(world: World) -> None:
    async def story() -> None:
        one, other = Worker(world), Worker(world)
        one.holds = True
        await away_and_back(one, other, lambda: None)
        await one.watch.look()
        told = [one for one in world.said if isinstance(one, Transition)]
        assert len(told) == len(set(told)) > 0
        assert world.informed() == [("no_data", "met")]

    asyncio.run(story())


def test_nothing_is_left_out(world: World) -> None:
    async def story() -> None:
        one, other = Worker(world), Worker(world)
        one.holds = True
        await one.watch.look()
        world.cells[ABOUT] = FEW
        await away_and_back(one, other, lambda: world.cells.update({ABOUT: MANY}))
        await one.watch.look()
        assert world.informed() == [("no_data", "met"), ("met", "at_risk"), ("at_risk", "met")]

    asyncio.run(story())
