"""Tasks over HTTP: what may be said of them and by whom, and what is answered to whom."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from chitieu.adapters.http import create_app
from chitieu.adapters.metrics import Metrics
from chitieu.contracts.tasks import Shown, task_content
from chitieu.domain.access import AccessKey, KeyRing, digest
from chitieu.domain.registry import Release
from chitieu.domain.rollup import Decided, Decision
from chitieu.domain.task import TaskEvidence, TaskLog, TaskReport, TaskState
from services.api.app import router
from services.api.context import Context
from tests.contract.ingest_service import FakeRegistry, Service, codes
from tests.contract.test_api_http import READS, YEAR, FixedClock, FixedRegistry, application, ask, keys
from tests.unit import small_tasks
from tests.unit.small_release import NATION, PROVINCE
from tests.unit.small_tasks import LABOUR, PLAN, POLICE

PUT = "/v1/tasks/lang-son/labour/1"
DONE = {
    "state": "done",
    "note": "Bà Hoa đã hướng dẫn",
    "evidence": [{"title": "Công văn 12", "url": "https://example.vn/12.pdf"}],
}
SAID = datetime(2024, 12, 20, tzinfo=UTC)


@dataclass
class Offices(FakeRegistry):
    """Keys of the agencies of Lạng Sơn and of others."""

    keys: KeyRing = field(default_factory=KeyRing)

    def __post_init__(self) -> None:
        for id_, unit in (
            ("north", PROVINCE),
            ("nation", NATION),
            ("labour", LABOUR),
            ("police", POLICE),
            ("district", "201@2021-01-01"),
            ("elsewhere", "30@2008-08-01"),
        ):
            self.keys.add(AccessKey(id_, digest("secret"), unit, frozenset({"reports:write"})))
        self.keys.add(AccessKey("reader", digest("secret"), NATION, frozenset({"attainment:read"})))

    @property
    def release(self) -> Release:
        return small_tasks.RELEASE


def service() -> Service:
    return Service(registry=Offices())


def test_what_is_said_of_a_task_is_written_to_the_log_of_tasks_and_taken_with_a_receipt() -> None:
    here = service()
    answer = here.put(DONE, PUT, headers={"Idempotency-Key": "a", "If-Match": '"3"'})
    assert answer.status_code == 202, answer.text
    (event,) = here.log.tasks
    shown = [Shown("Công văn 12", "https://example.vn/12.pdf")]
    assert (event.plan, event.task, event.state, event.note) == ("lang-son", "labour/1", "done", DONE["note"])
    assert (event.evidence, event.author, event.replaces, event.release) == (shown, "north", 3, 7)
    assert event.content == task_content(TaskState.DONE, str(DONE["note"]), shown)
    receipt = answer.json()
    assert receipt["submission"] == event.submission.hex()
    assert receipt["location"] == answer.headers["location"] == PUT
    assert here.log.events == []
    assert here.metrics.value("chitieu_reports_published_total", kind="task") == 1


def test_a_retry_with_the_same_key_is_the_same_submission() -> None:
    here = service()
    for key in ("a", "a", "b"):
        assert here.put(DONE, PUT, headers={"Idempotency-Key": key}).status_code == 202
    first, again, other = (event.submission for event in here.log.tasks)
    assert first == again != other


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("north", 202),
        ("nation", 202),
        ("labour", 202),
        ("police", 403),
        ("district", 403),
        ("elsewhere", 403),
        ("reader", 403),
        (None, 401),
    ],
)
def test_a_task_is_reported_by_the_plans_area_its_owner_and_whoever_stands_above_them(
    key: str | None, status: int
) -> None:
    here = service()
    assert here.put(DONE, PUT, key=key).status_code == status
    assert len(here.log.tasks) == (status == 202)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([], ("not_an_object", "")),
        ({}, ("missing_member", "")),
        ({"state": "finished"}, ("not_one_of", "/state")),
        ({"state": "not_reported"}, ("not_one_of", "/state")),
        ({"state": ["done"]}, ("not_one_of", "/state")),
        ({"state": "done", "notes": "x"}, ("unknown_member", "/notes")),
        ({"state": "done", "note": 5}, ("not_a_string", "/note")),
        ({"state": "done", "note": "x" * 1001}, ("too_long", "/note")),
        ({"state": "done", "note": "x" * 100_000}, ("too_long", "/note")),
        ({"state": "done", "evidence": {}}, ("not_an_array", "/evidence")),
        ({"state": "done", "evidence": ["x"]}, ("not_an_object", "/evidence/0")),
        ({"state": "done", "evidence": [{"url": "https://a.vn"}]}, ("missing_member", "/evidence/0")),
        ({"state": "done", "evidence": [{"title": " ", "url": "https://a.vn"}]}, ("empty_text", "/evidence/0/title")),
        (
            {"state": "done", "evidence": [{"title": "a", "url": "https://a.vn"}] * 21},
            ("too_many_items", "/evidence"),
        ),
        (
            {"state": "done", "evidence": [{"title": "a", "url": "https://a.vn", "x": 1}]},
            ("unknown_member", "/evidence/0/x"),
        ),
    ],
)
def test_what_cannot_be_taken_is_refused_where_it_stands(body: object, expected: tuple[str, str]) -> None:
    here = service()
    assert codes(here.put(body, PUT)) == [expected]
    assert here.log.tasks == []


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://example.vn/a",
        "//example.vn/a",
        "example.vn/a",
        "https://",
        "https:///a",
        "https://vn@evil.example/a",
        "https://a.vn:port/",
        "https://a.vn:99999/",
        "https://[::1/",
        "https://a.vn/\u202etxt",
        "https://a.vn/a b",
        "https:\\\\a.vn",
        "java\nscript:alert(1)",
        "",
    ],
)
def test_evidence_is_a_link_that_a_reader_may_follow(url: str) -> None:
    here = service()
    answer = here.put({"state": "done", "evidence": [{"title": "a", "url": url}]}, PUT)
    assert codes(answer) == [("not_a_link", "/evidence/0/url")]


@pytest.mark.parametrize("url", ["http://a.vn", "HTTPS://A.VN:8443/a?b=c#d", "https://xã.vn/báo-cáo.pdf"])
def test_a_link_is_taken_as_it_was_written(url: str) -> None:
    here = service()
    assert here.put({"state": "done", "evidence": [{"title": "a", "url": url}]}, PUT).status_code == 202
    assert here.log.tasks[0].evidence[0].url == url


def test_every_mistake_is_said_at_once() -> None:
    body = {"state": "x", "note": 1, "evidence": [{"title": 1, "url": "x"}], "more": 1}
    answer = service().put(body, PUT)
    assert sorted(pointer for _, pointer in codes(answer)) == [
        "/evidence/0/title",
        "/evidence/0/url",
        "/more",
        "/note",
        "/state",
    ]


def test_a_plan_or_task_that_is_none_is_not_found_and_the_nearest_is_named() -> None:
    plan = service().put(DONE, "/v1/tasks/lang-son-1/labour/1")
    assert plan.status_code == 404
    assert plan.json()["title"] == "There is no plan 'lang-son-1'. Nearest: lang-son, huu-lung."
    task = service().put(DONE, "/v1/tasks/lang-son/labor/1")
    assert task.status_code == 404
    assert task.json()["title"].startswith("Plan 'lang-son' has no task 'labor/1'. Nearest: labour/1, labour/2")


@pytest.mark.parametrize(
    ("outcome", "status", "code"),
    [
        (Decided(Decision.ACCEPTED, 4), 200, None),
        (Decided(Decision.UNCHANGED, 4), 200, None),
        (Decided(Decision.CONFLICT, 4), 412, "conflict"),
        (Decided(Decision.KEY_REUSED, 4), 409, "key_reused"),
        (TimeoutError, 202, None),
        (None, 202, None),
    ],
)
def test_whoever_waits_is_told_what_became_of_it(outcome: Any, status: int, code: str | None) -> None:
    here = service()
    here.tasks.outcome = outcome
    answer = here.put(DONE, PUT, headers={"Prefer": "wait=5", "If-Match": '"3"'})
    assert answer.status_code == status
    assert here.tasks.asked == [(0, 0, 5)]
    assert here.outcomes.asked == []
    if status != 202:
        assert answer.headers["etag"] == '"4"'
    if code is not None:
        assert codes(answer) == [(code, "")]


def test_a_log_that_is_away_is_said_so() -> None:
    here = service()
    here.log.away_from = 0
    answer = here.put(DONE, PUT)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


# Reading.


@dataclass
class Told:
    log: TaskLog = field(default_factory=TaskLog)
    ready: bool = True
    position: int = 5


class Definitions(FixedRegistry):
    release = small_tasks.RELEASE
    before = replace(small_tasks.RELEASE, number=3)


TOLD = Told()
APP = create_app(
    "api",
    [router(Context(READS, Definitions(keys()), FixedClock(), tasks=TOLD))],
    Metrics(),
    {"registry": lambda: True},
)


def said(*told: tuple[str, TaskState], at: datetime = SAID, note: str = "Bà Hoa") -> None:
    """From now on only this was said, a day apart."""
    TOLD.log, TOLD.ready = TaskLog(), True
    for number, (task, state) in enumerate(told):
        evidence = (TaskEvidence("Công văn", "https://a.vn/1"),)
        content = task_content(state, note, [])
        report = TaskReport(PLAN.id, task, state, note, evidence, "k1", number.to_bytes(16, "big"), content)
        TOLD.log.apply(report, at + timedelta(days=number))


def listed(query: str = "", key: str = "province") -> dict[str, Any]:
    answer = ask(APP, f"/v1/tasks{query}", key)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ids(query: str = "") -> list[str]:
    return [one["task"] for one in listed(query)["items"]]


def test_a_task_that_nobody_has_reported_on_is_not_called_not_started() -> None:
    said(("labour/2", TaskState.NOT_STARTED))
    found = {one["task"]: one for one in listed("?plan=lang-son")["items"]}
    assert (found["labour/2"]["state"], found["labour/2"]["revision"]) == ("not_started", 1)
    assert (found["labour/1"]["state"], found["labour/1"]["revision"]) == ("not_reported", 0)
    assert found["labour/1"]["last"] is None
    assert (found["labour/1"]["overdue"], found["labour/1"]["due"]) == (True, "2024-12-25")


def test_tasks_are_picked_by_plan_area_owner_and_state_and_counted_whatever_their_state() -> None:
    said(("labour/1", TaskState.DONE), ("police/1", TaskState.IN_PROGRESS))
    assert ids() == ["all/1", "labour/1", "labour/2", "police/1", "districts/1"]
    assert ids("?plan=huu-lung") == ["all/1"]
    assert ids("?area=20") == ids()
    assert ids("?area=201@2021-01-01") == ["all/1"]
    assert ids("?area=30") == []
    assert ids("?owner=cong%20an") == ["police/1"]
    assert ids("?state=done&state=in_progress") == ["labour/1", "police/1"]
    states = {"not_reported": 2, "not_started": 0, "in_progress": 1, "done": 1, "not_applicable": 0}
    assert listed("?plan=lang-son&state=done")["counts"] == {"states": states, "overdue": 0}


def test_a_list_is_read_page_by_page() -> None:
    said()
    first = listed("?limit=2")
    rest = listed(f"?limit=5&cursor={first['next']}")
    assert [one["task"] for one in (*first["items"], *rest["items"])] == ids()
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("?plan=x", 404, "unknown_plan"),
        ("?area=nowhere", 404, "unknown_area"),
        ("?state=finished", 400, "invalid_parameter"),
        ("?knownAt=yesterday", 400, "invalid_parameter"),
        ("?asOfHierarchy=today", 400, "unknown_parameter"),
        ("/lang-son/labour", 404, "unknown_task"),
        ("/x/labour/1", 404, "unknown_plan"),
    ],
)
def test_what_does_not_exist_or_cannot_be_read_is_refused(path: str, status: int, code: str) -> None:
    assert codes(ask(APP, f"/v1/tasks{path}"))[0][0] == code
    assert ask(APP, f"/v1/tasks{path}").status_code == status


def history(query: str = "", key: str = "province", task: str = "labour/1") -> httpx.Response:
    return ask(APP, f"/v1/tasks/lang-son/{task}{query}", key)


def test_a_task_is_shown_with_all_that_was_said_of_it() -> None:
    said(("labour/1", TaskState.IN_PROGRESS), ("labour/1", TaskState.DONE))
    answer = history()
    found = answer.json()
    assert answer.headers["etag"] == '"2"'
    assert (found["state"], found["revision"], found["overdue"]) == ("done", 2, False)
    assert [(one["revision"], one["state"]) for one in found["revisions"]] == [(1, "in_progress"), (2, "done")]
    assert found["last"] == found["revisions"][-1]
    assert found["last"]["evidence"] == [{"title": "Công văn", "url": "https://a.vn/1"}]
    assert (found["as_of"]["position"], found["as_of"]["today"]) == (5, "2024-12-26")


@pytest.mark.parametrize(("key", "seen"), [("nation", True), ("province", True), ("elsewhere", False)])
def test_what_people_typed_is_seen_only_by_those_who_answer_for_the_task(key: str, seen: bool) -> None:
    said(("labour/1", TaskState.DONE))
    shown = {"title": "Công văn", "url": "https://a.vn/1"} if seen else {"title": None, "url": None}
    for found in (history(key=key).json(), listed("?state=done", key)["items"][0]):
        assert found["last"]["note"] == ("Bà Hoa" if seen else None)
        assert found["last"]["evidence"] == [shown]
        assert ("Hoa" in str(found)) is ("a.vn" in str(found)) is seen


def test_a_moment_of_the_past_shows_what_had_been_said_and_judges_by_its_day() -> None:
    said(("labour/1", TaskState.IN_PROGRESS), ("labour/1", TaskState.DONE))
    then = history("?knownAt=2024-12-20T12:00:00Z").json()
    assert (then["state"], then["revision"], len(then["revisions"])) == ("in_progress", 1, 1)
    assert (then["as_of"]["today"], then["overdue"]) == ("2024-12-20", False)
    earlier = history("?knownAt=2024-12-19T12:00:00Z")
    assert (earlier.json()["state"], earlier.headers["etag"]) == ("not_reported", '"0"')


def test_an_answer_that_is_known_is_not_sent_again_until_something_is_said() -> None:
    said(("labour/1", TaskState.IN_PROGRESS))
    tag = ask(APP, "/v1/tasks").headers["etag"]
    assert ask(APP, "/v1/tasks", tag=tag).status_code == 304
    said(("labour/1", TaskState.IN_PROGRESS), ("labour/1", TaskState.DONE))
    assert ask(APP, "/v1/tasks", tag=tag).status_code == 200
    assert ask(APP, "/v1/tasks", "elsewhere").headers["etag"] != ask(APP, "/v1/tasks").headers["etag"]


def test_before_all_of_it_is_read_nobody_is_told_that_nothing_was_said() -> None:
    said()
    TOLD.ready = False
    for path in ("/v1/tasks", PUT, "/v1/attainment?plan=lang-son&period=2024"):
        answer = ask(APP, path)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


def test_the_figures_of_a_plans_own_area_come_with_its_tasks_and_those_of_others_without() -> None:
    application(cells=YEAR)
    said(("labour/1", TaskState.DONE))
    own = ask(APP, "/v1/attainment?plan=lang-son&period=2024")
    assert own.json()["tasks"] == listed("?plan=lang-son")["counts"]
    assert ask(APP, "/v1/attainment?plan=lang-son&period=2024&area=201").json()["tasks"] is None
    said(("labour/1", TaskState.IN_PROGRESS))
    again = ask(APP, "/v1/attainment?plan=lang-son&period=2024", tag=own.headers["etag"])
    assert (again.status_code, again.json()["tasks"]["overdue"]) == (200, 1)


def test_whoever_may_report_may_read_and_nobody_without_a_key() -> None:
    said()
    assert [ask(APP, "/v1/tasks", key).status_code for key in ("writer", "nation", None)] == [200, 200, 401]
