"""Reports as they stood at a moment, of which cells are made again for moments and trees that none are kept for.

    moments = Moments(reads, histories)
    reports, progress = await moments.standing(["ldte-xa"], ["2024"], areas={"20@2008-08-01"}, until=instant)

Where the histories of a form and period are at hand, which of them stood follows from those, and what they said is read
once; the others are read.
"""

from collections.abc import Iterable, Set
from datetime import datetime
from itertools import product
from typing import Protocol

from chitieu.adapters.clickhouse.cells import Pair
from chitieu.contracts.events import Announcement, Change
from services.api.history import Histories, Stood
from services.api.queries import Progress, Standing
from services.api.recent import Recent

_MOST_MOMENTS = 1_000


class StandingReads(Protocol):
    """`services.api.queries.Reads` is one."""

    @property
    def database(self) -> str: ...
    async def progress(self) -> Progress: ...
    async def progress_at(self, until: datetime) -> tuple[Progress, bool]: ...
    async def standing(
        self,
        forms: Iterable[str],
        periods: Iterable[str],
        areas: Iterable[str],
        units: Iterable[str],
        until: datetime | None,
        progress: Progress,
    ) -> list[Standing]: ...


class Moments:
    """One for the process. Hears the follower of `changes`."""

    def __init__(self, reads: StandingReads, histories: Histories) -> None:
        self._reads = reads
        self._histories = histories
        # How far the log had come by then: what is over does not change.
        self._over = Recent[Progress](_MOST_MOMENTS)

    def hear(self, _: int, said: Announcement) -> None:
        if isinstance(said, Change) and said.reset:
            self.lost()

    def lost(self) -> None:
        """The log may be another one."""
        self._over.clear()

    async def standing(
        self,
        forms: Iterable[str],
        periods: Iterable[str],
        areas: Iterable[str] = (),
        until: datetime | None = None,
        units: Iterable[str] = (),
        held: Progress | None = None,
    ) -> tuple[list[Standing], Progress]:
        """The reports that counted at a moment (now, if not said) in any of some areas (everywhere, if none is named).

        With `units`, the reports of these too, wherever they counted. The progress is that of the moment, too: what is
        folded of all that the log had then, or the one that is `held` from an earlier reading. Raises Unavailable.
        """
        pairs, near, beside = set(product(forms, periods)), frozenset(areas), frozenset(units)
        while True:
            database = self._reads.database
            progress = held or await self._progress(until)
            found = await self._found(pairs, near, beside, until, progress)
            # All of it is of one database; after a rebuild there is another one.
            if self._reads.database == database:
                return found, progress

    async def _found(
        self, pairs: Set[Pair], areas: Set[str], units: Set[str], until: datetime | None, progress: Progress
    ) -> list[Standing]:
        bounds = progress.bounds
        books = self._histories.at_hand(pairs, bounds)
        stood = [(pair, one) for pair, book in books.items() for one in book.stood(areas, units, bounds, until)]
        untold = ((*pair, one.unit) for pair, one in stood if one.message.said is None)
        await self._histories.tell(books, untold, bounds)
        found = [_standing(pair, one) for pair, one in stood]
        if rest := pairs - books.keys():
            of = {form for form, _ in rest}, {period for _, period in rest}
            read = await self._reads.standing(*of, areas, units, until, progress)
            found += [one for one in read if (one.form, one.period) in rest]
        return found

    async def _progress(self, until: datetime | None) -> Progress:
        if until is None:
            return await self._reads.progress()
        key = self._reads.database, until
        if (known := self._over.find(key)) is not None:
            return known
        progress, over = await self._reads.progress_at(until)
        return self._over.keep(key, progress) if over else progress


def _standing(pair: Pair, one: Stood) -> Standing:
    said = one.message.said
    assert said is not None, "it was read"
    return Standing(*pair, one.unit, one.path, one.revision, said.values, said.states, said.known_at)
