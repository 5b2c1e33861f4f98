"""What the page sends on behalf of whoever is signed in: ingest judges and takes it, as it would from a program."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from chitieu.client import AsyncClient, ClientError, ProblemError, Report, Retries
from chitieu.client.answers import LineResult, Receipt
from chitieu.contracts.problems import ProblemItem
from chitieu.domain.address import Address
from chitieu.domain.catalogue import Label
from chitieu.domain.errors import Problem, Refused
from services.api.web.pages import Page

# A person waits: a second try, and no longer than they would look at an empty page.
_RETRIES = Retries(tries=2, first=0.2, longest=1.0)
_WAIT_SECONDS = 3
_AWAY = Label("chưa kết nối được với bộ phận nhận báo cáo", "whoever takes reports does not answer")


class NotTaken(Exception):
    """Why nothing was sent, or nothing could be judged; `status` is the answer's."""

    def __init__(self, status: int, problems: Sequence[ProblemItem]) -> None:
        super().__init__(status)
        self.status = status
        self.problems = problems


async def judged(page: Page, address: Address, values: Mapping[str, str]) -> Sequence[ProblemItem]:
    """What ingest would say of a report. Raises NotTaken if it can't be asked, Refused if the key is no more."""
    report = Report(address.form.id, str(address.period), address.unit.id, values)
    try:
        async with _ingest(page) as ingest:
            results = [one async for one in ingest.validate([report])]
    except ClientError as error:
        raise _not_taken(error) from error
    return [item for one in results if one.problem is not None for item in one.problem.errors]


async def sent(page: Page, address: Address, values: Mapping[str, str], replaces: int | None) -> Receipt:
    """The receipt of a report that the log has, if possible decided. Raises as `judged`."""
    place = address.form.id, str(address.period), address.unit.id
    key = _key(page, *place, replaces, sorted(values.items()))
    try:
        async with _ingest(page) as ingest:
            return await ingest.put_report(*place, values, if_match=replaces, key=key, wait=_WAIT_SECONDS)
    except ClientError as error:
        raise _not_taken(error) from error


async def retracted(page: Page, address: Address, reason: str, replaces: int | None) -> Receipt:
    """The receipt of a retraction. Raises as `judged`."""
    place = address.form.id, str(address.period), address.unit.id
    key = _key(page, *place, replaces, reason)
    try:
        async with _ingest(page) as ingest:
            return await ingest.retract(*place, reason, if_match=replaces, key=key, wait=_WAIT_SECONDS)
    except ClientError as error:
        raise _not_taken(error) from error


async def sent_workbook(page: Page, content: bytes) -> Sequence[LineResult]:
    """A result for each sheet of a filled template; if one is wrong, NotTaken names its cells."""
    try:
        async with _ingest(page) as ingest:
            return await ingest.send_workbook(content, key=_key(page, sha256(content).hexdigest()))
    except ClientError as error:
        raise _not_taken(error) from error


def _ingest(page: Page) -> AsyncClient:
    return AsyncClient(page.context.ingest_url, page.signed_in.presented, retries=_RETRIES)


def _key(page: Page, *said: object) -> str:
    """The same said again over the same revision, as by a second click, is the same submission."""
    return "page-" + sha256(repr((page.key.id, *said)).encode()).hexdigest()[:40]


def _not_taken(error: ClientError) -> NotTaken:
    """Raises Refused for a key that is no longer in force: that leads to signing in."""
    if not isinstance(error, ProblemError):
        return NotTaken(503, items([Problem("unavailable", "", {"detail": _AWAY})]))
    if error.status == 401:
        raise Refused.of("unauthenticated")
    return NotTaken(error.status, error.errors)


def items(problems: Iterable[Problem]) -> list[ProblemItem]:
    return [ProblemItem.of(one) for one in problems]
