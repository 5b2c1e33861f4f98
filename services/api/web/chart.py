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
# A sentence about a range wider than half of all there is tells nobody anything.
_TELLING = Fraction(50)
# What may still come of counts ends only at the largest figure that a form takes: no chart goes that far.
_ROOM = 2

Ends = tuple[Fraction, Fraction]


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


def ends(one: Attained) -> Ends | None:
    """From what to what a value may still come; None where it is known, or nothing is known of it."""
    found = one.range
    if found is None or found.low is None or found.high is None:
        return None
    low, high = Fraction(found.low), Fraction(found.high)
    return (low, high) if low < high else None


def telling(one: Attained) -> Ends | None:
    """The same where it is worth a sentence.

    Counts, and shares of what they are no part of, end only at the largest figure that a form takes; shares of what is
    not reported yet, near 0 and 100 %.
    """
    found = ends(one) if one.unit == "percent" else None
    return found if found is not None and found[1] - found[0] <= _TELLING and found[1] <= _WHOLE else None


@dataclass(frozen=True, slots=True)
class Chart:
    """`data` is JSON for static/chart.js: `at` names the periods, each line has a number (as text) or null for each.

    From `low` to `high` the value may still come; what is `beyond` goes on above the chart.
    """

    data: str
    few: bool
    path: bool
    bound: bool
    range: bool

    @classmethod
    def of(cls, stops: Sequence[Shown]) -> "Chart | None":
        """None if there is nothing to draw."""
        open_ = [ends(one.at) or (None, None) for one in stops]
        top = _top(stops)
        lines = {
            "actual": [_drawn(one.at.value.exact if one.at.value and one.enough else None) for one in stops],
            "few": [_drawn(one.at.value.exact if one.at.value and not one.enough else None) for one in stops],
            "path": [_drawn(one.path) for one in stops],
            "bound": [_drawn(one.at.bound) for one in stops],
            "low": [_drawn(low) for low, _ in open_],
            "high": [_drawn(None if high is None else min(high, top)) for _, high in open_],
        }
        if not any(lines["actual"] + lines["few"]):
            return None
        named = [_brief(one.period) for one in stops]
        beyond = [high is not None and high > top for _, high in open_]
        data = json.dumps({"at": named, "percent": stops[0].at.unit == "percent", "beyond": beyond, **lines})
        return cls(data, any(lines["few"]), any(lines["path"]), any(lines["bound"]), any(lines["low"]))


def _top(stops: Sequence[Shown]) -> Fraction:
    """How far up a range is drawn: 100 %, or twice the largest figure there is, or what may at least come."""
    values = [one.at.value.exact for one in stops if one.at.value]
    every = [Fraction(one) for one in (*values, *(one.at.bound for one in stops), *(one.path for one in stops)) if one]
    lows = [found[0] for one in stops if (found := ends(one.at)) is not None]
    if stops and stops[0].at.unit == "percent":
        return max([_WHOLE, *every, *lows])
    return max([_ROOM * max(every, default=Fraction(0)), *lows], default=Fraction(0))


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
