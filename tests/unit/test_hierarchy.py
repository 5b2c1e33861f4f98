"""Where old communes count by today's tree, and new ones by an old one, worked out by hand."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

from chitieu.domain.evidence import Evidence
from chitieu.domain.hierarchy import Hierarchy, Placement, Undivided
from chitieu.domain.inquiry import CellKey, Inquiry
from chitieu.domain.obligation import Obligation, ObligationState, Punctuality, by_area
from chitieu.domain.period import Period
from chitieu.domain.rollup import Cell
from chitieu.domain.unit import Succession, Unit, UnitTree
from chitieu.domain.withheld import NOTHING
from tests.unit.small_release import COMMUNE, DISTRICT, DUTIES, LAST, NATION, NEW, OLD, PLAN, PROVINCE, RELEASE, TREE
from tests.unit.small_release import cell as totals

BEFORE, AFTER = date(2024, 12, 31), date(2025, 12, 31)
SECOND, THIRD = "00002@2021-01-01", "00003@2021-01-01"
MERGED, OTHER = "00001@2025-07-01", "00003@2025-07-01"
Y2024, Y2025 = Period.parse("2024"), Period.parse("2025")


def ids(units: tuple[Unit, ...]) -> tuple[str, ...]:
    return tuple(unit.id for unit in units)


def path(tree: UnitTree, unit: str, day: date) -> tuple[str, ...]:
    return ids(Hierarchy(tree, day).path(tree.units[unit]))


def placed(tree: UnitTree, unit: str, day: date) -> Placement:
    return Hierarchy(tree, day).placement(tree.units[unit])


def test_a_commune_that_was_merged_counts_below_what_it_was_merged_into() -> None:
    assert path(TREE, COMMUNE, AFTER) == (NATION, PROVINCE, MERGED, COMMUNE)
    assert path(TREE, SECOND, AFTER) == (NATION, PROVINCE, MERGED, SECOND)
    assert placed(TREE, SECOND, AFTER).undivided is None


def test_a_commune_whose_successor_nobody_knows_counts_in_what_held_its_district() -> None:
    assert path(TREE, THIRD, AFTER) == (NATION, PROVINCE, THIRD)
    assert placed(TREE, THIRD, AFTER).undivided == Undivided("unknown", ())
    assert path(TREE, DISTRICT, AFTER) == (NATION, PROVINCE, DISTRICT)


def test_a_new_commune_counts_by_the_old_tree_where_all_of_it_lies() -> None:
    assert path(TREE, MERGED, BEFORE) == (NATION, PROVINCE, DISTRICT, MERGED)
    assert placed(TREE, MERGED, BEFORE).undivided == Undivided("formed", (TREE.units[COMMUNE], TREE.units[SECOND]))
    assert path(TREE, OTHER, BEFORE) == (NATION, PROVINCE, OTHER)


def country(*steps: Succession) -> UnitTree:
    """Province 02 is followed by 08 in 2025, 30 goes on; of the communes a lies in 02, b in the new 08, c in 30."""
    return UnitTree(
        [
            Unit("vn", OLD, None, "nation", None, "vn"),
            Unit("02", OLD, LAST, "province", "vn", "02"),
            Unit("08", NEW, None, "province", "vn", "08"),
            Unit("30", OLD, None, "province", "vn", "30"),
            Unit("a", OLD, LAST, "commune", "02", "a"),
            Unit("b", NEW, None, "commune", "08", "b"),
            Unit("b2", NEW, None, "commune", "08", "b2"),
            Unit("c", NEW, None, "commune", "30", "c"),
        ],
        steps,
    )


NEW_PROVINCE = Succession(f"02@{OLD}", f"08@{NEW}", "merged")


def step(successor: str | None, kind: str) -> Succession:
    return Succession(f"a@{OLD}", successor and f"{successor}@{NEW}", kind)


def test_a_split_is_not_divided_and_counts_in_what_all_its_parts_share() -> None:
    inside = country(NEW_PROVINCE, step("b", "split"), step("b2", "split"))
    assert path(inside, f"a@{OLD}", AFTER) == (f"vn@{OLD}", f"08@{NEW}", f"a@{OLD}")
    assert placed(inside, f"a@{OLD}", AFTER).undivided == Undivided(
        "split", (inside.units[f"b@{NEW}"], inside.units[f"b2@{NEW}"])
    )
    across = country(NEW_PROVINCE, step("b", "split"), step("c", "split"))
    assert path(across, f"a@{OLD}", AFTER) == (f"vn@{OLD}", f"a@{OLD}")


def test_what_was_abolished_counts_in_the_successor_of_its_province_if_that_is_known() -> None:
    assert path(country(NEW_PROVINCE, step(None, "abolished")), f"a@{OLD}", AFTER)[:-1] == (f"vn@{OLD}", f"08@{NEW}")
    assert path(country(step(None, "abolished")), f"a@{OLD}", AFTER)[:-1] == (f"vn@{OLD}",)


def test_a_split_of_which_one_part_is_not_known_counts_in_what_surely_holds_both() -> None:
    """The part that nobody knows lies in what followed the province, for all that is known."""
    inside = country(NEW_PROVINCE, step("b", "split"), step(None, "split"))
    assert path(inside, f"a@{OLD}", AFTER) == (f"vn@{OLD}", f"08@{NEW}", f"a@{OLD}")
    across = country(NEW_PROVINCE, step("c", "split"), step(None, "split"))
    assert path(across, f"a@{OLD}", AFTER) == (f"vn@{OLD}", f"a@{OLD}")
    assert placed(across, f"a@{OLD}", AFTER).undivided == Undivided("split", (across.units[f"c@{NEW}"],))


def test_an_area_that_might_hold_part_of_a_split_is_told_so() -> None:
    tree = country(NEW_PROVINCE, step("b", "split"), step("c", "split"))
    hierarchy, unit = Hierarchy(tree, AFTER), tree.units[f"a@{OLD}"]
    told = {area for area in tree.units if area in hierarchy.touched(unit)}
    assert told == {f"vn@{OLD}", f"08@{NEW}", f"b@{NEW}", f"30@{OLD}", f"c@{NEW}", f"a@{OLD}"}


def test_a_succession_that_leads_back_is_taken_for_unknown() -> None:
    units = [Unit("vn", OLD, None, "nation", None, "vn"), *(Unit(c, OLD, LAST, "commune", "vn", c) for c in "xy")]
    tree = UnitTree(units, [Succession(f"x@{OLD}", f"y@{OLD}", "merged"), Succession(f"y@{OLD}", f"x@{OLD}", "merged")])
    assert path(tree, f"x@{OLD}", AFTER) == (f"vn@{OLD}", f"x@{OLD}")


def test_before_there_was_a_nation_nothing_is_placed() -> None:
    assert path(TREE, COMMUNE, date(1900, 1, 1)) == (COMMUNE,)


def test_a_report_of_a_unit_that_the_tree_has_lost_counts_where_it_was_placed() -> None:
    assert Hierarchy(TREE, AFTER).ids((NATION, PROVINCE, "gone@2021-01-01")) == (NATION, PROVINCE, "gone@2021-01-01")


# Inquiries


def inquiry(day: date) -> Inquiry:
    return Inquiry(RELEASE, Hierarchy(TREE, day))


def informed(one: Inquiry, area: str, period: Period, cells: dict[CellKey, Cell]) -> Evidence:
    question = next(
        q for q in one.questions(PLAN, RELEASE.tree.units[area], period) if q.target.id == "informed" and q.now
    )
    evidence = one.judge(question, cells, date(2026, 3, 1), NOTHING).evidence
    assert evidence is not None
    return evidence


def test_a_new_commune_is_judged_by_the_reports_of_those_that_went_into_it() -> None:
    evidence = informed(inquiry(AFTER), MERGED, Y2024, {("xa", "2024", MERGED): totals(2, 0, 0, 0, 10, 9)})
    assert (evidence.value.value, evidence.coverage.expected) == (Fraction(90), 2)
    assert evidence.coverage.reported == 2


def test_the_areas_below_are_those_of_the_other_tree() -> None:
    province = TREE.units[PROVINCE]
    below = [group[0].unit.id for group in inquiry(AFTER).children(PLAN, province, Y2024)]
    assert below == [MERGED]  # nobody who reported in 2024 counts in the other new commune
    assert [g[0].unit.id for g in inquiry(BEFORE).children(PLAN, province, Y2025)] == [DISTRICT]


def test_a_code_means_the_unit_of_the_other_tree_and_what_was_not_there_is_not_found() -> None:
    found = [inquiry(day).locate(PLAN, "00001", Y2024) for day in (BEFORE, AFTER)]
    assert [unit and unit.id for unit in found] == [COMMUNE, MERGED]
    assert inquiry(AFTER).locate(PLAN, "201", Y2024) is None
    assert inquiry(AFTER).locate(PLAN, COMMUNE, Y2024) is None


def test_units_that_cannot_be_placed_below_an_area_are_named() -> None:
    def named(area: str) -> list[str]:
        forms = RELEASE.forms.values()
        return [unit.id for unit, _ in inquiry(AFTER).undivided(forms, [Y2024], {area})]

    assert named(PROVINCE) == [THIRD, DISTRICT, "202@2021-01-01"]
    assert named(MERGED) == []
    assert Inquiry(RELEASE).undivided(RELEASE.forms.values(), [Y2024], {PROVINCE}) == []


def test_an_old_tree_shows_nobody_what_was_reported_elsewhere_since() -> None:
    """By the tree of 2021 commune a is one of province 30; what it reported in 2024, it reported in province 20."""
    units = [
        Unit("vn", OLD, None, "nation", None, "vn"),
        *(Unit(code, OLD, None, "province", "vn", code) for code in ("20", "30")),
        Unit("a", OLD, date(2022, 12, 31), "commune", "30", "a"),
        Unit("a", date(2023, 1, 1), None, "commune", "20", "a"),
    ]
    tree = UnitTree(units, [Succession(f"a@{OLD}", "a@2023-01-01", "same")])
    release = RELEASE.__class__(1, RELEASE.catalogue, RELEASE.forms, RELEASE.form_versions, {}, tree)

    def seen_from(period: str, day: date) -> set[str]:
        one = Inquiry(release, Hierarchy(tree, day))
        questions = one.questions(replace(PLAN, area="vn"), tree.units[f"a@{OLD}"], Period.parse(period))
        return {id_ for question in questions for id_ in question.path}

    assert seen_from("2022", date(2021, 6, 1)) == {f"vn@{OLD}", f"30@{OLD}", f"a@{OLD}"}
    assert seen_from("2024", date(2021, 6, 1)) == {f"vn@{OLD}", f"20@{OLD}", "a@2023-01-01"}


def test_what_counts_together_by_an_old_tree_is_seen_from_where_all_of_it_was_reported() -> None:
    """Province 20 was divided in 2023 into itself and 30; by the tree of 2021 both reports of 2024 count in it."""
    later = date(2023, 1, 1)
    units = [
        Unit("vn", OLD, None, "nation", None, "vn"),
        Unit("20", OLD, None, "province", "vn", "20"),
        Unit("30", later, None, "province", "vn", "30"),
        *(Unit(code, OLD, date(2022, 12, 31), "commune", "20", code) for code in "ab"),
        Unit("a", later, None, "commune", "20", "a"),
        Unit("b", later, None, "commune", "30", "b"),
    ]
    tree = UnitTree(units, [Succession(f"{code}@{OLD}", f"{code}@{later}", "same") for code in "ab"])
    release = RELEASE.__class__(1, RELEASE.catalogue, RELEASE.forms, RELEASE.form_versions, {}, tree)
    one = Inquiry(release, Hierarchy(tree, date(2021, 6, 1)))
    questions = one.questions(replace(PLAN, area="vn"), tree.units[f"20@{OLD}"], Y2024)
    assert {question.path for question in questions} == {(f"vn@{OLD}",)}


def test_after_a_plans_area_has_ended_what_was_made_of_it_alone_is_inside() -> None:
    """A plan of district 201, which went whole into one new commune; the province is not inside, nor the other one."""
    plan, day = replace(PLAN, area="201"), date(2024, 12, 14)
    inside = {code: inquiry(AFTER).inside(plan, TREE.units[code], day) for code in (MERGED, OTHER, PROVINCE)}
    assert inside == {MERGED: True, OTHER: False, PROVINCE: False}
    assert inquiry(AFTER).locate(plan, "201", Y2024) is None


def test_a_unit_that_outlived_a_plans_area_is_inside_if_it_was() -> None:
    """A department goes on under the new province of the same code."""
    tree = UnitTree(
        [
            Unit("vn", OLD, None, "nation", None, "vn"),
            *(Unit("08", first, last, "province", "vn", "08") for first, last in ((OLD, LAST), (NEW, None))),
            *(Unit(code, OLD, None, "department", parent, code) for code, parent in (("08.a", "08"), ("a", "vn"))),
        ],
        [Succession(f"08@{OLD}", f"08@{NEW}", "merged")],
    )
    one = Inquiry(replace(RELEASE, tree=tree), Hierarchy(tree, AFTER))
    plan = replace(PLAN, area="08")
    assert [one.inside(plan, tree.units[f"{code}@{OLD}"], BEFORE) for code in ("08.a", "a")] == [True, False]


def test_a_code_inside_a_plan_is_judged_by_the_trees_own_day() -> None:
    inside = [inquiry(BEFORE).inside(PLAN, TREE.units[code], AFTER) for code in (DISTRICT, "30@2008-08-01")]
    assert inside == [True, False]


# Rates


def obliged(unit: str, state: ObligationState, day: date | None = BEFORE) -> Obligation:
    return Obligation(DUTIES[0], TREE.path(TREE.units[unit], BEFORE), day, None, False, state)


S = ObligationState


def test_rates_are_exact_shares_of_all_that_is_asked() -> None:
    some = [obliged(COMMUNE, S.ON_TIME), obliged(SECOND, S.LATE), obliged(THIRD, S.MISSING)]
    counts = Punctuality.of(some)
    assert (counts.units, counts.reporting_rate, counts.on_time_rate) == (3, Fraction(2, 3), Fraction(1, 3))


def test_what_is_not_due_yet_is_asked_and_not_received() -> None:
    counts = Punctuality.of([obliged(COMMUNE, S.ON_TIME), obliged(SECOND, S.NOT_YET_DUE)])
    assert (counts.reporting_rate, counts.on_time_rate) == (Fraction(1, 2), Fraction(1, 2))


def test_without_a_deadline_nothing_is_on_time_and_without_units_there_is_no_rate() -> None:
    counts = Punctuality.of([obliged(COMMUNE, S.RECEIVED), obliged(SECOND, S.NOT_RECEIVED)])
    assert (counts.reporting_rate, counts.on_time_rate) == (Fraction(1, 2), None)
    assert (Punctuality.of([]).reporting_rate, Punctuality.of([]).on_time_rate) == (None, None)


def test_what_has_no_deadline_makes_nobody_less_punctual() -> None:
    some = [obliged(COMMUNE, S.ON_TIME), obliged(SECOND, S.LATE), obliged(SECOND, S.RECEIVED)]
    assert Punctuality.of(some).on_time_rate == Fraction(1, 2)
    assert [unit.id for unit, _ in by_area([*some[:1], *some[2:]], DISTRICT)] == [COMMUNE, SECOND]


def test_areas_below_come_worst_first_and_a_unit_directly_below_stands_for_itself() -> None:
    some = [obliged(COMMUNE, S.ON_TIME), obliged(SECOND, S.LATE), obliged(THIRD, S.MISSING)]
    assert [(unit.id, len(mine)) for unit, mine in by_area(some, PROVINCE)] == [("202@2021-01-01", 1), (DISTRICT, 2)]
    assert [unit.id for unit, _ in by_area(some[:2], DISTRICT)] == [SECOND, COMMUNE]
    assert by_area(some[:1], COMMUNE) == []
