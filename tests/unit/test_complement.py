"""Complementary suppression against what an attacker computes: sums solved together, and what one subtraction gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from chitieu.domain.complement import Key, Sum, withheld

NONE: frozenset[Key] = frozenset()


def key(name: str) -> Key:
    return (name,)


def total(name: str, *parts: str) -> Sum:
    return Sum(key(name), [key(part) for part in parts])


def hidden(figures: Mapping[str, int], *sums: Sum, own: str = "") -> str:
    """What is withheld; small is what is withheld at once."""
    values = {key(name): Fraction(value) for name, value in figures.items()}
    known = {key(name) for name in own.split()}
    small = {one for one, value in values.items() if 0 < value <= 5} - known
    return " ".join(sorted(one[0] for one in withheld(values, small, known, sums)))


def test_one_small_count_beside_its_total_takes_the_smallest_other_with_it() -> None:
    assert hidden({"all": 60, "a": 3, "b": 20, "c": 37}, total("all", "a", "b", "c")) == "a b"


def test_two_small_counts_that_sum_to_a_small_one_take_a_third_with_them() -> None:
    """1 + 2 = 3, which subtraction would give: everybody knows which three children."""
    assert hidden({"all": 60, "a": 1, "b": 2, "c": 20, "d": 37}, total("all", "a", "b", "c", "d")) == "a b c"
    assert hidden({"all": 65, "a": 3, "b": 5, "c": 20, "d": 37}, total("all", "a", "b", "c", "d")) == "a b"


def test_a_zero_hides_nothing_so_the_total_goes() -> None:
    assert hidden({"all": 64, "a": 4, "b": 0, "c": 60}, total("all", "a", "b", "c")) == "a c"
    assert hidden({"all": 64, "a": 4, "b": 0, "mine": 60}, total("all", "a", "b", "mine"), own="mine") == "a all"


def test_what_a_reader_knows_anyway_hides_nothing_from_them() -> None:
    figures = {"all": 90, "a": 3, "mine": 7, "b": 80}
    assert hidden(figures, total("all", "a", "mine", "b"), own="mine") == "a b"


def test_it_goes_on_upwards_and_downwards_until_nothing_follows() -> None:
    """The district's other commune is withheld for the first; its hamlets would give it back."""
    figures = {"district": 30, "x": 4, "y": 26, "y1": 10, "y2": 16}
    assert hidden(figures, total("district", "x", "y"), total("y", "y1", "y2")) == "x y y1"
    alone = {"province": 80, "north": 30, "south": 50, "x": 4, "y": 0, "mine": 26}
    sums = total("province", "north", "south"), total("north", "x", "y", "mine")
    assert hidden(alone, *sums, own="mine") == "north south x"


def test_nothing_small_withholds_nothing() -> None:
    assert hidden({"all": 60, "a": 6, "b": 54, "c": 0}, total("all", "a", "b", "c")) == ""


@dataclass(frozen=True)
class Area:
    value: int
    below: "Sequence[Area]" = ()

    @property
    def total(self) -> int:
        return self.value if not self.below else sum(one.total for one in self.below)


COUNTS = st.sampled_from([0, 0, 1, 2, 3, 5, 6, 7, 12, 40])
AREAS = st.recursive(
    COUNTS.map(Area),
    lambda inner: st.lists(inner, min_size=1, max_size=4).map(lambda some: Area(0, some)),
    max_leaves=12,
)


def table(area: Area, name: Key = ("vn",)) -> tuple[dict[Key, Fraction], list[Sum]]:
    values, sums = {name: Fraction(area.total)}, []
    parts = []
    for at, one in enumerate(area.below):
        parts.append((*name, str(at)))
        inner, more = table(one, parts[-1])
        values |= inner
        sums += more
    return values, ([Sum(name, parts), *sums] if parts else sums)


def solved(unknown: set[Key], sums: Sequence[Sum]) -> set[Key]:
    """What follows from all sums together with what is shown: Gauss and Jordan over the unknown."""
    order = sorted(unknown)
    rows = [[Fraction((one == each.total) - each.parts.count(one)) for one in order] for each in sums]
    done = 0
    for column in range(len(order)):
        pivot = next((row for row in range(done, len(rows)) if rows[row][column]), None)
        if pivot is None:
            continue
        rows[done], rows[pivot] = rows[pivot], rows[done]
        rows[done] = [cell / rows[done][column] for cell in rows[done]]
        for row in range(len(rows)):
            if row != done and rows[row][column]:
                factor = rows[row][column]
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[done], strict=True)]
        done += 1
    alone = [[at for at, cell in enumerate(row) if cell] for row in rows]
    return {order[ats[0]] for ats in alone if len(ats) == 1}


@given(AREAS)
def test_of_areas_below_areas_nothing_withheld_follows_from_what_is_shown(area: Area) -> None:
    values, sums = table(area)
    small = {one for one, value in values.items() if 0 < value <= 5}
    found = withheld(values, small, NONE, sums)
    assert small <= found
    assert solved(found, sums) == set()
    for one in sums:
        rest = [values[part] for part in one.parts if part in found]
        assert one.total in found or not rest or sum(rest) > 5


@given(AREAS, st.data())
def test_what_is_the_reader_s_own_is_always_shown_and_nothing_is_withheld_without_need(
    area: Area, data: st.DataObject
) -> None:
    values, sums = table(area)
    mine = data.draw(st.sampled_from(sorted(values)))
    own = {one for one in values if one[: len(mine)] == mine}
    small = {one for one, value in values.items() if 0 < value <= 5} - own
    found = withheld(values, small, own, sums)
    assert found.isdisjoint(own)
    assert found or not small
    assert small or not found


@given(st.lists(st.tuples(COUNTS, COUNTS), min_size=1, max_size=5))
def test_where_options_and_areas_cross_no_single_sum_gives_anything_away(communes: list[tuple[int, int]]) -> None:
    values: dict[Key, Fraction] = {}
    for at, (boys, girls) in enumerate([*communes, tuple(map(sum, zip(*communes, strict=True)))]):
        values |= {
            ("m", str(at)): Fraction(boys),
            ("f", str(at)): Fraction(girls),
            ("", str(at)): Fraction(boys + girls),
        }
    every, last = [str(at) for at in range(len(communes))], str(len(communes))
    sums = [Sum((name, last), [(name, at) for at in every]) for name in ("m", "f", "")]
    sums += [Sum(("", at), [("m", at), ("f", at)]) for at in (*every, last)]
    small = {one for one, value in values.items() if 0 < value <= 5}
    found = withheld(values, small, NONE, sums)
    assert small <= found
    for one in sums:
        assert solved(found, [one]) == set()
