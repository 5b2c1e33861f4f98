"""From bytes of the log to messages the fold may trust. What can't be trusted becomes a dead letter with a reason."""

from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from aiokafka.structs import ConsumerRecord

from chitieu.contracts.events import Event, decode_event
from chitieu.domain.period import Period
from chitieu.domain.registry import Release
from chitieu.domain.rollup import MessageKind, ValueState

MAX_PAYLOAD_BYTES = 64 * 1024
MAX_PATH = 16
_ID_BYTES = 16
_KINDS = frozenset(map(int, MessageKind))
_STATES = frozenset(map(int, ValueState))


@dataclass(frozen=True, slots=True)
class Read:
    """A record of the log: its event, or why there is none. `known_at` is the broker's append time."""

    partition: int
    position: int
    known_at: datetime
    event: Event | None
    reason: str = ""
    payload: bytes = b""


def read(record: "ConsumerRecord[bytes, bytes]") -> Read:
    known_at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    payload = record.value or b""

    def refused(reason: str) -> Read:
        return Read(record.partition, record.offset, known_at, None, reason, payload[:MAX_PAYLOAD_BYTES])

    if len(payload) > MAX_PAYLOAD_BYTES:
        return refused("too_large")
    try:
        event = decode_event(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return refused("not_an_event")
    if reason := _malformed(event, record.key):
        return refused(reason)
    return Read(record.partition, record.offset, known_at, event)


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
    try:
        Period.parse(event.period)
    except ValueError:
        return "unknown_period"
    return ""


def check(event: Event, release: Release) -> str:
    """Why the programmes in force refuse an event ('' if they don't). `release` is at least the event's own."""
    if event.kind == MessageKind.CANARY:
        return ""
    form = release.form_versions.get((event.form, event.form_version))
    if form is None:
        return "unknown_form_version"
    if len(event.values) != len(event.states) or len(event.states) > len(form.fields):
        return "wrong_number_of_values"
    for field, value, state in zip(form.fields, event.values, event.states, strict=False):
        if state not in _STATES or not 0 <= value <= field.maximum or (state != ValueState.REPORTED and value):
            return "value_out_of_range"
    return ""
