"""The fold at work: batches of the log in, rows for ClickHouse out.

Everything here runs in one thread at a time and is a function of the log: if a batch's rows do not reach ClickHouse,
the whole state is dropped and the log is read again from the stored progress.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from chitieu.contracts.events import Event
from chitieu.contracts.rows import CellRow, SubmissionRow, progress_row
from chitieu.domain.rollup import Decision, Group, MessageKind
from services.aggregate.intake import Read
from services.aggregate.queries import GroupKey

Load = Callable[[GroupKey, int], Group]


@dataclass(slots=True)
class Flush:
    """One batch's outcome: `submissions` go in first, then `rollup` (cells and progress together), then it is said."""

    submissions: list[SubmissionRow] = field(default_factory=list)
    rollup: list[CellRow] = field(default_factory=list)
    decisions: dict[Decision, int] = field(default_factory=dict)
    changed: dict[int, list[tuple[str, str, list[str]]]] = field(default_factory=dict)
    told: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)
    positions: dict[int, int] = field(default_factory=dict)
    canaries: int = 0


class Fold:
    """Groups of the partitions held, least recently used first, and the position each partition stands at."""

    def __init__(self, load: Load, max_groups: int) -> None:
        self._load = load
        self._max_groups = max_groups
        self._groups: OrderedDict[GroupKey, Group] = OrderedDict()
        self._positions: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._groups)

    def assign(self, positions: dict[int, int]) -> None:
        """Begin with these partitions, each at the position it reads next. Whatever was held before is forgotten."""
        self._groups.clear()
        self._positions = dict(positions)

    def fold(self, batch: Sequence[Read]) -> Flush:
        """Decide every message of a batch, in order within each partition. Records already folded are passed over."""
        flush = Flush()
        touched: dict[GroupKey, datetime] = {}
        newest: dict[int, datetime] = {}
        for read in batch:
            # A producer's retry after a leader change may be handed out twice; the position says so.
            if read.position < flush.positions.get(read.partition, self._positions[read.partition]):
                continue
            flush.positions[read.partition] = read.position + 1
            newest[read.partition] = read.known_at
            if read.event is None:
                continue
            if read.event.kind == MessageKind.CANARY:
                flush.canaries += 1
                continue
            touched[self._decide(read, read.event, flush)] = read.known_at
        self._collect_cells(touched, flush)
        flush.rollup += [progress_row(p, position, newest[p]) for p, position in flush.positions.items()]
        return flush

    def flushed(self, flush: Flush) -> None:
        """The flush is in ClickHouse: its positions are the new progress, and groups beyond the bound may go."""
        self._positions.update(flush.positions)
        while len(self._groups) > self._max_groups:
            self._groups.popitem(last=False)

    def _decide(self, read: Read, event: Event, flush: Flush) -> GroupKey:
        key = GroupKey(event.form, event.period, read.partition)
        group = self._groups.get(key)
        if group is None:
            # Loaded as of the stored progress: messages of this batch are applied after it, like any others.
            group = self._groups[key] = self._load(key, self._positions[read.partition])
        self._groups.move_to_end(key)
        decided = group.apply(event)
        flush.decisions[decided.decision] = flush.decisions.get(decided.decision, 0) + 1
        if decided.decision is not Decision.DUPLICATE:
            flush.submissions.append(SubmissionRow(read.partition, read.position, event, decided, read.known_at))
        if event.tell:
            outcome = (read.position, int(decided.decision), decided.revision)
            flush.told.setdefault(read.partition, []).append(outcome)
        return key

    def _collect_cells(self, touched: dict[GroupKey, datetime], flush: Flush) -> None:
        for key, known_at in touched.items():
            version = flush.positions[key.partition]
            dirty = self._groups[key].take_dirty()
            flush.rollup += [
                CellRow(key.form, key.period, area, key.partition, version, cell, known_at)
                for area, cell in dirty.items()
            ]
            if dirty:
                flush.changed.setdefault(key.partition, []).append((key.form, key.period, list(dirty)))
