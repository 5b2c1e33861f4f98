"""What a flush announces, cut into messages that the broker takes."""

from hypothesis import given
from hypothesis import strategies as st

from services.aggregate.landing import pieces

areas = st.lists(st.text(max_size=3), max_size=9)
changes = st.lists(st.tuples(st.just("f"), st.sampled_from(["2024", "2025"]), areas))


@given(changes, st.integers(1, 5))
def test_pieces_say_everything_once_and_none_is_too_large(changed: list[tuple[str, str, list[str]]], most: int) -> None:
    found = list(pieces(changed, most))
    said = [(form, period, area) for piece in found for form, period, areas in piece for area in areas]
    assert said == [(form, period, area) for form, period, areas in changed for area in areas]
    assert found
    assert all(sum(len(areas) for _, _, areas in piece) <= most for piece in found)
