"""Every metric there is: one table. Docs, dashboards and alert rules are checked against it.

No label ever names a unit: figures about a commune do not belong in a monitoring system, and 10,599 series neither.
"""

import contextlib
from dataclasses import dataclass
from functools import cache
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


@dataclass(frozen=True, slots=True)
class Metric:
    name: str
    type: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)

TABLE: tuple[Metric, ...] = (
    Metric("chitieu_http_requests_total", "counter", "HTTP answers", ("service", "route", "method", "status")),
    Metric("chitieu_http_seconds", "histogram", "time to answer", ("service", "route", "method"), _SECONDS),
    Metric("chitieu_reports_published_total", "counter", "messages the broker acknowledged", ("kind",)),
    Metric("chitieu_reports_refused_total", "counter", "reports refused by validation", ("code",)),
    Metric("chitieu_decisions_total", "counter", "messages decided by the fold", ("decision",)),
    Metric("chitieu_messages_read_total", "counter", "messages the fold read from the log"),
    Metric("chitieu_dead_letters_total", "counter", "messages the fold could not read", ("reason",)),
    Metric("chitieu_canaries_total", "counter", "freshness canaries folded"),
    Metric("chitieu_flush_seconds", "histogram", "one flush: both inserts", (), _SECONDS),
    Metric("chitieu_flush_rows", "histogram", "cells in one flush", (), (1, 10, 100, 1000, 10_000, 100_000)),
    Metric("chitieu_flush_failures_total", "counter", "flushes that failed and were tried again"),
    Metric("chitieu_lag_records", "gauge", "messages in the log beyond the progress", ("partition",)),
    Metric("chitieu_lag_seconds", "gauge", "age of the newest message folded, while some wait; else 0", ("partition",)),
    Metric(
        "chitieu_progress_timestamp_seconds",
        "gauge",
        "when the partition's progress last moved or was at the end",
        ("partition",),
    ),
    Metric("chitieu_groups", "gauge", "groups of reports (form, period, partition) in memory"),
    Metric("chitieu_rebalances_total", "counter", "partition assignments received"),
    Metric(
        "chitieu_freshness_seconds",
        "histogram",
        "from the broker's acknowledgement of a canary to its visibility",
        (),
        _SECONDS,
    ),
    Metric("chitieu_freshness_timestamp_seconds", "gauge", "when a canary was last seen to arrive"),
    Metric("chitieu_registry_release", "gauge", "release of the programmes in force", ("service",)),
    Metric("chitieu_ready", "gauge", "1 when the service takes requests", ("service",)),
)


class Metrics:
    """The table's metrics on one registry: `metrics["chitieu_flush_seconds"].observe(…)` by kind."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        # Looked up for every request; the client library takes a lock and 4 µs for it each time.
        self._counter = cache(self._find_counter)
        self._histogram = cache(self._find_histogram)
        for m in TABLE:
            if m.type == "counter":
                self._counters[m.name] = Counter(m.name, m.help, m.labels, registry=self.registry)
            elif m.type == "gauge":
                self._gauges[m.name] = Gauge(m.name, m.help, m.labels, registry=self.registry)
            else:
                self._histograms[m.name] = Histogram(
                    m.name, m.help, m.labels, buckets=m.buckets, registry=self.registry
                )

    def _find_counter(self, name: str, *labels: tuple[str, str]) -> Counter:
        return self._counters[name].labels(**dict(labels)) if labels else self._counters[name]

    def _find_histogram(self, name: str, *labels: tuple[str, str]) -> Histogram:
        return self._histograms[name].labels(**dict(labels)) if labels else self._histograms[name]

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        self._counter(name, *labels.items()).inc(amount)

    def set(self, name: str, value: float, **labels: str) -> None:
        metric = self._gauges[name]
        (metric.labels(**labels) if labels else metric).set(value)

    def observe(self, name: str, value: float, **labels: str) -> None:
        self._histogram(name, *labels.items()).observe(value)

    def forget_partition(self, partition: str) -> None:
        """Drop the samples of a partition that another worker holds now."""
        for metric in TABLE:
            if metric.labels == ("partition",):
                with contextlib.suppress(KeyError):  # never set here
                    self._gauges[metric.name].remove(partition)

    def value(self, name: str, **labels: str) -> float | None:
        """The current value of a sample, for tests and status pages."""
        return self.registry.get_sample_value(name, labels)
