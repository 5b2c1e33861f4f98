"""A figure as it is shown wherever it is not judged: over time, and in what it is made of."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from chitieu.domain.evidence import Evidence
from chitieu.domain.fractions import rounded_text
from services.api.answers import SUPPRESSED, Number, bound_text


class Figure(BaseModel):
    """Sums first, then the ratio. All null where nothing is known: that is not 0."""

    numerator: Number
    denominator: Number | None = Field(description="null for a count")
    exact: str | None
    display: str | None = Field(description="rounded for people")
    suppressed: Literal["1-5"] | None
    reported: int = Field(description="reports that answered all that the indicator needs")
    expected: int = Field(description="reports asked for; 0: nobody in the area is")


def figure(evidence: Evidence) -> dict[str, Any]:
    """The members of a Figure."""
    value = evidence.value
    return {
        "numerator": Number.of(evidence.numerator),
        "denominator": Number.of(evidence.denominator) if evidence.denominator else None,
        "exact": bound_text(value.value),
        "display": None if value.value is None else rounded_text(value.value),
        "suppressed": SUPPRESSED if value.suppressed else None,
        "reported": evidence.coverage.reported,
        "expected": evidence.coverage.expected,
    }
