"""What a figure bears on: whatever a changed cell can make of any state is among the places that are judged anew."""

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from chitieu.domain.consequence import Consequences, Place
from chitieu.domain.inquiry import CellKey, Inquiry
from chitieu.domain.period import Period
from chitieu.domain.plan import Plan
from chitieu.domain.reminder import LATE_DAYS, When, due, outstanding
from chitieu.domain.rollup import Cell
from chitieu.domain.unit import Unit, UnitTree
from chitieu.domain.withheld import NOTHING
from services.aggregate.backlog import Backlog
from tests.unit.small_release import COMMUNE, DISTRICT, NATION, PLAN, PROVINCE, RELEASE, TREE, cell

# Its targets for the whole country, judged above the province, too.
WIDER = replace(PLAN, id="all", area="vn", targets={k: t for k, t in PLAN.targets.items() if t.scope != "area"})
RELEASE_OF_TWO = replace(RELEASE, plans={PLAN.id: PLAN, WIDER.id: WIDER})
INQUIRY = Inquiry(RELEASE_OF_TWO)
CONSEQUENCES = Consequences(INQUIRY)
PERIODS = [*map(Period.parse, ("2021", "2023", "2023S1", "2024", "2024S1", "2024S2", "2025S1", "2025", "2026"))]
CELLS: list[CellKey] = [
    (form, str(period), area)
    for form in ("xa", "huyen")
    for period in PERIODS[:-1]
    for area in (NATION, PROVINCE, DISTRICT, COMMUNE, "00001@2025-07-01")
]
FIGURES = st.sampled_from([cell(3, 100, 0, 0, 100, 90, 5, 5), cell(3, 100, 5, 0, 100, 10, 5, 2), cell(1, 100, 1, 0)])
TODAY = st.dates(date(2021, 6, 1), date(2027, 6, 1))


def states(cells: dict[CellKey, Cell], today: date) -> dict[tuple[Place, str], str]:
    """Every state there is, slowly."""
    found = {}
    for plan in (PLAN, WIDER):
        for unit in TREE.units:
            for period in PERIODS:
                place = Place(plan.id, unit, period)
                for question in CONSEQUENCES.questions(place, today):
                    found[place, question.target.id] = INQUIRY.judge(question, cells, today, NOTHING).state.value
    return found


@given(st.dictionaries(st.sampled_from(CELLS), FIGURES, max_size=12), st.sampled_from(CELLS), FIGURES, TODAY)
def test_no_state_changes_but_at_the_places_named(
    before: dict[CellKey, Cell], changed: CellKey, figures: Cell, today: date
) -> None:
    after = {**before, changed: figures}
    form, period, area = changed
    places = CONSEQUENCES.places(form, period, [area], today)
    was, now = states(before, today), states(after, today)
    assert {place for place, target in was if was[place, target] != now[place, target]} <= places


def test_a_period_that_has_not_begun_is_not_judged() -> None:
    # 2024 as the form counts it begins on 15/12/2023.
    place = Place(PLAN.id, COMMUNE, Period.parse("2024"))
    assert CONSEQUENCES.questions(place, date(2023, 12, 14)) == []
    assert CONSEQUENCES.questions(place, date(2023, 12, 15)) != []
    # Figures of 2023 are looked back on from 2024, once that has begun.
    assert place not in CONSEQUENCES.places("xa", "2023", [COMMUNE], date(2023, 12, 14))
    assert place in CONSEQUENCES.places("xa", "2023", [COMMUNE], date(2023, 12, 15))


def test_a_unit_is_judged_by_a_plan_whose_area_it_was_in_only_for_a_while() -> None:
    """Its district went to the plan's province and back; the commune itself stayed what it was."""
    district = [("30", "2021-01-01", "2021-12-31"), ("20", "2022-01-01", "2024-06-30"), ("30", "2024-07-01", None)]
    tree = UnitTree(
        [
            Unit("vn", date(1945, 9, 2), None, "nation", None, "Việt Nam"),
            *(Unit(code, date(2008, 8, 1), None, "province", "vn", code) for code in ("20", "30")),
            *(
                Unit("201", date.fromisoformat(first), date.fromisoformat(last) if last else None, "district", into, "")
                for into, first, last in district
            ),
            Unit("00001", date(2021, 1, 1), None, "commune", "201", ""),
        ]
    )
    consequences, today = Consequences(Inquiry(replace(RELEASE, tree=tree))), date(2025, 1, 1)
    place = Place(PLAN.id, "00001@2021-01-01", Period.parse("2023"))
    assert place in consequences.places("xa", "2023", [place.area], today)
    assert consequences.questions(place, today) != []


def test_what_a_release_does_not_know_has_no_consequences() -> None:
    today, elsewhere = date(2026, 1, 1), "30@2008-08-01"
    found = CONSEQUENCES.places("xa", "2024", [elsewhere], today)
    assert CONSEQUENCES.places("xa", "2024", ["u1", elsewhere], today) == found
    assert CONSEQUENCES.places("none", "2024", [COMMUNE], today) == set()
    assert {place.plan for place in found} == {"all"}
    assert CONSEQUENCES.questions(Place("gone", COMMUNE, PERIODS[0]), date(2026, 1, 1)) == []


def test_of_what_waits_larger_areas_come_first_then_what_waited_longest_and_nothing_twice() -> None:
    def at(area: str, year: int) -> Place:
        return Place(PLAN.id, area, Period.parse(str(year)))

    backlog = Backlog(CONSEQUENCES)
    backlog.add([at(COMMUNE, 2024), at(PROVINCE, 2024), at(DISTRICT, 2024), at(DISTRICT, 2021)])
    assert backlog.take(2) == [at(PROVINCE, 2024), at(DISTRICT, 2024)]
    backlog.add([at(DISTRICT, 2024), at(DISTRICT, 2021), at(NATION, 2021), at(COMMUNE, 2024)])
    assert backlog.take(1) == [at(NATION, 2021)]
    assert backlog.take(9) == [at(DISTRICT, 2021), at(DISTRICT, 2024), at(COMMUNE, 2024)]
    assert not backlog and backlog.take(9) == []


def test_what_has_changed_takes_turns_with_what_is_only_looked_at_again() -> None:
    changed, again = ([Place(PLAN.id, area, period) for period in PERIODS[:3]] for area in (COMMUNE, PROVINCE))
    backlog = Backlog(CONSEQUENCES)
    backlog.add(again, again=True)
    backlog.add(changed)
    assert [backlog.take(2) for _ in range(4)] == [changed[:2], again[:2], changed[2:], again[2:]]
    # Where nothing waits nobody waits for it.
    backlog.add(changed)
    assert [backlog.take(1) for _ in range(3)] == [[one] for one in changed]
    assert not backlog


def reminded(today: date, days: int = 7, plan: Plan = PLAN) -> list[tuple[str, str, When]]:
    inquiry = Inquiry(replace(RELEASE, plans={plan.id: plan}))
    return [(one.duty.id, str(one.period), one.when) for one in due(inquiry, today, days)]


def test_a_deadline_is_called_to_mind_from_some_days_before_it_and_from_its_day_on() -> None:
    """The year's report is due by 25/12; the half year's before 5/7, so on 4/7 at the latest; others have none."""
    assert reminded(date(2024, 12, 17)) == []
    for day in (18, 24):
        assert reminded(date(2024, 12, day)) == [("year", "2024", When.BEFORE)]
    for day in (25, 31):
        assert reminded(date(2024, 12, day)) == [("year", "2024", When.DUE)]
    assert reminded(date(2025, 1, 1)) == [("year", "2024", When.DUE)]
    assert reminded(date(2025, 1, 2)) == []
    assert reminded(date(2024, 7, 3)) == [("half", "2024S1", When.BEFORE)]
    assert reminded(date(2024, 7, 4)) == [("half", "2024S1", When.DUE)]
    assert reminded(date(2024, 12, 24), days=0) == []
    assert reminded(date(2024, 12, 25), days=0) == [("year", "2024", When.DUE)]


@given(st.dates(date(2021, 1, 1), date(2031, 12, 31)), st.integers(0, 60))
def test_every_deadline_has_each_of_its_reminders_on_days_in_a_row(today: date, days: int) -> None:
    """Held against the definition, day by day."""
    expected = []
    for duty, kind, anchor in (("year", "", (12, 25)), ("half", "S1", (7, 4))):
        for year in range(2021, 2031):
            left = (date(year, *anchor) - today).days
            if 0 < left <= days:
                expected.append((duty, f"{year}{kind}", When.BEFORE))
            elif -LATE_DAYS <= left <= 0:
                expected.append((duty, f"{year}{kind}", When.DUE))
    assert sorted(reminded(today, days)) == sorted(expected)


def test_outstanding_are_those_of_the_plan_s_area_who_have_no_report_that_stands() -> None:
    inquiry = Inquiry(RELEASE)
    [one] = due(inquiry, date(2024, 12, 25), 7)
    assert (one.area.id, one.last_day) == (PROVINCE, date(2024, 12, 25))
    assert outstanding(inquiry, one, {}, date(2024, 12, 25)) == (3, 3)
