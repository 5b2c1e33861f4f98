"""The client's tasks on the real services: what is said of one arrives as it was said, and is read as answered."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest

from chitieu.client import AsyncClient, Client, ProblemError
from chitieu.client.task_answers import Evidence
from chitieu.contracts.tasks import Shown
from chitieu.domain.access import presented
from chitieu.domain.rollup import Decided, Decision
from chitieu.domain.task import TaskState
from tests.contract.ingest_service import Service
from tests.contract.test_tasks_http import APP, SAID, Offices, said
from tests.support.local_http import serving

SHOWN = [("Công văn 12", "https://example.vn/12.pdf")]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with serving(APP) as url, Client(url, presented("province", "s")) as one:
        yield one


def test_tasks_are_read_with_their_state_their_evidence_and_how_many_stand_where(client: Client) -> None:
    said(("labour/1", TaskState.DONE), ("police/1", TaskState.IN_PROGRESS))
    found = client.tasks("lang-son", owner="cong an", state=["done", "in_progress"])
    (task,) = found.items
    assert (task.task, task.state, task.revision, task.due) == ("police/1", "in_progress", 1, date(2024, 12, 26))
    assert task.last is not None
    assert (task.last.note, task.last.evidence) == ("Bà Hoa", [Evidence(title="Công văn", url="https://a.vn/1")])
    assert (found.counts.states["in_progress"], found.next, found.as_of.position) == (1, None, 5)


def test_pages_of_tasks_follow_each_other(client: Client) -> None:
    first = client.tasks(limit=3)
    second = client.tasks(limit=3, cursor=first.next)
    assert [one.task for one in (*first.items, *second.items)] == [
        "all/1",
        "labour/1",
        "labour/2",
        "police/1",
        "districts/1",
    ]


def test_a_task_is_read_with_all_that_was_said_of_it_and_as_it_was_known_then(client: Client) -> None:
    said(("labour/1", TaskState.IN_PROGRESS), ("labour/1", TaskState.DONE))
    assert [one.state for one in client.task("lang-son", "labour/1").revisions] == ["in_progress", "done"]
    then = client.task("lang-son", "labour/1", known_at=SAID + timedelta(hours=1))
    assert (then.state, then.revision) == ("in_progress", 1)
    with pytest.raises(ProblemError) as unknown:
        client.task("lang-son", "../labour/1")
    assert unknown.value.status == 404


def test_what_is_said_of_a_task_is_sent_under_one_key_and_answered_with_a_typed_receipt() -> None:
    service = Service(registry=Offices())
    service.tasks.outcome = Decided(Decision.ACCEPTED, 4)
    with serving(service.app()) as url, Client(url, presented("north", "secret")) as one:
        send = partial(one.put_task, "lang-son", "labour/1", "done", note="Đã hướng dẫn", evidence=SHOWN, key="a")
        receipt, again = send(if_match=3, wait=5), send()
    event, repeated = service.log.tasks
    assert (event.plan, event.task, event.state, event.note) == ("lang-son", "labour/1", "done", "Đã hướng dẫn")
    assert (event.evidence, event.replaces, event.submission) == ([Shown(*SHOWN[0])], 3, repeated.submission)
    assert (receipt.status, receipt.decision, receipt.revision) == ("decided", "accepted", 4)
    assert (again.status, again.decision) == ("accepted for counting", None)
    assert receipt.location == "/v1/tasks/lang-son/labour/1"


def test_a_task_that_another_has_changed_since_is_not_overwritten() -> None:
    service = Service(registry=Offices())
    service.tasks.outcome = Decided(Decision.CONFLICT, 5)

    async def send(url: str) -> None:
        async with AsyncClient(url, presented("north", "secret")) as one:
            await one.put_task("lang-son", "labour/1", "done", if_match=3, wait=5)

    with serving(service.app()) as url, pytest.raises(ProblemError) as refused:
        asyncio.run(send(url))
    assert (refused.value.status, refused.value.code) == (412, "conflict")


def test_tasks_at_an_instant_without_a_zone_are_not_asked_for(client: Client) -> None:
    with pytest.raises(ValueError, match="no zone"):
        client.tasks(known_at=datetime(2024, 1, 1))
    assert client.tasks(known_at=datetime(2024, 1, 2, tzinfo=UTC)).counts.overdue == 0
