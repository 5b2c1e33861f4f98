"""Signing in and out: the session's cookie, and proof that a form that is sent was shown here."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import parse_qsl, urlsplit

from fastapi import Request, Response

from chitieu.adapters import session
from chitieu.adapters.http import session_key
from chitieu.domain.access import AccessKey, KeyRing
from chitieu.domain.errors import ChitieuError, InvalidRequest, Refused

# A working day; a shared computer is nobody's the next morning.
LASTS_SECONDS = 12 * 60 * 60

TOKEN_FIELD = "csrf"  # noqa: S105 - a field's name
TOKEN_HEADER = "X-CSRF-Token"  # noqa: S105

_SALT = 16  # hexadecimal digits
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_LONGEST_FORM = 64 * 1024
# An address of this site: `//other.example` and `/\other.example` are not.
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


@dataclass(frozen=True)
class Session:
    """Somebody signed in: the key as presented, to ask other services with, and the key it is.

    `salt` is another one for each page: pages are sent compressed, and what stood in all of them could be guessed from
    how long they are (BREACH, CVE-2013-3587).
    """

    presented: str
    key: AccessKey
    salt: str

    @property
    def token(self) -> str:
        """What every form carries. Only who holds the key can make it, and no other site gets to read it."""
        told = b"chitieu form " + self.salt.encode("utf-8", "replace")
        return self.salt + hmac.new(self.presented.encode(), told, sha256).hexdigest()


def find(request: Request, keys: KeyRing, now: datetime) -> Session | None:
    """The session, if its key is in force."""
    presented = session_key(request) or ""
    key = keys.verify(presented)
    salt = f"{(now - _EPOCH) // timedelta(microseconds=1):0{_SALT}x}"
    return None if key is None else Session(presented, key, salt)


def open_on(response: Response, presented: str, request: Request) -> None:
    """Lax, so that an address that somebody was sent opens signed in; it does nothing there but show."""
    response.set_cookie(
        session.COOKIE,
        session.packed(presented),
        max_age=LASTS_SECONDS,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def close_on(response: Response) -> None:
    response.delete_cookie(session.COOKIE, httponly=True, samesite="lax")
    response.headers["Clear-Site-Data"] = '"cache"'


def local(address: str) -> str:
    """Where to go next: an address of this site, whatever was asked for."""
    return address if _LOCAL.fullmatch(address) else "/"


async def fields(request: Request) -> Mapping[str, str]:
    """The fields of a small form, once each. Raises InvalidRequest for a body that is too large or no form."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise InvalidRequest.of("unsupported_media_type", type=kind[:100])
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            raise InvalidRequest.of("body_too_large", limit=_LONGEST_FORM)
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def check_origin(request: Request) -> None:
    """Raises Refused if a browser says that another site made it send this.

    Before there is a session there is no token: else another site could sign somebody in with a key of its own.
    A request that says nothing of where it comes from is no browser's.
    """
    told = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if told is not None:
        ours = told == "same-origin"
    else:
        ours = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if not ours:
        raise foreign_form()


def check_token(session_: Session, token: str) -> None:
    """Raises Refused if a form was not made for this session."""
    ours = replace(session_, salt=token[:_SALT]).token
    if not hmac.compare_digest(ours.encode("utf-8", "replace"), token.encode("utf-8", "replace")):
        raise foreign_form()


def foreign_form() -> ChitieuError:
    return Refused.of("foreign_form")
