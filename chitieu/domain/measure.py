"""Anything that can be read in an area and a period: an indicator, an element's total, or one of an element's fields.

measure = find_measure(release, "labour.f", series="")
keys = measure.keys(expectations, unit, period)
cells = <read the cells of the keys>
measure.value(release.catalogue, keys, cells, path)

A figure is of one series: what the administration and the schools report is never added up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
from itertools import product

from chitieu.domain.catalogue import Catalogue, Direction, Element, Indicator, Label
from chitieu.domain.disclosure import Count, Derived
from chitieu.domain.form import ADMINISTRATIVE, Form
from chitieu.domain.inquiry import CellKey
from chitieu.domain.obligation import Expectations
from chitieu.domain.period import Period
from chitieu.domain.registry import Release
from chitieu.domain.rollup import Cell
from chitieu.domain.unit import Unit


@dataclass(frozen=True)
class Measure:
    """`indicator` of an element or a field is its count; `forms` carry it, all of one series; `field` is a key."""

    id: str
    label: Label
    indicator: Indicator
    forms: tuple[Form, ...]
    field: str = ""

    @property
    def whole(self) -> bool:
        """Is it a whole number wherever it is known?"""
        return not self.indicator.denominator and all(
            form.fields[at].scale == 0
            for form in self.forms
            for element in self.indicator.numerator
            for at in form.positions.get(element, ())
        )

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """What its figures are made of, in the order of their sources: a field, or elements."""
        return (self.field,) if self.field else (*self.indicator.numerator, *self.indicator.denominator)

    @property
    def series(self) -> str:
        return self.forms[0].series

    @cached_property
    def _positions(self) -> Mapping[tuple[str, str], Sequence[int]]:
        """Where each form has what the figures are made of."""
        found: dict[tuple[str, str], Sequence[int]] = {}
        for form, name in product(self.forms, self.sources):
            named = [at for at, one in enumerate(form.fields) if one.key == name]
            found[form.id, name] = named if self.field else form.positions.get(name, ())
        return found

    def keys(self, asked: Expectations, unit: Unit, period: Period) -> list[CellKey]:
        """What has to be read: the cells of the forms that ask somebody in the area for the period."""
        return [(form.id, str(period), unit.id) for form in self.forms if asked.rounds(form, period, unit.id)]

    def last_day(self, asked: Expectations, unit: Unit, period: Period) -> date:
        """The last day of the period, by the windows of those forms."""
        return max(one.days.last for form in self.forms for one in asked.rounds(form, period, unit.id))

    def value(
        self, catalogue: Catalogue, keys: Iterable[CellKey], cells: Mapping[CellKey, Cell], path: tuple[str, ...]
    ) -> Derived:
        """The figure, None if nobody reported it or it does not arise. `path` holds the ids of area and ancestors.

        It is what `weigh` gives, without all that an answer about a target needs besides: tables have many figures.
        """
        read = [(key[0], cells[key]) for key in keys if key in cells]
        counts = tuple(self._count(catalogue, name, read, path) for name in self.sources)
        above = len(self.indicator.numerator)
        numerator, denominator = _sum(counts[:above]), _sum(counts[above:])
        if numerator is None or (self.indicator.denominator and not denominator):
            return Derived(None, counts)
        return Derived(numerator / (denominator or 1) * self.indicator.factor, counts)

    def _count(self, catalogue: Catalogue, name: str, read: Iterable[tuple[str, Cell]], path: tuple[str, ...]) -> Count:
        element = catalogue.elements[name.partition(".")[0]]
        total, reported = 0, False
        for form, cell in read:
            for at in self._positions[form, name]:
                if at < len(cell.sums):
                    total += cell.sums[at]
                    reported = reported or cell.reported[at] > 0
        return Count(Fraction(total, 10**element.scale) if reported else None, element.sensitive, path)


def find_measure(release: Release, id_: str, series: str) -> Measure | None:
    """By the id of an element or an indicator, or a field's key. `series` may be empty: the administrative one.

    What only one other series reports is found in that.
    """
    elements, indicators = release.catalogue.elements, release.catalogue.indicators
    element = elements.get(id_) or elements.get(id_.partition(".")[0])
    indicator = indicators.get(id_) or (None if element is None else _count(element))
    if indicator is None:
        return None
    field = "" if id_ in indicators or id_ in elements else id_
    forms = [form for form in release.forms.values() if _carries(form, indicator, field)]
    wanted = series or _usual(forms)
    chosen = tuple(form for form in forms if form.series == wanted)
    return Measure(id_, _label(indicator.label, field), indicator, chosen, field) if chosen else None


def _carries(form: Form, indicator: Indicator, field: str) -> bool:
    if field:
        return any(one.key == field for one in form.fields)
    return any(element in form.positions for element in indicator.elements)


def _usual(forms: Iterable[Form]) -> str:
    found = {form.series for form in forms}
    return found.pop() if len(found) == 1 else ADMINISTRATIVE


def _count(element: Element) -> Indicator:
    return Indicator(element.id, element.label, (element.id,), (), 1, element.counts, Direction.HIGHER, share=False)


def _label(label: Label, field: str) -> Label:
    options = field.partition(".")[2]
    return Label(f"{label.vi} ({options})", f"{label.en} ({options})") if options else label


def _sum(counts: Iterable[Count]) -> Fraction | None:
    known = [count.value for count in counts if count.value is not None]
    return sum(known, Fraction(0)) if known else None
