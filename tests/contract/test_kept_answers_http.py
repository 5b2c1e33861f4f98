"""Repeated questions over HTTP: what is not read again, and what always is."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from chitieu.adapters.changes import Listener, Missed
from chitieu.adapters.http import create_app
from chitieu.adapters.metrics import Metrics
from chitieu.contracts.events import Announcement, Change
from chitieu.domain.access import presented
from chitieu.domain.inquiry import CellKey
from services.api.app import router
from services.api.context import Context
from services.api.queries import Snapshot
from tests.contract.test_api_http import YEAR, FixedRegistry, TableReads, keys
from tests.unit.small_release import COMMUNE, PLAN, PROVINCE

QUESTION = {"plan": PLAN.id, "period": "2024"}


class SetClock:
    at = datetime(2024, 12, 26, 3, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


@dataclass
class FakeChanges:
    """A follower that hears what it is given."""

    live: bool = True
    position: int | None = 100
    listeners: list[Listener] = field(default_factory=list)

    def listen(self, listener: Listener) -> None:
        self.listeners.append(listener)

    def hear(self, *areas: str, reset: bool = False) -> None:
        said = Change(1, 0, 1, 0.0, [("xa", "2024", list(areas))], reset=reset)
        for listener in self.listeners:
            listener.hear(self.position or 0, said)
        self.position = (self.position or 0) + 1

    async def between(self, first: int, end: int) -> AsyncGenerator[tuple[int, Announcement], None]:
        raise Missed
        yield


@dataclass
class CountedReads(TableReads):
    """How often cells were read; `meanwhile` happens after they were."""

    count: int = 0
    meanwhile: Callable[[], None] = lambda: None
    database: str = "one"

    async def snapshot(self, keys: Iterable[CellKey]) -> Snapshot:
        self.count += 1
        found = await super().snapshot(keys)
        self.meanwhile()
        return found


class World:
    """An api with a follower, and what it is made of."""

    def __init__(self) -> None:
        self.changes, self.reads, self.clock = FakeChanges(), CountedReads(cells=dict(YEAR)), SetClock()
        self.registry = FixedRegistry(keys())
        context = Context(self.reads, self.registry, self.clock, self.changes)
        self._app = create_app("api", [router(context)], Metrics(), {})

    def ask(self, key: str = "province", headers: dict[str, str] | None = None, **params: str) -> httpx.Response:
        async def go() -> httpx.Response:
            sent = {"Authorization": f"Bearer {presented(key, 's')}", **(headers or {})}
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=self._app), base_url="http://api") as client:
                return await client.get("/v1/attainment", params={**QUESTION, **params}, headers=sent)

        answer = asyncio.run(go())
        assert answer.status_code in (200, 304), answer.text
        return answer


def test_a_repeated_question_is_answered_alike_without_reading() -> None:
    world = World()
    first, second = world.ask(), world.ask()
    assert (first.content, dict(first.headers)) == (second.content, dict(second.headers))
    assert world.ask(headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    assert world.reads.count == 1


def test_a_304_is_known_even_if_the_answer_was_never_written() -> None:
    world = World()
    etag = world.ask().headers["etag"]
    world.changes.hear(PROVINCE)
    for _ in range(3):
        assert world.ask(headers={"If-None-Match": etag}).status_code == 304
    assert world.reads.count == 2
    assert world.ask().status_code == 200


def test_a_flush_elsewhere_changes_nothing_and_one_here_is_read() -> None:
    world = World()
    etag = world.ask().headers["etag"]
    world.changes.hear(COMMUNE)
    assert world.ask().headers["etag"] == etag
    assert world.reads.count == 1
    world.reads.cells = {key: cell for key, cell in YEAR.items() if key[0] != "huyen"}
    world.changes.hear(PROVINCE)
    assert world.ask().headers["etag"] != etag
    assert world.reads.count == 2


def test_an_answer_read_before_a_change_that_comes_before_it_is_written_is_not_kept() -> None:
    world = World()
    world.reads.meanwhile = lambda: world.changes.hear(PROVINCE)
    world.ask()
    world.reads.meanwhile = lambda: None
    world.ask()
    assert world.reads.count == 2


def _midnight(world: World) -> None:
    world.clock.at = datetime(2024, 12, 26, 17, tzinfo=UTC)


def _rebuilt(world: World) -> None:
    world.reads.database = "two"


@pytest.mark.parametrize(
    "happens",
    [
        _midnight,
        _rebuilt,
        lambda world: world.changes.hear(reset=True),
        lambda world: setattr(world.changes, "live", False),
    ],
)
def test_another_day_other_figures_and_what_nobody_heard_end_every_answer(happens: Callable[[World], None]) -> None:
    world = World()
    world.ask()
    happens(world)
    world.ask()
    assert world.reads.count == 2


def test_nobody_gets_what_was_written_for_another_s_eyes() -> None:
    world = World()
    mine, theirs = world.ask("province"), world.ask("elsewhere")
    assert mine.headers["etag"] != theirs.headers["etag"]
    assert (world.ask("province").content, world.ask("elsewhere").content) == (mine.content, theirs.content)
    assert world.reads.count == 2


@pytest.mark.parametrize(
    ("headers", "reads"),
    [({"Cache-Control": "no-cache"}, 2), ({"Last-Event-ID": "100"}, 2), ({"Last-Event-ID": "99"}, 1)],
)
def test_who_has_heard_of_something_newer_is_answered_anew(headers: dict[str, str], reads: int) -> None:
    world = World()
    world.ask()
    world.ask(headers=headers)
    assert world.reads.count == reads


@pytest.mark.parametrize("params", [{"asOfHierarchy": "today"}, {"knownAt": "2024-12-25T00:00:00Z"}])
def test_what_is_made_of_reports_is_always_read(params: dict[str, Any]) -> None:
    world = World()
    standing = world.reads.standing_count = [0]  # type: ignore[attr-defined]

    async def none(*_: object, **__: object) -> tuple[list[object], object]:
        standing[0] += 1
        return [], world.reads.at

    world.reads.standing = none  # type: ignore[assignment,method-assign]
    for _ in range(2):
        world.ask(**params)
    assert standing[0] == 2
