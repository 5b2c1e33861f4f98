"""Many plain reports of one form version, judged together: their figures are one matrix, a rule is a few columns of it.

What is right here is right by `ReportValidator.judge`, with the same values; whatever is not, or does not fit, is left
to it. Of a thousand reports of 30 figures each costs 2 µs, where it costs 8 row by row.
"""

from collections.abc import Iterator, Sequence
from struct import Struct
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from chitieu.domain.layout import Layout
from chitieu.domain.rules import Rules

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Stands in a row where nothing was said.
UNSAID = -1
_LARGEST = 2**63 - 1


class Right(NamedTuple):
    """A report's values, as an event carries them, and how many names they stand under."""

    packed: bytes
    states: bytes
    names: int


class Matrix:
    """One form version, compiled once. A row holds what was said of each field and each total, else UNSAID.

    `fits` unless the form's figures are so large that their sums may not be 64-bit integers.
    """

    def __init__(self, rules: Rules) -> None:
        self._layout = layout = Layout.of(rules)
        self.row = Struct(f"<{layout.fields + len(layout.totals)}q").pack
        self._units = np.array([10**one.scale for one in rules.form.fields], np.int64)
        self._finer = np.array(layout.finer, np.int64)
        self._finest = 10**rules.finest
        self._positions = [list(one.positions) for one in layout.totals]
        self._parts = [part for part, _ in layout.pairs]
        self._wholes = [whole for _, whole in layout.pairs]
        # No number that is made here is larger than the sum of everything.
        most = sum(one.maximum * finer for one, finer in zip(rules.form.fields, layout.finer, strict=True))
        self.fits = most <= _LARGEST

    def judge(self, rows: Sequence[bytes]) -> Iterator[Right | None]:
        """For each packed row, whose figures are known to be in their bounds: None if it may have to be refused."""
        said = np.frombuffer(b"".join(rows), np.int64).reshape(len(rows), -1)
        reported = said[:, : self._layout.fields] > UNSAID
        values = np.where(reported, said[:, : self._layout.fields] * self._units, 0)
        right = reported.any(axis=1) & self._agree(said, reported, values * self._finer)
        names = (said > UNSAID).sum(axis=1)
        return _cut(right.tolist(), values, reported, names.tolist())

    def _agree(self, said: Ints, reported: Bools, figures: Ints) -> Bools:
        """Which rows keep every rule between their figures."""
        right, figures, reported = self._with_totals(said, reported, figures)
        larger = figures[:, self._parts] > figures[:, self._wholes]
        right &= ~np.logical_and(larger, reported[:, self._wholes]).any(axis=1)
        for part, whole in self._layout.shares:
            above = figures[:, part].sum(axis=1) > figures[:, whole].sum(axis=1)
            right &= ~(above & reported[:, [*part, *whole]].all(axis=1))
        return right

    def _with_totals(self, said: Ints, reported: Bools, figures: Ints) -> tuple[Bools, Ints, Bools]:
        """Where options are complete and their sum is the total given; figures and which are there, with all totals."""
        right, sums, some = np.ones(len(said), np.bool_), [figures], [reported]
        for positions, total in zip(self._positions, said[:, self._layout.fields :].T, strict=True):
            there, added = reported[:, positions], figures[:, positions].sum(axis=1)
            right &= there.all(axis=1) | ~(there.any(axis=1) | (total > UNSAID))
            right &= (total == UNSAID) | (total * self._finest == added)
            sums.append(added.reshape(-1, 1))
            some.append(np.logical_or.reduce(there, axis=1, keepdims=True))
        return right, np.hstack(sums), np.hstack(some)


def _cut(right: list[bool], values: Ints, reported: Bools, names: list[int]) -> Iterator[Right | None]:
    """Each row's bytes. A field is reported or absent: 1 or 0, as in ValueState."""
    width = values.shape[1]
    packed, states = values.tobytes(), reported.tobytes()
    for at, one in enumerate(right):
        first, last = width * at, width * (at + 1)
        yield Right(packed[8 * first : 8 * last], states[first:last], names[at]) if one else None
