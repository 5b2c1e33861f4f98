"""How the running system is, from what this process measures: how far the fold is behind, how fresh figures are."""

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from chitieu.adapters.metrics import Metrics

_FRESHNESS = "chitieu_freshness_seconds"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why messages could not be read, and how many since the start of the process."""

    reason: str
    messages: int


@dataclass(frozen=True, slots=True)
class Lag:
    """A partition of the log: messages not folded yet, and how old the newest one folded is while some wait."""

    partition: int
    records: int
    seconds: float
    moved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Freshness:
    """From the broker's acknowledgement of a canary to its visibility, since the start of the process.

    99 in 100 took no longer than `seconds`, a bound of the histogram; None: longer than the last of them.
    """

    canaries: int
    seconds: float | None
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Vitals:
    """`lags` is empty and `freshness` None where the fold runs in a process of its own: its /metrics has them."""

    lags: Sequence[Lag]
    freshness: Freshness | None
    dead: Sequence[Reason]
    failed_flushes: int
    waiting_for: Sequence[str]
    versions: Mapping[str, str]

    @property
    def folds(self) -> bool:
        """Does this process fold?"""
        return bool(self.lags)


def vitals(metrics: Metrics, checks: Mapping[str, Callable[[], bool]]) -> Vitals:
    lags = list(_lags(metrics))
    return Vitals(
        lags=lags,
        freshness=_freshness(metrics),
        dead=[Reason(one["reason"], int(value)) for one, value in _samples(metrics, "chitieu_dead_letters_total")],
        failed_flushes=int(metrics.value("chitieu_flush_failures_total") or 0),
        waiting_for=[name for name, there in checks.items() if not there()],
        versions={"chitieu": _version("chitieu"), "Python": platform.python_version()},
    )


def _lags(metrics: Metrics) -> Iterator[Lag]:
    records = {int(one["partition"]): value for one, value in _samples(metrics, "chitieu_lag_records")}
    for partition in sorted(records):
        named = {"partition": str(partition)}
        seconds = metrics.value("chitieu_lag_seconds", **named) or 0.0
        moved = _instant(metrics.value("chitieu_progress_timestamp_seconds", **named))
        yield Lag(partition, int(records[partition]), seconds, moved)


def _freshness(metrics: Metrics) -> Freshness | None:
    """None until a canary was seen."""
    canaries = metrics.value(f"{_FRESHNESS}_count") or 0
    if not canaries:
        return None
    within = [(float(one["le"]), value) for one, value in _samples(metrics, f"{_FRESHNESS}_bucket")]
    bound = min(bound for bound, value in within if value * 100 >= canaries * 99)
    seen = _instant(metrics.value("chitieu_freshness_timestamp_seconds"))
    return Freshness(int(canaries), None if bound == float("inf") else bound, seen)


def _samples(metrics: Metrics, name: str) -> Iterator[tuple[Mapping[str, str], float]]:
    for family in metrics.registry.collect():
        yield from ((sample.labels, sample.value) for sample in family.samples if sample.name == name)


def _instant(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
