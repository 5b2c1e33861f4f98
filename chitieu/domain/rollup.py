"""The fold: what becomes of each message of the log, and what it adds to every area above its unit.

The log is the truth; everything here is a function of it. All messages about a unit stand in one partition, so one
`Group` — the reports of one form and period in one partition — decides about its reports alone, in log order. The
state of a group is rebuilt by applying the messages stored in `submission` again: same messages, same decisions.

    decided = group.apply(message)      # accepted, duplicate, conflict …
    group.take_dirty()                  # the areas whose totals changed since it was last asked
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple, Protocol

from chitieu.domain.errors import Corruption


class MessageKind(IntEnum):
    REPORT = 1
    RETRACTION = 2
    MOVE = 3
    CANARY = 4


class ValueState(IntEnum):
    """0 reported, not reported, and not applicable are three things."""

    ABSENT = 0
    REPORTED = 1
    NOT_APPLICABLE = 2


class Decision(IntEnum):
    """What became of a message. Only ACCEPTED, RETRACTED and MOVED change a figure."""

    ACCEPTED = 1
    UNCHANGED = 2
    DUPLICATE = 3
    KEY_REUSED = 4
    CONFLICT = 5
    RETRACTED = 6
    MOVED = 7

    @property
    def word(self) -> str:
        return self.name.lower()


class Message(Protocol):
    """What the fold needs of a message; `chitieu.contracts.events.Event` is one.

    `values` are integers at the scale of the form's fields, in their order; a shorter array means the rest is absent.
    `path` holds the ids of the unit's ancestors and of the unit itself, nation first, by the tree of `release`.
    `content` is equal exactly for reports that say the same. `replaces` is the revision the sender saw.
    """

    @property
    def kind(self) -> int: ...
    @property
    def unit(self) -> str: ...
    @property
    def release(self) -> int: ...
    @property
    def path(self) -> Sequence[str]: ...
    @property
    def submission(self) -> bytes: ...
    @property
    def content(self) -> bytes: ...
    @property
    def replaces(self) -> int | None: ...
    @property
    def values(self) -> Sequence[int]: ...
    @property
    def states(self) -> Sequence[int]: ...


class Sent(Protocol):
    """What is asked of anything that is sent, to tell a retry, a reused key and a conflict; see `Message`."""

    @property
    def kind(self) -> int: ...
    @property
    def submission(self) -> bytes: ...
    @property
    def content(self) -> bytes: ...
    @property
    def replaces(self) -> int | None: ...


class Standing(Protocol):
    """What it may replace. `seen` has the content under each submission's id; `content` is None if nothing stands."""

    revision: int
    content: bytes | None
    seen: dict[bytes, bytes]
    conflicted: set[bytes]


class Decided(NamedTuple):
    """A decision and the report's revision after it (0: never reported)."""

    decision: Decision
    revision: int


@dataclass(slots=True)
class Report:
    """The current state of one unit's report. `content` is None when there is none or it was retracted."""

    revision: int = 0
    content: bytes | None = None
    values: Sequence[int] = ()
    states: Sequence[int] = ()
    path: Sequence[str] = ()
    path_release: int = -1
    seen: dict[bytes, bytes] = field(default_factory=dict)
    conflicted: set[bytes] = field(default_factory=set)


@dataclass(slots=True)
class Cell:
    """Totals of one area over the units below it: per field, the sum and how many units stand behind it.

    `units` counts the units with a current report. What the area reported itself is its report, kept once.
    """

    units: int = 0
    sums: list[int] = field(default_factory=list)
    reported: list[int] = field(default_factory=list)
    not_applicable: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, units: int, *columns: Iterable[int]) -> "Cell":
        """From columns of any length: a sum of 0 that units stand behind is there, too."""
        cell = cls(units, *map(list, columns))
        cell.widen(max(len(cell.sums), len(cell.reported), len(cell.not_applicable)))
        return cell

    def widen(self, fields: int) -> None:
        for column in (self.sums, self.reported, self.not_applicable):
            column.extend([0] * (fields - len(column)))

    def add(self, report: Report, sign: int) -> None:
        """Add (+1) or take away (-1) what a report says."""
        self.widen(len(report.states))
        self.units += sign
        for at, state in enumerate(report.states):
            if state == ValueState.REPORTED:
                self.sums[at] += sign * report.values[at]
                self.reported[at] += sign
            elif state == ValueState.NOT_APPLICABLE:
                self.not_applicable[at] += sign

    def merge(self, other: "Cell") -> None:
        """Add the totals of other units."""
        self.widen(len(other.sums))
        self.units += other.units
        for mine, theirs in (
            (self.sums, other.sums),
            (self.reported, other.reported),
            (self.not_applicable, other.not_applicable),
        ):
            for at, number in enumerate(theirs):
                mine[at] += number


class Group:
    """Reports of one (form, period) in one partition, and the totals of every area they touch."""

    def __init__(self) -> None:
        self.reports: dict[str, Report] = {}
        self.cells: dict[str, Cell] = {}
        self._dirty: set[str] = set()

    @classmethod
    def load(cls, stored: Iterable[tuple[Message, Decided]]) -> "Group":
        """Rebuild a group from its stored messages in log order; Corruption if one would be decided otherwise now."""
        group = cls()
        for message, was in stored:
            now = group.apply(message)
            if now != was:
                raise Corruption(
                    f"unit {message.unit}: stored as {was.decision.word} (revision {was.revision}), "
                    f"decided again as {now.decision.word} (revision {now.revision})"
                )
        group._dirty.clear()
        return group

    def take_dirty(self) -> Mapping[str, Cell]:
        """Cells whose totals changed since the last call; each area's totals are absolute."""
        taken = {area: self.cells[area] for area in sorted(self._dirty)}
        self._dirty.clear()
        return taken

    def apply(self, message: Message) -> Decided:
        """Decide about a message and carry its consequences up the path."""
        report = self.reports.get(message.unit)
        if report is None:
            report = self.reports[message.unit] = Report()
        if message.kind == MessageKind.MOVE:
            return self._move(report, message)
        refusal = refused(report, message)
        if refusal is not None:
            return Decided(refusal, report.revision)
        if message.kind == MessageKind.RETRACTION:
            self._replace(report, None, (), ())
            return Decided(Decision.RETRACTED, report.revision)
        self._replace(report, message.content, message.values, message.states, message)
        return Decided(Decision.ACCEPTED, report.revision)

    def _move(self, report: Report, message: Message) -> Decided:
        """The tree was corrected: what the unit reported counts along the new path from here on."""
        if message.release <= report.path_release:
            return Decided(Decision.UNCHANGED, report.revision)
        self._count(report, -1)
        report.path, report.path_release = message.path, message.release
        self._count(report, +1)
        return Decided(Decision.MOVED, report.revision)

    def _replace(
        self,
        report: Report,
        content: bytes | None,
        values: Sequence[int],
        states: Sequence[int],
        placed_by: Message | None = None,
    ) -> None:
        self._count(report, -1)
        report.revision += 1
        report.content, report.values, report.states = content, values, states
        # A report validated under an older tree than a move that overtook it counts where the move put it.
        if placed_by is not None and placed_by.release >= report.path_release:
            report.path, report.path_release = placed_by.path, placed_by.release
        self._count(report, +1)

    def _count(self, report: Report, sign: int) -> None:
        if report.content is None:
            return
        for area in report.path[:-1]:
            cell = self.cells.get(area)
            if cell is None:
                cell = self.cells[area] = Cell()
            cell.add(report, sign)
            self._dirty.add(area)


def refused(standing: Standing, sent: Sent) -> Decision | None:
    """Why something sent changes nothing, or None if it does. Remembers the submission's id.

    The retry of a conflict is a conflict again: "duplicate" would tell its sender that it had counted.
    """
    content = standing.seen.get(sent.submission)
    if content is not None:
        if content != sent.content:
            return Decision.KEY_REUSED
        return Decision.CONFLICT if sent.submission in standing.conflicted else Decision.DUPLICATE
    standing.seen[sent.submission] = sent.content
    if sent.replaces is not None and sent.replaces != standing.revision:
        standing.conflicted.add(sent.submission)
        return Decision.CONFLICT
    if sent.kind == MessageKind.RETRACTION:
        return Decision.UNCHANGED if standing.content is None else None
    return Decision.UNCHANGED if sent.content == standing.content else None
