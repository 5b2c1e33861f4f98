"""`chitieu reconcile` on the real broker and engine: a healthy system is all equal, and every kind of harm is named."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from chitieu.adapters.clickhouse.store import Store
from chitieu.contracts.events import Event
from services.aggregate import queries
from services.aggregate.reconcile import Account, Extent, reconcile
from services.aggregate.settings import AggregateSettings
from tests.integration.conftest import LoopThread, Stack
from tests.integration.test_aggregate import (
    FixedRegistry,
    aggregate,
    agrees,
    changed,
    expected_cells,
    random_log,
    reading,
    report,
    send,
    send_more,
    stored_cells,
    until_folded,
)

pytestmark = pytest.mark.stack


async def reconciled(stack: Stack, **extent: Any) -> tuple[Account, list[str]]:
    """What a run came to, and what it said."""
    settings = AggregateSettings(kafka_bootstrap=stack.bootstrap, clickhouse_dsn=stack.dsn, generation=stack.generation)
    said: list[str] = []
    account = await reconcile(settings, FixedRegistry(), Extent(**extent), said.append)  # type: ignore[arg-type]
    return account, said


@asynccontextmanager
async def folded(stack: Stack, tmp_path: Path, log: list[Event | bytes]) -> AsyncIterator[Store]:
    """A system that folded a log and stands still."""
    await send(stack, log)
    async with reading(stack) as store:
        async with aggregate(stack, tmp_path, batch_records=50):
            await until_folded(stack, store)
        yield store


def with_poison(seed: int, length: int) -> list[Event | bytes]:
    """A random log with messages among it that cannot be read, by themselves or by the programmes in force."""
    log: list[Event | bytes] = list(random_log(seed, length))
    log.insert(length // 3, b"not msgpack")
    log.insert(length // 2, changed(report(random.Random(seed), 10**6), form_version=9))
    return log


def test_a_healthy_system_is_all_equal_also_while_it_works(loop: LoopThread, stack: Stack, tmp_path: Path) -> None:
    async def story() -> None:
        async with reading(stack) as store, aggregate(stack, tmp_path, batch_records=10, canary_seconds=0.1):
            for part in range(5):
                await send(stack, with_poison(part, 100))
                account, said = await reconciled(stack)
                assert account.clean, said
            await until_folded(stack, store)
            account, said = await reconciled(stack)
        assert (account.differences, said) == (0, [])
        assert account.messages >= 510
        assert account.groups == 3

    loop.run(story())


# One row of each table, altered. The engine keeps the row that was inserted last, of cells with an equal version too.
CELL = "SELECT form, period, area, partition, {version}, {units}, {sums}, {reported}, {not_applicable}, known_at"
ROW = (
    "SELECT form, period, partition, {unit}, position, kind, submission, {content}, replaces, {decision}, {revision},"
    " form_version, release, path, {values}, states, author, reason, known_at"
)
PLAIN = {
    "version": "version",
    "units": "units",
    "sums": "sums",
    "reported": "reported",
    "not_applicable": "not_applicable",
    "unit": "unit",
    "content": "content",
    "decision": "decision",
    "revision": "revision",
    "values": "values",
}


# A sum of 0 is there if units stand behind it: it would be taken for no figure.
UNEVEN = "SELECT * FROM rollup FINAL WHERE length(sums) != length(reported) OR length(sums) != length(not_applicable)"


def altered_cell(**what: str) -> str:
    chosen = "form != '' AND area = 'vn' AND period = '2021' AND arraySum(sums) > 0 ORDER BY partition LIMIT 1"
    return f"INSERT INTO rollup {CELL.format(**{**PLAIN, **what})} FROM rollup FINAL WHERE {chosen}"


def altered_row(**what: str) -> str:
    chosen = "period = '2021' AND decision = 1 AND has(states, 1) ORDER BY partition, position LIMIT 1"
    return f"INSERT INTO submission {ROW.format(**{**PLAIN, **what})} FROM submission FINAL WHERE {chosen}"


MORE = "arrayMap(n -> n + 1, sums)"
CELLS = {
    "changed": altered_cell(sums=MORE),
    "another number of units": altered_cell(units="units + 1"),
    "another number of units behind a sum": altered_cell(reported="arrayMap(n -> n + 1, reported)"),
    "another number of units it does not apply to": altered_cell(not_applicable="arrayMap(n -> n + 1, not_applicable)"),
    "changed from beyond the progress": altered_cell(sums=MORE, version="toUInt64(1000000)"),
    "right, but from beyond the progress": altered_cell(version="toUInt64(1000000)"),
    "emptied": altered_cell(sums="[]::Array(Int64)"),
    "invented": "INSERT INTO rollup (form, period, area, partition, version, units, sums, reported)"
    " VALUES ('f', '2021', 'p9', 0, 1, 1, [7], [1])",
    "invented in a partition that is not there": "INSERT INTO rollup (form, period, area, partition, version, units)"
    " VALUES ('f', '2021', 'vn', 77, 1, 1)",
    "removed": "ALTER TABLE rollup DELETE WHERE area = 'vn' AND period = '2021'",
}


def test_wrong_cells_are_named_and_mended_and_the_fold_goes_on(loop: LoopThread, stack: Stack, tmp_path: Path) -> None:
    async def story() -> None:
        logs = await send(stack, random_log(11, 200))
        async with reading(stack) as store:
            async with aggregate(stack, tmp_path / "1"):
                await agrees(stack, store, logs)
            for harm, sql in CELLS.items():
                await store.run(lambda client, sql=sql: client.command(sql, settings={"mutations_sync": 2}))  # type: ignore[misc]
                account, said = await reconciled(stack)
                assert not account.clean, harm
                assert all(line.startswith("cell f 2021 ") for line in said), (harm, said)
                assert len(said) == account.differences >= 1
                mended, told = await reconciled(stack, repair=True)
                assert mended.clean, (harm, told)
                assert (mended.differences, mended.mended, told[:-1]) == (account.differences, len(said), said)
                again, silence = await reconciled(stack)
                assert (again.differences, again.messages, silence) == (0, 200, []), harm
                assert await stored_cells(store) == expected_cells(logs)
                assert await store.run(lambda client: client.query(UNEVEN).result_rows) == []
            await send_more(stack, logs, random_log(12, 200))
            async with aggregate(stack, tmp_path / "2"):
                await agrees(stack, store, logs)
            assert (await reconciled(stack))[0].clean

    loop.run(story())


ROWS = {
    "removed": (
        "ALTER TABLE submission DELETE WHERE (partition, position) IN (SELECT partition, position FROM submission"
        " WHERE period = '2021' AND decision = 1 ORDER BY partition, position LIMIT 1)",
        "no row, should be one",
    ),
    "altered": (altered_row(values="arrayMap(n -> n + 1, values)"), "stored values ["),
    "altered in its content": (altered_row(content="toFixedString('x', 16)"), "stored content 78"),
    "invented": (altered_row(unit="'u99'"), "stored unit u99"),
    "decided otherwise": (
        altered_row(decision="2", revision="toUInt32(9)"),
        "stored unchanged (revision 9), should be",
    ),
    "decided as nothing there is": (altered_row(decision="99"), "stored decision 99 (revision"),
}


def test_wrong_submissions_are_named_and_no_repair_hides_them(loop: LoopThread, stack: Stack, tmp_path: Path) -> None:
    async def story() -> None:
        async with folded(stack, tmp_path, with_poison(13, 200)) as store:
            await store.run(lambda client: client.command("CREATE TABLE was AS submission"))
            await store.run(lambda client: client.command("INSERT INTO was SELECT * FROM submission"))
            for harm, (sql, words) in ROWS.items():
                await store.run(lambda client, sql=sql: client.command(sql, settings={"mutations_sync": 2}))  # type: ignore[misc]
                for repair in (False, True):
                    account, said = await reconciled(stack, repair=repair)
                    assert not account.clean, harm
                    assert any(words in line for line in said), (harm, said)
                await store.run(lambda client: client.command("TRUNCATE TABLE submission"))
                await store.run(lambda client: client.command("INSERT INTO submission SELECT * FROM was"))
                account, said = await reconciled(stack, repair=True)
                assert account.clean, (harm, said)

    loop.run(story())


def test_a_row_where_the_log_says_nothing_is_named(loop: LoopThread, stack: Stack, tmp_path: Path) -> None:
    """At the place of a dead letter, and beyond the end."""

    async def story() -> None:
        async with folded(stack, tmp_path, [b"not msgpack"]) as store:
            (partition,) = await store.run(queries.read_progress)
            for position in (0, 10**6):
                columns = "(form, period, partition, unit, position, kind, decision)"
                sql = f"INSERT INTO submission {columns} VALUES ('f', '2021', {partition}, 'u0', {position}, 3, 2)"
                await store.run(lambda client, sql=sql: client.command(sql))  # type: ignore[misc]
            _, said = await reconciled(stack)
            assert any("should be nothing: the log has no report there" in line for line in said), said
            assert any(line.startswith(f"submissions of partition {partition}: stored up to 1000001") for line in said)

    loop.run(story())


def test_a_message_that_cannot_be_read_must_have_its_letter(
    loop: LoopThread, stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with folded(stack, tmp_path, with_poison(14, 50)):
            monkeypatch.setattr("services.aggregate.log.dead_letters", no_letters)
            account, said = await reconciled(stack)
            reasons = {"not_an_event", "unknown_form_version"}
            assert {line.split("(")[1].rstrip(")") for line in said} == reasons
            assert account.differences == 2

    async def no_letters(bootstrap: str, generation: int) -> dict[tuple[int, int], Any]:
        return {}

    loop.run(story())


def test_figures_that_are_not_of_this_log_are_named(loop: LoopThread, stack: Stack, tmp_path: Path) -> None:
    async def story() -> None:
        async with folded(stack, tmp_path, list(random_log(15, 50))) as store:
            sql = "INSERT INTO rollup (partition, version) VALUES (0, 1000000), (5, 1)"
            await store.run(lambda client: client.command(sql))
            _, said = await reconciled(stack, repair=True)
            assert any("progress of partition 0: stored up to 1000000, should be at most" in line for line in said)
            assert any("partition 5: stored up to 1, should be in a partition of the log" in line for line in said)

    loop.run(story())


def test_a_sample_is_chosen_by_its_seed_and_looks_at_nothing_else(
    loop: LoopThread, stack: Stack, tmp_path: Path
) -> None:
    async def story() -> None:
        async with folded(stack, tmp_path, with_poison(16, 200)) as store:
            await store.run(lambda client: client.command(altered_cell(sums=MORE)))
            outcomes = {}
            for seed in range(8):
                account, said = await reconciled(stack, sample=1, seed=seed)
                assert said[0] == f"1 groups (form, period), chosen by --seed {seed}"
                assert account.groups == 1
                assert account.messages < 202
                outcomes[seed] = account.differences
                assert (await reconciled(stack, sample=1, seed=seed)) == (account, said)
            # One of the three groups is wrong.
            assert set(outcomes.values()) == {0, 1}

    loop.run(story())
