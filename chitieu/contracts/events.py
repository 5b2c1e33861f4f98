"""What travels on the topics, as bytes.

`reports-<generation>` carries msgpack arrays without names: the form is the schema of the values, so a payload is a few
dozen bytes and decodes in a microsecond or two. The other topics are low-volume JSON, readable with any tool.
"""

from hashlib import blake2b
from typing import Any

import msgspec

from chitieu.domain.rollup import MessageKind


class Event(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One message of the log. Fields are positional: append only, never re-order.

    `values` and `states` (ValueState) follow the form's fields and are equally long; `path` holds unit ids, nation
    first. `submission` and `content` are 16 bytes each. `author` is the id of the access key, never a person. `tell` asks the
    fold to announce the outcome on `changes`, because somebody waits for it.
    """

    kind: int
    form: str
    form_version: int
    period: str
    unit: str
    release: int
    path: tuple[str, ...]
    submission: bytes
    content: bytes
    replaces: int | None = None
    values: tuple[int, ...] = ()
    states: tuple[int, ...] = ()
    author: str = ""
    reason: str = ""
    tell: bool = False


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """One flush of one partition: everything below `position` is visible. Never figures: readers read again.

    `changed` lists [form, period, [area ids]]; `told` lists [position, decision, revision] of messages that asked.
    `reset` says that something may have changed without having been announced (a worker took over): read all again.
    """

    generation: int
    partition: int
    position: int
    at: float
    changed: list[tuple[str, str, list[str]]] = []
    told: list[tuple[int, int, int]] = []
    reset: bool = False


class DeadLetter(msgspec.Struct, frozen=True):
    """A message the fold could not read: where it stood, why, and its bytes as they came (base64 in JSON)."""

    generation: int
    partition: int
    position: int
    reason: str
    payload: bytes


_event_encoder = msgspec.msgpack.Encoder()
_event_decoder = msgspec.msgpack.Decoder(Event)
_change_decoder = msgspec.json.Decoder(Change)
_dead_decoder = msgspec.json.Decoder(DeadLetter)
_json_encoder = msgspec.json.Encoder()


def encode_event(event: Event) -> bytes:
    return _event_encoder.encode(event)


def decode_event(payload: bytes) -> Event:
    """Raises msgspec.DecodeError (ValidationError among it) for bytes that are no event."""
    return _event_decoder.decode(payload)


def encode(value: Any) -> bytes:
    """JSON of a Change, a DeadLetter or any plain value."""
    return _json_encoder.encode(value)


def decode_change(payload: bytes) -> Change:
    return _change_decoder.decode(payload)


def decode_dead_letter(payload: bytes) -> DeadLetter:
    return _dead_decoder.decode(payload)


def content_hash(kind: MessageKind, values: tuple[int, ...], states: tuple[int, ...]) -> bytes:
    """16 bytes that are equal exactly for reports that say the same, under whichever version of the form.

    Trailing absent fields say nothing: versions only append fields.
    """
    length = len(states)
    while length and not states[length - 1]:
        length -= 1
    said = _event_encoder.encode((int(kind), values[:length], states[:length]))
    return blake2b(said, digest_size=16).digest()


def submission_id(author: str, key: str, form: str, period: str, unit: str) -> bytes:
    """16 bytes for a sender's Idempotency-Key: the same sender, key and report give the same id, nothing else does."""
    named = "\x00".join((author, key, form, period, unit))
    return blake2b(named.encode(), digest_size=16, person=b"submission").digest()
