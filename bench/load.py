"""The load: reports as agencies send them, and what they amount to, added up by brute force."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chitieu.adapters.programmes.release import RegistryObject
from chitieu.contracts.events import Event, content_hash, encode_event
from chitieu.domain.rollup import Decision, MessageKind, ValueState

FORM = "bench"
NATION = "vn"
LEVELS = "pd"  # the first letter of an area's id, by level below the nation; a commune's is c
COMMUNE = "c"
FIRST_YEAR = 2000
_THOUSAND = 1000
_CHUNK = 4096
_RECENT = 10_000

Int64s = npt.NDArray[np.int64]
# (period, area) -> [units, then each field's sum, units that reported it, units it does not apply to].
Figures = dict[tuple[str, str], Int64s]


@dataclass(frozen=True)
class Shape:
    """About whom is reported, and how many messages of a thousand are something else than a first report.

    `areas`: how many areas each level between nation and commune has. Reports come period by period, as time passes.
    Revisions, retractions and conflicts concern reports of the current period and of as many before it as `reach` says
    (None: of any); a duplicate is one of the last 10,000 messages.
    """

    fields: int = 30
    communes: int = 10_599
    areas: tuple[int, ...] = (63, 705)
    periods: int = 21
    revisions: int = 100
    duplicates: int = 50
    retractions: int = 2
    conflicts: int = 2
    reach: int | None = None
    absent: int = 50
    not_applicable: int = 20

    @property
    def places(self) -> int:
        """Reports that can exist: one for each commune and period."""
        return self.communes * self.periods


@dataclass
class _Report:
    """What the sender knows of a report it made: its address, and which revision is in force."""

    period: str
    unit: str
    path: tuple[str, ...]
    revision: int = 1
    retracted: bool = False


class Sender:
    """Everybody who reports: what is sent follows from the shape and the random numbers alone."""

    def __init__(self, shape: Shape, rng: np.random.Generator) -> None:
        self._shape = shape
        self._rng = rng
        self._reports: list[_Report] = []
        self._recent: list[Event] = []
        self._sent = 0

    def messages(self, count: int) -> Iterator[Event]:
        """The next `count` messages."""
        for packed, states in self._said(count):
            kind, pick = int(self._rng.integers(_THOUSAND)), int(self._rng.integers(2**62))
            yield self._remembered(self._next(kind, pick, packed, states))

    def corrections(self, count: int, period: str | None = None) -> Iterator[Event]:
        """The next `count` messages if all are revisions, of reports of any period or of one."""
        reports = [report for report in self._reports if period in (None, report.period)]
        for packed, states in self._said(count):
            report = reports[int(self._rng.integers(len(reports)))]
            yield self._remembered(self._revision(report, packed, states, None))

    def _said(self, count: int) -> Iterator[tuple[bytes, bytes]]:
        while count > 0:
            yield from _values(self._rng, self._shape, min(count, _CHUNK))
            count -= _CHUNK

    def _remembered(self, event: Event) -> Event:
        if len(self._recent) < _RECENT:
            self._recent.append(event)
        else:
            self._recent[self._sent % _RECENT] = event
        self._sent += 1
        return event

    def _next(self, kind: int, pick: int, packed: bytes, states: bytes) -> Event:
        shape = self._shape
        if not self._reports:
            return self._first(packed, states)
        if kind < shape.duplicates:
            return self._recent[pick % len(self._recent)]
        kind -= shape.duplicates
        first = self._first_in_reach()
        report = self._reports[first + pick % (len(self._reports) - first)]
        if kind < shape.conflicts:
            return self._event(report, packed, states, replaces=report.revision + 1)
        kind -= shape.conflicts
        if kind < shape.retractions:
            return self._retraction(report)
        kind -= shape.retractions
        if kind < shape.revisions or len(self._reports) >= shape.places:
            # Every other correction names the revision that its sender saw.
            return self._revision(report, packed, states, report.revision if pick % 2 else None)
        return self._first(packed, states)

    def _revision(self, report: _Report, packed: bytes, states: bytes, replaces: int | None) -> Event:
        report.revision, report.retracted = report.revision + 1, False
        return self._event(report, packed, states, replaces)

    def _first_in_reach(self) -> int:
        if self._shape.reach is None:
            return 0
        period = (len(self._reports) - 1) // self._shape.communes
        return max(period - self._shape.reach, 0) * self._shape.communes

    def _first(self, packed: bytes, states: bytes) -> Event:
        period, commune = divmod(len(self._reports), self._shape.communes)
        unit = f"{COMMUNE}{commune:06}"
        report = _Report(str(FIRST_YEAR + period), unit, (*_above(commune, self._shape.areas), unit))
        self._reports.append(report)
        return self._event(report, packed, states)

    def _retraction(self, report: _Report) -> Event:
        if not report.retracted:
            report.revision, report.retracted = report.revision + 1, True
        return self._event(report, b"", b"", kind=MessageKind.RETRACTION)

    def _event(
        self,
        report: _Report,
        packed: bytes,
        states: bytes,
        replaces: int | None = None,
        kind: MessageKind = MessageKind.REPORT,
    ) -> Event:
        submission, content = self._sent.to_bytes(16, "big"), content_hash(kind, packed, states)
        place = (FORM, 1, report.period, report.unit, 0, report.path)
        return Event(int(kind), *place, submission, content, replaces, packed, states, "bench")


def payloads(events: Iterable[Event]) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of each event, as ingest publishes them."""
    return ((event.unit.encode(), encode_event(event)) for event in events)


def _above(commune: int, areas: tuple[int, ...]) -> tuple[str, ...]:
    """The nation and the areas above a commune; an area's own number gives the one above it."""
    path: list[str] = []
    at = commune
    for letter, width in zip(LEVELS[len(areas) - 1 :: -1], reversed(areas), strict=True):
        at %= width
        path.insert(0, f"{letter}{at:04}")
    return (NATION, *path)


def _values(rng: np.random.Generator, shape: Shape, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Values, packed, and states of `size` reports; what is absent or does not apply has the value 0."""
    numbers = rng.integers(0, 5000, (size, shape.fields))
    draws = rng.integers(0, _THOUSAND, (size, shape.fields))
    states = np.full((size, shape.fields), int(ValueState.REPORTED), np.uint8)
    states[draws < shape.absent + shape.not_applicable] = ValueState.NOT_APPLICABLE
    states[draws < shape.absent] = ValueState.ABSENT
    numbers[states != ValueState.REPORTED] = 0
    return ((row.tobytes(), said.tobytes()) for row, said in zip(numbers, states, strict=True))


# What the load amounts to


def brute_force(events: Iterable[Event], fields: int) -> tuple[Figures, Counter[Decision]]:
    """The totals of every area, and how often each decision is taken: the rules one by one, nothing clever."""
    newest: dict[tuple[str, str], tuple[int, Event | None]] = {}
    seen: dict[bytes, Decision] = {}
    decisions: Counter[Decision] = Counter()
    for event in events:
        place = (event.period, event.unit)
        revision, current = newest.get(place, (0, None))
        before = seen.get(event.submission)
        if before is not None:
            decided = Decision.CONFLICT if before is Decision.CONFLICT else Decision.DUPLICATE
        elif event.replaces is not None and event.replaces != revision:
            decided = Decision.CONFLICT
        elif event.kind == MessageKind.RETRACTION:
            decided = Decision.UNCHANGED if current is None else Decision.RETRACTED
        else:
            unchanged = current is not None and current.content == event.content
            decided = Decision.UNCHANGED if unchanged else Decision.ACCEPTED
        seen.setdefault(event.submission, decided)
        if decided is Decision.ACCEPTED:
            newest[place] = (revision + 1, event)
        elif decided is Decision.RETRACTED:
            newest[place] = (revision + 1, None)
        decisions[decided] += 1
    return totals((event for _, event in newest.values() if event is not None), fields), decisions


def totals(in_force: Iterable[Event], fields: int) -> Figures:
    """What some reports add to every area above their units."""
    figures: Figures = {}
    for event in in_force:
        states = np.frombuffer(event.states, np.uint8)
        values = np.frombuffer(event.packed, np.int64)
        reported, not_applicable = states == ValueState.REPORTED, states == ValueState.NOT_APPLICABLE
        row = np.concatenate([[1], values, reported, not_applicable])
        for area in event.path[:-1]:
            if (event.period, area) in figures:
                figures[event.period, area] += row
            else:
                figures[event.period, area] = row.copy()
    return figures


def difference(found: Figures, expected: Figures) -> str:
    """The first cell that differs, in words; '' if none does. A cell of zeros says the same as none."""
    for key in sorted(found.keys() | expected.keys()):
        nothing = np.zeros(1, np.int64)
        is_, should = found.get(key, nothing), expected.get(key, nothing)
        if (is_.any() or should.any()) and not np.array_equal(is_, should):
            return f"{key}: {is_.tolist()} instead of {should.tolist()}"
    return ""


# The form it is about


def programme(fields: int) -> list[RegistryObject]:
    """A catalogue and a form of so many fields, as the registry holds them."""
    name: Mapping[str, Any] = {"vi": "Thử tải", "en": "Bench"}
    elements = [f"e{n:02}" for n in range(fields)]
    catalogue = {"elements": {element: {**name, "counts": "person", "kind": "stock"} for element in elements}}
    collected = {
        "who": {"level": "commune", "within": [NATION]},
        "period": "year",
        "window": "calendar",
        "first": f"{FIRST_YEAR}-01-01",
        "basis": "assumed",
    }
    leaves = [[element, element, [], 0, 10**12, False, False] for element in elements]
    form = {**name, "form": FORM, "version": 1, "fields": elements, "collected": [collected], "leaves": leaves}
    return [RegistryObject("catalogue", "catalogue", "1", catalogue), RegistryObject("form", FORM, "1", form)]
