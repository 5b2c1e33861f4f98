"""The ingest service over HTTP: every answer's shape pinned by an example. The log and the fold are fakes."""

import asyncio
import json
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from chitieu.adapters.http import create_app
from chitieu.adapters.metrics import Metrics
from chitieu.adapters.publisher import Position
from chitieu.contracts.events import Event, content_hash, decode_event, pack, submission_id
from chitieu.domain.access import AccessKey, KeyRing, digest, presented
from chitieu.domain.errors import Unavailable
from chitieu.domain.registry import Release
from chitieu.domain.rollup import Decided, Decision, MessageKind
from services.ingest import bulk
from services.ingest.app import router
from services.ingest.service import Ingest
from services.ingest.settings import IngestSettings
from tests.unit.commune_release import GOOD, RELEASE

PUT = "/v1/reports/xa/2024S1/00001"
UNIT = "00001@2000-01-01"
PATH = ("vn@2000-01-01", "01@2000-01-01", "001@2000-01-01", UNIT)
PACKED = pack((520, 480, 12, 8, 3, 1234, 1000, 125, 40, 2, 30, 0, 0))
STATES = bytes((1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0))
CONTENT = content_hash(MessageKind.REPORT, PACKED, STATES).hex()
BODY = {"values": GOOD}
Json = Any


class FakeRegistry:
    ready = True

    def __init__(self) -> None:
        self.keys = KeyRing()
        for id_, unit, scopes in (
            ("north", "01@2000-01-01", {"reports:write"}),
            ("commune2", "00002@2022-07-01", {"reports:write"}),
            ("reader", "vn@2000-01-01", {"attainment:read"}),
        ):
            self.keys.add(AccessKey(id_, digest("secret"), unit, frozenset(scopes)))

    @property
    def release(self) -> Release:
        return RELEASE


class FakeLog:
    """Acknowledges in order; away from record `away_from` on."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.reachable = True
        self.away_from = 10**9

    async def start(self) -> None:
        self.reachable = True

    async def stop(self) -> None:
        self.reachable = False

    async def enqueue(self, topic: str, key: bytes, value: bytes) -> Awaitable[Position]:
        event = decode_event(value)
        assert (topic, key) == ("reports-1", event.unit.encode())
        if len(self.events) >= self.away_from:
            raise Unavailable.of("unavailable", detail="Kafka")
        self.events.append(event)
        return self._acknowledged(Position(3, len(self.events) - 1))

    async def _acknowledged(self, at: Position) -> Position:
        await asyncio.sleep(0)
        return at


class FakeOutcomes:
    """None: nothing was told; a TimeoutError: not in time."""

    def __init__(self) -> None:
        self.outcome: Decided | type[TimeoutError] | None = None
        self.asked: list[tuple[int, int, float]] = []

    async def wait_for(self, partition: int, position: int, timeout: float) -> Decided | None:
        self.asked.append((partition, position, timeout))
        if self.outcome is TimeoutError:
            raise TimeoutError
        assert not isinstance(self.outcome, type)
        return self.outcome


class FixedClock:
    def now(self) -> datetime:
        return datetime(2024, 7, 1, tzinfo=UTC)


@dataclass
class Service:
    """The application and what stands behind it; `answer` sends one request with the key of the north."""

    registry: FakeRegistry = field(default_factory=FakeRegistry)
    log: FakeLog = field(default_factory=FakeLog)
    outcomes: FakeOutcomes = field(default_factory=FakeOutcomes)
    metrics: Metrics = field(default_factory=Metrics)
    limits: Mapping[str, int] = field(default_factory=dict)

    def answer(self, method: str, path: str, key: str | None = "north", **request: Any) -> httpx.Response:
        settings = IngestSettings(**self.limits)
        ingest = Ingest(
            settings, self.registry, self.outcomes, self.log, self.metrics, FixedClock(), lambda n: b"\x07" * n
        )
        app = create_app("ingest", [router(ingest)], self.metrics, ingest.checks)
        headers = dict(request.pop("headers", {}))
        if key is not None:
            headers["Authorization"] = f"Bearer {presented(key, 'secret')}"

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://ingest") as client:
                return await client.request(method, path, headers=headers, **request)

        return asyncio.run(ask())

    def put(self, body: object = BODY, path: str = PUT, **request: Any) -> httpx.Response:
        return self.answer("PUT", path, json=json.loads(json.dumps(body)), **request)

    def lines(self, *lines: object, path: str = "/v1/reports", **request: Any) -> list[Json]:
        text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
        headers = {"Content-Type": "application/x-ndjson", **request.pop("headers", {})}
        answer = self.answer("POST", path, content=text.encode(), headers=headers, **request)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
        return [json.loads(line) for line in answer.text.splitlines()]


@pytest.fixture
def service() -> Service:
    return Service()


def item(unit: str = "00001", **members: object) -> dict[str, object]:
    return {"form": "xa", "period": "2024S1", "unit": unit, "values": GOOD, **members}


def codes(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    return [(error["code"], error["pointer"]) for error in problem["errors"]]


# A report


def test_a_report_is_answered_202_once_the_log_has_it(service: Service) -> None:
    answer = service.put(headers={"Idempotency-Key": "k-1"})
    submission = submission_id("north", "k-1", "xa", "2024S1", UNIT).hex()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/submissions/{submission}?at=3:0"
    assert answer.json() == {
        "submission": submission,
        "status": "accepted for counting",
        "form": "xa",
        "period": "2024S1",
        "unit": UNIT,
        "content": CONTENT,
        "partition": 3,
        "position": 0,
        "location": f"/v1/submissions/{submission}?at=3:0",
    }


def test_the_event_says_what_the_fold_needs(service: Service) -> None:
    service.put({"values": GOOD, "form_version": 2}, headers={"Idempotency-Key": "k-1", "If-Match": '"3"'})
    assert service.log.events == [
        Event(
            kind=MessageKind.REPORT,
            form="xa",
            form_version=2,
            period="2024S1",
            unit=UNIT,
            release=7,
            path=PATH,
            submission=submission_id("north", "k-1", "xa", "2024S1", UNIT),
            content=bytes.fromhex(CONTENT),
            replaces=3,
            packed=PACKED,
            states=STATES,
            author="north",
        )
    ]
    assert service.metrics.value("chitieu_reports_published_total", kind="report") == 1


def test_a_retry_is_the_same_submission_and_without_a_key_each_is_its_own(service: Service) -> None:
    for path, headers in (
        (PUT, {"Idempotency-Key": "k"}),
        (PUT.replace("00001", UNIT), {"Idempotency-Key": "k"}),
        (PUT, {}),
    ):
        assert service.put(path=path, headers=headers).status_code == 202
    first, again, other = (event.submission for event in service.log.events)
    assert first == again
    assert other == b"\x07" * 16


def test_if_none_match_means_that_no_report_was_there(service: Service) -> None:
    service.put(headers={"If-None-Match": "*"})
    assert service.log.events[0].replaces == 0


def test_values_may_be_nfd_and_numbers_strings(service: Service) -> None:
    body = {"values": {"parents": "1.234"}, "form_version": 1}
    assert service.put(body).status_code == 202
    assert service.log.events[0].form_version == 1
    assert service.log.events[0].values[5] == 1234
    name = unicodedata.normalize("NFD", "trẻ_em")
    answer = service.put({"values": {name: 1}})
    assert codes(answer) == [("unknown_field", "/values/trẻ_em")]


def test_with_a_wait_the_outcome_is_the_answer(service: Service) -> None:
    service.outcomes.outcome = Decided(Decision.ACCEPTED, 4)
    answer = service.put(headers={"Prefer": "wait=10"})
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["decision"], answer.json()["revision"]) == ("decided", "accepted", 4)
    assert answer.headers["etag"] == '"4"'
    assert answer.headers["preference-applied"] == "wait=10"
    assert answer.headers["location"] == answer.json()["location"]
    assert service.outcomes.asked == [(3, 0, 10)]
    assert service.log.events[0].tell


@pytest.mark.parametrize("outcome", [TimeoutError, None])
def test_an_outcome_that_does_not_come_in_time_leaves_202(service: Service, outcome: Any) -> None:
    service.outcomes.outcome = outcome
    answer = service.put(headers={"Prefer": "wait=1"})
    assert answer.status_code == 202
    assert "decision" not in answer.json()
    assert "preference-applied" not in answer.headers


def test_a_conflict_is_412_and_names_the_revision_in_force(service: Service) -> None:
    service.outcomes.outcome = Decided(Decision.CONFLICT, 5)
    answer = service.put(headers={"Prefer": "wait=1", "If-Match": '"3"'})
    assert answer.status_code == 412
    assert answer.headers["etag"] == '"5"'
    assert answer.json() == {
        "type": "urn:chitieu:problem:conflict",
        "title": "The report was revised by someone else: revision 3 is not the current one.",
        "status": 412,
        "detail": "Báo cáo đã có bản sửa đổi khác: bản hiện hành không phải là 3.",
        "errors": [
            {
                "pointer": "",
                "code": "conflict",
                "vi": "Báo cáo đã có bản sửa đổi khác: bản hiện hành không phải là 3.",
                "en": "The report was revised by someone else: revision 3 is not the current one.",
            }
        ],
    }


def test_a_reused_key_is_409(service: Service) -> None:
    service.outcomes.outcome = Decided(Decision.KEY_REUSED, 5)
    answer = service.put(headers={"Prefer": "wait=1", "Idempotency-Key": "k"})
    assert (answer.status_code, codes(answer)) == (409, [("key_reused", "")])


@pytest.mark.parametrize("decision", [Decision.UNCHANGED, Decision.DUPLICATE])
def test_saying_the_same_again_is_no_error(service: Service, decision: Decision) -> None:
    service.outcomes.outcome = Decided(decision, 1)
    answer = service.put(headers={"Prefer": "wait=1"})
    assert (answer.status_code, answer.json()["decision"]) == (200, decision.word)


# A retraction


@pytest.mark.parametrize(
    "request_",
    [
        {"json": {"reason": " nhầm xã "}},
        {"params": {"reason": "nhầm xã"}},
        {"params": {"reason": unicodedata.normalize("NFD", "nhầm xã")}},
    ],
)
def test_a_retraction_carries_its_reason(service: Service, request_: dict[str, Any]) -> None:
    answer = service.answer("DELETE", PUT, headers={"If-Match": '"2"'}, **request_)
    assert answer.status_code == 202
    (event,) = service.log.events
    assert (event.kind, event.reason, event.replaces) == (MessageKind.RETRACTION, "nhầm xã", 2)
    assert (event.packed, event.path) == (b"", PATH)
    assert event.content == content_hash(MessageKind.RETRACTION, b"", b"")
    assert service.metrics.value("chitieu_reports_published_total", kind="retraction") == 1


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({}, ("reason_required", "")),
        ({"params": {"reason": "  "}}, ("reason_required", "")),
        ({"json": {"reason": ""}}, ("reason_required", "/reason")),
        ({"json": {}}, ("reason_required", "")),
        ({"json": {"reason": 5}}, ("not_a_string", "/reason")),
        ({"json": {"reason": "x" * 501}}, ("too_long", "/reason")),
        ({"json": {"reason": "x", "other": 1}}, ("unknown_member", "/other")),
        ({"json": ["x"]}, ("not_an_object", "")),
    ],
)
def test_a_retraction_needs_a_reason(service: Service, request_: dict[str, Any], expected: tuple[str, str]) -> None:
    answer = service.answer("DELETE", PUT, **request_)
    assert (answer.status_code, codes(answer)) == (400, [expected])
    assert service.log.events == []


def test_five_hundred_letters_are_counted_as_they_are_read(service: Service) -> None:
    answer = service.answer("DELETE", PUT, json={"reason": unicodedata.normalize("NFD", "ấ" * 500)})
    assert answer.status_code == 202


# Refusals


def test_every_problem_of_a_report_is_said_at_once(service: Service) -> None:
    body = {"values": {"parents": -1, "nobody": 2}, "form_version": 9, "extra": 1}
    assert codes(service.put(body, path="/v1/reports/xa/2024S1/00003")) == [
        ("unknown_member", "/extra"),
        ("unit_does_not_report", ""),
        ("unknown_form_version", "/form_version"),
    ]
    body["form_version"] = 2
    answer = service.put(body, path="/v1/reports/xa/2027/00001")
    assert codes(answer) == [
        ("unknown_member", "/extra"),
        ("period_outside_plan", ""),
        ("period_not_open", ""),
        ("negative", "/values/parents"),
        ("unknown_field", "/values/nobody"),
    ]
    assert service.log.events == []
    assert service.metrics.value("chitieu_reports_refused_total", code="negative") == 1
    assert service.metrics.value("chitieu_reports_refused_total", code="unknown_member") == 2


def test_a_problem_speaks_vietnamese_and_english(service: Service) -> None:
    answer = service.put({"values": {"parents": 1, "parents_informed": 2}})
    assert answer.status_code == 422
    assert answer.json() == {
        "type": "urn:chitieu:problem:part_above_whole",
        "title": "The part 'parents_informed' (2) is larger than the whole 'parents' (1).",
        "status": 422,
        "detail": "Phần «parents_informed» (2) lớn hơn tổng «parents» (1).",
        "errors": [
            {
                "pointer": "/values/parents_informed",
                "code": "part_above_whole",
                "vi": "Phần «parents_informed» (2) lớn hơn tổng «parents» (1).",
                "en": "The part 'parents_informed' (2) is larger than the whole 'parents' (1).",
            }
        ],
    }


# Each problem of a report, by the smallest report that has it: (values, code, pointer).
REFUSED_VALUES: list[tuple[dict[str, object], str, str]] = [
    ({}, "empty_report", "/values"),
    ({"nobody": 1}, "unknown_field", "/values/nobody"),
    ({"leaflets": 1}, "retired_field", "/values/leaflets"),
    ({"parents": True}, "wrong_type", "/values/parents"),
    ({"parents": [1]}, "wrong_type", "/values/parents"),
    ({"budget": "12.5"}, "wrong_type", "/values/budget"),
    ({"budget": 12.55}, "too_precise", "/values/budget"),
    ({"parents": -1}, "negative", "/values/parents"),
    ({"parents": 1_000_001}, "above_maximum", "/values/parents"),
    ({"labour.m": 1}, "options_incomplete", "/values/labour.m"),
    ({"labour.m": 1, "labour.f": 1, "labour": 3}, "options_do_not_sum", "/values/labour"),
    ({"parents": 1, "parents_informed": 2}, "part_above_whole", "/values/parents_informed"),
    ({"teachers": 1, "managers": 1, "trained": 3}, "numerator_above_denominator", "/values/trained"),
]


@pytest.mark.parametrize(("values", "code", "pointer"), REFUSED_VALUES)
def test_each_problem_of_the_values(service: Service, values: dict[str, object], code: str, pointer: str) -> None:
    answer = service.put({"values": values})
    assert (answer.status_code, codes(answer)) == (422, [(code, pointer)])


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/reports/none/2024S1/00001", 404, "unknown_form"),
        ("/v1/reports/xa/2024S9/00001", 404, "unknown_period"),
        ("/v1/reports/xa/2024S1/99999", 404, "unknown_unit"),
        ("/v1/reports/xa/2023/00010", 422, "unit_not_in_force"),
        ("/v1/reports/xa/2024S1/00009", 422, "unit_does_not_report"),
        ("/v1/reports/xa/202401/00001", 422, "period_not_collected"),
        ("/v1/reports/xa/2020/00001", 422, "period_outside_plan"),
        ("/v1/reports/xa/2025/00001", 422, "period_not_open"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_each_problem_of_the_address(service: Service, method: str, path: str, status: int, code: str) -> None:
    answer = service.answer(method, path, json=BODY if method == "PUT" else {"reason": "x"})
    assert (answer.status_code, codes(answer)) == (status, [(code, "")])


@pytest.mark.parametrize(
    ("content", "code", "pointer"),
    [
        (b"", "not_json", ""),
        (b"\xff", "not_json", ""),
        (b'{"values": {"parents": NaN}}', "not_json", ""),
        (b'{"values": {"parents": 1, "parents": 2}}', "repeated_member", "/values/parents"),
        (b'{"values": ' + b"[" * 8 + b"]" * 8 + b"}", "too_deep", ""),
        (b"[]", "not_an_object", ""),
        (b'{"values": []}', "not_an_object", "/values"),
        (b"{}", "missing_member", ""),
        (b'{"values": {"parents": 1}, "other": 1}', "unknown_member", "/other"),
        (b'{"values": {"parents": 1}, "form_version": "1"}', "invalid_parameter", "/form_version"),
        (b'{"values": {"parents": 1}, "form_version": true}', "invalid_parameter", "/form_version"),
    ],
)
def test_each_problem_of_the_body(service: Service, content: bytes, code: str, pointer: str) -> None:
    answer = service.answer("PUT", PUT, content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, codes(answer)) == (400, [(code, pointer)])


def test_headers_that_cannot_be_read_are_400(service: Service) -> None:
    answer = service.put(headers={"If-Match": "*", "Prefer": "wait=99", "Idempotency-Key": "a b"})
    assert (answer.status_code, codes(answer)) == (400, [("invalid_header", "")] * 3)


@pytest.mark.parametrize("type_", ["", "text/plain", "application/x-ndjson", "application/json; charset=utf-16"])
def test_another_content_type_is_415(service: Service, type_: str) -> None:
    answer = service.answer("PUT", PUT, content=b"{}", headers={"Content-Type": type_})
    assert (answer.status_code, codes(answer)) == (415, [("unsupported_media_type", "")])


def test_charset_utf_8_may_be_said(service: Service) -> None:
    headers = {"Content-Type": 'application/json; charset="UTF-8"'}
    assert service.answer("PUT", PUT, content=json.dumps(BODY), headers=headers).status_code == 202


# Keys


def test_without_a_valid_key_it_is_401(service: Service) -> None:
    for key in (None, "unknown"):
        answer = service.put(key=key)
        assert (answer.status_code, codes(answer)) == (401, [("unauthenticated", "")])
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_key_without_the_scope_is_403(service: Service) -> None:
    answer = service.put(key="reader")
    assert (answer.status_code, codes(answer)) == (403, [("forbidden_scope", "")])


def test_a_key_writes_only_inside_its_subtree_and_what_went_into_it(service: Service) -> None:
    answer = service.put(key="commune2")
    assert (answer.status_code, codes(answer)) == (403, [("forbidden_unit", "")])
    for path in ("/v1/reports/xa/2021/00002", "/v1/reports/xa/2023/00002"):
        assert service.put(path=path, key="commune2").status_code == 202
    assert [event.unit for event in service.log.events] == ["00002@2000-01-01", "00002@2022-07-01"]


def test_before_the_registry_is_read_a_key_is_not_called_invalid(service: Service) -> None:
    service.registry.ready = False
    answer = service.put()
    assert (answer.status_code, codes(answer)) == (503, [("unavailable", "")])
    assert service.answer("GET", "/readyz").json() == {"status": "waiting", "waiting_for": ["registry"]}


# The broker


def test_a_broker_away_is_503_with_retry_after(service: Service) -> None:
    service.log.away_from = 0
    answer = service.put()
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    assert answer.json() == {
        "type": "urn:chitieu:problem:unavailable",
        "title": "The service cannot take this now: Kafka.",
        "status": 503,
        "detail": "Hệ thống tạm thời chưa nhận được: Kafka.",
        "errors": [
            {
                "pointer": "",
                "code": "unavailable",
                "vi": "Hệ thống tạm thời chưa nhận được: Kafka.",
                "en": "The service cannot take this now: Kafka.",
            }
        ],
    }


def test_readiness_says_what_it_waits_for(service: Service) -> None:
    assert service.answer("GET", "/readyz").status_code == 200
    service.log.reachable = False
    answer = service.answer("GET", "/readyz")
    assert (answer.status_code, answer.json()["waiting_for"]) == (503, ["broker"])


# Limits


def test_a_body_too_large_is_413_without_reading_on() -> None:
    service = Service(limits={"max_body_bytes": 2048})
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1024
            yield b" " * 1024

    answer = service.answer("PUT", PUT, content=endless(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, codes(answer)) == (413, [("body_too_large", "")])
    assert answer.headers["connection"] == "close"
    assert sent == 3 * 1024


def test_an_announced_length_too_large_is_413_before_anything_is_read() -> None:
    service = Service(limits={"max_body_bytes": 2048})

    async def unread() -> AsyncIterator[bytes]:
        raise AssertionError("nothing is read")
        yield b""

    headers = {"Content-Type": "application/json", "Content-Length": "2049"}
    assert service.answer("PUT", PUT, content=unread(), headers=headers).status_code == 413


def test_an_answer_before_the_body_was_read_closes_the_connection(service: Service) -> None:
    assert service.put(key=None).headers["connection"] == "close"
    assert "connection" not in service.put({"values": {}}).headers
    assert "connection" not in service.answer("DELETE", PUT).headers


# Many reports


def test_bulk_answers_each_line_with_its_number(service: Service) -> None:
    answers = service.lines(item(), "", item("00003"), "{", item("00002"), headers={"Idempotency-Key": "k"})
    first, refused, broken, last = answers
    submission = submission_id("north", "k:1", "xa", "2024S1", UNIT).hex()
    assert first == {
        "line": 1,
        "status": 202,
        "submission": submission,
        "form": "xa",
        "period": "2024S1",
        "unit": UNIT,
        "content": CONTENT,
        "partition": 3,
        "position": 0,
        "location": f"/v1/submissions/{submission}?at=3:0",
    }
    assert refused == {
        "line": 3,
        "status": 422,
        "problem": {
            "type": "urn:chitieu:problem:unit_does_not_report",
            "title": "Unit '00003' does not report form 'xa'.",
            "status": 422,
            "detail": "Đơn vị «00003» không lập biểu mẫu «xa».",
            "errors": [
                {
                    "pointer": "/unit",
                    "code": "unit_does_not_report",
                    "vi": "Đơn vị «00003» không lập biểu mẫu «xa».",
                    "en": "Unit '00003' does not report form 'xa'.",
                }
            ],
        },
    }
    assert (broken["line"], broken["status"], broken["problem"]["errors"][0]["code"]) == (4, 400, "not_json")
    assert (last["line"], last["status"], last["position"]) == (5, 202, 1)
    assert service.log.events[1].submission == submission_id("north", "k:5", "xa", "2024S1", "00002@2022-07-01")


def test_a_json_array_is_answered_by_one(service: Service) -> None:
    content = json.dumps([item(), 5, item("00002", if_match=0)], indent=2)
    headers = {"Content-Type": "application/json"}
    answer = service.answer("POST", "/v1/reports", content=content, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert [(line["line"], line["status"]) for line in answer.json()] == [(1, 202), (2, 400), (3, 202)]
    assert [event.replaces for event in service.log.events] == [None, 0]


def test_no_lines_are_no_answers(service: Service) -> None:
    assert service.lines("") == []
    answer = service.answer("POST", "/v1/reports", content="[]", headers={"Content-Type": "application/json"})
    assert answer.json() == []


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"unit": 1}, [("not_a_string", "/unit")]),
        ({"unit": None}, [("not_a_string", "/unit")]),
        ({"if_match": "3"}, [("invalid_parameter", "/if_match")]),
        ({"if_match": -1}, [("invalid_parameter", "/if_match")]),
        (
            {"extra": 1, "period": "x", "values": 3},
            [("unknown_member", "/extra"), ("not_an_object", "/values"), ("unknown_period", "/period")],
        ),
    ],
)
def test_each_problem_of_an_item(service: Service, members: dict[str, object], expected: list[tuple[str, str]]) -> None:
    (answer,) = service.lines(item(**members))
    assert [(error["code"], error["pointer"]) for error in answer["problem"]["errors"]] == expected


def test_an_item_without_its_address_says_each_missing_member(service: Service) -> None:
    (answer,) = service.lines({"values": GOOD})
    assert [error["en"] for error in answer["problem"]["errors"]] == [
        f"The member '{member}' is missing." for member in ("form", "period", "unit")
    ]


def test_a_unit_outside_the_callers_subtree_refuses_its_line_only(service: Service) -> None:
    inside, outside = service.lines(item("00002"), item("00001"), key="commune2")
    assert (inside["status"], outside["status"]) == (202, 403)
    assert outside["problem"]["errors"][0]["pointer"] == "/unit"


def test_a_broker_that_goes_midway_leaves_503_on_the_lines_it_did_not_take(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BATCH", 2)
    service.log.away_from = 3
    answers = service.lines(item(), item("00002"), item(), item("00002"), item("00003"), item())
    assert [line["status"] for line in answers] == [202, 202, 202, 503, 422, 503]
    assert len(service.log.events) == 3


def test_a_broker_away_from_the_first_line_on_is_503_for_the_whole(service: Service) -> None:
    service.log.away_from = 0
    headers = {"Content-Type": "application/x-ndjson"}
    answer = service.answer("POST", "/v1/reports", content=json.dumps(item()), headers=headers)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


def test_a_broker_that_goes_after_refused_lines_is_said_line_by_line(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BATCH", 2)
    service.log.away_from = 0
    assert [line["status"] for line in service.lines("{", "{", item())] == [400, 400, 503]


def test_lines_of_one_unit_are_published_in_their_order(service: Service) -> None:
    service.lines(*(item(values={"parents": n}) for n in range(500)))
    assert [event.values[5] for event in service.log.events] == list(range(500))


def test_too_many_lines_are_413_and_nothing_is_published() -> None:
    service = Service(limits={"max_bulk_lines": 2})
    for type_, content in (
        ("application/x-ndjson", "\n".join([json.dumps(item())] * 3)),
        ("application/x-ndjson", "\n\n\n"),
        ("application/json", json.dumps([item()] * 3)),
    ):
        answer = service.answer("POST", "/v1/reports", content=content, headers={"Content-Type": type_})
        assert (answer.status_code, codes(answer)) == (413, [("too_many_lines", "")])
    assert service.log.events == []
    assert len(service.lines(item(), item())) == 2


def test_a_bulk_body_too_large_is_413_and_a_line_too_large_refuses_itself() -> None:
    service = Service(limits={"max_bulk_bytes": 4096, "max_body_bytes": 1024})
    long = item(extra="x" * 1024)
    assert [line["status"] for line in service.lines(item(), long)] == [202, 413]
    answer = service.answer(
        "POST", "/v1/reports", content=b" " * 4097, headers={"Content-Type": "application/x-ndjson"}
    )
    assert (answer.status_code, codes(answer)) == (413, [("body_too_large", "")])


def test_an_array_that_is_not_json_publishes_nothing(service: Service) -> None:
    content = json.dumps([item()])[:-1]
    answer = service.answer("POST", "/v1/reports", content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, codes(answer)) == (400, [("not_json", "")])
    answer = service.answer("POST", "/v1/reports", json=item())
    assert (answer.status_code, codes(answer)) == (400, [("not_an_array", "")])
    assert service.log.events == []


def test_a_precondition_for_a_whole_bulk_is_refused(service: Service) -> None:
    headers = {"Content-Type": "application/x-ndjson", "If-Match": '"1"'}
    answer = service.answer("POST", "/v1/reports", content=b"", headers=headers)
    assert (answer.status_code, codes(answer)) == (400, [("invalid_header", "")])


# Validation without sending


def test_validation_publishes_nothing_and_counts_nothing(service: Service) -> None:
    answers = service.lines(item(), item("00003"), path="/v1/reports:validate")
    assert answers[0] == {"line": 1, "status": 200, "form": "xa", "period": "2024S1", "unit": UNIT, "content": CONTENT}
    assert (answers[1]["status"], answers[1]["problem"]["errors"][0]["code"]) == (422, "unit_does_not_report")
    assert service.log.events == []
    assert service.metrics.value("chitieu_reports_refused_total", code="unit_does_not_report") is None


def test_one_object_is_validated_as_put_would(service: Service) -> None:
    answer = service.answer("POST", "/v1/reports:validate", json=item())
    expected = {"form": "xa", "period": "2024S1", "unit": UNIT, "content": CONTENT}
    assert (answer.status_code, answer.json()) == (200, expected)
    answer = service.answer("POST", "/v1/reports:validate", json=item(values={"parents": -1}))
    assert (answer.status_code, codes(answer)) == (422, [("negative", "/values/parents")])


def test_an_array_is_validated_item_by_item(service: Service) -> None:
    answer = service.answer("POST", "/v1/reports:validate", json=[item(), 1])
    assert [line["status"] for line in answer.json()] == [200, 400]


# OpenAPI


def test_every_route_is_described(service: Service) -> None:
    paths = service.answer("GET", "/openapi.json").json()["paths"]
    assert {(path, method) for path, item_ in paths.items() for method in item_} == {
        ("/v1/reports/{form}/{period}/{unit}", "put"),
        ("/v1/reports/{form}/{period}/{unit}", "delete"),
        ("/v1/reports", "post"),
        ("/v1/reports:validate", "post"),
    }
    put = paths["/v1/reports/{form}/{period}/{unit}"]["put"]
    assert {p["name"] for p in put["parameters"]} >= {"Idempotency-Key", "If-Match", "If-None-Match", "Prefer", "unit"}
    assert set(put["responses"]) >= {"200", "202", "400", "401", "403", "404", "409", "412", "413", "415", "422", "503"}
    assert set(put["responses"]["422"]["content"]) == {"application/problem+json"}


def test_every_setting_is_named_has_a_default_and_says_what_it_is() -> None:
    for name, setting in IngestSettings.model_fields.items():
        assert setting.description, name
        assert not setting.is_required(), name
