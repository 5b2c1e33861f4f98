"""The bench's pure parts: what the load is made of, what it amounts to, and how figures are shown."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from bench import results
from bench.figures import as_json, at_least, at_most, figure, number, percentile, table
from bench.freshness import Sight, delays
from bench.live import Announced, Followed, checked
from bench.load import FORM, Sender, Shape, brute_force, difference
from bench.machine import describe
from bench.national import Round
from bench.profile import Profile
from bench.stack import Acknowledged
from chitieu.contracts.events import Change, Event, Transition
from chitieu.domain.catalogue import Label
from chitieu.domain.form import Form
from chitieu.domain.rollup import Decision, MessageKind, ValueState
from services.api.queries import Progress
from tests.unit import oracle
from tests.unit.commune_release import field

SMALL = Shape(fields=3, communes=20, areas=(2, 6), periods=4, retractions=40, conflicts=40)
MESSAGES = 20_000


def sent(shape: Shape, messages: int, seed: int = 1) -> list[Event]:
    return list(Sender(shape, np.random.default_rng(seed)).messages(messages))


@pytest.fixture(scope="module")
def usual() -> list[Event]:
    return sent(Shape(), MESSAGES)


def per_thousand(part: int, whole: int) -> int:
    return round(1000 * part / whole)


def test_the_load_has_the_shares_it_says(usual: list[Event]) -> None:
    shape = Shape()
    _, decisions = brute_force(usual, shape.fields)
    assert per_thousand(decisions[Decision.DUPLICATE], MESSAGES) == pytest.approx(shape.duplicates, abs=6)
    places = {(event.period, event.unit) for event in usual}
    firsts = 1000 - shape.revisions - shape.duplicates - shape.retractions - shape.conflicts
    assert per_thousand(len(places), MESSAGES) == pytest.approx(firsts, abs=8)
    assert decisions[Decision.CONFLICT] > 0
    assert decisions[Decision.RETRACTED] > 0


def test_values_are_absent_and_not_applicable_as_often_as_it_says(usual: list[Event]) -> None:
    states = Counter(b"".join(event.states for event in usual))
    whole = sum(states.values())
    assert per_thousand(states[ValueState.ABSENT], whole) == pytest.approx(Shape().absent, abs=3)
    assert per_thousand(states[ValueState.NOT_APPLICABLE], whole) == pytest.approx(Shape().not_applicable, abs=3)
    for event in usual[:500]:
        assert all(value == 0 for value, state in zip(event.values, event.states, strict=True) if state != 1)


def test_an_area_lies_in_one_area_of_the_level_above(usual: list[Event]) -> None:
    above: dict[str, set[str]] = {}
    for event in usual:
        assert event.path[-1] == event.unit
        for upper, lower in zip(event.path, event.path[1:], strict=False):
            above.setdefault(lower, set()).add(upper)
    assert {len(uppers) for uppers in above.values()} == {1}
    levels = Counter(area[0] for area in above)
    assert (levels["p"], levels["d"], levels["c"]) == (63, 705, 10_599)


def test_the_same_random_numbers_send_the_same_load() -> None:
    assert sent(SMALL, 500) == sent(SMALL, 500)
    assert sent(SMALL, 500) != sent(SMALL, 500, seed=2)


def test_a_full_round_goes_on_with_corrections() -> None:
    events = sent(SMALL, 400)
    assert len({(event.period, event.unit) for event in events}) == SMALL.places
    sender = Sender(SMALL, np.random.default_rng(1))
    list(sender.messages(100))
    corrections = list(sender.corrections(50, "2001"))
    assert {(event.period, event.kind) for event in corrections} == {("2001", MessageKind.REPORT)}


@pytest.mark.parametrize("reach", [0, 1])
def test_corrections_reach_back_no_further_than_it_says(reach: int) -> None:
    newest = 0
    for event in sent(replace(SMALL, duplicates=0, reach=reach), 90):
        newest = max(newest, int(event.period))
        assert newest - int(event.period) <= reach


@pytest.mark.parametrize("seed", range(5))
def test_brute_force_agrees_with_the_oracle(seed: int) -> None:
    log = sent(SMALL, 400, seed)
    figures, decisions = brute_force(log, SMALL.fields)
    assert decisions == Counter(decided.decision for decided in oracle.decisions(log))
    assert {Decision.ACCEPTED, Decision.DUPLICATE, Decision.CONFLICT, Decision.RETRACTED} <= decisions.keys()
    expected = oracle.cells(log)
    assert {(FORM, *key) for key in figures} == expected.keys()
    for (period, area), row in figures.items():
        units, columns = int(row[0]), row[1:].reshape(3, SMALL.fields)
        trimmed = (np.trim_zeros(column, "b").tolist() for column in columns)
        assert oracle.Totals(units, *map(tuple, trimmed)) == expected[FORM, period, area]


def test_a_difference_is_named_and_a_cell_of_zeros_is_none() -> None:
    figures, _ = brute_force(sent(SMALL, 50), SMALL.fields)
    assert difference(figures, figures) == ""
    assert difference({**figures, ("1999", "vn"): np.zeros(10, np.int64)}, figures) == ""
    wrong = {**figures, ("2000", "vn"): figures["2000", "vn"] + 1}
    assert difference(wrong, figures).startswith("('2000', 'vn'): [")
    missing = {key: row for key, row in figures.items() if key != ("2000", "vn")}
    assert difference(missing, figures).startswith("('2000', 'vn'): [0] instead of [")


def test_percentiles_are_values_that_were_measured() -> None:
    values = list(range(1, 101))
    assert [percentile(values, of) for of in (50, 99, 100)] == [50, 99, 100]
    assert percentile([7.0], 99) == 7.0
    assert percentile([3.0, 1.0, 2.0], 50) == 2.0


def test_a_message_is_visible_at_the_first_sight_beyond_its_position() -> None:
    sights = [Sight(float(at), Progress({0: at, 1: 10})) for at in range(5)]
    acknowledged = [Acknowledged(0, 2, 1.5), Acknowledged(1, 9, 1.0)]
    assert delays(acknowledged, sights) == [1.5, 0.0]
    with pytest.raises(AssertionError, match="never visible: partition 0, position 4"):
        delays([Acknowledged(0, 4, 0.0)], sights)


def test_the_table_shows_median_spread_and_whether_it_holds() -> None:
    figures = [
        figure("fold", "reports/s", [41_000, 47_500.4, 52_000], at_least(47_000), "as shipped"),
        figure("p99", "ms", 212.3, at_most(200)),
    ]
    assert table({"Speed": figures}).splitlines() == [
        "### Speed",
        "",
        "| figure | median | unit      | lowest – highest | asked    | holds |",
        "| ------ | -----: | --------- | ---------------: | -------- | ----- |",
        "| fold   | 47,500 | reports/s |  41,000 – 52,000 | ≥ 47,000 | yes   |",
        "| p99    |    212 | ms        |                  | ≤ 200    | NO    |",
        "",
        "* fold: as shipped",
    ]
    plain = as_json({"Speed": figures})["Speed"]
    assert plain[0]["runs"] == [41_000, 47_500.4, 52_000]
    assert plain[1]["asked"] == {"at most": 200}


@pytest.mark.parametrize(
    ("value", "shown"), [(0.4567, "0.457"), (12.34, "12.3"), (99.96, "100"), (1234.5, "1,234"), (7, "7")]
)
def test_numbers_have_three_digits_or_are_whole(value: float, shown: str) -> None:
    assert number(value) == shown


def test_results_replace_the_ones_before(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(results.README.read_text("utf-8"), "utf-8")
    described = describe(datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    assert described["date"] == "2026-01-02 03:04 UTC"
    for shown in ("### first", "### second"):
        results.record("figures", described, shown, readme)
    results.record("profile", described, "### third", readme)
    text = readme.read_text("utf-8")
    assert text.index("### second") < text.index("### third")
    assert "### first" not in text
    readme.write_text("no marks", "utf-8")
    with pytest.raises(ValueError, match="no place for figures"):
        results.record("figures", described, "", readme)


def test_a_profile_counts_a_function_once_a_stack() -> None:
    profile = Profile()
    fold, insert = "Fold.fold (services/aggregate/fold.py:100)", "insert (chitieu/adapters/clickhouse/store.py:47)"
    for line in (
        f"run (asyncio/runners.py:1);{fold};{fold} 3",
        f"{fold};{insert} 1",
        "get_code (<frozen importlib>:1) 9",
    ):
        profile.add(line)
    assert profile.samples == 4
    assert profile.own == {fold: 3, insert: 1}
    assert profile.anywhere == {fold: 4, insert: 1}
    assert f" 75.0 %  {fold}" in str(profile)


def test_a_shape_without_revisions_only_adds_reports() -> None:
    shape = replace(SMALL, revisions=0, duplicates=0, retractions=0, conflicts=0)
    _, decisions = brute_force(sent(shape, shape.places), shape.fields)
    assert decisions == {Decision.ACCEPTED: shape.places}


PROVINCE_OF = {"p1": "01", "d1": "01", "c1": "01", "p2": "02", "c2": "02"}
SAID = {
    3: Announced(Change(1, 0, 10, 0.0, [("f", "2024", ["vn", "p1", "d1", "c1"])]), 100.0),
    4: Announced(Change(1, 1, 10, 0.0, [("f", "2024", ["vn", "p1", "c1", "p2", "c2"])]), 101.0),
    5: Announced(Transition(1, "plan", "target", "c2", "2024", "no_data", "met", "met"), 102.0),
}


def test_each_event_takes_as_long_as_from_its_announcement_to_its_reader() -> None:
    followed = [Followed(2, [(3, 100.5), (4, 101.25)], ""), Followed(3, [(4, 101.5), (5, 102.0)], "")]
    assert checked(["01", "02"], followed, SAID, PROVINCE_OF) == [0.5, 0.25, 0.5, 0.0]


@pytest.mark.parametrize(
    "followed",
    [
        Followed(2, [(3, 100.5)], ""),
        Followed(2, [(3, 100.5), (4, 101.0), (5, 102.0)], ""),
        Followed(2, [(3, 100.5), (3, 100.6), (4, 101.0)], ""),
        Followed(2, [(3, 100.5), (4, 101.0)], "the stream ended"),
    ],
    ids=["missing", "of another province", "twice", "ended"],
)
def test_a_reader_with_other_events_than_its_own_ends_the_bench(followed: Followed) -> None:
    with pytest.raises(AssertionError):
        checked(["01"], [followed], SAID, PROVINCE_OF)


def test_the_total_of_an_area_is_that_of_the_reports_in_it() -> None:
    fields = (field("labour", "m"), field("labour", "f"), field("parents"))
    form = Form("f", 1, Label("f", "f"), "administrative", fields, ())
    values = np.array([[1, 2, 10], [4, 8, 20], [16, 32, 30]])
    one = Round(form, "2024", [("vn", "p1", "c1"), ("vn", "p2", "c2"), ("vn", "p1")], values)
    assert [one.total(area, "labour") for area in ("vn", "p1", "p2", "c1", "elsewhere")] == [63, 51, 12, 3, 0]
    assert (one.total("p1", "parents"), one.total("vn", "children")) == (40, 0)
