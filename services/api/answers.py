"""Parts that several answers are made of, as JSON."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from chitieu.contracts.problems import MEDIA_TYPE, ProblemDetails
from chitieu.domain import plan as domain_plan
from chitieu.domain.catalogue import Label
from chitieu.domain.disclosure import Count, Derived
from chitieu.domain.errors import InvalidRequest
from chitieu.domain.fractions import exact_text
from chitieu.domain.unit import Unit
from services.api.queries import Progress

T = TypeVar("T")

_NO_CURSOR = Label("không phải là cursor của danh sách này", "not a cursor of this list")

SUPPRESSED: Literal["1-5"] = "1-5"

Limit = Annotated[int, Query(ge=1, le=1000, description="most items in one answer")]
Cursor = Annotated[str | None, Query(max_length=200, description="`next` of the answer before")]


def described_problem(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "model": ProblemDetails,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
    }


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: described_problem("the request can't be read"),
    401: described_problem("no valid access key"),
    403: described_problem("the key lacks the scope, or does not cover the unit"),
    404: described_problem("something named in the request does not exist; the nearest matches are named"),
    429: described_problem("the key's quota is spent, or too much is under way: come again after Retry-After"),
    503: described_problem("not ready, or a dependency is away: come again after Retry-After"),
}


@dataclass(slots=True)
class Text:
    """A name or sentence in two languages."""

    vi: str
    en: str

    @classmethod
    @lru_cache(4096)
    def of(cls, label: Label) -> "Text":
        """The same for the same label: an answer about a province names a few hundred times what the release names."""
        return cls(vi=label.vi, en=label.en)


@dataclass(slots=True)
class Number:
    """Exact: an integer, else text with its decimals or a fraction; null if not reported or suppressed."""

    value: int | str | None
    suppressed: Annotated[
        Literal["1-5"] | None,
        Field(description="not shown here: a count of children from 1 to 5, or what it would follow from"),
    ] = None

    @classmethod
    def of(cls, marked: Count | Derived) -> "Number":
        value = None if marked.value is None else exact_number(marked.value)
        return cls(value=value, suppressed=SUPPRESSED if marked.suppressed else None)


@dataclass(slots=True)
class Clause:
    """Where it stands in the document, the words that bind, and what is read into them."""

    place: str
    words: str
    basis: str
    note: str

    @classmethod
    @lru_cache(1024)
    def of(cls, clause: domain_plan.Clause) -> "Clause":
        return cls(place=clause.place, words=clause.words, basis=clause.basis.value, note=clause.note)


class UnitBrief(BaseModel):
    """`id` is `code@valid_from`: codes are re-used."""

    id: str
    code: str
    name: str
    level: str
    sample: bool = Field(description="invented, not a real unit")

    @classmethod
    def of(cls, unit: Unit) -> "UnitBrief":
        return cls(id=unit.id, code=unit.code, name=unit.name, level=unit.level, sample=unit.sample)


class AsOf(BaseModel):
    """Everything below these positions of the log is in the answer, nothing beyond them."""

    progress: Mapping[int, int] = Field(description="partition: position read next")
    known_at: datetime | None = Field(description="when the newest message counted came in")
    release: int = Field(description="number of the definitions in force")
    today: date = Field(description="the civil date in Viet Nam that deadlines were judged by")

    @classmethod
    def of(cls, progress: Progress, release: int, today: date) -> "AsOf":
        return cls(progress=progress.positions, known_at=progress.known_at, release=release, today=today)


def exact_number(number: Fraction) -> int | str:
    return number.numerator if number.denominator == 1 else exact_text(number)


def bound_text(number: Fraction | None) -> str | None:
    return None if number is None else exact_text(number)


def page(
    items: Sequence[T],
    key: Callable[[T], str],
    cursor: str | None,
    limit: int,
    keep: Callable[[T], bool] = lambda _: True,
) -> tuple[list[T], str | None]:
    """Some of the items that are kept, and the cursor of what follows. The cursor names the last item given.

    If that item is gone, the page begins where it stood. Raises InvalidRequest for a cursor that is none of ours.
    """
    start = _start(items, key, cursor) if cursor is not None else 0
    found: list[T] = []
    for at in range(start, len(items)):
        if not keep(items[at]):
            continue
        if len(found) == limit:
            return found, _cursor(items.index(found[-1], start), key(found[-1]))
        found.append(items[at])
    return found, None


def _cursor(at: int, key: str) -> str:
    return base64.urlsafe_b64encode(f"{at}:{key}".encode()).decode().rstrip("=")


def _start(items: Sequence[T], key: Callable[[T], str], cursor: str) -> int:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
        at, last = int(text.partition(":")[0]), text.partition(":")[2]
    except (ValueError, binascii.Error):
        raise InvalidRequest.of("invalid_parameter", parameter="cursor", detail=_NO_CURSOR) from None
    if 0 <= at < len(items) and key(items[at]) == last:
        return at + 1
    found = next((i for i, item in enumerate(items) if key(item) == last), None)
    return max(at, 0) if found is None else found + 1
