"""The figures of a printed report: what `/v1/attainment` answers, beside the year so far and the year before."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from chitieu.domain.attainment import Attainment
from chitieu.domain.disclosure import Derived
from chitieu.domain.inquiry import CellKey, Inquiry, Question
from chitieu.domain.period import Period, PeriodKind
from chitieu.domain.plan import Plan
from chitieu.domain.rollup import Cell
from chitieu.domain.unit import Unit
from chitieu.domain.withheld import Withheld
from chitieu.domain.year_to_date import before_in_year, year_to_date

_NOTHING = Derived(None)


@dataclass(frozen=True, slots=True)
class Line:
    """A target's row. `to_date` and `year_before` are in the indicator's unit, the shares in per cent.

    `year_before` is the same period a year earlier, if enough units reported to judge by it. `of_plan` is the value as
    a share of the bound: there is none for a bound of 0, without a bound, or while too few have reported.
    """

    attained: Attainment
    to_date: Derived
    year_before: Derived
    of_plan: Derived
    of_year_before: Derived

    @property
    def value(self) -> Derived:
        return _value(self.attained)


@dataclass(frozen=True, slots=True)
class AskedTarget:
    """A target's question, and the same one about earlier periods of its year and about the year before."""

    now: Question
    earlier: Sequence[Question]
    year_before: Question | None

    def questions(self) -> Iterator[Question]:
        return filter(None, (self.now, *self.earlier, self.year_before))


def ask(inquiry: Inquiry, plan: Plan, unit: Unit, period: Period) -> list[AskedTarget]:
    """What has to be known of each target that is judged at a unit in a period, in the plan's order."""
    before = [_by_target(inquiry, plan, unit, one) for one in before_in_year(period)]
    last_year = _by_target(inquiry, plan, unit, a_year_before(period)) if period.kind is not PeriodKind.PHASE else {}
    return [
        AskedTarget(one, [by[one.target.id] for by in before if one.target.id in by], last_year.get(one.target.id))
        for one in inquiry.questions(plan, unit, period)
    ]


def a_year_before(period: Period) -> Period:
    """A phase has none: its years are named, not counted."""
    return replace(period, year=period.year - 1, last_year=period.last_year - 1)


def line(inquiry: Inquiry, asked: AskedTarget, cells: Mapping[CellKey, Cell], today: date, withheld: Withheld) -> Line:
    """A target's row, from the cells read."""

    def judged(question: Question) -> Attainment:
        return inquiry.judge(question, cells, today, withheld)

    attained, earlier = judged(asked.now), [judged(one) for one in asked.earlier]
    year_before = _NOTHING if asked.year_before is None else _enough(judged(asked.year_before))
    value = _enough(attained)
    bound = Derived(attained.target.bound)
    return Line(
        attained, _to_date(inquiry, [*earlier, attained]), year_before, _share(value, bound), _share(value, year_before)
    )


def _by_target(inquiry: Inquiry, plan: Plan, unit: Unit, period: Period) -> dict[str, Question]:
    return {one.target.id: one for one in inquiry.questions(plan, unit, period) if one.now is not None}


def _to_date(inquiry: Inquiry, attained: Sequence[Attainment]) -> Derived:
    if attained[-1].evidence is None:
        return _NOTHING
    told = [one.evidence for one in attained if one.evidence is not None]
    return year_to_date(attained[-1].indicator, inquiry.release.catalogue.elements, told)


def _enough(attained: Attainment) -> Derived:
    evidence = attained.evidence
    return evidence.value if evidence is not None and evidence.coverage.sufficient else _NOTHING


def _value(attained: Attainment) -> Derived:
    return attained.evidence.value if attained.evidence is not None else _NOTHING


def _share(part: Derived, whole: Derived) -> Derived:
    """One of another in per cent; it would give both of them away."""
    sources = part.sources + whole.sources
    if part.value is None or not whole.value:
        return Derived(None, sources)
    return Derived(part.value / whole.value * Fraction(100), sources)
