"""Programs as processes of their own: started, waited for, and ended for certain, with kill -9 if a test wants it."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import httpx

from chitieu.adapters.embedded.processes import dying_with_parent

HOST = "127.0.0.1"
ROOT = Path(__file__).parents[2]
# One for all: making a client costs 20 ms of work. Nothing is kept open to a program that may be killed.
HTTP = httpx.Client(timeout=40, limits=httpx.Limits(max_keepalive_connections=0))
_TAIL_LINES = 30
_PATIENCE = 10.0
_POLL_SECONDS = 0.05


def free_port() -> int:
    """Free now; nobody holds it for us."""
    with socket.socket() as one:
        one.bind((HOST, 0))
        return int(one.getsockname()[1])


def until(condition: Callable[[], bool], what: str, seconds: float = 30.0) -> float:
    """Wait until something is so; returns the seconds it took. Fails, naming it, when it takes too long."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        time.sleep(_POLL_SECONDS)
    return time.monotonic() - started


class Program:
    """A program that serves HTTP at `url`, in a process group of its own; what it prints goes to `log`.

    Start and end it as often as you like; as a context manager, it has ended in any case.
    """

    def __init__(self, command: Sequence[str], port: int, log: Path, environ: Mapping[str, str] | None = None) -> None:
        self._command = command
        self._environ = {name: value for name, value in os.environ.items() if not name.startswith("CHITIEU_")}
        self._environ.update(environ or {})
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://{HOST}:{port}"
        self.log = log

    def __enter__(self) -> "Program":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None, "it does not run"
        return self._process.pid

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                dying_with_parent(self._command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environ,
                cwd=ROOT,
                start_new_session=True,
            )

    def until_answers(self, path: str, seconds: float = 60.0) -> None:
        """Wait for a 200; fails at once, with what the program said last, if it ends."""

        def answers() -> bool:
            if not self.running:
                raise AssertionError(f"it ended: {' '.join(self._command)}\n{self.tail()}")
            with suppress(httpx.TransportError):
                return HTTP.get(self.url + path).status_code == 200
            return False

        try:
            until(answers, f"{self.url}{path} answers 200", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.tail()}") from None

    def kill(self) -> None:
        """SIGKILL, to the whole group, and wait for the end."""
        self._end(signal.SIGKILL, _PATIENCE)

    def stop(self) -> int | None:
        """SIGTERM, and by force after 10 s; the exit code, None if it does not run."""
        try:
            return self._end(signal.SIGTERM, _PATIENCE)
        except subprocess.TimeoutExpired:
            return self._end(signal.SIGKILL, _PATIENCE)

    def tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])

    def _end(self, sign: signal.Signals, patience: float) -> int | None:
        if self._process is None:
            return None
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, sign)
        code = self._process.wait(patience)
        self._process = None
        return code
