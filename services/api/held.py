"""Cells held: of a question, only what is not held is read.

    held = HeldCells(reads, abreast, most)
    snapshot = await held.snapshot(keys)
    await held.read_ahead()                  # again and again: who asks once more need not wait for what was let go

All cells held are of one moment (`Followed`), which goes on with each change that is announced: what moved is added and
taken away, as the fold did it, and the rest is as it was. Of a flush about very many reports only the names of what
changed are told: that is let go, and read again. What is read goes in once every change up to its own moment was heard,
and follows all that was heard meanwhile. That holds because a change is announced only once readers see it, and after
all of its partition before it. If announcements are not heard as they come, everything is read.

What an area reported itself changes less often than its total, and is told apart: it is held for longer.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from chitieu.adapters.clickhouse.cells import Own, Pair, Seen, versions_of
from chitieu.contracts.events import Announcement, Change
from chitieu.domain.inquiry import CellKey
from chitieu.domain.rollup import Cell
from services.api.followed import Followed, Held, named
from services.api.queries import Progress, Snapshot

# Questions to more cells than these are read: they are rare, and would drive out what everybody asks for.
_MOST_OF_ONE = 2_000
# Changes come faster than they can be read between; a reading of its own is of one moment whatever happens.
_TRIES = 3
# An announcement follows what it is about within milliseconds, unless the worker has died in between.
_HEARD_SECONDS = 0.5
# Readings that one form and period had a part in, until all of its areas are read in the next one: somebody asks here
# and there. They take about as long as a dozen. And so many forms and periods at a time.
_WHOLE_AFTER, _WHOLE_AT_ONCE = 2, 4
# What changes while reports come in all the time is read together.
_AHEAD_SECONDS = 0.1


class Cells(Protocol):
    """Cells as they stand: held, or read from the database."""

    async def snapshot(self, keys: Iterable[CellKey]) -> Snapshot: ...


class CellReads(Protocol):
    """`services.api.queries.Reads` is one."""

    @property
    def database(self) -> str: ...
    async def snapshot(
        self, keys: Iterable[CellKey], known: Mapping[CellKey, Own | None] = ..., whole: Collection[Pair] = ...
    ) -> Snapshot: ...


@dataclass(slots=True)
class _Reading:
    """Cells that are being read, and what is heard meanwhile. `known`: what of it is not read, for it is held."""

    keys: Set[CellKey] = frozenset()
    known: Mapping[CellKey, Own | None] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    lost: bool = False
    heard: asyncio.Event = field(default_factory=asyncio.Event)


class HeldCells:
    """The least recently used go when there are more than `most`; one for the process. Hears the follower of `changes`.

    Who asks while others read is served by the next reading, together with all who ask meanwhile.
    """

    def __init__(self, reads: CellReads, abreast: Callable[[], bool], most: int) -> None:
        self._reads = reads
        self._abreast = abreast
        self._most = most
        self._now = Followed()
        # Let go; of these, what the areas reported themselves still stands.
        self._changed: OrderedDict[CellKey, Held] = OrderedDict()
        # Readings that forms and periods had a part in, and those that were read whole.
        self._missed: Counter[Pair] = Counter()
        self._complete: set[Pair] = set()
        self._ahead: set[CellKey] = set()
        self._stale = asyncio.Event()
        self._database = ""
        self._asked: set[CellKey] = set()
        self._reading = _Reading()
        self._task: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._now.cells)

    async def snapshot(self, keys: Iterable[CellKey]) -> Snapshot:
        """Some cells as they stand at one moment, no older than what was heard by then. Raises Unavailable."""
        wanted = set(keys)
        if 0 < len(wanted) <= min(_MOST_OF_ONE, self._most):
            for _ in range(_TRIES):
                if not self._abreast():
                    break
                if not (missing := self._missing(wanted)):
                    return self._told(wanted)
                await self._read(missing)
        return await self._reads.snapshot(wanted)

    def hear(self, _: int, said: Announcement) -> None:
        if not isinstance(said, Change):
            return
        if said.reset:
            self.lost()
            return
        if self._now.misses(said):
            self.lost()
        if self._reading.keys:
            self._reading.changes.append(said)
        self._changed.update(self._let_go(self._now.hear(said)))
        for key in named(said.revised):
            self._changed.pop(key, None)
        if not said.more:
            self._reading.heard.set()

    def lost(self) -> None:
        self._forget()
        self._reading.lost = True
        self._reading.heard.set()

    async def read_ahead(self) -> Progress:
        """Once something has changed that was asked for since it was read: read it, with all that changes meanwhile.

        Returns the progress that cells are held at. Raises Unavailable.
        """
        await self._stale.wait()
        await asyncio.sleep(_AHEAD_SECONDS)
        self._stale.clear()
        ahead, self._ahead = self._ahead, set()
        if self._abreast() and (missing := self._missing(ahead)):
            await self._read(missing)
        return self._now.progress

    def _missing(self, wanted: Set[CellKey]) -> set[CellKey]:
        if self._database != self._reads.database:
            self._forget()
            self._database = self._reads.database
        # Not as a difference of sets: that looks at all that are held.
        return {key for key in wanted if key not in self._now.cells}

    def _told(self, wanted: Set[CellKey]) -> Snapshot:
        cells: dict[CellKey, Cell] = {}
        seen: dict[CellKey, Seen] = {}
        for key in wanted:
            self._now.cells.move_to_end(key)
            held = self._now.cells[key]
            held.used = True
            if held.cell is not None:
                cells[key] = held.cell
            if held.seen is not None:
                seen[key] = held.seen
        return Snapshot(cells, self._now.progress, versions_of(seen), seen)

    def _let_go(self, some: Mapping[CellKey, Held]) -> Mapping[CellKey, Held]:
        if used := [key for key, held in some.items() if held.used]:
            self._ahead.update(used)
            self._stale.set()
        return some

    async def _read(self, missing: set[CellKey]) -> None:
        """Wait until some cells were read, together with all that others ask for. Raises Unavailable."""
        task = self._task
        if rest := missing - self._reading.keys:
            self._asked |= rest
            if self._next is None or self._next.done():
                self._next = asyncio.create_task(self._read_next(task), name="cells")
            task = self._next
        assert task is not None
        # Others wait for it, too.
        await asyncio.shield(task)

    async def _read_next(self, before: asyncio.Task[None] | None) -> None:
        if before is not None and not before.done():
            with suppress(Exception):
                await asyncio.shield(before)
        self._task, self._next = self._next, None
        keys, self._asked = self._asked, set()
        known = {key: self._changed[key].own for key in keys if key in self._changed}
        reading = self._reading = _Reading(keys, known)
        try:
            database = self._reads.database
            whole = self._whole(keys - known.keys())
            found = await self._reads.snapshot(keys, known, whole)
            if (self._now.cells or known) and not await self._heard(reading, found.progress):
                # Somebody died before saying it. What was read stands for itself; the rest is read as it is asked for.
                self._forget()
                keys = keys - known.keys()
            if not reading.lost and database == self._database:
                self._hold(keys, reading, found)
                self._complete |= whole
        finally:
            self._reading = _Reading()

    def _whole(self, missing: Set[CellKey]) -> Set[Pair]:
        """Forms and periods of which to read all: once, as long as anything is held. Units that none lie in are no part
        of it, and what had to go for lack of room is read as it is asked for.
        """
        pairs = {key[:2] for key in missing} - self._complete
        whole = set(islice((pair for pair in pairs if self._missed[pair] >= _WHOLE_AFTER), _WHOLE_AT_ONCE))
        self._missed.update(pairs)
        return whole

    async def _heard(self, reading: _Reading, progress: Progress) -> bool:
        """Is every change heard, up to some progress? False after half a second."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_HEARD_SECONDS):
                while not reading.lost and not self._now.reaches(progress):
                    reading.heard.clear()
                    await reading.heard.wait()
                return True
        return False

    def _hold(self, keys: Set[CellKey], reading: _Reading, found: Snapshot) -> None:
        """What was read, once it has followed all that was heard meanwhile."""
        # Those that were asked for last: of too many, they stay.
        others = found.seen.keys() - reading.keys
        every = [*(key for key in others if key not in self._now.cells), *keys]
        read = Followed(
            {key: Held(found.cells.get(key), found.seen.get(key), found.own.get(key)) for key in every}, found.progress
        )
        for said in reading.changes:
            if found.progress.covers(said.partition, said.position - 1):
                # In the total it is; what was known of the area's own report is another one now.
                for key in reading.known.keys() & set(named(said.revised)):
                    read.cells.pop(key, None)
            else:
                read.hear(said)
        self._now.join(read)
        for key in read.cells:
            self._changed.pop(key, None)
        while len(self._now.cells) + len(self._changed) > self._most:
            (self._changed or self._now.cells).popitem(last=False)

    def _forget(self) -> None:
        self._now = Followed()
        self._changed.clear()
        self._missed.clear()
        self._complete.clear()
