"""Every request to the interface, described: what is sent, where to, and how its answer is read."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Concatenate, ParamSpec

import httpx
from pydantic import TypeAdapter

from chitieu.client import answers
from chitieu.client.answers import Attainment, LineResult, Receipt, Submission
from chitieu.client.describing import get, params, segment, write
from chitieu.client.exchange import KEY_HEADER, Call, Service
from chitieu.client.figure_answers import Lineage, Series
from chitieu.client.task_answers import TaskHistory, TaskReceipt, Tasks
from chitieu.contracts.media_types import XLSX

P = ParamSpec("P")

# A figure; "1.234,5" as Vietnamese text; "n/a" not applicable; None absent.
Figure = int | Decimal | str | None
Values = Mapping[str, Figure]

_LINES = TypeAdapter(list[LineResult])


def put_report(
    form: str,
    period: str,
    unit: str,
    values: Values,
    *,
    form_version: int | None = None,
    if_match: int | None = None,
    key: str | None = None,
    wait: int | None = None,
) -> Call[Receipt]:
    """Send a unit's report, or a new revision of it. `if_match` is the revision it replaces, 0: there must be none yet.

    `wait` is seconds (1–30) until the figures show it: a conflict or a key used before is then a ProblemError.
    """
    said: dict[str, object] = {"values": exactly(values)}
    if form_version is not None:
        said["form_version"] = form_version
    return write(Receipt, "PUT", _place(form, period, unit), said, if_match, key, wait)


def retract(
    form: str,
    period: str,
    unit: str,
    reason: str,
    *,
    if_match: int | None = None,
    key: str | None = None,
    wait: int | None = None,
) -> Call[Receipt]:
    """Take a unit's report back, and say why."""
    return write(Receipt, "DELETE", _place(form, period, unit), {"reason": reason}, if_match, key, wait)


def report(form: str, period: str, unit: str) -> Call[answers.Report]:
    """A unit's report as it stands, field by field, with its revisions."""
    return get(answers.Report, _place(form, period, unit))


def send_workbook(content: bytes, *, key: str | None = None) -> Call[list[LineResult]]:
    """Send a filled Excel template: a result a sheet. If one is wrong, a ProblemError names its cells."""
    headers = {} if key is None else {KEY_HEADER: key}
    return _workbook("/v1/workbooks", content, headers, keyed=True)


def validate_workbook(content: bytes) -> Call[list[LineResult]]:
    """What `send_workbook` would say, without sending."""
    return _workbook("/v1/workbooks:validate", content, {}, keyed=False)


def submission(id_: str, at: str | None = None) -> Call[Submission]:
    """What became of a message: its id as the receipt has it, `at` its partition:position."""
    return get(Submission, f"/v1/submissions/{segment(id_)}", at=at)


def attainment(
    plan: str,
    period: str,
    area: str | None = None,
    *,
    children: bool = False,
    sort: str | None = None,
    target: str | None = None,
    hierarchy: str | None = None,
    known_at: datetime | None = None,
) -> Call[Attainment]:
    """How far an area (default: the plan's) is from each target of a plan in a period.

    With children, `sort="gap"` puts those first that add most to the shortfall of a `target`. By the tree of the
    period, of `today` or of another day (`hierarchy`), and by what was known at an instant.
    """
    asked = params(
        plan=plan,
        period=period,
        area=area,
        children=children or None,
        sort=sort,
        target=target,
        asOfHierarchy=hierarchy,
        knownAt=known_at,
    )
    return Call("GET", "/v1/attainment", _tagged, asked)


def _unless_as(
    asked: Callable[P, Call[Attainment]],
) -> Callable[Concatenate[str, P], Call[Attainment | None]]:
    def unless_as(etag: str, /, *args: P.args, **named: P.kwargs) -> Call[Attainment | None]:
        """The same, or None while it is as the answer with this `etag` was."""
        call = asked(*args, **named)
        return Call("GET", call.path, _if_changed, call.params, {"If-None-Match": etag})

    return unless_as


attainment_if_changed = _unless_as(attainment)


def cascade(
    area: str, period: str, *, hierarchy: str | None = None, known_at: datetime | None = None
) -> Call[answers.Cascade]:
    """How far an area is from every target that binds it in a period, whoever set it."""
    return get(
        answers.Cascade,
        "/v1/attainment",
        area=area,
        period=period,
        asOfHierarchy=hierarchy,
        knownAt=known_at,
    )


def obligations(
    plan: str,
    period: str,
    area: str | None = None,
    *,
    state: Iterable[str] = (),
    limit: int | None = None,
    cursor: str | None = None,
    hierarchy: str | None = None,
    known_at: datetime | None = None,
) -> Call[answers.Obligations]:
    """Who has sent what, who is late, who has not; of `items` only those in one of the states, if any are named."""
    return get(
        answers.Obligations,
        "/v1/obligations",
        plan=plan,
        period=period,
        area=area,
        state=state,
        limit=limit,
        cursor=cursor,
        asOfHierarchy=hierarchy,
        knownAt=known_at,
    )


def series(
    indicator: str,
    area: str,
    first: str,
    last: str,
    *,
    period_type: str | None = None,
    hierarchy: str | None = None,
    known_at: datetime | None = None,
) -> Call[Series]:
    """An indicator's figures in an area, period by period from one to another, each beside that of the year before.

    Of all kinds of periods, unless one is named (`period_type`).
    """
    span = {"from": first, "to": last}
    view = {"asOfHierarchy": hierarchy, "knownAt": known_at}
    return get(Series, "/v1/series", indicator=indicator, area=area, **span, periodType=period_type, **view)


def lineage(
    plan: str,
    target: str,
    period: str,
    area: str | None = None,
    *,
    since: datetime | None = None,
    limit: int | None = None,
    cursor: str | None = None,
    hierarchy: str | None = None,
    known_at: datetime | None = None,
) -> Call[Lineage]:
    """What a target's figure is made of in an area (default: the plan's) and right below; what moved it `since`."""
    return get(
        Lineage,
        "/v1/lineage",
        plan=plan,
        target=target,
        period=period,
        area=area,
        since=since,
        limit=limit,
        cursor=cursor,
        asOfHierarchy=hierarchy,
        knownAt=known_at,
    )


def tasks(
    plan: str | None = None,
    area: str | None = None,
    *,
    owner: str | None = None,
    state: Iterable[str] = (),
    limit: int | None = None,
    cursor: str | None = None,
    known_at: datetime | None = None,
) -> Call[Tasks]:
    """Tasks of a plan or of all, of plans of an area or below it, by a part of the owner's name, in some states."""
    return get(
        Tasks,
        "/v1/tasks",
        plan=plan,
        area=area,
        owner=owner,
        state=state,
        limit=limit,
        cursor=cursor,
        knownAt=known_at,
    )


def task(plan: str, task: str, *, known_at: datetime | None = None) -> Call[TaskHistory]:
    """A task with all that was said of it."""
    return get(TaskHistory, _task(plan, task), knownAt=known_at)


def put_task(
    plan: str,
    task: str,
    state: str,
    *,
    note: str | None = None,
    evidence: Iterable[tuple[str, str]] = (),
    if_match: int | None = None,
    key: str | None = None,
    wait: int | None = None,
) -> Call[TaskReceipt]:
    """Say what has become of a task, all anew; `evidence` are titles of documents with their addresses."""
    shown = [{"title": title, "url": url} for title, url in evidence]
    said = {"state": state, "note": note, "evidence": shown}
    return write(TaskReceipt, "PUT", _task(plan, task), said, if_match, key, wait)


def units(
    q: str | None = None,
    *,
    level: str | None = None,
    under: str | None = None,
    date: date | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Call[answers.Units]:
    """Units in force on a day (default: today), by a part of the name, level, or what they lie under."""
    return get(answers.Units, "/v1/units", q=q, level=level, under=under, date=date, limit=limit, cursor=cursor)


def plans(*, limit: int | None = None, cursor: str | None = None) -> Call[answers.Plans]:
    """Every plan, in the order of ids."""
    return get(answers.Plans, "/v1/plans", limit=limit, cursor=cursor)


def forms(*, limit: int | None = None, cursor: str | None = None) -> Call[answers.Forms]:
    """Every form, in the order of ids."""
    return get(answers.Forms, "/v1/forms", limit=limit, cursor=cursor)


def form(id_: str) -> Call[answers.FormFields]:
    """A form with its fields."""
    return get(answers.FormFields, f"/v1/forms/{segment(id_)}")


def exactly(values: Values) -> dict[str, int | str | None]:
    """Figures as the interface reads them. A Decimal becomes Vietnamese text, which is exact; a float is no figure."""
    return {key: _exact(value) for key, value in values.items()}


def _exact(value: object) -> int | str | None:
    if isinstance(value, Decimal):
        return format(value, "f").replace(".", ",")
    if value is None or isinstance(value, int | str):
        return value
    raise TypeError(f"{value!r} is not exact: give an int, a Decimal, text or None")


def _workbook(path: str, content: bytes, headers: Mapping[str, str], *, keyed: bool) -> Call[list[LineResult]]:
    sent = {"Content-Type": XLSX, **headers}
    return Call("POST", path, _lines, (), sent, content, Service.INGEST, keyed)


def _lines(answer: httpx.Response) -> list[LineResult]:
    return _LINES.validate_json(answer.content)


def _place(form: str, period: str, unit: str) -> str:
    return "/v1/reports/" + "/".join(segment(one) for one in (form, period, unit))


def _task(plan: str, task: str) -> str:
    """A task's id holds a slash."""
    return f"/v1/tasks/{segment(plan)}/" + "/".join(segment(one) for one in task.split("/"))


def _tagged(answer: httpx.Response) -> Attainment:
    return Attainment.model_validate_json(answer.content).model_copy(update={"etag": answer.headers.get("ETag")})


def _if_changed(answer: httpx.Response) -> Attainment | None:
    return None if answer.status_code == httpx.codes.NOT_MODIFIED else _tagged(answer)
