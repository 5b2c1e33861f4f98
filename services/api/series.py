"""`/v1/series`: one indicator in one area over time, each period beside the same one of the year before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from chitieu.domain.catalogue import Indicator, Label
from chitieu.domain.errors import InvalidRequest, NotFound
from chitieu.domain.fractions import rounded_text
from chitieu.domain.named import unknown_period
from chitieu.domain.period import Period, PeriodKind, Window
from chitieu.domain.series import Before, Series, Told, courses, tell
from chitieu.domain.unit import Unit
from services.api.answers import PROBLEMS, SUPPRESSED, AsOf, Text, UnitBrief, bound_text
from services.api.context import Context
from services.api.lookups import find_area_at, find_indicator
from services.api.queries import Progress, Snapshot
from services.api.size import Narrow, check_size
from services.api.unjudged import Figure, figure
from services.api.view import AskedView, HierarchyAnswer, Standpoint, View, Wanted

# Ten years of months, quarters, half-years and years.
MOST_POINTS = 200
# Figures of other moments and trees are counted again from the reports: some two seconds' worth.
MOST_REPORTS = 200_000

_BACKWARDS = Label("kỳ này sau kỳ «to»", "it is after `to`")


class PeriodFigure(Figure):
    """What one period says."""

    period: str


class Earlier(PeriodFigure):
    """The same period of the year before."""

    change: str | None = Field(description="this period's value less that one's, exact, in the indicator's unit")
    change_display: str | None
    change_suppressed: Literal["1-5"] | None


class PointAnswer(PeriodFigure):
    first: date
    last: date
    made_of: list[str] = Field(description="the periods its figures were reported for, if not its own")
    provisional: bool = Field(description="reports may still come in time; false: final until somebody corrects")
    year_before: Earlier | None


class OneSeries(BaseModel):
    """Figures from one kind of source, by one kind of period."""

    series: str
    period_type: PeriodKind
    forms: list[str]
    points: list[PointAnswer]


class SeriesAnswer(BaseModel):
    indicator: str
    label: Text
    unit: str
    better: str
    area: UnitBrief
    series: list[OneSeries]
    hierarchy: HierarchyAnswer | None = Field(description="the tree of another day, if asked for")
    notice: Text | None
    as_of: AsOf


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request names."""

    indicator: str
    area: str
    first: str
    last: str
    kind: PeriodKind | None


async def _wish(
    indicator: Annotated[str, Query(max_length=100, description="id of an indicator, as in `/v1/indicators`")],
    area: Annotated[str, Query(max_length=64, description="code, in force at the end of `to`, or code@date")],
    first: Annotated[str, Query(alias="from", description="a period, as 2021 or 2021S1")],
    last: Annotated[str, Query(alias="to", description="a period, as 2025; both are included")],
    period_type: Annotated[
        PeriodKind | None,
        Query(alias="periodType", description="periods of this kind only, composed where they aren't collected"),
    ] = None,
) -> Wish:
    return Wish(indicator, area, first, last, period_type)


AskedSeries = Annotated[Wish, Depends(_wish)]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request understood."""

    indicator: Indicator
    unit: Unit
    series: Sequence[Series]

    def wanted(self, at: Standpoint) -> Wanted:
        """What has to be read."""
        figures = (told for one in self.series for told in one.figures(self.indicator))
        return at.wanted_of((cell for one in self.series for cell in one.readings), figures)

    def told(self, at: Standpoint, wanted: Wanted, snapshot: Snapshot) -> list[list[Told]]:
        """The points of each series with their figures."""
        withheld = wanted.withheld(snapshot)
        return [tell(at.inquiry, self.indicator, one, snapshot.cells, at.today, withheld) for one in self.series]


def routes(context: Context) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["series"], responses=PROBLEMS)

    @router.get("/series", response_model=SeriesAnswer)
    async def series(request: Request, wish: AskedSeries, view: AskedView) -> Response:
        """An indicator's figures period by period, by source, with the change against the year before."""
        key = context.key(request, "attainment:read")
        question = context.question(request, key)
        if (known := context.known(request, question)) is not None:
            return known
        at = await context.standpoint(request, view, key)
        asked = understood(at, wish)
        wanted = asked.wanted(at)
        place = context.place(question, view, wanted.cells)
        snapshot = await at.snapshot(wanted.cells)
        etag = context.etag(key, at, snapshot.versions)
        show = partial(_written, asked, at, snapshot.progress, context.notice)
        told = partial(asked.told, at, wanted, snapshot)
        return context.tagged(request, place, etag, lambda: context.answer(key, told(), show, {"ETag": etag}))

    return router


def _span(first: str, last: str) -> tuple[Period, Period]:
    """Raises NotFound for what is no period, InvalidRequest if the last one ends before the first begins."""
    found = _period(first), _period(last)
    if Window().days(found[0]).first > Window().days(found[1]).last:
        raise InvalidRequest.of("invalid_parameter", parameter="from", detail=_BACKWARDS)
    return found


def _period(text: str) -> Period:
    try:
        return Period.parse(text)
    except ValueError:
        raise NotFound(unknown_period(text)) from None


def understood(at: Standpoint, wish: Wish) -> Asked:
    """Raises NotFound for an indicator or area that does not exist, InvalidRequest for more than may be read."""
    span = _span(wish.first, wish.last)
    found = find_indicator(at.inquiry.release, wish.indicator)
    unit = find_area_at(at.inquiry, wish.area, Window().days(span[1]).last)
    planned = courses(at.inquiry, found, unit, *span, wish.kind)
    check_size(sum(len(one.periods) for one in planned), MOST_POINTS, Narrow.PERIODS)
    every = [one for one in (course.series() for course in planned) if one.readings]
    if at.view != View():
        reports = sum(reading.expected for one in every for reading in one.readings.values())
        check_size(reports, MOST_REPORTS, Narrow.AREA, Narrow.PERIODS, Narrow.VIEW)
    return Asked(found, unit, every)


def _written(
    asked: Asked, at: Standpoint, progress: Progress, notice: Text | None, shown: Sequence[Sequence[Told]]
) -> SeriesAnswer:
    indicator = asked.indicator
    return SeriesAnswer(
        indicator=indicator.id,
        label=Text.of(indicator.label),
        unit=indicator.unit,
        better=indicator.better.value,
        area=UnitBrief.of(asked.unit),
        series=[_series(one, told) for one, told in zip(asked.series, shown, strict=True)],
        hierarchy=_hierarchy(asked, at),
        notice=notice,
        as_of=at.as_of(progress),
    )


def _hierarchy(asked: Asked, at: Standpoint) -> HierarchyAnswer | None:
    forms = [form for one in asked.series for form in one.forms]
    periods = dict.fromkeys(r.period for one in asked.series for r in one.readings.values())
    return at.hierarchy_of(forms, periods, {asked.unit.id})


def _series(one: Series, told: Sequence[Told]) -> OneSeries:
    return OneSeries(
        series=one.source,
        period_type=one.kind,
        forms=[form.id for form in one.forms],
        points=[_point(each) for each in told],
    )


def _point(told: Told) -> PointAnswer:
    return PointAnswer(
        period=str(told.period),
        **figure(told.evidence),
        first=told.days.first,
        last=told.days.last,
        made_of=list(told.made_of),
        provisional=told.provisional,
        year_before=None if told.before is None else _earlier(told.before),
    )


def _earlier(before: Before) -> Earlier:
    change = before.change
    return Earlier(
        period=str(before.period),
        **figure(before.evidence),
        change=bound_text(change.value),
        change_display=None if change.value is None else rounded_text(change.value),
        change_suppressed=SUPPRESSED if change.suppressed else None,
    )
