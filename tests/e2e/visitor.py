"""What somebody does with the page, and what they have of it."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page

KEY = "ck_browser.0123456789abcdef"
ARTEFACTS = Path(__file__).parent / "artefacts"

_AXE = Path(__file__).parents[1] / "support" / "axe.min.js"
# Web Content Accessibility Guidelines 2.2, levels A and AA, with all that came before.
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@dataclass
class Visitor:
    page: Page

    def sign_in(self) -> None:
        self.page.goto("/sign-in")
        self.page.locator("#key").fill(KEY)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/")

    def opens(self, path: str) -> Page:
        answer = self.page.goto(path)
        assert answer is not None and answer.ok, path
        return self.page

    def keeps(self, name: str) -> None:
        """A picture of all of the page, to be looked at."""
        ARTEFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)

    def violations(self) -> list[str]:
        """What axe finds wrong: the rule, what it says, and the first place."""
        # As the tests' own tool, not through the page, whose policy lets in no script from elsewhere.
        self.page.evaluate(_AXE.read_text("utf-8"))
        found = self.page.evaluate("rules => axe.run({runOnly: rules})", _RULES)
        return [f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]]

    def answers(self, path: str, method: str = "GET", body: object = None) -> Any:
        """What the interface says to a program with the same key."""
        base = re.match(r"https?://[^/]+", self.page.url)
        assert base is not None
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", "Prefer": "wait=30"}
        content = None if body is None else json.dumps(body)
        answer = httpx.request(method, base[0] + path, headers=headers, content=content, timeout=60, trust_env=False)
        assert answer.is_success, answer.text
        return answer.json()
