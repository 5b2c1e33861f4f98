"""Reports as they stood at a moment, of which cells are made again for moments and trees that none are kept for.

    moments = Moments(reads, histories)
    reports, progress = await moments.standing(["ldte-xa"], ["2024"], areas={"20@2008-08-01"}, until=instant)

Where the histories of a form and period are at hand, which of them stood follows from those, and what they said is read
once; the others are read.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from datetime import datetime
from itertools import product
from typing import Protocol

from chitieu.adapters.clickhouse.cells import Pair
from chitieu.contracts.events import Announcement, Change
from services.api.history import Book, Histories, Stood
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
        progress = held or await self._progress(until)
        pairs = set(product(forms, periods))
        books = self._histories.at_hand(pairs, progress.bounds)
        near, beside = frozenset(areas), frozenset(units)
        stood = list(_stood(books, near, beside, until, progress))
        untold = ((*pair, one.unit) for pair, one in stood if one.message.said is None)
        await self._histories.tell(books, untold, progress.bounds)
        found = [_standing(pair, one) for pair, one in stood]
        if rest := pairs - books.keys():
            of = {form for form, _ in rest}, {period for _, period in rest}
            read = await self._reads.standing(*of, near, beside, until, progress)
            found += [one for one in read if (one.form, one.period) in rest]
        return found, progress

    async def _progress(self, until: datetime | None) -> Progress:
        if until is None:
            return await self._reads.progress()
        key = self._reads.database, until
        if (known := self._over.find(key)) is not None:
            return known
        progress, over = await self._reads.progress_at(until)
        return self._over.keep(key, progress) if over else progress


def _stood(
    books: Mapping[Pair, Book],
    areas: Set[str],
    units: Set[str],
    until: datetime | None,
    progress: Progress,
) -> Iterator[tuple[Pair, Stood]]:
    for pair, book in books.items():
        for one in book.stood(areas, units, progress.bounds, until):
            if not areas or one.unit in units or not areas.isdisjoint(one.path):
                yield pair, one


def _standing(pair: Pair, one: Stood) -> Standing:
    said = one.message.said
    assert said is not None, "it was read"
    return Standing(*pair, one.unit, one.path, one.revision, said.values, said.states, said.known_at)
