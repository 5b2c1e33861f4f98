"""Questions about targets: which cells have to be read to judge a plan in an area and period, and what follows.

inquiry = Inquiry(release)
questions = inquiry.questions(plan, unit, period)
cells = <read the cells of every question>
[inquiry.judge(question, cells, today, withheld) for question in questions]
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import product

from chitieu.domain.agenda import Agenda, Sitting, periods
from chitieu.domain.attainment import Attainment, Earlier, Moment, attain, ended, expected_on_path
from chitieu.domain.catalogue import Indicator
from chitieu.domain.evidence import Evidence, Part, weigh
from chitieu.domain.form import Form
from chitieu.domain.hierarchy import Hierarchy, Placement
from chitieu.domain.obligation import Expectations
from chitieu.domain.period import Period, PeriodKind, Window
from chitieu.domain.plan import Comparator, Plan, Target
from chitieu.domain.registry import Release
from chitieu.domain.rollup import Cell
from chitieu.domain.unit import Unit
from chitieu.domain.withheld import Figures, Withheld, sums_withheld

CellKey = tuple[str, str, str]  # form, period, area (a unit's id)

# Areas whose questions are kept, each in one plan and period: some kilobytes each.
_MOST_REMEMBERED = 2_000


@dataclass(frozen=True, slots=True)
class Question:
    """A target at a unit. `path` holds the ids from which it is seen whole: those from the nation to the unit.

    `now` is None if the unit has ended.
    """

    plan: Plan
    target: Target
    indicator: Indicator
    unit: Unit
    path: tuple[str, ...]
    now: Sitting | None
    earlier: tuple[Sitting, ...] = ()

    def cells(self) -> Iterator[CellKey]:
        """What has to be read to judge it."""
        yield from self.now_cells()
        yield from (slot.cell for sitting in self.earlier for slot in sitting.slots)

    def now_cells(self) -> Iterator[CellKey]:
        """Of these, those of the period itself."""
        if self.now is not None:
            yield from (slot.cell for slot in self.now.slots)

    def figures(self) -> Iterator[Figures]:
        """What is told of it."""
        for sitting in (*(() if self.now is None else (self.now,)), *self.earlier):
            yield Figures(self.indicator.elements, self.target.series, sitting.period, self.unit.id, self.path)


class Inquiry:
    """Questions to one release; remembers what it worked out about the tree.

    Areas are those of each period's own tree, or of one hierarchy for all periods.
    """

    def __init__(self, release: Release, hierarchy: Hierarchy | None = None) -> None:
        self.release = release
        self.hierarchy = hierarchy
        self.expectations = Expectations(release, hierarchy)
        self._forms: dict[tuple[str, str], list[Form]] = {}
        self._agendas: dict[tuple[str, str], Agenda] = {}
        self._questions: dict[tuple[str, str, Period], list[Question]] = {}

    def area_of(self, plan: Plan) -> Unit | None:
        """The unit that a plan binds; see `Release.area_of`."""
        return self.release.area_of(plan)

    def forms(self, target: Target) -> list[Form]:
        """The forms of a target's series that carry what its indicator is made of."""
        return self.carriers(target.series, self.indicator(target))

    def carriers(self, series: str, indicator: Indicator) -> list[Form]:
        """The forms of a series that carry what an indicator is made of."""
        key = (series, indicator.id)
        if key not in self._forms:
            forms = (form for form in self.release.forms.values() if form.series == series)
            self._forms[key] = [form for form in forms if any(id_ in form.positions for id_ in indicator.elements)]
        return self._forms[key]

    def plan_forms(self, plan: Plan) -> list[Form]:
        """Every form that a plan's targets or duties need."""
        found = {form.id: form for target in plan.targets.values() for form in self.forms(target)}
        for duty in plan.duties.values():
            if duty.form is not None and duty.form in self.release.forms:
                found[duty.form] = self.release.forms[duty.form]
        return list(found.values())

    def locate(self, plan: Plan | None, reference: str, period: Period) -> Unit | None:
        """The unit meant by `code` or `code@date` in a plan's period: the one in force when the period ends there.

        Forms have windows of their own, so the latest day on which the unit is asked for something counts; without a
        plan, by any form. A unit that has ended is found too; a plan's own area stays the unit it was issued for. None
        if there never was such a code. By a hierarchy only what is in force on its day is found.
        """
        own = self.area_of(plan) if plan is not None and reference == plan.area else None
        if self.hierarchy is not None:
            day = self.hierarchy.day
            found = own or self.release.tree.find(reference, day)
            return found if found is not None and found.in_force(day) else None
        if "@" in reference:
            return self.release.tree.units.get(reference)
        if own is not None:
            return own
        forms = self._forms_of(plan)
        asked = {one.days.last for form in forms for one in self.expectations.asked(form, period)}
        days = sorted(asked or {Window().days(period).last}, reverse=True)
        standing = [unit for day in days if (unit := self.release.tree.at(reference, day)) is not None]
        reporting = (u for u in standing if any(self.expectations.rounds(form, period, u.id) for form in forms))
        return next(reporting, None) or next(iter(standing), None) or self._last_row(reference, days)

    def period_end(self, plan: Plan | None, period: Period) -> date:
        """The last day of a period by the latest window of a plan's forms, or of any; else the calendar's."""
        asked = (one.days.last for form in self._forms_of(plan) for one in self.expectations.asked(form, period))
        return max(asked, default=Window().days(period).last)

    def inside(self, plan: Plan, unit: Unit, day: date) -> bool:
        """Is a unit the plan's area or below it, on a day or, if it was not in force then, on its nearest day?

        By a hierarchy: on its day. If the plan's area is not in force then, all that became the unit must have been
        inside.
        """
        area = self.area_of(plan)
        if area is None or self.hierarchy is None or area.in_force(self.hierarchy.day):
            return area is not None and any(one.id == area.id for one in self.path(unit, day))
        tree = self.release.tree
        were = [one for id_ in tree.predecessors(unit.id) if (one := tree.units.get(id_)) and one.in_force(day)]
        were = [unit] if unit.in_force(day) else were
        return bool(were) and all(area in tree.path(one, day) for one in were)

    def path(self, unit: Unit, day: date) -> tuple[Unit, ...]:
        """A unit and all above it on a day, or on its nearest day; by a hierarchy whatever the day."""
        if self.hierarchy is not None:
            return self.hierarchy.path(unit)
        day = max(day, unit.valid_from)
        return self.release.tree.path(unit, day if unit.valid_to is None else min(day, unit.valid_to))

    def seen_from(self, forms: Iterable[Form], unit: Unit, period: Period, day: date) -> tuple[str, ...]:
        """Ids of the areas from which figures of some forms at a unit are seen whole, for a period ending on a day.

        By a period's own tree, or a later one, those of its path. An earlier one, which anybody may choose, gives
        nobody sight of what was reported elsewhere since: then those in which all that counts here stood when it was
        reported.
        """
        ids = tuple(one.id for one in self.path(unit, day))
        if self.hierarchy is None:
            return ids
        rounds = [one for form in forms for one in self.expectations.rounds(form, period, unit.id)]
        held = [one.roster.holders.get(unit.id, frozenset(ids)) for one in rounds]
        return tuple(sorted(frozenset.intersection(*held))) if held else ids

    def undivided(
        self, forms: Iterable[Form], periods: Iterable[Period], areas: Set[str]
    ) -> list[tuple[Unit, Placement]]:
        """Units asked in some periods that the hierarchy can't place below areas (unit ids), in whole or in part.

        Those that count in one of the areas as a whole, and those that count above though some of them may belong
        there.
        """
        if self.hierarchy is None:
            return []
        found: dict[str, tuple[Unit, Placement]] = {}
        for form, period in product(forms, list(periods)):
            for unit in (path[-1] for one in self.expectations.asked(form, period) for path in one.roster.paths):
                placement = self.hierarchy.placement(unit)
                if placement.undivided is not None and not self.hierarchy.touched(unit).isdisjoint(areas):
                    found[unit.id] = unit, placement
        return [found[id_] for id_ in sorted(found)]

    def questions(self, plan: Plan, unit: Unit, period: Period, only: str | None = None) -> list[Question]:
        """The plan's targets, or one of them, that are judged at a unit in a period.

        A target with `scope: area` is judged in the plan's area only. They follow from the release alone: an area's are
        remembered, since the same areas are asked about again and again.
        """
        if only is not None:
            return self._work_out(plan, unit, period, [plan.targets[only]])
        key = plan.id, unit.id, period
        found = self._questions.get(key)
        if found is None:
            if len(self._questions) >= _MOST_REMEMBERED:
                self._questions.clear()
            found = self._questions[key] = self._work_out(plan, unit, period, plan.targets.values())
        return found

    def _work_out(self, plan: Plan, unit: Unit, period: Period, targets: Iterable[Target]) -> list[Question]:
        found = []
        for target in targets:
            kinds = target.kinds
            if not plan.judges(period) or not self.binds(plan, target, unit) or (kinds and period.kind not in kinds):
                continue
            question = self._question(plan, target, unit, period)
            if question is not None:
                found.append(question)
        return found

    def binds(self, plan: Plan, target: Target, unit: Unit) -> bool:
        """Does a target bind a unit inside the plan's area? One with `scope: area` binds only the area itself."""
        if target.scope != "area":
            return True
        own = self.area_of(plan)
        return own is not None and unit.id == own.id

    def children(self, plan: Plan, unit: Unit, period: Period, only: str | None = None) -> list[list[Question]]:
        """The questions of every unit directly below one that has any, in the order of codes."""
        days = [q.now.days.last for q in self.questions(plan, unit, period, only) if q.now is not None]
        day = max(days, default=date.max) if self.hierarchy is None else self.hierarchy.day
        below = self.release.tree.children(unit.code, day) if days else []
        return self.asked_of(plan, sorted(below, key=lambda u: u.code), period, only)

    def asked_of(
        self, plan: Plan, units: Iterable[Unit], period: Period, only: str | None = None
    ) -> list[list[Question]]:
        """The questions of those of some units that have any, in their order."""
        asked = (self.questions(plan, one, period, only) for one in units)
        return [questions for questions in asked if any(q.now is not None for q in questions)]

    def within(self, plan: Plan, unit: Unit, period: Period, level: str) -> list[Unit]:
        """Every unit of a level below one, at any depth; those of one parent stand together, in the order of codes."""
        day = self.period_end(plan, period) if self.hierarchy is None else self.hierarchy.day
        return [one for one in self.release.tree.descendants(unit.code, day) if one.level == level]

    def levels(self, question: Question) -> Mapping[str, int]:
        """The levels below a unit at which its target is judged, the upper ones first.

        With how many units of each its forms ask, or ask through them: of several forms, the one that asks most.
        """
        found: dict[str, int] = {}
        if question.now is None:
            return found
        for slot in question.now.slots:
            for one in self.expectations.rounds(slot.form, question.now.period, question.unit.id):
                for level, units in one.roster.levels.get(question.unit.id, {}).items():
                    found[level] = max(units, found.get(level, 0))
        return found

    def judge(self, question: Question, cells: Mapping[CellKey, Cell], today: date, withheld: Withheld) -> Attainment:
        """The target's state from the cells read; a missing cell is an area that nobody reported for.

        What is `withheld` is marked, for `disclose` to take it out with all that follows from it.
        """
        target, now, unit = question.target, question.now, question.unit
        if now is None:
            return ended(target, question.indicator)
        next_last = self._agenda(question.plan, target).next_last(now, unit.id, today)
        return attain(
            target,
            question.indicator,
            self._evidence(question, now, cells, today, withheld),
            (Earlier(s.period, self._evidence(question, s, cells, today, withheld)) for s in question.earlier),
            Moment(now.period, now.days, next_last, question.plan.first, today),
        )

    def evidence(
        self, question: Question, cells: Mapping[CellKey, Cell], today: date, withheld: Withheld
    ) -> Evidence | None:
        """What was reported for the period itself; None if the area had ended."""
        return None if question.now is None else self._evidence(question, question.now, cells, today, withheld)

    def expected(self, question: Question) -> Fraction | None:
        """The value to have by the period's end on the path to the due date, whether or not anybody has reported."""
        target, now = question.target, question.now
        if now is None or target.comparator in (Comparator.MAINTAIN, Comparator.DECREASE):
            return None
        # The path does not depend on the day of the question, nor on what comes after.
        return expected_on_path(target, Moment(now.period, now.days, date.max, question.plan.first, now.days.last))

    def periods(self, forms: Iterable[Form], kinds: Iterable[PeriodKind], first: date, last: date) -> Iterator[Period]:
        """Periods of some kinds that some forms collect and that end from one day to another, oldest first."""
        yield from periods(self.expectations, forms, kinds, first, last)

    def _forms_of(self, plan: Plan | None) -> list[Form]:
        return list(self.release.forms.values()) if plan is None else self.plan_forms(plan)

    def _question(self, plan: Plan, target: Target, unit: Unit, period: Period) -> Question | None:
        indicator = self.indicator(target)
        now = self.sitting(plan, target, unit, period)
        if now is None:
            if not self._ended_before(target, unit, period) or Window().days(period).first > plan.last:
                return None
            path = self.seen_from(self.forms(target), unit, period, date.max)
            return Question(plan, target, indicator, unit, path, None)
        if now.days.last < plan.first or now.days.first > plan.last:
            return None
        path = self.seen_from(self.forms(target), unit, period, now.days.last)
        return Question(plan, target, indicator, unit, path, now, self._agenda(plan, target).earlier(now, unit.id))

    def sitting(self, plan: Plan, target: Target, unit: Unit, period: Period) -> Sitting | None:
        """None if no form of the target asks anybody at the unit for the period."""
        return self._agenda(plan, target).sitting(period, unit.id)

    def _agenda(self, plan: Plan, target: Target) -> Agenda:
        """Remembered for as long as the plan is the same one."""
        key = plan.id, target.id
        found = self._agendas.get(key)
        if found is None or found.plan is not plan or found.target is not target:
            found = self._agendas[key] = Agenda(plan, target, self.forms(target), self.expectations)
        return found

    def _ended_before(self, target: Target, unit: Unit, period: Period) -> bool:
        """Did the unit end before the period did, which is collected elsewhere? A hierarchy has one day for all."""
        if self.hierarchy is not None:
            return False
        days = [one.days.last for form in self.forms(target) for one in self.expectations.asked(form, period)]
        return bool(days) and unit.valid_to is not None and unit.valid_to < max(days)

    def _evidence(
        self, question: Question, sitting: Sitting, cells: Mapping[CellKey, Cell], today: date, withheld: Withheld
    ) -> Evidence:
        parts = [Part(slot.form, cells.get(slot.cell), slot.expected, slot.deadline) for slot in sitting.slots]
        elements, needed = self.release.catalogue.elements, question.plan.coverage_needed
        hidden = sums_withheld(
            question.indicator.elements, question.target.series, sitting.period, question.unit.id, withheld
        )
        return weigh(question.indicator, elements, parts, question.path, needed, today, hidden)

    def indicator(self, target: Target) -> Indicator:
        return self.release.catalogue.indicators[target.indicator]

    def _last_row(self, code: str, days: Sequence[date]) -> Unit | None:
        """The unit that had a code last before a period ended."""
        rows = self.release.tree.rows(code)
        before = [unit for unit in rows if days and unit.valid_from <= max(days)]
        return before[-1] if before else next(iter(rows), None)
