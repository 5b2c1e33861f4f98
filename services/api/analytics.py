"""DHIS2's `GET /api/analytics`: figures of elements and indicators by period and unit, as its clients read them."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import product
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from chitieu.contracts.dhis2 import WebMessage
from chitieu.domain.catalogue import Label
from chitieu.domain.disclosure import Derived
from chitieu.domain.errors import InvalidRequest
from chitieu.domain.fractions import short_text
from chitieu.domain.inquiry import Inquiry
from chitieu.domain.period import Period
from chitieu.domain.unit import Unit
from chitieu.domain.withheld import Name
from services.api.analytics_areas import Areas
from services.api.analytics_place import Place
from services.api.analytics_question import MOST_ROWS, AnalyticsQuestion, Wishes, check_single, read_question
from services.api.answers import AsOf, Text
from services.api.context import Context, unchanged
from services.api.queries import Snapshot
from services.api.view import AskedView, HierarchyAnswer, Standpoint

_COLUMNS = {"dx": "Data", "pe": "Period", "ou": "Organisation unit"}
_UNROUNDED = 10
# Looked up without a pause for other requests: some milliseconds of work.
_ROWS_AT_ONCE = 200
_WITHHELD = Label(
    "Số trẻ em từ 1 đến 5 ngoài địa bàn của khóa không hiển thị, cùng những số liệu có thể suy ra chúng.",
    "Counts of children from 1 to 5 outside the key's subtree are withheld, with all that would give them away.",
)

ANSWERS: dict[int | str, dict[str, Any]] = {
    status: {"model": WebMessage, "description": description}
    for status, description in {
        400: "a parameter can't be honoured",
        401: "no valid access key",
        403: "the key lacks the scope",
        409: "the question can't be answered; errorCode and message say why",
        429: "the key's quota is spent: come again after Retry-After",
        503: "not ready, or a dependency is away: come again after Retry-After",
    }.items()
}


class Header(BaseModel):
    name: str
    column: str
    valueType: Literal["TEXT", "NUMBER"] = "TEXT"  # noqa: N815
    type: Literal["java.lang.String", "java.lang.Double"] = "java.lang.String"
    hidden: bool = False
    meta: bool = True


class Item(BaseModel):
    name: str


class Withheld(BaseModel):
    """Figures that are there and not shown, by the columns of `rows` without the value."""

    note: Text
    rows: list[list[str]]


class MetaData(BaseModel):
    items: dict[str, Item]
    dimensions: dict[str, list[str]]
    suppressed: Withheld | None


class Analytics(BaseModel):
    """DHIS2's table. What nobody reported has no row.

    `hierarchy`, `as_of`, `notice` and `metaData.suppressed` are ours.
    """

    headers: list[Header]
    metaData: MetaData | dict[str, str]  # noqa: N815
    rows: list[list[str]]
    headerWidth: int  # noqa: N815
    width: int
    height: int
    hierarchy: HierarchyAnswer | None = Field(description="the tree of another day, if asked for")
    as_of: AsOf
    notice: Text | None = Field(description="what must be said beside every figure, such as that they are simulated")


@dataclass(frozen=True, slots=True)
class _Figure:
    """`row` has a name for each of dx, pe and ou."""

    row: tuple[str, str, str]
    value: Derived


@dataclass(frozen=True, slots=True)
class _Style:
    """How the answer is written, and what it is about."""

    question: AnalyticsQuestion
    names: Mapping[str, str]
    labels: Mapping[str, str]
    rounded: bool
    meta: bool
    hierarchy: HierarchyAnswer | None


Several = Query(description="dx:…;…, pe:…;… or ou:…;…")
Flag = Annotated[bool, Query()]


def routes(context: Context) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["dhis2"], responses=ANSWERS)

    @router.get("/analytics", response_model=Analytics)
    async def analytics(
        request: Request,
        view: AskedView,
        wishes: Annotated[Wishes, Depends()],
        dimension: Annotated[list[str], Several] = [],  # noqa: B006
        filter: Annotated[list[str], Several] = [],  # noqa: B006
        skipMeta: Flag = False,  # noqa: N803
        skipData: Flag = False,  # noqa: N803
        skipRounding: Flag = False,  # noqa: N803
        displayProperty: Annotated[str, Query(description="names are the same either way")] = "NAME",  # noqa: N803
    ) -> Response:
        """Figures of elements, their fields, and indicators, by period and unit, as DHIS2 answers them."""
        key = context.key(request, "attainment:read")
        at = await context.standpoint(request, view, key)
        question = read_question(at.inquiry.release, dimension, filter, wishes.day(at.today))
        areas = _areas(at.inquiry, question, key.unit)
        places = [] if skipData else await _places(at.inquiry, question, areas)
        wanted = at.wanted_of((one for place in places for one in place.keys), (one.figures() for one in places))
        snapshot = await at.snapshot(wanted.cells)
        etag = context.etag(key, at, snapshot.versions)
        if (same := unchanged(request, etag)) is not None:
            return same
        style = _style(at, question, areas, rounded=not skipRounding, meta=not skipMeta)
        show = partial(_written, style, at.as_of(snapshot.progress), context.notice)

        def answer() -> Response:
            figures = _figures(at.inquiry, places, style, snapshot, wanted.withheld(snapshot))
            return context.answer(key, figures, show, {"ETag": etag})

        # Seconds of work for the largest tables.
        return await asyncio.to_thread(answer)

    return router


def _areas(inquiry: Inquiry, question: AnalyticsQuestion, own: str) -> Mapping[Period, Sequence[Unit]]:
    """Raises NotFound, and InvalidRequest for more rows than are given at once."""
    areas = Areas(inquiry, question.forms, own).of(question.areas, question.periods)
    most = max(len(some) for some in areas.values())
    if "ou" not in question.shown:
        check_single("ou", most)
    rows = len(question.measures) * sum(len(some) for some in areas.values())
    if rows > MOST_ROWS:
        counts = f"dx ({len(question.measures)}), pe ({len(question.periods)}), ou ({most})"
        raise InvalidRequest.of("too_many_rows", limit=MOST_ROWS, rows=rows, counts=counts)
    return areas


async def _places(inquiry: Inquiry, question: AnalyticsQuestion, areas: Mapping[Period, Sequence[Unit]]) -> list[Place]:
    asked, found = inquiry.expectations, []
    for measure, period in product(question.measures, question.periods):
        for at, area in enumerate(areas[period]):
            if at % _ROWS_AT_ONCE == _ROWS_AT_ONCE - 1:
                await asyncio.sleep(0)
            if keys := measure.keys(asked, area, period):
                day = measure.last_day(asked, area, period)
                path = inquiry.seen_from(measure.forms, area, period, day)
                found.append(Place(measure, period, area, keys, path))
    return found


def _style(
    at: Standpoint,
    question: AnalyticsQuestion,
    areas: Mapping[Period, Sequence[Unit]],
    *,
    rounded: bool,
    meta: bool,
) -> _Style:
    """A unit goes by its code, unless it was asked for by its id or another one in the answer has the same code."""
    units = {unit.id: unit for some in areas.values() for unit in some}
    codes = Counter(unit.code for unit in units.values())
    by_id = {id_ for id_, unit in units.items() if id_ in question.areas or codes[unit.code] > 1}
    names = {id_: id_ if id_ in by_id else unit.code for id_, unit in units.items()}
    labels = {
        **{measure.id: measure.label.vi for measure in question.measures},
        **{str(period): period.vi for period in question.periods},
        **{names[id_]: unit.name for id_, unit in units.items()},
        **_COLUMNS,
    }
    hierarchy = at.hierarchy_of(question.forms, question.periods, units.keys())
    return _Style(question, names, labels, rounded, meta, hierarchy)


def _figures(
    inquiry: Inquiry, places: Sequence[Place], style: _Style, snapshot: Snapshot, withheld: Set[Name]
) -> tuple[_Figure, ...]:
    catalogue = inquiry.release.catalogue
    values = (place.measure.value(catalogue, place.keys, snapshot.cells, place.path) for place in places)
    return tuple(
        _Figure((place.measure.id, str(place.period), style.names[place.area.id]), place.marked(value, withheld))
        for place, value in zip(places, values, strict=True)
    )


def _written(style: _Style, as_of: AsOf, notice: Text | None, shown: tuple[_Figure, ...]) -> Analytics:
    columns = style.question.shown
    headers = [Header(name=name, column=_COLUMNS[name]) for name in columns]
    headers.append(Header(name="value", column="Value", valueType="NUMBER", type="java.lang.Double", meta=False))
    whole = {measure.id for measure in style.question.measures if measure.whole}
    rows = [
        [*_row(columns, one), _number(one.value.value, style.rounded and one.row[0] not in whole)]
        for one in shown
        if one.value.value is not None
    ]
    return Analytics(
        headers=headers,
        metaData=_meta(style, shown) if style.meta else {},
        rows=rows,
        headerWidth=len(headers),
        width=len(headers),
        height=len(rows),
        hierarchy=style.hierarchy,
        as_of=as_of,
        notice=notice,
    )


def _row(columns: Sequence[str], figure: _Figure) -> list[str]:
    named = dict(zip(_COLUMNS, figure.row, strict=True))
    return [named[column] for column in columns]


def _meta(style: _Style, shown: Sequence[_Figure]) -> MetaData:
    withheld = [_row(style.question.shown, one) for one in shown if one.value.suppressed]
    return MetaData(
        items={id_: Item(name=label) for id_, label in style.labels.items()},
        dimensions={
            "dx": [measure.id for measure in style.question.measures],
            "pe": [str(period) for period in style.question.periods],
            "ou": list(style.names.values()),
            "co": [],
        },
        suppressed=Withheld(note=Text.of(_WITHHELD), rows=withheld) if withheld else None,
    )


def _number(number: Fraction, rounded: bool) -> str:
    """Rounded as DHIS2 does: to one decimal, below 1 to two (`MathUtils.getRounded`); unrounded means to ten."""
    digits = _UNROUNDED if not rounded else 1 if abs(number) >= 1 else 2
    return short_text(number, digits)
