"""A measured figure, what the issue asks of it, and how both are shown."""

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal


@dataclass(frozen=True)
class Asked:
    """What the project holds itself to."""

    sense: Literal["at least", "at most"]
    value: float

    def holds(self, measured: float) -> bool:
        return measured >= self.value if self.sense == "at least" else measured <= self.value


def at_least(value: float) -> Asked:
    return Asked("at least", value)


def at_most(value: float) -> Asked:
    return Asked("at most", value)


@dataclass(frozen=True)
class Figure:
    """One line of the table: the value of each run, and `note`, what must be known to read it."""

    name: str
    unit: str
    runs: tuple[float, ...]
    asked: Asked | None = None
    note: str = ""

    @property
    def median(self) -> float:
        return median(self.runs)

    @property
    def holds(self) -> bool | None:
        """None: nothing is asked."""
        return self.asked.holds(self.median) if self.asked else None


def figure(name: str, unit: str, runs: float | Iterable[float], asked: Asked | None = None, note: str = "") -> Figure:
    values = (float(runs),) if isinstance(runs, int | float) else tuple(map(float, runs))
    return Figure(name, unit, values, asked, note)


def percentile(values: Sequence[float], hundredths: int) -> float:
    """The smallest value that so many percent of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(math.ceil(len(ordered) * hundredths / 100) - 1, 0)]


# Shown

_HEAD = ("figure", "median", "unit", "lowest – highest", "asked", "holds")
_TO_THE_LEFT = {0, 2, 4, 5}


def told(figures: list[Figure]) -> list[Figure]:
    """The same, shown already: a long section that fails later was not for nothing."""
    for one in figures:
        print(f"  {one.name}: {number(one.median)} {one.unit} {one.note}".rstrip(), file=sys.stderr, flush=True)
    return figures


def table(sections: Mapping[str, Sequence[Figure]]) -> str:
    """Markdown that reads as well in a terminal; notes follow the table of their section."""
    return "\n\n".join(_section(title, figures) for title, figures in sections.items())


def _section(title: str, figures: Sequence[Figure]) -> str:
    lines = [_HEAD, *(_cells(one) for one in figures)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    rule = ["-" * width if column in _TO_THE_LEFT else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
    shown = [_line(lines[0], widths), _line(rule, widths), *(_line(line, widths) for line in lines[1:])]
    notes = [f"* {one.name}: {one.note}" for one in figures if one.note]
    return "\n".join([f"### {title}", "", *shown, *(["", *notes] if notes else [])])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.ljust(width) if column in _TO_THE_LEFT else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"


def _cells(one: Figure) -> tuple[str, ...]:
    spread = f"{number(min(one.runs))} – {number(max(one.runs))}" if len(one.runs) > 1 else ""
    asked = f"{'≥' if one.asked.sense == 'at least' else '≤'} {number(one.asked.value)}" if one.asked else ""
    holds = {None: "", True: "yes", False: "NO"}[one.holds]
    return one.name, number(one.median), one.unit, spread, asked, holds


def number(value: float) -> str:
    """Three significant digits where there are that few, else whole with thousands separated."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def as_json(sections: Mapping[str, Sequence[Figure]]) -> Any:
    """Sections of figures as plain values."""
    return {
        title: [
            {
                "figure": one.name,
                "unit": one.unit,
                "median": one.median,
                "runs": list(one.runs),
                "asked": {one.asked.sense: one.asked.value} if one.asked else None,
                "holds": one.holds,
                "note": one.note,
            }
            for one in figures
        ]
        for title, figures in sections.items()
    }
