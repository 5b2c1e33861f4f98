"""What moved a figure between two moments, unit by unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from chitieu.domain.disclosure import Caller, disclose
from chitieu.domain.movement import Move, Movement, Stood, largest_first, movements, said, sentence
from chitieu.domain.rollup import ValueState
from tests.unit.small_release import CATALOGUE, COMMUNE, COMMUNE_FORM, ELEMENTS, FORMS, NATION, PROVINCE

INFORMED, LABOUR = CATALOGUE.indicators["informed_rate"], CATALOGUE.indicators["labour_rate"]
FIRST, SINCE, LATER = (datetime(2024, 12, day, tzinfo=UTC) for day in (1, 10, 20))
NOBODY, PROVINCE_KEY = Caller(frozenset()), Caller(frozenset({PROVINCE}))
ABSENT, REPORTED, NOT_APPLICABLE = (int(one) for one in ValueState)


@dataclass(frozen=True)
class Report:
    """children, labour.m, labour.f, parents, informed"""

    values: Sequence[int]
    unit: str = COMMUNE
    known_at: datetime = FIRST
    revision: int = 1
    states: Sequence[int] = (1, 1, 1, 1, 1)
    form: str = "xa"

    @property
    def path(self) -> tuple[str, ...]:
        return (NATION, PROVINCE, self.unit)


def moved(
    before: Sequence[Stood], after: Sequence[Stood], elsewhere: frozenset[tuple[str, str]] = frozenset()
) -> list[Movement]:
    return movements(INFORMED, ELEMENTS, FORMS, before, after, SINCE, elsewhere)


def told(one: Movement, language: int = 1) -> str:
    return sentence(one, "Xã Vân Nham", language)


OLD = Report((500, 0, 0, 200, 120))
NEW = Report((500, 0, 0, 200, 96), revision=2, known_at=LATER)


def test_a_revision_says_what_it_was_and_what_it_is() -> None:
    (one,) = moved([OLD], [NEW])
    assert (one.move, one.before, one.after, one.known_at) == (Move.REVISED, 1, 2, LATER)
    assert {shift.element: shift.change.value for shift in one.shifts} == {"informed": Fraction(-24)}
    assert told(one) == "Xã Vân Nham revised informed 120 → 96"
    assert told(one, 0) == "Xã Vân Nham sửa informed 120 → 96"


def test_a_revision_of_what_the_indicator_is_not_made_of_moves_nothing() -> None:
    assert moved([OLD], [Report((501, 2, 2, 200, 120), revision=2)]) == []
    assert moved([OLD], [OLD]) == []


def test_a_report_is_sent_taken_back_or_placed_elsewhere() -> None:
    key = frozenset({("xa", COMMUNE)})
    for before, after, elsewhere, move, words in (
        ([], [NEW], frozenset(), Move.SENT, "Xã Vân Nham sent informed 96, parents 200"),
        ([OLD], [], frozenset(), Move.RETRACTED, "Xã Vân Nham took back informed 120, parents 200"),
        ([], [OLD], frozenset(), Move.MOVED_IN, "Xã Vân Nham came in with informed 120, parents 200"),
        ([OLD], [], key, Move.MOVED_OUT, "Xã Vân Nham left with informed 120, parents 200"),
    ):
        (one,) = moved(before, after, elsewhere)
        assert (one.move, told(one)) == (move, words)


def test_0_left_empty_and_not_applicable_are_three_things() -> None:
    zero = Report((500, 0, 0, 200, 0))
    empty = Report((500, 0, 0, 200, 0), states=(1, 1, 1, 1, ABSENT))
    without = Report((500, 0, 0, 200, 0), states=(1, 1, 1, 1, NOT_APPLICABLE))
    assert [told(moved([zero], [one])[0]) for one in (empty, without)] == [
        "Xã Vân Nham revised informed 0 → left empty",
        "Xã Vân Nham revised informed 0 → not applicable",
    ]
    assert told(moved([empty], [without])[0], 0) == "Xã Vân Nham sửa informed bỏ trống → không áp dụng"


def test_an_older_report_that_is_shorter_left_the_rest_empty() -> None:
    short = Report((500, 0, 0, 200), states=(1, 1, 1, 1))
    assert said(ELEMENTS["informed"], COMMUNE_FORM, short).state is ValueState.ABSENT


def test_a_small_count_and_its_difference_are_shown_inside_the_subtree_only() -> None:
    """Labour 3 → 10: 7 more would tell the 3, and 10 what is left of the district's sum."""
    before, after = Report((500, 1, 2, 200, 120)), Report((500, 6, 4, 200, 120), revision=2)
    (one,) = movements(LABOUR, ELEMENTS, FORMS, [before], [after], SINCE)
    hidden, shown = disclose(one, NOBODY), disclose(one, PROVINCE_KEY)
    assert (hidden.shifts[0].change.value, hidden.shifts[0].change.suppressed) == (None, True)
    assert told(hidden) == "Xã Vân Nham revised labour withheld → withheld"
    assert shown.shifts[0].change.value == 7
    assert told(shown) == "Xã Vân Nham revised labour 3 → 10"


def test_the_order_does_not_tell_what_is_hidden() -> None:
    """By their units: 5 and 90 stand where 90 and 5 would."""
    orders = []
    for counts in ((1, 5, 90, 8), (5, 90, 8, 1)):
        reports = [Report((500, n, 0, 200, 120), unit=f"0000{at}@x") for at, n in enumerate(counts)]
        found = movements(LABOUR, ELEMENTS, FORMS, [], reports, SINCE)
        shown = [disclose(one, NOBODY) for one in found]
        without_children = [
            Movement(
                m.unit,
                m.form,
                m.move,
                m.before,
                m.after,
                m.known_at,
                tuple(s for s in m.shifts if s.element == "labour"),
            )
            for m in shown
        ]
        orders.append([one.unit for one in largest_first(without_children)])
    assert orders[0] == orders[1] == ["00000@x", "00001@x", "00002@x", "00003@x"]


_UNITS = ("a", "b", "c")


@st.composite
def reports(draw: st.DrawFn) -> list[Report]:
    found = []
    for unit in draw(st.sets(st.sampled_from(_UNITS))):
        states = draw(st.lists(st.sampled_from((ABSENT, REPORTED, NOT_APPLICABLE)), max_size=5))
        values = [draw(st.integers(0, 9)) for _ in states]
        found.append(Report(values, unit, draw(st.sampled_from((FIRST, LATER))), 1, states))
    return found


@given(reports(), reports())
def test_all_movements_together_are_the_change_of_the_sums(before: list[Report], after: list[Report]) -> None:
    """The oracle adds up the reports of both moments, element by element."""
    found = movements(LABOUR, ELEMENTS, FORMS, before, after, SINCE)
    changes: dict[str, Fraction] = {}
    for shift in (shift for one in found for shift in one.shifts):
        changes[shift.element] = changes.get(shift.element, Fraction(0)) + (shift.change.value or 0)
    positions: Mapping[str, Sequence[int]] = {"children": (0,), "labour": (1, 2)}
    for element, places in positions.items():
        assert changes.get(element, 0) == _sum(after, places) - _sum(before, places)
    unmoved = {one.unit for one in before} & {one.unit for one in after} - {one.unit for one in found}
    for unit in unmoved:
        for places in positions.values():
            assert _sum([r for r in before if r.unit == unit], places) == _sum(
                [r for r in after if r.unit == unit], places
            )


def _sum(some: Sequence[Report], places: Sequence[int]) -> int:
    return sum(r.values[at] for r in some for at in places if at < len(r.states) and r.states[at] == REPORTED)
