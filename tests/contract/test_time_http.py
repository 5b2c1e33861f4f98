"""Time travel over HTTP: by the tree of another day, and as it was known at a moment."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chitieu.domain.obligation import Receipt
from services.api.queries import Standing
from tests.contract.test_api_http import KNOWN, NOW, YEAR, FixedClock, application, ask, attained
from tests.unit.small_release import COMMUNE, DISTRICT, NATION, PROVINCE

SECOND, THIRD, OTHER = "00002@2021-01-01", "00003@2021-01-01", "202@2021-01-01"
MERGED = "00001@2025-07-01"
PATHS = {
    COMMUNE: (NATION, PROVINCE, DISTRICT, COMMUNE),
    SECOND: (NATION, PROVINCE, DISTRICT, SECOND),
    THIRD: (NATION, PROVINCE, OTHER, THIRD),
}
ROUTES = ("/v1/attainment", "/v1/obligations")
QUERY: Mapping[str, Any] = {"plan": "lang-son", "period": "2024"}
AFTER = "2025-12-31"


def stood(unit: str, day: int, *values: int) -> Standing:
    at = datetime(2024, 12, day, tzinfo=UTC)
    return Standing("xa", "2024", unit, PATHS[unit], 1, values, [1] * len(values), at)


# children, labour.m, labour.f, parents, informed
STOOD = [
    stood(COMMUNE, 20, 500, 0, 3, 100, 80),
    stood(SECOND, 22, 400, 0, 0, 100, 70),
    stood(THIRD, 24, 100, 2, 0, 100, 60),
]


def informed(answer: Any, of: str = "informed") -> Any:
    return next(one["value"]["numerator"] for one in answer["targets"] if one["target"] == of)


# How it says no


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("text", ["", "yesterday", "2025-13-01", "20250701", "2025-07-01T00:00:00Z", "Today"])
def test_a_tree_that_is_none_is_refused_by_name(route: str, text: str) -> None:
    answer = ask(application(), route, **QUERY, asOfHierarchy=text)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "invalid_parameter")
    assert "'asOfHierarchy'" in answer.json()["title"]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "text",
    ["", "now", "2024-12-24", "2024-12-24T10:00:00", "2024-12-24T25:00:00Z", "0001-01-01T00:00:00+14:00", "\u0662024"],
)
def test_a_moment_that_is_none_is_refused_by_name(route: str, text: str) -> None:
    answer = ask(application(), route, **QUERY, knownAt=text)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "invalid_parameter")
    assert "'knownAt'" in answer.json()["title"]


@pytest.mark.parametrize("route", ROUTES)
def test_a_moment_to_come_is_refused(route: str) -> None:
    """It is 26/12/2024, 3:00 UTC."""
    assert ask(application(), route, **QUERY, knownAt="2024-12-26T10:00:00+07:00").status_code == 200
    answer = ask(application(), route, **QUERY, knownAt="2024-12-26T10:00:00.001+07:00")
    assert (answer.status_code, answer.json()["errors"][0]["en"]) == (
        400,
        "The parameter 'knownAt' is not valid: has not come yet.",
    )


@pytest.mark.parametrize("route", ROUTES)
def test_before_anything_was_defined_it_says_since_when_it_is(route: str) -> None:
    answer = ask(application(), route, **QUERY, knownAt="2022-12-31T23:59:59Z")
    assert answer.status_code == 400
    assert "2023-01-01T00:00:00Z" in answer.json()["title"]


@pytest.mark.parametrize("route", ROUTES)
def test_the_definitions_are_those_of_the_moment(route: str) -> None:
    """In 2023 there was a release without plans."""
    answer = ask(application(), route, **QUERY, knownAt="2023-06-01T00:00:00Z")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "unknown_plan")


@pytest.mark.parametrize("route", ROUTES)
def test_an_area_that_the_other_tree_has_not_is_not_found_and_its_days_are_named(route: str) -> None:
    answer = ask(application(), route, **QUERY, area="201", asOfHierarchy=AFTER)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "unknown_area")
    assert "201@2021-01-01" in answer.json()["title"]


# The tree of another day


def test_old_reports_count_by_the_new_tree_and_what_cannot_be_placed_is_said() -> None:
    app = application(stood=STOOD)
    answer = ask(app, "/v1/attainment", **QUERY, asOfHierarchy=AFTER, children="true").json()
    assert informed(answer)["value"] == 210
    assert [(c["area"]["id"], informed(c)["value"]) for c in answer["children"]] == [(MERGED, 150)]
    assert answer["hierarchy"]["as_of"] == AFTER
    told = {one["unit"]["id"]: (one["kind"], one["counts_in"]["id"]) for one in answer["hierarchy"]["undivided"]}
    assert told == dict.fromkeys((THIRD, DISTRICT, OTHER), ("unknown", PROVINCE))
    assert ask(app, "/v1/attainment", **QUERY).json()["hierarchy"] is None


def test_a_new_commune_is_asked_for_by_its_code_and_covers_what_went_into_it() -> None:
    one = attained(
        ask(application(stood=STOOD[:1]), "/v1/attainment", **QUERY, area="00001", asOfHierarchy=AFTER), "informed"
    )
    assert (one["state"], one["coverage"]["reported"], one["coverage"]["expected"]) == ("insufficient", 1, 2)


def test_today_is_the_day_of_the_question() -> None:
    answer = ask(application(stood=STOOD), "/v1/attainment", **QUERY, asOfHierarchy="today").json()
    assert (answer["hierarchy"], informed(answer)["value"]) == ({"as_of": "2024-12-26", "undivided": []}, 210)


def test_what_became_of_a_later_unit_is_told_by_what_it_was_formed_of() -> None:
    query = {"plan": "lang-son", "period": "2025", "asOfHierarchy": "2024-12-31"}
    answer = ask(application(), "/v1/attainment", **query, area="201").json()
    assert [
        (one["kind"], one["successors"], [unit["id"] for unit in one["predecessors"]], one["counts_in"]["id"])
        for one in answer["hierarchy"]["undivided"]
    ] == [("formed", [], [COMMUNE, SECOND], DISTRICT)]


def test_small_counts_are_seen_from_the_area_they_count_in_and_from_no_other() -> None:
    app = application(stood=STOOD)
    for key, seen in (("province", 5), ("elsewhere", None)):
        answer = ask(app, "/v1/attainment", key, **QUERY, asOfHierarchy=AFTER).json()
        assert informed(answer, "labour-low")["value"] == seen


# What was known


def test_an_answer_of_a_moment_has_what_was_known_then_and_no_more() -> None:
    app = application(stood=STOOD, cells=YEAR)
    told = [
        informed(ask(app, "/v1/attainment", **QUERY, knownAt=f"2024-12-{day}T00:00:00Z").json())["value"]
        for day in (19, 20, 22, 24, 25)
    ]
    assert told == [None, 80, 150, 210, 210]
    first = ask(app, "/v1/attainment", **QUERY, knownAt="2024-12-19T00:00:00Z").json()
    assert {one["state"] for one in first["targets"]} == {"no_data"}


def test_the_day_is_that_of_the_moment_in_viet_nam() -> None:
    """17:00 UTC is midnight there; the deadline is 25/12."""
    app = application(stood=STOOD)
    for instant, day, provisional in (
        ("2024-12-25T16:59:59Z", "2024-12-25", True),
        ("2024-12-25T17:00:00Z", "2024-12-26", False),
    ):
        answer = ask(application(stood=STOOD[:2]), "/v1/attainment", **QUERY, knownAt=instant)
        assert answer.json()["as_of"]["today"] == day
        assert attained(answer, "informed")["provisional"] is provisional
    assert ask(app, "/v1/attainment", **QUERY, knownAt="2024-06-01T00:00:00Z").json()["as_of"]["release"] == 7


def test_both_go_together() -> None:
    query = {**QUERY, "asOfHierarchy": AFTER, "area": "00001"}
    answer = ask(application(stood=STOOD), "/v1/attainment", **query, knownAt="2024-12-21T00:00:00Z").json()
    assert informed(answer)["value"] == 80


def test_every_view_has_a_tag_of_its_own_that_is_the_same_while_it_says_the_same() -> None:
    views: list[dict[str, str]] = [
        {},
        {"asOfHierarchy": "today"},
        {"asOfHierarchy": AFTER},
        {"knownAt": "2024-12-25T00:00:00Z"},
        {"knownAt": "2024-12-25T00:00:01Z"},
        {"asOfHierarchy": "today", "knownAt": "2024-12-25T00:00:00Z"},
    ]
    for route in ROUTES:
        app = application(stood=STOOD, cells=YEAR)
        tags = [ask(app, route, **QUERY, **view).headers["etag"] for view in views]
        assert len(set(tags)) == len(views)
        for view, tag in zip(views, tags, strict=True):
            assert ask(app, route, **QUERY, **view, tag=tag).status_code == 304
            assert ask(app, route, "nation", **QUERY, **view, tag=tag).status_code == 200


def test_what_was_known_in_the_past_keeps_its_tag_whatever_is_reported_since() -> None:
    query = {**QUERY, "knownAt": "2024-12-23T00:00:00Z"}
    known = {("xa", COMMUNE): Receipt(datetime(2024, 12, 20, tzinfo=UTC))}
    since = {**known, ("xa", THIRD): Receipt(KNOWN)}
    for route in ROUTES:
        tag = ask(application(stood=STOOD[:2], known=known), route, **query).headers["etag"]
        assert ask(application(stood=STOOD, known=since), route, **query, tag=tag).status_code == 304
        assert ask(application(stood=STOOD[:1], known={}), route, **query, tag=tag).status_code == 200


def test_the_past_keeps_its_tag_when_a_day_has_gone_by_and_the_present_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = application(stood=STOOD, cells=YEAR)
    views: list[dict[str, str]] = [{"knownAt": "2024-12-23T00:00:00Z"}, {}]
    tags = [ask(app, "/v1/attainment", **QUERY, **view).headers["etag"] for view in views]
    monkeypatch.setattr(FixedClock, "now", lambda _: NOW + timedelta(days=1))
    later = [ask(app, "/v1/attainment", **QUERY, **view, tag=tag) for view, tag in zip(views, tags, strict=True)]
    assert [one.status_code for one in later] == [304, 200]


# Who has reported


KNOWN_RECEIPTS = {
    ("xa", COMMUNE): Receipt(datetime(2024, 12, 20, tzinfo=UTC)),
    ("xa", SECOND): Receipt(datetime(2024, 12, 24, tzinfo=UTC)),
}


def test_who_had_reported_is_told_for_a_moment() -> None:
    answer = ask(
        application(known=KNOWN_RECEIPTS), "/v1/obligations", **QUERY, knownAt="2024-12-23T00:00:00Z", area="201"
    ).json()
    year = next(one for one in answer["duties"] if one["duty"] == "year")
    assert (year["states"], year["reporting_rate"]) == ({"on_time": 1, "not_yet_due": 1}, "0.5")
    assert answer["as_of"]["today"] == "2024-12-23"


def test_counts_are_given_for_each_unit_directly_below_the_worst_first() -> None:
    app = application(known=KNOWN_RECEIPTS)
    answer = ask(app, "/v1/obligations", **QUERY, by_area="true").json()
    told = [
        (one["area"]["id"], {duty["duty"]: (duty["units"], duty["reporting_rate"]) for duty in one["duties"]})
        for one in answer["areas"]
    ]
    assert told == [
        (OTHER, {"year": (1, "0"), "district": (1, "0")}),
        (DISTRICT, {"year": (2, "1"), "district": (1, "0")}),
    ]
    assert ask(app, "/v1/obligations", **QUERY).json()["areas"] is None


def test_duties_count_by_the_other_tree_too() -> None:
    answer = ask(application(known=KNOWN_RECEIPTS), "/v1/obligations", **QUERY, area="00001", asOfHierarchy=AFTER)
    assert [(one["unit"]["id"], one["state"]) for one in answer.json()["items"]] == [
        (COMMUNE, "on_time"),
        (SECOND, "on_time"),
    ]
    above = ask(application(), "/v1/obligations", **QUERY, asOfHierarchy=AFTER, by_area="true").json()
    assert {one["area"]["id"] for one in above["areas"]} == {MERGED, THIRD, DISTRICT, OTHER}
    assert {one["unit"]["id"] for one in above["hierarchy"]["undivided"]} == {THIRD, DISTRICT, OTHER}
