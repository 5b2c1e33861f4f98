"""Cells of one moment, which goes on with each change that is announced.

    now = Followed(cells, progress)
    let_go = now.hear(change)

What a change tells of each report that moved is taken off the totals it was in, and added to those it is in now, as the
fold did it (chitieu.domain.rollup): exact, without a look at the database. A cell of which only the name is told is let
go. Every total of a report follows at once, so that areas are the sums of those below them at every moment.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chitieu.adapters.clickhouse.cells import REVISIONS, Own, Seen, with_report
from chitieu.adapters.clock import appended_at
from chitieu.contracts.events import Change, Changed, Moved, Step
from chitieu.domain.inquiry import CellKey
from chitieu.domain.rollup import Cell, Decision, Report
from services.api.queries import Progress


@dataclass(slots=True)
class Held:
    """A cell (None: there is none), with what tells its version, and the area's own report.

    `used`: somebody has asked for it since it was read.
    """

    cell: Cell | None
    seen: Seen | None
    own: Own | None
    used: bool = False

    def add(self, difference: Cell) -> None:
        """To the total of what is below the area."""
        # A cell of its own: who was told of the old one goes on to read it.
        cell = Cell()
        if self.cell is not None:
            cell.merge(self.cell)
        cell.merge(difference)
        self.cell = cell

    def written(self, partition: int, position: int) -> None:
        """There is a total of the area as of a partition's position."""
        parts, own = self.seen or ((), None)
        self.seen = tuple(sorted({**dict(parts), partition: position}.items())), own
        self.cell = self.cell or Cell()

    def revise(self, report: Report | None, position: int) -> None:
        """The area reported something else itself (None: took it back)."""
        parts, _ = self.seen or ((), None)
        total = self.cell if parts else None
        if total is not None and self.own is not None and self.own[0] is not None:
            total = with_report(total, self.own[0], -1)
        self.cell = total if report is None else with_report(total, report)
        self.own = report, position
        self.seen = parts, position


class Followed:
    """`progress` is the moment: by partition up to which position all is in the cells."""

    def __init__(self, cells: Mapping[CellKey, Held] | None = None, progress: Progress | None = None) -> None:
        self.cells: OrderedDict[CellKey, Held] = OrderedDict(cells or {})
        self.progress = progress or Progress()

    def reaches(self, progress: Progress) -> bool:
        """Is it no earlier than another moment?"""
        return all(self._at(partition) >= position for partition, position in progress.positions.items())

    def join(self, other: "Followed") -> None:
        """Hold others, of the same moment, too; while nothing is held, of whatever moment."""
        self.cells.update(other.cells)
        known_at = _later(self.progress.known_at, other.progress.known_at)
        self.progress = Progress({**self.progress.positions, **other.progress.positions}, known_at)

    def misses(self, said: Change) -> bool:
        """Was something before a change never heard?"""
        known = self.cells or said.partition in self.progress.positions
        return bool(known) and said.since is not None and said.since > self._at(said.partition)

    def hear(self, said: Change) -> Mapping[CellKey, Held]:
        """The next change of a partition. Returns what can't follow it, and is held no longer."""
        at = self._at(said.partition)
        if said.position <= at:
            return {}
        let_go: Iterable[CellKey] = ()
        if said.reports is not None and said.since == at:
            self._follow(said, said.reports)
        elif self.misses(said):
            let_go = list(self.cells)
        else:
            # Two workers may have cut the log differently, while one of them did not know of the other.
            let_go = {*named(said.changed), *named(said.revised)} & self.cells.keys()
        if not said.more:
            self.progress = Progress(
                {**self.progress.positions, said.partition: said.position},
                _later(self.progress.known_at, appended_at(said.known_ms) if said.known_ms else None),
            )
        return {key: self.cells.pop(key) for key in let_go}

    def _at(self, partition: int) -> int:
        return self.progress.positions.get(partition, 0)

    def _follow(self, said: Change, reports: Iterable[Moved]) -> None:
        for key in named(said.changed):
            if (held := self.cells.get(key)) is not None:
                held.written(said.partition, said.position)
        # Of a process that nobody asks for figures, nothing is added up.
        for one in reports if self.cells else ():
            for path, difference in _differences(one):
                for area in path:
                    if (held := self.cells.get((one.form, one.period, area))) is not None:
                        held.add(difference)
            revised = _revision(one.steps)
            if revised is not None and (held := self.cells.get((one.form, one.period, one.unit))) is not None:
                held.revise(_report(revised), revised.position)


def _later(*instants: datetime | None) -> datetime | None:
    return max((one for one in instants if one is not None), default=None)


def named(some: Iterable[Changed]) -> Iterator[CellKey]:
    return ((form, period, area) for form, period, areas in some for area in areas)


def _differences(one: Moved) -> Iterator[tuple[Sequence[str], Cell]]:
    """What is to be added in which areas."""
    now = None if one.path is None else _now(one)
    stays = one.before is not None and one.path == one.before.path
    difference = Cell()
    if one.before is not None:
        difference.add(_said(one.before.packed, one.before.states), -1)
        if not stays:
            yield one.before.path, difference
            difference = Cell()
    if now is not None and one.path is not None:
        difference.add(now, +1)
        yield one.path, difference


def _now(one: Moved) -> Report:
    """What a report says that counts."""
    revised = _revision(one.steps)
    if revised is not None and (report := _report(revised)) is not None:
        return report
    assert one.before is not None, "what never said anything counts nowhere"
    return _said(one.before.packed, one.before.states)


def _revision(steps: Sequence[Step]) -> Step | None:
    return next((step for step in reversed(steps) if step.decision in REVISIONS), None)


def _report(step: Step) -> Report | None:
    return _said(step.packed, step.states) if step.decision == Decision.ACCEPTED else None


def _said(packed: bytes, states: bytes) -> Report:
    return Report(values=memoryview(packed).cast("q").tolist(), states=list(states))
