"""What pydantic found wrong, in plain English: one sentence a programme owner can act on."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, get_args

from pydantic import BaseModel, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from chitieu.adapters.programmes.finding import Finding, did_you_mean
from chitieu.adapters.programmes.source import Sourced
from chitieu.contracts import plan_file, programme


def _pattern(annotated: Any) -> str:
    return next(str(one.pattern) for one in get_args(annotated) if isinstance(one, StringConstraints))


_LOOKS_LIKE = {
    _pattern(programme.Id): "an id has small letters, digits, - and _, at most 64",
    _pattern(programme.UnitCode): "a unit code has letters, digits, dots and dashes, at most 32",
    _pattern(programme.Expression): "write `a / b`, `a + b / c` or `a` (spaces around the signs)",
    _pattern(programme.AnchorText): "write a day and month like `15/12`, `15/12 previous` or `15/1 next`",
    _pattern(programme.DeadlineText): "write `on 5/7`, `before 20/11` or `none`",
    _pattern(programme.BoundText): "write `>= 90`, `< 1`, `maintain = 0` or `decrease`",
    _pattern(programme.PeriodText): "write a period like 2024, 2024S1, 2024Q3 or 2013-2015",
}

_DAY = "'{where}' is {input}: write a day like 2025-12-31"
_WHOLE = "'{where}' is {input}: write a whole number"
_NUMBER = "'{where}' is {input}: write a number like 90 or 0.5"
_YES_NO = "'{where}' is {input}: write true or false"
_KEYS = "'{where}' must hold keys and values, not {input}"
_SENTENCES = {
    "missing": "'{where}' is missing",
    "extra_forbidden": "there is no key '{key}' here",
    "string_type": "'{where}' must be text",
    "string_pattern_mismatch": "'{where}' is {input}: {looks}",
    "string_too_short": "'{where}' is empty",
    "too_short": "'{where}' needs at least {min_length} of them, and has {actual_length}",
    "enum": "'{where}' is {input}: it may be {expected}",
    "literal_error": "'{where}' is {input}: it may be {expected}",
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": _YES_NO,
    "bool_parsing": _YES_NO,
    "model_type": _KEYS,
    "dict_type": _KEYS,
    "list_type": "'{where}' must be a list, not {input}",
    "greater_than": "'{where}' is {input}: it must be above {gt}",
    "greater_than_equal": "'{where}' is {input}: it must be at least {ge}",
    "less_than_equal": "'{where}' is {input}: it may be at most {le}",
    "value_error": "'{where}': {error}",
}


def _every_key(models: Iterable[object]) -> Iterator[str]:
    for model in models:
        if isinstance(model, type) and issubclass(model, BaseModel):
            for name, info in model.model_fields.items():
                yield info.alias or name


_KNOWN_KEYS = set(_every_key([*vars(programme).values(), *vars(plan_file).values()]))


def translated(error: ValidationError, source: Sourced) -> list[Finding]:
    """One finding for each thing that is wrong, on the line of the key it is about."""
    every = (one for one in error.errors(include_url=False) if not _other_branch(one))
    return sorted({source.mistake(_place(one), sentence(one)) for one in every})


def _place(error: ErrorDetails) -> tuple[int | str, ...]:
    return tuple(part for part in error["loc"] if not _is_tag(part))


def _is_tag(part: int | str) -> bool:
    """Pydantic puts the member of a union (`list[Days]`) and `[key]` into the place of an error."""
    return isinstance(part, str) and "[" in part


def _other_branch(error: ErrorDetails) -> bool:
    """A union reports every member that failed; the one whose shape the author didn't write says nothing."""
    in_union = _is_tag(error["loc"][-1]) if error["loc"] else False
    wrote_list = isinstance(error["input"], list)
    return in_union and error["type"] == ("literal_error" if wrote_list else "list_type")


def sentence(error: ErrorDetails) -> str:
    where = ".".join(str(part) for part in _place(error))
    context = error.get("ctx", {})
    if not where and error["type"] != "value_error":
        return "the file must hold keys and values"
    if error["input"] is None and error["type"] != "missing":
        return f"'{where}' is empty: give it a value, or \"\" where a text may be blank"
    facts = {
        **context,
        "where": where,
        "input": _shown(error["input"]),
        "key": where.rpartition(".")[2],
        "looks": _LOOKS_LIKE.get(context.get("pattern", ""), error["msg"]),
        "msg": error["msg"],
    }
    said = _SENTENCES.get(error["type"], "'{where}': {msg}").format_map(facts)
    hint = did_you_mean(facts["key"], _KNOWN_KEYS) if error["type"] == "extra_forbidden" else ""
    return said.removeprefix("'': ") + hint


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "keys and values"
    if isinstance(value, list):
        return "a list"
    text = re.sub(r"\s+", " ", str(value))
    return f"'{text if len(text) <= 60 else text[:57] + '…'}'"
