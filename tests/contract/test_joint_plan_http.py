"""The two ministries' joint plan of 2013–2020 over HTTP: its phases, counts of provinces, and who compiles.

63 provinces report each year and for each phase; no report has a deadline.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from chitieu.adapters.programmes.check import check
from chitieu.adapters.programmes.release import build_release
from chitieu.domain.inquiry import CellKey
from chitieu.domain.registry import Release
from chitieu.domain.rollup import Cell
from tests.contract.test_api_http import REGISTRY, application, ask, problem
from tests.unit.small_release import cell

PROGRAMMES = Path(__file__).parents[2] / "programmes"
PLAN = "lien-nganh-2013"
FORM, VIET_NAM = "lien-nganh-tinh", "vn@1945-09-02"

# educators, educators trained, provinces, provinces implementing, dropouts, pupils
CELLS: Mapping[CellKey, Cell] = {
    (FORM, "2013-2015", VIET_NAM): cell(60, 60_000, 48_000, 60, 9, 0, 100),
    (FORM, "2016-2020", VIET_NAM): cell(63, 63_000, 59_850, 63, 62, 2, 100),
}

Answer = dict[str, Any]


@cache
def release() -> Release:
    return build_release(1, check(PROGRAMMES)[0])


@pytest.fixture(autouse=True)
def programmes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(REGISTRY, "release", release())
    yield


def targets(period: str) -> Mapping[str, Answer]:
    answer = ask(application(cells=CELLS), "/v1/attainment", "nation", plan=PLAN, period=period)
    assert answer.status_code == 200, answer.text
    return {one["target"]: one for one in answer.json()["targets"]}


def test_a_phase_is_judged_by_what_is_due_at_its_end() -> None:
    first, second = targets("2013-2015"), targets("2016-2020")
    # 9 provinces of the 10 that were to pilot it by 31/12/2015; 62 of 63 by 31/12/2020.
    assert (first["pilot-provinces"]["state"], first["all-provinces"]["state"]) == ("missed", "at_risk")
    assert (second["pilot-provinces"]["state"], second["all-provinces"]["state"]) == ("met", "missed")
    # 80 and 95 %: by 2015 at least 80, by 2020 at least 95.
    trained = [one[f"educators-trained-{due}"]["state"] for one in (first, second) for due in (2015, 2020)]
    assert trained == ["met", "at_risk", "met", "met"]
    assert [one["no-dropouts"]["state"] for one in (first, second)] == ["met", "at_risk"]


def test_a_count_of_provinces_is_a_whole_number_with_a_gap_and_a_range_in_provinces() -> None:
    one = targets("2013-2015")["pilot-provinces"]
    assert one["value"] == {
        "numerator": {"value": 9, "suppressed": None},
        "denominator": None,
        "exact": "9",
        "display": "9",
        "suppressed": None,
    }
    assert (one["gap"]["needed"]["value"], one["gap"]["counts"]) == (1, "province")
    # Each of the three provinces that have not reported may be one more.
    assert (one["range"]["low"], one["range"]["high"], one["certain"]) == ("9", "12", None)
    assert one["rule"]["vi"].startswith("Chưa đạt (≥ 10) và đã qua hạn 31/12/2015. Giá trị: 9. Cần thêm 1 (")


def test_all_provinces_are_out_of_reach_once_one_says_no() -> None:
    one = targets("2013-2015")["all-provinces"]
    # 9 of 60 now; 12 of 63 if the other three carry it out.
    assert (one["range"]["high"], one["certain"]) == ("400/21", "not_met")
    assert targets("2016-2020")["all-provinces"]["gap"]["needed"]["value"] == 1


def test_a_number_of_provinces_and_a_share_of_them_are_not_compared() -> None:
    answer = ask(application(cells=CELLS), "/v1/attainment", "nation", area="vn", period="2016-2020").json()
    group = next(one for one in answer["groups"] if len(one["indicators"]) == 2)
    assert [(one["target"], one["strictest"]) for one in group["targets"]] == [
        ("pilot-provinces", True),
        ("all-provinces", True),
    ]
    assert [one["code"] for one in group["differences"]] == ["counted"]


@pytest.mark.parametrize("period", ["2014-2019", "2013-2016", "2012-2015", "2013-2020"])
def test_a_phase_that_the_plan_does_not_name_is_not_judged_and_those_it_names_are_told(period: str) -> None:
    for path in ("/v1/attainment", "/v1/obligations"):
        said = problem(ask(application(), path, "nation", plan=PLAN, period=period))
        assert said[:2] == (404, "period_not_judged")
        assert "2013-2015" in said[2]
    answer = ask(application(), "/v1/attainment", "nation", area="vn", period=period).json()
    codes = {one["unjudged"]["code"] for group in answer["groups"] for one in group["targets"]}
    assert codes == {"other_phase"}
    assert "2013-2015, 2016-2020" in answer["groups"][0]["targets"][0]["unjudged"]["vi"]


def test_two_ministries_units_compile_the_same_plan_each_by_itself() -> None:
    answer = ask(application(), "/v1/obligations", "nation", plan=PLAN, period="2013-2015").json()
    compiling = {one["duty"]: (one["units"], one["last_day"]) for one in answer["duties"] if "compiles" in one["duty"]}
    assert compiling == {"child-protection-compiles-phase": (1, None), "student-affairs-compiles-phase": (1, None)}
    assert next(one["units"] for one in answer["duties"] if one["duty"] == "provinces-phase") == 63


def test_what_provinces_are_not_bound_by_is_not_judged_there() -> None:
    answer = ask(application(cells=CELLS), "/v1/attainment", "nation", plan=PLAN, area="20", period="2016-2020").json()
    assert answer["not_judged"] == ["pilot-provinces", "all-provinces"]
    assert ask(application(), f"/v1/plans/{PLAN}", "nation").json()["phases"] == ["2013-2015", "2016-2020"]


def test_a_commune_of_trieu_son_sees_its_districts_targets_and_the_national_programmes() -> None:
    answer = ask(application(), "/v1/attainment", "nation", area="15664", period="2024").json()
    told = {one["set_by"]["plan"] for group in answer["groups"] for one in group["targets"]}
    assert told == {"vn-782", "trieu-son-2021"}
    labour = [(one["set_by"]["plan"], one["bound"], one["strictest"]) for one in answer["groups"][0]["targets"]]
    # Down to 4.9 % for the nation, to 0.5 % by 2025 and in 2030 for the district: the lower bound is the stricter one.
    assert labour == [("vn-782", "4.9", False), ("trieu-son-2021", "0.5", True), ("trieu-son-2021", "0.5", True)]


def test_the_education_offices_series_is_not_compared_with_the_communes() -> None:
    answer = ask(application(), "/v1/attainment", "nation", area="01", period="2024").json()
    series = {one["series"] for one in answer["groups"][0]["targets"]}
    assert series == {"administrative", "education"}
    assert "series" in {one["code"] for one in answer["groups"][0]["differences"]}
