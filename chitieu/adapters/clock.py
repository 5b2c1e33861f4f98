"""Time, passed in: the domain and the services never ask the system themselves."""

from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from chitieu.domain.period import civil_date

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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


def appended_at(known_ms: int) -> datetime:
    """When the broker appended a record (Unix ms), to the millisecond."""
    return _EPOCH + timedelta(milliseconds=known_ms)
