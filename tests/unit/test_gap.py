"""How many people lie between a figure and its bound, held against counting them one by one."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.domain.attainment import Attainment, attain, holding_back
from chitieu.domain.catalogue import Direction, Element, Indicator, Kind
from chitieu.domain.evidence import Evidence, Part, weigh
from chitieu.domain.form import Field, Form
from chitieu.domain.gap import Gap, gap
from chitieu.domain.plan import Comparator
from tests.unit.small_release import ELEMENTS, cell, label, target
from tests.unit.test_attainment import (
    DUE,
    FEW,
    INFORMED,
    LABOUR,
    TODAY,
    informed,
    judged,
    kept,
    labour,
    lowered,
    on_line,
    year,
)

RELATIONS = [one for one in Comparator if one is not Comparator.MAINTAIN]


def told(found: Gap | None) -> object:
    """What is needed, and what is to spare."""
    return None if found is None else (found.needed.value, found.spare.value)


# By hand


@pytest.mark.parametrize(
    ("comparator", "bound", "numerator", "needed", "spare"),
    [
        (Comparator.AT_LEAST, 80, 782, 18, 0),  # 800 of 1,000 are 80 %: 18 more parents
        (Comparator.AT_LEAST, 80, 800, 0, 0),  # exactly on it
        (Comparator.AT_LEAST, 80, 812, 0, 12),
        (Comparator.ABOVE, 90, 900, 1, 0),  # trên 90 %: 901 are the fewest
        (Comparator.ABOVE, 90, 905, 0, 4),
        (Comparator.BELOW, 1, 12, -3, 0),  # dưới 1 %: 9 are the most
        (Comparator.BELOW, 1, 4, 0, 5),
        (Comparator.AT_MOST, 1, 12, -2, 0),
        (Comparator.AT_MOST, 1, 4, 0, 6),
        (Comparator.EQUAL, 100, 988, 12, 0),
        (Comparator.EQUAL, 100, 1000, 0, 0),
        (Comparator.EQUAL, 0, 3, -3, 0),
        (Comparator.EQUAL, Fraction(1, 20), 3, None, 0),  # half a parent
        (Comparator.ABOVE, 100, 1000, None, 0),  # more than all of them
        (Comparator.BELOW, 0, 0, None, 0),
    ],
)
def test_a_gap_is_counted_in_people(
    comparator: Comparator, bound: int, numerator: int, needed: int | None, spare: int
) -> None:
    assert told(judged(comparator, bound, informed(numerator, 1000)).gap) == (needed, spare)


def test_the_bound_of_a_count_is_its_own_number() -> None:
    """10 provinces are to implement; there is no denominator, and no most."""
    provinces = Indicator("c", label("c"), ("children",), (), 1, "count", Direction.HIGHER)
    form = Form("f", 1, label("f"), "administrative", (Field("children", "children", (), 0, 99, False),), ())
    for count, expected in ((7, (3, 0)), (12, (0, 2))):
        evidence = weigh(provinces, ELEMENTS, [Part(form, cell(1, count), 1)], (), FEW, TODAY)
        assert told(gap(provinces, evidence, Comparator.AT_LEAST, Fraction(10))) == expected


def test_what_has_a_decimal_place_moves_by_tenths() -> None:
    """12.5 of 20 million are 62.5 %; 60 % are 12, so 0.5 is to spare, and 65 % are 13."""
    elements = {id_: Element(id_, label(id_), "million", Kind.FLOW, scale=1) for id_ in ("spent", "planned")}
    form = Form(
        "f", 1, label("f"), "administrative", tuple(Field(id_, id_, (), 1, 9999, False) for id_ in elements), ()
    )
    spent = Indicator("s", label("s"), ("spent",), ("planned",), 100, "percent", Direction.HIGHER)
    evidence = weigh(spent, elements, [Part(form, cell(1, 125, 200), 1)], (), FEW, TODAY)
    assert told(gap(spent, evidence, Comparator.AT_LEAST, Fraction(60))) == (0, Fraction(1, 2))
    assert told(gap(spent, evidence, Comparator.AT_LEAST, Fraction(65))) == (Fraction(1, 2), 0)


def test_what_is_to_be_maintained_is_short_of_the_relation_to_keep() -> None:
    assert told(kept(labour(2, 100)).gap) == (-2, 0)
    assert told(kept(labour(0, 100)).gap) == (0, 0)


def test_a_decrease_is_counted_with_the_present_denominator() -> None:
    """4 of 100 were 4 %. Of 1,000 children 39 are fewer than 4 %: 41 are 2 too many, 30 leave room for 9."""
    before = labour(4, 100)
    assert told(lowered(labour(41, 1000), before).gap) == (-2, 0)
    assert told(lowered(labour(30, 1000), before).gap) == (0, 9)
    assert told(lowered(labour(0, 1000), before).gap) == (0, 39)
    assert told(lowered(labour(41, 1000), baseline=Fraction(4)).gap) == (-2, 0)
    assert lowered(labour(4, 100)).gap is None, "the first known period has nothing to be compared with"


def test_the_way_to_the_path_is_counted_too() -> None:
    """On 31/12/2023 the line from 20 % to 80 % is at 55.967… %: 560 of 1,000."""
    behind, ahead = on_line(541, year(2023)), on_line(572, year(2023))
    assert (told(behind.gap), told(behind.path_gap)) == ((259, 0), (19, 0))
    assert (told(ahead.gap), told(ahead.path_gap)) == ((228, 0), (0, 12))
    assert judged(Comparator.AT_LEAST, 80, informed(1, 10)).path_gap is None


def test_without_a_figure_there_is_no_gap() -> None:
    for evidence in (informed(0, 0), informed(5, None), informed(None, None)):
        assert judged(Comparator.AT_LEAST, 80, evidence).gap is None


def test_a_gap_rests_on_all_that_it_was_computed_from() -> None:
    """On the period that a decrease is judged by, too."""
    now, before = labour(41, 1000), labour(4, 100)
    found = lowered(now, before).gap
    assert found is not None
    for one in (found.needed, found.spare):
        assert set(one.sources) == {*now.value.sources, *before.value.sources}


# One by one


@given(
    st.sampled_from(RELATIONS),
    st.fractions(0, 100, max_denominator=12) | st.integers(0, 100).map(Fraction),
    st.integers(0, 40),
    st.integers(1, 40),
    st.sampled_from([INFORMED, LABOUR]),
)
def test_a_gap_is_what_counting_one_by_one_finds(
    relation: Comparator, level: Fraction, numerator: int, denominator: int, indicator: Indicator
) -> None:
    numerator = min(numerator, denominator)

    def does(count: int) -> bool:
        value = Fraction(count * 100, denominator)
        return {
            Comparator.AT_LEAST: value >= level,
            Comparator.ABOVE: value > level,
            Comparator.AT_MOST: value <= level,
            Comparator.BELOW: value < level,
            Comparator.EQUAL: value == level,
            Comparator.DECREASE: value < level or value == 0,
        }[relation]

    possible = [count - numerator for count in range(denominator + 1) if does(count)]
    needed = min(possible, key=abs, default=None)
    worse = -1 if relation in (Comparator.AT_LEAST, Comparator.ABOVE) else 1
    spare, at = 0, numerator
    while relation is not Comparator.EQUAL and does(at) and 0 <= at + worse <= denominator and does(at + worse):
        spare, at = spare + 1, at + worse
    evidence = informed(numerator, denominator) if indicator is INFORMED else labour(numerator, denominator)
    assert told(gap(indicator, evidence, relation, level)) == (needed, spare)


@given(st.integers(0, 60), st.integers(0, 20), st.sampled_from([Comparator.AT_LEAST, Comparator.BELOW]))
def test_a_numerator_above_its_denominator_does_not_break_the_count(
    numerator: int, denominator: int, relation: Comparator
) -> None:
    """Possible where some left the denominator empty. It is 0 short if the bound holds, and never goes up further."""
    found = gap(INFORMED, informed(numerator, denominator), relation, Fraction(50))
    assert (found is None) is (denominator == 0)
    if found is not None:
        ok = (numerator * 2 >= denominator) if relation is Comparator.AT_LEAST else (numerator * 2 < denominator)
        assert (found.needed.value == 0) is ok
        assert found.spare.value is not None and found.spare.value >= 0


# Who holds an area back


def area(numerator: int, denominator: int, lower: bool = False) -> Attainment:
    if lower:
        one = target("t", "labour_rate", Comparator.BELOW, 1, due=DUE)
        return attain(one, LABOUR, labour(numerator, denominator), (), year(2023))
    return judged(Comparator.AT_LEAST, 80, informed(numerator, denominator))


def test_who_lacks_most_holds_back_most() -> None:
    """Of 100 and 300 parents 80 % are 80 and 240: 78 lack 2, 240 lack nothing; together 318 lack 2 of 320."""
    whole = area(318, 400)
    assert [holding_back(whole, part).value for part in (area(78, 100), area(240, 300), whole)] == [2, 0, 2]


def test_where_lower_is_better_who_has_most_too_many_holds_back_most() -> None:
    """1 % of 900 and 100 children are 9 and 1: 12 are 3 too many, and 0 make up for 1."""
    whole = area(12, 1000, lower=True)
    parts = (area(12, 900, lower=True), area(0, 100, lower=True))
    assert [holding_back(whole, part).value for part in (*parts, whole)] == [3, -1, 2]


def test_a_decrease_is_held_against_what_the_area_above_had() -> None:
    """It had 4 %: of 100 children 4. 6 are 2 too many, whatever there was here before."""
    whole = lowered(labour(41, 1000), labour(4, 100))
    assert holding_back(whole, lowered(labour(6, 100), labour(9, 100))).value == 2
    assert holding_back(lowered(labour(4, 100)), lowered(labour(6, 100))).value is None


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=6),
    st.fractions(0, 100),
    st.sampled_from([Comparator.AT_LEAST, Comparator.ABOVE, Comparator.AT_MOST, Comparator.BELOW]),
)
def test_what_the_parts_lack_adds_up_to_what_the_whole_lacks(
    parts: list[tuple[int, int]], bound: Fraction, comparator: Comparator
) -> None:
    whole = judged(comparator, bound, informed(sum(n for n, _ in parts), sum(d for _, d in parts)))
    lacks = [holding_back(whole, judged(comparator, bound, informed(*part))).value for part in parts]
    assert sum(one for one in lacks if one is not None) == holding_back(whole, whole).value
    needed = None if whole.gap is None else whole.gap.needed.value
    if needed:
        # A whole person more than the exact number, or for a strict bound that number and one.
        assert 0 <= abs(needed) - (holding_back(whole, whole).value or 0) <= 1


def test_who_has_no_figures_is_not_said_to_hold_back() -> None:
    nothing: Evidence = informed(None, None)
    assert holding_back(area(318, 400), judged(Comparator.AT_LEAST, 80, nothing)).value is None
