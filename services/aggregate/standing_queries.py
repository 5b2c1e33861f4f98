"""What judging targets and counting outstanding reports reads beside cells."""

from collections.abc import Iterable, Mapping
from datetime import UTC

from chitieu.adapters.clickhouse.cells import REVISIONS
from chitieu.adapters.clickhouse.reading import Query
from chitieu.contracts.events import Named
from chitieu.domain.obligation import Receipt
from chitieu.domain.rollup import Decision

# Of areas that reports were made below, and of units that reported themselves.
_KNOWN = """
SELECT form, period, groupUniqArray(area) FROM
(
    SELECT form, period, area FROM rollup WHERE form IN {forms:Array(String)}
    UNION ALL
    SELECT form, period, unit FROM submission
    WHERE form IN {forms:Array(String)} AND decision IN {decisions:Array(UInt8)}
)
GROUP BY form, period
"""

# Not bounded by the progress: what is stored beyond it will count in a moment.
_SENT = """
SELECT unit, argMax(decision, position), min(known_at) FROM submission
WHERE form = {form:String} AND period = {period:String} AND decision IN {decisions:Array(UInt8)}
GROUP BY unit
"""


def known_areas(query: Query, forms: Iterable[str]) -> list[Named]:
    """By form and period, of some forms: the areas and units of which there are figures."""
    rows = query(_KNOWN, {"forms": sorted(forms), "decisions": REVISIONS}, {})
    return [(form, period, areas) for form, period, areas in rows]


def sent(query: Query, form: str, period: str) -> Mapping[tuple[str, str], Receipt]:
    """Whose report stands, by form and unit id; of its receipt only whether there is one is to be relied on."""
    rows = query(_SENT, {"form": form, "period": period, "decisions": REVISIONS}, {})
    return {
        (form, unit): Receipt(first.replace(tzinfo=UTC), decision != Decision.ACCEPTED)
        for unit, decision, first in rows
    }
