"""The programme file format: catalogue, forms and units as an author writes them, and what they mean.

Plans are in `plan_file`.

The same shapes travel on the registry topic. `docs/schema/*.json` is made from these models.
"""

import re
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from chitieu.domain import catalogue as domain_catalogue
from chitieu.domain import form as domain_form
from chitieu.domain.catalogue import DEFAULT_MAXIMUM, Direction, Kind, Label
from chitieu.domain.period import STANDARD_WINDOWS, Anchor, Period, PeriodKind, Window
from chitieu.domain.plan import Basis

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
UnitCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Expression = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9_-]+( \+ [a-z0-9_-]+)*( / [a-z0-9_-]+( \+ [a-z0-9_-]+)*)?$")
]

_YEAR_OFFSET = {"": 0, " previous": -1, " next": 1}


def anchor(text: str) -> Anchor:
    """`15/12 previous` is the 15th of December of the year before the period's."""
    match = re.fullmatch(r"(\d{1,2})/(\d{1,2})( previous| next)?", text)
    if match is None:
        raise ValueError(f"not a day of the year: {text!r}")
    day, month = int(match[1]), int(match[2])
    date(2024, month, day)  # a leap year: 29/2 is allowed
    return Anchor(day, month, _YEAR_OFFSET[match[3] or ""])


def _real_day(text: str) -> str:
    """The pattern lets 31/2 through; the calendar doesn't."""
    try:
        anchor(text.removeprefix("on ").removeprefix("before "))
    except ValueError:
        raise ValueError(f"there is no such day: {text!r}") from None
    return text


def _real_deadline(text: str) -> str:
    return text if text == "none" else _real_day(text)


def _real_period(text: str) -> str:
    Period.parse(text)
    return text


AnchorText = Annotated[
    str, StringConstraints(pattern=r"^\d{1,2}/\d{1,2}( previous| next)?$"), AfterValidator(_real_day)
]
DeadlineText = Annotated[
    str,
    StringConstraints(pattern=r"^(none|(on|before) \d{1,2}/\d{1,2}( previous| next)?)$"),
    AfterValidator(_real_deadline),
]
BoundText = Annotated[str, StringConstraints(pattern=r"^(decrease|(maintain )?(<=|>=|<|>|=) \d+(\.\d+)?)$")]
PeriodText = Annotated[
    str, BeforeValidator(str), StringConstraints(pattern=r"^[0-9]{4}[0-9SQMY-]*$"), AfterValidator(_real_period)
]


def exact(number: int | Decimal) -> Fraction:
    return Fraction(number)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Named(Strict):
    vi: Text = Field(description="name in Vietnamese")
    en: Text = Field(description="name in English")

    @property
    def label(self) -> Label:
        return Label(self.vi, self.en)


# Catalogue


class BreakdownFile(Named):
    options: dict[Id, Named] = Field(min_length=2, description="option code: label, in order")

    def to_domain(self, id_: str) -> domain_catalogue.Breakdown:
        return domain_catalogue.Breakdown(id_, self.label, {k: o.label for k, o in self.options.items()})


class ElementFile(Named):
    counts: Id = Field(description="what one unit of the value is: person, case, event, million_vnd …")
    kind: Kind = Field(description="stock: the state at the period's end; flow: what happened during it")
    part_of: list[Id] = Field(default=[], description="wholes that may not be smaller")
    sensitive: bool = Field(default=False, description="counts children: small counts are suppressed elsewhere")
    scale: int = Field(default=0, ge=0, le=6, description="decimal places of the value")
    maximum: int = Field(default=DEFAULT_MAXIMUM, gt=0, le=DEFAULT_MAXIMUM, description="largest value, before scaling")

    def to_domain(self, id_: str) -> domain_catalogue.Element:
        return domain_catalogue.Element(
            id_,
            self.label,
            self.counts,
            self.kind,
            tuple(self.part_of),
            self.sensitive,
            self.scale,
            self.maximum * 10**self.scale,
        )


class IndicatorFile(Named):
    of: Expression = Field(description="`a + b / c + d`, or `a + b` for a count")
    unit: Literal["percent", "count"] = "percent"
    better: Direction
    share: bool = Field(default=True, description="the numerator counts some of what the denominator counts")
    note: str = ""

    @model_validator(mode="after")
    def _unit_fits(self) -> Self:
        if ("/" in self.of) != (self.unit == "percent"):
            raise ValueError("a percentage has a denominator, a count has none")
        return self

    def to_domain(self, id_: str) -> domain_catalogue.Indicator:
        above, _, below = self.of.partition(" / ")
        return domain_catalogue.Indicator(
            id_,
            self.label,
            tuple(above.split(" + ")),
            tuple(below.split(" + ")) if below else (),
            100 if self.unit == "percent" else 1,
            self.unit,
            self.better,
            self.share and bool(below),
        )


class CatalogueFile(Strict):
    """programmes/catalogue.yaml: what is counted, and what is computed from it; shared by all plans."""

    breakdowns: dict[Id, BreakdownFile] = {}
    elements: dict[Id, ElementFile] = Field(min_length=1)
    indicators: dict[Id, IndicatorFile] = {}

    def to_domain(self) -> domain_catalogue.Catalogue:
        return domain_catalogue.Catalogue(
            {k: v.to_domain(k) for k, v in self.breakdowns.items()},
            {k: v.to_domain(k) for k, v in self.elements.items()},
            {k: v.to_domain(k) for k, v in self.indicators.items()},
        )


# Forms


class ReportersFile(Strict):
    """Units of one level, under one of some areas but under none of the excepted ones (unit codes)."""

    level: Id
    within: list[UnitCode] = Field(min_length=1)
    excepted: list[UnitCode] = Field(default=[], alias="except")

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_alias=True, validate_by_name=True)

    def to_domain(self) -> domain_form.Reporters:
        return domain_form.Reporters(self.level, tuple(self.within), tuple(self.excepted))


class FormField(Strict):
    element: Id
    by: list[Id] = Field(default=[], description="break-downs: the form asks for every combination of their options")
    retired: bool = Field(default=False, description="kept for its position, no longer asked")

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema allows the short forms too, so that an editor doesn't underline them."""
        long = handler.resolve_ref_schema(handler(core_schema))
        by = {"type": "array", "items": {"type": "string"}}
        short = {"type": "object", "additionalProperties": by, "minProperties": 1, "maxProperties": 1}
        return {"anyOf": [{"type": "string"}, dict(long), short]}


class Days(Strict):
    first: AnchorText
    last: AnchorText


class CollectedFile(Strict):
    """One round of collection: whose units, which kind of period, over which days, in which years."""

    who: ReportersFile
    period: PeriodKind
    window: Literal["calendar", "decree-09-2019"] | list[Days] = Field(
        description="a standard window, or the days of each period of the year in order"
    )
    first: date = Field(description="periods that end before this day are not collected")
    last: date | None = Field(default=None, description="periods that begin after this day are not collected")
    basis: Basis = Field(default=Basis.TEXT, description="does the window stand in a text?")
    note: str = ""

    def to_domain(self) -> domain_form.Collection:
        if isinstance(self.window, str):
            assert self.window in STANDARD_WINDOWS
            window = Window(self.window)
        else:
            window = Window("", tuple((anchor(w.first), anchor(w.last)) for w in self.window))
        return domain_form.Collection(
            self.who.to_domain(), self.period, window, self.first, self.last, self.basis.value
        )


class FormFile(Named):
    """programmes/forms/*.yaml: what a unit fills in. Positions of fields are append-only across versions."""

    form: Id
    version: int = Field(ge=1)
    series: Id = domain_form.ADMINISTRATIVE
    fields: list[FormField] = Field(min_length=1)
    collected: list[CollectedFile] = Field(min_length=1)
    note: str = ""

    @model_validator(mode="before")
    @classmethod
    def _short_fields(cls, data: Any) -> Any:
        """`- parents` and `- child_labour: [sex, age]` are short for the long form."""
        if isinstance(data, dict) and isinstance(data.get("fields"), list):
            data = {**data, "fields": [_long_field(one) for one in data["fields"]]}
        return data

    def to_domain(self, catalogue: domain_catalogue.Catalogue) -> domain_form.Form:
        """Raises KeyError for an element or break-down that the catalogue lacks: check first."""
        fields = tuple(leaf for one in self.fields for leaf in _leaves(one, catalogue))
        return domain_form.Form(
            self.form, self.version, self.label, self.series, fields, tuple(c.to_domain() for c in self.collected)
        )


def _long_field(one: Any) -> Any:
    if isinstance(one, str):
        return {"element": one}
    if isinstance(one, dict) and len(one) == 1 and "element" not in one:
        ((element, by),) = one.items()
        return {"element": element, "by": by}
    return one


def _leaves(one: FormField, catalogue: domain_catalogue.Catalogue) -> list[domain_form.Field]:
    element = catalogue.elements[one.element]
    combinations: list[tuple[str, ...]] = [()]
    for breakdown in one.by:
        combinations = [(*c, option) for c in combinations for option in catalogue.breakdowns[breakdown].options]
    return [
        domain_form.Field(
            ".".join((one.element, *options)),
            one.element,
            options,
            element.scale,
            element.maximum,
            element.sensitive,
            one.retired,
        )
        for options in combinations
    ]


# Units


class UnitRow(Strict):
    """One line of a units file (CSV with these columns)."""

    code: UnitCode
    valid_from: date
    valid_to: date | None = None
    level: Id
    parent: UnitCode | None = None
    name: Text
    sample: bool = False


class SuccessorRow(Strict):
    """One line of programmes/units/successors.csv."""

    code: UnitCode
    valid_from: date
    successor_code: UnitCode | None = None
    successor_valid_from: date | None = None
    kind: Literal["same", "merged", "split", "abolished", "unknown"]
    source: str = ""
