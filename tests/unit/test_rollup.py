"""The decisions and the plain fold, against the oracle and by example."""

import pytest
from hypothesis import given

from chitieu.contracts.events import Event, content_hash, pack
from chitieu.domain.errors import Corruption
from chitieu.domain.rollup import Cell, Decided, Decision, Group, MessageKind
from tests.unit import oracle
from tests.unit.logs import logs

PATH = ("vn", "p1", "d1", "u1")


def submission(
    key: int, *values: int, replaces: int | None = None, path: tuple[str, ...] = PATH, release: int = 1
) -> Event:
    packed, states = pack(values), b"\1" * len(values)
    content = content_hash(MessageKind.REPORT, packed, states)
    return Event(1, "f", 1, "2024", path[-1], release, path, key.to_bytes(16, "big"), content, replaces, packed, states)


def retraction(key: int, replaces: int | None = None) -> Event:
    content = content_hash(MessageKind.RETRACTION, b"", b"")
    return Event(2, "f", 1, "2024", "u1", 1, PATH, key.to_bytes(16, "big"), content, replaces)


def move(release: int, path: tuple[str, ...]) -> Event:
    return Event(3, "f", 1, "2024", path[-1], release, path, bytes(16), bytes(16))


def decided(*log: Event) -> list[tuple[str, int]]:
    group = Group()
    return [(d.decision.word, d.revision) for d in (group.apply(event) for event in log)]


def test_a_first_report_is_revision_1_and_counts_at_every_level_above() -> None:
    group = Group()
    assert group.apply(submission(1, 7, 5)) == Decided(Decision.ACCEPTED, 1)
    expected = Cell(units=1, sums=[7, 5], reported=[1, 1], not_applicable=[0, 0])
    assert group.take_dirty() == dict.fromkeys(PATH[:-1], expected)


def test_a_correction_replaces_what_was_counted() -> None:
    group = Group()
    group.apply(submission(1, 120))
    group.apply(submission(2, 96))
    assert group.take_dirty()["vn"].sums == [96]


def test_a_late_retry_of_an_old_revision_is_a_duplicate_and_never_a_revert() -> None:
    assert decided(submission(1, 120), submission(2, 96), submission(1, 120)) == [
        ("accepted", 1),
        ("accepted", 2),
        ("duplicate", 2),
    ]


def test_the_same_key_with_other_content_is_said_loudly_and_changes_nothing() -> None:
    assert decided(submission(1, 120), submission(1, 96)) == [("accepted", 1), ("key_reused", 1)]


def test_the_same_content_under_a_new_key_is_unchanged() -> None:
    assert decided(submission(1, 120), submission(2, 120)) == [("accepted", 1), ("unchanged", 1)]


def test_a_submission_that_replaces_an_old_revision_is_a_conflict() -> None:
    log = (submission(1, 1), submission(2, 2), submission(3, 3, replaces=1), submission(4, 4, replaces=2))
    assert decided(*log) == [("accepted", 1), ("accepted", 2), ("conflict", 2), ("accepted", 3)]


def test_the_retry_of_a_conflict_is_a_conflict_again_and_never_wins_later() -> None:
    log = (submission(1, 1), submission(3, 3, replaces=0), submission(3, 3, replaces=0))
    assert decided(*log) == [("accepted", 1), ("conflict", 1), ("conflict", 1)]


def test_a_retraction_is_a_revision_and_takes_the_figures_away() -> None:
    group = Group()
    group.apply(submission(1, 120))
    assert group.apply(retraction(2)) == Decided(Decision.RETRACTED, 2)
    assert group.take_dirty()["vn"] == Cell(units=0, sums=[0], reported=[0], not_applicable=[0])
    assert group.apply(retraction(3)) == Decided(Decision.UNCHANGED, 2)
    assert group.apply(submission(4, 120)) == Decided(Decision.ACCEPTED, 3)


def test_a_move_takes_the_values_from_the_old_path_to_the_new_one() -> None:
    group = Group()
    group.apply(submission(1, 120))
    group.take_dirty()
    assert group.apply(move(2, ("vn", "p1", "d2", "u1"))) == Decided(Decision.MOVED, 1)
    totals = {area: cell.sums for area, cell in group.take_dirty().items()}
    assert totals == {"vn": [120], "p1": [120], "d1": [0], "d2": [120]}


def test_a_report_validated_under_the_tree_before_a_move_counts_where_the_move_put_it() -> None:
    group = Group()
    group.apply(move(5, ("vn", "p1", "d2", "u1")))
    group.apply(submission(1, 120, release=4))
    assert set(group.take_dirty()) == {"vn", "p1", "d2"}


def test_a_stored_decision_that_the_rules_would_not_take_stops_the_fold() -> None:
    with pytest.raises(Corruption, match="unit u1"):
        Group.load([(submission(1, 120), Decided(Decision.CONFLICT, 1))])


@given(logs)
def test_decisions_and_revisions_are_the_oracles(log: list[Event]) -> None:
    groups: dict[tuple[str, str], Group] = {}
    found = [groups.setdefault((e.form, e.period), Group()).apply(e) for e in log]
    assert found == oracle.decisions(log)


@given(logs)
def test_cells_are_the_sums_of_the_reports_in_force(log: list[Event]) -> None:
    groups: dict[tuple[str, str], Group] = {}
    for event in log:
        groups.setdefault((event.form, event.period), Group()).apply(event)
    found = {
        (*key, area): oracle.Totals.of(cell) for key, group in groups.items() for area, cell in group.cells.items()
    }
    nothing = oracle.Totals(0, (), (), ())
    assert {key: cell for key, cell in found.items() if cell != nothing} == {
        key: cell for key, cell in oracle.cells(log).items() if cell != nothing
    }


@given(logs)
def test_an_area_is_the_sum_of_its_children(log: list[Event]) -> None:
    group = Group()
    for event in log:
        if (event.form, event.period) == ("f", "2024"):
            group.apply(event)
    reports = [report for report in group.reports.values() if report.content is not None]
    provinces = [cell for area, cell in group.cells.items() if area.startswith("p")]
    nation = group.cells.get("vn", Cell())
    below = [report for report in reports if len(report.path) > 1]
    # What provinces report themselves stands below the nation, and in no province.
    own = [report for report in below if len(report.path) == 2]
    assert nation.units == len(below) == len(own) + sum(cell.units for cell in provinces)
    total, theirs = (sum(value for report in some for value in report.values) for some in (below, own))
    assert sum(nation.sums) == total == theirs + sum(sum(cell.sums) for cell in provinces)


@given(logs)
def test_a_group_loaded_from_its_stored_messages_goes_on_as_if_nothing_had_happened(log: list[Event]) -> None:
    mine = [event for event in log if (event.form, event.period) == ("f", "2024")]
    for cut in range(len(mine)):
        before, after = Group(), mine[cut:]
        stored = [(e, d) for e in mine[:cut] if (d := before.apply(e)).decision is not Decision.DUPLICATE]
        loaded = Group.load(stored)
        assert [loaded.apply(e) for e in after] == [before.apply(e) for e in after]
        assert loaded.cells == before.cells
