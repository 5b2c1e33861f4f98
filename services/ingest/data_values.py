"""Data values as DHIS2's clients send them: a JSON body, read into values with what each says and where it stands.

Where member and parameter both say something, the member counts; where a value and the whole both do, the whole does
(DefaultDataValueSetService in github.com/dhis2/dhis2-core). A comment, who stored a value and when are passed over.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum

from chitieu.domain.catalogue import Label
from chitieu.domain.errors import InvalidRequest, Problem
from chitieu.domain.figure import decimal_literal, integer_literal, is_not_applicable

# A number as DHIS2 takes one in text. It is no Vietnamese text: "1.234" is one and a bit.
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE]-?[0-9]+)?")
_SCHEMES = (
    "idScheme",
    "dataElementIdScheme",
    "orgUnitIdScheme",
    "categoryOptionComboIdScheme",
    "attributeOptionComboIdScheme",
    "dataSetIdScheme",
    "categoryIdScheme",
    "categoryOptionIdScheme",
)
_NAMES = (*_SCHEMES, "importStrategy", "strategy", "dryRun", "atomic", "atomicMode", "async")
_ALIKE = 0.85
DEFAULT = "default"
# Former names of strategies (`ImportStrategy` in older dhis2-core), which scripts still send.
_FORMERLY = {"NEW_AND_UPDATES": "CREATE_AND_UPDATE", "NEW": "CREATE", "UPDATES": "UPDATE", "DELETES": "DELETE"}
_MODES = {"": False, "NONE": False, "ALL": True}
_ALL_OR_NONE = Label("ALL hoặc NONE", "ALL or NONE")
_ONLY_CODES = Label("chỉ nhận CODE", "only CODE is understood here")
_NOT_UPDATE = Label(
    "không biết trước đã có báo cáo hay chưa; dùng CREATE_AND_UPDATE",
    "whether there is something to update is not known here; use CREATE_AND_UPDATE",
)
_TRUE_OR_FALSE = Label("phải là true hoặc false", "true or false")
_NOT_ASYNC = Label("chỉ nhận đồng bộ", "imports are synchronous")
_LONGEST_TEXT = 200


class Strategy(StrEnum):
    CREATE_AND_UPDATE = "CREATE_AND_UPDATE"
    CREATE = "CREATE"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class DataValue:
    """One of them. `options` is empty for the total; `figure` is as `ReportValidator` takes it, None if deleted."""

    index: int
    element: str
    options: str
    period: str
    unit: str
    figure: object
    problem: Problem | None = None

    @property
    def key(self) -> str:
        """The name of the field that is meant."""
        return f"{self.element}.{self.options}" if self.options else self.element


@dataclass(frozen=True, slots=True)
class DataValueSet:
    """A request. `data_set` is the form that is meant, empty if the values have to tell; so are `unit`, `attribute`."""

    data_set: str
    unit: str
    attribute: str
    values: Sequence[DataValue]
    strategy: Strategy
    dry_run: bool
    atomic: bool


def read_data_values(body: object, parameters: Mapping[str, str], most: int) -> DataValueSet:
    """Raises InvalidRequest: not a data value set, more than `most` values, or an option that can't be honoured."""
    if not isinstance(body, dict):
        raise InvalidRequest.of("not_an_object")
    given = body.get("dataValues", [])
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise InvalidRequest.of("not_an_array", "/dataValues")
    if len(given) > most:
        raise InvalidRequest.of("too_many_values", "/dataValues", limit=most)
    options = Options(parameters, body)
    strategy, dry_run, atomic = options.strategy(), options.flag("dryRun"), options.atomic()
    options.check()
    values = [_value(index, one, body) for index, one in enumerate(given)]
    data_set, unit, attribute = (text(body.get(name)) for name in ("dataSet", "orgUnit", "attributeOptionCombo"))
    return DataValueSet(data_set, unit, attribute, values, strategy, dry_run, atomic)


class Options:
    """How a request wants to be imported; `check` raises InvalidRequest with all that can't be done."""

    def __init__(self, parameters: Mapping[str, str], body: Mapping[str, object]) -> None:
        self._given: Mapping[str, object] = {**parameters, **body}
        self._problems = list(_misspelt(parameters))
        self._problems += [
            _invalid(name, _ONLY_CODES) for name in _SCHEMES if text(self._given.get(name)).upper() not in ("", "CODE")
        ]

    def strategy(self) -> Strategy:
        wanted = text(self._given.get("importStrategy", self._given.get("strategy"))).upper() or "CREATE_AND_UPDATE"
        wanted = _FORMERLY.get(wanted, wanted)
        if wanted in Strategy.__members__:
            return Strategy(wanted)
        detail = Label(", ".join(Strategy), ", ".join(Strategy))
        self._problems.append(_invalid("importStrategy", _NOT_UPDATE if wanted == "UPDATE" else detail))
        return Strategy.CREATE_AND_UPDATE

    def flag(self, name: str) -> bool:
        wanted = self._given.get(name, False)
        said = (
            wanted if isinstance(wanted, bool) else {"true": True, "false": False, "": False}.get(text(wanted).lower())
        )
        if said is None:
            self._problems.append(_invalid(name, _TRUE_OR_FALSE))
        return bool(said)

    def atomic(self) -> bool:
        """`atomic` is said of data values, `atomicMode` of all else in DHIS2: what means all or nothing must not write
        a half.
        """
        mode = text(self._given.get("atomicMode")).upper()
        if mode not in _MODES:
            self._problems.append(_invalid("atomicMode", _ALL_OR_NONE))
        return self.flag("atomic") or _MODES.get(mode, True)

    def check(self) -> None:
        if self.flag("async"):
            self._problems.append(_invalid("async", _NOT_ASYNC))
        if self._problems:
            raise InvalidRequest(*self._problems)


def _misspelt(parameters: Mapping[str, str]) -> Iterator[Problem]:
    """DHIS2 has many parameters that mean nothing here and are passed over; `dryrun` would write."""
    meant = {name.lower(): name for name in _NAMES}
    for name in parameters:
        near = get_close_matches(name[:_LONGEST_TEXT].lower(), meant, 1, _ALIKE)
        if near and name not in _NAMES:
            yield Problem("unknown_parameter", "", {"parameter": name[:_LONGEST_TEXT], "nearest": meant[near[0]]})


def text(raw: object) -> str:
    """An identifier, trimmed. Numbers are taken for the text they look like, as DHIS2 does."""
    if isinstance(raw, str):
        return raw.strip()[:_LONGEST_TEXT]
    return str(raw) if isinstance(raw, int | Decimal) and not isinstance(raw, bool) else ""


def _value(index: int, one: Mapping[str, object], body: Mapping[str, object]) -> DataValue:
    element, options = text(one.get("dataElement")), text(one.get("categoryOptionCombo"))
    attribute = text(body.get("attributeOptionCombo")) or text(one.get("attributeOptionCombo")) or DEFAULT
    deleted = one.get("deleted") is True or one.get("deleted") == "true"
    figure, problem = (None, None) if deleted else _figure(element, one.get("value"))
    if attribute != DEFAULT:
        problem = Problem("unknown_attribute", "", {"attribute": attribute})
    return DataValue(
        index,
        element,
        "" if options == DEFAULT else options,
        text(body.get("period")) or text(one.get("period")),
        text(body.get("orgUnit")) or text(one.get("orgUnit")),
        figure,
        problem,
    )


def _figure(element: str, raw: object) -> tuple[object, Problem | None]:
    """What a value says, or why it says nothing; its bounds are the form's to judge."""
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None, Problem("no_value", "", {"element": element})
    if not isinstance(raw, str):
        return raw, None
    number = _NUMBER.fullmatch(raw.strip())
    if number is not None:
        whole = number[1] is None and number[2] is None
        return (integer_literal(number[0]) if whole else decimal_literal(number[0])), None
    return raw, None if is_not_applicable(raw) else Problem("wrong_type")


def _invalid(parameter: str, detail: Label) -> Problem:
    return Problem("invalid_parameter", "", {"parameter": parameter, "detail": detail})
