"""`chitieu push`: reports from a file, each sent once, whatever happens on the way."""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from chitieu.cli.connection import fail
from chitieu.cli.journal import Journal
from chitieu.cli.push_output import Tally, refused_line, refused_outcome, summary
from chitieu.cli.pushing import Push, Taken, TemplatePush, push_key
from chitieu.cli.report_file import Format, ReportFile
from chitieu.cli.report_table import Numbers
from chitieu.cli.service import IngestUrlOption, KeyOption, Language, LanguageOption, UrlOption, reason
from chitieu.client import AsyncClient, ClientError
from chitieu.client.answers import LineResult
from chitieu.domain.errors import InvalidRequest

STDIN = "-"
JOURNAL_SUFFIX = ".push"

FileArgument = Annotated[
    str, typer.Argument(metavar="FILE|-", help="NDJSON, CSV, XLSX or a filled template; - is standard input")
]
FormOption = Annotated[str | None, typer.Option(help="form of reports that don't name theirs")]
PeriodOption = Annotated[str | None, typer.Option(help="period of reports that don't name theirs")]
FormatOption = Annotated[
    Format | None, typer.Option("--format", help="default: by the file's name; NDJSON from standard input")
]
NumbersOption = Annotated[
    Numbers, typer.Option(help="text numbers of a table are written 1.234,5 (vi) or 1,234.5 (en)")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="have the reports judged, and send nothing")]
WaitOption = Annotated[bool, typer.Option("--wait", help="stay until every report counts, and tell what became of it")]
WithinOption = Annotated[float, typer.Option(min=0, help="seconds that --wait waits for a report")]


def push(
    file: FileArgument,
    url: UrlOption,
    key: KeyOption,
    ingest_url: IngestUrlOption = None,
    form: FormOption = None,
    period: PeriodOption = None,
    format_: FormatOption = None,
    numbers: NumbersOption = Numbers.VI,
    dry_run: DryRunOption = False,
    wait: WaitOption = False,
    within: WithinOption = 60.0,
    language: LanguageOption = Language.VI,
) -> None:
    """Send the reports of a file. Interrupted, the same command goes on where it was; nothing is counted twice.

    Exits with 1 if a line was refused or not all could be sent, with 2 if the file can't be read.
    """
    defaults = {name: value for name, value in (("form", form), ("period", period)) if value is not None}
    try:
        with _readable(file) as path:
            source = ReportFile(path, file, format_ or _format(file), defaults, numbers)
            template = source.is_template()
            if template and defaults:
                raise typer.BadParameter(f"{file} is a filled template, and says its form and period itself")
            job = _Job(source, template, url, key, ingest_url, language, within if wait else None)
            tally = asyncio.run(job.judge() if dry_run else job.send())
    except (InvalidRequest, OSError) as unreadable:
        typer.echo(f"chitieu: {reason(unreadable, language)}", err=True)
        raise typer.Exit(2) from None
    except ClientError as error:
        raise fail(reason(error, language)) from error
    typer.echo(summary(tally, language, dry_run=dry_run), err=True)
    raise typer.Exit(1 if tally.refused else 0)


@contextmanager
def _readable(file: str) -> Iterator[Path]:
    """The file; what comes on standard input is kept in one, since it is read more than once."""
    if file != STDIN:
        yield Path(file)
        return
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "stdin"
        with path.open("wb") as kept:
            shutil.copyfileobj(sys.stdin.buffer, kept)
        yield path


def _format(file: str) -> Format:
    """By the name's ending."""
    suffix = Path(file).suffix.lower().removeprefix(".")
    if suffix in set(Format):
        return Format(suffix)
    if file == STDIN or suffix in {"json", "jsonl"}:
        return Format.NDJSON
    raise typer.BadParameter(f"what {file} holds can't be told from its name: say --format ndjson, csv or xlsx")


@dataclass(frozen=True, slots=True)
class _Job:
    """One file to one service. All of it is read once before anything is sent: a file that can't be is not sent."""

    file: ReportFile
    template: bool
    url: str
    key: str
    ingest_url: str | None
    language: Language
    within: float | None

    async def judge(self) -> Tally:
        tally = Tally()
        with self._progress() as advance:
            async with self._client() as client:
                async for results in self._push(client, "", None).judged():
                    self._told(results, tally)
                    advance(len(results))
        return tally

    async def send(self) -> Tally:
        """Raises ClientError, InvalidRequest, OSError."""
        tally, taken = Tally(), list[Taken]()
        with self._progress() as advance, self._journal() as journal:
            async with self._client() as client:
                push = self._push(client, push_key(self.file), journal)
                async for results in push.results():
                    self._told(results, tally)
                    if self.within is not None:
                        taken += [Taken.of(one) for one in results if one.problem is None]
                    advance(len(results))
                if self.within is not None:
                    await self._follow(push, taken, self.within, tally)
        return tally

    async def _follow(self, push: Push, taken: list[Taken], within: float, tally: Tally) -> None:
        async for one, told in push.outcomes(taken, within):
            tally.outcomes[told.outcome] += 1
            sentence = refused_outcome(one.line, told, self.language)
            if sentence is not None:
                tally.refused += 1
                typer.echo(sentence)

    def _told(self, results: list[LineResult], tally: Tally) -> None:
        for one in results:
            if one.problem is None:
                tally.taken += 1
            else:
                tally.refused += 1
            for sentence in refused_line(one, self.language):
                typer.echo(sentence)

    def _push(self, client: AsyncClient, key: str, journal: Journal | None) -> Push:
        return (TemplatePush if self.template else Push)(client, self.file, key, journal)

    def _client(self) -> AsyncClient:
        return AsyncClient(self.url, self.key, ingest_url=self.ingest_url)

    @contextmanager
    def _progress(self) -> Iterator[Callable[[int], None]]:
        """Counts lines on a terminal, and is quiet elsewhere."""
        console = Console(stderr=True)
        total = None if self.template else sum(1 for _ in self.file.lines())
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task(self.file.name, total=total)
            yield lambda lines: progress.advance(task, lines)

    @contextmanager
    def _journal(self) -> Iterator[Journal | None]:
        """Beside the file. Where none can be written, an interrupted push starts over, under the same keys.

        A template is one request: it has none.
        """
        if self.file.name == STDIN or self.template:
            yield None
            return
        path = self.file.path.with_name(self.file.path.name + JOURNAL_SUFFIX)
        sender = self.key.partition(".")[0]
        to = {"file": push_key(self.file), "url": self.ingest_url or self.url, "sender": sender}
        journal = Journal(path, to)
        try:
            journal.open()
        except OSError as error:
            typer.echo(f"chitieu: {error}: an interrupted push would start over", err=True)
            yield None
            return
        with journal:
            yield journal
