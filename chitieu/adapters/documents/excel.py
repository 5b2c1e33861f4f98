"""A document as an .xlsx workbook: the report on one sheet, each appendix on a sheet of its own.

Numbers stay numbers, shown in the Vietnamese way. All else is written as text: nothing in it is ever a formula.
"""

import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from chitieu.domain.document import (
    COPIES,
    KIND,
    MOTTO,
    NATION_NAME,
    PAPER,
    Appendix,
    Cell,
    Column,
    Document,
    Figure,
    printable,
    shown,
)

_A4 = 9
_INCH = 25.4
# A column's width is counted in digits of the default font; one is about so many millimetres.
_DIGIT = 2.1
# The separators of Viet Nam's locale, where the program follows a format's locale.
_LOCALE = "[$-42A]"
_LONGEST = 32_767
# The report's sheet: twelve columns, of which the left five are the letterhead's.
_COLUMNS, _LEFT = 12, 5
_LINE = 18
# A line of a table in points, and the width of a letter there in millimetres, words' ends wasted.
_TABLE_LINE, _LETTER = 16, 2.1


def written(document: Document) -> bytes:
    held = io.BytesIO()
    with Workbook(held, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"title": printable(" – ".join(document.subject))[:255]})
        styles = _Styles(book)
        _Report(book.add_worksheet("Báo cáo"), styles).write(document)
        for heading, appendix in document.headed():
            _appendix(book.add_worksheet(heading), styles, document, heading, appendix)
    return held.getvalue()


class _Styles:
    """Formats by what they are made of, each made once."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._made: dict[tuple[tuple[str, object], ...], Format] = {}

    def of(self, size: int, **more: object) -> Format:
        wanted: Mapping[str, Any] = {"font_name": PAPER.font, "font_size": size, "text_wrap": True, **more}
        key = tuple(sorted(wanted.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format({"valign": "top", **wanted})
        return self._made[key]


class _Report:
    """Lines below one another, each across some of the columns."""

    def __init__(self, sheet: Worksheet, styles: _Styles) -> None:
        self._sheet, self._styles, self._row = sheet, styles, 0
        width = PAPER.width - PAPER.left - PAPER.right
        sheet.set_column(0, _COLUMNS - 1, width / _COLUMNS / _DIGIT)
        _paper(sheet)

    def write(self, document: Document) -> None:
        self._head(document)
        self._line(KIND, PAPER.body, bold=True)
        for text in document.subject:
            self._line(text, PAPER.body, bold=True)
        if document.notice:
            self._line(document.notice, PAPER.body, bold=True)
        self._line(f"Kính gửi: {'; '.join(document.recipients)}", PAPER.body)
        self._text(document.opening)
        for section in document.sections:
            self._text(section.title, bold=True)
            for paragraph in section.paragraphs:
                self._text(paragraph)
        self._text(document.closing)
        self._foot(document)

    def _head(self, document: Document) -> None:
        letterhead = document.letterhead
        self._pair(letterhead.upper.upper(), NATION_NAME, PAPER.head, {}, {"bold": True})
        self._pair(letterhead.issuer.upper(), MOTTO, PAPER.head, {"bold": True}, {"bold": True})
        self._pair(letterhead.number, letterhead.place, PAPER.number, {}, {"italic": True})
        self._row += 1

    def _foot(self, document: Document) -> None:
        self._row += 1
        copies, (position, seal, name) = document.copies, document.signer
        left, bold = {"align": "left"}, {"bold": True}
        self._pair(COPIES, position, PAPER.copies_title, {**left, "bold": True, "italic": True}, bold)
        for at, text in enumerate(copies):
            self._pair(text, seal if at == 0 else "", PAPER.copies, left, {"italic": True})
        self._row += 3
        self._pair("", name, PAPER.body, {}, bold)

    def _pair(self, left: str, right: str, size: int, on_left: Mapping[str, Any], on_right: Mapping[str, Any]) -> None:
        for first, last, text, more in ((0, _LEFT - 1, left, on_left), (_LEFT, _COLUMNS - 1, right, on_right)):
            self._merged(first, last, text, self._styles.of(size, **{"align": "center", **more}))
        longest = max(len(left) / _LEFT, len(right) / (_COLUMNS - _LEFT)) * _COLUMNS
        self._high(longest, size)

    def _line(self, text: str, size: int, **more: Any) -> None:
        self._merged(0, _COLUMNS - 1, text, self._styles.of(size, align="center", **more))
        self._high(len(text), size)

    def _text(self, text: str, **more: Any) -> None:
        self._merged(0, _COLUMNS - 1, text, self._styles.of(PAPER.number, align="justify", **more))
        self._high(len(text), PAPER.number)

    def _merged(self, first: int, last: int, text: str, style: Format) -> None:
        self._sheet.merge_range(self._row, first, self._row, last, "", style)
        _write_text(self._sheet, self._row, first, text, style)

    def _high(self, letters: float, size: int) -> None:
        """Merged cells don't grow by themselves: some 80 letters of 13 points fill a line of the page."""
        lines = 1 + int(letters * size // (80 * 13))
        self._sheet.set_row(self._row, lines * _LINE)
        self._row += 1


def _appendix(sheet: Worksheet, styles: _Styles, document: Document, heading: str, appendix: Appendix) -> None:
    columns = appendix.table.columns
    _paper(sheet, across=True)
    top = [heading, appendix.title, document.attached_to, *([document.notice] if document.notice else [])]
    for row, text in enumerate(top):
        style = styles.of(PAPER.number, align="center", bold=text != document.attached_to, text_wrap=False)
        sheet.merge_range(row, 0, row, len(columns) - 1, "", style)
        _write_text(sheet, row, 0, text, style)
    first = len(top) + 1
    for at, column in enumerate(columns):
        sheet.set_column(at, at, column.width / _DIGIT)
        _write_text(sheet, first, at, column.title, styles.of(PAPER.table, align="center", bold=True, border=1))
    sheet.set_row(first, _TABLE_LINE * _lines([column.title for column in columns], columns))
    for row, cells in enumerate(appendix.table.rows, first + 1):
        sheet.set_row(row, _TABLE_LINE * _lines(cells, columns))
        for at, (cell, column) in enumerate(zip(cells, columns, strict=True)):
            _write_cell(sheet, row, at, cell, styles, {"border": 1, "align": column.align.value})
    sheet.repeat_rows(first)
    sheet.freeze_panes(first + 1, 0)
    for row, note in enumerate(appendix.notes, first + len(appendix.table.rows) + 2):
        _write_text(sheet, row, 0, note, styles.of(PAPER.table, text_wrap=False))


def _lines(cells: Sequence[Cell], columns: Sequence[Column]) -> int:
    """Lines that a row takes: not every program grows rows by what is in them."""
    return max(1 + int(len(shown(cell)) * _LETTER // column.width) for cell, column in zip(cells, columns, strict=True))


def _paper(sheet: Worksheet, *, across: bool = False) -> None:
    sheet.set_paper(_A4)
    if across:
        sheet.set_landscape()
    sheet.set_margins(PAPER.left / _INCH, PAPER.right / _INCH, PAPER.top / _INCH, PAPER.bottom / _INCH)
    sheet.fit_to_pages(1, 0)
    sheet.set_header(f'&C&"{PAPER.font}"&{PAPER.number}&P')
    sheet.set_start_page(1)
    sheet.hide_gridlines()


def _write_cell(sheet: Worksheet, row: int, column: int, cell: Cell, styles: _Styles, look: Mapping[str, Any]) -> None:
    if isinstance(cell, Figure):
        digits = len(cell.text.partition(".")[2])
        shape = f"{_LOCALE}#,##0" + (f".{'0' * digits}" if digits else "")
        sheet.write_number(row, column, Decimal(cell.text), styles.of(PAPER.table, num_format=shape, **look))
    else:
        _write_text(sheet, row, column, cell, styles.of(PAPER.table, **look))


def _write_text(sheet: Worksheet, row: int, column: int, text: str, style: Format) -> None:
    sheet.write_string(row, column, printable(text)[:_LONGEST], style)
