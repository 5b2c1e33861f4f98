"""The bench runs, and what it times is right: nothing here looks at a clock."""

import asyncio

import pytest

from bench import answers, live, page, stack, throughput
from bench.sizes import Sizes
from tests.conftest import PROFILE

pytestmark = pytest.mark.stack

SMALL = Sizes(runs=1, messages=3_000, peer_messages=500)
FEW = Sizes(
    runs=1,
    answer_forms=2,
    answer_periods=2,
    answer_seconds=1,
    answer_requests=40,
    live_readers=10,
    live_seconds=1,
)


def test_limit_fold_and_peer_are_measured_and_agree_with_brute_force() -> None:
    """Raises AssertionError itself where a figure, a decision or the number of facts is wrong."""

    async def measured() -> list[str]:
        async with stack.running(print) as fresh:
            figures = await throughput.measure(fresh, SMALL) + await throughput.measure_peer(fresh, SMALL)
            return [one.name for one in figures]

    names = asyncio.run(measured())
    for who in ("limit", "fold", "naive Faust peer"):
        assert f"{who}: throughput" in names
    assert "fold / limit" in names


@pytest.mark.skipif(PROFILE != "long", reason="minutes, for the whole country has to report first: make test-long")
def test_answers_and_streams_are_measured_and_say_what_was_reported() -> None:
    """Raises AssertionError itself where a sum is another one, or a reader has not the events of its province."""

    async def measured() -> list[str]:
        async with stack.running(print, programme=False) as fresh:
            figures = await answers.measure(fresh, FEW) + await live.measure(fresh, FEW)
            return [one.name for one in figures]

    names = asyncio.run(measured())
    for name in (
        "a province with its districts, 50/s: p99",
        "304, 50/s: p99",
        "distinct questions: throughput",
        "knownAt before the corrections, a province: p99",
        "lineage, the nation to its provinces: p99",
        "memory at the end / after a quarter",
        "10 readers: p99",
        "10 readers: peak memory",
    ):
        assert name in names


@pytest.mark.skipif(PROFILE != "long", reason="minutes, for the whole country has to report first: make test-long")
def test_pages_are_measured_and_say_what_was_reported() -> None:
    """Raises AssertionError itself where a fraction is another one."""

    async def measured() -> list[str]:
        async with stack.running(print, programme=False) as fresh:
            return [one.name for one in await page.measure(fresh, FEW)]

    names = asyncio.run(measured())
    for name in ("a province by the national plan, 10/s: p99", "Lạng Sơn by its own plan, 2/s: p99", "a first visit"):
        assert name in names
