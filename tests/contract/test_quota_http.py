"""Quotas over HTTP: so many requests of one key in ten seconds, told on every answer; more are refused until then."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from chitieu.adapters import unread
from chitieu.adapters.http import create_app
from chitieu.adapters.metrics import Metrics
from chitieu.adapters.quota import WINDOW_SECONDS, Quota, Quotas
from chitieu.adapters.session import COOKIE, packed
from chitieu.domain.access import presented
from services.api.app import router
from services.api.context import Context
from services.api.web.problem_pages import problem_page
from tests.contract.ingest_service import PUT, FakeRegistry, Service
from tests.contract.test_api_http import FixedClock, FixedRegistry, TableReads, ask, keys

POLICY = f'"read";q=3;w={WINDOW_SECONDS}'


class Watch:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def limited(requests: int = 3) -> tuple[FastAPI, Watch]:
    watch, registry = Watch(), FixedRegistry(keys())
    context = Context(TableReads(), registry, FixedClock())
    quotas = Quotas(lambda: registry.keys, reads=Quota("read", requests, watch))
    app = create_app("api", [router(context)], Metrics(), {}, problem_page=problem_page(context), quotas=quotas)
    return app, watch


def statuses(app: FastAPI, times: int, **asked: Any) -> list[int]:
    return [ask(app, "/v1/plans", **asked).status_code for _ in range(times)]


def test_every_answer_tells_the_quota_and_what_is_left_of_it() -> None:
    app, watch = limited()
    first = ask(app, "/v1/plans")
    assert (first.headers["ratelimit-policy"], first.headers["ratelimit"]) == (POLICY, '"read";r=2;t=10')
    watch.seconds += 3.5
    misspelt = ask(app, "/v1/plans?limt=1")
    assert (misspelt.status_code, misspelt.headers["ratelimit"]) == (400, '"read";r=1;t=7')
    missing = ask(app, "/v1/nothing")
    assert (missing.status_code, missing.headers["ratelimit"]) == (404, '"read";r=0;t=7')


def test_one_request_too_many_is_refused_until_the_time_it_is_told() -> None:
    app, watch = limited()
    assert statuses(app, 3) == [200] * 3
    watch.seconds += 6
    refused = ask(app, "/v1/plans")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "4")
    assert (refused.headers["ratelimit-policy"], refused.headers["ratelimit"]) == (POLICY, '"read";r=0;t=4')
    assert refused.headers["content-type"] == "application/problem+json"
    assert [error["code"] for error in refused.json()["errors"]] == ["quota_spent"]
    watch.seconds += 3.9
    assert ask(app, "/v1/plans").status_code == 429
    watch.seconds += 0.1
    assert statuses(app, 4) == [200, 200, 200, 429]


def test_each_key_has_a_quota_of_its_own_and_a_wrong_secret_spends_nobodys() -> None:
    app, _ = limited()
    wrong = f"{presented('province', 's')}x"
    answers = [_get(app, "/v1/plans", {"Authorization": f"Bearer {wrong}"}) for _ in range(5)]
    assert {(one.status_code, one.headers.get("ratelimit")) for one in answers} == {(401, None)}
    assert statuses(app, 4) == [200, 200, 200, 429]
    assert statuses(app, 1, key="nation") == [200]


def test_a_key_has_one_quota_however_it_is_sent_pages_included() -> None:
    app, _ = limited()
    key = presented("province", "s")
    assert ask(app, "/v1/plans").headers["ratelimit"].startswith('"read";r=2')
    assert _get(app, "/v1/plans", {"X-API-Key": key}).headers["ratelimit"].startswith('"read";r=1')
    page = {"Cookie": f"{COOKIE}={packed(key)}", "Accept": "text/html"}
    assert _get(app, "/", page).headers["ratelimit"].startswith('"read";r=0')
    refused = _get(app, "/", page)
    assert (refused.status_code, refused.headers["content-type"]) == (429, "text/html; charset=utf-8")
    assert ask(app, "/v1/plans", method="HEAD").status_code == 429


def test_dhis2_clients_are_refused_in_their_own_shape() -> None:
    app, _ = limited()
    statuses(app, 3)
    refused = ask(app, "/api/analytics?dimension=dx:parents")
    assert (refused.status_code, refused.json()["httpStatusCode"]) == (429, 429)
    assert refused.headers["retry-after"] == "10"


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/startupz", "/metrics"])
def test_operators_ask_as_often_as_they_like(path: str) -> None:
    app, _ = limited()
    assert [ask(app, path).status_code for _ in range(5)] == [200] * 5
    assert statuses(app, 1) == [200]


def test_a_quota_of_nought_is_none() -> None:
    app, _ = limited(0)
    answers = [ask(app, "/v1/plans") for _ in range(5)]
    assert {(one.status_code, one.headers.get("ratelimit")) for one in answers} == {(200, None)}


def test_what_writes_has_no_quota_unless_it_is_given_one() -> None:
    assert "ratelimit" not in Service().put().headers
    service = _one_write()
    assert service.put().headers["ratelimit"] == '"write";r=0;t=10'
    assert service.put().status_code == 429


def test_a_body_beyond_the_quota_is_not_read_and_the_answer_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unread, "LINGER_BYTES", 2048)
    service, sent = _one_write(), 0
    service.put()

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1024
            yield b" " * 1024

    refused = service.answer("PUT", PUT, content=endless(), headers={"Content-Type": "application/json"})
    assert (refused.status_code, refused.headers["connection"], sent) == (429, "close", 2048)
    assert refused.headers["ratelimit"] == '"write";r=0;t=10'
    assert len(service.log.events) == 1


@given(st.lists(st.floats(min_value=0, max_value=15), max_size=40), st.integers(min_value=1, max_value=5))
def test_no_window_lets_more_through_than_its_quota(pauses: list[float], most: int) -> None:
    """Against a slow oracle: a window begins with the first request after the one before it ended."""
    watch = Watch()
    quota = Quota("read", most, watch)
    begun, counted = -WINDOW_SECONDS * 1.0, 0
    for pause in pauses:
        watch.seconds += pause
        if watch.seconds >= begun + WINDOW_SECONDS:
            begun, counted = watch.seconds, 0
        counted += 1
        assert quota.spend("key").allowed == (counted <= most)


def _one_write() -> Service:
    registry = FakeRegistry()
    return Service(registry, quotas=Quotas(lambda: registry.keys, writes=Quota("write", 1, Watch())))


def _get(app: FastAPI, path: str, headers: dict[str, str]) -> httpx.Response:
    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(go())
