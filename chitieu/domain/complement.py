"""Complementary suppression: what else is withheld, so that subtraction does not give back what is.

A table says more than its figures: a district is the sum of its communes, an element that of its options. One figure
withheld beside a total follows from the others. So others are withheld with it, the smallest first, until what
subtraction gives is a sum of several figures and itself no small count.

Each sum is looked at by itself, again and again until none gives anything away. Where figures stand in one line of
sums (areas below areas) that is enough; where they stand in two (options in areas), what follows only from several
sums solved together is not looked for.
"""

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from fractions import Fraction

from chitieu.domain.disclosure import LARGEST_SUPPRESSED

# What names a figure. Sorted, so that the same are withheld every time.
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sum:
    """A figure and those that add up to it, all of them known."""

    total: Key
    parts: Sequence[Key]


def withheld(values: Mapping[Key, Fraction], small: Set[Key], own: Set[Key], sums: Sequence[Sum]) -> set[Key]:
    """The small figures and all that is withheld with them. `own` are the reader's, known anyway: never withheld."""
    hidden = set(small)
    about: dict[Key, list[Sum]] = defaultdict(list)
    for one in sums:
        for key in (one.total, *one.parts):
            about[key].append(one)
    waiting = deque(one for key in hidden for one in about[key])
    while waiting:
        one = waiting.popleft()
        while (other := _another(one, values, hidden, own)) is not None:
            hidden.add(other)
            waiting.extend(about[other])
    return hidden


def _another(one: Sum, values: Mapping[Key, Fraction], hidden: Set[Key], own: Set[Key]) -> Key | None:
    """What to withhold next for the sake of one sum; None if it gives nothing away."""
    unknown = [part for part in one.parts if part in hidden]
    if one.total in hidden:
        return None if unknown else _smallest(one, values, hidden, own)
    rest = sum((values[part] for part in unknown), Fraction(0))
    if not unknown or (len(unknown) > 1 and rest > LARGEST_SUPPRESSED):
        return None
    other = _smallest(one, values, hidden, own)
    return one.total if other is None and one.total not in own else other


def _smallest(one: Sum, values: Mapping[Key, Fraction], hidden: Set[Key], own: Set[Key]) -> Key | None:
    """Of the parts that may be withheld. None of 0: it would hide nothing of the rest."""
    free = (part for part in one.parts if values[part] > 0 and part not in hidden and part not in own)
    return min(free, key=lambda part: (values[part], part), default=None)
