"""Which figures are withheld from a caller whatever else they ask, so that no two answers put together give more.

A family is an area, the areas directly below it and what it reported itself: its sum is that of theirs. Where one of
them is a small count the smallest others are withheld with it, until what subtraction gives is a sum of several and no
small count (`chitieu.domain.complement.shared`). Families are gone through from the nation down, so that what is
withheld of an area depends on nothing but figures. It never has to go up again: of a sum that is shown, and so is no
small count, there is always another part. What the caller sees whole they know: it is first taken off all areas above.

Several numbers about one area are decided together where one follows from others: a flow's periods within a year, with
their differences, and an element's fields.

    deciding = Withholding(inquiry, caller).of(figures)
    cells = <read those of the figures and deciding.cells>
    inquiry.judge(question, cells, today, deciding.withheld(cells))
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations

from chitieu.domain.catalogue import Element, Kind
from chitieu.domain.complement import Vector, shared
from chitieu.domain.disclosure import LARGEST_SUPPRESSED, Caller
from chitieu.domain.form import Form
from chitieu.domain.inquiry import CellKey, Inquiry
from chitieu.domain.kin import Kin
from chitieu.domain.period import COUNTED, Period, Window, labels
from chitieu.domain.rollup import Cell
from chitieu.domain.withheld import Figures, Name, Withheld, by_option, total

# What an area reported itself stands among the areas below it. Nobody elsewhere is told of it (`Count.reported`).
_ITSELF = "itself"

_Cells = Mapping[CellKey, Cell]
_Told = tuple[str, bool]  # an area (a unit's id), and whether its fields are told, too


class Withholding:
    """One for each caller and view."""

    def __init__(self, inquiry: Inquiry, caller: Caller) -> None:
        self._inquiry = inquiry
        self.caller = caller
        self._subjects: dict[tuple[str, str, Period], _Subject] = {}

    def of(self, figures: Iterable[Figures]) -> "Deciding":
        """What has to be decided of some figures: nothing of what the caller sees whole, or what counts no children."""
        asked: dict[_Subject, set[_Told]] = defaultdict(set)
        elements = self._inquiry.release.catalogue.elements
        for one in figures:
            if self.caller.sees(one.path):
                continue
            for id_ in one.elements:
                if elements[id_].sensitive:
                    asked[self._subject(id_, one.series, one.period)].add((one.area, one.fields))
        return Deciding(asked)

    def _subject(self, element: str, series: str, period: Period) -> "_Subject":
        key = element, series, period
        if key not in self._subjects:
            self._subjects[key] = _subject(self._inquiry, self.caller, *key)
        return self._subjects[key]


class Deciding:
    """Figures to be decided; `cells` are all that this needs."""

    def __init__(self, asked: "Mapping[_Subject, Set[_Told]]") -> None:
        self._asked = asked

    @cached_property
    def cells(self) -> Set[CellKey]:
        return {key for subject, told in self._asked.items() for key in subject.cells(told)}

    def withheld(self, cells: _Cells) -> Withheld:
        return {name for subject, told in self._asked.items() for name in subject.withheld(told, cells)}


@dataclass(frozen=True, eq=False)
class _Subject:
    """An element of a series in a period. `periods`: those that are decided together, its own first.

    `own` are the areas that the caller sees whole: the uppermost ones, named by their units' ids.
    """

    element: Element
    series: str
    period: Period
    forms: Sequence[Form]
    periods: Sequence[Period]
    kin: Kin
    caller: Caller
    own: Set[str]

    def sees(self, area: str) -> bool:
        return self.caller.sees(self.kin.seen_from(area))

    @cached_property
    def labels(self) -> Sequence[str]:
        return [str(period) for period in self.periods]

    @cached_property
    def nested(self) -> Sequence[tuple[int, int]]:
        """Of the periods each pair of which one holds the other, by their places."""
        days = [Window().days(period) for period in self.periods]
        return [(whole, part) for whole, part in permutations(range(len(days)), 2) if days[whole].holds(days[part])]

    @cached_property
    def own_below(self) -> Mapping[str, Sequence[str]]:
        """Of each area those of them that lie in it."""
        found: dict[str, list[str]] = defaultdict(list)
        for one in self.own:
            for up in self.kin.line(one):
                found[up].append(one)
        return found

    def cells(self, told: Iterable[_Told]) -> Iterator[CellKey]:
        asked = {area for area, _ in told}
        families = {up for area in asked for up in self.kin.line(area) - {area}}
        areas = {*families, *self.own, *asked}.union(*map(self.kin.below, families))
        yield from ((form.id, period, one) for form in self.forms for period in self.labels for one in areas)

    def withheld(self, told: Iterable[_Told], cells: _Cells) -> Iterator[Name]:
        sums = _Decision(self, cells, [{form.id: form.positions[self.element.id] for form in self.forms}])
        fields = _Decision(self, cells, list(self._by_field().values()), sums)
        for area, by_field in told:
            name = total(self.element.id, self.series, self.period, area)
            if sums.hides(area):
                yield name
            if by_field and fields.hides(area):
                yield by_option(name)

    def _by_field(self) -> Mapping[str, "_Column"]:
        found: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for form in self.forms:
            for at in form.positions[self.element.id]:
                found[form.fields[at].key][form.id].append(at)
        return found


# Where each form (by its id) has what is added up.
_Column = Mapping[str, Sequence[int]]


class _Decision:
    """What of a subject is withheld: of its sums or, where these are not, of its fields."""

    def __init__(
        self, subject: _Subject, cells: _Cells, columns: Sequence[_Column], sums: "_Decision | None" = None
    ) -> None:
        self._subject = subject
        self._cells = cells
        self._columns = columns
        self._sums = sums
        self._largest = LARGEST_SUPPRESSED * 10**subject.element.scale
        self._parts: dict[str, Set[str]] = {}
        self._values: dict[str, Vector] = {}

    def hides(self, area: str) -> bool:
        if self._subject.sees(area):
            return False
        return self._at_once(area) or any(area in self.of(up) for up in self._subject.kin.above(area))

    def _at_once(self, area: str) -> bool:
        """Without a look at others: a small count, with the caller's own or without."""
        if self._sums is not None and self._sums.hides(area):
            return True
        return self._small(self._value(area)) or self._small(self._rest(area))

    def of(self, area: str) -> Set[str]:
        """What is withheld of a family."""
        if area not in self._parts:
            self._parts[area] = self._decide(area)
        return self._parts[area]

    def _decide(self, area: str) -> Set[str]:
        below = self._subject.kin.below(area)
        others = [one for one in below if not self._subject.sees(one)]
        itself = _less(self._value(area), map(self._value, below))
        parts = {**{one: self._rest(one) for one in others}, _ITSELF: itself}
        small = {one for one in others if self._at_once(one)}
        if self._small(itself) or (self._sums is not None and _ITSELF in self._sums.of(area)):
            small.add(_ITSELF)
        return shared(parts, small, self._largest, total_shown=not self.hides(area))

    def _rest(self, area: str) -> Vector:
        """What is there besides the caller's own."""
        own = [one for one in self._subject.own_below.get(area, ()) if one != area]
        return _less(self._value(area), map(self._value, own)) if own else self._value(area)

    def _small(self, vector: Vector) -> bool:
        return any(0 < one <= self._largest for one in vector)

    def _value(self, area: str) -> Vector:
        """Of each column the sum in each period, and what each period has more than another one within it."""
        if area not in self._values:
            self._values[area] = tuple(self._numbers(area))
        return self._values[area]

    def _numbers(self, area: str) -> Iterator[int]:
        for column in self._columns:
            sums = [self._sum(column, period, area) for period in self._subject.labels]
            yield from sums
            yield from (sums[whole] - sums[part] for whole, part in self._subject.nested)

    def _sum(self, column: _Column, period: str, area: str) -> int:
        found = 0
        for form, positions in column.items():
            cell = self._cells.get((form, period, area))
            if cell is not None:
                found += sum(cell.sums[at] for at in positions if at < len(cell.sums))
        return found


def _less(whole: Vector, parts: Iterable[Vector]) -> Vector:
    for part in parts:
        whole = tuple(a - b for a, b in zip(whole, part, strict=True))
    return whole


def _subject(inquiry: Inquiry, caller: Caller, element: str, series: str, period: Period) -> _Subject:
    found = inquiry.release.catalogue.elements[element]
    forms = [form for form in inquiry.release.forms.values() if form.series == series and element in form.positions]
    kin = Kin(one.roster for form in forms for one in inquiry.expectations.asked(form, period))
    seen = {one for one in caller.holds if kin.knows(one) and caller.sees(kin.seen_from(one))}
    own = {one for one in seen if seen.isdisjoint(kin.line(one) - {one})}
    return _Subject(found, series, period, forms, _together(found, forms, period), kin, caller, own)


def _together(element: Element, forms: Iterable[Form], period: Period) -> Sequence[Period]:
    """Of a flow all periods that are collected for a year: one follows from others. A stock's stand for themselves."""
    kinds = {one.kind for form in forms for one in form.collections} & set(COUNTED)
    if element.kind is Kind.STOCK or period.kind not in kinds or len(kinds) == 1:
        return (period,)
    year = range(period.year, period.year + 1)
    others = (one for kind in sorted(kinds) for one in labels(kind, year) if one != period)
    return (period, *others)
