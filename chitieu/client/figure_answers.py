"""What the interface answers about figures that are not judged: over time, and what one is made of."""

from collections.abc import Sequence
from datetime import date, datetime

from chitieu.client.answers import Answer, AsOf, Number, Text, UnitBrief


class Figure(Answer):
    """Compare `exact` (as a Fraction), never `display`. Null where nothing is known: that is not 0."""

    numerator: Number
    denominator: Number | None
    exact: str | None
    display: str | None
    suppressed: str | None
    reported: int
    expected: int


class Undivided(Answer):
    """A unit that lies below no area as a whole by that tree; `counts_in` is the lowest that holds all of it."""

    unit: UnitBrief
    kind: str
    successors: Sequence[UnitBrief]
    predecessors: Sequence[UnitBrief]
    counts_in: UnitBrief | None


class Hierarchy(Answer):
    """The one tree that all was summed by, if not each period's own."""

    as_of: date
    undivided: Sequence[Undivided]


class Earlier(Figure):
    """The same period of the year before; `change` is what has been added since, exact."""

    period: str
    change: str | None
    change_display: str | None
    change_suppressed: str | None


class Point(Figure):
    """One period; `made_of` are those its figures were reported for, if not its own."""

    period: str
    first: date
    last: date
    made_of: Sequence[str]
    provisional: bool
    year_before: Earlier | None


class OneSeries(Answer):
    """From one kind of source, by one kind of period."""

    series: str
    period_type: str
    forms: Sequence[str]
    points: Sequence[Point]


class Series(Answer):
    """An indicator in an area over time."""

    indicator: str
    label: Text
    unit: str
    better: str
    area: UnitBrief
    series: Sequence[OneSeries]
    hierarchy: Hierarchy | None
    notice: Text | None
    as_of: AsOf


class ElementTotal(Answer):
    element: str
    label: Text
    total: Number


class Said(Number):
    """`state` is null if there was no report, or it counted elsewhere."""

    state: str | None


class ElementSaid(Answer):
    element: str
    label: Text
    said: Said


class AreaFigure(Figure):
    area: UnitBrief
    elements: Sequence[ElementTotal]


class OwnReport(Answer):
    """A report of the area itself that is in its figure."""

    form: str
    revision: int
    known_at: datetime
    submission: str
    author: str | None
    elements: Sequence[ElementSaid]


class Shift(Answer):
    element: str
    label: Text
    before: Said
    after: Said
    change: Number


class Movement(Answer):
    """A unit whose report says something else now: `move` is sent, revised, retracted, moved_in or moved_out."""

    unit_id: str
    unit: UnitBrief | None
    form: str
    move: str
    revision_before: int | None
    revision_after: int | None
    known_at: datetime | None
    shifts: Sequence[Shift]
    text: Text


class Moved(Answer):
    """What moved the figure since a moment, largest change first; `units` is how many there are."""

    since: datetime
    before: Figure | None
    units: int
    items: Sequence[Movement]
    next: str | None


class Lineage(Answer):
    """What a figure is made of, one level down; `reports` are the area's own."""

    plan: str
    period: str
    target: str
    indicator: str
    figure: AreaFigure | None
    children: Sequence[AreaFigure]
    reports: Sequence[OwnReport]
    moved: Moved | None
    hierarchy: Hierarchy | None
    notice: Text | None
    as_of: AsOf
