"""What the values of a report must satisfy; every problem at once, each with a pointer into the body."""

import time
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.domain.errors import InvalidReport, Problem
from chitieu.domain.figure import NotAFigure, decimal_literal, integer_literal, read_figure
from chitieu.domain.fractions import exact_text
from chitieu.domain.report import ReportValidator
from chitieu.domain.rollup import ValueState
from chitieu.domain.rules import Validated
from tests.unit.commune_release import CATALOGUE, FIRST, GOOD, MAXIMUM, SECOND

FIRST_RULES = ReportValidator(FIRST, CATALOGUE)
RULES = ReportValidator(SECOND, CATALOGUE)
AT = {field.key: at for at, field in enumerate(SECOND.fields)}


def problems(values: Mapping[str, object], rules: ReportValidator = RULES) -> list[Problem]:
    try:
        rules.validate(values)
    except InvalidReport as invalid:
        return list(invalid.problems)
    return []


def said(values: Mapping[str, object]) -> list[tuple[str, str]]:
    return [(problem.code, problem.pointer) for problem in problems(values)]


def test_a_good_report_becomes_integers_at_the_scale_of_its_fields_in_their_order() -> None:
    assert RULES.validate(GOOD) == Validated(
        (520, 480, 12, 8, 3, 1234, 1000, 125, 40, 2, 30, 0, 0),
        bytes((1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0)),
    )


def test_zero_absent_and_not_applicable_stay_three_things() -> None:
    validated = RULES.validate({"parents": 0, "teachers": None, "managers": " N/A "})
    states = [validated.states[AT[key]] for key in ("parents", "teachers", "managers", "trained")]
    assert states == [ValueState.REPORTED, ValueState.ABSENT, ValueState.NOT_APPLICABLE, ValueState.ABSENT]
    assert validated.values == (0,) * len(SECOND.fields)


def test_every_problem_is_said_at_once() -> None:
    body = {
        "children.m": 1,
        "labour.m": True,
        "parents": -1,
        "budget": Decimal("0.25"),
        "teachers": MAXIMUM + 1,
        "trained": [],
        "leaflets": 5,
        "nobody/knows~this": 1,
    }
    assert sorted(said(body)) == [
        ("above_maximum", "/values/teachers"),
        ("negative", "/values/parents"),
        ("options_incomplete", "/values/children.m"),
        ("retired_field", "/values/leaflets"),
        ("too_precise", "/values/budget"),
        ("unknown_field", "/values/nobody~1knows~0this"),
        ("wrong_type", "/values/labour.m"),
        ("wrong_type", "/values/trained"),
    ]


@pytest.mark.parametrize(
    "raw",
    [True, False, [], {}, [1], float("nan"), float("inf"), Decimal("NaN"), "", "abc", "1e3", "12.5", "1.23", "0.500"],
)
def test_what_is_no_number_or_could_be_meant_in_two_ways_is_a_wrong_type(raw: object) -> None:
    assert said({"budget": raw}) == [("wrong_type", "/values/budget")]


@pytest.mark.parametrize(
    "raw",
    ["1.2345", "1.234.5", "1,234.5", "1,2,3", ",5", "5,", "١٢", "1 234", "0,5%", "+5", "--5", "−5", "01.234", "9" * 65],
)
def test_a_string_that_is_not_written_the_vietnamese_way_is_a_wrong_type(raw: str) -> None:
    assert said({"budget": raw}) == [("wrong_type", "/values/budget")]


@pytest.mark.parametrize(
    ("raw", "tenths"),
    [
        (12.5, 125),
        (12, 120),
        (Decimal("12.5"), 125),
        (Decimal("1.25e1"), 125),
        (Decimal("125E-1"), 125),
        (Decimal("12.50000"), 125),
        (Decimal("0e999999999"), 0),
        (Decimal("-0.0"), 0),
        ("0,5", 5),
        ("1.234,5", 12345),
        ("1.234", 12340),
        ("123.456", 1234560),
        (" 7 ", 70),
        ("007", 70),
        ("-0", 0),
        ("12,50", 125),
    ],
)
def test_numbers_are_read_exactly_however_they_are_spelt(raw: object, tenths: int) -> None:
    assert RULES.validate({"budget": raw}).values[AT["budget"]] == tenths


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("12,55", "too_precise"),
        (Decimal("1e-999999"), "too_precise"),
        (Decimal("0.1") + Decimal("1e-20"), "too_precise"),
        (0.1 + 0.2, "too_precise"),
        ("-1", "negative"),
        (Decimal("-1e999999"), "negative"),
        (Decimal("1e999999"), "above_maximum"),
        (Decimal(MAXIMUM) + Decimal("0.1"), "above_maximum"),
        (10**50, "above_maximum"),
    ],
)
def test_numbers_out_of_bounds_say_which_bound(raw: object, code: str) -> None:
    assert said({"budget": raw}) == [(code, "/values/budget")]


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-100, max_value=10**7), st.integers(0, 6))
def test_a_figure_is_exact_or_refused(number: Decimal, scale: int) -> None:
    shifted = Fraction(number) * 10**scale
    if shifted < 0:
        expected: object = "negative"
    elif shifted.denominator != 1:
        expected = "too_precise"
    else:
        expected = int(shifted) if shifted <= MAXIMUM else "above_maximum"
    try:
        found: object = read_figure(number, scale, MAXIMUM)
    except NotAFigure as refused:
        found = refused.code
    assert found == expected


@given(st.integers(0, 10**12), st.integers(0, 6))
def test_what_is_written_the_vietnamese_way_is_read_back(value: int, scale: int) -> None:
    whole, tail = divmod(value, 10**scale)
    text = f"{whole:,}".replace(",", ".") + (f",{tail:0{scale}}" if scale else "")
    assert read_figure(text, scale, 10**12) == value
    assert read_figure(Decimal(exact_text(Fraction(value, 10**scale))), scale, 10**12) == value


def test_a_million_digits_cost_no_more_than_reading_them() -> None:
    digits = "9" * 1_000_000
    began = time.process_time()
    hostile = (integer_literal(digits), decimal_literal(f"0.{digits}"), decimal_literal(f"1e{digits}"), digits)
    for raw in (*hostile, decimal_literal("1e999999999"), decimal_literal("1e-999999999")):
        assert problems({"budget": raw})
    assert time.process_time() - began < 2


def test_all_of_an_elements_options_are_needed_or_none() -> None:
    (problem,) = problems({"labour.f": 1, "children.m": 5, "children.f": 5})
    assert (problem.code, problem.pointer) == ("options_incomplete", "/values/labour.f")
    assert problem.params == {"element": "labour", "missing": "labour.m"}


def test_a_total_alone_does_not_stand_for_its_options() -> None:
    (problem,) = problems({"labour": 3})
    assert (problem.code, problem.pointer) == ("options_incomplete", "/values/labour")
    assert problem.params["missing"] == "labour.m, labour.f"


def test_a_total_must_agree_with_its_options() -> None:
    options = {"labour.m": "1.000", "labour.f": 2}
    assert problems({**options, "labour": 1002}) == []
    (problem,) = problems({**options, "labour": 1003})
    assert (problem.code, problem.pointer) == ("options_do_not_sum", "/values/labour")
    assert problem.params == {"element": "labour", "sum": "1002", "total": "1003"}


def test_a_total_may_be_as_large_as_its_options_together() -> None:
    assert problems({"children.m": MAXIMUM, "children.f": MAXIMUM, "children": 2 * MAXIMUM}) == []


def test_not_applicable_as_a_total_says_so_of_every_option() -> None:
    states = RULES.validate({"labour": "n/a", "parents": 1}).states
    assert [states[AT["labour.m"]], states[AT["labour.f"]]] == [ValueState.NOT_APPLICABLE] * 2
    assert [p.code for p in problems({"labour": "n/a", "labour.m": 1, "labour.f": "n/a"})] == ["options_do_not_sum"]
    assert problems({"labour": "n/a", "labour.m": "n/a", "labour.f": "n/a"}) == []
    assert problems({"labour": 1, "labour.m": 1, "labour.f": "n/a"}) == []


def test_a_part_larger_than_its_whole_is_said_option_by_option() -> None:
    body = {"children.m": 5, "children.f": 5, "labour.m": 6, "labour.f": 0}
    (problem,) = problems(body)
    assert (problem.code, problem.pointer) == ("part_above_whole", "/values/labour.m")
    assert problem.params == {"part": "labour.m", "part_value": "6", "whole": "children.m", "whole_value": "5"}


def test_a_part_is_compared_as_a_total_where_the_options_cannot_be() -> None:
    (problem,) = problems({"children.m": "n/a", "children.f": 5, "labour.m": 6, "labour.f": 0})
    assert (problem.code, problem.pointer) == ("part_above_whole", "/values/labour.m")
    assert problem.params == {"part": "labour", "part_value": "6", "whole": "children", "whole_value": "5"}


def test_a_part_is_compared_with_the_nearest_whole_that_the_form_asks_for() -> None:
    (problem,) = problems({"labour.m": 1, "labour.f": 1, "hazardous": 3})
    assert problem.params == {"part": "hazardous", "part_value": "3", "whole": "labour", "whole_value": "2"}


def test_a_part_without_its_whole_is_not_judged() -> None:
    assert problems({"parents_informed": 5}) == []
    assert problems({"parents_informed": 5, "parents": "n/a"}) == []


def test_a_numerator_above_its_denominator_is_said_once_for_indicators_that_divide_the_same() -> None:
    (problem,) = problems({"teachers": 3, "managers": 1, "trained": 5})
    assert (problem.code, problem.pointer) == ("numerator_above_denominator", "/values/trained")
    assert problem.params == {"indicator": "staff_trained", "numerator": "5", "denominator": "4"}
    assert problems({"teachers": 3, "trained": 5}) == []


def test_one_mistake_is_not_said_twice() -> None:
    assert said({"parents": 1, "parents_informed": 2}) == [("part_above_whole", "/values/parents_informed")]


def test_nothing_is_concluded_from_a_figure_in_doubt() -> None:
    assert said({"labour.m": "?", "labour.f": 9, "children.m": 1, "children.f": 1}) == [
        ("wrong_type", "/values/labour.m")
    ]
    assert said({"parents": "?", "parents_informed": 9}) == [("wrong_type", "/values/parents")]


def test_a_report_without_a_value_is_empty() -> None:
    assert said({}) == [("empty_report", "/values")]
    assert said({"parents": None, "leaflets": None}) == [("empty_report", "/values")]
    assert problems({"parents": "n/a"}) == []


def test_an_older_version_still_takes_what_a_newer_one_retired() -> None:
    assert problems({"leaflets": 5}, FIRST_RULES) == []
    assert [p.code for p in problems({"events": 5}, FIRST_RULES)] == ["unknown_field"]


def test_a_hundred_thousand_unknown_members_are_not_answered_one_by_one() -> None:
    found = problems({"x" * 1000 + str(n): 1 for n in range(100_000)})
    assert len(found) == 100
    assert all(len(p.pointer) < 200 and len(p.en) < 200 for p in found)


ANYTHING = st.one_of(st.none(), st.integers(-2, 9), st.sampled_from(["n/a", "1,5", "2", "?", True, Decimal("1.5"), []]))
BODIES = st.dictionaries(st.sampled_from([*AT, "labour", "children", "elsewhere"]), ANYTHING)


@given(BODIES)
def test_whatever_is_sent_is_accepted_or_refused_with_pointers_into_it(values: dict[str, object]) -> None:
    for problem in problems(values):
        assert problem.vi
        assert problem.en
        key = problem.pointer.removeprefix("/values").removeprefix("/")
        assert key in values or problem.code == "empty_report"


@given(BODIES)
def test_the_order_of_members_means_nothing(values: dict[str, object]) -> None:
    turned = dict(reversed(values.items()))
    assert sorted(said(values)) == sorted(said(turned))
    if not problems(values):
        assert RULES.validate(values) == RULES.validate(turned)


@given(BODIES)
def test_what_is_accepted_satisfies_every_rule(values: dict[str, object]) -> None:
    """The rules again, in the plainest words."""
    if problems(values):
        return
    validated = RULES.validate(values)
    reported = {key: validated.values[at] for key, at in AT.items() if validated.states[at] == ValueState.REPORTED}
    known = {key: validated.states[at] != ValueState.ABSENT for key, at in AT.items()}
    assert any(known.values())
    assert "elsewhere" not in values
    assert values.get("leaflets") is None
    for element in ("children", "labour"):
        assert known[f"{element}.m"] == known[f"{element}.f"]
    for part, whole in (("labour.m", "children.m"), ("labour.f", "children.f"), ("parents_informed", "parents")):
        assert not {part, whole} <= reported.keys() or reported[part] <= reported[whole]
    if {"teachers", "managers", "trained"} <= reported.keys():
        assert reported["trained"] <= reported["teachers"] + reported["managers"]
