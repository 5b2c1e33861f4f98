"""What one form version asks of the values of a report: tables, compiled once from the form and the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass

from chitieu.domain.catalogue import Catalogue, Indicator
from chitieu.domain.form import Form


@dataclass(frozen=True, slots=True)
class Validated:
    """`values` are integers at the scale of the form's fields, in their order; `states` has a ValueState a byte."""

    values: tuple[int, ...]
    states: bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """One element as a form version asks for it: by one field, or by one field for each combination of options.

    `finer` brings its values to the scale of the form's most precise element, so that figures compare as integers.
    """

    element: str
    scale: int
    finer: int
    maximum: int
    positions: tuple[int, ...]
    keys: tuple[str, ...]
    options: tuple[tuple[str, ...], ...]

    @property
    def by_options(self) -> bool:
        return self.options != ((),)

    @property
    def total_maximum(self) -> int:
        return self.maximum * len(self.positions)


class Rules:
    """The rules of one form version.

    `position` finds a field by its key, `retired` names what is no longer asked, `totals` are the elements whose total
    may stand beside their options, `pairs` a part and its whole, `shares` indicators whose numerator may not be above
    their denominator.
    """

    def __init__(self, form: Form, catalogue: Catalogue) -> None:
        self.form = form
        self.finest = max(one.scale for one in form.fields)
        self.elements = _elements(form, self.finest)
        self.position = {one.key: at for at, one in enumerate(form.fields) if not one.retired}
        self.retired = {name for one in form.fields if one.retired for name in (one.key, one.element)}
        self.totals = [one for one in self.elements.values() if one.by_options]
        self.pairs = [
            (part, self.elements[whole])
            for part in self.elements.values()
            for whole in _wholes(part.element, catalogue, self.elements)
        ]
        self.shares = _shares(catalogue, self.elements)


def _elements(form: Form, finest: int) -> dict[str, Asked]:
    found = {}
    for element, positions in form.positions.items():
        fields = [(at, form.fields[at]) for at in positions if not form.fields[at].retired]
        if fields:
            ats, ones = zip(*fields, strict=True)
            keys, options = tuple(one.key for one in ones), tuple(one.options for one in ones)
            scale = ones[0].scale
            found[element] = Asked(element, scale, 10 ** (finest - scale), ones[0].maximum, ats, keys, options)
    return found


def _wholes(element: str, catalogue: Catalogue, asked: Mapping[str, Asked]) -> list[str]:
    """The nearest wholes that the form asks for: where it leaves one out, the whole of that one."""
    wholes: list[str] = []
    seen, waiting = {element}, list(catalogue.elements[element].part_of)
    while waiting:
        whole = waiting.pop(0)
        if whole in seen:
            continue
        seen.add(whole)
        if whole in asked:
            wholes.append(whole)
        else:
            waiting.extend(catalogue.elements[whole].part_of)
    return wholes


def _shares(catalogue: Catalogue, asked: Mapping[str, Asked]) -> list[Indicator]:
    """Indicators that the form alone decides; of those that divide the same figures, one."""
    found: dict[tuple[frozenset[str], frozenset[str]], Indicator] = {}
    for one in catalogue.indicators.values():
        if one.share and one.denominator and all(element in asked for element in one.elements):
            found.setdefault((frozenset(one.numerator), frozenset(one.denominator)), one)
    return list(found.values())
