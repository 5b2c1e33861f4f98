"""The page over HTTP: signing in and out, who may send forms, languages, files, and problems as people see them."""

import asyncio
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from chitieu.adapters import session as cookie
from chitieu.adapters.http import create_app, presented_key
from chitieu.adapters.metrics import Metrics
from chitieu.domain.access import AccessKey, digest, presented
from chitieu.domain.catalogue import Label
from services.api.app import router
from services.api.context import Context
from services.api.settings import INGEST_URL
from services.api.web import session
from services.api.web.assets import assets
from services.api.web.problem_pages import problem_page
from tests.contract.test_api_http import FixedClock, FixedRegistry, TableReads, keys
from tests.unit.small_release import PROVINCE

KEY = presented("province", "s")
HTML = {"Accept": "text/html,*/*;q=0.8"}
_TOKEN = re.compile(r'name="csrf" value="(\w+)"')


@dataclass
class Browser:
    """One person's browser with the application; `registry` is changed as an administrator would."""

    registry: FixedRegistry = field(default_factory=lambda: FixedRegistry(keys()))
    reads: TableReads = field(default_factory=TableReads)
    scheme: str = "http"
    jar: httpx.Cookies = field(default_factory=httpx.Cookies)
    ingest_url: str = INGEST_URL

    def __post_init__(self) -> None:
        self.context = context = Context(self.reads, self.registry, FixedClock(), ingest_url=self.ingest_url)
        self._app = create_app("api", [router(context)], Metrics(), {}, problem_page=problem_page(context))

    def ask(self, path: str, method: str = "GET", headers: dict[str, str] | None = None, **sent: Any) -> httpx.Response:
        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
            base = f"{self.scheme}://page"
            async with httpx.AsyncClient(transport=transport, base_url=base, cookies=self.jar) as client:
                answer = await client.request(method, path, headers={**HTML, **(headers or {})}, **sent)
                self.jar = client.cookies
                return answer

        return asyncio.run(go())

    def sign_in(self, key: str = KEY, **more: Any) -> httpx.Response:
        return self.ask("/sign-in", "POST", data={"key": key, **more.pop("data", {})}, **more)

    def token(self) -> str:
        found = _TOKEN.search(self.ask("/").text)
        assert found is not None
        return found[1]


@dataclass
class Later(FixedClock):
    seconds: int

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.seconds)


def signed_in(key: str = KEY, **cells: Any) -> Browser:
    browser = Browser(reads=TableReads(**cells))
    assert browser.sign_in(key).status_code == 303
    return browser


def test_whoever_is_not_signed_in_is_led_to_it_and_back_again() -> None:
    browser = Browser()
    assert browser.ask("/").headers["location"] == "/sign-in"
    assert browser.ask("/?lang=en").headers["location"] == "/sign-in?next=%2F%3Flang%3Den"
    assert browser.ask("/sign-in?next=/a/20?plan=x").text.count('value="/a/20?plan=x"') == 1
    assert browser.sign_in(data={"next": "/a/20?plan=x"}).headers["location"] == "/a/20?plan=x"


def test_a_wrong_key_is_told_and_opens_nothing() -> None:
    for wrong in ("", "ck_province.wrong", "ck_nobody.s", KEY + "x", "ß" * 300):
        browser = Browser()
        answer = browser.sign_in(wrong)
        assert answer.status_code == 401 and "Khóa này không đúng" in answer.text
        assert cookie.COOKIE not in browser.jar and browser.ask("/").status_code == 303
        assert wrong == "" or wrong not in answer.text


def test_the_session_is_out_of_reach_of_scripts_and_other_sites() -> None:
    set_ = Browser().sign_in().headers["set-cookie"].lower()
    assert "httponly" in set_ and "samesite=lax" in set_ and "path=/" in set_ and "secure" not in set_
    assert "secure" in Browser(scheme="https").sign_in().headers["set-cookie"].lower()
    assert KEY not in set_


def test_a_session_outlives_a_restart_and_ends_with_its_key() -> None:
    browser = signed_in()
    again = Browser(jar=browser.jar)
    assert again.ask("/").status_code == 200
    again.registry.keys.revoke("province")
    assert again.ask("/").status_code == 303
    assert "Phiên làm việc đã hết" in again.ask("/sign-in").text


def test_signing_out_forgets_the_session_and_what_the_browser_kept() -> None:
    browser = signed_in()
    answer = browser.ask("/sign-out", "POST", data={"csrf": browser.token()})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert answer.headers["clear-site-data"] == '"cache"'
    assert cookie.COOKIE not in browser.jar


def test_a_session_reads_the_interface() -> None:
    answer = signed_in().ask("/v1/plans")
    assert answer.status_code == 200 and "Cookie" in answer.headers["vary"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_session_is_no_key_for_anything_that_writes(method: str) -> None:
    headers = [(b"cookie", f"{cookie.COOKIE}={cookie.packed(KEY)}".encode())]
    scope: dict[str, Any] = {"type": "http", "headers": headers}
    assert presented_key(Request({**scope, "method": "GET"})) == KEY
    assert presented_key(Request({**scope, "method": method})) is None


def test_a_key_that_a_program_sends_goes_before_a_session() -> None:
    browser = signed_in()
    assert browser.ask("/v1/plans", headers={"Authorization": "Bearer ck_nobody.s"}).status_code == 401
    assert browser.ask("/v1/plans", headers={"X-API-Key": "ck_nobody.s"}).status_code == 401


@pytest.mark.parametrize("sent", [{"a": "b"}, {"csrf": ""}, {"csrf": "0" * 64}, {"csrf": "ß"}])
def test_a_form_without_the_session_s_token_is_refused(sent: dict[str, str]) -> None:
    browser = signed_in()
    answer = browser.ask("/sign-out", "POST", data=sent)
    assert answer.status_code == 403 and "Biểu mẫu này" in answer.text
    assert cookie.COOKIE in browser.jar


def test_a_script_of_the_page_may_send_the_token_in_a_header() -> None:
    browser = signed_in()
    headers = {session.TOKEN_HEADER: browser.token()}
    assert browser.ask("/sign-out", "POST", data={"a": "b"}, headers=headers).status_code == 303


def test_the_token_of_another_session_does_not_do() -> None:
    browser, other = signed_in(), Browser()
    other.sign_in(presented("nation", "s"))
    assert browser.ask("/sign-out", "POST", data={"csrf": other.token()}).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://page"}, 303),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_another_site_can_sign_nobody_in(headers: dict[str, str], status: int) -> None:
    assert Browser().sign_in(headers=headers).status_code == status


def test_a_form_is_read_in_bounded_memory_and_must_be_one() -> None:
    browser = Browser()
    assert browser.sign_in("x" * 70_000).status_code == 413
    assert browser.ask("/sign-in", "POST", json={"key": KEY}).status_code == 415


@pytest.mark.parametrize("there", ["//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nX: y", "", "a"])
def test_nobody_is_led_to_another_site_after_signing_in(there: str) -> None:
    assert Browser().sign_in(data={"next": there}).headers["location"] == "/"


@given(st.text(max_size=40))
def test_where_to_go_next_is_always_an_address_of_this_site(text: str) -> None:
    there = session.local(text)
    assert there.startswith("/") and not there.startswith(("//", "/\\")) and not set(there) & set("\r\n\t \0\\")


@given(st.text(alphabet=st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=200))
def test_any_key_goes_into_a_cookie_and_comes_out_again(key: str) -> None:
    packed = cookie.packed(key)
    assert re.fullmatch(r"[\w-]+", packed) and cookie.unpacked(packed) == key


@given(st.text(max_size=60))
def test_a_cookie_that_is_none_of_ours_signs_nobody_in(value: str) -> None:
    found = cookie.unpacked(value)
    assert found is None or cookie.packed(found) == value.rstrip("=") or keys().verify(found) is None


def test_every_page_forbids_what_is_not_its_own() -> None:
    browser = signed_in()
    for path in ("/", "/sign-in", "/not-there"):
        headers = browser.ask(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff" and headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "same-origin"


def test_everything_a_page_names_is_there_and_kept_for_ever() -> None:
    text = signed_in().ask("/").text
    named = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', text))
    assert any(name.endswith(".css") for name in named) and any(name.endswith(".js") for name in named)
    for name in named:
        answer = Browser().ask(name)
        assert answer.status_code == 200 and "immutable" in answer.headers["cache-control"]
    assert "http://" not in text and "https://" not in text


def test_files_of_another_release_are_given_and_not_kept() -> None:
    answer = Browser().ask("/static/000000000000/site.css")
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"


@pytest.mark.parametrize("path", ["nothing.css", "README.md", "..%2f..%2fapp.py", "%2e%2e/pages.py"])
def test_nothing_else_is_given_as_a_file(path: str) -> None:
    assert Browser().ask(f"/static/x/{path}").status_code == 404


def test_a_first_visit_is_small() -> None:
    every = assets().files
    page = len(signed_in().ask("/").content)
    fonts = sum(len(file.content) for path, file in every.items() if path.startswith("fonts/") and "woff2" in path)
    rest = sum(len(every[path].content) for path in ("site.css", "icon.svg", "vendor/htmx.min.js"))
    # Unpacked, with all fonts: what is sent is about half.
    assert page + fonts + rest < 300_000


def test_a_page_speaks_the_language_that_was_asked_for_and_remembers_it() -> None:
    browser = signed_in()
    assert '<html lang="vi">' in browser.ask("/").text
    assert '<html lang="en">' in browser.ask("/", headers={"Accept-Language": "en-GB"}).text
    english = browser.ask("/?lang=en")
    assert '<html lang="en">' in english.text and english.headers["content-language"] == "en"
    assert '<html lang="en">' in browser.ask("/").text
    assert 'href="/sign-in?next=%2Fx&amp;lang=vi"' in browser.ask("/sign-in?next=/x&lang=en").text


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/not-there", 404, ("Không tìm thấy", "There is no resource")),
        ("/sign-in?next=" + "x" * 3000, 400, ("Địa chỉ chưa đúng", "The parameter 'next' is not valid")),
    ],
)
def test_a_problem_is_a_page_in_the_reader_s_language_with_what_to_do(
    path: str, status: int, words: tuple[str, str]
) -> None:
    browser = signed_in()
    vietnamese, english = browser.ask(path), browser.ask(path, headers={"Accept-Language": "en"})
    assert vietnamese.status_code == english.status_code == status
    assert words[0] in vietnamese.text and words[1] in english.text.replace("&#39;", "'")
    assert 'href="/"' in vietnamese.text


def test_programs_are_answered_with_problems_of_their_own_kind() -> None:
    browser = signed_in()
    for path, headers in (("/v1/plans/none", {}), ("/not-there", {"Accept": "*/*"})):
        assert browser.ask(path, headers=headers).headers["content-type"] == "application/problem+json"


def test_a_key_that_may_not_see_a_page_is_told_so() -> None:
    browser = Browser()
    browser.registry.keys.add(AccessKey("none", digest("s"), PROVINCE, frozenset()))
    browser.sign_in(presented("none", "s"))
    answer = browser.ask("/")
    assert answer.status_code == 403 and "không có quyền" in answer.text


def test_before_the_keys_are_known_the_page_says_to_come_again() -> None:
    browser = signed_in()
    browser.registry.ready = False
    answer = browser.ask("/")
    assert answer.status_code == 503 and "thử lại" in answer.text and "retry-after" in answer.headers


def test_a_method_that_a_page_does_not_take_is_405() -> None:
    answer = signed_in().ask("/", "POST")
    assert answer.status_code == 405 and answer.headers["allow"] == "GET, HEAD"


def test_a_part_of_a_page_leads_to_signing_in_as_a_whole() -> None:
    answer = Browser().ask("/", headers={"HX-Request": "true", "Accept": "*/*"})
    assert answer.headers["hx-redirect"] == "/sign-in"


def test_what_must_be_said_beside_every_figure_stands_on_every_page() -> None:
    browser = signed_in()
    browser.registry.notice = Label("Số liệu mô phỏng", "Simulated figures")
    assert "Số liệu mô phỏng" in browser.ask("/").text
    assert "Simulated figures" in browser.ask("/sign-in?lang=en").text


def test_plans_are_listed_to_begin_with() -> None:
    text = signed_in().ask("/").text
    assert "Tỉnh Lạng Sơn" in text and 'scope="row"' in text


def test_an_address_that_was_sent_by_a_messenger_opens_and_a_misspelt_one_is_told() -> None:
    browser = signed_in()
    sent = "utm_source=zalo&utm_medium=zalo&utm_campaign=zalo&zarsrc=30&gidzl=x&fbclid=y"
    assert browser.ask(f"/?{sent}").status_code == 200
    answer = browser.ask("/?knownat=2024-12-24T10:00:00Z")
    assert answer.status_code == 400 and "knownat" in answer.text


def test_a_page_is_compressed_for_whoever_reads_that_and_says_that_it_depends_on_it() -> None:
    browser = signed_in()
    packed = browser.ask("/plans/lang-son", headers={"Accept-Encoding": "gzip"})
    plain = browser.ask("/plans/lang-son", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
    assert packed.text == plain.text and "Accept-Encoding" in plain.headers["vary"]
    assert int(packed.headers["content-length"]) * 3 < int(plain.headers["content-length"])


def test_no_two_pages_have_the_same_token_and_each_is_good() -> None:
    """Else its letters could be guessed one by one, from how well what somebody puts into an address packs with it."""
    browser = signed_in()
    tokens = []
    for second in range(3):
        browser.context.clock = Later(second)
        tokens.append(browser.token())
    assert len(set(tokens)) == 3 and len({one[-16:] for one in tokens}) == 3
    assert browser.ask("/sign-out", "POST", data={"csrf": tokens[0]}).status_code == 303
