"""`chitieu up` as its user runs it: a process of its own, reached over HTTP and the command line."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx

CHITIEU = (sys.executable, "-m", "chitieu")
PROGRAMMES = Path(__file__).parents[2] / "programmes"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Running:
    """A running command; `line` waits for a line of its output."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            (*CHITIEU, *arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        self.said: list[str] = []

    def line(self, beginning: str) -> str:
        """The next line of output that begins so; AssertionError with all output if it ends without."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if line.startswith(beginning):
                return line.strip()
        raise AssertionError("".join(self.said))

    def interrupt(self) -> None:
        """Ctrl-C, and wait for its end."""
        self.process.send_signal(signal.SIGINT)
        self.said.append(self.process.communicate(timeout=30)[0])

    def kill(self) -> None:
        """kill -9: no part of it gets to say goodbye."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate(timeout=30)


@contextlib.contextmanager
def up(data: Path, port: int) -> Iterator[Running]:
    """A stack on a data directory, ready to be used; killed if the test did not end it."""
    stack = Running("up", "--data", str(data), "--port", str(port))
    try:
        stack.line("ready ")
        yield stack
    finally:
        stack.kill()


def command(*arguments: str) -> str:
    """Run a command to its end; its standard output. AssertionError with what it said if it failed."""
    ended = subprocess.run((*CHITIEU, *arguments), capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def refused(*arguments: str) -> str:
    """Run a command that must fail; what it said on standard error."""
    ended = subprocess.run((*CHITIEU, *arguments), capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    return ended.stderr


def client(port: int, key: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60)


def until(http: httpx.Client, locations: Sequence[str], seconds: float = 60) -> None:
    """Wait until submissions count."""
    deadline = time.monotonic() + seconds
    for location in locations:
        while http.get(location).json()["outcome"] == "pending":
            assert time.monotonic() < deadline, location
            time.sleep(0.05)
