"""Which cells of a sheet hold formulas: the library that reads cells gives only what they last came to."""

import posixpath
import re
import zipfile
from dataclasses import dataclass, field

from chitieu.adapters.spreadsheet import column_number, local, parse

_WORKBOOK, _RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_PLACE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})", re.ASCII)
# A formula for a range; no honest sheet has more of them.
_MOST_RANGES = 1_000


@dataclass(slots=True)
class FormulaCells:
    """Cells by themselves (column and row), and ranges (left, top, right, bottom) that one formula fills."""

    cells: set[tuple[int, int]] = field(default_factory=set)
    ranges: list[tuple[int, int, int, int]] = field(default_factory=list)

    def __contains__(self, cell: str) -> bool:
        column, row = at = place(cell)
        return at in self.cells or any(
            left <= column <= right and top <= row <= bottom for left, top, right, bottom in self.ranges
        )


class Formulas:
    """Of all sheets of a workbook. Raises ValueError or LookupError for one that makes no sense."""

    def __init__(self, parts: zipfile.ZipFile) -> None:
        relations = _read(parts, _WORKBOOK, "sheet", "name", "id")
        targets = _read(parts, _RELATIONS, "Relationship", "Id", "Target")
        self._parts = parts
        self._names = {sheet: _full_name(targets[relation]) for sheet, relation in relations.items()}
        if len(set(self._names.values())) < len(self._names):
            raise ValueError("sheets that share a part: it would be read over and over")

    def of(self, sheet: str) -> FormulaCells:
        """Of the sheet with a name."""
        reader = _Sheet()
        parse(self._parts, self._names[sheet], reader)
        return reader.found


def _full_name(target: str) -> str:
    """Of a part that the workbook's relations name, from where they stand or from the top."""
    return posixpath.normpath(posixpath.join("/xl", target)).removeprefix("/")


def _read(parts: zipfile.ZipFile, name: str, element: str, key: str, value: str) -> dict[str, str]:
    reader = _Pairs(element, key, value)
    parse(parts, name, reader)
    return reader.found


class _Pairs:
    """Two attributes of every element of a name, the second by the first."""

    def __init__(self, element: str, key: str, value: str) -> None:
        self.found: dict[str, str] = {}
        self._element, self._key, self._value = element, key, value

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if local(name) == self._element:
            said = {local(one): text for one, text in attributes.items()}
            self.found[said[self._key]] = said[self._value]

    def text(self, text: str) -> None: ...

    def end(self, name: str) -> None: ...


class _Sheet:
    """Hears a sheet's part. Cells and rows may leave out where they stand: then they follow the one before."""

    def __init__(self) -> None:
        self.found = FormulaCells()
        self._row = self._column = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        match local(name):
            case "row":
                self._row, self._column = int(attributes.get("r", self._row + 1)), 0
            case "c":
                at = attributes.get("r")
                self._column, self._row = (self._column + 1, self._row) if at is None else place(at)
            case "f":
                self._formula(attributes)

    def text(self, text: str) -> None: ...

    def end(self, name: str) -> None: ...

    def _formula(self, attributes: dict[str, str]) -> None:
        self.found.cells.add((self._column, self._row))
        first, _, last = attributes.get("ref", "").partition(":")
        if last:
            self.found.ranges.append((*place(first), *place(last)))
        if len(self.found.ranges) > _MOST_RANGES:
            raise ValueError("more formulas for ranges than any sheet needs")


def place(cell: str) -> tuple[int, int]:
    """Column and row, from 1."""
    found = _PLACE.fullmatch(cell)
    if found is None:
        raise ValueError(cell)
    return column_number(found[1]), int(found[2])
