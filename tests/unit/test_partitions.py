"""The fold of the partitions held: batches, evictions, crashes at every step, replays. The oracle's figures stand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chitieu.contracts.events import Event, pack
from chitieu.domain.rollup import Cell, Decided, Decision, MessageKind, ValueState
from services.aggregate.intake import Read
from services.aggregate.partitions import Flush, Partitions
from services.aggregate.queries import GroupKey, Stored
from tests.unit import oracle
from tests.unit.logs import logs

NOTHING = oracle.Totals(0, (), (), ())


@dataclass
class Tables:
    """ClickHouse as far as the fold relies on it: inserts that may happen twice, the newest version of a row wins."""

    submissions: dict[int, dict[str, Any]] = field(default_factory=dict)
    rollup: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)

    def insert_submissions(self, rows: pa.Table) -> None:
        for row in rows.to_pylist():
            self.submissions[row["position"]] = row

    def insert_rollup(self, rows: pa.Table) -> None:
        for row in rows.to_pylist():
            key = (row["form"], row["period"], row["area"])
            if key not in self.rollup or self.rollup[key]["version"] <= row["version"]:
                self.rollup[key] = row

    def progress(self) -> int:
        row = self.rollup.get(("", "", ""))
        return row["version"] if row else 0

    def load(self, keys: Sequence[GroupKey], positions: Mapping[int, int]) -> Iterator[Stored]:
        mine = [row for _, row in sorted(self.submissions.items()) if row["position"] < positions[0]]
        for key in keys:
            rows = [row for row in mine if (row["form"], row["period"]) == key[:2]]
            decisions, revisions = [Decision(row["decision"]) for row in rows], [row["revision"] for row in rows]
            yield Stored(key, [stored_event(row) for row in rows], decisions, revisions)

    def cells(self) -> dict[tuple[str, str, str], oracle.Totals]:
        found = {key: oracle.Totals.of(cell(row)) for key, row in self.rollup.items() if key[0]}
        return {key: totals for key, totals in found.items() if totals != NOTHING}


def stored_event(row: dict[str, Any]) -> Event:
    replaces = None if row["replaces"] < 0 else row["replaces"]
    names = ("kind", "form", "form_version", "period", "unit", "release", "submission", "content")
    said = {
        "path": tuple(row["path"]),
        "replaces": replaces,
        "packed": pack(row["values"]),
        "states": bytes(row["states"]),
    }
    fields: dict[str, Any] = {name: row[name] for name in names} | said
    return Event(**fields)


def decided(row: dict[str, Any]) -> Decided:
    return Decided(Decision(row["decision"]), row["revision"])


def cell(row: dict[str, Any]) -> Cell:
    return Cell(row["units"], row["sums"], row["reported"], row["not_applicable"])


def records(log: Sequence[Event]) -> list[Read]:
    return [Read(0, at, 1000 * at, event) for at, event in enumerate(log)]


def flush_of(tables: Tables, fold: Partitions, batch: Sequence[Read]) -> Flush:
    take(tables, fold, batch)
    return fold.flush()


def take(tables: Tables, fold: Partitions, reads: Sequence[Read]) -> None:
    batch = fold.sort_out(reads)
    fold.recall(batch.absent, tables.load(batch.absent, fold.positions))
    fold.take(batch)
    fold.work_off(3)


def begin(tables: Tables, memory_bytes: int = 0) -> Partitions:
    """By default nothing that is stored stays in memory."""
    fold = Partitions(memory_bytes)
    assign(tables, fold)
    return fold


def assign(tables: Tables, fold: Partitions) -> None:
    fold.assign({0: tables.progress()}, {(row["form"], row["period"], 0) for row in tables.submissions.values()})


def write(tables: Tables, fold: Partitions, flush: Flush, written: int) -> None:
    """A flush as far as it got: so many of its two writes; 3: the fold has heard of both."""
    if written >= 1:
        tables.insert_submissions(flush.submissions)
    if written >= 2:
        tables.insert_rollup(flush.rollup)
    if written == 3:
        fold.flushed(flush)


def store(tables: Tables, flush: Flush) -> None:
    tables.insert_submissions(flush.submissions)
    tables.insert_rollup(flush.rollup)


@given(logs, st.lists(st.integers(1, 7), min_size=40, max_size=40), st.integers(0, 5000))
def test_any_batching_and_eviction_gives_the_oracles_figures(log: list[Event], sizes: list[int], memory: int) -> None:
    tables, at = Tables(), 0
    fold = begin(tables, memory)
    for size in sizes:
        if not (batch := records(log)[at : at + size]):
            break
        flush = flush_of(tables, fold, batch)
        store(tables, flush)
        fold.flushed(flush)
        assert fold.held_bytes <= memory
        assert (fold.held_bytes == 0) == (len(fold) == 0)
        at += size
    agrees_with_the_oracle(tables, log)


@given(logs, st.lists(st.integers(1, 7), min_size=40, max_size=40), st.integers(0, 5000))
def test_a_batch_folded_while_the_flush_before_is_on_its_way_gives_the_same(
    log: list[Event], sizes: list[int], memory: int
) -> None:
    tables, at = Tables(), 0
    fold = begin(tables, memory)
    flying: Flush | None = None
    for size in sizes:
        batch = records(log)[at : at + size]
        flush = flush_of(tables, fold, batch) if batch else None
        if flying is not None:
            store(tables, flying)
            fold.flushed(flying)
        flying, at = flush, at + size
    agrees_with_the_oracle(tables, log)


@given(logs, st.lists(st.tuples(st.integers(1, 7), st.integers(0, 3)), min_size=40, max_size=60))
def test_a_crash_at_any_step_of_any_flush_changes_nothing(log: list[Event], steps: list[tuple[int, int]]) -> None:
    """Steps: how many messages a batch takes, and after which of the flush's writes the worker dies (3: not at all)."""
    tables = Tables()
    fold = begin(tables)
    for size, written in [*steps, (len(log) + 1, 3)]:
        at = tables.progress()
        if not (batch := records(log)[at : at + size]):
            break
        write(tables, fold, flush_of(tables, fold, batch), written)
        if written < 3:
            fold = begin(tables)
    rest = records(log)[tables.progress() :]
    if rest:
        store(tables, flush_of(tables, fold, rest))
    agrees_with_the_oracle(tables, log)


@given(
    logs,
    st.lists(st.tuples(st.integers(1, 7), st.integers(-1, 3), st.integers(0, 3)), min_size=40, max_size=60),
    st.integers(0, 5000),
)
def test_partitions_that_come_back_are_folded_on_from_wherever_they_stand(
    log: list[Event], steps: list[tuple[int, int, int]], memory: int
) -> None:
    """Steps: messages of a batch; what became of its flush (-1: it was not made, 0 to 2: after so many writes nothing
    was heard of it, 3: written); and how many messages somebody else folds before the partition comes back.
    """
    tables = Tables()
    fold = begin(tables, memory)
    for size, written, others in steps:
        take(tables, fold, records(log)[tables.progress() :][:size])
        if written >= 0:
            write(tables, fold, fold.flush(), written)
        if theirs := records(log)[tables.progress() :][:others]:
            store(tables, flush_of(tables, begin(tables), theirs))
        assign(tables, fold)
    store(tables, flush_of(tables, fold, records(log)[tables.progress() :]))
    agrees_with_the_oracle(tables, log)


def test_what_stands_in_memory_already_is_not_recalled() -> None:
    tables = Tables()
    fold = begin(tables, 10**9)
    one, two = records([report_of("a"), report_of("b")])
    store(tables, flush_of(tables, fold, [one]))
    assign(tables, fold)
    assert not fold.sort_out([two]).absent
    store(tables, flush_of(tables, begin(tables), [two]))
    assign(tables, fold)
    assert len(fold) == 0


@given(logs, st.integers(0, 40))
def test_a_worker_that_lost_its_partition_cannot_spoil_what_its_successor_writes(log: list[Event], cut: int) -> None:
    """The old worker's last flush arrives after the new one's: same positions, same totals, newest version stands."""
    tables = Tables()
    batch = records(log)
    if not batch:
        return
    zombie = flush_of(tables, begin(tables), batch[: cut + 1])
    successor = begin(tables)
    for one in batch:
        flush = flush_of(tables, successor, [one])
        store(tables, flush)
        successor.flushed(flush)
    store(tables, zombie)
    agrees_with_the_oracle(tables, log)


@given(logs)
def test_records_handed_out_twice_are_folded_once(log: list[Event]) -> None:
    tables = Tables()
    fold = begin(tables)
    batch = records(log)
    flush = flush_of(tables, fold, [one for one in batch for _ in range(2)])
    assert flush.messages == len(log)
    store(tables, flush)
    fold.flushed(flush)
    again = flush_of(tables, fold, batch)
    assert (again.submissions.num_rows, again.rollup.num_rows, again.positions, again.messages) == (0, 0, {}, 0)
    agrees_with_the_oracle(tables, log)


def test_an_unreadable_message_moves_the_progress_and_nothing_else() -> None:
    tables = Tables()
    flush = flush_of(tables, begin(tables), [Read(0, 0, 0, None, "not_an_event", b"?")])
    assert flush.positions == {0: 1}
    assert (flush.messages, flush.dead) == (1, {"not_an_event": 1})
    assert flush.submissions.num_rows == 0
    assert [(row["form"], row["version"], cell(row)) for row in flush.rollup.to_pylist()] == [("", 1, Cell())]


@given(logs)
def test_every_message_is_counted_in_exactly_one_decision(log: list[Event]) -> None:
    flush = flush_of(Tables(), begin(Tables()), records(log))
    assert sum(flush.decisions.values()) == len(log)
    assert flush.submissions.num_rows == len(log) - flush.decisions[Decision.DUPLICATE]
    told = [(at, int(one.decision), one.revision) for at, one in enumerate(oracle.decisions(log)) if log[at].tell]
    assert sorted(flush.told.get(0, [])) == told


def test_what_the_nation_itself_reports_is_taken_and_counts_nowhere_above_it() -> None:
    tables, log = Tables(), [replace(report_of("vn"), path=("vn",))]
    fold = begin(tables)
    flush = flush_of(tables, fold, records(log))
    store(tables, flush)
    assert flush.revised == {0: [("f", "2024", ["vn"])]}
    assert tables.cells() == {}
    agrees_with_the_oracle(tables, log)


def test_groups_used_longest_ago_leave_memory_and_a_correction_brings_back_its_own_alone() -> None:
    def folded(memory: int) -> tuple[Tables, Partitions]:
        tables = Tables()
        fold = begin(tables, memory)
        for one in records(log):
            take(tables, fold, [one])
        flush = fold.flush()
        store(tables, flush)
        fold.flushed(flush)
        return tables, fold

    years = ("2021", "2022", "2023")
    log = [replace(report_of("u1"), period=year) for year in years] + [replace(report_of("u2"), period="2021")]
    _, all_of_it = folded(10**9)
    tables, fold = folded(all_of_it.held_bytes - 1)
    assert len(fold) == 2
    again = [replace(report_of("u3"), period=year) for year in years]
    assert fold.sort_out(records([*log, *again])).absent == [("f", "2022", 0)]
    flush = flush_of(tables, fold, records([*log, again[1]]))
    assert [(row["period"], row["area"], row["units"]) for row in flush.rollup.to_pylist()] == [
        ("2022", "vn", 2),
        ("", "", 0),
    ]


def report_of(unit: str) -> Event:
    return Event(
        kind=int(MessageKind.REPORT),
        form="f",
        form_version=1,
        period="2024",
        unit=unit,
        release=1,
        path=("vn", unit),
        submission=unit.encode().ljust(16),
        content=bytes(16),
        replaces=None,
        packed=pack([1]),
        states=bytes([ValueState.REPORTED]),
    )


def agrees_with_the_oracle(tables: Tables, log: Sequence[Event]) -> None:
    expected = oracle.decisions(log)
    stored = {at: decided(row) for at, row in tables.submissions.items() if at < tables.progress()}
    assert tables.progress() == len(log)
    assert stored == {at: d for at, d in enumerate(expected) if d.decision is not Decision.DUPLICATE}
    assert tables.cells() == {key: cell for key, cell in oracle.cells(log).items() if cell != NOTHING}
