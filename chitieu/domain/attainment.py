"""How far an area is from a target: one pure function from evidence to a state, with the rule that gave it.

Fractions are compared, never rounded numbers: `< 1 %` at exactly 1 % fails. The order of the rules is the order of what
would make the next one say too much: an ended area, a broken promise to maintain, nothing known, too few reports,
nothing to count, and only then the bound and the way to it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from operator import eq, ge, gt, le, lt

from chitieu.domain.catalogue import Direction, Indicator
from chitieu.domain.evidence import Evidence
from chitieu.domain.fractions import exact_text
from chitieu.domain.period import Days, Period, Window
from chitieu.domain.plan import Comparator, Target


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


# rule -> (Vietnamese, English). No figure of an area stands in them: sentences don't pass disclosure.
_SENTENCES: Mapping[Rule, tuple[str, str]] = {
    Rule.ENDED: (
        "Đơn vị không còn hoạt động vào ngày cuối kỳ.",
        "The area is no longer in force on the period's last day.",
    ),
    Rule.BROKEN_BEFORE: (
        "Phải duy trì trong mọi kỳ; đã không đạt ở kỳ: {broken}.",
        "It must hold in every period; it did not in {broken}.",
    ),
    Rule.NO_DATA: ("Chưa có số liệu.", "Nothing has been reported."),
    Rule.INSUFFICIENT: (
        "Số đơn vị báo cáo chưa đủ: {reported}/{expected}, cần ít nhất {needed}%.",
        "Too few units have reported: {reported} of {expected}, at least {needed} % are needed.",
    ),
    Rule.NOT_ARISING: (
        "Không phát sinh: không có đối tượng để tính.",
        "Does not arise: there is nothing to count.",
    ),
    Rule.MET: ("Đạt mức đề ra ({bound}).", "The bound is met ({bound})."),
    Rule.KEPT: ("Duy trì được trong mọi kỳ ({bound}).", "It has held in every period ({bound})."),
    Rule.BROKEN_NOW: (
        "Phải duy trì trong mọi kỳ; kỳ này không đạt ({bound}).",
        "It must hold in every period; in this one it does not ({bound}).",
    ),
    Rule.BREAKING: (
        "Kỳ chưa kết thúc và đang không duy trì được ({bound}).",
        "The period is not over and it does not hold ({bound}).",
    ),
    Rule.NOTHING_LEFT: ("Bằng 0: không thể giảm thêm.", "It is 0: nothing is left to decrease."),
    Rule.FIRST_KNOWN: (
        "Kỳ đầu tiên có số liệu: các kỳ sau được so với kỳ này.",
        "The first known period: later ones are compared with it.",
    ),
    Rule.DECREASED: ("Đã giảm so với {compared}.", "It has decreased against {compared}."),
    Rule.DUE_PASSED: (
        "Chưa đạt ({bound}) và đã qua hạn {due}.",
        "The bound is not met ({bound}) and the due date {due} has passed.",
    ),
    Rule.NOT_DUE: (
        "Chưa đạt ({bound}); kế hoạch không cho biết lộ trình đến hạn {due}.",
        "The bound is not met ({bound}); the plan gives no path to the due date {due}.",
    ),
    Rule.NO_DUE: (
        "Chưa đạt ({bound}); kế hoạch không nêu thời hạn.",
        "The bound is not met ({bound}); the plan names no due date.",
    ),
    Rule.ON_PATH: (
        "Chưa đạt ({bound}) nhưng không kém mức cần có trên lộ trình.",
        "The bound is not met yet ({bound}), but the value is not behind the path to it.",
    ),
    Rule.BEHIND_PATH: (
        "Chưa đạt ({bound}) và kém mức cần có trên lộ trình.",
        "The bound is not met ({bound}), and the value is behind the path to it.",
    ),
}

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
class Attainment:
    """`expected` is the value on the path to the due date, `compared` the period that a decrease is judged by."""

    target: Target
    indicator: Indicator
    state: State
    rule: Rule
    evidence: Evidence | None = None
    expected: Fraction | None = None
    compared: Earlier | None = None
    broken: Period | None = None

    def sentence(self, language: int) -> str:
        """The rule in words; language 0 is Vietnamese, 1 English."""
        coverage = self.evidence.coverage if self.evidence is not None else None
        compared = _period(self.compared.period if self.compared is not None else None, language)
        return _SENTENCES[self.rule][language].format(
            bound=_bound(self.target, language),
            due=self.target.due and f"{self.target.due:%d/%m/%Y}",
            broken=_period(self.broken, language),
            compared=compared or ("mức gốc", "the baseline")[language],
            reported=coverage and coverage.reported,
            expected=coverage and coverage.expected,
            needed=coverage and _number(coverage.needed, language),
        )


def holds(comparator: Comparator, value: Fraction, bound: Fraction) -> bool:
    """Does a value satisfy a bound, exactly? Only for comparators that relate to a bound."""
    return _HOLDS[comparator](value, bound)


def ended(target: Target, indicator: Indicator) -> Attainment:
    """The state of an area that was no longer in force when the period ended."""
    return Attainment(target, indicator, State.ENDED, Rule.ENDED)


def attain(
    target: Target, indicator: Indicator, evidence: Evidence, earlier: Sequence[Earlier], moment: Moment
) -> Attainment:
    """Judge a target. `earlier` periods, oldest first, matter to MAINTAIN (all) and DECREASE (the first known)."""
    judged = _Judged(target, indicator, evidence)
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
        return _decreased(judged, value, earlier, moment)
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

    def says(
        self,
        state: State,
        rule: Rule,
        *,
        expected: Fraction | None = None,
        compared: Earlier | None = None,
        broken: Period | None = None,
    ) -> Attainment:
        return Attainment(self.target, self.indicator, state, rule, self.evidence, expected, compared, broken)


def _broken_before(target: Target, earlier: Sequence[Earlier]) -> Period | None:
    """The first earlier period in which a value to be maintained was not."""
    if target.comparator is not Comparator.MAINTAIN or target.holds is None or target.bound is None:
        return None
    for one in earlier:
        if one.value is not None and not holds(target.holds, one.value, target.bound):
            return one.period
    return None


def _maintained(judged: _Judged, value: Fraction, moment: Moment) -> Attainment:
    """What broke in a period that is over stays broken: missed whatever the due date."""
    target = judged.target
    if target.holds is None or target.bound is None:
        raise ValueError(f"target {target.id} maintains nothing")
    if holds(target.holds, value, target.bound):
        return judged.says(State.MET, Rule.KEPT)
    if moment.today > moment.days.last:
        return judged.says(State.MISSED, Rule.BROKEN_NOW, broken=moment.period)
    return judged.says(State.AT_RISK, Rule.BREAKING)


def _decreased(judged: _Judged, value: Fraction, earlier: Sequence[Earlier], moment: Moment) -> Attainment:
    """Against the baseline, else the first known period; that period itself has nothing to be judged by."""
    if value == 0:
        return judged.says(State.MET, Rule.NOTHING_LEFT)
    baseline = judged.target.baseline
    first = next((one for one in earlier if one.value is not None), None) if baseline is None else None
    reference = first.value if first is not None else baseline
    if reference is None:
        return judged.says(State.ON_TRACK, Rule.FIRST_KNOWN)
    if value < reference:
        return judged.says(State.MET, Rule.DECREASED, compared=first)
    return _not_met(judged, moment, None, compared=first)


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


def _not_met(
    judged: _Judged,
    moment: Moment,
    expected: Fraction | None,
    *,
    on_path: bool = False,
    compared: Earlier | None = None,
) -> Attainment:
    """Missed once the due date has passed and this is the period that shows it; never without a due date."""
    due = judged.target.due
    if due is not None and moment.today > due and moment.decides(due):
        return judged.says(State.MISSED, Rule.DUE_PASSED, expected=expected, compared=compared)
    if on_path:
        return judged.says(State.ON_TRACK, Rule.ON_PATH, expected=expected)
    behind = Rule.BEHIND_PATH if expected is not None else Rule.NO_DUE if due is None else Rule.NOT_DUE
    return judged.says(State.AT_RISK, behind, expected=expected, compared=compared)


def _lower_is_better(target: Target, indicator: Indicator) -> bool:
    if target.comparator is Comparator.EQUAL:
        return indicator.better is Direction.LOWER
    return target.comparator in (Comparator.BELOW, Comparator.AT_MOST)


def _bound(target: Target, language: int) -> str:
    if target.bound is None:
        return ("giảm", "decrease")[language]
    return f"{(target.holds or target.comparator).sign} {_number(target.bound, language)}"


def _period(period: Period | None, language: int) -> str | None:
    if period is None:
        return None
    # It stands in the middle of a sentence.
    return period.vi[0].lower() + period.vi[1:] if language == 0 else str(period)


def _number(number: Fraction, language: int) -> str:
    text = exact_text(number)
    return text.replace(".", ",") if language == 0 else text
