"""Where a command finds Kafka: the environment, or the stack running on a data directory."""

import os
from pathlib import Path
from typing import Annotated

import typer

from chitieu.adapters.embedded.directory import DataDirectory

DataOption = Annotated[
    Path | None, typer.Option("--data", help="data directory of the running stack (default: under your data home)")
]


def fail(sentence: str) -> typer.Exit:
    """One line on standard error, and exit 1."""
    typer.echo(f"chitieu: {sentence}", err=True)
    return typer.Exit(1)


def kafka_bootstrap(data: Path | None) -> str:
    """host:port of the brokers; exits with a sentence if nothing says where they are."""
    if data is None and (given := os.environ.get("CHITIEU_KAFKA_BOOTSTRAP")):
        return given
    directory = DataDirectory(data)
    runtime = directory.read_runtime()
    if runtime is None:
        raise fail(
            f"no stack is running on {directory.path}: start one with `chitieu up`, name its directory with --data, "
            "or set CHITIEU_KAFKA_BOOTSTRAP"
        )
    return str(runtime["kafka"])
