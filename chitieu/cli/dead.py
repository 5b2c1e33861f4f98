"""`chitieu dead`: what the fold could not read. Nothing is thrown away; here is where it stands and why."""

import asyncio
import json
from base64 import b64encode
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from chitieu.adapters import kafka
from chitieu.cli.connection import DataOption, fail, kafka_bootstrap
from chitieu.cli.figures import run
from chitieu.cli.maintenance import Job
from chitieu.contracts.events import DeadLetter, decode_dead_letter
from chitieu.contracts.topics import DEAD

app = typer.Typer(help="messages the fold could not read", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="one JSON object a line, with the bytes in base64")]


@app.callback()
def dead() -> None:
    """Messages the fold could not read, kept for ever on their own topic."""


@app.command(name="list")
def list_(data: DataOption = None, as_json: AsJson = False) -> None:
    """Show every dead letter: generation, partition and position in the log, reason, size. Repeats are left out."""
    found = asyncio.run(letters(kafka_bootstrap(data)))
    if as_json:
        for one in found:
            body = {"generation": one.generation, "partition": one.partition, "position": one.position}
            typer.echo(json.dumps({**body, "reason": one.reason, "payload": b64encode(one.payload).decode()}))
        return
    table = Table("log", "position", "reason", "bytes", title=f"{len(found)} dead letters")
    for one in found:
        table.add_row(f"reports-{one.generation}/{one.partition}", str(one.position), one.reason, str(len(one.payload)))
    Console().print(table)


@app.command()
def replay(
    places: Annotated[list[str] | None, typer.Argument(metavar="[PARTITION:POSITION]...", help="which letters")] = None,
    every: Annotated[bool, typer.Option("--all", help="every letter that can be read now")] = False,
    data: DataOption = None,
) -> None:
    """Send letters again that can be read by now, as new messages. Exits with 1 if one still cannot.

    A letter that is older than its report's current revision becomes a conflict; one that is sent twice, a duplicate.
    """
    if every == bool(places):
        raise fail("say which letters (partition:position, as `chitieu dead list` shows them), or --all")
    run(Job("replay", places=None if every else places), data)


async def letters(bootstrap: str) -> list[DeadLetter]:
    """Dead letters in the order of the log, each once: a crash may have written one twice."""
    reader = kafka.consumer(bootstrap, DEAD)
    await reader.start()
    try:
        read = [decode_dead_letter(record.value) async for record in kafka.read_to_end(reader)]
    finally:
        await reader.stop()
    found = {(one.generation, one.partition, one.position): one for one in read}
    return [found[key] for key in sorted(found)]
