"""A browser, and the demo that it looks at: both started once, as their user would, and gone before other tests run."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Playwright, expect, sync_playwright

from tests.e2e.visitor import KEY, Visitor
from tests.integration.embedded import Running, free_port

_NAMES = ("chromium", "chromium-browser", "google-chrome")
# Two cores run the browser, the services, Kafka and ClickHouse: what takes a moment is no failure.
expect.set_options(timeout=20_000)
_MISSING = (
    f"no browser: set CHITIEU_CHROMIUM to one, or install {' or '.join(_NAMES)} (Debian: apt-get install chromium)"
)


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    found = os.environ.get("CHITIEU_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        if "CI" in os.environ:
            pytest.fail(_MISSING)
        pytest.skip(_MISSING)
    # Its sandbox needs rights that containers don't give; it only ever sees the page under test.
    with playwright.chromium.launch(executable_path=found, args=["--no-sandbox"]) as started:
        yield started


@pytest.fixture(scope="package")
def demo(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a demo. After `browser`, so that nothing is started where there is none."""
    port, data = free_port(), tmp_path_factory.mktemp("demo")
    running = Running("demo", "--data", str(data), "--port", str(port), CHITIEU_DEMO_KEY=KEY)
    try:
        running.line("ready ")
        yield f"http://127.0.0.1:{port}"
    finally:
        running.kill()


@pytest.fixture(params=["vi", "en"])
def language(request: pytest.FixtureRequest) -> str:
    """Each test once in either language."""
    spoken: str = request.param
    return spoken


@pytest.fixture
def visitor(browser: Browser, demo: str) -> Iterator[Visitor]:
    """Somebody who has just signed in, in Vietnamese; whatever the page's scripts complain of fails the test."""
    with browser.new_context(base_url=demo, locale="vi-VN", viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if _complains(said) else None)
        visitor = Visitor(page)
        visitor.sign_in()
        yield visitor
        assert complaints == []


def _complains(said: ConsoleMessage) -> bool:
    """What a page can't help: it was asked for what is not there."""
    missing = said.text.startswith("Failed to load resource") and "404" in said.text
    return said.type in ("error", "warning") and not missing
