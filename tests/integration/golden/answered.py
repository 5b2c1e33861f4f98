"""Answers as they came over HTTP, written down as golden tests write them."""

from collections.abc import Mapping
from typing import Any

from tests.integration.golden.model import Line

Answer = dict[str, Any]


def lines(answer: Answer) -> dict[str, Line]:
    """Each target of an answer to `/v1/attainment`."""
    return {one["target"]: line(one) for one in answer["targets"]}


def line(one: Answer) -> Line:
    value, coverage = one["value"], one["coverage"]
    if value is None or coverage is None:
        return Line("", None, one["state"], one["rule"]["code"], None, one["provisional"])
    return Line(
        sums="/".join(_shown(value[part]["value"]) for part in ("numerator", "denominator") if value[part]),
        exact=value["exact"],
        state=one["state"],
        rule=one["rule"]["code"],
        covered=f"{coverage['reported']}/{coverage['expected']}",
        provisional=one["provisional"],
    )


def bound(one: Mapping[str, Any]) -> tuple[str, str | None]:
    """A target's comparator and bound as one text, and its due date."""
    return " ".join(filter(None, (one["comparator"], one["holds"], one["bound"]))), one["due"]


def duties(answer: Answer) -> dict[str, tuple[str | None, Mapping[str, int]]]:
    """Each duty of an answer to `/v1/obligations`: its last day, and how many units stand where."""
    return {one["duty"]: (one["last_day"], one["states"]) for one in answer["duties"]}


def _shown(value: object) -> str:
    return "–" if value is None else str(value)
