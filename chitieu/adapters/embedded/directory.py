"""The one directory an embedded stack lives in, and the right to use it alone.

kafka/        the log: the source of truth          clickhouse/   the figures, rebuilt from the log at will
run/          lock, pids; stack.json and the socket of maintenance commands while running
logs/         what the child processes said
"""

import errno
import fcntl
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from chitieu.adapters.embedded.errors import DataDirectoryLocked, DataDirectoryNotWritable, DiskFull, StackError

NEEDED_FREE = 500 * 10**6
DISK_FULL = {errno.ENOSPC, errno.EDQUOT}

RuntimeInfo = Mapping[str, str | int]


def default_data_directory(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """Where data goes if nobody says: XDG_DATA_HOME, else the platform's convention."""
    if platform == "darwin" and not environ.get("XDG_DATA_HOME"):
        return Path.home() / "Library" / "Application Support" / "chitieu"
    return _xdg(environ, "XDG_DATA_HOME", Path.home() / ".local" / "share") / "chitieu"


def default_cache(environ: Mapping[str, str] = os.environ) -> Path:
    """Where what can be fetched again goes: CHITIEU_CACHE, else below XDG_CACHE_HOME."""
    if chosen := environ.get("CHITIEU_CACHE"):
        return Path(chosen).expanduser().absolute()
    return _xdg(environ, "XDG_CACHE_HOME", Path.home() / ".cache") / "chitieu"


def _xdg(environ: Mapping[str, str], name: str, otherwise: Path) -> Path:
    # The XDG base directory specification: a relative path is invalid and must be ignored.
    chosen = Path(environ.get(name, ""))
    return chosen if chosen.is_absolute() else otherwise


class DataDirectory:
    """A data directory; `open` (or `with`) makes it if need be and takes it for this process alone.

    The lock is the kernel's: it ends with the process, however that ends. `read_runtime` needs no lock, so that
    other commands can find the running stack.
    """

    def __init__(self, path: Path | None = None, needed_free: int = NEEDED_FREE) -> None:
        self.path = (path or default_data_directory()).expanduser().resolve()
        self.kafka = self.path / "kafka"
        self.clickhouse = self.path / "clickhouse"
        self.run = self.path / "run"
        self.logs = self.path / "logs"
        self._needed_free = needed_free
        self.channel = self.run / "maintenance.sock"
        self._lock_file = self.run / "lock"
        self._runtime_file = self.run / "stack.json"
        self._lock: int | None = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """Raises DataDirectoryNotWritable, DataDirectoryLocked or DiskFull; then nothing is held."""
        try:
            self._make()
            self._lock = self._take_lock()
            self._runtime_file.unlink(missing_ok=True)  # left by an instance that was killed
            self._check_space()
        except OSError as error:
            self.close()
            raise self._explained(error) from error
        except StackError:
            self.close()
            raise

    def close(self) -> None:
        if self._lock is None:
            return
        self._runtime_file.unlink(missing_ok=True)
        # The lock file itself stays: unlinking it would let two processes lock two files of the same name.
        os.ftruncate(self._lock, 0)
        os.close(self._lock)
        self._lock = None

    def full(self) -> DiskFull:
        """The error for a disk without space for this directory."""
        return DiskFull(self.path, self._free(), self._needed_free)

    def write_runtime(self, info: RuntimeInfo) -> None:
        """Tell other commands how to reach this stack. A reader sees all of it or none."""
        draft = self._runtime_file.with_suffix(".tmp")
        draft.write_text(json.dumps(dict(info), indent=2) + "\n", encoding="utf-8")
        draft.replace(self._runtime_file)

    def read_runtime(self) -> RuntimeInfo | None:
        """What the running stack wrote, or None if none is running (the file of a killed one does not count)."""
        try:
            text = self._runtime_file.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None
        return cast(RuntimeInfo, json.loads(text)) if self._in_use() else None

    def _make(self) -> None:
        # Reports about children: not for the machine's other users.
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for part in (self.kafka, self.clickhouse, self.run, self.logs):
            part.mkdir(exist_ok=True)
            with tempfile.TemporaryFile(dir=part):
                pass

    def _take_lock(self) -> int:
        descriptor = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        # A few tries: `_in_use` of another command holds the lock for an instant.
        for _ in range(5):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.05)
                continue
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            return descriptor
        owner = os.pread(descriptor, 32, 0).strip()
        os.close(descriptor)
        raise DataDirectoryLocked(self.path, int(owner) if owner.isdigit() else None)

    def _in_use(self) -> bool:
        with self._lock_file.open("rb") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    def _check_space(self) -> None:
        if self._free() < self._needed_free:
            raise self.full()

    def _free(self) -> int:
        there = next(path for path in (self.path, *self.path.parents) if path.exists())
        return shutil.disk_usage(there).free

    def _explained(self, error: OSError) -> StackError:
        if error.errno in DISK_FULL:
            return self.full()
        return DataDirectoryNotWritable(self.path, error.strerror or str(error))
