"""The session of somebody signed in on the page: a cookie that holds their access key, and nothing on our side.

It outlives restarts, is worth nothing once the key is revoked, and every instance can read it.
"""

import base64
import binascii
from contextlib import suppress

COOKIE = "chitieu-session"


def packed(key: str) -> str:
    """A presented key as a cookie's value (RFC 6265, section 4.1.1, allows less than a key may hold)."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def unpacked(value: str) -> str | None:
    """The presented key of a cookie's value; None if it is none of ours."""
    with suppress(ValueError, binascii.Error):
        return base64.b64decode(value + "=" * (-len(value) % 4), b"-_", validate=True).decode()
    return None
