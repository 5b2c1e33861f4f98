"""What a figure may still become, held against every way in which the rest can report."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.domain.attainment import Attainment, Earlier, attain, holds
from chitieu.domain.catalogue import Direction, Element, Indicator, Kind
from chitieu.domain.certainty import certainty
from chitieu.domain.disclosure import Caller, Count, disclose
from chitieu.domain.evidence import Evidence, Part, weigh
from chitieu.domain.form import Field, Form
from chitieu.domain.period import Period
from chitieu.domain.plan import Comparator
from chitieu.domain.reasons import reason
from chitieu.domain.rollup import Cell, Report, ValueState
from tests.unit.small_release import label, target
from tests.unit.test_attainment import DUE, FEW, TODAY, year

MOST = 2
ELEMENTS = {
    id_: Element(id_, label(id_), "person", Kind.STOCK, maximum=MOST) for id_ in ("part", "part2", "whole", "whole2")
}
SHARE = Indicator("share", label("share"), ("part",), ("whole",), 100, "percent", Direction.HIGHER)
POOLED = replace(SHARE, id="pooled", numerator=("part", "part2"), denominator=("whole", "whole2"))
RATIO = replace(SHARE, id="ratio", share=False)
COUNT = replace(SHARE, id="count", denominator=(), factor=1, unit="count")


def form(id_: str, *elements: str) -> Form:
    fields = tuple(Field(one, one, (), 0, MOST, False) for one in elements)
    return Form(id_, 1, label(id_), "administrative", fields, ())


TOGETHER = (form("all", "part", "whole", "part2", "whole2"),)
APART = (form("parts", "part", "part2"), form("wholes", "whole", "whole2"))
WITHIN = {"part": "whole", "part2": "whole2"}

NOT_APPLICABLE = "n/a"
Said = int | str | None  # a figure, not applicable, or left empty
Answers = Mapping[str, Said] | None  # None: nothing was sent


@dataclass(frozen=True)
class World:
    """What each unit has said in each form."""

    indicator: Indicator
    forms: tuple[Form, ...]
    units: Sequence[Sequence[Answers]]

    def parts(self) -> list[Part]:
        return [Part(one, self._cell(at, one), len(self.units)) for at, one in enumerate(self.forms)]

    def evidence(self) -> Evidence:
        return weigh(self.indicator, ELEMENTS, self.parts(), (), FEW, TODAY)

    def _cell(self, at: int, one: Form) -> Cell:
        total = Cell()
        for unit in self.units:
            said = unit[at]
            if said is not None:
                answers = [said[field.key] for field in one.fields]
                values = [answer if isinstance(answer, int) else 0 for answer in answers]
                total.add(Report(values=values, states=[_state(answer) for answer in answers]), +1)
        return total


def _state(answer: Said) -> ValueState:
    if answer is None:
        return ValueState.ABSENT
    return ValueState.NOT_APPLICABLE if answer == NOT_APPLICABLE else ValueState.REPORTED


def fits(said: Mapping[str, Said], indicator: Indicator) -> bool:
    """No part is larger than its whole, where both are known; there is none of what does not apply."""
    number = {key: 0 if answer == NOT_APPLICABLE else answer for key, answer in said.items()}
    pairs = [(number.get(part), number.get(whole)) for part, whole in WITHIN.items()]
    return not indicator.share or all(
        not isinstance(part, int) or not isinstance(whole, int) or part <= whole for part, whole in pairs
    )


def completed(world: World, unit: Sequence[Answers]) -> Iterator[tuple[Answers, ...]]:
    """Every way in which a unit can answer what it has not."""
    open_ = [
        (at, field.key)
        for at, one in enumerate(world.forms)
        for field in one.fields
        if field.key in world.indicator.elements and (unit[at] or {}).get(field.key) is None
    ]
    for figures in product(range(MOST + 1), repeat=len(open_)):
        said: list[dict[str, Said]] = [
            {field.key: (unit[at] or {}).get(field.key) for field in one.fields} for at, one in enumerate(world.forms)
        ]
        for (at, key), figure in zip(open_, figures, strict=True):
            said[at][key] = figure
        if fits({key: answer for one in said for key, answer in one.items()}, world.indicator):
            yield tuple(said)


def outcomes(world: World) -> set[Fraction]:
    """Every value that can come of it."""
    found = set()
    for units in product(*(list(completed(world, unit)) for unit in world.units)):
        value = replace(world, units=units).evidence().value.value
        if value is not None:
            found.add(value)
    return found


@st.composite
def worlds(draw: st.DrawFn) -> World:
    indicator = draw(st.sampled_from([SHARE, SHARE, POOLED, RATIO, COUNT]))
    forms = draw(st.sampled_from([TOGETHER, APART]))
    answer = st.sampled_from([0, 1, 2, 2, None, NOT_APPLICABLE])

    def unit() -> list[Answers]:
        said: list[Answers] = []
        for one in forms:
            keys = [field.key for field in one.fields]
            said.append(draw(st.none() | st.fixed_dictionaries(dict.fromkeys(keys, answer))))
        return said

    # Two elements more to answer are 81 ways for each unit.
    count = draw(st.integers(1, 2 if indicator is POOLED else 3))
    units = [unit() for _ in range(count)]
    for said in units:
        whole = {key: one for answers in said for key, one in (answers or {}).items()}
        if not fits(whole, indicator):
            said[:] = [None] * len(forms)
    return World(indicator, forms, units)


def span(evidence: Evidence) -> tuple[Fraction, Fraction] | None:
    found = evidence.possible
    if found is None:
        return None
    assert found.low.value is not None and found.high.value is not None
    return found.low.value, found.high.value


@given(worlds())
def test_nothing_outside_the_range_can_come_of_it(world: World) -> None:
    evidence = world.evidence()
    ends = span(evidence)
    assert (ends is None) is (evidence.value.value is None)
    if ends is not None:
        values = outcomes(world)
        assert ends[0] <= min(values) and max(values) <= ends[1]


@given(worlds())
def test_both_ends_can_come_of_it_if_nobody_left_anything_empty(world: World) -> None:
    ends = span(world.evidence())
    empty = any(answer is None for unit in world.units for said in unit for answer in (said or {}).values())
    if ends is not None and not empty and world.forms is TOGETHER:
        values = outcomes(world)
        assert ends == (min(values), max(values))


BOUNDED = [one for one in Comparator if one not in (Comparator.MAINTAIN, Comparator.DECREASE)]


@given(worlds(), st.sampled_from(BOUNDED), st.sampled_from([0, 1, 2, 50, 100]))
def test_what_is_certain_is_so_in_every_way_that_the_rest_can_report(
    world: World, comparator: Comparator, bound: int
) -> None:
    one = attain(target("t", "i", comparator, bound, due=DUE), world.indicator, world.evidence(), (), year(2023))
    sure = certainty(one)
    if sure is not None:
        assert {holds(comparator, value, Fraction(bound)) for value in outcomes(world)} == {sure.value == "met"}


# By hand: of 10 units that count up to 1,000


def people(part: int | None, whole: int | None, sent: int, expected: int = 10, answered: int | None = None) -> Evidence:
    """`answered` of those that sent the form gave the part; all gave the whole."""
    elements = {id_: replace(one, maximum=1000) for id_, one in ELEMENTS.items()}
    said = sent if answered is None else answered
    cell = Cell(sent, [part or 0, whole or 0], [said, sent], [0, 0])
    return weigh(SHARE, elements, [Part(form("f", "part", "whole"), cell, expected)], (), FEW, TODAY)


@pytest.mark.parametrize(
    ("evidence", "low", "high"),
    [
        # All are in: it is what it is.
        (people(300, 400, 10), 75, 75),
        # One is missing: 300 of 1,400 at worst, 1,300 of 1,400 at best.
        (people(300, 400, 9), Fraction(300, 14), Fraction(1300, 14)),
        # All denominators are in, one numerator is not: from 300 to all of the 400.
        (people(300, 400, 10, answered=9), 75, 100),
        # 1,000 of the 9,000 may come: not all of them.
        (people(300, 9000, 10, answered=9), Fraction(30, 9), Fraction(130, 9)),
        # Once one is not all, all is out of reach.
        (people(399, 400, 9), Fraction(399, 14), Fraction(1399, 14)),
        (people(0, 400, 9), 0, Fraction(1000, 14)),
    ],
)
def test_a_range_is_worked_out_by_hand(evidence: Evidence, low: Fraction, high: Fraction) -> None:
    assert span(evidence) == (low, high)


MAINTAINED = target("t", "i", Comparator.MAINTAIN, 0, holds=Comparator.EQUAL, due=DUE)


def before(evidence: Evidence) -> Earlier:
    return Earlier(Period.parse("2022"), evidence)


def sure(comparator: Comparator, bound: int, evidence: Evidence) -> str | None:
    return certainty(attain(target("t", "i", comparator, bound, due=DUE), SHARE, evidence, (), year(2023)))


def test_a_target_may_be_certain_before_all_have_reported() -> None:
    # Low 21.4 %, high 92.9 %.
    one_left = people(300, 400, 9)
    assert sure(Comparator.AT_LEAST, 20, one_left) == "met"
    assert sure(Comparator.ABOVE, 95, one_left) == "not_met"
    assert sure(Comparator.AT_LEAST, 80, one_left) is None
    assert sure(Comparator.AT_MOST, 93, one_left) == "met"
    assert sure(Comparator.BELOW, 21, one_left) == "not_met"
    # 399 of 400 can't become all of them, and 400 of 400 need not stay so.
    assert sure(Comparator.EQUAL, 100, people(399, 400, 9)) == "not_met"
    assert sure(Comparator.EQUAL, 100, people(400, 400, 9)) is None


def test_none_at_all_may_still_become_some_but_some_never_none() -> None:
    for evidence, expected in ((people(0, 400, 9), None), (people(1, 400, 9), "not_met"), (people(0, 400, 10), "met")):
        assert certainty(attain(MAINTAINED, SHARE, evidence, (), year(2023))) == expected


def test_what_surely_was_not_maintained_before_is_not_met_for_good() -> None:
    now, broken = people(0, 400, 10), before(people(2, 400, 9))
    assert certainty(attain(MAINTAINED, SHARE, now, [broken], year(2023))) == "not_met"


def test_a_decrease_is_certain_against_all_that_the_earlier_value_may_be() -> None:
    less = target("t", "i", Comparator.DECREASE, due=DUE)
    # It was between 21.4 and 92.9 %.
    earlier = before(people(300, 400, 9))
    for part, expected in ((85, "met"), (0, "met"), (90, None), (375, "not_met"), (370, None)):
        assert certainty(attain(less, SHARE, people(part, 400, 10), [earlier], year(2023))) == expected
    assert certainty(attain(less, SHARE, people(5, 400, 10), (), year(2023))) is None
    assert certainty(attain(less, SHARE, people(0, 400, 10), (), year(2023))) == "met"


def test_it_is_said_in_the_rule_while_somebody_is_missing() -> None:
    def said(evidence: Evidence, caller: Caller) -> str:
        one = attain(target("t", "i", Comparator.AT_LEAST, 20, due=DUE), SHARE, evidence, (), year(2023))
        return reason(disclose(one, caller), ELEMENTS).en

    everything = Caller(frozenset())
    assert said(people(300, 400, 9), everything).endswith(" It holds whatever the rest reports.")
    assert "whatever" not in said(people(300, 400, 10), everything)


def test_of_a_withheld_figure_nothing_is_certain() -> None:
    hidden = people(3, 400, 9)
    small = Count(Fraction(3), sensitive=True, path=("there",))
    assert hidden.possible is not None
    low = replace(hidden.possible.low, sources=(small,))
    high = replace(hidden.possible.high, sources=(small,))
    evidence = replace(hidden, possible=replace(hidden.possible, low=low, high=high))
    one: Attainment = attain(MAINTAINED, SHARE, evidence, (), year(2023))
    assert certainty(one) == "not_met"
    assert certainty(disclose(one, Caller(frozenset()))) is None
