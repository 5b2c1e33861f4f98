"""What is withheld over HTTP: whichever answer is asked for, a small count can't be had from what others say."""

from collections.abc import Mapping
from html import unescape
from typing import Any

import pytest

from chitieu.domain.access import presented
from chitieu.domain.inquiry import CellKey
from chitieu.domain.rollup import Cell
from tests.contract.test_api_http import application, ask
from tests.contract.test_time_http import OTHER, SECOND, THIRD
from tests.contract.test_web_http import signed_in
from tests.unit.small_release import COMMUNE, DISTRICT, PROVINCE, cell

UNITS = {PROVINCE: 3, DISTRICT: 2}


def labour(area: str, children: int, boys: int, girls: int) -> tuple[CellKey, Cell]:
    return ("xa", "2024", area), cell(UNITS.get(area, 1), children, boys, girls, 100, 80, 3, 3)


# 4 children labour in Vân An, the only commune of its district. The province's 7355 less the other district's 7351
# would say so; these less the 4211 of one of its communes are the 3140 of the other.
CELLS: Mapping[CellKey, Cell] = dict(
    (
        labour(PROVINCE, 100018, 4103, 3252),
        labour(DISTRICT, 90011, 4100, 3251),
        labour(COMMUNE, 50003, 2200, 2011),
        labour(SECOND, 40008, 1900, 1240),
        labour(OTHER, 10007, 3, 1),
        labour(THIRD, 10007, 3, 1),
    )
)
YEAR = {"plan": "lang-son", "period": "2024"}
SERIES = {"indicator": "labour_rate", "from": "2023", "to": "2024"}
LABOUR = {**YEAR, "target": "labour-low"}
ANSWERS: Mapping[str, tuple[str, Mapping[str, Any], str]] = {
    "children": ("/v1/attainment", {**YEAR, "children": "true"}, "7351"),
    "by gap": ("/v1/attainment", {**LABOUR, "children": "true", "sort": "gap"}, "7351"),
    "alone": ("/v1/attainment", {**YEAR, "area": "201"}, "7351"),
    "below": ("/v1/attainment", {**YEAR, "area": "201", "children": "true"}, "3140"),
    "cascade": ("/v1/attainment", {"period": "2024", "area": "201"}, "7351"),
    "table": ("/v1/attainment.csv", {**YEAR, "children": "true"}, "7351"),
    "level": ("/v1/attainment.csv", {**YEAR, "level": "commune"}, "3140"),
    "series": ("/v1/series", {**SERIES, "area": "201"}, "7351"),
    "series table": ("/v1/series.csv", {**SERIES, "area": "00002@2021-01-01"}, "3140"),
    "lineage": ("/v1/lineage", LABOUR, "7351"),
    "lineage below": ("/v1/lineage", {**LABOUR, "area": "201"}, "3140"),
    "analytics": ("/api/analytics", {"dimension": ["dx:labour", "ou:201"], "filter": "pe:2024"}, "7351"),
    "fields": ("/api/analytics", {"dimension": ["dx:labour.m;labour.f", "ou:201"], "filter": "pe:2024"}, "4100"),
}
PAGES = {
    "area": ("/a/20?plan=lang-son&period=2024&target=labour-low", "7.351"),
    "area alone": ("/a/201?plan=lang-son&period=2024", "7.351"),
    "course": ("/a/201/labour-low?plan=lang-son&period=2024", "8,2%"),
    "communes": ("/a/20?plan=lang-son&period=2024&target=labour-low&level=commune", "3.140"),
    "matrix of communes": ("/map?plan=lang-son&period=2024&area=20&target=labour-low&level=commune", "7,8%"),
    "matrix": ("/map?plan=lang-son&period=2024&area=201&target=labour-low", "7,8%"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_a_small_count_follows_from_is_withheld_in_every_answer(name: str) -> None:
    path, query, number = ANSWERS[name]
    own, seen = (ask(application(cells=CELLS), path, key, **query) for key in ("province", "elsewhere"))
    assert (own.status_code, seen.status_code) == (200, 200), seen.text
    assert number in own.text
    assert number not in seen.text


@pytest.mark.parametrize("name", PAGES)
def test_what_a_small_count_follows_from_is_withheld_on_every_page(name: str) -> None:
    path, number = PAGES[name]
    own, seen = (
        unescape(signed_in(presented(key, "s"), cells=CELLS).ask(path).text) for key in ("province", "elsewhere")
    )
    assert number in own
    assert number not in seen


@pytest.mark.parametrize(("area", "hidden"), [("20", False), ("201", True), ("202", True)])
def test_a_printed_report_says_no_more(area: str, hidden: bool) -> None:
    told = {"20": "7.355/100.018", "201": "7.351/90.011", "202": "4/10.007"}[area]
    path = f"/v1/documents/lang-son/{area}/2024.html"
    own, seen = (ask(application(cells=CELLS), path, key) for key in ("province", "elsewhere"))
    assert (own.status_code, seen.status_code) == (200, 200)
    assert told in own.text
    assert (told not in seen.text) is hidden


def test_what_needs_not_be_withheld_is_shown() -> None:
    """The province's sum, of two districts withheld; and of a district withheld the larger commune's."""
    shown = ask(application(cells=CELLS), "/v1/attainment", "elsewhere", area="20", **YEAR)
    assert "7355" in shown.text
    assert "4211" in ask(application(cells=CELLS), "/v1/attainment", "elsewhere", area="00001", **YEAR).text


def test_a_neighbour_s_report_changes_the_tag_of_what_is_withheld_for_its_sake() -> None:
    """While Vân An has none, the other district's figure is shown; nobody keeps it after that."""
    query: dict[str, Any] = {**YEAR, "area": "201"}
    none: dict[CellKey, Cell] = {**CELLS, **dict([labour(OTHER, 10007, 0, 0), labour(PROVINCE, 100018, 4100, 3251)])}
    before = ask(application(cells=none), "/v1/attainment", "elsewhere", **query)
    assert "7351" in before.text
    after = ask(application(cells=CELLS), "/v1/attainment", "elsewhere", tag=before.headers["etag"], **query)
    assert (after.status_code, "7351" in after.text) == (200, False)
