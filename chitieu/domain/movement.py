"""What moved a figure between two moments: the units whose reports were sent, revised, taken back or placed elsewhere.

Both moments are given as the reports that counted in the area then. A difference is derived from what a unit said at
both, so that a small count can't be read off it.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Protocol

from chitieu.domain.catalogue import Element, Indicator
from chitieu.domain.disclosure import Count, Derived
from chitieu.domain.form import Form
from chitieu.domain.fractions import exact_text
from chitieu.domain.rollup import ValueState


class Move(StrEnum):
    SENT = "sent"
    REVISED = "revised"
    RETRACTED = "retracted"
    MOVED_IN = "moved_in"
    MOVED_OUT = "moved_out"


class Stood(Protocol):
    """A report that counted at a moment. `path`: where, as unit ids, nation first and the unit itself last."""

    @property
    def form(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def path(self) -> tuple[str, ...]: ...
    @property
    def revision(self) -> int: ...
    @property
    def values(self) -> Sequence[int]: ...
    @property
    def states(self) -> Sequence[int]: ...
    @property
    def known_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Said:
    """What a report says of one element. `state` is None if there was no report, or it counted elsewhere."""

    state: ValueState | None
    count: Count


@dataclass(frozen=True, slots=True)
class Shift:
    """One element before and after; `change` is what it has added to the figure's sum."""

    element: str
    before: Said
    after: Said
    change: Derived


@dataclass(frozen=True, slots=True)
class Movement:
    """One unit's report of one form. Revisions are None where none counted in the area; `shifts` are not empty."""

    unit: str
    form: str
    move: Move
    before: int | None
    after: int | None
    known_at: datetime | None
    shifts: tuple[Shift, ...]


_VERBS: Mapping[Move, tuple[str, str]] = {
    Move.SENT: ("gửi", "sent"),
    Move.REVISED: ("sửa", "revised"),
    Move.RETRACTED: ("rút", "took back"),
    Move.MOVED_IN: ("chuyển đến, có", "came in with"),
    Move.MOVED_OUT: ("chuyển đi, có", "left with"),
}
_WITHOUT_FIGURE: Mapping[ValueState, tuple[str, str]] = {
    ValueState.NOT_APPLICABLE: ("không áp dụng", "not applicable"),
    ValueState.ABSENT: ("bỏ trống", "left empty"),
}


def sentence(movement: Movement, unit: str, language: int) -> str:
    """A movement, as it may be shown, in words: "Vân Nham revised parents_informed 120 → 96"; 0 is vi, 1 en."""
    parts = []
    for shift in movement.shifts:
        ends = [_word(one, language) for one in (shift.before, shift.after) if one.state is not None]
        parts.append(f"{shift.element} {' → '.join(ends)}")
    return f"{unit} {_VERBS[movement.move][language]} {', '.join(parts)}"


def largest_first(some: Iterable[Movement]) -> list[Movement]:
    """By the largest change that may be shown; what may not be stands last, so that the order does not tell it."""

    def rank(one: Movement) -> tuple[bool, Fraction, str, str]:
        shown = [abs(shift.change.value) for shift in one.shifts if shift.change.value is not None]
        return not shown, -max(shown, default=Fraction(0)), one.unit, one.form

    return sorted(some, key=rank)


def movements(
    indicator: Indicator,
    elements: Mapping[str, Element],
    forms: Mapping[str, Form],
    before: Iterable[Stood],
    after: Iterable[Stood],
    since: datetime,
    elsewhere: Set[tuple[str, str]] = frozenset(),
) -> list[Movement]:
    """What differs in the elements of an indicator, by unit and form.

    `elsewhere` are the forms and units that have a report now which does not count in the area any more; a report that
    was known before `since` and did not count in it then has moved in.
    """
    then = {(one.form, one.unit): one for one in before}
    now = {(one.form, one.unit): one for one in after}
    found = []
    for key in sorted(then.keys() | now.keys()):
        old, new = then.get(key), now.get(key)
        shifts = _shifts(indicator, elements, forms[key[0]], old, new)
        if shifts:
            move = _move(old, new, since, key in elsewhere)
            found.append(_movement(key, move, old, new, shifts))
    return found


def _movement(
    key: tuple[str, str], move: Move, old: Stood | None, new: Stood | None, shifts: tuple[Shift, ...]
) -> Movement:
    form, unit = key
    before, after = (None if one is None else one.revision for one in (old, new))
    return Movement(unit, form, move, before, after, None if new is None else new.known_at, shifts)


def _move(old: Stood | None, new: Stood | None, since: datetime, elsewhere: bool) -> Move:
    if new is None:
        return Move.MOVED_OUT if elsewhere else Move.RETRACTED
    if old is None:
        return Move.MOVED_IN if new.known_at <= since else Move.SENT
    return Move.REVISED


def _shifts(
    indicator: Indicator, elements: Mapping[str, Element], form: Form, old: Stood | None, new: Stood | None
) -> tuple[Shift, ...]:
    found = []
    for id_ in dict.fromkeys(indicator.elements):
        if id_ in form.positions:
            before, after = said(elements[id_], form, old), said(elements[id_], form, new)
            if (before.state, before.count.value) != (after.state, after.count.value):
                change = (after.count.value or Fraction(0)) - (before.count.value or Fraction(0))
                found.append(Shift(id_, before, after, Derived(change, (before.count, after.count))))
    return tuple(found)


def _word(said: Said, language: int) -> str:
    if said.count.suppressed:
        return ("không hiển thị", "withheld")[language]
    if said.count.value is None:
        return _WITHOUT_FIGURE[said.state or ValueState.ABSENT][language]
    text = exact_text(said.count.value)
    return text.replace(".", ",") if language == 0 else text


def said(element: Element, form: Form, report: Stood | None) -> Said:
    """What a report says of an element: the sum of its fields, or why there is none."""
    if report is None:
        return Said(None, Count(None, element.sensitive))
    positions = [at for at in form.positions[element.id] if at < len(report.states)]
    told = [report.values[at] for at in positions if report.states[at] == ValueState.REPORTED]
    if told:
        count = Count(Fraction(sum(told), 10**element.scale), element.sensitive, report.path, reported=True)
        return Said(ValueState.REPORTED, count)
    states = {report.states[at] for at in positions}
    state = ValueState.NOT_APPLICABLE if ValueState.NOT_APPLICABLE in states else ValueState.ABSENT
    return Said(state, Count(None, element.sensitive, report.path))
