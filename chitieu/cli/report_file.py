"""Reports in a file as lines to send: NDJSON as it stands, CSV and Excel with one row a report."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, AnyStr

from chitieu.adapters.spreadsheet import TABLE, first_sheet
from chitieu.adapters.workbook.reading import is_template
from chitieu.cli.report_table import ADDRESS, NoTable, Numbers, Table
from chitieu.client.bulk import Line, address
from chitieu.domain.catalogue import Label
from chitieu.domain.errors import InvalidRequest, Problem

LONGEST_LINE = 4 * 2**20

_DELIMITERS = ",;\t"
_BOM = b"\xef\xbb\xbf"
_NOT_UTF8 = Label("tệp không dùng mã UTF-8; hãy lưu lại dạng CSV UTF-8", "it is not in UTF-8: save it as CSV UTF-8")


class Format(StrEnum):
    NDJSON = "ndjson"
    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True)
class ReportFile:
    """`name` is what people call it; `defaults` hold `form` and `period` for reports that don't say theirs."""

    path: Path
    name: str
    format: Format
    defaults: Mapping[str, str]
    numbers: Numbers

    def is_template(self) -> bool:
        """Is it a form's template that was filled in, not a table? Raises InvalidRequest (`unreadable_file`)."""
        if self.format is not Format.XLSX:
            return False
        with self.path.open("rb") as file:
            return is_template(file, self.name, TABLE)

    def lines(self) -> Iterator[Line]:
        """Numbered as in the file; blank ones are passed over. Raises InvalidRequest (`unreadable_file`)."""
        match self.format:
            case Format.NDJSON:
                return self._ndjson()
            case Format.CSV:
                return self._csv()
            case Format.XLSX:
                return self._xlsx()

    def _ndjson(self) -> Iterator[Line]:
        with self.path.open("rb") as file:
            for number, raw in self._numbered(file):
                body = (raw.removeprefix(_BOM) if number == 1 else raw).strip()
                if body:
                    yield self._json_line(number, body)

    def _json_line(self, number: int, body: bytes) -> Line:
        """The line itself, with what it lacks put in front: written anew, a figure such as 1.50 might change."""
        said = _object(body)
        if said is None:
            return Line(number, body, None)
        lacking = {name: value for name, value in self.defaults.items() if name not in said}
        if lacking:
            members = json.dumps(lacking, ensure_ascii=False).encode()[:-1]
            body = members + (b", " if said else b"") + body[1:]
        return Line(number, body, address(*({**lacking, **said}.get(name) for name in ADDRESS)))

    def _csv(self) -> Iterator[Line]:
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            try:
                delimiter = max(_DELIMITERS, key=file.readline(LONGEST_LINE).count)
                file.seek(0)
                yield from self._table(self._csv_rows(file, delimiter))
            except UnicodeDecodeError:
                raise self._unreadable(_NOT_UTF8) from None

    def _csv_rows(self, file: IO[str], delimiter: str) -> Iterator[tuple[int, Sequence[str]]]:
        """A row is numbered by the line on which it begins."""
        rows = csv.reader((line for _, line in self._numbered(file)), delimiter=delimiter, strict=True)
        begins = 1
        try:
            for row in rows:
                yield begins, row
                begins = rows.line_num + 1
        except csv.Error:
            raise self._unreadable(Label(f"dòng {begins} không phải là CSV", f"line {begins} is no CSV")) from None

    def _xlsx(self) -> Iterator[Line]:
        with first_sheet(self.path, self.name) as rows:
            yield from self._table(rows)

    def _table(self, rows: Iterator[tuple[int, Sequence[Any]]]) -> Iterator[Line]:
        _, header = next(rows, (0, ()))
        try:
            table = Table.under(header, self.defaults, self.numbers)
        except NoTable as wrong:
            raise self._unreadable(wrong.detail) from None
        yield from table.lines(rows)

    def _numbered(self, file: IO[AnyStr]) -> Iterator[tuple[int, AnyStr]]:
        number = 0
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise self._unreadable(Label(f"dòng {number} quá dài", f"line {number} is too long"))
            yield number, line

    def _unreadable(self, detail: Label) -> InvalidRequest:
        return InvalidRequest(Problem("unreadable_file", "", {"file": self.name, "detail": detail}))


def _object(body: bytes) -> Mapping[str, object] | None:
    """None for what is no JSON object: the interface says what is wrong with it."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None
