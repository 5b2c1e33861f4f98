"""Where each view is found: an address that can be sent, and that leads whoever opens it to the same view."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlencode

from fastapi import Request

# From where one looks; kept from one page to the next.
_VIEW = ("asOfHierarchy", "knownAt")


def seen_from(request: Request) -> Mapping[str, str]:
    return {name: request.query_params[name] for name in _VIEW if name in request.query_params}


@dataclass(frozen=True, slots=True)
class Address:
    """An area (code or code@date) under a plan in a period; with a target, those below in the order of its gap.

    With a level, these are all units of it below; with a cursor, those that follow it.
    """

    unit: str
    plan: str | None = None
    period: str | None = None
    target: str | None = None
    level: str | None = None
    cursor: str | None = None
    view: Mapping[str, str] = field(default_factory=dict)

    def but(self, **changed: str | None) -> "Address":
        """The same but for some of it, with those directly below, from the first on."""
        return replace(self, **{"level": None, "cursor": None, **changed})  # type: ignore[arg-type]

    def now(self) -> "Address":
        """The same as it is known today, by each period's own tree."""
        return replace(self, view={})

    def over_time(self, target: str) -> str:
        """One target in all periods of the kind."""
        query = urlencode({"plan": self.plan, "period": self.period, **self.view})
        return f"/a/{quote(self.unit, safe='@')}/{quote(target, safe='')}?{query}"

    def matrix(self, area: str) -> str:
        """Those below an area (a unit's id), by all targets."""
        named = {"plan": self.plan, "period": self.period, "area": area, "target": self.target, "level": self.level}
        return "/map?" + urlencode({**{name: value for name, value in named.items() if value is not None}, **self.view})

    def __str__(self) -> str:
        listed = {"target": self.target, "level": self.level, "cursor": self.cursor}
        named = {"plan": self.plan, "period": self.period, **listed, **self.view}
        query = urlencode({name: value for name, value in named.items() if value is not None})
        return f"/a/{quote(self.unit, safe='@')}" + (f"?{query}" if query else "")
