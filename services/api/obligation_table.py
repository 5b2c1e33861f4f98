"""`/v1/obligations` as a table: a row for each unit's duty."""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from chitieu.adapters.table_files import Kind
from chitieu.domain.obligation import Obligation, ObligationState
from chitieu.domain.unit import Unit
from services.api.answers import PROBLEMS
from services.api.attainment import AreaCode, PeriodLabel, PlanId
from services.api.context import Context, unchanged
from services.api.formats import AskedFile, add_table
from services.api.obligations import Asked, FormId, read, receipt_versions, understood
from services.api.tables import Table, in_blocks, remarks, told
from services.api.view import AskedView


@dataclass(frozen=True, slots=True)
class Line:
    """One unit's duty."""

    plan: str
    period: str
    one: Obligation

    @property
    def unit(self) -> Unit:
        return self.one.unit

    @property
    def above(self) -> str:
        """Where the unit stands, nation first."""
        return " / ".join(unit.name for unit in self.one.path[:-1])


TABLE: Table[Line] = Table(
    [
        told("plan", "Kế hoạch", "Plan", lambda line, _: line.plan),
        told("period", "Kỳ", "Period", lambda line, _: line.period),
        told("duty", "Mã nghĩa vụ", "Duty", lambda line, _: line.one.duty.id),
        told("label", "Phải gửi", "Label", lambda line, at: line.one.duty.label.in_language(at)),
        told("form", "Biểu mẫu", "Form", lambda line, _: line.one.duty.form),
        told("to", "Gửi đến", "To", lambda line, _: line.one.duty.to),
        told("unit_id", "Mã đơn vị kèm ngày", "Unit id", lambda line, _: line.unit.id),
        told("unit_code", "Mã đơn vị", "Unit code", lambda line, _: line.unit.code),
        told("unit", "Đơn vị", "Unit", lambda line, _: line.unit.name),
        told("level", "Cấp", "Level", lambda line, _: line.unit.level),
        told("above", "Thuộc", "Above", lambda line, _: line.above),
        told("state", "Trạng thái", "State", lambda line, _: line.one.state.value),
        told("last_day", "Hạn cuối", "Last day", lambda line, _: line.one.last_day, Kind.DATE),
        told("received_on", "Ngày nhận", "Received on", lambda line, _: line.one.received_on, Kind.DATE),
        told("retracted", "Đã rút", "Retracted", lambda line, _: line.one.retracted, Kind.BOOLEAN),
    ]
)


def routes(context: Context) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["obligations"], responses=PROBLEMS)

    async def obligation_table(
        request: Request,
        wanted: AskedFile,
        plan: PlanId,
        period: PeriodLabel,
        view: AskedView,
        area: AreaCode = None,
        form: FormId = None,
        state: Annotated[list[ObligationState] | None, Query(description="only these states")] = None,
    ) -> Response:
        """Every unit's duties of a plan in a period, as CSV, Excel or Parquet."""
        key = context.key(request, "attainment:read")
        at = await context.standpoint(request, view, key)
        asked = understood(at, plan, period, area, form)
        every, progress = await read(at, asked)
        lines = _lines(asked, every, frozenset(state or ObligationState))
        wanted.limit(len(lines))
        etag = wanted.tag(context.etag(key, at, receipt_versions(every)))
        if (same := unchanged(request, etag)) is not None:
            return same
        file = wanted.file(TABLE.columns, remarks(at.as_of(progress), context.notice))
        headers = wanted.headers(etag, "obligations", asked.plan.id, str(asked.period), asked.area.code)
        return await context.table(key, in_blocks(lines), partial(TABLE.rows, language=wanted.language), file, headers)

    add_table(router, "/obligations", obligation_table)
    return router


def _lines(asked: Asked, every: Iterable[Obligation], states: Set[ObligationState]) -> list[Line]:
    return [Line(asked.plan.id, str(asked.period), one) for one in every if one.state in states]
