"""Tasks: what becomes of what is said of them, what was known when, who answers for them, what is overdue."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.contracts.events import encode
from chitieu.contracts.tasks import Shown, TaskEvent, decode_task, task_content
from chitieu.domain.rollup import Decision
from chitieu.domain.task import SAYABLE, TaskLog, TaskReport, TaskStanding, TaskState, TaskTally, holders
from tests.unit.small_tasks import AREA, ENDED, LABOUR, PLAN, POLICE, RELEASE, TASKS

START = datetime(2024, 1, 1, tzinfo=UTC)
TODAY = date(2024, 12, 26)


def report(
    key: int = 1, state: TaskState = TaskState.DONE, replaces: int | None = None, task: str = "labour/1"
) -> TaskReport:
    content = task_content(state, "", [])
    return TaskReport(PLAN.id, task, state, "", (), "key", key.to_bytes(16, "big"), content, replaces)


def decided(*reports: TaskReport) -> list[tuple[str, int]]:
    log = TaskLog()
    return [(one.decision.word, one.revision) for one in (log.apply(report, START) for report in reports)]


def test_what_is_said_first_is_revision_1_and_what_is_said_again_changes_nothing() -> None:
    started = report(2, TaskState.IN_PROGRESS)
    assert decided(report(1), report(1), report(3), started, report(1)) == [
        ("accepted", 1),
        ("duplicate", 1),
        ("unchanged", 1),
        ("accepted", 2),
        ("duplicate", 2),
    ]


def test_another_revision_than_was_seen_is_a_conflict_and_its_retry_is_one_again() -> None:
    late = report(2, TaskState.NOT_STARTED, replaces=0)
    assert decided(report(1), late, late) == [("accepted", 1), ("conflict", 1), ("conflict", 1)]


def test_a_key_used_for_something_else_is_said_loudly() -> None:
    assert decided(report(1), report(1, TaskState.NOT_STARTED)) == [("accepted", 1), ("key_reused", 1)]


def test_tasks_are_decided_each_by_itself() -> None:
    assert decided(report(1), report(1, task="labour/2", replaces=0)) == [("accepted", 1), ("accepted", 1)]


reports = st.builds(
    report,
    st.integers(0, 5),
    st.sampled_from(SAYABLE),
    st.sampled_from((None, None, 0, 1, 2)),
    st.sampled_from(("labour/1", "labour/2")),
)


def slowly(sent: Sequence[TaskReport]) -> list[Decision]:
    """What becomes of each, told from all before it."""
    found: list[Decision] = []
    for at, one in enumerate(sent):
        before = [(sent[i], found[i]) for i in range(at) if sent[i].task == one.task]
        counted = [other for other, decision in before if decision is Decision.ACCEPTED]
        first = next(((other, d) for other, d in before if other.submission == one.submission), None)
        if first is not None and first[0].content != one.content:
            found.append(Decision.KEY_REUSED)
        elif first is not None:
            found.append(Decision.CONFLICT if first[1] is Decision.CONFLICT else Decision.DUPLICATE)
        elif one.replaces is not None and one.replaces != len(counted):
            found.append(Decision.CONFLICT)
        else:
            same = bool(counted) and counted[-1].content == one.content
            found.append(Decision.UNCHANGED if same else Decision.ACCEPTED)
    return found


@given(st.lists(reports, max_size=30), st.integers(-1, 31))
def test_any_log_is_decided_as_its_whole_past_tells_and_a_moment_shows_what_had_come_by_then(
    sent: list[TaskReport], moment: int
) -> None:
    log, times = TaskLog(), [START + timedelta(minutes=at) for at in range(len(sent))]
    assert [log.apply(one, at).decision for one, at in zip(sent, times, strict=True)] == slowly(sent)
    until = START + timedelta(minutes=moment)
    for task in ("labour/1", "labour/2"):
        counted = [
            (one, at)
            for one, at, decision in zip(sent, times, slowly(sent), strict=True)
            if one.task == task and decision is Decision.ACCEPTED
        ]
        known = log.revisions(PLAN.id, task, until)
        assert [(one.said, one.known_at) for one in known] == [(one, at) for one, at in counted if at <= until]
        assert [one.revision for one in log.revisions(PLAN.id, task)] == list(range(1, len(counted) + 1))


@given(st.lists(reports, max_size=20))
def test_a_log_that_is_sent_twice_counts_once(sent: list[TaskReport]) -> None:
    once, twice = TaskLog(), TaskLog()
    for one in sent:
        once.apply(one, START)
    for one in (*sent, *sent):
        twice.apply(one, START)
    for task in ("labour/1", "labour/2"):
        assert once.revisions(PLAN.id, task) == twice.revisions(PLAN.id, task)


@pytest.mark.parametrize(
    ("state", "overdue"),
    [
        (None, [True, False, False, False]),
        (TaskState.NOT_STARTED, [True, False, False, False]),
        (TaskState.IN_PROGRESS, [True, False, False, False]),
        (TaskState.DONE, [False] * 4),
        (TaskState.NOT_APPLICABLE, [False] * 4),
    ],
)
def test_a_task_is_overdue_from_the_day_after_its_last_until_it_is_over(
    state: TaskState | None, overdue: list[bool]
) -> None:
    log = TaskLog()
    if state is not None:
        for task in TASKS:
            log.apply(report(1, state, task=task.id), START)
    every = [TaskStanding(PLAN, task, log.revisions(PLAN.id, task.id)) for task in TASKS]
    assert [one.overdue(TODAY) for one in every] == overdue
    tally = TaskTally.of(every, TODAY)
    assert tally.states[state or TaskState.NOT_REPORTED] == sum(tally.states.values()) == 4
    assert tally.overdue == sum(overdue)


def ends(task: int) -> list[str]:
    return [path[-1].id for path in holders(RELEASE, PLAN, TASKS[task], TODAY)]


def test_the_plans_area_answers_for_every_task_and_so_does_an_agency_that_the_text_names() -> None:
    assert [ends(0), ends(2), ends(3)] == [[AREA[-1], LABOUR], [AREA[-1], POLICE], [AREA[-1]]]
    assert [unit.id for unit in holders(RELEASE, PLAN, TASKS[0], TODAY)[1]] == [*AREA, LABOUR]


def test_an_area_that_has_ended_still_answers_by_the_tree_it_ended_in() -> None:
    (path,) = holders(RELEASE, ENDED, ENDED.tasks["all/1"], date(2026, 1, 1))
    assert [unit.id for unit in path] == [*AREA, "201@2021-01-01"]


def test_an_event_says_in_json_what_it_said() -> None:
    evidence = [Shown("Báo cáo số 12", "https://example.vn/12.pdf")]
    content = task_content(TaskState.DONE, "xong", evidence)
    event = TaskEvent("lang-son", "labour/1", TaskState.DONE, "key", 7, bytes(16), content, "xong", evidence, 3)
    assert decode_task(encode(event)) == event
    assert event.key == b"lang-son/labour/1"
    assert content != task_content(TaskState.DONE, "xong", [])
