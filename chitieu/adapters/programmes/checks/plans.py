"""Targets and duties that can be judged: bounds, days, periods."""

from collections.abc import Iterator
from decimal import Decimal

from chitieu.adapters.programmes.directory import Programmes
from chitieu.adapters.programmes.finding import Finding
from chitieu.contracts.plan_file import TargetFile
from chitieu.contracts.programme import IndicatorFile
from chitieu.domain.period import PER_YEAR, PeriodKind

_PERIODS_OF_A_YEAR = {kind: number for kind, number in PER_YEAR.items() if number > 1}


def bounds(programmes: Programmes) -> Iterator[Finding]:
    """A share lies between 0 and 100 per cent, and a bound must leave something to reach."""
    indicators = programmes.catalogue.value.indicators if programmes.catalogue else {}
    for plan in programmes.plans:
        for id_, target in plan.value.targets.items():
            for key, said in _out_of_range(target, indicators.get(target.indicator)):
                yield plan.mistake(("targets", id_, key), said)


def _out_of_range(target: TargetFile, indicator: IndicatorFile | None) -> Iterator[tuple[str, str]]:
    sign, _, number = target.bound.removeprefix("maintain ").partition(" ")
    share = indicator is not None and indicator.unit == "percent" and indicator.share
    if number and share and Decimal(number) > 100:
        yield "bound", f"the bound {number} is out of range: a share is at most 100 %"
    elif (sign == "<" and Decimal(number) == 0) or (sign == ">" and share and Decimal(number) == 100):
        yield "bound", f"no value can be {sign} {number}"
    if share and target.baseline is not None and not 0 <= target.baseline <= 100:
        yield "baseline", f"the baseline {target.baseline} is out of range: a share is from 0 to 100 %"
    for period, value in target.milestones.items():
        if value < 0 or (share and value > 100):
            yield "milestones", f"the milestone {value} of {period} is out of range"


def target_days(programmes: Programmes) -> Iterator[Finding]:
    for plan in programmes.plans:
        first = plan.value.in_force.first
        for id_, target in plan.value.targets.items():
            if target.bound.startswith("maintain") and target.since is None:
                yield plan.mistake(("targets", id_, "bound"), "'maintain' needs 'since': from when on must it hold?")
            if target.due is not None and target.due < first:
                said = f"due {target.due} is before the plan is in force ({first})"
                yield plan.mistake(("targets", id_, "due"), said)
            if target.since is not None and target.due is not None and target.due < target.since:
                yield plan.mistake(("targets", id_, "due"), f"due {target.due} is before 'since' ({target.since})")


def duty_days(programmes: Programmes) -> Iterator[Finding]:
    for plan in programmes.plans:
        first = plan.value.in_force.first
        for id_, duty in plan.value.duties.items():
            loc = ("duties", id_)
            if duty.due is not None and duty.due < first:
                yield plan.mistake((*loc, "due"), f"due {duty.due} is before the plan is in force ({first})")
            if duty.period is None and duty.deadline != "none":
                said = "a deadline comes back every period: name the 'period', or write the one day as 'due'"
                yield plan.mistake((*loc, "deadline"), said)
            for index in duty.of:
                if duty.period is None or not 1 <= index <= PER_YEAR[duty.period]:
                    yield plan.mistake((*loc, "of"), f"there is no period {index} of a year{_of(duty.period)}")


def _of(kind: PeriodKind | None) -> str:
    if kind is None:
        return ": the duty has no 'period'"
    return f" by {kind}: it has {_PERIODS_OF_A_YEAR.get(kind, 1)}"


def times(programmes: Programmes) -> Iterator[Finding]:
    for plan in programmes.plans:
        time = plan.value.in_force
        if time.last < time.first:
            yield plan.mistake(("in_force", "last"), f"the plan ends ({time.last}) before it begins ({time.first})")


def blank_numbers(programmes: Programmes) -> Iterator[Finding]:
    for plan in programmes.plans:
        if not plan.value.number.strip():
            yield plan.warning(("number",), "the plan's number is blank")
