"""The demo's reports: what is sent is valid, plausible and the same for the same seed."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chitieu.adapters.programmes.check import check
from chitieu.adapters.programmes.release import build_release
from chitieu.cli.demo import DEFAULT_SEED
from chitieu.cli.simulated_figures import vietnamese
from chitieu.cli.simulation import Item, Simulation, simulate
from chitieu.domain.address import Reference, locate
from chitieu.domain.attainment import State
from chitieu.domain.errors import InvalidReport
from chitieu.domain.figure import read_figure
from chitieu.domain.inquiry import Inquiry
from chitieu.domain.period import Period
from chitieu.domain.registry import Release
from chitieu.domain.report import ReportValidator
from chitieu.domain.withheld import NOTHING
from tests.support.simulated import cells_of, in_force

TODAY = date(2026, 11, 22)
PROGRAMMES = Path(__file__).parents[2] / "programmes"

seeds = st.integers(0, 10**6)


@cache
def release() -> Release:
    return build_release(0, check(PROGRAMMES)[0])


@cache
def default() -> Simulation:
    return simulate(release(), TODAY, DEFAULT_SEED)


def sent(simulation: Simulation, form: str, period: str, area: str) -> dict[str, Item]:
    """What some area's units (by code) send for a period at first."""
    key = f"simulated-{form}-{period}-{area}"
    return {item.unit: item for batch in simulation.batches if batch.key == key for item in batch.items}


def number(item: Item, key: str) -> int:
    value = item.values[key]
    assert isinstance(value, int)
    return value


@settings(max_examples=3)
@given(seeds)
def test_whatever_the_seed_every_report_is_taken_but_the_one_that_should_not_be(seed: int) -> None:
    simulation = simulate(release(), TODAY, seed)
    items = [item for batch in simulation.batches for item in batch.items]
    items += [one.item for one in simulation.singles[:-1]] + [simulation.correction.after]
    validators: dict[str, ReportValidator] = {}
    for item in items:
        address = locate(release(), Reference(item.form, item.period, item.unit), TODAY)
        if item.form not in validators:
            validators[item.form] = ReportValidator(address.form, release().catalogue)
        validators[item.form].validate(item.values)
    with pytest.raises(InvalidReport) as refused:
        validators["ldte-xa"].validate(simulation.singles[-1].item.values)
    assert {problem.code for problem in refused.value.problems} >= {"unknown_field", "part_above_whole"}


def test_the_same_seed_gives_the_same_reports_and_another_one_others() -> None:
    assert simulate(release(), TODAY, DEFAULT_SEED) == default()
    assert simulate(release(), TODAY, DEFAULT_SEED + 1).batches != default().batches


@pytest.mark.parametrize(
    ("form", "period", "area", "asked"),
    [
        ("ldte-xa", "2024S1", "20", 200),
        ("ldte-xa", "2024S2", "20", 200),
        ("ldte-xa", "2024", "20", 200),
        ("ldte-xa", "2026S1", "20", 65),
        ("ldte-xa", "2024", "397", 34),
        ("ldte-gd", "2024", "01", 30),
        ("tre-em-truong", "2021", "778", 9),
    ],
)
def test_nearly_all_units_report_and_some_never_do(form: str, period: str, area: str, asked: int) -> None:
    reported = len(sent(default(), form, period, area))
    assert asked * 85 <= reported * 100 < asked * 100


def test_every_province_reports_in_the_years_that_the_joint_plan_is_judged_by() -> None:
    for period, implementing in (("2015", 12), ("2020", 63)):
        reports = sent(default(), "lien-nganh-tinh", period, "vn").values()
        assert len(reports) == 63
        assert sum(number(item, "provinces_implementing") for item in reports) == implementing


def test_nothing_is_sent_for_a_period_that_is_not_open_yet() -> None:
    periods = {
        item.period for batch in simulate(release(), date(2024, 7, 1), DEFAULT_SEED).batches for item in batch.items
    }
    assert "2024S1" in periods
    assert "2024S2" in periods
    assert "2025" not in periods
    spring = {
        item.period for batch in simulate(release(), date(2026, 2, 1), DEFAULT_SEED).batches for item in batch.items
    }
    assert {"2026S1", "2026"} <= spring


def test_what_happened_in_a_year_is_what_happened_in_its_halves() -> None:
    halves = sent(default(), "ldte-xa", "2024S1", "20"), sent(default(), "ldte-xa", "2024S2", "20")
    year = sent(default(), "ldte-xa", "2024", "20")
    watched = default().correction.before.unit
    in_all = set(halves[0]) & set(halves[1]) & set(year) - {watched}
    assert len(in_all) > 150
    for unit in in_all:
        for flow in ("communication_events", "inspections", "commitments", "cases_notified"):
            assert number(year[unit], flow) == sum(number(half[unit], flow) for half in halves)
        assert year[unit].values["children_5_17.f.a13"] == halves[1][unit].values["children_5_17.f.a13"]


def test_an_idempotency_key_comes_again_only_with_the_same_reports_or_on_purpose() -> None:
    by_key = defaultdict(list)
    for batch in default().batches:
        by_key[batch.key].append(batch)
    again = [batches for batches in by_key.values() if len(batches) > 1]
    assert [len(batches) for batches in again] == [2]
    assert again[0][0].items == again[0][1].items
    keys = Counter(one.key for one in default().singles)
    assert set(keys.values()) == {1}
    batch_key, _, line = default().singles[0].key.partition(":")
    first = by_key[batch_key][0].items[int(line) - 1]
    assert first.unit == default().singles[0].item.unit
    assert first.values != default().singles[0].item.values


def test_accidents_happen_to_different_communes() -> None:
    corrected = {item.unit for item in default().batches[-2].items}
    touched = [one.item.unit for one in default().singles]
    conflict = touched.pop(1)
    assert conflict in corrected
    assert len(corrected | set(touched) | {default().correction.before.unit}) == 3 + 3 + 1


def test_the_correction_left_to_the_watcher_moves_the_figure_by_what_is_printed() -> None:
    correction = default().correction
    assert sent(default(), "ldte-xa", "2024", "20")[correction.before.unit] == correction.before
    assert number(correction.after, "parents") == number(correction.before, "parents")
    assert correction.difference > 100
    assert (
        number(correction.after, "parents_informed")
        == number(correction.before, "parents_informed") + correction.difference
    )


def attained(simulation: Simulation) -> Mapping[tuple[str, str, str], tuple[State, Fraction | None]]:
    """(plan, period, target) -> state and value, by the plain fold."""
    inquiry, cells = Inquiry(release()), cells_of(release(), in_force(simulation), TODAY)
    found = {}
    for shown in simulation.shown:
        plan, period = release().plans[shown.plan], Period.parse(shown.period)
        unit = inquiry.locate(plan, shown.area, period)
        assert unit is not None
        for question in inquiry.questions(plan, unit, period):
            judged = inquiry.judge(question, cells, TODAY, NOTHING)
            assert judged.evidence is not None
            found[shown.plan, shown.period, judged.target.id] = judged.state, judged.evidence.value.value
    return found


@settings(max_examples=3)
@given(seeds)
def test_figures_are_plausible_whatever_the_seed(seed: int) -> None:
    found = attained(simulate(release(), TODAY, seed))

    def value(plan: str, period: str, target: str) -> Fraction:
        one = found[plan, period, target][1]
        assert one is not None
        return one

    assert Fraction(4, 10) < value("trieu-son-2021", "2024", "child-labour-2025") < Fraction(6, 10)
    assert 0 < value("lang-son-187", "2024", "no-child-labour") < Fraction(3, 100)
    assert 74 < value("lang-son-187", "2024", "parents-informed") < 79
    assert 74 < value("trieu-son-2021", "2024", "parents-informed") < 79
    assert 80 <= value("lien-nganh-2013", "2015", "educators-trained-2015") < 95
    assert found["lien-nganh-2013", "2020", "educators-trained-2020"][0] is State.MISSED
    assert found["vn-782", "2024", "child-labour-down"][0] is State.INSUFFICIENT


def test_targets_of_the_default_seed_stand_in_many_states() -> None:
    states = Counter(state for state, _ in attained(default()).values())
    assert set(states) == {State.MET, State.ON_TRACK, State.AT_RISK, State.MISSED, State.INSUFFICIENT}


def test_in_many_communes_no_case_arises() -> None:
    notified = [number(i, "cases_notified") for i in sent(default(), "ldte-xa", "2024S1", "20").values()]
    assert notified.count(0) > len(notified) // 2
    assert any(notified)


def test_national_adds_the_communes_of_all_other_provinces_once() -> None:
    simulation = simulate(release(), TODAY, DEFAULT_SEED, national=True)
    communes = Counter(
        item.unit
        for batch in simulation.batches
        for item in batch.items
        if (item.form, item.period) == ("ldte-xa", "2024") and item.if_match is None
    )
    assert set(communes.values()) == {1}
    assert 10_599 * 97 < len(communes) * 100 < 10_599 * 100
    assert max(len(batch.items) for batch in simulation.batches) <= 1000


@given(st.integers(0, 10**8))
def test_a_budget_as_people_write_it_is_read_as_it_was_meant(tenths: int) -> None:
    assert read_figure(vietnamese(tenths), 1, 10**9) == tenths
