"""Anything that can be read in an area and a period: an indicator, an element's total, or one of an element's fields.

measure = find_measure(release, "labour.f", series="")
keys = measure.keys(expectations, unit, period)
cells = <read the cells of the keys>
measure.value(release.catalogue, keys, cells, path)

A figure is of one series: what the administration and the schools report is never added up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from chitieu.domain.catalogue import Catalogue, Direction, Element, Indicator, Label
from chitieu.domain.disclosure import Count, Derived
from chitieu.domain.evidence import Part, weigh
from chitieu.domain.form import ADMINISTRATIVE, Form
from chitieu.domain.inquiry import CellKey
from chitieu.domain.obligation import Expectations
from chitieu.domain.period import Period
from chitieu.domain.registry import Release
from chitieu.domain.rollup import Cell
from chitieu.domain.unit import Unit


@dataclass(frozen=True, slots=True)
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

    @property
    def sources(self) -> tuple[str, ...]:
        """What its figures are made of, in the order of their sources: a field, or elements."""
        return (self.field,) if self.field else (*self.indicator.numerator, *self.indicator.denominator)

    @property
    def series(self) -> str:
        return self.forms[0].series

    def keys(self, asked: Expectations, unit: Unit, period: Period) -> list[CellKey]:
        """What has to be read: the cells of the forms that ask somebody in the area for the period."""
        return [(form.id, str(period), unit.id) for form in self.forms if asked.rounds(form, period, unit.id)]

    def last_day(self, asked: Expectations, unit: Unit, period: Period) -> date:
        """The last day of the period, by the windows of those forms."""
        return max(one.days.last for form in self.forms for one in asked.rounds(form, period, unit.id))

    def value(
        self, catalogue: Catalogue, keys: Iterable[CellKey], cells: Mapping[CellKey, Cell], path: tuple[str, ...]
    ) -> Derived:
        """The figure, None if nobody reported it or it does not arise. `path` holds the ids of area and ancestors."""
        forms = {form.id: form for form in self.forms}
        parts = [Part(forms[key[0]], cells.get(key), 0) for key in keys]
        if self.field:
            return _of_field(self.field, catalogue.elements[self.indicator.numerator[0]], parts, path)
        # Neither how many are awaited nor until when matters to a value.
        return weigh(self.indicator, catalogue.elements, parts, path, Fraction(0), date.max).value


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


def _of_field(key: str, element: Element, parts: Iterable[Part], path: tuple[str, ...]) -> Derived:
    total, reported = 0, 0
    for part in parts:
        at = next(at for at, one in enumerate(part.form.fields) if one.key == key)
        if at < len(part.said.sums):
            total += part.said.sums[at]
            reported += part.said.reported[at]
    value = Fraction(total, 10**element.scale) if reported else None
    return Derived(value, (Count(value, element.sensitive, path),))
