"""A client's methods made of the descriptions in `calls`: one line each, for both clients."""

from collections.abc import Awaitable, Callable
from typing import Generic, ParamSpec, Protocol, TypeVar

from chitieu.client.exchange import Call

P = ParamSpec("P")
T = TypeVar("T")


class Blocking(Protocol):
    def ask(self, call: Call[T]) -> T: ...


class Awaiting(Protocol):
    async def ask(self, call: Call[T]) -> T: ...


class asks(Generic[P, T]):  # noqa: N801
    """A method that describes its call, asks, and returns what was answered."""

    def __init__(self, describe: Callable[P, Call[T]]) -> None:
        self._describe = describe
        self.__doc__ = describe.__doc__

    def __get__(self, client: Blocking, owner: type) -> Callable[P, T]:
        def method(*args: P.args, **kwargs: P.kwargs) -> T:
            return client.ask(self._describe(*args, **kwargs))

        return method


class awaits(Generic[P, T]):  # noqa: N801
    """The same, to be awaited."""

    def __init__(self, describe: Callable[P, Call[T]]) -> None:
        self._describe = describe
        self.__doc__ = describe.__doc__

    def __get__(self, client: Awaiting, owner: type) -> Callable[P, Awaitable[T]]:
        async def method(*args: P.args, **kwargs: P.kwargs) -> T:
            return await client.ask(self._describe(*args, **kwargs))

        return method
