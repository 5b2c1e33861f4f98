"""DHIS2's analytics over HTTP: the table its clients read, what is withheld in it, and how it says no."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.domain.inquiry import CellKey
from chitieu.domain.rollup import Cell
from services.api import analytics, analytics_areas
from tests.contract.test_api_http import APP, REGISTRY, YEAR, application, ask
from tests.contract.test_time_http import AFTER, OTHER, STOOD, THIRD
from tests.unit.small_release import COMMUNE, DISTRICT, NATION, PROVINCE, cell

NEW = "00001@2025-07-01"
CELLS: Mapping[CellKey, Cell] = {
    **YEAR,
    ("xa", "2024", NATION): cell(3, 1000, 2, 1, 400, 318, 8, 8),
    ("xa", "2024", COMMUNE): cell(1, 600, 2, 0, 200, 160, None, None),
    ("xa", "2023", PROVINCE): cell(2, 800, 4, 8, 300, 100, 4, 1),
    ("xa", "2025", NEW): cell(1, 700, 0, 0, 210, 7, 2, 1),
}


def table(key: str = "province", path: str = "/api/analytics", **parameters: Any) -> dict[str, Any]:
    answer = answered(key, path, **parameters)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert (found["height"], found["width"]) == (len(found["rows"]), len(found["headers"]))
    return found


def answered(key: str | None = "province", path: str = "/api/analytics", **parameters: Any) -> httpx.Response:
    return ask(application(cells=CELLS), path, key, **parameters)


def refused(**parameters: Any) -> tuple[int, str]:
    answer = answered(**parameters)
    body = answer.json()
    assert (body["httpStatusCode"], body["status"]) == (answer.status_code, "ERROR"), answer.text
    return answer.status_code, body["errorCode"]


def test_elements_and_indicators_are_a_table_by_period_and_unit() -> None:
    found = table(dimension=["dx:parents;informed_rate", "pe:2024;2023", "ou:20;201"])
    assert found["rows"] == [
        ["parents", "2024", "20", "400"],
        ["parents", "2024", "201", "300"],
        ["parents", "2023", "20", "300"],
        ["informed_rate", "2024", "20", "79.5"],
        ["informed_rate", "2024", "201", "80"],
        ["informed_rate", "2023", "20", "33.3"],
    ]
    text = {"valueType": "TEXT", "type": "java.lang.String", "hidden": False, "meta": True}
    assert found["headers"] == [
        {"name": "dx", "column": "Data", **text},
        {"name": "pe", "column": "Period", **text},
        {"name": "ou", "column": "Organisation unit", **text},
        {"name": "value", "column": "Value", "valueType": "NUMBER", "type": "java.lang.Double", "hidden": False}
        | {"meta": False},
    ]
    assert found["metaData"] == {
        "items": {
            "parents": {"name": "parents"},
            "informed_rate": {"name": "informed_rate"},
            "2024": {"name": "Năm 2024"},
            "2023": {"name": "Năm 2023"},
            "20": {"name": "Tỉnh Lạng Sơn"},
            "201": {"name": "Huyện Hữu Lũng"},
            "dx": {"name": "Data"},
            "pe": {"name": "Period"},
            "ou": {"name": "Organisation unit"},
        },
        "dimensions": {"dx": ["parents", "informed_rate"], "pe": ["2024", "2023"], "ou": ["20", "201"], "co": []},
        "suppressed": None,
    }
    assert found["as_of"]["progress"] == {"0": 100}


@pytest.mark.parametrize("path", ["/api/analytics.json", "/api/33/analytics", "/api/41/analytics.json"])
def test_a_version_and_a_format_in_the_address_mean_nothing(path: str) -> None:
    assert table(path=path, dimension=["dx:parents", "pe:2024"])["rows"] == [["parents", "2024", "400"]]


def test_columns_stand_in_the_order_asked_and_filters_are_none() -> None:
    found = table(dimension=["ou:20", "dx:parents"], filter=["pe:2024"])
    assert ([one["name"] for one in found["headers"]], found["rows"]) == (
        ["ou", "dx", "value"],
        [["20", "parents", "400"]],
    )
    assert table(dimension=["dx:parents", "pe:2024"], filter=["ou:20"])["rows"] == [["parents", "2024", "400"]]


def test_without_a_unit_the_nation_is_meant() -> None:
    assert table("nation", dimension=["dx:parents", "pe:2024"])["metaData"]["dimensions"]["ou"] == ["vn"]


def test_a_field_of_an_element_is_an_operand() -> None:
    found = table(dimension=["dx:labour.m;labour.f;labour", "pe:2023", "ou:20"])
    assert [(row[0], row[3]) for row in found["rows"]] == [("labour.m", "4"), ("labour.f", "8"), ("labour", "12")]
    assert found["metaData"]["items"]["labour.m"] == {"name": "labour (m)"}


def test_numbers_are_rounded_as_dhis2_rounds_them() -> None:
    dx, elsewhere = "dx:labour_rate;budget;children;informed_rate", ["pe:2023;2024", "ou:20"]
    rounded = {tuple(row[:2]): row[3] for row in table(dimension=[dx, *elsewhere])["rows"]}
    exact = {tuple(row[:2]): row[3] for row in table(dimension=[dx, *elsewhere], skipRounding="true")["rows"]}
    assert rounded["labour_rate", "2023"] == "1.5"
    assert rounded["labour_rate", "2024"] == "0.3"
    assert (rounded["informed_rate", "2023"], exact["informed_rate", "2023"]) == ("33.3", "33.3333333333")
    assert (rounded["budget", "2024"], rounded["children", "2024"]) == ("12.5", "1000")


# Units


def test_a_level_is_that_of_the_period_s_tree() -> None:
    found = table(dimension=["dx:parents", "pe:2024;2025", "ou:LEVEL-3"])
    assert [row[1:] for row in found["rows"]] == [
        ["2024", "201", "300"],
        ["2024", "202", "100"],
        ["2025", "00001", "210"],
    ]
    assert found["metaData"]["dimensions"]["ou"] == ["201", "202", "00001", "00003"]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ("LEVEL-3;20", ["201", "202"]),
        ("LEVEL-3-20", ["201", "202"]),
        ("LEVEL-district", ["201", "202"]),
        ("LEVEL-commune-201", ["00001", "00002"]),
        ("LEVEL-4;202", ["00003"]),
        ("LEVEL-2", ["20", "30"]),
        ("LEVEL-2;LEVEL-3;20", ["20", "201", "202"]),
        ("USER_ORGUNIT", ["20"]),
        ("USER_ORGUNIT_CHILDREN", ["201", "202"]),
        ("LEVEL-commune;USER_ORGUNIT", ["00001", "00002", "00003"]),
        ("20;20;00001@2021-01-01", ["20", "00001@2021-01-01"]),
    ],
)
def test_units_are_named_as_in_dhis2(items: str, expected: list[str]) -> None:
    found = table(dimension=["dx:parents", "pe:2024", f"ou:{items}"])
    assert found["metaData"]["dimensions"]["ou"] == expected


def test_a_code_that_means_two_units_in_one_answer_is_written_as_their_ids() -> None:
    found = table(dimension=["dx:parents", "pe:2024;2025", "ou:00001"])
    assert [row[1:] for row in found["rows"]] == [["2024", COMMUNE, "200"], ["2025", NEW, "210"]]


# Small counts


def test_small_counts_of_children_elsewhere_have_no_row_and_are_named_as_withheld() -> None:
    asked: dict[str, Any] = {"dimension": ["dx:labour;labour.m;labour_rate;parents", "pe:2024", "ou:20;202"]}
    found = table("elsewhere", **asked)
    assert [row[::2] for row in found["rows"]] == [
        ["labour", "202"],
        ["labour.m", "202"],
        ["labour_rate", "202"],
        ["parents", "20"],
        ["parents", "202"],
    ]
    withheld = found["metaData"]["suppressed"]
    assert withheld["rows"] == [["labour", "2024", "20"], ["labour.m", "2024", "20"], ["labour_rate", "2024", "20"]]
    assert "1 to 5" in withheld["note"]["en"]
    assert table("province", **asked)["metaData"]["suppressed"] is None


def test_what_nobody_reported_has_no_row_and_is_not_withheld() -> None:
    found = table(dimension=["dx:officials_c;officials_d", "pe:2024", "ou:00001;30"])
    assert (found["rows"], found["metaData"]["suppressed"]) == ([], None)


LABOUR: Mapping[CellKey, Cell] = {
    ("xa", "2024", PROVINCE): cell(3, 1000, 31, 32, 400, 318, 8, 8),
    ("xa", "2024", DISTRICT): cell(2, 900, 30, 29, 300, 240, 5, 5),
    ("xa", "2024", OTHER): cell(1, 100, 1, 3, 100, 78, 3, 3),
}


def labour(key: str, dx: str, ou: str) -> tuple[list[list[str]], list[list[str]]]:
    """Rows and what is withheld, in a table of elements by areas."""
    parameters: dict[str, Any] = {"dimension": [f"dx:{dx}", f"ou:{ou}"], "filter": "pe:2024"}
    found = ask(application(cells=LABOUR), "/api/analytics", key, **parameters).json()
    return found["rows"], (found["metaData"]["suppressed"] or {"rows": []})["rows"]


def test_what_subtraction_would_give_back_is_withheld_too() -> None:
    """63 in the province less 59 in one district would be the 4 of the other."""
    province = ["labour", "20", "63"]
    assert labour("elsewhere", "labour", "20;201;202") == ([province], [["labour", "201"], ["labour", "202"]])
    assert labour("province", "labour", "20;201;202")[1] == []


@pytest.mark.parametrize("areas", ["20;201", "201", "USER_ORGUNIT;201"])
def test_it_is_withheld_whatever_is_asked_with_it(areas: str) -> None:
    """Two answers would give what one does."""
    assert ["labour", "201"] in labour("elsewhere", "labour", areas)[1]


def test_neither_an_element_nor_a_rate_gives_back_what_its_options_withhold() -> None:
    rows, withheld = labour("elsewhere", "labour;labour.m;labour.f;labour_rate;children", "201;202;20")
    assert [row[:2] for row in rows] == [
        ["labour", "20"],
        ["labour.m", "20"],
        ["labour.f", "20"],
        ["labour_rate", "20"],
        ["children", "201"],
        ["children", "202"],
        ["children", "20"],
    ]
    assert len(withheld) == 8


def test_a_rate_of_the_area_above_gives_nothing_back_though_no_count_is_shown() -> None:
    rows, withheld = labour("elsewhere", "labour_rate;children", "20;201;202")
    assert [row[0] for row in rows] == ["labour_rate", "children", "children", "children"]
    assert withheld == [["labour_rate", "201"], ["labour_rate", "202"]]


# From where it is seen


def seen(dx: str, ou: str, key: str = "province", **view: Any) -> dict[str, Any]:
    app = application(stood=STOOD, cells=CELLS)
    answer = ask(app, "/api/analytics", key, dimension=[dx, ou], filter="pe:2024", **view)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_areas_are_summed_by_the_tree_of_another_day_and_what_can_not_be_placed_is_said() -> None:
    found = seen("dx:informed", "ou:20;00001", asOfHierarchy=AFTER)
    assert found["rows"] == [["informed", "20", "210"], ["informed", "00001", "150"]]
    assert found["hierarchy"]["as_of"] == AFTER
    assert {one["unit"]["id"] for one in found["hierarchy"]["undivided"]} == {THIRD}
    assert seen("dx:informed", "ou:00001", asOfHierarchy=AFTER)["hierarchy"]["undivided"] == []
    assert table(dimension=["dx:parents", "pe:2024"])["hierarchy"] is None


@pytest.mark.parametrize("items", ["LEVEL-3", "LEVEL-commune-20", "USER_ORGUNIT_CHILDREN"])
def test_levels_are_those_of_that_day(items: str) -> None:
    found = seen("dx:informed", f"ou:{items}", asOfHierarchy=AFTER)
    assert found["metaData"]["dimensions"]["ou"] == ["00001", "00003"]


def test_figures_are_those_known_at_a_moment() -> None:
    told = [seen("dx:informed", "ou:20", knownAt=f"2024-12-{day}T00:00:00Z")["rows"] for day in (19, 20, 22, 24)]
    assert told == [[], [["informed", "20", "80"]], [["informed", "20", "150"]], [["informed", "20", "210"]]]


@pytest.mark.parametrize("view", [{"asOfHierarchy": AFTER}, {"knownAt": "2024-12-25T00:00:00Z"}])
def test_small_counts_are_withheld_whatever_the_view(view: dict[str, str]) -> None:
    found = seen("dx:labour", "ou:20", "elsewhere", **view)
    assert (found["rows"], found["metaData"]["suppressed"]["rows"]) == ([], [["labour", "20"]])
    assert seen("dx:labour", "ou:20", **view)["rows"] == [["labour", "20", "5"]]


def test_every_view_has_a_tag_of_its_own() -> None:
    asked: dict[str, Any] = {"dimension": ["dx:informed", "pe:2024", "ou:20"]}
    views: list[dict[str, str]] = [{}, {"asOfHierarchy": AFTER}, {"knownAt": "2024-12-25T00:00:00Z"}]
    app = application(stood=STOOD, cells=CELLS)
    assert len({ask(app, "/api/analytics", **asked, **view).headers["etag"] for view in views}) == len(views)


@pytest.mark.parametrize(
    "view", [{"asOfHierarchy": "yesterday"}, {"knownAt": "2024-12-24"}, {"knownAt": "2024-12-27T00:00:00Z"}]
)
def test_a_view_that_is_none_is_refused_in_dhis2_s_shape(view: dict[str, Any]) -> None:
    assert refused(dimension=["dx:parents", "pe:2024"], **view) == (400, "invalid_parameter")


def test_a_unit_that_the_other_tree_has_not_is_named_with_its_days() -> None:
    answer = answered(dimension=["dx:parents", "pe:2024", "ou:201"], asOfHierarchy=AFTER)
    assert (answer.status_code, answer.json()["errorCode"]) == (409, "E7124")
    assert DISTRICT in answer.json()["message"]


# Less of it


def test_meta_data_and_data_may_be_left_out() -> None:
    asked = ["dx:parents", "pe:2024", "ou:20"]
    assert table(dimension=asked, skipMeta="true")["metaData"] == {}
    nothing = table(dimension=asked, skipData="true")
    assert (nothing["rows"], nothing["metaData"]["dimensions"]["ou"]) == ([], ["20"])


def test_the_same_again_is_304() -> None:
    asked: dict[str, Any] = {"dimension": ["dx:parents", "pe:2024", "ou:20"]}
    first = answered(**asked)
    assert ask(APP, "/api/analytics", tag=first.headers["etag"], **asked).status_code == 304


# Who asks


def test_a_key_is_described_as_a_user() -> None:
    assert answered("writer", "/api/me.json").json() == {
        "id": "writer",
        "username": "writer",
        "name": "writer",
        "displayName": "writer",
        "authorities": ["reports:write"],
        "organisationUnits": [{"id": DISTRICT}],
    }
    assert answered(None, "/api/me").status_code == 401


# Relative periods. The clock stands at 26 December 2024.


def test_relative_periods_are_counted_from_today_and_answered_by_their_labels() -> None:
    found = table(dimension=["dx:parents", "pe:LAST_YEAR;THIS_YEAR", "ou:20"])
    assert found["rows"] == [["parents", "2023", "20", "300"], ["parents", "2024", "20", "400"]]
    assert found["metaData"]["dimensions"]["pe"] == ["2023", "2024"]
    assert found["metaData"]["items"]["2023"] == {"name": "Năm 2023"}


def test_one_relative_period_may_be_a_filter() -> None:
    assert table(dimension=["dx:parents", "ou:20"], filter=["pe:LAST_YEAR"])["rows"] == [["parents", "20", "300"]]


def test_relative_periods_may_be_counted_from_another_day() -> None:
    found = table(dimension=["dx:parents", "pe:LAST_YEAR", "ou:20"], relativePeriodDate="2025-01-01")
    assert found["rows"] == [["parents", "2024", "20", "400"]]


@pytest.mark.parametrize(
    ("known_at", "year"),
    [("2024-01-01T00:00:00Z", "2024"), ("2023-12-31T16:59:59Z", "2023")],  # a second before midnight in Viet Nam
)
def test_what_was_known_then_is_told_of_the_periods_of_then(known_at: str, year: str) -> None:
    app = application(cells=CELLS, stood=STOOD)
    answer = ask(app, "/api/analytics", dimension=["dx:parents", "pe:THIS_YEAR"], knownAt=known_at)
    assert answer.json()["metaData"]["dimensions"]["pe"] == [year]


# No


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, "E7102"),
        ({"dimension": ["pe:2024"]}, "E7102"),
        ({"dimension": ["dx:", "pe:2024"]}, "E7102"),
        ({"dimension": ["dx:parents"]}, "E7104"),
        ({"dimension": ["dx:parents", "dx:labour", "pe:2024"]}, "E7111"),
        ({"dimension": ["dx:parents", "pe:2024"], "filter": ["pe:2024"]}, "E7111"),
        ({"dimension": ["dx:parents", "pe:2024", "co"]}, "E7125"),
        ({"dimension": ["dx:parent", "pe:2024"]}, "E7124"),
        ({"dimension": ["dx:xa.REPORTING_RATE", "pe:2024"]}, "E7124"),
        ({"dimension": ["dx:labour.x", "pe:2024"]}, "E7124"),
        ({"dimension": ["dx:parents", "pe:LAST_52_WEEKS"]}, "E7124"),
        ({"dimension": ["dx:parents"], "filter": ["pe:LAST_5_YEARS"]}, "E7124"),
        ({"dimension": ["dx:parents", "pe:20240115"]}, "E7124"),
        ({"dimension": ["dx:parents", "pe:2024", "ou:99999"]}, "E7124"),
        ({"dimension": ["dx:parents", "pe:2024", "ou:LEVEL-9"]}, "E7124"),
        ({"dimension": ["dx:parents", "pe:2024", "ou:LEVEL-village"]}, "E7124"),
        ({"dimension": ["dx:parents", "pe:2024", "ou:LEVEL-3;99999"]}, "E7124"),
        ({"dimension": ["dx:parents", "pe:2024", "ou:OU_GROUP-1"]}, "E7124"),
        ({"dimension": ["dx:parents"], "filter": ["pe:2023;2024"]}, "E7124"),
        ({"dimension": ["dx:parents", "pe:2024"], "filter": ["ou:LEVEL-3"]}, "E7124"),
        ({"dimension": ["dx:parents", "pe:2024"], "filter": ["series:education"]}, "E7124"),
    ],
)
def test_a_question_that_can_not_be_answered_is_409_with_dhis2_s_code(parameters: Any, code: str) -> None:
    assert refused(**parameters) == (409, code)


ITEMS = st.sampled_from(
    "parents labour.m labour_rate 2024 2025S1 2013-2015 20 LEVEL-3 LEVEL-commune-201 LEVEL- LEVEL-20 LEVEL-² "
    f"USER_ORGUNIT administrative @ x \x00 {NEW} ".split(" ")
)
ASKED = st.lists(
    st.tuples(st.sampled_from(["ou", "ou", "ou", "series", "dx", "co"]), st.lists(ITEMS, max_size=3)).map(
        lambda both: f"{both[0]}:{';'.join(both[1])}"
    ),
    max_size=3,
)


@given(ASKED, ASKED)
def test_whatever_is_asked_is_a_table_or_a_refusal(dimensions: list[str], filters: list[str]) -> None:
    answer = answered(dimension=["dx:parents", *dimensions], filter=["pe:2024", *filters])
    assert answer.status_code in {200, 409}, answer.text


def test_an_unknown_item_is_told_with_the_nearest() -> None:
    message = answered(dimension=["dx:parent", "pe:2024"]).json()["message"]
    assert message == "The dimension 'dx' has no item 'parent'. Nearest: parents."


@pytest.mark.parametrize(
    "parameter",
    [
        {"aggregationType": "COUNT"},
        {"startDate": "2024-01-01"},
        {"outputIdScheme": "NAME"},
        {"skipMeta": "perhaps"},
        {"includeNumDen": "true"},
        {"relativePeriodDate": "yesterday"},
    ],
)
def test_what_would_change_the_figures_is_refused_not_passed_over(parameter: dict[str, Any]) -> None:
    assert refused(dimension=["dx:parents", "pe:2024"], **parameter) == (400, "invalid_parameter")


def test_what_says_only_what_is_so_anyway_is_taken() -> None:
    same = {"outputIdScheme": "CODE", "includeNumDen": "false", "aggregationType": "DEFAULT", "hierarchyMeta": "false"}
    found = table(dimension=["dx:parents", "pe:2024", "ou:20"], **same)
    assert found["rows"] == [["parents", "2024", "20", "400"]]


def test_a_question_without_end_is_refused_before_all_of_it_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analytics_areas, "_MOST_VISITED", 200)
    again = ";".join(f"LEVEL-commune-{code}" for code in ("20", "201", "202", "vn"))
    periods = ";".join(map(str, range(2000, 2040)))
    assert refused(dimension=["dx:parents", f"pe:{periods}", f"ou:{again}"]) == (409, "E7128")


def test_too_much_is_refused_with_what_to_narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analytics, "MOST_ROWS", 11)
    asked = ["dx:parents;children", "pe:2023;2024", "ou:LEVEL-4"]
    answer = answered(dimension=asked)
    assert (answer.status_code, answer.json()["errorCode"]) == (409, "E7128")
    assert answer.json()["message"] == "At most 11 rows, and this asks for 12. Narrow dx (2), pe (2), ou (3)."


def test_without_a_key_or_its_scope_dhis2_says_no_in_its_shape() -> None:
    asked: dict[str, Any] = {"dimension": ["dx:parents", "pe:2024"]}
    assert answered(None, **asked).json()["httpStatus"] == "Unauthorized"
    assert (answered("writer", **asked).status_code, answered("writer", **asked).json()["httpStatus"]) == (
        403,
        "Forbidden",
    )


def test_what_is_not_there_is_404_and_405_in_dhis2_s_shape() -> None:
    assert ask(APP, "/api/organisationUnits").json()["httpStatus"] == "Not Found"
    answer = ask(APP, "/api/analytics", method="POST")
    assert (answer.json()["httpStatusCode"], answer.headers["allow"]) == (405, "GET, HEAD")


def test_before_keys_are_known_it_is_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(REGISTRY, "ready", False)
    answer = answered(dimension=["dx:parents", "pe:2024"])
    assert (answer.status_code, answer.json()["httpStatusCode"], answer.headers["retry-after"]) == (503, 503, "2")


def test_districts_report_nothing_of_their_own_to_communes() -> None:
    assert table(dimension=["dx:budget", "pe:2024", f"ou:20;{DISTRICT}"])["rows"] == [["budget", "2024", "20", "12.5"]]
