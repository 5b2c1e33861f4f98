"""What must hold between the figures of one form version, by their places in a row.

A row has a place for each field, in the form's order, then one for each total of options.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chitieu.domain.rules import Asked, Rules


@dataclass(frozen=True, slots=True)
class Layout:
    """`finer` brings each field to the scale of the form's finest. `totals` stand behind the fields, in their order.

    `pairs` are (smaller, larger): no part is above its whole, nor option by option. `shares` are those places whose
    sum is not above that of others.
    """

    fields: int
    finer: Sequence[int]
    totals: Sequence[Asked]
    pairs: Sequence[tuple[int, int]]
    shares: Sequence[tuple[Sequence[int], Sequence[int]]]

    @classmethod
    def of(cls, rules: Rules) -> "Layout":
        fields, totals = rules.form.fields, rules.totals
        places = {one.element: one.positions[0] for one in rules.elements.values()}
        places.update({one.element: len(fields) + at for at, one in enumerate(totals)})
        shares = [
            ([places[e] for e in one.numerator], [places[e] for e in one.denominator])
            for one in rules.shares
            if len(one.elements) > 2
        ]
        finer = [10 ** (rules.finest - one.scale) for one in fields]
        return cls(len(fields), finer, totals, _pairs(rules, places), shares)


def _pairs(rules: Rules, places: Mapping[str, int]) -> list[tuple[int, int]]:
    """Parts and wholes, also option by option, and ratios of two elements."""
    found: list[tuple[int, int]] = []
    for part, whole in rules.pairs:
        if part.by_options and part.options == whole.options:
            found.extend(zip(part.positions, whole.positions, strict=True))
        found.append((places[part.element], places[whole.element]))
    found.extend((places[n], places[d]) for n, d in (one.elements for one in rules.shares if len(one.elements) == 2))
    return list(dict.fromkeys(found))
