"""From bytes of the log to messages the fold may trust. What can't be trusted becomes a dead letter with a reason."""

from collections.abc import Sequence
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


def read(record: "ConsumerRecord[bytes, bytes]") -> Read:
    payload = record.value or b""
    if len(payload) > MAX_PAYLOAD_BYTES:
        return _dead(record, "too_large")
    try:
        event = decode_event(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _dead(record, "not_an_event")
    if reason := _malformed(event, record.key):
        return _dead(record, reason)
    return Read(record.partition, record.offset, record.timestamp, event)


def _dead(record: "ConsumerRecord[bytes, bytes]", reason: str) -> Read:
    payload = (record.value or b"")[:MAX_PAYLOAD_BYTES]
    return Read(record.partition, record.offset, record.timestamp, None, reason, payload)


def _malformed(event: Event, key: bytes | None) -> str:
    """Why an event is none, whatever the programmes in force; '' if it is one."""
    if event.kind == MessageKind.CANARY:
        return ""
    if event.kind not in _KINDS:
        return "unknown_kind"
    if key != event.unit.encode() or not event.path or event.path[-1] != event.unit or len(event.path) > MAX_PATH:
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
    for one in taken:
        event = one.event
        if event is None or event.kind == MessageKind.CANARY:
            continue
        if event.release > release.number:
            one.refuse("unknown_release")
        elif event.kind != MessageKind.MOVE:
            reports.setdefault((event.form, event.form_version, len(event.states)), []).append(one)
    for (form_id, version, width), some in reports.items():
        form = release.form_versions.get((form_id, version))
        if form is None:
            reasons = ["unknown_form_version"] * len(some)
        elif width > len(form.fields):
            reasons = ["wrong_number_of_values"] * len(some)
        else:
            reasons = ["value_out_of_range" if wrong else "" for wrong in _out_of_range(form, width, some)]
        for one, reason in zip(some, reasons, strict=True):
            if reason:
                one.refuse(reason)


def _out_of_range(form: Form, width: int, some: Sequence[Read]) -> Sequence[bool]:
    """Per report of one width: does any value or state lie outside what the form allows?"""
    events = [one.event for one in some if one.event is not None]
    values = np.frombuffer(b"".join(e.packed for e in events), np.int64).reshape(len(events), width)
    states = np.frombuffer(b"".join(e.states for e in events), np.uint8).reshape(len(events), width)
    maxima = np.array([field.maximum for field in form.fields[:width]], np.int64)
    wrong = (states > max(ValueState)) | (values < 0) | (values > maxima)
    wrong |= (states != ValueState.REPORTED) & (values != 0)
    found: list[bool] = np.any(wrong, axis=1).tolist()
    return found
