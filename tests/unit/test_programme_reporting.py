"""Who is asked, who owns a figure and what moves: as fast as the checker needs, equal to asking about every unit."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from chitieu.adapters.programmes.checks.owners import clashes
from chitieu.adapters.programmes.moves import Move, moved_units, moves
from chitieu.adapters.programmes.reporting import Reporting, periods
from chitieu.domain.catalogue import Catalogue, Label
from chitieu.domain.form import Collection, Field, Form, Reporters
from chitieu.domain.period import Period, PeriodKind, Window
from chitieu.domain.registry import Release
from chitieu.domain.unit import Unit, UnitTree

CODES = ("vn", "a", "b", "c", "d", "e", "f")
LEVELS = ("high", "middle", "low")
START, TODAY = date(2020, 1, 1), date(2023, 8, 1)

days = st.integers(0, 4 * 365).map(lambda n: START + timedelta(days=n))
levels = st.sampled_from(LEVELS)
areas = st.lists(st.sampled_from(CODES), min_size=1, max_size=2, unique=True).map(tuple)


@st.composite
def rows(draw: st.DrawFn, at: int) -> list[Unit]:
    """One or two rows of a code; a parent is an earlier code, so that there is no circle."""
    code, above = CODES[at], CODES[:at]
    parents = st.sampled_from(above) if above else st.none()
    change = draw(st.none() | days)
    first = Unit(code, START, change, draw(levels), draw(parents), code)
    if change is None:
        return [first]
    return [first, Unit(code, change + timedelta(days=1), None, draw(levels), draw(parents), code)]


@st.composite
def forms(draw: st.DrawFn) -> Form:
    rounds = draw(st.lists(st.builds(Reporters, levels, areas, areas | st.just(())), min_size=1, max_size=3))
    kinds = st.sampled_from([PeriodKind.YEAR, PeriodKind.HALF_YEAR])
    windows = st.sampled_from([Window("calendar"), Window("decree-09-2019")])
    collections = tuple(Collection(who, draw(kinds), draw(windows), START, None) for who in rounds)
    return Form("f", 1, Label("", ""), "administrative", (), collections)


def release(units: list[Unit], form: Form) -> Release:
    return Release(1, Catalogue({}, {}, {}), {"f": form}, {("f", 1): form}, {}, UnitTree(units))


units = st.tuples(*(rows(at) for at in range(len(CODES)))).map(lambda every: [unit for some in every for unit in some])
releases = st.builds(release, units, forms())
some_periods = [Period.parse(text) for text in ("2020", "2021", "2022", "2021S1", "2021S2", "2022S1", "2023S1")]


@given(releases)
def test_asked_are_those_whom_the_form_asks_one_by_one(given: Release) -> None:
    form, reporting = given.forms["f"], Reporting(given.tree)
    for period in some_periods:
        expected = {}
        for id_ in given.tree.units:
            found = form.collection(period, partial(given.path_on, id_))
            if found is not None:
                expected[id_] = found[0]
        assert reporting.asked(form, period) == expected


@given(releases)
def test_periods_with_equal_states_ask_the_same_units(given: Release) -> None:
    form, reporting = given.forms["f"], Reporting(given.tree)
    for one, other in product(some_periods, some_periods):
        if one.kind is other.kind and reporting.states(form, one) == reporting.states(form, other):
            assert reporting.asked(form, one) == reporting.asked(form, other)


@given(releases, forms())
def test_a_clash_is_found_exactly_when_a_unit_and_one_above_it_are_asked(given: Release, other: Form) -> None:
    element = Field("x", "x", (), 0, 10, False)
    both = [replace(given.forms["f"], fields=(element,)), replace(other, id="g", fields=(element,))]
    for kind in (PeriodKind.YEAR, PeriodKind.HALF_YEAR):
        expected = set()
        for period in {p for form in both for one in form.of_kind(kind) for p in periods(one, TODAY)}:
            paths = {(form.id, path[-1].id): path for form in both for path in asked_paths(given, form, period)}
            for (form, unit), path in paths.items():
                for area, owner in product((u.id for u in path), ("f", "g")):
                    if (owner, area) in paths and (area != unit or owner < form):
                        expected.add((form, owner, area == unit))
        found = clashes(Reporting(given.tree), both, kind, TODAY)
        assert {(one.lower.id, one.upper.id, one.unit == one.area) for one in found} == expected


def asked_paths(given: Release, form: Form, period: Period) -> Iterator[Sequence[Unit]]:
    for id_ in given.tree.units:
        found = form.collection(period, partial(given.path_on, id_))
        if found is not None:
            yield found[1]


@given(releases, units, st.sets(st.sampled_from(CODES)))
def test_moves_are_found_as_by_looking_at_every_unit(old: Release, other: list[Unit], changed: set[str]) -> None:
    """The new tree takes some codes' rows from another tree."""
    kept = [unit for unit in old.tree.units.values() if unit.code not in changed]
    new = replace(old, tree=UnitTree(kept + [unit for unit in other if unit.code in changed]))
    form = old.forms["f"]
    expected = []
    for period in sorted({p for one in form.collections for p in periods(one, TODAY)}):
        for id_ in old.tree.units:
            was = form.collection(period, partial(old.path_on, id_))
            if was is None:
                continue
            now = form.collection(period, partial(new.path_on, id_))
            round_ = was[0] if now is None else now[0]
            path = new.path_on(id_, round_.window.days(period).last)
            if path and path != tuple(was[1]) and [u.id for u in path] != [u.id for u in was[1]]:
                expected.append(Move("f", period, id_, tuple(u.id for u in path)))
    assert set(moves(old, new, TODAY)) == set(expected)


@given(releases, units, st.sets(st.sampled_from(CODES)))
def test_moved_units_differ_on_the_days_they_are_said_to(old: Release, other: list[Unit], changed: set[str]) -> None:
    kept = [unit for unit in old.tree.units.values() if unit.code not in changed]
    new = replace(old, tree=UnitTree(kept + [unit for unit in other if unit.code in changed]))
    said = list(moved_units(old, new))
    for id_, day in product(old.tree.units, (START + timedelta(days=n) for n in range(0, 1500, 97))):
        ways = [[u.id for u in each.path_on(id_, day)] for each in (old, new)]
        differs = all(ways) and ways[0] != ways[1]
        found = [m for m in said if m.unit.id == id_ and m.first <= day and (m.last is None or day <= m.last)]
        assert bool(found) == differs, (id_, day, ways)
