"""The comparisons behind `reconcile`: what the fold writes is all equal, and whatever is altered is told."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from chitieu.contracts.events import Event
from chitieu.domain.rollup import Decided, Decision, MessageKind
from services.aggregate import proof
from services.aggregate.intake import Read
from services.aggregate.proof import NOTHING, CellRow, First, MessageKey, Retaken, StoredMessage, StoredRow, Totals
from tests.unit import oracle
from tests.unit.logs import logs

PARTITION = 3

totals = st.builds(
    lambda units, columns: proof.trimmed(units, *columns),
    st.integers(0, 3),
    st.tuples(*[st.lists(st.integers(-2, 2), max_size=3)] * 3),
)
cells = st.dictionaries(st.tuples(st.integers(0, 2), st.sampled_from("abcd")), totals, max_size=8)


def compared(stored: Mapping[tuple[int, str], Totals], summed: Mapping[tuple[int, str], Totals]) -> list[str]:
    rows = [CellRow(*key, 5, said) for key, said in sorted(stored.items())]
    sums = [(*key, said) for key, said in sorted(summed.items())]
    found = list(proof.compare_cells("f", "2024", rows, sums, {0: 5, 1: 5, 2: 5}))
    for one in found:
        assert one.cell is not None
        assert one.cell.totals == summed.get((one.cell.partition, one.cell.area), NOTHING)
    return [one.where for one in found]


@given(cells, cells)
def test_exactly_the_cells_that_say_otherwise_are_told(
    stored: dict[tuple[int, str], Totals], summed: dict[tuple[int, str], Totals]
) -> None:
    unlike = [key for key in sorted(stored | summed) if stored.get(key, NOTHING) != summed.get(key, NOTHING)]
    assert compared(stored, summed) == [f"cell f 2024 {area}, partition {partition}" for partition, area in unlike]
    assert compared(summed, summed) == []


def test_a_cell_from_beyond_the_progress_is_told_even_if_it_is_right() -> None:
    said: Totals = (1, (2,), (1,), ())
    row, sums = [CellRow(0, "a", 6, said)], [(0, "a", said)]
    assert [str(one) for one in proof.compare_cells("f", "2024", row, sums, {0: 5})] == [
        "cell f 2024 a, partition 0: stored version 6, should be at most 5, where the partition stands"
    ]
    assert list(proof.compare_cells("f", "2024", row, sums, {0: 6})) == []


def retaken(log: Sequence[Event]) -> list[Retaken]:
    """What the fold stores of the messages about one form and period: no exact duplicates."""
    mine = [
        Retaken(
            PARTITION,
            at,
            StoredMessage(event.kind, event.unit, event.release, event.submission, event.content, event.replaces),
            was,
        )
        for at, (event, was) in enumerate(zip(log, oracle.decisions(log), strict=True))
        if was.decision is not Decision.DUPLICATE and (event.form, event.period) == ("f", "2024")
    ]
    return sorted(mine, key=lambda one: (one.message.unit, one.position))


@given(logs)
def test_the_oracles_decisions_are_what_the_rules_come_to(log: list[Event]) -> None:
    assert list(proof.compare_decisions("f", "2024", retaken(log))) == []


@given(logs, st.data())
def test_an_altered_decision_is_told_with_its_place(log: list[Event], data: st.DataObject) -> None:
    stored = retaken(log)
    assume(stored)
    at = data.draw(st.integers(0, len(stored) - 1))
    decision = data.draw(st.sampled_from(list(Decision)))
    revision = data.draw(st.integers(0, 3))
    assume(Decided(decision, revision) != stored[at].was)
    stored[at] = stored[at]._replace(was=Decided(decision, revision))
    (told,) = proof.compare_decisions("f", "2024", stored)
    assert f"position {stored[at].position}" in told.where
    assert told.stored == f"{decision.word} (revision {revision})"


def records(log: Sequence[Event]) -> list[Read]:
    """A log of one partition with a canary and a message that cannot be read among it."""
    canary = Event(MessageKind.CANARY, "", 0, "", "", 0, (), bytes(16), bytes(16))
    found = [Read(PARTITION, at, 1000 + at, event) for at, event in enumerate(log)]
    found.append(Read(PARTITION, len(log), 0, canary))
    found.append(Read(PARTITION, len(log) + 1, 0, None, "not_an_event", b"?"))
    return found


def rows(log: Sequence[Event]) -> list[tuple[int, StoredRow]]:
    decided = oracle.decisions(log)
    found = []
    for read in records(log)[: len(log)]:
        row = proof.said(read)
        if row is not None and decided[read.position].decision is not Decision.DUPLICATE:
            found.append((read.position, row))
    return found


def firsts(log: Sequence[Event], stored: Sequence[tuple[int, StoredRow]]) -> dict[MessageKey, First]:
    decided = oracle.decisions(log)
    found: dict[MessageKey, First] = {}
    for position, row in stored:
        if row.kind != MessageKind.MOVE:
            key = (row.form, row.period, row.unit, row.submission)
            decision = decided[position].decision if position < len(log) else Decision.ACCEPTED
            found.setdefault(key, First(position, row.content, decision))
    return found


def told(log: Sequence[Event], stored: Sequence[tuple[int, StoredRow]], dead: Sequence[int]) -> list[str]:
    differences, unaccounted = proof.compare_rows(PARTITION, records(log), stored)
    differences += proof.account_for(PARTITION, unaccounted, dead, firsts(log, stored))
    return [str(one) for one in differences]


@given(logs)
def test_what_the_fold_stores_is_the_log_also_where_rows_were_written_twice(log: list[Event]) -> None:
    assert told(log, [one for one in rows(log) for _ in range(2)], [len(log) + 1]) == []


@given(logs)
def test_a_message_that_cannot_be_read_must_have_a_letter(log: list[Event]) -> None:
    at = f"partition {PARTITION} position {len(log) + 1}"
    assert told(log, rows(log), []) == [
        f"dead letter, {at}: stored none, should be one: the message cannot be read (not_an_event)"
    ]


@given(logs, st.data())
def test_a_row_that_is_removed_is_missed(log: list[Event], data: st.DataObject) -> None:
    stored = rows(log)
    assume(stored)
    position, _ = stored.pop(data.draw(st.integers(0, len(stored) - 1)))
    assert any(f"position {position}: stored no row" in line for line in told(log, stored, [len(log) + 1]))


@given(logs, st.data())
def test_a_row_that_says_otherwise_is_told_with_what_it_says(log: list[Event], data: st.DataObject) -> None:
    stored = rows(log)
    assume(stored)
    at = data.draw(st.integers(0, len(stored) - 1))
    otherwise: list[tuple[str, Any]] = [("unit", "u9"), ("values", bytes(56)), ("known_ms", -1), ("path", ())]
    name, value = data.draw(st.sampled_from([*otherwise, ("author", "x"), ("release", 99)]))
    position, row = stored[at]
    stored[at] = (position, row._replace(**{name: value}))
    found = [line for line in told(log, stored, [len(log) + 1]) if f"position {position}: stored {name} " in line]
    assert len(found) == 1


@given(logs, st.integers(-1, 2))
def test_a_row_without_a_message_is_told(log: list[Event], beyond: int) -> None:
    assume(rows(log))
    position = len(log) + beyond
    stored = [one for one in rows(log) if one[0] != position]
    invented = rows(log)[0][1]._replace(unit="u9")
    lines = told(log, [*stored, (position, invented)], [len(log) + 1])
    assert any(f"position {position}: stored" in line for line in lines)
