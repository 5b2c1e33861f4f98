"""An indicator over time: what a period is read from, what is added, what the year before was."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.domain.catalogue import Catalogue, Direction, Element, Indicator, Kind
from chitieu.domain.disclosure import Caller, disclose
from chitieu.domain.form import Collection, Field, Form, Reporters
from chitieu.domain.inquiry import CellKey, Inquiry
from chitieu.domain.period import Anchor, Days, Period, PeriodKind, Window
from chitieu.domain.registry import Release
from chitieu.domain.rollup import Cell
from chitieu.domain.series import Told, composed_of, courses, tell
from chitieu.domain.withheld import NOTHING
from tests.unit.small_release import CATALOGUE, COMMUNE, PLAN, PROVINCE, RELEASE, TREE, cell, label

TODAY = date(2024, 12, 26)
EVER = date(2000, 1, 1)
NOBODY = Caller(frozenset())
ELEMENTS = {
    one.id: one
    for one in (
        Element("born", label("born"), "person", Kind.FLOW, sensitive=True),
        Element("living", label("living"), "person", Kind.STOCK),
    )
}
BORN = Indicator("born", label("born"), ("born",), (), 1, "count", Direction.HIGHER)
LIVING = Indicator("living", label("living"), ("living",), (), 1, "count", Direction.HIGHER)
BIRTH_RATE = Indicator("birth_rate", label("birth_rate"), ("born",), ("living",), 100, "percent", Direction.HIGHER)


def field(element: str) -> Field:
    return Field(element, element, (), 0, 10**12, ELEMENTS[element].sensitive)


def form(kinds: Mapping[PeriodKind, Window], id_: str = "f", series: str = "administrative") -> Form:
    """Everybody's births and living people, for some kinds of period."""
    rounds = tuple(Collection(Reporters("commune", ("20",)), k, w, EVER, None) for k, w in kinds.items())
    return Form(id_, 1, label(id_), series, (field("born"), field("living")), rounds)


def inquiry_of(*forms: Form) -> Inquiry:
    catalogue = Catalogue({}, ELEMENTS, {one.id: one for one in (BORN, LIVING, BIRTH_RATE)})
    return Inquiry(Release(7, catalogue, {one.id: one for one in forms}, {}, {}, TREE))


def told(
    inquiry: Inquiry,
    indicator: Indicator,
    cells: Mapping[CellKey, Cell],
    first: str,
    last: str,
    kind: PeriodKind | None = None,
    area: str = PROVINCE,
) -> dict[tuple[str, str], list[Told]]:
    """By source and kind of period."""
    unit = inquiry.release.tree.units[area]
    every = [one.series() for one in courses(inquiry, indicator, unit, Period.parse(first), Period.parse(last), kind)]
    return {
        (one.source, one.kind.value): tell(inquiry, indicator, one, cells, TODAY, NOTHING)
        for one in every
        if one.readings
    }


def values(points: Iterable[Told]) -> list[Fraction | None]:
    return [one.evidence.value.value for one in points]


def births(period: str, born: int | None, living: int | None) -> dict[CellKey, Cell]:
    return {("f", period, PROVINCE): cell(3, born, living)}


CALENDAR = Window("calendar")
HALVES = inquiry_of(form({PeriodKind.HALF_YEAR: CALENDAR}))
BOTH = inquiry_of(form({PeriodKind.HALF_YEAR: CALENDAR, PeriodKind.YEAR: CALENDAR}))
TWO_HALVES = births("2023S1", 30, 1000) | births("2023S2", 40, 1010)


# What a period is read from


def test_a_period_without_data_is_a_point_without_figures_and_a_reported_0_is_0() -> None:
    found = told(BOTH, BORN, births("2022", 7, 9) | births("2024", 0, 9), "2022", "2024", PeriodKind.YEAR)
    assert values(found["administrative", "year"]) == [7, None, 0]


def test_every_kind_of_period_that_is_collected_is_a_series_of_its_own() -> None:
    found = told(BOTH, BORN, TWO_HALVES | births("2023", 71, 1010), "2023", "2023")
    assert {key: values(points) for key, points in found.items()} == {
        ("administrative", "half_year"): [30, 40],
        ("administrative", "year"): [71],
    }


def test_a_year_that_is_reported_contains_its_half_years_and_replaces_them() -> None:
    """71 were reported for the year: not 30 + 40, nor 141. Before it is reported nothing stands for it."""
    found = told(BOTH, BORN, TWO_HALVES | births("2023", 71, 1010), "2023", "2023", PeriodKind.YEAR)
    assert values(found["administrative", "year"]) == [71]
    (missing,) = told(BOTH, BORN, TWO_HALVES, "2023", "2023", PeriodKind.YEAR)["administrative", "year"]
    assert (missing.evidence.value.value, missing.made_of) == (None, ())


def test_of_a_year_that_is_not_collected_flows_are_added_and_of_stocks_the_last_counts() -> None:
    """Born: 30 + 40. Living: 1010 at the end. The rate: 70 born for 1010 living."""
    for indicator, value in ((BORN, 70), (LIVING, 1010), (BIRTH_RATE, Fraction(7000, 1010))):
        (year,) = told(HALVES, indicator, TWO_HALVES, "2023", "2023", PeriodKind.YEAR)["administrative", "year"]
        assert year.evidence.value.value == value
        assert year.made_of == (("2023S2",) if indicator is LIVING else ("2023S1", "2023S2"))
        assert year.days == Days(date(2023, 1, 1), date(2023, 12, 31))


def test_an_earlier_stock_never_stands_for_the_last_and_a_gap_in_a_flow_shows_in_the_coverage() -> None:
    first_half = births("2023S1", 30, 1000)
    (living,) = told(HALVES, LIVING, first_half, "2023", "2023", PeriodKind.YEAR)["administrative", "year"]
    assert living.evidence.value.value is None
    (born,) = told(HALVES, BORN, first_half, "2023", "2023", PeriodKind.YEAR)["administrative", "year"]
    coverage = born.evidence.coverage
    assert born.evidence.value.value == 30
    assert (coverage.reported, coverage.expected) == (3, 6)


def test_a_cumulative_second_half_stands_for_the_year() -> None:
    """Its window is the whole year, as the form says: what the first half reported is in it."""
    window = Window("", ((Anchor(1, 1), Anchor(30, 6)), (Anchor(1, 1), Anchor(31, 12))))
    inquiry = inquiry_of(form({PeriodKind.HALF_YEAR: window}))
    (year,) = told(inquiry, BORN, TWO_HALVES, "2023", "2023", PeriodKind.YEAR)["administrative", "year"]
    assert year.evidence.value.value == 40
    assert year.made_of == ("2023S2",)


def test_a_kind_that_nothing_collected_makes_up_has_no_series() -> None:
    assert told(HALVES, BORN, TWO_HALVES, "2023", "2023", PeriodKind.QUARTER) == {}
    assert told(BOTH, BORN, {}, "2023", "2023", area="30@2008-08-01") == {}


def test_sources_are_never_mixed() -> None:
    survey = form({PeriodKind.YEAR: CALENDAR}, "survey", "survey")
    inquiry = inquiry_of(form({PeriodKind.YEAR: CALENDAR}), survey)
    cells = births("2023", 70, 1000) | {("survey", "2023", PROVINCE): cell(3, 90, 1000)}
    found = told(inquiry, BORN, cells, "2023", "2023")
    assert {key: values(points) for key, points in found.items()} == {
        ("administrative", "year"): [70],
        ("survey", "year"): [90],
    }


def test_a_phase_is_looked_at_if_it_is_named() -> None:
    inquiry = inquiry_of(form({PeriodKind.PHASE: CALENDAR}))
    cells = births("2021-2022", 5, 9) | births("2023-2024", 6, 9)
    found = told(inquiry, BORN, cells, "2021-2022", "2023-2024")["administrative", "phase"]
    assert values(found) == [5, 6]
    assert [one.before for one in found] == [None, None]


def test_units_are_those_of_each_periods_own_tree_and_an_ended_area_has_no_figures_after() -> None:
    """Three communes until the reform of 1/7/2025, two after it; the district ended with it."""
    found = told(BOTH, BORN, {}, "2024", "2026", PeriodKind.YEAR)["administrative", "year"]
    assert [one.evidence.coverage.expected for one in found] == [3, 2, 2]
    ended = told(BOTH, BORN, {}, "2024", "2026", PeriodKind.YEAR, "201@2021-01-01")["administrative", "year"]
    assert [one.evidence.coverage.expected for one in ended] == [2, 0, 0]


def test_a_figure_is_provisional_until_the_deadline_of_a_plan_that_binds_the_whole_area() -> None:
    """The plan's duty is due on 25/12, it is 26/12/2024; above the plan's area nobody named a day for all."""
    inquiry, informed = Inquiry(RELEASE), RELEASE.catalogue.indicators["informed_rate"]
    for area, final in ((COMMUNE, True), (PROVINCE, True), ("vn@1945-09-02", False)):
        (year,) = told(inquiry, informed, {}, "2024", "2024", PeriodKind.YEAR, area)["administrative", "year"]
        assert year.evidence.final is final
    assert PLAN.area == "20"


# The year before


def test_the_change_is_exact_and_in_the_unit_of_the_figure() -> None:
    """31.8 % after 30 %: 1.8 points. Without a figure in either year there is no change."""
    inquiry, informed = Inquiry(RELEASE), CATALOGUE.indicators["informed_rate"]
    cells: dict[CellKey, Cell] = {
        ("xa", "2022", PROVINCE): cell(3, 0, 0, 0, 1000, 300),
        ("xa", "2023", PROVINCE): cell(3, 0, 0, 0, 1000, 318),
    }
    points = told(inquiry, informed, cells, "2022", "2024", PeriodKind.YEAR)["administrative", "year"]
    befores = [one.before for one in points]
    assert [one and (str(one.period), one.change.value) for one in befores] == [
        ("2021", None),
        ("2022", Fraction(18, 10)),
        ("2023", None),
    ]


def test_half_years_are_compared_with_the_same_half() -> None:
    cells = births("2023S1", 30, 9) | births("2023S2", 40, 9) | births("2024S1", 29, 9)
    points = told(HALVES, BORN, cells, "2024S1", "2024S2")["administrative", "half_year"]
    assert [str(one.before.period) for one in points if one.before] == ["2023S1", "2023S2"]
    assert [one.before.change.value for one in points if one.before] == [-1, None]


# Disclosure


def test_a_sum_over_periods_does_not_give_a_small_part_away() -> None:
    """13 less the 10 shown for the second half would be the 3 of the first."""
    cells = births("2023S1", 3, 9) | births("2023S2", 10, 9)
    (year,) = told(HALVES, BORN, cells, "2023", "2023", PeriodKind.YEAR)["administrative", "year"]
    assert year.evidence.value.value == 13
    hidden = disclose(year.evidence, NOBODY)
    assert (hidden.value.suppressed, hidden.numerator.suppressed, hidden.value.value) == (True, True, None)
    assert disclose(year.evidence, Caller(frozenset({PROVINCE}))).value.value == 13


def test_a_change_is_not_shown_if_one_of_its_years_is_not() -> None:
    cells = births("2022", 3, 9) | births("2023", 10, 9)
    (year,) = told(BOTH, BORN, cells, "2023", "2023", PeriodKind.YEAR)["administrative", "year"]
    assert year.before is not None and year.before.change.value == 7
    hidden = disclose(year, NOBODY).before
    assert hidden is not None and (hidden.change.value, hidden.change.suppressed) == (None, True)


# Against what happened day by day

KINDS = (PeriodKind.MONTH, PeriodKind.QUARTER, PeriodKind.HALF_YEAR, PeriodKind.NINE_MONTHS, PeriodKind.YEAR)
DECREE = Window("decree-09-2019")


def born_on(day: date) -> int:
    return day.toordinal() * 7919 % 5


def living_on(day: date) -> int:
    return 1000 + day.toordinal() * 104729 % 97


def born_in(days: Days) -> int:
    length = (days.last - days.first).days + 1
    return sum(born_on(days.first + timedelta(days=n)) for n in range(length))


def reported(kinds: Iterable[PeriodKind], window: Window) -> dict[CellKey, Cell]:
    """What every period of two years says of the days it is about."""
    cells: dict[CellKey, Cell] = {}
    for kind in kinds:
        for text in _LABELS[kind]:
            days = window.days(Period.parse(text))
            cells |= births(text, born_in(days), living_on(days.last))
    return cells


_LABELS = {
    PeriodKind.MONTH: [f"{year}{month:02}" for year in (2022, 2023) for month in range(1, 13)],
    PeriodKind.QUARTER: [f"{year}Q{n}" for year in (2022, 2023) for n in range(1, 5)],
    PeriodKind.HALF_YEAR: [f"{year}S{n}" for year in (2022, 2023) for n in (1, 2)],
    PeriodKind.NINE_MONTHS: ["2022M9", "2023M9"],
    PeriodKind.YEAR: ["2022", "2023"],
}


@given(st.sets(st.sampled_from(KINDS), min_size=1), st.sampled_from(KINDS), st.sampled_from([CALENDAR, DECREE]))
def test_whatever_is_collected_a_period_tells_what_happened_in_its_days(
    collected: set[PeriodKind], kind: PeriodKind, window: Window
) -> None:
    """Flows are all that happened from its first to its last day, stocks the state on the last; or it is not told."""
    inquiry, cells = inquiry_of(form(dict.fromkeys(sorted(collected), window))), reported(collected, window)
    happened: list[tuple[Indicator, Callable[[Days], int]]] = [
        (BORN, born_in),
        (LIVING, lambda days: living_on(days.last)),
    ]
    for indicator, truth in happened:
        points = told(inquiry, indicator, cells, "2023", "2023", kind).get(("administrative", kind.value), [])
        for one in points:
            days = window.days(one.period)
            assert one.days == days
            assert one.evidence.value.value == truth(days)
            before = one.before
            assert before is not None
            assert before.change.value == truth(days) - truth(window.days(before.period))
        finer = {PeriodKind.MONTH, kind} | ({PeriodKind.QUARTER} if kind is not PeriodKind.MONTH else set())
        assert bool(points) or not collected & finer


@given(
    st.dictionaries(
        st.sampled_from(["2023S1", "2023S2", "2023M9", "2023Q1", "2023Q2", "2023Q3", "2023Q4"]).map(Period.parse),
        st.tuples(st.integers(1, 6), st.integers(0, 5)),
        max_size=7,
    )
)
def test_a_composition_is_the_smallest_of_all_that_leave_no_day_out_and_count_none_twice(
    drawn: Mapping[Period, tuple[int, int]],
) -> None:
    """Windows of some days each, of any kind: every set of them is tried."""
    windows = {one: Days(date(2023, 1, first), date(2023, 1, first + length)) for one, (first, length) in drawn.items()}
    year = Period.parse("2023")
    found = composed_of(windows, year)
    counted: dict[int, list[set[Period]]] = {}
    everyday = sorted({day for days in windows.values() for day in _each(days)})
    run = [min(everyday) + timedelta(days=n) for n in range((max(everyday) - min(everyday)).days + 1)] if drawn else []
    for size in range(1, len(windows) + 1):
        for some in combinations(windows, size):
            if sorted(day for one in some for day in _each(windows[one])) == run:
                counted.setdefault(size, []).append(set(some))
    quarters = [
        {f"2023Q{n}"} | ({"2023S1"} if n < 3 else {"2023S2"}) | ({"2023M9"} if n < 4 else set()) for n in range(1, 5)
    ]
    whole = all(names & {str(one) for one in windows} for names in quarters)
    best = counted[min(counted)] if counted and whole else [set()]
    assert set(found) in best


def _each(days: Days) -> list[date]:
    return [days.first + timedelta(days=n) for n in range((days.last - days.first).days + 1)]


@pytest.mark.parametrize(("text", "before"), [("2024S1", "2023S1"), ("202401", "202301"), ("2024SY", "2023SY")])
def test_the_same_period_of_the_year_before(text: str, before: str) -> None:
    assert Period.parse(text).year_before == Period.parse(before)
