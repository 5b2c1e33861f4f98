"""What is counted (elements and their break-downs) and what is computed from it (indicators)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

DEFAULT_MAXIMUM = 10**12


class Kind(StrEnum):
    """A stock is a state at the end of a period; a flow happens during it."""

    STOCK = "stock"
    FLOW = "flow"


class Direction(StrEnum):
    """Which way is better."""

    LOWER = "lower"
    HIGHER = "higher"


@dataclass(frozen=True, slots=True)
class Label:
    vi: str
    en: str

    def in_language(self, at: int) -> str:
        """0 is Vietnamese, 1 English."""
        return (self.vi, self.en)[at]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A way to split a count (sex, age band): option code -> label, in order."""

    id: str
    label: Label
    options: Mapping[str, Label]


@dataclass(frozen=True, slots=True)
class Element:
    """One thing that is counted. Values are integers in units of 10**-scale; `maximum` is in the same units.

    `part_of` names the whole that may not be smaller; `sensitive` elements count children, so that small counts of them
    identify somebody and are suppressed outside the caller's own subtree.
    """

    id: str
    label: Label
    counts: str
    kind: Kind
    part_of: tuple[str, ...] = ()
    sensitive: bool = False
    scale: int = 0
    maximum: int = DEFAULT_MAXIMUM


@dataclass(frozen=True, slots=True)
class Indicator:
    """A count (no denominator), or sums of elements divided: numerator / denominator × factor. Sums first, then ratio.

    `share` says that the numerator counts some of what the denominator counts, so that it can't be larger.
    """

    id: str
    label: Label
    numerator: tuple[str, ...]
    denominator: tuple[str, ...]
    factor: int
    unit: str
    better: Direction
    share: bool = True

    @property
    def elements(self) -> tuple[str, ...]:
        return self.numerator + self.denominator


@dataclass(frozen=True, slots=True)
class Catalogue:
    breakdowns: Mapping[str, Breakdown]
    elements: Mapping[str, Element]
    indicators: Mapping[str, Indicator]
