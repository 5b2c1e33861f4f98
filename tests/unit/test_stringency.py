"""Which of two targets asks more: against an obvious oracle that tries every value."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.domain.attainment import holds
from chitieu.domain.catalogue import Direction, Indicator
from chitieu.domain.plan import Comparator
from chitieu.domain.stringency import Aim, Difference, differences, in_words, stricter
from tests.unit.small_release import ELEMENTS, label, rate, target

SHARE = rate("informed_rate", ("informed",), ("parents",))
POOLED = rate("pooled", ("informed", "trained_c"), ("parents", "officials_c"))
COUNT = Indicator("count", label("count"), ("informed",), (), 1, "count", Direction.HIGHER)

BOUNDED = (Comparator.BELOW, Comparator.AT_MOST, Comparator.AT_LEAST, Comparator.ABOVE, Comparator.EQUAL)
# Bounds are whole, so halves tell apart all that there is to tell.
VALUES = [Fraction(n, 2) for n in range(2 * 130)]


def aim(text: str, indicator: Indicator = SHARE, **more: object) -> Aim:
    """`>= 90`, `maintain < 1`, `decrease`."""
    *signs, last = text.split()
    if last == "decrease":
        return Aim(target(text, indicator.id, Comparator.DECREASE, None, **more), indicator)
    if len(signs) == 2:
        more["holds"] = Comparator(signs[1])
    return Aim(target(text, indicator.id, Comparator(signs[0]), Fraction(last), **more), indicator)


def satisfying(one: Aim) -> set[Fraction]:
    bound = one.target.bound
    assert bound is not None
    top = 100 if one.indicator.denominator else 130
    return {value for value in VALUES if value <= top and holds(one.relation, value, bound)}


@st.composite
def aims(draw: st.DrawFn) -> Aim:
    """With at least one value that satisfies it."""
    sign = draw(st.sampled_from(BOUNDED)).value
    bound = draw(st.sampled_from([0, 1, 2, 50, 98, 99, 100]))
    found = aim(f"{draw(st.sampled_from(['', 'maintain ']))}{sign} {bound}", draw(st.sampled_from([SHARE, COUNT])))
    return found if satisfying(found) else aim(f"= {bound}")


def said(one: Aim, other: Aim) -> Iterator[str]:
    yield from (str(difference) for difference in differences(one, other))


@given(aims(), aims())
def test_a_target_is_stricter_if_fewer_values_satisfy_it_and_none_that_would_not_satisfy_the_other(
    one: Aim, other: Aim
) -> None:
    mine, theirs = satisfying(one), satisfying(other)
    if one.indicator is not other.indicator or not (mine <= theirs or theirs <= mine):
        assert not stricter(one, other) and not stricter(other, one)
        assert next(said(one, other)) == ("apart" if one.indicator is other.indicator else "counted")
    elif mine == theirs:
        assert stricter(one, other) is (one.every_period and not other.every_period)
    else:
        assert stricter(one, other) is (mine < theirs)


@pytest.mark.parametrize(
    ("strict", "loose"),
    [
        # Lower is better: the lower bound is the stricter one, and none at all stricter than any.
        ("<= 0.5", "<= 4.9"),
        ("< 1", "<= 1"),
        ("maintain = 0", "<= 4.9"),
        ("maintain = 0", "= 0"),
        ("maintain < 1", "< 1"),
        # Higher is better; a share can't be above 100, so 100 is at the end of "at least 90".
        ("> 90", ">= 90"),
        (">= 90", ">= 80"),
        ("= 100", "> 90"),
    ],
)
def test_stringency_follows_the_direction(strict: str, loose: str) -> None:
    assert stricter(aim(strict), aim(loose))
    assert not stricter(aim(loose), aim(strict))


def test_to_be_exactly_100_percent_and_at_least_100_ask_the_same_of_a_share_but_not_of_a_count() -> None:
    assert not stricter(aim("= 100"), aim(">= 100")) and not stricter(aim(">= 100"), aim("= 100"))
    assert stricter(aim("= 100", COUNT), aim(">= 100", COUNT))


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (aim(">= 90"), aim(">= 90", POOLED), ["counted"]),
        (aim(">= 90"), aim(">= 80", series="survey"), ["series"]),
        (aim("<= 5"), aim("decrease"), ["decrease"]),
        (aim("decrease"), aim("decrease"), ["decrease"]),
        (aim(">= 90"), aim("<= 10"), ["apart"]),
        (aim("maintain = 0"), aim("<= 5", due=date(2025, 12, 31)), ["every_period", "due"]),
        (aim("<= 5", due=date(2030, 12, 31)), aim("<= 5", due=date(2025, 12, 31)), ["due"]),
        (aim(">= 90"), aim("> 90"), []),
    ],
)
def test_what_differs_is_named(one: Aim, other: Aim, why: list[str]) -> None:
    assert list(said(one, other)) == list(said(other, one)) == why
    assert [d.comparable for d in differences(one, other)] == [w in ("every_period", "due") for w in why]


def test_differences_are_said_in_words() -> None:
    one, other = aim(">= 90"), aim(">= 90", POOLED, due=date(2025, 12, 31))
    assert in_words(Difference.COUNTED, one, other, ELEMENTS).en == (
        "Not comparable: they don't measure the same. One: informed / parents. "
        "The other: informed + trained_c / parents + officials_c."
    )
    assert in_words(Difference.DUE, one, other, ELEMENTS).vi == "Thời hạn khác nhau: không nêu; 31/12/2025."
    survey = replace(one, target=replace(one.target, series="survey"))
    assert "(administrative; survey)" in in_words(Difference.SERIES, one, survey, ELEMENTS).en
    for difference in Difference:
        words = in_words(difference, one, survey, ELEMENTS)
        assert words.vi and words.en and "{" not in words.vi + words.en
