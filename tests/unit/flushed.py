"""The real fold on two partitions, and ClickHouse as far as readers of cells rely on it: at every moment there was."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from msgspec.structs import replace

from chitieu.adapters.clickhouse.cells import REVISIONS, Own, Pair, Seen, versions_of, with_report
from chitieu.contracts.events import Change, Event
from chitieu.domain.inquiry import CellKey
from chitieu.domain.rollup import Cell, Decision, Report
from services.aggregate import landing
from services.aggregate.intake import Read
from services.aggregate.partitions import Partitions
from services.api.queries import Progress, Snapshot
from tests.unit.logs import DISTRICTS, NATION, PROVINCES, UNITS

PARTITIONS = {"u1": 0, "u2": 1, DISTRICTS[0]: 1}
FORM, PERIODS = "f", ("2024", "2025")
AREAS = (NATION, *PROVINCES, *DISTRICTS, *UNITS[:2])
_BEGAN = datetime(2024, 1, 1, tzinfo=UTC)

Vector = Mapping[int, int]


def instant(partition: int, position: int) -> datetime:
    """When a message was appended; later ones later."""
    return _BEGAN + timedelta(milliseconds=10 * position + partition)


def with_a_district_that_reports(log: Iterable[Event]) -> list[Event]:
    """The third unit is an area that others lie in. All is about one form, so that it meets."""
    district, third = DISTRICTS[0], UNITS[2]
    return [
        replace(one, form=FORM, unit=district, path=(*one.path[:2], district))
        if one.unit == third
        else replace(one, form=FORM)
        for one in log
    ]


@dataclass
class Database:
    """All rows that were ever written, and what stood at any moment: by partition the positions below it."""

    totals: dict[tuple[CellKey, int], dict[int, Cell]] = field(default_factory=dict)
    reports: dict[CellKey, dict[tuple[int, int], Report | None]] = field(default_factory=dict)
    progress: dict[int, int] = field(default_factory=dict)

    def write(self, fold: Partitions, large: bool) -> dict[int, list[Change]]:
        """The next flush; by partition what is announced of it. Of a `large` one no report is told."""
        flush = fold.flush()
        assert flush.begins == {partition: self.progress.get(partition, 0) for partition in flush.positions}
        for row in flush.submissions.to_pylist():
            if row["decision"] in REVISIONS:
                report = Report(values=row["values"], states=row["states"])
                of_unit = self.reports.setdefault((row["form"], row["period"], row["unit"]), {})
                of_unit[row["position"], row["partition"]] = report if row["decision"] == Decision.ACCEPTED else None
        for row in flush.rollup.to_pylist():
            if row["form"]:
                key = row["form"], row["period"], row["area"]
                cell = Cell(row["units"], row["sums"], row["reported"], row["not_applicable"])
                self.totals.setdefault((key, row["partition"]), {})[row["version"]] = cell
        self.progress |= flush.positions
        fold.flushed(flush)
        return {partition: list(_said(flush, partition, large)) for partition in flush.positions}

    def snapshot(
        self,
        keys: Iterable[CellKey],
        at: Vector,
        known: Mapping[CellKey, Own | None] = MappingProxyType({}),
        whole: Collection[Pair] = (),
    ) -> Snapshot:
        """As `Reads.snapshot` answers at a moment."""
        cells: dict[CellKey, Cell] = {}
        seen: dict[CellKey, Seen] = {}
        owned: dict[CellKey, Own] = {}
        for key in {*keys, *(key for key, _ in self.totals if key[:2] in whole)}:
            parts = {p: self._part(key, p, before) for p, before in at.items()}
            told = {p: part for p, part in parts.items() if part is not None}
            own = known[key] if key in known else self._own(key, at)
            if told or own is not None:
                seen[key] = tuple(sorted((p, version) for p, (version, _) in told.items())), own and own[1]
            for _, cell in told.values():
                cells.setdefault(key, Cell()).merge(cell)
            if own is not None:
                owned[key] = own
                if own[0] is not None:
                    cells[key] = with_report(cells.get(key), own[0])
        known_at = max((instant(p, before - 1) for p, before in at.items() if before), default=None)
        return Snapshot(cells, Progress(dict(at), known_at), versions_of(seen), seen, owned)

    def _part(self, key: CellKey, partition: int, before: int) -> tuple[int, Cell] | None:
        versions = self.totals.get((key, partition), {})
        newest = max((version for version in versions if version <= before), default=None)
        return None if newest is None else (newest, versions[newest])

    def _own(self, key: CellKey, at: Vector) -> Own | None:
        said = self.reports.get(key, {})
        newest = max((one for one in said if one[0] < at.get(one[1], 0)), default=None)
        return None if newest is None else (said[newest], newest[0])


def _said(flush: Any, partition: int, large: bool) -> Iterator[Change]:
    """A large one in several pieces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(landing, "AREAS_OF_A_CHANGE", 2 if large else landing.AREAS_OF_A_CHANGE)
        every = list(landing.announcements(flush, partition))
    for what in every:
        said = Change(1, partition, flush.positions[partition], 0.0, **what)
        yield replace(said, reports=None) if large else said


class Log:
    """A log by partition, and a fold that takes it piece by piece."""

    def __init__(self, log: Sequence[Event]) -> None:
        self._left = list(reversed(with_a_district_that_reports(log)))
        self._ends = dict.fromkeys(sorted({*PARTITIONS.values()}), 0)
        self.fold = Partitions(10**9)
        self.fold.assign(self._ends, ())

    def take(self, most: int) -> bool:
        """Fold some more; False if there is nothing more."""
        reads: list[Read] = []
        while self._left and len(reads) < most:
            event = self._left.pop()
            partition = PARTITIONS[event.unit]
            position = self._ends[partition]
            known = instant(partition, position)
            reads.append(Read(partition, position, round(known.timestamp() * 1000), event))
            self._ends[partition] += 1
        # A flush is of several polls.
        for some in (reads[:1], reads[1:]):
            self.fold.take(self.fold.sort_out(some))
        return bool(reads)


def normal(cells: Mapping[CellKey, Cell]) -> Mapping[CellKey, tuple[Any, ...]]:
    """Without the zeros at the end: wider rows say no more."""

    def stripped(column: Sequence[int]) -> tuple[int, ...]:
        found = list(column)
        while found and not found[-1]:
            found.pop()
        return tuple(found)

    return {
        key: (cell.units, *map(stripped, (cell.sums, cell.reported, cell.not_applicable)))
        for key, cell in cells.items()
    }
