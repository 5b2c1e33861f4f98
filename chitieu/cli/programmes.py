"""`chitieu programmes`: check programme files, and put them into force."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from chitieu.adapters.clock import SystemClock, today
from chitieu.adapters.programmes import schema as schemas
from chitieu.adapters.programmes.apply import Outcome, RefusedRelease
from chitieu.adapters.programmes.apply import apply as apply_programmes
from chitieu.adapters.programmes.check import check as check_directory
from chitieu.adapters.programmes.directory import Programmes
from chitieu.adapters.programmes.finding import Finding, mistakes
from chitieu.cli.connection import DataOption, fail, kafka_bootstrap

app = typer.Typer(help="Programmes as data: catalogue, forms, plans, units.", no_args_is_help=True)

Directory = Annotated[Path, typer.Argument(exists=True, file_okay=False, help="directory with catalogue.yaml")]
Documents = Annotated[
    Path | None,
    typer.Option(exists=True, file_okay=False, help="directory of the plans' documents: look the quotations up"),
]
AsJson = Annotated[bool, typer.Option("--json", help="findings as JSON")]
SchemaDirectory = Annotated[
    Path | None, typer.Option(help="directory to write catalogue.json, form.json, plan.json to")
]


@app.command()
def check(directory: Directory, documents: Documents = None, as_json: AsJson = False) -> None:
    """Find every mistake in the programme files, with file and line. Exits with 1 if there is one."""
    programmes, findings = check_directory(directory, documents)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in findings], ensure_ascii=False, indent=2))
    else:
        for one in findings:
            typer.echo(str(one))
        typer.echo(summary(programmes, findings))
    if mistakes(findings):
        raise typer.Exit(1)


@app.command()
def apply(
    directory: Directory,
    data: DataOption = None,
    generation: Annotated[int, typer.Option(envvar="CHITIEU_GENERATION", help="generation of the log")] = 1,
) -> None:
    """Check the files, show what changes against what is in force, and put them into force. Running services follow."""
    programmes, findings = check_directory(directory)
    if wrong := mistakes(findings):
        typer.echo("\n".join(map(str, wrong)))
        raise fail("nothing was put into force: mend the mistakes first")
    try:
        outcome = asyncio.run(apply_programmes(kafka_bootstrap(data), generation, programmes, today(SystemClock())))
    except RefusedRelease as refused:
        raise fail(f"nothing was put into force:\n{refused}") from refused
    typer.echo("\n".join(applied(outcome)))


def applied(outcome: Outcome) -> list[str]:
    """What an apply did, in sentences."""
    moved = [f"{outcome.moved} reports were moved to where their units stand now"] if outcome.moved else []
    if not outcome.changes:
        return [*moved, f"nothing to change: release {outcome.release} is in force"]
    return [*outcome.changes, *moved, f"release {outcome.release} is in force"]


@app.command()
def schema(write: SchemaDirectory = None) -> None:
    """Print the JSON Schemas of catalogue, form and plan files, or write them for editors."""
    if write is None:
        typer.echo("\n".join(schemas.schemas().values()))
    else:
        for path in schemas.write(write):
            typer.echo(str(path))


def summary(programmes: Programmes, findings: Sequence[Finding]) -> str:
    wrong = len(mistakes(findings))
    units = sum(len(file.rows) for file in programmes.units)
    read = f"{len(programmes.plans)} plans, {len(programmes.forms)} forms, {units} units"
    return f"{read}; mistakes: {wrong}, warnings: {len(findings) - wrong}"
