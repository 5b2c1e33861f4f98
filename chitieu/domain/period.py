"""Reporting periods, the windows of days they cover, and deadlines.

A period is a label (`2024S1`); which days it covers is the form's business, because plans and decrees cut the
year differently: Decree 09/2019/NĐ-CP's year runs from 15/12 of the year before to 14/12.
"""

import calendar
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from zoneinfo import ZoneInfo

CIVIL_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def civil_date(instant: datetime) -> date:
    """The calendar day in Viet Nam at an aware instant; deadlines are counted in it."""
    return instant.astimezone(CIVIL_ZONE).date()


class PeriodKind(StrEnum):
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    NINE_MONTHS = "nine_months"
    YEAR = "year"
    SCHOOL_YEAR = "school_year"
    PHASE = "phase"


# How many periods of a kind begin in a year. A phase is named by any two years.
PER_YEAR: Mapping[PeriodKind, int] = {
    PeriodKind.MONTH: 12,
    PeriodKind.QUARTER: 4,
    PeriodKind.HALF_YEAR: 2,
    PeriodKind.NINE_MONTHS: 1,
    PeriodKind.YEAR: 1,
    PeriodKind.SCHOOL_YEAR: 1,
    PeriodKind.PHASE: 1,
}

# Phases are named by the plans and can't be counted through.
COUNTED = tuple(kind for kind in PeriodKind if kind is not PeriodKind.PHASE)

_PATTERNS = (
    (PeriodKind.MONTH, re.compile(r"(\d{4})(0[1-9]|1[0-2])")),
    (PeriodKind.QUARTER, re.compile(r"(\d{4})Q([1-4])")),
    (PeriodKind.HALF_YEAR, re.compile(r"(\d{4})S([12])")),
    (PeriodKind.NINE_MONTHS, re.compile(r"(\d{4})M9")),
    (PeriodKind.YEAR, re.compile(r"(\d{4})")),
    (PeriodKind.SCHOOL_YEAR, re.compile(r"(\d{4})SY")),
    (PeriodKind.PHASE, re.compile(r"(\d{4})-(\d{4})")),
)
_MONTHS_EACH = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3, PeriodKind.HALF_YEAR: 6}


# What a label looks like, to be shown to whoever wrote none of them.
_EXAMPLE_YEAR = "2024"


def similar(text: str) -> list[str]:
    """Labels that come close to what is none, best first: those of the year that is in it, or of some year."""
    found = re.search(r"(?:19|20|21)[0-9]{2}", text)
    year = found[0] if found else _EXAMPLE_YEAR
    labels = [year, *(f"{year}{part}" for part in ("S1", "S2", "Q1", "Q2", "Q3", "Q4", "M9", "SY"))]
    labels += [f"{year}{month:02}" for month in range(1, 13)]
    return get_close_matches(text.upper(), labels, 3, 0.0)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A period's label. `index` counts from 1 inside the year; `last_year` differs from `year` in phases only."""

    year: int
    kind: PeriodKind
    index: int = 1
    last_year: int = 0

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Read `2024`, `2024S1`, `2024Q3`, `202407`, `2024M9`, `2024SY` or `2013-2015`; ValueError otherwise.

        The forms of year, half-year, quarter and month are those of DHIS2.
        """
        for kind, pattern in _PATTERNS:
            match = pattern.fullmatch(text)
            if match is None or not text.isascii() or not 1900 <= int(match[1]) <= 2200:
                continue
            if kind is PeriodKind.PHASE:
                if int(match[2]) <= int(match[1]):
                    break
                return cls(int(match[1]), kind, 1, int(match[2]))
            return cls(int(match[1]), kind, int(match[2]) if pattern.groups == 2 else 1, int(match[1]))
        raise ValueError(f"not a period: {text!r}")

    def __str__(self) -> str:
        match self.kind:
            case PeriodKind.MONTH:
                return f"{self.year}{self.index:02}"
            case PeriodKind.QUARTER:
                return f"{self.year}Q{self.index}"
            case PeriodKind.HALF_YEAR:
                return f"{self.year}S{self.index}"
            case PeriodKind.NINE_MONTHS:
                return f"{self.year}M9"
            case PeriodKind.YEAR:
                return f"{self.year}"
            case PeriodKind.SCHOOL_YEAR:
                return f"{self.year}SY"
            case PeriodKind.PHASE:
                return f"{self.year}-{self.last_year}"

    @property
    def before(self) -> "Period | None":
        """The one of its kind that ends where this one begins; None for a phase, since plans name them freely."""
        if self.kind is PeriodKind.PHASE:
            return None
        if self.index > 1:
            return replace(self, index=self.index - 1)
        return Period(self.year - 1, self.kind, PER_YEAR[self.kind], self.year - 1)

    @property
    def year_before(self) -> "Period | None":
        """The same period of the year before; a phase has none."""
        if self.kind is PeriodKind.PHASE:
            return None
        return replace(self, year=self.year - 1, last_year=self.last_year - 1)

    @property
    def vi(self) -> str:
        match self.kind:
            case PeriodKind.MONTH:
                return f"Tháng {self.index}/{self.year}"
            case PeriodKind.QUARTER:
                return f"Quý {self.index}/{self.year}"
            case PeriodKind.HALF_YEAR:
                return f"6 tháng {'đầu' if self.index == 1 else 'cuối'} năm {self.year}"
            case PeriodKind.NINE_MONTHS:
                return f"9 tháng năm {self.year}"
            case PeriodKind.YEAR:
                return f"Năm {self.year}"
            case PeriodKind.SCHOOL_YEAR:
                return f"Năm học {self.year}–{self.year + 1}"
            case PeriodKind.PHASE:
                return f"Giai đoạn {self.year}–{self.last_year}"


@dataclass(frozen=True, slots=True)
class Days:
    """A run of calendar days, both ends included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def holds(self, other: "Days") -> bool:
        return self.first <= other.first and other.last <= self.last


def labels(kind: PeriodKind, years: range) -> Iterator[Period]:
    """Periods of a kind, but for phases all there are, in some years."""
    for year in years:
        for index in range(1, PER_YEAR[kind] + 1):
            yield Period(year, kind, index, year)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A day of a year relative to the period's (last) year: 15/12 of the year before is Anchor(15, 12, -1)."""

    day: int
    month: int
    year_offset: int = 0

    def on(self, year: int) -> date:
        year += self.year_offset
        return date(year, self.month, min(self.day, calendar.monthrange(year, self.month)[1]))


def _calendar(period: Period) -> Days:
    """Whole calendar months; a school year runs from 1/9 to 31/8 (ours: no decree fixes its reporting window)."""
    if period.kind in _MONTHS_EACH:
        length = _MONTHS_EACH[period.kind]
        first, last = (period.index - 1) * length + 1, period.index * length
        return Days(date(period.year, first, 1), date(period.year, last, calendar.monthrange(period.year, last)[1]))
    if period.kind is PeriodKind.NINE_MONTHS:
        return Days(date(period.year, 1, 1), date(period.year, 9, 30))
    if period.kind is PeriodKind.SCHOOL_YEAR:
        return Days(date(period.year, 9, 1), date(period.year + 1, 8, 31))
    return Days(date(period.year, 1, 1), date(period.last_year, 12, 31))


def _decree_09_2019(period: Period) -> Days:
    """Decree 09/2019/NĐ-CP, article 12: a window opens on the 15th of the month before and closes on the 14th."""
    whole = _calendar(period)
    before_first = whole.first - timedelta(days=1)
    return Days(before_first.replace(day=15), whole.last.replace(day=14))


STANDARD_WINDOWS: Mapping[str, str] = {
    "calendar": "whole calendar months",
    "decree-09-2019": "15th to 14th, Decree 09/2019/NĐ-CP article 12",
}


@dataclass(frozen=True, slots=True)
class Window:
    """Which days a form's period covers: a standard rule, or the anchors of each period of the year, in order."""

    standard: str = "calendar"
    anchors: tuple[tuple[Anchor, Anchor], ...] = ()

    def days(self, period: Period) -> Days:
        if self.anchors:
            first, last = self.anchors[min(period.index, len(self.anchors)) - 1]
            return Days(first.on(period.year), last.on(period.last_year))
        return _decree_09_2019(period) if self.standard == "decree-09-2019" else _calendar(period)


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day on which a report is on time. *before 20/11* (trước ngày) excludes the day; *on* includes it."""

    anchor: Anchor
    inclusive: bool

    def last_day(self, period: Period) -> date:
        day = self.anchor.on(period.last_year)
        return day if self.inclusive else day - timedelta(days=1)
