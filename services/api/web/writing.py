"""Numbers, days and moments as people write them, in either language."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from chitieu.domain.period import CIVIL_ZONE, Period, PeriodKind
from services.api.web.language import Language
from services.api.web.text import TEXTS

NOTHING = "–"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class InBoth(Protocol):
    """A Label of the domain or a Text of an answer."""

    @property
    def vi(self) -> str: ...
    @property
    def en(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Writing:
    """How one language writes; templates know its methods by name."""

    language: Language

    def helpers(self) -> dict[str, Callable[..., str]]:
        every = (self.t, self.say, self.number, self.day, self.moment, self.period)
        return {helper.__name__: helper for helper in every}

    def t(self, key: str, /, **params: object) -> str:
        """A sentence of the page's own. Raises KeyError for one that there is not."""
        return self.say(TEXTS[key]).format_map(params)

    def say(self, text: InBoth) -> str:
        return text.vi if self.language == "vi" else text.en

    def number(self, exact: int | str | None) -> str:
        """1.234,5 in Vietnamese, 1,234.5 in English; what was never reported is a dash. Fractions stay as they are."""
        if exact is None:
            return NOTHING
        text = str(exact)
        if "/" in text:
            return text
        sign, digits = ("−", text[1:]) if text.startswith("-") else ("", text)
        whole, _, part = digits.partition(".")
        groups, point = (".", ",") if self.language == "vi" else (",", ".")
        return sign + f"{int(whole):,}".replace(",", groups) + (point + part if part else "")

    def day(self, day: date | None) -> str:
        """14/12/2024; in English 14 Dec 2024, since 14/12 and 12/14 are both read there."""
        if day is None:
            return NOTHING
        return f"{day:%d/%m/%Y}" if self.language == "vi" else f"{day.day} {_MONTHS[day.month - 1]} {day.year}"

    def day_of_year(self, day: int, month: int) -> str:
        """25/12; in English 25 Dec."""
        return f"{day}/{month}" if self.language == "vi" else f"{day} {_MONTHS[month - 1]}"

    def moment(self, instant: datetime | None, today: date) -> str:
        """14:32:05 in Viet Nam; with the day unless it is today."""
        if instant is None:
            return NOTHING
        there = instant.astimezone(CIVIL_ZONE)
        time = f"{there:%H:%M:%S}"
        return time if there.date() == today else f"{time} {self.day(there.date())}"

    def period(self, period: Period | str) -> str:
        """Năm 2024, 6 tháng đầu năm 2024; in English Year 2024, First half of 2024."""
        if isinstance(period, str):
            period = Period.parse(period)
        return period.vi if self.language == "vi" else _period_in_english(period)


def _period_in_english(period: Period) -> str:
    match period.kind:
        case PeriodKind.MONTH:
            return f"{_MONTHS[period.index - 1]} {period.year}"
        case PeriodKind.QUARTER:
            return f"Quarter {period.index} of {period.year}"
        case PeriodKind.HALF_YEAR:
            return f"{'First' if period.index == 1 else 'Second'} half of {period.year}"
        case PeriodKind.NINE_MONTHS:
            return f"Nine months of {period.year}"
        case PeriodKind.YEAR:
            return f"Year {period.year}"
        case PeriodKind.SCHOOL_YEAR:
            return f"School year {period.year}–{period.year + 1}"
        case PeriodKind.PHASE:
            return f"Phase {period.year}–{period.last_year}"
