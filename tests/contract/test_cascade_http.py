"""Every target that binds an area, from all plans above it and its own, over HTTP.

The nation: labour <= 4.9, informed > 90, and officials pooled otherwise than the province does.
The province (tests.unit.small_release): labour < 1, maintain = 0, decrease; informed >= 80; officials, its own only.
The district 201: labour <= 1/2 by the survey, informed >= 85 in years.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from chitieu.domain.period import PeriodKind
from chitieu.domain.plan import Comparator, Plan, Target
from chitieu.domain.rollup import Cell
from tests.contract.test_api_http import REGISTRY, YEAR, application, ask, problem
from tests.unit.small_release import (
    CATALOGUE,
    COMMUNE,
    COMMUNE_FORM,
    DISTRICT,
    FORMS,
    PLAN,
    PROVINCE,
    RELEASE,
    cell,
    label,
    rate,
    target,
)

YEARS = (PeriodKind.YEAR,)
POOLED = rate("officials_c_rate", ("trained_c",), ("officials_c",))
SURVEY_FORM = replace(COMMUNE_FORM, id="khao-sat", series="survey")


def plan(id_: str, area: str, *targets: Target) -> Plan:
    return replace(PLAN, id=id_, label=label(id_), area=area, targets={one.id: one for one in targets}, duties={})


NATIONAL = plan(
    "nation",
    "vn",
    target("labour-down", "labour_rate", Comparator.AT_MOST, Fraction("4.9"), due=date(2025, 12, 31)),
    target("informed-most", "informed_rate", Comparator.ABOVE, 90, due=date(2030, 12, 31)),
    target("officials", POOLED.id, Comparator.EQUAL, 100),
)
OF_DISTRICT = plan(
    "huu-lung",
    "201",
    target("labour-surveyed", "labour_rate", Comparator.AT_MOST, Fraction(1, 2), series="survey", kinds=YEARS),
    target("informed-more", "informed_rate", Comparator.AT_LEAST, 85, kinds=YEARS),
)
ELSEWHERE = plan("other", "30", target("informed", "informed_rate", Comparator.EQUAL, 100))
PAST = replace(plan("past", "vn", target("informed", "informed_rate", Comparator.EQUAL, 100)), last=date(2022, 12, 31))

CELLS: Mapping[Any, Cell] = {
    **YEAR,
    ("xa", "2024", COMMUNE): cell(1, 500, 2, 0, 100, 95, 4, 4),
    ("khao-sat", "2024", COMMUNE): cell(1, 400, 8, 0, 100, 95, 4, 4),
}

Answer = dict[str, Any]


@pytest.fixture(autouse=True)
def plans(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    every = (OF_DISTRICT, PLAN, ELSEWHERE, PAST, NATIONAL)
    catalogue = replace(CATALOGUE, indicators={**CATALOGUE.indicators, POOLED.id: POOLED})
    forms = {**FORMS, SURVEY_FORM.id: SURVEY_FORM}
    release = replace(RELEASE, catalogue=catalogue, forms=forms, plans={one.id: one for one in every})
    monkeypatch.setattr(REGISTRY, "release", release)
    yield


def cascade(area: str, period: str = "2024", key: str = "province", **query: str) -> Answer:
    answer = ask(application(cells=CELLS), "/v1/attainment", key, area=area, period=period, **query)
    assert answer.status_code == 200, answer.text
    found: Answer = answer.json()
    return found


def told(answer: Answer) -> list[list[tuple[str, str, bool]]]:
    """By group: the plan, the target, and whether it is the strictest."""
    return [
        [(one["set_by"]["plan"], one["target"], one["strictest"]) for one in group["targets"]]
        for group in answer["groups"]
    ]


def differing(answer: Answer, indicator: str) -> set[tuple[str, str, str, bool]]:
    group = next(one for one in answer["groups"] if indicator in [i["id"] for i in one["indicators"]])
    return {(d["code"], *(name for _, name in d["between"]), d["comparable"]) for d in group["differences"]}


def test_a_commune_sees_the_nations_targets_the_provinces_and_the_districts_and_which_ask_most() -> None:
    assert told(cascade("00001")) == [
        [
            ("nation", "labour-down", False),
            ("lang-son", "labour-low", False),
            ("lang-son", "labour-none", True),
            # Nothing it can be compared with asks more.
            ("lang-son", "labour-less", True),
            ("huu-lung", "labour-surveyed", True),
        ],
        [
            ("nation", "informed-most", True),
            ("lang-son", "informed", False),
            ("huu-lung", "informed-more", False),
        ],
        [("nation", "officials", True)],
    ]


def test_an_area_is_not_bound_by_what_binds_those_below_it_or_beside_it() -> None:
    answer = cascade("20")
    assert {one["set_by"]["plan"] for group in answer["groups"] for one in group["targets"]} == {"nation", "lang-son"}
    # The province's own target on officials stands beside the nation's: what they count overlaps.
    assert told(answer)[2] == [("nation", "officials", True), ("lang-son", "trained", True)]
    (difference,) = answer["groups"][2]["differences"]
    assert (difference["code"], difference["comparable"]) == ("counted", False)
    assert difference["between"] == [["nation", "officials"], ["lang-son", "trained"]]
    assert difference["en"].endswith(
        "One: trained_c / officials_c. The other: trained_d + trained_c / officials_d + officials_c."
    )


def test_a_survey_and_the_reports_stand_side_by_side_and_are_never_mixed() -> None:
    by_target = {one["target"]: one for one in cascade("00001")["groups"][0]["targets"]}
    surveyed, reported = by_target["labour-surveyed"], by_target["labour-low"]
    # 8 of 400 by the survey, 2 of 500 by the reports.
    assert (surveyed["series"], surveyed["judged"]["value"]["exact"], surveyed["judged"]["state"]) == (
        "survey",
        "2",
        "at_risk",
    )
    assert (reported["series"], reported["judged"]["value"]["exact"], reported["judged"]["state"]) == (
        "administrative",
        "0.4",
        "met",
    )


def test_what_can_not_be_compared_is_said_to_be_so_and_due_dates_that_differ() -> None:
    answer = cascade("00001")
    assert differing(answer, "labour_rate") == {
        ("every_period", "labour-down", "labour-none", True),
        ("every_period", "labour-low", "labour-none", True),
        ("decrease", "labour-down", "labour-less", False),
        ("decrease", "labour-low", "labour-less", False),
        ("decrease", "labour-none", "labour-less", False),
        *(("series", one, "labour-surveyed", False) for one in ("labour-down", "labour-low")),
        *(("series", one, "labour-surveyed", False) for one in ("labour-none", "labour-less")),
    }
    assert differing(answer, "informed_rate") == {
        ("due", "informed-most", "informed", True),
        ("due", "informed-most", "informed-more", True),
        ("due", "informed", "informed-more", True),
    }


def test_a_target_is_told_with_who_set_it_and_how_far_it_is() -> None:
    (_, one, _) = cascade("00001")["groups"][1]["targets"]
    assert (one["bound"], one["comparator"], one["due"], one["clause"]["place"]) == ("80", ">=", "2025-12-31", "II.2")
    assert one["set_by"] == {
        "plan": "lang-son",
        "label": {"vi": "Kế hoạch của tỉnh", "en": "Kế hoạch của tỉnh"},
        "number": "187/KH-UBND",
        "issuer": "UBND tỉnh",
        "area": {"id": PROVINCE, "code": "20", "name": "Tỉnh Lạng Sơn", "level": "province", "sample": False},
    }
    assert (one["judged"]["state"], one["judged"]["value"]["exact"], one["unjudged"]) == ("met", "95", None)
    alone = ask(application(cells=CELLS), "/v1/attainment", plan="lang-son", area="00001", period="2024").json()
    same = next(target for target in alone["targets"] if target["target"] == "informed")
    assert {name: same[name] for name in one["judged"]} == one["judged"]


def test_targets_of_another_rhythm_appear_with_why_they_are_not_judged() -> None:
    by_target = {one["target"]: one for one in cascade("00001", "2024S1")["groups"][1]["targets"]}
    assert by_target["informed-more"]["judged"] is None
    assert by_target["informed-more"]["unjudged"] == {
        "code": "other_kind",
        "vi": "Chỉ đánh giá theo: năm.",
        "en": "It is judged by: year only.",
    }
    assert by_target["informed"]["judged"] is not None and by_target["informed"]["unjudged"] is None
    nobody = {one["target"]: one["unjudged"]["code"] for one in cascade("00001", "2024Q1")["groups"][1]["targets"]}
    assert nobody == {"informed-most": "not_asked", "informed": "not_asked", "informed-more": "other_kind"}


def test_figures_collected_outside_a_plans_time_are_not_judged_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # The year's figures end on 14/12, and the plan begins on the 20th.
    late = replace(NATIONAL, first=date(2024, 12, 20))
    monkeypatch.setattr(REGISTRY, "release", replace(REGISTRY.release, plans={late.id: late}))
    (_, group, _) = cascade("00001")["groups"]
    assert group["targets"][0]["unjudged"]["code"] == "outside_plan"
    assert "20/12/2024 – 31/12/2030" in group["targets"][0]["unjudged"]["en"]


def test_a_district_that_ended_is_bound_until_then_and_has_ended_after() -> None:
    states = {
        one["target"]: one["judged"]["state"]
        for group in cascade("201", "2026")["groups"]
        for one in group["targets"]
        if one["judged"] is not None
    }
    assert states["informed-more"] == states["informed"] == states["informed-most"] == "ended"


def test_what_came_of_a_commune_is_bound_by_what_is_above_it_now() -> None:
    answer = cascade("00001", "2026")
    assert answer["area"]["id"] == "00001@2025-07-01"
    assert {one["set_by"]["plan"] for group in answer["groups"] for one in group["targets"]} == {"nation", "lang-son"}


def test_where_no_plan_is_in_force_nothing_binds() -> None:
    assert cascade("00001", "2019")["groups"] == []


def test_small_counts_are_withheld_here_too_and_the_etag_is_the_callers_own() -> None:
    query: dict[str, Any] = {"area": "00001", "period": "2024"}
    first = ask(application(cells=CELLS), "/v1/attainment", **query)
    assert ask(application(cells=CELLS), "/v1/attainment", tag=first.headers["etag"], **query).status_code == 304
    other = ask(application(cells=CELLS), "/v1/attainment", "elsewhere", tag=first.headers["etag"], **query)
    assert other.status_code == 200
    value = other.json()["groups"][0]["targets"][0]["judged"]["value"]
    assert value["numerator"] == {"value": None, "suppressed": "1-5"}


def test_it_is_told_by_the_tree_of_another_day_if_asked_for() -> None:
    # All that became the new commune was the district's in 2024. Where 00003 came from, nobody knows.
    for area, plans in (("00001", ["nation", "lang-son", "huu-lung"]), ("00003", ["nation", "lang-son"])):
        answer = cascade(area, asOfHierarchy="2026-01-01")
        assert answer["area"]["id"] == f"{area}@2025-07-01"
        assert answer["hierarchy"]["as_of"] == "2026-01-01"
        assert [plan for plan, _, _ in told(answer)[1]] == plans
    assert cascade("201")["area"]["id"] == DISTRICT


@pytest.mark.parametrize(
    ("query", "status", "code", "named"),
    [
        ({"period": "2024"}, 400, "missing_parameter", "'area'"),
        ({"area": "00001"}, 400, "missing_parameter", "'period'"),
        ({"area": "00001", "period": "2024S3"}, 404, "unknown_period", "2024S3"),
        ({"area": "00001", "period": "x" * 9000}, 404, "unknown_period", "xxx"),
        ({"area": "huu lung", "period": "2024"}, 404, "unknown_area", "201 (Huyện Hữu Lũng)"),
        ({"area": "20", "period": "2024", "children": "true"}, 400, "invalid_parameter", "'children'"),
        ({"area": "20", "period": "2024", "sort": "gap"}, 400, "invalid_parameter", "'sort'"),
        ({"area": "20", "period": "2024", "target": "informed"}, 400, "invalid_parameter", "goes with a plan only"),
    ],
)
def test_what_does_not_go_without_a_plan_is_refused(query: dict[str, str], status: int, code: str, named: str) -> None:
    said = problem(ask(application(), "/v1/attainment", **query))
    assert said[:2] == (status, code)
    assert named in said[2]
