"""What the api reads from ClickHouse. SQL stands here and nowhere else in the service; every value is bound."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from chitieu.adapters.clickhouse.cells import (
    REVISIONS,
    Own,
    Pair,
    Seen,
    StandingCells,
    read_above,
    read_below,
    read_cells,
    versions_of,
)
from chitieu.adapters.clickhouse.reading import Query, Rows
from chitieu.domain.inquiry import CellKey
from chitieu.domain.obligation import Receipt, received
from chitieu.domain.rollup import Cell, Decision
from services.api.revision_queries import RevisionReads

# By how much the brokers' clocks, which tell when a message came in, may differ, and go back.
_CLOCKS_DIFFER = timedelta(minutes=1)
# Later than any message; as far as a DateTime64 in milliseconds is read everywhere.
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)

_PROGRESS = """
SELECT partition, max(version), max(known_at) FROM rollup WHERE form = '' AND period = '' AND area = ''
GROUP BY partition
"""

_HISTORY = """
SELECT form, period, unit, partition, position, lower(hex(submission)), decision, revision, path, values, states,
    author, reason, known_at
FROM submission FINAL
WHERE form = {form:String} AND period = {period:String} AND unit = {unit:String}
ORDER BY partition, position
"""

# The index of submission ids is not used under FINAL, so rows written twice are made one here.
_BY_SUBMISSION = """
SELECT form, period, unit, partition, position, lower(hex(submission)), decision, revision, path, values, states,
    author, reason, known_at
FROM submission
WHERE submission = toFixedString(unhex({id:String}), 16)
ORDER BY partition, position
LIMIT 1 BY partition, position
"""

# Reports as they stood at a moment, each where it counted then: the newest tree placed it, and among messages of one
# tree the last one (chitieu.domain.rollup). Rows written twice are equal, so none of it needs FINAL. Units that never
# counted in the areas are left out first, by their paths alone: a fifth of the time of reading what all of them said.
_STANDING = """
SELECT form, period, unit, stood, said.2, said.3, said.4, said.5
FROM (
    SELECT form, period, unit, argMaxIf(path, (release, position), decision != {retracted:UInt8}) AS stood,
        argMaxIf((decision, revision, values, states, known_at), position, decision != {moved:UInt8}) AS said
    FROM submission
    WHERE form IN {forms:Array(String)} AND period IN {periods:Array(String)} AND decision IN {placing:Array(UInt8)}
        AND position < {positions:Array(UInt64)}[partition + 1] AND known_at <= {until:DateTime64(3, 'UTC')}
        AND (empty({areas:Array(String)}) OR unit IN {units:Array(String)} OR unit IN (
            SELECT unit FROM submission
            WHERE form IN {forms:Array(String)} AND period IN {periods:Array(String)}
                AND hasAny(path, {areas:Array(String)})
        ))
    GROUP BY form, period, unit
    HAVING said.1 = {accepted:UInt8}
        AND (empty({areas:Array(String)}) OR unit IN {units:Array(String)} OR hasAny(stood, {areas:Array(String)}))
)
"""

# How far the log had come at a moment, as far as it is folded now. Exact duplicates have no row.
_PROGRESS_AT = """
SELECT partition, max(position) + 1, max(known_at) FROM submission
WHERE position < {positions:Array(UInt64)}[partition + 1] AND known_at <= {until:DateTime64(3, 'UTC')}
GROUP BY partition
"""

_RECEIPTS_OF = """
SELECT form, period, partition, position, decision, known_at FROM submission FINAL
WHERE form IN {forms:Array(String)} AND period IN {periods:Array(String)} AND unit IN {units:Array(String)}
    AND decision IN {decisions:Array(UInt8)}
ORDER BY form, period, partition, position
"""

_RECEIPTS = """
SELECT form, unit, partition, position, decision, known_at FROM submission FINAL
WHERE form IN {forms:Array(String)} AND period = {period:String} AND decision IN {decisions:Array(UInt8)}
    AND known_at <= {until:DateTime64(3, 'UTC')}
ORDER BY form, unit, partition, position
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """Partition -> the position its fold reads next, and the append time of the newest message folded."""

    positions: Mapping[int, int] = field(default_factory=dict)
    known_at: datetime | None = None

    @property
    def bounds(self) -> list[int]:
        """The positions as a list, by partition from 0 on; 0 where nothing was folded."""
        return [self.positions.get(partition, 0) for partition in range(max(self.positions, default=-1) + 1)]

    def covers(self, partition: int, position: int) -> bool:
        return position < self.positions.get(partition, 0)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Cells as they stood at one moment. `versions` changes when one of them does, and only then.

    `seen` tells the same cell by cell, and `own` what areas reported themselves, if they were read as such.
    """

    cells: Mapping[CellKey, Cell]
    progress: Progress
    versions: str
    seen: Mapping[CellKey, Seen] = field(default_factory=dict)
    own: Mapping[CellKey, Own] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A decided message about a report. `submission` is 32 hex digits; `path` holds unit ids, nation first."""

    form: str
    period: str
    unit: str
    partition: int
    position: int
    submission: str
    decision: Decision
    revision: int
    path: tuple[str, ...]
    values: Sequence[int]
    states: Sequence[int]
    author: str
    reason: str
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """A unit's report that counted at a moment. `path`: where, as unit ids, nation first and the unit itself last."""

    form: str
    period: str
    unit: str
    path: tuple[str, ...]
    revision: int
    values: Sequence[int]
    states: Sequence[int]
    known_at: datetime


class Reads(RevisionReads):
    """Questions to one generation's database; rows beyond the progress read are never shown."""

    @property
    def database(self) -> str:
        """The database that is read now: another one after a rebuild."""
        return self._reader.database

    async def snapshot(
        self,
        keys: Iterable[CellKey],
        known: Mapping[CellKey, Own | None] = MappingProxyType({}),
        whole: Collection[Pair] = (),
    ) -> Snapshot:
        """The cells of some areas, with the progress they stand at. `known`: what areas reported themselves then
        (None: nothing), which is not read. Of some forms and periods (`whole`) also all other areas that have a total.
        """
        return _snapshot(await self._reader.ask(lambda query: read_cells(query, keys, known, whole)))

    async def above(
        self, forms: Iterable[str], periods: Iterable[str], top: str, areas: Collection[str] | None
    ) -> Snapshot:
        """The cells of those of some areas (None: of all) that others lie in, without what they reported themselves.

        `versions` are those of one area (a unit's id), its own reports included: they change when anything in it does.
        """
        return _snapshot(await self._reader.ask(lambda query: read_above(query, forms, periods, top, areas)))

    async def below(self, keys: Iterable[CellKey], held: Snapshot) -> Mapping[CellKey, Cell]:
        """The cells of some areas as of when those above were read: what lay below that progress is still there."""
        return await self._reader.ask(lambda query: read_below(query, keys, held.cells, held.progress.bounds))

    async def progress(self) -> Progress:
        return _progress(await self._reader.rows(_PROGRESS))

    async def progress_at(self, until: datetime) -> tuple[Progress, bool]:
        """How far the log had come at a moment, of what is folded; and whether that is all it ever will be.

        It is once every partition has messages that came in clearly later. Raises Unavailable.
        """

        def ask(query: Query) -> tuple[Progress, bool]:
            now = query(_PROGRESS, {}, {})
            over = all(_aware(newest) > until + _CLOCKS_DIFFER for _, _, newest in now)
            return _then(query, _progress(now), until), bool(now) and over

        return await self._reader.ask(ask)

    async def history(self, form: str, period: str, unit: str) -> tuple[list[StoredMessage], Progress]:
        """Every message decided about one report, oldest first."""
        rows, progress = await self._stored(_HISTORY, {"form": form, "period": period, "unit": unit})
        return _messages(rows, progress), progress

    async def submission(self, id_: str) -> tuple[list[StoredMessage], Progress]:
        """Every message decided under a submission's id, except exact duplicates."""
        rows, progress = await self._stored(_BY_SUBMISSION, {"id": id_})
        return _messages(rows, progress), progress

    async def standing(
        self,
        forms: Iterable[str],
        periods: Iterable[str],
        areas: Iterable[str],
        units: Iterable[str],
        until: datetime | None,
        progress: Progress,
    ) -> list[Standing]:
        """The reports that counted at a moment (as far as some progress, if none is told) in any of some areas
        (everywhere, if none is named).

        With `units`, the reports of these too, wherever they counted. They are what the cells are made of: those of an
        area add up to its cell and its own report. Raises Unavailable.
        """
        parameters = {
            "forms": sorted(set(forms)),
            "periods": sorted(set(periods)),
            "areas": sorted(set(areas)),
            "units": sorted(set(units)),
            "until": until or _LATEST,
            "placing": [*REVISIONS, int(Decision.MOVED)],
            "accepted": int(Decision.ACCEPTED),
            "retracted": int(Decision.RETRACTED),
            "moved": int(Decision.MOVED),
            "positions": progress.bounds,
        }
        return [_standing(*row) for row in await self._reader.rows(_STANDING, parameters)]

    async def receipts(
        self, forms: Iterable[str], period: str, until: datetime | None = None
    ) -> tuple[Mapping[tuple[str, str], Receipt], Progress]:
        """When each unit's report of some forms came in, by form and unit id, as it was known at a moment, or now."""
        parameters = {"forms": sorted(forms), "period": period, "decisions": REVISIONS, "until": until or _LATEST}
        rows, progress = await self._stored(_RECEIPTS, parameters, until)
        return _receipts(rows, progress), progress

    async def receipts_of(
        self, units: Iterable[str], forms: Iterable[str], periods: Iterable[str]
    ) -> Mapping[tuple[str, str], Receipt]:
        """When the reports of some units, which are one unit at different times, came in: by form and period."""
        parameters = {
            "units": sorted(units),
            "forms": sorted(forms),
            "periods": sorted(periods),
            "decisions": REVISIONS,
        }
        rows, progress = await self._stored(_RECEIPTS_OF, parameters)
        return _receipts(rows, progress)

    async def _stored(
        self, sql: str, parameters: Mapping[str, Any], until: datetime | None = None
    ) -> tuple[Rows, Progress]:
        """Rows of `submission` with the progress they are shown up to, now or at a moment."""

        def ask(query: Query) -> tuple[Rows, Progress]:
            # Progress first: whatever lies below it was written before it, and never changes.
            progress = _progress_at(query, until)
            return query(sql, parameters, {}), progress

        return await self._reader.ask(ask)


def _receipts(rows: Rows, progress: Progress) -> Mapping[tuple[str, str], Receipt]:
    """By the two that each row begins with. Rows come in the order of the log."""
    told: dict[tuple[str, str], list[tuple[Decision, datetime]]] = defaultdict(list)
    for form, other, partition, position, decision, known_at in rows:
        if progress.covers(partition, position):
            told[form, other].append((Decision(decision), _aware(known_at)))
    found = {key: received(decisions) for key, decisions in told.items()}
    return {key: receipt for key, receipt in found.items() if receipt is not None}


def _progress_at(query: Query, until: datetime | None) -> Progress:
    """The progress now or, of what is folded, at a moment."""
    now = _progress(query(_PROGRESS, {}, {}))
    return now if until is None else _then(query, now, until)


def _then(query: Query, now: Progress, until: datetime) -> Progress:
    return _progress(query(_PROGRESS_AT, {"positions": now.bounds, "until": until}, {}))


def _snapshot(found: StandingCells) -> Snapshot:
    return Snapshot(found.cells, _progress(found.progress), versions_of(found.seen), found.seen, found.own)


def _progress(rows: Iterable[Sequence[Any]]) -> Progress:
    found = sorted((partition, version, _aware(at)) for partition, version, at in rows)
    return Progress({p: version for p, version, _ in found}, max((at for _, _, at in found), default=None))


def _standing(form: str, period: str, unit: str, path: Sequence[str], revision: int, *said: Any) -> Standing:
    values, states, known_at = said
    return Standing(form, period, unit, tuple(path), revision, values, states, _aware(known_at))


def _messages(rows: Iterable[Sequence[Any]], progress: Progress) -> list[StoredMessage]:
    found = []
    for form, period, unit, partition, position, submission, decision, revision, path, *rest in rows:
        if progress.covers(partition, position):
            values, states, author, reason, known_at = rest
            found.append(
                StoredMessage(
                    form,
                    period,
                    unit,
                    partition,
                    position,
                    submission,
                    Decision(decision),
                    revision,
                    tuple(path),
                    values,
                    states,
                    author,
                    reason,
                    _aware(known_at),
                )
            )
    return found


def _aware(instant: datetime) -> datetime:
    """The engine's instants are UTC; the client leaves that out."""
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
