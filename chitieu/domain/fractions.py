"""Exact numbers as text."""

from fractions import Fraction

MOST_DIGITS = 6


def exact_text(number: Fraction) -> str:
    """`72.5` where the decimal expansion ends, else the fraction: `1/3`."""
    digits = 0
    rest = number.denominator
    for prime in (2, 5):
        power = 0
        while rest % prime == 0:
            rest //= prime
            power += 1
        digits = max(digits, power)
    return _fixed(number, digits) if rest == 1 else f"{number.numerator}/{number.denominator}"


def rounded_text(number: Fraction, bound: Fraction | None = None, digits: int = 1) -> str:
    """Rounded for people, with as many digits more as it takes not to look equal to a bound it differs from.

    79.96 against 80 shows as 79.96, never as 80.0: the reader must see why it fails.
    """
    while digits < MOST_DIGITS and bound is not None and number != bound and _rounded(number, digits) == bound:
        digits += 1
    return _fixed(_rounded(number, digits), digits)


def _rounded(number: Fraction, digits: int) -> Fraction:
    """Half away from zero, as people round."""
    scaled = abs(number) * 10**digits + Fraction(1, 2)
    return Fraction(scaled.__floor__() * (-1 if number < 0 else 1), 10**digits)


def _fixed(number: Fraction, digits: int) -> str:
    """A number that has at most `digits` decimal places, written with exactly so many."""
    scaled = int(abs(number) * 10**digits)
    whole, part = divmod(scaled, 10**digits)
    sign = "-" if number < 0 else ""
    return f"{sign}{whole}.{part:0{digits}}" if digits else f"{sign}{whole}"
