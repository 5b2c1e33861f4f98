"""The Arrow schemas the fold writes are the columns the migrations made, in order and in type."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client

from chitieu.adapters.clickhouse.migrate import Migration, MigrationError, declared, migrate
from chitieu.adapters.clickhouse.store import connect
from chitieu.contracts.rows import ROLLUP, SUBMISSION

pytestmark = pytest.mark.stack

# ClickHouse type, without LowCardinality -> Arrow type.
ARROW = {
    "String": pa.string(),
    "UInt8": pa.uint8(),
    "UInt16": pa.uint16(),
    "UInt32": pa.uint32(),
    "UInt64": pa.uint64(),
    "Int64": pa.int64(),
    "FixedString(16)": pa.binary(16),
    "DateTime64(3, 'UTC')": pa.timestamp("ms", tz="UTC"),
    "Array(String)": pa.list_(pa.string()),
    "Array(Int64)": pa.list_(pa.int64()),
    "Array(UInt8)": pa.list_(pa.uint8()),
    "Array(UInt32)": pa.list_(pa.uint32()),
}


@pytest.fixture
def dsn(engine: Path) -> str:
    return f"chdb://{engine}"


@pytest.fixture
def client(dsn: str) -> Iterator[Client]:
    migrate(dsn, "tables_test")
    one = connect(dsn, "tables_test")
    yield one
    one.close()


@pytest.mark.parametrize(("table", "schema"), [("submission", SUBMISSION), ("rollup", ROLLUP)])
def test_the_declared_rows_are_the_migrated_tables(client: Client, table: str, schema: pa.Schema) -> None:
    sql = "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {table:String}"
    columns = client.query(sql + " ORDER BY position", parameters={"table": table}).result_rows
    plain = [(name, kind.replace("LowCardinality(String)", "String")) for name, kind in columns]
    assert [(name, ARROW[kind]) for name, kind in plain] == [(field.name, field.type) for field in schema]


def test_migrations_are_applied_once(dsn: str) -> None:
    assert migrate(dsn, "once_test") == [migration.name for migration in declared()]
    assert migrate(dsn, "once_test") == []


def test_a_migration_changed_after_it_was_applied_is_an_error(dsn: str) -> None:
    one = Migration("0001_one.sql", "CREATE TABLE one (x UInt8) ENGINE = MergeTree ORDER BY x")
    migrate(dsn, "changed_test", [one])
    with pytest.raises(MigrationError, match=r"0001_one\.sql was changed"):
        migrate(dsn, "changed_test", [Migration(one.name, one.sql + " -- harmless?")])


def test_a_migration_may_say_that_an_earlier_text_was_as_good(dsn: str) -> None:
    coarse = Migration("0001_one.sql", "CREATE TABLE one (x UInt8) ENGINE = MergeTree ORDER BY x")
    fine = Migration(
        coarse.name, f"-- also applied as {coarse.checksum}: why\n{coarse.sql} SETTINGS index_granularity = 512"
    )
    assert migrate(dsn, "earlier_test", [coarse]) == [coarse.name]
    assert migrate(dsn, "earlier_test", [fine]) == []
    with pytest.raises(MigrationError, match=r"0001_one\.sql was changed"):
        migrate(dsn, "earlier_test", [Migration(coarse.name, "SELECT 1")])
    assert migrate(dsn, "later_test", [fine]) == [fine.name]
    with pytest.raises(MigrationError, match=r"0001_one\.sql was changed"):
        migrate(dsn, "later_test", [coarse])


def test_a_database_newer_than_the_program_is_an_error(dsn: str) -> None:
    migrate(dsn, "newer_test", [Migration("0001_one.sql", "CREATE TABLE one (x UInt8) ENGINE = MergeTree ORDER BY x")])
    with pytest.raises(MigrationError, match="newer than this program"):
        migrate(dsn, "newer_test", [])
