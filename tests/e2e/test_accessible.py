"""Every page as people with any abilities meet it: no violation of WCAG 2.2 AA that axe can find, at any width."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.visitor import Visitor

pytestmark = pytest.mark.stack

AREA = "plan=lang-son-187&period=2024"
PAGES = {
    "home": "/",
    "home-found": "/?q=van nham",
    "province": f"/a/20?{AREA}",
    "province-by-gap": f"/a/20?{AREA}&target=parents-informed",
    "district-by-gap": f"/a/187?{AREA}&target=parents-informed",
    "communes-by-gap": f"/a/20?{AREA}&target=parents-informed&level=commune",
    "commune": f"/a/06613?{AREA}",
    "nation": "/a/vn?plan=vn-782&period=2024",
    "province-today": "/a/20",
    "who-has-not-reported": f"/obligations?{AREA}",
    "reports-over-periods": "/obligations/periods?plan=lang-son-187",
    "one-form": f"/obligations?{AREA}&form=ldte-xa&show=all",
    "plan": "/plans/lang-son-187",
    "plans-compared": "/plans/lang-son-187/compare?with=trieu-son-2021",
    "map-of-63": "/map?plan=vn-782&period=2024",
    "map-of-34": "/map?plan=vn-782&period=2026",
    "matrix": f"/map?{AREA}&target=parents-informed",
    "matrix-of-communes": f"/map?{AREA}&target=parents-informed&level=commune",
    "today-s-boundaries": f"/a/20?{AREA}&asOfHierarchy=today",
}
PROBLEMS = {"not-found": "/a/99999", "not-judged": "/a/20?plan=lang-son-187&period=1999"}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_violation_in_either_language(visitor: Visitor, language: str, name: str) -> None:
    path = PAGES[name]
    page = visitor.opens(f"{path}{'&' if '?' in path else '?'}lang={language}")
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    visitor.keeps(f"{name}-{language}")
    assert visitor.violations() == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_a_small_telephone(visitor: Visitor, name: str) -> None:
    visitor.page.set_viewport_size({"width": 360, "height": 740})
    page = visitor.opens(PAGES[name])
    visitor.keeps(f"{name}-360")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert visitor.violations() == []


def opens_a_chart(visitor: Visitor, path: str) -> Page:
    """By keyboard, and its table too."""
    page = visitor.opens(path)
    page.locator("#over-parents-informed > summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#over-parents-informed canvas")).to_be_visible()
    page.locator("#table-parents-informed > summary").focus()
    page.keyboard.press("Enter")
    return page


@pytest.mark.parametrize("width", [1280, 360])
def test_an_open_chart_has_no_violation_and_fits(visitor: Visitor, language: str, width: int) -> None:
    visitor.page.set_viewport_size({"width": width, "height": 800})
    page = opens_a_chart(visitor, f"/a/20?{AREA}&lang={language}")
    expect(page.locator("#table-parents-informed tbody tr").first).to_be_visible()
    visitor.keeps(f"chart-{language}-{width}")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert visitor.violations() == []


def test_on_paper_the_table_of_an_open_chart_is_there(visitor: Visitor) -> None:
    page = visitor.opens(f"/a/20/parents-informed?{AREA}")
    expect(page.locator("canvas")).to_be_visible()
    expect(page.locator(".as-table table")).to_be_hidden()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator(".as-table table")).to_be_visible()
    visitor.keeps("chart-on-paper")


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_problem_is_told_to_everybody(visitor: Visitor, language: str, name: str) -> None:
    path = PROBLEMS[name]
    visitor.page.goto(f"{path}{'&' if '?' in path else '?'}lang={language}")
    visitor.keeps(f"{name}-{language}")
    assert visitor.page.locator("h1").count() == 1
    assert visitor.violations() == []


def test_signing_in_has_no_violation(browser: Browser, demo: str, language: str) -> None:
    with browser.new_context(base_url=demo) as context:
        visitor = Visitor(context.new_page())
        visitor.opens(f"/sign-in?lang={language}")
        visitor.keeps(f"sign-in-{language}")
        assert visitor.violations() == []
