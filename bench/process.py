"""Fresh Python processes: what is measured has memory and CPU of its own, and chDB a process for each directory.

Spawned, never forked: chDB hangs after a fork.
"""

import asyncio
import logging
import multiprocessing
import re
import resource
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from chitieu.adapters import log

_END_SECONDS, _SILENCE_SECONDS = 20.0, 300.0
_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


class ChildFailed(Exception):
    """A measured process ended with an error; its trace is the message."""


@dataclass(frozen=True)
class Usage:
    """What the calling process has used so far. `at`: the machine's monotonic clock, the same for every process."""

    at: float
    cpu_seconds: float
    peak_bytes: int
    resident_bytes: int

    @classmethod
    def now(cls) -> "Usage":
        resident = int(psutil.Process().memory_info().rss)
        return cls(time.monotonic(), time.process_time(), _peak_bytes(), resident)


def _peak_bytes() -> int:
    """The most memory that was resident. The kernel's own figure for a child includes its parent's before exec."""
    if sys.platform == "linux":
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def peak_megabytes(pid: int) -> float:
    """The most memory that was resident, of a process of this machine (Linux) since it began or that was forgotten."""
    found = _PEAK.search(Path(f"/proc/{pid}/status").read_text("ascii", errors="replace"))
    assert found is not None, "the kernel tells it of every process"
    return int(found[1]) / 1024


def cpu_seconds(*pids: int) -> float:
    """What some processes of this machine have used since they began, together."""
    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return float(sum(one.user + one.system for one in times))


class Channel:
    """A process's conversation with the one at the other end."""

    def __init__(self, pipe: "Connection[Any, Any]") -> None:
        self._pipe = pipe

    def say(self, what: Any) -> None:
        self._pipe.send(what)

    async def hear(self) -> Any:
        """The next thing said; raises EOFError if the other end is gone."""
        return await asyncio.to_thread(self._pipe.recv)

    def heard(self) -> bool:
        """Is there something to hear?"""
        return self._pipe.poll()


Work = Callable[..., Awaitable[Any]]


class Child:
    """`await work(channel, *arguments)` in a process of its own; `work` is a function of a module."""

    def __init__(self, work: Work, *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._channel = Channel(self._pipe)
        self._process = context.Process(target=_run, args=(theirs, work, arguments), daemon=True)
        self._theirs = theirs

    async def __aenter__(self) -> "Child":
        self._process.start()
        self._theirs.close()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._process.terminate()
        await asyncio.to_thread(self._process.join, _END_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            await asyncio.to_thread(self._process.join)
        self._pipe.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None, "it was started"
        return self._process.pid

    def tell(self, what: Any) -> None:
        self._channel.say(what)

    async def says(self) -> Any:
        """The next thing it says, its result last. Raises ChildFailed; TimeoutError after five minutes of silence."""
        try:
            async with asyncio.timeout(_SILENCE_SECONDS):
                failed, said = await self._channel.hear()
        except (EOFError, ConnectionResetError):
            raise ChildFailed(f"it ended with {self._process.exitcode} and said nothing") from None
        if failed:
            raise ChildFailed(said)
        return said

    async def ask(self, what: Any) -> Any:
        self.tell(what)
        return await self.says()


class _Saying(Channel):
    """The child's end: what it says is marked as no failure."""

    def say(self, what: Any) -> None:
        super().say((False, what))


def quiet() -> None:
    """Nothing is logged: libraries tell of every retry, and a line costs time that is measured. Failures are raised."""
    log.configure("CRITICAL")
    logging.disable(logging.ERROR)


def _run(pipe: "Connection[Any, Any]", work: Work, arguments: tuple[Any, ...]) -> None:
    quiet()

    async def working() -> Any:
        return await work(_Saying(pipe), *arguments)

    try:
        pipe.send((False, asyncio.run(working())))
    except BaseException:
        pipe.send((True, traceback.format_exc()))
