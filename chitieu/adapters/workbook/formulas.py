"""What a sheet checks by itself while it is filled in. The service judges again: these are a help, not the rules.

Formulas are made of cells and numbers alone, never of a label or a name.
"""

from collections.abc import Iterator
from fractions import Fraction

from chitieu.adapters.workbook.layout import Layout, Line
from chitieu.domain.fractions import exact_text
from chitieu.domain.rules import Asked

# Excel takes no longer formula in a check of what is typed.
_LONGEST_CHECK = 255


def total(layout: Layout, asked: Asked) -> str:
    """The sum of an element's options; nothing while none is filled in."""
    options = layout.options(asked)
    return f'=IF(COUNT({options})=0,"",SUM({options}))'


def allowed(layout: Layout, line: Line) -> str:
    """What may be typed in a line's cell: n/a, or a figure in its bounds that is not above its whole.

    A condition that would make the formula too long is left out: the column of checks says it all the same.
    """
    assert line.field is not None
    cell, scale = layout.figure(line.name), line.field.scale
    most = exact_text(Fraction(line.field.maximum, 10**scale))
    inside = f"{cell}>=0,{cell}<={most},{cell}=ROUND({cell},{scale})"
    for part, whole in _bounds(layout, line):
        condition = f",OR(NOT(ISNUMBER({whole})),{part}<={whole})"
        if len(_either(cell, inside + condition)) <= _LONGEST_CHECK:
            inside += condition
    return _either(cell, inside)


def _bounds(layout: Layout, line: Line) -> Iterator[tuple[str, str]]:
    """What may not be larger than what, as far as a line's figure decides it."""
    yield from ((part, whole) for part, whole, _ in _wholes(layout, line))
    if not line.heads:
        for part, whole in layout.rules.pairs:
            if part is line.asked and part.options != whole.options:
                yield f"SUM({layout.options(part)})", layout.figure(whole.element)


def _either(cell: str, inside: str) -> str:
    # Not OR: a function of a text is an error, and an error beside what is true is one.
    return f'=IF(ISNUMBER({cell}),AND({inside}),{cell}="n/a")'


def check(layout: Layout, line: Line) -> str | None:
    """What the column of checks shows beside a line; None if there is nothing to check."""
    said = [*_incomplete(layout, line), *_above(layout, line), *_shares(layout, line)]
    return "=" + "&".join(said) if said else None


def _incomplete(layout: Layout, line: Line) -> Iterator[str]:
    if line.field is None:
        options, most = layout.options(line.asked), len(line.asked.keys)
        yield f'IF(AND(COUNTA({options})>0,COUNTA({options})<{most}),"Thiếu phân tổ / options missing. ","")'


def _above(layout: Layout, line: Line) -> Iterator[str]:
    for part, whole, number in _wholes(layout, line):
        said = f"Lớn hơn mục {number} / above line {number}. "
        yield f'IF(AND(ISNUMBER({part}),ISNUMBER({whole})),IF({part}>{whole},"{said}",""),"")'


def _wholes(layout: Layout, line: Line) -> Iterator[tuple[str, str, str]]:
    """Each (smaller, larger) pair of cells that a line is the smaller of, and the number of the larger one's line."""
    for part, whole in layout.rules.pairs:
        if part is not line.asked:
            continue
        if line.heads:
            yield layout.figure(part.element), layout.figure(whole.element), layout.number(whole.element)
        elif part.options == whole.options:
            name = whole.keys[part.keys.index(line.name)]
            yield layout.figure(line.name), layout.figure(name), layout.number(name)


def _shares(layout: Layout, line: Line) -> Iterator[str]:
    """Numerators above their denominators, beside the first element of the numerator."""
    pairs = {(part.element, whole.element) for part, whole in layout.rules.pairs}
    for one in layout.rules.shares:
        if not line.heads or one.numerator[0] != line.asked.element or one.elements in pairs:
            continue
        above, below = ("+".join(map(layout.figure, names)) for names in (one.numerator, one.denominator))
        known = ",".join(f"ISNUMBER({layout.figure(element)})" for element in one.elements)
        numbers = " + ".join(map(layout.number, one.denominator))
        said = f"Tử số lớn hơn mẫu số (mục {numbers}) / above lines {numbers}. "
        yield f'IF(AND({known}),IF({above}>{below},"{said}",""),"")'
