"""Tables and series on the real engine: blocks of one moment, whatever is written while they are read."""

import asyncio
import csv
import io
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chitieu.adapters.clickhouse import cells
from chitieu.adapters.clickhouse.reading import Reader
from chitieu.adapters.clickhouse.store import Store
from chitieu.domain.inquiry import CellKey
from chitieu.domain.rollup import Cell
from services.api.queries import Reads, Snapshot
from tests.integration.test_api_queries import OTHER, SECOND, THIRD, Log, ask, report, retraction
from tests.unit.small_release import COMMUNE, DISTRICT, NATION, PROVINCE

pytestmark = pytest.mark.stack

AREAS = (NATION, PROVINCE, DISTRICT, OTHER, COMMUNE, SECOND, THIRD)
KEYS = [("xa", "2024", area) for area in AREAS]


@pytest.fixture
def log(engine: Path, request: pytest.FixtureRequest) -> Log:
    return Log(f"blocks_{abs(hash(request.node.name))}", f"chdb://{engine}")


@pytest.fixture
def store(log: Log) -> Iterator[Store]:
    one = Store(log.dsn, log.database, threads=2)
    yield one
    asyncio.run(one.close())


@pytest.mark.parametrize("most_named", [0, 5, 1_000])
def test_blocks_are_what_one_reading_is_though_reports_come_in_between(
    log: Log, store: Store, monkeypatch: pytest.MonkeyPatch, most_named: int
) -> None:
    """Areas are named or, if there are many, all read. Then one commune corrects, one takes back, one sends anew."""
    monkeypatch.setattr(cells, "_MOST_NAMED", most_named)
    log.flush(0, [report(bytes([1] * 16), COMMUNE, 100, 1, 2), report(bytes([2] * 16), SECOND, 300, 0, 0)])
    reads = Reads(Reader(store))

    async def go() -> tuple[Mapping[CellKey, Cell], dict[CellKey, Cell]]:
        once = await reads.snapshot(KEYS)
        held = await reads.above(["xa"], ["2024"], PROVINCE, AREAS)
        log.flush(0, [report(bytes([3] * 16), COMMUNE, 150, 1, 2), retraction(bytes([4] * 16), SECOND)])
        log.flush(1, [report(bytes([5] * 16), THIRD, 40, 0, 0)])
        blocks = [await reads.below([key], held) for key in KEYS]
        return once.cells, {key: cell for block in blocks for key, cell in block.items()}

    once, in_blocks = asyncio.run(go())
    assert in_blocks == once
    assert once["xa", "2024", PROVINCE].sums[0] == 400


def test_the_tag_of_a_table_changes_with_whatever_is_in_its_area(log: Log, store: Store) -> None:
    log.flush(0, [report(bytes([1] * 16), COMMUNE, 100, 1, 2)])
    reads = Reads(Reader(store))

    def tags() -> list[str]:
        return [asyncio.run(reads.above(["xa"], ["2024"], area, [])).versions for area in (DISTRICT, OTHER, COMMUNE)]

    first = tags()
    log.flush(1, [report(bytes([2] * 16), SECOND, 300, 0, 0)])
    second = tags()
    assert [a == b for a, b in zip(first, second, strict=True)] == [False, True, True]
    log.flush(0, [report(bytes([3] * 16), COMMUNE, 101, 1, 2)])
    assert [a == b for a, b in zip(second, tags(), strict=True)] == [False, True, False]


def test_a_table_of_every_commune_adds_up_to_its_area(log: Log, store: Store) -> None:
    log.flush(
        0, [report(bytes([1] * 16), COMMUNE, 100, 1, 2, 50, 40), report(bytes([2] * 16), SECOND, 300, 0, 0, 60, 10)]
    )
    log.flush(1, [report(bytes([3] * 16), THIRD, 40, 0, 0, 70, 70)])
    views: list[dict[str, str]] = [{}, {"knownAt": "2024-12-27T00:00:00Z"}, {"asOfHierarchy": "2024-12-31"}]
    for view in views:
        text = ask(store, "/v1/attainment.csv", plan="lang-son", period="2024", level="commune", **view).text
        rows = [row for row in csv.DictReader(io.StringIO(text)) if row["Mã mục tiêu"] == "informed"]
        assert [row["Tử số"] for row in rows] == ["120", "40", "10", "70"]


def test_a_series_is_read_from_the_engine(log: Log, store: Store) -> None:
    log.flush(0, [report(bytes([1] * 16), COMMUNE, 100, 1, 2, 50, 40)], datetime(2024, 12, 24, tzinfo=UTC))
    span = {"from": "2023", "to": "2024", "periodType": "year"}
    (series,) = ask(store, "/v1/series", indicator="informed_rate", area="20", **span).json()["series"]
    assert [(one["exact"], one["reported"]) for one in series["points"]] == [(None, 0), ("80", 1)]


@pytest.mark.parametrize("most_named", [0, 1_000])
def test_what_is_read_whole_is_what_its_areas_are_one_by_one(
    log: Log, store: Store, monkeypatch: pytest.MonkeyPatch, most_named: int
) -> None:
    monkeypatch.setattr(cells, "_MOST_NAMED", most_named)
    log.flush(0, [report(bytes([1] * 16), COMMUNE, 100, 1, 2), report(bytes([2] * 16), SECOND, 300, 0, 0)])
    log.flush(1, [report(bytes([5] * 16), THIRD, 40, 0, 0)])
    reads = Reads(Reader(store))

    async def go() -> tuple[Snapshot, Snapshot]:
        whole = await reads.snapshot([("xa", "2024", COMMUNE)], whole=[("xa", "2024")])
        return whole, await reads.snapshot(whole.seen)

    whole, one_by_one = asyncio.run(go())
    assert whole == one_by_one
    # Of those that no others lie in, only what was asked for.
    assert {area for _, _, area in whole.cells} == {NATION, PROVINCE, DISTRICT, OTHER, COMMUNE}
