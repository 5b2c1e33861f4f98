"""The bench runs, and what it times is right: nothing here looks at a clock."""

import asyncio

import pytest

from bench import stack, throughput
from bench.sizes import Sizes

pytestmark = pytest.mark.stack

SMALL = Sizes(runs=1, messages=3_000, peer_messages=500)


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
