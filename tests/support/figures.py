"""Figures held against the oracle, which works them out from the log: an undisturbed run comes to the same."""

import asyncio

from aiokafka import TopicPartition
from clickhouse_connect.driver.client import Client

from chitieu.adapters import kafka
from chitieu.contracts import topics
from chitieu.contracts.events import Event, decode_event
from chitieu.domain.rollup import Cell, Decision, MessageKind
from tests.support.deployment import PARTITIONS, Deployment
from tests.support.processes import until
from tests.unit import oracle

# Partition -> its messages with their positions.
Log = dict[int, list[tuple[int, Event]]]

_PROGRESS = "SELECT partition, max(version) FROM rollup WHERE form = '' GROUP BY partition"
_CELLS = """
SELECT partition, form, period, area, units, sums, reported, not_applicable FROM rollup FINAL WHERE form != ''
"""
_DECISIONS = "SELECT partition, position, decision, revision FROM submission FINAL ORDER BY partition, position"
_NOTHING = oracle.Totals(0, (), (), ())


def read_log(bootstrap: str, generation: int, partitions: int = PARTITIONS) -> Log:
    """The whole log as of now."""
    return asyncio.run(_read_log(bootstrap, topics.reports(generation), partitions))


def until_folded(deployment: Deployment, seconds: float = 60) -> float:
    """Wait until the figures stand at the end of the log as of now; returns the seconds it took."""
    log = read_log(deployment.bootstrap, deployment.generation)
    with deployment.figures() as client:
        return until(lambda: _behind(client, log) == 0, "the figures stand at the end of the log", seconds)


def messages_behind(deployment: Deployment) -> int:
    """How many messages of the log the figures don't show yet."""
    log = read_log(deployment.bootstrap, deployment.generation)
    with deployment.figures() as client:
        return _behind(client, log)


def assert_exact(deployment: Deployment) -> None:
    """Every cell of every area, every decision and every revision number are the oracle's, once all is folded."""
    until_folded(deployment)
    log = read_log(deployment.bootstrap, deployment.generation)
    with deployment.figures() as client:
        cells = {tuple(row[:4]): oracle.Totals.of(Cell(*row[4:])) for row in client.query(_CELLS).result_rows}
        decisions = [tuple(row) for row in client.query(_DECISIONS).result_rows]
    assert {key: totals for key, totals in cells.items() if totals != _NOTHING} == _expected_cells(log)
    assert decisions == _expected_decisions(log)


async def _read_log(bootstrap: str, topic: str, partitions: int) -> Log:
    reader = kafka.consumer(bootstrap)
    await reader.start()
    try:
        held = [TopicPartition(topic, partition) for partition in range(partitions)]
        reader.assign(held)
        ends = await reader.end_offsets(held)
        await reader.seek_to_beginning(*held)
        log: Log = {at.partition: [] for at in held}
        while any([await reader.position(at) < end for at, end in ends.items()]):
            for records in (await reader.getmany(timeout_ms=500)).values():
                for record in records:
                    log[record.partition].append((record.offset, decode_event(record.value)))
        return log
    finally:
        await reader.stop()


def _behind(client: Client, log: Log) -> int:
    progress: dict[int, int] = {int(row[0]): int(row[1]) for row in client.query(_PROGRESS).result_rows}
    return sum(position >= progress.get(partition, 0) for partition, all_ in log.items() for position, _ in all_)


def _expected_cells(log: Log) -> dict[tuple[object, ...], oracle.Totals]:
    return {
        (partition, *key): totals
        for partition, messages in log.items()
        for key, totals in oracle.cells([event for _, event in _counted(messages)]).items()
        if totals != _NOTHING
    }


def _expected_decisions(log: Log) -> list[tuple[object, ...]]:
    expected: list[tuple[object, ...]] = []
    for partition, messages in sorted(log.items()):
        counted = _counted(messages)
        decided = oracle.decisions([event for _, event in counted])
        expected += [
            (partition, position, int(one.decision), one.revision)
            for (position, _), one in zip(counted, decided, strict=True)
            if one.decision is not Decision.DUPLICATE
        ]
    return expected


def _counted(messages: list[tuple[int, Event]]) -> list[tuple[int, Event]]:
    return [(position, event) for position, event in messages if event.kind != MessageKind.CANARY]
