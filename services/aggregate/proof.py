"""What must be equal, compared: cells with sums, stored decisions with the rules, stored rows with the log.

Pure, and without the array fold: decisions are taken again by the plain rules of `chitieu.domain.rollup`, sums come
from whoever calls. That stored rows are the fold of the log follows from three things together: each row is what the
log says at its position, each message without a row changed nothing (an exact duplicate, a canary, a dead letter), and
each decision is what the rules come to.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from chitieu.domain.rollup import Decided, Decision, Group, MessageKind
from services.aggregate.intake import Read

Totals = tuple[int, tuple[int, ...], tuple[int, ...], tuple[int, ...]]  # units; sums, reported, not applicable
NOTHING: Totals = (0, (), (), ())

MessageKey = tuple[str, str, str, bytes]  # form, period, unit, submission


class Difference(NamedTuple):
    """One thing that is not what it should be. `cell` is set where the wrong thing is a cell, which can be mended."""

    where: str
    stored: str
    expected: str
    cell: "WrongCell | None" = None

    def __str__(self) -> str:
        return f"{self.where}: stored {self.stored}, should be {self.expected}"


class CellRow(NamedTuple):
    """A stored cell of some form and period. Totals have no trailing zeros; `version` is a position of the log."""

    partition: int
    area: str
    version: int
    totals: Totals


class WrongCell(NamedTuple):
    """A cell to mend: what it should say."""

    partition: int
    area: str
    totals: Totals


class StoredMessage(NamedTuple):
    """A stored submission as far as decisions go. Figures and paths change none, so they are left out."""

    kind: int
    unit: str
    release: int
    submission: bytes
    content: bytes
    replaces: int | None
    path: Sequence[str] = ()
    values: Sequence[int] = ()
    states: Sequence[int] = ()


class Retaken(NamedTuple):
    """A stored submission with its place and what was decided about it."""

    partition: int
    position: int
    message: StoredMessage
    was: Decided


class StoredRow(NamedTuple):
    """Everything a stored submission says, less the decision; `values` and `states` as bytes, as in the log."""

    form: str
    period: str
    unit: str
    kind: int
    submission: bytes
    content: bytes
    replaces: int
    form_version: int
    release: int
    path: tuple[str, ...]
    values: bytes
    states: bytes
    author: str
    reason: str
    known_ms: int


class First(NamedTuple):
    """The first stored message of a submission's id about a report."""

    position: int
    content: bytes
    decision: Decision


def trimmed(units: int, *columns: Sequence[int]) -> Totals:
    """Totals without trailing zeros, which say nothing."""
    sums, reported, not_applicable = (_trimmed(column) for column in columns)
    return units, sums, reported, not_applicable


def _trimmed(column: Sequence[int]) -> tuple[int, ...]:
    length = len(column)
    while length and not column[length - 1]:
        length -= 1
    return tuple(column[:length])


# Cells


def compare_cells(
    form: str,
    period: str,
    stored: Iterable[CellRow],
    summed: Iterable[tuple[int, str, Totals]],
    progress: Mapping[int, int],
) -> Iterator[Difference]:
    """Cells that are not the sums of the submissions below the progress. Both come by partition and area, ascending."""
    for partition, area, row, totals in _side_by_side(stored, summed):
        is_totals = NOTHING if row is None else row.totals
        where = f"cell {form} {period} {area}, partition {partition}"
        if is_totals != totals:
            wrong = WrongCell(partition, area, totals)
            yield Difference(where, _totals(is_totals), _totals(totals), wrong)
        elif row is not None and row.version > progress.get(partition, 0):
            stands = f"at most {progress.get(partition, 0)}, where the partition stands"
            yield Difference(where, f"version {row.version}", stands, WrongCell(partition, area, totals))


def _side_by_side(
    stored: Iterable[CellRow], summed: Iterable[tuple[int, str, Totals]]
) -> Iterator[tuple[int, str, CellRow | None, Totals]]:
    """Both in order of partition and area; what one of them lacks is nothing."""
    rows, sums = iter(stored), iter(summed)
    row, sum_ = next(rows, None), next(sums, None)
    while row is not None or sum_ is not None:
        at_row = None if row is None else (row.partition, row.area)
        at_sum = None if sum_ is None else (sum_[0], sum_[1])
        if sum_ is None or (at_row is not None and at_sum is not None and at_row < at_sum):
            assert row is not None
            yield row.partition, row.area, row, NOTHING
            row = next(rows, None)
        elif at_row == at_sum:
            yield *sum_[:2], row, sum_[2]
            row, sum_ = next(rows, None), next(sums, None)
        else:
            yield *sum_[:2], None, sum_[2]
            sum_ = next(sums, None)


def _totals(totals: Totals) -> str:
    units, sums, reported, not_applicable = totals
    if totals == NOTHING:
        return "nothing"
    said = f"{units} units, sums {list(sums)}, reported {list(reported)}"
    return f"{said}, not applicable {list(not_applicable)}" if not_applicable else said


# Decisions


def compare_decisions(form: str, period: str, stored: Iterable[Retaken]) -> Iterator[Difference]:
    """Decisions and revisions that the rules would not come to. Rows come by partition, unit and position."""
    for (partition, unit), rows in groupby(stored, key=lambda row: (row.partition, row.message.unit)):
        group = Group()
        for row in rows:
            now = group.apply(row.message)
            if now != row.was:
                where = f"decision {form} {period} {unit}, partition {partition} position {row.position}"
                yield Difference(where, _decided(row.was), _decided(now))


def _decided(decided: Decided) -> str:
    word = decided.decision.word if isinstance(decided.decision, Decision) else f"decision {decided.decision}"
    return f"{word} (revision {decided.revision})"


# Rows and the log


def compare_rows(
    partition: int, records: Sequence[Read], rows: Iterable[tuple[int, StoredRow]]
) -> tuple[list[Difference], list[Read]]:
    """Rows of a stretch of the log against its records; also the records without a row, which have to be accounted for.

    A row may be there several times: each has to be what the record says.
    """
    stored: dict[int, set[StoredRow]] = {}
    for position, row in rows:
        stored.setdefault(position, set()).add(row)
    differences: list[Difference] = []
    unaccounted = []
    for record in records:
        wanted = said(record)
        found = stored.pop(record.position, set())
        if not found and not is_canary(record):
            unaccounted.append(record)
        for row in sorted(found - {wanted}):
            where = f"submission {row.form} {row.period} {row.unit}, {_at(partition, record.position)}"
            differences.append(Difference(where, *_unlike(row, wanted)))
    for position, some in sorted(stored.items()):
        for row in sorted(some):
            where = f"submission {row.form} {row.period} {row.unit}, {_at(partition, position)}"
            differences.append(Difference(where, "a row", "nothing: the log has no message there"))
    return differences, unaccounted


def account_for(
    partition: int, records: Iterable[Read], dead: Iterable[int], first: Mapping[MessageKey, First]
) -> Iterator[Difference]:
    """Records without a row that are neither an exact duplicate of an earlier one nor a dead letter.

    `dead` holds the positions that have a letter, `first` the first stored message of each record's id.
    """
    letters = set(dead)
    for record in records:
        if record.position in letters:
            continue
        if record.event is None:
            where = f"dead letter, {_at(partition, record.position)}"
            yield Difference(where, "none", f"one: the message cannot be read ({record.reason})")
            continue
        event = record.event
        twin = first.get(key_of(record))
        duplicate = twin is not None and twin.position < record.position and twin.content == event.content
        if event.kind == MessageKind.MOVE or not duplicate or twin is None or twin.decision is Decision.CONFLICT:
            where = f"submission {event.form} {event.period} {event.unit}, {_at(partition, record.position)}"
            yield Difference(where, "no row", "one: the log has a message there that is no exact duplicate")


def key_of(record: Read) -> MessageKey:
    """What makes a message a duplicate: the same submission about the same report."""
    assert record.event is not None
    return record.event.form, record.event.period, record.event.unit, record.event.submission


def is_canary(record: Read) -> bool:
    return record.event is not None and record.event.kind == MessageKind.CANARY


def said(record: Read) -> StoredRow | None:
    """A record as the row it must have become; None if it says nothing."""
    event = record.event
    if event is None or is_canary(record):
        return None
    return StoredRow(
        event.form,
        event.period,
        event.unit,
        event.kind,
        event.submission,
        event.content,
        -1 if event.replaces is None else event.replaces,
        event.form_version,
        event.release,
        tuple(event.path),
        event.packed,
        event.states,
        event.author,
        event.reason,
        record.known_ms,
    )


def _unlike(row: StoredRow, wanted: StoredRow | None) -> tuple[str, str]:
    """What a row says otherwise than the log, and what the log says."""
    if wanted is None:
        return "a row", "nothing: the log has no report there"
    names = [name for name in StoredRow._fields if getattr(row, name) != getattr(wanted, name)]
    return ", ".join(_field(row, name) for name in names), ", ".join(_field(wanted, name) for name in names)


def _field(row: StoredRow, name: str) -> str:
    value = getattr(row, name)
    if name == "values" and len(value) % 8 == 0:
        value = list(memoryview(value).cast("q"))
    elif name == "states":
        value = list(value)
    elif isinstance(value, bytes):
        value = value.hex()
    return f"{name} {value}"


def _at(partition: int, position: int) -> str:
    return f"partition {partition} position {position}"
