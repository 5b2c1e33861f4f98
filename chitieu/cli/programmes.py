"""`chitieu programmes`: check the programme files before they are put into force."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from chitieu.adapters.programmes import schema as schemas
from chitieu.adapters.programmes.check import check as check_directory
from chitieu.adapters.programmes.directory import Programmes
from chitieu.adapters.programmes.finding import Finding, mistakes

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
