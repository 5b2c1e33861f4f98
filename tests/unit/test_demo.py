"""What the demo does before it starts anything: its directory and its key."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import typer

from chitieu.adapters.embedded.directory import DataDirectory
from chitieu.cli.demo import Mark, begin, demo_key

MARK = Mark(seed=5, national=False)


def filled(path: Path) -> Path:
    """A data directory that something was written to."""
    (path / "kafka").mkdir(parents=True, exist_ok=True)
    (path / "kafka" / "log").write_text("records")
    return path


def begun(path: Path, mark: Mark = MARK, *, ours: bool = False) -> list[str]:
    """What is left in its Kafka directory once the demo may begin."""
    with DataDirectory(path) as directory:
        begin(directory, mark, ours=ours)
        return [one.name for one in directory.kafka.iterdir()]


def test_an_empty_directory_will_do(tmp_path: Path) -> None:
    assert begun(tmp_path / "new") == []


def test_the_demo_s_own_directory_is_emptied_every_time(tmp_path: Path) -> None:
    assert begun(filled(tmp_path), ours=True) == []
    assert begun(filled(tmp_path), Mark(6, True), ours=True) == []


def test_a_chosen_directory_with_other_data_is_refused_and_left_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit):
        begun(filled(tmp_path))
    assert "no demo's" in capsys.readouterr().err
    assert (tmp_path / "kafka" / "log").exists()


def test_a_chosen_directory_with_the_same_demo_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begun(tmp_path)
    assert begun(filled(tmp_path)) == ["log"]
    assert "already" in capsys.readouterr().err


@pytest.mark.parametrize("other", [Mark(6, False), Mark(5, True)])
def test_a_chosen_directory_with_another_demo_is_refused(
    tmp_path: Path, other: Mark, capsys: pytest.CaptureFixture[str]
) -> None:
    begun(tmp_path)
    filled(tmp_path)
    with pytest.raises(typer.Exit):
        begun(tmp_path, other)
    assert "--seed 5" in capsys.readouterr().err


def test_a_key_is_new_every_time_unless_it_is_preset() -> None:
    assert demo_key({}) != demo_key({})
    assert demo_key({"CHITIEU_DEMO_KEY": "ck_me.very-secret"}) == ("me", "very-secret")


@pytest.mark.parametrize("preset", ["", "me.secret", "ck_me", "ck_.secret", "ck_a/b.secret", "ck_simulated.secret"])
def test_a_preset_key_that_could_not_be_presented_is_refused(preset: str, capsys: pytest.CaptureFixture[str]) -> None:
    environ: Mapping[str, str] = {"CHITIEU_DEMO_KEY": preset}
    with pytest.raises(typer.Exit):
        demo_key(environ)
    assert "CHITIEU_DEMO_KEY" in capsys.readouterr().err
