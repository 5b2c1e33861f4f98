"""Server-sent events (WHATWG HTML, 9.2) as changes, over any number of connections, without input or output."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping

import httpx

from chitieu.client.answers import Change
from chitieu.client.describing import params
from chitieu.client.errors import Unreachable, refusal
from chitieu.client.exchange import AGAIN, Call, Said, Tries

PATH = "/v1/changes"

# The interface sends a heartbeat more often than this: a stream that is silent for so long is dead.
STREAM_TIMEOUT = httpx.Timeout(60.0, connect=10.0)

# One event has at most so many bytes; the interface's have some hundreds.
_LONGEST_LINE = 2**20
_LINE_END = re.compile(rb"\r\n|\n|\r(?=.)", re.DOTALL)


class _Reader:
    """The events of one connection. What is not ended by a blank line when it breaks never was one."""

    def __init__(self, last_id: str) -> None:
        self.last_id = last_id
        self._rest = b""
        self._begun = False
        self._id = last_id
        self._event = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[Change]:
        """Raises ValueError for what is no stream of changes."""
        *lines, self._rest = _LINE_END.split(self._rest + chunk)
        if len(self._rest) > _LONGEST_LINE:
            raise ValueError("a line without end")
        for line in lines:
            text = line.decode("utf-8", "replace")
            if not self._begun:
                self._begun, text = True, text.removeprefix("\ufeff")
            found = self._line(text)
            if found is not None:
                yield found

    def _line(self, text: str) -> Change | None:
        if not text:
            return self._dispatched()
        name, _, value = text.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._id = value
        return None

    def _dispatched(self) -> Change | None:
        self.last_id = self._id
        data, event = "\n".join(self._data), self._event or "message"
        self._event, self._data = "", []
        return Change(id=self.last_id, event=event, data=json.loads(data)) if data else None


def stream(area: str | None, plan: str | None, kind: Iterable[str]) -> Call[None]:
    """The request for the stream."""
    return Call("GET", PATH, lambda _: None, params(area=area, plan=plan, kind=kind))


class Following:
    """A stream followed across connections: each begins after the last event that came whole."""

    def __init__(self, tries: Tries, after: str | None) -> None:
        self._tries = tries
        self._reader = _Reader(after or "")
        self._said: Said = None

    @property
    def headers(self) -> Mapping[str, str]:
        """Of the next connection."""
        resumed = {"Last-Event-ID": self._reader.last_id} if self._reader.last_id else {}
        return {"Accept": "text/event-stream", **resumed}

    def answered(self, answer: httpx.Response) -> None:
        """A connection begins, or is refused for now. Raises ProblemError if it is refused for good."""
        if answer.status_code not in AGAIN and answer.status_code != httpx.codes.OK:
            raise refusal(answer)
        self._said = answer if answer.is_error else None
        self._reader = _Reader(self._reader.last_id)

    def heard(self, chunk: bytes) -> Iterator[Change]:
        """Anything that comes, a heartbeat too, shows that the connection is good."""
        if self._said is None:
            self._tries.succeeded()
            yield from self._reader.feed(chunk)

    def cut(self, fault: httpx.TransportError) -> None:
        self._said = fault

    def pause(self) -> float:
        """Seconds until the next connection. Raises what the last ones said, if too many of them gave nothing."""
        said, self._said = self._said, None
        return self._tries.pause(said, None if said else Unreachable("the stream ends as soon as it begins"))
