"""Whole lives of a partition: taking, flushing, landing, failing at any step, dying, and writing after death.

Whatever the order, decisions, revisions, totals and announced changes are the oracle's, which knows only the log.
"""

from dataclasses import dataclass, field
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from chitieu.contracts.events import Event, Stood, content_hash, pack
from chitieu.domain.rollup import Decision, MessageKind, ValueState
from services.aggregate.partitions import Flush, Partitions
from tests.unit import oracle
from tests.unit.logs import logs
from tests.unit.test_partitions import Tables, agrees_with_the_oracle, begin, records, store, take

# How much of a flush was written when something happened: nothing, the submissions, both inserts.
Written = Literal[0, 1, 2]
written = st.sampled_from((0, 1, 2))
Step = tuple[str, int]

PATH = ("vn", "p1", "d1", "u1")

steps = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.integers(1, 6)),
        st.tuples(st.just("take"), st.integers(1, 6)),
        st.tuples(st.just("flush"), st.just(0)),
        st.tuples(st.just("land"), st.just(0)),
        st.tuples(st.just("fails"), written),
        st.tuples(st.just("dies"), written),
        st.tuples(st.just("writes_after_death"), written),
    ),
    max_size=60,
)


@dataclass
class Life:
    """A worker, the flush it is writing, and the flushes of its dead predecessors that may still arrive."""

    log: list[Event]
    memory: int
    tables: Tables = field(default_factory=Tables)
    flying: Flush | None = None
    late: list[Flush] = field(default_factory=list)
    announced: int = 0
    partitions: Partitions = field(init=False)

    def __post_init__(self) -> None:
        self.partitions = begin(self.tables, self.memory)

    def step(self, what: str, number: int) -> None:
        if what == "take":
            at = self.partitions.positions[0]
            take(self.tables, self.partitions, records(self.log)[at : at + number])
        elif what == "flush" and self.flying is None and self.partitions.waiting:
            self.flying = self.partitions.flush()
        elif what == "land" and self.flying is not None:
            self.land(self.flying)
        elif what == "fails" and self.flying is not None:
            # Timed out, cut off after the commit, sent again by the client: it is written once more when it lands.
            self.write(self.flying, number)
        elif what == "dies":
            self.die(number)
        elif what == "writes_after_death" and self.late:
            self.write(self.late.pop(0), number)

    def land(self, flush: Flush) -> None:
        self.flying = None
        store(self.tables, flush)
        self.partitions.flushed(flush)
        last = flush.positions.get(0, self.announced)
        named = (*flush.changed.get(0, []), *flush.revised.get(0, []))
        said = {(form, period, area) for form, period, areas in named for area in areas}
        # Announced once: a successor begins where the figures stand, and says that anything may have changed.
        if self.announced < last:
            assert (
                oracle.changed(self.log, self.announced, last) <= said <= oracle.touched(self.log, self.announced, last)
            )
        self.announced = last

    def write(self, flush: Flush, number: int) -> None:
        if number >= 1:
            self.tables.insert_submissions(flush.submissions)
        if number == 2:
            self.tables.insert_rollup(flush.rollup)

    def die(self, number: int) -> None:
        if self.flying is not None:
            self.write(self.flying, number)
            self.late.append(self.flying)
            self.flying = None
        self.partitions = begin(self.tables, self.memory)
        self.announced = self.tables.progress()

    def end(self) -> None:
        """Everything that is left is taken and lands."""
        if self.flying is not None:
            self.land(self.flying)
        take(self.tables, self.partitions, records(self.log)[self.partitions.positions[0] :])
        if self.partitions.waiting:
            self.land(self.partitions.flush())


def test_a_late_write_of_what_was_taken_back_meanwhile_counts_nowhere() -> None:
    """A dead worker folded the report alone; its successor folds the retraction with it, and nothing has changed."""
    log = [report(), retraction()]
    one = Life(log, 0)
    one.step("take", 1)
    one.step("flush", 0)
    one.step("dies", 0)
    one.end()
    one.step("writes_after_death", 2)
    agrees_with_the_oracle(one.tables, log)


def test_what_moved_is_told_as_it_counted_before_and_counts_now() -> None:
    one, above = Life([report(), retraction(), report(bytes([2] * 16))], 0), PATH[:-1]
    told = []
    for _ in one.log:
        one.step("take", 1)
        one.step("flush", 0)
        assert one.flying is not None and one.flying.reports is not None
        (moved,) = one.flying.reports[0]
        told.append((moved.unit, moved.before, moved.path, [step.decision for step in moved.steps]))
        one.step("land", 0)
    stood = Stood(above, pack([3]), bytes([ValueState.REPORTED]))
    assert told == [
        ("u1", None, above, [Decision.ACCEPTED]),
        ("u1", stood, None, [Decision.RETRACTED]),
        ("u1", None, above, [Decision.ACCEPTED]),
    ]


def report(submission: bytes = bytes(16)) -> Event:
    said, states = pack([3]), bytes([ValueState.REPORTED])
    content = content_hash(MessageKind.REPORT, said, states)
    return Event(int(MessageKind.REPORT), "f", 1, "2024", "u1", 1, PATH, submission, content, None, said, states)


def retraction() -> Event:
    content = content_hash(MessageKind.RETRACTION, b"", b"")
    return Event(int(MessageKind.RETRACTION), "f", 1, "2024", "u1", 1, PATH, bytes([1] * 16), content)


@given(logs, steps, st.integers(0, 5_000))
def test_any_life_gives_the_oracles_figures_decisions_and_changes(
    log: list[Event], life: list[Step], memory: int
) -> None:
    one = Life(log, memory)
    for what, number in life:
        one.step(what, number)
    one.end()
    for flush in one.late:
        one.write(flush, 2)
    agrees_with_the_oracle(one.tables, log)
