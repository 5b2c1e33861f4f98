"""What the routes read by hand, described for OpenAPI: headers and bodies."""

from typing import Any

from chitieu.contracts.dhis2 import WebMessage
from chitieu.contracts.media_types import XLSX
from chitieu.contracts.problems import MEDIA_TYPE, ProblemDetails
from chitieu.domain.task import LONGEST_NOTE, LONGEST_TITLE, LONGEST_URL, MOST_EVIDENCE, SAYABLE
from services.ingest.body import JSON, NDJSON
from services.ingest.receipt import Receipt, TaskReceipt
from services.ingest.said import LONGEST_REASON
from services.ingest.wishes import LONGEST_WAIT

Described = dict[str, Any]

_VALUE: Described = {
    "description": 'a number, a Vietnamese number string ("1.234,5"), "n/a" (not applicable), or null (not reported)',
    "type": ["number", "string", "null"],
}
_REPORT: Described = {
    "values": {
        "type": "object",
        "additionalProperties": _VALUE,
        "description": "by field key (child_labour.f.a13); an element's id gives the total of its options",
    },
    "form_version": {"type": "integer", "minimum": 1, "description": "the version filled in, if not the newest"},
}
_ITEM: Described = {
    "type": "object",
    "required": ["form", "period", "unit", "values"],
    "additionalProperties": False,
    "properties": {
        "form": {"type": "string"},
        "period": {"type": "string", "examples": ["2024S1", "2024"]},
        "unit": {"type": "string", "description": "code, or code@valid_from"},
        **_REPORT,
        "if_match": {"type": "integer", "minimum": 0, "description": "the revision it replaces; 0: none yet"},
    },
}
_ITEMS: Described = {"type": "array", "items": _ITEM}
_BODY: Described = {
    "type": "object",
    "required": ["values"],
    "additionalProperties": False,
    "properties": _REPORT,
    "examples": [{"values": {"parents": 1200, "child_labour.f.a13": 0, "budget": "1.234,5", "schools": "n/a"}}],
}


def _header(name: str, description: str, **schema: object) -> Described:
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string", **schema}}


def _body(*, required: bool = True, **schemas: Described) -> Described:
    types = {"json": JSON, "ndjson": NDJSON}
    return {"required": required, "content": {types[name]: {"schema": schema} for name, schema in schemas.items()}}


_KEY = _header("Idempotency-Key", "makes a retry the same submission", minLength=1, maxLength=128)
_WISHES = [
    _KEY,
    _header("If-Match", 'the revision this replaces, such as "3"; another one is a conflict (412)'),
    _header("If-None-Match", "* if there must be no report yet"),
    _header("Prefer", f"wait=N: answer with the outcome if it is known within N seconds (1–{LONGEST_WAIT})"),
]
_REASON: Described = {
    "type": "object",
    "required": ["reason"],
    "properties": {"reason": {"type": "string", "maxLength": LONGEST_REASON}},
}
_REASON_PARAMETER: Described = {
    "name": "reason",
    "in": "query",
    "description": "instead of a body",
    "schema": {"type": "string", "maxLength": LONGEST_REASON},
}

_TASK: Described = {
    "type": "object",
    "required": ["state"],
    "additionalProperties": False,
    "properties": {
        "state": {"type": "string", "enum": list(SAYABLE)},
        "note": {"type": ["string", "null"], "maxLength": LONGEST_NOTE},
        "evidence": {
            "type": ["array", "null"],
            "maxItems": MOST_EVIDENCE,
            "items": {
                "type": "object",
                "required": ["title", "url"],
                "additionalProperties": False,
                "properties": {
                    "title": {"type": "string", "minLength": 1, "maxLength": LONGEST_TITLE},
                    "url": {"type": "string", "maxLength": LONGEST_URL, "description": "http or https"},
                },
            },
        },
    },
    "examples": [{"state": "done", "evidence": [{"title": "Báo cáo số 12/BC", "url": "https://example.vn/12.pdf"}]}],
}

PUT: Described = {"parameters": _WISHES, "requestBody": _body(json=_BODY)}
DELETE: Described = {"parameters": [_REASON_PARAMETER, *_WISHES], "requestBody": _body(required=False, json=_REASON)}
TASK: Described = {"parameters": _WISHES, "requestBody": _body(json=_TASK)}
BULK: Described = {"parameters": [_KEY], "requestBody": _body(json=_ITEMS, ndjson=_ITEM)}
VALIDATE_WORKBOOK: Described = {
    "requestBody": {"required": True, "content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}
}
WORKBOOK: Described = {"parameters": [_KEY], **VALIDATE_WORKBOOK}
VALIDATE: Described = {"requestBody": _body(json={"oneOf": [_ITEM, _ITEMS]}, ndjson=_ITEM)}


def _problems(**descriptions: str) -> dict[int | str, Described]:
    content: Described = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    return {
        int(status.removeprefix("_")): {"model": ProblemDetails, "description": text, "content": content}
        for status, text in descriptions.items()
    }


_REFUSED = _problems(
    _400="the request cannot be read",
    _401="no valid access key",
    _403="the key lacks the scope or does not cover the unit",
    _413="the body is too large",
    _415="the content type is not supported",
    _429="too many requests are under way, or the key's quota is spent: send the same again after Retry-After",
    _503="the broker is away or slow: send the same again later",
)
ANSWERS = {
    200: {"model": Receipt, "description": "decided within the wait; ETag is the report's revision"},
    **_problems(
        _404="there is no such form, period or unit",
        _409="the Idempotency-Key was used for another content",
        _412="the report is not at the revision that was named",
        _422="the form refuses the report: every problem at once",
    ),
    **_REFUSED,
}
TASK_ANSWERS = {
    200: {"model": TaskReceipt, "description": "decided within the wait; ETag is the task's revision"},
    **_problems(
        _404="there is no such plan or task; the nearest are named",
        _409="the Idempotency-Key was used for another content",
        _412="the task is not at the revision that was named",
        _422="what the report says cannot be taken: every problem at once",
    ),
    **_REFUSED,
}
BULK_ANSWERS: dict[int | str, Described] = {
    200: {
        "description": "one result a line: line, status, and a receipt or a problem; in the type of the request",
        "content": {NDJSON: {}},
    },
    **_REFUSED,
}
VALIDATE_ANSWERS: dict[int | str, Described] = {
    **BULK_ANSWERS,
    **_problems(
        _404="one report was sent, and there is no such form, period or unit",
        _422="one report was sent, and the form refuses it: every problem at once",
    ),
}


def _parameter(name: str, description: str, *values: str) -> Described:
    return {"name": name, "in": "query", "description": description, "schema": {"type": "string", "enum": list(values)}}


_TEXT: Described = {"type": "string"}
_OPTIONS = [
    _parameter("idScheme", "identifiers are codes", "CODE"),
    _parameter("importStrategy", "what to do", "CREATE_AND_UPDATE", "CREATE", "DELETE"),
    _parameter("dryRun", "judge everything, write nothing", "false", "true"),
    _parameter("atomic", "all or nothing", "false", "true"),
]
_DATA_VALUE: Described = {
    "dataElement": {**_TEXT, "description": "an element"},
    "categoryOptionCombo": {**_TEXT, "description": "a field's options, f.a13; the total if absent or default"},
    "period": _TEXT,
    "orgUnit": {**_TEXT, "description": "a unit: code, or code@valid_from"},
    "attributeOptionCombo": {**_TEXT, "description": "absent or default"},
    "value": {"type": ["string", "number", "null"], "description": "a number, or n/a"},
    "deleted": {"type": "boolean", "description": "the field is left empty"},
}
_WHOLE: Described = {
    "dataSet": {**_TEXT, "description": "a form"},
    "completeDate": {**_TEXT, "description": "passed over"},
    **{name: _DATA_VALUE[name] for name in ("period", "orgUnit", "attributeOptionCombo")},
    "dataValues": {"type": "array", "items": {"type": "object", "properties": _DATA_VALUE}},
}
_REGISTRATION: Described = {
    "type": "object",
    "properties": dict.fromkeys(("dataSet", "period", "organisationUnit"), _TEXT),
}
DATA_VALUES: Described = {
    "parameters": _OPTIONS,
    "requestBody": _body(json={"type": "object", "properties": _WHOLE}),
}
REGISTRATIONS: Described = {
    "parameters": [_OPTIONS[0]],
    "requestBody": _body(
        json={
            "type": "object",
            "required": ["completeDataSetRegistrations"],
            "properties": {"completeDataSetRegistrations": {"type": "array", "items": _REGISTRATION}},
        }
    ),
}
DHIS2_ANSWERS: dict[int | str, Described] = {
    200: {"model": WebMessage, "description": "all of it was taken"},
    409: {"model": WebMessage, "description": "some or all of it was not: see `conflicts`"},
    **{status: {**told, "model": WebMessage, "content": {}} for status, told in _REFUSED.items()},
}
WORKBOOK_ANSWERS: dict[int | str, Described] = {
    200: {"description": "one result a sheet: line, sheet, status, and a receipt"},
    **_problems(
        _404="there is no such form, period or unit",
        _422="this is no template, or something on its sheets is wrong: every problem at once, by sheet and cell",
    ),
    **_REFUSED,
}
