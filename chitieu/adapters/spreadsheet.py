"""Rows of an Excel workbook (.xlsx) that somebody sent, in bounded memory.

The library that reads them makes a rectangle of all cells, each with its own copy of its text. So before it sees a
file, the parts are unpacked within limits into a plain copy, and what the rectangle would hold is added up.
"""

import io
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, time, timedelta
from itertools import islice
from pathlib import Path
from typing import IO
from xml.parsers import expat

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from chitieu.domain.catalogue import Label
from chitieu.domain.errors import InvalidRequest, Problem

Cell = int | float | str | bool | time | date | timedelta

MOST_FILE_BYTES = 32 * 2**20
MOST_UNPACKED_BYTES = 128 * 2**20
MOST_PARTS = 1_000
MOST_CELLS = 2_000_000
MOST_TEXT = 128 * 2**20

_CHUNK = 2**16
# What the readers of the parts raise for bytes that make no sense.
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, expat.ExpatError, CalamineError),
    *(NotImplementedError, RuntimeError, EOFError, OSError, ValueError, LookupError),
)
_MACROS = "vbaproject.bin"

_NO_WORKBOOK = Label(
    "không phải là sổ tính .xlsx (tệp .xls cũ, tệp có mật khẩu hoặc tệp hỏng)",
    "it is no .xlsx workbook (an old .xls, one with a password, or damaged)",
)
_HAS_MACROS = Label("sổ tính có macro; hãy lưu thành .xlsx không có macro", "it has macros: save it as .xlsx without")
_TOO_LARGE = Label(
    f"sổ tính quá lớn (tối đa {MOST_FILE_BYTES // 2**20} MB, khi giải nén {MOST_UNPACKED_BYTES // 2**20} MB)",
    f"it is too large (at most {MOST_FILE_BYTES // 2**20} MB, and {MOST_UNPACKED_BYTES // 2**20} MB unpacked)",
)
_TOO_WIDE = Label(
    f"vùng có dữ liệu quá lớn (tối đa {MOST_CELLS:,} ô kể cả ô trống ở giữa); hãy xoá các ô xa bảng".replace(",", "."),
    f"its used area is too large (at most {MOST_CELLS:,} cells, empty ones between included): clear what lies far off",
)
_NO_SHEET = Label("sổ tính không có trang tính nào", "it has no sheet")


class _Refused(Exception):
    """Carries the sentence that says why."""

    def __init__(self, detail: Label) -> None:
        super().__init__(detail.en)
        self.detail = detail


@contextmanager
def first_sheet(path: Path, name: str) -> Iterator[Iterator[tuple[int, Sequence[Cell]]]]:
    """Rows of the first visible sheet with their numbers, as people count them. An empty cell is "".

    Raises InvalidRequest (`unreadable_file`) for what is no workbook, has macros, or is too large.
    """
    with path.open("rb") as given, tempfile.TemporaryFile() as copy:
        try:
            _copy_within_limits(given, copy)
            sheet = _sheet(copy)
        except _Refused as refused:
            raise InvalidRequest(Problem("unreadable_file", "", {"file": name, "detail": refused.detail})) from None
        except _DAMAGE:
            raise InvalidRequest(Problem("unreadable_file", "", {"file": name, "detail": _NO_WORKBOOK})) from None
        yield _rows(sheet)


def _rows(sheet: CalamineSheet) -> Iterator[tuple[int, Sequence[Cell]]]:
    # The library gives empty rows above the first that is used, but no empty columns before the first.
    top, left = sheet.start or (0, 0)
    for number, row in islice(enumerate(sheet.iter_rows(), 1), top, None):
        yield number, [*[""] * left, *row]


def _sheet(copy: IO[bytes]) -> CalamineSheet:
    copy.seek(0)
    book = CalamineWorkbook.from_filelike(copy)
    for at, one in enumerate(book.sheets_metadata):
        if one.visible is SheetVisibleEnum.Visible and one.typ is SheetTypeEnum.WorkSheet:
            return book.get_sheet_by_index(at)
    raise _Refused(_NO_SHEET)


def _copy_within_limits(file: IO[bytes], copy: IO[bytes]) -> None:
    """What is checked is what is read: sizes and sums that a file gives of itself may be wrong."""
    if file.seek(0, io.SEEK_END) > MOST_FILE_BYTES:
        raise _Refused(_TOO_LARGE)
    with zipfile.ZipFile(file) as given, zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as plain:
        parts = given.infolist()
        _look_over(parts)
        for part in parts:
            with given.open(part) as packed, plain.open(part.filename, "w") as unpacked:
                shutil.copyfileobj(packed, unpacked, _CHUNK)
    with zipfile.ZipFile(copy) as plain:
        _weigh(plain)


def _look_over(parts: Sequence[zipfile.ZipInfo]) -> None:
    """No more than the size a part says is ever unpacked."""
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED_BYTES:
        raise _Refused(_TOO_LARGE)
    names = [part.filename.lower() for part in parts]
    if any(name.endswith(_MACROS) for name in names):
        raise _Refused(_HAS_MACROS)
    if len(set(names)) < len(names):
        raise _Refused(_NO_WORKBOOK)


def _weigh(plain: zipfile.ZipFile) -> None:
    """Add up what the sheets would hold. Shared texts come first, whatever the order of the parts."""
    names = [name for name in plain.namelist() if name.lower().endswith((".xml", ".rels"))]
    texts = _SharedTexts()
    for name in names:
        _parse(plain, name, texts)
    for name in names:
        _parse(plain, name, _Extent(texts.lengths))


def _parse(plain: zipfile.ZipFile, name: str, reader: "_SharedTexts | _Extent") -> None:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _no_doctype
    with plain.open(name) as part:
        parser.ParseFile(part)


def _no_doctype(*_: object) -> None:
    """A workbook has none; entities defined in one can grow without end."""
    raise _Refused(_NO_WORKBOOK)


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


class _SharedTexts:
    """Lengths of the texts that cells refer to by number."""

    def __init__(self) -> None:
        self.lengths: list[int] = []
        self._length = 0

    def start(self, name: str, _: dict[str, str]) -> None:
        if _local(name) == "si":
            self._length = 0

    def text(self, text: str) -> None:
        self._length += len(text)

    def end(self, name: str) -> None:
        if _local(name) == "si":
            self.lengths.append(self._length)


class _Extent:
    """The rectangle that a sheet's cells span from the first, and all their text."""

    def __init__(self, lengths: Sequence[int]) -> None:
        self._lengths = lengths
        self._row = self._column = self._rows = self._columns = self._held = 0
        self._shared = False
        self._value = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        match _local(name):
            case "row":
                self._row, self._column = int(attributes.get("r", self._row + 1)), 0
            case "c":
                self._place(attributes.get("r", ""))
                self._shared, self._value = attributes.get("t") == "s", ""

    def text(self, text: str) -> None:
        self._held += len(text)
        if self._shared and len(self._value) < 10:
            self._value += text

    def end(self, name: str) -> None:
        if _local(name) == "c" and self._shared:
            at = int(self._value) if self._value.isdecimal() else len(self._lengths)
            self._held += self._lengths[at] if at < len(self._lengths) else 0
        if self._held > MOST_TEXT:
            raise _Refused(_TOO_LARGE)

    def _place(self, reference: str) -> None:
        letters = reference.rstrip("0123456789")
        self._column = _column(letters) if letters else self._column + 1
        self._row = int(reference[len(letters) :] or self._row)
        self._rows, self._columns = max(self._rows, self._row), max(self._columns, self._column)
        if self._rows * self._columns > MOST_CELLS:
            raise _Refused(_TOO_WIDE)


def _column(letters: str) -> int:
    """A is 1, AA is 27."""
    number = 0
    for letter in letters[:8].upper():
        number = 26 * number + ord(letter) - ord("A") + 1
    return number
