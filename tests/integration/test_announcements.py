"""Transitions and reminders on the real broker and engine: each exactly once, whoever dies, whatever the clock does."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from chitieu.adapters import kafka
from chitieu.adapters.changes import ChangesReader
from chitieu.adapters.metrics import Metrics
from chitieu.contracts import topics
from chitieu.contracts.events import (
    Event,
    Reminder,
    Transition,
    content_hash,
    decode_change,
    encode,
    encode_event,
    pack,
)
from chitieu.domain.registry import Release
from chitieu.domain.rollup import MessageKind
from services.aggregate import announced
from services.aggregate.announced import Announced, key_of
from services.aggregate.app import Aggregate
from services.aggregate.settings import AggregateSettings
from tests.integration.conftest import LoopThread, Stack
from tests.unit.small_release import COMMUNE, DISTRICT, NATION, PLAN, PROVINCE, RELEASE

pytestmark = pytest.mark.stack

SECOND, THIRD, OTHER = "00002@2021-01-01", "00003@2021-01-01", "202@2021-01-01"
PATHS = {
    COMMUNE: (NATION, PROVINCE, DISTRICT, COMMUNE),
    SECOND: (NATION, PROVINCE, DISTRICT, SECOND),
    THIRD: (NATION, PROVINCE, OTHER, THIRD),
}
# That no child labours, to be maintained in every period.
NONE = "labour-none"
# children, labour.m, labour.f, parents, informed, officials_c, trained_c
GOOD, BAD = (100, 0, 0, 100, 90, 5, 5), (100, 1, 0, 100, 90, 5, 5)
# The last minute of the last day of 2024 as the form counts it, and the next, in Viet Nam.
LAST, OVER = datetime(2024, 12, 14, 16, 59, tzinfo=UTC), datetime(2024, 12, 14, 17, tzinfo=UTC)


class SetClock:
    """Tells the time it was set to."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


class FixedRegistry:
    """A registry reader that has read everything there is."""

    ready = True
    release = RELEASE

    def edition(self, generation: int) -> int:
        return 1

    async def end(self) -> int:
        return self.release.number + 1

    async def wait_for(self, number: int) -> Release:
        return self.release


def report(unit: str, values: Sequence[int], key: int, period: str = "2024") -> Event:
    packed, states = pack(values), bytes([1] * len(values))
    content = content_hash(MessageKind.REPORT, packed, states)
    id_ = key.to_bytes(16, "big")
    return Event(1, "xa", 1, period, unit, RELEASE.number, PATHS[unit], id_, content, None, packed, states, "k")


@asynccontextmanager
async def telling(stack: Stack, scratch: Path, clock: SetClock) -> AsyncIterator[None]:
    settings = AggregateSettings(
        kafka_bootstrap=stack.bootstrap,
        clickhouse_dsn=stack.dsn,
        generation=stack.generation,
        faust_directory=scratch / "faust",
        canary_seconds=3600,
        states_seconds=0.05,
    )
    service = Aggregate(settings, FixedRegistry(), Metrics(), clock=clock)  # type: ignore[arg-type]
    async with service.running():
        yield


async def send(stack: Stack, *events: Event) -> None:
    async with producing(stack) as producer:
        for event in events:
            topic = topics.reports(stack.generation)
            await kafka.publish(producer, topic, encode_event(event), key=event.unit.encode())


@asynccontextmanager
async def producing(stack: Stack) -> AsyncIterator[AIOKafkaProducer]:
    producer = kafka.producer(stack.bootstrap)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def told(stack: Stack) -> list[Transition | Reminder]:
    """Everything announced so far about targets and deadlines, in order."""
    reader = kafka.consumer(stack.bootstrap)
    await reader.start()
    reader.assign([TopicPartition(topics.CHANGES, 0)])
    said = [decode_change(record.value) async for record in kafka.read_to_end(reader)]
    await reader.stop()
    return [one for one in said if isinstance(one, Transition | Reminder) and one.generation == stack.generation]


async def until_told(stack: Stack, count: int) -> list[Transition]:
    """The transitions of one target in 2024, once there are so many, and still no more a moment later."""
    async with asyncio.timeout(30):
        while len(of_2024(await told(stack))) < count:
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)
    found = of_2024(await told(stack))
    assert len(found) == count, found
    return found


def of_2024(said: Sequence[Transition | Reminder]) -> list[Transition]:
    return [one for one in said if isinstance(one, Transition) and (one.target, one.period) == (NONE, "2024")]


def changes_of(said: Sequence[Transition]) -> set[tuple[str, str, str, str]]:
    return {(one.area, one.before, one.after, one.rule) for one in said}


def test_states_change_with_reports_and_with_the_clock_and_are_told_once_over_restarts(
    loop: LoopThread, stack: Stack, tmp_path: Path
) -> None:
    clock = SetClock(LAST)

    async def story() -> None:
        # One of two communes: below the 80 % of units that the plan asks for in district and province.
        await send(stack, report(COMMUNE, BAD, 1))
        async with telling(stack, tmp_path, clock):
            first = await until_told(stack, 3)
            assert changes_of(first) == {
                (COMMUNE, "no_data", "at_risk", "breaking"),
                (DISTRICT, "no_data", "insufficient", "insufficient"),
                (PROVINCE, "no_data", "insufficient", "insufficient"),
            }
        # While nobody runs, the others report: it is told afterwards, and only what became of it.
        await send(stack, report(SECOND, BAD, 2), report(THIRD, GOOD, 3))
        async with telling(stack, tmp_path, clock):
            second = (await until_told(stack, 8))[3:]
            assert changes_of(second) == {
                (SECOND, "no_data", "at_risk", "breaking"),
                (DISTRICT, "insufficient", "at_risk", "breaking"),
                (THIRD, "no_data", "met", "kept"),
                (OTHER, "no_data", "met", "kept"),
                (PROVINCE, "insufficient", "at_risk", "breaking"),
            }
            # Midnight, and nobody has sent anything.
            clock.at = OVER
            third = (await until_told(stack, 12))[8:]
            assert changes_of(third) == {
                (area, "at_risk", "missed", "broken_now") for area in (COMMUNE, SECOND, DISTRICT, PROVINCE)
            }
        # Nothing happened: nothing is told.
        async with telling(stack, tmp_path, clock):
            await asyncio.sleep(1)
            # A correction is.
            await send(stack, report(COMMUNE, GOOD, 4))
            [last] = (await until_told(stack, 13))[12:]
            assert (last.area, last.before, last.after) == (COMMUNE, "missed", "met")

    loop.run(story())


def test_a_deadline_is_announced_some_days_before_and_on_its_day_each_once_over_restarts(
    loop: LoopThread, stack: Stack, tmp_path: Path
) -> None:
    # The year's report is due on 25/12, inclusive; 17:00 UTC is midnight in Viet Nam.
    clock = SetClock(datetime(2024, 12, 17, 16, 59, tzinfo=UTC))

    async def reminders(count: int) -> list[tuple[str, str, str, int, int]]:
        """All of them, once there are so many, and a moment later."""
        async with asyncio.timeout(30):
            while sum(isinstance(one, Reminder) for one in await told(stack)) < count:
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)
        said = [one for one in await told(stack) if isinstance(one, Reminder)]
        assert all((one.plan, one.form, one.area) == (PLAN.id, "xa", PROVINCE) for one in said)
        return [(one.duty, one.when, one.last_day, one.missing, one.expected) for one in said]

    async def story() -> None:
        await send(stack, report(COMMUNE, GOOD, 1))
        async with telling(stack, tmp_path, clock):
            await until_told(stack, 3)
            assert await reminders(0) == []
            clock.at = datetime(2024, 12, 17, 17, tzinfo=UTC)
            before = ("year", "before", "2024-12-25", 2, 3)
            assert await reminders(1) == [before]
        await send(stack, report(SECOND, GOOD, 2))
        clock.at = datetime(2024, 12, 24, 16, 59, tzinfo=UTC)
        async with telling(stack, tmp_path, clock):
            await until_told(stack, 5)
            assert await reminders(1) == [before]
            clock.at = datetime(2024, 12, 24, 17, tzinfo=UTC)
            due = ("year", "due", "2024-12-25", 1, 3)
            assert await reminders(2) == [before, due]
        async with telling(stack, tmp_path, clock):
            assert await reminders(2) == [before, due]

    loop.run(story())


TRANSITIONS = [Transition(0, PLAN.id, NONE, f"u{n}", "2024", "no_data", "met", "met") for n in range(3)]


@pytest.mark.parametrize("calls", range(1, 10))
def test_whoever_takes_over_in_the_middle_of_a_batch_knows_what_was_announced(
    loop: LoopThread, stack: Stack, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dead before its nth record: noted or not, announced or not, remembered or not."""
    batch = [Transition(stack.generation, *_fields(one)) for one in TRANSITIONS]

    async def story() -> None:
        changes = ChangesReader(stack.bootstrap, stack.generation)
        await changes.start()
        async with producing(stack) as producer:
            dying = Announced(stack.bootstrap, producer, changes, stack.generation)
            await dying.read()
            await dying.mend()
            with monkeypatch.context() as patched:
                patched.setattr(announced, "publish", _dying_after(calls - 1))
                # Eight records: the note, three announced, three remembered, the note taken off.
                if calls <= 8:
                    with pytest.raises(ConnectionError):
                        await dying.announce(batch)
                else:
                    await dying.announce(batch)
            assert dying.loaded is (calls > 8)
            heir = Announced(stack.bootstrap, producer, changes, stack.generation)
            await heir.read()
            await heir.mend()
            said = [one for one in await told(stack) if isinstance(one, Transition)]
            assert heir.said == {key_of(one): "met" for one in said}
            await heir.announce([one for one in batch if key_of(one) not in heir.said])
            assert sorted(await told(stack), key=encode) == sorted(batch, key=encode)
        await changes.stop()

    loop.run(story())


def _fields(one: Transition) -> tuple[str, str, str, str, str, str, str]:
    return one.plan, one.target, one.area, one.period, one.before, one.after, one.rule


def _dying_after(count: int):  # type: ignore[no-untyped-def]
    """`publish` that works so many times."""
    left = [count]

    async def publish(*arguments: object, **named: object) -> object:
        if not left[0]:
            raise ConnectionError("killed")
        left[0] -= 1
        return await kafka.publish(*arguments, **named)  # type: ignore[arg-type]

    return publish
