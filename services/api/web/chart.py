"""What a chart of one target is drawn from: numbers for the screen, whose exact ones stand in the table beside it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from chitieu.domain.fractions import rounded_text
from chitieu.domain.period import Period, PeriodKind
from services.api.attained import Attained

_DIGITS = 4
_WHOLE = Fraction(100)
# A range wider than half of all there is tells nobody anything.
_TELLING = Fraction(50)


@dataclass(frozen=True, slots=True)
class Shown:
    """One period as it may be shown; `path` is the value to have by its end, exact."""

    period: Period
    path: str | None
    at: Attained

    @property
    def told(self) -> bool:
        """Is there a figure, or one that is withheld, from as many as it takes to judge by it?"""
        value = self.at.value
        return self.enough and value is not None and (value.exact is not None or value.suppressed is not None)

    @property
    def enough(self) -> bool:
        return self.at.coverage is not None and self.at.coverage.sufficient


def ends(one: Attained) -> tuple[Fraction, Fraction] | None:
    """From what to what a share may still come; None where that says nothing: it is known, or may be nearly anything.

    Counts, and shares of what they are no part of, end only at the largest figure that a form takes; shares of what is
    not reported yet, near 0 and 100 %.
    """
    found = one.range
    if found is None or found.low is None or found.high is None or one.unit != "percent":
        return None
    low, high = Fraction(found.low), Fraction(found.high)
    return (low, high) if 0 < high - low <= _TELLING and high <= _WHOLE else None


@dataclass(frozen=True, slots=True)
class Chart:
    """`data` is JSON for static/chart.js: `at` names the periods, each line has a number (as text) or null for each."""

    data: str
    few: bool
    path: bool
    bound: bool
    range: bool

    @classmethod
    def of(cls, stops: Sequence[Shown]) -> "Chart | None":
        """None if there is nothing to draw."""
        open_ = [ends(one.at) or (None, None) for one in stops]
        lines = {
            "actual": [_drawn(one.at.value.exact if one.at.value and one.enough else None) for one in stops],
            "few": [_drawn(one.at.value.exact if one.at.value and not one.enough else None) for one in stops],
            "path": [_drawn(one.path) for one in stops],
            "bound": [_drawn(one.at.bound) for one in stops],
            "low": [_drawn(low) for low, _ in open_],
            "high": [_drawn(high) for _, high in open_],
        }
        if not any(lines["actual"] + lines["few"]):
            return None
        named = [_brief(one.period) for one in stops]
        data = json.dumps({"at": named, "percent": stops[0].at.unit == "percent", **lines})
        return cls(data, any(lines["few"]), any(lines["path"]), any(lines["bound"]), any(lines["low"]))


def _drawn(exact: str | Fraction | None) -> str | None:
    return None if exact is None else rounded_text(Fraction(exact), digits=_DIGITS)


def _brief(period: Period) -> str:
    """2024, S1/2024, Q3/2024, 7/2024: as little as an axis has room for, the same in either language."""
    match period.kind:
        case PeriodKind.MONTH:
            return f"{period.index}/{period.year}"
        case PeriodKind.QUARTER:
            return f"Q{period.index}/{period.year}"
        case PeriodKind.HALF_YEAR:
            return f"S{period.index}/{period.year}"
        case PeriodKind.SCHOOL_YEAR:
            return f"{period.year}–{period.year + 1}"
        case _:
            return str(period)
