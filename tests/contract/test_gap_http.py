"""How many people are needed, and which areas below hold an area back, over HTTP."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.domain.inquiry import CellKey
from chitieu.domain.rollup import Cell
from tests.contract.test_api_http import REGISTRY, YEAR, application, ask, attained, problem
from tests.unit.small_release import DISTRICT, PLAN, PROVINCE, RELEASE, cell

OTHER = "202@2021-01-01"
SORTED: Mapping[str, Any] = {"plan": "lang-son", "period": "2024", "children": "true", "sort": "gap"}

Cells = dict[CellKey, Cell]


def labourers(first: int, second: int, children: tuple[int, int] = (100, 900)) -> Cells:
    """Child labourers of so many children in the two districts."""
    return {
        ("xa", "2024", PROVINCE): cell(3, sum(children), first + second, 0, 9, 9, 9, 9),
        ("xa", "2024", DISTRICT): cell(2, children[0], first, 0, 9, 9, 9, 9),
        ("xa", "2024", OTHER): cell(1, children[1], second, 0, 9, 9, 9, 9),
    }


def order(cells: Mapping[CellKey, Cell], target: str, key: str = "province") -> list[tuple[str, object]]:
    """The areas below and what each is said to contribute, first to last."""
    answer = ask(application(cells=cells), "/v1/attainment", key, **SORTED, target=target)
    assert answer.status_code == 200, answer.text
    return [(child["area"]["code"], child["contribution"]["value"]) for child in answer.json()["children"]]


def test_areas_below_come_in_the_order_of_what_they_lack() -> None:
    """80 % of 300 parents are 240, which they have; of 100 they are 80, and 78 were informed."""
    assert order(YEAR, "informed") == [("202", 2), ("201", 0)]


def test_where_lower_is_better_those_with_too_many_come_first() -> None:
    """1 % of 100 children is 1, so 12 are 11 too many; of 900 it is 9, and 8 leave room for 1."""
    assert order(labourers(12, 8), "labour-low") == [("201", 11), ("202", -1)]
    assert order(labourers(0, 18), "labour-low") == [("202", 9), ("201", -1)]


def test_a_part_of_a_bound_is_exact() -> None:
    """0.8 × 99 = 79.2."""
    cells = {**YEAR, ("xa", "2024", OTHER): cell(1, 100, 0, 0, 99, 78, 3, 3)}
    assert order(cells, "informed")[0] == ("202", "1.2")


def test_without_being_asked_areas_come_by_code_and_contribute_nothing() -> None:
    answer = ask(application(cells=YEAR), "/v1/attainment", plan="lang-son", period="2024", children="true").json()
    assert [(child["area"]["code"], child["contribution"]) for child in answer["children"]] == [
        ("201", None),
        ("202", None),
    ]


def test_areas_without_figures_come_last() -> None:
    cells = {key: said for key, said in YEAR.items() if key[2] != DISTRICT}
    assert order(cells, "informed") == [("202", 2), ("201", None)]


def test_a_withheld_figure_gives_no_place_in_the_order() -> None:
    """Of 15 in the province 5 are in one district, so the other's 10 are withheld with them."""
    for counts, first in (((5, 10), ("201", 4)), ((0, 18), ("202", 9))):
        assert order(labourers(*counts), "labour-low")[0] == first
    assert order(labourers(5, 10), "labour-low", "elsewhere") == [("201", None), ("202", None)]
    assert order(labourers(0, 18), "labour-low", "elsewhere") == [("202", 9), ("201", -1)]


@given(st.integers(1, 5), st.integers(1, 5), st.sampled_from(["labour-low", "labour-none", "labour-less"]))
def test_withheld_figures_stand_by_code_whatever_they_are(first: int, second: int, target: str) -> None:
    assert order(labourers(first, second), target, "elsewhere") == [("201", None), ("202", None)]


def test_how_many_are_needed_is_withheld_with_the_figure() -> None:
    app = application(cells=labourers(5, 0))
    shown = attained(ask(app, "/v1/attainment", plan="lang-son", period="2024"), "labour-none")
    assert shown["gap"]["needed"] == {"value": -5, "suppressed": None}
    assert "5 fewer are needed" in shown["rule"]["en"]
    hidden = attained(ask(app, "/v1/attainment", "elsewhere", plan="lang-son", period="2024"), "labour-none")
    assert hidden["gap"] == {
        "needed": {"value": None, "suppressed": "1-5"},
        "spare": {"value": None, "suppressed": "1-5"},
        "counts": "person",
    }
    assert "fewer" not in hidden["rule"]["en"] and "withheld" in hidden["rule"]["en"]


@pytest.mark.parametrize(
    ("query", "status", "code", "named"),
    [
        ({}, 400, "target_required", "labour-low, labour-none, labour-less, informed."),
        ({"target": "inform"}, 404, "unknown_target", "informed"),
        ({"target": "trained"}, 404, "unknown_target", "judged here"),
        ({"target": "x" * 9000}, 404, "unknown_target", "Nearest: "),
        ({"target": "informed", "children": "false"}, 400, "invalid_parameter", "children=true"),
        ({"target": "informed", "sort": "code"}, 400, "invalid_parameter", "sort=gap"),
        ({"target": "informed", "sort": "size"}, 400, "invalid_parameter", "sort"),
    ],
)
def test_what_does_not_go_together_is_refused(query: dict[str, Any], status: int, code: str, named: str) -> None:
    said = problem(ask(application(), "/v1/attainment", **{**SORTED, **query}))
    assert said[:2] == (status, code)
    assert named in said[2]


def test_only_targets_judged_in_the_period_are_to_choose_from() -> None:
    said = problem(ask(application(), "/v1/attainment", **{**SORTED, "period": "2024S1"}))
    assert said[2] == "Name the target to sort by: labour-low, labour-none, informed."


def test_a_plan_with_one_target_need_not_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = replace(PLAN, targets={"informed": PLAN.targets["informed"]})
    monkeypatch.setattr(REGISTRY, "release", replace(RELEASE, plans={plan.id: plan}))
    answer = ask(application(cells=YEAR), "/v1/attainment", **SORTED).json()
    assert [child["contribution"]["value"] for child in answer["children"]] == [2, 0]
