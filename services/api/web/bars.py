"""A figure as a bar beside its bound: where on the bar each of them stands."""

from dataclasses import dataclass
from fractions import Fraction

from chitieu.domain.fractions import rounded_text
from services.api.attained import Attained

_WHOLE = Fraction(100)


@dataclass(frozen=True, slots=True)
class Bar:
    """In per cent of the bar's length, as SVG takes them; `expected` is None without a path to the due date."""

    value: str
    bound: str
    expected: str | None

    @classmethod
    def of(cls, one: Attained) -> "Bar | None":
        """None without a figure that is shown, or without a bound above 0 to draw it against."""
        exact = one.value.exact if one.value is not None else None
        if exact is None or one.bound is None or Fraction(one.bound) == 0:
            return None
        value, bound = Fraction(exact), Fraction(one.bound)
        top = _WHOLE if one.unit == "percent" and bound * 2 >= _WHOLE else max(value, bound * 2)
        expected = None if one.expected is None else _share(Fraction(one.expected), top)
        return cls(_share(value, top), _share(bound, top), expected)


def _share(number: Fraction, top: Fraction) -> str:
    return rounded_text(min(max(number / top, Fraction(0)), Fraction(1)) * 100, digits=2) + "%"
