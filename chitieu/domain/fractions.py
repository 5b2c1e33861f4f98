"""Exact numbers as text. In integers throughout: an answer about a province has some thousand of them."""

from collections.abc import Sequence
from fractions import Fraction

MOST_DIGITS = 6


def ratio(above: Fraction, below: Fraction, factor: int = 1) -> Fraction:
    """Of two sums, times a factor: reduced once, not after each step."""
    return Fraction(above.numerator * below.denominator * factor, above.denominator * below.numerator)


def exact_text(number: Fraction) -> str:
    """`72.5` where the decimal expansion ends, else the fraction: `1/3`."""
    if number.denominator == 1:
        return str(number.numerator)
    digits = 0
    rest = number.denominator
    for prime in (2, 5):
        power = 0
        while rest % prime == 0:
            rest //= prime
            power += 1
        digits = max(digits, power)
    if rest != 1:
        return f"{number.numerator}/{number.denominator}"
    return _fixed(number.numerator * 10**digits // number.denominator, digits)


def rounded_text(number: Fraction, bound: Fraction | None = None, digits: int = 1) -> str:
    """Rounded for people, with as many digits more as it takes not to look equal to a bound it differs from.

    79.96 against 80 shows as 79.96, never as 80.0: the reader must see why it fails.
    """
    while digits < MOST_DIGITS and bound is not None and number != bound and _shows_as(number, digits, bound):
        digits += 1
    return _fixed(_rounded(number, digits), digits)


def figure_text(number: Fraction, unit: str, bound: Fraction | None = None, digits: int = 1) -> str:
    """An indicator's value as people read it: a whole count stays whole (9 provinces), all else is rounded."""
    whole = unit != "percent" and number.denominator == 1
    return exact_text(number) if whole else rounded_text(number, bound, digits)


def digits_apart(number: Fraction, others: Sequence[Fraction], digits: int = 1) -> int:
    """So many digits that, all of them rounded alike, a number looks equal to none that it differs from."""
    apart = [other for other in others if other != number]
    while digits < MOST_DIGITS and any(_rounded(other, digits) == _rounded(number, digits) for other in apart):
        digits += 1
    return digits


def vietnamese(text: str) -> str:
    """A decimal as it is written in Viet Nam: `1234.5` is 1.234,5."""
    whole, _, part = text.removeprefix("-").partition(".")
    sign = "-" if text.startswith("-") else ""
    grouped = f"{int(whole):,}".replace(",", ".")
    return f"{sign}{grouped},{part}" if part else f"{sign}{grouped}"


def short_text(number: Fraction, digits: int) -> str:
    """Rounded, and without zeros at its end: 84, 81.1."""
    return exact_text(Fraction(_rounded(number, digits), 10**digits))


def _shows_as(number: Fraction, digits: int, bound: Fraction) -> bool:
    one: int = 10**digits
    return _rounded(number, digits) * bound.denominator == bound.numerator * one


def _rounded(number: Fraction, digits: int) -> int:
    """In units of the last digit, half away from zero, as people round."""
    one: int = 10**digits
    scaled = (2 * abs(number.numerator) * one + number.denominator) // (2 * number.denominator)
    return -scaled if number.numerator < 0 else scaled


def _fixed(scaled: int, digits: int) -> str:
    """A number in units of its last digit, written with exactly so many."""
    if not digits:
        return str(scaled)
    whole, part = divmod(abs(scaled), 10**digits)
    return f"{'-' if scaled < 0 else ''}{whole}.{part:0{digits}}"
