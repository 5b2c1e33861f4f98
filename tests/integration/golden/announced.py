"""What a story says of the events on `changes`, and what came of it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from chitieu.contracts.events import Reminder, Transition
from tests.integration.golden.dated import at
from tests.integration.golden.years import Moment, Reminded

NOT_TOLD = "no_data"

Place = tuple[str, str]
"""A plan and a unit's code."""

Key = tuple[str, str, str, str]
"""A plan, a unit's code, a target, a period."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A target's state became another one at a time of the story, by a rule."""

    at: datetime
    before: str
    after: str
    rule: str


def told(moments: Sequence[Moment], places: Collection[Place]) -> dict[Key, list[Turn]]:
    """Every turn of the states that a story works out for some places, from one moment to the next.

    Before the first, a target has no data; nothing is said of an area that ended before anything was said.
    """
    found: dict[Key, list[Turn]] = {}
    for moment in moments:
        for one in (one for one in moment.judged if (moment.plan, one.area) in places):
            for target, line in one.targets.items():
                key = moment.plan, one.area, target, one.period
                turns = found.setdefault(key, [])
                before = turns[-1].after if turns else NOT_TOLD
                if line.state != before and (turns or line.state != "ended"):
                    turns.append(Turn(at(moment.at), before, line.state, line.rule))
    return {key: turns for key, turns in found.items() if turns}


def key_of(said: Transition) -> Key:
    return said.plan, said.area.partition("@")[0], said.target, said.period


def heard(said: Iterable[tuple[datetime, Transition]], places: Collection[Place]) -> dict[Key, list[Turn]]:
    """What was announced of the same places: all that was said of a target within a moment, put together.

    Reports of one moment come one after the other, and a look between two of them finds a state in between.
    """
    found: dict[Key, list[Turn]] = {}
    for when, one in said:
        key = key_of(one)
        if key[:2] in places:
            turns = found.setdefault(key, [])
            before = turns.pop().before if turns and turns[-1].at == when else one.before
            if before != one.after:
                turns.append(Turn(when, before, one.after, one.rule))
    return {key: turns for key, turns in found.items() if turns}


def reminded(said: Reminder) -> Reminded:
    return Reminded(said.duty, said.period, said.when, said.last_day, said.missing, said.expected)
