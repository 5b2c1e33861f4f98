"""Luỹ kế: what an indicator has come to since the year began, against sums made by hand."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from chitieu.domain.catalogue import Direction, Element, Indicator, Kind, Label
from chitieu.domain.evidence import Evidence, Part, weigh
from chitieu.domain.form import Field, Form
from chitieu.domain.period import Period
from chitieu.domain.rollup import Cell
from chitieu.domain.year_to_date import before_in_year, year_to_date

_LABEL = Label("…", "…")
# Events happen, places are there.
EVENTS, PLACES = "events", "places"
ELEMENTS = {
    EVENTS: Element(EVENTS, _LABEL, "event", Kind.FLOW, sensitive=True),
    PLACES: Element(PLACES, _LABEL, "place", Kind.STOCK),
}
FORM = Form("f", 1, _LABEL, "administrative", tuple(Field(id_, id_, (), 0, 10**6, False) for id_ in ELEMENTS), ())
NUMBER = Indicator("number", _LABEL, (EVENTS,), (), 1, "count", Direction.HIGHER)
STANDING = Indicator("standing", _LABEL, (PLACES,), (), 1, "count", Direction.HIGHER)
DENSITY = Indicator("density", _LABEL, (EVENTS,), (PLACES,), 100, "percent", Direction.HIGHER)

Told = tuple[int, int] | None


def evidence(indicator: Indicator, told: Told) -> Evidence:
    said = None if told is None else Cell(1, list(told), [1, 1], [0, 0])
    return weigh(indicator, ELEMENTS, [Part(FORM, said, 1)], ("vn",), Fraction(80), date(2024, 1, 1))


def to_date(indicator: Indicator, told: Sequence[Told]) -> Fraction | None:
    return year_to_date(indicator, ELEMENTS, [evidence(indicator, one) for one in told]).value


def test_what_happens_adds_up_and_what_is_there_does_not() -> None:
    quarters = [(3, 10), (4, 12), (0, 20)]
    assert to_date(NUMBER, quarters) == 7
    assert to_date(STANDING, quarters) == 20
    assert to_date(DENSITY, quarters) == 35


def test_a_year_with_a_gap_has_no_sum() -> None:
    assert to_date(NUMBER, [(3, 10), None, (4, 12)]) is None


def test_per_nothing_there_is_no_rate() -> None:
    assert to_date(DENSITY, [(3, 10), (4, 0)]) is None


@given(st.lists(st.none() | st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=12))
def test_it_is_the_sums_first_and_then_the_ratio(told: list[Told]) -> None:
    whole = [one for one in told if one is not None]
    expected = None
    if len(whole) == len(told) and whole[-1][1]:
        expected = Fraction(100 * sum(events for events, _ in whole), whole[-1][1])
    assert to_date(DENSITY, told) == expected


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50)), min_size=1, max_size=4))
def test_it_names_every_count_that_it_was_made_of(told: list[Told]) -> None:
    counts = year_to_date(DENSITY, ELEMENTS, [evidence(DENSITY, one) for one in told]).sources
    whole = [one for one in told if one is not None]
    assert [one.value for one in counts if one.sensitive] == [events for events, _ in whole]
    assert [one.value for one in counts if not one.sensitive] == [whole[-1][1]]


def test_periods_of_the_same_kind_and_year_come_before() -> None:
    assert [str(one) for one in before_in_year(Period.parse("2024Q3"))] == ["2024Q1", "2024Q2"]
    assert [str(one) for one in before_in_year(Period.parse("202401"))] == []
    assert before_in_year(Period.parse("2013-2015")) == before_in_year(Period.parse("2024")) == []
