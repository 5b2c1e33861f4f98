"""The values of a report without a mistake, judged row by row instead of field by field.

Nearly every report is one. It is judged here at a third of the cost of saying what may be wrong with each field,
because whole rows go through functions that loop in C. Whatever is not well formed, or too unusual to be told apart
here, is left to `chitieu.domain.report`, which gives the same values for what both accept.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import gt, itemgetter, mul

from chitieu.domain.figure import NotAFigure, is_not_applicable, read_figure
from chitieu.domain.layout import Layout
from chitieu.domain.rollup import ValueState
from chitieu.domain.rules import Rules, Validated

_REPORTED = int(ValueState.REPORTED)

Row = Sequence[int]
Pick = Callable[[Row], Row]


class WellFormed:
    """One form version, compiled once."""

    def __init__(self, rules: Rules) -> None:
        layout = Layout.of(rules)
        self._fields = rules.form.fields
        self._totals = [(one, _pick(one.positions)) for one in layout.totals]
        self._names = frozenset(rules.position) | {one.element for one, _ in self._totals}
        self._finer = None if rules.finest == 0 else layout.finer
        self._pairs = layout.pairs
        self._parts = _pick([part for part, _ in self._pairs])
        self._wholes = _pick([whole for _, whole in self._pairs])
        self._shares = [(_pick(numerator), _pick(denominator)) for numerator, denominator in layout.shares]

    def read(self, given: Mapping[str, object]) -> Validated | None:
        """The report's values by field key, and totals by element; None if it takes more to judge them."""
        if not self._names.issuperset(given):
            return None
        try:
            values, states = self._read_each([given.get(one.key) for one in self._fields])
            totals = [
                None if (total := given.get(one.element)) is None else read_figure(total, one.scale, one.total_maximum)
                for one, _ in self._totals
            ]
        except NotAFigure:
            return None
        return self.judge(values, states, totals)

    def judge(self, values: Sequence[int], states: bytes, totals: Sequence[int | None]) -> Validated | None:
        """Each of the values and of the totals given is known to be in its bounds, at the scale of its field."""
        figures = values if self._finer is None else list(map(mul, values, self._finer))
        row = self._with_totals(figures, states, totals)
        if row is None or not any(states) or not self._agree(row, states):
            return None
        return Validated(tuple(values), states)

    def _read_each(self, said: Sequence[object]) -> tuple[list[int], bytes]:
        """Values at the scale of their fields. Raises NotAFigure."""
        values, states = [0] * len(said), bytearray(len(said))
        for at, (raw, one) in enumerate(zip(said, self._fields, strict=True)):
            if raw is None:
                continue
            if is_not_applicable(raw):
                states[at] = ValueState.NOT_APPLICABLE
            else:
                values[at], states[at] = read_figure(raw, one.scale, one.maximum), _REPORTED
        return values, bytes(states)

    def _with_totals(self, figures: Sequence[int], states: bytes, totals: Sequence[int | None]) -> list[int] | None:
        """The row of all figures at the finest scale; None if options are missing or a total given is not their sum."""
        row = [*figures]
        for (one, options), total in zip(self._totals, totals, strict=True):
            there, added = options(states), sum(options(figures))
            if 0 in there and (total is not None or any(there)):
                return None
            if total is not None and (_REPORTED not in there or total * one.finer != added):
                return None
            row.append(added)
        return row

    def _agree(self, row: list[int], states: bytes) -> bool:
        """No part above its whole, no numerator above its denominator. What was not reported stands as 0 in the row."""
        if any(map(gt, self._parts(row), self._wholes(row))):
            reported = self._reported(states)
            if any(row[part] > row[whole] and reported[whole] for part, whole in self._pairs):
                return False
        for numerator, denominator in self._shares:
            if sum(numerator(row)) > sum(denominator(row)):
                reported = self._reported(states)
                if all(numerator(reported)) and all(denominator(reported)):
                    return False
        return True

    def _reported(self, states: bytes) -> list[int]:
        """1 for each place of the row that holds a figure, 0 for others."""
        totals = [_REPORTED in options(states) for _, options in self._totals]
        return [int(one) for one in (*(state == _REPORTED for state in states), *totals)]


def _pick(places: Sequence[int]) -> Pick:
    """The figures at some places of a row."""
    if places and list(places) == list(range(places[0], places[-1] + 1)):
        return itemgetter(slice(places[0], places[-1] + 1))
    if len(places) > 1:
        return itemgetter(*places)
    return lambda row: tuple(row[at] for at in places)
