"""What headers ask for."""

import pytest
from fastapi import Request

from chitieu.domain.errors import InvalidRequest
from services.ingest.wishes import Wishes, read_bulk_key, read_wishes


def request(*headers: tuple[str, str]) -> Request:
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    return Request({"type": "http", "headers": raw})


def refused(*headers: tuple[str, str]) -> list[object]:
    with pytest.raises(InvalidRequest) as error:
        read_wishes(request(*headers))
    return [problem.params["header"] for problem in error.value.problems]


def test_nothing_asked_is_nothing_wished() -> None:
    assert read_wishes(request()) == Wishes()


def test_a_key_a_revision_and_a_wait() -> None:
    asked = request(("Idempotency-Key", "a-1"), ("If-Match", '"3"'), ("Prefer", "wait=10"))
    assert read_wishes(asked) == Wishes("a-1", 3, 10)


def test_if_none_match_with_a_star_means_that_there_must_be_no_report_yet() -> None:
    assert read_wishes(request(("If-None-Match", "*"))) == Wishes(replaces=0)


@pytest.mark.parametrize(
    "value", ["*", "3", 'W/"3"', '"3", "4"', '"a"', '""', '"03"', "", '"-1"', '"' + "9" * 50 + '"']
)
def test_if_match_takes_one_revision_number(value: str) -> None:
    assert refused(("If-Match", value)) == ["If-Match"]


@pytest.mark.parametrize("value", ['"3"', "", "**"])
def test_if_none_match_takes_only_a_star(value: str) -> None:
    assert refused(("If-None-Match", value)) == ["If-None-Match"]


def test_the_two_preconditions_exclude_each_other() -> None:
    assert refused(("If-Match", '"1"'), ("If-None-Match", "*")) == ["If-None-Match"]


@pytest.mark.parametrize("value", ["", " ", "a b", "é", "x" * 129, "a\tb"])
def test_a_key_is_1_to_128_visible_ascii_characters(value: str) -> None:
    assert refused(("Idempotency-Key", value)) == ["Idempotency-Key"]


def test_a_key_is_given_once() -> None:
    assert refused(("Idempotency-Key", "a"), ("Idempotency-Key", "a")) == ["Idempotency-Key"]


@pytest.mark.parametrize("value", ["wait=0", "wait=31", "wait=-1", "wait=1.5", "wait=", "wait=x", "wait=" + "9" * 99])
def test_a_wait_is_1_to_30_seconds(value: str) -> None:
    assert refused(("Prefer", value)) == ["Prefer"]


@pytest.mark.parametrize(
    ("values", "wait"),
    [
        (["respond-async, wait=5"], 5),
        (["respond-async", "wait=5"], 5),
        (['wait="5"; foo=bar'], 5),
        (["WAIT = 5"], 5),
        (["wait=5, wait=99"], 5),
        (["return=minimal"], None),
        (["waiting=99"], None),
    ],
)
def test_preferences_are_read_as_rfc_7240_writes_them(values: list[str], wait: int | None) -> None:
    assert read_wishes(request(*(("Prefer", value) for value in values))).wait == wait


def test_every_wrong_header_is_said() -> None:
    wrong = (("Idempotency-Key", ""), ("If-Match", "*"), ("Prefer", "wait=0"))
    assert refused(*wrong) == ["Idempotency-Key", "If-Match", "Prefer"]


def test_a_precondition_for_many_reports_at_once_is_refused() -> None:
    assert read_bulk_key(request(("Idempotency-Key", "k"), ("Prefer", "wait=99"))) == "k"
    with pytest.raises(InvalidRequest):
        read_bulk_key(request(("If-Match", '"1"')))
