"""Complementary suppression against an attacker who asks about every area in every way and adds it all up."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.domain.catalogue import Catalogue, Element, Kind, Label
from chitieu.domain.disclosure import Caller
from chitieu.domain.form import Collection, Field, Form, Reporters
from chitieu.domain.inquiry import CellKey, Inquiry
from chitieu.domain.period import Period, PeriodKind, Window
from chitieu.domain.registry import Release
from chitieu.domain.rollup import Cell
from chitieu.domain.unit import Unit, UnitTree
from chitieu.domain.withheld import Figures, Name, Withheld, by_option, total
from chitieu.domain.withholding import Withholding

LABEL = Label("…", "…")
BEGAN = date(2020, 1, 1)
SERIES, ELEMENT, SMALL = "administrative", "labour", 5
LEVELS = ("nation", "province", "district", "commune")
YEAR, FIRST, SECOND = (Period.parse(text) for text in ("2024", "2024S1", "2024S2"))

# Boys and girls, in the first half-year and in the second.
Counts = tuple[int, int, int, int]


@dataclass(frozen=True)
class Place:
    """`own` is what it reports itself, if anything."""

    own: Counts
    below: "Sequence[Place]" = ()


@dataclass(frozen=True)
class Country:
    """A tree of areas with all that they reported."""

    top: Place
    kind: Kind = Kind.STOCK

    @cached_property
    def places(self) -> Mapping[tuple[int, ...], Place]:
        """By the way from the nation down."""

        def walk(place: Place, at: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], Place]]:
            yield at, place
            for number, one in enumerate(place.below):
                yield from walk(one, (*at, number))

        return dict(walk(self.top, ()))

    @cached_property
    def inquiry(self) -> Inquiry:
        units = [Unit(code(at), BEGAN, None, LEVELS[len(at)], code(at[:-1]) if at else None, "…") for at in self.places]
        kinds = [PeriodKind.YEAR] if self.kind is Kind.STOCK else [PeriodKind.YEAR, PeriodKind.HALF_YEAR]
        # Each level has a form of its own: an area may report beside those below it.
        forms = {level: form(level, kinds) for level in LEVELS}
        elements = {ELEMENT: Element(ELEMENT, LABEL, "child", self.kind, sensitive=True)}
        return Inquiry(Release(1, Catalogue({}, elements, {}), forms, {}, {}, UnitTree(units)))

    @property
    def periods(self) -> Sequence[Period]:
        return (YEAR,) if self.kind is Kind.STOCK else (YEAR, FIRST, SECOND)

    @cached_property
    def cells(self) -> Mapping[CellKey, Cell]:
        found: dict[CellKey, Cell] = {}
        for at, place in self.places.items():
            for period, area in product(self.periods, (at[:length] for length in range(len(at) + 1))):
                key = LEVELS[len(at)], str(period), id_(area)
                cell = found.setdefault(key, Cell(0, [0, 0], [0, 0], [0, 0]))
                cell.units += 1
                for option in (0, 1):
                    cell.sums[option] += counted(place.own, period, option)
        return found

    def sum(self, area: tuple[int, ...], period: Period, option: int | None = None) -> int:
        """Of both sexes, if none is named."""
        options = (0, 1) if option is None else (option,)
        cells = (self.cells.get((level, str(period), id_(area))) for level in LEVELS)
        return sum(cell.sums[one] for cell in cells if cell is not None for one in options)

    def itself(self, area: tuple[int, ...], period: Period, option: int | None = None) -> int:
        return sum(counted(self.places[area].own, period, one) for one in ((0, 1) if option is None else (option,)))

    def withheld(self, caller: str, *areas: tuple[int, ...]) -> Withheld:
        """What is withheld in an answer about some areas, from nothing but the cells that are read for it."""
        figures = [
            Figures((ELEMENT,), SERIES, period, id_(at), tuple(id_(at[:n]) for n in range(len(at) + 1)), True)
            for at, period in product(areas, self.periods)
        ]
        deciding = Withholding(self.inquiry, Caller(frozenset({caller}))).of(figures)
        return deciding.withheld({key: self.cells[key] for key in deciding.cells if key in self.cells})


def code(at: tuple[int, ...]) -> str:
    return ".".join(("vn", *map(str, at)))


def id_(at: tuple[int, ...]) -> str:
    return f"{code(at)}@{BEGAN}"


def counted(own: Counts, period: Period, option: int) -> int:
    """A year has what its half-years have."""
    return sum(own[2 * half + option] for half, one in enumerate((FIRST, SECOND)) if period in (one, YEAR))


def form(level: str, kinds: Iterable[PeriodKind]) -> Form:
    fields = tuple(Field(f"{ELEMENT}.{sex}", ELEMENT, (sex,), 0, 10**9, True) for sex in ("m", "f"))
    reporters = Reporters(level, ("vn",))
    rounds = tuple(Collection(reporters, kind, Window(), BEGAN, None) for kind in kinds)
    return Form(level, 1, LABEL, SERIES, fields, rounds)


NONE: Counts = (0, 0, 0, 0)
NUMBERS = st.sampled_from([0, 0, 0, 1, 2, 3, 5, 6, 9, 40])
REPORTS = st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
COMMUNES = st.builds(Place, REPORTS)


def above(places: st.SearchStrategy[Place], most: int) -> st.SearchStrategy[Place]:
    own = st.one_of(st.just(NONE), st.just(NONE), REPORTS)
    return st.builds(Place, own, st.lists(places, min_size=1, max_size=most))


TOPS = above(above(above(COMMUNES, 3), 3), 3)
COUNTRIES = st.builds(Country, TOPS, st.sampled_from(Kind))


@dataclass(frozen=True)
class Attacker:
    """Holds a key of one area, and has an answer about every area."""

    country: Country
    mine: tuple[int, ...]

    @cached_property
    def withheld(self) -> Withheld:
        return self.country.withheld(id_(self.mine), *self.country.places)

    def knows(self, at: tuple[int, ...]) -> bool:
        return at[: len(self.mine)] == self.mine

    def rest(self, at: tuple[int, ...], period: Period, option: int | None) -> int:
        """A sum without what is the attacker's own, who takes that off."""
        holds = self.mine[: len(at)] == at
        return self.country.sum(at, period, option) - (self.country.sum(self.mine, period, option) if holds else 0)

    @cached_property
    def numbers(self) -> Mapping["Number", int]:
        """All numbers about others, by the name under which they are withheld and the option."""
        found = {}
        for at, period, option in product(self.country.places, self.country.periods, (None, 0, 1)):
            if self.knows(at):
                continue
            name = named(at, period, option)
            found[name, option] = self.rest(at, period, option)
            found[itself(name), option] = self.country.itself(at, period, option)
        return found

    @cached_property
    def unknown(self) -> Set["Number"]:
        """That nobody is in an area is taken as known, as where others are shown; which options are 0 is not."""
        hidden = (
            (*key, value) for key, value in self.numbers.items() if key[0] in self.withheld or key[0][-1] == ITSELF
        )
        return {(name, option) for name, option, value in hidden if value or option is not None}

    def sums(self) -> Iterator[Mapping["Number", int]]:
        """All that is known to be 0: of areas and those below, of options, of a year and its halves."""
        for at, period, option in product(self.country.places, self.country.periods, (None, 0, 1)):
            if self.knows(at):
                continue
            name = named(at, period, option)
            below = [(*at, one) for one in range(len(self.country.places[at].below))]
            parts = [(named(one, period, option), option) for one in below if not self.knows(one)]
            yield {(name, option): 1, (itself(name), option): -1, **dict.fromkeys(parts, -1)}
            if option is None:
                for suffix in (lambda one: one, itself):
                    both: dict[Number, int] = {(suffix(named(at, period, sex)), sex): -1 for sex in (0, 1)}
                    yield {(suffix(name), None): 1, **both}
            if period is YEAR and self.country.kind is Kind.FLOW:
                yield {(named(at, one, option), option): -1 if one is YEAR else 1 for one in self.country.periods}


ITSELF = "itself"


def itself(name: Name) -> Name:
    """What an area reported itself, of which nobody elsewhere is told."""
    return (*name, ITSELF)


def named(at: tuple[int, ...], period: Period, option: int | None) -> Name:
    name = total(ELEMENT, SERIES, period, id_(at))
    return name if option is None else by_option(name)


@st.composite
def attackers(draw: st.DrawFn) -> Attacker:
    country = draw(COUNTRIES)
    return Attacker(country, draw(st.sampled_from([at for at in country.places if at])))


# Sums are solved in integers modulo a prime: quick, and as good as exact.
PRIME = 2**61 - 1

Number = tuple[Name, int | None]


def solved(sums: Iterable[Mapping[Number, int]]) -> Set[Number]:
    """What follows from all sums together: the unknown that are alone after Gauss and Jordan."""
    rows: dict[Number, dict[Number, int]] = {}

    def less(row: dict[Number, int], other: dict[Number, int], factor: int) -> None:
        for key, value in other.items():
            row[key] = (row.get(key, 0) - factor * value) % PRIME
            if not row[key]:
                del row[key]

    for one in sums:
        row = {key: factor % PRIME for key, factor in one.items()}
        for key in [key for key in row if key in rows]:
            less(row, rows[key], row[key])
        if not row:
            continue
        pivot, inverse = next(iter(row)), pow(next(iter(row.values())), -1, PRIME)
        row = {key: value * inverse % PRIME for key, value in row.items()}
        for other in rows.values():
            if pivot in other:
                less(other, row, other[pivot])
        rows[pivot] = row
    return {pivot for pivot, row in rows.items() if len(row) == 1}


@given(attackers())
def test_no_number_of_children_follows_from_all_answers_together(attacker: Attacker) -> None:
    unknown = attacker.unknown
    found = solved({key: factor for key, factor in one.items() if key in unknown} for one in attacker.sums())
    assert {key: attacker.numbers[key] for key in found if 0 < attacker.numbers[key] <= SMALL} == {}


@given(attackers())
def test_small_counts_are_withheld_themselves_and_what_is_left_of_a_sum_is_none(attacker: Attacker) -> None:
    """Whatever is taken off a sum that is shown, over however many levels, is 0 or more than five children."""
    for (name, option), value in attacker.numbers.items():
        assert name in attacker.withheld or option is not None or name[-1] == ITSELF or not 0 < value <= SMALL

    def least(at: tuple[int, ...], period: Period) -> int:
        """The least that withheld numbers in an area are known to add up to."""
        name = named(at, period, None)
        value = attacker.rest(at, period, None)
        return min(value, below(at, period)) if name in attacker.withheld else below(at, period)

    def below(at: tuple[int, ...], period: Period) -> int:
        others = [(*at, one) for one in range(len(attacker.country.places[at].below))]
        hidden = [one for one in others if not attacker.knows(one) and named(one, period, None) in attacker.withheld]
        return attacker.country.itself(at, period) + sum(least(one, period) for one in hidden)

    for at, period in product(attacker.country.places, attacker.country.periods):
        if not attacker.knows(at) and named(at, period, None) not in attacker.withheld:
            assert not 0 < below(at, period) <= SMALL


@given(attackers())
def test_the_same_is_withheld_whatever_is_asked_with_it(attacker: Attacker) -> None:
    alone = [attacker.country.withheld(id_(attacker.mine), at) for at in attacker.country.places]
    assert set().union(*alone) == attacker.withheld


@given(attackers())
def test_one_s_own_subtree_is_seen_whole(attacker: Attacker) -> None:
    own = {id_(at) for at in attacker.country.places if attacker.knows(at)}
    assert not [name for name in attacker.withheld if name[3] in own]


def test_who_sees_the_whole_country_reads_nothing_beside() -> None:
    country = Country(Place(NONE, [Place(NONE, [Place(NONE, [Place((3, 0, 0, 0))])])]))
    assert country.withheld(id_(()), *country.places) == set()
    figures = [Figures((ELEMENT,), SERIES, YEAR, id_((0,)), (id_(()), id_((0,))))]
    assert Withholding(country.inquiry, Caller(frozenset({id_(())}))).of(figures).cells == set()


def provinces(*districts: Sequence[int]) -> Country:
    """Boys in the first half-year, by commune, of the districts of one province, beside another province's fifty."""
    made = [Place(NONE, [Place((boys, 0, 0, 0)) for boys in one]) for one in districts]
    other = Place(NONE, [Place(NONE, [Place((50, 0, 0, 0))])])
    return Country(Place(NONE, [Place(NONE, made), other]))


def hidden(country: Country, mine: tuple[int, ...] = (1,)) -> str:
    every = country.withheld(id_(mine), *country.places)
    return " ".join(code(at)[3:] for at in country.places if named(at, YEAR, None) in every)


def test_a_small_commune_takes_the_smallest_other_with_it_and_nothing_above() -> None:
    assert hidden(provinces([3, 20, 30], [40, 60])) == "0.0.0 0.0.1"


def test_a_small_district_takes_another_and_of_that_what_is_enough() -> None:
    """20 + 30 communes in the second: of a sum that is itself withheld one part is."""
    assert hidden(provinces([0, 3], [20, 30], [70])) == "0.0 0.0.1 0.1 0.1.0"


def test_zero_hides_nothing() -> None:
    assert hidden(provinces([3, 0, 30], [40])) == "0.0.0 0.0.2"


@pytest.mark.parametrize(("others", "also"), [([2], "0.0 0.1 0.1.0"), ([2, 9], "0.0.2")])
def test_who_knows_a_part_is_not_told_the_rest_by_the_sum(others: list[int], also: str) -> None:
    """The key's own commune has 30: the district's sum would tell it of its neighbours."""
    found = hidden(provinces([30, *others], [20, 20]), (0, 0, 0)).split()
    assert "0.0.1" in found and set(also.split()) <= set(found) and "0.0.0" not in found
