"""`chitieu keys`: access keys. The secret is shown once, when the key is made; only its SHA-256 is kept."""

import asyncio
import secrets
from collections.abc import Iterable
from datetime import date
from typing import Annotated

import typer
from rich.table import Column, Table

from chitieu.adapters import kafka, registry
from chitieu.adapters.clock import SystemClock, today
from chitieu.cli.connection import DataOption, fail, kafka_bootstrap
from chitieu.cli.screen import console
from chitieu.domain.access import SCOPES, AccessKey, digest, presented
from chitieu.domain.registry import Release
from chitieu.domain.unit import Unit

app = typer.Typer(help="access keys: create, list, revoke", no_args_is_help=True)


@app.command()
def create(
    unit: Annotated[str, typer.Option(help="top of the subtree: a unit code, or code@valid_from")],
    scope: Annotated[str, typer.Option(help=f"comma-separated, of: {', '.join(SCOPES)}")] = "attainment:read",
    label: Annotated[str, typer.Option(help="what the key is for; no personal data")] = "",
    data: DataOption = None,
) -> None:
    """Make a key and print it. It cannot be shown again."""
    scopes = frozenset(filter(None, scope.split(",")))
    if unknown := scopes - set(SCOPES):
        raise fail(f"no such scope: {', '.join(sorted(unknown))} (there are {', '.join(SCOPES)})")
    secret = secrets.token_urlsafe(32)
    key = asyncio.run(_create(kafka_bootstrap(data), unit, secret, scopes, label))
    typer.echo(presented(key.id, secret))


async def _create(bootstrap: str, unit: str, secret: str, scopes: frozenset[str], label: str) -> AccessKey:
    known = await registry.snapshot(bootstrap)
    if known.release is None:
        raise fail("no programmes are in force yet: `chitieu programmes apply DIR` first")
    holder = holder_of(known.release, unit, today(SystemClock()))
    if holder is None:
        raise fail(f"there is no unit {unit!r}")
    key = AccessKey(secrets.token_hex(6), digest(secret), holder.id, scopes, label)
    await publish(bootstrap, key)
    return key


def holder_of(release: Release, reference: str, day: date) -> Unit | None:
    """The unit in force today, or the last one that had the code: an abolished district may still hold keys."""
    rows = release.tree.rows(reference)
    return release.tree.find(reference, day) or (rows[-1] if rows else None)


async def publish(bootstrap: str, key: AccessKey) -> None:
    producer = kafka.producer(bootstrap)
    await producer.start()
    try:
        await registry.publish_key(producer, key)
    finally:
        await producer.stop()


@app.command(name="list")
def list_(data: DataOption = None) -> None:
    """Keys in force, without their secrets."""
    known = asyncio.run(registry.snapshot(kafka_bootstrap(data)))
    console().print(listed(known.keys.all()))


def listed(keys: Iterable[AccessKey]) -> Table:
    """On a narrow screen labels give way: an id or a scope is never cut."""
    table = Table(*(Column(name, no_wrap=True) for name in ("id", "unit", "scopes")), Column("label", overflow="fold"))
    for key in keys:
        table.add_row(key.id, key.unit, ",\n".join(sorted(key.scopes)), key.label)
    return table


@app.command()
def revoke(id_: Annotated[str, typer.Argument(metavar="ID")], data: DataOption = None) -> None:
    """Take a key out of force, at once and for good."""
    asyncio.run(_revoke(kafka_bootstrap(data), id_))
    typer.echo(f"key {id_} is revoked")


async def _revoke(bootstrap: str, id_: str) -> None:
    known = await registry.snapshot(bootstrap)
    if id_ not in {key.id for key in known.keys.all()}:
        raise fail(f"there is no key {id_!r} in force")
    producer = kafka.producer(bootstrap)
    await producer.start()
    try:
        await registry.publish_revocation(producer, id_)
    finally:
        await producer.stop()
