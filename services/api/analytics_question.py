"""What a request in the manner of DHIS2's analytics asks for, by its dimensions and filters.

dimension=dx:labour;labour_rate & dimension=pe:2024 & filter=ou:20
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from chitieu.domain.catalogue import Label
from chitieu.domain.errors import ChitieuError, InvalidRequest, NotFound
from chitieu.domain.measure import Measure, find_measure
from chitieu.domain.period import Period
from chitieu.domain.registry import Release
from chitieu.domain.unit import NATION

DIMENSIONS = ("dx", "pe", "ou")
_SERIES = "series"
_LONGEST = 60
# What would change figures or their ids, and can't be honoured.
_REFUSED = (
    "aggregationType",
    "measureCriteria",
    "preAggregationMeasureCriteria",
    "startDate",
    "endDate",
    "tableLayout",
    "includeNumDen",
    "order",
    "approvalLevel",
    "relativePeriodDate",
    "userOrgUnit",
)
_SCHEMES = ("inputIdScheme", "outputIdScheme", "outputOrgUnitIdScheme", "outputDataElementIdScheme")
_NOT_HERE = Label("không hỗ trợ", "not supported here")
_ONLY_CODES = Label("chỉ nhận CODE", "only CODE is understood here")


@dataclass(frozen=True, slots=True)
class AnalyticsQuestion:
    """`shown` are the dimensions that become columns, in the order asked; `areas` are items still to be looked up."""

    shown: Sequence[str]
    measures: Sequence[Measure]
    periods: Sequence[Period]
    areas: Sequence[str]


def read_question(
    release: Release, dimensions: Sequence[str], filters: Sequence[str], parameters: Mapping[str, str]
) -> AnalyticsQuestion:
    """Raises InvalidRequest, NotFound: nothing that is not understood is passed over."""
    _check(parameters)
    asked, collapsed = _items(dimensions, DIMENSIONS), _items(filters, (*DIMENSIONS, _SERIES))
    both = [name for name in asked if name in collapsed]
    if both:
        raise InvalidRequest.of("repeated_dimension", dimension=both[0])
    items = {**asked, **collapsed}
    if not items.get("dx"):
        raise InvalidRequest.of("missing_data_dimension")
    if not items.get("pe"):
        raise InvalidRequest.of("missing_period_dimension")
    for name in ("dx", "pe", _SERIES):
        check_single(name, len(collapsed.get(name, "1")))
    series = next(iter(items.get(_SERIES, ())), "")
    return AnalyticsQuestion(
        list(asked),
        [_measure(release, item, series) for item in items["dx"]],
        [_period(item) for item in items["pe"]],
        items.get("ou") or [NATION],
    )


def check_single(dimension: str, count: int) -> None:
    """A figure over several items of a filter would have to be made up: what is asked of each is in the dimension."""
    if count != 1:
        raise InvalidRequest.of("several_in_filter", dimension=dimension, count=count)


def _check(parameters: Mapping[str, str]) -> None:
    for name in _REFUSED:
        if parameters.get(name, "false").lower() != "false":
            raise InvalidRequest.of("invalid_parameter", parameter=name, detail=_NOT_HERE)
    for name in _SCHEMES:
        if parameters.get(name, "").upper() not in ("", "CODE", "UID"):
            raise InvalidRequest.of("invalid_parameter", parameter=name, detail=_ONLY_CODES)


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


def _period(item: str) -> Period:
    try:
        return Period.parse(item)
    except ValueError:
        raise unknown_item("pe", item, ["2024", "2024S1", "2024Q3", "202407"]) from None


def unknown_item(dimension: str, item: str, nearest: Sequence[str]) -> ChitieuError:
    """A NotFound."""
    listed = ", ".join(nearest) or "–"
    return NotFound.of("unknown_item", dimension=dimension, item=item[:_LONGEST], nearest=listed)
