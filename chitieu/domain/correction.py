"""What was corrected after a figure was final: how often, when last, by which unit and why.

A form's figures are final from the end of the last day on which all of its reports are on time, or from the moment at
which as many units stand with a report as are asked; a target's when those of all its forms are. Whatever changes what
the target counts after that is a correction: a new revision, a retraction, and a report that comes too late.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby

from chitieu.domain.agenda import Slot
from chitieu.domain.attainment import Correction
from chitieu.domain.disclosure import Private
from chitieu.domain.form import Form
from chitieu.domain.inquiry import CellKey, Question
from chitieu.domain.period import CIVIL_ZONE
from chitieu.domain.rollup import Cell
from chitieu.domain.unit import Unit

ReportKey = tuple[str, str, str]  # form, period, unit (its id)

# The log has instants to the millisecond.
_INSTANT = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Course:
    """When one unit's report was accepted or retracted, oldest first: at each moment, whether one stands since.

    `path`: where it counts, as unit ids, nation first and the unit itself last.
    """

    unit: str
    path: tuple[str, ...]
    steps: Sequence[tuple[datetime, bool]]


@dataclass(frozen=True, slots=True)
class Revision:
    """What a report said from a moment on; nothing after a retraction."""

    known_at: datetime
    values: Sequence[int]
    states: Sequence[int]
    reason: str = ""


def settled(question: Question, cells: Mapping[CellKey, Cell], today: date) -> bool:
    """Is the figure final: are the reports of all its forms in, or past their deadline?"""
    now = question.now
    return now is not None and all(
        _passed(slot, today) or cells.get(slot.cell, Cell()).units >= slot.expected for slot in now.slots
    )


def final_until(question: Question, courses: Mapping[CellKey, Sequence[Course]], today: date) -> datetime | None:
    """The last instant at which a report still belonged to the figure; None if it never was final."""
    now = question.now
    if now is None:
        return None
    ends = [_end(slot, courses.get(slot.cell, ()), today) for slot in now.slots]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None


def later(question: Question, courses: Mapping[CellKey, Sequence[Course]], until: datetime) -> Iterator[ReportKey]:
    """The reports in which something was decided after an instant."""
    for form, period, area in question.now_cells():
        for course in courses.get((form, period, area), ()):
            if course.steps and course.steps[-1][0] > until:
                yield form, period, course.unit


def correction(
    question: Question,
    courses: Mapping[CellKey, Sequence[Course]],
    revisions: Mapping[ReportKey, Sequence[Revision]],
    until: datetime,
    units: Mapping[str, Unit],
) -> Correction | None:
    """None if nothing that the target counts was changed after an instant.

    `revisions` are those of all `later` reports, `units` has every unit by its id.
    """
    if question.now is None:
        return None
    forms = {slot.form.id: slot.form for slot in question.now.slots}
    found = [
        (revision.known_at, unit, revision.reason)
        for form, period, unit in later(question, courses, until)
        for revision in _changing(question, forms[form], revisions.get((form, period, unit), ()))
        if revision.known_at > until
    ]
    if not found:
        return None
    known_at, unit, reason = max(found)
    every = (course for key in question.now_cells() for course in courses.get(key, ()))
    path = next(course.path for course in every if course.unit == unit)
    return Correction(len(found), known_at, units.get(unit), Private(reason, path))


def _end(slot: Slot, courses: Iterable[Course], today: date) -> datetime | None:
    ends = [_all_in(courses, slot.expected)]
    if slot.deadline is not None and _passed(slot, today):
        ends.append(datetime.combine(slot.deadline + timedelta(days=1), time(), CIVIL_ZONE) - _INSTANT)
    return min((end for end in ends if end is not None), default=None)


def _all_in(courses: Iterable[Course], expected: int) -> datetime | None:
    """The first moment at which as many units stand with a report as are asked."""
    standing: set[str] = set()
    steps = sorted(((at, one.unit, stands) for one in courses for at, stands in one.steps), key=_moment)
    for at, together in groupby(steps, key=_moment):
        for _, unit, stands in together:
            (standing.add if stands else standing.discard)(unit)
        if len(standing) >= expected:
            return at
    return None


def _moment(step: tuple[datetime, str, bool]) -> datetime:
    return step[0]


def _passed(slot: Slot, today: date) -> bool:
    return slot.deadline is not None and today > slot.deadline


def _changing(question: Question, form: Form, revisions: Sequence[Revision]) -> Iterator[Revision]:
    """Those that say something else than the one before of what the target counts."""
    positions = [at for id_ in question.indicator.elements for at in form.positions.get(id_, ())]
    before = _said((), (), positions)
    for revision in revisions:
        now = _said(revision.values, revision.states, positions)
        if now != before:
            yield revision
        before = now


def _said(values: Sequence[int], states: Sequence[int], positions: Iterable[int]) -> list[tuple[int, int]]:
    """What stands at some positions; absent where there is nothing."""
    return [(states[at], values[at]) if at < len(states) and states[at] else (0, 0) for at in positions]
