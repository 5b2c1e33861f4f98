"""`/v1/forms`: what a unit fills in, field by field; who does, for which periods, and over which days."""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel
from pydantic import Field as Described

from chitieu.domain.catalogue import Breakdown, Catalogue, Label
from chitieu.domain.form import Collection, Field, Form
from chitieu.domain.named import find_form
from chitieu.domain.period import Anchor, Window
from services.api.answers import PROBLEMS, Cursor, Limit, Text, exact_number, page
from services.api.context import Context
from services.api.plans import Who

_STANDARD: Mapping[str, Label] = {
    "calendar": Label("trọn các tháng dương lịch của kỳ", "whole calendar months"),
    "decree-09-2019": Label(
        "từ ngày 15 của tháng trước kỳ đến ngày 14 của tháng cuối kỳ (Nghị định 09/2019/NĐ-CP, Điều 12)",
        "from the 15th of the month before to the 14th of the last month (Decree 09/2019/NĐ-CP, article 12)",
    ),
}
_SEVERAL = Label("kỳ thứ {n}: {days}", "period {n}: {days}")


class DayOfYear(BaseModel):
    """A day of the period's year (of a phase: its first, or last, year), plus `year_offset`."""

    day: int
    month: int
    year_offset: int

    @classmethod
    def of(cls, anchor: Anchor) -> "DayOfYear":
        return cls(day=anchor.day, month=anchor.month, year_offset=anchor.year_offset)


class Span(BaseModel):
    """Both days included."""

    first: DayOfYear
    last: DayOfYear


class WindowAnswer(BaseModel):
    """Which days a period covers: a standard rule, or days of its own."""

    rule: Text
    standard: str | None = Described(description="calendar or decree-09-2019; null with `days`")
    days: list[Span] = Described(description="for each period of the year, in order")


class Round(BaseModel):
    """Of several rounds for a period, the first whose `who` a unit belongs to is the one that asks it."""

    who: Who
    period: str = Described(description="kind of period")
    window: WindowAnswer
    first: date = Described(description="collected for periods that end from this day on")
    last: date | None = Described(description="and begin by this day; null: for ever")
    basis: str = Described(description="does the window stand in a text, or is it assumed?")


class FormBrief(BaseModel):
    """`version` is the newest; figures of different `series` are never mixed."""

    id: str
    version: int
    label: Text
    series: str
    rounds: list[Round]


class Option(BaseModel):
    """One part of a break-down."""

    breakdown: str
    option: str
    label: Text


class FieldDescription(BaseModel):
    """One value to fill in. `key` is its name in `values`; `element` with all `options` taken together is the total."""

    key: str
    element: str
    label: Text
    options: list[Option]
    counts: str
    kind: str
    scale: int = Described(description="most decimals")
    maximum: int | str
    part_of: list[str] = Described(description="elements that this one may not be larger than")
    sensitive: bool
    retired: bool = Described(description="no longer asked: leave it out")


class FormAnswer(FormBrief):
    fields: list[FieldDescription] = Described(description="in the order of the form")


class FormList(BaseModel):
    items: list[FormBrief]
    next: str | None


def routes(context: Context) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["forms"], responses=PROBLEMS)

    @router.get("/forms", response_model=FormList)
    async def forms(request: Request, limit: Limit = 100, cursor: Cursor = None) -> Response:
        """Every form, in the order of ids: who reports it, and for which periods."""
        key = context.key(request, "attainment:read", "reports:write")
        every = sorted(context.release.forms.values(), key=lambda form: form.id)
        some, following = page(every, lambda form: form.id, cursor, limit)
        return context.answer(key, some, lambda shown: FormList(items=[_brief(form) for form in shown], next=following))

    @router.get("/forms/{form}", response_model=FormAnswer)
    async def form(request: Request, form: Annotated[str, Path(description="id of a form")]) -> Response:
        """A form with all its fields: the keys of a report's `values`, and what each of them may be."""
        key = context.key(request, "attainment:read", "reports:write")
        release = context.release
        found = find_form(release, form)
        return context.answer(
            key, found, lambda shown: FormAnswer(**dict(_brief(shown)), fields=_fields(shown, release.catalogue))
        )

    return router


def _brief(form: Form) -> FormBrief:
    return FormBrief(
        id=form.id,
        version=form.version,
        label=Text.of(form.label),
        series=form.series,
        rounds=[_round(one) for one in form.collections],
    )


def _round(one: Collection) -> Round:
    return Round(
        who=Who.of(one.reporters),
        period=one.kind.value,
        window=_window(one.window),
        first=one.first,
        last=one.last,
        basis=one.basis,
    )


def _window(window: Window) -> WindowAnswer:
    if not window.anchors:
        return WindowAnswer(rule=Text.of(_STANDARD[window.standard]), standard=window.standard, days=[])
    told = [_days(first, last) for first, last in window.anchors]
    if len(told) > 1:
        told = [
            Label(_SEVERAL.vi.format(n=n, days=one.vi), _SEVERAL.en.format(n=n, days=one.en))
            for n, one in enumerate(told, 1)
        ]
    rule = Text(vi="; ".join(one.vi for one in told), en="; ".join(one.en for one in told))
    days = [Span(first=DayOfYear.of(first), last=DayOfYear.of(last)) for first, last in window.anchors]
    return WindowAnswer(rule=rule, standard=None, days=days)


def _days(first: Anchor, last: Anchor) -> Label:
    (a, b) = _day(first), _day(last)
    return Label(f"từ {a.vi} đến hết {b.vi}", f"from {a.en} to {b.en}")


def _day(anchor: Anchor) -> Label:
    day = f"{anchor.day}/{anchor.month}"
    match anchor.year_offset:
        case 0:
            return Label(day, day)
        case -1:
            return Label(f"{day} năm trước", f"{day} of the year before")
        case 1:
            return Label(f"{day} năm sau", f"{day} of the year after")
        case offset:
            return Label(f"{day} (năm {offset:+})", f"{day} (year {offset:+})")


def _fields(form: Form, catalogue: Catalogue) -> list[FieldDescription]:
    split = {element: form.breakdowns(element, catalogue) for element in form.positions}
    return [_field(one, split[one.element], catalogue) for one in form.fields]


def _field(one: Field, split: Sequence[Breakdown], catalogue: Catalogue) -> FieldDescription:
    element = catalogue.elements[one.element]
    return FieldDescription(
        key=one.key,
        element=one.element,
        label=Text.of(element.label),
        options=[
            Option(breakdown=by.id, option=code, label=Text.of(by.options[code]))
            for by, code in zip(split, one.options, strict=True)
        ],
        counts=element.counts,
        kind=element.kind.value,
        scale=one.scale,
        maximum=exact_number(Fraction(one.maximum, 10**one.scale)),
        part_of=list(element.part_of),
        sensitive=one.sensitive,
        retired=one.retired,
    )
