"""A filled template: what each sheet says, and in which cell it says it. Nothing is guessed, and nothing computed.

A formula where a figure is asked is refused: what it last came to may be old, or another book's.
"""

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import IO

from python_calamine import CalamineWorkbook

from chitieu.adapters.spreadsheet import Cell, Limits, reading, rows
from chitieu.adapters.workbook import mapping
from chitieu.adapters.workbook.formula_cells import FormulaCells, Formulas, place
from chitieu.adapters.workbook.layout import Column
from chitieu.adapters.workbook.mapping import SheetReport, not_a_template
from chitieu.domain.address import member_pointer, shown
from chitieu.domain.catalogue import Label
from chitieu.domain.errors import Place, Problem

# Some times what a template of the largest form comes to with all its sheets; read in less than a second.
LIMITS = Limits(2**20, 4 * 2**20, 200, 200_000, 20_000, 2 * 2**20)
# A sheet of ten thousand changed cells is not answered with as many sentences.
_MOST_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class FilledReport:
    """A sheet's report. `values` are as typed, by their names; `cells` says where each name is, or would be, said.

    `problems` are those of the sheet itself.
    """

    report: SheetReport
    values: Mapping[str, object]
    cells: Mapping[str, str]
    problems: tuple[Problem, ...]

    def placed(self, problem: Problem) -> Problem:
        """The same, with the sheet and the cell that its pointer leads to, unless it says them itself."""
        if problem.place is not None:
            return problem
        at = {member_pointer("values", name): cell for name, cell in self.cells.items()}
        return replace(problem, place=Place(self.report.sheet, at.get(problem.pointer)))


def is_template(file: IO[bytes], name: str | Label, limits: Limits) -> bool:
    """Has a workbook the hidden sheet of a template? Raises InvalidRequest (`unreadable_file`)."""
    return reading(file, name, limits, lambda book, _: mapping.SHEET in book.sheet_names)


def filled(file: IO[bytes], name: str | Label) -> list[FilledReport]:
    """What the sheets of a template say, in their order. Sheets that nobody wrote on are left out, but for the first.

    Raises InvalidRequest: `unreadable_file`, or `not_a_template`.
    """
    found = reading(file, name, LIMITS, _reports)
    return [one for one in found if one.values or one.problems] or found[:1]


def _reports(book: CalamineWorkbook, parts: zipfile.ZipFile) -> list[FilledReport]:
    names = set(book.sheet_names)
    if mapping.SHEET not in names:
        raise not_a_template()
    reports = mapping.read(rows(book.get_sheet_by_name(mapping.SHEET)))
    if not names.issuperset(one.sheet for one in reports):
        raise not_a_template()
    formulas = Formulas(parts)
    return [_report(one, _cells(book, one), formulas.of(one.sheet)) for one in reports]


def _cells(book: CalamineWorkbook, report: SheetReport) -> Mapping[str, Cell]:
    """What stands in the cells to fill in, and in the hidden column beside them."""
    wanted: dict[int, list[tuple[int, str]]] = {}
    for cell in {one for asked, _ in report.cells for one in (asked, _key_cell(asked))}:
        column, number = place(cell)
        wanted.setdefault(number, []).append((column, cell))
    found = {}
    for number, row in rows(book.get_sheet_by_name(report.sheet)):
        for column, cell in wanted.get(number, ()):
            if column <= len(row) and row[column - 1] != "":
                found[cell] = row[column - 1]
    return found


def _key_cell(cell: str) -> str:
    return f"{Column.KEY}{place(cell)[1]}"


def _report(report: SheetReport, there: Mapping[str, Cell], computed: FormulaCells) -> FilledReport:
    values: dict[str, object] = {}
    cells: dict[str, str] = {}
    problems: list[Problem] = []
    for cell, name in report.cells:
        said = _said(there.get(cell, ""))
        cells.setdefault(name, cell)
        for code, params in _wrong(cell, name, said, there, computed, values):
            problems.append(Problem(code, member_pointer("values", name), params, Place(report.sheet, cell)))
        if said is not None and name not in values:
            values[name], cells[name] = said, cell
    return FilledReport(report, values, cells, tuple(problems[:_MOST_PROBLEMS]))


def _wrong(
    cell: str, name: str, said: object, there: Mapping[str, Cell], computed: FormulaCells, values: Iterable[str]
) -> Iterator[tuple[str, dict[str, object]]]:
    if there.get(_key_cell(cell)) != name:
        yield "template_changed", {"field": shown(name)}
    if cell in computed:
        yield "formula_in_cell", {}
    elif said is not None and name in values:
        yield "repeated_member", {"member": shown(name)}


def _said(cell: Cell) -> object:
    """None for an empty cell. Excel knows no integers: a whole number is one."""
    if isinstance(cell, str):
        return cell.strip() or None
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell
