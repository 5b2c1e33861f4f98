"""What commands print as tables: nothing is cut, and no secret is shown."""

import io
import re

import pytest
from rich.console import Console
from rich.table import Table

from chitieu.cli import keys, settings
from chitieu.cli.settings import SECRET, TABLES, Part, masked
from chitieu.domain.access import SCOPES, AccessKey


def printed(table: Table, width: int = 200) -> str:
    out = io.StringIO()
    Console(file=out, width=width).print(table)
    return out.getvalue()


@pytest.mark.parametrize("part", Part)
def test_every_setting_is_told_with_its_default_and_what_it_is(part: Part) -> None:
    text = " ".join(re.sub("[│┃]", " ", printed(settings.listed(part, {}), 400)).split())
    for name, field in TABLES[part].model_fields.items():
        default = "none" if field.default is None else str(field.default)
        secret = "yes" if name in SECRET else "no"
        assert f"CHITIEU_{name.upper()} {default} – {secret} {field.description}" in text


def test_a_value_that_is_set_is_told_and_a_secret_masked() -> None:
    environment = {"chitieu_port": "9000", "CHITIEU_CLICKHOUSE_DSN": "clickhouse://u:hush@db:8123"}
    text = printed(settings.listed(Part.API, environment))
    assert "9000" in text
    assert "clickhouse://u:…@db:8123" in text
    assert "hush" not in text


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("chdb:///var/lib/chitieu", "chdb:///var/lib/chitieu"),
        ("clickhouse://default:@db:8123", "clickhouse://default:…@db:8123"),
        ("clickhouse://u:a/b#c@db:8123", "…"),
        ("clickhouse://u:a@b@db:8123", "…"),
        ("clickhouse://db:8123?password=hush", "…"),
    ],
)
def test_what_may_be_a_password_is_not_shown(address: str, shown: str) -> None:
    assert masked(address) == shown


def test_whatever_may_hold_a_secret_is_a_secret() -> None:
    told = {
        name
        for table in TABLES.values()
        for name, field in table.model_fields.items()
        if re.search("password|secret", field.description or "")
    }
    assert told == SECRET


def test_a_key_s_scopes_are_never_cut() -> None:
    key = AccessKey("0123456789ab", "", "06613@2021-01-01", frozenset(SCOPES), "a label that is rather long " * 5)
    text = printed(keys.listed([key]), 60)
    assert all(scope in text for scope in SCOPES)
    assert "…" not in text
