"""How each target of an area has moved: against the period before, and against the same one of the year before."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from chitieu.domain.evidence import Evidence
from chitieu.domain.inquiry import CellKey, Inquiry, Question
from chitieu.domain.period import Period
from chitieu.domain.plan import Plan
from chitieu.domain.rollup import Cell
from chitieu.domain.series import Before, compared
from chitieu.domain.unit import Unit
from chitieu.domain.withheld import Withheld
from services.api.view import Standpoint


@dataclass(frozen=True, slots=True)
class Pair:
    """One target's question, and the same about an earlier period."""

    now: Question
    earlier: Question
    period: Period

    def questions(self) -> Iterator[Question]:
        yield from (self.now, self.earlier)


@dataclass(frozen=True, slots=True)
class Move:
    """An earlier figure of a target, and what has been added to it since."""

    target: str
    before: Before


def pairs(inquiry: Inquiry, plan: Plan, unit: Unit, period: Period) -> list[Pair]:
    """The nearer period first; once, where both are the same. None of periods that the plan does not judge."""
    earlier = dict.fromkeys(one for one in (period.before, period.year_before) if one is not None)
    asked = {one.target.id: one for one in _told(inquiry, plan, unit, period)}
    return [
        Pair(asked[one.target.id], one, before)
        for before in earlier
        for one in _told(inquiry, plan, unit, before)
        if one.target.id in asked
    ]


def _told(inquiry: Inquiry, plan: Plan, unit: Unit, period: Period) -> Iterator[Question]:
    """What was reported for the period is told, and not judged: earlier ones don't matter."""
    yield from (replace(one, earlier=()) for one in inquiry.questions(plan, unit, period) if one.now is not None)


def moves(at: Standpoint, some: Sequence[Pair], cells: Mapping[CellKey, Cell], withheld: Withheld) -> list[Move]:
    """From the cells read. Nothing is concluded from too few reports."""
    found = []
    for pair in some:
        now, earlier = (_enough(at.inquiry.evidence(one, cells, at.today, withheld)) for one in pair.questions())
        if now is not None and earlier is not None:
            found.append(Move(pair.now.target.id, compared(pair.period, earlier, now)))
    return found


def by_target(shown: Sequence[Move]) -> Mapping[str, Sequence[Before]]:
    """As a page tells them, after disclosure."""
    found: dict[str, list[Before]] = defaultdict(list)
    for one in shown:
        found[one.target].append(one.before)
    return found


def _enough(evidence: Evidence | None) -> Evidence | None:
    return evidence if evidence is not None and evidence.known and evidence.coverage.sufficient else None
