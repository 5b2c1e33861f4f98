"""`/v1/forms/{form}/template.xlsx`: a form to fill in with Excel, with what the unit said last beside it."""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from chitieu.adapters.workbook import MOST_REPORTS
from chitieu.adapters.workbook.writing import NOT_APPLICABLE, Said, ToFill, template
from chitieu.contracts.media_types import XLSX
from chitieu.domain.access import AccessKey
from chitieu.domain.address import Address, Reference, locate
from chitieu.domain.catalogue import Label
from chitieu.domain.disclosure import Count
from chitieu.domain.errors import InvalidReport, Problem
from chitieu.domain.period import PER_YEAR, Period
from chitieu.domain.rollup import ValueState
from services.api.answers import PROBLEMS, SUPPRESSED, described_problem
from services.api.context import Context
from services.api.queries import Standing
from services.api.reports import said_values

_NOT_IN_FILE_NAMES = re.compile(r"[^A-Za-z0-9_.-]")
_ANSWERS: dict[int | str, dict[str, Any]] = {
    **PROBLEMS,
    200: {"description": "an Excel workbook", "content": {XLSX: {}}},
    422: described_problem("a report for this unit and period would not be taken"),
}

Values = tuple[tuple[str, ValueState, Count], ...]


@dataclass(frozen=True, slots=True)
class Before:
    """The last report of a unit before a period."""

    period: Period
    values: Values


@dataclass(frozen=True, slots=True)
class Figures:
    """What a unit's report says so far, and what the last one before it said."""

    now: Values = ()
    before: Before | None = None


def routes(context: Context) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["forms"], responses=_ANSWERS)

    @router.get("/forms/{form}/template.xlsx", response_class=Response)
    async def form_template(
        request: Request,
        form: Annotated[str, Path(description="id of a form")],
        period: Annotated[str, Query(max_length=20, description="2024, 2024S1 …")],
        unit: Annotated[
            list[str],
            Query(max_length=MOST_REPORTS, description="code, or code@valid_from; several: a sheet for each"),
        ],
    ) -> Response:
        """A form to fill in with Excel and send to `/v1/workbooks`; with its figures if the key reads reports."""
        key = context.key(request, "attainment:read", "reports:write")
        addresses = _addresses(context, form, period, unit)
        figures = await figures_of(context, key, addresses)
        catalogue, now, notice = context.release.catalogue, context.clock.now(), context.notice
        said = None if notice is None else Label(notice.vi, notice.en)

        def write(shown: Sequence[Figures]) -> bytes:
            sheets = [_to_fill(address, one) for address, one in zip(addresses, shown, strict=True)]
            return template(addresses[0].form, catalogue, sheets, said, now)

        body = await asyncio.to_thread(context.shown, key, figures, write)
        return context.file(body, XLSX, {"Content-Disposition": f'attachment; filename="{_file_name(addresses)}"'})

    return router


def _addresses(context: Context, form: str, period: str, units: Sequence[str]) -> list[Address]:
    """Of reports that would be taken today, each once. Raises InvalidReport."""
    found: dict[str, Address] = {}
    problems: list[Problem] = []
    for unit in units:
        try:
            address = locate(context.release, Reference(form, period, unit), context.today)
        except InvalidReport as invalid:
            problems += [problem for problem in invalid.problems if problem not in problems]
        else:
            found.setdefault(address.unit.id, address)
    if problems:
        raise InvalidReport(*problems)
    return list(found.values())


async def figures_of(context: Context, key: AccessKey, addresses: Sequence[Address]) -> list[Figures]:
    """What the units reported, as far as a key reads reports."""
    if not key.allows("reports:read"):
        return [Figures() for _ in addresses]
    form, period = addresses[0].form, addresses[0].period
    earlier, units = list(_year_before(period)), [one.unit.id for one in addresses]
    periods = [str(one) for one in (period, *earlier)]
    stood, _ = await context.moments.standing([form.id], periods, units, units=units)
    by_place = {(one.period, one.unit): one for one in stood}

    def values(when: Period, unit: str) -> Values:
        one: Standing | None = by_place.get((str(when), unit))
        return () if one is None else tuple(said_values(form, one.values, one.states, one.path))

    def before(unit: str) -> Before | None:
        last = next((when for when in earlier if (str(when), unit) in by_place), None)
        return None if last is None else Before(last, values(last, unit))

    return [Figures(values(period, unit), before(unit)) for unit in units]


def _year_before(period: Period) -> Iterator[Period]:
    """The periods of its kind that end within the year before it, the latest first."""
    for _ in range(PER_YEAR[period.kind]):
        earlier = period.before
        if earlier is None:
            return
        yield earlier
        period = earlier


def _to_fill(address: Address, figures: Figures) -> ToFill:
    before = figures.before
    return ToFill(
        unit=address.unit,
        period=address.period,
        days=address.collection.window.days(address.period),
        now=said_of(figures.now),
        earlier=None if before is None else before.period,
        before={} if before is None else said_of(before.values),
    )


def said_of(values: Values) -> Mapping[str, Said]:
    """What is withheld stays a word, which nobody can take for a figure: sent again, it is refused."""
    found: dict[str, Said] = {}
    for key, state, count in values:
        if state is ValueState.NOT_APPLICABLE:
            found[key] = NOT_APPLICABLE
        elif count.suppressed:
            found[key] = SUPPRESSED
        elif count.value is not None:
            found[key] = count.value
    return found


def _file_name(addresses: Sequence[Address]) -> str:
    first = addresses[0]
    parts = [first.form.id, str(first.period), *([first.unit.code] if len(addresses) == 1 else [])]
    return _NOT_IN_FILE_NAMES.sub("-", "_".join(parts)) + ".xlsx"
