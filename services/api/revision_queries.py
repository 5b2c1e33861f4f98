"""What the api reads about reports message by message: when each was accepted, retracted or moved, and what it said."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from chitieu.adapters.clickhouse.cells import Pair
from chitieu.adapters.clickhouse.reading import Query, Reader
from chitieu.domain.correction import ReportKey, Revision
from chitieu.domain.rollup import Decision
from services.api.history import Message, said

# Rows written twice are equal and told once.
_MESSAGES = """
SELECT form, period, unit, partition, position, decision, release, path, known_at
FROM submission
WHERE (form, period) IN {pairs:Array(Tuple(String, String))} AND decision IN {decisions:Array(UInt8)}
    AND position < {before:Array(UInt64)}[partition + 1]
ORDER BY position
LIMIT 1 BY partition, position
"""

# Few: whole rows are read of those alone that are as far in the log.
_NEWS = """
SELECT form, period, unit, partition, position, decision, release, path, known_at, values, states, reason
FROM submission
WHERE (form, period) IN {pairs:Array(Tuple(String, String))} AND decision IN {decisions:Array(UInt8)}
    AND position < {before:Array(UInt64)}[partition + 1]
    AND position >= arrayElement(
        {since:Array(Array(UInt64))}[indexOf({pairs:Array(Tuple(String, String))}, (form, period))], partition + 1
    )
ORDER BY position
LIMIT 1 BY partition, position
"""

_REVISIONS = """
SELECT form, period, unit, position, known_at, values, states, reason
FROM submission
WHERE (form, period) IN {pairs:Array(Tuple(String, String))} AND decision IN {decisions:Array(UInt8)}
    AND unit IN {units:Array(String)} AND position < {before:Array(UInt64)}[partition + 1]
ORDER BY position
LIMIT 1 BY partition, position
"""

_REVISING = [int(Decision.ACCEPTED), int(Decision.RETRACTED)]
_PLACING = [*_REVISING, int(Decision.MOVED)]


class RevisionReads:
    """`before`: by partition from 0 on, the position that the figures were read up to."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def all_messages(self, pairs: Iterable[Pair], before: Sequence[int]) -> list[tuple[Pair, str, Message]]:
        """All of some forms and periods, with the unit that each is about; not what they said."""
        asked = {"pairs": sorted(pairs), "decisions": _PLACING, "before": list(before)}

        def ask(query: Query) -> list[tuple[Pair, str, Message]]:
            return [_message(*row) for row in query(_MESSAGES, asked, {})]

        return await self._reader.ask(ask)

    async def new_messages(
        self, since: Mapping[Pair, Sequence[int]], before: Sequence[int]
    ) -> list[tuple[Pair, str, Message]]:
        """As `all_messages`, from some positions on, with what they said."""
        asked = {
            "pairs": list(since),
            "since": [list(one) for one in since.values()],
            "decisions": _PLACING,
            "before": list(before),
        }

        def ask(query: Query) -> list[tuple[Pair, str, Message]]:
            found = []
            for *row, values, states, reason in query(_NEWS, asked, {}):
                pair, unit, message = _message(*row)
                message.said = said(message.known_at, values, states, reason)
                found.append((pair, unit, message))
            return found

        return await self._reader.ask(ask)

    async def revisions(
        self, reports: Iterable[ReportKey], before: Sequence[int]
    ) -> Mapping[ReportKey, Mapping[int, Revision]]:
        """What some reports said, by position."""
        wanted = set(reports)
        asked = {
            "pairs": sorted({key[:2] for key in wanted}),
            "units": sorted({key[2] for key in wanted}),
            "decisions": _REVISING,
            "before": list(before),
        }
        found: dict[ReportKey, dict[int, Revision]] = {key: {} for key in wanted}
        for form, period, unit, position, known_at, values, states, reason in await self._reader.rows(
            _REVISIONS, asked
        ):
            if (form, period, unit) in wanted:
                found[form, period, unit][position] = said(_aware(known_at), values, states, reason)
        return found


def _message(
    form: str,
    period: str,
    unit: str,
    partition: int,
    position: int,
    decision: int,
    release: int,
    path: Sequence[str],
    known_at: datetime,
) -> tuple[Pair, str, Message]:
    return (form, period), unit, Message(partition, position, decision, release, tuple(path), _aware(known_at))


def _aware(instant: datetime) -> datetime:
    """The engine's instants are UTC; the client leaves that out."""
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
