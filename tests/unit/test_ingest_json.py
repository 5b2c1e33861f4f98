"""JSON read strictly, and no dearer than its length."""

import contextlib
import json
import time
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.domain.errors import InvalidRequest
from services.ingest.strict_json import array_items, read_json

DEPTH = 8


def refused(body: bytes) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequest) as error:
        read_json(body, DEPTH)
    return [(problem.code, problem.pointer) for problem in error.value.problems]


def test_numbers_are_exact() -> None:
    assert read_json(b'{"a": 0.1, "b": 1e2, "c": 12, "d": -0}', DEPTH) == {
        "a": Decimal("0.1"),
        "b": Decimal(100),
        "c": 12,
        "d": 0,
    }


def test_a_byte_order_mark_is_passed_over() -> None:
    assert read_json(b'\xef\xbb\xbf{"a": 1}', DEPTH) == {"a": 1}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a": 1,}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b"\xff",
        b'{"a": 1} x',
        b'{"a": "\\ud800"}',
        b'{"\\udfff": 1}',
        b"{'a': 1}",
        b'{"a": "\n"}',
        b'"',
        b'"\\',
        b'{"a": 01}',
    ],
)
def test_what_is_not_json_is_refused(body: bytes) -> None:
    assert refused(body) == [("not_json", "")]


def test_a_member_that_appears_twice_is_refused_wherever_it_stands() -> None:
    body = b'{"a": 1, "a": 2, "b": [{"c/d": 1, "c/d": 1, "c/d": 1}], "e": {"f": 1, "f": 2}}'
    assert refused(body) == [("repeated_member", "/a"), ("repeated_member", "/b/0/c~1d"), ("repeated_member", "/e/f")]


def test_names_and_texts_are_normalised_so_that_two_spellings_are_one_member() -> None:
    name = "trẻ_em"
    decomposed = unicodedata.normalize("NFD", name)
    body = json.dumps({decomposed: decomposed}).encode()
    assert read_json(body, DEPTH) == {name: name}
    both = json.dumps({decomposed: 1, name: 2}, ensure_ascii=False).encode()
    assert refused(both) == [("repeated_member", f"/{name}")]


def test_depth_counts_brackets_outside_strings_only() -> None:
    assert read_json(b"[" * 8 + b"]" * 8, DEPTH) == [[[[[[[[]]]]]]]]
    assert refused(b"[" * 9 + b"]" * 9) == [("too_deep", "")]
    assert read_json(b'{"a": "[[[[[[[[[[[[\\"[[[[[[[["}', DEPTH)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 2**20,
        b"[]," * 2**18,
        b'"' + b'\\"' * 2**19,
        b'{"a": ' + b"9" * 2**20 + b"}",
        b'{"a": 0.' + b"9" * 2**20 + b"}",
        b'{"a": 1e' + b"9" * 2**20 + b"}",
        b'{"' + "\u0301\u0327".encode() * 2**17 + b'": 1}',
        b"{" + b",".join(b'"%d": 1' % n for n in range(60_000)) + b"}",
        b"{" + b",".join([b'"a": 1'] * 100_000) + b"}",
    ],
)
def test_hostile_bodies_cost_no_more_than_their_length(body: bytes) -> None:
    began = time.process_time()
    with contextlib.suppress(InvalidRequest):
        read_json(body, DEPTH)
    assert time.process_time() - began < 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3), max_leaves=6
)


@given(st.lists(JSON, max_size=6), st.sampled_from([None, 1]))
def test_an_array_is_cut_into_its_items(items: list[object], indent: int | None) -> None:
    body = json.dumps(items, indent=indent).encode()
    assert [json.loads(item) for item in array_items(body, 10, DEPTH)] == items


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"a": 1}', "not_an_array"),
        (b"", "not_json"),
        (b"[1, 2", "not_json"),
        (b"[1 2]", "not_json"),
        (b"[1,]", "not_json"),
        (b"[1] 2", "not_json"),
        (b"[1, 2, 3, 4]", "too_many_lines"),
        (b"[" * 10, "too_deep"),
    ],
)
def test_an_array_is_checked_whole_before_the_first_item(body: bytes, code: str) -> None:
    with pytest.raises(InvalidRequest) as error:
        array_items(body, 3, DEPTH)
    assert error.value.problems[0].code == code
