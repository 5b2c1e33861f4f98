"""The parts of a document that are not left to a file format: numbers, headings, what may be printed."""

import xml.etree.ElementTree as ET
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.domain.document import Figure, appendix_heading, printable
from chitieu.domain.fractions import vietnamese


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0", "0"),
        ("0.50", "0,50"),
        ("-0.5", "-0,5"),
        ("999", "999"),
        ("1000", "1.000"),
        ("-1234567.089", "-1.234.567,089"),
    ],
)
def test_a_number_is_written_as_in_viet_nam(text: str, said: str) -> None:
    assert vietnamese(text) == Figure(text).vi == said


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9))
def test_it_is_the_same_number_read_back(number: Decimal) -> None:
    assert Decimal(vietnamese(f"{number:f}").replace(".", "").replace(",", ".")) == number


@given(st.text(st.characters(exclude_categories=())))
def test_whatever_is_printed_can_stand_in_xml_and_loses_only_what_cannot(text: str) -> None:
    kept = printable(text)
    escaped = kept.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert (ET.fromstring(f"<t>{escaped}</t>").text or "") == kept.replace("\r\n", "\n").replace("\r", "\n")
    assert kept == text or not text.isprintable()


def test_appendices_are_counted_in_roman_numerals_if_there_are_several() -> None:
    assert appendix_heading(1, 1) == "Phụ lục"
    assert [appendix_heading(at, 14) for at in (1, 3, 4, 8, 9, 14)] == [
        f"Phụ lục {one}" for one in ("I", "III", "IV", "VIII", "IX", "XIV")
    ]
