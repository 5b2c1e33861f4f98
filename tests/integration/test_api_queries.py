"""What the api reads from the real engine: one moment for every answer, nothing beyond the progress, nothing twice."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError
from fastapi import FastAPI

from chitieu.adapters.clickhouse.cells import read_cells
from chitieu.adapters.clickhouse.migrate import migrate
from chitieu.adapters.clickhouse.reading import Reader
from chitieu.adapters.clickhouse.store import ONE_SNAPSHOT, Store, connect, insert
from chitieu.adapters.http import create_app
from chitieu.adapters.metrics import Metrics
from chitieu.contracts.events import Event, content_hash, pack
from chitieu.contracts.rows import Cells, DecidedMessages, Progress, rollup_table, submission_table
from chitieu.domain.access import AccessKey, KeyRing, digest, presented
from chitieu.domain.catalogue import Label
from chitieu.domain.errors import Unavailable
from chitieu.domain.obligation import Receipt
from chitieu.domain.registry import Release
from chitieu.domain.rollup import Cell, Decision, Group, MessageKind
from services.aggregate.intake import Read
from services.api.app import Api
from services.api.history import Histories
from services.api.moments import Moments
from services.api.queries import Reads, Standing
from tests.unit.small_release import COMMUNE, DISTRICT, NATION, PROVINCE, RELEASE

pytestmark = pytest.mark.stack

SECOND = "00002@2021-01-01"
THIRD = "00003@2021-01-01"
OTHER = "202@2021-01-01"
PATHS = {
    COMMUNE: (NATION, PROVINCE, DISTRICT, COMMUNE),
    SECOND: (NATION, PROVINCE, DISTRICT, SECOND),
    THIRD: (NATION, PROVINCE, OTHER, THIRD),
}
ON_TIME = datetime(2024, 12, 24, tzinfo=UTC)
LATE = datetime(2024, 12, 25, 17, tzinfo=UTC)  # the 26th in Viet Nam


class FixedClock:
    def now(self) -> datetime:
        return datetime(2024, 12, 28, tzinfo=UTC)


class FixedRegistry:
    ready = True
    release = RELEASE
    notice: Label | None = None
    defined_since: datetime | None = datetime(2021, 1, 1, tzinfo=UTC)

    async def release_at(self, instant: datetime) -> Release | None:
        return RELEASE

    def __init__(self) -> None:
        self.keys = KeyRing()
        scopes = frozenset({"attainment:read", "reports:read"})
        self.keys.add(AccessKey("k", digest("s"), PROVINCE, scopes))


def report(key: bytes, unit: str, *values: int) -> Event:
    states, packed = bytes([1] * len(values)), pack(values)
    content = content_hash(MessageKind.REPORT, packed, states)
    return Event(1, "xa", 1, "2024", unit, 7, PATHS[unit], key, content, None, packed, states, "k")


def retraction(key: bytes, unit: str) -> Event:
    content = content_hash(MessageKind.RETRACTION, b"", b"")
    return Event(2, "xa", 1, "2024", unit, 7, PATHS[unit], key, content, None, b"", b"", "k", "nhầm xã")


@dataclass
class Log:
    """Folds messages the plain way and writes what the fold would: submissions, then cells with the progress."""

    database: str
    dsn: str

    def __post_init__(self) -> None:
        migrate(self.dsn, self.database)
        self._groups: dict[int, Group] = defaultdict(Group)
        self._next: dict[int, int] = defaultdict(int)

    def flush(
        self, partition: int, events: Sequence[Event], at: datetime = ON_TIME, *, times: int = 1, cells: bool = True
    ) -> None:
        known_ms = int(at.timestamp() * 1000)
        group, rows = self._groups[partition], DecidedMessages()
        for event in events:
            decided = group.apply(event)
            rows.places.append(Read(partition, self._next[partition], known_ms, event))
            rows.events.append(event)
            rows.decisions.append(decided.decision)
            rows.revisions.append(decided.revision)
            self._next[partition] += 1
        client = connect(self.dsn, self.database)
        for _ in range(times):
            insert(client, "submission", submission_table(rows.without(Decision.DUPLICATE)))
            if cells:
                insert(client, "rollup", self._rollup(partition, group.cells, known_ms))
        client.close()

    def _rollup(self, partition: int, cells: dict[str, Cell], known_ms: int) -> Any:
        fields = max((len(cell.sums) for cell in cells.values()), default=0)
        for cell in cells.values():
            cell.widen(fields)
        columns = [[cell.sums for cell in cells.values()], [cell.reported for cell in cells.values()]]
        columns.append([cell.not_applicable for cell in cells.values()])
        sums, reported, not_applicable = (np.array(column).reshape(len(cells), fields) for column in columns)
        units = np.array([cell.units for cell in cells.values()], np.int64)
        version = self._next[partition]
        found = Cells(
            "xa",
            ["2024"],
            [partition],
            [version],
            [known_ms],
            np.zeros(len(cells), np.int64),
            list(cells),
            units,
            sums.astype(np.int64),
            reported.astype(np.int32),
            not_applicable.astype(np.int32),
        )
        return rollup_table([found] if cells else [], [Progress(partition, version, known_ms)])


@pytest.fixture
def log(engine: Path, request: pytest.FixtureRequest) -> Log:
    return Log(f"api_{abs(hash(request.node.name))}", f"chdb://{engine}")


@pytest.fixture
def store(log: Log) -> Iterator[Store]:
    one = Store(log.dsn, log.database, threads=2)
    yield one
    asyncio.run(one.close())


@cache
def application(store: Store) -> FastAPI:
    api = Api(store, FixedRegistry(), FixedClock())
    return create_app("api", [api.router], Metrics(), api.checks, api.running)


def ask(store: Store, path: str, **params: Any) -> httpx.Response:
    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(app=application(store))
        headers = {"Authorization": f"Bearer {presented('k', 's')}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://api", headers=headers) as client:
            return await client.get(path, params=params)

    return asyncio.run(go())


def informed(areas: dict[str, Any]) -> Any:
    return next(t["value"]["numerator"]["value"] for t in areas["targets"] if t["target"] == "informed")


# children, labour.m, labour.f, parents, informed
FIRST = report(bytes(16), COMMUNE, 500, 0, 3, 100, 80)
SECOND_REPORT = report(b"'\\'\x00\xff; DROP--" + bytes(3), SECOND, 400, 0, 0, 100, 70)
THIRD_REPORT = report(bytes([9] * 16), THIRD, 100, 0, 0, 100, 60)


def test_an_area_is_the_sum_over_partitions_and_of_the_areas_below_it(log: Log, store: Store) -> None:
    log.flush(0, [FIRST])
    log.flush(3, [SECOND_REPORT, THIRD_REPORT], LATE)
    answer = ask(store, "/v1/attainment", plan="lang-son", period="2024", children="true").json()
    assert informed(answer) == 210
    assert [informed(child) for child in answer["children"]] == [150, 60]
    assert answer["as_of"]["progress"] == {"0": 1, "3": 2}
    assert answer["as_of"]["known_at"] == "2024-12-25T17:00:00Z"


def test_an_empty_database_has_no_data_and_no_progress(log: Log, store: Store) -> None:
    answer = ask(store, "/v1/attainment", plan="lang-son", period="2024").json()
    assert {t["state"] for t in answer["targets"]} == {"no_data"}
    assert (answer["as_of"]["progress"], answer["as_of"]["known_at"]) == ({}, None)


def test_a_zero_that_units_stand_behind_is_a_figure_however_short_the_row(log: Log, store: Store) -> None:
    """As once written when a cell was mended: without the zeros at the end of each column."""
    key = ("xa", "2024", DISTRICT)

    def write(client: Any) -> None:
        client.command(
            "INSERT INTO rollup (form, period, area, version, units, sums, reported, not_applicable) VALUES"
            f" ('xa', '2024', '{DISTRICT}', 1, 2, [], [2, 1], [0, 0, 1]), ('', '', '', 1, 0, [], [], [])"
        )

    asyncio.run(store.run(write))
    cells = asyncio.run(Reader(store).ask(lambda query: read_cells(query, {key}))).cells
    assert cells == {key: Cell(2, [0, 0, 0], [2, 1, 0], [0, 0, 1])}


def test_what_is_written_twice_counts_once(log: Log, store: Store) -> None:
    """An insert whose connection was cut is sent again by the client; both may have arrived."""
    log.flush(0, [FIRST, SECOND_REPORT], times=2)
    answer = ask(store, "/v1/attainment", plan="lang-son", period="2024").json()
    assert informed(answer) == 150
    assert len(ask(store, f"/v1/submissions/{FIRST.submission.hex()}").json()["messages"]) == 1
    assert len(ask(store, "/v1/reports/xa/2024/00001").json()["revisions"]) == 1


def test_a_newer_flush_replaces_the_older_one(log: Log, store: Store) -> None:
    log.flush(0, [FIRST])
    log.flush(0, [report(bytes([1] * 16), COMMUNE, 500, 0, 3, 100, 96)])
    assert informed(ask(store, "/v1/attainment", plan="lang-son", period="2024").json()) == 96


def test_the_tag_of_an_answer_changes_with_its_own_cells_only(log: Log, store: Store) -> None:
    def tag(area: str) -> str:
        return ask(store, "/v1/attainment", plan="lang-son", period="2024", area=area).headers["etag"]

    log.flush(0, [FIRST])
    before = tag("201"), tag("202")
    log.flush(1, [THIRD_REPORT])
    assert (tag("201") == before[0], tag("202") == before[1]) == (True, False)


def test_submissions_beyond_the_progress_are_not_there_yet(log: Log, store: Store) -> None:
    """Submissions are written first: between the two inserts they lie ahead of the cells."""
    log.flush(0, [FIRST])
    log.flush(0, [report(bytes([1] * 16), COMMUNE, 500, 0, 3, 100, 96), SECOND_REPORT], cells=False)
    first = ask(store, "/v1/reports/xa/2024/00001").json()
    assert (first["revision"], first["values"]["informed"]["value"]) == (1, 80)
    assert ask(store, "/v1/reports/xa/2024/00002").status_code == 404
    assert ask(store, f"/v1/submissions/{SECOND_REPORT.submission.hex()}").status_code == 404
    pending = ask(store, f"/v1/submissions/{SECOND_REPORT.submission.hex()}", at="0:2").json()
    assert pending["outcome"] == "pending"
    states = {o["unit"]["code"]: o["state"] for o in obligations(store)}
    assert states == {"00001": "on_time", "00002": "missing", "00003": "missing"}


def obligations(store: Store) -> list[dict[str, Any]]:
    answer = ask(store, "/v1/obligations", plan="lang-son", period="2024").json()
    return [one for one in answer["items"] if one["duty"] == "year"]


def test_a_report_is_on_time_by_its_first_acceptance_and_missing_once_retracted(log: Log, store: Store) -> None:
    log.flush(0, [FIRST, SECOND_REPORT])
    log.flush(0, [report(bytes([1] * 16), COMMUNE, 500, 0, 3, 100, 96), retraction(bytes([2] * 16), SECOND)], LATE)
    log.flush(1, [THIRD_REPORT], LATE)
    told = {o["unit"]["code"]: (o["state"], o["received_on"], o["retracted"]) for o in obligations(store)}
    assert told == {
        "00001": ("on_time", "2024-12-24", False),
        "00002": ("missing", None, True),
        "00003": ("late", "2024-12-26", False),
    }


def test_a_report_is_shown_with_its_revisions(log: Log, store: Store) -> None:
    log.flush(2, [FIRST, FIRST, retraction(bytes([2] * 16), COMMUNE)])
    answer = ask(store, "/v1/reports/xa/2024/00001").json()
    assert (answer["revision"], answer["retracted"], answer["values"]) == (2, True, {})
    assert [(r["decision"], r["reason"], r["author"]) for r in answer["revisions"]] == [
        ("accepted", "", "k"),
        ("retracted", "nhầm xã", "k"),
    ]


def test_the_outcome_of_a_message_is_that_of_its_own_row(log: Log, store: Store) -> None:
    other = report(SECOND_REPORT.submission, SECOND, 1, 0, 0, 1, 1)
    log.flush(0, [SECOND_REPORT, SECOND_REPORT, other])
    path = f"/v1/submissions/{SECOND_REPORT.submission.hex()}"
    told = [ask(store, path, at=f"0:{position}").json()["outcome"] for position in range(4)]
    assert told == ["accepted", "duplicate", "key_reused", "pending"]
    assert [m["outcome"] for m in ask(store, path).json()["messages"]] == ["accepted", "key_reused"]


def move(release: int, unit: str, district: str) -> Event:
    return Event(3, "xa", 1, "2024", unit, release, (NATION, PROVINCE, district, unit), bytes(16), bytes(16))


def test_what_stood_at_a_moment_is_known_for_every_moment(log: Log, store: Store) -> None:
    """One message an hour: corrected, retracted, reported again, moved, and moved by a tree older than its own."""
    again = report(bytes([3] * 16), SECOND, 410, 0, 0, 100, 75)
    events = [
        FIRST,
        SECOND_REPORT,
        report(bytes([1] * 16), COMMUNE, 500, 0, 3, 100, 96),
        retraction(bytes([2] * 16), SECOND),
        move(9, SECOND, OTHER),
        again,
        move(8, SECOND, DISTRICT),
    ]
    hours = [ON_TIME + timedelta(hours=hour) for hour in range(len(events))]
    for hour, event in zip(hours, events, strict=True):
        log.flush(0, [event], hour, times=2)
    log.flush(0, [THIRD_REPORT], hours[-1] + timedelta(hours=1), cells=False)

    async def read(hour: datetime | None, *areas: str) -> list[Standing]:
        """Read, and out of histories."""
        reads = Reads(Reader(store))
        histories = Histories(reads, 2**20)
        moments = Moments(reads, histories)
        found, progress = await moments.standing(["xa"], ["2024"], areas, hour)
        await histories.upto((await reads.progress()).bounds, [("xa", "2024")])
        assert histories.at_hand([("xa", "2024")], progress.bounds)
        held, same = await moments.standing(["xa"], ["2024"], areas, hour)
        assert (same, told(held)) == (progress, told(found))
        return found

    def told(some: list[Standing]) -> dict[str, Standing]:
        return {one.unit: replace(one, values=list(one.values), states=list(one.states)) for one in some}

    def stood(hour: datetime | None, *areas: str) -> list[tuple[str, int, int, str]]:
        found = asyncio.run(read(hour, *areas))
        return sorted((one.unit, one.revision, one.values[4], one.path[2]) for one in found)

    first, revised = (COMMUNE, 1, 80, DISTRICT), (COMMUNE, 2, 96, DISTRICT)
    second, moved = (SECOND, 1, 70, DISTRICT), (SECOND, 3, 75, OTHER)
    assert [stood(hour) for hour in hours] == [
        [first],
        [first, second],
        [revised, second],
        [revised],
        [revised],
        [revised, moved],
        [revised, moved],
    ]
    assert stood(hours[0] - timedelta(milliseconds=1)) == []
    assert stood(None) == [revised, moved]
    assert (stood(None, OTHER), stood(hours[1], OTHER), stood(None, DISTRICT)) == ([moved], [], [revised])
    assert stood(None, PROVINCE, COMMUNE) == [revised, moved]


def corrected(areas: dict[str, Any], target: str = "informed") -> Any:
    found = next(one["corrected"] for one in areas["targets"] if one["target"] == target)
    return found and (found["revisions"], found["unit"]["id"], found["known_at"], found["reason"])


def test_what_was_revised_after_the_deadline_is_told_where_it_counts_now(log: Log, store: Store) -> None:
    """The year is due by 25/12. Written twice, in two partitions, moved, and beyond the progress."""
    query = {"plan": "lang-son", "period": "2024", "children": "true"}
    log.flush(0, [FIRST, SECOND_REPORT], times=2)
    log.flush(1, [THIRD_REPORT])
    first = ask(store, "/v1/attainment", **query).json()
    assert [corrected(area) for area in (first, *first["children"])] == [None, None, None]
    log.flush(0, [report(bytes([1] * 16), COMMUNE, 500, 0, 3, 100, 96), move(9, SECOND, OTHER)], LATE, times=2)
    revised = (1, COMMUNE, "2024-12-25T17:00:00Z", "")
    second = ask(store, "/v1/attainment", **query).json()
    assert [corrected(area) for area in (second, *second["children"])] == [revised, revised, None]
    assert corrected(second, "labour-low") is None
    last = LATE + timedelta(hours=1)
    log.flush(0, [retraction(bytes([2] * 16), SECOND)], last)
    log.flush(0, [report(bytes([3] * 16), COMMUNE, 500, 0, 3, 100, 97)], last, cells=False)
    retracted = (SECOND, "2024-12-25T18:00:00Z", "nhầm xã")
    third = ask(store, "/v1/attainment", **query).json()
    assert [corrected(area) for area in (third, *third["children"])] == [(2, *retracted), revised, (1, *retracted)]


def test_a_correction_is_known_from_its_own_moment_on_and_by_every_tree(log: Log, store: Store) -> None:
    log.flush(0, [FIRST, SECOND_REPORT, THIRD_REPORT])
    log.flush(0, [report(bytes([1] * 16), COMMUNE, 500, 0, 3, 100, 96)], LATE)
    query = {"plan": "lang-son", "period": "2024"}
    revised = (1, COMMUNE, "2024-12-25T17:00:00Z", "")
    for moment, expected in (("2024-12-25T16:59:59Z", None), ("2024-12-25T17:00:00Z", revised)):
        assert corrected(ask(store, "/v1/attainment", **query, knownAt=moment).json()) == expected
    for area, expected in (("20", revised), ("00001", revised)):
        by_tree = ask(store, "/v1/attainment", **query, area=area, asOfHierarchy="2025-07-01").json()
        assert corrected(by_tree) == expected


def test_equal_figures_that_were_corrected_in_between_have_another_tag(log: Log, store: Store) -> None:
    log.flush(0, [FIRST, SECOND_REPORT, THIRD_REPORT])
    views: list[dict[str, str]] = [{}, {"asOfHierarchy": "2025-07-01"}]

    def answers() -> list[httpx.Response]:
        return [ask(store, "/v1/attainment", plan="lang-son", period="2024", **view) for view in views]

    before = answers()
    there, back = (
        report(bytes([1] * 16), COMMUNE, 500, 0, 3, 100, 96),
        report(bytes([2] * 16), COMMUNE, 500, 0, 3, 100, 80),
    )
    log.flush(0, [there, back], LATE)
    for earlier, now in zip(before, answers(), strict=True):
        assert informed(now.json()) == informed(earlier.json())
        assert corrected(now.json()) == (2, COMMUNE, "2024-12-25T17:00:00Z", "")
        assert now.headers["etag"] != earlier.headers["etag"]


def test_an_answer_of_a_moment_is_what_was_answered_then(log: Log, store: Store) -> None:
    """Reported, corrected and retracted, an hour apart: each answer is kept and asked for again at the end."""
    steps = [
        [FIRST, THIRD_REPORT],
        [SECOND_REPORT],
        [report(bytes([1] * 16), COMMUNE, 500, 0, 3, 100, 96), move(9, SECOND, OTHER)],
        [retraction(bytes([2] * 16), SECOND)],
    ]
    hours = [ON_TIME + timedelta(hours=hour) for hour in range(len(steps))]
    query = {"plan": "lang-son", "period": "2024", "children": "true"}
    now = []
    for hour, events in zip(hours, steps, strict=True):
        log.flush(1, events, hour)
        now.append(ask(store, "/v1/attainment", **query).json())
    for hour, told in zip(hours, now, strict=True):
        then = ask(store, "/v1/attainment", **query, knownAt=hour.isoformat().replace("+00:00", "Z")).json()
        # The clock stands still at the 28th; the moment's own day is before the deadline.
        assert then["as_of"] == {**told["as_of"], "today": "2024-12-24"}
        assert figures(then) == figures(told)
    before = ask(store, "/v1/attainment", **query, knownAt="2024-12-23T23:59:59.999Z").json()
    assert ({t["state"] for t in before["targets"]}, before["as_of"]["progress"]) == ({"no_data"}, {})


def figures(answer: dict[str, Any]) -> list[Any]:
    """All that was added up, in the area and in those below."""
    return [[target["elements"] for target in area["targets"]] for area in (answer, *answer["children"])]


def test_old_reports_add_up_by_the_new_tree(log: Log, store: Store) -> None:
    log.flush(0, [FIRST, SECOND_REPORT])
    log.flush(1, [THIRD_REPORT])
    query = {"plan": "lang-son", "period": "2024", "asOfHierarchy": "2025-12-31"}
    answer = ask(store, "/v1/attainment", **query, children="true").json()
    assert (informed(answer), [informed(child) for child in answer["children"]]) == (210, [150])
    assert informed(ask(store, "/v1/attainment", **query, area="00001").json()) == 150
    own = ask(store, "/v1/attainment", **{**query, "asOfHierarchy": "2024-12-31"}, children="true").json()
    assert figures(own) == figures(ask(store, "/v1/attainment", plan="lang-son", period="2024", children="true").json())


def test_who_had_reported_at_a_moment_is_who_was_said_to_have_then(log: Log, store: Store) -> None:
    log.flush(0, [FIRST, SECOND_REPORT])
    log.flush(0, [retraction(bytes([2] * 16), SECOND)], LATE)
    told = {
        at: [
            o["received_on"]
            for o in ask(store, "/v1/obligations", plan="lang-son", period="2024", knownAt=at).json()["items"]
            if o["duty"] == "year"
        ]
        for at in ("2024-12-23T00:00:00Z", "2024-12-24T00:00:00Z", "2024-12-26T00:00:00Z")
    }
    assert list(told.values()) == [
        [None, None, None],
        ["2024-12-24", "2024-12-24", None],
        ["2024-12-24", None, None],
    ]


def test_a_name_is_never_part_of_the_sql(log: Log, store: Store) -> None:
    log.flush(0, [FIRST])
    reads = Reads(Reader(store))
    nasty = "xa' OR '1' = '1"
    assert asyncio.run(reads.history(nasty, nasty, nasty))[0] == []
    assert asyncio.run(reads.snapshot([(nasty, "2024\\", "{area:String}")])).cells == {}


def test_every_read_sees_one_moment(log: Log, store: Store) -> None:
    """A writer revises one report again and again; at every moment parent = child = what the progress says."""
    flushes, reads, stop = 60, Reads(Reader(store)), threading.Event()
    keys = [("xa", "2024", area) for area in PATHS[COMMUNE]]

    def write() -> None:
        for n in range(1, flushes + 1):
            log.flush(0, [report(n.to_bytes(16, "big"), COMMUNE, n)])
        stop.set()

    async def watch() -> int:
        seen = set()
        while not stop.is_set():
            one = await reads.snapshot(keys)
            position = one.progress.positions.get(0, 0)
            assert {cell.sums[0] for cell in one.cells.values()} == ({position} if position else set())
            assert len(one.cells) == (4 if position else 0)
            seen.add(position)
        return len(seen)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert asyncio.run(watch()) > 1
    finally:
        writer.join()


@pytest.mark.parametrize(
    ("sql", "settings"),
    [
        ("SELECT groupArray(number) FROM numbers(10000000)", {"max_memory_usage": 1_000_000}),
        ("SELECT sleep(2)", {"max_execution_time": 1}),
    ],
)
def test_an_engine_that_can_not_answer_now_is_there_and_busy(store: Store, sql: str, settings: dict[str, int]) -> None:
    reader = Reader(store)
    asyncio.run(reader.rows("SELECT 1"))
    with pytest.raises(Unavailable, match="ClickHouse is overloaded"):
        asyncio.run(reader.rows(sql, None, settings))
    assert reader.reachable


@pytest.mark.parametrize("sql", ["SELEC 1", "SELECT no_such_column FROM system.one", "SELECT 1 FROM no_such_table"])
def test_a_mistake_of_ours_is_no_engine_that_is_away(store: Store, sql: str) -> None:
    with pytest.raises(ClickHouseError):
        asyncio.run(Reader(store).rows(sql))


def test_what_can_not_be_read_now_is_answered_503(store: Store, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    log.flush(0, [report(b"a" * 16, COMMUNE, 1000, 1, 0, 400, 318, 8, 8)])
    monkeypatch.setitem(ONE_SNAPSHOT, "max_memory_usage", 1)
    answer = ask(store, "/v1/attainment", plan="lang-son", period="2024")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (503, "unavailable")
    assert "quá tải" in answer.json()["detail"]
    assert int(answer.headers["retry-after"]) > 0


def test_an_engine_that_is_away_is_said_as_that() -> None:
    store = Store("clickhouse://default:@127.0.0.1:9", "nowhere", threads=1)
    answer = ask(store, "/v1/attainment", plan="lang-son", period="2024")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    reader = Reader(store)
    assert asyncio.run(reader.probe("rollup")) is False
    with pytest.raises(Unavailable):
        asyncio.run(Reads(reader).progress())
    asyncio.run(store.close())


def test_readiness_waits_for_the_tables(log: Log, engine: Path) -> None:
    async def waiting(store: Store) -> list[str]:
        app = application(store)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
                for _ in range(100):
                    answer = await client.get("/readyz")
                    if answer.status_code == 200:
                        break
                    await asyncio.sleep(0.02)
        await store.close()
        return list(answer.json()["waiting_for"])

    assert asyncio.run(waiting(Store(log.dsn, log.database, threads=1))) == []
    assert asyncio.run(waiting(Store(log.dsn, "default", threads=1))) == ["clickhouse"]


def test_a_unit_s_receipts_are_its_own_corrections_do_not_move_them_and_what_is_not_folded_is_not_there(
    log: Log, store: Store
) -> None:
    corrected = report(bytes([1] * 16), COMMUNE, 501, 0, 3, 100, 80)
    log.flush(0, [FIRST], times=2)
    log.flush(0, [corrected], LATE)
    log.flush(3, [THIRD_REPORT])
    log.flush(3, [retraction(bytes([2] * 16), THIRD)], LATE, cells=False)
    reads = Reads(Reader(store))

    async def receipts(unit: str) -> Any:
        return await reads.receipts_of([unit], ["xa", "huyen"], ["2024", "2023"])

    assert asyncio.run(receipts(COMMUNE)) == {("xa", "2024"): Receipt(ON_TIME)}
    assert asyncio.run(receipts(THIRD)) == {("xa", "2024"): Receipt(ON_TIME)}
    assert asyncio.run(receipts(SECOND)) == {}
