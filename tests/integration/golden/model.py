"""What a golden test is made of: reports as they are sent, and the answers that must come of them.

Nothing here comes from the product: sums, states and dates are written down, and the tree is read from its file.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import product

from tests.integration.embedded import PROGRAMMES

Figure = int | str
Values = Mapping[str, Figure]

NOT_APPLICABLE = "n/a"

_PART_OF = {
    "at_risk_or_labour": "at_risk_or_labour_educated",
    "cases_notified": "cases_supported",
    "staff": "staff_informed",
    "parents": "parents_informed",
    "children": "children_informed",
    "employers": "employers_informed",
    "collaborators": "collaborators_reached",
    "officials_province": "officials_province_trained",
    "officials_district": "officials_district_trained",
    "officials_commune": "officials_commune_trained",
    "enterprises": "enterprises_trained",
    "cooperatives_households": "cooperatives_households_trained",
    "educators": "educators_trained",
}
_BY_SEX_AND_AGE = ("children_5_17", "child_labour")


@dataclass(frozen=True, slots=True)
class Report:
    form: str
    period: str
    unit: str
    values: Values

    @property
    def path(self) -> str:
        return f"/v1/reports/{self.form}/{self.period}/{self.unit}"

    def as_line(self) -> dict[str, object]:
        return {"form": self.form, "period": self.period, "unit": self.unit, "values": dict(self.values)}


@dataclass(frozen=True, slots=True)
class Line:
    """One target as it is answered.

    `sums` is numerator/denominator (a count has no denominator; – is nothing reported), `exact` the value as an exact
    decimal or fraction, `covered` the units that reported what is needed of those asked.
    """

    sums: str
    exact: str | None
    state: str
    rule: str
    covered: str | None
    provisional: bool = False


ENDED = Line("", None, "ended", "ended", None)


@dataclass(frozen=True, slots=True)
class Judged:
    """A plan's targets in an area and period; `targets` are the ones to look at, `not_judged` all that are not."""

    area: str
    period: str
    targets: Mapping[str, Line]
    not_judged: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One more report, or a correction, and the lines that are different after it: no others are."""

    report: Report
    area: str
    period: str
    becomes: Mapping[str, Line]


@dataclass(frozen=True, slots=True)
class Duties:
    """All duties of a plan in a period: the last day to be on time (None without), and how many units stand where."""

    period: str
    states: Mapping[str, tuple[str | None, Mapping[str, int]]]


@dataclass(frozen=True, slots=True)
class GoldenPlan:
    """`binds`: each target's comparator and bound, and its due date (None without)."""

    id: str
    binds: Mapping[str, tuple[str, str | None]]
    reports: Sequence[Report]
    judged: Sequence[Judged]
    change: Change
    duties: Sequence[Duties]


def figures(**said: int | str | tuple[int, int]) -> Values:
    """A report's values: `staff=(162, 180)` is 162 informed of 180; a string stands for both, part and whole."""
    values: dict[str, Figure] = {}
    for name, figure in said.items():
        if isinstance(figure, tuple):
            values[_PART_OF[name]], values[name] = figure
        elif name in _BY_SEX_AND_AGE and isinstance(figure, int):
            values |= _spread(name, figure)
        else:
            values[name] = figure
            if figure == NOT_APPLICABLE and name in _PART_OF:
                values[_PART_OF[name]] = figure
    return values


def reports(form: str, period: str, units: Sequence[str], **said: int | str | tuple[int, int]) -> list[Report]:
    """The same report of several units."""
    return [Report(form, period, unit, figures(**said)) for unit in units]


@cache
def codes(level: str, under: str, day: date) -> tuple[str, ...]:
    """Codes of the units of a level below another one on a day, in their order, from the tree's file."""
    with (PROGRAMMES / "units" / "administrative.csv").open(encoding="utf-8", newline="") as file:
        on = day.isoformat()
        rows = [r for r in csv.DictReader(file) if r["valid_from"] <= on and (not r["valid_to"] or on <= r["valid_to"])]
    parents = {row["code"]: row["parent"] for row in rows}

    def below(code: str) -> bool:
        above = parents.get(code)
        return above == under or (above is not None and below(above))

    return tuple(sorted(row["code"] for row in rows if row["level"] == level and below(row["code"])))


def _spread(element: str, total: int) -> dict[str, Figure]:
    """A total with the break-down that its form asks for: the same in each cell, what is left over in the first."""
    even, rest = divmod(total, 6)
    cells = product("mf", ("a05", "a13", "a15"))
    return {element: total, **{f"{element}.{sex}.{age}": even + (at < rest) for at, (sex, age) in enumerate(cells)}}
