"""What the fold must come to, written from the rules, slowly and without any state that could go stale.

Every decision looks back over the whole log; every cell is summed again from the reports in force.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from chitieu.contracts.events import Event
from chitieu.domain.rollup import Cell, Decided, Decision, MessageKind, ValueState

COUNTED = (Decision.ACCEPTED, Decision.RETRACTED)


def decisions(log: Sequence[Event]) -> list[Decided]:
    """The decision about each message of one partition's log."""
    decided: list[Decided] = []
    for at, event in enumerate(log):
        mine = [i for i in range(at) if _same_report(log[i], event)]
        counted = [i for i in mine if decided[i].decision in COUNTED]
        revision = len(counted)
        current = log[counted[-1]] if counted else None
        in_force = None if current is None or current.kind == MessageKind.RETRACTION else current
        twins = [i for i in mine if log[i].kind != MessageKind.MOVE and log[i].submission == event.submission]
        first = (log[twins[0]], decided[twins[0]].decision) if twins else None
        decision = _decide(event, first, revision, in_force, _placed(log, decided, mine))
        decided.append(Decided(decision, revision + (decision in COUNTED)))
    return decided


def _decide(
    event: Event, first: tuple[Event, Decision] | None, revision: int, in_force: Event | None, placed: int
) -> Decision:
    """`first` is the first message of the same submission and what became of it."""
    if event.kind == MessageKind.MOVE:
        return Decision.MOVED if event.release > placed else Decision.UNCHANGED
    if first is not None:
        if first[0].content != event.content:
            return Decision.KEY_REUSED
        return Decision.CONFLICT if first[1] is Decision.CONFLICT else Decision.DUPLICATE
    if event.replaces is not None and event.replaces != revision:
        return Decision.CONFLICT
    if event.kind == MessageKind.RETRACTION:
        return Decision.RETRACTED if in_force else Decision.UNCHANGED
    return Decision.UNCHANGED if in_force and in_force.content == event.content else Decision.ACCEPTED


def _placed(log: Sequence[Event], decided: list[Decided], mine: list[int]) -> int:
    """The release that last said where the unit stands; -1 if none did."""
    release = -1
    for i in mine:
        if decided[i].decision is Decision.MOVED or (
            decided[i].decision is Decision.ACCEPTED and log[i].release >= release
        ):
            release = log[i].release
    return release


def _same_report(one: Event, other: Event) -> bool:
    return (one.form, one.period, one.unit) == (other.form, other.period, other.unit)


@dataclass(frozen=True)
class Totals:
    """A cell without its trailing zeros, so that cells of different width compare by what they say."""

    units: int
    sums: tuple[int, ...]
    reported: tuple[int, ...]
    not_applicable: tuple[int, ...]

    @classmethod
    def of(cls, cell: Cell) -> "Totals":
        return cls(cell.units, _trimmed(cell.sums), _trimmed(cell.reported), _trimmed(cell.not_applicable))


def _trimmed(column: Sequence[int]) -> tuple[int, ...]:
    length = len(column)
    while length and column[length - 1] == 0:
        length -= 1
    return tuple(column[:length])


def cells(log: Sequence[Event]) -> dict[tuple[str, str, str], Totals]:
    """(form, period, area) -> totals over every report in force below it, for one partition's log."""
    decided = decisions(log)
    found: dict[tuple[str, str, str], Cell] = {}
    for key in {(e.form, e.period, e.unit) for e in log}:
        mine = [i for i, e in enumerate(log) if (e.form, e.period, e.unit) == key]
        counted = [i for i in mine if decided[i].decision in COUNTED]
        if not counted or log[counted[-1]].kind == MessageKind.RETRACTION:
            continue
        report = log[counted[-1]]
        for area in _path(log, decided, mine)[:-1]:
            cell = found.setdefault((*key[:2], area), Cell())
            cell.units += 1
            cell.widen(len(report.states))
            for at, state in enumerate(report.states):
                cell.sums[at] += report.values[at] if state == ValueState.REPORTED else 0
                cell.reported[at] += state == ValueState.REPORTED
                cell.not_applicable[at] += state == ValueState.NOT_APPLICABLE
    return {key: Totals.of(cell) for key, cell in found.items()}


def _path(log: Sequence[Event], decided: list[Decided], mine: list[int]) -> tuple[str, ...]:
    path: tuple[str, ...] = ()
    release = -1
    for i in mine:
        placed = decided[i].decision is Decision.MOVED or decided[i].decision is Decision.ACCEPTED
        if placed and log[i].release >= release:
            path, release = log[i].path, log[i].release
    return path


def changed(log: Sequence[Event], first: int, last: int) -> set[tuple[str, str, str]]:
    """(form, period, area) whose totals or own report the messages from `first` up to `last` changed."""
    before, after = cells(log[:first]), cells(log[:last])
    nothing = Totals(0, (), (), ())
    totals = {key for key in {*before, *after} if before.get(key, nothing) != after.get(key, nothing)}
    revised = zip(log[first:last], decisions(log[:last])[first:], strict=True)
    return totals | {(e.form, e.period, e.unit) for e, decided in revised if decided.decision in COUNTED}


def touched(log: Sequence[Event], first: int, last: int) -> set[tuple[str, str, str]]:
    """(form, period, area) on any path, old or new, of the reports that those messages are about."""
    about = {(e.form, e.period, e.unit) for e in log[first:last]}
    return {(e.form, e.period, area) for e in log[:last] if (e.form, e.period, e.unit) in about for area in e.path}
