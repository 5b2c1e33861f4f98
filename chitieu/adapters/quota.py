"""How often one access key may ask: counted in this process, told on every answer to a key.

Fields as in draft-ietf-httpapi-ratelimit-headers-11 (work in progress): `RateLimit-Policy` says how many requests (`q`)
in how many seconds (`w`), `RateLimit` how many are left (`r`) for how many seconds (`t`).
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from limits import RateLimitItemPerSecond
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chitieu.adapters.unread import LastAnswer, has_body
from chitieu.domain.access import KeyRing
from chitieu.domain.errors import ChitieuError, Unavailable

WINDOW_SECONDS = 10

_READING = ("GET", "HEAD")

Seconds = Callable[[], float]


class _Counters(Storage):
    """The library's own memory begins a thread for most requests to forget what has expired (measured: 150 to 500 µs).

    Here there is one counter a key, begun anew when its time is over.
    """

    def __init__(self, now: Seconds) -> None:
        super().__init__()
        self._now = now
        self._counted: dict[str, tuple[int, float]] = {}

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        count, until = self._counted.get(key, (0, 0.0))
        if until <= self._now():
            count, until = 0, self._now() + expiry
        self._counted[key] = count + amount, until
        return count + amount

    def get(self, key: str) -> int:
        count, until = self._counted.get(key, (0, 0.0))
        return count if until > self._now() else 0

    def get_expiry(self, key: str) -> float:
        return self._counted.get(key, (0, self._now()))[1]

    def check(self) -> bool:
        return True

    def reset(self) -> int | None:
        counted = len(self._counted)
        self._counted.clear()
        return counted

    def clear(self, key: str) -> None:
        self._counted.pop(key, None)


@dataclass(frozen=True, slots=True)
class Spent:
    """A request that was counted: whether it may go on, and what is told of the key's quota."""

    allowed: bool
    headers: dict[str, str]
    limit: int
    wait: int

    @property
    def refusal(self) -> ChitieuError:
        return Unavailable.of("quota_spent", limit=self.limit, seconds=WINDOW_SECONDS, wait=self.wait)


class Quota:
    """So many requests of one key in ten seconds, which begin with its first; 0: as many as it likes."""

    def __init__(self, name: str, requests: int, now: Seconds = time.monotonic) -> None:
        self.requests = requests
        self._name = name
        self._now = now
        self._item = RateLimitItemPerSecond(requests, WINDOW_SECONDS)
        self._counter = FixedWindowRateLimiter(_Counters(now))

    def spend(self, key: str) -> Spent:
        allowed = self._counter.hit(self._item, key)
        until, left = self._counter.get_window_stats(self._item, key)
        wait = max(1, math.ceil(until - self._now()))
        told = {
            "RateLimit-Policy": f'"{self._name}";q={self.requests};w={WINDOW_SECONDS}',
            "RateLimit": f'"{self._name}";r={left};t={wait}',
        }
        return Spent(allowed, told, self.requests, wait)


@dataclass(frozen=True, slots=True)
class Quotas:
    """Those of a process: for what only reads, and for what writes; `keys` are those in force."""

    keys: Callable[[], KeyRing]
    reads: Quota | None = None
    writes: Quota | None = None

    def spend(self, presented: str | None, method: str) -> Spent | None:
        """None without a valid key, whose requests cost little and would use up nobody's quota."""
        quota = self.reads if method in _READING else self.writes
        if quota is None or quota.requests == 0 or presented is None:
            return None
        key = self.keys().verify(presented)
        return None if key is None else quota.spend(key.id)


class Limited:
    """ASGI middleware: counts requests by their key, and refuses those beyond its quota before anything is done."""

    def __init__(
        self,
        app: ASGIApp,
        quotas: Quotas,
        presented: Callable[[Request], str | None],
        refuse: Callable[[Request, ChitieuError], Response],
        exempt: frozenset[str],
    ) -> None:
        self._app, self._quotas, self._presented, self._refuse, self._exempt = app, quotas, presented, refuse, exempt

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self._exempt:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        spent = self._quotas.spend(self._presented(request), scope["method"])
        if spent is None:
            await self._app(scope, receive, send)
        elif spent.allowed:
            await self._app(scope, receive, _telling(spent, send))
        else:
            await self._refused(request, spent)(scope, receive, _telling(spent, send))

    def _refused(self, request: Request, spent: Spent) -> ASGIApp:
        answer = self._refuse(request, spent.refusal)
        answer.headers["Retry-After"] = str(spent.wait)
        return LastAnswer(answer) if has_body(request) else answer


def _telling(spent: Spent, send: Send) -> Send:
    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(spent.headers)
        await send(message)

    return told
