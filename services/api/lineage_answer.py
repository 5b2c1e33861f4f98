"""One level of a figure, as it is answered."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from chitieu.domain.evidence import Evidence, Tally
from chitieu.domain.movement import Movement, Said, Shift, largest_first, sentence
from chitieu.domain.rollup import ValueState
from chitieu.domain.unit import Unit
from services.api.answers import AsOf, Number, Text, UnitBrief, page
from services.api.lineage_step import Asked, Moved, Report, Step
from services.api.queries import Progress
from services.api.unjudged import Figure, figure
from services.api.view import HierarchyAnswer

_STATES: Mapping[ValueState, Literal["reported", "not_applicable", "absent"]] = {
    ValueState.REPORTED: "reported",
    ValueState.NOT_APPLICABLE: "not_applicable",
    ValueState.ABSENT: "absent",
}


class ElementTotal(BaseModel):
    element: str
    label: Text
    total: Number


class SaidAnswer(BaseModel):
    """What a report says of an element; `state` is null if there was none, or it counted elsewhere."""

    value: int | str | None
    suppressed: Literal["1-5"] | None
    state: Literal["reported", "not_applicable", "absent"] | None


class ElementSaid(BaseModel):
    element: str
    label: Text
    said: SaidAnswer


class AreaFigure(Figure):
    """An area's figure, and what was added up for it."""

    area: UnitBrief
    elements: list[ElementTotal]


class OwnReport(BaseModel):
    """A report of the area itself that is in its figure. `author` is null outside the key's subtree."""

    form: str
    revision: int
    known_at: datetime
    submission: str
    author: str | None
    elements: list[ElementSaid]


class ShiftAnswer(BaseModel):
    element: str
    label: Text
    before: SaidAnswer
    after: SaidAnswer
    change: Number = Field(description="added to the sum")


class MovementAnswer(BaseModel):
    unit_id: str
    unit: UnitBrief | None = Field(description="null if it is not defined any more")
    form: str
    move: str = Field(description="sent, revised, retracted, moved_in, moved_out (the tree was corrected)")
    revision_before: int | None
    revision_after: int | None
    known_at: datetime | None
    shifts: list[ShiftAnswer]
    text: Text


class MovedAnswer(BaseModel):
    """What moved the figure: units whose standing report says something else of what it is made of."""

    since: datetime
    before: Figure | None
    units: int = Field(description="how many movements there are")
    items: list[MovementAnswer] = Field(description="largest change first")
    next: str | None


class LineageAnswer(BaseModel):
    plan: str
    period: str
    target: str
    indicator: str
    figure: AreaFigure | None = Field(description="null if the area has ended")
    children: list[AreaFigure]
    reports: list[OwnReport]
    moved: MovedAnswer | None = Field(description="if `since` was asked for")
    hierarchy: HierarchyAnswer | None = Field(description="the tree of another day, if asked for")
    notice: Text | None
    as_of: AsOf


Paged = Callable[[Sequence[Movement]], tuple[list[Movement], str | None]]


def paged_by(some: Sequence[Movement], cursor: str | None, limit: int) -> tuple[list[Movement], str | None]:
    return page(largest_first(some), lambda one: f"{one.form}/{one.unit}", cursor, limit)


def written(asked: Asked, progress: Progress, notice: Text | None, paged: Paged, shown: Step) -> LineageAnswer:
    return LineageAnswer(
        plan=asked.plan.id,
        period=str(asked.period),
        target=asked.own.target.id,
        indicator=asked.own.indicator.id,
        figure=None if shown.own is None else _figure(asked, asked.own.unit, shown.own),
        children=[_figure(asked, unit, evidence) for unit, evidence in shown.children],
        reports=[_report(asked, one) for one in shown.reports],
        moved=None if shown.moved is None else _moves(asked, shown.moved, paged),
        hierarchy=asked.at.hierarchy(asked.forms, asked.period, asked.own.unit),
        notice=notice,
        as_of=asked.at.as_of(progress),
    )


def _figure(asked: Asked, unit: Unit, evidence: Evidence) -> AreaFigure:
    def total(tally: Tally) -> ElementTotal:
        return ElementTotal(element=tally.element, label=_label(asked, tally.element), total=Number.of(tally.total))

    return AreaFigure(area=UnitBrief.of(unit), elements=[total(one) for one in evidence.tallies], **figure(evidence))


def _report(asked: Asked, one: Report) -> OwnReport:
    return OwnReport(
        form=one.form,
        revision=one.revision,
        known_at=one.known_at,
        submission=one.submission,
        author=one.author.text,
        elements=[ElementSaid(element=id_, label=_label(asked, id_), said=_said(told)) for id_, told in one.elements],
    )


def _moves(asked: Asked, moved: Moved, paged: Paged) -> MovedAnswer:
    assert asked.since is not None
    some, following = paged(moved.every)
    return MovedAnswer(
        since=asked.since,
        before=None if moved.before is None else Figure(**figure(moved.before)),
        units=len(moved.every),
        items=[_movement(asked, one) for one in some],
        next=following,
    )


def _movement(asked: Asked, one: Movement) -> MovementAnswer:
    unit = asked.inquiry.release.tree.units.get(one.unit)
    name = one.unit if unit is None else unit.name
    return MovementAnswer(
        unit_id=one.unit,
        unit=None if unit is None else UnitBrief.of(unit),
        form=one.form,
        move=one.move.value,
        revision_before=one.before,
        revision_after=one.after,
        known_at=one.known_at,
        shifts=[_shift(asked, shift) for shift in one.shifts],
        text=Text(vi=sentence(one, name, 0), en=sentence(one, name, 1)),
    )


def _shift(asked: Asked, shift: Shift) -> ShiftAnswer:
    return ShiftAnswer(
        element=shift.element,
        label=_label(asked, shift.element),
        before=_said(shift.before),
        after=_said(shift.after),
        change=Number.of(shift.change),
    )


def _said(told: Said) -> SaidAnswer:
    number = Number.of(told.count)
    return SaidAnswer(
        value=number.value, suppressed=number.suppressed, state=None if told.state is None else _STATES[told.state]
    )


def _label(asked: Asked, element: str) -> Text:
    return Text.of(asked.elements[element].label)
