"""Units below an area by all targets at once, some units at a time, in the order of what they lack in one of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from chitieu.domain.inquiry import Question
from chitieu.domain.period import Period
from chitieu.domain.plan import Plan
from chitieu.domain.unit import Unit
from services.api import attainment
from services.api.attainment import AttainmentAnswer, Judged, JudgedArea
from services.api.context import Context
from services.api.figures import Found
from services.api.view import Standpoint
from services.api.web.below import Below, Figure, Lists
from services.api.web.pages import Page


@dataclass(frozen=True, slots=True)
class Wanted:
    """The units directly below an area or, with a level, all of that; sorted by a target, if any is judged below."""

    plan: Plan
    period: Period
    unit: Unit
    target: str | None
    level: str | None
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Matrix:
    """The area itself, and some of those below it; `told` has the target they are sorted by, of all of them by id."""

    answer: AttainmentAnswer
    below: Below
    told: Mapping[str, Figure]


async def read(context: Context, at: Standpoint, page: Page, wanted: Wanted) -> Matrix:
    """Raises what `attainment.read` does, and InvalidRequest for another list's cursor."""
    plan, period, unit, target, level = wanted.plan, wanted.period, wanted.unit, wanted.target, wanted.level
    beside = () if level is None else _below(at, wanted, level)
    found = await attainment.read(context, at, plan.id, str(period), unit.id, target, level, beside)
    lists = Lists(at.inquiry, at.inquiry.period_end(plan, period), None, wanted.cursor)

    def show(shown: Judged) -> Matrix:
        by_unit = {child.unit.id: child.of(target) for child in shown.children} if target is not None else {}
        told = {id_: Figure.of(one) for id_, one in by_unit.items() if one is not None}
        return Matrix(found.written(shown.alone()), lists.below(shown), told)

    matrix = page.shown(found.judged(), show)
    if level is None:
        return matrix
    # By how much each lacks of one target is known of all; of the others no more are judged than are shown.
    rows = page.shown(_judged(at, wanted, found, matrix.below), lambda some: [lists.row(one, unit) for one in some])
    targets = {one for row in rows for one in row.figures}
    return replace(matrix, below=replace(matrix.below, rows=rows, targets=targets))


def _below(at: Standpoint, wanted: Wanted, level: str) -> Iterator[Question]:
    """All that is asked about the units of a level: which of them are shown is known when the figures are.

    Not asked for before `attainment.read` has seen that they are not too many.
    """
    for unit in at.inquiry.within(wanted.plan, wanted.unit, wanted.period, level):
        yield from at.inquiry.questions(wanted.plan, unit, wanted.period)


def _judged(
    at: Standpoint, wanted: Wanted, found: Found[Judged, AttainmentAnswer], below: Below
) -> Sequence[JudgedArea]:
    asked = at.inquiry.asked_of(wanted.plan, [row.area for row in below.rows], wanted.period)
    judge = partial(at.inquiry.judge, cells=found.snapshot.cells, today=at.today, withheld=found.withheld)
    return [JudgedArea(some[0].unit, tuple(judge(one) for one in some)) for some in asked]
