"""What can be wrong with the machine the embedded stack runs on.

StackError
├── PortTaken
├── DataDirectoryLocked, DataDirectoryNotWritable, CacheNotWritable, DiskFull
├── JavaMissing, NoNetwork, JarMismatch
└── BrokerDidNotStart, BrokerDied      (these carry the end of the broker's log)
"""

from pathlib import Path


class StackError(Exception):
    """Its first line says what is wrong and what to do; print it as it is, without a traceback."""


class PortTaken(StackError):
    def __init__(self, port: int, choose: str = "--port N") -> None:
        super().__init__(f"port {port} is already in use: stop what listens on it, or choose another with {choose}")
        self.port = port


class DataDirectoryLocked(StackError):
    def __init__(self, path: Path, pid: int | None) -> None:
        owner = f"process {pid}" if pid else "another process"
        super().__init__(f"{owner} is already using {path}: stop it, or choose another directory with --data DIR")
        self.path, self.pid = path, pid


class DataDirectoryNotWritable(StackError):
    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"cannot write to {path} ({reason}): correct its owner, or choose another with --data DIR")
        self.path = path


class CacheNotWritable(StackError):
    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"cannot write to {path} ({reason}): correct its owner, or choose another with CHITIEU_CACHE")
        self.path = path


class DiskFull(StackError):
    """`free` and `needed` are bytes."""

    def __init__(self, path: Path, free: int, needed: int) -> None:
        super().__init__(
            f"only {free // 10**6} MB are free for {path} and {needed // 10**6} MB are needed:"
            " free some space, or choose another directory"
        )
        self.path, self.free, self.needed = path, free, needed


class JavaMissing(StackError):
    def __init__(self, needed: int, tried: list[str]) -> None:
        seen = "; ".join(tried) or "none found"
        super().__init__(
            f"no Java {needed} or newer ({seen}): install one and set JAVA_HOME, or `pip install 'chitieu[embedded]'`"
        )


class NoNetwork(StackError):
    def __init__(self, what: str, reason: str) -> None:
        super().__init__(
            f"could not fetch {what} ({reason}): the first start needs the Internet, later ones do not;"
            " behind a Maven mirror, name it as `central` under [repositories] in ~/.config/jgo.conf"
        )


class JarMismatch(StackError):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is not the file this version was tested with (SHA-256 differs) and was removed:"
            " start again, and if it stays so, mistrust the network or mirror it comes from"
        )


class BrokerDidNotStart(StackError):
    def __init__(self, reason: str, log: Path, tail: str) -> None:
        super().__init__(f"the Kafka broker did not start ({reason}): see {log}{_quoted(tail)}")
        self.tail = tail


class BrokerDied(StackError):
    """`code` is the exit code, negative for a signal."""

    def __init__(self, code: int, log: Path, tail: str) -> None:
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        super().__init__(
            f"the Kafka broker ended by itself ({how}): start again, nothing acknowledged is lost;"
            f" see {log}{_quoted(tail)}"
        )
        self.code, self.tail = code, tail


def _quoted(tail: str) -> str:
    return "".join(f"\n    {line}" for line in tail.splitlines())
