"""Tables as files: what each format says of a cell, and that nothing typed becomes a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import gettempdir

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from chitieu.adapters.parquet_file import ParquetFile
from chitieu.adapters.table_files import Column, CsvFile, ExcelFile, Hidden, Kind, Row, TableFile
from chitieu.domain.catalogue import Label

COLUMNS = [
    Column("code", Label("Mã", "Code")),
    Column("units", Label("Số đơn vị", "Units"), Kind.INTEGER),
    Column("value", Label("Giá trị", "Value"), Kind.DECIMAL, hidable=True),
    Column("exact", Label("Chính xác", "Exact"), Kind.EXACT, hidable=True),
    Column("final", Label("Chính thức", "Final"), Kind.BOOLEAN),
    Column("due", Label("Hạn", "Due"), Kind.DATE),
]
ROW: Row = ["06613", 12, Decimal("76.2"), "14839100/194657", True, date(2025, 12, 31)]
HIDDEN: Row = ["00001", 0, Hidden("1-5"), Hidden("1-5"), False, None]
NOTHING: Row = [None] * 6


def written(file: TableFile, *blocks: Iterable[Row]) -> bytes:
    try:
        return b"".join([chunk for block in blocks for chunk in file.write(block)] + list(file.close()))
    finally:
        file.discard()


def in_csv(*rows: Row, columns: Sequence[Column] = COLUMNS, language: int = 0) -> str:
    return written(CsvFile(columns, language), rows).decode()


def in_excel(*rows: Row) -> CalamineWorkbook:
    remarks = {"as_of": "=2024"}
    return CalamineWorkbook.from_filelike(io.BytesIO(written(ExcelFile(COLUMNS, 1, remarks), rows)))


def test_csv_has_a_byte_order_mark_names_in_the_language_and_plain_numbers() -> None:
    assert in_csv(ROW, HIDDEN, NOTHING) == (
        "\ufeffMã,Số đơn vị,Giá trị,Chính xác,Chính thức,Hạn\r\n"
        "06613,12,76.2,14839100/194657,true,2025-12-31\r\n"
        "00001,0,1-5,1-5,false,\r\n"
        ",,,,,\r\n"
    )
    assert in_csv(language=1) == "\ufeffCode,Units,Value,Exact,Final,Due\r\n"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_a_text_that_begins_like_a_formula_is_preceded_by_an_apostrophe(text: str) -> None:
    told = list(csv.reader(io.StringIO(in_csv([text, *NOTHING[1:]]), newline="")))
    assert told[1][0] == f"'{text}"


def test_a_number_below_0_is_a_number() -> None:
    told = list(csv.reader(io.StringIO(in_csv([None, -3, Decimal("-4.5"), "-9/2", None, None]))))
    assert told[1][1:4] == ["-3", "-4.5", "-9/2"]


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2)))
def test_whatever_is_written_is_read_back(rows: list[list[str]]) -> None:
    """Quotes, commas, line ends in texts; only what begins like a formula has its apostrophe."""
    columns = [Column("a", Label("a", "a")), Column("b", Label("b", "b"))]
    text = in_csv(*rows, columns=columns)
    told = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))[1:]
    like = ("=", "+", "-", "@", "\t", "\r", "\n")
    assert told == [[f"'{cell}" if cell.startswith(like) else cell for cell in row] for row in rows]


def test_excel_has_codes_as_text_numbers_as_numbers_and_a_sheet_of_remarks() -> None:
    book = in_excel(ROW, ["=1+1", 1, Hidden("1-5"), "-9/2", False, None])
    assert book.sheet_names == ["Figures", "Remarks"]
    assert book.get_sheet_by_name("Figures").to_python() == [
        ["Code", "Units", "Value", "Exact", "Final", "Due"],
        ["06613", 12.0, 76.2, "14839100/194657", True, date(2025, 12, 31)],
        ["=1+1", 1.0, "1-5", "-9/2", False, ""],
    ]
    assert book.get_sheet_by_name("Remarks").to_python() == [["as_of", "=2024"]]


def test_a_number_that_excel_would_round_is_text() -> None:
    told = in_excel([None, 10**15, Decimal(10**15 - 1), None, None, None]).get_sheet_by_name("Figures").to_python()
    assert told[1][1:3] == [str(10**15), 10.0**15 - 1]


def test_parquet_has_types_and_says_what_is_suppressed() -> None:
    data = written(ParquetFile(COLUMNS, {"as_of": "now"}), [ROW], [HIDDEN, NOTHING])
    table = pq.read_table(io.BytesIO(data))
    assert {field.name: str(field.type) for field in table.schema} == {
        "code": "string",
        "units": "int64",
        "value": "decimal128(38, 6)",
        "value_suppressed": "bool",
        "exact": "string",
        "exact_suppressed": "bool",
        "final": "bool",
        "due": "date32[day]",
    }
    assert table.schema.metadata[b"as_of"] == b"now"
    assert [tuple(row.values()) for row in table.to_pylist()] == [
        ("06613", 12, Decimal("76.200000"), False, "14839100/194657", False, True, date(2025, 12, 31)),
        ("00001", 0, None, True, None, True, False, None),
        (None, None, None, False, None, False, None, None),
    ]


def test_parquet_gives_what_it_has_as_it_goes_and_holds_no_more_than_a_group() -> None:
    file = ParquetFile(COLUMNS, {})
    sent = [b"".join(file.write([ROW] * 2_000)) for _ in range(6)]
    # The first has the file's mark, then every third block completes a group of 5,000 rows or more.
    assert [bool(chunk) for chunk in sent] == [True, False, True, False, False, True]
    data = b"".join([*sent, *file.close()])
    assert pq.read_table(io.BytesIO(data)).num_rows == 12_000


@pytest.mark.parametrize("closed", [True, False])
def test_nothing_is_left_behind(closed: bool) -> None:
    before = set(Path(gettempdir()).glob("chitieu-*"))
    file = ExcelFile(COLUMNS, 0, {})
    list(file.write([ROW]))
    assert set(Path(gettempdir()).glob("chitieu-*")) - before
    if closed:
        list(file.close())
    file.discard()
    assert set(Path(gettempdir()).glob("chitieu-*")) - before == set()
