"""Settings of the api service: `CHITIEU_<NAME>` in the environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.api.limits import SHIPPED, Limits

# Where ingest listens, if nothing else is said.
INGEST_URL = "http://127.0.0.1:8001"


class ApiSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="CHITIEU_", extra="ignore", frozen=True)

    kafka_bootstrap: str = Field(default="127.0.0.1:9092", description="host:port[,host:port] of the Kafka brokers")
    clickhouse_dsn: str = Field(
        default="clickhouse://default:@127.0.0.1:8123", description="where the figures are kept; may hold a password"
    )
    generation: int = Field(default=1, ge=1, description="generation of the log and of the database of figures")
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8002, description="port of the HTTP interface, health and metrics")
    ingest_url: str = Field(default=INGEST_URL, description="address of ingest, for what is sent on the page")
    read_threads: int = Field(default=4, ge=1, le=64, description="questions to ClickHouse under way at once")
    max_streams: int = Field(default=SHIPPED.streams, ge=1, description="readers of /v1/changes at once")
    max_kept_bytes: int = Field(
        default=SHIPPED.kept_bytes,
        ge=0,
        description="about the most memory of answers kept for who asks again",
    )
    max_history_bytes: int = Field(
        default=SHIPPED.history_bytes,
        ge=0,
        description="about the most memory of what became of reports: of corrections, and of what was known earlier",
    )
    max_held_cells: int = Field(
        default=SHIPPED.held_cells,
        ge=0,
        description="totals held in memory, which follow what comes in, two kilobytes each",
    )
    max_cells: int = Field(
        default=SHIPPED.cells, ge=1, description="most totals, or single reports, that one question may read"
    )

    read_quota: int = Field(
        default=SHIPPED.requests, ge=0, description="requests that one access key may send in 10 seconds; 0: any number"
    )

    @property
    def limits(self) -> Limits:
        return Limits(
            streams=self.max_streams,
            kept_bytes=self.max_kept_bytes,
            history_bytes=self.max_history_bytes,
            held_cells=self.max_held_cells,
            cells=self.max_cells,
            requests=self.read_quota,
        )
