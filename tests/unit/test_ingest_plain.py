"""What is judged at once is judged as in full: the same events, and whatever is wrong is left to be said in full."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.contracts.events import encode_event, pack
from chitieu.domain.access import AccessKey, KeyRing
from chitieu.domain.address import Reference, locate
from chitieu.domain.errors import ChitieuError, InvalidReport
from chitieu.domain.form import Collection, Form, Reporters
from chitieu.domain.places import Places
from chitieu.domain.registry import Release
from chitieu.domain.report import ReportValidator
from chitieu.domain.unit import Unit, UnitTree
from services.ingest import bulk
from services.ingest import intake as module
from services.ingest.body import NDJSON
from services.ingest.intake import Intake, Sender
from services.ingest.matrix import UNSAID, Matrix, Right
from services.ingest.plain import PlainValues, nothing_twice, plain_body, plain_item
from services.ingest.said import read_item, read_report
from services.ingest.settings import IngestSettings
from services.ingest.strict_json import read_in_full, read_json, read_plain
from tests.unit.commune_release import CATALOGUE, FIRST, GOOD, RELEASE, SECOND, TREE, UNITS

NORTH = AccessKey("north", "", "01@2000-01-01", frozenset({"reports:write"}))
WHOLE = Form("xa", 3, SECOND.label, SECOND.series, tuple(f for f in SECOND.fields if not f.scale), SECOND.collections)
FORMS = (FIRST, SECOND, WHOLE)
THIRD = replace(RELEASE, form_versions={**RELEASE.form_versions, ("xa", 3): WHOLE})
KEYS = (*(field.key for field in SECOND.fields), "children", "labour", "elsewhere")
DEPTH = 8


class Registry:
    keys = KeyRing()
    ready = True
    release: Release = THIRD


class Clock:
    def now(self) -> datetime:
        return datetime(2024, 7, 1, tzinfo=UTC)


def intake() -> Intake:
    """Its random bytes are zeroes."""
    return Intake(Registry(), Clock(), bytes)


FIGURES = st.integers(-1, 9) | st.integers(0, 3) | st.sampled_from([10**6, 10**6 + 1, 2**63, 10**45])
UNUSUAL: st.SearchStrategy[object] = st.sampled_from(
    [None, "n/a", " N/A", "1,5", "2", "?", True, 1.5, 2.0, [], {"a": 1}, "trẻ"]
)


def some(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(KEYS), values, max_size=len(KEYS))


PARTS = ("labour.m", "labour.f", "hazardous", "parents_informed", "trained", "events")


@st.composite
def right(draw: st.DrawFn) -> dict[str, Any]:
    """Mostly without a mistake, in whole numbers; any of it may be left out."""
    whole, part = st.integers(5, 9), st.integers(0, 2)
    values = {key: draw(whole) for key in ("children.m", "children.f", "parents", "teachers", "managers", "budget")}
    values |= {key: draw(part) for key in PARTS}
    if draw(st.booleans()):
        values["children"] = values["children.m"] + values["children.f"] + draw(st.sampled_from([0, 0, 0, 1]))
    for key in draw(st.sets(st.sampled_from(sorted(values)), max_size=2)):
        del values[key]
    return values


VALUES = right() | some(FIGURES) | some(FIGURES | UNUSUAL)


def outcome(judge: Callable[[], Any]) -> Any:
    try:
        return judge()
    except ChitieuError as error:
        return [(problem.code, problem.pointer, problem.en) for problem in error.problems]


@given(VALUES, st.sampled_from(FORMS))
def test_rows_are_judged_as_fields_are(values: dict[str, Any], form: Form) -> None:
    rules = ReportValidator(form, CATALOGUE)
    assert outcome(lambda: rules.validate(values)) == outcome(lambda: rules.validate_in_full(values))


@given(right(), st.sampled_from(FORMS))
def test_a_report_without_a_mistake_is_plain_and_none_other(values: dict[str, Any], form: Form) -> None:
    values = {key: value for key, value in values.items() if key in {*AT[form.version], "children"}}
    rules = ReportValidator(form, CATALOGUE)
    body = json.dumps({"values": values}).encode()
    plain = plain_body(body)
    assert plain is not None
    compiled = PlainValues(rules)
    read, names = compiled.read(plain.values)
    row = compiled.row(plain.values)
    assert row is not None
    # Beside itself and a report that says nothing.
    together = list(compiled.matrix.judge([row, compiled.matrix.row(*[UNSAID] * (len(row) // 8)), row]))
    try:
        expected = rules.validate_in_full(values)
    except InvalidReport:
        assert read is None
        assert together == [None] * 3
    else:
        assert read == expected
        assert nothing_twice(body, plain, names)
        right = Right(pack(expected.values), expected.states, names)
        assert together == [right, None, right]


AT = {form.version: {field.key: at for at, field in enumerate(form.fields)} for form in FORMS}

SPELLING = st.sampled_from(
    [
        lambda text: text,
        lambda text: text.replace('"parents"', '"\\u0070arents"'),
        lambda text: text.replace('"parents":', '"parents": 1, "parents":'),
        lambda text: text.replace('"period"', '"period": "2024S1", "period"'),
        lambda text: text.replace('"values"', '"values": {}, "values"'),
        lambda text: text.replace(": ", ":\n\t"),
        lambda text: "\ufeff" + text,
        lambda text: text + " x",
        lambda text: text[:-1],
        lambda text: text.replace('"teachers": ', '"teachers": 0'),
        lambda text: text.replace('"teachers": ', '"teachers": -'),
    ]
)
ADDRESS = {
    "form": st.sampled_from(["xa", "xa", "xa", "none", 1]),
    "period": st.sampled_from(["2024S1", "2024S1", "2023", "2024S2", "2026", "2019", "x", "2024" * 10]),
    "unit": st.sampled_from(["00001", "00001", "00002", "00002@2000-01-01", "00003", "00009", "00010", "01", "vn"]),
}
MEMBERS = {
    "form_version": st.sampled_from([1, 2, 2, 3, 3, 4, 0, None, "2", 2.0, 10**9]),
    "if_match": st.sampled_from([0, 3, -1, None, "3", 1.0, 10**9]),
    "extra": st.just(1),
}
ITEMS = st.fixed_dictionaries({**ADDRESS, "values": VALUES}, optional=MEMBERS) | st.fixed_dictionaries(
    {}, optional={**ADDRESS, **MEMBERS, "values": VALUES}
)


@given(ITEMS, SPELLING, st.sampled_from([None, "k"]), st.sampled_from(["01@2000-01-01", "00002@2022-07-01", "02"]))
def test_an_item_becomes_the_same_event_or_has_the_same_problems(
    item: dict[str, Any], spelt: Callable[[str], str], key: str | None, holder: str
) -> None:
    body = spelt(json.dumps(item)).encode()
    sender = Sender(replace(NORTH, unit=holder), key)
    in_full = outcome(lambda: encode_event(intake().report(read_item(read_in_full(body, DEPTH)), sender)))
    assert outcome(lambda: encode_event(intake().item(body, sender, DEPTH))) == in_full


SENDERS = [Sender(replace(NORTH, unit=unit), key) for unit in ("01@2000-01-01", "02") for key in (None, "k:7")]


@given(st.lists(st.tuples(ITEMS, SPELLING, st.sampled_from(SENDERS)), max_size=6))
def test_items_together_become_the_events_that_each_becomes_by_itself(
    items: list[tuple[dict[str, Any], Callable[[str], str], Sender]],
) -> None:
    bodies = [spelt(json.dumps(item)).encode() for item, spelt, _ in items]
    senders = [sender for _, _, sender in items]
    for body, sender, event in zip(bodies, senders, intake().together(bodies, senders), strict=True):
        if event is not None:
            in_full = intake().report(read_item(read_in_full(body, DEPTH)), sender)
            assert encode_event(event) == encode_event(in_full)


LINES = st.one_of(
    st.builds(lambda item, spelt: spelt(json.dumps(item)).encode(), ITEMS, SPELLING),
    st.sampled_from([b"", b" \t", b"\r", b"\x0c", b"\xff\xfe", b"NaN", b"[]", b'{"form":"xa","form":"xa"}', b"\x00"]),
    st.just(b'{"form":"xa","period":"2024S1","unit":"00001","values":{"parents":12345678901234567890123}}'),
    st.just('{"form":"xa","period":"2024S1","unit":"trẻ","values":{"parents":1.50,"budget":"1,5"}}'.encode()),
    st.just(b'{"form":"xa","period":"2024S1","unit":"00001","values":{}}' + b" " * 1000),
)
LONGEST = 1024


@given(st.lists(LINES, max_size=12), st.sampled_from([None, "k"]), st.sampled_from([2, 5, 1000]))
def test_lines_have_the_results_that_each_has_by_itself(lines: list[bytes], key: str | None, batch: int) -> None:
    """By the number of the line, as if none had been judged beside others."""
    ingest, body = service(), b"\n".join(lines)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(bulk, "BATCH", batch)
        patched.setattr(bulk, "_BETWEEN_PAUSES", 2)
        found = asyncio.run(results(ingest, body, key))
        patched.setattr(Intake, "together", lambda _, bodies, __: [None] * len(bodies))
        alone = asyncio.run(results(ingest, body, key))
    assert found == alone
    assert [one["line"] for one in found] == [at for at, line in enumerate(body.split(b"\n"), 1) if line.strip()]


async def results(ingest: Any, body: bytes, key: str | None) -> list[Any]:
    numbered = await bulk._split(ingest, NDJSON, body)
    judged = bulk._Bulk(ingest, NORTH, key).validate(numbered)
    return [one async for batch in judged for one in batch]


def service() -> Any:
    return SimpleNamespace(intake=intake(), settings=IngestSettings(max_body_bytes=LONGEST))


@given(ITEMS, SPELLING, st.sampled_from([None, 0, 3]))
def test_a_body_becomes_the_same_event_or_has_the_same_problems(
    item: dict[str, Any], spelt: Callable[[str], str], replaces: int | None
) -> None:
    form, period, unit = (str(item.pop(name, "")) for name in ("form", "period", "unit"))
    address = Reference(form, period, unit)
    body = spelt(json.dumps(item)).encode()
    sender = Sender(NORTH, None, True)
    in_full = outcome(
        lambda: encode_event(intake().report(read_report(read_in_full(body, DEPTH), address, replaces), sender))
    )
    assert outcome(lambda: encode_event(intake().body(body, address, replaces, sender, DEPTH))) == in_full


def test_a_plain_report_without_a_mistake_is_never_read_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the equality above would say nothing."""
    monkeypatch.setattr(module, "read_json", lambda *_: pytest.fail("read in full"))
    whole = {key: value for key, value in GOOD.items() if isinstance(value, int)}
    item = {"form": "xa", "period": "2024S1", "unit": "00001", "values": whole, "form_version": 2, "if_match": 0}
    event = intake().item(json.dumps(item).encode(), Sender(NORTH), DEPTH)
    assert (event.unit, event.form_version, event.replaces) == ("00001@2000-01-01", 2, 0)


def test_what_is_plain_and_right_is_judged_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else that together and alone agree would say nothing."""
    monkeypatch.setattr(Intake, "item", lambda *_: pytest.fail("judged alone"))
    whole = {key: value for key, value in GOOD.items() if isinstance(value, int)}
    item = {"form": "xa", "period": "2024S1", "unit": "00001", "values": whole}
    first = {"form_version": 1, "values": {key: whole[key] for key in AT[1] if key in whole}}
    lines = [json.dumps(item | said).encode() for said in ({}, first, {"form_version": 3}, {})]
    found = asyncio.run(results(service(), b"\n".join(lines), None))
    assert [one["status"] for one in found] == [200] * 4


def test_figures_whose_sums_are_beyond_64_bits_are_not_judged_together() -> None:
    large = tuple(replace(one, maximum=2**61) for one in FIRST.fields)
    rules = ReportValidator(replace(FIRST, fields=large), CATALOGUE)
    assert not Matrix(rules.rules).fits
    plain = plain_body(b'{"values": {"parents": 1}}')
    assert plain is not None
    assert PlainValues(rules).row(plain.values) is None
    assert PlainValues(rules).read(plain.values)[0] is not None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**38), 10**38) | st.floats() | st.text(max_size=3) | st.just("[{"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


def typed(value: object) -> object:
    """Told apart where Python calls them equal: 1, True and 1.0."""
    if isinstance(value, dict):
        return {name: typed(member) for name, member in value.items()}
    if isinstance(value, list):
        return [typed(member) for member in value]
    return type(value), str(value) if isinstance(value, Decimal) else value


@given(st.dictionaries(st.sampled_from("abc") | st.text(max_size=2), JSON, max_size=4), st.sampled_from([2, 3, 8]))
def test_plain_text_is_read_as_it_is_in_full(value: dict[str, Any], depth: int) -> None:
    for ascii_only in (True, False):
        body = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
        plain = read_plain(body, depth)
        if plain is not None:
            assert typed(plain) == typed(read_in_full(body, depth))


@given(st.text(alphabet='{}[]",:1e+-.0 ab\ttrue', max_size=40).map(lambda text: ('{"a":' + text).encode()))
def test_text_that_hardly_is_json_is_refused_by_both(body: bytes) -> None:
    plain = read_plain(body, DEPTH)
    if plain is not None:
        assert typed(plain) == typed(read_in_full(body, DEPTH))
    assert plain_item(body) is None


@pytest.mark.parametrize("body", [b'{"a":1,"a":1}', b'{"a":{"b":1,"b":2}}', b'{"a":[{"b":"","b":""}]}'])
def test_a_name_that_comes_twice_is_not_plain(body: bytes) -> None:
    assert read_plain(body, DEPTH) is None
    assert outcome(lambda: read_json(body, DEPTH))[0][0] == "repeated_member"


def test_what_is_deeper_than_allowed_is_not_plain() -> None:
    assert read_plain(b'{"a":[[1]]}', 3) == {"a": [[1]]}
    assert read_plain(b'{"a":[[1]]}', 2) is None


# Places

_EVER = date(2000, 1, 1)
REPORTERS = st.builds(
    Reporters,
    st.sampled_from(["commune", "province", "nation"]),
    st.sets(st.sampled_from(["vn", "01", "02", "001", "00001", "00002"]), min_size=1).map(tuple),
    st.sets(st.sampled_from(["02", "001", "00009"]), max_size=1).map(tuple),
)
ROUNDS = st.lists(
    st.builds(
        lambda one, reporters, first, last: Collection(reporters, one.kind, one.window, first, last),
        st.sampled_from(SECOND.collections),
        REPORTERS,
        st.sampled_from([date(2021, 1, 1), date(2023, 6, 1)]),
        st.sampled_from([None, date(2025, 12, 31), date(2023, 12, 31)]),
    ),
    min_size=1,
    max_size=3,
).map(tuple)
LOST = Unit("00077", _EVER, None, "commune", "no such district", "Xã Lạc")


@given(
    ROUNDS,
    st.sampled_from(["2020", "2022", "2023", "2024", "2025", "2022S1", "2024S1", "2024S2", "202401", "2024Q1", "?"]),
    st.sampled_from([unit.code for unit in UNITS] + [unit.id for unit in UNITS] + ["?", "@", LOST.code]),
    st.sampled_from([date(2022, 6, 30), date(2024, 1, 1), date(2024, 7, 1), date(2026, 1, 1)]),
)
def test_a_place_is_where_its_address_is_located(
    rounds: tuple[Collection, ...], period: str, unit: str, today: date
) -> None:
    tree = UnitTree([*TREE.units.values(), LOST])
    release = replace(RELEASE, forms={"xa": replace(SECOND, collections=rounds)}, tree=tree)
    try:
        path = tuple(one.id for one in locate(release, Reference("xa", period, unit), today).path)
    except InvalidReport:
        assert Places(release, lambda: today).find("xa", period, unit) is None
    else:
        # A unit that lies in nothing, the nation, is left to be located.
        expected = path if tree.units[path[-1]].parent else None
        assert Places(release, lambda: today).find("xa", period, unit) == expected


def test_no_longer_text_is_remembered_as_a_unit() -> None:
    places = Places(RELEASE, lambda: date(2024, 7, 1))
    assert places.find("xa", "2024S1", "0" * 100_000) is None
    assert places._path.cache_info().currsize == 0


def test_a_place_opens_when_its_day_has_come() -> None:
    days = [date(2024, 6, 14), date(2024, 6, 15)]
    places = Places(RELEASE, lambda: days.pop(0))
    assert places.find("xa", "2024S2", "00001") is None
    assert places.find("xa", "2024S2", "00001") is not None
    assert places.find("xa", "2024S2", "00001") is not None, "days do not go back: nobody is asked again"
