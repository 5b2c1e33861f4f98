"""`/v1/series` as a table: a row for each point."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter, Request, Response

from chitieu.adapters.table_files import Kind, Value
from chitieu.domain.catalogue import Indicator
from chitieu.domain.evidence import Evidence
from chitieu.domain.period import PeriodKind
from chitieu.domain.series import Before, Told
from chitieu.domain.unit import Unit
from services.api.answers import PROBLEMS
from services.api.context import Context, unchanged
from services.api.formats import AskedFile, add_table
from services.api.queries import Snapshot
from services.api.series import Asked, AskedSeries, understood
from services.api.tables import Table, count, exact, in_blocks, remarks, rounded, told
from services.api.view import AskedView, Standpoint, Wanted


@dataclass(frozen=True, slots=True)
class Line:
    """One point of one series."""

    indicator: Indicator
    unit: Unit
    source: str
    kind: PeriodKind
    told: Told


def _now(of: Callable[[Evidence], Value]) -> Callable[[Line, int], Value]:
    return lambda line, _: of(line.told.evidence)


def _before(of: Callable[[Before], Value]) -> Callable[[Line, int], Value]:
    """What is told of the year before; a phase has none."""
    return lambda line, _: None if line.told.before is None else of(line.told.before)


_numerator = _now(lambda now: count(now.numerator))
_denominator = _now(lambda now: count(now.denominator))
_exact = _now(lambda now: exact(now.value))
_display = _now(lambda now: rounded(now.value))
_reported = _now(lambda now: now.coverage.reported)
_expected = _now(lambda now: now.coverage.expected)
_before_period = _before(lambda before: str(before.period))
_before_exact = _before(lambda before: exact(before.evidence.value))
_before_display = _before(lambda before: rounded(before.evidence.value))
_change_exact = _before(lambda before: exact(before.change))
_change = _before(lambda before: rounded(before.change))

TABLE: Table[Line] = Table(
    [
        told("indicator", "Chỉ tiêu", "Indicator", lambda line, _: line.indicator.id),
        told("label", "Tên chỉ tiêu", "Label", lambda line, at: line.indicator.label.in_language(at)),
        told("unit", "Đơn vị tính", "Unit", lambda line, _: line.indicator.unit),
        told("area_id", "Mã địa bàn kèm ngày", "Area id", lambda line, _: line.unit.id),
        told("area_code", "Mã địa bàn", "Area code", lambda line, _: line.unit.code),
        told("area", "Địa bàn", "Area", lambda line, _: line.unit.name),
        told("series", "Nguồn số liệu", "Series", lambda line, _: line.source),
        told("period_type", "Loại kỳ", "Kind of period", lambda line, _: line.kind.value),
        told("period", "Kỳ", "Period", lambda line, _: str(line.told.period)),
        told("first", "Từ ngày", "First day", lambda line, _: line.told.days.first, Kind.DATE),
        told("last", "Đến ngày", "Last day", lambda line, _: line.told.days.last, Kind.DATE),
        told("made_of", "Gồm các kỳ", "Made of", lambda line, _: " ".join(line.told.made_of)),
        told("provisional", "Sơ bộ", "Provisional", lambda line, _: line.told.provisional, Kind.BOOLEAN),
        told("numerator", "Tử số", "Numerator", _numerator, Kind.DECIMAL, hidable=True),
        told("denominator", "Mẫu số", "Denominator", _denominator, Kind.DECIMAL, hidable=True),
        told("exact", "Giá trị chính xác", "Exact value", _exact, Kind.EXACT, hidable=True),
        told("display", "Giá trị", "Value", _display, Kind.DECIMAL, hidable=True),
        told("reported", "Số báo cáo đã nhận", "Reports received", _reported, Kind.INTEGER),
        told("expected", "Số báo cáo phải nộp", "Reports expected", _expected, Kind.INTEGER),
        told("before_period", "Kỳ năm trước", "Year before", _before_period),
        told("before_exact", "Trị chính xác năm trước", "Exact then", _before_exact, Kind.EXACT, hidable=True),
        told("before_display", "Giá trị năm trước", "Value then", _before_display, Kind.DECIMAL, hidable=True),
        told("change_exact", "Thay đổi chính xác", "Exact change", _change_exact, Kind.EXACT, hidable=True),
        told("change", "Thay đổi", "Change", _change, Kind.DECIMAL, hidable=True),
    ]
)


def routes(context: Context) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["series"], responses=PROBLEMS)

    async def series_table(request: Request, wanted: AskedFile, wish: AskedSeries, view: AskedView) -> Response:
        """The points of an indicator's series, as CSV, Excel or Parquet."""
        key = context.key(request, "attainment:read")
        at = await context.standpoint(request, view, key)
        asked = understood(at, wish)
        read = asked.wanted(at)
        snapshot = await at.snapshot(read.cells)
        etag = wanted.tag(context.etag(key, at, snapshot.versions))
        if (same := unchanged(request, etag)) is not None:
            return same
        file = wanted.file(TABLE.columns, remarks(at.as_of(snapshot.progress), context.notice))
        headers = wanted.headers(etag, "series", wish.indicator, asked.unit.code, wish.first, wish.last)
        rows = partial(TABLE.rows, language=wanted.language)
        return await context.table(key, in_blocks(_lines(asked, at, read, snapshot)), rows, file, headers)

    add_table(router, "/series", series_table)
    return router


def _lines(asked: Asked, at: Standpoint, read: Wanted, snapshot: Snapshot) -> list[Line]:
    each = zip(asked.series, asked.told(at, read, snapshot), strict=True)
    return [Line(asked.indicator, asked.unit, one.source, one.kind, point) for one, points in each for point in points]
