"""`chitieu rebuild` on the real broker and engine: the same figures, row by row, in a database of their own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from chitieu.adapters import kafka, registry
from chitieu.adapters.clickhouse.store import Store, connect, database_name
from chitieu.adapters.metrics import Metrics
from chitieu.cli.main import app
from chitieu.contracts import topics
from chitieu.contracts.events import Event, content_hash, pack
from chitieu.domain.errors import Unavailable
from chitieu.domain.rollup import Decision, MessageKind
from services.aggregate import queries
from services.aggregate.app import Aggregate, Superseded
from services.aggregate.intake import Read
from services.aggregate.log import bury
from services.aggregate.rebuild import NotNow, drop_old, rebuild, require_stopped
from services.aggregate.reconcile import Extent, reconcile
from services.aggregate.replay import replay
from services.aggregate.settings import AggregateSettings
from services.api.app import figures
from tests.integration.conftest import LoopThread, Stack
from tests.integration.test_aggregate import (
    FORM,
    RELEASE,
    FixedRegistry,
    aggregate,
    agrees,
    changed,
    everything,
    expected_cells,
    random_log,
    reading,
    send,
    send_more,
    stored_cells,
    until_folded,
)
from tests.integration.test_announcements import producing
from tests.integration.test_reconcile import with_poison

pytestmark = pytest.mark.stack

TABLES = {
    "submission": "SELECT * FROM submission FINAL ORDER BY partition, position",
    # The position of the batch that a total was written with is no part of what it says.
    "rollup": "SELECT form, period, area, partition, units, sums, reported, not_applicable FROM rollup FINAL"
    " WHERE form != '' AND (units > 0 OR notEmpty(arrayFilter(n -> n != 0, arrayConcat(sums, reported,"
    " not_applicable)))) ORDER BY form, period, area, partition",
    "progress": "SELECT partition, version, known_at FROM rollup FINAL WHERE form = '' ORDER BY partition",
}


class OneForm(registry.RegistryReader):
    """Follows the topic, but for the programmes, which are one form."""

    release = FixedRegistry.release


class Editions(FixedRegistry):
    """One form in force, and what the topic says of the figures in use."""

    def __init__(self, reader: registry.RegistryReader) -> None:
        self._reader = reader

    def edition(self, generation: int) -> int:
        return self._reader.edition(generation)


@asynccontextmanager
async def following(stack: Stack) -> AsyncIterator[Any]:
    reader = registry.RegistryReader(stack.bootstrap)
    await reader.start()
    try:
        yield Editions(reader)
    finally:
        await reader.stop()


def settings_of(stack: Stack, **options: Any) -> AggregateSettings:
    return AggregateSettings(
        kafka_bootstrap=stack.bootstrap,
        clickhouse_dsn=stack.dsn,
        generation=stack.generation,
        canary_seconds=3600,
        **options,
    )


async def tables(store: Store) -> dict[str, list[Any]]:
    return {
        name: await store.run(lambda client, sql=sql: client.query(sql).result_rows)  # type: ignore[misc]
        for name, sql in TABLES.items()
    }


async def databases(stack: Stack) -> list[str]:
    def read() -> list[str]:
        root = connect(stack.dsn)
        try:
            name = database_name(stack.generation)
            found = root.query("SELECT name FROM system.databases ORDER BY name").result_rows
            return [one for (one,) in found if one == name or one.startswith(f"{name}_")]
        finally:
            root.close()

    return await asyncio.to_thread(read)


def test_a_rebuild_gives_the_live_figures_row_by_row(loop: LoopThread, stack: Stack, tmp_path: Path) -> None:
    async def story() -> None:
        await send(stack, with_poison(1, 600))
        async with following(stack) as programmes:
            store = figures(stack.dsn, stack.generation, programmes)
            async with aggregate(stack, tmp_path, batch_records=37, memory_megabytes=0):
                await until_folded(stack, store)
            live = await tables(store)
            letters = sorted(await everything(stack, topics.DEAD, range(stack.partitions)))
            said_before = await everything(stack, topics.CHANGES, [0])
            done = await rebuild(settings_of(stack, batch_records=90, memory_megabytes=0), programmes, print)
            assert (done.database, done.messages, done.dead, done.groups) == (
                database_name(stack.generation, 2),
                602,
                2,
                3,
            )
            assert programmes.edition(stack.generation) == 2
            assert await store.run(lambda client: client.command("SELECT currentDatabase()")) == done.database
            rebuilt = await tables(store)
            assert rebuilt == live
            assert len(live["submission"]) > 500
            assert await everything(stack, topics.CHANGES, [0]) == said_before
            assert sorted(await everything(stack, topics.DEAD, range(stack.partitions))) == letters
            account = await reconcile(settings_of(stack), programmes, Extent(), print)
            assert (account.differences, account.messages) == (0, 602)
            await store.close()

    loop.run(story())


def test_reports_go_on_coming_in_and_readers_are_switched_without_a_wrong_answer(
    loop: LoopThread, stack: Stack, tmp_path: Path
) -> None:
    """What a reader sees is the old figures or the new ones, which say the same of what both have folded."""

    async def story() -> None:
        logs = await send(stack, random_log(2, 300))
        async with following(stack) as programmes:
            store = figures(stack.dsn, stack.generation, programmes)
            async with aggregate(stack, tmp_path / "1"):
                await agrees(stack, store, logs)
            shown = expected_cells(logs)
            work = asyncio.create_task(rebuild(settings_of(stack, batch_records=20), programmes, print))
            for seed in range(5):
                await send_more(stack, logs, random_log(20 + seed, 40))
                if programmes.edition(stack.generation) == 1:
                    assert await stored_cells(store) == shown
            done = await work
            assert done.messages >= 300
            settings = settings_of(stack, faust_directory=tmp_path / "2")
            async with Aggregate(settings, programmes, Metrics()).running():
                await agrees(stack, store, logs)
            assert await databases(stack) == [database_name(stack.generation, n) for n in (1, 2)]
            assert await drop_old(settings, programmes) == [database_name(stack.generation)]
            assert await databases(stack) == [database_name(stack.generation, 2)]
            assert await drop_old(settings, programmes) == []
            await agrees(stack, store, logs)
            await store.close()

    loop.run(story())


def test_what_could_not_be_read_counts_in_no_rebuild_though_it_can_be_read_by_now(
    loop: LoopThread, stack: Stack, tmp_path: Path
) -> None:
    async def story() -> None:
        await send(stack, with_poison(6, 60))
        async with following(stack) as programmes:
            store = figures(stack.dsn, stack.generation, programmes)
            async with aggregate(stack, tmp_path):
                await until_folded(stack, store)
            live = await tables(store)
            form_versions = {("f", version): FORM for version in (1, 9)}
            programmes.release = replace(RELEASE, form_versions=form_versions)
            assert (await rebuild(settings_of(stack), programmes, print)).dead == 2
            assert await tables(store) == live
            assert (await reconcile(settings_of(stack), programmes, Extent(), print)).clean
            await store.close()

    loop.run(story())


def test_a_message_that_was_folded_in_spite_of_a_dead_letter_is_folded_again(
    loop: LoopThread, stack: Stack, tmp_path: Path
) -> None:
    """A worker that could not read it had died after the letter; the next one could."""

    async def story() -> None:
        logs = await send(stack, random_log(7, 60))
        partition = max(logs, key=lambda one: len(logs[one]))
        async with producing(stack) as producer:
            await bury(producer, stack.generation, [Read(partition, 0, 0, None, "unknown_release", b"")])
        async with following(stack) as programmes:
            store = figures(stack.dsn, stack.generation, programmes)
            async with aggregate(stack, tmp_path):
                await agrees(stack, store, logs)
            assert (await rebuild(settings_of(stack), programmes, print)).dead == 0
            await agrees(stack, store, logs)
            assert (await reconcile(settings_of(stack), programmes, Extent(), print)).clean
            await store.close()

    loop.run(story())


def test_a_switch_whose_answer_is_lost_leaves_the_figures_that_may_be_in_use(
    loop: LoopThread, stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = registry.publish_edition

    async def unanswered(*arguments: Any) -> None:
        await publish(*arguments)
        raise Unavailable.of("unavailable", detail="Kafka")

    async def story() -> None:
        logs = await send(stack, random_log(8, 100))
        async with following(stack) as programmes:
            store = figures(stack.dsn, stack.generation, programmes)
            async with aggregate(stack, tmp_path):
                await agrees(stack, store, logs)
            with monkeypatch.context() as patched:
                patched.setattr(registry, "publish_edition", unanswered)
                with pytest.raises(Unavailable):
                    await rebuild(settings_of(stack), programmes, print)
            while programmes.edition(stack.generation) != 2:
                await asyncio.sleep(0.05)
            await agrees(stack, store, logs)
            assert (await rebuild(settings_of(stack), programmes, print)).database == database_name(stack.generation, 3)
            await agrees(stack, store, logs)
            await store.close()

    loop.run(story())


def test_wrong_submissions_are_right_after_a_rebuild(loop: LoopThread, stack: Stack, tmp_path: Path) -> None:
    async def story() -> None:
        logs = await send(stack, random_log(3, 200))
        async with following(stack) as programmes:
            store = figures(stack.dsn, stack.generation, programmes)
            async with aggregate(stack, tmp_path):
                await agrees(stack, store, logs)
            await store.run(lambda client: client.command("TRUNCATE TABLE submission"))
            assert not (await reconcile(settings_of(stack), programmes, Extent(repair=True), print)).clean
            await rebuild(settings_of(stack), programmes, print)
            await agrees(stack, store, logs)
            assert (await reconcile(settings_of(stack), programmes, Extent(), print)).clean
            await store.close()

    loop.run(story())


def test_a_rebuild_is_refused_while_a_worker_is_alive(loop: LoopThread, stack: Stack, tmp_path: Path) -> None:
    async def story() -> None:
        async with aggregate(stack, tmp_path) as service:
            while service.worker is None or not service.worker.ready:
                await asyncio.sleep(0.05)
            with pytest.raises(NotNow, match=r"the fold is running: aiokafka-\S+ at 127\.0\.0\.1"):
                await require_stopped(settings_of(stack), patience=0)
        await require_stopped(settings_of(stack))

    loop.run(story())


@pytest.mark.parametrize("harm", ["insert", "cancel"])
def test_an_interrupted_rebuild_leaves_nothing_behind_and_the_next_begins_afresh(
    loop: LoopThread, stack: Stack, tmp_path: Path, harm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0

    def insert(client: Any, rows: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 3 and harm == "insert":
            raise OSError("connection refused")
        queries_insert(client, rows)

    queries_insert = queries.insert_rollup

    async def story() -> None:
        logs = await send(stack, random_log(4, 300))
        async with following(stack) as programmes:
            work = asyncio.create_task(rebuild(settings_of(stack, batch_records=10), programmes, print))
            if harm == "insert":
                with pytest.raises(OSError, match="connection refused"):
                    await work
            else:
                while calls < 3:
                    await asyncio.sleep(0.01)
                work.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await work
            assert await databases(stack) == [database_name(stack.generation)]
            assert programmes.edition(stack.generation) == 1
            assert (await rebuild(settings_of(stack), programmes, print)).messages == 300
            store = figures(stack.dsn, stack.generation, programmes)
            await agrees(stack, store, logs)
            await store.close()

    with monkeypatch.context() as patched:
        patched.setattr(queries, "insert_rollup", insert)
        loop.run(story())


def test_a_worker_stops_when_its_figures_are_superseded(loop: LoopThread, stack: Stack, tmp_path: Path) -> None:
    async def story() -> None:
        failed: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        async with following(stack) as programmes:
            settings = settings_of(stack, faust_directory=tmp_path / "faust")
            async with Aggregate(settings, programmes, Metrics(), failed.set_result).running():
                producer = kafka.producer(stack.bootstrap)
                await producer.start()
                await registry.publish_edition(producer, stack.generation, 2)
                await producer.stop()
                async with asyncio.timeout(20):
                    assert isinstance(await failed, Superseded)

    loop.run(story())


def test_the_commands_work_on_what_the_environment_names(
    loop: LoopThread, stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("KAFKA_BOOTSTRAP", stack.bootstrap), ("CLICKHOUSE_DSN", stack.dsn)):
        monkeypatch.setenv(f"CHITIEU_{name}", value)
    monkeypatch.setenv("CHITIEU_GENERATION", str(stack.generation))

    def chitieu(*arguments: str) -> tuple[int, str]:
        ended = CliRunner().invoke(app, arguments)
        return ended.exit_code, ended.output

    async def story() -> None:
        logs = await send(stack, random_log(5, 100))
        async with reading(stack) as store, aggregate(stack, tmp_path):
            await agrees(stack, store, logs)

    async def harm() -> None:
        store = Store(stack.dsn, database_name(stack.generation, 2), threads=1)
        sql = "INSERT INTO rollup (form, period, area, units) VALUES ('f', '2021', 'x', 1)"
        await store.run(lambda client: client.command(sql))
        await store.close()

    monkeypatch.setattr("chitieu.cli.figures.RegistryReader", OneForm)
    loop.run(story())
    code, said = chitieu("rebuild")
    assert (code, said.startswith(f"100 messages folded into {database_name(stack.generation, 2)} in ")) == (0, True)
    assert chitieu("rebuild", "--drop-old") == (0, f"dropped {database_name(stack.generation)}\n")
    assert chitieu("reconcile")[0] == 0
    loop.run(harm())
    code, said = chitieu("reconcile")
    assert (code, said.startswith("cell f 2021 x, partition 0: stored 1 units")) == (1, True)
    assert chitieu("reconcile", "--repair")[0] == 0
    assert chitieu("reconcile", "--sample", "1", "--seed", "3")[1].startswith("1 groups (form, period), chosen by")


def test_letters_that_can_be_read_by_now_are_sent_again_unless_a_newer_revision_stands(
    loop: LoopThread, stack: Stack, tmp_path: Path
) -> None:
    def said(unit: str, value: int, key: int, **what: Any) -> Event:
        path, packed = ("vn", "p1", unit), pack([value])
        content = content_hash(MessageKind.REPORT, packed, b"\1")
        event = Event(1, "f", 1, "2024", unit, 1, path, key.to_bytes(16, "big"), content, None, packed, b"\1")
        return changed(event, **what)

    async def story() -> None:
        # u1 was about to correct what stands; u2 has said something newer since.
        await send(stack, [said("u1", 1, 1), said("u1", 2, 2, form_version=9), said("u2", 3, 3, form_version=9)])
        await send(stack, [said("u2", 4, 4), b"not msgpack"])
        told: list[str] = []
        async with following(stack) as programmes, reading(stack) as store:
            settings = settings_of(stack, faust_directory=tmp_path / "faust")
            async with Aggregate(settings, programmes, Metrics()).running():
                await until_folded(stack, store)
                assert str(await replay(settings, programmes, None, told.append)).endswith("still unreadable: 3")
                programmes.release = replace(RELEASE, form_versions={("f", version): FORM for version in (1, 9)})
                for _ in range(2):
                    outcome = await replay(settings, programmes, None, told.append)
                    assert (outcome.sent, outcome.unreadable) == (2, 1)
                    await until_folded(stack, store)
                assert (await replay(settings, programmes, {(0, 10**6)}, told.append)).sent == 0
                assert told[-1] == "0:1000000: no dead letter"
                sql = "SELECT unit, decision, revision FROM submission FINAL ORDER BY unit, position"
                decided = [tuple(row) for row in await store.run(lambda client: client.query(sql).result_rows)]
                accepted, conflict = int(Decision.ACCEPTED), int(Decision.CONFLICT)
                ones = [("u1", accepted, 1), ("u1", accepted, 2)]
                assert decided == [*ones, ("u2", accepted, 1), ("u2", conflict, 1), ("u2", conflict, 1)]
                cells = await stored_cells(store)
                assert cells["f", "2024", "vn"].sums == (6,)
            assert (await reconcile(settings, programmes, Extent(), told.append)).clean

    loop.run(story())
