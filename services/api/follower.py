"""What the service needs of the follower of `changes`, which may be shared with other services of the process."""

from collections.abc import AsyncGenerator
from typing import Protocol

from chitieu.adapters.changes import Listener, Missed
from chitieu.contracts.events import Announcement


class Changes(Protocol):
    """`chitieu.adapters.changes.ChangesReader` is one."""

    @property
    def live(self) -> bool: ...
    @property
    def abreast(self) -> bool: ...
    @property
    def position(self) -> int | None: ...
    def listen(self, listener: Listener) -> None: ...
    def between(self, first: int, end: int) -> AsyncGenerator[tuple[int, Announcement], None]: ...


class Unfollowed:
    """Nobody follows: no stream can begin, and no answer is kept."""

    live = abreast = False
    position: int | None = None

    def listen(self, listener: Listener) -> None:
        """There is nothing to hear."""

    async def between(self, first: int, end: int) -> AsyncGenerator[tuple[int, Announcement], None]:
        raise Missed
        yield  # makes it an iterator
