"""The fold at work: batches of the log in, tables for ClickHouse out.

Everything here runs in one thread at a time and is a function of the log: if a batch's rows do not reach ClickHouse,
the whole state is dropped and the log is read again from the stored progress.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from chitieu.contracts.events import Event
from chitieu.contracts.rows import Cells, DecidedMessage, Progress, rollup_table, submission_table
from chitieu.domain.rollup import Decision, MessageKind
from services.aggregate.group import ArrayGroup
from services.aggregate.intake import Read
from services.aggregate.queries import GroupKey

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
    changed: dict[int, list[tuple[str, str, list[str]]]]
    told: dict[int, list[tuple[int, int, int]]]
    positions: dict[int, int]
    canaries: int


@dataclass(slots=True)
class _Batch:
    """What is gathered while a batch is decided. `touched`: group -> append time of its newest message, Unix ms."""

    decided: list[DecidedMessage] = field(default_factory=list)
    decisions: Counter[Decision] = field(default_factory=Counter)
    told: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)
    positions: dict[int, int] = field(default_factory=dict)
    newest: dict[int, int] = field(default_factory=dict)
    touched: dict[GroupKey, int] = field(default_factory=dict)
    canaries: int = 0


class Fold:
    """Groups of the partitions held, least recently used first, and the position each partition stands at."""

    def __init__(self, load: Load, max_groups: int) -> None:
        self._load = load
        self._max_groups = max_groups
        self._groups: OrderedDict[GroupKey, ArrayGroup] = OrderedDict()
        self._positions: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._groups)

    def assign(self, positions: dict[int, int]) -> None:
        """Begin with these partitions, each at the position it reads next. Whatever was held before is forgotten."""
        self._groups.clear()
        self._positions = dict(positions)

    def fold(self, taken: Sequence[Read]) -> Flush:
        """Decide every message of a batch, in order within each partition. Records already folded are passed over."""
        self._load_missing(taken)
        batch = _Batch()
        for read in taken:
            # A producer's retry after a leader change may be handed out twice; the position says so.
            if read.position < batch.positions.get(read.partition, self._positions[read.partition]):
                continue
            batch.positions[read.partition] = read.position + 1
            batch.newest[read.partition] = read.known_ms
            if read.event is None:
                continue
            if read.event.kind == MessageKind.CANARY:
                batch.canaries += 1
            else:
                self._decide(read, read.event, batch)
        return self._settled(batch)

    def flushed(self, flush: Flush) -> None:
        """The flush is in ClickHouse: its positions are the new progress, and groups beyond the bound may go."""
        self._positions.update(flush.positions)
        while len(self._groups) > self._max_groups:
            self._groups.popitem(last=False)

    def _load_missing(self, taken: Sequence[Read]) -> None:
        """Groups a batch needs that are not in memory, as of the stored progress: the batch is applied after it."""
        events = [(one.partition, one.event) for one in taken if one.event and one.event.kind != MessageKind.CANARY]
        needed = {GroupKey(event.form, event.period, partition) for partition, event in events}
        if missing := sorted(needed - self._groups.keys()):
            self._groups.update(self._load(missing, self._positions))

    def _decide(self, read: Read, event: Event, batch: _Batch) -> None:
        key = GroupKey(event.form, event.period, read.partition)
        group = self._groups[key]
        if key not in batch.touched:
            self._groups.move_to_end(key)
        batch.touched[key] = read.known_ms
        decided = group.decide(event)
        batch.decisions[decided.decision] += 1
        if decided.decision is not Decision.DUPLICATE:
            batch.decided.append(DecidedMessage(read.partition, read.position, read.known_ms, event, decided))
        if event.tell:
            outcome = (read.position, int(decided.decision), decided.revision)
            batch.told.setdefault(read.partition, []).append(outcome)

    def _settled(self, batch: _Batch) -> Flush:
        cells, changed = [], dict[int, list[tuple[str, str, list[str]]]]()
        for key, known_ms in batch.touched.items():
            group = self._groups[key]
            rows = group.settle()
            if not len(rows):
                continue
            areas = [group.area_ids[row] for row in rows]
            version = batch.positions[key.partition]
            cells.append(
                Cells(
                    key.form, key.period, key.partition, version, known_ms, areas, group.units[rows], group.totals[rows]
                )
            )
            changed.setdefault(key.partition, []).append((key.form, key.period, areas))
        progress = [Progress(p, position, batch.newest[p]) for p, position in batch.positions.items()]
        return Flush(
            submission_table(batch.decided),
            rollup_table(cells, progress),
            batch.decisions,
            changed,
            batch.told,
            batch.positions,
            batch.canaries,
        )
