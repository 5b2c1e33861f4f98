"""Parameters over HTTP: what a route does not take is refused by name; a figure asked for wrongly is never answered."""

import re
from typing import Any
from urllib.parse import quote

import pytest

from tests.contract.test_api_http import APP, application, ask, problem

QUERY = "plan=lang-son&period=2024"
ROUTES = [path for path, methods in APP.openapi()["paths"].items() if "get" in methods]


def errors(path: str) -> list[tuple[str, str]]:
    answer = ask(application(), path)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    return [(error["code"], error["en"]) for error in answer.json()["errors"]]


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_refuses_a_parameter_that_it_does_not_take(route: str) -> None:
    answer = ask(application(), re.sub(r"{\w+}", "x", route), nonsense="1")
    assert answer.status_code == 400
    assert "There is no parameter 'nonsense' here. Nearest: " in answer.text


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("knownat=2024-12-24T10:00:00Z", "knownAt"),
        ("known_at=2024-12-24T10:00:00Z", "knownAt"),
        ("asOfHierachy=today", "asOfHierarchy"),
        ("child=true", "children"),
        ("Area=20", "area"),
        ("knownAt%20=2024-12-24T10:00:00Z", "knownAt"),
    ],
)
def test_a_misspelt_parameter_is_refused_with_the_nearest_that_there_is(misspelt: str, meant: str) -> None:
    ((code, sentence),) = errors(f"/v1/attainment?{QUERY}&{misspelt}")
    assert code == "unknown_parameter"
    assert re.search(rf"Nearest: {meant}[,.]", sentence)


def test_a_parameter_near_to_nothing_is_refused_with_all_that_there_are() -> None:
    ((_, sentence),) = errors("/v1/units/20?zzz=1")
    assert sentence == "There is no parameter 'zzz' here. Nearest: date."
    ((_, sentence),) = errors("/v1/plans/lang-son?zzz=1")
    assert sentence == "There is no parameter 'zzz' here. Nearest: –."


def test_a_misspelt_name_is_said_before_what_is_missing_by_it() -> None:
    ((code, sentence),) = errors("/v1/attainment?plan=lang-son&perriod=2024")
    assert (code, sentence.partition(" Nearest")[0]) == ("unknown_parameter", "There is no parameter 'perriod' here.")


@pytest.mark.parametrize("route", ["/v1/attainment", "/v1/obligations"])
@pytest.mark.parametrize("twice", ["period=2023", "period=2024", "knownAt=2024-12-24T10:00:00Z&knownAt="])
def test_a_parameter_of_one_value_is_refused_if_it_has_two(route: str, twice: str) -> None:
    ((code, sentence),) = errors(f"{route}?{QUERY}&{twice}")
    assert code == "invalid_parameter"
    assert sentence.endswith(" is not valid: may be given only once.")


def test_a_parameter_that_may_repeat_is_taken_as_often_as_it_is_there() -> None:
    answer = ask(application(), f"/v1/obligations?{QUERY}&state=late&state=missing")
    assert answer.status_code == 200


def test_all_that_is_wrong_is_said_at_once_but_never_without_end() -> None:
    assert [code for code, _ in errors(f"/v1/attainment?{QUERY}&a=1&plan=x&b=2")] == [
        "unknown_parameter",
        "unknown_parameter",
        "invalid_parameter",
    ]
    endless = "&".join(f"{'x' * 200}{n}=1" for n in range(200))
    said = errors(f"/v1/plans?{endless}")
    assert len(said) == 10
    assert all(len(sentence) < 200 for _, sentence in said)


@pytest.mark.parametrize("query", ["&&", "&=", f"&{quote('{parameter}')}=1", "&%FF=1", "&;=1"])
def test_what_is_no_parameter_at_all_is_refused_or_nothing(query: str) -> None:
    answer: Any = ask(application(), f"/v1/attainment?{QUERY}{query}")
    assert (answer.status_code, query) in {(200, "&&"), (400, query)}


def test_an_address_that_is_none_is_not_found_whatever_its_parameters() -> None:
    assert problem(ask(application(), "/nowhere?x=1"))[:2] == (404, "not_found")
