"""`/v1/attainment` as a table: a row for each target and area, read, judged and written in blocks of areas."""

from asyncio import to_thread
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from chitieu.adapters.table_files import Kind, Value
from chitieu.domain.attainment import Attainment
from chitieu.domain.catalogue import Element
from chitieu.domain.evidence import Evidence
from chitieu.domain.inquiry import CellKey, Inquiry, Question
from chitieu.domain.period import Period
from chitieu.domain.plan import Plan
from chitieu.domain.reasons import reason
from chitieu.domain.rollup import Cell
from chitieu.domain.unit import Unit
from services.api.answers import PROBLEMS
from services.api.attainment import AreaCode, PeriodLabel, PlanId
from services.api.context import Context, unchanged
from services.api.formats import AskedFile, add_table
from services.api.lookups import find_area, find_level, find_period, find_plan, not_judged
from services.api.queries import Snapshot
from services.api.size import Narrow, check_size
from services.api.tables import Table, count, decimal, exact, remarks, rounded, told
from services.api.view import AskedView, Standpoint, View, Wanted

# Areas read and judged at a time, siblings together: a few megabytes.
_AREAS_AT_ONCE = 100
# From another moment or tree every block is counted again from the reports.
MOST_RECOUNTED_AREAS = 2_000


@dataclass(frozen=True, slots=True)
class Line:
    """One target in one area."""

    plan: str
    period: str
    unit: Unit
    one: Attainment


def _if_any(of: Callable[[Line, Evidence], Value]) -> Callable[[Line, int], Value]:
    """What the evidence says; an area that has ended has none."""
    return lambda line, _: None if line.one.evidence is None else of(line, line.one.evidence)


_numerator = _if_any(lambda _, evidence: count(evidence.numerator))
_denominator = _if_any(lambda _, evidence: count(evidence.denominator))
_exact = _if_any(lambda _, evidence: exact(evidence.value))
_display = _if_any(lambda line, evidence: rounded(evidence.value, line.one.target.bound))
_provisional = _if_any(lambda _, evidence: not evidence.final)
_reported = _if_any(lambda _, evidence: evidence.coverage.reported)
_needed = _if_any(lambda line, _: None if line.one.gap is None else count(line.one.gap.needed))
_spare = _if_any(lambda line, _: None if line.one.gap is None else count(line.one.gap.spare))
_expected = _if_any(lambda _, evidence: evidence.coverage.expected)


def table(elements: Mapping[str, Element]) -> Table[Line]:
    """The columns; what elements count stands in the words of a rule."""
    columns = [
        told("plan", "Kế hoạch", "Plan", lambda line, _: line.plan),
        told("period", "Kỳ", "Period", lambda line, _: line.period),
        told("area_id", "Mã địa bàn kèm ngày", "Area id", lambda line, _: line.unit.id),
        told("area_code", "Mã địa bàn", "Area code", lambda line, _: line.unit.code),
        told("area", "Địa bàn", "Area", lambda line, _: line.unit.name),
        told("level", "Cấp", "Level", lambda line, _: line.unit.level),
        told("parent_code", "Mã cấp trên", "Parent code", lambda line, _: line.unit.parent),
        told("target", "Mã mục tiêu", "Target", lambda line, _: line.one.target.id),
        told("label", "Mục tiêu", "Label", lambda line, at: line.one.target.label.in_language(at)),
        told("indicator", "Chỉ tiêu", "Indicator", lambda line, _: line.one.target.indicator),
        told("series", "Nguồn số liệu", "Series", lambda line, _: line.one.target.series),
        told("unit", "Đơn vị tính", "Unit", lambda line, _: line.one.indicator.unit),
        told("comparator", "So sánh", "Comparator", lambda line, _: line.one.target.comparator.value),
        told("bound", "Mức đề ra", "Bound", lambda line, _: decimal(line.one.target.bound), Kind.DECIMAL),
        told("due", "Hạn", "Due", lambda line, _: line.one.target.due, Kind.DATE),
        told("state", "Trạng thái", "State", lambda line, _: line.one.state.value),
        told("rule", "Vì sao", "Rule", lambda line, at: reason(line.one, elements).in_language(at)),
        told("provisional", "Sơ bộ", "Provisional", _provisional, Kind.BOOLEAN),
        told("numerator", "Tử số", "Numerator", _numerator, Kind.DECIMAL, hidable=True),
        told("denominator", "Mẫu số", "Denominator", _denominator, Kind.DECIMAL, hidable=True),
        told("exact", "Giá trị chính xác", "Exact value", _exact, Kind.EXACT, hidable=True),
        told("display", "Giá trị", "Value", _display, Kind.DECIMAL, hidable=True),
        told("expected", "Mức theo lộ trình", "Expected", lambda line, _: decimal(line.one.expected), Kind.DECIMAL),
        told("needed", "Còn thiếu", "Needed", _needed, Kind.DECIMAL, hidable=True),
        told("spare", "Còn dư", "Spare", _spare, Kind.DECIMAL, hidable=True),
        told("units_reported", "Số đơn vị đã báo cáo", "Units reported", _reported, Kind.INTEGER),
        told("units_expected", "Số đơn vị phải báo cáo", "Units expected", _expected, Kind.INTEGER),
    ]
    return Table(columns)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request understood: the areas, the plan's own first."""

    inquiry: Inquiry
    plan: Plan
    period: Period
    areas: Sequence[Unit]

    @property
    def top(self) -> Unit:
        return self.areas[0]

    def questions(self, areas: Iterable[Unit]) -> list[Question]:
        return [q for unit in areas for q in self.inquiry.questions(self.plan, unit, self.period)]

    def lines(self, block: "_Block", cells: Mapping[CellKey, Cell], today: date) -> list[Line]:
        withheld = block.wanted.deciding.withheld(cells)
        judged = ((one.unit, self.inquiry.judge(one, cells, today, withheld)) for one in block.questions)
        return [Line(self.plan.id, str(self.period), unit, one) for unit, one in judged]

    def block(self, areas: Iterable[Unit], at: Standpoint) -> "_Block":
        questions = self.questions(areas)
        return _Block(questions, at.wanted(questions))

    def blocks(self) -> Iterator[list[Unit]]:
        """The areas some at a time, siblings never apart."""
        block: list[Unit] = []
        for _, siblings in groupby(self.areas, lambda unit: unit.parent):
            block += siblings
            if len(block) >= _AREAS_AT_ONCE:
                yield block
                block = []
        yield block


@dataclass(frozen=True, slots=True)
class _Block:
    """What is asked of some areas, and what has to be read for it."""

    questions: Sequence[Question]
    wanted: Wanted


def routes(context: Context) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["attainment"], responses=PROBLEMS)

    async def attainment_table(
        request: Request,
        wanted: AskedFile,
        plan: PlanId,
        period: PeriodLabel,
        view: AskedView,
        area: AreaCode = None,
        children: Annotated[bool, Query(description="also the areas directly below")] = False,
        level: Annotated[
            str | None, Query(max_length=64, description="also every area of a level below: district, commune …")
        ] = None,
    ) -> Response:
        """Targets of a plan by area, as CSV, Excel or Parquet: a row for each target and area."""
        key = context.key(request, "attainment:read")
        at = await context.standpoint(request, view, key)
        asked = _understood(at, plan, period, area, children, level)
        wanted.limit(len(asked.areas) * len(asked.plan.targets))
        held = await _held(asked, at)
        etag = wanted.tag(context.etag(key, at, held.versions))
        if (same := unchanged(request, etag)) is not None:
            return same
        described = table(at.inquiry.release.catalogue.elements)
        file = wanted.file(described.columns, remarks(at.as_of(held.progress), context.notice))
        headers = wanted.headers(etag, "attainment", asked.plan.id, str(asked.period), asked.top.code, level or "")
        rows = partial(described.rows, language=wanted.language)
        return await context.table(key, _lines(asked, at, held), rows, file, headers)

    add_table(router, "/attainment", attainment_table)
    return router


async def _lines(asked: _Asked, at: Standpoint, held: Snapshot) -> AsyncIterator[list[Line]]:
    for areas in asked.blocks():
        block = await to_thread(asked.block, areas, at)
        cells = await at.block(block.wanted.cells, held)
        yield await to_thread(asked.lines, block, cells, at.today)


async def _held(asked: _Asked, at: Standpoint) -> Snapshot:
    """What all blocks have in common. Where something may be withheld that depends on the whole country."""
    own = asked.block([asked.top], at)
    forms, periods = ({key[part] for key in own.wanted.cells} for part in range(2))
    if not own.wanted.deciding.cells:
        return await at.hold(forms, periods, asked.top.id, [unit.id for unit in asked.areas])
    top = at.inquiry.path(asked.top, at.inquiry.period_end(asked.plan, asked.period))[0]
    return await at.hold(forms, periods, top.id, None)


def _understood(at: Standpoint, plan: str, period: str, area: str | None, children: bool, level: str | None) -> _Asked:
    """Raises NotFound for what does not exist, InvalidRequest for a level that is not below, or for too many areas."""
    inquiry = at.inquiry
    found = find_plan(inquiry.release, plan)
    when = find_period(inquiry, found, period)
    unit = find_area(inquiry, found, area, when)
    if not inquiry.questions(found, unit, when):
        raise not_judged(inquiry, found, period)
    below: list[Unit] = []
    if level is not None:
        below = find_level(inquiry, found, unit, when, level)
    elif children:
        below = [questions[0].unit for questions in inquiry.children(found, unit, when)]
    if at.view != View():
        check_size(len(below), MOST_RECOUNTED_AREAS, Narrow.AREA, Narrow.VIEW)
    return _Asked(inquiry, found, when, [unit, *below])
