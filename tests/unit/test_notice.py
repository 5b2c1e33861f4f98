"""A sentence about all of the data is followed from the registry to every answer."""

import asyncio
import json

import httpx
from fastapi import FastAPI

from chitieu.adapters.http import create_app
from chitieu.adapters.metrics import Metrics
from chitieu.adapters.registry import Registry
from chitieu.domain.catalogue import Label

NOTICE = Label("Số liệu mô phỏng", "Simulated data – not\nreal")


def asked(app: FastAPI, path: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
            return await http.get(path)

    return asyncio.run(ask())


def test_the_registry_s_newest_notice_is_in_force() -> None:
    registry = Registry()
    assert registry.notice is None
    for sentence in (Label("một", "one"), Label("hai", "two")):
        body = json.dumps({"vi": sentence.vi, "en": sentence.en}).encode()
        assert not registry.read(b"notice/simulated/1", body)
        assert registry.notice == sentence
    assert registry.objects == {}


def test_every_answer_says_the_notice_as_one_line_of_ascii_even_a_problem() -> None:
    app = create_app("test", [], Metrics(), {}, notice=lambda: NOTICE)
    for path in ("/livez", "/metrics", "/nowhere"):
        assert asked(app, path).headers["Chitieu-Notice"] == "Simulated data ? not real"


def test_without_a_notice_nothing_is_said() -> None:
    assert "Chitieu-Notice" not in asked(create_app("test", [], Metrics(), {}), "/livez").headers
