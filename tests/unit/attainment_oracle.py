"""What every target of the small release must be answered as, recomputed from all revisions of a log.

Written from the rules, for one plan and two forms, slowly and without anything of the product's attainment, evidence,
inquiry or obligations. Cells come from `tests.unit.test_time_travel.afresh`, which counts every revision anew.

Reports of these logs fill in both options of child labour or none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from chitieu.contracts.events import Event
from chitieu.domain.unit import Unit, UnitTree
from tests.unit import oracle
from tests.unit.small_release import OLD, TREE
from tests.unit.test_time_travel import afresh, counted

# Fields of the forms, in their order.
FIELDS = {
    "xa": ("children", "labour", "labour", "parents", "informed", "officials_c", "trained_c"),
    "huyen": ("officials_d", "trained_d", "budget"),
}
LEVELS = {"xa": "commune", "huyen": "district"}
# Periods of a year by their length in half-years, as forms collect them.
PERIODS = {"xa": ("", "S1", "S2"), "huyen": ("",)}
DUE = date(2025, 12, 31)


@dataclass(frozen=True)
class Rule:
    """A target of the plan: its indicator, whether a value holds, and which periods and areas it is judged in."""

    above: tuple[str, ...]
    below: tuple[str, ...]
    holds: Callable[[Fraction], bool] | None
    due: date | None = DUE
    kind: str = "bound"
    half_years: bool = True
    plans_area_only: bool = False


TARGETS = {
    "labour-low": Rule(("labour",), ("children",), lambda value: value < 1),
    "labour-none": Rule(("labour",), ("children",), lambda value: value == 0, kind="maintain"),
    "labour-less": Rule(("labour",), ("children",), None, kind="decrease", half_years=False),
    "informed": Rule(("informed",), ("parents",), lambda value: value >= 80),
    "trained": Rule(
        ("trained_d", "trained_c"),
        ("officials_d", "officials_c"),
        lambda value: value >= 90,
        due=None,
        half_years=False,
        plans_area_only=True,
    ),
}


@dataclass(frozen=True)
class Told:
    """A target as it is answered; all but the state and its rule are None for an area that has ended."""

    state: str
    rule: str
    numerator: int | None = None
    denominator: int | None = None
    value: Fraction | None = None
    reported: int | None = None
    expected: int | None = None
    provisional: bool = False


@dataclass(frozen=True)
class Seen:
    """What is known at a moment: every cell, by the tree of a day or by each period's own, and the day it is."""

    cells: Mapping[tuple[str, str, str], oracle.Totals]
    by: date | None
    today: date

    @classmethod
    def of(cls, log: Sequence[Event], by: date | None, today: date) -> "Seen":
        return cls(afresh(TREE, log, by), by, today)


def answered(seen: Seen, area: Unit, period: str) -> dict[str, Told]:
    """Every target that is judged in an area and period."""
    found = {name: _told(rule, seen, area, period) for name, rule in TARGETS.items()}
    return {name: told for name, told in found.items() if told is not None}


# Which units are asked


def window(period: str) -> tuple[date, date]:
    """Decree 09/2019/NĐ-CP: 15/12 to 14/12, and halves of it."""
    year = int(period[:4])
    first, middle, last = date(year - 1, 12, 15), date(year, 6, 14), date(year, 12, 14)
    return {"": (first, last), "S1": (first, middle), "S2": (middle + timedelta(days=1), last)}[period[4:]]


def expected(form: str, period: str, area: Unit, by: date | None) -> int:
    """How many units that count in the area have to report."""
    if period[4:] not in PERIODS[form]:
        return 0
    last = window(period)[1]
    asked = [unit for unit in TREE.units.values() if unit.level == LEVELS[form] and unit.in_force(last)]
    return sum(area.id in _where(TREE, unit, last if by is None else by) for unit in asked)


def _where(tree: UnitTree, unit: Unit, day: date) -> set[str]:
    return counted(tree, unit, day) | {unit.id}


def _forms(rule: Rule) -> list[str]:
    return [form for form, fields in FIELDS.items() if {*rule.above, *rule.below} & {*fields}]


# What is known about an indicator


@dataclass(frozen=True)
class Known:
    numerator: int | None
    denominator: int | None
    any: bool
    reported: int
    expected: int
    final: bool

    @property
    def enough(self) -> bool:
        return self.reported * 100 >= 80 * self.expected

    @property
    def value(self) -> Fraction | None:
        if not self.any or self.numerator is None or not self.denominator:
            return None
        return Fraction(self.numerator * 100, self.denominator)


def known(rule: Rule, seen: Seen, area: Unit, period: str) -> Known | None:
    """None if nobody in the area is asked."""
    forms = [form for form in _forms(rule) if expected(form, period, area, seen.by)]
    if not forms:
        return None
    reported, final = 0, True
    # Every indicator here is a share: of nothing there is no part that could be missing.
    nothing = _sum(seen, forms, period, area, rule.below) == 0
    needed = (rule.below,) if nothing else (rule.above, rule.below)
    for form in forms:
        asked = expected(form, period, area, seen.by)
        carried = [one for part in needed for one in part if one in FIELDS[form]]
        reported += min(asked, *(_answered(seen, form, period, area, one) for one in carried))
        final = final and (_units(seen, form, period, area) >= asked or _over(form, period, seen.today))
    return Known(
        _sum(seen, forms, period, area, rule.above),
        _sum(seen, forms, period, area, rule.below),
        all(
            any(_answered(seen, form, period, area, one) for form in forms for one in part if one in FIELDS[form])
            for part in needed
        ),
        reported,
        sum(expected(form, period, area, seen.by) for form in forms),
        final,
    )


def _over(form: str, period: str, today: date) -> bool:
    """Has the deadline passed? The year's is 25/12, the day included; the first half's is before 5/7."""
    last = {"xa": date(int(period[:4]), 12, 25), "xaS1": date(int(period[:4]), 7, 4)}.get(form + period[4:])
    return last is not None and today > last


def _sum(seen: Seen, forms: Sequence[str], period: str, area: Unit, elements: Sequence[str]) -> int | None:
    """None if no unit gave a figure for any of the elements."""
    total, given = 0, False
    for form in forms:
        cell = _cell(seen, form, period, area)
        for at, element in enumerate(FIELDS[form]):
            if element in elements and at < len(cell.reported) and cell.reported[at]:
                given = True
                total += cell.sums[at] if at < len(cell.sums) else 0
    return total if given else None


def _answered(seen: Seen, form: str, period: str, area: Unit, element: str) -> int:
    """Units that gave a figure, or said that it does not apply."""
    cell, at = _cell(seen, form, period, area), FIELDS[form].index(element)
    return sum(counts[at] for counts in (cell.reported, cell.not_applicable) if at < len(counts))


def _units(seen: Seen, form: str, period: str, area: Unit) -> int:
    return _cell(seen, form, period, area).units


def _cell(seen: Seen, form: str, period: str, area: Unit) -> oracle.Totals:
    return seen.cells.get((form, period, area.id), oracle.Totals(0, (), (), ()))


# What follows


def _told(rule: Rule, seen: Seen, area: Unit, period: str) -> Told | None:
    if (rule.plans_area_only and area.code != "20") or (period[4:] and not rule.half_years):
        return None
    now = known(rule, seen, area, period)
    if now is None:
        return Told("ended", "ended") if _ended(rule, seen, area, period) else None
    state, why = _judged(rule, seen, area, period, now)
    figures = now.numerator, now.denominator, now.value, now.reported, now.expected
    return Told(state, why, *figures, provisional=not now.final)


def _ended(rule: Rule, seen: Seen, area: Unit, period: str) -> bool:
    """Had the unit ended before a period ended that others are asked about? A tree of one day knows no such unit."""
    asked = any(expected(form, period, unit, None) for form in _forms(rule) for unit in TREE.rows("20"))
    return seen.by is None and asked and area.valid_to is not None and area.valid_to < window(period)[1]


def _judged(rule: Rule, seen: Seen, area: Unit, period: str, now: Known) -> tuple[str, str]:
    before = _earlier(rule, seen, area, period)
    if rule.kind == "maintain" and rule.holds and not all(rule.holds(value) for value in before):
        return "missed", "broken_before"
    if not now.any:
        return "no_data", "no_data"
    if not now.enough:
        return "insufficient", "insufficient"
    if now.value is None:
        return "not_arising", "not_arising"
    if rule.kind == "maintain":
        return _kept(rule, seen, period, now.value)
    if rule.kind == "decrease":
        if now.value == 0:
            return "met", "nothing_left"
        if not before:
            return "on_track", "first_known"
        return ("met", "decreased") if now.value < before[0] else _not_met(rule, seen, area, period)
    assert rule.holds is not None
    return ("met", "met") if rule.holds(now.value) else _not_met(rule, seen, area, period)


def _kept(rule: Rule, seen: Seen, period: str, value: Fraction) -> tuple[str, str]:
    assert rule.holds is not None
    if rule.holds(value):
        return "met", "kept"
    return ("missed", "broken_now") if seen.today > window(period)[1] else ("at_risk", "breaking")


def _not_met(rule: Rule, seen: Seen, area: Unit, period: str) -> tuple[str, str]:
    if rule.due is None:
        return "at_risk", "no_due"
    last = window(period)[1]
    # A later period that ends by the due date could still show it; only if it is asked about here.
    later = [one for one in _periods(rule) if last < window(one)[1] <= rule.due]
    decides = last >= rule.due or not any(known(rule, seen, area, one) for one in later)
    return ("missed", "due_passed") if seen.today > rule.due and decides else ("at_risk", "not_due")


def _periods(rule: Rule) -> list[str]:
    parts = ("S1", "", "S2") if rule.half_years else ("",)
    return [f"{year}{part}" for year in range(2020, 2027) for part in parts]


def _earlier(rule: Rule, seen: Seen, area: Unit, period: str) -> list[Fraction]:
    """Values of earlier periods that enough units stand behind, oldest first."""
    first, last = window(period)
    found = []
    for one in sorted(_periods(rule), key=lambda one: window(one)[1]):
        began, ended = window(one)
        inside = ended == last and began >= first
        if one == period or ended < OLD or not (ended < last or inside):
            continue
        then = known(rule, seen, area, one)
        if then is not None and then.enough and then.value is not None:
            found.append(then.value)
    return found
