"""One level of a figure, as it is read: its sums, those of the areas below, its own reports, what moved it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from chitieu.domain.catalogue import Element
from chitieu.domain.disclosure import Private
from chitieu.domain.evidence import Evidence
from chitieu.domain.form import Form
from chitieu.domain.inquiry import Inquiry, Question
from chitieu.domain.movement import Movement, Said, movements, said
from chitieu.domain.period import Period
from chitieu.domain.plan import Plan
from chitieu.domain.recount import recount
from chitieu.domain.rollup import Decision
from chitieu.domain.unit import Unit
from chitieu.domain.withheld import Withheld, total
from services.api.queries import Snapshot, StoredMessage
from services.api.view import Standpoint, Wanted

_REVISIONS = (Decision.ACCEPTED, Decision.RETRACTED)
# By another tree, of those that can't be placed lower; `hierarchy` names all.
_MOST_REPORTS = 100


@dataclass(frozen=True, slots=True)
class Report:
    form: str
    revision: int
    known_at: datetime
    submission: str
    author: Private
    elements: tuple[tuple[str, Said], ...]


@dataclass(frozen=True, slots=True)
class Moved:
    before: Evidence | None
    every: tuple[Movement, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One level of a figure."""

    own: Evidence | None
    children: tuple[tuple[Unit, Evidence], ...]
    reports: tuple[Report, ...]
    moved: Moved | None


@dataclass(frozen=True)
class Asked:
    """A request understood: a target in an area, and in the areas directly below."""

    at: Standpoint
    plan: Plan
    period: Period
    own: Question
    below: Sequence[Question]
    since: datetime | None

    @property
    def inquiry(self) -> Inquiry:
        return self.at.inquiry

    @property
    def elements(self) -> Mapping[str, Element]:
        return self.inquiry.release.catalogue.elements

    @property
    def forms(self) -> list[Form]:
        return [] if self.own.now is None else [slot.form for slot in self.own.now.slots]

    @cached_property
    def wanted(self) -> Wanted:
        """What has to be read."""
        return self.at.wanted((self.own, *self.below))


async def read_step(asked: Asked, snapshot: Snapshot) -> Step:
    inquiry, today = asked.inquiry, asked.at.today
    withheld = asked.wanted.withheld(snapshot)
    children = ((q.unit, inquiry.evidence(q, snapshot.cells, today, withheld)) for q in asked.below)
    return Step(
        own=inquiry.evidence(asked.own, snapshot.cells, today, withheld),
        children=tuple((unit, evidence) for unit, evidence in children if evidence is not None),
        reports=tuple([one async for one in _reports(asked, snapshot)]),
        moved=None if asked.since is None else await _moved(asked, asked.since, snapshot, withheld),
    )


async def _reports(asked: Asked, snapshot: Snapshot) -> AsyncIterator[Report]:
    """The reports that count in the area and in none below it, as they stood."""
    until, elements = asked.at.view.known_at, asked.own.indicator.elements
    for form, unit in await _reporters(asked, snapshot):
        history, _ = await asked.at.reads.history(form.id, str(asked.period), unit)
        standing = _standing(history, snapshot, until)
        if standing is not None:
            told = tuple((id_, said(asked.elements[id_], form, standing)) for id_ in elements if id_ in form.positions)
            author = Private(standing.author, standing.path)
            yield Report(form.id, standing.revision, standing.known_at, standing.submission, author, told)


async def _reporters(asked: Asked, snapshot: Snapshot) -> list[tuple[Form, str]]:
    """Forms, and the units (ids) whose reports those may be: the area; by another tree also what went into it."""
    unit, inquiry = asked.own.unit, asked.inquiry
    if inquiry.hierarchy is None:
        rounds = [
            (form, one) for form in asked.forms for one in inquiry.expectations.rounds(form, asked.period, unit.id)
        ]
        return [(form, unit.id) for form, one in rounds if one.collection.reporters.level == unit.level]
    below = {question.unit.id for question in asked.below}
    stood, _ = await asked.at.standing(asked.own.cells(), unit.id, asked.at.view.known_at, snapshot.progress)
    own = sorted({(one.form, one.unit) for one in stood if below.isdisjoint(asked.at.place(one.path))})
    return [(inquiry.release.forms[form], id_) for form, id_ in own[:_MOST_REPORTS]]


def _standing(history: Sequence[StoredMessage], snapshot: Snapshot, until: datetime | None) -> StoredMessage | None:
    """The report that stood at the moment told, if it was not taken back."""
    decided = [
        one
        for one in history
        if one.decision in _REVISIONS
        and snapshot.progress.covers(one.partition, one.position)
        and (until is None or one.known_at <= until)
    ]
    return decided[-1] if decided and decided[-1].decision is Decision.ACCEPTED else None


async def _moved(asked: Asked, since: datetime, snapshot: Snapshot, withheld: Withheld) -> Moved:
    at, area, until = asked.at, asked.own.unit.id, asked.at.view.known_at
    keys = [(form.id, str(asked.period), area) for form in asked.forms]
    before, _ = await at.standing(keys, area, since, snapshot.progress)
    after, _ = await at.standing(keys, area, until, snapshot.progress)
    gone = {(one.form, one.unit) for one in before} - {(one.form, one.unit) for one in after}
    elsewhere: set[tuple[str, str]] = set()
    if gone:
        forms, units = {form for form, _ in gone}, {unit for _, unit in gone}
        still, _ = await at.moments.standing(forms, [str(asked.period)], units, until, held=snapshot.progress)
        elsewhere = {(one.form, one.unit) for one in still}
    every = movements(asked.own.indicator, asked.elements, asked.inquiry.release.forms, before, after, since, elsewhere)
    # Nobody outside is told how many children moved: what there was before them would say it beside what there is now.
    moved = {shift.element for one in every for shift in one.shifts if asked.elements[shift.element].sensitive}
    outside = not at.withholding.caller.sees(asked.own.path)
    names = {total(id_, asked.own.target.series, asked.period, area) for id_ in moved if outside}
    cells = recount(before, at.place, {area})
    return Moved(asked.inquiry.evidence(asked.own, cells, at.today, withheld | names), tuple(every))
