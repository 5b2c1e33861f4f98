"""Settings of the aggregate service: `CHITIEU_<NAME>` in the environment."""

from pathlib import Path
from tempfile import gettempdir

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class AggregateSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="CHITIEU_", extra="ignore", frozen=True)

    kafka_bootstrap: str = Field(default="127.0.0.1:9092", description="host:port[,host:port] of the Kafka brokers")
    clickhouse_dsn: str = Field(
        default="clickhouse://default:@127.0.0.1:8123", description="where the figures are kept; may hold a password"
    )
    generation: int = Field(default=1, ge=1, description="generation of the log and of the database of figures")
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8003, description="port of health and metrics")
    flush_seconds: float = Field(
        default=0.05, ge=0, le=10, description="least time between two flushes; longer makes fewer, larger parts"
    )
    batch_records: int = Field(
        default=50_000, ge=1, description="messages in one flush at which reading waits for the flush before it"
    )
    # Folded in the event loop: a thread would fight for the interpreter with the loop that feeds it, at twice the cost
    # (bench/README.md). In the embedded stack the loop belongs to HTTP too, so there they are fewer.
    poll_records: int = Field(
        default=500, ge=1, description="messages folded at a time; fewer hold the event loop for less long"
    )
    memory_megabytes: int = Field(
        default=1024, ge=0, description="reports and totals kept in memory, about; the least recently used go"
    )
    worker_name: str | None = Field(
        default=None,
        description="a name that stays with this worker over restarts: it resumes at once after a crash, "
        "instead of after the group has noticed; no two workers may share one",
    )
    states_seconds: float = Field(
        default=1, gt=0, description="how often targets are judged anew where figures have changed"
    )
    remind_days: int = Field(
        default=7, ge=0, le=60, description="days before a deadline on which it is announced; 0: on the day alone"
    )
    canary_seconds: float = Field(default=30, gt=0, description="how often freshness is measured")
    faust_directory: Path = Field(
        default=Path(gettempdir()) / "chitieu-faust", description="scratch directory of the Faust worker"
    )
