"""What the checker has to say: which file and line, how bad, and a sentence."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum


class Severity(StrEnum):
    MISTAKE = "mistake"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Mistakes keep a programme out of force; warnings are for its owner to weigh."""

    file: str
    line: int
    severity: Severity
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.severity}: {self.sentence}"


def mistake(file: str, line: int, sentence: str) -> Finding:
    return Finding(file, line, Severity.MISTAKE, sentence)


def warning(file: str, line: int, sentence: str) -> Finding:
    return Finding(file, line, Severity.WARNING, sentence)


def mistakes(findings: Iterable[Finding]) -> list[Finding]:
    return [one for one in findings if one.severity is Severity.MISTAKE]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?`, or nothing if nothing is near."""
    near = get_close_matches(word, sorted(known), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


def listed(words: Iterable[str], most: int = 3) -> str:
    """`a, b, c and 4 more`."""
    every = list(words)
    more = len(every) - most
    return ", ".join(every[:most]) + (f" and {more} more" if more > 0 else "")
