"""Apache Kafka's jars: fetched once from Maven Central, pinned and verified, then never asked for again.

`kafka-jars.sha256` beside this file names every jar and its SHA-256 (check a cache by hand with `sha256sum -c`).
A new Kafka version: change VERSION, then `python -m chitieu.adapters.embedded.kafka_jars > kafka-jars.sha256`.
"""

import fcntl
import hashlib
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from chitieu.adapters.embedded.errors import CacheNotWritable, JarMismatch, NoNetwork

if TYPE_CHECKING:
    from jgo.maven import Artifact, MavenContext

VERSION = "4.1.1"
_LOG4J = "2.24.3"  # of Kafka's own dependencies: the binding below must match
_PINNED = Path(__file__).with_name("kafka-jars.sha256")
_TIMEOUT = 15  # seconds for a connection, and for each read
_TRIES = 3

Report = Callable[[str], None]


@dataclass(frozen=True)
class Jar:
    """`path` is relative, in Maven's layout: group as folders / artifact / version / file."""

    sha256: str
    path: PurePosixPath

    def intact(self, home: Path) -> bool:
        file = home / self.path
        return file.is_file() and _sha256(file) == self.sha256


def kafka_classpath(cache: Path, report: Report) -> list[Path]:
    """Paths of the pinned jars below `cache`; fetches what is missing, saying so through `report`.

    Once a marker says that all were verified, this only looks whether they are still there. Raises NoNetwork,
    JarMismatch (the file is removed) or CacheNotWritable.
    """
    home = cache / f"kafka-{VERSION}"
    jars = pinned_jars()
    if not _verified(home, jars):
        try:
            _fill(home, jars, report)
        except OSError as error:
            raise CacheNotWritable(home, error.strerror or str(error)) from error
    return [home / jar.path for jar in jars]


def pinned_jars(pinned: Path = _PINNED) -> list[Jar]:
    lines = pinned.read_text(encoding="ascii").splitlines()
    fields = [line.split() for line in lines if line and not line.startswith("#")]
    return [Jar(sha256, PurePosixPath(path)) for sha256, path in fields]


def _marker(home: Path) -> Path:
    return home / "verified"


def _verified(home: Path, jars: Sequence[Jar]) -> bool:
    marker = _marker(home)
    if not marker.is_file() or marker.read_text(encoding="ascii") != _sha256(_PINNED):
        return False
    return all((home / jar.path).is_file() for jar in jars)


def _fill(home: Path, jars: Sequence[Jar], report: Report) -> None:
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("a") as lock:
        # Two stacks starting at once on a fresh machine must not write into each other's download.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _verified(home, jars):
            _fetch_all(home, jars, report)
            _marker(home).write_text(_sha256(_PINNED), encoding="ascii")


def _fetch_all(home: Path, jars: Sequence[Jar], report: Report) -> None:
    report(f"Fetching Apache Kafka {VERSION} ({len(jars)} files), once for this machine")
    context = _maven(home)
    pool = ThreadPoolExecutor(8)
    try:
        fetched = 0
        for done, future in enumerate(as_completed([pool.submit(_fetch, context, home, jar) for jar in jars]), 1):
            fetched += future.result()
            report(f"Kafka {VERSION}: {done}/{len(jars)} files, {fetched / 1e6:.1f} MB")
    finally:
        # After the first failure (or Ctrl-C) the rest is not even tried.
        pool.shutdown(cancel_futures=True)


def _fetch(context: "MavenContext", home: Path, jar: Jar) -> int:
    """Size in bytes of the jar, which is there and intact afterwards."""
    import requests

    file = home / jar.path
    failure: Exception = JarMismatch(file.name)
    for _ in range(_TRIES):
        try:
            if jar.intact(home) or (_artifact(context, jar).resolve() and jar.intact(home)):
                return file.stat().st_size
            failure = JarMismatch(file.name)
        except requests.RequestException as error:
            failure = NoNetwork(f"Kafka's {file.name}", type(error).__name__)
        except RuntimeError:  # jgo: no repository answered 200
            failure = NoNetwork(f"Kafka's {file.name}", "the repository refused it")
        # jgo writes in place and takes whatever lies there for complete.
        file.unlink(missing_ok=True)
    raise failure


def _artifact(context: "MavenContext", jar: Jar) -> "Artifact":
    *group, name, version, _ = jar.path.parts
    return context.project(".".join(group), name).at_version(version).artifact()


def _maven(home: Path) -> "MavenContext":
    # Imported here: a start with verified jars needs neither the resolver nor an HTTP client.
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import MavenContext

    repositories = {"central": MAVEN_CENTRAL_URL, **GlobalSettings.load().repositories}
    return MavenContext(repo_cache=home, remote_repos=repositories, timeout=_TIMEOUT)


def _sha256(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _resolve(home: Path) -> list[Path]:
    """The jars of VERSION as its POM wants them, and the binding that lets the broker log.

    The binding is added afterwards: resolved together, its dependency management (jgo treats every input as a
    BOM) would replace Kafka's own client by an older one.
    """
    context = _maven(home)
    inputs, transitive = context.resolver.resolve([context.create_dependency(f"org.apache.kafka:kafka_2.13:{VERSION}")])
    artifacts = [dependency.artifact for dependency in (*inputs, *transitive)]
    binding = context.project("org.apache.logging.log4j", "log4j-slf4j-impl").at_version(_LOG4J).artifact()
    return [artifact.resolve() for artifact in (*artifacts, binding)]


def _print_pinned() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        sys.stdout.write(f"# Apache Kafka {VERSION} and what it needs; made by `python -m {__spec__.name}`.\n")
        for file in _resolve(home):
            sys.stdout.write(f"{_sha256(file)}  {file.relative_to(home).as_posix()}\n")


if __name__ == "__main__":
    _print_pinned()
