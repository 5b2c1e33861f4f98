"""What is withheld of the parts of one sum: enough that neither one part nor a small sum of them follows."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.domain.complement import Vector, shared

LARGEST = 5


def hidden(parts: Mapping[str, int | Vector], *, total_shown: bool = True) -> str:
    """What is withheld; small is what is withheld at once."""
    vectors = {name: one if isinstance(one, tuple) else (one,) for name, one in parts.items()}
    small = {name for name, vector in vectors.items() if any(0 < one <= LARGEST for one in vector)}
    return " ".join(sorted(shared(vectors, small, LARGEST, total_shown=total_shown)))


def test_one_small_count_beside_its_total_takes_the_smallest_other_with_it() -> None:
    assert hidden({"a": 3, "b": 20, "c": 37}) == "a b"


def test_two_small_counts_that_sum_to_a_small_one_take_a_third_with_them() -> None:
    """1 + 2 = 3, which subtraction would give: everybody knows which three children."""
    assert hidden({"a": 1, "b": 2, "c": 20, "d": 37}) == "a b c"
    assert hidden({"a": 3, "b": 5, "c": 20, "d": 37}) == "a b"


def test_a_zero_hides_nothing() -> None:
    assert hidden({"a": 4, "b": 0, "c": 60}) == "a c"


def test_of_a_sum_that_is_withheld_one_part_is_if_it_is_not_small() -> None:
    assert hidden({"a": 20, "b": 37}, total_shown=False) == "a"
    assert hidden({"a": 3, "b": 20, "c": 37}, total_shown=False) == "a b"


def test_nothing_small_withholds_nothing() -> None:
    assert hidden({"a": 6, "b": 54, "c": 0}) == ""


def test_numbers_that_go_together_are_withheld_together_and_each_of_them_is_hidden_well() -> None:
    """The second number of `a` is small. The first is hidden among those of `b`, and the second among those of `c`."""
    assert hidden({"a": (20, 3), "b": (10, 0), "c": (30, 9), "d": (40, 10)}) == "a b c"
    assert hidden({"a": (20, 3), "b": (10, 8), "c": (30, 9)}) == "a b"


COUNTS = st.sampled_from([0, 0, 1, 2, 3, 5, 6, 7, 12, 40])


@pytest.mark.parametrize("total_shown", [True, False])
@given(st.lists(st.tuples(COUNTS, COUNTS), min_size=1, max_size=6))
def test_no_sum_of_what_is_withheld_is_small_and_none_stands_alone_beside_a_sum_that_is_shown(
    total_shown: bool, parts: Sequence[Vector]
) -> None:
    """Unless there is no more to withhold."""
    vectors = {str(at): one for at, one in enumerate(parts)}
    found = hidden(vectors, total_shown=total_shown).split()
    for at in (0, 1):
        unknown = [vectors[one][at] for one in found if vectors[one][at]]
        every = [one[at] for one in parts if one[at]]
        enough = sum(unknown) > LARGEST and (len(unknown) > 1 or not total_shown)
        assert enough or len(unknown) == len(every) or (total_shown and not unknown)
