"""What can be read in an area and a period, against sums made report by report."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.domain.disclosure import Count
from chitieu.domain.evidence import Part, weigh
from chitieu.domain.measure import Measure, find_measure
from chitieu.domain.obligation import Expectations
from chitieu.domain.period import Period
from chitieu.domain.rollup import Cell, Report, ValueState
from tests.unit.small_release import CATALOGUE, COMMUNE, COMMUNE_FORM, DISTRICT, NATION, PROVINCE, RELEASE, TREE

KEY = ("xa", "2024", PROVINCE)
PATH = (NATION, PROVINCE)
# children, labour.m, labour.f, parents, informed, officials_c, trained_c; the options of labour come together.
FIGURE = st.none() | st.integers(0, 9)
LABOUR = st.none() | st.tuples(st.integers(0, 9), st.integers(0, 9))
REPORTS = st.lists(st.tuples(FIGURE, LABOUR, FIGURE, FIGURE, FIGURE, FIGURE), max_size=4)
Rows = Sequence[Sequence[int | None]]


def rows(reports: Sequence[tuple[object, ...]]) -> Rows:
    return [[one[0], *(one[1] or (None, None)), *one[2:]] for one in reports]  # type: ignore[misc, list-item]


def cell(rows: Rows) -> Cell:
    found = Cell()
    for row in rows:
        states = [ValueState.ABSENT if one is None else ValueState.REPORTED for one in row]
        found.add(Report(values=[one or 0 for one in row], states=states), +1)
    return found


def as_said(reports: Sequence[Sequence[object]]) -> Cell:
    """As `cell`, with what does not apply; options are answered together."""
    found = Cell()
    for one in reports:
        values = [said if isinstance(said, int) else 0 for said in one]
        found.add(Report(values=values, states=[_state(said) for said in one]), +1)
    return found


def _state(said: object) -> ValueState:
    if said is None:
        return ValueState.ABSENT
    return ValueState.REPORTED if isinstance(said, int) else ValueState.NOT_APPLICABLE


def added(rows: Rows, *positions: int) -> Fraction | None:
    """The sum of some fields; None if nobody gave any of them."""
    said = [row[at] for row in rows for at in positions if row[at] is not None]
    return Fraction(sum(one for one in said if one is not None)) if said else None


def measure(id_: str, series: str = "") -> Measure:
    found = find_measure(RELEASE, id_, series)
    assert found is not None
    return found


def value(id_: str, rows: Rows) -> Fraction | None:
    return measure(id_).value(CATALOGUE, [KEY], {KEY: cell(rows)}, PATH).value


@given(REPORTS)
def test_elements_and_fields_are_sums_and_indicators_ratios_of_sums(reports: Sequence[tuple[object, ...]]) -> None:
    said = rows(reports)
    for key, at in {"children": [0], "labour.m": [1], "labour.f": [2], "labour": [1, 2], "parents": [3]}.items():
        assert value(key, said) == added(said, *at)
    above, below = added(said, 1, 2), added(said, 0)
    assert value("labour_rate", said) == (None if above is None or not below else above / below * 100)


SAID = st.none() | st.integers(0, 9) | st.just("n/a")


@given(st.lists(st.tuples(*[SAID] * 7), max_size=3), st.lists(st.tuples(*[SAID] * 3), max_size=2))
def test_a_figure_of_a_table_is_what_an_answer_about_a_target_says(xa: list[Any], huyen: list[Any]) -> None:
    cells = {KEY: as_said(xa), ("huyen", "2024", PROVINCE): as_said(huyen)}
    for id_ in (*CATALOGUE.indicators, "labour", "budget"):
        one = measure(id_)
        keys = [(form.id, "2024", PROVINCE) for form in one.forms]
        parts = [Part(form, cells[form.id, "2024", PROVINCE], 3) for form in one.forms]
        weighed = weigh(one.indicator, CATALOGUE.elements, parts, PATH, Fraction(0), date.max).value
        assert one.value(CATALOGUE, keys, cells, PATH) == weighed


@given(REPORTS)
def test_whatever_is_read_names_the_counts_that_would_be_given_away(reports: Sequence[tuple[object, ...]]) -> None:
    said = rows(reports)
    shown = measure("labour.m").value(CATALOGUE, [KEY], {KEY: cell(said)}, PATH)
    assert shown.sources == (Count(added(said, 1), True, PATH),)
    rate = measure("labour_rate").value(CATALOGUE, [KEY], {KEY: cell(said)}, PATH)
    assert {one.value for one in rate.sources} == {added(said, 1, 2), added(said, 0)}


def test_only_forms_that_ask_somebody_in_the_area_are_read() -> None:
    asked, period = Expectations(RELEASE), Period.parse("2024")
    keys = {unit: measure("officials_rate").keys(asked, TREE.units[unit], period) for unit in (PROVINCE, COMMUNE)}
    assert keys == {
        PROVINCE: [("xa", "2024", PROVINCE), ("huyen", "2024", PROVINCE)],
        COMMUNE: [("xa", "2024", COMMUNE)],
    }
    assert measure("budget").keys(asked, TREE.units[DISTRICT], Period.parse("202401")) == []


@pytest.mark.parametrize("id_", ["nothing", "labour.x", "labour.m.f", "", ".", "nothing.m"])
def test_what_no_form_carries_is_nothing_to_read(id_: str) -> None:
    assert find_measure(RELEASE, id_, "") is None


def test_a_series_that_does_not_carry_it_is_nothing_to_read() -> None:
    assert find_measure(RELEASE, "parents", "education") is None
    assert measure("parents", "administrative").forms == (COMMUNE_FORM,)


def test_what_is_whole_is_known_from_the_forms() -> None:
    assert [measure(id_).whole for id_ in ("parents", "labour", "budget", "informed_rate")] == [
        True,
        True,
        False,
        False,
    ]
