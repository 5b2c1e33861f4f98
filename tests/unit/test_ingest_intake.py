"""From what a sender said to an event: never anything but an event or an error that can be answered."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.contracts.events import decode_event, encode, encode_event
from chitieu.contracts.problems import ProblemDetails
from chitieu.domain.access import AccessKey, KeyRing
from chitieu.domain.errors import ChitieuError, InvalidReport
from chitieu.domain.registry import Release
from services.ingest.app import Tokens
from services.ingest.intake import Intake, Sender
from services.ingest.said import read_item
from services.ingest.strict_json import read_json
from tests.unit.commune_release import GOOD, RELEASE, SECOND

NORTH = AccessKey("north", "", "01@2000-01-01", frozenset({"reports:write"}))


class Registry:
    keys = KeyRing()
    ready = True
    release: Release = RELEASE


class Clock:
    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now


def intake(now: datetime = datetime(2024, 7, 1, tzinfo=UTC), registry: Registry | None = None) -> Intake:
    return Intake(registry or Registry(), Clock(now), bytes)


ITEM = {"form": "xa", "period": "2024S1", "unit": "00001", "values": GOOD}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
KEYS = st.sampled_from([*GOOD, "labour", "leaflets"]) | st.text()
ITEMS = st.fixed_dictionaries(
    {},
    optional={
        "form": st.sampled_from(["xa", "XA"]) | JSON,
        "period": st.sampled_from(["2024S1", "2023", "2013-2015", "1900M9", "2200SY"]) | JSON,
        "unit": st.sampled_from(["00001", "00002@2000-01-01", "00003", "@"]) | JSON,
        "values": st.dictionaries(KEYS, st.integers(-1, 10) | st.sampled_from(["n/a", "1,5"]) | JSON) | JSON,
        "form_version": st.integers(-1, 4) | JSON,
        "if_match": st.integers(-1, 4) | JSON,
    },
)


@given(ITEMS | JSON)
def test_whatever_json_is_sent_becomes_an_event_or_a_problem_that_can_be_written(item: object) -> None:
    try:
        event = intake().report(read_item(read_json(json.dumps(item).encode(), 8)), Sender(NORTH))
    except ChitieuError as error:
        assert error.problems
        encode(ProblemDetails.of(error).model_dump(mode="json"))
    else:
        assert decode_event(encode_event(event)) == event
        assert len(event.values) == len(event.states) == len(SECOND.fields) or event.form_version == 1


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:\\u01deE+-.n', max_size=60).map(str.encode))
def test_whatever_bytes_are_sent_are_read_or_refused(body: bytes) -> None:
    try:
        value = read_json(body, 8)
    except ChitieuError as error:
        encode(ProblemDetails.of(error).model_dump(mode="json"))
    else:
        assert isinstance(value, dict | list | str | int | Decimal | bool | None)


def test_a_period_opens_at_midnight_in_viet_nam() -> None:
    opens = datetime(2024, 6, 14, 17, tzinfo=UTC)  # 15/6/2024 00:00 in Viet Nam
    said = read_item({**ITEM, "period": "2024S2"})
    assert intake(opens).report(said, Sender(NORTH)).period == "2024S2"
    with pytest.raises(InvalidReport) as refused:
        intake(opens - timedelta(seconds=1)).report(said, Sender(NORTH))
    assert [problem.code for problem in refused.value.problems] == ["period_not_open"]


def test_a_new_release_is_judged_by_its_own_rules() -> None:
    registry = Registry()
    one = intake(registry=registry)
    item = read_item({**ITEM, "values": {"parents": 1, "parents_informed": 2}})
    with pytest.raises(InvalidReport):
        one.report(item, Sender(NORTH))
    elements = {id_: replace(element, part_of=()) for id_, element in RELEASE.catalogue.elements.items()}
    registry.release = replace(
        RELEASE, number=8, catalogue=replace(RELEASE.catalogue, elements=elements, indicators={})
    )
    assert one.report(item, Sender(NORTH)).release == 8


def test_no_random_byte_is_given_twice() -> None:
    drawn: list[bytes] = []

    def draw(size: int) -> bytes:
        drawn.append(bytes([len(drawn)]) * (size - 1) + b"\xff")
        return drawn[-1]

    tokens = Tokens(draw, at_once=40)
    assert [tokens.take(16) for _ in range(5)] == [b"\0" * 16, b"\0" * 16, b"\1" * 16, b"\1" * 16, b"\2" * 16]
    assert [len(one) for one in drawn] == [40, 40, 40]
