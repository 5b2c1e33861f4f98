"""A document as a .docx file. Sizes, margins and places are those of Decree 30/2020/NĐ-CP, Phụ lục I (`Paper`)."""

import io
from collections.abc import Iterable
from copy import deepcopy

import docx
from docx.document import Document as File
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.section import Section as Pages
from docx.shared import Mm, Pt
from docx.table import Table as Grid
from docx.table import _Cell, _Row
from docx.text.paragraph import Paragraph

from chitieu.domain.document import (
    COPIES,
    KIND,
    MOTTO,
    NATION_NAME,
    PAPER,
    Align,
    Appendix,
    Document,
    Table,
    printable,
    shown,
)

_WIDE = PAPER.width - PAPER.left - PAPER.right
_LEFT, _RIGHT = 66, _WIDE - 66
_ALIGNS = {Align.LEFT: ALIGN.LEFT, Align.CENTRE: ALIGN.CENTER, Align.RIGHT: ALIGN.RIGHT}
# Room for a signature and a seal.
_SIGNATURE = Mm(22)


def written(document: Document) -> bytes:
    file = docx.Document()
    _type(file)
    _portrait(file.sections[0])
    _head(file, document)
    _body(file, document)
    _foot(file, document)
    for heading, appendix in document.headed():
        _appendix(file, document, heading, appendix)
    file.core_properties.title = printable(" – ".join(document.subject))[:255]
    file.core_properties.author = ""
    held = io.BytesIO()
    file.save(held)
    return held.getvalue()


def _type(file: File) -> None:
    style = file.styles["Normal"]
    style.font.name, style.font.size = PAPER.font, Pt(PAPER.body)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for script in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
        fonts.set(qn(script), PAPER.font)
    style.paragraph_format.space_after = Pt(0)
    style.paragraph_format.line_spacing = 1.0


def _portrait(pages: Pages) -> None:
    pages.page_width, pages.page_height = Mm(PAPER.width), Mm(PAPER.height)
    _margins(pages)


def _across(pages: Pages) -> None:
    pages.orientation = WD_ORIENT.LANDSCAPE
    pages.page_width, pages.page_height = Mm(PAPER.height), Mm(PAPER.width)
    _margins(pages)


def _margins(pages: Pages) -> None:
    pages.top_margin, pages.bottom_margin = Mm(PAPER.top), Mm(PAPER.bottom)
    pages.left_margin, pages.right_margin = Mm(PAPER.left), Mm(PAPER.right)
    pages.header_distance = Mm(10)
    _numbered(pages)


def _numbered(pages: Pages) -> None:
    """Pages from 1 on in the middle of the upper margin, not on the first; anew in each appendix."""
    pages.different_first_page_header_footer = True
    pages.header.is_linked_to_previous = False
    line = pages.header.paragraphs[0]
    line.alignment = ALIGN.CENTER
    for kind, text in (("begin", None), (None, "PAGE"), ("end", None)):
        run = line.add_run()
        run.font.size = Pt(PAPER.number)
        mark = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            mark.set(qn("w:fldCharType"), kind)
        else:
            mark.text = text
        run._r.append(mark)
    start = OxmlElement("w:pgNumType")
    start.set(qn("w:start"), "1")
    pages._sectPr.append(start)


def _head(file: File, document: Document) -> None:
    """Components 2 and 3 on the left, 1 and 4 on the right."""
    row = _bare(file, (_LEFT, _RIGHT), 2)
    letterhead, (left, right) = document.letterhead, row.rows[0].cells
    if letterhead.upper:
        _line(left, letterhead.upper.upper(), PAPER.head)
    _line(left, letterhead.issuer.upper(), PAPER.head, bold=True)
    _rule(left, _LEFT * 3 // 10)
    _line(right, NATION_NAME, PAPER.head, bold=True)
    _line(right, MOTTO, PAPER.motto, bold=True)
    _rule(right, _RIGHT * 2 // 10)
    left, right = row.rows[1].cells
    _line(left, letterhead.number, PAPER.number)
    _line(right, letterhead.place, PAPER.number, italic=True)


def _body(file: File, document: Document) -> None:
    _line(file, "", PAPER.body)
    _line(file, KIND, PAPER.body, bold=True)
    for text in document.subject:
        _line(file, text, PAPER.body, bold=True)
    _rule(file, _WIDE * 4 // 10)
    _notice(file, document)
    _line(file, f"Kính gửi: {'; '.join(document.recipients)}", PAPER.body).paragraph_format.space_after = Pt(12)
    _text(file, document.opening)
    for section in document.sections:
        _text(file, section.title, bold=True)
        for paragraph in section.paragraphs:
            _text(file, paragraph)
    _text(file, document.closing)


def _foot(file: File, document: Document) -> None:
    """Component 9 on the left, 7 on the right."""
    _line(file, "", PAPER.body)
    [row] = _bare(file, (_WIDE // 2, _WIDE - _WIDE // 2), 1).rows
    left, right = row.cells
    _line(left, COPIES, PAPER.copies_title, ALIGN.LEFT, bold=True, italic=True)
    for text in document.copies:
        _line(left, text, PAPER.copies, ALIGN.LEFT)
    position, seal, name = document.signer
    _line(right, position, PAPER.body, bold=True)
    _line(right, seal, PAPER.body, italic=True).paragraph_format.space_after = _SIGNATURE
    _line(right, name, PAPER.body, bold=True)


def _appendix(file: File, document: Document, heading: str, appendix: Appendix) -> None:
    _across(file.add_section(WD_SECTION.NEW_PAGE))
    _line(file, heading, PAPER.body, bold=True)
    _line(file, appendix.title, PAPER.body, bold=True)
    _line(file, document.attached_to, PAPER.body, italic=True).paragraph_format.space_after = Pt(PAPER.after)
    _notice(file, document)
    _table(file, appendix.table)
    for note in appendix.notes:
        _line(file, note, PAPER.table, ALIGN.LEFT)


def _notice(file: File, document: Document) -> None:
    if document.notice:
        _line(file, document.notice, PAPER.body, bold=True).paragraph_format.space_after = Pt(PAPER.after)


def _table(file: File, table: Table) -> None:
    grid = file.add_table(2, len(table.columns), "Table Grid")
    _widths(grid, [column.width for column in table.columns])
    head, pattern = grid.rows
    _repeated(head)
    _whole(pattern)
    for column, title, below in zip(table.columns, head.cells, pattern.cells, strict=True):
        _line(title, column.title, PAPER.table, bold=True)
        _line(below, " ", PAPER.table, _ALIGNS[column.align])
    _fill(grid, pattern, table)


def _fill(grid: Grid, pattern: _Row, table: Table) -> None:
    """Rows are copies of one, with other words: made one by one, 300 of them take two seconds."""
    for cells in table.rows:
        row = deepcopy(pattern._tr)
        for place, cell in zip(row.iter(qn("w:t")), cells, strict=True):
            place.text = shown(cell)
        grid._tbl.append(row)
    grid._tbl.remove(pattern._tr)


def _bare(file: File, widths: Iterable[int], rows: int) -> Grid:
    """A table without lines: what stands side by side."""
    grid: Grid = file.add_table(rows, 2)
    _widths(grid, widths)
    return grid


def _widths(grid: Grid, widths: Iterable[int]) -> None:
    """Each cell has its width, for not every program goes by the columns'."""
    grid.autofit, grid.alignment = False, WD_TABLE_ALIGNMENT.CENTER
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = Mm(width)
    sizes = [column.width for column in grid.columns]
    for row in grid.rows:
        for cell, size in zip(row.cells, sizes, strict=True):
            cell.width = size


def _repeated(row: _Row) -> None:
    """Said again on each page."""
    row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def _whole(row: _Row) -> None:
    """Not broken between pages."""
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def _text(file: File, text: str, *, bold: bool = False) -> None:
    paragraph = _line(file, text, PAPER.body, ALIGN.JUSTIFY, bold=bold)
    paragraph.paragraph_format.first_line_indent = Mm(PAPER.indent)
    paragraph.paragraph_format.space_after = Pt(PAPER.after)


def _line(
    place: File | _Cell, text: str, size: int, align: ALIGN = ALIGN.CENTER, *, bold: bool = False, italic: bool = False
) -> Paragraph:
    """A cell has a first paragraph that is empty."""
    empty = isinstance(place, _Cell) and len(place.paragraphs) == 1 and not place.paragraphs[0].runs
    paragraph = place.paragraphs[0] if empty else place.add_paragraph()
    paragraph.alignment = align
    run = paragraph.add_run(printable(text))
    run.font.size, run.bold, run.italic = Pt(size), bold, italic
    return paragraph


def _rule(place: File | _Cell, indent: int) -> None:
    """A line below the text before it, so many millimetres shorter on either side."""
    paragraph = place.add_paragraph()
    paragraph.paragraph_format.left_indent = paragraph.paragraph_format.right_indent = Mm(indent)
    paragraph.paragraph_format.space_before, paragraph.paragraph_format.space_after = Pt(3), Pt(PAPER.after)
    paragraph.add_run().font.size = Pt(2)
    paragraph.paragraph_format.line_spacing = Pt(4)
    borders, top = OxmlElement("w:pBdr"), OxmlElement("w:top")
    for name, value in (("val", "single"), ("sz", "6"), ("space", "1"), ("color", "000000")):
        top.set(qn(f"w:{name}"), value)
    borders.append(top)
    paragraph._p.get_or_add_pPr().insert_element_before(
        borders, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc", "w:rPr"
    )
