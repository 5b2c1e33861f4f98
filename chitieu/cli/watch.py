"""`chitieu watch`: how far an area is from each target of a plan, for as long as one looks."""

import asyncio
import sys
from collections.abc import Callable
from typing import Annotated

import typer
from rich.live import Live

from chitieu.cli.connection import fail
from chitieu.cli.screen import console
from chitieu.cli.service import KeyOption, Language, LanguageOption, UrlOption, reason
from chitieu.cli.watch_output import changed_targets, watched
from chitieu.client import AsyncClient, ClientError, ProblemError, Retries
from chitieu.client.answers import Attainment

# A flush may come every few milliseconds: nobody reads as fast.
_AT_MOST_EVERY_SECONDS = 0.5
# What no change announces: another day, other definitions. Mostly answered 304.
_ANYWAY_SECONDS = 60.0
# Not long: between tries of the stream the figures are asked for.
_RETRIES = Retries(tries=3)

AreaArgument = Annotated[str, typer.Argument(metavar="AREA", help="code of a unit, or code@valid_from")]
PlanOption = Annotated[str, typer.Option(help="id of a plan")]
PeriodOption = Annotated[str, typer.Option(help="2024, 2024S1 …")]
EveryOption = Annotated[float, typer.Option(min=0.1, help="seconds between questions where there is no stream")]
OnceOption = Annotated[bool, typer.Option("--once", help="print it and leave, as where output is no terminal")]


def watch(
    area: AreaArgument,
    plan: PlanOption,
    period: PeriodOption,
    url: UrlOption,
    key: KeyOption,
    every: EveryOption = 5.0,
    once: OnceOption = False,
    language: LanguageOption = Language.VI,
) -> None:
    """Show every target with value, bound, state and coverage, and what changes as it does. Ctrl-C ends it."""
    watcher = _Watcher(url, key, (plan, period, area), language, every)
    try:
        asyncio.run(watcher.show_once() if once or not sys.stdout.isatty() else watcher.live())
    except ClientError as error:
        raise fail(reason(error, language)) from error
    except KeyboardInterrupt:
        return


class _Watcher:
    """`asked` is plan, period and area."""

    def __init__(self, url: str, key: str, asked: tuple[str, str, str], language: Language, every: float) -> None:
        self._client = AsyncClient(url, key, retries=_RETRIES)
        self._asked = asked
        self._language = language
        self._every = every
        self._news = asyncio.Event()

    async def show_once(self) -> None:
        async with self._client:
            console().print(watched(await self._client.attainment(*self._asked), self._language))

    async def live(self) -> None:
        """Until it is cancelled. Raises ProblemError if what is asked for is not there, or no longer."""
        async with self._client:
            answer = await self._client.attainment(*self._asked)
            with Live(watched(answer, self._language), console=console(), auto_refresh=False) as screen:
                follower = asyncio.create_task(self._follow(answer.area.id))
                try:
                    await self._refresh(answer, lambda table: screen.update(table, refresh=True))
                finally:
                    follower.cancel()

    async def _refresh(self, answer: Attainment, show: Callable[..., None]) -> None:
        changed: frozenset[str] = frozenset()
        while True:
            await self._some_news()
            try:
                newer = await self._client.attainment_if_changed(answer.etag or "", *self._asked)
            except ClientError as error:
                if isinstance(error, ProblemError) and error.status < 500 and error.status != 429:
                    raise
                show(watched(answer, self._language, changed, reason(error, self._language)))
                continue
            if newer is not None:
                changed, answer = changed_targets(answer, newer), newer
            show(watched(answer, self._language, changed))

    async def _some_news(self) -> None:
        await asyncio.sleep(_AT_MOST_EVERY_SECONDS)
        try:
            async with asyncio.timeout(_ANYWAY_SECONDS):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()

    async def _follow(self, area: str) -> None:
        """News whenever something changes; where there is no stream, every so many seconds.

        `area` is the id of the unit that was answered for: today its code may be another's.
        """
        while True:
            try:
                async for _ in self._client.changes(area, self._asked[0]):
                    self._news.set()
            except ClientError:
                await asyncio.sleep(self._every)
                self._news.set()
