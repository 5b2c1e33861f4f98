"""How two targets on one area stand to one another: which asks more, or why they can't be compared.

A target is the stricter one if each value that satisfies it satisfies the other, too, and not the other way round. So
the direction follows by itself: of `<= 0.5` and `<= 4.9` the first, of `>= 90` and `> 90` the second, and of two that
ask for the same values the one that holds in every period.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from chitieu.domain.catalogue import Element, Indicator, Label
from chitieu.domain.plan import Comparator, Target


class Difference(StrEnum):
    """What has to be said of two targets side by side. They are compared in spite of DUE and EVERY_PERIOD only."""

    COUNTED = "counted"
    SERIES = "series"
    DECREASE = "decrease"
    APART = "apart"
    EVERY_PERIOD = "every_period"
    DUE = "due"

    @property
    def comparable(self) -> bool:
        return self in (Difference.EVERY_PERIOD, Difference.DUE)


@dataclass(frozen=True, slots=True)
class Aim:
    """A target with what it measures."""

    target: Target
    indicator: Indicator

    @property
    def relation(self) -> Comparator:
        return self.target.holds or self.target.comparator

    @property
    def every_period(self) -> bool:
        return self.target.comparator is Comparator.MAINTAIN


# An end of a range of values: without end?, the value, and 1 (from below) or -1 (from above) if it is left out itself.
_End = tuple[bool, Fraction, int]


def stricter(one: Aim, other: Aim) -> bool:
    """Does one ask more than the other? False if they can't be compared."""
    if _incomparable(one, other) is not None:
        return False
    if _values(one) == _values(other):
        return one.every_period and not other.every_period
    return _within(_values(one), _values(other))


def differences(one: Aim, other: Aim) -> Iterator[Difference]:
    """What keeps two targets from being compared or, if nothing does, what is to be known when they are."""
    apart = _incomparable(one, other)
    if apart is not None:
        yield apart
        return
    if one.every_period is not other.every_period:
        yield Difference.EVERY_PERIOD
    if one.target.due != other.target.due:
        yield Difference.DUE


def _incomparable(one: Aim, other: Aim) -> Difference | None:
    if one.indicator.id != other.indicator.id:
        return Difference.COUNTED
    if one.target.series != other.target.series:
        return Difference.SERIES
    if Comparator.DECREASE in (one.relation, other.relation):
        return Difference.DECREASE
    mine, theirs = _values(one), _values(other)
    return None if _within(mine, theirs) or _within(theirs, mine) else Difference.APART


def _values(aim: Aim) -> tuple[_End, _End]:
    """The values that satisfy a bound, from the lowest to the highest, among those that the indicator can have."""
    bound, relation = aim.target.bound, aim.relation
    if bound is None:
        raise ValueError(f"target {aim.target.id} has no bound")
    indicator = aim.indicator
    low: _End = (False, Fraction(0), 0)
    high: _End = (not (indicator.share and indicator.denominator), Fraction(indicator.factor), 0)
    if relation in (Comparator.AT_LEAST, Comparator.ABOVE, Comparator.EQUAL):
        low = max(low, (False, bound, int(relation is Comparator.ABOVE)))
    if relation in (Comparator.AT_MOST, Comparator.BELOW, Comparator.EQUAL):
        high = min(high, (False, bound, -int(relation is Comparator.BELOW)))
    return low, high


def _within(inner: tuple[_End, _End], outer: tuple[_End, _End]) -> bool:
    return inner[0] >= outer[0] and inner[1] <= outer[1]


def in_words(difference: Difference, one: Aim, other: Aim, elements: Mapping[str, Element]) -> Label:
    """What a difference is, with what differs."""
    if difference is Difference.EVERY_PERIOD and other.every_period:
        one, other = other, one
    first, second = (_facts(difference, aim, elements) for aim in (one, other))
    vi, en = _WORDS[difference]
    return Label(vi.format(first.vi, second.vi), en.format(first.en, second.en))


_WORDS: Mapping[Difference, tuple[str, str]] = {
    Difference.COUNTED: (
        "Không so sánh được: không đo cùng một thứ. Một bên: {0}. Bên kia: {1}.",
        "Not comparable: they don't measure the same. One: {0}. The other: {1}.",
    ),
    Difference.SERIES: (
        "Không so sánh được: số liệu từ hai nguồn khác nhau ({0}; {1}).",
        "Not comparable: the figures come from two series of sources ({0}; {1}).",
    ),
    Difference.DECREASE: (
        "Không so sánh được: mức giảm được so với số liệu trước đây của chính địa bàn ({0}; {1}).",
        "Not comparable: a decrease is held against the area's own earlier value ({0}; {1}).",
    ),
    Difference.APART: (
        "Không so sánh được: đạt mức này không có nghĩa là đạt mức kia, và ngược lại ({0}; {1}).",
        "Not comparable: to meet one is not to meet the other, either way ({0}; {1}).",
    ),
    Difference.EVERY_PERIOD: (
        "«{0}» phải đạt trong mọi kỳ, còn «{1}» đến hạn mới phải đạt.",
        "“{0}” must hold in every period, “{1}” only by its due date.",
    ),
    Difference.DUE: ("Thời hạn khác nhau: {0}; {1}.", "They are due on different days: {0}; {1}."),
}


def _facts(difference: Difference, aim: Aim, elements: Mapping[str, Element]) -> Label:
    target = aim.target
    if difference is Difference.COUNTED:
        return _measured(aim.indicator, elements)
    if difference is Difference.SERIES:
        return Label(target.series, target.series)
    if difference is Difference.DUE:
        due = target.due
        return Label("không nêu", "none named") if due is None else Label(f"{due:%d/%m/%Y}", f"{due:%d/%m/%Y}")
    return target.label


def _measured(indicator: Indicator, elements: Mapping[str, Element]) -> Label:
    """What is counted, and of what."""
    above, below = _joined(indicator.numerator, elements), _joined(indicator.denominator, elements)
    return above if not indicator.denominator else Label(f"{above.vi} / {below.vi}", f"{above.en} / {below.en}")


def _joined(ids: tuple[str, ...], elements: Mapping[str, Element]) -> Label:
    labels = [elements[id_].label for id_ in ids]
    return Label(" + ".join(one.vi for one in labels), " + ".join(one.en for one in labels))
