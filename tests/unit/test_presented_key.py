"""Where a request carries its access key, and which place counts if there are several."""

import base64

import pytest
from fastapi import Request

from chitieu.adapters.http import presented_key
from chitieu.adapters.session import COOKIE, packed

BASIC = "Basic " + base64.b64encode(b"proxy:of-basic").decode()
COOKIES = f"{COOKIE}={packed('of-session')}"


def key(method: str = "GET", **headers: str) -> str | None:
    sent = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return presented_key(Request({"type": "http", "method": method, "headers": sent}))


def test_every_place_by_itself() -> None:
    assert key(authorization="Bearer of-bearer") == "of-bearer"
    assert key(x_api_key="of-header") == "of-header"
    assert key(cookie=COOKIES) == "of-session"
    assert key(authorization="ApiToken of-token") == "of-token"
    assert key(authorization=BASIC) == "of-basic"
    assert not key()


def test_a_bearer_s_token_counts_before_all_else() -> None:
    assert key(authorization="bearer of-bearer", x_api_key="of-header", cookie=COOKIES) == "of-bearer"


def test_a_proxy_s_password_comes_after_the_header_and_the_session() -> None:
    assert key(authorization=BASIC, x_api_key="of-header", cookie=COOKIES) == "of-header"
    assert key(authorization=BASIC, cookie=COOKIES) == "of-session"


def test_a_session_only_reads() -> None:
    assert not key("POST", cookie=COOKIES)
    assert key("POST", cookie=COOKIES, authorization=BASIC) == "of-basic"


def test_a_password_may_hold_a_colon() -> None:
    assert key(authorization="Basic " + base64.b64encode(b"a:b:c").decode()) == "b:c"


@pytest.mark.parametrize("credentials", ["Basic", "Basic !", "Basic /w==", "Basic \xe9", "Basic YQ", "Digest x", "x"])
def test_what_is_no_password_is_no_key(credentials: str) -> None:
    assert not key(authorization=credentials)
