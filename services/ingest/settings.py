"""Settings of the ingest service: `CHITIEU_<NAME>` in the environment."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class IngestSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="CHITIEU_", extra="ignore", frozen=True)

    kafka_bootstrap: str = Field(default="127.0.0.1:9092", description="host:port[,host:port] of the Kafka brokers")
    generation: int = Field(default=1, ge=1, description="generation of the log that reports are written to")
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8001, description="port of the HTTP interface, health and metrics")
    max_body_bytes: int = Field(default=2**20, ge=1024, description="largest body of a single report")
    max_bulk_bytes: int = Field(default=32 * 2**20, ge=1024, description="largest body of a bulk request")
    max_bulk_lines: int = Field(default=20_000, ge=1, description="most lines (or array items) of a bulk request")
    max_held_bytes: int = Field(
        default=128 * 2**20, ge=2**20, description="most memory of requests under way: their bodies and 32 KiB each"
    )
    max_in_flight_bytes: int = Field(
        default=16 * 2**20, ge=2**20, description="most bytes of reports that the broker has not acknowledged yet"
    )
    # Off: a province sends what it has gathered by one key, as fast as the log takes it, and `max_held_bytes` and
    # `max_in_flight_bytes` already bound what all together may cost. It is for who shares a broker with others.
    write_quota: int = Field(
        default=0, ge=0, description="requests that one access key may send in 10 seconds; 0: any number"
    )
    max_depth: int = Field(default=8, ge=2, le=64, description="deepest nesting of a report's JSON")
