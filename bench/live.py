"""1,000 readers of `/v1/changes` on one api process, each following a province, while 500 reports a second come in.

From the announcement of a change, by the time its producer gave it on the topic `changes`, until a reader has its
event. Both clocks are the machine's; the topic's counts milliseconds. Every reader must get every event of its province
and no other, which is held against the topic and the tree.
"""

import asyncio
import gc
import re
import resource
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from aiokafka import TopicPartition

from bench.asking import Service
from bench.figures import Figure, at_most, figure, percentile
from bench.national import PERIODS
from bench.process import Channel, Child, cpu_seconds, peak_megabytes
from bench.serving import Site, site
from bench.sizes import Sizes
from bench.stack import Stack
from chitieu.adapters import kafka
from chitieu.contracts import topics
from chitieu.contracts.events import Announcement, Change, Transition, decode_change
from chitieu.domain.inquiry import Inquiry
from chitieu.domain.period import Period, Window

REPORTS_PER_SECOND = 500
_AFTERWARDS_SECONDS = 2.0
_AT_A_TIME = 50
_SPARE_FILES = 200
# An event is written as a whole; chunks of HTTP begin and end between two of them.
_EVENT = re.compile(rb"id: (\d+)\nevent: (\w+)\ndata: [^\n]*\n\n")


@dataclass
class Reader(asyncio.Protocol):
    """One who follows; `got` has the offset of each event on `changes` and when it was there (seconds since 1970)."""

    request: bytes
    begun: "asyncio.Future[int]"
    got: list[tuple[int, float]] = field(default_factory=list)
    failure: str = ""
    _rest: bytes = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        at, end, text = time.time(), 0, self._rest + data
        for event in _EVENT.finditer(text):
            end = event.end()
            if event[2] == b"start":
                self.begun.set_result(int(event[1]))
            else:
                self.got.append((int(event[1]), at))
        self._rest = text[end:]

    def connection_lost(self, error: Exception | None) -> None:
        self.failure = f"the stream ended: {error} {self._rest[-200:]!r}"
        if not self.begun.done():
            self.begun.set_exception(ConnectionError(self.failure))


@dataclass(frozen=True)
class Followed:
    """What one reader got since an offset."""

    since: int
    got: Sequence[tuple[int, float]]
    failure: str


async def follow(channel: Channel, service: Service, areas: Sequence[str]) -> list[Followed]:
    """A reader of each area (ids). Says when all streams have begun; ends when it is told to."""
    # What is kept here is looked through by nobody: it would be their delay.
    gc.disable()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(len(areas) + _SPARE_FILES, most), most))
    loop, readers, transports = asyncio.get_running_loop(), list[Reader](), []
    for first in range(0, len(areas), _AT_A_TIME):
        for area in areas[first : first + _AT_A_TIME]:
            reader = Reader(service.get("/v1/changes", area=area), loop.create_future())
            transport, _ = await loop.create_connection(partial(_same, reader), service.host, service.port)
            readers.append(reader)
            transports.append(transport)
        await asyncio.gather(*(reader.begun for reader in readers[first:]))
    channel.say("all follow")
    await channel.hear()
    found = [Followed(reader.begun.result(), reader.got, reader.failure) for reader in readers]
    for transport in transports:
        transport.close()
    return found


def _same(reader: Reader) -> Reader:
    return reader


async def measure(_: Stack, sizes: Sizes) -> list[Figure]:
    """On a stack of its own, with the real programmes, where no other form is in use."""
    async with site(PERIODS[:1]) as here:
        provinces = here.provinces
        areas = [provinces[n % len(provinces)] for n in range(sizes.live_readers)]
        alone = here.process.memory_info().rss / 2**20
        async with Child(follow, here.service, areas) as child:
            await child.says()
            async with here.incoming(REPORTS_PER_SECOND, [here.reports.current]) as incoming:
                before = cpu_seconds(here.process.pid)
                await asyncio.sleep(sizes.live_seconds)
                cores = (cpu_seconds(here.process.pid) - before) / sizes.live_seconds
                per_second = incoming.per_second
            # Targets are judged again for a while: what is announced from here on is nobody's business.
            announced = await _announced(here)
            await asyncio.sleep(_AFTERWARDS_SECONDS)
            peak = peak_megabytes(here.process.pid)
            followed: list[Followed] = await child.ask(None)
    delays = checked(areas, followed, announced, _provinces(here))
    return _figures(sizes, delays, followed, per_second, (alone, peak), cores)


def _figures(
    sizes: Sizes,
    delays: Sequence[float],
    followed: Sequence[Followed],
    per_second: float,
    memory: tuple[float, float],
    cores: float,
) -> list[Figure]:
    name = f"{sizes.live_readers:,} readers"
    events = sum(len(one.got) for one in followed)
    note = f"{per_second:.0f} reports/s; {events / len(followed) / sizes.live_seconds:.1f} events a second to each"
    milliseconds = [1000 * one for one in delays]
    alone, peak = memory
    return [
        figure(f"{name}: p50", "ms", percentile(milliseconds, 50), note=note),
        figure(f"{name}: p99", "ms", percentile(milliseconds, 99), at_most(500)),
        figure(f"{name}: longest", "ms", max(milliseconds)),
        figure(f"{name}: CPU", "of a core", cores),
        figure(f"{name}: peak memory", "MB", peak, at_most(300), f"{alone:.0f} MB before the first of them came"),
    ]


@dataclass(frozen=True)
class Announced:
    """An announcement, and when it was made (seconds since 1970)."""

    said: Announcement
    at: float


async def _announced(here: Site) -> Mapping[int, Announced]:
    """All that stands on `changes` now, by offset."""
    reader = kafka.consumer(here.stack.bootstrap)
    await reader.start()
    try:
        reader.assign([TopicPartition(topics.CHANGES, 0)])
        return {
            record.offset: Announced(decode_change(record.value), record.timestamp / 1000)
            async for record in kafka.read_to_end(reader)
        }
    finally:
        await reader.stop()


def _provinces(here: Site) -> Mapping[str, str]:
    """The province that a unit lies in or is, by ids; agencies and schools, too, whose states are told as well."""
    inquiry, day = Inquiry(here.release), Window().days(Period.parse(here.reports.current.period)).last
    paths = (inquiry.path(unit, day) for unit in here.release.tree.units.values())
    return {path[-1].id: path[1].id for path in paths if len(path) > 1}


def checked(
    areas: Sequence[str],
    followed: Sequence[Followed],
    announced: Mapping[int, Announced],
    province_of: Mapping[str, str],
) -> list[float]:
    """Seconds that each event took to each reader.

    Raises AssertionError if a stream has ended, or a reader has not the events of its province, or has others.
    """
    offsets: dict[str, list[int]] = defaultdict(list)
    for offset, announcement in sorted(announced.items()):
        for province in {province_of.get(area, "") for area in _areas(announcement.said)}:
            offsets[province].append(offset)
    delays = []
    for area, one in zip(areas, followed, strict=True):
        assert not one.failure, one.failure
        heard = [(offset, at) for offset, at in one.got if offset in announced]
        got, due = [offset for offset, _ in heard], [at for at in offsets[area] if at > one.since]
        assert got == due, f"a reader of {area} got {len(got)} events instead of {len(due)}"
        delays += [at - announced[offset].at for offset, at in heard]
    return delays


def _areas(said: Announcement) -> Iterable[str]:
    """Where something has changed (ids)."""
    if isinstance(said, Change):
        return [area for _, _, areas in said.named() for area in areas]
    return [said.area] if isinstance(said, Transition) else []
