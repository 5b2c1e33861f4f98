"""When a target is judged, and which forms are read for it: worked out once for all areas of a plan.

Areas differ only in how many units a form asks there, so that is all that is looked up for each of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from chitieu.domain.form import Form
from chitieu.domain.obligation import Asked, Expectations
from chitieu.domain.period import COUNTED, Days, Period, PeriodKind, labels
from chitieu.domain.plan import Comparator, Plan, Target

# Periods are named by callers: no more are remembered than any plan has.
_MOST_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Slot:
    """A form's place in a question: the cell that is read (its key), how many units it asks, over which days.

    `deadline` is the last day to be on time.
    """

    form: Form
    cell: tuple[str, str, str]
    expected: int
    days: Days
    deadline: date | None


@dataclass(frozen=True, slots=True)
class Sitting:
    """A period at which a target is judged in an area, with the forms that are read for it and all of their days."""

    period: Period
    slots: tuple[Slot, ...]
    days: Days


@dataclass(frozen=True, slots=True)
class _Opening:
    """A form's rounds for a period, whoever they ask."""

    form: Form
    label: str
    rounds: Sequence[Asked]
    deadline: date | None

    def slot(self, area: str) -> Slot | None:
        """None if nobody is asked in an area."""
        rounds = [one for one in self.rounds if area in one.roster.by_area]
        if not rounds:
            return None
        expected = sum([one.roster.by_area[area] for one in rounds])
        return Slot(
            self.form, (self.form.id, self.label, area), expected, _hull([r.days for r in rounds]), self.deadline
        )


class Agenda:
    """Of one target of a plan. Areas are units' ids."""

    def __init__(self, plan: Plan, target: Target, forms: Sequence[Form], expectations: Expectations) -> None:
        self.plan = plan
        self.target = target
        self._forms = forms
        self._expectations = expectations
        self._openings = lru_cache(_MOST_REMEMBERED)(self._open)
        self._periods = lru_cache(_MOST_REMEMBERED)(self._between)

    def sitting(self, period: Period, area: str) -> Sitting | None:
        """None if no form asks anybody in the area for the period."""
        slots = [slot for one in self._openings(period) if (slot := one.slot(area)) is not None]
        return Sitting(period, tuple(slots), _hull([one.days for one in slots])) if slots else None

    def earlier(self, now: Sitting, area: str) -> tuple[Sitting, ...]:
        """Earlier periods that count: all since it began for MAINTAIN, those of the same kind for DECREASE."""
        target = self.target
        if target.comparator is Comparator.MAINTAIN:
            kinds = target.kinds or COUNTED
        elif target.comparator is Comparator.DECREASE and target.baseline is None:
            kinds = (now.period.kind,)
        else:
            return ()
        since = target.since or self.plan.first
        found = (self.sitting(one, area) for one in self._periods(kinds, since, now.days.last) if one != now.period)
        return tuple(s for s in found if s is not None and since <= s.days.last and _over_before(s.days, now.days))

    def next_last(self, now: Sitting, area: str, today: date) -> date:
        """The last day of the next period, of any kind, at which the target is judged; date.max without one.

        Looked for only where it matters: after the due date, for a period before it.
        """
        due = self.target.due
        if due is not None and now.days.last < due < today:
            kinds = self.target.kinds or COUNTED
            for period in self._periods(kinds, now.days.last + timedelta(days=1), due):
                sitting = self.sitting(period, area)
                if sitting is not None and sitting.days.last > now.days.last:
                    return sitting.days.last
        return date.max

    def _open(self, period: Period) -> Sequence[_Opening]:
        asked = ((form, self._expectations.asked(form, period)) for form in self._forms)
        return [
            _Opening(form, str(period), rounds, deadline(self.plan, form, period)) for form, rounds in asked if rounds
        ]

    def _between(self, kinds: tuple[PeriodKind, ...], first: date, last: date) -> Sequence[Period]:
        return list(periods(self._expectations, self._forms, kinds, first, last))


def periods(
    asked: Expectations, forms: Iterable[Form], kinds: Iterable[PeriodKind], first: date, last: date
) -> Iterator[Period]:
    """Periods of some kinds that some forms collect and that end from one day to another, oldest first."""
    wanted = {kind for kind in kinds if kind in COUNTED}
    found = {
        (one.days.last, period)
        for form in forms
        for kind in wanted & {collection.kind for collection in form.collections}
        for period in labels(kind, range(first.year - 1, last.year + 2))
        for one in asked.asked(form, period)
        if first <= one.days.last <= last
    }
    yield from dict.fromkeys(period for _, period in sorted(found))


def deadline(plan: Plan, form: Form, period: Period) -> date | None:
    """The day by which all reports of a form are due under a plan; None if a duty names none, or nobody has one."""
    last_days = [d.last_day(period) for d in plan.duties.values() if d.form == form.id and d.asks(period)]
    known = [day for day in last_days if day is not None]
    return max(known) if known and len(known) == len(last_days) else None


def _hull(runs: Sequence[Days]) -> Days:
    if len(runs) == 1:
        return runs[0]
    return Days(min(days.first for days in runs), max(days.last for days in runs))


def _over_before(days: Days, now: Days) -> bool:
    """Did a period end before another one, or with it as a part of it?"""
    return days.last < now.last or (days.last == now.last and days.first >= now.first)
