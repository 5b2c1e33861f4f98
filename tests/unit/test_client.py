"""The client on a real connection: nothing sent twice, nothing lost, whatever fails when."""

import asyncio
import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chitieu.client import AsyncClient, Client, ProblemError, Report, Retries, Unintelligible, Unreachable
from chitieu.client.answers import LineResult
from chitieu.domain.access import presented
from chitieu.domain.rollup import Decided, Decision
from tests.contract.ingest_service import CONTENT, UNIT, Service
from tests.support.local_http import Fault, Faulty, serving
from tests.unit import commune_release

KEY = presented("north", "secret")
GOOD: dict[str, Any] = dict(commune_release.GOOD)
ADDRESS = ("xa", "2024S1", "00001")
TRIES = 5


@dataclass
class Place:
    """A client, the service it talks to, what fails between them, and how long the client paused."""

    service: Service
    faulty: Faulty
    url: str
    pauses: list[float]

    def client(self) -> Client:
        return Client(self.url, KEY, retries=Retries(TRIES), random=lambda: 0.5, sleep=self.pauses.append)

    def asynchronous(self) -> AsyncClient:
        async def sleep(seconds: float) -> None:
            self.pauses.append(seconds)

        return AsyncClient(self.url, KEY, retries=Retries(TRIES), random=lambda: 0.5, sleep=sleep)

    def keys(self) -> list[str | None]:
        return [headers.get("idempotency-key") for _, _, headers in self.faulty.asked]

    def again(self) -> None:
        """As if nothing had been asked."""
        self.service.log.events.clear()
        self.service.log.away_from = 10**9
        self.service.outcomes.outcome = None
        self.faulty.faults.clear()
        self.faulty.asked.clear()
        self.faulty.bodies.clear()
        self.faulty.retry_after = "7"
        self.pauses.clear()


@pytest.fixture(scope="module")
def server() -> Iterator[Place]:
    service = Service()
    faulty = Faulty(service.app())
    with serving(faulty) as url:
        yield Place(service, faulty, url, [])


@pytest.fixture
def place(server: Place) -> Place:
    server.again()
    return server


def test_a_report_is_sent_and_its_receipt_is_typed(place: Place) -> None:
    with place.client() as client:
        receipt = client.put_report(*ADDRESS, GOOD)
    assert (receipt.status, receipt.unit, receipt.content) == ("accepted for counting", UNIT, CONTENT)
    assert receipt.location == f"/v1/submissions/{receipt.submission}?at=3:0"


def test_a_decimal_arrives_exactly_and_a_float_is_refused_before_anything_is_sent(place: Place) -> None:
    with place.client() as client:
        assert client.put_report(*ADDRESS, GOOD | {"budget": Decimal("12.5")}).content == CONTENT
        with pytest.raises(TypeError, match="not exact"):
            client.put_report(*ADDRESS, GOOD | {"budget": 12.5})
    assert len(place.faulty.asked) == 1


def test_preconditions_and_waits_are_headers(place: Place) -> None:
    place.service.outcomes.outcome = Decided(Decision.ACCEPTED, 2)
    with place.client() as client:
        receipt = client.put_report(*ADDRESS, GOOD, if_match=1, key="mine", wait=9, form_version=2)
        client.put_report(*ADDRESS, GOOD, if_match=0)
    assert (receipt.decision, receipt.revision) == ("accepted", 2)
    (_, _, first), (_, _, second) = place.faulty.asked
    assert (first["if-match"], first["prefer"], first["idempotency-key"]) == ('"1"', "wait=9", "mine")
    assert second["if-none-match"] == "*"
    assert json.loads(place.faulty.bodies[0])["form_version"] == 2


def test_a_retraction_carries_its_reason(place: Place) -> None:
    with place.client() as client:
        client.retract(*ADDRESS, "Nhầm xã")
    assert place.service.log.events[0].reason == "Nhầm xã"


def test_each_logical_call_has_a_key_of_its_own_kept_over_its_tries(place: Place) -> None:
    place.faulty.faults = deque([Fault.AWAY, Fault.CUT_AFTER, Fault.NONE, Fault.CUT_BEFORE])
    with place.client() as client:
        client.put_report(*ADDRESS, GOOD)
        client.put_report(*ADDRESS, GOOD)
    first, second = place.keys()[:3], place.keys()[3:]
    assert len(set(first)) == len(set(second)) == 1
    assert first[0] != second[0]
    assert len({event.submission for event in place.service.log.events}) == 2


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.AWAY])
def test_a_pause_is_never_shorter_than_retry_after(place: Place, fault: Fault) -> None:
    place.faulty.faults = deque([fault, fault])
    with place.client() as client:
        client.put_report(*ADDRESS, GOOD)
    assert place.pauses == [7 + 0.25, 7 + 0.5]


def test_without_retry_after_pauses_double_and_are_spread(place: Place) -> None:
    place.faulty.faults = deque([Fault.CUT_BEFORE] * 3)
    with place.client() as client:
        client.put_report(*ADDRESS, GOOD)
    assert place.pauses == [0.25, 0.5, 1.0]


@pytest.mark.parametrize("asked", ["61", "Fri, 27 Nov 2099 04:00:00 GMT"])
def test_who_asks_for_too_long_a_pause_is_believed_and_not_asked_again(place: Place, asked: str) -> None:
    place.faulty.retry_after, place.faulty.faults = asked, deque([Fault.AWAY])
    with place.client() as client, pytest.raises(ProblemError) as refused:
        client.put_report(*ADDRESS, GOOD)
    assert (refused.value.code, place.pauses) == ("unavailable", [])


def test_tries_are_bounded_and_the_last_answer_is_told(place: Place) -> None:
    place.faulty.faults = deque([Fault.BUSY] * (TRIES + 3))
    with place.client() as client, pytest.raises(ProblemError) as refused:
        client.put_report(*ADDRESS, GOOD)
    assert (refused.value.status, len(place.faulty.asked), len(place.pauses)) == (429, TRIES, TRIES - 1)
    place.faulty.faults = deque([Fault.CUT_AFTER] * TRIES)
    with place.client() as client, pytest.raises(Unreachable):
        client.put_report(*ADDRESS, GOOD)


def test_a_problem_has_code_pointer_and_both_languages_and_is_not_tried_again(place: Place) -> None:
    with place.client() as client, pytest.raises(ProblemError) as refused:
        client.put_report(*ADDRESS, GOOD | {"parents": "nhiều", "trained": -1})
    error = refused.value
    assert (error.status, error.code, error.pointer) == (422, "wrong_type", "/values/parents")
    assert error.vi.startswith("Giá trị phải là số")
    assert error.en.startswith("The value must be a number")
    assert [(one.code, one.pointer) for one in error.errors][1:] == [("negative", "/values/trained")]
    assert len(place.faulty.asked) == 1


def test_an_answer_of_somebody_else_is_said_to_be_one(place: Place) -> None:
    async def proxy(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"<html>log in"})

    with serving(proxy) as url, Client(url, KEY) as client, pytest.raises(Unintelligible, match="<html>"):
        client.put_report(*ADDRESS, GOOD)


def test_reads_go_to_one_address_and_writes_to_another(place: Place) -> None:
    with (
        serving(Service().app()) as elsewhere,
        place.client(url=elsewhere) if False else Client(elsewhere, KEY, ingest_url=place.url) as client,
    ):
        client.put_report(*ADDRESS, GOOD)
        with pytest.raises(ProblemError) as unknown:
            client.report(*ADDRESS)
    assert unknown.value.status == 405
    assert [method for method, _, _ in place.faulty.asked] == ["PUT"]


def reports(count: int) -> list[Report]:
    """So many, of two units in turn, each saying something of its own."""
    units = ("00001", "00002@2022-07-01")
    return [Report("xa", "2024S1", units[n % 2], GOOD | {"events": n}) for n in range(count)]


def told(results: list[LineResult]) -> list[tuple[int, int]]:
    return [(one.line, one.status) for one in results]


def test_every_line_is_told_in_its_order_refused_or_not(place: Place) -> None:
    some = [*reports(3), Report("xa", "2024S1", "00003", GOOD), Report("xa", "2024S1", "00001", {"parents": "x"})]
    with place.client() as client:
        results = list(client.push(some))
    assert told(results) == [(1, 202), (2, 202), (3, 202), (4, 422), (5, 422)]
    assert results[3].problem is not None
    assert results[3].problem.errors[0].pointer == "/unit"
    assert [event.unit for event in place.service.log.events] == [UNIT, "00002@2022-07-01", UNIT]


def test_validation_sends_nothing(place: Place) -> None:
    with place.client() as client:
        results = list(client.validate([*reports(1), Report("xa", "2024S1", "00003", GOOD)]))
    assert told(results) == [(1, 200), (2, 422)]
    assert place.service.log.events == []
    assert place.keys() == [None]


def test_lines_that_were_not_taken_are_sent_again_alone_and_in_their_places(place: Place) -> None:
    place.service.log.away_from = 1

    async def back(seconds: float) -> None:
        place.pauses.append(seconds)
        place.service.log.away_from = 10**9

    async def push() -> list[LineResult]:
        async with AsyncClient(place.url, KEY, sleep=back) as client:
            return [one async for one in client.push(reports(2), key="k")]

    assert told(asyncio.run(push())) == [(1, 202), (2, 202)]
    first, second = place.faulty.bodies
    assert first.count(b"{") > second.count(b"{") > 0
    assert second.startswith(b"\n")
    assert place.keys() == ["k:1", "k:1"]


def test_lines_that_are_never_taken_end_in_the_problem(place: Place) -> None:
    place.service.log.away_from = 1
    with place.client() as client, pytest.raises(ProblemError) as refused:
        list(client.push(reports(2)))
    assert (refused.value.code, len(place.faulty.asked)) == ("unavailable", TRIES)


FAULTS = st.lists(st.sampled_from(list(Fault)), max_size=12)


@given(faults=FAULTS, count=st.integers(0, 7), blocking=st.booleans())
@settings(max_examples=60)
def test_whatever_fails_when_everything_is_there_once(
    server: Place, faults: list[Fault], count: int, blocking: bool
) -> None:
    """Sent again until it is through: every report stands in the log, all of one submission say the same, the last
    word about a unit is the last one sent, and every line has exactly one result."""
    server.again()
    server.faulty.faults = deque(faults)
    results: list[LineResult] = []
    for _ in range(len(faults) + 1):
        try:
            results = pushed(server, reports(count), blocking)
            break
        except (ProblemError, Unreachable):
            continue
    assert told(results) == [(n + 1, 202) for n in range(count)]
    said: dict[bytes, set[bytes]] = {}
    for event in server.service.log.events:
        said.setdefault(event.submission, set()).add(event.content)
    assert len(said) == count
    assert all(len(contents) == 1 for contents in said.values())
    assert standing(server) == expected(count)


def pushed(place: Place, some: list[Report], blocking: bool) -> list[LineResult]:
    if blocking:
        with place.client() as client:
            return list(client.push(some, key="same"))

    async def push() -> list[LineResult]:
        async with place.asynchronous() as client:
            return [one async for one in client.push(some, key="same")]

    return asyncio.run(push())


def standing(place: Place) -> dict[str, int]:
    """What the fold makes of the log, plainly: the newest submission of a unit that was not there before."""
    seen: set[bytes] = set()
    current: dict[str, int] = {}
    for event in place.service.log.events:
        if event.submission not in seen:
            seen.add(event.submission)
            current[event.unit] = event.values[-1]
    return current


def expected(count: int) -> dict[str, int]:
    units = (UNIT, "00002@2022-07-01")
    return {units[n % 2]: n for n in range(count)}
