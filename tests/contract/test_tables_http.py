"""Tables over HTTP: which format is answered, what a row says, to whom, and how they break off."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
from fastapi.responses import StreamingResponse
from python_calamine import CalamineWorkbook

from chitieu.adapters.table_files import Column, CsvFile
from chitieu.domain.access import AccessKey, digest, presented
from chitieu.domain.catalogue import Label
from chitieu.domain.errors import Unavailable
from chitieu.domain.inquiry import CellKey
from chitieu.domain.obligation import Receipt
from chitieu.domain.rollup import Cell
from services.api import attainment_table
from services.api.context import Context
from services.api.queries import Snapshot
from tests.contract.test_api_http import KNOWN, READS, REGISTRY, YEAR, FixedClock, application, ask
from tests.contract.test_time_http import STOOD
from tests.unit.small_release import COMMUNE, DISTRICT, NATION, PROVINCE, cell

QUERY: Mapping[str, Any] = {"plan": "lang-son", "period": "2024"}
SERIES: Mapping[str, Any] = {"indicator": "informed_rate", "area": "20", "from": "2023", "to": "2024"}
PATHS = {"/v1/attainment": QUERY, "/v1/series": SERIES, "/v1/obligations": QUERY}
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CELLS: Mapping[CellKey, Cell] = {
    **YEAR,
    ("xa", "2024", COMMUNE): cell(1, 500, 2, 1, 200, 150, 3, 3),
    ("xa", "2024", "00002@2021-01-01"): cell(1, 400, 0, 0, 100, 90, 2, 2),
}


def get(
    path: str, key: str = "province", accept: str | None = None, language: str = "", **query: Any
) -> httpx.Response:
    async def go() -> httpx.Response:
        headers = {"Authorization": f"Bearer {presented(key, 's')}", "Accept-Language": language}
        headers |= {} if accept is None else {"Accept": accept}
        transport = httpx.ASGITransport(app=application(cells=CELLS, stood=STOOD), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return await client.get(path, params=query, headers=headers)

    return asyncio.run(go())


def table(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")))


def attained(answer: httpx.Response, target: str = "informed") -> list[dict[str, str]]:
    return [row for row in table(answer) if row["Target"] == target]


# Which format


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("suffix", "accept", "type_"),
    [
        (".csv", None, "text/csv"),
        (".csv", "application/json", "text/csv"),
        (".xlsx", None, EXCEL),
        (".parquet", None, "application/vnd.apache.parquet"),
        ("", "text/csv", "text/csv"),
        ("", f"text/html, {EXCEL};q=0.9, application/json;q=0.8", EXCEL),
        ("", "application/vnd.apache.parquet", "application/vnd.apache.parquet"),
        ("", "text/csv;q=0, */*", "application/json"),
        ("", "text/csv;q=0.5, application/json", "application/json"),
        ("", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json"),
        ("", "", "application/json"),
    ],
)
def test_the_format_is_that_of_the_suffix_else_what_accept_likes_best(
    path: str, suffix: str, accept: str | None, type_: str
) -> None:
    answer = get(path + suffix, accept=accept, **PATHS[path])
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, type_)
    assert {"accept", "accept-language"} <= {one.strip().lower() for one in answer.headers["vary"].split(",")}


@pytest.mark.parametrize(("suffix", "accept"), [(".pdf", None), (".json", None), ("", "application/pdf"), ("", "a")])
def test_a_format_that_there_is_not_is_refused_with_those_that_there_are(suffix: str, accept: str | None) -> None:
    answer = get(f"/v1/series{suffix}", accept=accept, **SERIES)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (406, "not_acceptable")
    assert "json, csv, xlsx, parquet" in answer.json()["title"]


def test_what_is_wrong_with_a_request_is_said_as_in_json() -> None:
    assert get("/v1/attainment.csv", plan="lang-soon", period="2024").json()["errors"][0]["code"] == "unknown_plan"
    assert get("/v1/attainment.csv", **QUERY, knownat="x").json()["errors"][0]["code"] == "unknown_parameter"
    answer = get("/v1/attainment.csv", **QUERY, level="ward")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "invalid_parameter")


def test_the_file_has_a_telling_name() -> None:
    named = [get(f"{path}.csv", **query).headers["content-disposition"] for path, query in PATHS.items()]
    assert named == [
        'attachment; filename="attainment_lang-son_2024_20.csv"',
        'attachment; filename="series_informed_rate_20_2023_2024.csv"',
        'attachment; filename="obligations_lang-son_2024_20.csv"',
    ]


# Attainment


def test_a_row_is_a_target_in_an_area_with_its_exact_value_and_its_state() -> None:
    (row,) = attained(get("/v1/attainment.csv", language="en", **QUERY))
    assert row == {
        "Plan": "lang-son",
        "Period": "2024",
        "Area id": PROVINCE,
        "Area code": "20",
        "Area": "Tỉnh Lạng Sơn",
        "Level": "province",
        "Parent code": "vn",
        "Target": "informed",
        "Label": "informed",
        "Indicator": "informed_rate",
        "Series": "administrative",
        "Unit": "percent",
        "Comparator": ">=",
        "Bound": "80",
        "Due": "2025-12-31",
        "State": "at_risk",
        "Rule": "The bound is not met (≥ 80 %); the plan gives no path to the due date 31/12/2025. "
        "The value: 79.5 % (318 of 400). 2 more are needed (informed).",
        "Provisional": "false",
        "Numerator": "318",
        "Denominator": "400",
        "Exact value": "79.5",
        "Value": "79.5",
        "Expected": "",
        "Needed": "2",
        "Spare": "0",
        "Units reported": "3",
        "Units expected": "3",
    }


def test_names_and_sentences_are_vietnamese_unless_english_is_liked_better() -> None:
    for language, name in (
        ("", "Kế hoạch"),
        ("fr, en;q=0.5, vi;q=0.4", "Plan"),
        ("vi-VN,vi;q=0.9,en;q=0.8", "Kế hoạch"),
    ):
        assert next(iter(table(get("/v1/attainment.csv", language=language, **QUERY))[0])) == name


def test_children_and_every_area_of_a_level_are_there_if_asked_for() -> None:
    for more, areas in (
        ({}, ["20"]),
        ({"children": "true"}, ["20", "201", "202"]),
        ({"level": "commune"}, ["20", "00001", "00002", "00003"]),
        ({"level": "district"}, ["20", "201", "202"]),
    ):
        rows = attained(get("/v1/attainment.csv", language="en", **QUERY, **more))
        assert [row["Area code"] for row in rows] == areas
    values = [
        row["Exact value"] for row in attained(get("/v1/attainment.csv", language="en", **QUERY, level="commune"))
    ]
    assert values == ["79.5", "75", "90", ""]


def test_blocks_of_areas_are_one_table_and_siblings_are_never_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = get("/v1/attainment.csv", **QUERY, level="commune").text
    monkeypatch.setattr(attainment_table, "_AREAS_AT_ONCE", 1)
    assert get("/v1/attainment.csv", **QUERY, level="commune").text == whole


def test_small_counts_are_shown_inside_the_subtree_only() -> None:
    """Child labour: 3 in the province and in its first district, 0 in the other."""
    for key, shown in (("province", ["3", "3", "0"]), ("elsewhere", ["1-5", "1-5", "0"])):
        rows = attained(get("/v1/attainment.csv", key, language="en", **QUERY, children="true"), "labour-low")
        assert [row["Numerator"] for row in rows] == shown
    data = get("/v1/attainment.parquet", "elsewhere", **QUERY, children="true").content
    typed = [row for row in pq.read_table(io.BytesIO(data)).to_pylist() if row["target"] == "labour-low"]
    told = [(row["numerator"], row["numerator_suppressed"], row["exact"]) for row in typed]
    assert told == [(None, True, None), (None, True, None), (0, False, "0")]


def test_the_formats_say_the_same() -> None:
    told = table(get("/v1/attainment.csv", **QUERY, children="true"))
    book = CalamineWorkbook.from_filelike(io.BytesIO(get("/v1/attainment.xlsx", **QUERY, children="true").content))
    names, *rows = book.get_sheet_by_index(0).to_python()
    assert names == list(told[0])
    assert [row[3] for row in rows] == [row["Mã địa bàn"] for row in told]
    parquet = pq.read_table(io.BytesIO(get("/v1/attainment.parquet", **QUERY, children="true").content)).to_pylist()
    for column, key in (("Tử số", "numerator"), ("Số đơn vị đã báo cáo", "units_reported")):
        as_text, number = [row[column] for row in told], names.index(column)
        assert as_text == ["" if row[number] == "" else f"{row[number]:g}" for row in rows]
        assert as_text == [
            "" if row[key] is None else f"{row[key]:f}".rstrip("0").rstrip(".") or "0" for row in parquet
        ]


def test_by_the_tree_of_another_day_and_as_it_was_known() -> None:
    (row, below) = attained(
        get("/v1/attainment.csv", language="en", **QUERY, asOfHierarchy="2025-12-31", children="true")
    )
    assert (row["Numerator"], below["Area id"], below["Numerator"]) == ("210", "00001@2025-07-01", "150")
    (row,) = attained(get("/v1/attainment.csv", language="en", **QUERY, knownAt="2024-12-21T00:00:00Z"))
    assert row["Numerator"] == "80"


def test_what_is_counted_again_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attainment_table, "MOST_RECOUNTED_AREAS", 2)
    query = {**QUERY, "level": "commune"}
    assert get("/v1/attainment.csv", **query).status_code == 200
    answer = get("/v1/attainment.csv", **query, knownAt="2024-12-25T00:00:00Z")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "too_much")


def test_an_answer_is_not_sent_twice_until_something_changes() -> None:
    """A format and a language have a tag of their own."""
    app = application(cells=CELLS)
    tags = [
        ask(app, f"/v1/attainment{suffix}", **QUERY).headers["etag"] for suffix in ("", ".csv", ".xlsx", ".parquet")
    ]
    assert len(set(tags)) == 4
    assert ask(app, "/v1/attainment.csv", tag=tags[1], **QUERY).status_code == 304
    assert ask(app, "/v1/attainment.csv", "nation", tag=tags[1], **QUERY).status_code == 200
    changed = {**CELLS, ("xa", "2024", PROVINCE): cell(3, 1000, 2, 1, 400, 319, 8, 8)}
    assert ask(application(cells=changed), "/v1/attainment.csv", tag=tags[1], **QUERY).status_code == 200


def failing_after(monkeypatch: pytest.MonkeyPatch, blocks: int) -> None:
    """The figures are away once so many blocks have been read."""
    left = [blocks]

    async def below(keys: Iterable[CellKey], held: Snapshot) -> Mapping[CellKey, Cell]:
        left[0] -= 1
        if left[0] < 0:
            raise Unavailable.of("unavailable", detail="ClickHouse")
        return {}

    monkeypatch.setattr(attainment_table, "_AREAS_AT_ONCE", 1)
    monkeypatch.setattr(READS, "below", below)


def test_what_fails_at_once_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    failing_after(monkeypatch, 0)
    assert get("/v1/attainment.csv", **QUERY, children="true").status_code == 503


def test_what_fails_later_breaks_off_and_is_never_taken_for_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    failing_after(monkeypatch, 1)
    with pytest.raises(RuntimeError, match="response already started"):
        _streamed("/v1/attainment.csv", **QUERY, children="true")


def _streamed(path: str, **query: Any) -> bytes:
    async def go() -> bytes:
        transport = httpx.ASGITransport(app=application(cells=CELLS))
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            headers = {"Authorization": f"Bearer {presented('province', 's')}"}
            return (await client.get(path, params=query, headers=headers)).content

    return asyncio.run(go())


# Series and obligations


def test_a_row_is_a_point_with_the_year_before() -> None:
    rows = table(get("/v1/series.csv", language="en", **SERIES, periodType="year"))
    assert [(row["Period"], row["Numerator"], row["Exact value"], row["Reports expected"]) for row in rows] == [
        ("2023", "", "", "3"),
        ("2024", "318", "79.5", "3"),
    ]
    assert (rows[1]["First day"], rows[1]["Year before"], rows[1]["Change"]) == ("2023-12-15", "2023", "")


def test_a_row_is_a_duty_of_a_unit() -> None:
    app = application(known={("xa", COMMUNE): Receipt(KNOWN)})
    answer = ask(app, "/v1/obligations.csv", **QUERY, area=DISTRICT, state="on_time")
    (row,) = table(answer)
    told = {name: row[name] for name in ("Mã nghĩa vụ", "Mã đơn vị", "Thuộc", "Trạng thái", "Hạn cuối", "Ngày nhận")}
    assert list(told.values()) == [
        "year",
        "00001",
        "Việt Nam / Tỉnh Lạng Sơn / Huyện Hữu Lũng",
        "on_time",
        "2024-12-25",
        "2024-12-24",
    ]


def test_a_block_is_read_only_when_those_before_it_have_been_sent() -> None:
    """So however long a table is, no more than two of its blocks are held."""
    read: list[int] = []

    async def blocks() -> AsyncIterator[list[str]]:
        for at in range(5):
            read.append(at)
            yield [f"row {at}"]

    async def go() -> list[tuple[str, int]]:
        file = CsvFile([Column("a", Label("a", "a"))], 0)
        context = Context(READS, REGISTRY, FixedClock())
        key = AccessKey("nation", digest("s"), NATION, frozenset())
        answer = await context.table(key, blocks(), lambda block: [[one] for one in block], file, {})
        assert isinstance(answer, StreamingResponse)
        return [(bytes(chunk).decode().strip("\ufeff\r\n"), len(read)) async for chunk in answer.body_iterator]  # type: ignore[arg-type]

    sent = [told for told in asyncio.run(go()) if told[0]]
    assert sent == [("a\r\nrow 0", 1), ("row 1", 2), ("row 2", 3), ("row 3", 4), ("row 4", 5)]
