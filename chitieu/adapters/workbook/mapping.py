"""The hidden sheet of a template: which report each sheet is, and which cell holds which field.

A filled template is understood by it alone. What it says came back from a stranger, so it is read as strictly as any
other input; whether the form, the period and the unit are real is judged where every report is.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from chitieu.adapters.spreadsheet import Cell, Row
from chitieu.adapters.workbook import MOST_REPORTS
from chitieu.domain.errors import ChitieuError, InvalidRequest

SHEET = "_chitieu"

_KIND, _LAYOUT = "chitieu template", "1"
_REPORT, _CELL = "report", "cell"
_REFERENCE = re.compile(r"[A-Z]{1,3}[1-9][0-9]{0,6}", re.ASCII)
_VERSION = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SheetReport:
    """A sheet and the report it is. `cells` pairs each cell to fill in with a name in the report's `values`."""

    sheet: str
    form: str
    version: int
    period: str
    unit: str
    cells: list[tuple[str, str]] = field(default_factory=list)


def rows_of(reports: Iterable[SheetReport]) -> Iterator[Sequence[str]]:
    """The hidden sheet, row by row, all of it text."""
    yield _KIND, _LAYOUT
    for one in reports:
        yield _REPORT, one.sheet, one.form, str(one.version), one.period, one.unit
        yield from ((_CELL, cell, name) for cell, name in one.cells)


def read(rows: Iterable[Row]) -> list[SheetReport]:
    """What `rows_of` wrote. Raises InvalidRequest (`not_a_template`) for anything else."""
    texts = ([_text(cell) for cell in row] for _, row in rows)
    if next(texts, [])[:2] != [_KIND, _LAYOUT]:
        raise not_a_template()
    found: list[SheetReport] = []
    for row in texts:
        match [one for one in row if one]:
            case [kind, sheet, form, version, period, unit] if kind == _REPORT and _VERSION.fullmatch(version):
                found.append(SheetReport(sheet, form, int(version), period, unit))
            case [kind, cell, name] if kind == _CELL and found and _REFERENCE.fullmatch(cell):
                found[-1].cells.append((cell, name))
            case []:
                continue
            case _:
                raise not_a_template()
    if not 0 < len({one.sheet for one in found}) == len(found) <= MOST_REPORTS:
        raise not_a_template()
    return found


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else str(cell)


def not_a_template() -> ChitieuError:
    """An InvalidRequest."""
    return InvalidRequest.of("not_a_template")
