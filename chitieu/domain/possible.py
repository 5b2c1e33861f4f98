"""What a figure may still become, if those who have not answered report anything that their form lets them.

Each of them then answers all that it is asked, with figures from 0 to the most that a report may hold, and of a share
the part never larger than the whole. What was reported stays as it is. With F the factor, N and D the sums so far:

    a count             N … N + what may be added
    a share             N / (D + all that may be added to the denominator) … the most people added of whom all count

Where somebody's denominator is in and the numerator is not, the numerator grows without it, up to the denominator's
sum: with all denominators in N / D … 1, if the numerators that are missing can be large enough.
"""

from dataclasses import dataclass
from fractions import Fraction

from chitieu.domain.catalogue import Indicator
from chitieu.domain.disclosure import Derived
from chitieu.domain.fractions import ratio


@dataclass(frozen=True, slots=True)
class Rest:
    """The most that those who have not answered could add, in what is counted.

    `above` to the numerator alone, `both` to numerator and denominator at once, `below` to the denominator.
    """

    above: Fraction
    both: Fraction
    below: Fraction

    def __bool__(self) -> bool:
        return bool(self.above or self.both or self.below)


@dataclass(frozen=True, slots=True)
class Possible:
    """No value below `low` or above `high` can come of it, in the indicator's unit."""

    low: Derived
    high: Derived


def possible(indicator: Indicator, numerator: Derived, denominator: Derived | None, rest: Rest) -> Possible | None:
    """None while there is no figure: nothing is reported, or there is nothing to divide by."""
    now, below = numerator.value, Fraction(1) if denominator is None else denominator.value
    if now is None or not below:
        return None
    known = (*numerator.sources, *(denominator.sources if denominator is not None else ()))
    low = Derived(ratio(now, below if denominator is None else below + rest.below, indicator.factor), known)
    if not rest:
        return Possible(low, low)
    most = (
        _most(now, below, rest)
        if denominator is not None and indicator.share
        else (now + rest.above + rest.both, below)
    )
    return Possible(low, Derived(ratio(*most, indicator.factor), known))


def _most(now: Fraction, below: Fraction, rest: Rest) -> tuple[Fraction, Fraction]:
    """The largest share, of which whole. Where numerators are in whose denominators are not, these are as large."""
    whole = max(now, below)
    return min(now + rest.above, whole) + rest.both, whole + rest.both
