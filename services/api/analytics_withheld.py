"""What of a table is withheld beside small counts of children: what would give them back by subtraction within it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from chitieu.domain.complement import Key, Sum, withheld
from chitieu.domain.disclosure import Caller, Count, Derived, hides
from chitieu.domain.inquiry import CellKey, Inquiry
from chitieu.domain.measure import Measure
from chitieu.domain.period import Period
from chitieu.domain.unit import Unit

# The ids of the areas above one and its own, nation first, by period and area.
_Lines = Mapping[tuple[str, str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Place:
    """A row before its figure is known. `day` is the period's last one there; from `path` (ids) it is seen whole."""

    measure: Measure
    period: Period
    area: Unit
    keys: Sequence[CellKey]
    day: date
    path: tuple[str, ...]

    def sources(self, value: Derived) -> Iterator[tuple[Key, Count]]:
        """What the figure is made of: an element or a field, with its series, the period and the area's id."""
        for name, count in zip(self.measure.sources, value.sources, strict=True):
            yield (name, self.measure.series, str(self.period), self.area.id), count


def complemented(inquiry: Inquiry, places: Sequence[Place], values: Sequence[Derived], caller: Caller) -> list[Derived]:
    """The values with what is withheld marked; a place for each.

    Whatever a row is made of counts as shown: a rate beside its denominator gives the numerator.
    """
    rows = list(zip(places, values, strict=True))
    every = (each for place, value in rows for each in place.sources(value))
    counts = {source: count for source, count in every if count.sensitive and count.value is not None}
    small = {source for source, count in counts.items() if hides(count, caller)}
    if not small:
        return list(values)
    known = {source: count.value or Fraction(0) for source, count in counts.items()}
    own = {source for source, count in counts.items() if caller.sees(count.path)}
    lines = {(str(one.period), one.area.id): [up.id for up in inquiry.path(one.area, one.day)] for one in places}
    sums = [one for one in _sums(list(known), lines) if known[one.total] == sum(known[part] for part in one.parts)]
    hidden = withheld(known, small, own, sums)
    return [_marked(place, value, hidden) for place, value in rows]


def _marked(place: Place, value: Derived, hidden: Set[Key]) -> Derived:
    if not any(source in hidden for source, _ in place.sources(value)):
        return value
    marked = (replace(count, suppressed=source in hidden) for source, count in place.sources(value))
    return replace(value, sources=tuple(marked))


def _sums(known: Sequence[Key], lines: _Lines) -> Iterator[Sum]:
    """Every figure that may be the sum of others of the table: of areas nearest below, of an element's options."""
    present = set(known)
    parts: dict[tuple[Key, bool], list[Key]] = defaultdict(list)
    for source in known:
        name, series, period, area = source
        above = ((name, series, period, id_) for id_ in reversed(lines[period, area]) if id_ != area)
        nearest = next((one for one in above if one in present), None)
        if nearest is not None:
            parts[nearest, True].append(source)
        whole = name.partition(".")[0], series, period, area
        if whole != source and whole in present:
            parts[whole, False].append(source)
    yield from (Sum(total, some) for (total, _), some in parts.items())
