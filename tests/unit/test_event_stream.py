"""How one stream is written: whatever its reader does, what they got last says where to go on."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from starlette.types import Message

from chitieu.contracts.events import Announcement, Transition
from chitieu.domain.inquiry import Inquiry
from services.api.changes import EventStream, Stream
from services.api.follower import Unfollowed
from services.api.subscriptions import Subscriptions, Wanted
from services.api.surroundings import Surroundings
from tests.unit.small_release import DISTRICT, PLAN, RELEASE

SURROUNDINGS = Surroundings(Inquiry(RELEASE))
SAID = Transition(1, PLAN.id, "informed", DISTRICT, "2024", "at_risk", "met", "met")


class Topic(Unfollowed):
    """Can be read again; whoever does is held up before the announcement with offset 5."""

    def __init__(self) -> None:
        self.at, self.go_on = asyncio.Event(), asyncio.Event()

    async def between(self, first: int, end: int) -> AsyncGenerator[tuple[int, Announcement], None]:
        for offset in range(first, end):
            if offset == 5:
                self.at.set()
                await self.go_on.wait()
            yield offset, SAID


class Reader:
    """Takes what is written, as long as `takes` is set; stays until `leaves` is."""

    def __init__(self) -> None:
        self.takes, self.leaves = asyncio.Event(), asyncio.Event()
        self.takes.set()
        self.body = b""
        self.writing = asyncio.Event()
        self.over = False

    async def receive(self) -> Message:
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            self.writing.set()
            await self.takes.wait()
            self.body += message["body"]
            self.over = not message.get("more_body", False)

    @property
    def ids(self) -> list[int]:
        return [int(line.removeprefix("id: ")) for line in self.body.decode().splitlines() if line.startswith("id: ")]


def streaming(subscriptions: Subscriptions, topic: Topic, after: str | None, reader: Reader) -> asyncio.Task[None]:
    stream = Stream(topic, subscriptions, Wanted(), 10, after)
    written: Any = EventStream(stream, lambda: True)({}, reader.receive, reader.send)
    return asyncio.create_task(written)


def test_a_reader_who_is_too_slow_gets_what_was_on_its_way_then_a_reset_and_the_end() -> None:
    async def story() -> None:
        subscriptions, reader = Subscriptions(lambda: SURROUNDINGS, 10), Reader()
        reader.takes.clear()
        running = streaming(subscriptions, Topic(), None, reader)
        await reader.writing.wait()
        for offset in range(11, 1_100):
            subscriptions.hear(offset, SAID)
        reader.takes.set()
        await running
        assert reader.ids == [10, 1_011]
        assert b'"too_slow"' in reader.body and reader.over
        assert len(subscriptions) == 0

    asyncio.run(asyncio.wait_for(story(), 20))


def test_a_stream_that_is_ended_while_it_catches_up_tells_nothing_newer_than_what_it_left_out() -> None:
    async def story() -> None:
        subscriptions, reader = Subscriptions(lambda: SURROUNDINGS, 10), Reader()
        topic = Topic()
        running = streaming(subscriptions, topic, "1", reader)
        await topic.at.wait()
        subscriptions.hear(11, SAID)
        subscriptions.end()
        topic.go_on.set()
        await running
        assert reader.ids == [2, 3, 4, 5]
        assert reader.over

    asyncio.run(asyncio.wait_for(story(), 20))


def test_who_leaves_while_it_catches_up_holds_nothing() -> None:
    async def story() -> None:
        subscriptions, reader = Subscriptions(lambda: SURROUNDINGS, 10), Reader()
        topic = Topic()
        running = streaming(subscriptions, topic, "1", reader)
        await topic.at.wait()
        reader.leaves.set()
        await asyncio.sleep(0)
        topic.go_on.set()
        await running
        assert max(reader.ids) <= 5
        assert len(subscriptions) == 0

    asyncio.run(asyncio.wait_for(story(), 20))
