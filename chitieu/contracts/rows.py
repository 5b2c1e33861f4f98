"""Rows of the ClickHouse tables as Arrow: one schema each, in the tables' column order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from chitieu.contracts.events import Event
from chitieu.domain.rollup import Cell, Decided

_MILLISECONDS = pa.timestamp("ms", tz="UTC")

SUBMISSION = pa.schema(
    [
        pa.field("form", pa.string(), nullable=False),
        pa.field("period", pa.string(), nullable=False),
        pa.field("partition", pa.uint16(), nullable=False),
        pa.field("unit", pa.string(), nullable=False),
        pa.field("position", pa.uint64(), nullable=False),
        pa.field("kind", pa.uint8(), nullable=False),
        pa.field("submission", pa.binary(16), nullable=False),
        pa.field("content", pa.binary(16), nullable=False),
        pa.field("replaces", pa.int64(), nullable=False),
        pa.field("decision", pa.uint8(), nullable=False),
        pa.field("revision", pa.uint32(), nullable=False),
        pa.field("form_version", pa.uint32(), nullable=False),
        pa.field("release", pa.uint32(), nullable=False),
        pa.field("path", pa.list_(pa.string()), nullable=False),
        pa.field("values", pa.list_(pa.int64()), nullable=False),
        pa.field("states", pa.list_(pa.uint8()), nullable=False),
        pa.field("author", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("known_at", _MILLISECONDS, nullable=False),
    ]
)

ROLLUP = pa.schema(
    [
        pa.field("form", pa.string(), nullable=False),
        pa.field("period", pa.string(), nullable=False),
        pa.field("area", pa.string(), nullable=False),
        pa.field("partition", pa.uint16(), nullable=False),
        pa.field("version", pa.uint64(), nullable=False),
        pa.field("units", pa.int64(), nullable=False),
        pa.field("sums", pa.list_(pa.int64()), nullable=False),
        pa.field("reported", pa.list_(pa.int64()), nullable=False),
        pa.field("not_applicable", pa.list_(pa.int64()), nullable=False),
        pa.field("known_at", _MILLISECONDS, nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class SubmissionRow:
    """A decided message: where it stood in the log, what it said, what became of it."""

    partition: int
    position: int
    event: Event
    decided: Decided
    known_at: datetime

    def columns(self) -> tuple[object, ...]:
        e = self.event
        return (
            e.form,
            e.period,
            self.partition,
            e.unit,
            self.position,
            e.kind,
            e.submission,
            e.content,
            -1 if e.replaces is None else e.replaces,
            int(self.decided.decision),
            self.decided.revision,
            e.form_version,
            e.release,
            e.path,
            e.values,
            e.states,
            e.author,
            e.reason,
            self.known_at,
        )


@dataclass(frozen=True, slots=True)
class CellRow:
    """An area's totals as of `version`. Progress of a partition is the row without form, period and area."""

    form: str
    period: str
    area: str
    partition: int
    version: int
    cell: Cell
    known_at: datetime

    def columns(self) -> tuple[object, ...]:
        c = self.cell
        return (
            self.form,
            self.period,
            self.area,
            self.partition,
            self.version,
            c.units,
            c.sums,
            c.reported,
            c.not_applicable,
            self.known_at,
        )


def progress_row(partition: int, position: int, known_at: datetime) -> CellRow:
    return CellRow("", "", "", partition, position, Cell(), known_at)


def table(schema: pa.Schema, rows: Iterable[Sequence[object]]) -> pa.Table:
    """Rows as one Arrow table of a single chunk, so that one insert is one part."""
    columns: list[Sequence[object]] = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(column, type=f.type) for column, f in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
