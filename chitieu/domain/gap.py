"""How far a figure is from what it is judged by, in what its numerator counts: 18 more parents, not 1.2 points.

The denominator stays as it was reported. The numerator moves in its own steps (1, or 0.1 of an element with one
decimal place), never below 0 and, where it is a share, never above the denominator.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from chitieu.domain.catalogue import Indicator
from chitieu.domain.disclosure import Count, Derived
from chitieu.domain.evidence import Evidence
from chitieu.domain.plan import Comparator


@dataclass(frozen=True, slots=True)
class Gap:
    """`needed` is the least change of the numerator with which the relation holds: more, or fewer if negative.

    It is 0 if the relation holds, None if no numerator would do. `spare` is how far the numerator may move in the worse
    direction with the relation still holding; 0 if it does not hold, and for `=`. Both are in the elements' unit.
    """

    needed: Derived
    spare: Derived


@dataclass(frozen=True, slots=True)
class _Room:
    """The numerators that satisfy a relation, in steps; None: without an end on that side. `top` is the most of all."""

    low: int | None
    high: int | None
    top: int | None

    def needed(self, now: int) -> int | None:
        nearest = now
        if self.low is not None and now < self.low:
            nearest = self.low
        elif self.high is not None and now > self.high:
            nearest = self.high
        there = nearest >= 0 and (self.top is None or nearest <= self.top)
        return nearest - now if nearest == now or there else None

    def spare(self, now: int) -> int:
        if self.needed(now) != 0 or (self.low is not None and self.low == self.high):
            return 0
        if self.low is not None:
            return now - max(self.low, 0)
        ends = [one for one in (self.high, self.top) if one is not None]
        return max(min(ends, default=now) - now, 0)


def gap(
    indicator: Indicator, evidence: Evidence, relation: Comparator, level: Fraction, sources: Iterable[Count] = ()
) -> Gap | None:
    """From a figure to a relation with a level in the indicator's unit; None if there is no figure.

    DECREASE means below the level, or nothing left. `sources` are what the level itself was computed from.
    """
    if evidence.value.value is None or evidence.numerator.value is None:
        return None
    below, steps = _denominator(evidence), evidence.step.denominator
    now = evidence.numerator.value.numerator * steps // evidence.numerator.value.denominator
    top = below.numerator * steps // below.denominator if indicator.share and evidence.denominator is not None else None
    edge = Fraction(level.numerator * below.numerator * steps, level.denominator * below.denominator * indicator.factor)
    room = _room(relation, edge, top)
    needed = None if room is None else room.needed(now)
    spare = 0 if room is None else room.spare(now)
    known = (*evidence.value.sources, *sources)
    return Gap(
        Derived(None if needed is None else Fraction(needed, steps), known),
        Derived(Fraction(spare, steps), known),
    )


def contribution(indicator: Indicator, evidence: Evidence, level: Derived, lower: bool) -> Derived:
    """What an area adds to the shortfall of one above it, exact; negative if it makes up for others.

    Its part of the level (level × denominator / factor; none of a count's, which belongs to the upper area alone) less
    its numerator, the other way round where lower is better. Those of all units below add up to that of the upper area,
    a count's to that and the level. None while the area's own sums are not known.
    """
    sources = (*evidence.value.sources, *level.sources)
    above, below = evidence.numerator.value, evidence.denominator
    part = Fraction(0) if below is None else below.value
    if level.value is None or above is None or part is None:
        return Derived(None, sources)
    short = level.value * part / indicator.factor - above
    return Derived(-short if lower else short, sources)


def _denominator(evidence: Evidence) -> Fraction:
    """1 for a count."""
    below = evidence.denominator
    return below.value if below is not None and below.value is not None else Fraction(1)


def _room(relation: Comparator, edge: Fraction, top: int | None) -> _Room | None:
    """The steps from which the relation holds, or up to which; `edge` is where numerator and level are equal."""
    if relation is Comparator.EQUAL:
        return _Room(int(edge), int(edge), top) if edge.denominator == 1 else None
    if relation is Comparator.AT_LEAST:
        return _Room(ceil(edge), None, top)
    if relation is Comparator.ABOVE:
        return _Room(floor(edge) + 1, None, top)
    if relation is Comparator.AT_MOST:
        return _Room(None, floor(edge), top)
    below = ceil(edge) - 1
    return _Room(None, max(below, 0) if relation is Comparator.DECREASE else below, top)
