"""An administrative document of Viet Nam as plain data: what stands in it and in which order, not how a file holds it.

The layout is that of Decree 30/2020/NĐ-CP, Phụ lục I (Part I, section II names the components, section V their sizes).
What only a person can know (number, day, signer) is left as a visible blank, never guessed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from chitieu.domain.fractions import vietnamese

BLANK = "……………"
SHORT_BLANK = "……"

# Components 1 and 5a: the same in every report.
NATION_NAME = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"
KIND = "BÁO CÁO"
COPIES = "Nơi nhận:"

# XML 1.0, section 2.2: a file that holds any of these does not open.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Paper:
    """A4 in millimetres and type in points: Phụ lục I, Part I, section I.1–4 and 7, and the table of section V.

    The decree gives ranges: margins 20–25 (top, bottom), 30–35 (left), 15–20 (right); the nation's name and the bodies'
    12–13, all else 13–14, the word "Nơi nhận" 12 and its lines 11. It sets no size for tables: they are 12 here.
    """

    width: int = 210
    height: int = 297
    top: int = 20
    bottom: int = 20
    left: int = 30
    right: int = 15
    font: str = "Times New Roman"
    body: int = 14
    head: int = 12
    motto: int = 13
    number: int = 13
    table: int = 12
    copies_title: int = 12
    copies: int = 11
    indent: int = 10
    after: int = 6


PAPER = Paper()


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as it is shown: decimal text with a point."""

    text: str

    @property
    def vi(self) -> str:
        return vietnamese(self.text)


Cell = str | Figure


class Align(StrEnum):
    LEFT = "left"
    CENTRE = "center"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Column:
    """`width` is in millimetres."""

    title: str
    width: int
    align: Align = Align.LEFT


@dataclass(frozen=True, slots=True)
class Table:
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Components 1–4: the body above (blank if there is none), the one that issues, number, place and day."""

    upper: str
    issuer: str
    number: str
    place: str


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Appendix:
    """Components of section III: a table on pages of its own, set across the paper."""

    title: str
    table: Table
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """`notice` has to be said with every figure. `copies` are the lines below "Nơi nhận", `signer` those of 7a–7b."""

    letterhead: Letterhead
    subject: tuple[str, ...]
    recipients: tuple[str, ...]
    notice: str | None
    opening: str
    sections: tuple[Section, ...]
    closing: str
    copies: tuple[str, ...]
    signer: tuple[str, ...]
    appendices: tuple[Appendix, ...]

    @property
    def attached_to(self) -> str:
        """What each appendix says below its title: section III.1."""
        number = self.letterhead.number.removeprefix("Số: ")
        return f"(Kèm theo Báo cáo số {number} ngày ….. tháng ….. năm …….. của {self.letterhead.issuer})"

    def headed(self) -> Iterator[tuple[str, Appendix]]:
        """The appendices with their headings."""
        for at, one in enumerate(self.appendices, 1):
            yield appendix_heading(at, len(self.appendices)), one


def printable(text: str) -> str:
    """The text without the characters that no XML file can hold."""
    return _UNPRINTABLE.sub("", text)


def shown(cell: Cell) -> str:
    return cell.vi if isinstance(cell, Figure) else printable(cell)


def appendix_heading(at: int, of: int) -> str:
    """Phụ lục I, section III.1: counted from 1 in Roman numerals, if there are several."""
    return f"Phụ lục {_roman(at)}" if of > 1 else "Phụ lục"


def _roman(number: int) -> str:
    text = ""
    for value, sign in ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
        times, number = divmod(number, value)
        text += sign * times
    return text
