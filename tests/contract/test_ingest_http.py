"""One report at a time over HTTP: every answer's shape pinned by an example."""

import json
import unicodedata
from typing import Any

import pytest

from chitieu.contracts.events import Event, content_hash, submission_id
from chitieu.domain.catalogue import Catalogue
from chitieu.domain.form import Form
from chitieu.domain.report import ReportValidator
from chitieu.domain.rollup import Decided, Decision, MessageKind
from services.ingest import compiled
from tests.contract.ingest_service import BODY, CONTENT, PACKED, PATH, PUT, STATES, UNIT, Service, codes, item
from tests.unit.commune_release import GOOD


@pytest.fixture
def service() -> Service:
    return Service()


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


def test_how_a_form_version_is_judged_is_compiled_once(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[str, int]] = []

    class Counted(ReportValidator):
        def __init__(self, form: Form, catalogue: Catalogue) -> None:
            made.append((form.id, form.version))
            super().__init__(form, catalogue)

    monkeypatch.setattr(compiled, "ReportValidator", Counted)
    told = service.lines(*[item(), item(values={})] * 3)
    assert [line["status"] for line in told] == [202, 422] * 3
    assert made == [("xa", 2)]


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
        "title": "Revision 3 is not the current one; current revision: 5.",
        "status": 412,
        "detail": "Bản sửa đổi 3 không phải là bản hiện hành; bản sửa đổi hiện hành: 5.",
        "errors": [
            {
                "pointer": "",
                "code": "conflict",
                "vi": "Bản sửa đổi 3 không phải là bản hiện hành; bản sửa đổi hiện hành: 5.",
                "en": "Revision 3 is not the current one; current revision: 5.",
            }
        ],
    }


@pytest.mark.parametrize(
    ("wish", "current", "title", "detail"),
    [
        (
            {"If-None-Match": "*"},
            5,
            "There has been a report before; current revision: 5.",
            "Đã từng có báo cáo; bản sửa đổi hiện hành: 5.",
        ),
        (
            {"If-Match": '"3"'},
            0,
            "Revision 3 is not the current one; current revision: none.",
            "Bản sửa đổi 3 không phải là bản hiện hành; bản sửa đổi hiện hành: chưa có.",
        ),
    ],
)
def test_a_conflict_says_what_did_not_hold(
    service: Service, wish: dict[str, str], current: int, title: str, detail: str
) -> None:
    service.outcomes.outcome = Decided(Decision.CONFLICT, current)
    said = service.put(headers={"Prefer": "wait=1", **wish}).json()
    assert (said["title"], said["detail"]) == (title, detail)


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
        # … and what the newest version says of the values.
        ("negative", "/values/parents"),
        ("unknown_field", "/values/nobody"),
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
    assert service.metrics.value("chitieu_reports_refused_total", code="negative") == 2
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


@pytest.mark.parametrize(
    ("request_", "vietnamese"),
    [
        ({"headers": {"Prefer": "wait=99"}}, "wait nhận từ 1 đến 30 giây"),
        ({"headers": {"If-None-Match": "x"}}, "chỉ nhận *"),
        ({"body": {**BODY, "form_version": "1"}}, "phải là số nguyên từ 1 trở lên"),
    ],
)
def test_details_are_vietnamese_in_the_vietnamese_sentence(
    service: Service, request_: dict[str, Any], vietnamese: str
) -> None:
    assert vietnamese in service.put(**request_).json()["detail"]


def test_a_method_that_a_path_does_not_take_is_405_with_those_it_takes(service: Service) -> None:
    answer = service.answer("PATCH", PUT)
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, PUT")


def test_charset_utf_8_may_be_said(service: Service) -> None:
    headers = {"Content-Type": 'application/json; charset="UTF-8"'}
    assert service.answer("PUT", PUT, content=json.dumps(BODY), headers=headers).status_code == 202
