"""Migrations: plain .sql files applied once, in order, with their checksums on record."""

import re
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

from clickhouse_connect.driver.client import Client

from chitieu.adapters.clickhouse.store import connect

# A file may be changed later in what makes no difference to any statement, such as how a table is laid out on disk:
# databases that it was applied to as it stood before stay as they are.
_ALSO_APPLIED_AS = re.compile(r"^-- also applied as ([0-9a-f]{64})", re.MULTILINE)


class MigrationError(Exception):
    """The database and the files disagree; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Migration:
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return sha256(self.sql.encode()).hexdigest()

    @property
    def checksums(self) -> set[str]:
        """Its own, and those of earlier texts that are as good."""
        return {self.checksum, *_ALSO_APPLIED_AS.findall(self.sql)}


def declared() -> list[Migration]:
    """The migrations that come with this version, in order."""
    folder = files("chitieu.adapters.clickhouse") / "migrations"
    found = [Migration(f.name, f.read_text("utf-8")) for f in folder.iterdir() if f.name.endswith(".sql")]
    return sorted(found, key=lambda m: m.name)


def migrate(dsn: str, database: str, migrations: list[Migration] | None = None) -> list[str]:
    """Bring a database up to date; returns the names applied. Raises MigrationError if an applied file was changed."""
    wanted = declared() if migrations is None else migrations
    root = connect(dsn)
    try:
        root.command("CREATE DATABASE IF NOT EXISTS {database:Identifier}", parameters={"database": database})
    finally:
        root.close()
    client = connect(dsn, database)
    try:
        return _apply(client, wanted)
    finally:
        client.close()


def _apply(client: Client, wanted: list[Migration]) -> list[str]:
    client.command(
        "CREATE TABLE IF NOT EXISTS migration (name String, checksum String, applied_at DateTime DEFAULT now())"
        " ENGINE = MergeTree ORDER BY name"
    )
    applied = {
        str(name): str(checksum) for name, checksum in client.query("SELECT name, checksum FROM migration").result_rows
    }
    for migration in wanted:
        if applied.get(migration.name, migration.checksum) not in migration.checksums:
            raise MigrationError(
                f"{migration.name} was changed after it was applied: restore the file, and put the change in a new one"
            )
    if unknown := sorted(set(applied) - {m.name for m in wanted}):
        raise MigrationError(f"the database is newer than this program: it has {', '.join(unknown)}")
    todo = [m for m in wanted if m.name not in applied]
    for migration in todo:
        client.command(migration.sql)
        client.insert("migration", [[migration.name, migration.checksum]], column_names=["name", "checksum"])
    return [m.name for m in todo]
