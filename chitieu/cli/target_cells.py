"""A target of `/v1/attainment` in a table's cells."""

from collections.abc import Mapping
from typing import Any

from chitieu.domain.catalogue import Label
from chitieu.domain.plan import Comparator

KEEP = Label("giữ", "keep")


def value_text(target: Mapping[str, Any]) -> str:
    """`(*)` is withheld, `–` not known."""
    value = target["value"]
    if value is None or value["display"] is None:
        return "(*)" if value and value["suppressed"] else "–"
    return f"{value['display']} %" if target["unit"] == "percent" else str(value["exact"])


def bound_text(target: Mapping[str, Any], keep: str = KEEP.en) -> str:
    sign = target["holds"] or target["comparator"]
    if target["bound"] is None:
        return str(sign)
    unit = " %" if target["unit"] == "percent" else ""
    kept = f"{keep} " if target["comparator"] == "maintain" else ""
    return f"{kept}{Comparator(sign).sign} {target['bound']}{unit}"


def coverage_text(coverage: Mapping[str, Any] | None) -> str:
    return "–" if coverage is None else f"{coverage['reported']}/{coverage['expected']}"
