"""Printed reports read back: the tables of a page, a Word document or a workbook, as they are read on paper."""

import io
from html.parser import HTMLParser

import docx
from python_calamine import CalamineWorkbook

from chitieu.domain.fractions import vietnamese


class Cells(HTMLParser):
    """The rows of a page's tables, and all of its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "tr":
            self.rows.append([])
        self._inside = tag in ("td", "th")
        if self._inside:
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.rows[-1][-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag not in ("td", "th")


def rows(suffix: str, body: bytes) -> list[list[str]]:
    """The rows of all tables with more than two columns, as they are read on paper."""
    if suffix == "html":
        return Cells(body.decode()).rows
    if suffix == "docx":
        tables = docx.Document(io.BytesIO(body)).tables
        return [[one.text for one in row.cells] for table in tables for row in table.rows if len(row.cells) > 2]
    _, *appendices = sheets(body).values()
    return [row for sheet in appendices for row in sheet]


def sheets(body: bytes) -> dict[str, list[list[str]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(body))
    return {
        name: [[on_paper(one) for one in row] for row in book.get_sheet_by_name(name).iter_rows()]
        for name in book.sheet_names
    }


def on_paper(value: object) -> str:
    """A number as its format shows it in a Vietnamese program: one decimal at least, whole numbers of rows aside."""
    return vietnamese(repr(value)) if isinstance(value, float) else str(value)
