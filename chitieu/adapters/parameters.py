"""Parameters of an address: one that a route does not take is refused, never passed over.

A misspelt `knownat=` passed over would answer with the figures of today, and nobody would see it.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant

from chitieu.domain.catalogue import Label
from chitieu.domain.errors import InvalidRequest, Problem

# Longer than any name; comparing more would only cost time.
_LONGEST = 60
_MOST_PROBLEMS = 10
_MOST_NAMED = 3
_ONCE = Label("chỉ được ghi một lần", "may be given only once")


async def _refuse_others(request: Request) -> None:
    """Raises InvalidRequest for what the route does not declare, and for what it declares once and is given twice."""
    if request.url.query:
        refuse_others(request, dict(_declared(request.scope["route"].dependant)))


# As a dependency of a router: all of its routes take the parameters they declare, and no others.
ONLY_DECLARED = Depends(_refuse_others)


def refuse_others(request: Request, repeats: Mapping[str, bool]) -> None:
    """`repeats` are the parameters that are taken, each with whether it may be repeated. Raises InvalidRequest."""
    given = request.query_params.multi_items()
    names = [name for name, _ in given]
    problems = [_unknown(name, list(repeats)) for name in dict.fromkeys(names) if name not in repeats]
    problems += [_repeated(name) for name, often in repeats.items() if not often and names.count(name) > 1]
    if problems:
        raise InvalidRequest(*problems[:_MOST_PROBLEMS])


def _declared(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """The parameters of a route and of all it depends on, each with whether it may be repeated."""
    for field in dependant.query_params:
        yield field.alias, _is_list(field.field_info.annotation)
    for inner in dependant.dependencies:
        yield from _declared(inner)


def _is_list(type_: Any) -> bool:
    return get_origin(type_) is list or any(map(_is_list, get_args(type_)))


def _unknown(name: str, known: list[str]) -> Problem:
    by_lower = {one.lower(): one for one in known}
    near = get_close_matches(name[:_LONGEST].lower(), by_lower, _MOST_NAMED, 0.5)
    nearest = ", ".join(by_lower[one] for one in near) or ", ".join(known) or "–"
    return Problem("unknown_parameter", "", {"parameter": name[:_LONGEST], "nearest": nearest})


def _repeated(name: str) -> Problem:
    return Problem("invalid_parameter", "", {"parameter": name, "detail": _ONCE})
