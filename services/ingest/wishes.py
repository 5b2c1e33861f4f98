"""What a request's headers ask for: a key against doing it twice, a precondition, and how long to wait."""

import re
from dataclasses import dataclass

from fastapi import Request

from chitieu.domain.catalogue import Label
from chitieu.domain.errors import InvalidRequest, Problem

LONGEST_WAIT = 30

_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_REVISION = re.compile(r'"(0|[1-9][0-9]{0,8})"')
_WAIT = re.compile(r'wait\s*=\s*"?([^\s";]*)"?\s*(?:;.*)?', re.IGNORECASE)
_ONE_KEY = Label("một lần, từ 1 đến 128 ký tự ASCII nhìn thấy được", "once, 1 to 128 visible ASCII characters")
_ONE_REVISION = Label('một số bản sửa đổi trong ngoặc kép, ví dụ "3"', 'one revision number in quotes, such as "3"')
_SECONDS = Label(f"wait nhận từ 1 đến {LONGEST_WAIT} giây", f"wait takes 1 to {LONGEST_WAIT} seconds")


@dataclass(frozen=True, slots=True)
class Wishes:
    """`replaces` is the revision the sender saw (0: none yet); `wait` is in seconds."""

    key: str | None = None
    replaces: int | None = None
    wait: int | None = None


_WISHES = frozenset({b"idempotency-key", b"if-match", b"if-none-match", b"prefer"})
_NONE = Wishes()


def read_wishes(request: Request) -> Wishes:
    """`Idempotency-Key`, `If-Match`, `If-None-Match`, `Prefer` (RFC 7240). Raises InvalidRequest, all at once."""
    if _WISHES.isdisjoint(name for name, _ in request.scope["headers"]):
        return _NONE
    problems: list[Problem] = []
    found = Wishes(_key(request, problems), _replaces(request, problems), _wait(request, problems))
    if problems:
        raise InvalidRequest(*problems)
    return found


def read_bulk_key(request: Request) -> str | None:
    """The `Idempotency-Key` of a bulk request. A precondition for many reports at once is refused, not ignored."""
    problems: list[Problem] = []
    key = _key(request, problems)
    for name in ("If-Match", "If-None-Match"):
        if name in request.headers:
            problems.append(_invalid(name, Label("ghi if_match ở từng báo cáo", "give if_match in each item")))
    if problems:
        raise InvalidRequest(*problems)
    return key


def _invalid(header: str, detail: Label) -> Problem:
    return Problem("invalid_header", "", {"header": header, "detail": detail})


def _key(request: Request, problems: list[Problem]) -> str | None:
    given = request.headers.getlist("idempotency-key")
    if len(given) > 1 or (given and not _KEY.fullmatch(given[0])):
        problems.append(_invalid("Idempotency-Key", _ONE_KEY))
    return given[0] if given else None


def _replaces(request: Request, problems: list[Problem]) -> int | None:
    matches, none_matches = request.headers.getlist("if-match"), request.headers.getlist("if-none-match")
    if matches and none_matches:
        problems.append(_invalid("If-None-Match", Label("không dùng cùng với If-Match", "not together with If-Match")))
    elif none_matches:
        if none_matches == ["*"]:
            return 0
        problems.append(_invalid("If-None-Match", Label("chỉ nhận *", "only * is understood")))
    elif matches:
        revision = _REVISION.fullmatch(matches[0]) if len(matches) == 1 else None
        if revision is not None:
            return int(revision[1])
        problems.append(_invalid("If-Match", _ONE_REVISION))
    return None


def _wait(request: Request, problems: list[Problem]) -> int | None:
    """Other preferences are ignored, as RFC 7240 wants; of several waits, the first counts."""
    for preference in ",".join(request.headers.getlist("prefer")).split(","):
        wanted = _WAIT.fullmatch(preference.strip())
        if wanted is None:
            continue
        if wanted[1].isascii() and wanted[1].isdigit() and 0 < int(wanted[1][:9]) <= LONGEST_WAIT:
            return int(wanted[1])
        problems.append(_invalid("Prefer", _SECONDS))
        return None
    return None
