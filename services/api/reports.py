"""`/v1/reports/{form}/{period}/{unit}`: one unit's report as it stands, and its revisions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from chitieu.domain.address import known
from chitieu.domain.disclosure import Count, Private
from chitieu.domain.errors import REPORT, NotFound, not_found
from chitieu.domain.form import Form
from chitieu.domain.named import find_form, unknown_period
from chitieu.domain.period import Period, Window
from chitieu.domain.registry import Release
from chitieu.domain.rollup import Decision, ValueState
from chitieu.domain.unit import Unit
from services.api.answers import PROBLEMS, Number, Text, UnitBrief
from services.api.context import Context, unchanged
from services.api.lookups import unknown_area
from services.api.queries import StoredMessage

_REVISIONS = (Decision.ACCEPTED, Decision.RETRACTED)


@dataclass(slots=True, kw_only=True)
class FieldAnswer(Number):
    state: Literal["reported", "not_applicable", "absent"]


class Revision(BaseModel):
    """`author` is the id of an access key; `reason` is shown inside the unit's subtree only."""

    revision: int
    decision: Literal["accepted", "retracted"]
    known_at: datetime
    submission: str
    author: str
    reason: str | None


class ReportAnswer(BaseModel):
    """`revision` is also the ETag: send it as `If-Match` to replace just this one."""

    form: str
    period: str
    unit: UnitBrief
    revision: int
    retracted: bool
    values: Mapping[str, FieldAnswer] = Field(description="by the form's field keys; empty if retracted")
    revisions: list[Revision] = Field(description="oldest first")
    notice: Text | None


@dataclass(frozen=True, slots=True)
class _Revision:
    message: StoredMessage
    reason: Private


@dataclass(frozen=True, slots=True)
class _Report:
    values: tuple[tuple[str, ValueState, Count], ...]
    revisions: tuple[_Revision, ...]


def routes(context: Context) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["reports"], responses=PROBLEMS)

    @router.get("/reports/{form}/{period}/{unit}", response_model=ReportAnswer)
    async def report(
        request: Request,
        form: Annotated[str, Path(description="id of a form")],
        period: Annotated[str, Path(description="2024, 2024S1 …")],
        unit: Annotated[str, Path(description="code (the unit in force at the period's end) or code@valid_from")],
    ) -> Response:
        """The report in force, field by field: a figure, not applicable, or absent."""
        key = context.key(request, "reports:read")
        release = context.release
        asked, label, whose = _address(release, form, period, unit)
        history, _ = await context.reads.history(asked.id, str(label), whose.id)
        revisions = [message for message in history if message.decision in _REVISIONS]
        if not revisions:
            raise not_found(REPORT, f"{form}/{label}/{whose.id}")
        last = revisions[-1]
        etag = f'"{last.revision}"'
        if (same := unchanged(request, etag)) is not None:
            return same

        def show(shown: _Report) -> ReportAnswer:
            return ReportAnswer(
                form=asked.id,
                period=str(label),
                unit=UnitBrief.of(whose),
                revision=last.revision,
                retracted=last.decision is Decision.RETRACTED,
                values={name: _field(state, count) for name, state, count in shown.values},
                revisions=[_revision(one) for one in shown.revisions],
                notice=context.notice,
            )

        return context.answer(key, _report(asked, history, revisions), show, {"ETag": etag})

    return router


def _address(release: Release, form: str, period: str, reference: str) -> tuple[Form, Period, Unit]:
    """What the path names, whether or not a report may still be sent there. Raises NotFound."""
    found = find_form(release, form)
    try:
        label = Period.parse(period)
    except ValueError:
        raise NotFound(unknown_period(period)) from None
    asked = found.collection(label, lambda day: release.path_on(reference, day))
    if asked is not None:
        return found, label, asked[1][-1]
    unit = release.tree.units.get(reference)
    if unit is None and not known(release, reference):
        raise unknown_area(release.tree, reference, Window().days(label).last)
    if unit is None:
        raise not_found(REPORT, f"{form}/{label}/{reference}"[:200])
    return found, label, unit


def _report(form: Form, history: Sequence[StoredMessage], revisions: Sequence[StoredMessage]) -> _Report:
    # A move changes where the unit stands, and with it who may see.
    placed = [m for m in history if m.decision in (Decision.ACCEPTED, Decision.MOVED)]
    path = placed[-1].path if placed else ()
    last = revisions[-1]
    said = said_values(form, last.values, last.states, path) if last.decision is Decision.ACCEPTED else ()
    return _Report(tuple(said), tuple(_Revision(m, Private(m.reason, path)) for m in revisions))


def said_values(
    form: Form, values: Sequence[int], states: Sequence[int], path: tuple[str, ...]
) -> Iterator[tuple[str, ValueState, Count]]:
    """What a report says, field by field. A retired field is there only if it was filled in."""
    for at, field in enumerate(form.fields):
        state = ValueState(states[at]) if at < len(states) else ValueState.ABSENT
        if field.retired and state is ValueState.ABSENT:
            continue
        value = Fraction(values[at], 10**field.scale) if state is ValueState.REPORTED else None
        yield field.key, state, Count(value, field.sensitive, path, reported=True)


def _field(state: ValueState, count: Count) -> FieldAnswer:
    number = Number.of(count)
    words: dict[ValueState, Literal["reported", "not_applicable", "absent"]] = {
        ValueState.REPORTED: "reported",
        ValueState.NOT_APPLICABLE: "not_applicable",
        ValueState.ABSENT: "absent",
    }
    return FieldAnswer(value=number.value, suppressed=number.suppressed, state=words[state])


def _revision(one: _Revision) -> Revision:
    message = one.message
    return Revision(
        revision=message.revision,
        decision="accepted" if message.decision is Decision.ACCEPTED else "retracted",
        known_at=message.known_at,
        submission=message.submission,
        author=message.author,
        reason=one.reason.text,
    )
