"""What is sure of a target whatever those report who have not yet."""

from enum import StrEnum
from fractions import Fraction

from chitieu.domain.attainment import Attainment, holds
from chitieu.domain.evidence import Evidence
from chitieu.domain.plan import Comparator, Target


class Certainty(StrEnum):
    """What is so whatever the rest reports."""

    MET = "met"
    NOT_MET = "not_met"


def certainty(one: Attainment) -> Certainty | None:
    """Does the bound hold, or fail, for every value that the period's figure may still become? None: neither is sure.

    A decrease is held against all that the earlier value may still become; MAINTAIN fails for good if it surely failed
    in an earlier period. Of what is withheld nothing is concluded.
    """
    target = one.target
    if one.broken is not None:
        before = _span(one.broken.evidence)
        failed = before is not None and target.bound is not None and _sure(target, before, (target.bound,) * 2) is False
        return Certainty.NOT_MET if failed else None
    now = _span(one.evidence)
    sure = None if now is None else _sure(target, now, _levels(one))
    return None if sure is None else Certainty.MET if sure else Certainty.NOT_MET


_Span = tuple[Fraction, Fraction]  # from the lowest value to the highest


def _span(evidence: Evidence | None) -> _Span | None:
    if evidence is None or evidence.possible is None:
        return None
    low, high = evidence.possible.low.value, evidence.possible.high.value
    return None if low is None or high is None else (low, high)


def _levels(one: Attainment) -> _Span | None:
    if one.compared is not None:
        return _span(one.compared.evidence)
    return None if one.level.value is None else (one.level.value, one.level.value)


def _sure(target: Target, now: _Span, level: _Span | None) -> bool | None:
    """Does the relation hold for every value and every level, or for none? None: for some."""
    low, high = now
    relation = target.holds or target.comparator
    if relation is Comparator.DECREASE and high == 0:
        return True
    if level is None:
        return None
    least, most = level
    if relation is Comparator.DECREASE:
        return True if high < least else False if 0 < low >= most else None
    if relation is Comparator.EQUAL:
        return True if low == high == least == most else False if high < least or most < low else None
    lower = relation in (Comparator.BELOW, Comparator.AT_MOST)
    worst, best = ((high, least), (low, most)) if lower else ((low, most), (high, least))
    return True if holds(relation, *worst) else None if holds(relation, *best) else False
