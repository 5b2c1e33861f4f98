"""What counts as a correction of a final figure: since when, and of what.

A commune's year 2024 is due by 25/12/2024, inclusive: the last instant is 16:59:59.999 UTC.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.domain.attainment import Correction
from chitieu.domain.correction import Course, ReportKey, Revision, correction, final_until, later, settled
from chitieu.domain.disclosure import Private
from chitieu.domain.inquiry import CellKey, Inquiry, Question
from chitieu.domain.period import Period
from chitieu.domain.rollup import Cell
from tests.unit.small_release import COMMUNE, DISTRICT, NATION, PLAN, PROVINCE, RELEASE, cell

SECOND, THIRD = "00002@2021-01-01", "00003@2021-01-01"
Y2024 = Period.parse("2024")
BEFORE, AFTER = date(2024, 12, 25), date(2024, 12, 26)
EARLY = datetime(2024, 12, 20, tzinfo=UTC)
END = datetime(2024, 12, 25, 16, 59, 59, 999_000, tzinfo=UTC)
LATE = END + timedelta(milliseconds=1)

# children, labour.m, labour.f, parents, informed, officials_c, trained_c
SAID = (100, 0, 0, 50, 40, 3, 3)


def question(target: str, area: str = DISTRICT) -> Question:
    inquiry = Inquiry(RELEASE)
    unit = RELEASE.tree.units[area]
    return next(one for one in inquiry.questions(PLAN, unit, Y2024) if one.target.id == target)


def course(unit: str, *steps: tuple[datetime, bool]) -> Course:
    return Course(unit, (NATION, PROVINCE, DISTRICT, unit), steps)


def in_district(*courses: Course) -> Mapping[CellKey, Sequence[Course]]:
    return {("xa", "2024", DISTRICT): courses}


BOTH = (course(COMMUNE, (EARLY, True)), course(SECOND, (EARLY + timedelta(days=1), True)))


# Since when a figure is final


def test_a_figure_is_final_after_the_last_day_in_viet_nam_or_when_all_are_in() -> None:
    one = question("informed")
    for units, today, final in ((1, BEFORE, False), (1, AFTER, True), (2, BEFORE, True)):
        assert settled(one, {("xa", "2024", DISTRICT): cell(units, *SAID)}, today) is final
    assert not settled(one, {}, BEFORE)


def test_it_was_final_at_the_end_of_the_last_day_or_before_once_all_were_in() -> None:
    one = question("informed")
    assert final_until(one, in_district(), BEFORE) is None
    assert final_until(one, in_district(), AFTER) == END
    assert final_until(one, in_district(*BOTH), BEFORE) == EARLY + timedelta(days=1)
    assert final_until(one, in_district(*BOTH), AFTER) == EARLY + timedelta(days=1)


def test_what_was_taken_back_before_the_last_came_was_not_in() -> None:
    hour = timedelta(hours=1)
    back = course(COMMUNE, (EARLY, True), (EARLY + hour, False), (EARLY + 3 * hour, True))
    assert final_until(question("informed"), in_district(back, course(SECOND, (EARLY + 2 * hour, True))), AFTER) == (
        EARLY + 3 * hour
    )


def test_figures_of_two_forms_are_final_when_those_of_both_are() -> None:
    """The districts' form has no deadline; two of them are asked."""
    trained = question("trained", PROVINCE)
    communes = [*BOTH, course(THIRD, (EARLY, True))]
    courses = {("xa", "2024", PROVINCE): communes}
    assert final_until(trained, courses, AFTER) is None
    districts = [Course(unit, (NATION, PROVINCE, unit), [(LATE, True)]) for unit in (DISTRICT, "202@2021-01-01")]
    assert final_until(trained, {**courses, ("huyen", "2024", PROVINCE): districts}, AFTER) == LATE


@given(st.lists(st.lists(st.integers(0, 30), max_size=4), min_size=2, max_size=2), st.sampled_from([BEFORE, AFTER]))
def test_it_is_the_first_moment_at_which_nobody_is_awaited(times: list[list[int]], today: date) -> None:
    """Against looking at every moment there is: 20 hours from the first lie before the end of the last day."""
    start = END - timedelta(hours=20)
    moments = [start + timedelta(hours=hour) for hour in range(31)]
    # Each unit reports and takes back by turns.
    courses = [
        course(unit, *((moments[hour], at % 2 == 0) for at, hour in enumerate(sorted(set(hours)))))
        for unit, hours in zip((COMMUNE, SECOND), times, strict=True)
    ]

    def awaited(moment: datetime) -> bool:
        last = [[stands for at, stands in one.steps if at <= moment][-1:] for one in courses]
        return last != [[True], [True]]

    seen = [one for one in moments if not awaited(one) or (today == AFTER and one >= END)]
    assert final_until(question("informed"), in_district(*courses), today) == min(seen, default=None)


# What is a correction


def told(target: str, revisions: Mapping[str, Sequence[Revision]], until: datetime = END) -> Correction | None:
    courses = in_district(
        *(course(unit, *((one.known_at, bool(one.states)) for one in some)) for unit, some in revisions.items())
    )
    by_report: dict[ReportKey, Sequence[Revision]] = {("xa", "2024", unit): some for unit, some in revisions.items()}
    assert set(later(question(target), courses, until)) <= set(by_report)
    return correction(question(target), courses, by_report, until, RELEASE.tree.units)


def said(at: datetime, *values: int) -> Revision:
    return Revision(at, values, [1] * len(values))


def test_nothing_was_corrected_while_the_figure_was_provisional() -> None:
    assert told("informed", {COMMUNE: [said(EARLY, *SAID), said(END, *SAID[:4], 39, 3, 3)]}) is None


def test_a_later_revision_is_a_correction_of_the_targets_that_count_what_it_changed() -> None:
    revised = {COMMUNE: [said(EARLY, *SAID), said(LATE, *SAID[:4], 39, 3, 3)]}
    found = told("informed", revised)
    unit = RELEASE.tree.units[COMMUNE]
    assert found == Correction(1, LATE, unit, Private("", (NATION, PROVINCE, DISTRICT, COMMUNE)))
    assert told("labour-low", revised) is None


def test_the_last_of_several_is_named() -> None:
    hour = timedelta(hours=1)
    revised = {
        COMMUNE: [said(EARLY, *SAID), said(LATE, *SAID[:4], 39, 3, 3), said(LATE + 3 * hour, *SAID)],
        SECOND: [said(EARLY, *SAID), Revision(LATE + 5 * hour, (), (), "nhầm xã")],
    }
    found = told("informed", revised)
    assert found is not None and found.unit is not None
    assert (found.revisions, found.known_at, found.unit.id) == (3, LATE + 5 * hour, SECOND)
    assert found.reason.text == "nhầm xã"


def test_a_report_that_came_too_late_is_a_correction_of_what_it_fills_in() -> None:
    late = {COMMUNE: [Revision(LATE, (0, 0, 0, 50, 40), (0, 0, 0, 1, 1))]}
    found = told("informed", late)
    assert found is not None and found.revisions == 1
    assert told("labour-low", late) is None


@pytest.mark.parametrize("states", [(1, 1, 1, 1, 2), (1, 1, 1, 1, 0), (1, 1, 1, 1)])
def test_not_applicable_and_left_empty_are_other_things_than_a_figure(states: tuple[int, ...]) -> None:
    none = [said(EARLY, *SAID[:4], 0), Revision(LATE, SAID[: len(states)], states)]
    assert told("informed", {COMMUNE: none}) is not None


def test_what_is_said_again_after_something_else_changed_is_no_correction() -> None:
    more = [said(EARLY, *SAID), said(LATE, 120, *SAID[1:])]
    assert told("informed", {COMMUNE: more}) is None
    assert told("labour-low", {COMMUNE: more}) is not None


def test_a_report_of_more_units_than_are_asked_is_counted_too() -> None:
    cells = {("xa", "2024", DISTRICT): Cell(3)}
    assert settled(question("informed"), cells, BEFORE)
