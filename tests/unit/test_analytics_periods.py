"""Relative periods against a calendar that is walked day by day, and against what dhis2-core's own names mean."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.domain.errors import NotFound
from chitieu.domain.period import Period
from services.api.analytics_periods import read_periods

DAYS = st.dates(date(1920, 1, 1), date(2199, 12, 31))
MONTHS_EACH = {"MONTH": 1, "QUARTER": 3, "SIX_MONTH": 6, "YEAR": 12}
LASTS = {
    "LAST_3_MONTHS": ("MONTH", 3),
    "LAST_6_MONTHS": ("MONTH", 6),
    "LAST_12_MONTHS": ("MONTH", 12),
    "LAST_4_QUARTERS": ("QUARTER", 4),
    "LAST_2_SIXMONTHS": ("SIX_MONTH", 2),
    "LAST_5_YEARS": ("YEAR", 5),
    "LAST_10_YEARS": ("YEAR", 10),
}


def read(item: str, day: date) -> list[str]:
    return [str(one) for one in read_periods([item], day)]


def label(kind: str, day: date) -> str:
    """Of what a day lies in."""
    index = (day.month - 1) // MONTHS_EACH[kind] + 1
    return {
        "MONTH": f"{day.year}{day.month:02}",
        "QUARTER": f"{day.year}Q{index}",
        "SIX_MONTH": f"{day.year}S{index}",
        "YEAR": f"{day.year}",
    }[kind]


def before(kind: str, day: date, count: int) -> Sequence[str]:
    """The last so many that ended before what the day lies in, oldest first, found by going back day by day."""
    found = [label(kind, day)]
    while len(found) <= count:
        day -= timedelta(days=1)
        if (known := label(kind, day)) != found[0]:
            found.insert(0, known)
    return found[:-1]


@given(DAYS, st.sampled_from(sorted(MONTHS_EACH)))
def test_this_is_what_the_day_lies_in_and_last_what_ended_before_it(day: date, kind: str) -> None:
    assert read(f"THIS_{kind}", day) == [label(kind, day)]
    assert read(f"LAST_{kind}", day) == before(kind, day, 1)


@given(DAYS, st.sampled_from(sorted(LASTS)))
def test_the_last_so_many_do_not_hold_the_day_and_come_oldest_first(day: date, name: str) -> None:
    kind, count = LASTS[name]
    assert read(name, day) == before(kind, day, count)


@given(DAYS)
def test_those_of_a_year_are_all_of_it_whatever_is_still_to_come(day: date) -> None:
    for name, year in (("THIS", day.year), ("LAST", day.year - 1)):
        assert read(f"MONTHS_{name}_YEAR", day) == [f"{year}{month:02}" for month in range(1, 13)]
        assert read(f"QUARTERS_{name}_YEAR", day) == [f"{year}Q{quarter}" for quarter in range(1, 5)]


def test_a_period_that_is_named_twice_stands_once_where_it_was_named_first() -> None:
    periods = read_periods(["2024", "LAST_5_YEARS", "THIS_YEAR", "2025"], date(2025, 3, 15))
    assert [str(one) for one in periods] == ["2024", "2020", "2021", "2022", "2023", "2025"]
    assert periods[0] == Period.parse("2024")


@pytest.mark.parametrize(
    "item",
    ["LAST_7_DAYS", "THIS_WEEK", "LAST_6_BIMONTHS", "THIS_FINANCIAL_YEAR", "LAST_2_YEARS", "last_year", "x", "_"],
)
def test_what_no_form_collects_is_refused_with_the_nearest(item: str) -> None:
    with pytest.raises(NotFound) as refused:
        read_periods([item], date(2025, 3, 15))
    assert [problem.code for problem in refused.value.problems] == ["unknown_item"]


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1905, 1, 1), date(9999, 12, 31)])
def test_years_that_no_period_has_are_refused(day: date) -> None:
    with pytest.raises(NotFound):
        read_periods(["LAST_10_YEARS"], day)
