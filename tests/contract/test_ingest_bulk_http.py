"""Many reports over HTTP, and validation without sending: every answer's shape pinned by an example."""

import json
from typing import Any

import pytest

from chitieu.contracts.events import submission_id
from services.ingest import bulk
from tests.contract.ingest_service import CONTENT, UNIT, Service, codes, item
from tests.unit.commune_release import GOOD


@pytest.fixture
def service() -> Service:
    return Service()


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
def test_each_problem_of_an_item(service: Service, members: dict[str, Any], expected: list[tuple[str, str]]) -> None:
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
