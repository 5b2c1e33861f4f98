"""What requests under way may hold together: beyond it one is refused at once, and the room comes back."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from services.ingest.room import REQUEST_BYTES
from tests.contract.ingest_service import BODY, PUT, Service, codes, item

NDJSON = {"Content-Type": "application/x-ndjson"}
LIMIT = 2**20


@pytest.fixture
def service() -> Service:
    return Service(limits={"max_held_bytes": LIMIT})


def test_one_request_more_than_there_is_room_for_is_429_at_once_and_later_there_is_room_again(service: Service) -> None:
    async def story() -> None:
        service.log.acknowledges.clear()
        async with service.client() as client:
            fit = LIMIT // (REQUEST_BYTES + len(json.dumps(BODY)))
            waiting = [asyncio.create_task(client.put(PUT, json=BODY)) for _ in range(fit)]
            while len(service.log.events) < fit:
                await asyncio.sleep(0)
            refused = await client.put(PUT, json=BODY)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
            assert codes(refused) == [("too_many_requests", "")]
            assert (await client.delete(PUT, params={"reason": "x"})).status_code == 429
            assert (await client.post("/v1/reports", content=b"", headers=NDJSON)).status_code == 429
            service.log.acknowledges.set()
            assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {202}
            assert len(service.log.events) == fit, "nothing of what was refused was written"
            for _ in range(3):
                answers = await asyncio.gather(*(client.put(PUT, json=BODY) for _ in range(fit)))
                assert {answer.status_code for answer in answers} == {202}

    asyncio.run(story())


def test_a_body_of_unknown_length_takes_room_as_it_comes(service: Service) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 65536

    async def story() -> None:
        service.log.acknowledges.clear()
        async with service.client() as client:
            other = asyncio.create_task(client.put(PUT, json=BODY))
            while not service.log.events:
                await asyncio.sleep(0)
            answer = await client.post("/v1/reports", content=endless(), headers=NDJSON)
            assert (answer.status_code, codes(answer)) == (429, [("too_many_requests", "")])
            service.log.acknowledges.set()
            assert (await other).status_code == 202

    asyncio.run(story())


def test_a_request_alone_has_room_for_whatever_the_other_limits_allow(service: Service) -> None:
    """And gives it back when it has streamed its answer."""

    async def story() -> None:
        lines = b"".join(json.dumps(item()).encode() + b"\n" for _ in range(5000))
        assert len(lines) > LIMIT
        async with service.client() as client:
            for _ in range(2):
                answer = await client.post("/v1/reports", content=lines, headers=NDJSON)
                assert answer.text.count('"status":202') == 5000

    asyncio.run(story())


def test_a_fault_of_ours_is_500_and_gives_the_room_back(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("no log")

    async def story() -> None:
        async with service.client() as client:
            with monkeypatch.context() as patched:
                patched.setattr(service.log, "enqueue", broken)
                for _ in range(2 * LIMIT // REQUEST_BYTES):
                    answer = await client.put(PUT, json=BODY)
                    assert (answer.status_code, codes(answer)) == (500, [("internal", "")])
            assert (await client.put(PUT, json=BODY)).status_code == 202

    asyncio.run(story())
