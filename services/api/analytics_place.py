"""A row of DHIS2's table before and after its figure is known, and what of it is withheld."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chitieu.domain.disclosure import Derived
from chitieu.domain.inquiry import CellKey
from chitieu.domain.measure import Measure
from chitieu.domain.period import Period
from chitieu.domain.unit import Unit
from chitieu.domain.withheld import Figures, Withheld, by_option, total


@dataclass(frozen=True, slots=True)
class Place:
    """A row before its figure is known. From `path` (ids) it is seen whole."""

    measure: Measure
    period: Period
    area: Unit
    keys: Sequence[CellKey]
    path: tuple[str, ...]

    def figures(self) -> Figures:
        """What it tells."""
        measure = self.measure
        elements = measure.indicator.elements
        return Figures(elements, measure.series, self.period, self.area.id, self.path, fields=bool(measure.field))

    def marked(self, value: Derived, withheld: Withheld) -> Derived:
        """Its figure, with what is withheld of all that it is made of."""
        if not withheld:
            return value
        names = [self._name(element) for element in self.measure.indicator.elements]
        marked = zip(value.sources, names, strict=True)
        return replace(value, sources=tuple(replace(count, suppressed=name in withheld) for count, name in marked))

    def _name(self, element: str) -> tuple[str, ...]:
        name = total(element, self.measure.series, self.period, self.area.id)
        return by_option(name) if self.measure.field else name
