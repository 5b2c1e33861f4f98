"""The array fold: `chitieu.domain.rollup`, for all groups of one form in the partitions held, on arrays.

Decisions are taken message by message, because each depends on the one before. Figures are not: of all that a batch
says about a unit, only what it said before and after matters to the totals. So a batch ends in one subtraction of
matrices and one sum per area, however many groups it touches. Measured: see bench/. Proved equal to the plain fold by
tests/unit/test_array_fold.py.

    decisions, revisions = form.decide(group, events)     # for each group of the batch
    form.settle()                                         # once: the areas whose totals changed
"""

import sys
from collections.abc import Collection, Sequence, Sized
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from chitieu.contracts.events import Event, Stood
from chitieu.domain.rollup import Decision, MessageKind, ValueState

Int64s = npt.NDArray[np.int64]
Counts = npt.NDArray[np.uint32]
Number = TypeVar("Number", bound=np.generic)

# By how much to grow, at least and at most: the event loop is held for as long as it takes to make room.
_FEWEST, _MOST = 64, 8_192
_NONE = -1
# What a group takes beside its numbers: interned names, dictionary entries, a submission's id and content (bytes).
_ROW_BYTES, _CELL_BYTES, _SEEN_BYTES = 300, 250, 300
# Looking a member up on its enumeration costs more than the comparison it is for, a few times a message.
_MOVE, _RETRACTION = int(MessageKind.MOVE), int(MessageKind.RETRACTION)
_ACCEPTED, _RETRACTED, _UNCHANGED = Decision.ACCEPTED, Decision.RETRACTED, Decision.UNCHANGED
_DUPLICATE, _CONFLICT = Decision.DUPLICATE, Decision.CONFLICT
# By state, what a field adds to the two counts. They are one number, of which each has a half: a sum less to make.
_COUNTED = np.zeros(len(ValueState), np.int64)
_COUNTED[[ValueState.REPORTED, ValueState.NOT_APPLICABLE]] = 1, 1 << 32


@dataclass(slots=True, eq=False)
class Group:
    """Reports of one (form, period) in one partition: which row, place and cell is whose, and the submissions seen."""

    period: str
    partition: int
    number: int
    rows: dict[str, int] = field(default_factory=dict)
    places: dict[tuple[str, ...], int] = field(default_factory=dict)
    cells: dict[str, int] = field(default_factory=dict)
    seen: dict[bytes, bytes] = field(default_factory=dict)
    conflicted: set[bytes] = field(default_factory=set)


class FormFold:
    """A row per report, a cell per area above one, a place per path to them; those of all groups intermixed.

    By row: `values` and `states` `[row, field]`. By cell: `units`, and sums and counts `[cell, 2, field]`. By place:
    the cells of its areas `[place, level]`, nation first, 0 beyond (there is no cell 0).
    """

    def __init__(self) -> None:
        self._groups: dict[int, Group] = {}
        self._free_numbers: list[int] = []
        self._free_rows: list[int] = []
        self._revision: list[int] = []
        self._content: list[bytes | None] = []
        self._place: list[int] = []
        self._place_release: list[int] = []
        self._values = np.zeros((0, 0), np.int64)
        self._states = np.zeros((0, 0), np.uint8)
        # A path stands in a group of each period: it is kept once.
        self._paths: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._free_places: list[int] = []
        # One level at least: above the nation, which may report as well, there is none.
        self._levels = np.zeros((0, 1), np.int32)
        self._free_cells: list[int] = []
        self.areas: list[str] = [""]
        self.group_of = np.zeros(1, np.int32)
        self.units = np.zeros(1, np.int64)
        self._totals = np.zeros((1, 2, 0), np.int64)
        # Since `settle`: row -> where it counted before (-1: nowhere), row -> its last message, new places, and those
        # where one counted meanwhile.
        self._before: dict[int, int] = {}
        self._after: dict[int, Event] = {}
        self._placed: dict[int, list[int]] = {}
        self._passed: set[int] = set()

    # Groups

    def begin(self, period: str, partition: int) -> Group:
        """A new group, without reports."""
        number = self._free_numbers.pop() if self._free_numbers else len(self._groups)
        group = self._groups[number] = Group(period, partition, number)
        return group

    def drop(self, group: Group) -> None:
        """Forget a group; its rows, places and cells are used again."""
        del self._groups[group.number]
        rows, cells = list(group.rows.values()), list(group.cells.values())
        for row in rows:
            self._revision[row], self._content[row] = 0, None
            self._place[row] = self._place_release[row] = _NONE
        self._values[rows], self._states[rows] = 0, 0
        self.units[cells], self._totals[cells] = 0, 0
        self._free_numbers.append(group.number)
        self._free_rows += rows
        self._free_places += group.places.values()
        self._free_cells += cells

    def group(self, number: int) -> Group:
        """The group of a number, as `group_of` tells it for a cell."""
        return self._groups[number]

    def size(self, group: Group) -> int:
        """About how many bytes a group takes."""
        fields = self._values.shape[1]
        rows = len(group.rows) * (9 * fields + _ROW_BYTES)
        return rows + len(group.cells) * (16 * fields + _CELL_BYTES) + len(group.seen) * _SEEN_BYTES

    # Decisions: the rules of chitieu.domain.rollup, on this form's rows

    def decide(self, group: Group, messages: Collection[Event]) -> tuple[list[Decision], list[int]]:
        """Decide about a group's messages in log order: each one's decision, and the report's revision after it.

        Their figures count once `settle` is called.
        """
        decisions, revisions = [], []
        rows, revision = group.rows, self._revision
        for message in messages:
            row = rows.get(message.unit)
            if row is None:
                row = self._new_row(group, message.unit)
            if message.kind == _MOVE:
                decision = self._move(group, row, message)
            else:
                decision = self._refusal(group, row, message) or self._take(group, row, message)
            decisions.append(decision)
            revisions.append(revision[row])
        return decisions, revisions

    def _refusal(self, group: Group, row: int, message: Event) -> Decision | None:
        # A unit's id has no fixed length, but the submission before it has: no two pairs make the same key.
        key, content = message.submission + message.unit.encode(), message.content
        seen = group.seen.get(key)
        if seen is not None:
            if seen != content:
                return Decision.KEY_REUSED
            return _CONFLICT if key in group.conflicted else _DUPLICATE
        group.seen[key] = content
        if message.replaces is not None and message.replaces != self._revision[row]:
            group.conflicted.add(key)
            return _CONFLICT
        current = self._content[row]
        if message.kind == _RETRACTION:
            return _UNCHANGED if current is None else None
        return _UNCHANGED if current == content else None

    def _take(self, group: Group, row: int, message: Event) -> Decision:
        self._remember(row)
        self._revision[row] += 1
        # A retraction carries no values: it is written over the row like any other message.
        self._after[row] = message
        if message.kind == _RETRACTION:
            self._content[row] = None
            return _RETRACTED
        self._content[row] = message.content
        # A report validated under an older tree than a move that overtook it counts where the move put it.
        if message.release >= self._place_release[row]:
            self._put(group, row, message)
        return _ACCEPTED

    def _move(self, group: Group, row: int, message: Event) -> Decision:
        if message.release <= self._place_release[row]:
            return _UNCHANGED
        self._remember(row)
        self._put(group, row, message)
        return Decision.MOVED

    def _remember(self, row: int) -> None:
        """Where the report counted before this batch, or else where it did between two messages of it."""
        counts = _NONE if self._content[row] is None else self._place[row]
        if row not in self._before:
            self._before[row] = counts
        elif counts != _NONE:
            self._passed.add(counts)

    def _put(self, group: Group, row: int, message: Event) -> None:
        """The report counts in the areas above its unit, by the message's tree."""
        above = message.path[:-1]
        place = group.places.get(above)
        self._place[row] = self._new_place(group, above) if place is None else place
        self._place_release[row] = message.release

    # New rows, places and cells. A unit's name stands in many groups: interned, it is kept once.

    def _new_row(self, group: Group, unit: str) -> int:
        if not self._free_rows:
            more = _more(self._revision)
            self._free_rows += reversed(range(len(self._revision), len(self._revision) + more))
            self._revision += [0] * more
            self._content += [None] * more
            self._place += [_NONE] * more
            self._place_release += [_NONE] * more
            _lengthen(more, self._values, self._states)
        row = group.rows[sys.intern(unit)] = self._free_rows.pop()
        return row

    def _new_place(self, group: Group, above: tuple[str, ...]) -> int:
        if not self._free_places:
            more = _more(self._levels)
            self._free_places += reversed(range(len(self._levels), len(self._levels) + more))
            _lengthen(more, self._levels)
        place = self._free_places.pop()
        above, known = self._paths.setdefault(above, above), group.cells
        self._placed[place] = [known.get(area) or self._new_cell(group, area) for area in above]
        group.places[above] = place
        return place

    def _new_cell(self, group: Group, area: str) -> int:
        if not self._free_cells:
            more = _more(self.areas)
            self._free_cells += reversed(range(len(self.areas), len(self.areas) + more))
            self.areas += [""] * more
            _lengthen(more, self.group_of, self.units, self._totals)
        cell = self._free_cells.pop()
        self.areas[cell] = area
        group.cells[area] = cell
        self.group_of[cell] = group.number
        return cell

    # Figures

    @property
    def waiting(self) -> int:
        """Reports that were decided about since `settle`."""
        return len(self._before)

    def moved(self, group: Group, unit: str) -> tuple[Stood | None, tuple[str, ...] | None]:
        """Of a report that was decided about since `settle`: as what it counted before, and where it counts now."""
        row = group.rows[unit]
        before, stood = self._before[row], None
        if before != _NONE:
            stood = Stood(self._path(before), self._values[row].tobytes(), self._states[row].tobytes())
        return stood, None if self._content[row] is None else self._path(self._place[row])

    def _path(self, place: int) -> tuple[str, ...]:
        cells = self._placed.get(place)
        return tuple([self.areas[cell] for cell in (self._levels[place].tolist() if cells is None else cells) if cell])

    def figures(self, cells: Int64s) -> tuple[Int64s, Counts, Counts]:
        """Sums, and how many units reported each field and do not have it: `[cell, field]` of some cells."""
        totals = self._totals[cells]
        counts = totals[:, 1].view(np.uint32)
        return totals[:, 0], counts[:, ::2], counts[:, 1::2]

    def settle(self) -> Int64s:
        """Carry what was decided since the last call up the paths; returns the cells that changed, ascending.

        Those that changed and are now as before are among them: who folded less of the log at a time, and whose writing
        comes late, wrote what they were in between. A newer version of them must be there.
        """
        content, place = self._content, self._place
        rows = np.fromiter(self._before, np.int64, len(self._before))
        before = np.fromiter(self._before.values(), np.int64, len(rows))
        now = np.array([_NONE if content[row] is None else place[row] for row in self._before], np.int64)
        old = self._said(rows[before >= 0])
        self._write()
        new = self._said(rows[now >= 0])
        self._before.clear()
        # Along a path that stayed goes the difference; where it changed, the old is taken away and the new is added.
        stayed, left = (before == now)[now >= 0], (before != now)[before >= 0]
        old = _wider(old, new.shape[-1])
        new[stayed] -= old[~left]
        units = np.concatenate([(~stayed).astype(np.int64), np.full(left.sum(), -1)])
        places = np.concatenate([now[now >= 0], before[before >= 0][left]])
        changed = self._add(places, np.concatenate([new, -old[left]]), units)
        passed = self._levels[list(self._passed.difference(places.tolist()))]
        self._passed.clear()
        return np.union1d(changed, passed[passed > 0]) if len(passed) else changed

    def _said(self, rows: Int64s) -> Int64s:
        """What some reports add to every area above them: values and counts `[row, 2, field]`."""
        return np.stack([self._values[rows], _COUNTED[self._states[rows]]], axis=1)

    def _write(self) -> None:
        """Put new places and each row's last message into the matrices; a retracted row says nothing."""
        if self._placed:
            self._levels = _wider(self._levels, max(map(len, self._placed.values())))
            depth = self._levels.shape[1]
            cells = chain.from_iterable([*cells, *[0] * (depth - len(cells))] for cells in self._placed.values())
            self._levels[list(self._placed)] = np.fromiter(cells, np.int32).reshape(-1, depth)
            self._placed.clear()
        if not self._after:
            return
        messages, rows = self._after.values(), list(self._after)
        width = max([len(message.states) for message in messages])
        self._values, self._states = _wider(self._values, width), _wider(self._states, width)
        self._totals = _wider(self._totals, width)
        fields = self._values.shape[1]
        self._values[rows] = _matrix([message.packed for message in messages], np.dtype(np.int64), fields)
        self._states[rows] = _matrix([message.states for message in messages], np.dtype(np.uint8), fields)
        self._after.clear()

    def _add(self, places: Int64s, figures: Int64s, units: Int64s) -> Int64s:
        """Add each row of figures to every cell of its place; returns the cells, each once."""
        levels = self._levels[places].ravel()
        order = levels.argsort(kind="stable")[np.count_nonzero(levels == 0) :]
        cells, source = levels[order], order // self._levels.shape[1]
        first = np.diff(cells, prepend=0) != 0
        changed: Int64s = cells[first].astype(np.int64)
        again = cells[~first]
        np.add.at(self.units, cells, units[source])
        # Most cells get one row; a sum of one costs five times as much as the row itself.
        self._totals[changed] += figures[source[first]]
        if len(again):
            starts = np.flatnonzero(np.diff(again, prepend=0))
            self._totals[again[starts]] += np.add.reduceat(figures[source[~first]], starts, axis=0)
        return changed


def _matrix(rows: Sequence[bytes], kind: np.dtype[Number], fields: int) -> npt.NDArray[Number]:
    """Rows of packed numbers as a matrix; a shorter row says nothing about the rest."""
    width = fields * kind.itemsize
    joined = b"".join(rows)
    if len(joined) != len(rows) * width:
        joined = b"".join([row.ljust(width, b"\0") for row in rows])
    return np.frombuffer(joined, kind).reshape(len(rows), fields)


def _more(held: Sized) -> int:
    """By how many rows to grow: half as many again, within limits."""
    return min(max(_FEWEST, len(held) // 2), _MOST)


def _lengthen(more: int, *matrices: npt.NDArray[Any]) -> None:
    """Give matrices some more rows, of zeros, where they stand: nobody keeps a view of them."""
    for matrix in matrices:
        matrix.resize((len(matrix) + more, *matrix.shape[1:]), refcheck=False)


def _wider(matrix: npt.NDArray[Number], width: int) -> npt.NDArray[Number]:
    """The same rows at least `width` long, what is new zero."""
    missing = width - matrix.shape[-1]
    return np.pad(matrix, [*[(0, 0)] * (matrix.ndim - 1), (0, missing)]) if missing > 0 else matrix
