"""What a flush announces, cut into messages that the broker takes."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chitieu.contracts.events import Change, Moved, Step, Stood, decode_change
from services.aggregate.landing import fitting, pieces

areas = st.lists(st.text(max_size=3), max_size=9)
changes = st.lists(st.tuples(st.just("f"), st.sampled_from(["2024", "2025"]), areas))


@given(changes, st.integers(1, 5))
def test_pieces_say_everything_once_and_none_is_too_large(changed: list[tuple[str, str, list[str]]], most: int) -> None:
    found = list(pieces(changed, most))
    said = [(form, period, area) for piece in found for form, period, areas in piece for area in areas]
    assert said == [(form, period, area) for form, period, areas in changed for area in areas]
    assert found
    assert all(sum(len(areas) for _, _, areas in piece) <= most for piece in found)


def test_reports_that_the_broker_would_not_take_are_left_out_and_nothing_else() -> None:
    def change(fields: int) -> Change:
        said = bytes(8 * fields), bytes(fields)
        step = Step(7, 1, 3, ("vn", "c"), 1000, *said, "")
        return Change(
            1,
            0,
            8,
            0.5,
            [("f", "2024", ["vn"])],
            [(7, 1, 1)],
            revised=[("f", "2024", ["c"])],
            since=7,
            known_ms=1000,
            reports=[Moved("f", "2024", "c", Stood(("vn",), *said), ("vn",), [step])],
        )

    assert decode_change(fitting(change(30))) == change(30)
    large = fitting(change(50_000))
    assert len(large) < 1_000
    assert decode_change(large) == replace(change(50_000), reports=None)
