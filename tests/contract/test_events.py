"""What travels on the topics, pinned byte for byte: a reader of yesterday's log must read it tomorrow."""

import json

from chitieu.adapters.clock import appended_at
from chitieu.contracts import topics
from chitieu.contracts.events import (
    Change,
    DeadLetter,
    Event,
    Moved,
    Remembered,
    Reminder,
    Step,
    Stood,
    Transition,
    content_hash,
    decode_change,
    decode_dead_letter,
    decode_event,
    decode_remembered,
    encode,
    encode_event,
    pack,
    submission_id,
)
from chitieu.domain.rollup import Decision, MessageKind, ValueState

EVENT = Event(
    kind=1,
    form="ldte-xa",
    form_version=1,
    period="2024",
    unit="06613@2021-01-01",
    release=40,
    path=("vn@1945-09-02", "20@2008-08-01", "06613@2021-01-01"),
    submission=bytes(range(16)),
    content=bytes(range(16, 32)),
    replaces=2,
    packed=pack([1017, 0, 966]),
    states=bytes([ValueState.REPORTED, ValueState.NOT_APPLICABLE, ValueState.REPORTED]),
    author="simulated",
    reason="",
    tell=True,
)
PAYLOAD = (
    "9f01a76c6474652d786101a432303234b0303636313340323032312d30312d30312893ad766e40313934352d30392d3032ad323040323030"
    "382d30382d3031b0303636313340323032312d30312d3031c410000102030405060708090a0b0c0d0e0fc410101112131415161718191a1b"
    "1c1d1e1f02c418f9030000000000000000000000000000c603000000000000c403010201a973696d756c61746564a0c3"
)
SUBMISSION = "41431c41b83e1a98cb02cbee0e1f2394"
CONTENT = "e5a9455fd085cd1d44c7b1c805cde50d"


def test_an_event_is_these_bytes() -> None:
    assert encode_event(EVENT).hex() == PAYLOAD
    assert decode_event(bytes.fromhex(PAYLOAD)) == EVENT
    assert list(EVENT.values) == [1017, 0, 966]


def test_an_event_written_before_fields_were_appended_is_still_read() -> None:
    short = bytes.fromhex("99" + PAYLOAD[2 : PAYLOAD.index("02c418")])
    read = decode_event(short)
    assert (read.content, read.replaces, read.packed, read.tell) == (EVENT.content, None, b"", False)


def test_kinds_states_and_decisions_keep_their_numbers() -> None:
    assert {kind.name: int(kind) for kind in MessageKind} == {"REPORT": 1, "RETRACTION": 2, "MOVE": 3, "CANARY": 4}
    assert {state.name: int(state) for state in ValueState} == {"ABSENT": 0, "REPORTED": 1, "NOT_APPLICABLE": 2}
    assert [(d.word, int(d)) for d in Decision] == [
        ("accepted", 1),
        ("unchanged", 2),
        ("duplicate", 3),
        ("key_reused", 4),
        ("conflict", 5),
        ("retracted", 6),
        ("moved", 7),
    ]


def test_a_change_is_this_json() -> None:
    xa = ("ldte-xa", "2024")
    change = Change(1, 3, 4711, 1732258800.5, [(*xa, ["vn@1945-09-02"])], [(4710, 1, 2)], revised=[(*xa, ["06613"])])
    assert json.loads(encode(change)) == {
        "kind": "figure",
        "generation": 1,
        "partition": 3,
        "position": 4711,
        "at": 1732258800.5,
        "changed": [["ldte-xa", "2024", ["vn@1945-09-02"]]],
        "told": [[4710, 1, 2]],
        "revised": [["ldte-xa", "2024", ["06613"]]],
    }
    assert decode_change(encode(change)) == change
    assert [(*xa, list(areas)) for *xa, areas in change.named()] == [("ldte-xa", "2024", ["06613", "vn@1945-09-02"])]


def test_what_moved_in_a_flush_is_this_json() -> None:
    path = ("vn@1945-09-02", "20@2008-08-01")
    step = Step(4710, Decision.ACCEPTED, 40, (*path, EVENT.unit), 1732258800123, pack([7]), b"\x01", "")
    moved = Moved("ldte-xa", "2024", EVENT.unit, Stood(path, pack([5]), b"\x01"), path, [step])
    change = Change(1, 3, 4711, 1732258800.5, since=4700, known_ms=1732258800123, reports=[moved])
    assert json.loads(encode(change)) == {
        "kind": "figure",
        "generation": 1,
        "partition": 3,
        "position": 4711,
        "at": 1732258800.5,
        "since": 4700,
        "known_ms": 1732258800123,
        "reports": [
            [
                "ldte-xa",
                "2024",
                "06613@2021-01-01",
                [[*path], "BQAAAAAAAAA=", "AQ=="],
                [*path],
                [[4710, 1, 40, [*path, "06613@2021-01-01"], 1732258800123, "BwAAAAAAAAA=", "AQ==", ""]],
            ]
        ],
    }
    assert decode_change(encode(change)) == change
    assert appended_at(step.known_ms).isoformat() == "2024-11-22T07:00:00.123000+00:00"


def test_a_transition_and_a_reminder_are_this_json() -> None:
    transition = Transition(1, "lang-son-187", "parents-informed", "20@2008-08-01", "2024", "at_risk", "met", "met")
    assert json.loads(encode(transition)) == {
        "kind": "state",
        "generation": 1,
        "plan": "lang-son-187",
        "target": "parents-informed",
        "area": "20@2008-08-01",
        "period": "2024",
        "from": "at_risk",
        "to": "met",
        "rule": "met",
    }
    reminder = Reminder(1, "lang-son-187", "year", "ldte-xa", "2024", "20@2008-08-01", "due", "2024-11-19", 4, 200)
    assert json.loads(encode(reminder))["kind"] == "obligation"
    for said in (transition, reminder):
        assert decode_change(encode(said)) == said


def test_what_was_announced_is_remembered_as_this_json() -> None:
    for remembered, text in ((Remembered("met"), b'{"state":"met"}'), (Remembered(since=7), b'{"since":7}')):
        assert (encode(remembered), decode_remembered(text)) == (text, remembered)


def test_a_dead_letter_keeps_its_bytes() -> None:
    letter = DeadLetter(1, 3, 4711, "not_an_event", b"\x00\xff")
    assert json.loads(encode(letter))["payload"] == "AP8="
    assert decode_dead_letter(encode(letter)) == letter


def test_ids_and_contents_are_these_hashes() -> None:
    """They are compared with what the log already holds: another hash would make every retry a new report."""
    assert submission_id("key", "retry-1", "ldte-xa", "2024", "06613@2021-01-01").hex() == SUBMISSION
    assert content_hash(MessageKind.REPORT, EVENT.packed, EVENT.states).hex() == CONTENT


def test_absent_fields_at_the_end_say_nothing() -> None:
    longer = content_hash(MessageKind.REPORT, EVENT.packed + bytes(16), EVENT.states + bytes(2))
    assert longer == content_hash(MessageKind.REPORT, EVENT.packed, EVENT.states)
    assert longer != content_hash(MessageKind.RETRACTION, EVENT.packed, EVENT.states)


def test_the_log_is_kept_for_ever_with_the_brokers_time() -> None:
    declared = {topic.name: topic for topic in topics.declared(generation=2, partitions=8)}
    assert set(declared) == {"reports-2", "reports.dead", "registry", "tasks", "changes", "states"}
    log = declared["reports-2"]
    assert (log.partitions, log.config["retention.ms"], log.config["retention.bytes"]) == (8, "-1", "-1")
    assert log.config["message.timestamp.type"] == "LogAppendTime"
    assert declared["tasks"].config == log.config
    assert {name for name, topic in declared.items() if topic.partitions == 1} == {
        "registry",
        "tasks",
        "changes",
        "states",
    }
