"""A form as an Excel template: whatever may be reported can be filled in and is read back as it was typed."""

import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.adapters.programmes.directory import read as programmes
from chitieu.adapters.programmes.release import build_release
from chitieu.adapters.workbook import formulas
from chitieu.adapters.workbook.layout import Column, Layout, Line
from chitieu.adapters.workbook.reading import FilledReport, filled
from chitieu.adapters.workbook.writing import Said, ToFill, template
from chitieu.domain.catalogue import Catalogue, Label
from chitieu.domain.errors import InvalidReport
from chitieu.domain.figure import NotAFigure, read_figure
from chitieu.domain.form import Field, Form
from chitieu.domain.period import Days, Period
from chitieu.domain.report import ReportValidator
from tests.support.sheet_formulas import shown
from tests.support.spreadsheet_program import Typed, filled_in
from tests.unit.commune_release import CATALOGUE, SECOND, UNITS

PERIOD, DAYS = Period.parse("2024S1"), Days(date(2023, 12, 15), date(2024, 6, 14))
NOW = datetime(2024, 7, 1, tzinfo=UTC)
COMMUNE = UNITS[4]
EMPTY = ToFill(COMMUNE, PERIOD, DAYS, {}, None, {})
LAYOUT = Layout(SECOND, CATALOGUE)
CELLS = {name: cell for cell, name in reversed(list(LAYOUT.inputs()))}
Cells = dict[str, Decimal | str]
ASKED = [field for field in SECOND.fields if not field.retired]


def book(*reports: ToFill, form: Form = SECOND, catalogue: Catalogue = CATALOGUE) -> bytes:
    return template(form, catalogue, reports or [EMPTY], None, NOW)


def read(content: bytes) -> list[FilledReport]:
    return filled(io.BytesIO(content), "the workbook")


def formulas_of(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        sheets = [parts.read(name).decode() for name in parts.namelist() if "worksheets/" in name]
    return [one for sheet in sheets for one in re.findall(r"<f>.*?</f>|<formula1>.*?</formula1>", sheet)]


def figures(field: Field) -> st.SearchStrategy[Said]:
    whole = st.integers(0, field.maximum).map(lambda n: Fraction(n, 10**field.scale))
    return st.one_of(whole, st.just("n/a"))


def typed(said: Said) -> Typed:
    if isinstance(said, str):
        return said
    return said.numerator if said.denominator == 1 else float(said)


values = st.fixed_dictionaries({}, optional={field.key: figures(field) for field in ASKED})


@given(now=values, later=values)
def test_whatever_stands_in_a_template_and_is_typed_into_it_is_read_back(
    now: dict[str, Said], later: dict[str, Said]
) -> None:
    content = filled_in(book(replace(EMPTY, now=now)), {CELLS[key]: typed(said) for key, said in later.items()})
    (found,) = read(content)
    assert found.problems == ()
    assert (found.report.form, found.report.version, found.report.period) == ("xa", 2, "2024S1")
    assert found.report.unit == COMMUNE.id
    assert found.values.keys() == (now | later).keys()
    for key, said in (now | later).items():
        field = next(field for field in ASKED if field.key == key)
        raw = found.values[key]
        if isinstance(said, str):
            assert raw == said
        else:
            assert read_figure(raw, field.scale, field.maximum) == said * 10**field.scale
        assert found.cells[key] == CELLS[key]


def numbers(said: dict[str, Said]) -> Cells:
    return {CELLS[key]: one if isinstance(one, str) else decimal(one) for key, one in said.items()}


def decimal(one: Fraction) -> Decimal:
    return Decimal(one.numerator) / one.denominator


def totals(there: Cells) -> Cells:
    asked = [line for line in LAYOUT.lines if line.field is None]
    return {line.cell(Column.VALUE): shown(formulas.total(LAYOUT, line.asked), there) for line in asked}


@given(values)
def test_the_checks_of_a_sheet_speak_up_exactly_when_the_service_would(said: dict[str, Said]) -> None:
    there = numbers(said)
    there |= totals(there)
    checks = [check for line in LAYOUT.lines if (check := formulas.check(LAYOUT, line)) is not None]
    told = [words for check in checks if (words := shown(check, there))]
    values = {key: one if isinstance(one, str) else decimal(one) for key, one in said.items()}
    try:
        ReportValidator(SECOND, CATALOGUE).validate(values)
    except InvalidReport as invalid:
        assert bool(told) == any(problem.code != "empty_report" for problem in invalid.problems)
    else:
        assert told == []


INPUTS = [line for line in LAYOUT.lines if line.field is not None]


@given(st.sampled_from(INPUTS), st.one_of(st.just("n/a"), st.just("x"), st.integers(-20, 10**8)), values)
def test_a_cell_takes_what_its_field_takes_beside_the_others(
    line: Line, hundredths: int | str, said: dict[str, Said]
) -> None:
    mine = hundredths if isinstance(hundredths, str) else Decimal(hundredths) / 100
    there = {**numbers(said), line.cell(Column.VALUE): mine}
    there |= totals(there)
    assert shown(formulas.allowed(LAYOUT, line), there) is (mine == "n/a" or taken(line, mine, there))


def taken(line: Line, mine: Decimal | str, there: Cells) -> bool:
    """By the field's own bounds, and by what it is a part of, as far as that is known."""
    assert line.field is not None
    try:
        read_figure(mine if isinstance(mine, Decimal) else "x", line.field.scale, line.field.maximum)
    except NotAFigure:
        return False
    wholes = {"labour.m": ["children.m"], "labour.f": ["children.f"], "hazardous": ["labour"]}
    known = [there.get(LAYOUT.figure(whole)) for whole in wholes.get(line.name, WHOLES.get(line.name, []))]
    return all(mine <= one for one in known if isinstance(one, Decimal) and isinstance(mine, Decimal))


WHOLES = {"parents_informed": ["parents"]}


def test_formulas_are_made_of_cells_and_numbers_whatever_labels_and_names_look_like() -> None:
    evil = Label('=HYPERLINK("http://x")', "@SUM(A1)")
    elements = {id_: replace(one, label=evil) for id_, one in CATALOGUE.elements.items()}
    sex = replace(CATALOGUE.breakdowns["sex"], options={"m": evil, "f": evil})
    catalogue = replace(CATALOGUE, elements=elements, breakdowns={"sex": sex})
    unit = replace(COMMUNE, name="=cmd|'/c calc'!A1")
    content = book(replace(EMPTY, unit=unit), form=replace(SECOND, label=evil), catalogue=catalogue)
    assert formulas_of(content) == formulas_of(book())
    (found,) = read(content)
    assert found.report.unit == unit.id


def test_only_cells_to_fill_in_can_be_changed_and_the_hidden_sheet_not_at_all() -> None:
    with zipfile.ZipFile(io.BytesIO(book())) as parts:
        sheet, hidden = (parts.read(f"xl/worksheets/sheet{n}.xml").decode() for n in (1, 2))
        looks = re.search(r"<cellXfs.*?</cellXfs>", parts.read("xl/styles.xml").decode(), re.DOTALL)
        assert 'state="veryHidden"' in parts.read("xl/workbook.xml").decode()
    assert looks is not None
    unlocked = {n for n, look in enumerate(re.findall(r"<xf .*?(?:/>|</xf>)", looks[0])) if 'locked="0"' in look}
    styled = {cell: int(style) for cell, style in re.findall(r'<c r="(\w+)" s="(\d+)"', sheet)}
    assert {cell for cell, style in styled.items() if style in unlocked} == {cell for cell, _ in LAYOUT.inputs()}
    assert all("<sheetProtection " in one for one in (sheet, hidden))


def test_options_of_a_part_may_not_add_up_to_more_than_a_whole_without_them() -> None:
    elements = {**CATALOGUE.elements, "labour": replace(CATALOGUE.elements["labour"], part_of=("parents",))}
    layout = Layout(SECOND, replace(CATALOGUE, elements=elements))
    rule = formulas.allowed(layout, next(line for line in layout.lines if line.name == "labour.f"))
    there: Cells = {CELLS["labour.m"]: Decimal(3), CELLS["labour.f"]: Decimal(4), CELLS["parents"]: Decimal(7)}
    assert shown(rule, there) is True
    assert shown(rule, {**there, CELLS["parents"]: Decimal(6)}) is False
    assert shown(rule, {**there, CELLS["parents"]: "n/a"}) is True


def test_every_real_form_fits_a_sheet() -> None:
    """Excel takes no longer check; the library warns of what Excel doesn't take, which fails here."""
    release = build_release(1, programmes(Path(__file__).parents[2] / "programmes")[0])
    for form in release.forms.values():
        layout = Layout(form, release.catalogue)
        assert len(read(book(form=form, catalogue=release.catalogue))) == 1
        assert sum(line.field is not None for line in layout.lines) == sum(not one.retired for one in form.fields)
        for line in layout.lines:
            assert line.field is None or len(formulas.allowed(layout, line)) <= 255


def test_what_the_unit_said_before_stands_beside_and_is_not_sent() -> None:
    content = book(replace(EMPTY, earlier=Period.parse("2023S2"), before={"parents": Fraction(7), "budget": "1-5"}))
    assert b"<v>7</v>" in zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
    (found,) = read(content)
    assert found.values == {}


def test_several_units_have_a_sheet_each_and_those_nobody_wrote_on_are_passed_over() -> None:
    content = book(EMPTY, replace(EMPTY, unit=UNITS[9]), replace(EMPTY, unit=UNITS[6]))
    assert [one.report.unit for one in read(content)] == [COMMUNE.id]
    filled_ = filled_in(content, {CELLS["parents"]: 3}, sheet=3)
    assert [(one.report.unit, one.values) for one in read(filled_)] == [(UNITS[6].id, {"parents": 3})]


@pytest.mark.parametrize("name", ["Xã 'A' [B]: C/D?*\\", "x" * 60, "X" * 60])
def test_any_unit_has_a_sheet_name_that_excel_takes(name: str) -> None:
    reports = [replace(EMPTY, unit=replace(COMMUNE, name=name)) for _ in range(3)]
    sheets = {one.report.sheet for one in read(filled_in(book(*reports), {CELLS["parents"]: 1}, sheet=2))}
    (sheet,) = sheets
    assert len(sheet) <= 31 and not set(sheet) & set("[]:*?/\\'")
