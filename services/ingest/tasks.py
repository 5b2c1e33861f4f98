"""A task of a plan: PUT says what has become of it."""

from fastapi import APIRouter, Request, Response

from chitieu.adapters.clock import Clock, today
from chitieu.contracts.events import encode, submission_id
from chitieu.contracts.tasks import TaskEvent, task_content
from chitieu.domain.access import AccessKey
from chitieu.domain.errors import Refused
from chitieu.domain.named import find_plan, find_task
from chitieu.domain.plan import Plan, Task
from chitieu.domain.registry import Release
from chitieu.domain.task import holders
from services.ingest import openapi
from services.ingest.body import JSON, media_type, read_body
from services.ingest.outcome import outcome, told
from services.ingest.receipt import TaskReceipt, task_location, task_receipt
from services.ingest.said_task import read_task
from services.ingest.service import Ingest
from services.ingest.strict_json import read_json
from services.ingest.wishes import Wishes, read_wishes

PATH = "/v1/tasks/{plan}/{task:path}"


def add_routes(router: APIRouter, ingest: Ingest) -> None:
    @router.put(
        PATH, status_code=202, response_model=TaskReceipt, openapi_extra=openapi.TASK, responses=openapi.TASK_ANSWERS
    )
    async def send_task(request: Request, plan: str, task: str) -> Response:
        """Say what has become of a task: its state, a note, documents that show it. Safe to repeat."""
        caller, wishes = ingest.caller(request), read_wishes(request)
        media_type(request, JSON)
        body = read_json(await read_body(request, ingest.settings.max_body_bytes), ingest.settings.max_depth)
        event = _event(ingest, caller, wishes, (plan, task), body)
        at = await ingest.publish_task(event)
        decided = await outcome(ingest.tasks, at, wishes)
        receipt = encode(task_receipt(event, at, decided).model_dump(exclude_none=True))
        return told(receipt, task_location(event), event.replaces, decided, wishes)


def _event(ingest: Ingest, caller: AccessKey, wishes: Wishes, address: tuple[str, str], body: object) -> TaskEvent:
    """Raises NotFound, Refused for a key that holds neither the plan's area nor an owner, InvalidReport."""
    release = ingest.release
    plan = find_plan(release, address[0])
    task = find_task(plan, address[1])
    _check_holder(release, plan, task, caller, ingest.clock)
    said = read_task(body)
    if wishes.key is None:
        submission = ingest.token(16)
    else:
        submission = submission_id(caller.id, wishes.key, "task", plan.id, task.id)
    return TaskEvent(
        plan=plan.id,
        task=task.id,
        state=said.state,
        author=caller.id,
        release=release.number,
        submission=submission,
        content=task_content(said.state, said.note, said.evidence),
        note=said.note,
        evidence=said.evidence,
        replaces=wishes.replaces,
    )


def _check_holder(release: Release, plan: Plan, task: Task, caller: AccessKey, clock: Clock) -> None:
    paths = holders(release, plan, task, today(clock))
    if not any(release.tree.covers(caller.unit, [unit.id for unit in path]) for path in paths):
        area = release.area_of(plan)
        raise Refused.of("forbidden_unit", unit=plan.area if area is None else area.id)
