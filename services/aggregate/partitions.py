"""The partitions held: records of the log in, flushes for ClickHouse out, and the groups in memory in between.

    partitions.assign({0: 17}, groups)     # what is below position 17 is stored, and which groups it is about
    batch = partitions.sort_out(reads)     # as often as there is something to read
    partitions.recall(stored(batch.absent, partitions.positions))
    partitions.take(batch)                 # decide
    partitions.work_off(500)               # if that many are decided: make rows and totals of them already
    flush = partitions.flush()             # what there is to write since the last flush
    partitions.flushed(flush)              # … once it is written

All of it is a function of the log: if a flush does not reach ClickHouse, the whole state is dropped and the log is
read again from the stored progress. Messages may be taken, and the next flush made, while one is on its way.
"""

from collections import Counter, OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from chitieu.contracts.events import Changed, Event, Moved, Step
from chitieu.contracts.rows import (
    SUBMISSION,
    Cells,
    DecidedMessages,
    Progress,
    rollup_table,
    submission_table,
)
from chitieu.domain.errors import Corruption
from chitieu.domain.rollup import Decision, MessageKind
from services.aggregate.fold import FormFold, Group, Int64s
from services.aggregate.intake import Read
from services.aggregate.queries import GroupKey, Stored

Told = tuple[int, int, int]

_CANARY = int(MessageKind.CANARY)
_REVISIONS = frozenset((Decision.ACCEPTED, Decision.RETRACTED))
_MOVING = _REVISIONS | {Decision.MOVED}


@dataclass(slots=True)
class Flush:
    """What to write: `submissions` go in first, then `rollup` (cells and progress together), then it is said.

    `changed`, `revised`, `told`, `reports`, `begins` and `positions` are by partition, as `contracts.events.Change`
    carries them; `newest` is the append time of the newest message (Unix ms). `dead`: by reason, how many messages are
    no events. `messages` counts everything read: decided, canaries and dead.
    """

    submissions: pa.Table
    rollup: pa.Table
    decisions: Counter[Decision]
    changed: dict[int, list[Changed]]
    revised: dict[int, list[Changed]]
    told: dict[int, list[Told]]
    reports: dict[int, list[Moved]] | None
    begins: dict[int, int]
    positions: dict[int, int]
    newest: dict[int, int]
    dead: Counter[str]
    canaries: int
    messages: int
    groups: Collection[GroupKey]


@dataclass(slots=True)
class Batch:
    """Messages by the group they belong to, in log order, and the groups to recall before they can be taken.

    `positions` (to read next) and `newest` (append time of the newest message, Unix ms) are by partition.
    """

    groups: dict[GroupKey, list[Read]] = field(default_factory=dict)
    absent: list[GroupKey] = field(default_factory=list)
    positions: dict[int, int] = field(default_factory=dict)
    newest: dict[int, int] = field(default_factory=dict)
    dead: Counter[str] = field(default_factory=Counter)
    canaries: int = 0
    messages: int = 0


@dataclass(slots=True)
class _Since:
    """What came in since the last flush. `newest`: append time (Unix ms) of the newest message, by partition, by group.

    `begins`: the position that each partition was at. `revised`: the units whose own report changed, by group. `cells`:
    those that changed, by form.
    """

    begins: dict[int, int] = field(default_factory=dict)
    positions: dict[int, int] = field(default_factory=dict)
    newest: dict[int, int] = field(default_factory=dict)
    newest_of: dict[GroupKey, int] = field(default_factory=dict)
    decided: DecidedMessages = field(default_factory=DecidedMessages)
    submissions: list[pa.Table] = field(default_factory=list)
    decisions: Counter[Decision] = field(default_factory=Counter)
    told: dict[int, list[Told]] = field(default_factory=dict)
    revised: dict[GroupKey, dict[str, None]] = field(default_factory=dict)
    cells: dict[str, list[Int64s]] = field(default_factory=dict)
    dead: Counter[str] = field(default_factory=Counter)
    canaries: int = 0
    messages: int = 0

    def tabulate(self) -> None:
        """Turn the messages decided so far into rows."""
        self.decisions.update(self.decided.decisions)
        self.submissions.append(submission_table(self.decided.without(Decision.DUPLICATE)))
        self.decided = DecidedMessages()

    def progress(self) -> list[Progress]:
        return [Progress(partition, position, self.newest[partition]) for partition, position in self.positions.items()]

    def changed(self, cells: Iterable[Cells]) -> dict[int, list[Changed]]:
        """By partition: the areas of each form and period whose totals changed."""
        areas: dict[GroupKey, Sequence[str]] = {}
        for one in cells:
            ends = np.searchsorted(one.group_of, np.arange(len(one.periods)), side="right").tolist()
            for period, partition, first, last in zip(one.periods, one.partitions, [0, *ends], ends, strict=False):
                areas[one.form, period, partition] = one.areas[first:last]
        return _by_partition(areas)


class Partitions:
    """The fold of the partitions held, and the `positions` they read next.

    `memory_bytes` bounds what groups take between flushes, about.
    """

    def __init__(self, memory_bytes: int) -> None:
        self._memory_bytes = memory_bytes
        self._forms: dict[str, FormFold] = {}
        self._groups: OrderedDict[GroupKey, Group] = OrderedDict()
        self._sizes: dict[GroupKey, int] = {}
        self.positions: dict[int, int] = {}
        self._stored: set[GroupKey] = set()
        self._unstored: Counter[GroupKey] = Counter()
        self._since = _Since()

    def __len__(self) -> int:
        """Groups in memory."""
        return len(self._groups)

    @property
    def held_bytes(self) -> int:
        """About how much memory the groups take."""
        return sum(self._sizes.values())

    @property
    def waiting(self) -> int:
        """Messages taken since the last flush."""
        return self._since.messages

    def assign(self, positions: Mapping[int, int], stored: Iterable[GroupKey]) -> None:
        """Begin with these partitions, each at the position it reads next: all below it is in ClickHouse.

        Of what is held, the groups of partitions that stand there already stay, whoever folded them meanwhile: they are
        a function of the log. `stored`: every group about which anything is stored; others need no recalling.
        """
        if self.waiting:
            self.forget()
        self._unstored.clear()
        for key in [key for key in self._groups if positions.get(key[2]) != self.positions[key[2]]]:
            self._drop(key)
        self.positions = dict(positions)
        self._stored = set(stored)

    def forget(self) -> None:
        """Hold nothing any more, for whatever reason: all of it can be had again from ClickHouse and the log."""
        self._forms.clear()
        self._groups.clear()
        self._sizes.clear()
        self._unstored.clear()
        self.positions = {}
        self._since = _Since()

    def sort_out(self, reads: Sequence[Read]) -> Batch:
        """What there is to decide. Records already taken are passed over."""
        batch = Batch()
        groups, positions = batch.groups, dict(self.positions)
        for read in reads:
            partition = read.partition
            # A producer's retry after a leader change may be handed out twice; the position says so.
            if read.position < positions[partition]:
                continue
            positions[partition] = read.position + 1
            batch.newest[partition] = read.known_ms
            batch.messages += 1
            event = read.event
            if event is None:
                batch.dead[read.reason] += 1
                continue
            if event.kind == _CANARY:
                batch.canaries += 1
                continue
            key = (event.form, event.period, partition)
            if key in groups:
                groups[key].append(read)
            else:
                groups[key] = [read]
        batch.positions = {partition: positions[partition] for partition in batch.newest}
        batch.absent = sorted(key for key in groups if key in self._stored and key not in self._groups)
        return batch

    def recall(self, absent: Iterable[GroupKey], stored: Iterable[Stored]) -> None:
        """Bring groups back as they stood at the positions read next, from what is stored below them.

        What is not stored yet is in memory, so nothing is missing. Raises Corruption if a stored message would be
        decided otherwise now.
        """
        missing = list(absent)
        for form in {form for form, _, _ in missing}:
            if form in self._forms and self._forms[form].waiting:
                self._settle(form)
        for key in missing:
            self._begin(key)
        for one in stored:
            fold, group = self._forms[one.key[0]], self._groups[one.key]
            decisions, revisions = fold.decide(group, one.events)
            if decisions != one.decisions or revisions != one.revisions:
                raise _corruption(one, decisions, revisions)
            fold.settle()

    def take(self, batch: Batch) -> None:
        """Decide every message, in order within each partition."""
        since = self._since
        decided = since.decided
        for key, reads in batch.groups.items():
            if key in self._groups:
                self._groups.move_to_end(key)
            else:
                self._begin(key)
            events = [read.event for read in reads if read.event is not None]
            decisions, revisions = self._forms[key[0]].decide(self._groups[key], events)
            decided.places += reads
            decided.events += events
            decided.decisions += decisions
            decided.revisions += revisions
            self._note(key, reads, events, decisions, revisions)
        for partition in batch.positions:
            since.begins.setdefault(partition, self.positions[partition])
        since.positions.update(batch.positions)
        since.newest.update(batch.newest)
        since.dead.update(batch.dead)
        since.canaries += batch.canaries
        since.messages += batch.messages
        self.positions.update(batch.positions)

    def work_off(self, least: int) -> None:
        """Turn messages decided into rows and totals, if there are so many, while they are in the processor's cache."""
        if len(self._since.decided.events) >= least:
            self._since.tabulate()
        for form, fold in self._forms.items():
            if fold.waiting >= least:
                self._settle(form)

    def flush(self) -> Flush:
        """Everything taken since the last flush, to be written."""
        reports = self._moved()
        self._since.tabulate()
        touched = self._since.newest_of.keys()
        forms = sorted({form for form, _, _ in touched})
        for form in forms:
            self._settle(form)
        since, self._since = self._since, _Since()
        cells = [self._cells(form, since) for form in forms]
        self._sizes.update({key: self._forms[key[0]].size(self._groups[key]) for key in touched})
        self._unstored.update(touched)
        return Flush(
            pa.concat_tables([SUBMISSION.empty_table(), *since.submissions]),
            rollup_table(cells, since.progress()),
            since.decisions,
            since.changed(cells),
            _by_partition(since.revised),
            since.told,
            reports,
            since.begins,
            since.positions,
            since.newest,
            since.dead,
            since.canaries,
            since.messages,
            touched,
        )

    def flushed(self, flush: Flush) -> None:
        """The flush is in ClickHouse: its groups may leave memory, unless a message not yet stored touched them."""
        self._unstored.subtract(flush.groups)
        excess = self.held_bytes - self._memory_bytes
        for key in [key for key in self._groups if not self._unstored[key] and key not in self._since.newest_of]:
            if excess <= 0:
                break
            excess -= self._sizes[key]
            del self._unstored[key]
            self._drop(key)
            self._stored.add(key)

    def _moved(self) -> dict[int, list[Moved]] | None:
        """What became of each report since the last flush; None if there were so many that some are worked off."""
        if self._since.submissions or self._since.cells:
            return None
        decided = self._since.decided
        steps: dict[tuple[GroupKey, str], list[Step]] = {}
        for at, event, decision in zip(decided.places, decided.events, decided.decisions, strict=True):
            if decision in _MOVING:
                known = at.position, int(decision), event.release, event.path, at.known_ms
                step = Step(*known, event.packed, event.states, event.reason)
                steps.setdefault(((event.form, event.period, at.partition), event.unit), []).append(step)
        found: dict[int, list[Moved]] = {}
        for (key, unit), some in steps.items():
            form, period, partition = key
            moved = Moved(form, period, unit, *self._forms[form].moved(self._groups[key], unit), some)
            found.setdefault(partition, []).append(moved)
        return found

    def _note(
        self,
        key: GroupKey,
        reads: Sequence[Read],
        events: Sequence[Event],
        decisions: Sequence[Decision],
        revisions: Sequence[int],
    ) -> None:
        """What the world is to hear of a group's messages (columns of one length)."""
        since = self._since
        since.newest_of[key] = reads[-1].known_ms
        counted = [event.unit for event, decision in zip(events, decisions, strict=True) if decision in _REVISIONS]
        since.revised.setdefault(key, {}).update(dict.fromkeys(counted))
        for at in [at for at, event in enumerate(events) if event.tell]:
            told = (reads[at].position, int(decisions[at]), revisions[at])
            since.told.setdefault(key[2], []).append(told)

    def _drop(self, key: GroupKey) -> None:
        self._forms[key[0]].drop(self._groups.pop(key))
        del self._sizes[key]

    def _begin(self, key: GroupKey) -> None:
        form, period, partition = key
        self._groups[key] = self._forms.setdefault(form, FormFold()).begin(period, partition)

    def _settle(self, form: str) -> None:
        """Carry what was decided up the paths, and remember which cells changed."""
        fold = self._forms.setdefault(form, FormFold())
        self._since.cells.setdefault(form, []).append(fold.settle())

    def _cells(self, form: str, since: _Since) -> Cells:
        """A form's changed cells, as they are to be written."""
        fold = self._forms[form]
        changed = np.unique(np.concatenate(since.cells[form]))
        numbers, group_of = np.unique(fold.group_of[changed], return_inverse=True)
        order = group_of.argsort(kind="stable")
        changed, group_of = changed[order], group_of[order]
        groups = [fold.group(number) for number in numbers.tolist()]
        return Cells(
            form,
            [group.period for group in groups],
            [group.partition for group in groups],
            [since.positions[group.partition] for group in groups],
            [since.newest_of[form, group.period, group.partition] for group in groups],
            group_of,
            [fold.areas[cell] for cell in changed.tolist()],
            fold.units[changed],
            *fold.figures(changed),
        )


def _by_partition(areas: Mapping[GroupKey, Iterable[str]]) -> dict[int, list[Changed]]:
    found: dict[int, list[Changed]] = {}
    for (form, period, partition), named in areas.items():
        if some := list(named):
            found.setdefault(partition, []).append((form, period, some))
    return found


def _corruption(stored: Stored, decisions: Sequence[Decision], revisions: Sequence[int]) -> Corruption:
    """The first stored decision that the rules would not take again."""
    form, period, _ = stored.key
    was = zip(stored.decisions, stored.revisions, strict=True)
    now = zip(decisions, revisions, strict=True)
    event, before, after = next((e, w, n) for e, w, n in zip(stored.events, was, now, strict=True) if w != n)
    return Corruption(
        f"{form} {period} unit {event.unit}: stored as {before[0].word} (revision {before[1]}), "
        f"decided again as {after[0].word} (revision {after[1]})"
    )
