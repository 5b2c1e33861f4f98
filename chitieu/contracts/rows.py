"""Rows of the ClickHouse tables as Arrow: one schema each, in the tables' column order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

import msgspec
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


class DecidedMessage(msgspec.Struct, gc=False):
    """A message with its place in the log and what became of it. `known_ms`: the broker's append time, Unix ms."""

    partition: int
    position: int
    known_ms: int
    event: Event
    decided: Decided


def submission_table(decided: Sequence[DecidedMessage]) -> pa.Table:
    """One row per message, as one chunk so that one insert is one part."""
    events = [one.event for one in decided]
    depths = np.fromiter((len(e.path) for e in events), np.int64)
    widths = np.fromiter((len(e.states) for e in events), np.int64)
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
        _lists(depths, list(chain.from_iterable(e.path for e in events)), pa.string()),
        _lists(widths, np.frombuffer(b"".join(e.packed for e in events), np.int64), pa.int64()),
        _lists(widths, np.frombuffer(b"".join(e.states for e in events), np.uint8), pa.uint8()),
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
    counts = [len(one.areas) for one in cells]
    widths = np.repeat([one.totals.shape[2] for one in cells], counts)
    rest = len(progress)

    def text(values: Iterable[str]) -> list[str]:
        each = (repeat(value, count) for value, count in zip(values, counts, strict=True))
        return [*chain.from_iterable(each), *repeat("", rest)]

    def numbers(values: Iterable[int], of_progress: Sequence[int]) -> Int64s:
        return np.concatenate([np.repeat(np.fromiter(values, np.int64), counts), np.array(of_progress, np.int64)])

    def lists(kind: int) -> pa.ListArray:
        flat = [one.totals[:, kind].ravel() for one in cells]
        return _lists(
            np.concatenate([widths, np.zeros(rest)]), np.concatenate([np.empty(0, np.int64), *flat]), pa.int64()
        )

    return _table(
        ROLLUP,
        [
            text(one.form for one in cells),
            text(one.period for one in cells),
            [*chain.from_iterable(one.areas for one in cells), *repeat("", rest)],
            numbers((one.partition for one in cells), [one.partition for one in progress]),
            numbers((one.version for one in cells), [one.version for one in progress]),
            np.concatenate([*(one.units for one in cells), np.zeros(rest, np.int64)]),
            *(lists(kind) for kind in range(3)),
            numbers((one.known_ms for one in cells), [one.known_ms for one in progress]),
        ],
    )


def _lists(lengths: Int64s, flat: Any, item: pa.DataType) -> pa.ListArray:
    """A column of lists of given lengths over values that are already laid end to end."""
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat, item))


def _table(schema: pa.Schema, columns: Sequence[Any]) -> pa.Table:
    arrays = [
        column if isinstance(column, pa.Array) else pa.array(column, type=field.type)
        for column, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
