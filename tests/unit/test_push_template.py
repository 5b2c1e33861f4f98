"""`chitieu push` with a filled template: known by its hidden sheet, sent as a whole, wrong by sheet and cell."""

from pathlib import Path

import pytest

from tests.contract.test_workbooks_http import CELLS, SHEET, book, good
from tests.support.local_http import Fault
from tests.support.spreadsheet_program import filled_in
from tests.unit.test_push import Place, place, server

__all__ = ["place", "server"]


def saved(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return str(path)


def test_a_filled_template_needs_no_options_and_is_sent_once(place: Place, tmp_path: Path) -> None:
    file = saved(tmp_path / "report.xlsx", good("00001", "00010@2024-01-01"))
    told = place.run(file)
    assert (told.exit_code, told.stdout, told.stderr) == (0, "", "2 taken, 0 refused\n")
    assert place.units() == ["00001", "00010"]
    ids = [event.submission for event in place.service.log.events]
    assert place.run(file, "--wait").stderr == "2 taken (2 accepted), 0 refused\n"
    assert [event.submission for event in place.service.log.events] == ids * 2
    assert [one.name for one in tmp_path.iterdir()] == ["report.xlsx"]


def test_what_is_wrong_is_told_by_sheet_and_cell_and_nothing_is_sent(place: Place, tmp_path: Path) -> None:
    wrong = filled_in(good("00001", "00010@2024-01-01"), {CELLS["parents"]: 7, CELLS["teachers"]: -1})
    told = place.run(saved(tmp_path / "report.xlsx", wrong))
    assert (told.exit_code, told.stderr) == (1, "0 taken, 1 refused\n")
    assert set(told.stdout.splitlines()) == {
        f"sheet '{SHEET}', {CELLS['parents_informed']}: The part 'parents_informed' (1000) is larger than the whole "
        "'parents' (7).",
        f"sheet '{SHEET}', {CELLS['teachers']}: The value must not be negative.",
    }
    in_vietnamese = place.run(saved(tmp_path / "report.xlsx", book()), "--language", "vi")
    assert in_vietnamese.stdout == f"trang «{SHEET}»: Báo cáo không có giá trị nào.\n"
    assert place.units() == []


def test_a_dry_run_judges_and_sends_nothing(place: Place, tmp_path: Path) -> None:
    told = place.run(saved(tmp_path / "report.xlsx", good()), "--dry-run")
    assert (told.exit_code, told.stderr) == (0, "1 right, not sent, 0 refused\n")
    wrong = filled_in(book(), {CELLS["parents"]: -1})
    assert place.run(saved(tmp_path / "report.xlsx", wrong), "--dry-run").exit_code == 1
    assert place.units() == []


def test_a_template_on_standard_input_is_understood(place: Place, tmp_path: Path) -> None:
    told = place.run("-", "--format", "xlsx", input=good())  # type: ignore[arg-type]
    assert (told.exit_code, place.units()) == (0, ["00001"])


def test_what_an_option_would_contradict_is_refused(place: Place, tmp_path: Path) -> None:
    told = place.run(saved(tmp_path / "report.xlsx", good()), "--period", "2024")
    assert (told.exit_code, place.posts()) == (2, 0)


@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_on_the_way_makes_no_second_submission(place: Place, tmp_path: Path, fault: Fault) -> None:
    place.faulty.faults.append(fault)
    told = place.run(saved(tmp_path / "report.xlsx", good()))
    assert (told.exit_code, told.stderr) == (0, "1 taken, 0 refused\n")
    assert len({event.submission for event in place.service.log.events}) == 1


def test_what_is_wrong_with_the_key_is_no_matter_of_a_sheet(place: Place, tmp_path: Path) -> None:
    told = place.run(saved(tmp_path / "report.xlsx", good()), key="reader")
    assert told.exit_code == 1
    assert "reports:write" in told.stderr
