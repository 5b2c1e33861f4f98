"""Parameters of what writes: one that a route does not take is refused, or what it was to prevent would happen."""

from typing import Any

import pytest

from tests.contract.ingest_service import PUT, Service, codes

NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.mark.parametrize("query", ["if_match=3", "If-Match=3", "dryRun=true", "reason=typo", "values=1"])
def test_a_report_takes_no_parameter_and_nothing_is_written(query: str) -> None:
    service = Service()
    answer = service.put(path=f"{PUT}?{query}")
    assert (answer.status_code, codes(answer)) == (400, [("unknown_parameter", "")])
    assert service.log.events == []


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("DELETE", f"{PUT}?reason=typo&if_match=3", {}),
        ("POST", "/v1/reports?dryRun=true", {"content": b"", "headers": NDJSON}),
        ("POST", "/v1/reports:validate?unit=00001", {"content": b"", "headers": NDJSON}),
        ("POST", "/v1/workbooks?unit=00001", {}),
        ("POST", "/v1/workbooks:validate?unit=00001", {}),
        ("PUT", "/v1/tasks/lang-son/1?if_match=3", {"json": {"state": "done"}}),
    ],
)
def test_every_route_that_writes_refuses_a_parameter_it_does_not_take(method: str, path: str, sent: Any) -> None:
    service = Service()
    answer = service.answer(method, path, **sent)
    assert (answer.status_code, codes(answer)) == (400, [("unknown_parameter", "")])
    assert service.log.events == []


def test_a_misspelt_reason_is_refused_with_the_name_that_was_meant_and_two_are_one_too_many() -> None:
    answer = Service().answer("DELETE", f"{PUT}?reson=typo")
    assert answer.json()["title"] == "There is no parameter 'reson' here. Nearest: reason."
    answer = Service().answer("DELETE", f"{PUT}?reason=a&reason=b")
    assert (answer.status_code, codes(answer)) == (400, [("invalid_parameter", "")])
    assert Service().answer("DELETE", f"{PUT}?reason=typo").status_code == 202


def test_parameters_of_dhis2_that_mean_nothing_here_are_passed_over() -> None:
    values = {"dataSet": "xa", "period": "2024S1", "orgUnit": "00001", "dataValues": []}
    assert "unknown_parameter" not in Service().answer("POST", "/api/dataValueSets?skipAudit=true", json=values).text
