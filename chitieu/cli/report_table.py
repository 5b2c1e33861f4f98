"""Rows of a table as reports: columns `form`, `period`, `unit`, and the form's field keys.

What a cell holds goes to the interface as it was written, which judges it; only how it is meant is decided here: a
number of Excel's is a number, text is Vietnamese (1.234,5) unless it is said to be English (1,234.5).
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from chitieu.adapters.spreadsheet import Cell
from chitieu.client.bulk import Line, address
from chitieu.domain.catalogue import Label

ADDRESS = ("form", "period", "unit")

_ENGLISH = re.compile(r"-?(?:[0-9]+|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.[0-9]+)?")
_LEADING_ZEROS = re.compile(r"(?<![0-9.])0+(?=[0-9])")

_EMPTY = Label("tệp không có dòng tiêu đề", "it has no header line")
_NO_UNIT = Label("dòng tiêu đề không có cột «unit»", "its header line has no column 'unit'")


class Numbers(StrEnum):
    """How numbers in text are written: 1.234,5 or 1,234.5."""

    VI = "vi"
    EN = "en"


class NoTable(Exception):
    """What is wrong with the header line."""

    def __init__(self, detail: Label) -> None:
        super().__init__(detail.en)
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Table:
    """`columns` as the header names them; `defaults` are members that a row may leave out."""

    columns: Sequence[str]
    defaults: Mapping[str, str]
    numbers: Numbers

    @classmethod
    def under(cls, header: Sequence[Cell], defaults: Mapping[str, str], numbers: Numbers) -> "Table":
        """Raises NoTable for a header line that leaves open what is meant."""
        columns = [str(cell).strip() for cell in header]
        named = [name for name in columns if name]
        if not named:
            raise NoTable(_EMPTY)
        for name in named:
            if named.count(name) > 1:
                raise NoTable(Label(f"cột «{name}» xuất hiện hai lần", f"the column '{name}' appears twice"))
        if "unit" not in named:
            raise NoTable(_NO_UNIT)
        return cls(columns, defaults, numbers)

    def lines(self, rows: Iterator[tuple[int, Sequence[Cell]]]) -> Iterator[Line]:
        """Empty rows are passed over."""
        for number, row in rows:
            cells = {self._column(at): cell for at, cell in enumerate(map(_stripped, row)) if cell != ""}
            if cells:
                yield self._line(number, cells)

    def _column(self, at: int) -> str:
        """A cell without a title is under one that no form has: the interface says so."""
        return (self.columns[at] if at < len(self.columns) else "") or f"column {at + 1}"

    def _line(self, number: int, cells: Mapping[str, Cell]) -> Line:
        said = {**self.defaults, **{name: _address_part(name, cells[name]) for name in ADDRESS if name in cells}}
        members = [f"{json.dumps(name)}: {json.dumps(part, ensure_ascii=False)}" for name, part in said.items()]
        values = [f"{json.dumps(key)}: {self._figure(cell)}" for key, cell in cells.items() if key not in ADDRESS]
        body = f'{{{", ".join(members)}, "values": {{{", ".join(values)}}}}}'
        return Line(number, body.encode(), address(*(said.get(name) for name in ADDRESS)))

    def _figure(self, cell: Cell) -> str:
        """As JSON. A float is Excel's; its shortest text is what was typed."""
        if isinstance(cell, str) and self.numbers is Numbers.EN and _ENGLISH.fullmatch(cell):
            return _LEADING_ZEROS.sub("", cell.replace(",", ""))
        if isinstance(cell, float) and math.isfinite(cell):
            return str(int(cell)) if cell.is_integer() else repr(cell)
        return json.dumps(cell if isinstance(cell, str | int) else str(cell), ensure_ascii=False)


def _stripped(cell: Cell) -> Cell:
    return cell.strip() if isinstance(cell, str) else cell


def _address_part(name: str, cell: Cell) -> str | int:
    """2024 is a period. A unit's code that is a number may have lost zeros: it stays one, which is refused."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return cell if name == "unit" and isinstance(cell, int) else str(cell)
