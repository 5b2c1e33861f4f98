"""Repeated questions over HTTP: what is not read again, and what always is."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import httpx
import pytest

from chitieu.adapters.changes import Listener, Missed
from chitieu.adapters.clickhouse.cells import Own, Pair
from chitieu.adapters.http import create_app
from chitieu.adapters.metrics import Metrics
from chitieu.contracts.events import Announcement, Change
from chitieu.domain.access import presented
from chitieu.domain.inquiry import CellKey
from chitieu.domain.obligation import Receipt
from services.api.app import router
from services.api.context import Context
from services.api.queries import Progress, Snapshot, Standing
from tests.contract.test_api_http import YEAR, FixedRegistry, TableReads, keys
from tests.unit.small_release import COMMUNE, DISTRICT, PLAN, PROVINCE

QUESTION = {"plan": PLAN.id, "period": "2024"}
SERIES = {"indicator": "informed_rate", "area": PROVINCE, "from": "2024", "to": "2024"}
LINEAGE = {**QUESTION, "target": "informed"}


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

    @property
    def abreast(self) -> bool:
        return self.live

    def listen(self, listener: Listener) -> None:
        self.listeners.append(listener)

    def hear(self, *areas: str, reset: bool = False) -> None:
        at, self.position = self.position or 0, (self.position or 0) + 1
        # Beyond what was read until then.
        said = Change(1, 0, self.position, 0.0, [("xa", "2024", list(areas))], reset=reset)
        for listener in self.listeners:
            listener.hear(at, said)

    async def between(self, first: int, end: int) -> AsyncGenerator[tuple[int, Announcement], None]:
        raise Missed
        yield


@dataclass
class CountedReads(TableReads):
    """How often cells or receipts were read; `meanwhile` happens after they were."""

    count: int = 0
    asked: list[set[CellKey]] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None
    database: str = "one"

    def hear(self, _: int, said: Announcement) -> None:
        """A change is announced once readers see it."""
        assert isinstance(said, Change)
        self.at = Progress({0: said.position}, self.at.known_at)

    def lost(self) -> None: ...

    async def snapshot(
        self,
        keys: Iterable[CellKey],
        known: Mapping[CellKey, Own | None] = MappingProxyType({}),
        whole: Collection[Pair] = (),
    ) -> Snapshot:
        self.count += 1
        self.asked.append(set(keys))
        found = await super().snapshot(keys, known, whole)
        self.meanwhile()
        return found

    async def standing(self, *asked: Any, **named: Any) -> list[Standing]:
        self.count += 1
        return await super().standing(*asked, **named)

    async def receipts(
        self, forms: Iterable[str], period: str, until: datetime | None = None
    ) -> tuple[Mapping[tuple[str, str], Receipt], Progress]:
        self.count += 1
        found = await super().receipts(forms, period, until)
        self.meanwhile()
        return found


class World:
    """An api with a follower, and what it is made of."""

    def __init__(self) -> None:
        self.changes, self.reads, self.clock = FakeChanges(), CountedReads(cells=dict(YEAR)), SetClock()
        self.changes.listen(self.reads)
        self.registry = FixedRegistry(keys())
        context = Context(self.reads, self.registry, self.clock, self.changes)
        self._app = create_app("api", [router(context)], Metrics(), {})

    def ask(
        self, key: str = "province", headers: dict[str, str] | None = None, path: str = "attainment", **params: str
    ) -> httpx.Response:
        return self.get(key, headers, path, {**QUESTION, **params})

    def get(self, key: str, headers: dict[str, str] | None, path: str, params: Mapping[str, str]) -> httpx.Response:
        async def go() -> httpx.Response:
            sent = {"Authorization": f"Bearer {presented(key, 's')}", **(headers or {})}
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=self._app), base_url="http://api") as client:
                return await client.get(f"/v1/{path}", params=dict(params), headers=sent)

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
    world.reads.cells = {key: cell for key, cell in YEAR.items() if key[0] == "huyen"}
    world.changes.hear(PROVINCE)
    assert world.ask().headers["etag"] != etag
    assert world.reads.count == 2


def test_an_answer_read_before_a_change_that_comes_before_it_is_written_is_not_kept() -> None:
    world = World()
    world.reads.meanwhile = lambda: world.changes.hear(COMMUNE)
    world.ask(path="obligations")
    world.reads.meanwhile = lambda: None
    world.ask(path="obligations")
    assert world.reads.count == 2


def test_cells_that_change_while_they_are_read_are_read_again() -> None:
    world = World()

    def meanwhile() -> None:
        world.reads.meanwhile = lambda: None
        world.reads.cells = {key: cell for key, cell in YEAR.items() if key[0] == "huyen"}
        world.changes.hear(PROVINCE)

    world.reads.meanwhile = meanwhile
    etag = world.ask().headers["etag"]
    assert world.reads.count == 2
    assert world.ask(headers={"Cache-Control": "no-cache"}).headers["etag"] == etag


def test_of_an_answer_only_the_cells_that_changed_are_read_again() -> None:
    world = World()
    whole = world.ask(children="true").json()
    world.reads.asked.clear()
    world.changes.hear(DISTRICT)
    again = world.ask(children="true").json()
    # The change moved the progress, and here no figure.
    assert again | {"as_of": None} == whole | {"as_of": None}
    assert again["as_of"] != whole["as_of"]
    assert {area for keys in world.reads.asked for _, _, area in keys} == {DISTRICT}


def test_another_day_is_another_answer_of_the_same_cells() -> None:
    world = World()
    etag = world.ask().headers["etag"]
    world.clock.at = datetime(2024, 12, 26, 17, tzinfo=UTC)
    assert world.ask().headers["etag"] != etag
    assert world.reads.count == 1


def test_who_has_reported_is_kept_until_a_report_of_one_of_those_asked_is_heard_of() -> None:
    world = World()

    def duties(**headers: str) -> httpx.Response:
        return world.ask("province", headers, "obligations", area=DISTRICT)

    etag = duties().headers["etag"]
    # Also what stands above it, and another district's commune.
    for areas in ((PROVINCE, DISTRICT), ("00003@2021-01-01",)):
        world.changes.hear(*areas)
        assert duties(**{"If-None-Match": etag}).status_code == 304
        assert duties().headers["etag"] == etag
    assert world.reads.count == 1
    world.reads.known = {("xa", COMMUNE): Receipt(datetime(2024, 12, 20, tzinfo=UTC))}
    world.changes.hear(COMMUNE)
    assert duties().headers["etag"] != etag
    assert world.reads.count == 2


@pytest.mark.parametrize(("path", "params"), [("series", SERIES), ("lineage", LINEAGE)])
def test_a_series_and_a_step_of_lineage_are_kept_until_one_of_their_cells_changes(
    path: str, params: dict[str, str]
) -> None:
    world = World()

    def told(**headers: str) -> httpx.Response:
        return world.get("province", headers, path, params)

    first, second = told(), told()
    assert (first.content, dict(first.headers)) == (second.content, dict(second.headers))
    etag = first.headers["etag"]
    world.changes.hear(COMMUNE)
    assert told(**{"If-None-Match": etag}).status_code == 304
    assert world.reads.count == 1
    # What is asked anew is known to be the same, whether or not it was written.
    world.changes.hear(PROVINCE)
    assert told(**{"If-None-Match": etag}).status_code == 304
    assert told(**{"If-None-Match": etag}).status_code == 304
    assert world.reads.count == 2
    world.reads.cells = {key: cell for key, cell in YEAR.items() if key[0] == "huyen"}
    world.changes.hear(PROVINCE)
    assert told().headers["etag"] != etag
    assert world.reads.count == 3


def test_parts_of_a_list_are_answers_of_their_own() -> None:
    world = World()
    first = world.ask(path="obligations", limit="1")
    rest = world.ask(path="obligations", limit="1", cursor=first.json()["next"])
    assert first.json()["items"] != rest.json()["items"]
    assert world.ask(path="obligations", limit="1").content == first.content
    assert world.reads.count == 2


def _rebuilt(world: World) -> None:
    world.reads.database = "two"


@pytest.mark.parametrize(
    "happens",
    [
        _rebuilt,
        lambda world: world.changes.hear(reset=True),
        lambda world: setattr(world.changes, "live", False),
    ],
)
def test_other_figures_and_what_nobody_heard_end_every_answer(happens: Callable[[World], None]) -> None:
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


@pytest.mark.parametrize(
    ("path", "asked"), [("attainment", QUESTION), ("obligations", QUESTION), ("series", SERIES), ("lineage", LINEAGE)]
)
@pytest.mark.parametrize("view", [{"asOfHierarchy": "today"}, {"knownAt": "2024-12-25T00:00:00Z"}])
def test_another_moment_or_tree_is_always_read(path: str, asked: dict[str, str], view: dict[str, str]) -> None:
    world = World()
    world.get("province", None, path, {**asked, **view})
    once = world.reads.count
    world.get("province", None, path, {**asked, **view})
    assert world.reads.count == 2 * once > 0
