"""The template: a protected sheet for each unit, on which only the cells to fill in can be changed.

Every label and name is written as text, whatever it looks like; formulas stand in `formulas` and hold none of them.
"""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import xlsxwriter

from chitieu.adapters.workbook import formulas, mapping
from chitieu.adapters.workbook.layout import FIRST_ROW, Column, Layout, Line
from chitieu.adapters.workbook.mapping import SheetReport
from chitieu.domain.catalogue import Catalogue, Label
from chitieu.domain.form import Form
from chitieu.domain.fractions import exact_text
from chitieu.domain.period import Days, Period
from chitieu.domain.unit import Unit

# A figure, or a word in its place: "n/a", "1-5".
Said = Fraction | str

NOT_APPLICABLE = "n/a"

_LONGEST_SHEET_NAME = 31
_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\']")
_NEVER_GUESS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_WIDTHS = ((Column.NUMBER, 6), (Column.VI, 52), (Column.EN, 40), (Column.VALUE, 14), (Column.NOT_APPLICABLE, 14))
_MORE_WIDTHS = ((Column.BEFORE, 14), (Column.CHECK, 48))
_HELP = Label(
    "Chỉ ghi vào ô vàng. 0: không có; n/a: không áp dụng; để trống: chưa báo cáo.",
    "Fill in the yellow cells only. 0: there is none; n/a: not applicable; empty: not reported.",
)


@dataclass(frozen=True, slots=True)
class ToFill:
    """A unit's report of a period. `now` is what it says so far, `before` what the report of `earlier` said."""

    unit: Unit
    period: Period
    days: Days
    now: Mapping[str, Said]
    earlier: Period | None
    before: Mapping[str, Said]


def template(
    form: Form, catalogue: Catalogue, reports: Sequence[ToFill], notice: Label | None, created: datetime
) -> bytes:
    """The workbook's bytes. `notice` is what must be said beside figures."""
    layout, content = Layout(form, catalogue), io.BytesIO()
    with xlsxwriter.Workbook(content, _NEVER_GUESS) as book:
        book.set_properties({"title": form.label.vi, "created": created.replace(tzinfo=None)})
        looks = _Looks(book)
        maps = [_Sheet(book, looks, layout, at, one, notice).write() for at, one in enumerate(reports, 1)]
        _write_mapping(book, maps)
    return content.getvalue()


def _write_mapping(book: Any, maps: Sequence[SheetReport]) -> None:
    sheet = book.add_worksheet(mapping.SHEET)
    for at, row in enumerate(mapping.rows_of(maps)):
        for column, text in enumerate(row):
            sheet.write_string(at, column, text)
    sheet.protect()
    sheet.very_hidden()


class _Looks:
    """Formats, made once for a workbook."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._numbers: dict[tuple[int, bool], Any] = {}
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.plain = book.add_format({})
        self.notice = book.add_format({"bold": True, "font_color": "#9C0006"})
        box = {"border": 1, "valign": "top", "text_wrap": True}
        self.head = book.add_format({**box, "bold": True, "bg_color": "#E7E6E6"})
        self.element = book.add_format(box)
        self.option = book.add_format({**box, "indent": 2})
        self.check = book.add_format({**box, "bold": True, "font_color": "#9C0006"})

    def number(self, scale: int, *, filled_in: bool) -> Any:
        """Grouped, with the decimals of its element; cells to fill in are yellow, and not locked."""
        if (scale, filled_in) not in self._numbers:
            look: dict[str, object] = {"border": 1, "num_format": "#,##0" + ("." + "0" * scale if scale else "")}
            look |= {"locked": False, "bg_color": "#FFF9DB"} if filled_in else {"bg_color": "#F5F5F5"}
            self._numbers[scale, filled_in] = self._book.add_format(look)
        return self._numbers[scale, filled_in]


class _Sheet:
    """One report's sheet."""

    def __init__(self, book: Any, looks: _Looks, layout: Layout, at: int, report: ToFill, notice: Label | None) -> None:
        self._name = _sheet_name(at, report.unit)
        self._sheet = book.add_worksheet(self._name)
        self._looks, self._layout, self._report, self._notice = looks, layout, report, notice

    def write(self) -> SheetReport:
        self._set_up()
        self._head()
        for line in self._layout.lines:
            self._line(line)
        form, report = self._layout.form, self._report
        cells = list(self._layout.inputs())
        return SheetReport(self._name, form.id, form.version, str(report.period), report.unit.id, cells)

    def _set_up(self) -> None:
        sheet = self._sheet
        for column, width in (*_WIDTHS, *_MORE_WIDTHS):
            sheet.set_column(f"{column}:{column}", width)
        sheet.set_column(f"{Column.KEY}:{Column.KEY}", None, None, {"hidden": True})
        sheet.freeze_panes(FIRST_ROW - 1, 0)
        sheet.repeat_rows(FIRST_ROW - 2)
        sheet.set_paper(9)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.protect("", {"format_columns": True, "format_rows": True})
        sheet.ignore_errors({"number_stored_as_text": f"{Column.NUMBER}:{Column.KEY}"})

    def _head(self) -> None:
        report, form = self._report, self._layout.form
        first, last = (f"{day:%d/%m/%Y}" for day in (report.days.first, report.days.last))
        lines = [form.label.vi, form.label.en, f"{report.unit.name} ({report.unit.id})"]
        lines += [f"{report.period.vi} ({report.period}): {first} – {last}", _HELP.vi, _HELP.en]
        for row, text in enumerate(lines):
            self._sheet.write_string(row, 0, text, self._looks.plain if row else self._looks.title)
        if self._notice is not None:
            said = f"{self._notice.vi} / {self._notice.en}"
            self._sheet.write_string(len(lines), 0, said, self._looks.notice)
        for column, label in self._columns().items():
            self._sheet.write_string(f"{column}{FIRST_ROW - 1}", label, self._looks.head)

    def _columns(self) -> dict[Column, str]:
        before = "–" if self._report.earlier is None else str(self._report.earlier)
        return {
            Column.NUMBER: "STT",
            Column.VI: "Nội dung",
            Column.EN: "Item",
            Column.VALUE: f"Kỳ {self._report.period}",
            Column.NOT_APPLICABLE: "Không áp dụng / not applicable",
            Column.BEFORE: f"Kỳ trước / before: {before}",
            Column.CHECK: "Kiểm tra / check",
            Column.KEY: "key",
        }

    def _line(self, line: Line) -> None:
        sheet, looks = self._sheet, self._looks
        look = looks.element if line.heads else looks.option
        sheet.write_string(line.cell(Column.NUMBER), line.number, look)
        sheet.write_string(line.cell(Column.VI), line.label.vi, look)
        sheet.write_string(line.cell(Column.EN), line.label.en, look)
        sheet.write_string(line.cell(Column.KEY), line.name)
        self._figures(line)
        self._not_applicable(line)
        check = formulas.check(self._layout, line)
        if check is None:
            sheet.write_blank(line.cell(Column.CHECK), None, looks.check)
        else:
            sheet.write_formula(line.cell(Column.CHECK), check, looks.check, "")

    def _figures(self, line: Line) -> None:
        cell, scale = line.cell(Column.VALUE), line.asked.scale
        self._write(line.cell(Column.BEFORE), self._report.before.get(line.name), self._locked(scale))
        if line.field is None:
            self._sheet.write_formula(cell, formulas.total(self._layout, line.asked), self._locked(scale), "")
            return
        self._write(cell, self._report.now.get(line.name), self._looks.number(scale, filled_in=True))
        most = exact_text(Fraction(line.field.maximum, 10**scale))
        said = (
            f"Số từ 0 đến {most}, tối đa {scale} chữ số thập phân, không lớn hơn tổng, hoặc n/a. / "
            f"0 to {most}, at most {scale} decimals, not above the whole, or n/a."
        )
        rule = formulas.allowed(self._layout, line)
        self._sheet.data_validation(cell, {"validate": "custom", "value": rule, "error_message": said})

    def _not_applicable(self, line: Line) -> None:
        cell = line.cell(Column.NOT_APPLICABLE)
        if not line.heads:
            self._sheet.write_blank(cell, None, self._locked(0))
            return
        self._sheet.write_blank(cell, None, self._looks.number(0, filled_in=True))
        self._sheet.data_validation(cell, {"validate": "list", "source": [NOT_APPLICABLE]})

    def _locked(self, scale: int) -> Any:
        return self._looks.number(scale, filled_in=False)

    def _write(self, cell: str, said: Said | None, look: Any) -> None:
        if said is None:
            self._sheet.write_blank(cell, None, look)
        elif isinstance(said, str):
            self._sheet.write_string(cell, said, look)
        else:
            self._sheet.write_number(cell, Decimal(exact_text(said)), look)


def _sheet_name(at: int, unit: Unit) -> str:
    """Begins with a number, which makes it the only one; without what Excel allows in no name."""
    plain = _NOT_IN_SHEET_NAMES.sub(" ", f"{at}. {unit.code} {unit.name}")
    return plain[:_LONGEST_SHEET_NAME].strip()
