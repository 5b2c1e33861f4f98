"""Releases that were in force at a moment: all are remembered by name, and made again when somebody asks for them."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from chitieu.adapters.log import logger
from chitieu.domain.registry import Release

log = logger(__name__)

K = TypeVar("K")

# A national tree takes some ten megabytes, and those who compare ask for the same two moments again and again.
_MOST_KEPT = 4


class Named(NamedTuple, Generic[K]):
    """A release as it was written: its number, when the broker had it, and the objects that it names."""

    number: int
    known_at: datetime
    objects: Sequence[K]


class PastReleases(Generic[K]):
    """`build` makes a release from its number and the objects it names; it takes about a second, so it has a thread."""

    def __init__(self, build: Callable[[int, Sequence[K]], Release]) -> None:
        self._build = build
        self._named: list[Named[K]] = []
        self._kept: OrderedDict[int, Release] = OrderedDict()
        self._building = asyncio.Lock()

    @property
    def since(self) -> datetime | None:
        """When the first one came into force, as far as is known."""
        return self._named[0].known_at if self._named else None

    def add(self, number: int, known_at: datetime, objects: Sequence[K]) -> None:
        """Take in the next one; a topic that is read again from its beginning says nothing new."""
        if not self._named or number > self._named[-1].number:
            self._named.append(Named(number, known_at, objects))

    async def at(self, instant: datetime, current: Release) -> Release | None:
        """The release in force at a moment, `current` if that is it still; None before the first."""
        async with self._building:
            for one in reversed([named for named in self._named if named.known_at <= instant]):
                found = current if one.number == current.number else await self._made(one)
                if found is not None:
                    return found
        return None

    async def _made(self, one: Named[K]) -> Release | None:
        """None if it can't be built: then it never was in force, and is forgotten."""
        if one.number not in self._kept:
            try:
                self._kept[one.number] = await asyncio.to_thread(self._build, one.number, one.objects)
            except Exception:
                log.exception("past release not understood", release=one.number)
                self._named.remove(one)
                return None
        self._kept.move_to_end(one.number)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return self._kept[one.number]
