"""What the reports say about an indicator in one area and period: sums, who stands behind them, how complete they are.

Sums first, then the ratio; never an average of percentages. 0 reported, not reported and not applicable stay apart.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache

from chitieu.domain.catalogue import Element, Indicator
from chitieu.domain.disclosure import Count, Derived
from chitieu.domain.form import Form
from chitieu.domain.fractions import ratio
from chitieu.domain.possible import Possible, Rest, possible
from chitieu.domain.rollup import Cell

_EMPTY = Cell()
_ONE = Fraction(1)


@dataclass(frozen=True, slots=True)
class Part:
    """What one form contributes: its cell for the area (None: nothing came in) and how many units it asks there.

    `deadline` is the last day on which all of these reports are on time; None if there is no such day. `elements` are
    those that it is asked about, None for all: of an earlier period only flows count.
    """

    form: Form
    cell: Cell | None
    expected: int
    deadline: date | None = None
    elements: frozenset[str] | None = None

    @property
    def said(self) -> Cell:
        return self.cell or _EMPTY

    def positions(self, element: str) -> tuple[int, ...]:
        """Where the form carries an element; nowhere if the part is not asked about it."""
        asked = self.elements is None or element in self.elements
        return self.form.positions.get(element, ()) if asked else ()


@dataclass(frozen=True, slots=True)
class Tally:
    """One element's sum, and the units behind it.

    `absent` units sent the form and left the element empty; `missing` units have not sent it.
    """

    element: str
    total: Count
    reported: int
    not_applicable: int
    absent: int
    missing: int

    @property
    def answered(self) -> int:
        return self.reported + self.not_applicable


@dataclass(frozen=True, slots=True)
class PartCoverage:
    """`sent` units have a current report; `reported` of them answered every element that the indicator needs.

    Of a share of nothing that is its denominator alone.
    """

    form: str
    sent: int
    reported: int
    expected: int
    deadline: date | None

    def closed(self, today: date) -> bool:
        """No report is awaited any more: all are in, or the deadline has passed for all."""
        return self.sent >= self.expected or (self.deadline is not None and today > self.deadline)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Units that reported what the indicator needs, of those asked; `needed` is the plan's least share in per cent."""

    parts: tuple[PartCoverage, ...]
    needed: Fraction

    @property
    def reported(self) -> int:
        """A form with more reports than units asked never makes up for another's gap."""
        return sum(min(part.reported, part.expected) for part in self.parts)

    @property
    def expected(self) -> int:
        return sum(part.expected for part in self.parts)

    @property
    def sufficient(self) -> bool:
        least, of = self.needed.as_integer_ratio()
        return self.reported * 100 * of >= least * self.expected


@dataclass(frozen=True, slots=True)
class Evidence:
    """`value` is in the indicator's unit (per cent: 0–100), None if it is not known or does not arise.

    `possible` is what it may still become, None as long as there is none.
    `step` is the least by which the numerator can change: 1, or 0.1 if an element has one decimal place.
    """

    numerator: Derived
    denominator: Derived | None
    step: Fraction
    value: Derived
    known: bool
    tallies: tuple[Tally, ...]
    coverage: Coverage
    final: bool
    possible: Possible | None

    @property
    def arises(self) -> bool:
        """False where the denominator is 0 or nobody has what is counted: không phát sinh, neither 0 % nor 100 %."""
        return not self.known or self.value.value is not None


def weigh(
    indicator: Indicator,
    elements: Mapping[str, Element],
    parts: Sequence[Part],
    path: tuple[str, ...],
    needed: Fraction,
    today: date,
    withheld: Set[str] = frozenset(),
) -> Evidence:
    """Add up what the forms say about an indicator. `path` holds the ids of the area and of all above it.

    `withheld` are the elements whose sums are not shown for the sake of others.
    """
    sent = [_sent(part, indicator) for part in parts]
    tallies = {id_: _tally(elements[id_], sent, path, id_ in withheld) for id_ in dict.fromkeys(indicator.elements)}
    above = [tallies[id_] for id_ in indicator.numerator]
    below = [tallies[id_] for id_ in indicator.denominator]
    numerator, denominator = _pooled(above), _pooled(below) if below else None
    # Of nothing there is no part: whoever says that there are no such children need not say how many of them.
    nothing = indicator.share and denominator is not None and denominator.value == 0
    known = (nothing or any(t.answered for t in above)) and (not below or any(t.answered for t in below))
    asked = indicator.denominator if nothing else indicator.elements
    coverage = Coverage(tuple(_part_coverage(one, asked) for one in sent), needed)
    return Evidence(
        numerator,
        denominator,
        _step(max((elements[id_].scale for id_ in indicator.numerator), default=0)),
        _value(indicator, numerator, denominator, known),
        known,
        tuple(tallies.values()),
        coverage,
        bool(coverage.parts) and all(part.closed(today) for part in coverage.parts),
        possible(indicator, numerator, denominator, _rest(indicator, elements, sent)) if known else None,
    )


@dataclass(frozen=True, slots=True)
class _Sent:
    """A part with its cell, the units that have not sent it, and those that filled in each of its elements.

    `reported` gave figures, `answered` gave figures or said that it does not apply. These are needed for sums, coverage
    and what may still come.
    """

    part: Part
    said: Cell
    missing: int
    reported: Mapping[str, int]
    answered: Mapping[str, int]

    def absent(self, element: str) -> int:
        """Units that sent the form and left an element empty."""
        return self.said.units - self.answered[element] if element in self.answered else 0


def _sent(part: Part, indicator: Indicator) -> _Sent:
    said = part.said
    carried = [id_ for id_ in dict.fromkeys(indicator.elements) if id_ in part.form.positions]
    reported = {id_: _units(part, said, id_, said.reported) for id_ in carried}
    # Who all gave figures need not be looked for among those to whom it does not apply.
    answered = {
        id_: units if units == said.units else _units(part, said, id_, said.reported, said.not_applicable)
        for id_, units in reported.items()
    }
    return _Sent(part, said, max(part.expected - said.units, 0), reported, answered)


def _rest(indicator: Indicator, elements: Mapping[str, Element], sent: Iterable[_Sent]) -> Rest:
    """What those could add who have sent nothing, or left empty what is counted."""
    above, both, below = Fraction(0), Fraction(0), Fraction(0)
    for said in sent:
        part, missing = said.part, said.missing
        if not missing and not any(map(said.absent, indicator.elements)):
            continue
        to_above = {id_: _largest(part, elements[id_]) for id_ in indicator.numerator}
        to_below = {id_: _largest(part, elements[id_]) for id_ in indicator.denominator}
        above += sum(said.absent(id_) * most for id_, most in to_above.items())
        below += sum((said.absent(id_) + missing) * most for id_, most in to_below.items())
        one, whole = sum(to_above.values()), sum(to_below.values())
        if whole:
            # Who owes both in one report owes, of a share, a part and its whole.
            both += missing * (min(one, whole) if indicator.share else one)
        else:
            above += missing * one
    return Rest(above, both, below)


def _largest(part: Part, element: Element) -> Fraction:
    """The most of an element that one report may hold; 0 if its form does not ask for it."""
    asked = [at for at in part.form.positions.get(element.id, ()) if not part.form.fields[at].retired]
    return Fraction(element.maximum * len(asked), 10**element.scale)


def _tally(element: Element, parts: Iterable[_Sent], path: tuple[str, ...], withheld: bool) -> Tally:
    total, reported, answered, sent, missing = 0, 0, 0, 0, 0
    for one in parts:
        positions = one.part.positions(element.id)
        if not positions:
            continue
        sums = one.said.sums
        total += sum([sums[position] for position in positions if position < len(sums)])
        reported += one.reported[element.id]
        answered += one.answered[element.id]
        sent += one.said.units
        missing += one.missing
    value = (Fraction(total, 10**element.scale) if element.scale else Fraction(total)) if reported else None
    count = Count(value, element.sensitive, path, withheld)
    return Tally(element.id, count, reported, answered - reported, sent - answered, missing)


def _units(part: Part, said: Cell, element: str, *columns: Sequence[int]) -> int:
    """Units behind an element, from the units behind each of its fields (the columns added up).

    A report fills in all options of its form's version or none, so the fullest field counts them; options that a later
    version added are empty in older reports, and a later version's fields may stand beside retired ones.
    """
    asked, retired = 0, 0
    for position in part.form.positions[element]:
        if asked + retired >= said.units:
            break
        units = sum([column[position] for column in columns if position < len(column)])
        if part.form.fields[position].retired:
            retired = max(retired, units)
        else:
            asked = max(asked, units)
    return min(asked + retired, said.units)


def _part_coverage(one: _Sent, asked: Iterable[str]) -> PartCoverage:
    part = one.part
    reported = min((one.answered[id_] for id_ in asked if part.positions(id_)), default=one.said.units)
    return PartCoverage(part.form.id, one.said.units, reported, part.expected, part.deadline)


def _pooled(tallies: Sequence[Tally]) -> Derived:
    counts = tuple(tally.total for tally in tallies)
    known = [count.value for count in counts if count.value is not None]
    return Derived(sum(known[1:], known[0]) if known else None, counts)


def _value(indicator: Indicator, numerator: Derived, denominator: Derived | None, known: bool) -> Derived:
    sources = numerator.sources + (denominator.sources if denominator else ())
    if not known or numerator.value is None or (denominator is not None and not denominator.value):
        return Derived(None, sources)
    divisor = denominator.value if denominator is not None and denominator.value else _ONE
    return Derived(ratio(numerator.value, divisor, indicator.factor), sources)


@cache
def _step(scale: int) -> Fraction:
    return Fraction(1, 10**scale)
