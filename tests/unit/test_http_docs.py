"""What docs/http-api.md says, held against the code it speaks of."""

import asyncio
import json
import re
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic_settings import BaseSettings

from chitieu.contracts.problems import ProblemDetails, status_of
from chitieu.domain.access import SCOPES
from chitieu.domain.attainment import Rule, State
from chitieu.domain.errors import MESSAGES
from chitieu.domain.obligation import ObligationState
from chitieu.domain.period import Period, PeriodKind
from chitieu.domain.plan import Comparator
from chitieu.domain.rollup import Decision
from chitieu.domain.task import LONGEST_NOTE, LONGEST_TITLE, LONGEST_URL, MOST_EVIDENCE, TaskState
from services.api import app as api
from services.api.settings import ApiSettings
from services.ingest import app as ingest
from services.ingest.said import LONGEST_REASON
from services.ingest.settings import IngestSettings
from services.ingest.wishes import LONGEST_WAIT

Json = dict[str, Any]

TEXT = (Path(__file__).parents[2] / "docs" / "http-api.md").read_text("utf-8")
# In no description: for operators, and the description itself.
UNDESCRIBED = {"/livez", "/readyz", "/startupz", "/metrics", "/docs", "/openapi.json"}

_ROUTE = re.compile(r"`(GET|PUT|POST|DELETE) (/[^` ]+)`")
_CODE = re.compile(r"^\| `(\w+)` \| ([45]\d\d) \| (.+) \|$", re.MULTILINE)
_DECISION = re.compile(r"^\| `(\w+)` \| (200|4\d\d) \|", re.MULTILINE)


@cache
def apps() -> tuple[FastAPI, FastAPI]:
    return ingest.create(IngestSettings()), api.create(ApiSettings())


@cache
def described() -> dict[tuple[str, str], Json]:
    """The operations of both services by method and path."""
    operations: dict[tuple[str, str], Json] = {}
    for app in apps():
        for path, methods in app.openapi()["paths"].items():
            operations.update({(method.upper(), path): operation for method, operation in methods.items()})
    return operations


def words(text: str) -> set[str]:
    """Names in code type, also those inside an example such as `at=0:314` or `Idempotency-Key: K`."""
    return set(re.findall(r"[\w-]+", " ".join(re.findall(r"`([^`\n]+)`", text))))


def section(title: str) -> str:
    found = re.search(rf"^## {title}.*?(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found[0]


def members(schemas: Json, schema: Json) -> Iterator[str]:
    """Names of all members of an answer, however deep."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    yield from schema.get("properties", {})
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", []), schema.get("items", {})]
    for one in inner:
        if one:
            yield from members(schemas, one)


def said_problem(template: str, sentence: str) -> bool:
    return re.fullmatch(re.sub(r"\\{\w+\\}", ".+", re.escape(template)), sentence) is not None


def documented_routes() -> set[tuple[str, str]]:
    return {(method, path.partition("?")[0]) for method, path in _ROUTE.findall(TEXT)}


def test_every_route_is_documented_and_every_documented_route_is_there() -> None:
    assert documented_routes() == set(described()) | {("GET", path) for path in UNDESCRIBED}


@pytest.mark.parametrize("path", sorted(UNDESCRIBED))
def test_routes_in_no_description_are_answered(path: str) -> None:
    async def ask() -> int:
        transport = httpx.ASGITransport(apps()[1])
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return (await client.get(path)).status_code

    assert asyncio.run(ask()) in {200, 503}


def test_every_parameter_and_header_is_named() -> None:
    parameters = {p["name"] for operation in described().values() for p in operation.get("parameters", [])}
    in_paths = set(re.findall(r"{(\w+)}", " ".join(path for _, path in described())))
    assert parameters - in_paths - words(TEXT) == set()


def test_every_member_of_an_attainment_is_explained() -> None:
    schemas: Json = apps()[1].openapi()["components"]["schemas"]
    answer: Json = described()["GET", "/v1/attainment"]["responses"]["200"]["content"]["application/json"]["schema"]
    told = words(section("Attainment")) | words(section("What answers share"))
    assert set(members(schemas, answer)) - told == set()


def test_every_member_of_a_form_is_explained() -> None:
    schemas: Json = apps()[1].openapi()["components"]["schemas"]
    answer: Json = described()["GET", "/v1/forms/{form}"]["responses"]["200"]["content"]["application/json"]["schema"]
    examples = set(re.findall(r'"(\w+)":', section("Fields of a form")))
    told = words(section("Fields of a form")) | words(section("What answers share")) | examples
    assert set(members(schemas, answer)) - told == set()


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_either_service_alone_has_the_pages(path: str) -> None:
    async def ask(app: FastAPI) -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://one") as client:
            return (await client.get(path)).status_code

    assert [asyncio.run(ask(app)) for app in apps()] == [200, 200]


def test_the_pages_send_a_key_with_whatever_needs_one() -> None:
    schemes = [app.openapi()["components"]["securitySchemes"] for app in apps()]
    assert schemes[0] == schemes[1]
    named: list[Json] = [{name: []} for name in schemes[0]]
    assert {str(operation.get("security")) for operation in described().values()} == {str(named)}


def test_a_report_s_members_are_named() -> None:
    item = described()["POST", "/v1/reports"]["requestBody"]["content"]["application/x-ndjson"]["schema"]
    assert set(item["properties"]) <= words(section("Many reports"))


def test_the_table_of_codes_is_that_of_the_code() -> None:
    table = [(code, int(status), sentence) for code, status, sentence in _CODE.findall(section("Problems"))]
    expected = sorted(((code, status_of(code), en) for code, (_, en) in MESSAGES.items()), key=lambda row: row[1])
    assert table == expected, "write it as\n" + "\n".join(f"| `{c}` | {s} | {en} |" for c, s, en in expected)


def test_the_example_of_a_problem_is_one() -> None:
    block = re.search(r"```json\n(.+?)```", section("Problems"), re.DOTALL)
    assert block is not None
    problem = ProblemDetails.model_validate_json(block[1])
    assert json.loads(block[1]) == problem.model_dump()
    first = problem.errors[0]
    assert (problem.type, problem.status) == (f"urn:chitieu:problem:{first.code}", status_of(first.code))
    assert (problem.title, problem.detail) == (first.en, first.vi)
    for error in problem.errors:
        vi, en = MESSAGES[error.code]
        assert said_problem(vi, error.vi) and said_problem(en, error.en)


def test_the_decisions_have_the_statuses_of_a_wait() -> None:
    table = {word: int(status) for word, status in _DECISION.findall(section("Not twice"))}
    refused = {Decision.CONFLICT.word: status_of("conflict"), Decision.KEY_REUSED.word: status_of("key_reused")}
    assert table == {d.word: refused.get(d.word, 200) for d in Decision if d is not Decision.MOVED}
    assert Decision.MOVED.word in words(section("Not twice"))


def test_every_state_stands_with_the_rules_that_give_it() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|`]+ \| (.+) \|$", section("Attainment"), re.MULTILINE)
    assert [state for state, _ in rows] and {state for state, _ in rows} == set(State)
    rules = list(chain.from_iterable(re.findall(r"`(\w+)`", told) for _, told in rows))
    assert sorted(rules) == sorted(Rule)


def test_every_comparator_is_named() -> None:
    assert {f"`{one}`" for one in Comparator} <= set(re.findall(r"`[^`\n]+`", section("Attainment")))


def test_every_state_of_an_obligation_is_named() -> None:
    assert set(ObligationState) <= words(section("Who has reported"))


def test_every_state_of_a_task_is_named() -> None:
    assert set(TaskState) <= words(section("Tasks"))


def test_every_scope_is_named() -> None:
    assert all(f"`{scope}`" in section("Keys and scopes") for scope in SCOPES)


def test_an_example_of_every_kind_of_period_is_one() -> None:
    examples = re.findall(r"`(\d[\w-]*)`\s+\((\w+)", section("Forms, periods"))
    assert {Period.parse(label).kind.value: kind for label, kind in examples} == {k: k for k in PeriodKind}


def test_limits_that_can_be_set_are_those_of_the_settings() -> None:
    told = re.findall(r"([\d,]+) [^().:;]+\(`CHITIEU_(\w+)`\)", section("Limits"))
    limits = {name.lower(): int(number.replace(",", "")) for number, name in told}
    fields = {**IngestSettings.model_fields, **ApiSettings.model_fields}
    assert limits == {
        name: field.default for name, field in fields.items() if name.startswith("max_") or name.endswith("_quota")
    }


def test_limits_that_can_not_be_set_are_those_of_the_code() -> None:
    text = " ".join(section("Limits").split())

    def parameter(path: str, name: str) -> Json:
        method = "PUT" if name == "Idempotency-Key" else "GET"
        schema = next(p["schema"] for p in described()[method, path]["parameters"] if p["name"] == name)
        return next((one for one in schema.get("anyOf", []) if one.get("type") != "null"), schema)

    key = parameter("/v1/reports/{form}/{period}/{unit}", "Idempotency-Key")["maxLength"]
    lists = ("/v1/units", "/v1/plans", "/v1/indicators", "/v1/forms", "/v1/obligations", "/v1/tasks")
    limits = {path: parameter(path, "limit") for path in lists}
    assert {one["maximum"] for one in limits.values()} == {1000} and "a `limit` of 1,000" in text
    assert limits["/v1/obligations"]["default"] == limits["/v1/tasks"]["default"]
    assert len({limits[path]["default"] for path in ("/v1/plans", "/v1/indicators", "/v1/forms")}) == 1
    for sentence in (
        f"{LONGEST_WAIT} seconds of `Prefer: wait`",
        f"{key} visible ASCII characters of `Idempotency-Key`",
        f"{LONGEST_REASON} characters of `reason`, {parameter('/v1/units', 'q')['maxLength']} of `q`, "
        f"{LONGEST_NOTE:,} of a task's `note`, {LONGEST_TITLE} and {LONGEST_URL:,} of the `title` and `url` "
        f"of each of {MOST_EVIDENCE} documents",
        f"default units {limits['/v1/units']['default']}, plans, indicators, forms {limits['/v1/plans']['default']}, "
        f"obligations, tasks {limits['/v1/obligations']['default']})",
    ):
        assert sentence in text


def test_the_ports_are_those_of_the_settings() -> None:
    told = dict(re.findall(r"(ingest|api) \(port (\d+)\)", " ".join(TEXT.split())))
    settings: dict[str, type[BaseSettings]] = {"ingest": IngestSettings, "api": ApiSettings}
    assert told == {name: str(one.model_fields["port"].default) for name, one in settings.items()}


def test_every_link_leads_somewhere() -> None:
    def anchor(heading: str) -> str:
        return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")

    docs = Path(__file__).parents[2] / "docs"
    for page, place in re.findall(r"\]\(([\w-]+\.md)?#?([\w-]+)?\)", TEXT):
        text = (docs / page).read_text("utf-8") if page else TEXT
        assert not place or place in {anchor(h) for h in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}, place
