"""Tables: what their columns say of an item, the same in every format. Items have passed `disclose` before."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Generic, TypeVar

from chitieu.adapters.table_files import DECIMAL_PLACES, Column, Hidden, Kind, Row, Value
from chitieu.domain.catalogue import Label
from chitieu.domain.disclosure import Count, Derived
from chitieu.domain.fractions import exact_text, rounded_text
from services.api.answers import SUPPRESSED, AsOf, Text

R = TypeVar("R")

_AT_ONCE = 1_000
_HIDDEN = Hidden(SUPPRESSED)


@dataclass(frozen=True, slots=True)
class Told(Generic[R]):
    """A column, and what it says of an item in a language (0 vi, 1 en)."""

    column: Column
    of: Callable[[R, int], Value]


def told(
    key: str, vi: str, en: str, of: Callable[[R, int], Value], kind: Kind = Kind.TEXT, *, hidable: bool = False
) -> Told[R]:
    return Told(Column(key, Label(vi, en), kind, hidable), of)


@dataclass(frozen=True, slots=True)
class Table(Generic[R]):
    """A table's columns, the same in every format."""

    told: Sequence[Told[R]]

    @property
    def columns(self) -> Sequence[Column]:
        return [one.column for one in self.told]

    def rows(self, items: Iterable[R], language: int) -> Iterable[Row]:
        return ([one.of(item, language) for one in self.told] for item in items)


async def in_blocks(items: Sequence[R]) -> AsyncIterator[Sequence[R]]:
    """Items that are at hand, some at a time; one block without any if there are none."""
    for at in range(0, max(len(items), 1), _AT_ONCE):
        yield items[at : at + _AT_ONCE]


def remarks(as_of: AsOf, notice: Text | None) -> dict[str, str]:
    """What has to be said of a whole file."""
    said = {"as_of": as_of.model_dump_json()}
    return said if notice is None else {"notice": f"{notice.vi} / {notice.en}", **said}


def count(marked: Count | Derived | None) -> Value:
    """A number that may have been suppressed."""
    if marked is None or marked.suppressed:
        return None if marked is None else _HIDDEN
    return decimal(marked.value)


def exact(marked: Derived) -> Value:
    if marked.suppressed:
        return _HIDDEN
    return None if marked.value is None else exact_text(marked.value)


def rounded(marked: Derived, bound: Fraction | None = None) -> Value:
    """Rounded for people."""
    if marked.suppressed or marked.value is None:
        return _HIDDEN if marked.suppressed else None
    return decimal(Fraction(rounded_text(marked.value, bound)))


def decimal(number: Fraction | None) -> Value:
    if number is None:
        return None
    text = exact_text(number)
    ends = "/" not in text and len(text.partition(".")[2]) <= DECIMAL_PLACES
    return Decimal(text if ends else rounded_text(number, digits=DECIMAL_PLACES))
