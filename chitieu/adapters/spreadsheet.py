"""Rows of an Excel workbook (.xlsx) that somebody sent, in bounded memory.

The library that reads them makes a rectangle of all cells, each with its own copy of its text. So before it sees a
file, the parts are unpacked within limits into a plain copy, and what the rectangle would hold is added up.
"""

import io
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import islice
from pathlib import Path
from typing import IO, Protocol, TypeVar
from xml.parsers import expat

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from chitieu.domain.catalogue import Label
from chitieu.domain.errors import InvalidRequest, Problem

Cell = int | float | str | bool | time | date | timedelta
Row = tuple[int, Sequence[Cell]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a workbook may take: bytes as sent and unpacked, parts, tags in all of them, cells of a sheet's rectangle,
    characters of text. Tags are what reading takes its time for.
    """

    file_bytes: int
    unpacked_bytes: int
    parts: int
    tags: int
    cells: int
    text: int

    @property
    def too_large(self) -> Label:
        most, unpacked = self.file_bytes // 2**20, self.unpacked_bytes // 2**20
        return Label(
            f"sổ tính quá lớn (tối đa {most} MB, khi giải nén {unpacked} MB)",
            f"it is too large (at most {most} MB, and {unpacked} MB unpacked)",
        )

    @property
    def too_wide(self) -> Label:
        return Label(
            f"vùng có dữ liệu quá lớn (tối đa {self.cells:,} ô kể cả ô trống ở giữa); hãy xoá các ô xa bảng".replace(
                ",", "."
            ),
            f"its used area is too large (at most {self.cells:,} cells, empty ones between included): clear what lies "
            "far off",
        )


# A table of a whole country's reports.
TABLE = Limits(32 * 2**20, 128 * 2**20, 1_000, 20_000_000, 2_000_000, 128 * 2**20)

_CHUNK = 2**16
# What the readers of the parts raise for bytes that make no sense.
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, expat.ExpatError, CalamineError),
    *(NotImplementedError, RuntimeError, EOFError, OSError, ValueError, LookupError),
)
_MACROS = "vbaproject.bin"
_LINKS = "xl/externallinks/"

_NO_WORKBOOK = Label(
    "không phải là sổ tính .xlsx (tệp .xls cũ, tệp có mật khẩu hoặc tệp hỏng)",
    "it is no .xlsx workbook (an old .xls, one with a password, or damaged)",
)
_HAS_MACROS = Label("sổ tính có macro; hãy lưu thành .xlsx không có macro", "it has macros: save it as .xlsx without")
_HAS_LINKS = Label(
    "sổ tính liên kết tới tệp khác; hãy dán giá trị thay cho liên kết",
    "it links to other files: paste values instead of links",
)
_NO_SHEET = Label("sổ tính không có trang tính nào", "it has no sheet")


class _Refused(Exception):
    """Carries the sentence that says why."""

    def __init__(self, detail: Label) -> None:
        super().__init__(detail.en)
        self.detail = detail


@contextmanager
def first_sheet(path: Path, name: str) -> Iterator[Iterator[Row]]:
    """Rows of the first visible sheet with their numbers, as people count them. An empty cell is "".

    Raises InvalidRequest (`unreadable_file`) for what is no workbook, has macros or external links, or is too large.
    """
    with path.open("rb") as given:
        sheet = reading(given, name, TABLE, lambda book, _: _first(book))
    yield rows(sheet)


def reading(
    file: IO[bytes], name: str | Label, limits: Limits, read: Callable[[CalamineWorkbook, zipfile.ZipFile], T]
) -> T:
    """What `read` makes of a workbook and of its unpacked parts, once it is known to be within the limits.

    `name` is what people call it. Raises InvalidRequest as `first_sheet` does, also for what `read` finds damaged.
    """
    try:
        with tempfile.TemporaryFile() as copy:
            _copy_within_limits(file, copy, limits)
            with zipfile.ZipFile(copy) as parts:
                copy.seek(0)
                return read(CalamineWorkbook.from_filelike(copy), parts)
    except _Refused as refused:
        detail = refused.detail
    except _DAMAGE:
        detail = _NO_WORKBOOK
    raise InvalidRequest(Problem("unreadable_file", "", {"file": name, "detail": detail}))


def rows(sheet: CalamineSheet) -> Iterator[Row]:
    """With their numbers, each from column A on."""
    # The library gives empty rows above the first that is used, but no empty columns before the first.
    top, left = sheet.start or (0, 0)
    for number, row in islice(enumerate(sheet.iter_rows(), 1), top, None):
        yield number, [*[""] * left, *row]


def _first(book: CalamineWorkbook) -> CalamineSheet:
    for at, one in enumerate(book.sheets_metadata):
        if one.visible is SheetVisibleEnum.Visible and one.typ is SheetTypeEnum.WorkSheet:
            return book.get_sheet_by_index(at)
    raise _Refused(_NO_SHEET)


def _copy_within_limits(file: IO[bytes], copy: IO[bytes], limits: Limits) -> None:
    """What is checked is what is read: sizes and sums that a file gives of itself may be wrong."""
    if file.seek(0, io.SEEK_END) > limits.file_bytes:
        raise _Refused(limits.too_large)
    with zipfile.ZipFile(file) as given, zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as plain:
        parts = given.infolist()
        _look_over(parts, limits)
        tags = 0
        for part in parts:
            with given.open(part) as packed, plain.open(part.filename, "w") as unpacked:
                while chunk := packed.read(_CHUNK):
                    tags += chunk.count(b"<")
                    if tags > limits.tags:
                        raise _Refused(limits.too_large)
                    unpacked.write(chunk)
    with zipfile.ZipFile(copy) as plain:
        _weigh(plain, limits)


def _look_over(parts: Sequence[zipfile.ZipInfo], limits: Limits) -> None:
    """No more than the size a part says is ever unpacked."""
    if len(parts) > limits.parts or sum(part.file_size for part in parts) > limits.unpacked_bytes:
        raise _Refused(limits.too_large)
    names = [part.filename.lower() for part in parts]
    if any(name.endswith(_MACROS) for name in names):
        raise _Refused(_HAS_MACROS)
    if any(name.startswith(_LINKS) for name in names):
        raise _Refused(_HAS_LINKS)
    if len(set(names)) < len(names):
        raise _Refused(_NO_WORKBOOK)


def _weigh(plain: zipfile.ZipFile, limits: Limits) -> None:
    """Add up what the sheets would hold. Shared texts come first, whatever the order of the parts."""
    names = [name for name in plain.namelist() if name.lower().endswith((".xml", ".rels"))]
    texts = _SharedTexts()
    for name in names:
        parse(plain, name, texts)
    for name in names:
        parse(plain, name, _Extent(texts.lengths, limits))


class PartReader(Protocol):
    """Hears what a part says, in its order."""

    def start(self, name: str, attributes: dict[str, str]) -> None: ...
    def text(self, text: str) -> None: ...
    def end(self, name: str) -> None: ...


def parse(plain: zipfile.ZipFile, name: str, reader: PartReader) -> None:
    """Read one part aloud. Names are as they stand, with their namespace in front: see `local`."""
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


def local(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition(" ")[2]


class _SharedTexts:
    """Lengths of the texts that cells refer to by number."""

    def __init__(self) -> None:
        self.lengths: list[int] = []
        self._length = 0

    def start(self, name: str, _: dict[str, str]) -> None:
        if local(name) == "si":
            self._length = 0

    def text(self, text: str) -> None:
        self._length += len(text)

    def end(self, name: str) -> None:
        if local(name) == "si":
            self.lengths.append(self._length)


class _Extent:
    """The rectangle that a sheet's cells span from the first, and all their text."""

    def __init__(self, lengths: Sequence[int], limits: Limits) -> None:
        self._lengths = lengths
        self._limits = limits
        self._row = self._column = self._rows = self._columns = self._held = 0
        self._shared = False
        self._value = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        match local(name):
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
        if local(name) == "c" and self._shared:
            at = int(self._value) if self._value.isdecimal() else len(self._lengths)
            self._held += self._lengths[at] if at < len(self._lengths) else 0
        if self._held > self._limits.text:
            raise _Refused(self._limits.too_large)

    def _place(self, reference: str) -> None:
        letters = reference.rstrip("0123456789")
        self._column = column_number(letters) if letters else self._column + 1
        self._row = int(reference[len(letters) :] or self._row)
        self._rows, self._columns = max(self._rows, self._row), max(self._columns, self._column)
        if self._rows * self._columns > self._limits.cells:
            raise _Refused(self._limits.too_wide)


def column_number(letters: str) -> int:
    """A is 1, AA is 27."""
    number = 0
    for letter in letters[:8].upper():
        number = 26 * number + ord(letter) - ord("A") + 1
    return number
