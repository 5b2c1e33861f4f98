"""`chitieu rebuild` and `chitieu reconcile`: the figures made again from the log, and held against it.

Where they work: on the Kafka and ClickHouse that the environment names; else through the stack that runs on the data
directory, for only one process can open its ClickHouse; else on the directory itself.
"""

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from chitieu.adapters import log
from chitieu.adapters.clickhouse.migrate import MigrationError
from chitieu.adapters.clickhouse.store import EngineError
from chitieu.adapters.embedded import channel
from chitieu.adapters.embedded.directory import DataDirectory
from chitieu.adapters.embedded.errors import StackError
from chitieu.adapters.kafka import BrokerError
from chitieu.adapters.registry import RegistryReader
from chitieu.cli.connection import DataOption, fail
from chitieu.cli.maintenance import Job, as_it_is, perform
from chitieu.cli.stack import prepare, storage
from chitieu.domain.errors import ChitieuError, Corruption
from services.aggregate.rebuild import NotNow, require_stopped
from services.aggregate.settings import AggregateSettings

_ERRORS = (
    *(NotNow, Corruption, ChitieuError, StackError, MigrationError, BrokerError, EngineError),
    *(channel.Failed, channel.NobodyThere),
)

SampleOption = Annotated[int | None, typer.Option(min=1, help="compare only so many groups (form, period), by chance")]
SeedOption = Annotated[int | None, typer.Option(help="which sample: the same seed chooses the same groups")]
RepairOption = Annotated[bool, typer.Option("--repair", help="mend wrong cells from the submissions; stops the fold")]
DropOption = Annotated[bool, typer.Option("--drop-old", help="make nothing: drop every database that is not in use")]


def rebuild(drop_old: DropOption = False, data: DataOption = None) -> None:
    """Fold the whole log into a new database and switch to it; reports are taken and figures shown meanwhile.

    The old database stays until `chitieu rebuild --drop-old`.
    """
    run(Job("drop-old" if drop_old else "rebuild"), data)


def reconcile(
    sample: SampleOption = None, seed: SeedOption = None, repair: RepairOption = False, data: DataOption = None
) -> None:
    """Prove that cells = fold of submissions = fold of the log, beside the running system.

    Tells every difference, and exits with 1 if one is left. Wrong submissions cannot be mended: `chitieu rebuild`.
    """
    run(Job("reconcile", sample, secrets.randbelow(10**6) if seed is None else seed, repair), data)


def run(job: Job, data: Path | None) -> None:
    """Exits with the job's code, or with 1 and a sentence."""
    log.configure("WARNING")
    directory = DataDirectory(data)
    try:
        if data is None and {"CHITIEU_KAFKA_BOOTSTRAP", "CHITIEU_CLICKHOUSE_DSN"} & os.environ.keys():
            code = asyncio.run(_apart(job))
        elif directory.read_runtime() is not None:
            code = channel.ask(directory.channel, asdict(job), typer.echo)
        elif directory.kafka.is_dir():
            code = _alone(job, directory)
        else:
            raise NotNow(f"there is no data in {directory.path}: name a directory with --data")
    except _ERRORS as error:
        raise fail(str(error)) from error
    raise typer.Exit(code)


async def _apart(job: Job) -> int:
    settings = AggregateSettings()

    @asynccontextmanager
    async def stopped() -> AsyncIterator[None]:
        await require_stopped(settings)
        yield

    programmes = RegistryReader(settings.kafka_bootstrap)
    try:
        await programmes.start()
        return await perform(job, settings, programmes, stopped, typer.echo)
    finally:
        await programmes.stop()


def _alone(job: Job, directory: DataDirectory) -> int:
    """On a data directory that no stack runs on: with its broker and its ClickHouse, and no services."""

    async def work(java: Path, classpath: list[Path]) -> int:
        async with storage(directory, java, classpath, _progress) as here:
            programmes = RegistryReader(here.settings.kafka_bootstrap)
            try:
                await programmes.start()
                return await perform(job, here.settings, programmes, as_it_is, typer.echo)
            finally:
                await programmes.stop()

    try:
        with directory:
            code = asyncio.run(work(*prepare(_progress)))
    except _ERRORS as error:
        code = fail(str(error)).exit_code
    # Everything is closed; an orderly end of the interpreter may still crash inside the engine's library.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _progress(sentence: str) -> None:
    typer.echo(sentence, err=True)
