"""Which format an answer is asked for in, by suffix or `Accept`, and how its file is headed and named."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.routing import Match
from starlette.types import Scope

from chitieu.adapters.table_files import (
    MOST_EXCEL_ROWS,
    Column,
    CsvFile,
    ExcelFile,
    TableFile,
)
from chitieu.contracts.media_types import XLSX
from chitieu.domain.errors import InvalidRequest
from services.api.answers import described_problem
from services.api.size import Narrow, check_size


class Format(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"

    @property
    def media_type(self) -> str:
        return _MEDIA_TYPES[self]


_MEDIA_TYPES: Mapping[Format, str] = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: XLSX,
    Format.PARQUET: "application/vnd.apache.parquet",
}
_JSON = "application/json"
_ANY = {"*/*", "application/*", "application/problem+json"}
_OFFERED = "json, csv, xlsx, parquet"


@dataclass(frozen=True, slots=True)
class Asked:
    """The format of a table, and the language of its words (0 vi, 1 en)."""

    format: Format
    language: int

    def file(self, columns: Sequence[Column], remarks: Mapping[str, str]) -> TableFile:
        if self.format is Format.CSV:
            return CsvFile(columns, self.language)
        if self.format is Format.XLSX:
            return ExcelFile(columns, self.language, remarks)
        from chitieu.adapters.parquet_file import ParquetFile

        return ParquetFile(columns, remarks)

    def limit(self, rows: int) -> None:
        """Raises InvalidRequest for more rows than the format holds."""
        if self.format is Format.XLSX:
            check_size(rows, MOST_EXCEL_ROWS, Narrow.AREA, Narrow.FORMAT)

    def tag(self, etag: str) -> str:
        """That of the figures, for one format in one language."""
        return f'{etag[:-1]}-{self.format}-{("vi", "en")[self.language]}"'

    def headers(self, etag: str, *name: str) -> dict[str, str]:
        """`name` tells what is in it: the table, the plan, the period, the area."""
        words = "_".join(re.sub(r"[^\w.@-]+", "-", one, flags=re.ASCII) for one in name if one)
        return {
            "ETag": etag,
            "Content-Type": self.format.media_type,
            "Content-Disposition": f'attachment; filename="{words}.{self.format}"',
        }


async def _asked(request: Request) -> Asked:
    """Raises InvalidRequest (406) for a format that there is not."""
    accept = request.headers.get("accept", "")
    suffix = request.path_params.get("suffix")
    found = _by_accept(accept) if suffix is None else next((one for one in Format if one == suffix), None)
    if found is None:
        raise InvalidRequest.of("not_acceptable", format=(suffix or accept)[:60], formats=_OFFERED)
    return Asked(found, _language(request.headers.get("accept-language", "")))


AskedFile = Annotated[Asked, Depends(_asked)]


class ByAccept(APIRoute):
    """Beside a route that answers JSON at the same path: takes what asks for another format."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        accept = Headers(scope=scope).get("accept", _JSON) if match is not Match.NONE else _JSON
        return (Match.NONE, {}) if _json_will_do(accept) else (match, child)


_PARAMETER = {
    "name": "suffix",
    "in": "path",
    "required": True,
    "description": "the format; the path without it answers JSON, or what `Accept` asks for",
    "schema": {"type": "string", "enum": [*Format]},
}


def add_table(router: APIRouter, path: str, endpoint: Callable[..., Any]) -> None:
    """A table at `path.csv`, `.xlsx` and `.parquet`, and at `path` if `Accept` says so."""
    router.add_api_route(
        f"{path}.{{suffix}}",
        endpoint,
        response_class=Response,
        responses={
            200: {"description": "the table", "content": {one.media_type: {} for one in Format}},
            406: described_problem("there is no such format; those that there are are named"),
        },
        openapi_extra={"parameters": [_PARAMETER]},
    )
    router.add_api_route(path, endpoint, include_in_schema=False, route_class_override=ByAccept)


def _accepted(accept: str) -> list[str]:
    """Media types, those liked best first (RFC 9110, 12.5.1)."""
    found = []
    for one in accept.lower().split(","):
        type_, *parameters = (part.strip() for part in one.split(";"))
        weights = [parameter[2:] for parameter in parameters if parameter.startswith("q=")]
        weight = float(weights[0]) if weights and re.fullmatch(r"[01](\.\d{0,3})?", weights[0]) else 1.0
        if type_ and weight > 0:
            found.append((-weight, type_))
    return [type_ for _, type_ in sorted(found, key=lambda each: each[0])]


def _by_accept(accept: str) -> Format | None:
    types = {media.partition(";")[0]: one for one, media in _MEDIA_TYPES.items()} | {"text/*": Format.CSV}
    return next((types[type_] for type_ in _accepted(accept) if type_ in types), None)


def _json_will_do(accept: str) -> bool:
    """Is JSON what is liked best of what there is?"""
    for type_ in _accepted(accept):
        if type_ == _JSON or type_ in _ANY:
            return True
        if _by_accept(type_) is not None:
            return False
    return not accept.strip()


def _language(accept: str) -> int:
    """Vietnamese unless English is liked better."""
    spoken = (type_.partition("-")[0] for type_ in _accepted(accept))
    return 1 if next((one for one in spoken if one in ("vi", "en")), "vi") == "en" else 0
