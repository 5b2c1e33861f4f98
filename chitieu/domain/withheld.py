"""What an answer tells of children, and the names of what of it is withheld (see chitieu.domain.withholding)."""

from collections.abc import Iterable, Set
from dataclasses import dataclass

from chitieu.domain.period import Period

# An element, a series, a period and an area (a unit's id); one more if not its sum is meant, but its fields.
Name = tuple[str, ...]
Withheld = Set[Name]

NOTHING: Withheld = frozenset()


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums of some elements in an area (a unit's id); with `fields` by option, too.

    `path` holds the ids of the areas from which they are seen whole.
    """

    elements: tuple[str, ...]
    series: str
    period: Period
    area: str
    path: tuple[str, ...]
    fields: bool = False


def total(element: str, series: str, period: object, area: str) -> Name:
    """An element's sum in an area."""
    return element, series, str(period), area


def by_option(name: Name) -> Name:
    """The same by option: all of an element's fields, or none."""
    return (*name, "by option")


def sums_withheld(elements: Iterable[str], series: str, period: object, area: str, withheld: Withheld) -> Set[str]:
    """Of some elements those whose sum in an area is withheld."""
    if not withheld:
        return frozenset()
    return {one for one in elements if total(one, series, period, area) in withheld}
