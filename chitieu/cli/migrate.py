"""`chitieu migrate`: topics and tables, made or brought up to date."""

import asyncio

import typer
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from chitieu.adapters import kafka, registry
from chitieu.adapters.clickhouse import migrate as clickhouse
from chitieu.adapters.clickhouse.store import database_name
from chitieu.cli.connection import fail
from chitieu.contracts import topics


class MigrateSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="CHITIEU_", extra="ignore", frozen=True)

    kafka_bootstrap: str = Field(default="127.0.0.1:9092", description="host:port[,host:port] of the Kafka brokers")
    clickhouse_dsn: str = Field(
        default="clickhouse://default:@127.0.0.1:8123", description="where the figures are kept; may hold a password"
    )
    generation: int = Field(default=1, ge=1, description="generation of the log and of the database of figures")
    partitions: int = Field(
        default=8, ge=1, le=1024, description="partitions of a new log: the most workers it can ever have"
    )
    replication: int = Field(default=1, ge=1, description="copies of every topic; at least 3 in production")


async def bring_up_to_date(settings: MigrateSettings) -> list[str]:
    """Create what is missing; returns what was done, in words."""
    declared = topics.declared(settings.generation, settings.partitions)
    created = await kafka.create_topics(settings.kafka_bootstrap, declared, settings.replication)
    # Nothing is recorded on a topic that was made just now; the broker may not even know of it everywhere yet.
    new = topics.REGISTRY in created
    edition = 1 if new else await registry.edition_in_use(settings.kafka_bootstrap, settings.generation)
    database = database_name(settings.generation, edition)
    applied = await asyncio.to_thread(clickhouse.migrate, settings.clickhouse_dsn, database)
    return [f"topic {name}" for name in created] + [f"{database}: {name}" for name in applied]


def migrate() -> None:
    """Create topics and tables, or bring them up to date. Safe to run again."""
    try:
        done = asyncio.run(bring_up_to_date(MigrateSettings()))
    except clickhouse.MigrationError as error:
        raise fail(str(error)) from error
    typer.echo("\n".join(done) or "nothing to do")
