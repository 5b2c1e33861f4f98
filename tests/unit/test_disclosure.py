"""No small count of children leaves the subtree of whoever asks, nor a number that gives it away."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.domain.disclosure import Caller, Count, Derived, Private, disclose

INSIDE, OUTSIDE = ("vn", "20", "201"), ("vn", "30")
LANG_SON = Caller(frozenset({"20"}))


def shown(value: int | None, sensitive: bool = True, path: tuple[str, ...] = OUTSIDE) -> Count:
    return disclose(Count(None if value is None else Fraction(value), sensitive, path), LANG_SON)


def test_one_to_five_children_elsewhere_are_suppressed() -> None:
    assert [(n, shown(n).suppressed) for n in (0, 1, 5, 6)] == [(0, False), (1, True), (5, True), (6, False)]
    assert shown(3).value is None


def test_of_one_report_elsewhere_no_figure_about_children_is_shown_but_0() -> None:
    """20 girls beside the commune's 23 children would be 3 boys."""
    counts = [Count(Fraction(n), True, OUTSIDE, reported=True) for n in (0, 3, 20)]
    assert [disclose(one, LANG_SON).value for one in counts] == [0, None, None]
    assert disclose(replace(counts[2], path=INSIDE), LANG_SON).value == 20
    assert disclose(replace(counts[2], sensitive=False), LANG_SON).value == 20


def test_inside_the_callers_subtree_everything_is_shown() -> None:
    assert shown(3, path=INSIDE).value == 3


def test_an_area_above_the_callers_subtree_is_outside_it() -> None:
    assert shown(3, path=("vn",)).suppressed


def test_what_does_not_count_children_is_shown_whatever_its_size() -> None:
    assert shown(3, sensitive=False).value == 3


def test_not_reported_stays_not_reported() -> None:
    assert shown(None) == Count(None, True, OUTSIDE)


def test_a_units_predecessors_belong_to_its_subtree() -> None:
    merged = Caller(frozenset({"00001@2025-07-01", "00002@2021-01-01"}))
    assert disclose(Count(Fraction(2), True, ("vn", "20", "201", "00002@2021-01-01")), merged).value == 2


def test_a_rate_over_a_suppressed_count_is_suppressed_with_it() -> None:
    """0.2 % of 1,500 children would be 3 of them."""
    few, all_ = Count(Fraction(3), True, OUTSIDE), Count(Fraction(1500), False, OUTSIDE)
    found = disclose(Derived(Fraction(1, 5), (few, all_)), LANG_SON)
    assert found == Derived(None, (), True)


def test_a_pooled_sum_is_suppressed_if_a_part_is() -> None:
    """12 with 10 beside it says 2."""
    parts = (Count(Fraction(10), True, OUTSIDE), Count(Fraction(2), True, OUTSIDE))
    assert disclose(Derived(Fraction(12), parts), LANG_SON).value is None


def test_free_text_is_for_the_subtree() -> None:
    for path, text in ((INSIDE, "sai số liệu"), (OUTSIDE, None)):
        assert disclose(Private("sai số liệu", path), LANG_SON).text == text


@pytest.mark.parametrize("hidden", [{3}, iter([3]), object(), MappingProxyType({"a": 3}), 0.5])
def test_what_cant_be_looked_into_is_refused(hidden: object) -> None:
    with pytest.raises(TypeError):
        disclose([1, hidden], LANG_SON)


# Any answer, any caller


@dataclass(frozen=True, slots=True)
class Part:
    """As answers are built: marked numbers at any depth, among plain ones."""

    count: Count
    rate: Derived
    note: Private
    plain: int
    more: object


paths = st.lists(st.sampled_from(["vn", "20", "30", "201"]), min_size=1, max_size=4, unique=True).map(tuple)
counts = st.builds(Count, st.none() | st.integers(0, 12).map(Fraction), st.booleans(), paths)
rates = st.lists(counts, max_size=3).map(
    lambda some: Derived(sum((c.value or Fraction(0) for c in some), Fraction(0)), tuple(some))
)
leaves = (
    counts | rates | st.builds(Private, st.text(max_size=3), paths) | st.integers() | st.none() | st.text(max_size=3)
)
answers = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
        | st.builds(Part, counts, rates, st.builds(Private, st.text(max_size=3), paths), st.integers(), inner)
    ),
    max_leaves=12,
)
callers = st.frozensets(st.sampled_from(["vn", "20", "30", "201", "x"]), max_size=2).map(Caller)


def marked(answer: object) -> Iterator[Count | Derived | Private]:
    """Every marked number of an answer in a fixed order, sources of derived ones not among them."""
    if isinstance(answer, Count | Derived | Private):
        yield answer
    elif isinstance(answer, list | tuple):
        for one in answer:
            yield from marked(one)
    elif isinstance(answer, dict):
        for one in answer.values():
            yield from marked(one)
    elif isinstance(answer, Part):
        for one in (answer.count, answer.rate, answer.note, answer.more):
            yield from marked(one)


def small(count: Count) -> bool:
    return count.sensitive and count.value is not None and 1 <= count.value <= 5


@given(answers, callers)
def test_no_small_count_is_left_anywhere_and_nothing_else_is_lost(answer: object, caller: Caller) -> None:
    for before, after in zip(marked(answer), marked(disclose(answer, caller)), strict=True):
        if isinstance(before, Count):
            hidden = small(before) and not caller.holds & set(before.path)
        elif isinstance(before, Derived):
            hidden = any(small(source) and not caller.holds & set(source.path) for source in before.sources)
        else:
            hidden = not caller.holds & set(before.path)
            assert isinstance(after, Private)
            assert after.text == (None if hidden else before.text)
            continue
        assert isinstance(after, Count | Derived)
        assert (after.value, after.suppressed) == ((None, True) if hidden else (before.value, False))


@given(answers, callers)
def test_disclosing_twice_says_the_same(answer: object, caller: Caller) -> None:
    once = disclose(answer, caller)
    assert disclose(once, caller) == once


@given(answers)
def test_whoever_holds_everything_sees_everything(answer: object) -> None:
    everything = Caller(frozenset({"vn", "20", "30", "201"}))
    assert disclose(answer, everything) is answer
