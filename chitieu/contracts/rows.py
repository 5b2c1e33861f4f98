"""Rows of the ClickHouse tables as Arrow: one schema each, in the tables' column order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, compress
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from chitieu.contracts.events import Event
from chitieu.domain.rollup import Decision

Int64s = npt.NDArray[np.int64]
Counts = npt.NDArray[np.uint32]

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
        pa.field("reported", pa.list_(pa.uint32()), nullable=False),
        pa.field("not_applicable", pa.list_(pa.uint32()), nullable=False),
        pa.field("known_at", _MILLISECONDS, nullable=False),
    ]
)


class Place(Protocol):
    """Where a message stands in the log. `known_ms`: the broker's append time, Unix ms."""

    @property
    def partition(self) -> int: ...
    @property
    def position(self) -> int: ...
    @property
    def known_ms(self) -> int: ...


@dataclass(slots=True)
class DecidedMessages:
    """Messages, their places in the log and what became of each: columns of one length.

    `revisions` are those of the reports after the message.
    """

    places: list[Place] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    revisions: list[int] = field(default_factory=list)

    def without(self, decision: Decision) -> "DecidedMessages":
        """The messages that were decided otherwise."""
        if decision not in self.decisions:
            return self
        kept = [one is not decision for one in self.decisions]
        columns: list[list[Any]] = [self.places, self.events, self.decisions, self.revisions]
        return DecidedMessages(*(list(compress(column, kept)) for column in columns))


def submission_table(decided: DecidedMessages) -> pa.Table:
    """One row per message."""
    events, places = decided.events, decided.places
    return _table(
        SUBMISSION,
        [
            [e.form for e in events],
            [e.period for e in events],
            [at.partition for at in places],
            [e.unit for e in events],
            [at.position for at in places],
            [e.kind for e in events],
            _ids([e.submission for e in events]),
            _ids([e.content for e in events]),
            [-1 if e.replaces is None else e.replaces for e in events],
            decided.decisions,
            decided.revisions,
            [e.form_version for e in events],
            [e.release for e in events],
            _lists([len(e.path) for e in events], pa.array(chain.from_iterable([e.path for e in events]), pa.string())),
            _lists([len(e.states) for e in events], pa.array(_joined([e.packed for e in events], np.int64))),
            _lists([len(e.states) for e in events], pa.array(_joined([e.states for e in events], np.uint8))),
            [e.author for e in events],
            [e.reason for e in events],
            [at.known_ms for at in places],
        ],
    )


@dataclass(slots=True)
class Cells:
    """Totals of some areas in some groups of one form.

    A group is a period in a partition, with the position it was folded up to and the append time of its newest
    message. `group_of[cell]` is the place of a cell's group in those lists; figures are `[cell, field]`.
    """

    form: str
    periods: Sequence[str]
    partitions: Sequence[int]
    versions: Sequence[int]
    known_ms: Sequence[int]
    group_of: Int64s
    areas: Sequence[str]
    units: Int64s
    sums: Int64s
    reported: Counts
    not_applicable: Counts


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a partition's fold stands: everything below `version` is in the cells.

    `known_ms`: the broker's append time of the message before it, Unix ms; no other log has the same there.
    """

    partition: int
    version: int
    known_ms: int


def rollup_table(cells: Sequence[Cells], progress: Sequence[Progress]) -> pa.Table:
    """Cells and the progress they stand at, for one insert: a reader sees both or neither. Progress names no area."""
    return pa.concat_tables([*map(_cells_table, cells), _progress_table(progress)])


def _cells_table(cells: Cells) -> pa.Table:
    count = len(cells.areas)

    def of_group(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
        return pa.array(values, kind).take(pa.array(cells.group_of))

    return _table(
        ROLLUP,
        [
            pa.repeat(cells.form, count),
            of_group(cells.periods, pa.string()),
            cells.areas,
            of_group(cells.partitions, pa.uint16()),
            of_group(cells.versions, pa.uint64()),
            cells.units,
            *(
                _lists(np.full(count, figures.shape[1]), pa.array(figures.ravel()))
                for figures in (cells.sums, cells.reported, cells.not_applicable)
            ),
            of_group(cells.known_ms, _MILLISECONDS),
        ],
    )


def _progress_table(progress: Sequence[Progress]) -> pa.Table:
    count = len(progress)
    none = np.zeros(count, np.int64)
    return _table(
        ROLLUP,
        [
            *[pa.repeat("", count)] * 3,
            [one.partition for one in progress],
            [one.version for one in progress],
            none,
            *(_lists(none, pa.array([], kind)) for kind in (pa.int64(), pa.uint32(), pa.uint32())),
            [one.known_ms for one in progress],
        ],
    )


def _joined(rows: Iterable[bytes], kind: type[np.generic]) -> npt.NDArray[Any]:
    return np.frombuffer(b"".join(rows), kind)


def _ids(ids: Sequence[bytes]) -> pa.Array:
    """A column of 16 bytes each, which are already laid end to end."""
    return pa.Array.from_buffers(pa.binary(16), len(ids), [None, pa.py_buffer(b"".join(ids))])


def _lists(lengths: Sequence[int] | Int64s, flat: pa.Array) -> pa.ListArray:
    """A column of lists of given lengths over values that are already laid end to end."""
    offsets = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), flat)


def _table(schema: pa.Schema, columns: Sequence[Any]) -> pa.Table:
    arrays = [
        column if isinstance(column, pa.Array) else pa.array(column, type=field.type)
        for column, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
