"""Workbooks that somebody sends: read with their row numbers, and refused before they can fill the memory."""

import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from chitieu.adapters.spreadsheet import TABLE, first_sheet
from chitieu.domain.errors import InvalidRequest


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., Path]:
    def make(cells: dict[str, Any], **options: Any) -> Path:
        path = tmp_path / "book.xlsx"
        with xlsxwriter.Workbook(path, options) as workbook:
            sheet = workbook.add_worksheet()
            for place, cell in cells.items():
                sheet.write(place, cell)
        return path

    return make


def read(path: Path) -> list[tuple[int, list[Any]]]:
    with first_sheet(path, "book.xlsx") as rows:
        return [(number, list(row)) for number, row in rows]


def refused(path: Path) -> str:
    with pytest.raises(InvalidRequest) as error:
        read(path)
    (problem,) = error.value.problems
    assert problem.code == "unreadable_file"
    return problem.en


def test_rows_have_the_numbers_that_people_see(book: Callable[..., Path]) -> None:
    path = book({"B2": "unit", "C2": "parents", "B4": "00001", "C4": 12.5})
    assert read(path) == [(2, ["", "unit", "parents"]), (3, ["", "", ""]), (4, ["", "00001", 12.5])]


def test_a_date_is_none_of_the_numbers_it_is_kept_as(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        workbook.add_worksheet().write_datetime(
            "A1", date(2024, 5, 1), workbook.add_format({"num_format": "dd/mm/yyyy"})
        )
    assert read(path) == [(1, [date(2024, 5, 1)])]


def test_the_first_sheet_that_is_shown_is_read(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        hidden, shown = workbook.add_worksheet(), workbook.add_worksheet()
        hidden.write("A1", "hidden")
        hidden.hide()
        shown.write("A1", "shown")
        shown.activate()
        shown.set_first_sheet()
    assert read(path) == [(1, ["shown"])]


def test_what_is_no_workbook_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    for content in (b"", b"unit,parents\n", b"PK\x03\x04 and no more", bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 512):
        path.write_bytes(content)
        assert "no .xlsx workbook" in refused(path)
    path.write_bytes(b"")
    with zipfile.ZipFile(path, "w") as other:
        other.writestr("word/document.xml", "<document/>")
    assert "no .xlsx workbook" in refused(path)


def rewritten(path: Path, change: Callable[[str, bytes], bytes], *more: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path) as before:
        parts = [(name, change(name, before.read(name))) for name in before.namelist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as after:
        for name, content in (*parts, *more):
            after.writestr(name, content)
    return path


def test_macros_are_refused(book: Callable[..., Path]) -> None:
    path = rewritten(book({"A1": 1}), lambda _, content: content, ("xl/vbaProject.bin", b"macro"))
    assert "macros" in refused(path)


def test_links_to_other_files_are_refused(book: Callable[..., Path]) -> None:
    path = rewritten(book({"A1": 1}), lambda _, content: content, ("xl/externalLinks/externalLink1.xml", b"<x/>"))
    assert "links to other files" in refused(path)


def test_a_bomb_is_refused_by_what_it_would_unpack_to(book: Callable[..., Path]) -> None:
    zeros = b"\0" * (TABLE.unpacked_bytes + 1)
    path = rewritten(book({"A1": 1}), lambda _, content: content, ("xl/media/image.bin", zeros))
    assert path.stat().st_size < 2**20
    assert "too large" in refused(path)


def test_a_bomb_that_lies_about_its_size_is_unpacked_no_further_than_it_says(book: Callable[..., Path]) -> None:
    path = rewritten(book({"A1": 1}), lambda _, content: content, ("xl/z.bin", b"\0" * 10**6))
    content = path.read_bytes()
    size = (10**6).to_bytes(4, "little")
    assert content.count(size) == 2
    path.write_bytes(content.replace(size, (10).to_bytes(4, "little")))
    assert "no .xlsx workbook" in refused(path)


def test_too_large_a_file_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with path.open("wb") as file:
        file.truncate(TABLE.file_bytes + 1)
    assert "too large" in refused(path)


@pytest.mark.parametrize("far", ["XFD1048576", "A1048576:XFD1", "ZZZZZZZZZ1", "XFD2000000000000"])
def test_two_cells_far_apart_are_refused_before_a_rectangle_is_made(book: Callable[..., Path], far: str) -> None:
    first, _, second = far.partition(":")

    def spread(name: str, content: bytes) -> bytes:
        if "sheet1" not in name:
            return content
        content = content.replace(b'r="B2"', f'r="{first}"'.encode())
        return content.replace(b'r="C2"', f'r="{second or "C2"}"'.encode())

    assert "used area" in refused(rewritten(book({"A1": 1, "B2": 2, "C2": 3}), spread))


def test_cells_without_places_are_counted_too(book: Callable[..., Path]) -> None:
    cells = b"<c><v>1</v></c>" * 2_000
    rows = b"<row>" + b"</row><row>".join([cells] * 1_001) + b"</row>"

    def filled(name: str, content: bytes) -> bytes:
        if "sheet1" not in name:
            return content
        head, _, tail = content.partition(b"<sheetData>")
        return head + b"<sheetData>" + rows + tail[tail.index(b"</sheetData>") :]

    assert "used area" in refused(rewritten(book({"A1": 1}), filled))


def test_a_text_that_every_cell_repeats_is_weighed_as_often(book: Callable[..., Path]) -> None:
    path = book({f"A{n}": "x" * 32_000 for n in range(1, 5_000)})
    assert path.stat().st_size < 2**20
    assert "too large" in refused(path)


def test_entities_are_refused(book: Callable[..., Path]) -> None:
    def doctype(name: str, content: bytes) -> bytes:
        return content.replace(b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet', 1)

    assert "no .xlsx workbook" in refused(rewritten(book({"A1": 1}), doctype))


def test_a_workbook_of_a_whole_country_is_no_bomb(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        for row in range(3_321):
            sheet.write_row(row, 0, [f"{row:05}", *range(60)])
    assert len(read(path)) == 3_321


def test_damage_anywhere_is_a_sentence(book: Callable[..., Path]) -> None:
    whole = book({"A1": "unit", "A2": "00001", "B1": "parents", "B2": 3}).read_bytes()
    path = book({"A1": 1})
    for at in range(0, len(whole), 97):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        try:
            read(path)
        except InvalidRequest as error:
            assert error.problems[0].code == "unreadable_file"
