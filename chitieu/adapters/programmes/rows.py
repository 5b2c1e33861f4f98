"""Units and their successors from CSV: checked line by line without a model per row, because there are 15,000 of them.

The columns and what they may hold are those of `UnitRow` and `SuccessorRow` in `chitieu.contracts.programme`.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Generic, TypeVar, get_args

from chitieu.adapters.programmes.finding import Finding, listed, mistake
from chitieu.contracts.programme import SuccessorRow, UnitRow
from chitieu.domain.unit import Succession, Unit

Row = TypeVar("Row")

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_LEVEL = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_KINDS = frozenset(get_args(SuccessorRow.model_fields["kind"].annotation))
_ENDED = {"abolished", "unknown"}
_YES_NO = {"": False, "false": False, "true": True}


@dataclass(frozen=True, slots=True)
class UnitsFile:
    """The rows of one file with their lines. `id` is `administrative` or the plan whose units they are.

    `unread` has the codes of rows that can't be read, so that what refers to them isn't called wrong too.
    """

    id: str
    file: str
    rows: tuple[Unit, ...] = ()
    lines: tuple[int, ...] = ()
    unread: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SuccessorsFile:
    file: str
    rows: tuple[Succession, ...] = ()
    lines: tuple[int, ...] = ()


def read_units(path: Path, id_: str) -> tuple[UnitsFile, list[Finding]]:
    read = _read(path, frozenset(UnitRow.model_fields), {"valid_to", "parent", "sample"}, _unit)
    return UnitsFile(id_, str(path), tuple(read.rows), tuple(read.lines), frozenset(read.unread)), read.findings


def read_successors(path: Path) -> tuple[SuccessorsFile, list[Finding]]:
    optional = {"successor_code", "successor_valid_from", "source"}
    read = _read(path, frozenset(SuccessorRow.model_fields), optional, _succession)
    return SuccessorsFile(str(path), tuple(read.rows), tuple(read.lines)), read.findings


@dataclass(slots=True)
class _Read(Generic[Row]):
    """Rows that can be read with their lines, the first cell of those that can't, and a finding for each."""

    rows: list[Row] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def _read(
    path: Path, columns: frozenset[str], optional: set[str], make: Callable[[Mapping[str, str]], Row]
) -> _Read[Row]:
    file, read = str(path), _Read[Row]()
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        read.findings.append(mistake(file, 1, "the file is not UTF-8 text"))
        return read
    reader = csv.reader(text.splitlines(keepends=True))
    header = next(reader, [])
    read.findings += [mistake(file, 1, sentence) for sentence in _header(header, columns, optional)]
    for cells in [] if read.findings else filter(None, reader):
        try:
            read.rows.append(make(_named(header, cells)))
            read.lines.append(reader.line_num)
        except ValueError as error:
            read.unread.append(cells[0])
            read.findings.append(mistake(file, reader.line_num, str(error)))
    return read


def _header(header: list[str], columns: frozenset[str], optional: set[str]) -> Iterator[str]:
    missing, unknown = columns - optional - set(header), [name for name in header if name not in columns]
    if missing:
        yield f"missing columns: {listed(sorted(missing), 9)}"
    if unknown:
        yield f"unknown columns: {listed(unknown)}"
    if len(set(header)) < len(header):
        yield "a column is named twice"


def _named(header: list[str], cells: list[str]) -> Mapping[str, str]:
    if len(cells) != len(header):
        raise ValueError(f"the line has {len(cells)} columns, the header {len(header)}")
    return dict(zip(header, cells, strict=True))


def _unit(row: Mapping[str, str]) -> Unit:
    if row.get("sample", "") not in _YES_NO:
        raise ValueError(f"sample is '{row['sample']}': write true or false")
    if not row["name"].strip():
        raise ValueError("the name is empty")
    if _LEVEL.fullmatch(row["level"]) is None:
        raise ValueError(f"'{row['level']}' is not a level: small letters, digits, - and _")
    valid_to = row.get("valid_to", "")
    return Unit(
        code=_code(row["code"]),
        valid_from=_day(row["valid_from"], "valid_from"),
        valid_to=_day(valid_to, "valid_to") if valid_to else None,
        level=row["level"],
        parent=_code(row["parent"]) if row.get("parent") else None,
        name=row["name"].strip(),
        sample=_YES_NO[row.get("sample", "")],
    )


def _succession(row: Mapping[str, str]) -> Succession:
    kind, successor = row["kind"], row.get("successor_code", "")
    if kind not in _KINDS:
        raise ValueError(f"'{kind}' is not a kind of succession: it may be {', '.join(sorted(_KINDS))}")
    if bool(successor) == (kind in _ENDED):
        raise ValueError(f"'{kind}' must {'not name' if successor else 'name'} a successor")
    ended = f"{_code(row['code'])}@{_day(row['valid_from'], 'valid_from')}"
    if not successor:
        return Succession(ended, None, kind)
    return Succession(ended, f"{_code(successor)}@{_day(row['successor_valid_from'], 'successor_valid_from')}", kind)


def _code(text: str) -> str:
    if _CODE.fullmatch(text) is None:
        raise ValueError(f"'{text}' is not a unit code: letters, digits, dots and dashes, at most 32")
    return text


@lru_cache(maxsize=4096)
def _parsed(text: str) -> date:
    return date.fromisoformat(text)


def _day(text: str, column: str) -> date:
    try:
        return _parsed(text)
    except ValueError:
        raise ValueError(f"{column} is '{text}': write a day like 2021-01-01") from None
