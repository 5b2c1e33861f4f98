"""Rows of the ClickHouse tables as Arrow: one schema each, in the tables' column order."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from chitieu.contracts.events import Event
from chitieu.domain.rollup import Decided

Int64s = npt.NDArray[np.int64]

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


@dataclass(slots=True)
class DecidedMessage:
    """A message with its place in the log and what became of it. `known_ms`: the broker's append time, Unix ms."""

    partition: int
    position: int
    known_ms: int
    event: Event
    decided: Decided


def submission_table(decided: Sequence[DecidedMessage]) -> pa.Table:
    """One row per message, as one chunk so that one insert is one part."""
    events = [one.event for one in decided]
    columns: list[Any] = [
        [e.form for e in events],
        [e.period for e in events],
        [one.partition for one in decided],
        [e.unit for e in events],
        [one.position for one in decided],
        [e.kind for e in events],
        [e.submission for e in events],
        [e.content for e in events],
        [-1 if e.replaces is None else e.replaces for e in events],
        [one.decided.decision for one in decided],
        [one.decided.revision for one in decided],
        [e.form_version for e in events],
        [e.release for e in events],
        _lists([e.path for e in events], list(chain.from_iterable(e.path for e in events)), pa.string()),
        _lists([e.states for e in events], np.frombuffer(b"".join(e.packed for e in events), np.int64), pa.int64()),
        _lists([e.states for e in events], np.frombuffer(b"".join(e.states for e in events), np.uint8), pa.uint8()),
        [e.author for e in events],
        [e.reason for e in events],
        [one.known_ms for one in decided],
    ]
    return _table(SUBMISSION, columns)


@dataclass(slots=True)
class Cells:
    """Totals of some areas of one group. `totals` is `[area, kind, field]`: sums, reported, not applicable."""

    form: str
    period: str
    partition: int
    version: int
    known_ms: int
    areas: Sequence[str]
    units: Int64s
    totals: Int64s


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a partition's fold stands: everything below `version` is in the cells."""

    partition: int
    version: int
    known_ms: int


def rollup_table(cells: Sequence[Cells], progress: Sequence[Progress]) -> pa.Table:
    """Cells and the progress they stand at, as one chunk: a reader sees both or neither. Progress names no area."""
    tables = [_cells_table(one) for one in cells]
    if progress:
        tables.append(_progress_table(progress))
    return pa.concat_tables(tables).combine_chunks() if tables else ROLLUP.empty_table()


def _cells_table(one: Cells) -> pa.Table:
    rows = len(one.areas)
    fields = one.totals.shape[2]
    offsets = pa.array(np.arange(rows + 1, dtype=np.int32) * fields)
    kinds = [pa.ListArray.from_arrays(offsets, np.ascontiguousarray(one.totals[:, kind]).ravel()) for kind in range(3)]
    constant = [[value] * rows for value in (one.form, one.period, one.partition, one.version, one.known_ms)]
    form, period, partition, version, known_ms = constant
    return _table(ROLLUP, [form, period, one.areas, partition, version, one.units, *kinds, known_ms])


def _progress_table(progress: Sequence[Progress]) -> pa.Table:
    rows = len(progress)
    nothing: list[Any] = [[""] * rows] * 3
    versions = [one.version for one in progress]
    empty: list[Any] = [[[]] * rows] * 3
    known = [one.known_ms for one in progress]
    return _table(ROLLUP, [*nothing, [one.partition for one in progress], versions, [0] * rows, *empty, known])


def _lists(shape: Sequence[Sequence[object]], flat: Any, item: pa.DataType) -> pa.ListArray:
    """A column of lists as long as those of `shape`, over values that are already laid end to end."""
    offsets = np.zeros(len(shape) + 1, np.int32)
    np.cumsum([len(one) for one in shape], out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat, item))


def _table(schema: pa.Schema, columns: Sequence[Any]) -> pa.Table:
    arrays = [
        column if isinstance(column, pa.Array) else pa.array(column, type=field.type)
        for column, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
