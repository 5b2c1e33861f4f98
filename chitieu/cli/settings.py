"""`chitieu settings`: every variable that a service reads from the environment, and what it would take now."""

import os
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated

import typer
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings
from rich.table import Column, Table

from chitieu.cli.migrate import MigrateSettings
from chitieu.cli.screen import console
from services.aggregate.settings import AggregateSettings
from services.api.settings import ApiSettings
from services.ingest.settings import IngestSettings


class Part(StrEnum):
    INGEST = "ingest"
    AGGREGATE = "aggregate"
    API = "api"
    MIGRATE = "migrate"


TABLES: Mapping[Part, type[BaseSettings]] = {
    Part.INGEST: IngestSettings,
    Part.AGGREGATE: AggregateSettings,
    Part.API: ApiSettings,
    Part.MIGRATE: MigrateSettings,
}
# Settings whose value is never shown whole: addresses that may hold a password.
SECRET = frozenset({"clickhouse_dsn"})
_WITH_USER = re.compile(r"(?P<user>[a-z+]+://[^:/?#@]*):[^/?#@]*@(?P<place>[^?#@]*)")


def settings(part: Annotated[Part | None, typer.Argument(help="whose; default: all")] = None) -> None:
    """Print the settings of a service: variable, default, current value if set, and what it is."""
    for one in Part if part is None else (part,):
        console().print(listed(one, os.environ))


def listed(part: Part, environment: Mapping[str, str]) -> Table:
    """A secret's password is masked. Names are compared as they are read: whatever their case."""
    columns = ("variable", "default", "now", "secret", "what it is")
    table = Table(
        *(Column(name, overflow="fold") for name in columns), title=f"settings of {part}", title_justify="left"
    )
    for row in _rows(TABLES[part], {name.upper(): value for name, value in environment.items()}):
        table.add_row(*row)
    return table


def _rows(settings_: type[BaseSettings], environment: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    prefix = settings_.model_config["env_prefix"]
    for name, field in settings_.model_fields.items():
        variable = f"{prefix}{name}".upper()
        given = environment.get(variable)
        secret = name in SECRET
        now = "–" if given is None else masked(given) if secret else given
        yield variable, _default(field), now, "yes" if secret else "no", field.description or ""


def _default(field: FieldInfo) -> str:
    return "none" if field.default is None else str(field.default)


def masked(address: str) -> str:
    """An address without its password, and nothing of it if what might be one can't be told from the rest."""
    if not set("@?") & set(address):
        return address
    parts = _WITH_USER.fullmatch(address)
    return "…" if parts is None else f"{parts['user']}:…@{parts['place']}"
