"""Cells held for as long as nothing changes them: of a question, only what has changed is read again.

    held = HeldCells(reads, abreast, most)
    snapshot = await held.snapshot(keys)
    await held.read_ahead()                  # again and again: who asks once more need not wait for what has changed

Every cell held is as it stands at one moment: up to `_heard_to`, position by partition, each change was heard, and what
is named in one is held no longer. So what is read goes in only once every change up to its own moment was heard, and
without what was named beyond it meanwhile. That holds because a change is announced only once readers see it, and after
all of its partition before it. If announcements are not heard as they come, everything is read.

What an area reported itself changes less often than its total, and is told apart: it is held for longer.
"""

import asyncio
import sys
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from chitieu.adapters.clickhouse.cells import Own, Seen, versions_of
from chitieu.contracts.events import Announcement, Change
from chitieu.domain.inquiry import CellKey
from chitieu.domain.rollup import Cell
from services.api.queries import Progress, Snapshot

# Questions to more cells than these are read: they are rare, and would drive out what everybody asks for.
_MOST_OF_ONE = 2_000
# Changes come faster than they can be read between; a reading of its own is of one moment whatever happens.
_TRIES = 3
# An announcement follows what it is about within milliseconds, unless the worker has died in between.
_HEARD_SECONDS = 0.5
# What changes while reports come in all the time is read together.
_AHEAD_SECONDS = 0.1


class Cells(Protocol):
    """Cells as they stand: held, or read from the database."""

    async def snapshot(self, keys: Iterable[CellKey]) -> Snapshot: ...


class CellReads(Protocol):
    """`services.api.queries.Reads` is one."""

    @property
    def database(self) -> str: ...
    async def snapshot(self, keys: Iterable[CellKey], known: Mapping[CellKey, Own | None] = ...) -> Snapshot: ...


@dataclass(slots=True)
class _Held:
    """A cell (None: there is none) as it was at some progress, with what tells its version, and the area's own report.

    `used`: somebody has asked for it since it was read.
    """

    cell: Cell | None
    seen: Seen | None
    own: Own | None
    progress: Progress
    used: bool = False


_Changes = dict[CellKey, list[tuple[int, int]]]


@dataclass(slots=True)
class _Reading:
    """Cells that are being read, and what is heard meanwhile: changes of them, as partition and position.

    `known`: what of it is not read, for it is held.
    """

    keys: Set[CellKey] = frozenset()
    known: Mapping[CellKey, Own | None] = field(default_factory=dict)
    changes: _Changes = field(default_factory=lambda: defaultdict(list))
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
        self._cells: OrderedDict[CellKey, _Held] = OrderedDict()
        # Of these, what the areas reported themselves still stands.
        self._changed: OrderedDict[CellKey, _Held] = OrderedDict()
        self._ahead: set[CellKey] = set()
        self._stale = asyncio.Event()
        self._heard_to: dict[int, int] = {}
        self._progress = Progress()
        self._database = ""
        self._asked: set[CellKey] = set()
        self._reading = _Reading()
        self._task: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._cells)

    async def snapshot(self, keys: Iterable[CellKey]) -> Snapshot:
        """Some cells as they stand at one moment, no older than what was heard by then. Raises Unavailable."""
        wanted = set(keys)
        if len(wanted) <= min(_MOST_OF_ONE, self._most):
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
        for revised, changed in ((False, said.changed), (True, said.revised)):
            for form, period, areas in changed:
                for area in areas:
                    self._change((form, period, area), said.partition, said.position, revised)
        if not said.more:
            self._heard_to[said.partition] = max(said.position, self._heard_to.get(said.partition, 0))
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
        return self._progress

    def _missing(self, wanted: Set[CellKey]) -> set[CellKey]:
        if self._database != self._reads.database:
            self._forget()
            self._database = self._reads.database
        return wanted - self._cells.keys()

    def _told(self, wanted: Set[CellKey]) -> Snapshot:
        cells: dict[CellKey, Cell] = {}
        seen: dict[CellKey, Seen] = {}
        for key in wanted:
            self._cells.move_to_end(key)
            held = self._cells[key]
            held.used = True
            if held.cell is not None:
                cells[key] = held.cell
            if held.seen is not None:
                seen[key] = held.seen
        # All of them stood like that then, and still do.
        return Snapshot(cells, self._progress, versions_of(seen), seen)

    def _change(self, key: CellKey, partition: int, position: int, revised: bool) -> None:
        held = self._cells.get(key) or self._changed.get(key)
        if held is not None and held.progress.positions.get(partition, 0) < position:
            self._drop(key, held, revised)
        if key in self._reading.keys:
            # Whatever is read, it goes with an own report that is another one now.
            unread = revised and key in self._reading.known
            self._reading.changes[key].append((partition, sys.maxsize if unread else position))

    def _drop(self, key: CellKey, held: _Held, revised: bool) -> None:
        if self._cells.pop(key, None) is not None and held.used:
            self._ahead.add(key)
            self._stale.set()
        if revised:
            self._changed.pop(key, None)
        else:
            self._changed[key] = held

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
            found = await self._reads.snapshot(keys, known)
            if (self._cells or known) and not await self._heard(reading, found.progress):
                # Somebody died before saying it. What was read stands for itself; the rest is read as it is asked for.
                self._forget()
                keys = keys - known.keys()
            if not reading.lost and database == self._database:
                self._hold(keys, reading.changes, found)
        finally:
            self._reading = _Reading()

    async def _heard(self, reading: _Reading, progress: Progress) -> bool:
        """Is every change heard, up to some progress? False after half a second."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_HEARD_SECONDS):
                while not reading.lost and any(self._heard_to.get(p, 0) < at for p, at in progress.positions.items()):
                    reading.heard.clear()
                    await reading.heard.wait()
                return True
        return False

    def _hold(self, keys: Set[CellKey], changes: _Changes, found: Snapshot) -> None:
        for partition, position in found.progress.positions.items():
            self._heard_to[partition] = max(position, self._heard_to.get(partition, 0))
        self._progress = found.progress
        for key in keys:
            if _still(changes.get(key, ()), found.progress.positions):
                own = found.own.get(key)
                self._cells[key] = _Held(found.cells.get(key), found.seen.get(key), own, found.progress)
                self._changed.pop(key, None)
        while len(self._cells) + len(self._changed) > self._most:
            (self._changed or self._cells).popitem(last=False)

    def _forget(self) -> None:
        self._cells.clear()
        self._changed.clear()
        self._heard_to.clear()


def _still(changes: Sequence[tuple[int, int]], read_to: Mapping[int, int]) -> bool:
    """Is a cell as it was read, after some changes (partition and position)?"""
    return all(position <= read_to.get(partition, 0) for partition, position in changes)
