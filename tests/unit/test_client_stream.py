"""Changes as a client follows them: resumed by itself after the last one that came whole, and none twice."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from chitieu.client import AsyncClient, Client, ProblemError, Retries, Unreachable
from chitieu.client.answers import Change
from chitieu.client.exchange import Tries
from chitieu.client.stream import Following
from tests.support.local_http import cut, problem, serving

EVENTS = b"".join(b'id: %d\nevent: figure\ndata: {"n": %d}\n\n' % (n, n) for n in range(1, 6))


@dataclass
class Script:
    """One act a connection: bytes of the stream after what the client has, a status, or a cut."""

    acts: list[Callable[[int, Send], Any]]
    asked: list[dict[str, str]] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.asked.append(headers)
        self.queries.append(scope["query_string"].decode())
        act = self.acts.pop(0) if self.acts else refuse(404, "not_found")
        await act(int(headers.get("last-event-id", "0")), send)


def stream(until: int | None = None, *, end: bool = True) -> Callable[[int, Send], Any]:
    """Everything after the client's last event, up to a byte of it; then the server closes, or the network breaks."""

    async def act(after: int, send: Send) -> None:
        rest = EVENTS.split(b"\n\n")[after:-1]
        said = b": heartbeat\n\n" + b"".join(event + b"\n\n" for event in rest)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        await send({"type": "http.response.body", "body": said[:until], "more_body": True})
        await asyncio.sleep(0.01)
        if end:
            await send({"type": "http.response.body", "body": b""})
        else:
            cut(send)

    return act


def refuse(status: int, code: str) -> Callable[[int, Send], Any]:
    async def act(_: int, send: Send) -> None:
        await problem(send, status, code, "3")

    return act


@contextmanager
def following(script: Script, pauses: list[float]) -> Iterator[Client]:
    retries = Retries(tries=3)
    with serving(script) as url, Client(url, "k", retries=retries, random=lambda: 0.5, sleep=pauses.append) as client:
        yield client


def collected(changes: Iterator[Change]) -> list[str]:
    """Ids until the script is played, which ends in a 404."""
    found: list[str] = []
    with pytest.raises(ProblemError, match="en"):
        for change in changes:
            found.append(change.id)
    return found


def test_changes_are_typed_and_filters_are_asked_for() -> None:
    script = Script([stream()])
    with following(script, []) as client:
        first = next(client.changes("20", "lang-son-187", ["figure", "state"]))
    assert (first.id, first.event, first.data) == ("1", "figure", {"n": 1})
    assert script.queries == ["area=20&plan=lang-son-187&kind=figure&kind=state"]
    assert script.asked[0]["accept"] == "text/event-stream"


def test_a_cut_stream_is_resumed_after_the_last_whole_change() -> None:
    script, pauses = Script([stream(70, end=False), stream(60), refuse(503, "unavailable"), stream()]), list[float]()
    with following(script, pauses) as client:
        assert collected(client.changes()) == ["1", "2", "3", "4", "5"]
    assert [one.get("last-event-id") for one in script.asked] == [None, "1", "2", "2", "5"]
    assert pauses == [0.25, 0.25, 3 + 0.5, 0.25]


def test_one_may_begin_after_a_change_seen_before() -> None:
    with following(Script([stream()]), []) as client:
        assert collected(client.changes(after="3")) == ["4", "5"]


def test_a_stream_that_never_gives_anything_is_given_up() -> None:
    script = Script([stream(0)] * 5)
    with following(script, []) as client, pytest.raises(Unreachable):
        list(client.changes())
    assert len(script.asked) == 3


def test_the_awaiting_client_follows_in_the_same_way() -> None:
    script = Script([stream(70, end=False), stream()])

    async def sleep(_: float) -> None:
        return

    async def follow(url: str) -> list[str]:
        found = []
        async with AsyncClient(url, "k", sleep=sleep) as client:
            changes: AsyncIterator[Change] = client.changes()
            async for change in changes:
                found.append(change.id)
                if change.id == "5":
                    return found
        return found

    with serving(script) as url:
        assert asyncio.run(follow(url)) == ["1", "2", "3", "4", "5"]


@given(
    events=st.lists(st.tuples(st.sampled_from(["figure", "state", "reset"]), st.text(max_size=8)), max_size=5),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    cuts=st.lists(st.integers(1, 7), max_size=60),
    connection=st.integers(1, 40),
)
def test_wherever_the_bytes_are_cut_every_change_comes_once(
    events: list[tuple[str, str]], end: str, cuts: list[int], connection: int
) -> None:
    """The server sends what follows the last id; a connection breaks after some bytes, which come in any pieces."""
    one = Following(Tries(Retries(tries=2), lambda: 0.0), None)
    heard: list[tuple[str, str, str]] = []
    while True:
        after = int(one.headers.get("Last-Event-ID", "0"))
        whole = "".join(written(n, event, text, end) for n, (event, text) in enumerate(events, 1) if n > after)
        one.answered(httpx.Response(200))
        for piece in pieces(whole.encode()[:connection], cuts):
            heard += [(change.id, change.event, change.data["text"]) for change in one.heard(piece)]
        if len(heard) == len(events):
            break
        connection += 13
    assert heard == [(str(n), event, text) for n, (event, text) in enumerate(events, 1)]


def written(n: int, event: str, text: str, end: str) -> str:
    data = json.dumps({"text": text}, ensure_ascii=False, indent=1).split("\n")
    return end.join([f"id: {n}", f"event:{event}", ": comment", *(f"data: {line}" for line in data), "", ":", ""])


def pieces(body: bytes, sizes: list[int]) -> Iterator[bytes]:
    for size in itertools.cycle(sizes or [len(body) or 1]):
        if not body:
            return
        yield body[:size]
        body = body[size:]
