"""Commands that are answered by the process that runs the stack: what is said arrives, and who leaves ends the work."""

import asyncio
import socket
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from chitieu.adapters.embedded import channel

T = TypeVar("T")


def with_answer(path: Path, answer: channel.Answer, then: Callable[[], Awaitable[T]]) -> T:
    async def story() -> T:
        async with channel.listening(path, answer):
            return await then()

    return asyncio.run(story())


def asked(path: Path, answer: channel.Answer, said: list[str]) -> int:
    return with_answer(path, answer, lambda: asyncio.to_thread(channel.ask, path, {"n": 3}, said.append))


async def counting(request: channel.Request, say: channel.Say) -> int:
    for number in range(request["n"]):
        say(f"số {number}")
    return 7


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Deeper than the kernel allows a socket's path to be."""
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    return deep / "maintenance.sock"


def test_what_is_said_arrives_in_order_and_then_the_exit_code(path: Path) -> None:
    said: list[str] = []
    assert asked(path, counting, said) == 7
    assert said == ["số 0", "số 1", "số 2"]
    assert not path.exists()


def test_an_error_arrives_as_its_sentence(path: Path) -> None:
    async def failing(request: channel.Request, say: channel.Say) -> int:
        raise ValueError("the disk is full")

    with pytest.raises(channel.Failed, match="the disk is full"):
        asked(path, failing, [])


def test_nobody_but_the_owner_may_connect(path: Path) -> None:
    async def mode() -> int:
        return stat.S_IMODE(path.stat().st_mode)  # noqa: ASYNC240

    assert with_answer(path, counting, mode) == 0o600


def test_nobody_there_is_said_also_where_a_killed_process_left_its_socket(path: Path) -> None:
    with pytest.raises(channel.NobodyThere):
        channel.ask(path, {}, print)
    left = channel._bound(path)
    left.close()
    with pytest.raises(channel.NobodyThere):
        channel.ask(path, {}, print)
    assert asked(path, counting, []) == 7


def test_who_asks_and_goes_away_ends_the_work(path: Path) -> None:
    async def story() -> str:
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def working(request: channel.Request, say: channel.Say) -> int:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                ended.set_result("cancelled")
                raise
            return 0

        async with channel.listening(path, working):
            with channel._short(path) as short:
                asking = socket.socket(socket.AF_UNIX)
                asking.connect(str(short))
            asking.sendall(b"{}\n")
            await asyncio.sleep(0.1)
            asking.close()
            async with asyncio.timeout(10):
                return await ended

    assert asyncio.run(story()) == "cancelled"


def test_a_stack_that_stops_ends_the_work_and_who_asked_hears_of_it(path: Path) -> None:
    async def story() -> None:
        async def working(request: channel.Request, say: channel.Say) -> int:
            begun.set()
            await asyncio.sleep(60)
            return 0

        begun = asyncio.Event()
        async with channel.listening(path, working):
            asking = asyncio.create_task(asyncio.to_thread(channel.ask, path, {}, print))
            await begun.wait()
        with pytest.raises(channel.Failed, match="stopped before it was done"):
            await asking

    asyncio.run(story())
