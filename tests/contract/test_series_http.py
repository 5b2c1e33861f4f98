"""`/v1/series` over HTTP: points with what they are made of, to whom, and how it says no."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from chitieu.domain.inquiry import CellKey
from chitieu.domain.rollup import Cell
from services.api import series
from tests.contract.test_api_http import application, ask
from tests.contract.test_time_http import STOOD
from tests.unit.small_release import COMMUNE, DISTRICT, PROVINCE, cell

# children, labour.m, labour.f, parents, informed, officials_c, trained_c
CELLS: Mapping[CellKey, Cell] = {
    ("xa", "2023", PROVINCE): cell(2, 1000, 2, 2, 400, 300),
    ("xa", "2024", PROVINCE): cell(3, 1000, 7, 2, 400, 318),
    ("xa", "2024S1", PROVINCE): cell(3, 1000, 0, 0, 400, 0),
}
QUERY: Mapping[str, Any] = {"indicator": "informed_rate", "area": "20", "from": "2023", "to": "2024"}


def get(key: str = "province", cells: Mapping[CellKey, Cell] = CELLS, **query: Any) -> httpx.Response:
    return ask(application(cells=cells, stood=STOOD), "/v1/series", key, **{**QUERY, **query})


def points(answer: httpx.Response, kind: str = "year") -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return next(one["points"] for one in answer.json()["series"] if one["period_type"] == kind)


def test_a_point_has_its_figure_its_days_and_the_year_before() -> None:
    answer = get()
    told = answer.json()
    assert (told["indicator"], told["unit"], told["better"]) == ("informed_rate", "percent", "higher")
    assert told["area"]["id"] == PROVINCE
    assert [(one["series"], one["period_type"], one["forms"]) for one in told["series"]] == [
        ("administrative", "half_year", ["xa"]),
        ("administrative", "year", ["xa"]),
    ]
    # 2024: 318 of 400; 2023: 300 of 400, by two communes of three.
    assert points(answer)[1] == {
        "period": "2024",
        "first": "2023-12-15",
        "last": "2024-12-14",
        "numerator": {"value": 318, "suppressed": None},
        "denominator": {"value": 400, "suppressed": None},
        "exact": "79.5",
        "display": "79.5",
        "suppressed": None,
        "reported": 3,
        "expected": 3,
        "made_of": [],
        "provisional": False,
        "year_before": {
            "period": "2023",
            "numerator": {"value": 300, "suppressed": None},
            "denominator": {"value": 400, "suppressed": None},
            "exact": "75",
            "display": "75.0",
            "suppressed": None,
            "reported": 2,
            "expected": 3,
            "change": "4.5",
            "change_display": "4.5",
            "change_suppressed": None,
        },
    }


def test_0_is_a_figure_and_a_period_without_data_is_there_without_one() -> None:
    told = {one["period"]: (one["numerator"]["value"], one["exact"]) for one in points(get(), "half_year")}
    assert told == {"2023S1": (None, None), "2023S2": (None, None), "2024S1": (0, "0"), "2024S2": (None, None)}


def test_one_kind_of_period_may_be_asked_for() -> None:
    assert [one["period_type"] for one in get(periodType="year").json()["series"]] == ["year"]
    assert get(periodType="month").json()["series"] == []


def test_small_counts_are_shown_inside_the_subtree_only_and_the_change_with_them() -> None:
    """Child labour: 4 in 2023, 9 in 2024."""
    for key, change in (("province", "0.5"), ("elsewhere", None)):
        year = points(get(key, indicator="labour_rate"))[1]
        assert (year["numerator"]["value"], year["exact"]) == (9, "0.9")
        before = year["year_before"]
        assert before["change"] == change
        hidden = None if change else "1-5"
        assert (before["suppressed"], before["change_suppressed"], before["numerator"]["suppressed"]) == (hidden,) * 3


def test_a_code_means_the_unit_in_force_when_the_last_period_ends_or_the_last_that_had_it() -> None:
    for area, to, found in (
        ("00001", "2024", COMMUNE),
        ("00001", "2025", "00001@2025-07-01"),
        ("201", "2026", DISTRICT),
        (COMMUNE, "2026", COMMUNE),
    ):
        assert get(area=area, to=to).json()["area"]["id"] == found


def test_an_answer_is_not_sent_twice_until_something_changes() -> None:
    tag = get().headers["etag"]
    app = application(cells=CELLS)
    assert ask(app, "/v1/series", tag=tag, **QUERY).status_code == 304
    assert ask(app, "/v1/series", "nation", tag=tag, **QUERY).status_code == 200
    changed = {**CELLS, ("xa", "2022", PROVINCE): cell(3, 1000, 7, 2, 400, 319)}
    assert ask(application(cells=changed), "/v1/series", tag=tag, **QUERY).status_code == 200


def test_it_is_told_by_the_tree_of_another_day_and_as_it_was_known() -> None:
    """Two of the communes became one, the third nobody knows; on 21/12 one of them had reported."""
    answer = get(asOfHierarchy="2025-12-31", area="00001")
    year = points(answer)[1]
    assert (year["numerator"]["value"], year["reported"], year["expected"]) == (150, 2, 2)
    assert [one["unit"]["id"] for one in get(asOfHierarchy="2025-12-31").json()["hierarchy"]["undivided"]] == [
        "00003@2021-01-01"
    ]
    assert get().json()["hierarchy"] is None
    assert points(get(knownAt="2024-12-21T00:00:00Z"))[1]["numerator"]["value"] == 80
    known = datetime(2024, 12, 21, tzinfo=UTC)
    assert get(knownAt=known.isoformat()).json()["as_of"]["today"] == "2024-12-21"


@pytest.mark.parametrize(
    ("query", "status", "code", "named"),
    [
        ({"indicator": "informed"}, 404, "unknown_indicator", "informed_rate"),
        ({"area": "00009"}, 404, "unknown_area", "00009"),
        ({"area": "20x"}, 404, "unknown_area", "20x"),
        ({"from": "yesterday"}, 404, "unknown_period", "yesterday"),
        ({"from": "2025"}, 400, "invalid_parameter", "'from'"),
        ({"periodType": "week"}, 400, "invalid_parameter", "'periodType'"),
        ({"from": "1900", "to": "2200"}, 400, "too_much", "fewer periods"),
        ({"area": "201", "asOfHierarchy": "2025-12-31"}, 404, "unknown_area", "201@2021-01-01"),
    ],
)
def test_what_cannot_be_told_is_refused_by_name(query: Mapping[str, Any], status: int, code: str, named: str) -> None:
    answer = get(**query)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code)
    assert named in answer.json()["title"]


def test_what_is_counted_again_is_bounded_by_the_reports_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three communes in 2022, 2023, 2024 and in each half of them."""
    for most, status in ((26, 400), (27, 200)):
        monkeypatch.setattr(series, "MOST_REPORTS", most)
        assert get(asOfHierarchy="today").status_code == status
        assert get().status_code == 200


def test_what_is_missing_is_named() -> None:
    answer = ask(application(), "/v1/series", indicator="informed_rate", area="20", to="2024")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "missing_parameter")
