"""One logical call and all its tries, without input or output: a thin client performs each step and tells what came.

A flow yields a `Call` to be sent, or the seconds to pause, and is told the answer or the fault of the connection.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Any, Generic, TypeVar

import httpx
from pydantic import ValidationError

from chitieu.client.errors import ClientError, Unintelligible, Unreachable, refusal

T = TypeVar("T")

KEY_HEADER = "Idempotency-Key"

# After these the same may be sent again, under the same key: docs/http-api.md, "Not twice". The gateways' 502 and 504
# leave open what became of the request, as no answer does.
AGAIN = frozenset({429, 500, 502, 503, 504})
# Mistakes of the caller: another try makes the same one.
_OWN_FAULTS = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)


class Service(Enum):
    """Who answers: both may stand at one address."""

    API = auto()
    INGEST = auto()


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A request described, and how its answer is read. `keyed`: a write, which carries one key over all its tries."""

    method: str
    path: str
    read: Callable[[httpx.Response], T]
    params: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    service: Service = Service.API
    keyed: bool = False

    def under(self, key: str) -> "Call[T]":
        """The same with an Idempotency-Key, unless it has its own."""
        return replace(self, headers={KEY_HEADER: key, **self.headers}) if self.keyed else self


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a call is tried; the pauses between, in seconds. `longest` bounds them and what a server may ask."""

    tries: int = 8
    first: float = 0.5
    longest: float = 60.0


Said = httpx.Response | httpx.TransportError | None
Flow = Generator[Call[Any] | float, Said, T]


class Tries:
    """The tries of one call: counts those without success, and says how long to pause after each."""

    def __init__(self, retries: Retries, random: Callable[[], float]) -> None:
        self._retries = retries
        self._random = random
        self._failed = 0

    def succeeded(self) -> None:
        """Something came of the last try: the count begins anew."""
        self._failed = 0

    def pause(self, said: Said, otherwise: ClientError | None = None) -> float:
        """Seconds until the next try, Retry-After at least. If none is left, raises `otherwise` or what was said."""
        asked = retry_after(said) if isinstance(said, httpx.Response) else 0.0
        self._failed += 1
        if self._failed >= self._retries.tries or asked > self._retries.longest:
            raise otherwise or _given_up(said)
        step = min(self._retries.first * 2.0 ** (self._failed - 1), self._retries.longest)
        return asked + step * self._random()


def _given_up(said: Said) -> ClientError:
    if isinstance(said, httpx.Response):
        return refusal(said)
    error = Unreachable(str(said) or type(said).__name__)
    error.__cause__ = said
    return error


def retry_after(answer: httpx.Response) -> float:
    """Seconds (RFC 9110, 10.2.3); a date is held against the answer's own. What can't be read asks for nothing."""
    text = answer.headers.get("Retry-After", "")
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        until, now = (parsedate_to_datetime(one) for one in (text, answer.headers.get("Date", "")))
        return max((until - now).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return 0.0


def ask(call: Call[T], tries: Tries) -> Flow[T]:
    """Raises ProblemError for what the service refuses, Unreachable if no answer came, Unintelligible."""
    answer = yield from answered(call, tries)
    return understood(call, answer)


def answered(call: Call[T], tries: Tries) -> Flow[httpx.Response]:
    """The first answer that stands, which is no error."""
    while True:
        said = yield call
        if isinstance(said, _OWN_FAULTS):
            raise said
        if isinstance(said, httpx.Response) and said.status_code not in AGAIN:
            if said.is_error:
                raise refusal(said)
            return said
        yield tries.pause(said)


def understood(call: Call[T], answer: httpx.Response) -> T:
    try:
        return call.read(answer)
    except (ValidationError, ValueError) as error:
        raise Unintelligible(answer) from error
