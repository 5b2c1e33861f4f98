"""Who may send, whether anybody can, and how much: keys, the broker, limits, and the description of it all."""

from collections.abc import AsyncIterator

import pytest

from chitieu.adapters import unread
from services.ingest.settings import IngestSettings
from tests.contract.ingest_service import PUT, Service, codes


@pytest.fixture
def service() -> Service:
    return Service()


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


def test_a_body_too_large_is_413_and_what_still_comes_is_thrown_away_only_so_far(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(unread, "LINGER_BYTES", 5 * 1024)
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
    assert sent == (3 + 5) * 1024


def test_an_announced_length_too_large_is_413_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread, "LINGER_BYTES", 0)
    service = Service(limits={"max_body_bytes": 2048})

    async def nobody_reads() -> AsyncIterator[bytes]:
        raise AssertionError("nothing is read")
        yield b""

    headers = {"Content-Type": "application/json", "Content-Length": "2049"}
    assert service.answer("PUT", PUT, content=nobody_reads(), headers=headers).status_code == 413


def test_an_answer_before_the_body_was_read_closes_the_connection(service: Service) -> None:
    assert service.put(key=None).headers["connection"] == "close"
    assert "connection" not in service.put({"values": {}}).headers
    assert "connection" not in service.answer("DELETE", PUT).headers


# OpenAPI


def test_every_route_is_described(service: Service) -> None:
    paths = service.answer("GET", "/openapi.json").json()["paths"]
    assert {(path, method) for path, item_ in paths.items() for method in item_} == {
        ("/v1/reports/{form}/{period}/{unit}", "put"),
        ("/v1/reports/{form}/{period}/{unit}", "delete"),
        ("/v1/reports", "post"),
        ("/v1/reports:validate", "post"),
        ("/api/dataValueSets", "post"),
        ("/api/completeDataSetRegistrations", "post"),
        ("/v1/workbooks", "post"),
        ("/v1/workbooks:validate", "post"),
        ("/v1/tasks/{plan}/{task}", "put"),
    }
    put = paths["/v1/reports/{form}/{period}/{unit}"]["put"]
    assert {p["name"] for p in put["parameters"]} >= {"Idempotency-Key", "If-Match", "If-None-Match", "Prefer", "unit"}
    assert set(put["responses"]) >= {"200", "202", "400", "401", "403", "404", "409", "412", "413", "415", "422", "503"}
    problem = put["responses"]["422"]["content"]["application/problem+json"]["schema"]["$ref"]
    assert problem == "#/components/schemas/ProblemDetails"


def test_every_setting_is_named_has_a_default_and_says_what_it_is() -> None:
    for name, setting in IngestSettings.model_fields.items():
        assert setting.description, name
        assert not setting.is_required(), name
