"""`chitieu up`: everything from one command, on one data directory."""

import asyncio
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from chitieu.adapters import log
from chitieu.adapters.embedded.directory import DataDirectory
from chitieu.adapters.embedded.errors import StackError
from chitieu.cli.connection import fail
from chitieu.cli.stack import Stack, listen, prepare, running, until_stopped

PortOption = Annotated[int, typer.Option(help="HTTP port")]
HostOption = Annotated[str, typer.Option(help="address to listen on; anything but loopback opens it to the network")]
DataOption = Annotated[Path | None, typer.Option("--data", help="data directory (default: under your data home)")]

Work = Callable[[Stack], Awaitable[None]]
Preparation = Callable[[DataDirectory], None]


def up(port: PortOption = 8000, host: HostOption = "127.0.0.1", data: DataOption = None) -> None:
    """Start Kafka, ClickHouse and the three services, and stay up until Ctrl-C."""
    run_stack(data, host, port, _tell_ready)


async def _tell_ready(stack: Stack) -> None:
    if not stack.registry.ready:
        typer.echo("no programmes are in force yet: `chitieu programmes apply DIR`")
    typer.echo(f"ready {stack.url}")


def run_stack(
    data: Path | None, host: str, port: int, once_up: Work, before: Preparation = lambda directory: None
) -> None:
    """Run a stack until it is told to stop; exits 1 with one sentence if it cannot start or a part of it failed.

    `before` gets the directory, with its lock held, before anything runs on it.
    """
    log.configure("WARNING")
    try:
        with listen(host, port) as http, DataDirectory(data) as directory:
            before(directory)
            java, classpath = prepare(_say)
            reason = asyncio.run(_run(directory, java, classpath, http, once_up))
    except StackError as error:
        raise fail(str(error)) from error
    if reason is not None:
        typer.echo(f"chitieu: {reason}", err=True)
    # Everything is flushed and closed; an orderly end of the interpreter may still crash inside the engine's library.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0 if reason is None else 1)


async def _run(
    directory: DataDirectory, java: Path, classpath: list[Path], http: socket.socket, once_up: Work
) -> Exception | None:
    async with running(directory, java, classpath, http, _say) as stack:
        work = asyncio.ensure_future(once_up(stack))
        stopping = asyncio.ensure_future(until_stopped(stack))
        await asyncio.wait((work, stopping), return_when=asyncio.FIRST_COMPLETED)
        if work.done() and not stopping.done():
            work.result()
            await stopping
        work.cancel()
        typer.echo("stopping …")
        return stopping.result()


def _say(sentence: str) -> None:
    typer.echo(sentence, err=True)
