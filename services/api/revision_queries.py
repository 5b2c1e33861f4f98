"""What the api reads about reports that were changed: when each was accepted or retracted, and what it said then."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from chitieu.adapters.clickhouse.reading import Reader
from chitieu.domain.correction import Course, ReportKey, Revision
from chitieu.domain.rollup import Decision

# Where each report counts now, as in the cells; narrow columns only, and rows written twice told once. Units that never
# counted in the areas are left out first, by their paths alone.
_COURSES = """
SELECT form, period, unit, argMaxIf(path, (release, position), decision != {retracted:UInt8}) AS stood,
    arraySort(groupUniqArrayIf((position, known_at, decision), decision IN {revisions:Array(UInt8)})) AS steps
FROM submission
WHERE form IN {forms:Array(String)} AND period IN {periods:Array(String)} AND decision IN {placing:Array(UInt8)}
    AND position < {positions:Array(UInt64)}[partition + 1]
    AND (empty({areas:Array(String)}) OR unit IN {units:Array(String)} OR unit IN (
        SELECT unit FROM submission
        WHERE form IN {forms:Array(String)} AND period IN {periods:Array(String)}
            AND hasAny(path, {areas:Array(String)})
    ))
GROUP BY form, period, unit
"""

# Rows written twice are equal and told once; without FINAL the wide columns are read for the units asked alone.
_REVISIONS = """
SELECT form, period, unit, known_at, values, states, reason FROM submission
WHERE form IN {forms:Array(String)} AND period IN {periods:Array(String)} AND unit IN {units:Array(String)}
    AND decision IN {revisions:Array(UInt8)} AND position < {positions:Array(UInt64)}[partition + 1]
ORDER BY form, period, unit, position
LIMIT 1 BY partition, position
"""

_DECISIONS = {"revisions": [int(Decision.ACCEPTED), int(Decision.RETRACTED)]}
_PLACING = {"placing": [*_DECISIONS["revisions"], int(Decision.MOVED)], "retracted": int(Decision.RETRACTED)}


class RevisionReads:
    """`positions`: by partition from 0 on, the position that the figures were read up to."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def courses(
        self,
        forms: Iterable[str],
        periods: Iterable[str],
        areas: Iterable[str],
        units: Iterable[str],
        positions: Sequence[int],
    ) -> list[tuple[str, str, Course]]:
        """By form and period, the courses of reports in some areas (everywhere, if none is named) and of some units."""
        asked = _named(forms=forms, periods=periods, areas=areas, units=units)
        rows = await self._reader.rows(_COURSES, {**asked, **_DECISIONS, **_PLACING, "positions": list(positions)})
        return [(form, period, Course(unit, tuple(path), _steps(steps))) for form, period, unit, path, steps in rows]

    async def revisions(
        self, reports: Iterable[ReportKey], positions: Sequence[int]
    ) -> Mapping[ReportKey, list[Revision]]:
        """What some reports said from when on, oldest first."""
        wanted = set(reports)
        forms, periods, units = ({key[part] for key in wanted} for part in range(3))
        asked = _named(forms=forms, periods=periods, units=units)
        rows = await self._reader.rows(_REVISIONS, {**asked, **_DECISIONS, "positions": list(positions)})
        found: dict[ReportKey, list[Revision]] = {key: [] for key in wanted}
        for form, period, unit, known_at, values, states, reason in rows:
            if (form, period, unit) in wanted:
                found[form, period, unit].append(Revision(_aware(known_at), values, states, reason))
        return found


def _named(**some: Iterable[str]) -> dict[str, list[str]]:
    return {name: sorted(set(values)) for name, values in some.items()}


def _steps(steps: Iterable[tuple[int, datetime, int]]) -> list[tuple[datetime, bool]]:
    return [(_aware(known_at), decision == Decision.ACCEPTED) for _, known_at, decision in steps]


def _aware(instant: datetime) -> datetime:
    """The engine's instants are UTC; the client leaves that out."""
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
