"""What happens to targets and deadlines, told as it happens: by one timer, in the worker that holds partition 0.

Each worker alone knows partial figures, so targets are judged from ClickHouse: where `changes` says that something
changed, and everywhere when another day begins in Viet Nam, other definitions come into force, or this worker takes
over. What is told is how a state differs from the one told last; before the first, a target has no data. So a state
that came and went between two looks is not told, and however often the worker starts again, nothing is told twice or
left out. A unit that ended is told of only where a state was told before.

A transition shows which state and which rule, nothing else: both are shown to everybody by `/v1/attainment`, whose
figures may be suppressed while its states are not (chitieu/domain/disclosure.py).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import islice
from typing import Protocol, TypeVar

from chitieu.adapters.clickhouse.cells import read_cells
from chitieu.adapters.clickhouse.reading import Reader
from chitieu.adapters.clock import Clock, today
from chitieu.contracts.events import Announcement, Change, Named, Reminder, Transition
from chitieu.domain import reminder
from chitieu.domain.attainment import State
from chitieu.domain.consequence import Consequences, Place
from chitieu.domain.inquiry import CellKey, Inquiry, Question
from chitieu.domain.period import Period
from chitieu.domain.registry import Release
from chitieu.domain.rollup import Cell
from chitieu.domain.withheld import NOTHING
from services.aggregate.announced import Announced, reminder_key, transition_key
from services.aggregate.backlog import Backlog
from services.aggregate.standing_queries import known_areas, sent

# Read and announced together. To judge one takes some tenths of a millisecond of the event loop that reports are folded
# in; to read cells takes ten milliseconds, whether few or many.
_PLACES_AT_ONCE = 100
# Looked through together: some milliseconds.
_AREAS_AT_ONCE = 500
# Of the time between two looks, what one may take: what is left waits, and what has changed meanwhile goes before it.
_SHARE = 0.8
# A turn, and how many times as long the event loop is others' after it: it is there to fold reports.
_TURN_SECONDS, _REST = 0.002, 4

T = TypeVar("T")


class Definitions(Protocol):
    """`chitieu.adapters.registry.RegistryReader` is one."""

    @property
    def release(self) -> Release: ...


async def _in_turns(some: Iterable[T]) -> AsyncIterator[T]:
    """One after the other, a few at a time: to go to sleep after each would cost as much as to judge it."""
    began = time.thread_time()
    for one in some:
        yield one
        if (used := time.thread_time() - began) > _TURN_SECONDS:
            await asyncio.sleep(_REST * used)
            began = time.thread_time()


def _portions(named: Iterable[Named]) -> Iterator[Named]:
    """The same, so many areas at a time."""
    for form, period, areas in named:
        left = iter(areas)
        while some := list(islice(left, _AREAS_AT_ONCE)):
            yield form, period, some


class Watch:
    """Hears the follower of `changes`; `look` is the timer's.

    `held` tells by a number which of the worker's tenures of partition 0 it is, None while others hold it. What was
    told is known for one tenure: during a look, which waits for ClickHouse, the partition may go and come back.
    """

    def __init__(
        self,
        generation: int,
        held: Callable[[], int | None],
        tenure: asyncio.Lock,
        reader: Reader,
        definitions: Definitions,
        announced: Announced,
        clock: Clock,
        remind_days: int,
        look_seconds: float,
    ) -> None:
        self._generation = generation
        self._held = held
        self._tenure = tenure
        self._reader = reader
        self._definitions = definitions
        self._announced = announced
        self._clock = clock
        self._remind_days = remind_days
        self._look_seconds = look_seconds
        self._changed: dict[tuple[str, str], set[str]] = {}  # form, period -> areas
        self._everything = True
        self._told_in: int | None = None  # the tenure that `announced` was read in
        self._day: date | None = None
        self._backlog: Backlog | None = None

    def hear(self, _: int, said: Announcement) -> None:
        if not isinstance(said, Change) or self._everything:
            return
        self._everything = said.reset
        for form, period, areas in said.named():
            self._changed.setdefault((form, period), set()).update(areas)

    def lost(self) -> None:
        self._everything = True

    async def look(self) -> None:
        """Tell what has become of targets and deadlines since the last look. Raises Unavailable: the next one will."""
        until = asyncio.get_running_loop().time() + _SHARE * self._look_seconds
        held = self._held()
        if held is None:
            self._announced.forget()
            self._everything, self._changed = True, {}
            return
        if not self._announced.loaded or self._told_in != held:
            await self._announced.read()
            async with self._tenure:
                if self._held() != held:
                    return
                await self._announced.mend()
            self._told_in, self._everything, self._day = held, True, None
        backlog, day = self._keep_up(), today(self._clock)
        await self._take_in(backlog, day)
        while backlog:
            await self._judge(backlog, day)
            if asyncio.get_running_loop().time() > until:
                break

    def _keep_up(self) -> Backlog:
        """Other definitions are other questions."""
        release, found = self._definitions.release, self._backlog
        if found is None or found.consequences.inquiry.release is not release:
            found = self._backlog = Backlog(Consequences(Inquiry(release)))
            self._everything = True
        return found

    async def _take_in(self, backlog: Backlog, day: date) -> None:
        """What is to be judged, of what was heard since the last look, and the day's reminders."""
        changed, everything = self._changed, self._everything or day != self._day
        self._changed, self._everything = {}, False
        try:
            if everything:
                await self._remind(backlog.consequences.inquiry, day)
                backlog.add(self._told(), again=True)
                await self._put(backlog, await self._known(backlog.consequences.inquiry), day, again=True)
            await self._put(backlog, ((*key, areas) for key, areas in changed.items()), day)
        except BaseException:
            self._everything = self._everything or everything
            for key, areas in changed.items():
                self._changed.setdefault(key, set()).update(areas)
            raise
        self._day = day

    async def _put(self, backlog: Backlog, named: Iterable[Named], day: date, again: bool = False) -> None:
        async for form, period, areas in _in_turns(_portions(named)):
            backlog.add(backlog.consequences.places(form, period, areas, day), again)

    async def _known(self, inquiry: Inquiry) -> Sequence[Named]:
        forms = {form.id for plan in inquiry.release.plans.values() for form in inquiry.plan_forms(plan)}
        return await self._reader.ask(lambda query: known_areas(query, forms)) if forms else []

    def _told(self) -> Iterator[Place]:
        """Where states were told of: there may be nothing left to judge."""
        for key in self._announced.said:
            if key[0] == "state":
                _, plan, _, area, period = key
                yield Place(plan, area, Period.parse(period))

    async def _judge(self, backlog: Backlog, day: date) -> None:
        """Some of what waits; it waits again if that fails."""
        consequences, some = backlog.consequences, backlog.take(_PLACES_AT_ONCE)
        try:
            asked = [(place, one) async for place in _in_turns(some) for one in consequences.questions(place, day)]
            keys = {cell for _, question in asked for cell in question.cells()}
            cells = (await self._reader.ask(partial(read_cells, keys=keys))).cells
            found = [self._transition(consequences.inquiry, *one, cells, day) async for one in _in_turns(asked)]
            await self._announce([one for one in found if one is not None])
        except BaseException:
            backlog.add(some)
            raise

    def _transition(
        self, inquiry: Inquiry, place: Place, question: Question, cells: Mapping[CellKey, Cell], day: date
    ) -> Transition | None:
        """What there is to tell of one target at one place, if its state is not what was told last."""
        at = place.plan, question.target.id, place.area, str(place.period)
        before = self._announced.said.get(transition_key(*at))
        if before is None and not any(cell in cells for cell in question.cells()):
            return None
        # A state is told to everybody, and no figure with it.
        judged = inquiry.judge(question, cells, day, NOTHING)
        before = before or State.NO_DATA
        if judged.state == before:
            return None
        return Transition(self._generation, *at, before, judged.state, judged.rule)

    async def _remind(self, inquiry: Inquiry, day: date) -> None:
        """Deadlines that come or have come, each once."""
        found = []
        for one in reminder.due(inquiry, day, self._remind_days):
            if reminder_key(one.plan.id, one.duty.id, str(one.period), one.when) not in self._announced.said:
                receipts = await self._reader.ask(partial(sent, form=one.form.id, period=str(one.period)))
                missing, expected = reminder.outstanding(inquiry, one, receipts, day)
                if expected:
                    found.append(self._reminder(one, missing, expected))
        await self._announce(found)

    def _reminder(self, one: reminder.Due, missing: int, expected: int) -> Reminder:
        return Reminder(
            self._generation,
            one.plan.id,
            one.duty.id,
            one.form.id,
            str(one.period),
            one.area.id,
            one.when,
            one.last_day.isoformat(),
            missing,
            expected,
        )

    async def _announce(self, batch: Sequence[Transition | Reminder]) -> None:
        """Nothing if the partition was taken away meanwhile: whoever has it now looks at everything, we too."""
        async with self._tenure:
            if batch and self._held() == self._told_in:
                await self._announced.announce(batch)
