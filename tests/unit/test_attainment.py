"""From cells to states: sums and who stands behind them, exact bounds, the way to the due date, what went before."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.domain.attainment import Attainment, Earlier, Moment, Rule, State, attain, expected_on_path
from chitieu.domain.catalogue import Direction, Element, Indicator, Kind
from chitieu.domain.evidence import Evidence, Part, weigh
from chitieu.domain.form import Field, Form
from chitieu.domain.fractions import exact_text, rounded_text
from chitieu.domain.period import Days, Period
from chitieu.domain.plan import Comparator
from chitieu.domain.rollup import Cell, Report, ValueState
from tests.unit.small_release import (
    COMMUNE_FORM,
    ELEMENTS,
    cell,
    label,
    rate,
    target,
)

INFORMED = rate("informed_rate", ("informed",), ("parents",))
LABOUR = rate("labour_rate", ("labour",), ("children",), Direction.LOWER)
FEW = Fraction(80)
TODAY = date(2024, 3, 1)
DUE = date(2025, 12, 31)


def informed(numerator: int | None, denominator: int | None, units: int = 10, expected: int = 10) -> Evidence:
    """Ten communes of ten reported how many of their parents are informed."""
    said = cell(units, None, None, None, denominator, numerator)
    return weigh(INFORMED, ELEMENTS, [Part(COMMUNE_FORM, said, expected)], (), FEW, TODAY)


def labour(numerator: int, denominator: int, units: int = 10) -> Evidence:
    said = cell(units, denominator, numerator, 0)
    return weigh(LABOUR, ELEMENTS, [Part(COMMUNE_FORM, said, 10)], (), FEW, TODAY)


def year(label_: int, today: date = TODAY) -> Moment:
    """A calendar year of a plan that began on 1/1/2021."""
    days = Days(date(label_, 1, 1), date(label_, 12, 31))
    return Moment(Period.parse(str(label_)), days, date(label_ + 1, 12, 31), date(2021, 1, 1), today)


def judged(
    comparator: Comparator, bound: Fraction | int, evidence: Evidence, moment: Moment | None = None, **more: object
) -> Attainment:
    one = target("t", "informed_rate", comparator, bound, **more)
    return attain(one, INFORMED, evidence, (), moment or year(2023))


# Sums


def test_sums_come_first_then_the_ratio() -> None:
    """1 of 10 and 90 of 90: 91 of 100, not the average of 10 % and 100 %."""
    total = Cell()
    for parents, said in ((10, 1), (90, 90)):
        values = (0, 0, 0, parents, said)
        total.add(Report(1, b"", values, (0, 0, 0, 1, 1)), 1)
    found = weigh(INFORMED, ELEMENTS, [Part(COMMUNE_FORM, total, 2)], (), FEW, TODAY)
    assert found.value.value == 91


def test_options_add_up_to_their_element() -> None:
    said = cell(1, 1000, 3, 4)
    found = weigh(LABOUR, ELEMENTS, [Part(COMMUNE_FORM, said, 1)], (), FEW, TODAY)
    assert found.numerator.value == 7


def test_decimals_count_in_the_elements_own_unit() -> None:
    budget = Element("b", label("b"), "million", Kind.FLOW, scale=1)
    form = Form("f", 1, label("f"), "administrative", (Field("b", "b", (), 1, 10**9, False),), ())
    spent = Indicator("spent", label("spent"), ("b",), (), 1, "count", Direction.HIGHER)
    found = weigh(spent, {"b": budget}, [Part(form, cell(1, 125), 1)], (), FEW, TODAY)
    assert found.value.value == Fraction(25, 2)


def test_reported_not_applicable_absent_and_missing_stay_apart() -> None:
    total = Cell()
    for state in (1, 1, 2, 0):
        total.add(Report(1, b"", (0, 0, 0, 5, 0), (0, 0, 0, 1, state)), 1)
    found = weigh(INFORMED, ELEMENTS, [Part(COMMUNE_FORM, total, 6)], (), FEW, TODAY)
    tally = next(t for t in found.tallies if t.element == "informed")
    assert (tally.reported, tally.not_applicable, tally.absent, tally.missing) == (2, 1, 1, 2)
    assert tally.total.value == 0
    assert found.coverage.reported == 3, "not applicable is an answer, an empty field is none"


def test_a_later_version_does_not_make_older_reports_incomplete() -> None:
    """Version 2 retired the total and asks for two options; one unit reported under each version."""
    fields = (
        Field("labour", "labour", (), 0, 99, True, retired=True),
        Field("labour.m", "labour", ("m",), 0, 99, True),
        Field("labour.f", "labour", ("f",), 0, 99, True),
        Field("children", "children", (), 0, 99, False),
    )
    form = Form("f", 2, label("f"), "administrative", fields, ())
    total = Cell()
    total.add(Report(1, b"", (4, 0, 0, 50), (1, 0, 0, 1)), 1)
    total.add(Report(1, b"", (0, 1, 2, 50), (0, 1, 1, 1)), 1)
    found = weigh(LABOUR, ELEMENTS, [Part(form, total, 2)], (), FEW, TODAY)
    assert found.value.value == 7
    assert found.coverage.reported == 2


reports = st.lists(
    st.tuples(st.tuples(st.integers(0, 9), st.integers(0, 2)), st.tuples(st.integers(0, 9), st.integers(0, 2))),
    max_size=8,
)


@given(reports, st.integers(0, 4))
def test_evidence_is_what_counting_report_by_report_gives(
    said: list[tuple[tuple[int, int], tuple[int, int]]], missing: int
) -> None:
    total = Cell()
    for (parents, p_state), (told, t_state) in said:
        total.add(Report(1, b"", (0, 0, 0, parents, told), (0, 0, 0, p_state, t_state)), 1)
    expected = len(said) + missing
    found = weigh(INFORMED, ELEMENTS, [Part(COMMUNE_FORM, total, expected)], (), FEW, TODAY)
    for at, tally in ((1, found.tallies[0]), (0, found.tallies[1])):
        states = [one[at][1] for one in said]
        assert tally.reported == states.count(ValueState.REPORTED)
        assert tally.not_applicable == states.count(ValueState.NOT_APPLICABLE)
        assert tally.absent == states.count(ValueState.ABSENT)
        assert tally.missing == missing
        figures = [one[at][0] for one in said if one[at][1] == ValueState.REPORTED]
        assert tally.total.value == (sum(figures) if figures else None)
    below = found.denominator.value if found.denominator else None
    above = found.numerator.value
    assert found.value.value == (Fraction(above * 100, below) if below and above is not None else None)


# Bounds


@pytest.mark.parametrize(
    ("comparator", "bound", "numerator", "met"),
    [
        (Comparator.BELOW, 1, 10, False),  # dưới 1%: exactly 1 % fails
        (Comparator.BELOW, 1, 9, True),
        (Comparator.AT_MOST, 1, 10, True),
        (Comparator.ABOVE, 90, 900, False),  # trên 90%: exactly 90 % fails
        (Comparator.ABOVE, 90, 901, True),
        (Comparator.AT_LEAST, 90, 900, True),  # từ 90% trở lên
        (Comparator.AT_LEAST, 90, 899, False),
        (Comparator.EQUAL, 100, 1000, True),
        (Comparator.EQUAL, 100, 999, False),
    ],
)
def test_a_bound_is_compared_exactly(comparator: Comparator, bound: int, numerator: int, met: bool) -> None:
    assert (judged(comparator, bound, informed(numerator, 1000)).state is State.MET) is met


@given(st.integers(0, 10**12), st.integers(1, 10**12), st.fractions(0, 100))
def test_no_figure_is_ever_rounded_across_its_bound(numerator: int, denominator: int, bound: Fraction) -> None:
    state = judged(Comparator.AT_LEAST, bound, informed(numerator, denominator)).state
    assert (state is State.MET) == (numerator * 100 * bound.denominator >= bound.numerator * denominator)


def test_a_count_has_no_denominator_and_zero_is_a_figure() -> None:
    form, count = COMMUNE_FORM, Indicator("c", label("c"), ("labour",), (), 1, "count", Direction.LOWER)
    none = target("t", "c", Comparator.EQUAL, 0)
    for figure, state in ((0, State.MET), (1, State.AT_RISK)):
        found = weigh(count, ELEMENTS, [Part(form, cell(1, 9, figure, 0), 1)], (), FEW, TODAY)
        assert attain(none, count, found, (), year(2023)).state is state


# Nothing known, too little, nothing to count


def test_nothing_reported_is_no_data_and_not_zero() -> None:
    missing = weigh(INFORMED, ELEMENTS, [Part(COMMUNE_FORM, None, 10)], (), FEW, TODAY)
    assert judged(Comparator.AT_MOST, 5, missing).state is State.NO_DATA
    assert missing.value.value is None


def test_a_numerator_without_denominator_is_no_data() -> None:
    assert judged(Comparator.AT_LEAST, 80, informed(5, None)).state is State.NO_DATA


def test_a_denominator_of_zero_does_not_arise() -> None:
    found = judged(Comparator.AT_LEAST, 80, informed(0, 0))
    assert (found.state, found.evidence and found.evidence.arises) == (State.NOT_ARISING, False)


def test_of_a_share_of_nothing_the_part_may_be_left_empty() -> None:
    """Who says that there is no child labour has said that none of it is hazardous."""
    empty = informed(None, 0)
    assert judged(Comparator.AT_LEAST, 80, empty).state is State.NOT_ARISING
    assert (empty.coverage.reported, empty.numerator.value) == (10, None)
    assert judged(Comparator.AT_LEAST, 80, informed(None, 0, units=7)).state is State.INSUFFICIENT
    assert judged(Comparator.AT_LEAST, 80, informed(None, 1)).state is State.NO_DATA


def test_a_ratio_to_nothing_has_no_part_that_is_known_to_be_nothing() -> None:
    said = cell(10, None, None, None, 0, None)
    ratio = weigh(replace(INFORMED, share=False), ELEMENTS, [Part(COMMUNE_FORM, said, 10)], (), FEW, TODAY)
    assert (ratio.known, ratio.coverage.reported) == (False, 0)


def test_not_applicable_everywhere_does_not_arise() -> None:
    said = Cell(1, [0] * 5, [0] * 5, [0, 0, 0, 1, 1])
    found = weigh(INFORMED, ELEMENTS, [Part(COMMUNE_FORM, said, 1)], (), FEW, TODAY)
    assert judged(Comparator.AT_LEAST, 80, found).state is State.NOT_ARISING


def test_coverage_at_the_plans_threshold_is_enough_and_below_it_is_not() -> None:
    assert judged(Comparator.AT_LEAST, 80, informed(9, 10, units=8)).state is State.MET
    assert judged(Comparator.AT_LEAST, 80, informed(9, 10, units=7)).state is State.INSUFFICIENT


def test_too_few_reports_are_said_before_that_nothing_arises() -> None:
    assert judged(Comparator.AT_LEAST, 80, informed(0, 0, units=1)).state is State.INSUFFICIENT


def test_a_form_with_too_many_reports_does_not_fill_another_ones_gap() -> None:
    parts = [Part(COMMUNE_FORM, cell(12, 0, 0, 0, 1, 1), 10), Part(COMMUNE_FORM, cell(6, 0, 0, 0, 1, 1), 10)]
    coverage = weigh(INFORMED, ELEMENTS, parts, (), FEW, TODAY).coverage
    assert (coverage.reported, coverage.expected) == (16, 20)


# The due date


def test_not_met_is_at_risk_until_the_due_date_and_missed_after_it() -> None:
    for today, state in ((DUE, State.AT_RISK), (date(2026, 1, 1), State.MISSED)):
        assert judged(Comparator.AT_LEAST, 80, informed(1, 10), year(2025, today), due=DUE).state is state


def test_only_the_last_period_before_the_due_date_shows_that_a_target_was_missed() -> None:
    """Asked in 2026, the figures of 2022 still tell how things stood in 2022."""
    assert (
        judged(Comparator.AT_LEAST, 80, informed(1, 10), year(2022, date(2026, 5, 1)), due=DUE).state is State.AT_RISK
    )


def test_a_period_that_ends_shortly_before_the_due_date_decides() -> None:
    """The year of Decree 09/2019 ends on 14/12; the next one ends after 31/12."""
    days = Days(date(2024, 12, 15), date(2025, 12, 14))
    moment = Moment(Period.parse("2025"), days, date(2026, 12, 14), date(2021, 1, 1), date(2026, 1, 5))
    assert judged(Comparator.AT_LEAST, 80, informed(1, 10), moment, due=DUE).state is State.MISSED


def test_without_a_due_date_nothing_is_ever_missed() -> None:
    found = judged(Comparator.AT_LEAST, 80, informed(1, 10), year(2023, date(2040, 1, 1)))
    assert (found.state, found.rule) == (State.AT_RISK, Rule.NO_DUE)


# The path


def on_line(numerator: int, moment: Moment, **more: object) -> Attainment:
    """From 20 % at the plan's start to 80 % on 31/12/2025."""
    return judged(Comparator.AT_LEAST, 80, informed(numerator, 1000), moment, due=DUE, baseline=Fraction(20), **more)


def test_the_path_is_a_straight_line_from_the_baseline_to_the_due_date() -> None:
    """On 31/12/2023, 1,094 of 1,825 days are gone: 20 + 60 × 1094/1825 = 55.967… is expected."""
    expected = 20 + Fraction(60 * 1094, 1825)
    for numerator, state in ((559, State.AT_RISK), (560, State.ON_TRACK), (800, State.MET)):
        found = on_line(numerator, year(2023))
        assert (found.state, found.expected) == (state, expected)


def test_the_path_reaches_the_bound_on_the_due_date_and_stays_there() -> None:
    for moment in (year(2025), year(2027)):
        assert on_line(0, moment).expected == 80


def test_milestones_come_before_the_straight_line() -> None:
    steps = ((Period.parse("2022"), Fraction(30)), (Period.parse("2024"), Fraction(60)))
    seen = [on_line(400, year(at), milestones=steps) for at in (2021, 2022, 2023, 2024)]
    assert [found.expected for found in seen] == [None, 30, 30, 60]
    assert [found.state for found in seen] == [State.AT_RISK, State.ON_TRACK, State.ON_TRACK, State.AT_RISK]


def test_lower_is_better_on_the_way_down_too() -> None:
    """From 5 % to below 1 %: on 31/12/2023 the line is at 2.602… %."""
    down = target("t", "labour_rate", Comparator.BELOW, 1, due=DUE, baseline=Fraction(5))
    for numerator, state in ((27, State.AT_RISK), (26, State.ON_TRACK), (10, State.ON_TRACK), (9, State.MET)):
        assert attain(down, LABOUR, labour(numerator, 1000), (), year(2023)).state is state


def test_without_a_baseline_only_the_bound_counts() -> None:
    one = target("t", "informed_rate", Comparator.AT_LEAST, 80, due=DUE)
    assert expected_on_path(one, year(2024)) is None
    assert attain(one, INFORMED, informed(79, 100), (), year(2024)).state is State.AT_RISK


@given(st.integers(2021, 2025), st.integers(0, 1000))
def test_what_meets_the_bound_is_never_behind_the_path(at: int, numerator: int) -> None:
    found = on_line(numerator, year(at))
    assert (found.state is State.MET) == (numerator >= 800)


# Maintain


def kept(now: Evidence, *before: Evidence, today: date = TODAY) -> Attainment:
    none = target("t", "labour_rate", Comparator.MAINTAIN, 0, holds=Comparator.EQUAL, since=date(2021, 1, 1), due=DUE)
    earlier = [Earlier(Period.parse(str(2021 + at)), evidence) for at, evidence in enumerate(before)]
    return attain(none, LABOUR, now, earlier, year(2023, today))


def test_a_value_that_held_in_every_period_is_maintained() -> None:
    assert kept(labour(0, 100), labour(0, 100), labour(0, 90)).state is State.MET


def test_a_broken_earlier_period_is_missed_for_good_even_without_figures_now() -> None:
    nothing = weigh(LABOUR, ELEMENTS, [Part(COMMUNE_FORM, None, 10)], (), FEW, TODAY)
    for now in (labour(0, 100), nothing):
        found = kept(now, labour(0, 100), labour(1, 100))
        assert (found.state, found.broken and str(found.broken.period)) == (State.MISSED, "2022")


def test_an_earlier_period_with_too_few_reports_proves_nothing() -> None:
    assert kept(labour(0, 100), labour(3, 100, units=2)).state is State.MET


def test_breaking_now_can_still_change_while_the_period_runs() -> None:
    assert kept(labour(1, 100), today=date(2023, 12, 31)).state is State.AT_RISK
    assert kept(labour(1, 100), today=date(2024, 1, 1)).state is State.MISSED


# Decrease


def lowered(now: Evidence, *before: Evidence, today: date = TODAY, at: int = 2023, **more: object) -> Attainment:
    less = target("t", "labour_rate", Comparator.DECREASE, None, due=DUE, **more)
    earlier = [Earlier(Period.parse(str(2021 + at)), evidence) for at, evidence in enumerate(before)]
    return attain(less, LABOUR, now, earlier, year(at, today))


def test_a_decrease_is_judged_by_the_first_known_period() -> None:
    """2021 had too few reports, so 2022 is the first known; 2023 is compared with it and not with 2021."""
    found = lowered(labour(4, 100), labour(9, 100, units=1), labour(4, 100))
    assert (found.state, found.compared and str(found.compared.period)) == (State.AT_RISK, "2022")
    assert lowered(labour(39, 1000), labour(9, 100, units=1), labour(4, 100)).state is State.MET


def test_the_first_known_period_is_its_own_beginning() -> None:
    assert (found := lowered(labour(4, 100))).state is State.ON_TRACK
    assert found.rule is Rule.FIRST_KNOWN


def test_a_baseline_of_the_plan_comes_before_the_first_known_period() -> None:
    assert lowered(labour(4, 100), labour(3, 100), baseline=Fraction(5)).state is State.MET


def test_no_decrease_by_the_due_date_is_missed() -> None:
    after = date(2026, 1, 1)
    assert lowered(labour(5, 100), labour(5, 100), today=after, at=2025).state is State.MISSED


def test_zero_leaves_nothing_to_decrease() -> None:
    assert lowered(labour(0, 100), labour(0, 100)).state is State.MET


# Provisional and final


def final(said: Cell, expected: int, deadline: date | None, today: date) -> bool:
    return weigh(INFORMED, ELEMENTS, [Part(COMMUNE_FORM, said, expected, deadline)], (), FEW, today).final


def test_a_figure_is_provisional_until_the_deadline_has_passed_or_all_have_reported() -> None:
    said, deadline = cell(9, 0, 0, 0, 10, 9), date(2024, 1, 5)
    assert not final(said, 10, deadline, deadline)
    assert final(said, 10, deadline, date(2024, 1, 6))
    assert final(said, 9, deadline, date(2023, 12, 1))


def test_without_a_deadline_a_figure_is_final_only_when_all_have_reported() -> None:
    assert not final(cell(9, 0, 0, 0, 10, 9), 10, None, date(2040, 1, 1))
    assert final(cell(10, 0, 0, 0, 10, 9), 10, None, TODAY)


# Numbers


@pytest.mark.parametrize(
    ("number", "text"),
    [(Fraction(80), "80"), (Fraction(-5, 2), "-2.5"), (Fraction(1, 3), "1/3"), (Fraction(1, 80), "0.0125")],
)
def test_an_exact_number_is_a_decimal_where_that_ends(number: Fraction, text: str) -> None:
    assert exact_text(number) == text


@given(st.fractions(-1000, 1000))
def test_the_exact_text_is_the_number(number: Fraction) -> None:
    assert Fraction(exact_text(number)) == number


def test_a_rounded_number_never_looks_equal_to_a_bound_it_differs_from() -> None:
    assert rounded_text(Fraction(7996, 100), Fraction(80)) == "79.96"
    assert rounded_text(Fraction(80), Fraction(80)) == "80.0"
    assert rounded_text(Fraction(200, 3), Fraction(80)) == "66.7"
