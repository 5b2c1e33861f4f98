"""The client's models against what the real services answer: everything they have is there, and as it is there."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from chitieu.client import AsyncClient, Client, ProblemError, answers, figure_answers, task_answers
from chitieu.client.answers import Answer
from chitieu.domain.access import presented
from chitieu.domain.correction import Revision
from chitieu.domain.rollup import Decision
from services.api import app as api
from services.api.history import Message
from services.api.settings import ApiSettings
from services.ingest import app as ingest
from services.ingest.settings import IngestSettings
from tests.contract.test_api_http import NOW, PATH, YEAR, application, message
from tests.contract.test_lineage_http import messages
from tests.contract.test_time_http import STOOD
from tests.support.local_http import serving
from tests.unit.small_release import COMMUNE, PROVINCE, cell

# Model of the client -> the schema that the services describe.
SCHEMAS: dict[type[Answer], str] = {
    answers.Receipt: "Receipt",
    answers.Submission: "SubmissionAnswer",
    answers.Report: "ReportAnswer",
    answers.Attainment: "AttainmentAnswer",
    answers.Cascade: "CascadeAnswer",
    answers.Obligations: "ObligationList",
    answers.Units: "UnitList",
    answers.Plans: "PlanList",
    answers.Forms: "FormList",
    answers.FormFields: "FormAnswer",
    figure_answers.Series: "SeriesAnswer",
    figure_answers.Lineage: "LineageAnswer",
    task_answers.Tasks: "TaskList",
    task_answers.TaskHistory: "TaskHistory",
    task_answers.TaskReceipt: "TaskReceipt",
}
# Of the answer's headers.
NOT_IN_BODIES = {"etag"}


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    apps: tuple[FastAPI, ...] = (api.create(ApiSettings()), ingest.create(IngestSettings()))
    return {name: schema for app in apps for name, schema in app.openapi()["components"]["schemas"].items()}


@pytest.mark.parametrize("model", SCHEMAS)
def test_a_model_has_no_member_that_the_interface_lacks(model: type[Answer], schemas: dict[str, Any]) -> None:
    for ours, theirs in pairs(model.model_json_schema(), schemas[SCHEMAS[model]], schemas):
        assert ours["properties"].keys() - NOT_IN_BODIES <= theirs["properties"].keys()


def pairs(ours: Any, theirs: Any, schemas: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """The two schemas and all below them, side by side."""
    own, stack = ours.get("$defs", {}), [(ours, theirs)]
    while stack:
        here, there = (inner(one, known) for one, known in zip(stack.pop(), (own, schemas), strict=True))
        if "properties" not in here:
            continue
        yield here, there
        stack += [(one, there["properties"].get(name, {})) for name, one in here["properties"].items()]


def inner(schema: Any, known: dict[str, Any]) -> Any:
    """What a list, a map, a nullable or a reference is of."""
    while True:
        several = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
        following = schema.get("items") or schema.get("additionalProperties") or (several[0] if several else None)
        if "$ref" in schema:
            schema = known[schema["$ref"].rpartition("/")[2]]
        elif isinstance(following, dict):
            schema = following
        else:
            return schema


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with serving(application()) as url, Client(url, presented("province", "s")) as one:
        yield one


def test_every_answer_is_read(client: Client) -> None:
    application(cells=YEAR, messages=[message(7, Decision.ACCEPTED, 1)])
    calls: list[Callable[[], BaseModel]] = [
        lambda: client.report("xa", "2024", "00001"),
        lambda: client.submission(f"{7:032x}", "0:7"),
        lambda: client.attainment("lang-son", "2024", "20", children=True),
        lambda: client.cascade("201", "2024"),
        lambda: client.obligations("lang-son", "2024", state=["missing", "late"], limit=2),
        lambda: client.units("lang", date=date(2024, 12, 31), level="province"),
        lambda: client.units(under="20", limit=2),
        client.plans,
        client.forms,
        lambda: client.form("xa"),
        lambda: client.series("informed_rate", "20", "2023", "2024"),
        lambda: client.lineage("lang-son", "informed", "2024"),
    ]
    for call in calls:
        assert call().model_dump()


def test_figures_are_exact_and_what_is_withheld_says_so(client: Client) -> None:
    application(cells=YEAR)
    answer = client.attainment("lang-son", "2024", "20", children=True)
    informed = next(one for one in answer.targets if one.target == "informed")
    assert informed.value is not None
    assert (informed.value.exact, informed.value.numerator.value, informed.state) == ("79.5", 318, "at_risk")
    assert answer.children is not None
    assert [child.area.code for child in answer.children] == ["201", "202"]


def test_how_far_it_is_in_people_what_may_come_of_it_and_what_was_corrected_are_read(client: Client) -> None:
    late = datetime(2024, 12, 25, 18, tzinfo=UTC)
    said = Revision(late, (500, 0, 3, 100, 80), (1, 1, 1, 1, 1))
    message = Message(0, 3, Decision.ACCEPTED, 7, PATH, late, said)
    application(cells=YEAR, decided=[(("xa", "2024"), COMMUNE, message)])
    answer = client.attainment("lang-son", "2024", children=True, sort="gap", target="informed")
    one = next(one for one in answer.targets if one.target == "informed")
    assert one.gap is not None and one.range is not None and one.corrected is not None
    assert (one.gap.needed.value, one.gap.counts, one.path_gap) == (2, "person", None)
    assert (one.range.low, one.range.high, one.certain) == ("79.5", "79.5", "not_met")
    assert (one.corrected.revisions, one.corrected.known_at) == (1, late)
    assert answer.children is not None
    contributions = [child.contribution and child.contribution.value for child in answer.children]
    assert contributions == [2, 0]


def test_an_indicator_is_read_over_time_beside_the_year_before(client: Client) -> None:
    application(cells={("xa", "2023", PROVINCE): cell(2, 1000, 2, 2, 400, 300), **YEAR})
    (yearly,) = client.series("informed_rate", "20", "2023", "2024", period_type="year").series
    assert (yearly.series, yearly.period_type, yearly.forms) == ("administrative", "year", ["xa"])
    newest = yearly.points[-1]
    assert (newest.period, newest.exact, newest.last, newest.reported) == ("2024", "79.5", date(2024, 12, 14), 3)
    assert newest.year_before is not None
    assert (newest.year_before.exact, newest.year_before.change) == ("75", "4.5")


def test_a_figure_is_followed_to_its_report_and_to_what_moved_it(client: Client) -> None:
    application(cells=YEAR, stood=STOOD, messages=messages())
    of_province = client.lineage("lang-son", "informed", "2024", limit=1, since=datetime(2024, 12, 1, tzinfo=UTC))
    assert [child.area.code for child in of_province.children] == ["201", "202"]
    assert of_province.moved is not None and of_province.moved.units == 3
    (largest,) = of_province.moved.items
    assert (largest.move, largest.shifts[0].before.state, largest.shifts[0].change.value) == ("sent", None, 80)
    own = client.lineage("lang-son", "informed", "2024", COMMUNE)
    assert [(one.form, one.revision, one.author) for one in own.reports] == [("xa", 2, "k-author")]
    assert own.reports[0].elements[0].said.value == 90


def test_the_trees_of_another_day_and_what_it_leaves_undivided_are_read(client: Client) -> None:
    application(cells=YEAR, stood=STOOD, messages=messages())
    day = client.series("informed_rate", "20", "2024", "2024", hierarchy="2024-12-31").hierarchy
    assert day is not None and day.as_of == date(2024, 12, 31)
    assert client.lineage("lang-son", "informed", "2024", hierarchy="today").hierarchy is not None


def test_both_clients_have_the_same_methods() -> None:
    assert {name for name in dir(Client) if name[0] != "_"} == {name for name in dir(AsyncClient) if name[0] != "_"}


def test_all_targets_that_bind_an_area_are_read(client: Client) -> None:
    application(cells=YEAR)
    groups = client.cascade("201", "2024").groups
    found = {one.target: one for group in groups for one in group.targets}
    assert (found["informed"].set_by.plan, found["informed"].strictest) == ("lang-son", True)
    assert found["informed"].judged is not None and found["informed"].judged.state == "met"


def test_an_answer_that_is_still_good_is_not_sent_again(client: Client) -> None:
    application(cells=YEAR)
    answer = client.attainment("lang-son", "2024")
    assert answer.etag is not None
    assert client.attainment_if_changed(answer.etag, "lang-son", "2024") is None
    assert client.attainment_if_changed('"other"', "lang-son", "2024") == answer


def test_pages_follow_each_other(client: Client) -> None:
    first = client.units(date=date(2024, 12, 31), limit=3)
    second = client.units(date=date(2024, 12, 31), limit=3, cursor=first.next)
    assert len({unit.id for unit in (*first.items, *second.items)}) == 6


def test_the_past_and_the_tree_of_another_day_can_be_asked_for(client: Client) -> None:
    application(cells=YEAR)
    with pytest.raises(ProblemError) as refused:
        client.attainment("lang-son", "2024", hierarchy="yesterday")
    assert "asOfHierarchy" in refused.value.en
    with pytest.raises(ProblemError) as refused:
        client.obligations("lang-son", "2024", known_at=NOW.replace(year=2100))
    assert "knownAt" in refused.value.en
    with pytest.raises(ValueError, match="no zone"):
        client.attainment("lang-son", "2024", known_at=datetime(2024, 1, 1))


def test_a_unit_with_its_day_is_found(client: Client) -> None:
    application(messages=[message(7, Decision.ACCEPTED, 1)])
    assert client.report("xa", "2024", COMMUNE).unit.id == COMMUNE
    with pytest.raises(ProblemError) as unknown:
        client.report("xa", "2024", "../units")
    assert unknown.value.status == 404
