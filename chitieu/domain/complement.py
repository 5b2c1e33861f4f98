"""Complementary suppression: what else is withheld, so that subtraction does not give back what is.

An area's sum is that of its parts. One part withheld beside it follows from the others. So others are withheld with it,
the smallest first, until what subtraction gives is a sum of several parts and no small count.
"""

from collections.abc import Mapping, Set

# Several numbers about one part that are withheld together or not at all: of several periods, of several options.
Vector = tuple[int, ...]


def shared(parts: Mapping[str, Vector], small: Set[str], largest: int, *, total_shown: bool) -> set[str]:
    """What is withheld of the parts of one sum: those that are small, and the smallest others with them.

    What is withheld comes to more than `largest` and, of a sum that is shown, is several parts; of one that is withheld
    at least one. Parts that are 0 hide nothing. If there are not enough others, all are withheld.
    """
    hidden = set(small)
    width = len(next(iter(parts.values()), ()))
    while others := {other for at in range(width) if (other := _next(parts, hidden, at, largest, total_shown))}:
        hidden |= others
    return hidden


def _next(parts: Mapping[str, Vector], hidden: Set[str], at: int, largest: int, total_shown: bool) -> str | None:
    """The part to withhold next for the sake of one number; None if nothing follows, or no other is left."""
    unknown = [parts[one][at] for one in hidden if parts[one][at] > 0]
    if (total_shown and not unknown) or (sum(unknown) > largest and (len(unknown) > 1 or not total_shown)):
        return None
    free = (one for one, vector in parts.items() if vector[at] > 0 and one not in hidden)
    return min(free, key=lambda one: (parts[one][at], one), default=None)
