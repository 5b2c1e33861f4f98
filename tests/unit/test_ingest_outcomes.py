"""Waiting for what becomes of a message, whatever comes first."""

import asyncio

import pytest

from chitieu.adapters import changes
from chitieu.adapters.changes import Outcomes
from chitieu.contracts.events import Change
from chitieu.domain.rollup import Decided, Decision

ACCEPTED = Decided(Decision.ACCEPTED, 1)


def change(position: int, *told: tuple[int, int, int], partition: int = 0, generation: int = 1) -> Change:
    return Change(generation, partition, position, 0.0, told=list(told))


def test_an_outcome_told_while_somebody_waits_reaches_them() -> None:
    async def story() -> None:
        outcomes = Outcomes(1)
        both = [asyncio.create_task(outcomes.wait_for(0, 5, 1)) for _ in range(2)]
        await asyncio.sleep(0)
        outcomes.hear(change(6, (5, 1, 1)))
        assert await asyncio.gather(*both) == [ACCEPTED, ACCEPTED]

    asyncio.run(story())


def test_an_outcome_told_before_anybody_asks_is_remembered() -> None:
    async def story() -> None:
        outcomes = Outcomes(1)
        outcomes.hear(change(6, (5, 5, 3)))
        assert await outcomes.wait_for(0, 5, 1) == Decided(Decision.CONFLICT, 3)

    asyncio.run(story())


def test_a_position_that_was_passed_in_silence_is_none() -> None:
    async def story() -> None:
        outcomes = Outcomes(1)
        waiting = asyncio.create_task(outcomes.wait_for(0, 5, 1))
        await asyncio.sleep(0)
        outcomes.hear(change(6))
        assert await waiting is None
        assert await outcomes.wait_for(0, 4, 1) is None

    asyncio.run(story())


def test_other_partitions_other_generations_and_earlier_positions_wake_nobody() -> None:
    async def story() -> None:
        outcomes = Outcomes(1)
        outcomes.hear(change(9, (5, 1, 1), partition=1))
        outcomes.hear(change(9, (5, 1, 1), generation=2))
        outcomes.hear(change(5))
        with pytest.raises(TimeoutError):
            await outcomes.wait_for(0, 5, 0.01)

    asyncio.run(story())


def test_one_who_gives_up_leaves_the_others_waiting_and_nothing_behind() -> None:
    async def story() -> None:
        outcomes = Outcomes(1)
        patient = asyncio.create_task(outcomes.wait_for(0, 5, 1))
        with pytest.raises(TimeoutError):
            await outcomes.wait_for(0, 5, 0.01)
        outcomes.hear(change(6, (5, 1, 1)))
        assert await patient == ACCEPTED
        with pytest.raises(TimeoutError):
            await outcomes.wait_for(0, 7, 0.01)
        assert not any(outcomes._waiting.values())

    asyncio.run(story())


def test_only_so_many_outcomes_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "_REMEMBERED", 2)

    async def story() -> None:
        outcomes = Outcomes(1)
        for position in range(4):
            outcomes.hear(change(position + 1, (position, 1, 1)))
        assert [await outcomes.wait_for(0, position, 1) for position in range(4)] == [None, None, ACCEPTED, ACCEPTED]

    asyncio.run(story())


def test_somebody_who_waits_is_told_even_when_more_outcomes_come_than_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(changes, "_REMEMBERED", 2)

    async def story() -> None:
        outcomes = Outcomes(1)
        waiting = asyncio.create_task(outcomes.wait_for(0, 0, 1))
        await asyncio.sleep(0)
        outcomes.hear(change(4, *((position, 1, 1) for position in range(4))))
        assert await waiting == ACCEPTED

    asyncio.run(story())
