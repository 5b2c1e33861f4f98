"""Who wants to hear which changes: each announcement is worked out and written once for all who asked the same.

A change is handed to a reader's queue and never waited for. A reader who does not keep up is told to begin again
(`reset`) and let go; so what one of them holds is bounded, and nobody waits for another.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from chitieu.contracts.events import Announcement, Change, Reminder, Transition
from chitieu.domain.errors import Problem, Unavailable
from services.api.surroundings import Surroundings

# Of one reader; the events themselves are shared. The watch over targets tells some hundred states within a quarter of
# a second when all of them are new, and a reader is written to four times in one.
_MOST_WAITING = 1_000
# Named in one event; where more have changed, `areas` is null.
_MOST_AREAS = 500


class Kind(StrEnum):
    FIGURE = "figure"
    STATE = "state"
    OBLIGATION = "obligation"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader asked for: the subtree of an area (a unit's id), a plan (its id), kinds. None: all."""

    area: str | None = None
    plan: str | None = None
    kinds: frozenset[Kind] = frozenset(Kind)


class Reason(StrEnum):
    """Why a reader has to read everything again."""

    UNKNOWN = "unknown_id"
    TOO_FAR = "too_far_behind"
    TOO_SLOW = "too_slow"
    UNANNOUNCED = "unannounced"


def written(event: str, offset: int, data: object) -> bytes:
    """One server-sent event."""
    return f"id: {offset}\nevent: {event}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


def reset(offset: int, reason: Reason) -> bytes:
    """Read all again: from the offset on, nothing will be missing."""
    return written("reset", offset, {"reason": reason})


class Subscription:
    """One reader's queue. `since`: the offset of the last announcement before it."""

    def __init__(self, wanted: Wanted, since: int) -> None:
        self.wanted = wanted
        self.since = since
        self.ended = False
        self._waiting: list[bytes] = []
        self._woken = asyncio.Event()

    def put(self, offset: int, event: bytes) -> bool:
        """False once it has ended. If there is no more room, what waited gives way to a reset, the last to be taken."""
        if self.ended:
            return False
        if len(self._waiting) < _MOST_WAITING:
            self._waiting.append(event)
        else:
            self._waiting = [reset(offset, Reason.TOO_SLOW)]
            self.ended = True
        self._woken.set()
        return not self.ended

    def end(self) -> None:
        """At once: what waits is read again by whoever comes again, after what they may not have got to before it."""
        self.ended = True
        self._waiting = []
        self._woken.set()

    async def take(self, timeout: float) -> bytes:
        """All that waits, as soon as there is any; nothing after `timeout` seconds, or when it has ended."""
        if not self.ended and not self._waiting:
            try:
                async with asyncio.timeout(timeout):
                    await self._woken.wait()
            except TimeoutError:
                return b""
        taken, self._waiting = b"".join(self._waiting), []
        self._woken.clear()
        return taken


class Subscriptions:
    """Every reader of the process, found by what they want. Hears the follower of `changes`."""

    def __init__(self, surroundings: Callable[[], Surroundings], most: int) -> None:
        self._surroundings = surroundings
        self._most = most
        self._readers: dict[Wanted, set[Subscription]] = {}
        self._by_area: dict[str | None, set[Wanted]] = defaultdict(set)
        self._heard = -1
        self._over = False

    def __len__(self) -> int:
        return sum(map(len, self._readers.values()))

    def add(self, wanted: Wanted, since: int) -> Subscription:
        """Queue everything from now on. Raises Unavailable (429) if there are too many readers."""
        if len(self) >= self._most:
            raise Unavailable(Problem("too_many_requests"))
        one = Subscription(wanted, since)
        one.ended = self._over
        self._readers.setdefault(wanted, set()).add(one)
        self._by_area[wanted.area].add(wanted)
        return one

    def remove(self, one: Subscription) -> None:
        readers = self._readers.get(one.wanted, set())
        readers.discard(one)
        if not readers and self._readers.pop(one.wanted, None) is not None:
            self._by_area[one.wanted.area].discard(one.wanted)
            if not self._by_area[one.wanted.area]:
                del self._by_area[one.wanted.area]

    def end(self) -> None:
        """The process stops, and every stream ends."""
        self._over = True
        for readers in self._readers.values():
            for one in readers:
                one.end()

    def hear(self, offset: int, said: Announcement) -> None:
        self._heard = offset
        if not self._readers:
            return
        # A list: who is too slow is removed from what is gone through here.
        for wanted, event in list(self.events(offset, said, self._by_area)):
            self._hand_out(wanted, offset, event)

    def lost(self) -> None:
        for wanted in list(self._readers):
            self._hand_out(wanted, self._heard, reset(self._heard, Reason.UNANNOUNCED))

    def events(
        self, offset: int, said: Announcement, by_area: Mapping[str | None, Iterable[Wanted]]
    ) -> Iterator[tuple[Wanted, bytes]]:
        """An announcement as everybody concerned gets it, written once for all who get the same."""
        around = self._surroundings()
        if isinstance(said, Change):
            yield from _figures(offset, said, by_area, around)
            return
        kind = Kind.STATE if isinstance(said, Transition) else Kind.OBLIGATION
        concerned = _transition(said, by_area, around) if isinstance(said, Transition) else _due(said, by_area, around)
        event = _without_generation(offset, kind, said)
        for wanted in concerned:
            if kind in wanted.kinds and wanted.plan in (None, said.plan):
                yield wanted, event

    def _hand_out(self, wanted: Wanted, offset: int, event: bytes) -> None:
        for one in [one for one in self._readers.get(wanted, ()) if not one.put(offset, event)]:
            self.remove(one)


def _without_generation(offset: int, kind: Kind, said: Transition | Reminder) -> bytes:
    told = msgspec.to_builtins(said)
    return written(kind, offset, {name: told[name] for name in told if name not in ("kind", "generation")})


def _transition(
    said: Transition, by_area: Mapping[str | None, Iterable[Wanted]], around: Surroundings
) -> Iterator[Wanted]:
    """Those whose area holds the target's."""
    for area in (None, *around.above(said.area)):
        yield from by_area.get(area, ())


def _due(said: Reminder, by_area: Mapping[str | None, Iterable[Wanted]], around: Surroundings) -> Iterator[Wanted]:
    """Those whose area holds the plan's, and those who lie in it: the duty is theirs."""
    above = around.above(said.area)
    for area, some in by_area.items():
        if area is None or area in above or said.area in around.above(area):
            yield from some


def _figures(
    offset: int, said: Change, by_area: Mapping[str | None, Iterable[Wanted]], around: Surroundings
) -> Iterator[tuple[Wanted, bytes]]:
    """What changed below each area that somebody asked for; of a reset, everybody hears."""
    wanted = [one for some in by_area.values() for one in some if Kind.FIGURE in one.kinds]
    if said.reset:
        event = reset(offset, Reason.UNANNOUNCED)
        yield from ((one, event) for one in wanted)
        return
    below = _below(said, by_area, around)
    made: dict[tuple[str | None, str | None], bytes | None] = {}
    for one in wanted:
        key = one.area, one.plan
        if key not in made:
            made[key] = _figure(offset, said, _of_plan(below.get(one.area, []), one.plan, around))
        if (event_ := made[key]) is not None:
            yield one, event_


Below = list[tuple[str, str, list[str]]]


def _below(
    said: Change, by_area: Mapping[str | None, Iterable[Wanted]], around: Surroundings
) -> Mapping[str | None, Below]:
    """By area asked for: what changed below it, once for all changes and not once for each reader."""
    found: dict[str | None, Below] = defaultdict(list)
    for form, period, areas in said.named():
        hits: dict[str | None, list[str]] = defaultdict(list)
        for area in areas:
            for holder in around.above(area):
                if holder in by_area:
                    hits[holder].append(area)
        if None in by_area:
            hits[None] = list(areas)
        for holder_, some in hits.items():
            found[holder_].append((form, period, some))
    return found


def _of_plan(below: Below, plan: str | None, around: Surroundings) -> Below:
    """Of the forms that a plan reads, in its area."""
    if plan is None:
        return below
    forms, top = around.forms(plan), around.area(plan)
    kept = ((f, p, [one for one in areas if top in around.above(one)]) for f, p, areas in below if f in forms)
    return [(form, period, areas) for form, period, areas in kept if areas]


def _figure(offset: int, said: Change, below: Below) -> bytes | None:
    if not below:
        return None
    many = sum(len(areas) for _, _, areas in below) > _MOST_AREAS
    changed = [{"form": form, "period": period, "areas": None if many else areas} for form, period, areas in below]
    return written(Kind.FIGURE, offset, {"partition": said.partition, "position": said.position, "changed": changed})
