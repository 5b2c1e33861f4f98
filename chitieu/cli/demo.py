"""`chitieu demo`: the whole way of a figure, on simulated reports sent over HTTP as agencies would send them."""

import asyncio
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.progress import track

import chitieu
from chitieu.adapters import kafka, registry
from chitieu.adapters.clock import SystemClock, today
from chitieu.adapters.embedded.directory import DataDirectory, default_data_directory
from chitieu.adapters.programmes.apply import RefusedRelease, apply
from chitieu.adapters.programmes.check import check
from chitieu.adapters.programmes.directory import Programmes
from chitieu.adapters.programmes.finding import mistakes
from chitieu.cli import demo_output
from chitieu.cli.connection import fail
from chitieu.cli.demo_output import NOTICE
from chitieu.cli.screen import console
from chitieu.cli.sender import NotSent, Sender, attainment, duties
from chitieu.cli.simulation import Simulation, simulate
from chitieu.cli.stack import GENERATION, Stack
from chitieu.cli.up import DataOption, HostOption, PortOption, run_stack
from chitieu.domain.access import AccessKey, digest, presented
from chitieu.domain.registry import Release
from chitieu.domain.unit import NATION

KEY_VARIABLE = "CHITIEU_DEMO_KEY"
# The author of every simulated report, shown beside each of its revisions.
AUTHOR = "simulated"
DEFAULT_SEED = 5

_KEY = re.compile(r"ck_([A-Za-z0-9_-]{1,64})\.([\x21-\x7e]{1,128})")
_SCOPES = frozenset({"reports:write", "reports:read", "attainment:read"})
_MARK = "demo.json"

NationalOption = Annotated[bool, typer.Option("--national", help="also every other commune of the country for 2024")]
SeedOption = Annotated[int, typer.Option(help="another seed, other figures")]


@dataclass(frozen=True, slots=True)
class Mark:
    """What a directory of a demo was filled with; kept in it, so that it is never taken for anything else."""

    seed: int
    national: bool


def demo(
    port: PortOption = 8000,
    host: HostOption = "127.0.0.1",
    data: DataOption = None,
    national: NationalOption = False,
    seed: SeedOption = DEFAULT_SEED,
) -> None:
    """Start everything on fresh data, send simulated reports, show every plan's targets, and stay up until Ctrl-C."""
    started = time.monotonic()
    id_, secret = demo_key(os.environ)
    programmes = _shipped_programmes()
    mark = Mark(seed, national)

    async def once_up(stack: Stack) -> None:
        try:
            await _Demo(stack, programmes, mark, (id_, secret)).run()
        except (NotSent, RefusedRelease, httpx.HTTPError) as error:
            raise fail(f"the demo did not get through: {error}") from error
        typer.echo(f"\n{NOTICE.en}. Ctrl-C ends it. Up after {time.monotonic() - started:.0f} seconds.")
        typer.echo(f"ready {stack.url}")

    run_stack(
        data or default_data_directory().with_name("chitieu-demo"),
        host,
        port,
        once_up,
        before=lambda directory: begin(directory, mark, ours=data is None),
    )


def begin(directory: DataDirectory, mark: Mark, *, ours: bool) -> None:
    """Make a directory, whose lock is held, fit for a demo; exits with a sentence if it holds something else.

    Only the demo's own directory (`ours`) is emptied. Another one that holds the same demo goes on.
    """
    file = directory.path / _MARK
    held = any(any(part.iterdir()) for part in (directory.kafka, directory.clickhouse))
    if held and ours:
        typer.echo(f"emptying {directory.path}, the demo's own directory", err=True)
        for part in (directory.kafka, directory.clickhouse, directory.logs):
            shutil.rmtree(part)
            part.mkdir()
    elif held and not file.exists():
        raise fail(f"{directory.path} holds data that is no demo's: choose an empty directory with --data DIR")
    elif held:
        before = Mark(**json.loads(file.read_text(encoding="utf-8")))
        if before != mark:
            raise fail(
                f"{directory.path} holds a demo with --seed {before.seed}{' --national' if before.national else ''}:"
                " start it with the same, or choose an empty directory with --data DIR"
            )
        typer.echo(f"{directory.path} holds this demo already: its reports are sent again and change nothing", err=True)
    file.write_text(json.dumps(asdict(mark)) + "\n", encoding="utf-8")


def demo_key(environ: Mapping[str, str]) -> tuple[str, str]:
    """(id, secret) of the key to print: preset for scripts, else new."""
    preset = environ.get(KEY_VARIABLE)
    if preset is None:
        return "demo", secrets.token_urlsafe(32)
    parts = _KEY.fullmatch(preset)
    if parts is None or parts[1] == AUTHOR:
        raise fail(f"{KEY_VARIABLE} must look like ck_ID.SECRET, the ID of letters, digits, - and _ and not {AUTHOR}")
    return parts[1], parts[2]


def _shipped_programmes() -> Programmes:
    root = Path(chitieu.__file__).parents[1] / "programmes"
    if not root.is_dir():
        raise fail(f"there are no programmes in {root}: the demo runs from a checkout of the repository")
    programmes, findings = check(root)
    if wrong := mistakes(findings):
        raise fail(f"{root} has mistakes, see `chitieu programmes check`; the first: {wrong[0]}")
    return programmes


class _Demo:
    """One run on a stack that has just come up."""

    def __init__(self, stack: Stack, programmes: Programmes, mark: Mark, key: tuple[str, str]) -> None:
        self._stack = stack
        self._programmes = programmes
        self._mark = mark
        self._key = key
        self._today = today(SystemClock())
        self._console = console()

    async def run(self) -> None:
        """Raises NotSent, RefusedRelease or httpx.HTTPError."""
        outcome = await apply(self._stack.bootstrap, GENERATION, self._programmes, self._today)
        release = await self._stack.registry.wait_for(outcome.release)
        typer.echo(f"{len(release.plans)} plans and {len(release.tree):,} units are in force", err=True)
        secret = secrets.token_urlsafe(32)
        await self._announce(release, secret)
        simulation = await asyncio.to_thread(
            simulate, release, self._today, self._mark.seed, national=self._mark.national
        )
        async with self._client(AUTHOR, secret) as agencies, self._client(*self._key) as http:
            await self._send(simulation, Sender(agencies), http)
            await self._show(simulation, http)

    def _client(self, id_: str, secret: str) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {presented(id_, secret)}"}
        # A proxy of the environment is not meant for the loopback.
        return httpx.AsyncClient(base_url=self._stack.url, headers=headers, timeout=60, trust_env=False)

    async def _announce(self, release: Release, secret: str) -> None:
        """The notice before any figure, and the keys of the simulated agencies and of whoever watches."""
        nation = release.tree.at(NATION, self._today)
        assert nation is not None, "the shipped unit tree has a nation"
        id_, own = self._key
        keys = (
            AccessKey(AUTHOR, digest(secret), nation.id, frozenset({"reports:write"}), "simulated reports"),
            AccessKey(id_, digest(own), nation.id, _SCOPES, "whoever watches the demo"),
        )
        producer = kafka.producer(self._stack.bootstrap)
        await producer.start()
        try:
            await registry.publish_notice(producer, AUTHOR, NOTICE)
            for key in keys:
                await registry.publish_key(producer, key)
        finally:
            await producer.stop()
        while self._stack.registry.keys.verify(presented(id_, own)) is None or not self._stack.ready():
            await asyncio.sleep(0.05)

    async def _send(self, simulation: Simulation, sender: Sender, http: httpx.AsyncClient) -> None:
        started, sent = time.monotonic(), 0
        said = Console(stderr=True)
        for batch in track(simulation.batches, "sending simulated reports", console=said, transient=True):
            sent += await sender.send(batch)
        told = [(one.title, await sender.send_single(one)) for one in simulation.singles]
        acknowledged = time.monotonic() - started
        await sender.until_visible(simulation.shown[0], http)
        visible = time.monotonic() - started
        self._console.print(demo_output.accidents_table(told))
        typer.echo(
            f"{sent:,} simulated reports in {len(simulation.batches)} bulk requests, acknowledged after "
            f"{acknowledged:.1f} s, all counted after {visible:.1f} s",
            err=True,
        )

    async def _show(self, simulation: Simulation, http: httpx.AsyncClient) -> None:
        asked = [(one, await duties(http, one)) for one in simulation.duties]
        self._console.print(demo_output.duties_table(asked))
        answers = [await attainment(http, one) for one in simulation.shown]
        self._console.print(demo_output.targets_table(answers))
        key = presented(*self._key)
        typer.echo(demo_output.where_to_look(self._stack.url, key, simulation.correction, simulation.duties[-1]))
