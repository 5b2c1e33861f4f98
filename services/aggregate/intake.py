"""From bytes of the log to messages the fold may trust. What can't be trusted becomes a dead letter with a reason."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec
import numpy as np
from aiokafka.structs import ConsumerRecord

from chitieu.contracts.events import Event, decode_event, encode_event
from chitieu.domain.form import Form
from chitieu.domain.period import Period
from chitieu.domain.registry import Release
from chitieu.domain.rollup import MessageKind, ValueState

MAX_PAYLOAD_BYTES = 64 * 1024
MAX_PATH = 16
_ID_BYTES = 16
_KINDS = frozenset(map(int, MessageKind))
_CANARY, _MOVE = int(MessageKind.CANARY), int(MessageKind.MOVE)
_REPORTED = int(ValueState.REPORTED)


class Read(msgspec.Struct, gc=False):
    """A record of the log: its event, or why there is none. `known_ms`: the broker's append time, Unix ms.

    A struct outside the garbage collector's view, as events are: thousands live for one batch, without a cycle.
    """

    partition: int
    position: int
    known_ms: int
    event: Event | None
    reason: str = ""
    payload: bytes = b""

    def refuse(self, reason: str) -> None:
        """Turn an event that must not be folded into a dead letter."""
        assert self.event is not None
        self.payload = encode_event(self.event)
        self.event, self.reason = None, reason


def read(records: Iterable["ConsumerRecord[bytes, bytes]"]) -> list[Read]:
    """Each record as an event with its place, or with the reason why it is none."""
    taken = []
    for record in records:
        payload = record.value or b""
        event, reason = None, ""
        if len(payload) > MAX_PAYLOAD_BYTES:
            reason = "too_large"
        else:
            try:
                event = decode_event(payload)
            except (msgspec.DecodeError, UnicodeDecodeError):
                reason = "not_an_event"
            else:
                reason = _malformed(event, record.key)
        if reason:
            taken.append(
                Read(record.partition, record.offset, record.timestamp, None, reason, payload[:MAX_PAYLOAD_BYTES])
            )
        else:
            taken.append(Read(record.partition, record.offset, record.timestamp, event))
    return taken


def newest_release(taken: Sequence[Read]) -> int:
    """The newest release that any of the events was validated under; 0 if there are none."""
    return max([one.event.release for one in taken if one.event is not None], default=0)


def _malformed(event: Event, key: bytes | None) -> str:
    """Why an event is none, whatever the programmes in force; '' if it is one."""
    kind, unit, path = event.kind, event.unit, event.path
    if kind == _CANARY:
        return ""
    if kind not in _KINDS:
        return "unknown_kind"
    if not path or path[-1] != unit or len(path) > MAX_PATH or key != unit.encode():
        return "path_does_not_end_at_unit"
    if len(event.submission) != _ID_BYTES or len(event.content) != _ID_BYTES:
        return "bad_identity"
    if len(event.packed) != 8 * len(event.states):
        return "wrong_number_of_values"
    return "" if _is_period(event.period) else "unknown_period"


@lru_cache(maxsize=4096)
def _is_period(text: str) -> bool:
    try:
        Period.parse(text)
    except ValueError:
        return False
    return True


def check(taken: Sequence[Read], release: Release) -> None:
    """Refuse events that the programmes in force do not know. `release` is at least as new as any that exists."""
    reports: dict[tuple[str, int, int], list[Read]] = {}
    newest = release.number
    for one in taken:
        event = one.event
        if event is None or event.kind == _CANARY:
            continue
        if event.release > newest:
            one.refuse("unknown_release")
        elif event.kind != _MOVE:
            key = (event.form, event.form_version, len(event.states))
            if key in reports:
                reports[key].append(one)
            else:
                reports[key] = [one]
    for (form_id, version, width), some in reports.items():
        form = release.form_versions.get((form_id, version))
        if form is None:
            _refuse(some, "unknown_form_version")
        elif width > len(form.fields):
            _refuse(some, "wrong_number_of_values")
        else:
            _refuse(_out_of_range(form, width, some), "value_out_of_range")


def _refuse(some: Iterable[Read], reason: str) -> None:
    for one in some:
        one.refuse(reason)


def _out_of_range(form: Form, width: int, some: Sequence[Read]) -> list[Read]:
    """Those reports of one width in which a value or a state lies outside what the form allows."""
    events = [one.event for one in some if one.event is not None]
    values = np.frombuffer(b"".join([e.packed for e in events]), np.int64).reshape(len(events), width)
    states = np.frombuffer(b"".join([e.states for e in events]), np.uint8).reshape(len(events), width)
    # Nearly always all of it is right, and the extremes say so.
    maxima = np.array([field.maximum for field in form.fields[:width]], np.int64)
    reported = states == _REPORTED
    below = bool((values.max(axis=0, initial=0) <= maxima).all()) and values.min(initial=0) >= 0
    if below and states.max(initial=0) <= max(ValueState) and not values[~reported].any():
        return []
    wrong = (states > max(ValueState)) | (values < 0) | (values > maxima) | (~reported & (values != 0))
    return [some[at] for at in np.flatnonzero(wrong.any(axis=1)).tolist()]
