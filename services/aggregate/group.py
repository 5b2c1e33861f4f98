"""The running fold of one (form, period) in one partition: `chitieu.domain.rollup.Group`, on arrays.

Decisions are taken message by message, because each depends on the one before; figures are not: of all that a batch
says about a unit only what it said before and after matters to the totals. So a batch ends in one subtraction of
matrices and one sum per area. Measured: see bench/. Proved equal to the plain fold by tests/unit/test_group.py.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, compress
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt

from chitieu.contracts.events import Event
from chitieu.domain.errors import Corruption
from chitieu.domain.rollup import Decided, Decision, MessageKind, ValueState

Int64s = npt.NDArray[np.int64]
Path = tuple[int, ...]
Number = TypeVar("Number", bound=np.generic)
_START_ROWS = 16
# Looking a member up on its enumeration costs more than the comparison it is for, a few times a message.
_MOVE, _RETRACTION = int(MessageKind.MOVE), int(MessageKind.RETRACTION)
_ACCEPTED, _RETRACTED = Decision.ACCEPTED, Decision.RETRACTED


class ArrayGroup:
    """A row per unit, a row per area. Totals are `[area, kind, field]`, kinds being sum, reported, not applicable."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        self._revision: list[int] = []
        self._content: list[bytes | None] = []
        self._path: list[Path] = []
        self._path_release: list[int] = []
        self._seen: dict[bytes, bytes] = {}
        self._conflicted: set[bytes] = set()
        self._values = np.zeros((_START_ROWS, 0), np.int64)
        self._states = np.zeros((_START_ROWS, 0), np.uint8)
        self._areas: dict[str, int] = {}
        self.area_ids: list[str] = []
        self.units = np.zeros(_START_ROWS, np.int64)
        self.totals = np.zeros((_START_ROWS, 3, 0), np.int64)
        # What the batch at hand did: row -> (in force before it? along which path?), and row -> its last message.
        self._before: dict[int, tuple[bool, Path]] = {}
        self._after: dict[int, Event] = {}

    @classmethod
    def load(cls, stored: Iterable[tuple[Event, Decided]]) -> "ArrayGroup":
        """Rebuild a group from its stored messages in log order; Corruption if one would be decided otherwise now."""
        group = cls()
        for message, was in stored:
            now = group.decide(message)
            if now != was:
                raise Corruption(
                    f"{message.form} {message.period} unit {message.unit}: stored as {was.decision.word} (revision "
                    f"{was.revision}), decided again as {now.decision.word} (revision {now.revision})"
                )
        group.settle()
        return group

    # Decisions: the rules of chitieu.domain.rollup, on this group's rows

    def decide(self, message: Event) -> Decided:
        """Decide about a message. Its figures count once `settle` is called."""
        row = self._rows.get(message.unit)
        if row is None:
            row = self._new_row(message.unit)
        if message.kind == _MOVE:
            return self._move(row, message)
        refusal = self._refusal(row, message)
        if refusal is not None:
            return Decided(refusal, self._revision[row])
        if row not in self._before:
            self._before[row] = (self._content[row] is not None, self._path[row])
        revision = self._revision[row] = self._revision[row] + 1
        self._after[row] = message
        if message.kind == _RETRACTION:
            # A retraction carries no values: it is written over the row like any other message.
            self._content[row] = None
            return Decided(_RETRACTED, revision)
        self._content[row] = message.content
        # A report validated under an older tree than a move that overtook it counts where the move put it.
        if message.release >= self._path_release[row]:
            self._place(row, message)
        return Decided(_ACCEPTED, revision)

    def _refusal(self, row: int, message: Event) -> Decision | None:
        # A unit's id has no fixed length, but the submission before it has: no two pairs make the same key.
        key = message.submission + message.unit.encode()
        content = self._seen.get(key)
        if content is not None:
            if content != message.content:
                return Decision.KEY_REUSED
            return Decision.CONFLICT if key in self._conflicted else Decision.DUPLICATE
        self._seen[key] = message.content
        if message.replaces is not None and message.replaces != self._revision[row]:
            self._conflicted.add(key)
            return Decision.CONFLICT
        if message.kind == _RETRACTION:
            return Decision.UNCHANGED if self._content[row] is None else None
        return Decision.UNCHANGED if self._content[row] == message.content else None

    def _move(self, row: int, message: Event) -> Decided:
        if message.release <= self._path_release[row]:
            return Decided(Decision.UNCHANGED, self._revision[row])
        if row not in self._before:
            self._before[row] = (self._content[row] is not None, self._path[row])
        self._place(row, message)
        return Decided(Decision.MOVED, self._revision[row])

    def _place(self, row: int, message: Event) -> None:
        known = tuple(map(self._areas.get, message.path))
        self._path[row] = tuple(map(self._area, message.path)) if None in known else cast(Path, known)
        self._path_release[row] = message.release

    def _new_row(self, unit: str) -> int:
        row = self._rows[unit] = len(self._rows)
        self._revision.append(0)
        self._content.append(None)
        self._path.append(())
        self._path_release.append(-1)
        if row >= len(self._values):
            self._values, self._states = _doubled(self._values), _doubled(self._states)
        return row

    def _area(self, area: str) -> int:
        at = self._areas.get(area)
        if at is None:
            at = self._areas[area] = len(self.area_ids)
            self.area_ids.append(area)
            if at >= len(self.units):
                self.units, self.totals = _doubled(self.units), _doubled(self.totals)
        return at

    # Figures

    def settle(self) -> Int64s:
        """Carry what was decided since the last call up the paths; returns the rows of areas whose totals changed."""
        rows = list(self._before)
        if not rows:
            return np.empty(0, np.int64)
        was = np.array([in_force for in_force, _ in self._before.values()])
        old_paths = [path for _, path in self._before.values()]
        now = np.array([self._content[row] is not None for row in rows])
        paths = [self._path[row] for row in rows]
        old = self._figures(rows) if was.any() else None
        self._write_values()
        new = self._figures(rows)
        self._before.clear()
        self._after.clear()
        if old is None:
            return self._add(new[now], now[now].astype(np.int64), list(compress(paths, now)))
        # Along a path that stayed goes the difference; where it changed, the old is taken away and the new is added.
        old = _widened(old, new.shape[2])
        moved = [i for i in range(len(rows)) if was[i] and old_paths[i] != paths[i]]
        figures = np.concatenate([new - old, -old[moved]])
        figures[moved] = new[moved]
        units = np.concatenate([now.astype(np.int64) - was, np.full(len(moved), -1)])
        units[moved] = now[moved]
        counts = np.concatenate([was | now, np.ones(len(moved), bool)])
        return self._add(figures[counts], units[counts], list(compress(paths + [old_paths[i] for i in moved], counts)))

    def _figures(self, rows: Sequence[int]) -> Int64s:
        """What the reports of some rows add to each area above them: `[row, kind, field]`, zeros if not in force."""
        states = self._states[rows]
        figures = np.empty((len(rows), 3, states.shape[1]), np.int64)
        figures[:, 0] = self._values[rows]
        np.equal(states, ValueState.REPORTED, out=figures[:, 1], casting="unsafe")
        np.equal(states, ValueState.NOT_APPLICABLE, out=figures[:, 2], casting="unsafe")
        return figures

    def _write_values(self) -> None:
        """Put each row's last message into the matrices; a retracted row says nothing."""
        if not self._after:
            return
        width = max(len(message.states) for message in self._after.values())
        if width > self._values.shape[1]:
            self._values, self._states = _widened(self._values, width), _widened(self._states, width)
            self.totals = _widened(self.totals, width)
        fields = self._values.shape[1]
        rows = list(self._after)
        packed = b"".join(message.packed.ljust(8 * fields, b"\0") for message in self._after.values())
        states = b"".join(message.states.ljust(fields, b"\0") for message in self._after.values())
        self._values[rows] = np.frombuffer(packed, np.int64).reshape(len(rows), fields)
        self._states[rows] = np.frombuffer(states, np.uint8).reshape(len(rows), fields)

    def _add(self, figures: Int64s, units: Int64s, paths: Sequence[Path]) -> Int64s:
        """Add each row of figures to every area of its path; returns the areas, each once."""
        if not paths:
            return np.empty(0, np.int64)
        lengths = np.fromiter(map(len, paths), np.int64, len(paths))
        areas = np.fromiter(chain.from_iterable(paths), np.int64, int(lengths.sum()))
        order = np.argsort(areas, kind="stable")
        areas, source = areas[order], np.repeat(np.arange(len(paths)), lengths)[order]
        starts = np.flatnonzero(np.r_[True, areas[1:] != areas[:-1]])
        changed = areas[starts]
        self.totals[changed] += np.add.reduceat(figures[source], starts, axis=0)
        self.units[changed] += np.add.reduceat(units[source], starts)
        return changed


def _doubled(matrix: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """Twice as many rows, the new ones zero."""
    return np.concatenate([matrix, np.zeros_like(matrix)])


def _widened(matrix: npt.NDArray[Number], width: int) -> npt.NDArray[Number]:
    """The same rows with their last axis made `width` long, the new fields zero."""
    missing = [(0, 0)] * (matrix.ndim - 1) + [(0, width - matrix.shape[-1])]
    return np.pad(matrix, missing) if width > matrix.shape[-1] else matrix
