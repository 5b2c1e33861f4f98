"""A document as a file: for Word, for Excel, or as a page to print."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from chitieu.adapters.documents import excel, page, word
from chitieu.contracts.media_types import XLSX
from chitieu.domain.document import Document


class Format(StrEnum):
    """By the end of a file's name."""

    DOCX = "docx"
    XLSX = "xlsx"
    HTML = "html"


MEDIA_TYPES: Mapping[Format, str] = {
    Format.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    Format.XLSX: XLSX,
    Format.HTML: "text/html; charset=utf-8",
}
DISPOSITIONS: Mapping[Format, str] = {Format.DOCX: "attachment", Format.XLSX: "attachment", Format.HTML: "inline"}
POLICIES: Mapping[Format, Mapping[str, str]] = {
    Format.DOCX: {},
    Format.XLSX: {},
    Format.HTML: {"Content-Security-Policy": page.POLICY},
}

_WRITERS: Mapping[Format, Callable[[Document], bytes]] = {
    Format.DOCX: word.written,
    Format.XLSX: excel.written,
    Format.HTML: page.written,
}


def written(document: Document, as_: Format) -> bytes:
    """The whole file."""
    return _WRITERS[as_](document)
