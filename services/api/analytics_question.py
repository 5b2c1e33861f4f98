"""What a request in the manner of DHIS2's analytics asks for, by its dimensions and filters.

dimension=dx:labour;labour_rate & dimension=pe:2024 & filter=ou:20
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from difflib import get_close_matches
from typing import Annotated

from fastapi import Query

from chitieu.domain.catalogue import Label
from chitieu.domain.errors import InvalidRequest
from chitieu.domain.form import Form
from chitieu.domain.measure import Measure, find_measure
from chitieu.domain.period import Period
from chitieu.domain.registry import Release
from chitieu.domain.unit import NATION
from services.api.analytics_periods import read_periods, unknown_item

DIMENSIONS = ("dx", "pe", "ou")
_SERIES = "series"
_LONGEST = 60
# As many as DHIS2 gives unless it is set up otherwise.
MOST_ROWS = 50_000
_CODES = ("", "CODE", "UID")
_NO_WISH = ("", "FALSE", "DEFAULT")
_DAY = "relativePeriodDate"
_NO_DAY = Label("phải là ngày, dạng 2024-12-31", "must be a date such as 2024-12-31")
_NOT_HERE = Label("không hỗ trợ", "not supported here")
_ONLY_CODES = Label("chỉ nhận CODE", "only CODE is understood here")


Written = Annotated[str, Query(description="CODE, or as DHIS2 has it unless told; identifiers are codes")]
Refused = Annotated[str, Query(include_in_schema=False)]


@dataclass(frozen=True)
class Wishes:
    """What DHIS2's clients may add to a question, read for what it wants. Raises InvalidRequest for what can't be done.

    Whatever would change figures or their ids is refused; false, or DHIS2's default, is no wish.
    """

    inputIdScheme: Written = ""  # noqa: N815
    outputIdScheme: Written = ""  # noqa: N815
    outputOrgUnitIdScheme: Written = ""  # noqa: N815
    outputDataElementIdScheme: Written = ""  # noqa: N815
    relativePeriodDate: Annotated[  # noqa: N815
        str, Query(description="the day that relative periods are counted from, such as 2024-12-31; default: today")
    ] = ""
    aggregationType: Refused = ""  # noqa: N815
    approvalLevel: Refused = ""  # noqa: N815
    endDate: Refused = ""  # noqa: N815
    hierarchyMeta: Refused = ""  # noqa: N815
    includeMetadataDetails: Refused = ""  # noqa: N815
    includeNumDen: Refused = ""  # noqa: N815
    measureCriteria: Refused = ""  # noqa: N815
    order: Refused = ""
    preAggregationMeasureCriteria: Refused = ""  # noqa: N815
    showHierarchy: Refused = ""  # noqa: N815
    startDate: Refused = ""  # noqa: N815
    tableLayout: Refused = ""  # noqa: N815
    userOrgUnit: Refused = ""  # noqa: N815

    def __post_init__(self) -> None:
        for name, wish in asdict(self).items():
            if name == _DAY:
                continue
            scheme = name.endswith("IdScheme")
            if wish.upper() not in (_CODES if scheme else _NO_WISH):
                detail = _ONLY_CODES if scheme else _NOT_HERE
                raise InvalidRequest.of("invalid_parameter", parameter=name, detail=detail)

    def day(self, today: date) -> date:
        """What relative periods are counted from. Raises InvalidRequest."""
        try:
            return date.fromisoformat(self.relativePeriodDate) if self.relativePeriodDate else today
        except ValueError:
            raise InvalidRequest.of("invalid_parameter", parameter=_DAY, detail=_NO_DAY) from None


@dataclass(frozen=True, slots=True)
class AnalyticsQuestion:
    """`shown` are the dimensions that become columns, in the order asked; `areas` are items still to be looked up."""

    shown: Sequence[str]
    measures: Sequence[Measure]
    periods: Sequence[Period]
    areas: Sequence[str]

    @property
    def forms(self) -> Sequence[Form]:
        """All that carry what is asked for."""
        return list({form.id: form for measure in self.measures for form in measure.forms}.values())


def read_question(release: Release, dimensions: Sequence[str], filters: Sequence[str], day: date) -> AnalyticsQuestion:
    """`day` is what relative periods are counted from.

    Raises InvalidRequest, NotFound: nothing that is not understood is passed over.
    """
    asked, collapsed = _items(dimensions, DIMENSIONS), _items(filters, (*DIMENSIONS, _SERIES))
    both = [name for name in asked if name in collapsed]
    if both:
        raise InvalidRequest.of("repeated_dimension", dimension=both[0])
    items = {**asked, **collapsed}
    if not items.get("dx"):
        raise InvalidRequest.of("missing_data_dimension")
    if not items.get("pe"):
        raise InvalidRequest.of("missing_period_dimension")
    for name in ("dx", _SERIES):
        check_single(name, len(collapsed.get(name, "1")))
    periods = read_periods(items["pe"], day)
    if "pe" in collapsed:
        check_single("pe", len(periods))
    series = next(iter(items.get(_SERIES, ())), "")
    return AnalyticsQuestion(
        list(asked),
        [_measure(release, item, series) for item in items["dx"]],
        periods,
        items.get("ou") or [NATION],
    )


def check_single(dimension: str, count: int) -> None:
    """A figure over several items of a filter would have to be made up: what is asked of each is in the dimension."""
    if count != 1:
        raise InvalidRequest.of("several_in_filter", dimension=dimension, count=count)


def _items(given: Sequence[str], known: Sequence[str]) -> dict[str, list[str]]:
    """By dimension, each item once."""
    found: dict[str, list[str]] = {}
    for one in given:
        name, _, items = one.partition(":")
        if name not in known:
            raise InvalidRequest.of("unknown_dimension", dimension=name[:_LONGEST])
        if name in found:
            raise InvalidRequest.of("repeated_dimension", dimension=name)
        found[name] = list(dict.fromkeys(item.strip() for item in items.split(";") if item.strip()))
    return found


def _measure(release: Release, item: str, series: str) -> Measure:
    found = find_measure(release, item, series)
    if found is None:
        catalogue = release.catalogue
        near = get_close_matches(item[:_LONGEST], [*catalogue.elements, *catalogue.indicators], 3, 0.5)
        raise unknown_item("dx", item, near)
    return found
