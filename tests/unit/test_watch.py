"""`chitieu watch` against the real api: a table with words and signs, kept up to date with or without a stream."""

import asyncio
import io
import re
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field

import pytest
from fastapi import FastAPI
from rich.console import Console
from starlette.types import Receive, Scope, Send
from typer.testing import CliRunner, Result

from chitieu.cli import watch
from chitieu.cli.main import app
from chitieu.cli.service import Language
from chitieu.cli.watch_output import STATES
from chitieu.client import ProblemError, Retries
from chitieu.domain.access import KeyRing, presented
from chitieu.domain.attainment import State
from chitieu.domain.inquiry import CellKey
from chitieu.domain.rollup import Cell
from tests.contract.test_api_http import REGISTRY, YEAR, application
from tests.support.local_http import problem, serving
from tests.unit.small_release import PROVINCE, cell

KEY = presented("province", "s")
BETTER: Mapping[CellKey, Cell] = {**YEAR, ("xa", "2024", PROVINCE): cell(3, 1000, 2, 1, 400, 322, 8, 8)}
ASKED = ("lang-son", "2024", "20")


@dataclass
class Api:
    """The real api; where `streams`, with a stream that says what is put into `said`. Remembers what was asked."""

    app: FastAPI
    streams: bool = False
    away: bool = False
    said: list[bytes] = field(default_factory=list)
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.asked.append((scope["path"], headers.get("if-none-match")))
        if self.away:
            await problem(send, 503, "unavailable", "0")
        elif scope["path"] == "/v1/changes" and self.streams:
            await self._stream(send)
        else:
            await self.app(scope, receive, send)

    async def _stream(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        told = 0
        while self.streams:
            for event in self.said[told:]:
                await send({"type": "http.response.body", "body": event, "more_body": True})
            told = len(self.said)
            await asyncio.sleep(0.005)
        await send({"type": "http.response.body", "body": b""})

    def figures(self) -> list[str | None]:
        """The tag of each question about figures."""
        return [tag for path, tag in self.asked if path == "/v1/attainment"]


@dataclass
class Place:
    api: Api
    url: str

    def run(self, *arguments: str, plan: str = "lang-son", key: str = KEY) -> Result:
        environment = {"CHITIEU_URL": self.url, "CHITIEU_KEY": key}
        command = ["watch", "20", "--plan", plan, "--period", "2024", *arguments]
        return CliRunner().invoke(app, command, env=environment)


@pytest.fixture
def place() -> Iterator[Place]:
    api = Api(application(cells=YEAR))
    with serving(api) as url:
        yield Place(api, url)
        api.streams = False


def row(text: str, target: str) -> list[str]:
    line = next(line for line in text.splitlines() if re.match(rf"[│┃] {target} ", line))
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_every_target_is_printed_once_where_nobody_watches(place: Place) -> None:
    for options in (("--once",), ()):
        told = place.run(*options)
        assert told.exit_code == 0, told.output
        assert "Tỉnh Lạng Sơn (20) · lang-son · 2024" in told.stdout
        assert row(told.stdout, "informed") == ["informed", "79.5 %", "≥ 80 %", "! có nguy cơ", "3/3", ""]
        assert row(told.stdout, "labour-none")[2] == "giữ = 0 %"
        assert "số liệu đến 2024-12-24 03:00:00" in told.stdout
    assert place.api.figures() == [None, None]


def test_it_is_said_in_english_if_that_is_asked_for(place: Place) -> None:
    told = place.run("--language", "en")
    assert row(told.stdout, "informed")[3] == "! at risk"
    assert row(told.stdout, "labour-none")[2] == "keep = 0 %"


def test_every_state_has_a_sign_of_its_own_and_a_word_in_both_languages() -> None:
    assert set(STATES) == set(State)
    assert len({sign for sign, _, _ in STATES.values()}) == len(STATES)
    assert all(word.vi and word.en for _, word, _ in STATES.values())


@pytest.mark.parametrize(
    ("options", "said"),
    [({"plan": "lang-sn"}, "lang-sn"), ({"key": presented("nobody", "s")}, "khóa truy cập")],
)
def test_what_is_not_there_is_a_sentence_and_no_table(place: Place, options: Mapping[str, str], said: str) -> None:
    told = place.run(**options)
    assert (told.exit_code, told.stdout) == (1, "")
    assert said in told.stderr


# A screen


class Screen:
    """What a terminal was sent."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._out = io.StringIO()
        terminal = Console(file=self._out, force_terminal=True, width=150, highlight=False, color_system=None)
        patch.setattr(watch, "console", lambda: terminal)
        patch.setattr(watch, "_AT_MOST_EVERY_SECONDS", 0)
        patch.setattr(watch, "_RETRIES", Retries(tries=2, first=0.01))

    def text(self) -> str:
        """The last table."""
        return self._out.getvalue().rpartition("Tỉnh Lạng Sơn")[2]

    async def shows(self, *words: str) -> None:
        async with asyncio.timeout(30):
            while not all(word in self.text() for word in words):
                await asyncio.sleep(0.01)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    return Screen(monkeypatch)


def watching(place: Place, every: float, while_: Callable[[], Coroutine[None, None, None]]) -> None:
    async def go() -> None:
        watcher = watch._Watcher(place.url, KEY, ASKED, Language.VI, every)
        live = asyncio.create_task(watcher.live())
        play = asyncio.create_task(while_())
        await asyncio.wait((live, play), return_when=asyncio.FIRST_COMPLETED)
        live.cancel()
        play.cancel()
        ended = await asyncio.gather(live, play, return_exceptions=True)
        for one in ended:
            if isinstance(one, Exception):
                raise one

    asyncio.run(go())


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.01)


def test_a_change_on_the_stream_is_shown_and_marked_and_no_question_asked_without_one(
    place: Place, screen: Screen
) -> None:
    place.api.streams = True

    async def play() -> None:
        await screen.shows("79.5 %")
        await until(lambda: ("/v1/changes", None) in place.api.asked)
        application(cells=BETTER)
        place.api.said.append(b": heartbeat\n\n")
        await asyncio.sleep(0.1)
        assert len(place.api.figures()) == 1
        place.api.said.append(b"id: 7\nevent: figure\ndata: {}\n\n")
        await screen.shows("80.5 %", "●")
        assert row(screen.text(), "informed") == ["informed", "80.5 %", "≥ 80 %", "✓ đạt", "3/3", "●"]
        assert row(screen.text(), "trained")[-1] == ""
        assert place.api.figures()[1] is not None

    watching(place, 3600, play)


def test_without_a_stream_it_asks_again_by_the_tag_of_what_it_has(place: Place, screen: Screen) -> None:
    async def play() -> None:
        await screen.shows("79.5 %")
        await until(lambda: len(place.api.figures()) > 3)
        assert "●" not in screen.text()
        application(cells=BETTER)
        await screen.shows("80.5 %", "●")
        tags = place.api.figures()
        assert tags[0] is None
        assert len(set(tags[1:4])) == 1

    watching(place, 0.02, play)


def test_a_service_that_goes_is_said_to_be_away_until_it_is_back(place: Place, screen: Screen) -> None:
    async def play() -> None:
        await screen.shows("79.5 %")
        place.api.away = True
        await screen.shows("79.5 %", "Chưa cập nhật được")
        place.api.away = False
        application(cells=BETTER)
        await until(lambda: "80.5 %" in screen.text() and "Chưa" not in screen.text())

    watching(place, 0.02, play)


def test_a_stream_that_ends_is_taken_up_again(place: Place, screen: Screen) -> None:
    place.api.streams = True

    async def play() -> None:
        await until(lambda: place.api.asked.count(("/v1/changes", None)) == 1)
        place.api.streams = False
        await until(lambda: place.api.asked.count(("/v1/changes", None)) == 2)
        place.api.streams = True
        application(cells=BETTER)
        place.api.said.append(b"id: 8\nevent: figure\ndata: {}\n\n")
        await screen.shows("80.5 %")

    watching(place, 0.02, play)


def test_a_key_that_is_revoked_ends_it(place: Place, screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        await screen.shows("79.5 %")
        monkeypatch.setattr(REGISTRY, "keys", KeyRing())
        await asyncio.sleep(30)

    with pytest.raises(ProblemError) as ended:
        watching(place, 0.02, play)
    assert ended.value.code == "unauthenticated"
