"""Every target that binds one area in a period, from the plans of all above it, side by side.

Targets whose indicators count some of the same stand together: which of them asks most, and which can't be compared.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from chitieu.domain.catalogue import Label
from chitieu.domain.inquiry import Inquiry, Question
from chitieu.domain.period import Period, PeriodKind, Window
from chitieu.domain.plan import Plan, Target
from chitieu.domain.stringency import Aim, Difference, differences, stricter
from chitieu.domain.unit import Unit


class Unjudged(StrEnum):
    """Why a target that binds an area is not judged there in a period."""

    OTHER_KIND = "other_kind"
    OTHER_PHASE = "other_phase"
    NOT_ASKED = "not_asked"
    OUTSIDE_PLAN = "outside_plan"


@dataclass(frozen=True, slots=True)
class Binding:
    """A target that binds an area: the question by which it is judged there, or why it is not."""

    plan: Plan
    aim: Aim
    question: Question | None
    unjudged: Unjudged | None = None

    @property
    def target(self) -> Target:
        return self.aim.target


@dataclass(frozen=True, slots=True)
class Group:
    """Bindings whose indicators count some of the same."""

    bindings: tuple[Binding, ...]

    def strictest(self, one: Binding) -> bool:
        """Does no other that it can be compared with ask more?"""
        return not any(stricter(other.aim, one.aim) for other in self.bindings)

    def differences(self) -> Iterator[tuple[Binding, Binding, Difference]]:
        for one, other in combinations(self.bindings, 2):
            yield from ((one, other, difference) for difference in differences(one.aim, other.aim))


def bindings(inquiry: Inquiry, unit: Unit, period: Period) -> list[Binding]:
    """From all plans that are in force in a period and hold a unit, those of the highest area first."""
    holding = [
        plan for plan in inquiry.release.plans.values() if inquiry.inside(plan, unit, inquiry.period_end(plan, period))
    ]
    holding.sort(key=lambda plan: (_depth(inquiry, plan), plan.id))
    return [one for plan in holding for one in _of_plan(inquiry, plan, unit, period)]


def groups(some: Sequence[Binding]) -> list[Group]:
    """In the order of the first of each."""
    found: list[list[Binding]] = []
    for one in some:
        kin = [group for group in found if any(_overlap(one, other) for other in group)]
        found = [group for group in found if group not in kin or group is kin[0]]
        if not kin:
            found.append([one])
        else:
            kin[0][:] = [other for group in kin for other in group] + [one]
    return [Group(tuple(sorted(group, key=some.index))) for group in found]


def why_unjudged(one: Binding, period: Period) -> Label | None:
    """In words; None if it is judged."""
    if one.unjudged is Unjudged.OTHER_KIND:
        kinds = [_KINDS[kind] for kind in one.target.kinds]
        vi, en = (", ".join(names) for names in zip(*((kind.vi, kind.en) for kind in kinds), strict=True))
        return Label(f"Chỉ đánh giá theo: {vi}.", f"It is judged by: {en} only.")
    if one.unjudged is Unjudged.OTHER_PHASE:
        phases = ", ".join(map(str, one.plan.phases))
        return Label(f"Kế hoạch chỉ nêu các giai đoạn: {phases}.", f"The plan names these phases only: {phases}.")
    if one.unjudged is Unjudged.NOT_ASKED:
        return Label(
            f"Ở đây không biểu mẫu nào thu số liệu này cho kỳ {period}.",
            f"No form asks for its figures here for period {period}.",
        )
    if one.unjudged is Unjudged.OUTSIDE_PLAN:
        first, last = (f"{day:%d/%m/%Y}" for day in (one.plan.first, one.plan.last))
        return Label(
            f"Số liệu của kỳ này thu ngoài thời gian của kế hoạch ({first} – {last}).",
            f"The figures of this period lie outside the plan's time ({first} – {last}).",
        )
    return None


_KINDS = {
    PeriodKind.MONTH: Label("tháng", "month"),
    PeriodKind.QUARTER: Label("quý", "quarter"),
    PeriodKind.HALF_YEAR: Label("6 tháng", "half-year"),
    PeriodKind.NINE_MONTHS: Label("9 tháng", "nine months"),
    PeriodKind.YEAR: Label("năm", "year"),
    PeriodKind.SCHOOL_YEAR: Label("năm học", "school year"),
    PeriodKind.PHASE: Label("giai đoạn", "phase"),
}


def _of_plan(inquiry: Inquiry, plan: Plan, unit: Unit, period: Period) -> Iterator[Binding]:
    questions = {question.target.id: question for question in inquiry.questions(plan, unit, period)}
    calendar = Window().days(period)
    if not questions and (plan.last < calendar.first or calendar.last < plan.first):
        return
    for target in plan.targets.values():
        if inquiry.binds(plan, target, unit):
            aim, question = Aim(target, inquiry.indicator(target)), questions.get(target.id)
            unjudged = _unjudged(inquiry, plan, target, unit, period) if question is None else None
            yield Binding(plan, aim, question, unjudged)


def _unjudged(inquiry: Inquiry, plan: Plan, target: Target, unit: Unit, period: Period) -> Unjudged:
    if target.kinds and period.kind not in target.kinds:
        return Unjudged.OTHER_KIND
    if not plan.judges(period):
        return Unjudged.OTHER_PHASE
    asked = inquiry.sitting(plan, target, unit, period) is not None
    return Unjudged.OUTSIDE_PLAN if asked else Unjudged.NOT_ASKED


def _overlap(one: Binding, other: Binding) -> bool:
    return not set(one.aim.indicator.numerator).isdisjoint(other.aim.indicator.numerator)


def _depth(inquiry: Inquiry, plan: Plan) -> int:
    area = inquiry.area_of(plan)
    return 0 if area is None else len(inquiry.path(area, plan.first))
