"""How much is measured: by default about an hour, quickly about a minute."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Counts of messages, runs of each measurement, and seconds of steady load."""

    runs: int = 3
    messages: int = 250_000
    peer_messages: int = 10_000
    steady_seconds: int = 21
    stored_before: int = 50_000
    steady_rates: tuple[int, ...] = (2_000, 20)
    read_seconds: int = 21
    growth_messages: int = 60_000
    many_groups_messages: int = 160_000
    stored_reports: int = 267_000
    worker_messages: int = 80_000
    embedded_messages: int = 100_000
    idle_seconds: int = 5
    puts: int = 20_000
    bulk_reports: int = 160_000
    answer_forms: int = 6
    answer_periods: int = 8
    answer_seconds: int = 20
    answer_requests: int = 100_000
    live_readers: int = 1_000
    live_seconds: int = 20


QUICK = Sizes(
    runs=1,
    messages=30_000,
    peer_messages=2_000,
    steady_seconds=4,
    read_seconds=4,
    steady_rates=(2_000,),
    stored_before=5_000,
    growth_messages=15_000,
    many_groups_messages=30_000,
    stored_reports=30_000,
    worker_messages=15_000,
    embedded_messages=15_000,
    idle_seconds=2,
    puts=5_000,
    bulk_reports=20_000,
    answer_forms=1,
    answer_periods=2,
    answer_seconds=4,
    answer_requests=4_000,
    live_readers=200,
    live_seconds=5,
)
