"""One indicator in one area over time, period by period, each beside the same period of the year before.

A period that a form collects is what was reported for it: a year's report contains its half-years, so it replaces them
and is never added to them. A period that a form doesn't collect is composed of those that it does, the fewest that
follow each other from its first day to its last: flows are added over them, of stocks the last one counts, whether or
not it has figures. Sources (administrative, education, survey) are series of their own.

every = [course.series() for course in courses(inquiry, indicator, unit, Period.parse("2021"), Period.parse("2025"))]
cells = <read the cells of each>
[tell(inquiry, indicator, one, cells, today, withheld) for one in every]
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

from chitieu.domain.agenda import deadline
from chitieu.domain.catalogue import Indicator, Kind
from chitieu.domain.disclosure import Count, Derived
from chitieu.domain.evidence import Evidence, Part, weigh
from chitieu.domain.form import Form
from chitieu.domain.inquiry import CellKey, Inquiry
from chitieu.domain.obligation import Asked
from chitieu.domain.period import COUNTED, Days, Period, PeriodKind, Window, labels
from chitieu.domain.rollup import Cell
from chitieu.domain.unit import Unit
from chitieu.domain.withheld import Figures, Withheld, sums_withheld

_ONE_DAY = timedelta(days=1)
# A series is not judged: no share of the units is too small to be shown.
_ANY_COVERAGE = Fraction(0)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a point takes from one form's period. `elements` are those that it takes, None for all that are there."""

    form: Form
    period: Period
    expected: int
    deadline: date | None
    elements: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One period, before its figures are read. Nobody in the area is asked for it if there are no readings.

    `path` holds the ids of the areas from which it is seen whole.
    """

    period: Period
    days: Days
    unit: str
    path: tuple[str, ...]
    readings: tuple[Reading, ...]

    def cells(self) -> Iterator[CellKey]:
        yield from (self._key(reading) for reading in self.readings)

    @property
    def made_of(self) -> tuple[str, ...]:
        """The periods that its figures were reported for, if they are others than its own."""
        periods = dict.fromkeys(str(reading.period) for reading in self.readings)
        return () if set(periods) <= {str(self.period)} else tuple(periods)

    def parts(self, cells: Mapping[CellKey, Cell]) -> list[Part]:
        return [Part(r.form, cells.get(self._key(r)), r.expected, r.deadline, r.elements) for r in self.readings]

    def _key(self, reading: Reading) -> CellKey:
        return reading.form.id, str(reading.period), self.unit


@dataclass(frozen=True, slots=True)
class Before:
    """An earlier period; `change` is what has been added to its value since, in the same unit."""

    period: Period
    evidence: Evidence
    change: Derived


@dataclass(frozen=True, slots=True)
class Told:
    """A point with its figures. Without data it is there all the same: 0 and not reported are two things."""

    period: Period
    days: Days
    made_of: tuple[str, ...]
    evidence: Evidence
    before: Before | None

    @property
    def provisional(self) -> bool:
        """Reports may still come in time; where nobody is asked none will."""
        return bool(self.evidence.coverage.parts) and not self.evidence.final


@dataclass(frozen=True, slots=True)
class Series:
    """The points of one source and kind of period, oldest first, each with the one of the year before."""

    source: str
    kind: PeriodKind
    points: tuple[tuple[Point, Point | None], ...]

    def figures(self, indicator: Indicator) -> Iterator[Figures]:
        """What is told of an indicator."""
        for point in (point for pair in self.points for point in pair if point is not None):
            for period in dict.fromkeys(reading.period for reading in point.readings):
                yield Figures(indicator.elements, self.source, period, point.unit, point.path)

    @property
    def forms(self) -> Sequence[Form]:
        return list({one.form.id: one.form for one in self.readings.values()}.values())

    @property
    def readings(self) -> Mapping[CellKey, Reading]:
        """What is read for it, once each."""
        found: dict[CellKey, Reading] = {}
        for point in (point for pair in self.points for point in pair if point is not None):
            found.update(zip(point.cells(), point.readings, strict=True))
        return found


def courses(
    inquiry: Inquiry, indicator: Indicator, unit: Unit, first: Period, last: Period, kind: PeriodKind | None = None
) -> list["Course"]:
    """An indicator's series in an area, over the periods that lie between two by the calendar, both included.

    Of each kind of period that is collected there or, if a kind is named, of that one, composed where need be. Phases
    can't be counted through: only the two named are looked at.
    """
    sources = sorted({form.series for form in inquiry.release.forms.values()})
    found = []
    for source in sources:
        forms = inquiry.carriers(source, indicator)
        collected = {one.kind for form in forms for one in form.collections}
        for each in PeriodKind if kind is None else (kind,):
            if forms and (kind is not None or each in collected):
                periods = periods_between(first, last, each)
                found.append(Course(inquiry, indicator, unit, source, forms, each, periods))
    return found


def periods_between(first: Period, last: Period, kind: PeriodKind) -> list[Period]:
    """The periods of a kind that lie between two by the calendar, both included, oldest first."""
    whole = Days(Window().days(first).first, Window().days(last).last)
    if kind in COUNTED:
        every: Iterable[Period] = labels(kind, range(whole.first.year - 1, whole.last.year + 1))
    else:
        every = dict.fromkeys(one for one in (first, last) if one.kind is kind)
    return [period for period in every if whole.holds(Window().days(period))]


def composed_of(windows: Mapping[Period, Days], period: Period) -> tuple[Period, ...]:
    """The fewest of some periods that make up another one: none is missing, and no day is counted twice.

    By the calendar they must lie in it and leave no day out. By their windows, the days that their reports are about,
    they must follow each other: one whose window holds others' (a cumulative one) stands for them. Empty if there are
    none.
    """
    whole = Window().days(period)
    inside = {one: days for one, days in windows.items() if whole.holds(Window().days(one))}
    if not _covered(whole, [Window().days(one) for one in inside]):
        return ()
    starts = min(days.first for days in inside.values())
    ends = max(days.last for days in inside.values())
    reached: dict[date, tuple[Period, ...]] = {starts: ()}
    for one, days in sorted(inside.items(), key=lambda item: (item[1].first, item[1].last, item[0])):
        led = reached.get(days.first)
        after = days.last + _ONE_DAY
        if led is not None and (after not in reached or len(led) + 1 < len(reached[after])):
            reached[after] = (*led, one)
    return reached.get(ends + _ONE_DAY, ())


def tell(
    inquiry: Inquiry,
    indicator: Indicator,
    series: Series,
    cells: Mapping[CellKey, Cell],
    today: date,
    withheld: Withheld,
) -> list[Told]:
    """The points with their figures, from the cells read; a missing cell is a period that nobody reported for.

    What is `withheld` is marked, and with it all that is composed of it.
    """

    def evidence(point: Point) -> Evidence:
        return _weighed(inquiry, indicator, series.source, point, cells, today, withheld)

    found = []
    for point, earlier in series.points:
        now = evidence(point)
        before = None if earlier is None else compared(earlier.period, evidence(earlier), now)
        found.append(Told(point.period, point.days, point.made_of, now, before))
    return found


def compared(period: Period, evidence: Evidence, now: Evidence) -> Before:
    """An earlier period beside a later one. The change would give away the counts of both."""
    value, sources = None, now.value.sources + evidence.value.sources
    if now.value.value is not None and evidence.value.value is not None:
        value = now.value.value - evidence.value.value
    return Before(period, evidence, Derived(value, sources))


def _weighed(
    inquiry: Inquiry,
    indicator: Indicator,
    source: str,
    point: Point,
    cells: Mapping[CellKey, Cell],
    today: date,
    withheld: Withheld,
) -> Evidence:
    elements, parts = inquiry.release.catalogue.elements, point.parts(cells)

    def evidence(some: Sequence[Part], hidden: Set[str]) -> Evidence:
        return weigh(indicator, elements, some, point.path, _ANY_COVERAGE, today, hidden)

    hidden = [
        sums_withheld(reading.elements or indicator.elements, source, reading.period, point.unit, withheld)
        for reading in point.readings
    ]
    whole = evidence(parts, frozenset().union(*hidden))
    if len(point.made_of) < 2:
        return whole
    # A sum over periods would give away a small part by subtraction: each of them is a source of its own.
    each = [evidence([part], ids) for part, ids in zip(parts, hidden, strict=True)]
    below = whole.denominator
    return replace(
        whole,
        numerator=_made(whole.numerator, (one.numerator for one in each)),
        denominator=None if below is None else _made(below, (one.denominator for one in each if one.denominator)),
        value=_made(whole.value, (one.value for one in each)),
    )


def _made(derived: Derived, of: Iterable[Derived]) -> Derived:
    more: tuple[Count, ...] = tuple(source for one in of for source in one.sources)
    return replace(derived, sources=derived.sources + more)


def _covered(whole: Days, some: Iterable[Days]) -> bool:
    """Is each day of a run in at least one of some others?"""
    reached = whole.first
    for days in sorted(some, key=lambda days: days.first):
        if days.first > reached:
            return False
        reached = max(reached, days.last + _ONE_DAY)
    return reached > whole.last


@dataclass(frozen=True, slots=True)
class Course:
    """One source and kind of period in an area, before its points are made: there may be too many."""

    inquiry: Inquiry
    indicator: Indicator
    unit: Unit
    source: str
    forms: Sequence[Form]
    kind: PeriodKind
    periods: Sequence[Period]

    def series(self) -> Series:
        """Its points. Nobody in the area is asked for any of them if there are no readings."""
        found: dict[Period, Point] = {}

        def point(period: Period) -> Point:
            if period not in found:
                found[period] = self._point(period)
            return found[period]

        befores = ((period, period.year_before) for period in self.periods)
        pairs = tuple((point(one), None if before is None else point(before)) for one, before in befores)
        return Series(self.source, self.kind, pairs)

    def _point(self, period: Period) -> Point:
        collected = {form.id: self._collected(form, period) for form in self.forms}
        readings = tuple(r for form in self.forms for r in self._readings(form, collected[form.id]))
        windows = [one.days for form in self.forms for told in collected[form.id] for one in self._rounds(form, told)]
        days = _hull(windows) if windows else Window().days(period)
        return Point(period, days, self.unit.id, self._path(readings, days), readings)

    def _collected(self, form: Form, period: Period) -> Mapping[Period, Days]:
        """The periods that a form is collected for to tell of one, oldest first, with the days they are about.

        Decided for the form and never for the area, so that an area's points add up to those above it.
        """
        if (days := self._window(form, period)) is not None:
            return {period: days}
        kinds = {one.kind for one in form.collections}
        inside = (one for kind in kinds for one in periods_between(period, period, kind))
        windows = {one: days for one in inside if (days := self._window(form, one)) is not None}
        return {one: windows[one] for one in composed_of(windows, period)} if windows else {}

    def _window(self, form: Form, period: Period) -> Days | None:
        asked = self.inquiry.expectations.asked(form, period)
        return _hull(one.days for one in asked) if asked else None

    def _rounds(self, form: Form, period: Period) -> Sequence[Asked]:
        return self.inquiry.expectations.rounds(form, period, self.unit.id)

    def _readings(self, form: Form, collected: Mapping[Period, Days]) -> Iterator[Reading]:
        """Of the last period all elements are read, of those before it the flows."""
        elements = self.inquiry.release.catalogue.elements
        flows = frozenset(id_ for id_ in self.indicator.elements if elements[id_].kind is Kind.FLOW)
        for at, period in enumerate(collected, 1):
            taken = None if at == len(collected) else flows & frozenset(form.positions)
            rounds = self._rounds(form, period)
            if rounds and taken != frozenset():
                expected = sum(one.roster.by_area[self.unit.id] for one in rounds)
                yield Reading(form, period, expected, self._deadline(form, period), taken)

    def _deadline(self, form: Form, period: Period) -> date | None:
        """The last day on which every unit in the area is on time, by the plans that bind the whole area."""
        end = Window().days(period).last
        above = {one.id for one in self.inquiry.path(self.unit, end)}
        plans = (plan for plan in self.inquiry.release.plans.values() if plan.first <= end <= plan.last)
        areas = ((plan, self.inquiry.area_of(plan)) for plan in plans)
        days = (deadline(plan, form, period) for plan, area in areas if area is not None and area.id in above)
        return max((day for day in days if day is not None), default=None)

    def _path(self, readings: Sequence[Reading], days: Days) -> tuple[str, ...]:
        """The areas from which all of it is seen."""
        if not readings:
            return tuple(one.id for one in self.inquiry.path(self.unit, days.last))
        seen = [self.inquiry.seen_from([r.form], self.unit, r.period, days.last) for r in readings]
        return tuple(id_ for id_ in seen[0] if all(id_ in path for path in seen))


def _hull(some: Iterable[Days]) -> Days:
    runs = list(some)
    return Days(min(days.first for days in runs), max(days.last for days in runs))
