"""The aggregate service on the real broker and engine: what it writes, whatever happens on the way."""

import asyncio
import random
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from chitieu.adapters import kafka
from chitieu.adapters.clickhouse.store import Store, database_name
from chitieu.adapters.metrics import Metrics
from chitieu.cli import dead
from chitieu.contracts import topics
from chitieu.contracts.events import (
    Change,
    Event,
    content_hash,
    decode_change,
    decode_dead_letter,
    encode_event,
    pack,
)
from chitieu.domain.catalogue import Catalogue, Label
from chitieu.domain.form import Field, Form
from chitieu.domain.registry import Release
from chitieu.domain.rollup import Cell, Decision, MessageKind
from chitieu.domain.unit import UnitTree
from services.aggregate import queries
from services.aggregate.app import Aggregate
from services.aggregate.landing import Landing
from services.aggregate.resumption import WrongLog
from services.aggregate.settings import AggregateSettings
from tests.integration.conftest import LoopThread, Stack
from tests.unit import oracle

pytestmark = pytest.mark.stack

FIELDS = tuple(Field(key, key, (), 0, 10**12, False) for key in ("a", "b", "c"))
FORM = Form("f", 1, Label("Biểu", "Form"), "administrative", FIELDS, ())
NEWEST = 8
RELEASE = Release(NEWEST, Catalogue({}, {}, {}), {"f": FORM}, {("f", 1): FORM}, {}, UnitTree([]))


class FixedRegistry:
    """A registry reader that has read everything there is: one form."""

    ready = True
    release = RELEASE

    def edition(self, generation: int) -> int:
        return 1

    async def end(self) -> int:
        return self.release.number + 1

    async def wait_for(self, number: int) -> Release:
        return self.release


def report(rng: random.Random, key: int) -> Event:
    unit = f"u{rng.randrange(12)}"
    kind = rng.choices([MessageKind.REPORT, MessageKind.RETRACTION, MessageKind.MOVE], [15, 2, 3])[0]
    states = tuple(rng.randrange(3) for _ in FIELDS) if kind is MessageKind.REPORT else ()
    values = tuple(rng.randrange(5) if state == 1 else 0 for state in states)
    path = ("vn", f"p{rng.randrange(2)}", unit)
    replaces = rng.choice([None, None, None, rng.randrange(4)])
    packed, said, submission = pack(values), bytes(states), key.to_bytes(16, "big")
    content = content_hash(kind, packed, said)
    # Moves are told by newer trees than reports were made with, mostly.
    release = rng.randint(1, NEWEST if kind is MessageKind.MOVE else NEWEST // 2)
    period = f"202{rng.randrange(3)}"
    told = rng.random() < 0.3
    return Event(
        kind, "f", 1, period, unit, release, path, submission, content, replaces, packed, said, "", "", tell=told
    )


def random_log(seed: int, length: int) -> list[Event]:
    """By releases of every age; a tenth are one of the last hundred messages again, or have only its key."""
    rng = random.Random(seed)
    log: list[Event] = []
    for number in range(length):
        one = report(rng, number)
        if log and rng.random() < 0.1:
            before = rng.choice(log[-100:])
            path = (*one.path[:-1], before.unit)
            its = {"unit": before.unit, "period": before.period, "submission": before.submission, "path": path}
            one = before if rng.random() < 0.7 else changed(one, **its)
        log.append(one)
    return log


@asynccontextmanager
async def aggregate(stack: Stack, tmp_path: Path, **options: Any) -> AsyncIterator[Aggregate]:
    settings = AggregateSettings(
        kafka_bootstrap=stack.bootstrap,
        clickhouse_dsn=stack.dsn,
        generation=stack.generation,
        faust_directory=tmp_path / "faust",
        **{"flush_seconds": 0.02, "canary_seconds": 3600, **options},
    )
    service = Aggregate(settings, FixedRegistry(), Metrics())  # type: ignore[arg-type]
    async with service.running():
        yield service


async def send(stack: Stack, events: Sequence[Event | bytes]) -> dict[int, list[Event]]:
    """Publish in order; returns each partition's log as the broker keeps it (bytes that are no event left out)."""
    producer = kafka.producer(stack.bootstrap)
    await producer.start()
    try:
        topic, waiting = topics.reports(stack.generation), []
        logs: dict[int, list[Event]] = {}
        for event in events:
            value, key = (event, b"u0") if isinstance(event, bytes) else (encode_event(event), event.unit.encode())
            waiting.append((event, await producer.send(topic, value, key=key)))
        for event, said in waiting:
            if not isinstance(event, bytes):
                logs.setdefault((await said).partition, []).append(event)
        return logs
    finally:
        await producer.stop()


async def send_more(stack: Stack, logs: dict[int, list[Event]], events: Sequence[Event]) -> None:
    """The same, put behind what was sent before."""
    for partition, some in (await send(stack, events)).items():
        logs.setdefault(partition, []).extend(some)


async def until_folded(stack: Stack, store: Store, seconds: float = 60) -> None:
    """Wait until the progress stored with the figures has reached the end of the log."""
    topic = topics.reports(stack.generation)
    reader = kafka.consumer(stack.bootstrap)
    await reader.start()
    try:
        ends = await reader.end_offsets([TopicPartition(topic, p) for p in range(stack.partitions)])
        async with asyncio.timeout(seconds):
            progress: dict[int, int] = {}
            while any(progress.get(tp.partition, 0) < end for tp, end in ends.items()):
                await asyncio.sleep(0.02)
                stored = await store.run(queries.read_progress)
                progress = {partition: one.version for partition, one in stored.items()}
    finally:
        await reader.stop()


async def stored_cells(store: Store) -> dict[tuple[str, str, str], oracle.Totals]:
    sql = "SELECT form, period, area, units, sums, reported, not_applicable FROM rollup FINAL WHERE form != ''"
    rows = await store.run(lambda client: client.query(sql).result_rows)
    totals: dict[tuple[str, str, str], Cell] = {}
    for form, period, area, units, *columns in rows:
        cell = totals.setdefault((form, period, area), Cell())
        cell.units += units
        cell.widen(len(columns[0]))
        for mine, theirs in zip((cell.sums, cell.reported, cell.not_applicable), columns, strict=True):
            for at, value in enumerate(theirs):
                mine[at] += value
    return without_zeros({key: oracle.Totals.of(cell) for key, cell in totals.items()})


def without_zeros(cells: dict[tuple[str, str, str], oracle.Totals]) -> dict[tuple[str, str, str], oracle.Totals]:
    return {key: cell for key, cell in cells.items() if cell != oracle.Totals(0, (), (), ())}


def expected_cells(logs: dict[int, list[Event]]) -> dict[tuple[str, str, str], oracle.Totals]:
    total: dict[tuple[str, str, str], Cell] = {}
    for log in logs.values():
        for key, one in oracle.cells(log).items():
            cell = total.setdefault(key, Cell())
            cell.units += one.units
            for mine, theirs in (
                (cell.sums, one.sums),
                (cell.reported, one.reported),
                (cell.not_applicable, one.not_applicable),
            ):
                mine.extend([0] * (len(theirs) - len(mine)))
                for at, value in enumerate(theirs):
                    mine[at] += value
    return without_zeros({key: oracle.Totals.of(cell) for key, cell in total.items()})


async def stored_decisions(store: Store) -> list[tuple[int, int, int, int]]:
    sql = "SELECT partition, position, decision, revision FROM submission FINAL ORDER BY partition, position"
    return [tuple(row) for row in await store.run(lambda client: client.query(sql).result_rows)]


def expected_decisions(logs: dict[int, list[Event]]) -> list[tuple[int, int, int, int]]:
    return [
        (partition, position, int(decided.decision), decided.revision)
        for partition, log in sorted(logs.items())
        for position, decided in enumerate(oracle.decisions(log))
        if decided.decision is not Decision.DUPLICATE
    ]


async def agrees(stack: Stack, store: Store, logs: dict[int, list[Event]]) -> None:
    await until_folded(stack, store)
    assert await stored_cells(store) == expected_cells(logs)
    assert await stored_decisions(store) == expected_decisions(logs)


@asynccontextmanager
async def reading(stack: Stack) -> AsyncIterator[Store]:
    store = Store(stack.dsn, database_name(stack.generation), threads=2)
    try:
        yield store
    finally:
        await store.close()


@pytest.mark.parametrize("seed", range(5))
def test_random_logs_have_all_that_can_happen_to_a_report(seed: int) -> None:
    log = random_log(seed, 400)
    decided = [one.decision for one in oracle.decisions(log)]
    assert set(decided) == set(Decision)
    moved = [at for at, decision in enumerate(decided) if decision is Decision.MOVED]
    assert any(oracle.cells(log[:at]) != oracle.cells(log[: at + 1]) for at in moved)


def test_the_figures_of_a_random_log_are_the_oracles(loop: LoopThread, stack: Stack, tmp_path: Path) -> None:
    async def story() -> None:
        logs = await send(stack, random_log(1, 600))
        async with reading(stack) as store, aggregate(stack, tmp_path, batch_records=50, memory_megabytes=0) as service:
            await agrees(stack, store, logs)
            total = sum(service.metrics.value("chitieu_decisions_total", decision=d.word) or 0 for d in Decision)
            assert total == service.metrics.value("chitieu_messages_read_total") == 600

    loop.run(story())


@pytest.mark.parametrize("step", ["before_submissions", "between", "after_rollup"])
def test_a_write_that_fails_at_any_step_changes_no_figure(
    loop: LoopThread, stack: Stack, tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every third write fails: before anything is written, between the inserts, or after both had happened."""
    monkeypatch.setattr(queries, "insert_submissions", failing(queries.insert_submissions, step, "before_submissions"))
    if step == "after_rollup":
        monkeypatch.setattr(queries, "insert_rollup", failing(queries.insert_rollup, step, "after_rollup"))
    else:
        monkeypatch.setattr(queries, "insert_rollup", failing(queries.insert_rollup, step, "between"))
    monkeypatch.setattr("services.aggregate.landing.RETRY_SECONDS", 0.01)

    async def story() -> None:
        logs = await send(stack, random_log(2, 300))
        async with reading(stack) as store, aggregate(stack, tmp_path, batch_records=20) as service:
            await agrees(stack, store, logs)
            assert (service.metrics.value("chitieu_flush_failures_total") or 0) > 0

    loop.run(story())


def test_every_message_is_counted_once_whatever_interrupts_the_fold(
    loop: LoopThread, stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recall fails after dead letters were written, and what was flushed can not be announced: all is read again."""
    monkeypatch.setattr(queries, "stored_messages", every_fourth_fails(queries.stored_messages))
    say = Landing.say

    async def said_or_not(*arguments: Any, **what: Any) -> None:
        refuse(None)
        await say(*arguments, **what)

    refuse = every_fourth_fails(lambda _: None)
    monkeypatch.setattr(Landing, "say", said_or_not)
    monkeypatch.setattr("services.aggregate.worker.RETRY_SECONDS", 0.01)

    async def story() -> None:
        poison: list[Event | bytes] = [b"not msgpack", changed(report(random.Random(2), 1), kind=9)]
        log = random_log(13, 300)
        await send(stack, [*log[:100], *poison, *log[100:], *poison])
        options = {"batch_records": 20, "memory_megabytes": 0, "canary_seconds": 0.2}
        async with reading(stack) as store, aggregate(stack, tmp_path, **options) as service:
            await until_folded(stack, store)
            async with asyncio.timeout(30):
                while not value(service, "chitieu_canaries_total"):
                    await asyncio.sleep(0.05)
        decided = sum(value(service, "chitieu_decisions_total", decision=d.word) for d in Decision)
        dead = [value(service, "chitieu_dead_letters_total", reason=r) for r in ("not_an_event", "unknown_kind")]
        assert (decided, dead) == (len(log), [2, 2])
        read = value(service, "chitieu_messages_read_total")
        assert read == decided + sum(dead) + value(service, "chitieu_canaries_total")

    loop.run(story())


def value(service: Aggregate, name: str, **labels: str) -> float:
    return service.metrics.value(name, **labels) or 0


def every_fourth_fails(real: Callable[..., Any]) -> Callable[..., Any]:
    calls = count(1)

    def work(*arguments: Any) -> Any:
        if next(calls) % 4 == 0:
            raise OSError("connection cut")
        return real(*arguments)

    return work


def failing(real: Callable[..., None], step: str, mine: str) -> Callable[..., None]:
    calls = 0

    def write(client: Any, rows: Any) -> None:
        nonlocal calls
        calls += 1
        fails = step == mine and calls % 3 == 1
        if fails and step != "after_rollup":
            raise OSError("connection refused")
        real(client, rows)
        if fails:
            raise OSError("connection cut after the commit")

    return write


def test_messages_are_taken_in_while_a_flush_is_being_written(
    loop: LoopThread, stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, opened, insert = threading.Event(), threading.Event(), queries.insert_rollup

    def held_up(client: Any, rows: Any) -> None:
        reached.set()
        assert opened.wait(60)
        insert(client, rows)

    monkeypatch.setattr(queries, "insert_rollup", held_up)

    async def story() -> None:
        log = random_log(14, 200)
        logs = await send(stack, log[:100])
        async with reading(stack) as store, aggregate(stack, tmp_path) as service, asyncio.timeout(60):
            while not reached.is_set():
                await asyncio.sleep(0.01)
            await send_more(stack, logs, log[100:])
            assert service.worker is not None
            while service.worker._partitions.waiting < 100:
                await asyncio.sleep(0.01)
            assert await stored_cells(store) == {}
            opened.set()
            await agrees(stack, store, logs)

    try:
        loop.run(story())
    finally:
        opened.set()


def test_a_restart_goes_on_where_the_figures_stand(loop: LoopThread, stack: Stack, tmp_path: Path) -> None:
    async def story() -> None:
        log = random_log(3, 300)
        merged: dict[int, list[Event]] = {}
        async with reading(stack) as store:
            for part in (log[:100], log[100:200], log[200:]):
                await send_more(stack, merged, part)
                async with aggregate(stack, tmp_path):
                    await agrees(stack, store, merged)

    loop.run(story())


def test_an_older_backup_of_the_figures_goes_on_from_its_own_progress(
    loop: LoopThread, stack: Stack, tmp_path: Path
) -> None:
    """Whatever was committed to the broker meanwhile: the progress comes back with the figures."""
    tables = ("submission", "rollup")

    async def story() -> None:
        log = random_log(12, 400)
        logs = await send(stack, log[:200])
        async with reading(stack) as store:

            async def command(*statements: str) -> None:
                for sql in statements:
                    await store.run(partial(lambda client, sql: client.command(sql), sql=sql))

            async with aggregate(stack, tmp_path):
                await agrees(stack, store, logs)
            then = {partition: one.version for partition, one in (await store.run(queries.read_progress)).items()}
            for table in tables:
                await command(
                    f"CREATE TABLE {table}_kept AS {table}", f"INSERT INTO {table}_kept SELECT * FROM {table}"
                )
            await send_more(stack, logs, log[200:])
            async with aggregate(stack, tmp_path):
                await agrees(stack, store, logs)
            for table in tables:
                await command(f"TRUNCATE TABLE {table}", f"INSERT INTO {table} SELECT * FROM {table}_kept")
                await command(f"DROP TABLE {table}_kept")
            said = len(await announced(stack))
            async with aggregate(stack, tmp_path):
                await agrees(stack, store, logs)
            resets = [one for one in (await announced(stack))[said:] if one.reset]
            assert {one.partition: one.position for one in resets} == {
                partition: then.get(partition, 0) for partition in range(stack.partitions)
            }

    loop.run(story())


async def announced(stack: Stack) -> list[Change]:
    """What was said of this generation's figures, in order."""
    said = [decode_change(record) for record in await everything(stack, topics.CHANGES, [0])]
    return [one for one in said if isinstance(one, Change) and one.generation == stack.generation]


def test_two_workers_share_the_partitions_and_a_leaver_is_taken_over(
    loop: LoopThread, stack: Stack, tmp_path: Path
) -> None:
    async def story() -> None:
        log = random_log(4, 900)
        merged: dict[int, list[Event]] = {}

        async with reading(stack) as store, aggregate(stack, tmp_path / "1", batch_records=10) as first:
            await send_more(stack, merged, log[:300])
            async with aggregate(stack, tmp_path / "2", batch_records=10) as second:
                await send_more(stack, merged, log[300:600])
                await until_folded(stack, store)
                assert first.worker is not None
                assert second.worker is not None
                shares = set(first.worker.assigned), set(second.worker.assigned)
                assert shares[0] | shares[1] == set(range(stack.partitions))
                assert not shares[0] & shares[1]
                await send_more(stack, merged, log[600:])
            await agrees(stack, store, merged)

    loop.run(story())


def test_poison_goes_to_the_dead_letters_and_the_partition_moves_on(
    loop: LoopThread, stack: Stack, tmp_path: Path
) -> None:
    good = report(random.Random(5), 1)
    poison: list[tuple[Event | bytes, str]] = [
        (b"not msgpack", "not_an_event"),
        (b"\x00" * 100_000, "too_large"),
        (changed(good, form_version=9), "unknown_form_version"),
        (changed(good, release=10**6), "unknown_release"),
        (changed(good, packed=pack([10**13]), states=b"\1"), "value_out_of_range"),
        (changed(good, packed=pack([1, 2]), states=b"\1"), "wrong_number_of_values"),
        (changed(good, path=("vn", "p1")), "path_does_not_end_at_unit"),
        (changed(good, submission=b"short"), "bad_identity"),
        (changed(good, period="20x4"), "unknown_period"),
        (changed(good, kind=9), "unknown_kind"),
    ]

    async def story() -> None:
        await send(stack, [*(payload for payload, _ in poison), good])
        async with reading(stack) as store, aggregate(stack, tmp_path) as service:
            await until_folded(stack, store)
            assert len(await stored_decisions(store)) == 1
            for _, reason in poison:
                assert service.metrics.value("chitieu_dead_letters_total", reason=reason) == 1
            letters = [decode_dead_letter(r) for r in await everything(stack, topics.DEAD, range(stack.partitions))]
            mine = [letter for letter in letters if letter.generation == stack.generation]
            assert sorted(letter.reason for letter in mine) == sorted(reason for _, reason in poison)
            listed = [one for one in await dead.letters(stack.bootstrap) if one.generation == stack.generation]
            assert listed == sorted(mine, key=lambda one: (one.partition, one.position))

    loop.run(story())


def changed(event: Event, **what: Any) -> Event:
    fields = {name: getattr(event, name) for name in Event.__struct_fields__}
    return Event(**{**fields, **what})


async def everything(stack: Stack, topic: str, partitions: Sequence[int]) -> list[bytes]:
    reader = kafka.consumer(stack.bootstrap)
    await reader.start()
    try:
        held = [TopicPartition(topic, p) for p in partitions]
        ends = {tp: end for tp, end in (await reader.end_offsets(held)).items() if end}
        reader.assign(list(ends) or held)
        await reader.seek_to_beginning(*reader.assignment())
        found: list[bytes] = []
        while any([await reader.position(tp) < end for tp, end in ends.items()]):
            found += [r.value for rs in (await reader.getmany(timeout_ms=500)).values() for r in rs]
        return found
    finally:
        await reader.stop()


def test_every_flush_is_announced_with_what_changed_and_what_was_asked(
    loop: LoopThread, stack: Stack, tmp_path: Path
) -> None:
    path = ("vn", "p1", "u1")
    first = Event(1, "f", 1, "2024", "u1", 1, path, b"1" * 16, b"a" * 16, None, pack([5]), b"\1", tell=True)

    async def story() -> None:
        await send(stack, [first, changed(first, content=b"b" * 16)])
        async with reading(stack) as store, aggregate(stack, tmp_path):
            await until_folded(stack, store)
        mine = await announced(stack)
        assert {c.partition for c in mine if c.reset} == set(range(stack.partitions))
        flushed = [c for c in mine if not c.reset]
        assert [(f, p, sorted(areas)) for c in flushed for f, p, areas in c.changed] == [("f", "2024", ["p1", "vn"])]
        assert [one for c in flushed for one in c.revised] == [("f", "2024", ["u1"])]
        told = sorted(row for c in flushed for row in c.told)
        assert [(Decision(d).word, revision) for _, d, revision in told] == [("accepted", 1), ("key_reused", 1)]

    loop.run(story())


def test_figures_from_another_log_stop_the_worker_with_a_clear_message(
    loop: LoopThread, stack: Stack, tmp_path: Path
) -> None:
    async def story() -> None:
        async with reading(stack) as store:
            sql = "INSERT INTO rollup (partition, version) VALUES (0, 1000000)"
            await store.run(lambda client: client.command(sql))
            async with aggregate(stack, tmp_path) as service:
                assert "not the log these figures come from" in await refusal(service)

    loop.run(story())


async def refusal(service: Aggregate) -> str:
    """Why the worker stopped for good."""
    worker = service.worker
    assert worker is not None
    async with asyncio.timeout(20):
        while worker.failure is None:
            await asyncio.sleep(0.05)
    assert isinstance(worker.failure, WrongLog)
    assert not service.alive
    return str(worker.failure)


def test_a_log_made_anew_is_told_from_the_old_one_however_far_it_has_grown(
    loop: LoopThread, stack: Stack, tmp_path: Path
) -> None:
    async def story() -> None:
        await send(stack, random_log(9, 60))
        async with reading(stack) as store:
            async with aggregate(stack, tmp_path):
                await until_folded(stack, store)
            admin = AIOKafkaAdminClient(bootstrap_servers=stack.bootstrap)
            await admin.start()
            await admin.delete_topics([topics.reports(stack.generation)])
            await admin.close()
            await asyncio.sleep(1)
            declared = topics.declared(stack.generation, stack.partitions)
            await kafka.create_topics(stack.bootstrap, declared, replication=1)
            await send(stack, random_log(10, 120))
            async with aggregate(stack, tmp_path) as service:
                assert "has another message at position" in await refusal(service)

    loop.run(story())


def test_a_canary_measures_freshness_and_counts_in_no_figure(loop: LoopThread, stack: Stack, tmp_path: Path) -> None:
    async def story() -> None:
        async with reading(stack) as store, aggregate(stack, tmp_path, canary_seconds=0.3) as service:
            async with asyncio.timeout(30):
                while not service.metrics.value("chitieu_freshness_seconds_count"):
                    await asyncio.sleep(0.05)
            assert (service.metrics.value("chitieu_canaries_total") or 0) >= 1
            assert await stored_cells(store) == {}
            assert await stored_decisions(store) == []

    loop.run(story())


def test_a_flush_is_one_part(loop: LoopThread, stack: Stack, tmp_path: Path) -> None:
    async def story() -> None:
        # Behind at first, so that a flush is laid together from what several polls brought.
        for length in (5_000, 50):
            await send(stack, [one for one in random_log(6, length) if one.kind == MessageKind.REPORT])
        async with reading(stack) as store:
            await store.run(lambda client: client.command("SYSTEM STOP MERGES"))
            try:
                async with aggregate(stack, tmp_path, poll_records=100) as service:
                    await until_folded(stack, store)
                flushes = value(service, "chitieu_flush_seconds_count")
                sql = "SELECT table, count() FROM system.parts WHERE database = currentDatabase() GROUP BY table"
                parts = set(map(tuple, await store.run(lambda client: client.query(sql).result_rows)))
                assert parts >= {("rollup", flushes), ("submission", flushes)}
                assert value(service, "chitieu_messages_read_total") > 200 * flushes
            finally:
                await store.run(lambda client: client.command("SYSTEM START MERGES"))

    loop.run(story())


def test_a_worker_that_cannot_write_leaves_all_the_same_and_its_successor_loses_nothing(
    loop: LoopThread, stack: Stack, tmp_path: Path
) -> None:
    tries: list[int] = []

    def away(client: Any, rows: Any) -> None:
        tries.append(rows.num_rows)
        raise OSError("connection refused")

    async def story() -> None:
        logs = await send(stack, random_log(8, 100))
        async with reading(stack) as store:
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(queries, "insert_rollup", away)
                async with aggregate(stack, tmp_path / "1") as service:
                    async with asyncio.timeout(20):
                        while not service.metrics.value("chitieu_flush_failures_total"):
                            await asyncio.sleep(0.02)
                    assert service.alive
                    before = len(tries)
                # What was on its way, and what was taken in meanwhile: nothing is tried again.
                assert len(tries) <= before + 2
            async with aggregate(stack, tmp_path / "2"):
                await agrees(stack, store, logs)

    loop.run(story())
