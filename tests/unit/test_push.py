"""`chitieu push` as its user runs it, on a real connection: nothing sent twice, nothing lost, whatever fails when."""

import functools
import itertools
import json
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp, Receive, Scope, Send
from typer.testing import CliRunner, Result

from chitieu.cli import push
from chitieu.cli.main import app
from chitieu.client import AsyncClient, Retries
from chitieu.domain.access import presented
from tests.contract.ingest_service import Service
from tests.support.local_http import Fault, Faulty, serving

# What the rows of a table say; the form's options of children and labour may be left out.
HEADER = "unit,parents,parents_informed"
UNITS = ("00001", "00002", "00010")


@dataclass
class Decided:
    """Ingest, with the api's answers about submissions in front: `outcomes` by position, else accepted."""

    ingest: ASGIApp
    outcomes: dict[int, str] = field(default_factory=dict)
    pending: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/v1/submissions/"):
            await self._told(scope, send)
        else:
            await self.ingest(scope, receive, send)

    async def _told(self, scope: Scope, send: Send) -> None:
        place = re.fullmatch(rb"at=(\d+)(?:%3A|:)(\d+)", scope["query_string"])
        assert place is not None
        position = int(place[2])
        outcome = self.outcomes.get(position, "accepted")
        if self.pending:
            self.pending, outcome = self.pending - 1, "pending"
        message = {"form": "xa", "period": "2024S1", "unit": "u", "partition": 3, "position": position}
        message |= {"outcome": outcome, "revision": 4, "known_at": "2024-07-01T00:00:00Z"}
        said = {"submission": "s", "outcome": outcome, "messages": [] if outcome == "pending" else [message]}
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(said).encode()})


@dataclass
class Place:
    service: Service
    decided: Decided
    faulty: Faulty
    url: str

    def again(self) -> None:
        self.service.log.events.clear()
        self.service.log.away_from = 10**9
        self.decided.outcomes.clear()
        self.decided.pending = 0
        self.faulty.faults.clear()
        self.faulty.asked.clear()
        self.faulty.bodies.clear()
        self.faulty.retry_after = "0"

    def run(self, *arguments: str, key: str = "north", input: str | None = None) -> Result:
        environment = {"CHITIEU_URL": self.url, "CHITIEU_KEY": presented(key, "secret"), "CHITIEU_LANGUAGE": "en"}
        return CliRunner().invoke(app, ["push", *arguments], input=input, env=environment)

    def posts(self) -> int:
        return sum(method == "POST" for method, _, _ in self.faulty.asked)

    def units(self) -> list[str]:
        return [event.unit.partition("@")[0] for event in self.service.log.events]


@pytest.fixture(scope="module")
def server() -> Iterator[Place]:
    async def sleep(_: float) -> None:
        return

    service = Service()
    decided = Decided(service.app())
    faulty = Faulty(decided)
    impatient = functools.partial(AsyncClient, retries=Retries(tries=3), sleep=sleep)
    with pytest.MonkeyPatch.context() as patched, serving(faulty) as url:
        patched.setattr(push, "AsyncClient", impatient)
        yield Place(service, decided, faulty, url)


@pytest.fixture
def place(server: Place) -> Place:
    server.again()
    return server


def table(path: Path, *rows: str, header: str = HEADER) -> str:
    path.write_text("\n".join((header, *rows)) + "\n")
    return str(path)


OPTIONS = ("--form", "xa", "--period", "2024S1")


def test_a_table_is_sent_and_said_to_be(place: Place, tmp_path: Path) -> None:
    file = table(tmp_path / "a.csv", "00001,100,80", "00002,1.200,900", "00010,n/a,")
    told = place.run(file, *OPTIONS)
    assert (told.exit_code, told.stdout, told.stderr) == (0, "", "3 taken, 0 refused\n")
    assert place.units() == ["00001", "00002", "00010"]
    assert place.service.log.events[1].values[5:7].tolist() == [1200, 900]  # type: ignore[attr-defined]


def test_what_is_refused_is_named_by_line_and_field_in_the_users_language(place: Place, tmp_path: Path) -> None:
    file = table(tmp_path / "a.csv", "00001,100,80", "00002,x,900", "00003,1,1", "00010,5,6")
    told = place.run(file, *OPTIONS)
    assert told.exit_code == 1
    assert told.stdout.splitlines() == [
        'line 3, field parents: The value must be a number (for example 1234 or "1.234,5") or "n/a".',
        "line 4, unit: Unit '00003' does not report form 'xa'.",
        "line 5, field parents_informed: The part 'parents_informed' (6) is larger than the whole 'parents' (5).",
    ]
    assert told.stderr == "1 taken, 3 refused\n"
    told = place.run(file, *OPTIONS, "--language", "vi")
    assert told.stdout.splitlines()[1] == "dòng 4, unit: Đơn vị «00003» không lập biểu mẫu «xa»."
    assert told.stderr == "1 đã nhận, 3 bị từ chối\n"


def test_the_same_command_again_sends_nothing_and_says_the_same(place: Place, tmp_path: Path) -> None:
    file = table(tmp_path / "a.csv", "00001,100,80", "00002,x,900")
    first = place.run(file, *OPTIONS)
    second = place.run(file, *OPTIONS)
    assert (first.exit_code, first.output) == (second.exit_code, second.output)
    assert place.posts() == 1


def test_without_its_journal_it_is_sent_under_the_same_keys(place: Place, tmp_path: Path) -> None:
    file = table(tmp_path / "a.csv", "00001,100,80")
    place.run(file, *OPTIONS)
    (tmp_path / "a.csv.push").unlink()
    place.run(file, *OPTIONS)
    assert place.posts() == 2
    assert len({event.submission for event in place.service.log.events}) == 1


@pytest.mark.parametrize("change", ["content", "period", "numbers", "key"])
def test_another_push_is_none_that_was_begun(place: Place, tmp_path: Path, change: str) -> None:
    file = table(tmp_path / "a.csv", "00001,100,80")
    place.run(file, *OPTIONS)
    options = {"period": ("--form", "xa", "--period", "2023S1"), "numbers": (*OPTIONS, "--numbers", "en")}
    if change == "content":
        table(tmp_path / "a.csv", "00001,100,81")
    place.run(file, *options.get(change, OPTIONS), key="commune2" if change == "key" else "north")
    assert place.posts() == 2
    keys = [headers["idempotency-key"] for _, _, headers in place.faulty.asked]
    assert (keys[0] == keys[1]) is (change == "key")


def test_a_dry_run_judges_and_sends_nothing(place: Place, tmp_path: Path) -> None:
    file = table(tmp_path / "a.csv", "00001,100,80", "00002,x,900")
    told = place.run(file, *OPTIONS, "--dry-run")
    assert (told.exit_code, told.stderr) == (1, "1 right, not sent, 1 refused\n")
    assert told.stdout.startswith("line 3, field parents: ")
    assert place.service.log.events == []
    assert [path for _, path, _ in place.faulty.asked] == ["/v1/reports:validate"]
    assert not (tmp_path / "a.csv.push").exists()


def test_lines_come_on_standard_input_too(place: Place) -> None:
    line = json.dumps({"unit": "00001", "values": {"parents": 5}})
    told = place.run("-", *OPTIONS, input=f"{line}\n\nnonsense\n")
    assert told.exit_code == 1
    assert told.stdout.startswith("line 3: The body is not valid JSON")
    assert place.units() == ["00001"]
    told = place.run("-", *OPTIONS, "--format", "csv", input=f"{HEADER}\n00001,7,6\n")
    assert (told.exit_code, place.units()) == (0, ["00001", "00001"])


def test_a_workbook_is_sent_and_a_code_that_is_a_number_refused(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        for row, cells in enumerate([HEADER.split(","), ["00001", 1200, "900"], [1, 10, 5]], 2):
            sheet.write_row(row, 1, cells)
    told = place.run(str(path), *OPTIONS)
    assert (told.exit_code, told.stdout) == (1, "line 5, unit: This must be a string.\n")
    assert place.service.log.events[0].values[5:7].tolist() == [1200, 900]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "form,period\n", "The file '{file}' cannot be read: its header line has no column 'unit'."),
        ("a.csv", f'{HEADER}\n00001,1,1\n00002,"1"2,1\n', "line 3 is no CSV."),
        ("a.xlsx", "PK", "no .xlsx workbook"),
        ("a.doc", "", "--format"),
        ("missing.csv", None, "No such file"),
    ],
)
def test_what_cannot_be_read_is_said_before_anything_is_sent(
    place: Place, tmp_path: Path, name: str, content: str | None, said: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    told = place.run(str(path), *OPTIONS)
    assert told.exit_code == 2
    assert said.format(file=path) in " ".join(re.sub("[│╭╮╰╯─]", "", told.stderr).split())
    assert place.faulty.asked == []


def test_who_may_not_send_is_told_so(place: Place, tmp_path: Path) -> None:
    told = place.run(table(tmp_path / "a.csv", "00001,1,1"), *OPTIONS, key="reader")
    assert (told.exit_code, told.stderr) == (1, "chitieu: The access key lacks the scope 'reports:write'.\n")


def test_where_no_journal_can_be_written_it_is_sent_all_the_same(place: Place, tmp_path: Path) -> None:
    file = table(tmp_path / "a.csv", "00001,100,80")
    (tmp_path / "a.csv.push").mkdir()
    told = place.run(file, *OPTIONS)
    assert told.exit_code == 0
    assert "would start over" in told.stderr
    assert place.units() == ["00001"]


def test_waiting_tells_what_became_of_each(place: Place, tmp_path: Path) -> None:
    place.decided.outcomes = {1: "key_reused", 2: "conflict"}
    place.decided.pending = 3
    told = place.run(table(tmp_path / "a.csv", "00001,1,1", "00002,1,1", "00010,1,1"), *OPTIONS, "--wait")
    assert told.exit_code == 1
    assert told.stdout.splitlines() == [
        "line 3: This Idempotency-Key was used before for another content.",
        "line 4: The report is not at the revision that was named; current revision: 4.",
    ]
    assert told.stderr == "3 taken (1 accepted, 1 conflict, 1 key_reused), 2 refused\n"


def test_an_interrupted_push_is_followed_to_its_end_by_the_next(place: Place, tmp_path: Path) -> None:
    file = table(tmp_path / "a.csv", "00001,1,1", "00001,2,1", "00002,1,1")
    place.faulty.faults = deque([Fault.NONE, *[Fault.AWAY] * 3])
    interrupted = place.run(file, *OPTIONS)
    assert (interrupted.exit_code, interrupted.stderr) == (1, "chitieu: en\n")
    told = place.run(file, *OPTIONS, "--wait")
    assert (told.exit_code, told.stderr) == (0, "3 taken (3 accepted), 0 refused\n")
    assert place.units() == ["00001", "00001", "00002"]


def test_waiting_ends_if_nothing_is_decided(place: Place, tmp_path: Path) -> None:
    place.decided.pending = 10**6
    told = place.run(table(tmp_path / "a.csv", "00001,1,1"), *OPTIONS, "--wait", "--within", "2")
    assert told.exit_code == 1
    assert "does not count yet" in told.stderr


def test_a_later_line_about_a_report_stands(place: Place, tmp_path: Path) -> None:
    rows = [f"{unit},{n},0" for n, unit in enumerate(itertools.islice(itertools.cycle(UNITS), 100))]
    told = place.run(table(tmp_path / "a.csv", *rows), *OPTIONS)
    assert told.exit_code == 0
    assert standing(place) == {unit: max(n for n in range(100) if UNITS[n % 3] == unit) for unit in UNITS}


FAULTS = st.lists(st.sampled_from(list(Fault)), max_size=15)


@given(faults=FAULTS, rows=st.lists(st.tuples(st.sampled_from(UNITS), st.booleans()), max_size=10))
@settings(max_examples=60)
def test_run_until_it_is_through_every_line_counts_once_and_in_order(
    server: Place, tmp_path_factory: pytest.TempPathFactory, faults: list[Fault], rows: list[tuple[str, bool]]
) -> None:
    """Rows are of three units, right or wrong; each run may end early, and the next goes on."""
    server.again()
    server.faulty.faults = deque(faults)
    said = [f"{unit},{n if right else 'x'},0" for n, (unit, right) in enumerate(rows, 2)]
    file = table(tmp_path_factory.mktemp("push") / "a.csv", *said)
    for _ in range(len(faults) + 1):
        told = server.run(file, *OPTIONS)
        if told.stderr.endswith("refused\n"):
            break
    wrong = [n for n, (_, right) in enumerate(rows, 2) if not right]
    assert [int(line.split(",")[0].removeprefix("line ")) for line in told.stdout.splitlines()] == wrong
    assert told.exit_code == (1 if wrong else 0)
    submissions = {event.submission: event.content for event in server.service.log.events}
    assert all(submissions[event.submission] == event.content for event in server.service.log.events)
    assert len(submissions) == len(rows) - len(wrong)
    assert standing(server) == {unit: n for n, (unit, right) in enumerate(rows, 2) if right}


def standing(place: Place) -> dict[str, int]:
    """What the fold makes of the log, plainly: a submission that was there before changes nothing."""
    seen: set[bytes] = set()
    current: dict[str, int] = {}
    for event in place.service.log.events:
        if event.submission not in seen:
            seen.add(event.submission)
            current[event.unit.partition("@")[0]] = event.values[5]
    return current
