"""The fold at work: batches of the log in, tables for ClickHouse out.

Everything here runs in one thread at a time and is a function of the log: if a batch's rows do not reach ClickHouse,
the whole state is dropped and the log is read again from the stored progress. A batch may be folded while the flush of
the one before is on its way.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import pyarrow as pa

from chitieu.contracts.events import Event
from chitieu.contracts.rows import Cells, DecidedMessage, Progress, rollup_table, submission_table
from chitieu.domain.rollup import Decision, MessageKind
from services.aggregate.group import ArrayGroup
from services.aggregate.intake import Read
from services.aggregate.queries import GroupKey

Changed = tuple[str, str, list[str]]
Told = tuple[int, int, int]
# Groups as of the position each partition reads next.
Load = Callable[[Sequence[GroupKey], Mapping[int, int]], Mapping[GroupKey, ArrayGroup]]


@dataclass(slots=True)
class Flush:
    """One batch's outcome: `submissions` go in first, then `rollup` (cells and progress together), then it is said.

    `changed`, `told` and `positions` are by partition, as `contracts.events.Change` carries them.
    """

    submissions: pa.Table
    rollup: pa.Table
    decisions: Counter[Decision]
    changed: dict[int, list[Changed]]
    told: dict[int, list[Told]]
    positions: dict[int, int]
    canaries: int
    messages: int
    groups: Collection[GroupKey]


@dataclass(slots=True)
class _Batch:
    """A batch sorted out: positions and newest append times by partition, messages by the group they belong to."""

    positions: dict[int, int] = field(default_factory=dict)
    newest: dict[int, int] = field(default_factory=dict)
    groups: dict[GroupKey, list[tuple[Read, Event]]] = field(default_factory=dict)
    canaries: int = 0


@dataclass(slots=True)
class _Outcome:
    """What became of a batch so far."""

    decided: list[DecidedMessage] = field(default_factory=list)
    decisions: Counter[Decision] = field(default_factory=Counter)
    cells: list[Cells] = field(default_factory=list)
    changed: dict[int, list[Changed]] = field(default_factory=dict)
    told: dict[int, list[Told]] = field(default_factory=dict)

    def decide(self, group: ArrayGroup, messages: Iterable[tuple[Read, Event]]) -> None:
        """Take the decisions about one group's messages, in order."""
        decisions, duplicate = [], Decision.DUPLICATE
        for read, event in messages:
            decided = group.decide(event)
            decisions.append(decided.decision)
            if decided.decision is not duplicate:
                self.decided.append(DecidedMessage(read.partition, read.position, read.known_ms, event, decided))
            if event.tell:
                told = (read.position, int(decided.decision), decided.revision)
                self.told.setdefault(read.partition, []).append(told)
        self.decisions.update(decisions)

    def settle(self, key: GroupKey, group: ArrayGroup, version: int, known_ms: int) -> None:
        """Add a group's changed totals to the cells to write."""
        rows = group.settle()
        if areas := [group.area_ids[row] for row in rows]:
            form, period, partition = key
            self.cells.append(Cells(*key, version, known_ms, areas, group.units[rows], group.totals[rows]))
            self.changed.setdefault(partition, []).append((form, period, areas))


class Fold:
    """Groups of the partitions held, least recently used first, and the position each partition stands at."""

    def __init__(self, load: Load, max_groups: int) -> None:
        self._load = load
        self._max_groups = max_groups
        self._groups: OrderedDict[GroupKey, ArrayGroup] = OrderedDict()
        self._positions: dict[int, int] = {}
        self._unstored: Counter[GroupKey] = Counter()

    def __len__(self) -> int:
        return len(self._groups)

    def assign(self, positions: dict[int, int]) -> None:
        """Begin with these partitions, each at the position it reads next. Whatever was held before is forgotten."""
        self._groups.clear()
        self._unstored.clear()
        self._positions = dict(positions)

    def fold(self, taken: Sequence[Read]) -> Flush:
        """Decide every message of a batch, in order within each partition. Records already folded are passed over."""
        batch = self._sorted_out(taken)
        if missing := sorted(batch.groups.keys() - self._groups.keys()):
            # As of the batch's beginning. What is not stored yet is in memory, so nothing is missing there.
            self._groups.update(self._load(missing, self._positions))
        outcome = _Outcome()
        for key, messages in batch.groups.items():
            self._groups.move_to_end(key)
            outcome.decide(self._groups[key], messages)
            outcome.settle(key, self._groups[key], batch.positions[key[2]], messages[-1][0].known_ms)
        self._positions.update(batch.positions)
        self._unstored.update(batch.groups.keys())
        progress = [Progress(p, position, batch.newest[p]) for p, position in batch.positions.items()]
        return Flush(
            submission_table(outcome.decided),
            rollup_table(outcome.cells, progress),
            outcome.decisions,
            outcome.changed,
            outcome.told,
            batch.positions,
            batch.canaries,
            len(taken),
            batch.groups.keys(),
        )

    def flushed(self, flush: Flush) -> None:
        """The flush is in ClickHouse: its groups may leave memory, unless a later flush on its way touched them."""
        self._unstored.subtract(flush.groups)
        excess = len(self._groups) - self._max_groups
        stored = (key for key in self._groups if not self._unstored[key])
        for key in list(islice(stored, max(excess, 0))):
            del self._groups[key], self._unstored[key]

    def _sorted_out(self, taken: Sequence[Read]) -> _Batch:
        batch = _Batch()
        for read in taken:
            # A producer's retry after a leader change may be handed out twice; the position says so.
            if read.position < batch.positions.get(read.partition, self._positions[read.partition]):
                continue
            batch.positions[read.partition] = read.position + 1
            batch.newest[read.partition] = read.known_ms
            event = read.event
            if event is None:
                continue
            if event.kind == MessageKind.CANARY:
                batch.canaries += 1
            else:
                batch.groups.setdefault((event.form, event.period, read.partition), []).append((read, event))
        return batch
