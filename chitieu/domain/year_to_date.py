"""What an indicator has come to since the year began (luỹ kế): flows add up, stocks are those of the last period."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from chitieu.domain.catalogue import Element, Indicator, Kind
from chitieu.domain.disclosure import Count, Derived
from chitieu.domain.evidence import Evidence
from chitieu.domain.period import Period


def before_in_year(period: Period) -> list[Period]:
    """The periods of the same kind that came before in its year, oldest first."""
    return [Period(period.year, period.kind, index, period.last_year) for index in range(1, period.index)]


def year_to_date(indicator: Indicator, elements: Mapping[str, Element], told: Sequence[Evidence]) -> Derived:
    """The indicator's value over some periods, oldest first, in its unit; None if one of them is not known.

    Sums first, then the ratio. Of one period it is that period's own value.
    """
    if len(told) == 1:
        return told[0].value
    above = tuple(_counts(indicator.numerator, elements, told))
    below = tuple(_counts(indicator.denominator, elements, told))
    divisor = _sum(below) if below else Fraction(1)
    known = all(one.known for one in told) and divisor != 0
    return Derived(_sum(above) / divisor * indicator.factor if known else None, above + below)


def _counts(ids: Sequence[str], elements: Mapping[str, Element], told: Sequence[Evidence]) -> Iterator[Count]:
    for id_ in ids:
        for evidence in told if elements[id_].kind is Kind.FLOW else told[-1:]:
            yield from (tally.total for tally in evidence.tallies if tally.element == id_)


def _sum(counts: Sequence[Count]) -> Fraction:
    return sum((count.value for count in counts if count.value is not None), Fraction(0))
