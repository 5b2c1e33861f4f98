"""The fold of an embedded stack: it can be stopped for maintenance and started again, while all else goes on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from chitieu.adapters.http import Checks
from services.aggregate.app import Aggregate


class EmbeddedFold:
    """Runs an aggregate service in a task of its own. `on_failure` hears of a fold that could not be started again."""

    def __init__(self, aggregate: Aggregate, on_failure: Callable[[Exception], None]) -> None:
        self._aggregate = aggregate
        self._on_failure = on_failure
        self._task: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()

    @property
    def checks(self) -> Checks:
        """Stopped on purpose is no reason to send no requests: reports are taken and figures shown."""
        return {name: self._unless_stopped(there) for name, there in self._aggregate.checks.items()}

    def _unless_stopped(self, there: Callable[[], bool]) -> Callable[[], bool]:
        return lambda: self._task is None or there()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self._begin()
        try:
            yield
        finally:
            await self._end()

    @asynccontextmanager
    async def stopped(self) -> AsyncIterator[None]:
        """Stopped inside, and running again afterwards, from whatever figures are in use then."""
        await self._end()
        try:
            yield
        finally:
            try:
                await self._begin()
            except Exception as error:
                self._on_failure(error)
                raise

    async def _begin(self) -> None:
        """Returns once it runs; raises what kept it from starting."""
        started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stop.clear()
        self._task = asyncio.create_task(self._run(started), name="fold")
        await asyncio.wait((self._task, started), return_when=asyncio.FIRST_COMPLETED)
        if not started.done():
            task, self._task = self._task, None
            await task

    async def _run(self, started: "asyncio.Future[None]") -> None:
        async with self._aggregate.running():
            started.set_result(None)
            await self._stop.wait()

    async def _end(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            self._stop.set()
            await task
