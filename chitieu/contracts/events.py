"""What travels on the topics, as bytes.

`reports-<generation>` carries msgpack arrays without names: the form is the schema of the values, so a payload is a few
dozen bytes and decodes in a microsecond or two. The other topics are low-volume JSON, readable with any tool.
"""

import sys
from array import array
from collections.abc import Collection, Iterator, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from chitieu.domain.rollup import MessageKind

assert sys.byteorder == "little", "events are packed in the machine's byte order, and every machine we run on agrees"


class Event(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One message of the log. Fields are positional: append only, never re-order.

    `packed` (see `pack`) and `states` (one ValueState a byte) follow the form's fields and are equally long: the form
    is the schema. As bytes they go from the wire into a matrix and on into ClickHouse without a Python integer in
    between. `path` holds unit ids, nation first. `submission` and `content` are 16 bytes each. `author` is the id of
    the access key, never a person. `tell` asks the fold to announce the outcome on `changes`: somebody waits for it.
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
    packed: bytes = b""
    states: bytes = b""
    author: str = ""
    reason: str = ""
    tell: bool = False

    @property
    def values(self) -> Sequence[int]:
        """The values as integers, at the scale of the form's fields."""
        return memoryview(self.packed).cast("q")


Changed = tuple[str, str, list[str]]
Named = tuple[str, str, Collection[str]]
"""A form, a period, and areas or units of which there are figures."""


class Stood(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """As what a report counted, in the areas of `path` (unit ids, nation first, the unit itself left out)."""

    path: tuple[str, ...]
    packed: bytes
    states: bytes


class Step(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A message by which a report was accepted, retracted or moved, as `Event` has it. `known_ms`: as the log has it.

    `path` ends with the unit itself.
    """

    position: int
    decision: int
    release: int
    path: tuple[str, ...]
    known_ms: int
    packed: bytes
    states: bytes
    reason: str


class Moved(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What became of one report in a flush: as what it counted before, where it counts now, and by which messages.

    None: nowhere. What it says now is what the last revision among the messages says, or else what it said before.
    """

    form: str
    period: str
    unit: str
    before: Stood | None
    path: tuple[str, ...] | None
    steps: list[Step]


class Change(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="figure"):
    """One flush of one partition: everything below `position` is visible.

    A flush that changed very much is said in several, the last of which has no `more`.

    `changed` lists [form, period, [area ids]] of totals, `revised` the same of units whose own report changed; `told`
    lists [position, decision, revision] of messages that asked.
    `reset` says that something may have changed without having been announced (a worker took over): read all again.

    So that services need not read again what they hold: `since` is where the flush began, `known_ms` the append time of
    its newest message, and `reports` all that moved in it; None if that were too many. They hold figures and reasons,
    as the log itself does, and never leave the services.
    """

    generation: int
    partition: int
    position: int
    at: float
    changed: list[Changed] = []
    told: list[tuple[int, int, int]] = []
    reset: bool = False
    more: bool = False
    revised: list[Changed] = []
    since: int | None = None
    known_ms: int = 0
    reports: list[Moved] | None = None

    def named(self) -> Iterator[Named]:
        """Form, period and areas of which something changed, each once."""
        found: dict[tuple[str, str], dict[str, None]] = {}
        for form, period, areas in (*self.revised, *self.changed):
            found.setdefault((form, period), {}).update(dict.fromkeys(areas))
        return ((form, period, areas.keys()) for (form, period), areas in found.items())


class Transition(msgspec.Struct, frozen=True, tag_field="kind", tag="state", rename={"before": "from", "after": "to"}):
    """A target's state in an area (a unit's id) and period was another one. `rule` is the code of what gave it."""

    generation: int
    plan: str
    target: str
    area: str
    period: str
    before: str
    after: str
    rule: str


class Reminder(msgspec.Struct, frozen=True, tag_field="kind", tag="obligation"):
    """A deadline comes (`when` is "before") or has come ("due"): of a plan's duty, for a period, in the plan's area.

    `missing` of the `expected` units had no report then; `last_day` is the last day to be on time (ISO 8601).
    """

    generation: int
    plan: str
    duty: str
    form: str
    period: str
    area: str
    when: str
    last_day: str
    missing: int
    expected: int


Announcement = Change | Transition | Reminder
"""What stands on `changes`."""


class Remembered(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was announced last under a key of the topic `states`: a target's state, or that a reminder went out.

    The key of a batch under way has in `since` where `changes` ended before it began; None once all is remembered.
    """

    state: str = ""
    since: int | None = None


class DeadLetter(msgspec.Struct, frozen=True):
    """A message the fold could not read: where it stood, why, and its bytes as they came (base64 in JSON)."""

    generation: int
    partition: int
    position: int
    reason: str
    payload: bytes


_event_encoder = msgspec.msgpack.Encoder()
_event_decoder = msgspec.msgpack.Decoder(Event)
_announcement_decoder = msgspec.json.Decoder(Announcement)
_remembered_decoder = msgspec.json.Decoder(Remembered)
_dead_decoder = msgspec.json.Decoder(DeadLetter)
_json_encoder = msgspec.json.Encoder()


def encode_event(event: Event) -> bytes:
    return _event_encoder.encode(event)


def decode_event(payload: bytes) -> Event:
    """Raises msgspec.DecodeError (ValidationError among it) for bytes that are no event."""
    return _event_decoder.decode(payload)


def encode(value: Any) -> bytes:
    """JSON of an Announcement, a DeadLetter or any plain value."""
    return _json_encoder.encode(value)


def decode_change(payload: bytes) -> Announcement:
    """Raises ValueError (msgspec's errors are) for what is no announcement."""
    said: Announcement = _announcement_decoder.decode(payload)
    return said


def decode_remembered(payload: bytes) -> Remembered:
    return _remembered_decoder.decode(payload)


def decode_dead_letter(payload: bytes) -> DeadLetter:
    return _dead_decoder.decode(payload)


def pack(values: Sequence[int]) -> bytes:
    """Values as little-endian 64-bit integers, the machine's own order wherever this runs."""
    return array("q", values).tobytes()


def content_hash(kind: MessageKind, packed: bytes, states: bytes) -> bytes:
    """16 bytes that are equal exactly for reports that say the same, under whichever version of the form.

    Trailing absent fields say nothing: versions only append fields.
    """
    said = states.rstrip(b"\x00")
    return blake2b(b"%c%b%b" % (kind, said, packed[: 8 * len(said)]), digest_size=16).digest()


def submission_id(author: str, key: str, form: str, period: str, unit: str) -> bytes:
    """16 bytes for a sender's Idempotency-Key: the same sender, key and report give the same id, nothing else does."""
    named = "\x00".join((author, key, form, period, unit))
    return blake2b(named.encode(), digest_size=16, person=b"submission").digest()
