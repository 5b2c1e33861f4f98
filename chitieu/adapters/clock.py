"""Time, passed in: the domain and the services never ask the system themselves."""

from datetime import UTC, date, datetime
from typing import Protocol

from chitieu.domain.period import civil_date


class Clock(Protocol):
    def now(self) -> datetime:
        """An aware instant."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def today(clock: Clock) -> date:
    """The civil date in Viet Nam."""
    return civil_date(clock.now())
