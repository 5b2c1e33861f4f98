"""From where a question is asked: by the tree of which day (`asOfHierarchy`), by what was known when (`knownAt`)."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import product
from typing import Annotated

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from chitieu.domain.catalogue import Label
from chitieu.domain.errors import ChitieuError, InvalidRequest
from chitieu.domain.form import Form
from chitieu.domain.hierarchy import Placement
from chitieu.domain.inquiry import CellKey, Inquiry, Question
from chitieu.domain.obligation import Receipt
from chitieu.domain.period import Period
from chitieu.domain.recount import recount
from chitieu.domain.rollup import Cell
from chitieu.domain.unit import NATION, Unit
from chitieu.domain.withheld import Figures, Withheld
from chitieu.domain.withholding import Deciding, Withholding
from services.api.answers import AsOf, UnitBrief
from services.api.held import Cells
from services.api.judgements import Judgements
from services.api.moments import Moments
from services.api.queries import Progress, Reads, Snapshot, Standing
from services.api.size import Narrow, check_size

_PERIOD, _TODAY = "period", "today"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# RFC 3339, section 5.6: whole, and with an offset.
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})", re.ASCII)

_NO_HIERARCHY = Label(
    "phải là period, today hoặc ngày, dạng 2024-12-31", "must be period, today or a date such as 2024-12-31"
)
_NO_INSTANT = Label(
    "phải là thời điểm có múi giờ, dạng 2024-12-31T17:00:00Z (dấu + viết là %2B)",
    "must be an instant with its offset, such as 2024-12-31T17:00:00Z (+ is written %2B)",
)
_TO_COME = Label("là thời điểm chưa đến", "has not come yet")


@dataclass(frozen=True, slots=True)
class View:
    """`hierarchy` is a day, `today` or None for each period's own tree; `known_at` an instant (UTC), None for now."""

    hierarchy: date | str | None = None
    known_at: datetime | None = None

    def day(self, today: date) -> date | None:
        """The day of the tree; None for each period's own."""
        return self.hierarchy if self.hierarchy is None or isinstance(self.hierarchy, date) else today


KnownAt = Annotated[
    str | None,
    Query(
        alias="knownAt",
        description="as all of it was known at an instant (RFC 3339)",
        examples=["2024-12-31T17:00:00Z"],
    ),
]


async def _view(
    as_of_hierarchy: Annotated[
        str,
        Query(
            alias="asOfHierarchy",
            description="by which tree areas are summed: that of each `period`, of `today`, or of a date",
            examples=["today", "2025-07-01"],
        ),
    ] = _PERIOD,
    known_at: KnownAt = None,
) -> View:
    return View(_hierarchy(as_of_hierarchy), None if known_at is None else instant(known_at, "knownAt"))


async def _moment(known_at: KnownAt = None) -> View:
    return View(None, None if known_at is None else instant(known_at, "knownAt"))


# Not to be waited for: what is no coroutine would be sent through a thread.
AskedView = Annotated[View, Depends(_view)]
# For what is in no tree of units.
AskedMoment = Annotated[View, Depends(_moment)]


def _hierarchy(text: str) -> date | str | None:
    if text in (_PERIOD, _TODAY):
        return None if text == _PERIOD else text
    with suppress(ValueError):
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    raise _invalid("asOfHierarchy", _NO_HIERARCHY)


def instant(text: str, parameter: str) -> datetime:
    """To the millisecond, as the log has it. Raises InvalidRequest."""
    with suppress(ValueError, OverflowError):
        if _INSTANT.fullmatch(text):
            found = datetime.fromisoformat(text).astimezone(UTC)
            return found.replace(microsecond=found.microsecond // 1000 * 1000)
    raise _invalid(parameter, _NO_INSTANT)


def not_come_yet(parameter: str = "knownAt") -> ChitieuError:
    """An InvalidRequest: nobody can know what will be known."""
    return _invalid(parameter, _TO_COME)


def undefined_then(since: datetime | None) -> ChitieuError:
    """An InvalidRequest: nothing was defined at the moment asked for."""
    when = "–" if since is None else since.isoformat().replace("+00:00", "Z")
    return _invalid("knownAt", Label(f"chưa có định nghĩa nào trước {when}", f"nothing was defined before {when}"))


def _invalid(parameter: str, detail: Label) -> ChitieuError:
    return InvalidRequest.of("invalid_parameter", parameter=parameter, detail=detail)


class Undivided(BaseModel):
    """A unit that can't be placed below an area as a whole: nothing of it is divided, and nothing guessed."""

    unit: UnitBrief
    kind: str = Field(description="split, abolished, unknown; formed: it began later, out of `predecessors`")
    successors: list[UnitBrief] = Field(description="what it became, where that is known")
    predecessors: list[UnitBrief] = Field(description="what it was formed of, where that is known")
    counts_in: UnitBrief | None = Field(description="the lowest area that holds all of it, with all areas above")


class HierarchyAnswer(BaseModel):
    """The one tree that areas of all periods are summed by."""

    as_of: date
    undivided: list[Undivided] = Field(description="units that count in the area, or above it and might belong in it")


@dataclass(frozen=True, slots=True)
class Wanted:
    """`cells` are all that is read: those of some figures, and those by which it is decided what of them is shown."""

    cells: Set[CellKey]
    deciding: Deciding

    def withheld(self, snapshot: Snapshot) -> Withheld:
        return self.deciding.withheld(snapshot.cells)


@dataclass(frozen=True, slots=True)
class Standpoint:
    """A view with all that follows from it: the definitions, the tree and the day by which everything is judged.

    `withholding` decides what of it the caller is not shown; `cells` has those of now, by each period's own tree;
    `moments` has the reports of others. `judgements` remembers what was judged by them.
    """

    view: View
    inquiry: Inquiry
    withholding: Withholding
    today: date
    reads: Reads
    cells: Cells
    moments: Moments
    judgements: Judgements
    max_cells: int

    def check(self, questions: Iterable[Question], *narrow: Narrow) -> None:
        """Raises InvalidRequest if what these need is more than one question may read."""
        if self.view == View():
            check_size(len({key for question in questions for key in question.cells()}), self.max_cells, *narrow)
        else:
            check_size(_reports(questions), self.max_cells, *narrow, Narrow.VIEW)

    def wanted(self, questions: Iterable[Question]) -> Wanted:
        """What has to be read for some questions."""
        every = list(questions)
        return self.wanted_of(
            (cell for one in every for cell in one.cells()), (told for one in every for told in one.figures())
        )

    def wanted_of(self, cells: Iterable[CellKey], figures: Iterable[Figures]) -> Wanted:
        """What has to be read for some figures that stand in some cells."""
        deciding = self.withholding.of(figures)
        return Wanted({*cells, *deciding.cells}, deciding)

    async def snapshot(self, keys: Iterable[CellKey], held: Progress | None = None) -> Snapshot:
        """The cells asked for. None are kept for other moments and trees: these are made again from the reports.

        Of those, `held` names the progress of an earlier reading that this one goes on with.
        """
        wanted = set(keys)
        if self.view == View():
            return await self.cells.snapshot(wanted)
        forms, periods, areas = ({key[part] for key in wanted} for part in range(3))
        reports, progress = await self._standing(forms, periods, areas, self.view.known_at, held)
        found = recount(reports, self.place, areas)
        cells = {key: cell for key, cell in found.items() if key in wanted}
        # Reports of which they are made, too: equal cells may have been corrected since.
        made_of = sorted(
            (one.form, one.period, one.unit, one.revision)
            for one in reports
            if not areas.isdisjoint(self.place(one.path))
        )
        return Snapshot(cells, progress, sha256(repr((sorted(cells.items()), made_of)).encode()).hexdigest())

    def near(self, areas: Set[str]) -> tuple[Set[str], Collection[str]]:
        """Where to look for the reports of some areas: in these areas (everywhere, if none), and of these units."""
        hierarchy, near = self.inquiry.hierarchy, self._narrowed(areas)
        return near, () if hierarchy is None else hierarchy.below(near)

    def place(self, path: Sequence[str]) -> Sequence[str]:
        """Where a report counts that was placed along a path (unit ids)."""
        hierarchy = self.inquiry.hierarchy
        return path if hierarchy is None else hierarchy.ids(path)

    async def standing(
        self, keys: Iterable[CellKey], area: str, until: datetime | None, held: Progress | None = None
    ) -> tuple[list[Standing], Progress]:
        """The reports that counted in an area (a unit's id) at a moment, of the forms and periods of some cells."""
        wanted = set(keys)
        forms, periods, _ = ({key[part] for key in wanted} for part in range(3))
        reports, progress = await self._standing(forms, periods, {area}, until, held)
        return [one for one in reports if area in self.place(one.path)], progress

    async def _standing(
        self, forms: Set[str], periods: Set[str], areas: Set[str], until: datetime | None, held: Progress | None
    ) -> tuple[list[Standing], Progress]:
        near, units = self.near(areas)
        return await self.moments.standing(forms, periods, near, until, units, held)

    async def hold(
        self, forms: Iterable[str], periods: Iterable[str], top: str, areas: Collection[str] | None
    ) -> Snapshot:
        """What a table of an area and some inside it (units' ids; None: all) begins with.

        It is read in blocks, all of one moment.

        `versions` change whenever anything in the area does.
        """
        if self.view == View():
            return await self.reads.above(forms, periods, top, areas)
        return await self.snapshot(product(forms, periods, [top]))

    async def block(self, keys: Iterable[CellKey], held: Snapshot) -> Mapping[CellKey, Cell]:
        """The cells of some areas inside it, as of then."""
        if self.view == View():
            return await self.reads.below(keys, held)
        return (await self.snapshot(keys, held.progress)).cells

    def _narrowed(self, areas: Set[str]) -> Set[str]:
        """Areas to look for reports in; none for everywhere: the nation need not be looked for on each path."""
        top = self.inquiry.release.tree.rows(NATION)
        return frozenset() if any(unit.id in areas for unit in top) else areas

    async def receipts(
        self, forms: Iterable[str], period: Period
    ) -> tuple[Mapping[tuple[str, str], Receipt], Progress]:
        """When each unit's report of some forms came in, by form and unit id."""
        return await self.reads.receipts(forms, str(period), self.view.known_at)

    def as_of(self, progress: Progress) -> AsOf:
        return AsOf.of(progress, self.inquiry.release.number, self.today)

    def hierarchy(self, forms: Iterable[Form], period: Period, area: Unit) -> HierarchyAnswer | None:
        """What has to be said of the tree; None for the period's own."""
        return self.hierarchy_of(forms, [period], {area.id})

    def hierarchy_of(self, forms: Iterable[Form], periods: Iterable[Period], areas: Set[str]) -> HierarchyAnswer | None:
        """As `hierarchy`, of several periods and areas (unit ids)."""
        day = self.view.day(self.today)
        if day is None:
            return None
        undivided = self.inquiry.undivided(forms, periods, areas)
        return HierarchyAnswer(as_of=day, undivided=[_undivided(unit, place) for unit, place in undivided])


def _reports(questions: Iterable[Question]) -> int:
    """How many reports cells of other moments and trees are made of; those of the areas below are among the area's."""
    most: dict[tuple[str, Period], int] = {}
    for question in questions:
        for sitting in filter(None, (question.now, *question.earlier)):
            for slot in sitting.slots:
                key = slot.form.id, sitting.period
                most[key] = max(slot.expected, most.get(key, 0))
    return sum(most.values())


def _undivided(unit: Unit, placement: Placement) -> Undivided:
    why, areas = placement.undivided, placement.areas
    assert why is not None
    kin = [UnitBrief.of(one) for one in why.kin]
    return Undivided(
        unit=UnitBrief.of(unit),
        kind=why.kind,
        successors=[] if why.formed else kin,
        predecessors=kin if why.formed else [],
        counts_in=UnitBrief.of(areas[-1]) if areas else None,
    )
