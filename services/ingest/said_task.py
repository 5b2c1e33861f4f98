"""What a sender said of a task in a body, or every mistake in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from chitieu.contracts.tasks import Shown
from chitieu.domain.address import member_pointer
from chitieu.domain.errors import InvalidReport, InvalidRequest, Problem
from chitieu.domain.task import LONGEST_NOTE, LONGEST_TITLE, LONGEST_URL, MOST_EVIDENCE, SAYABLE, TaskState
from services.ingest.said import read_text, unknown_members

_MEMBERS = ("state", "note", "evidence")
_EVIDENCE = ("title", "url")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SaidTask:
    state: TaskState
    note: str
    evidence: list[Shown]


def read_task(body: object) -> SaidTask:
    """`{"state": "done", "note": "…", "evidence": [{"title": "…", "url": "https://…"}]}`: the state, and what is known.

    Raises InvalidReport with every problem.
    """
    if not isinstance(body, dict):
        raise InvalidReport(Problem("not_an_object"))
    problems = unknown_members(body, _MEMBERS)
    state = _member(body, "state", (), _state, problems)
    note = "" if body.get("note") is None else _member(body, "note", (), _text(LONGEST_NOTE), problems)
    evidence = [] if body.get("evidence") is None else _evidence(body["evidence"], problems)
    if problems or state is None or note is None:
        raise InvalidReport(*problems)
    return SaidTask(state, note, evidence)


def _member(
    body: Mapping[str, object],
    member: str,
    within: tuple[str, ...],
    read: Callable[[object, str], T],
    problems: list[Problem],
) -> T | None:
    """What a member says; None with a problem if it is not there or can't be read."""
    if member not in body:
        problems.append(Problem("missing_member", member_pointer(*within), {"member": member}))
        return None
    try:
        return read(body[member], member_pointer(*within, member))
    except InvalidRequest as invalid:
        problems.extend(invalid.problems)
        return None


def _state(given: object, pointer: str) -> TaskState:
    if not isinstance(given, str) or given not in SAYABLE:
        raise InvalidRequest.of("not_one_of", pointer, choices=", ".join(SAYABLE))
    return TaskState(given)


def _text(longest: int) -> Callable[[object, str], str]:
    return lambda given, pointer: read_text(given, pointer, longest)


def _title(given: object, pointer: str) -> str:
    title = read_text(given, pointer, LONGEST_TITLE)
    if not title:
        raise InvalidRequest.of("empty_text", pointer)
    return title


def _link(given: object, pointer: str) -> str:
    """An address that a reader may follow from a page: a script or a file is none, nor one that hides where it goes."""
    link = read_text(given, pointer, LONGEST_URL)
    try:
        parts = urlsplit(link)
        whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        whole = False
    if not whole or "@" in parts.netloc or "\\" in link or not link.isprintable() or " " in link:
        raise InvalidRequest.of("not_a_link", pointer)
    return link


def _evidence(given: object, problems: list[Problem]) -> list[Shown]:
    pointer = member_pointer("evidence")
    if not isinstance(given, list):
        problems.append(Problem("not_an_array", pointer))
        return []
    if len(given) > MOST_EVIDENCE:
        problems.append(Problem("too_many_items", pointer, {"limit": MOST_EVIDENCE}))
    read = [_shown(one, ("evidence", str(at)), problems) for at, one in enumerate(given[:MOST_EVIDENCE])]
    return [one for one in read if one is not None]


def _shown(given: object, within: tuple[str, ...], problems: list[Problem]) -> Shown | None:
    if not isinstance(given, dict):
        problems.append(Problem("not_an_object", member_pointer(*within)))
        return None
    problems.extend(unknown_members(given, _EVIDENCE, *within))
    title, link = _member(given, "title", within, _title, problems), _member(given, "url", within, _link, problems)
    return None if title is None or link is None else Shown(title, link)
