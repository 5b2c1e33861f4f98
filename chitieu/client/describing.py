"""What descriptions of requests are made of: addresses, parameters, a write's wishes, how an answer is read."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import TypeVar
from urllib.parse import quote

import httpx

from chitieu.client.answers import Answer
from chitieu.client.exchange import KEY_HEADER, Call, Service

A = TypeVar("A", bound=Answer)
Param = str | int | bool | date | None | Iterable[str]

_JSON = {"Content-Type": "application/json"}


def get(model: type[A], path: str, **asked: Param) -> Call[A]:
    return Call("GET", path, reader(model), params(**asked))


def write(
    model: type[A],
    method: str,
    path: str,
    said: Mapping[str, object],
    if_match: int | None,
    key: str | None,
    wait: int | None,
) -> Call[A]:
    """A write in JSON. `if_match` is the revision it replaces, 0: there must be none yet."""
    wishes = {
        KEY_HEADER: key,
        "Prefer": None if wait is None else f"wait={wait}",
        "If-Match": f'"{if_match}"' if if_match else None,
        "If-None-Match": "*" if if_match == 0 else None,
    }
    headers = _JSON | {name: value for name, value in wishes.items() if value is not None}
    body = json.dumps(said, ensure_ascii=False).encode()
    return Call(method, path, reader(model), (), headers, body, Service.INGEST, keyed=True)


def reader(model: type[A]) -> Callable[[httpx.Response], A]:
    return lambda answer: model.model_validate_json(answer.content)


def segment(text: str) -> str:
    """One segment of an address, whatever it is."""
    return quote(text, safe="@")


def params(**given: Param) -> tuple[tuple[str, str], ...]:
    """As a query has them: what is None is left out, a list repeats its name. Raises ValueError for a naive instant."""
    return tuple((name, text) for name, one in given.items() for text in _texts(one))


def _texts(given: Param) -> Iterable[str]:
    match given:
        case bool():
            return ("true" if given else "false",)
        case datetime():
            if given.tzinfo is None:
                raise ValueError(f"{given} says no zone: which instant is meant?")
            return (given.isoformat(),)
        case str() | int() | date():
            return (str(given),)
        case None:
            return ()
        case _:
            return given
