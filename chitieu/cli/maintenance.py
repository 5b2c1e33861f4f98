"""What the commands on figures do, wherever they do it: make them again from the log, and hold them against it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from chitieu.adapters.embedded import channel
from chitieu.adapters.registry import RegistryReader
from services.aggregate import rebuild, reconcile, replay
from services.aggregate.rebuild import NotNow
from services.aggregate.settings import AggregateSettings

Say = Callable[[str], None]
# Within it the fold does not run; NotNow if that cannot be had.
Stopped = Callable[[], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done; `sample`, `seed`, `repair` belong to reconcile, `places` (`partition:position`) to replay."""

    command: Literal["rebuild", "drop-old", "reconcile", "replay"]
    sample: int | None = None
    seed: int = 0
    repair: bool = False
    places: Sequence[str] | None = None


async def perform(job: Job, settings: AggregateSettings, programmes: RegistryReader, stopped: Stopped, say: Say) -> int:
    """Do a job; returns the exit code. Raises NotNow, and whatever Kafka or ClickHouse come to."""
    if job.command == "rebuild":
        async with stopped():
            say(str(await rebuild.rebuild(settings, programmes, say)))
        return 0
    if job.command == "drop-old":
        dropped = await rebuild.drop_old(settings, programmes)
        say(f"dropped {', '.join(dropped)}" if dropped else "nothing to drop")
        return 0
    if job.command == "replay":
        places = None if job.places is None else {_place(text) for text in job.places}
        replayed = await replay.replay(settings, programmes, places, say)
        say(str(replayed))
        return 1 if replayed.unreadable else 0
    extent = reconcile.Extent(job.sample, job.seed, job.repair)
    async with stopped() if job.repair else as_it_is():
        account = await reconcile.reconcile(settings, programmes, extent, say)
    say(str(account))
    if not account.clean:
        say("cells are mended with --repair; everything else with `chitieu rebuild`")
    return 0 if account.clean else 1


def _place(text: str) -> tuple[int, int]:
    partition, _, position = text.partition(":")
    if not (partition.isdigit() and position.isdigit()):
        raise NotNow(f"{text!r} is no place in the log: partition:position, as `chitieu dead list` shows them")
    return int(partition), int(position)


@asynccontextmanager
async def as_it_is() -> AsyncIterator[None]:
    """Where no fold can run, or none has to stop."""
    yield


class Maintenance:
    """What the process of a running stack does for the commands; one job at a time."""

    def __init__(self, settings: AggregateSettings, programmes: RegistryReader, stopped: Stopped) -> None:
        self._settings = settings
        self._programmes = programmes
        self._stopped = stopped
        self._turn = asyncio.Lock()

    async def answer(self, request: channel.Request, say: Say) -> int:
        if self._turn.locked():
            raise NotNow("another maintenance command is at work on this stack: wait for it")
        async with self._turn:
            return await perform(Job(**request), self._settings, self._programmes, self._stopped, say)
