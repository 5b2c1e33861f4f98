"""Which cells are read to judge whom, at which periods, by whose reports."""

from collections.abc import Sequence
from datetime import date

from chitieu.domain.agenda import Sitting
from chitieu.domain.attainment import State
from chitieu.domain.inquiry import CellKey, Inquiry, Question
from chitieu.domain.period import Period
from chitieu.domain.rollup import Cell
from chitieu.domain.withheld import NOTHING
from tests.unit.small_release import COMMUNE, DISTRICT, PLAN, PROVINCE, RELEASE, cell

TODAY = date(2024, 3, 1)


def question_of(id_: str, area: str, label_: str) -> Question:
    inquiry, period = Inquiry(RELEASE), Period.parse(label_)
    unit = inquiry.locate(PLAN, area, period)
    assert unit is not None
    return next(q for q in inquiry.questions(PLAN, unit, period) if q.target.id == id_)


def sitting_of(id_: str, area: str, label_: str) -> Sitting:
    sitting = question_of(id_, area, label_).now
    assert sitting is not None
    return sitting


def state(id_: str, area: str, label_: str, cells: dict[CellKey, Cell], today: date = TODAY) -> State:
    return Inquiry(RELEASE).judge(question_of(id_, area, label_), cells, today, NOTHING).state


def asked_in(area: str, label_: str) -> Sequence[str]:
    inquiry, period = Inquiry(RELEASE), Period.parse(label_)
    unit = inquiry.locate(PLAN, area, period)
    assert unit is not None
    return [q.target.id for q in inquiry.questions(PLAN, unit, period)]


def test_reporters_are_those_of_the_tree_on_the_windows_last_day() -> None:
    """The year 2025 ends on 14/12/2025, after the reform: two communes; the first half-year on 14/6: three."""
    expected = {p: sitting_of("informed", PROVINCE, p).slots[0].expected for p in ("2024", "2025S1", "2025")}
    assert expected == {"2024": 3, "2025S1": 3, "2025": 2}


def test_a_code_means_the_unit_in_force_when_the_period_ends() -> None:
    inquiry = Inquiry(RELEASE)
    found = [inquiry.locate(PLAN, "00001", Period.parse(p)) for p in ("2024", "2025S1", "2025S2")]
    assert [unit and unit.id for unit in found] == [COMMUNE, COMMUNE, "00001@2025-07-01"]


def test_an_area_that_ended_before_the_period_is_ended() -> None:
    assert state("informed", DISTRICT, "2024", {}) is State.NO_DATA
    assert state("informed", DISTRICT, "2025", {}) is State.ENDED
    assert state("informed", "201", "2026", {}) is State.ENDED


def test_a_target_for_the_plans_own_area_is_not_judged_below_it() -> None:
    assert "trained" in asked_in(PROVINCE, "2023")
    assert "trained" not in asked_in("201", "2023")


def test_a_target_is_judged_at_its_own_kinds_of_period() -> None:
    assert asked_in(PROVINCE, "2023S1") == ["labour-low", "labour-none", "informed"]
    assert asked_in(PROVINCE, "2023Q1") == []


def test_maintain_looks_at_every_earlier_period_of_every_kind() -> None:
    """Half-years end on 14/6 and 14/12; the second half-year and the year end together, the year containing it."""
    assert [str(s.period) for s in question_of("labour-none", PROVINCE, "2022").earlier] == [
        "2021S1",
        "2021S2",
        "2021",
        "2022S1",
        "2022S2",
    ]
    assert [str(s.period) for s in question_of("labour-none", PROVINCE, "2021S2").earlier] == ["2021S1"]
    broken: dict[CellKey, Cell] = {
        ("xa", "2021S1", PROVINCE): cell(3, 100, 1, 0),
        ("xa", "2022", PROVINCE): cell(3, 100, 0, 0),
    }
    assert state("labour-none", PROVINCE, "2022", broken) is State.MISSED


def test_decrease_compares_periods_of_the_same_kind() -> None:
    assert [str(s.period) for s in question_of("labour-less", PROVINCE, "2023").earlier] == ["2021", "2022"]


def test_a_figure_is_final_by_the_deadline_of_the_plans_own_duty() -> None:
    assert sitting_of("informed", PROVINCE, "2023").slots[0].deadline == date(2023, 12, 25)
    assert sitting_of("trained", PROVINCE, "2023").slots[1].deadline is None


def test_the_areas_below_are_those_that_are_asked() -> None:
    inquiry, period = Inquiry(RELEASE), Period.parse("2024")
    province = RELEASE.tree.units[PROVINCE]
    assert [group[0].unit.code for group in inquiry.children(PLAN, province, period)] == ["201", "202"]
    assert [group[0].unit.code for group in inquiry.children(PLAN, province, Period.parse("2025"))] == [
        "00001",
        "00003",
    ]


def test_an_element_of_several_forms_is_summed_over_all_of_them() -> None:
    """Two district officials of 2 and three commune officials of 8: 5 of 10."""
    inquiry = Inquiry(RELEASE)
    question = question_of("trained", PROVINCE, "2023")
    cells = {
        ("huyen", "2023", PROVINCE): cell(2, 2, 2, 0),
        ("xa", "2023", PROVINCE): cell(3, 0, 0, 0, 0, 0, 8, 3),
    }
    found = inquiry.judge(question, cells, TODAY, NOTHING)
    assert found.evidence is not None
    assert found.evidence.value.value == 50
    assert found.evidence.coverage.reported == found.evidence.coverage.expected == 5
