"""Figures as a sender writes them, read exactly: JSON numbers, or Vietnamese number strings such as "1.234,5".

Nothing passes through a float. Every step costs no more than time linear in the length of what was sent, and numbers
with a huge exponent are judged by the exponent alone.
"""

import math
import re
from decimal import Context, Decimal, Inexact, InvalidOperation

_NOT_APPLICABLE = "n/a"
# A dot groups thousands and a comma begins the decimals. "12.5", "1.23" and "0.500" could be meant either way: refused.
_VIETNAMESE = re.compile(r"-?(?:[0-9]+|[1-9][0-9]{0,2}(?:\.[0-9]{3})+)(?:,[0-9]+)?")
_LONGEST_TEXT = 64
# Python reads an int in time quadratic in its digits, a Decimal in linear time.
_LONGEST_INT = 40
_HIGHEST_POWER = 40


class NotAFigure(ValueError):
    """Why a value is refused: the code of a problem (`wrong_type`, `too_precise`, `negative`, `above_maximum`)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def is_not_applicable(raw: object) -> bool:
    return isinstance(raw, str) and len(raw) <= _LONGEST_TEXT and raw.strip().casefold() == _NOT_APPLICABLE


def integer_literal(text: str) -> int | Decimal:
    """A JSON integer, however many digits it has; for a JSON parser's hook."""
    return int(text) if len(text) <= _LONGEST_INT else Decimal(text)


def decimal_literal(text: str) -> Decimal | str:
    """A JSON number with a fraction or an exponent; one beyond all exponents stays text, which is no figure."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def read_figure(raw: object, scale: int, maximum: int) -> int:
    """A value in units of 10**-scale, at most `maximum` of them. Raises NotAFigure."""
    number = _number(raw)
    if number < 0:
        raise NotAFigure("negative")
    value = number * 10**scale if isinstance(number, int) else _scaled(number, scale)
    if value > maximum:
        raise NotAFigure("above_maximum")
    return value


def _number(raw: object) -> int | Decimal:
    if isinstance(raw, bool):
        raise NotAFigure("wrong_type")
    if isinstance(raw, int):
        return raw
    if isinstance(raw, str):
        return _from_text(raw)
    if isinstance(raw, float) and math.isfinite(raw):
        return Decimal(repr(raw))
    if isinstance(raw, Decimal) and raw.is_finite():
        return raw
    raise NotAFigure("wrong_type")


def _from_text(raw: str) -> Decimal:
    text = raw.strip() if len(raw) <= _LONGEST_TEXT else ""
    if _VIETNAMESE.fullmatch(text) is None:
        raise NotAFigure("wrong_type")
    return Decimal(text.replace(".", "").replace(",", "."))


def _scaled(number: Decimal, scale: int) -> int:
    if number.is_zero():
        return 0
    if number.adjusted() > _HIGHEST_POWER:
        raise NotAFigure("above_maximum")
    exactly = Context(prec=_HIGHEST_POWER + scale + 2, traps=[Inexact])
    try:
        return int(number.quantize(Decimal(1).scaleb(-scale), context=exactly).scaleb(scale, context=exactly))
    except Inexact:
        raise NotAFigure("too_precise") from None
