"""Tables as files, written row by row in constant memory: CSV (RFC 4180) and Excel here, Parquet in `parquet_file`.

One description of the columns serves all three. What somebody typed may begin like a formula: in CSV such a cell is
preceded by an apostrophe, in Excel it is text by its type. Numbers are never floats on the way; one that may not be
shown stands as its text ("1-5"), in Parquet as null beside a column that says so.
"""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import xlsxwriter

from chitieu.domain.catalogue import Label


class Hidden(str):
    """What stands for a number that may not be shown."""

    __slots__ = ()


Value = str | int | Decimal | bool | date | None
Row = Sequence[Value]

DECIMAL_PLACES = 6
_LIKE_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_CHUNK = 2**16
# What Excel's own format holds, with the line of names.
MOST_EXCEL_ROWS = 1_048_575
_LONGEST_EXCEL_TEXT = 32_767
# Beyond it Excel rounds.
_MOST_EXCEL_NUMBER = 10**15


class Kind(StrEnum):
    """EXACT is a number as text: a decimal or, where that does not end, a fraction."""

    TEXT = "text"
    EXACT = "exact"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Column:
    """`key` names it for programs, `label` for people. `hidable`: its numbers may not be shown to everybody."""

    key: str
    label: Label
    kind: Kind = Kind.TEXT
    hidable: bool = False


class TableFile(Protocol):
    """A file that is being written. What is ready to be sent is given at every step."""

    def write(self, rows: Iterable[Row]) -> Iterator[bytes]: ...

    def close(self) -> Iterator[bytes]:
        """The rest of the file."""
        ...

    def discard(self) -> None:
        """Nothing is left behind, also of a file that was not closed."""
        ...


class CsvFile:
    """UTF-8 with a byte order mark, by which Excel knows it; names of the columns in a language (0 vi, 1 en)."""

    def __init__(self, columns: Sequence[Column], language: int) -> None:
        self._columns = columns
        self._text = io.StringIO()
        self._writer = csv.writer(self._text, lineterminator="\r\n")
        self._text.write("\ufeff")
        self._writer.writerow([column.label.in_language(language) for column in columns])

    def write(self, rows: Iterable[Row]) -> Iterator[bytes]:
        for row in rows:
            self._writer.writerow([_plain(c, value) for c, value in zip(self._columns, row, strict=True)])
        yield self._taken()

    def close(self) -> Iterator[bytes]:
        yield self._taken()

    def discard(self) -> None:
        self._text.close()

    def _taken(self) -> bytes:
        taken = self._text.getvalue()
        self._text.seek(0)
        self._text.truncate()
        return taken.encode()


class ExcelFile:
    """One sheet with a frozen line of names, and one of remarks, if there are any. It is sent once it is closed."""

    def __init__(self, columns: Sequence[Column], language: int, remarks: Mapping[str, str]) -> None:
        self._remarks = remarks
        self._directory = tempfile.TemporaryDirectory(prefix="chitieu-")
        self._path = Path(self._directory.name) / "table.xlsx"
        self._book = xlsxwriter.Workbook(
            str(self._path),
            {"constant_memory": True, "tmpdir": self._directory.name, "default_date_format": "dd/mm/yyyy"},
        )
        self._sheet = self._book.add_worksheet(("Số liệu", "Figures")[language])
        self._notes = self._book.add_worksheet(("Ghi chú", "Remarks")[language]) if remarks else None
        bold = self._book.add_format({"bold": True})
        for at, column in enumerate(columns):
            self._sheet.write_string(0, at, column.label.in_language(language), bold)
        self._sheet.freeze_panes(1, 0)
        self._rows = 0

    def write(self, rows: Iterable[Row]) -> Iterator[bytes]:
        for row in rows:
            self._rows += 1
            for at, value in enumerate(row):
                self._put(at, value)
        return iter(())

    def close(self) -> Iterator[bytes]:
        if self._notes is not None:
            for at, (name, text) in enumerate(self._remarks.items()):
                self._notes.write_string(at, 0, name)
                self._notes.write_string(at, 1, text[:_LONGEST_EXCEL_TEXT])
        self._book.close()
        with self._path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk

    def discard(self) -> None:
        if not self._book.fileclosed:
            # Only closing gives back what it holds.
            self._book.close()
        self._directory.cleanup()

    def _put(self, at: int, value: Value) -> None:
        if value is None:
            return
        if isinstance(value, bool):
            self._sheet.write_boolean(self._rows, at, value)
        elif isinstance(value, int | Decimal) and -_MOST_EXCEL_NUMBER < value < _MOST_EXCEL_NUMBER:
            self._sheet.write_number(self._rows, at, value)
        elif isinstance(value, date):
            self._sheet.write_datetime(self._rows, at, value)
        else:
            self._sheet.write_string(self._rows, at, str(value)[:_LONGEST_EXCEL_TEXT])


def _plain(column: Column, value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    guarded = column.kind is Kind.TEXT and text.startswith(_LIKE_A_FORMULA)
    return f"'{text}" if guarded else text
