"""What a sender said in a body: a report or a retraction, with every mistake of its shape."""

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from chitieu.domain.address import Reference, member_pointer, shown
from chitieu.domain.catalogue import Label
from chitieu.domain.errors import InvalidRequest, Problem

LONGEST_REASON = 500
# In NFD a Vietnamese letter takes up to three characters; longer text is not even normalised.
_MOST_PER_LETTER = 4

_REPORT = ("values", "form_version")
_ADDRESS = ("form", "period", "unit")
_ITEM = (*_ADDRESS, *_REPORT, "if_match")
_MOST_UNKNOWN = 100


@dataclass(frozen=True, slots=True)
class SaidReport:
    """A report as it came. `problems` are those of its shape; where `reference` or `values` is None, one says why."""

    reference: Reference | None
    values: Mapping[str, object] | None
    form_version: int | None = None
    replaces: int | None = None
    problems: list[Problem] = field(default_factory=list)


def read_report(body: object, reference: Reference, replaces: int | None) -> SaidReport:
    """The body of a report whose address stands in the URL: `{"values": {…}, "form_version": 1}`."""
    if not isinstance(body, dict):
        return SaidReport(reference, None, problems=[Problem("not_an_object")])
    problems = unknown_members(body, _REPORT)
    values, version = _values(body, problems), _version(body, problems)
    return SaidReport(reference, values, version, replaces, problems)


def read_item(body: object) -> SaidReport:
    """One report among many: its address and what it replaces stand beside the values."""
    if not isinstance(body, dict):
        return SaidReport(None, None, problems=[Problem("not_an_object")])
    problems = unknown_members(body, _ITEM)
    reference = _reference(body, problems)
    values, version = _values(body, problems), _version(body, problems)
    return SaidReport(reference, values, version, _if_match(body, problems), problems)


def read_reason(body: object, parameter: str | None) -> str:
    """Why a report is taken back: from the body, else from the URL. Raises InvalidRequest."""
    given: object = parameter
    if body is not None:
        if not isinstance(body, dict):
            raise InvalidRequest.of("not_an_object")
        if problems := unknown_members(body, ("reason",)):
            raise InvalidRequest(*problems)
        given = body.get("reason", parameter)
    pointer = "" if body is None else "/reason"
    if given is None:
        raise InvalidRequest.of("reason_required")
    reason = read_text(given, pointer, LONGEST_REASON)
    if not reason:
        raise InvalidRequest.of("reason_required", pointer)
    return reason


def read_text(given: object, pointer: str, longest: int) -> str:
    """What people typed, in NFC and without space around it. Raises InvalidRequest: no string, or too long."""
    if not isinstance(given, str):
        raise InvalidRequest.of("not_a_string", pointer)
    text = "" if len(given) > _MOST_PER_LETTER * longest else unicodedata.normalize("NFC", given).strip()
    if len(given) > _MOST_PER_LETTER * longest or len(text) > longest:
        raise InvalidRequest.of("too_long", pointer, limit=longest)
    return text


def unknown_members(body: Mapping[str, object], known: Collection[str], *within: str) -> list[Problem]:
    """One for each member that is none; `within` are the names that lead to the object from the whole body."""
    names = [name for name in body if name not in known][:_MOST_UNKNOWN]
    return [Problem("unknown_member", member_pointer(*within, name), {"member": shown(name)}) for name in names]


def _values(body: Mapping[str, object], problems: list[Problem]) -> Mapping[str, object] | None:
    if "values" not in body:
        problems.append(Problem("missing_member", "", {"member": "values"}))
        return None
    values = body["values"]
    if not isinstance(values, dict):
        problems.append(Problem("not_an_object", "/values"))
        return None
    return values


def _version(body: Mapping[str, object], problems: list[Problem]) -> int | None:
    version = body.get("form_version")
    return None if version is None else _whole("form_version", version, 1, problems)


def _if_match(body: Mapping[str, object], problems: list[Problem]) -> int | None:
    revision = body.get("if_match")
    return None if revision is None else _whole("if_match", revision, 0, problems)


def _whole(member: str, value: object, least: int, problems: list[Problem]) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and least <= value < 10**9:
        return value
    detail = Label(f"phải là số nguyên từ {least} trở lên", f"a whole number from {least} on")
    params: dict[str, object] = {"parameter": member, "detail": detail}
    problems.append(Problem("invalid_parameter", member_pointer(member), params))
    return None


def _reference(body: Mapping[str, object], problems: list[Problem]) -> Reference | None:
    found = {}
    for member in _ADDRESS:
        value = body.get(member)
        if isinstance(value, str):
            found[member] = value
        elif member in body:
            problems.append(Problem("not_a_string", member_pointer(member)))
        else:
            problems.append(Problem("missing_member", "", {"member": member}))
    return Reference(**found, in_body=True) if len(found) == len(_ADDRESS) else None
