"""What a spreadsheet program does to a workbook that matters here: cells are filled in, parts are changed."""

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from xml.sax.saxutils import escape

Typed = int | float | str | bool


def rewritten(book: bytes, change: Callable[[str, bytes], bytes], *more: tuple[str, bytes]) -> bytes:
    """The workbook with every part changed, and more parts behind."""
    with zipfile.ZipFile(io.BytesIO(book)) as before:
        parts = [(name, change(name, before.read(name))) for name in before.namelist()]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as after:
        for name, part in (*parts, *more):
            after.writestr(name, part)
    return content.getvalue()


def filled_in(book: bytes, typed: Mapping[str, Typed], sheet: int = 1) -> bytes:
    """The workbook after somebody typed into cells of one sheet, counted from 1."""
    cells = {at: _cell(one) for at, one in typed.items()}
    return with_cells(book, cells, sheet)


def with_cells(book: bytes, cells: Mapping[str, tuple[str, str]], sheet: int = 1) -> bytes:
    """The same by what a sheet's part says of each cell: more attributes, and what stands inside."""

    def change(name: str, part: bytes) -> bytes:
        if name != f"xl/worksheets/sheet{sheet}.xml":
            return part
        text = part.decode()
        for at, (attributes, inside) in cells.items():
            cell = re.compile(rf'<c r="{at}"( s="\d+")?(?: t="\w+")?(?:/>|>.*?</c>)')
            there = cell.search(text)
            assert there is not None, at
            filled = f'<c r="{at}"{there[1] or ""}{attributes}>{inside}</c>'
            text = text[: there.start()] + filled + text[there.end() :]
        return text.encode()

    return rewritten(book, change)


def _cell(typed: Typed) -> tuple[str, str]:
    if isinstance(typed, bool):
        return ' t="b"', f"<v>{int(typed)}</v>"
    if isinstance(typed, str):
        return ' t="inlineStr"', f"<is><t>{escape(typed)}</t></is>"
    return "", f"<v>{typed!r}</v>"
