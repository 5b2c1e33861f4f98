"""How far an area is from a target: one pure function from evidence to a state, with the rule that gave it.

Fractions are compared, never rounded numbers: `< 1 %` at exactly 1 % fails. The order of the rules is the order of what
would make the next one say too much: an ended area, a broken promise to maintain, nothing known, too few reports,
nothing to count, and only then the bound and the way to it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from operator import eq, ge, gt, le, lt

from chitieu.domain.catalogue import Direction, Indicator
from chitieu.domain.disclosure import Derived, Private
from chitieu.domain.evidence import Evidence
from chitieu.domain.gap import Gap, contribution, gap
from chitieu.domain.period import Days, Period, Window
from chitieu.domain.plan import Comparator, Target
from chitieu.domain.unit import Unit


class State(StrEnum):
    MET = "met"
    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    MISSED = "missed"
    NO_DATA = "no_data"
    NOT_ARISING = "not_arising"
    INSUFFICIENT = "insufficient"
    ENDED = "ended"


class Rule(StrEnum):
    """Why a state is what it is; one state may have several reasons."""

    ENDED = "ended"
    BROKEN_BEFORE = "broken_before"
    NO_DATA = "no_data"
    INSUFFICIENT = "insufficient"
    NOT_ARISING = "not_arising"
    MET = "met"
    KEPT = "kept"
    BROKEN_NOW = "broken_now"
    BREAKING = "breaking"
    NOTHING_LEFT = "nothing_left"
    FIRST_KNOWN = "first_known"
    DECREASED = "decreased"
    DUE_PASSED = "due_passed"
    NOT_DUE = "not_due"
    NO_DUE = "no_due"
    ON_PATH = "on_path"
    BEHIND_PATH = "behind_path"


_HOLDS: Mapping[Comparator, Callable[[Fraction, Fraction], bool]] = {
    Comparator.BELOW: lt,
    Comparator.AT_MOST: le,
    Comparator.AT_LEAST: ge,
    Comparator.ABOVE: gt,
    Comparator.EQUAL: eq,
}


@dataclass(frozen=True, slots=True)
class Moment:
    """A period as it falls in an area, and the day of the question.

    `next_last` is the last day of the next period that can show the target; `begins` is the plan's first day.
    """

    period: Period
    days: Days
    next_last: date
    begins: date
    today: date

    def decides(self, due: date) -> bool:
        """Is this the last period that can show whether a target was reached by its due date?"""
        return self.days.last >= due or self.next_last > due


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was known of an earlier period."""

    period: Period
    evidence: Evidence

    @property
    def value(self) -> Fraction | None:
        """None unless enough units reported to judge by it."""
        return self.evidence.value.value if self.evidence.coverage.sufficient else None


@dataclass(frozen=True, slots=True)
class Correction:
    """What was changed after a figure was final (chitieu.domain.correction).

    `revisions` count it; the others tell of the last of them. `unit` is None if the tree has it no more.
    """

    revisions: int
    known_at: datetime
    unit: Unit | None
    reason: Private


@dataclass(frozen=True, slots=True)
class Attainment:
    """A target's state and all it was judged by.

    `expected` is the value on the path to the due date, `compared` the period that a decrease is judged by, `broken`
    the first one in which a value to be maintained was not. `gap` is that to the bound, `path_gap` that to `expected`;
    `corrected` what was changed after the figure was final.
    """

    target: Target
    indicator: Indicator
    state: State
    rule: Rule
    evidence: Evidence | None = None
    expected: Fraction | None = None
    compared: Earlier | None = None
    broken: Earlier | None = None
    gap: Gap | None = None
    path_gap: Gap | None = None
    corrected: Correction | None = None

    @property
    def level(self) -> Derived:
        """What the value is held against: the bound; of a decrease, the baseline or the first known period's value."""
        return _level(self.target, self.compared)

    @property
    def lower_is_better(self) -> bool:
        return _lower_is_better(self.target, self.indicator)


def holding_back(area: Attainment, below: Attainment) -> Derived:
    """What an area below adds to the shortfall of one target in an area, in what the numerator counts.

    See `chitieu.domain.gap.contribution`. None if there are no figures, or nothing that they are held against.
    """
    if below.evidence is None:
        return Derived(None)
    return contribution(below.indicator, below.evidence, area.level, area.lower_is_better)


def holds(comparator: Comparator, value: Fraction, bound: Fraction) -> bool:
    """Does a value satisfy a bound, exactly? Only for comparators that relate to a bound."""
    return _HOLDS[comparator](value, bound)


def ended(target: Target, indicator: Indicator) -> Attainment:
    """The state of an area that was no longer in force when the period ended."""
    return Attainment(target, indicator, State.ENDED, Rule.ENDED)


def attain(
    target: Target, indicator: Indicator, evidence: Evidence, earlier: Iterable[Earlier], moment: Moment
) -> Attainment:
    """Judge a target. `earlier` periods, oldest first, matter to MAINTAIN (all) and DECREASE (the first known).

    No more of them are taken than decide it: what was known of a period takes as long to weigh as what is known now.
    """
    judged = _Judged(target, indicator, evidence, _first_known(target, earlier))
    broken = _broken_before(target, earlier)
    if broken is not None:
        return judged.says(State.MISSED, Rule.BROKEN_BEFORE, broken=broken)
    if not evidence.known:
        return judged.says(State.NO_DATA, Rule.NO_DATA)
    if not evidence.coverage.sufficient:
        return judged.says(State.INSUFFICIENT, Rule.INSUFFICIENT)
    value = evidence.value.value
    if value is None:
        return judged.says(State.NOT_ARISING, Rule.NOT_ARISING)
    if target.comparator is Comparator.MAINTAIN:
        return _maintained(judged, value, moment)
    if target.comparator is Comparator.DECREASE:
        return _decreased(judged, value, moment)
    return _bounded(judged, value, moment)


def expected_on_path(target: Target, moment: Moment) -> Fraction | None:
    """The value to have by the period's last day, None if the plan gives neither milestones nor a baseline.

    The last milestone passed; without milestones the straight line from the baseline, on the plan's first day, to the
    bound on the due date.
    """
    if target.milestones:
        here = Window().days(moment.period).last
        passed = [value for period, value in target.milestones if Window().days(period).last <= here]
        return passed[-1] if passed else None
    if target.baseline is None or target.bound is None or target.due is None or target.due <= moment.begins:
        return None
    gone = (moment.days.last - moment.begins).days
    share = Fraction(gone, (target.due - moment.begins).days)
    return target.baseline + (target.bound - target.baseline) * min(max(share, Fraction(0)), Fraction(1))


@dataclass(frozen=True, slots=True)
class _Judged:
    target: Target
    indicator: Indicator
    evidence: Evidence
    compared: Earlier | None

    def says(
        self, state: State, rule: Rule, *, expected: Fraction | None = None, broken: Earlier | None = None
    ) -> Attainment:
        relation = self.target.holds or self.target.comparator
        on_path = Comparator.AT_MOST if _lower_is_better(self.target, self.indicator) else Comparator.AT_LEAST
        return Attainment(
            self.target,
            self.indicator,
            state,
            rule,
            self.evidence,
            expected,
            self.compared,
            broken,
            self._gap(relation, _level(self.target, self.compared)),
            self._gap(on_path, Derived(expected)),
        )

    def _gap(self, relation: Comparator, level: Derived) -> Gap | None:
        return None if level.value is None else gap(self.indicator, self.evidence, relation, level.value, level.sources)


def _first_known(target: Target, earlier: Iterable[Earlier]) -> Earlier | None:
    """What a decrease is judged by if the plan gives no baseline."""
    if target.comparator is not Comparator.DECREASE or target.baseline is not None:
        return None
    return next((one for one in earlier if one.value is not None), None)


def _broken_before(target: Target, earlier: Iterable[Earlier]) -> Earlier | None:
    """The first earlier period in which a value to be maintained was not."""
    if target.comparator is not Comparator.MAINTAIN or target.holds is None or target.bound is None:
        return None
    for one in earlier:
        if one.value is not None and not holds(target.holds, one.value, target.bound):
            return one
    return None


def _maintained(judged: _Judged, value: Fraction, moment: Moment) -> Attainment:
    """What broke in a period that is over stays broken: missed whatever the due date."""
    target = judged.target
    if target.holds is None or target.bound is None:
        raise ValueError(f"target {target.id} maintains nothing")
    if holds(target.holds, value, target.bound):
        return judged.says(State.MET, Rule.KEPT)
    if moment.today > moment.days.last:
        return judged.says(State.MISSED, Rule.BROKEN_NOW)
    return judged.says(State.AT_RISK, Rule.BREAKING)


def _decreased(judged: _Judged, value: Fraction, moment: Moment) -> Attainment:
    """Against the baseline, else the first known period; that period itself has nothing to be judged by."""
    if value == 0:
        return judged.says(State.MET, Rule.NOTHING_LEFT)
    reference = judged.target.baseline if judged.compared is None else judged.compared.value
    if reference is None:
        return judged.says(State.ON_TRACK, Rule.FIRST_KNOWN)
    if value < reference:
        return judged.says(State.MET, Rule.DECREASED)
    return _not_met(judged, moment, None)


def _bounded(judged: _Judged, value: Fraction, moment: Moment) -> Attainment:
    target = judged.target
    if target.bound is None:
        raise ValueError(f"target {target.id} has no bound")
    expected = expected_on_path(target, moment)
    if holds(target.comparator, value, target.bound):
        return judged.says(State.MET, Rule.MET, expected=expected)
    lower = _lower_is_better(target, judged.indicator)
    good = expected is not None and (value <= expected if lower else value >= expected)
    return _not_met(judged, moment, expected, on_path=good)


def _not_met(judged: _Judged, moment: Moment, expected: Fraction | None, *, on_path: bool = False) -> Attainment:
    """Missed once the due date has passed and this is the period that shows it; never without a due date."""
    due = judged.target.due
    if due is not None and moment.today > due and moment.decides(due):
        return judged.says(State.MISSED, Rule.DUE_PASSED, expected=expected)
    if on_path:
        return judged.says(State.ON_TRACK, Rule.ON_PATH, expected=expected)
    behind = Rule.BEHIND_PATH if expected is not None else Rule.NO_DUE if due is None else Rule.NOT_DUE
    return judged.says(State.AT_RISK, behind, expected=expected)


def _level(target: Target, compared: Earlier | None) -> Derived:
    if compared is not None:
        return compared.evidence.value
    return Derived(target.baseline if target.comparator is Comparator.DECREASE else target.bound)


def _lower_is_better(target: Target, indicator: Indicator) -> bool:
    relation = target.holds or target.comparator
    if relation is Comparator.EQUAL:
        return indicator.better is Direction.LOWER
    return relation in (Comparator.BELOW, Comparator.AT_MOST, Comparator.DECREASE)
