"""Child processes that must not outlive the stack, whichever way it ends."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

# The child asks the kernel for a SIGTERM when its parent ends (prctl(PR_SET_PDEATHSIG, SIGTERM), kept over exec),
# and then becomes the program. In a process of its own rather than by preexec_fn: that would run Python between
# fork and exec, in a copy of a process that may hold chDB's threads.
_DIE_WITH_PARENT = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 15)
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""


def dying_with_parent(command: Sequence[str]) -> list[str]:
    """`command`, to be started so that it gets SIGTERM when the calling *thread* ends (Linux; else unchanged)."""
    if sys.platform != "linux":
        return list(command)
    return [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, str(os.getpid()), *command]


async def terminate(process: asyncio.subprocess.Process, patience: float) -> None:
    """SIGTERM, after `patience` seconds SIGKILL, and at once if this is cancelled; it has ended when this returns."""
    if process.returncode is not None:
        return
    try:
        with suppress(TimeoutError, ProcessLookupError):
            process.terminate()
            await asyncio.wait_for(process.wait(), patience)
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
    await process.wait()


async def end_stale(pid_file: Path, argument: str, patience: float) -> None:
    """End what `pid_file` names if it was started with `argument`; another process may have got the number since."""
    pid = _pid_in(pid_file)
    if pid is None:
        return
    for sign in (signal.SIGTERM, signal.SIGKILL):
        until = time.monotonic() + patience
        if _was_started_with(pid, argument):
            with suppress(ProcessLookupError):
                os.kill(pid, sign)
        while _was_started_with(pid, argument) and time.monotonic() < until:
            await asyncio.sleep(0.05)


def _pid_in(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None


def _was_started_with(pid: int, argument: str) -> bool:
    """False for a process that has ended, even if nobody has collected it yet."""
    if sys.platform == "linux":
        try:
            return os.fsencode(argument) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
    listing = ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)]
    listed = subprocess.run(listing, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 — a fixed program
    return argument in listed.stdout
