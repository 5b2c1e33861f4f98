"""Who must send what by when, and what became of it.

A report is on time, late, missing or not yet due; where no deadline stands in the text it is received or not received.
What is asked of whom is computed once for each form and each state of the tree, not for every question.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

from chitieu.domain.form import Collection, Form
from chitieu.domain.hierarchy import Hierarchy
from chitieu.domain.period import Days, Period, civil_date
from chitieu.domain.plan import Duty, Plan
from chitieu.domain.registry import Release
from chitieu.domain.rollup import Decision
from chitieu.domain.unit import Unit

Path = tuple[Unit, ...]

# Periods are named by callers: what is remembered about them is dropped when there are more than any plan has.
_MOST_REMEMBERED = 10_000


@dataclass(frozen=True)
class Roster:
    """Units that report in one round, as paths from the nation down, and how many of them each area holds.

    `counted` are the paths along which they count, in the same order: others only by the tree of another day. If that
    is an earlier day, `holders` has, for each area, the ids of all that each of its units stood in when they reported.
    """

    paths: tuple[Path, ...]
    counted: tuple[Path, ...]
    by_area: Mapping[str, int]
    holders: Mapping[str, frozenset[str]]

    @cached_property
    def above(self) -> Mapping[str, str]:
        """The area directly above each, where they count."""
        return {lower.id: upper.id for path in self.counted for upper, lower in pairwise(path)}

    @cached_property
    def below(self) -> Mapping[str, Sequence[str]]:
        """The areas directly below each, where they count."""
        found: dict[str, list[str]] = defaultdict(list)
        for lower, upper in self.above.items():
            found[upper].append(lower)
        return found

    @cached_property
    def levels(self) -> Mapping[str, Mapping[str, int]]:
        """For each area that others lie in, how many of each level do, where they count: the upper levels first."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        seen: set[str] = set()
        for path in self.counted:
            for at, unit in enumerate(path):
                if unit.id not in seen:
                    seen.add(unit.id)
                    for area in path[:at]:
                        found[area.id][unit.level] += 1
        return dict(found)


@dataclass(frozen=True, slots=True)
class Asked:
    """One round of collecting a form for one period."""

    collection: Collection
    days: Days
    roster: Roster


class Expectations:
    """Whom the forms of a release ask, by the tree in force on each window's last day.

    Where they count may be told by the tree of another day; whom a form asks never is.
    """

    def __init__(self, release: Release, hierarchy: Hierarchy | None = None) -> None:
        self._tree = release.tree
        self._hierarchy = hierarchy
        self._by_level: dict[str, list[Unit]] = defaultdict(list)
        for unit in release.tree.units.values():
            self._by_level[unit.level].append(unit)
        self._paths: dict[tuple[int, str], Path] = {}
        self._rosters: dict[object, tuple[Roster, ...]] = {}
        self._asked: dict[tuple[str, int, Period], tuple[Asked, ...]] = {}

    def asked(self, form: Form, period: Period) -> tuple[Asked, ...]:
        """The rounds of a form for a period that ask anybody, in the form's order."""
        key = (form.id, form.version, period)
        found = self._asked.get(key)
        if found is None:
            if len(self._asked) >= _MOST_REMEMBERED:
                self._asked.clear()
            found = self._asked[key] = self._ask(form, period)
        return found

    def rounds(self, form: Form, period: Period, area: str) -> list[Asked]:
        """Those of them that ask somebody in an area (a unit's id)."""
        return [one for one in self.asked(form, period) if area in one.roster.by_area]

    def _ask(self, form: Form, period: Period) -> tuple[Asked, ...]:
        rounds = [(at, one, one.window.days(period)) for at, one in enumerate(form.rounds(period))]
        # Who reports is the same on all days between two changes of the tree.
        key = (form.id, form.version, period.kind, tuple((at, self._tree.epoch(days.last)) for at, _, days in rounds))
        rosters = self._rosters.get(key)
        if rosters is None:
            rosters = self._rosters[key] = tuple(self._fill((one, days.last) for _, one, days in rounds))
        found = zip(rounds, rosters, strict=True)
        return tuple(Asked(one, days, roster) for (_, one, days), roster in found if roster.paths)

    def _fill(self, rounds: Iterable[tuple[Collection, date]]) -> Iterator[Roster]:
        """The first round that takes place and fits a unit is the one that asks it."""
        taken: set[str] = set()
        for collection, day in rounds:
            paths = []
            for unit in self._by_level.get(collection.reporters.level, ()):
                if unit.code in taken or not unit.in_force(day):
                    continue
                path = self._path(unit, day)
                if collection.reporters.include(path):
                    taken.add(unit.code)
                    paths.append(path)
            yield self._roster(tuple(paths), day)

    def _roster(self, paths: tuple[Path, ...], day: date) -> Roster:
        hierarchy = self._hierarchy
        counted = paths if hierarchy is None else tuple(hierarchy.path(path[-1]) for path in paths)
        earlier = hierarchy is not None and self._tree.epoch(hierarchy.day) < self._tree.epoch(day)
        holders = _holders(paths, counted) if earlier else {}
        by_area = Counter(unit.id for path in counted for unit in path)
        return Roster(paths, counted, by_area, holders)

    def _path(self, unit: Unit, day: date) -> Path:
        key = (self._tree.epoch(day), unit.id)
        path = self._paths.get(key)
        if path is None:
            parent = self._tree.at(unit.parent, day) if unit.parent is not None else None
            path = self._paths[key] = (*self._path(parent, day), unit) if parent else (unit,)
        return path


def _holders(paths: Iterable[Path], counted: Iterable[Path]) -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for path, areas in zip(paths, counted, strict=True):
        stood = frozenset(unit.id for unit in path)
        for area in areas:
            found[area.id] = found.get(area.id, stood) & stood
    return found


class ObligationState(StrEnum):
    ON_TIME = "on_time"
    LATE = "late"
    MISSING = "missing"
    NOT_YET_DUE = "not_yet_due"
    RECEIVED = "received"
    NOT_RECEIVED = "not_received"


_RECEIVED = (ObligationState.ON_TIME, ObligationState.LATE, ObligationState.RECEIVED)
_WITHOUT_DEADLINE = (ObligationState.RECEIVED, ObligationState.NOT_RECEIVED)


@dataclass(frozen=True, slots=True)
class Receipt:
    """When a unit's report that now stands was first accepted, by the broker's clock; corrections don't move it.

    A retracted report counts as never sent; one sent after a retraction counts from then on.
    """

    first: datetime
    retracted: bool = False


@dataclass(frozen=True, slots=True)
class Obligation:
    """One unit's duty for one period. Days are civil dates in Viet Nam; `last_day` is None without a deadline.

    `path` is where it counts, nation first.
    """

    duty: Duty
    path: Path
    last_day: date | None
    received_on: date | None
    retracted: bool
    state: ObligationState

    @property
    def unit(self) -> Unit:
        return self.path[-1]


@dataclass(frozen=True, slots=True)
class Punctuality:
    """How many units stand where, of those asked, and the shares that follow: exact, None where nothing is asked.

    `on_time_rate` leaves out what has no day named to be on time by.
    """

    states: Mapping[ObligationState, int]

    @classmethod
    def of(cls, some: Iterable[Obligation]) -> "Punctuality":
        return cls(Counter(one.state for one in some))

    @property
    def units(self) -> int:
        return sum(self.states.values())

    @property
    def reporting_rate(self) -> Fraction | None:
        return self._share(_RECEIVED, self.units)

    @property
    def on_time_rate(self) -> Fraction | None:
        return self._share([ObligationState.ON_TIME], self.units - self._count(_WITHOUT_DEADLINE))

    def _share(self, states: Iterable[ObligationState], asked: int) -> Fraction | None:
        return Fraction(self._count(states), asked) if asked else None

    def _count(self, states: Iterable[ObligationState]) -> int:
        return sum(self.states.get(one, 0) for one in states)


def received(decisions: Iterable[tuple[Decision, datetime]]) -> Receipt | None:
    """The receipt that follows from the decisions about one unit's report, oldest first."""
    standing: Receipt | None = None
    for decision, known_at in decisions:
        if decision is Decision.RETRACTED and standing is not None:
            standing = Receipt(standing.first, retracted=True)
        elif decision is Decision.ACCEPTED and (standing is None or standing.retracted):
            standing = Receipt(known_at)
    return standing


def state_of(last_day: date | None, received_on: date | None, today: date) -> ObligationState:
    if last_day is None:
        return ObligationState.NOT_RECEIVED if received_on is None else ObligationState.RECEIVED
    if received_on is not None:
        return ObligationState.ON_TIME if received_on <= last_day else ObligationState.LATE
    return ObligationState.NOT_YET_DUE if today <= last_day else ObligationState.MISSING


def duties_for(plan: Plan, forms: Mapping[str, Form], period: Period) -> Sequence[tuple[Duty, Form]]:
    """The plan's duties in a period that can be received here, with the form that they ask for."""
    return [
        (d, forms[d.form]) for d in plan.duties.values() if d.form is not None and d.form in forms and d.asks(period)
    ]


def obligations(
    asked: Expectations,
    duty: Duty,
    form: Form,
    period: Period,
    area: str,
    receipts: Mapping[tuple[str, str], Receipt],
    today: date,
) -> Iterator[Obligation]:
    """A duty of every unit of an area (a unit's id) that has it. `receipts` is keyed by form and unit id."""
    last_day = duty.last_day(period)
    for one in asked.asked(form, period):
        for path, counted in zip(one.roster.paths, one.roster.counted, strict=True):
            if any(unit.id == area for unit in counted) and duty.who.include(path):
                receipt = receipts.get((form.id, path[-1].id))
                stands = receipt is not None and not receipt.retracted
                received_on = civil_date(receipt.first) if receipt is not None and stands else None
                state = state_of(last_day, received_on, today)
                yield Obligation(duty, counted, last_day, received_on, receipt is not None and receipt.retracted, state)


def by_area(some: Iterable[Obligation], area: str) -> Sequence[tuple[Unit, Sequence[Obligation]]]:
    """Duties in an area (a unit's id), by the units directly below it, the worst first; those of its own are left out.

    Worse is who sent a smaller share of all that is asked, then who sent less of it on time.
    """
    below: dict[str, list[Obligation]] = defaultdict(list)
    units: dict[str, Unit] = {}
    for one in some:
        under = next(at for at, unit in enumerate(one.path, 1) if unit.id == area)
        for unit in one.path[under : under + 1]:
            units[unit.id] = unit
            below[unit.id].append(one)
    return [(units[id_], below[id_]) for id_ in sorted(below, key=lambda id_: (*_rank(below[id_]), id_))]


def _rank(some: Iterable[Obligation]) -> tuple[Fraction, Fraction]:
    pooled = Punctuality.of(some)
    on_time = pooled.on_time_rate
    return pooled.reporting_rate or Fraction(0), Fraction(1) if on_time is None else on_time
