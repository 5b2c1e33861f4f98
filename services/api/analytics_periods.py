"""The periods that a question in the manner of DHIS2 names: by their labels, or relative to the day it is asked on.

    LAST_12_MONTHS on 15 March 2025: 202403, 202404 … 202502

THIS_… is what the day lies in, LAST_… what ended before it, oldest first, as in `RelativePeriods` of dhis2-core 2.38.
It is the calendar that is counted in, as the labels are; which days a period covers is for the forms to say.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from functools import partial

from chitieu.domain.errors import ChitieuError, NotFound
from chitieu.domain.period import PER_YEAR, Period, PeriodKind

_LONGEST = 60
_EXAMPLES = ("2024", "2024S1", "2024Q3", "202407")


def read_periods(items: Sequence[str], today: date) -> list[Period]:
    """Each once, in the order asked. Raises NotFound for what is no period, or one that is not collected here."""
    return list(dict.fromkeys(period for item in items for period in _meant(item, today)))


def unknown_item(dimension: str, item: str, nearest: Sequence[str]) -> ChitieuError:
    """A NotFound."""
    listed = ", ".join(nearest) or "–"
    return NotFound.of("unknown_item", dimension=dimension, item=item[:_LONGEST], nearest=listed)


def _meant(item: str, today: date) -> Sequence[Period]:
    relative = _RELATIVE.get(item)
    try:
        labels = [item] if relative is None else [str(one) for one in relative(today)]
        return [Period.parse(label) for label in labels]
    except ValueError:
        near = get_close_matches(item[:_LONGEST], _RELATIVE, 3) if "_" in item else _EXAMPLES
        raise unknown_item("pe", item, near) from None


def _ended(kind: PeriodKind, count: int, ago: int, today: date) -> list[Period]:
    """So many of a kind, of which the last is so many before the one that a day lies in."""
    each = PER_YEAR[kind]
    last = today.year * each + (today.month - 1) * each // 12 - ago
    return [Period(at // each, kind, at % each + 1, at // each) for at in range(last - count + 1, last + 1)]


def _of_year(kind: PeriodKind, ago: int, today: date) -> list[Period]:
    """All of a kind in the year that is so many before a day's."""
    year = today.year - ago
    return [Period(year, kind, index, year) for index in range(1, PER_YEAR[kind] + 1)]


# Weeks, days, two months and financial years are collected by no form.
_RELATIVE: Mapping[str, Callable[[date], list[Period]]] = {
    "THIS_MONTH": partial(_ended, PeriodKind.MONTH, 1, 0),
    "LAST_MONTH": partial(_ended, PeriodKind.MONTH, 1, 1),
    "LAST_3_MONTHS": partial(_ended, PeriodKind.MONTH, 3, 1),
    "LAST_6_MONTHS": partial(_ended, PeriodKind.MONTH, 6, 1),
    "LAST_12_MONTHS": partial(_ended, PeriodKind.MONTH, 12, 1),
    "MONTHS_THIS_YEAR": partial(_of_year, PeriodKind.MONTH, 0),
    "MONTHS_LAST_YEAR": partial(_of_year, PeriodKind.MONTH, 1),
    "THIS_QUARTER": partial(_ended, PeriodKind.QUARTER, 1, 0),
    "LAST_QUARTER": partial(_ended, PeriodKind.QUARTER, 1, 1),
    "LAST_4_QUARTERS": partial(_ended, PeriodKind.QUARTER, 4, 1),
    "QUARTERS_THIS_YEAR": partial(_of_year, PeriodKind.QUARTER, 0),
    "QUARTERS_LAST_YEAR": partial(_of_year, PeriodKind.QUARTER, 1),
    "THIS_SIX_MONTH": partial(_ended, PeriodKind.HALF_YEAR, 1, 0),
    "LAST_SIX_MONTH": partial(_ended, PeriodKind.HALF_YEAR, 1, 1),
    "LAST_2_SIXMONTHS": partial(_ended, PeriodKind.HALF_YEAR, 2, 1),
    "THIS_YEAR": partial(_ended, PeriodKind.YEAR, 1, 0),
    "LAST_YEAR": partial(_ended, PeriodKind.YEAR, 1, 1),
    "LAST_5_YEARS": partial(_ended, PeriodKind.YEAR, 5, 1),
    "LAST_10_YEARS": partial(_ended, PeriodKind.YEAR, 10, 1),
}
