"""`/v1/attainment` without a plan: every target that binds an area, whoever set it, side by side."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, Field

from chitieu.domain.attainment import Attainment
from chitieu.domain.cascade import Binding, Group, Unjudged, bindings, groups, why_unjudged
from chitieu.domain.form import Form
from chitieu.domain.inquiry import Inquiry, Question
from chitieu.domain.period import Period
from chitieu.domain.plan import Plan
from chitieu.domain.stringency import Difference, in_words
from chitieu.domain.unit import Unit
from services.api.answers import AsOf, Text, UnitBrief
from services.api.attained import Judgement, TargetBrief, judgement, target_brief
from services.api.context import Context
from services.api.figures import Judge
from services.api.lookups import any_period, find_any_area
from services.api.queries import Progress
from services.api.size import Narrow
from services.api.tasks import TaskCounts
from services.api.view import HierarchyAnswer, Standpoint


class SetBy(BaseModel):
    """The plan that a target stands in. `number` is what its document says; a blank is data."""

    plan: str
    label: Text
    number: str
    issuer: str
    area: UnitBrief | None


class UnjudgedAnswer(BaseModel):
    """Why a target that binds the area has no state in this period."""

    code: Unjudged
    vi: str
    en: str


@dataclass
class BindingAnswer(TargetBrief):
    """A target that binds the area, and how far it is."""

    set_by: SetBy
    strictest: Annotated[bool, Field(description="no other here that it can be compared with asks more")]
    judged: Annotated[Judgement | None, Field(description="null: see `unjudged`")]
    unjudged: UnjudgedAnswer | None


class DifferenceAnswer(BaseModel):
    """What has to be said of two targets of a group."""

    code: Difference
    comparable: bool
    between: list[list[str]] = Field(description="plan and target of each of the two")
    vi: str
    en: str


class IndicatorBrief(BaseModel):
    id: str
    label: Text


class GroupAnswer(BaseModel):
    """Targets on one indicator, or on indicators that count some of the same."""

    indicators: list[IndicatorBrief]
    targets: list[BindingAnswer]
    differences: list[DifferenceAnswer]


class CascadeAnswer(BaseModel):
    """Targets of all plans in force that hold the area, those of the highest area first."""

    area: UnitBrief
    period: str
    groups: list[GroupAnswer]
    hierarchy: HierarchyAnswer | None = Field(description="the tree of another day, if asked for")
    notice: Text | None = Field(description="what must be said beside every figure, such as that they are simulated")
    as_of: AsOf


@dataclass(frozen=True, slots=True)
class _Answer:
    """By the order of the bindings."""

    attained: tuple[Attainment | None, ...]


@dataclass(frozen=True, slots=True)
class Cascade:
    """A request understood."""

    inquiry: Inquiry
    unit: Unit
    period: Period
    bindings: Sequence[Binding]

    def questions(self) -> Iterator[Question]:
        return (one.question for one in self.bindings if one.question is not None)

    @property
    def narrow(self) -> tuple[Narrow, ...]:
        return (Narrow.AREA,)

    def tasks(self, context: Context, at: Standpoint) -> TaskCounts | None:
        """None: tasks are told with the plan that sets them."""
        return None

    def judged(self, judge: Judge) -> _Answer:
        asked = [one.question for one in self.bindings]
        return _Answer(tuple(None if question is None else judge(question) for question in asked))

    def written(
        self, at: Standpoint, progress: Progress, tasks: TaskCounts | None, notice: Text | None, shown: _Answer
    ) -> CascadeAnswer:
        attained = {id(one): state for one, state in zip(self.bindings, shown.attained, strict=True)}
        return CascadeAnswer(
            area=UnitBrief.of(self.unit),
            period=str(self.period),
            groups=[self._group(group, attained) for group in groups(self.bindings)],
            hierarchy=at.hierarchy(self._forms(), self.period, self.unit),
            notice=notice,
            as_of=at.as_of(progress),
        )

    json = written

    def _forms(self) -> list[Form]:
        plans = {one.plan.id: one.plan for one in self.bindings}
        found = {form.id: form for plan in plans.values() for form in self.inquiry.plan_forms(plan)}
        return list(found.values())

    def _group(self, group: Group, attained: Mapping[int, Attainment | None]) -> GroupAnswer:
        indicators = {one.aim.indicator.id: one.aim.indicator for one in group.bindings}
        return GroupAnswer(
            indicators=[IndicatorBrief(id=one.id, label=Text.of(one.label)) for one in indicators.values()],
            targets=[self._binding(one, group.strictest(one), attained[id(one)]) for one in group.bindings],
            differences=[self._difference(*found) for found in group.differences()],
        )

    def _binding(self, one: Binding, strictest: bool, state: Attainment | None) -> BindingAnswer:
        why = why_unjudged(one, self.period)
        return BindingAnswer(
            **target_brief(one.target, one.aim.indicator),
            set_by=self._set_by(one.plan),
            strictest=strictest,
            judged=None if state is None else judgement(state, self.inquiry.release.catalogue),
            unjudged=UnjudgedAnswer(code=one.unjudged, vi=why.vi, en=why.en) if why and one.unjudged else None,
        )

    def _set_by(self, plan: Plan) -> SetBy:
        area = self.inquiry.area_of(plan)
        return SetBy(
            plan=plan.id,
            label=Text.of(plan.label),
            number=plan.number,
            issuer=plan.issuer,
            area=area and UnitBrief.of(area),
        )

    def _difference(self, one: Binding, other: Binding, difference: Difference) -> DifferenceAnswer:
        said = in_words(difference, one.aim, other.aim, self.inquiry.release.catalogue.elements)
        return DifferenceAnswer(
            code=difference,
            comparable=difference.comparable,
            between=[[binding.plan.id, binding.target.id] for binding in (one, other)],
            vi=said.vi,
            en=said.en,
        )


def cascade(inquiry: Inquiry, area: str, period: str) -> Cascade:
    """Raises NotFound for a period or area that there is not."""
    when = any_period(period)
    unit = find_any_area(inquiry, area, when)
    return Cascade(inquiry, unit, when, bindings(inquiry, unit, when))
