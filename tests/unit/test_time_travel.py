"""Every moment and every tree: cells made again are what counting each revision afresh gives."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from chitieu.contracts.events import Event, content_hash, pack
from chitieu.domain.form import Collection, Form, Reporters
from chitieu.domain.hierarchy import Hierarchy
from chitieu.domain.obligation import Expectations
from chitieu.domain.period import Period, PeriodKind, Window
from chitieu.domain.recount import recount
from chitieu.domain.registry import Release
from chitieu.domain.rollup import Cell, Group, MessageKind, ValueState
from chitieu.domain.unit import Succession, Unit, UnitTree
from tests.unit import oracle
from tests.unit.small_release import CATALOGUE, COMMUNE_FORM, label

BEGAN, FIRST, SECOND = date(2020, 1, 1), date(2022, 1, 1), date(2024, 1, 1)
DAYS = (date(2019, 12, 31), BEGAN, date(2021, 12, 31), FIRST, date(2023, 12, 31), SECOND, date(2030, 1, 1))
ONE = timedelta(days=1)


# A small country: communes change in 2022; in 2024 districts are abolished or not, provinces merged or not.


@dataclass
class Country:
    draw: st.DrawFn

    def __post_init__(self) -> None:
        self.units: list[Unit] = [Unit("vn", BEGAN, None, "nation", None, "vn")]
        self.steps: list[Succession] = []
        self.merged = self.draw(st.booleans())
        self.provinces()
        old = [self.commune(code, BEGAN) for code in ("c1", "c2", "c3", "c4")]
        new = [self.commune(code, FIRST) for code in ("c1b", "n1", "n2")]
        last = [self.commune(code, SECOND) for code in ("m1", "m2")]
        self.end(old, FIRST, new, last)
        self.end(new, SECOND, last, last)
        for unit in (*old, *new, *last):
            self.units.append(unit)

    def provinces(self) -> None:
        ends = SECOND - ONE if self.merged else None
        self.units += [Unit(code, BEGAN, ends, "province", "vn", code) for code in ("p1", "p2")]
        if self.merged:
            self.units.append(Unit("q", SECOND, None, "province", "vn", "q"))
            self.steps += [Succession(f"{code}@{BEGAN}", f"q@{SECOND}", "merged") for code in ("p1", "p2")]
        for code, province in (("d1", "p1"), ("d2", "p2")):
            self.units.append(Unit(code, BEGAN, SECOND - ONE, "district", province, code))
            kind = self.draw(st.sampled_from(("abolished", "unknown")))
            self.steps.append(Succession(f"{code}@{BEGAN}", None, kind))

    def commune(self, code: str, begins: date) -> Unit:
        """Under a district or a province; whatever began earlier ends in 2024, its parent may have ended then."""
        parents = ("d1", "d2", "p1") if begins < SECOND else (("q",) if self.merged else ("p1", "p2"))
        ends = SECOND - ONE if begins < SECOND else None
        return Unit(code, begins, ends, "commune", self.draw(st.sampled_from(parents)), code)

    def end(self, some: list[Unit], day: date, then: Sequence[Unit], later: Sequence[Unit]) -> None:
        """Some of them end on the day before, the others in 2024; each becomes something, or nobody knows what."""
        for at, unit in enumerate(some):
            ends_now = day == SECOND or self.draw(st.booleans())
            heirs = then if ends_now else later
            if ends_now:
                some[at] = Unit(unit.code, unit.valid_from, day - ONE, unit.level, unit.parent, unit.name)
            kind = self.draw(st.sampled_from(("merged", "merged", "split", "abolished", "unknown")))
            count = {"merged": 1, "split": 2}.get(kind, 0)
            into = self.draw(st.lists(st.sampled_from(heirs), min_size=count, max_size=count, unique=True))
            lost = not into or self.draw(st.integers(0, 4)) == 0
            self.steps += [Succession(unit.id, one.id, kind) for one in into]
            self.steps += [Succession(unit.id, None, kind)] if lost else []


@st.composite
def trees(draw: st.DrawFn) -> UnitTree:
    country = Country(draw)
    return UnitTree(country.units, country.steps)


@st.composite
def histories(draw: st.DrawFn) -> tuple[UnitTree, list[Event]]:
    """Reports, corrections, retractions and moves, of all units of all times."""
    tree = draw(trees())
    return tree, draw(st.lists(_events(tree), max_size=20))


@st.composite
def _events(draw: st.DrawFn, tree: UnitTree) -> Event:
    unit = draw(st.sampled_from([u for u in tree.units.values() if u.level in ("commune", "district")]))
    kind = draw(st.sampled_from((MessageKind.REPORT, MessageKind.REPORT, MessageKind.RETRACTION, MessageKind.MOVE)))
    states = draw(st.lists(st.sampled_from(list(map(int, ValueState))), max_size=3)) if kind == 1 else []
    values = [draw(st.integers(0, 9)) for _ in states]
    path = [one.id for one in tree.path(unit, unit.valid_from)]
    other = [f"vn@{BEGAN}", draw(st.sampled_from([f"p1@{BEGAN}", f"p2@{BEGAN}"])), unit.id]
    return Event(
        kind=int(kind),
        form=draw(st.sampled_from("fg")),
        form_version=1,
        period=draw(st.sampled_from(("2021", "2023"))),
        unit=unit.id,
        release=draw(st.integers(1, 3)),
        path=tuple(draw(st.sampled_from((path, path, other)))),
        submission=draw(st.integers(0, 30)).to_bytes(16, "big"),
        content=content_hash(kind, pack(values), bytes(states)),
        replaces=None,
        packed=pack(values),
        states=bytes(states),
    )


# The oracle


def counted(tree: UnitTree, unit: Unit, day: date) -> set[str]:
    """Areas of a day that hold a unit whatever became of it: what all of its possible ways have in common."""
    if unit.in_force(day):
        return {one.id for one in tree.path(unit, day)}
    ways = steps(tree, unit, day)
    found = [counted(tree, tree.units[way], day) for way in ways if way]
    if not ways or None in ways:
        edge = unit.valid_to if unit.valid_from <= day else unit.valid_from
        parent = tree.at(unit.parent, edge) if unit.parent and edge else None
        found.append(counted(tree, parent, day) if parent else set())
    return reduce(set.intersection, found)


def steps(tree: UnitTree, unit: Unit, day: date) -> list[str | None]:
    """Towards a day: what an ended unit became, or what a later one was formed of. None is something unknown."""
    if unit.valid_from <= day:
        return [step.successor for step in tree.successions(unit)]
    return [u.id for u in tree.units.values() if any(s.successor == unit.id for s in tree.successions(u))]


def possible(tree: UnitTree, unit: Unit, day: date) -> set[str | None]:
    """Units of a day that some of a unit may be in; None for what nobody knows."""
    if unit.in_force(day):
        return {unit.id}
    found: set[str | None] = set()
    for way in steps(tree, unit, day) or [None]:
        found |= possible(tree, tree.units[way], day) if way else {None}
    return found


def afresh(tree: UnitTree, log: Sequence[Event], day: date | None) -> dict[tuple[str, str, str], oracle.Totals]:
    """Every cell, each area with what it reported itself, from all revisions of a log."""
    decided = oracle.decisions(log)
    found: dict[tuple[str, str, str], Cell] = defaultdict(Cell)
    for key in {(e.form, e.period, e.unit) for e in log}:
        mine = [i for i, e in enumerate(log) if (e.form, e.period, e.unit) == key]
        said = [log[i] for i in mine if decided[i].decision in oracle.COUNTED]
        if not said or said[-1].kind == MessageKind.RETRACTION:
            continue
        unit = tree.units[key[2]]
        where = set(oracle._path(log, decided, mine)) if day is None else counted(tree, unit, day) | {unit.id}
        for area in where:
            cell = found[key[0], key[1], area]
            cell.units += 1
            cell.widen(len(said[-1].states))
            for at, state in enumerate(said[-1].states):
                cell.sums[at] += said[-1].values[at] if state == ValueState.REPORTED else 0
                cell.reported[at] += state == ValueState.REPORTED
                cell.not_applicable[at] += state == ValueState.NOT_APPLICABLE
    return {key: oracle.Totals.of(cell) for key, cell in found.items()}


# What is asked of the code


@dataclass(frozen=True)
class Stood:
    form: str
    period: str
    path: Sequence[str]
    values: Sequence[int]
    states: Sequence[int]


def stood(log: Sequence[Event]) -> list[Stood]:
    groups: dict[tuple[str, str], Group] = defaultdict(Group)
    for event in log:
        groups[event.form, event.period].apply(event)
    return [
        Stood(form, period, report.path, tuple(report.values), tuple(report.states))
        for (form, period), group in groups.items()
        for report in group.reports.values()
        if report.content is not None
    ]


def made(tree: UnitTree, log: Sequence[Event], day: date | None) -> Mapping[tuple[str, str, str], oracle.Totals]:
    place = (lambda path: path) if day is None else Hierarchy(tree, day).ids
    cells = recount(stood(log), place, set(tree.units))
    return {key: oracle.Totals.of(cell) for key, cell in cells.items()}


@given(histories(), st.sampled_from((None, *DAYS)), st.data())
def test_cells_of_any_moment_by_any_tree_are_what_counting_afresh_gives(
    history: tuple[UnitTree, list[Event]], day: date | None, data: st.DataObject
) -> None:
    tree, log = history
    known = log[: data.draw(st.integers(0, len(log)))]
    assert made(tree, known, day) == afresh(tree, known, day)


@given(histories())
def test_no_tree_loses_or_adds_anything(history: tuple[UnitTree, list[Event]]) -> None:
    """Whatever became of a unit, the nation's totals are the same by the tree of every day that has a nation."""
    tree, log = history

    def nation(day: date) -> dict[tuple[str, str], oracle.Totals]:
        return {key[:2]: cell for key, cell in made(tree, log, day).items() if key[2] == f"vn@{BEGAN}"}

    first, *others = (nation(day) for day in DAYS[1:])
    assert all(other == first for other in others)


@given(trees(), st.sampled_from(DAYS), st.sampled_from(("2021", "2023", "2025")))
def test_as_many_are_expected_in_an_area_as_can_count_in_it(tree: UnitTree, day: date, year: str) -> None:
    collection = Collection(Reporters("commune", ("vn",)), PeriodKind.YEAR, Window("calendar"), BEGAN, None)
    form = Form("f", 1, label("f"), "administrative", COMMUNE_FORM.fields, (collection,))
    release = Release(1, CATALOGUE, {"f": form}, {}, {}, tree)
    period = Period.parse(year)
    last = Window("calendar").days(period).last
    asked = [unit for unit in tree.units.values() if unit.level == "commune" and unit.in_force(last)]
    roster = Expectations(release, Hierarchy(tree, day)).asked(form, period)[0].roster
    for area in tree.units:
        expected = sum(area in counted(tree, unit, day) | {unit.id} for unit in asked)
        assert roster.by_area.get(area, 0) == expected


@given(trees(), st.sampled_from(DAYS))
def test_a_unit_is_undivided_unless_it_is_or_went_whole_into_one_unit_of_the_day(tree: UnitTree, day: date) -> None:
    hierarchy = Hierarchy(tree, day)
    for unit in tree.units.values():
        placement, ways = hierarchy.placement(unit), possible(tree, unit, day)
        assert (placement.undivided is None) == (len(ways) == 1 and None not in ways)
        assert placement.undivided is not None or {placement.areas[-1].id} == ways
        assert unit.id in hierarchy.below([area.id for area in placement.areas] or [unit.id])
