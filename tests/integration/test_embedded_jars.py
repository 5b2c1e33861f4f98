"""How the jars come to a machine, against a Maven mirror of this machine's own."""

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from chitieu.adapters.embedded import kafka_jars
from chitieu.adapters.embedded.directory import default_cache
from chitieu.adapters.embedded.errors import CacheNotWritable, JarMismatch, NoNetwork
from chitieu.adapters.embedded.kafka_jars import VERSION, Jar, kafka_classpath, pinned_jars

pytestmark = pytest.mark.stack

# A few small ones are enough to show it.
_SMALL = ("slf4j-api", "kafka-tools-api", "jspecify", "metrics-core")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def _no_report(_: str) -> None:
    pass


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder with the real jars, and its address."""
    kafka_classpath(default_cache(), print)
    served = tmp_path / "mirror"
    for jar in _few():
        file = served / jar.path
        file.parent.mkdir(parents=True)
        file.write_bytes((default_cache() / f"kafka-{VERSION}" / jar.path).read_bytes())
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=served)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield served, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def _few() -> list[Jar]:
    return [jar for jar in pinned_jars() if jar.path.parts[-3] in _SMALL]


@pytest.fixture
def few_jars(monkeypatch: pytest.MonkeyPatch) -> list[Jar]:
    few = _few()
    monkeypatch.setattr(kafka_jars, "pinned_jars", lambda: few)
    return few


def _use(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tmp_path / "jgo.conf"
    settings.write_text(f"[repositories]\ncentral = {address}\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))


def test_jars_are_fetched_once_and_then_never_asked_for(
    mirror: tuple[Path, str], few_jars: list[Jar], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _use(mirror[1], tmp_path, monkeypatch)
    said: list[str] = []
    paths = kafka_classpath(tmp_path / "cache", said.append)
    assert len(paths) == len(few_jars)
    assert said[-1].startswith(f"Kafka {VERSION}: {len(few_jars)}/{len(few_jars)} files, ")

    monkeypatch.setattr(kafka_jars, "_fetch_all", pytest.fail)
    assert kafka_classpath(tmp_path / "cache", pytest.fail) == paths


def test_a_half_written_jar_of_an_interrupted_start_is_fetched_again(
    mirror: tuple[Path, str], few_jars: list[Jar], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _use(mirror[1], tmp_path, monkeypatch)
    half = tmp_path / "cache" / f"kafka-{VERSION}" / few_jars[0].path
    half.parent.mkdir(parents=True)
    half.write_bytes(b"PK")
    paths = kafka_classpath(tmp_path / "cache", _no_report)
    assert half in paths
    assert half.stat().st_size > 2


def test_a_jar_that_is_not_the_pinned_one_is_refused_and_removed(
    mirror: tuple[Path, str], few_jars: list[Jar], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _use(mirror[1], tmp_path, monkeypatch)
    wrong = few_jars[0].path
    (mirror[0] / wrong).write_bytes(b"something else")
    with pytest.raises(JarMismatch, match=wrong.name):
        kafka_classpath(tmp_path / "cache", _no_report)
    assert not (tmp_path / "cache" / f"kafka-{VERSION}" / wrong).exists()


@pytest.mark.usefixtures("few_jars")
def test_without_a_network_the_first_start_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _use("http://127.0.0.1:9", tmp_path, monkeypatch)  # the discard port: nothing listens
    with pytest.raises(NoNetwork, match=r"could not fetch Kafka's .*\.jar .*the first start needs the Internet"):
        kafka_classpath(tmp_path / "cache", _no_report)


def test_a_mirror_without_the_jar_is_told_apart_from_no_network(
    mirror: tuple[Path, str], few_jars: list[Jar], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _use(mirror[1], tmp_path, monkeypatch)
    (mirror[0] / few_jars[0].path).unlink()
    with pytest.raises(NoNetwork, match="the repository refused it"):
        kafka_classpath(tmp_path / "cache", _no_report)


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(CacheNotWritable, match="CHITIEU_CACHE"):
        kafka_classpath(file / "cache", _no_report)
