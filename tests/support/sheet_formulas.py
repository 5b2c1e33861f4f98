"""As much of a spreadsheet's arithmetic as the template's formulas need, written anew from what Excel says of each.

A cell is a number, a text, or nothing. What Excel calls an error fails.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Value = Decimal | str | bool | None

_TOKEN = re.compile(r'\s*("[^"]*"|[A-Z]+\d+:[A-Z]+\d+|[A-Z]+\d+|[A-Z]+|\d+(?:\.\d+)?|<=|>=|<>|[=<>+&(),])')


def shown(formula: str, cells: Mapping[str, Any]) -> Any:
    """What a formula comes to."""
    assert formula.startswith("=")
    tokens = _TOKEN.findall(formula[1:])
    assert "".join(tokens) == formula[1:], formula
    return _Parser(tokens, cells).whole()


class _Parser:
    """Expressions are read to the end, and computed only where the result is needed: Excel's IF does the same."""

    def __init__(self, tokens: list[str], cells: Mapping[str, Any]) -> None:
        self._tokens, self._cells, self._at = tokens, cells, 0

    def whole(self) -> Any:
        value = self._compared()
        assert self._at == len(self._tokens)
        return value()

    def _next(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1]

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _compared(self) -> Callable[[], Any]:
        left = self._joined()
        if self._peek() not in {"=", "<", ">", "<=", ">="}:
            return left
        sign, right = self._next(), self._joined()
        return lambda: _compare(sign, left(), right())

    def _joined(self) -> Callable[[], Any]:
        value = self._atom()
        while self._peek() in {"&", "+"}:
            value = _both(self._next(), value, self._atom())
        return value

    def _atom(self) -> Callable[[], Any]:
        token = self._next()
        if token.startswith('"'):
            return lambda: token[1:-1]
        if ":" in token:
            return lambda: [self._cells.get(cell) for cell in _between(*token.split(":"))]
        if self._peek() == "(":
            self._next()
            arguments = [self._compared()]
            while self._next() == ",":
                arguments.append(self._compared())
            return lambda: _FUNCTIONS[token](*arguments)
        if token[0].isdigit():
            return lambda: Decimal(token)
        return lambda: self._cells.get(token)


def _both(sign: str, left: Callable[[], Any], right: Callable[[], Any]) -> Callable[[], Any]:
    if sign == "&":
        return lambda: str(left() or "") + str(right() or "")
    return lambda: (left() or Decimal(0)) + (right() or Decimal(0))


def _between(first: str, last: str) -> list[str]:
    column, top, bottom = first[0], int(first[1:]), int(last[1:])
    assert last[0] == column
    return [f"{column}{row}" for row in range(top, bottom + 1)]


def _compare(sign: str, left: Any, right: Any) -> bool:
    if sign == "=":
        return bool(left == right)
    # Excel: numbers come before texts; an empty cell counts as 0.
    a, b = ((isinstance(one, str), one if one is not None else Decimal(0)) for one in (left, right))
    if a[0] != b[0]:
        return (a[0] < b[0]) == (sign in {"<", "<="})
    return {"<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b}[sign]


def _numbers(values: list[Any]) -> list[Decimal]:
    return [one for one in values if isinstance(one, Decimal)]


def _round(value: Any, digits: Any) -> Any:
    assert isinstance(value, Decimal), "#VALUE!"
    return value.quantize(Decimal(1).scaleb(-int(digits)), ROUND_HALF_UP)


def _each(arguments: Iterable[Callable[[], Any]]) -> list[Any]:
    """All of them, also when the first would do: an error in any is an error."""
    return [one() for one in arguments]


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "IF": lambda test, then, other: then() if test() else other(),
    "AND": lambda *tests: all(_each(tests)),
    "OR": lambda *tests: any(_each(tests)),
    "NOT": lambda test: not test(),
    "ISNUMBER": lambda one: isinstance(one(), Decimal),
    "COUNT": lambda range_: Decimal(len(_numbers(range_()))),
    "COUNTA": lambda range_: Decimal(len([one for one in range_() if one is not None])),
    "SUM": lambda range_: sum(_numbers(range_()), Decimal(0)),
    "ROUND": lambda value, digits: _round(value(), digits()),
}
