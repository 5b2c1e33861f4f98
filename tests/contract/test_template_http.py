"""A template over HTTP: who gets one, for which report, and with whose figures."""

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from chitieu.adapters.workbook import MOST_REPORTS
from chitieu.adapters.workbook.reading import FilledReport, filled
from chitieu.contracts.media_types import XLSX
from chitieu.domain.rollup import ValueState
from services.api.queries import Standing
from tests.contract.test_api_http import PATH, application, ask
from tests.unit.small_release import COMMUNE

URL = "/v1/forms/xa/template.xlsx"
R, A, N = ValueState.REPORTED, ValueState.ABSENT, ValueState.NOT_APPLICABLE


def stood(period: str, values: Sequence[int], states: Sequence[int], unit: str = COMMUNE) -> Standing:
    return Standing("xa", period, unit, (*PATH[:3], unit), 1, values, states, datetime(2024, 7, 1, tzinfo=UTC))


def given(key: str | None = "province", stands: Sequence[Standing] = (), **params: Any) -> httpx.Response:
    asked = {"period": "2024", "unit": "00001", **params}
    return ask(application(stood=list(stands)), URL, key, **{k: v for k, v in asked.items() if v is not None})


def read(answer: httpx.Response) -> list[FilledReport]:
    assert (answer.status_code, answer.headers["content-type"]) == (200, XLSX)
    return filled(io.BytesIO(answer.content), "template")


def sheet(answer: httpx.Response) -> str:
    with zipfile.ZipFile(io.BytesIO(answer.content)) as parts:
        return parts.read("xl/worksheets/sheet1.xml").decode()


def before(answer: httpx.Response) -> list[str]:
    """The figures of the period before, in the form's order."""
    return re.findall(r'<c r="F\d+" s="\d+"><v>(\d+)</v>', sheet(answer))


def test_a_template_is_a_file_to_keep_for_one_unit_and_period() -> None:
    answer = given()
    (one,) = read(answer)
    assert (one.report.form, one.report.version, one.report.period, one.report.unit) == ("xa", 1, "2024", COMMUNE)
    assert one.values == {}
    assert answer.headers["content-disposition"] == 'attachment; filename="xa_2024_00001.xlsx"'
    assert answer.headers["cache-control"] == "private, no-cache"


def test_it_holds_what_the_report_says_and_shows_what_the_last_one_said() -> None:
    now = stood("2024", (100, 1, 2, 50, 0, 0, 0), (R, R, R, R, A, N, A))
    last, older = stood("2023", (90, 0, 4), (R, R, R)), stood("2022", (80, 0, 0), (R, R, R))
    answer = given(stands=[now, last, older])
    assert read(answer)[0].values == {
        "children": 100,
        "labour.m": 1,
        "labour.f": 2,
        "parents": 50,
        "officials_c": "n/a",
    }
    assert before(answer) == ["90", "0", "4"]


def test_of_half_years_the_last_that_was_reported_within_a_year_stands_beside() -> None:
    reports = [stood("2022S2", (7, 0, 0), (R, R, R)), stood("2023S1", (8, 0, 0), (R, R, R))]
    assert before(given(stands=reports, period="2024S1")) == ["8", "0", "0"]
    assert before(given(stands=reports[:1], period="2024S1")) == []


@pytest.mark.parametrize("key", ["writer", "strange-writer"])
def test_a_key_that_reads_no_reports_gets_an_empty_one(key: str) -> None:
    answer = given(key, [stood("2024", (100, 1, 2), (R, R, R)), stood("2023", (90, 1, 2), (R, R, R))])
    assert read(answer)[0].values == {}
    assert before(answer) == []


def test_small_counts_are_withheld_outside_the_subtree() -> None:
    stands = [stood("2024", (100, 1, 0), (R, R, R)), stood("2023", (90, 4, 0), (R, R, R))]
    answer = given("elsewhere", stands)
    assert read(answer)[0].values == {"children": 100, "labour.m": "1-5", "labour.f": 0}
    assert before(answer) == ["90", "0"]


def test_several_units_get_a_sheet_each_and_one_named_twice_gets_one() -> None:
    answer = given(unit=["00001", "00003", COMMUNE])
    assert (
        len(re.findall(r"<sheet ", zipfile.ZipFile(io.BytesIO(answer.content)).read("xl/workbook.xml").decode())) == 3
    )
    assert answer.headers["content-disposition"] == 'attachment; filename="xa_2024.xlsx"'


@pytest.mark.parametrize(
    ("path", "params", "status", "codes"),
    [
        ("/v1/forms/none/template.xlsx", {}, 404, ["unknown_form"]),
        (URL, {"period": "soon"}, 404, ["unknown_period"]),
        (URL, {"unit": "99999"}, 404, ["unknown_unit"]),
        (URL, {"unit": ["201", "99999"]}, 404, ["unit_does_not_report", "unknown_unit"]),
        (URL, {"period": "2024Q1"}, 422, ["period_not_collected"]),
        (URL, {"period": "2026"}, 422, ["period_not_open"]),
        (URL, {"period": None, "unit": None}, 400, ["missing_parameter", "missing_parameter"]),
        (URL, {"unit": ["00001"] * (MOST_REPORTS + 1)}, 400, ["invalid_parameter"]),
    ],
)
def test_what_could_not_be_sent_is_given_no_template(
    path: str, params: dict[str, Any], status: int, codes: list[str]
) -> None:
    asked = {"period": "2024", "unit": "00001", **params}
    answer = ask(application(), path, **{k: v for k, v in asked.items() if v is not None})
    assert answer.status_code == status
    assert [error["code"] for error in answer.json()["errors"]] == codes


def test_a_form_is_shown_to_nobody_without_a_key() -> None:
    assert given(None).status_code == 401
