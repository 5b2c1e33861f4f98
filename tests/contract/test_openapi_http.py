"""The description of both services in one process, held against what they answer to whatever it allows, and more."""

from collections.abc import MutableMapping
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from chitieu.adapters.http import create_app
from chitieu.adapters.metrics import Metrics
from chitieu.contracts.events import encode
from chitieu.contracts.media_types import XLSX
from chitieu.domain.access import SCOPES, AccessKey, KeyRing, digest, presented
from chitieu.domain.rollup import Decision
from services.api.app import router
from services.api.context import Context
from services.ingest.app import router as ingest_router
from services.ingest.body import NDJSON
from services.ingest.service import Ingest
from services.ingest.settings import IngestSettings
from tests.conftest import PROFILE
from tests.contract.ingest_service import FakeLog, FakeOutcomes
from tests.contract.test_api_http import ID, YEAR, FixedClock, FixedRegistry, TableReads, message
from tests.unit.small_release import COMMUNE, NATION, PLAN

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 100 if PROFILE == "long" else 3
AUTHORIZED = {"Authorization": f"Bearer {presented('everything', 's')}"}
# What there is of each, wherever it is named: what is made up at random is seldom found.
THERE: dict[str, Any] = {
    "plan": PLAN.id,
    "task": "labour/1",
    "with": PLAN.id,
    "form": "xa",
    "form_version": 1,
    "period": "2024",
    "from": "2024",
    "to": "2024",
    "unit": COMMUNE,
    "area": "20",
    "indicator": "informed_rate",
    "target": "informed",
    "sort": "gap",
    "id": ID,
    "values": {"parents": 1200},
    "reason": "sai",
    "asOfHierarchy": "period",
    "knownAt": "2024-12-24",
    "If-Match": '"3"',
    "Prefer": "wait=1",
}


def everything() -> KeyRing:
    ring = KeyRing()
    ring.add(AccessKey("everything", digest("s"), NATION, frozenset(SCOPES)))
    return ring


def combined() -> Any:
    registry, metrics, clock = FixedRegistry(everything()), Metrics(), FixedClock()
    outcomes = FakeOutcomes()
    ingest = Ingest(
        IngestSettings(), registry, outcomes, outcomes, FakeLog(), metrics, clock, lambda size: b"\x07" * size
    )
    context = Context(
        TableReads(cells=YEAR, messages=[message(7, Decision.ACCEPTED, 1, values=[9] * 7, states=[1] * 7)]),
        registry,
        clock,
    )
    return create_app("all", [ingest_router(ingest), router(context)], metrics, {})


@schemathesis.serializer(NDJSON)
def _ndjson(context: Any, value: Any) -> bytes:
    return encode(value) + b"\n"


@schemathesis.serializer(XLSX)
def _workbook(context: Any, value: Any) -> bytes:
    """Bytes, or what is no workbook at all."""
    content = getattr(value, "data", value)
    return content if isinstance(content, bytes) else encode(value)


APP = combined()


def described(*modes: GenerationMode) -> Any:
    """The description, to make requests of that it allows, or does not.

    Not GET /v1/changes: a stream does not end, and tests/integration/test_changes_stream.py follows it.
    """
    schema = schemathesis.openapi.from_asgi("/openapi.json", APP).exclude(path="/v1/changes")
    # At random: every edge of every parameter would take minutes.
    schema.config.phases.update(phases=["fuzzing"])
    schema.config.generation.update(modes=list(modes))
    return schema


anything = described(GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
allowed = described(GenerationMode.POSITIVE)
# The same examples each time, and as they are: to make a failing one smaller may take longer than all others.
few = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@anything.parametrize()  # type: ignore[untyped-decorator]
@few
def test_whatever_is_asked_is_answered_as_described(case: Case[Any]) -> None:
    case.call_and_validate(headers=AUTHORIZED, checks=CHECKS)


@allowed.parametrize()  # type: ignore[untyped-decorator]
@few
def test_what_is_asked_of_things_that_are_there_is_answered_as_described(case: Case[Any]) -> None:
    for part in (case.path_parameters, case.query, case.headers, case.body):
        if isinstance(part, MutableMapping):
            part.update({name: there for name, there in THERE.items() if name in part})
    if "plan" in {one.name for one in case.operation.query}:
        case.query["plan"] = PLAN.id
    # Not together with If-Match.
    case.headers.pop("If-None-Match", None)
    case.call_and_validate(headers=AUTHORIZED, checks=CHECKS)


@anything.parametrize()  # type: ignore[untyped-decorator]
@few
def test_without_a_key_nothing_is_answered_but_as_described(case: Case[Any]) -> None:
    assert case.call_and_validate(checks=CHECKS).status_code >= 400
