"""Following a submission until the figures hold it."""

from chitieu.client import calls
from chitieu.client.answers import Submission
from chitieu.client.errors import NotYet
from chitieu.client.exchange import Flow, Tries, answered, retry_after, understood

PENDING = "pending"
_BETWEEN_SECONDS = 0.2


def decided(id_: str, at: str, within: float, tries: Tries) -> Flow[Submission]:
    """The submission with its outcome. Raises NotYet if there is none after so many seconds of waiting."""
    call = calls.submission(id_, at)
    while True:
        answer = yield from answered(call, tries)
        found = understood(call, answer)
        if found.outcome != PENDING:
            return found
        if within <= 0:
            raise NotYet(f"{id_} is not decided yet")
        tries.succeeded()
        pause = min(retry_after(answer) or _BETWEEN_SECONDS, within)
        within -= pause
        yield pause
