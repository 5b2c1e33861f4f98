"""The fold of an embedded stack: it can be stopped for maintenance and started again, while all else goes on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from chitieu.adapters.http import Checks
from services.aggregate.app import Aggregate

_READY_SECONDS = 30.0
_POLL_SECONDS = 0.05


class EmbeddedFold:
    """Runs an aggregate service in a task of its own. `on_failure` hears of a fold that could not be started again."""

    def __init__(self, aggregate: Aggregate, on_failure: Callable[[Exception], None]) -> None:
        self._aggregate = aggregate
        self._on_failure = on_failure
        self._task: asyncio.Task[None] | None = None
        self._leave = asyncio.Event()
        self._maintained = False

    @property
    def checks(self) -> Checks:
        """Stopped on purpose is no reason to send no requests: reports are taken and figures shown."""
        return {name: self._unless_maintained(there) for name, there in self._aggregate.checks.items()}

    def _unless_maintained(self, there: Callable[[], bool]) -> Callable[[], bool]:
        return lambda: self._maintained or there()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self._begin()
        try:
            yield
        finally:
            await self._end()

    @asynccontextmanager
    async def stopped(self) -> AsyncIterator[None]:
        """Stopped inside, and at work again afterwards, on whatever figures are in use then."""
        self._maintained = True
        try:
            await self._end()
            try:
                yield
            finally:
                await self._resume()
        finally:
            self._maintained = False

    async def _resume(self) -> None:
        try:
            await self._begin()
        except Exception as error:
            self._on_failure(error)
            raise
        # Later than that it shows in readiness, like any fold that does not get to its work.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_READY_SECONDS):
                while not all(there() for there in self._aggregate.checks.values()):
                    await asyncio.sleep(_POLL_SECONDS)

    async def _begin(self) -> None:
        """Returns once it runs; raises what kept it from starting."""
        started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._leave.clear()
        self._task = asyncio.create_task(self._run(started), name="fold")
        await asyncio.wait((self._task, started), return_when=asyncio.FIRST_COMPLETED)
        if not started.done():
            task, self._task = self._task, None
            await task

    async def _run(self, started: "asyncio.Future[None]") -> None:
        async with self._aggregate.running():
            started.set_result(None)
            await self._leave.wait()

    async def _end(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            self._leave.set()
            await task
