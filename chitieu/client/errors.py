"""What a client may raise.

ClientError
├── ProblemError      the service said no, with a code and a sentence in both languages
├── Unreachable       no answer, though it was asked as often as the retries allow
├── NotYet            not decided within the time that was given
└── Unintelligible    an answer that is none of chitieu's: a proxy's, perhaps
"""

from collections.abc import Sequence

import httpx
from pydantic import ValidationError

from chitieu.contracts.problems import ProblemDetails, ProblemItem

_SHOWN = 200


class ClientError(Exception):
    """Root of what a client raises about the service. Mistakes in the call itself are ValueError or TypeError."""


class ProblemError(ClientError):
    """A problem (RFC 9457). `pointer`, `vi` and `en` are those of the one that names the whole; `errors` are all."""

    def __init__(self, details: ProblemDetails) -> None:
        super().__init__(details.title)
        self.details = details
        self.code = details.type.rpartition(":")[2]
        self.status = details.status
        self.vi, self.en = details.detail, details.title
        self.errors: Sequence[ProblemItem] = details.errors
        self.pointer = next((one.pointer for one in self.errors if one.code == self.code), "")


class Unreachable(ClientError):
    """No answer came. What was written may have been taken: the same under the same key is safe to send again."""


class NotYet(ClientError):
    """The submission is written to the log, but its outcome is not known yet."""


class Unintelligible(ClientError):
    """What came back is not what the interface answers; `status` is the answer's."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(f"{answer.status_code} from {answer.request.url.host}: {answer.text[:_SHOWN]!r}")
        self.status = answer.status_code


def refusal(answer: httpx.Response) -> ClientError:
    """What an answer that is no success says. Its body has been read."""
    try:
        return ProblemError(ProblemDetails.model_validate_json(answer.content))
    except ValidationError:
        return Unintelligible(answer)
