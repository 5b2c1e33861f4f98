"""Somebody who never saw the page: which commune holds a target back, how many are missing, has it reported in time?"""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.visitor import KEY, Visitor

pytestmark = pytest.mark.stack

REPORT = "/v1/reports/ldte-xa/2024/06613"
ATTAINMENT = "/v1/attainment?plan=lang-son-187&period=2024&children=true&sort=gap&target=parents-informed"
PROVINCE = "/a/20?plan=lang-son-187&period=2024"


def number(text: str) -> int:
    found = re.search(r"\d[\d.]*", text)
    assert found is not None, text
    return int(found[0].replace(".", ""))


def test_from_the_first_page_to_the_commune_that_lacks_most(visitor: Visitor) -> None:
    page = visitor.page
    page.get_by_label("Tìm tỉnh").press_sequentially("lang son")
    page.get_by_role("link", name="Tỉnh Lạng Sơn", exact=True).click()
    page.get_by_label("Kỳ báo cáo").select_option("Năm 2024")
    page.get_by_role("button", name="Xem").click()
    row = page.locator("#t-parents-informed")
    expect(row).to_contain_text("Có nguy cơ")
    row.get_by_role("link", name="Do đơn vị nào?").click()
    lacking = []
    for _ in ("district", "commune"):
        first = page.locator(".ranking tbody tr").first
        lacks, told = first.locator("td").all_inner_texts()[:2]
        lacking.append(number(lacks))
        first.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^(Xã|Thị trấn|Phường) "))
    assert lacking[0] > lacking[1] > 0
    assert "Quá hạn, nhận ngày" in told
    expect(page.locator("#t-parents-informed")).to_contain_text(f"Còn thiếu {lacking[1]} người")


def test_of_all_communes_of_the_province_the_one_that_lacks_most_is_one_click_away(visitor: Visitor) -> None:
    page = visitor.opens(PROVINCE)
    page.locator("#t-parents-informed").get_by_role("link", name="Xếp hạng tất cả xã, phường").click()
    expect(page.locator(".ranking tbody tr")).to_have_count(100)
    first = page.locator(".ranking tbody tr").first
    lacks, told = first.locator("td").all_inner_texts()[:2]
    assert re.match("(Đúng hạn|Quá hạn), nhận ngày ", told)
    districts = visitor.answers(f"{ATTAINMENT}&area=20")["children"]
    communes = [
        one["gap"]["needed"]["value"]
        for district in districts
        for child in visitor.answers(f"{ATTAINMENT}&area={district['area']['id']}")["children"]
        for one in child["targets"]
        if one["target"] == "parents-informed" and one["gap"] is not None
    ]
    assert number(lacks) == max(communes) > 0
    first.get_by_role("link").first.click()
    expect(page.locator("#t-parents-informed")).to_contain_text(lacks)


def test_what_is_seen_is_what_the_interface_answers(visitor: Visitor) -> None:
    visitor.opens(f"{PROVINCE}&target=parents-informed")
    answer = visitor.answers(f"{ATTAINMENT}&area=20")
    names = visitor.page.locator(".ranking tbody th").all_inner_texts()
    assert names == [child["area"]["name"] for child in answer["children"]]
    shown = next(one for one in answer["targets"] if one["target"] == "parents-informed")
    row = visitor.page.locator("#t-parents-informed")
    assert number(row.locator(".short").inner_text()) == shown["gap"]["needed"]["value"]
    expect(row.locator(".value strong")).to_have_text(shown["value"]["display"].replace(".", ",") + "%")


def test_a_figure_changes_without_reload_and_what_has_changed_is_marked(visitor: Visitor) -> None:
    page = visitor.opens(f"{PROVINCE}&target=parents-informed")
    page.wait_for_selector("html[data-live=on]")
    page.evaluate("window.same = true")
    page.locator("#how-children-informed").click()
    height = page.evaluate("scrollY")
    fraction = page.locator("#t-parents-informed .value span").first
    before = number(fraction.inner_text())
    corrects(visitor)
    expect(page.locator("#t-parents-informed")).to_contain_text("vừa đổi")
    assert number(fraction.inner_text()) == before - 7
    expect(page.locator("#t-cases-supported")).not_to_contain_text("vừa đổi")
    expect(page.get_by_role("status")).to_contain_text("Số liệu vừa thay đổi")
    assert page.evaluate("window.same") and page.evaluate("scrollY") == height
    assert page.locator("#why-children-informed").evaluate("one => one.open")
    assert page.evaluate("document.activeElement.id") == "how-children-informed"
    visitor.keeps("changed")


def corrects(visitor: Visitor) -> None:
    """A commune of the province informed 7 parents less than it said."""
    values = {key: one["value"] for key, one in visitor.answers(REPORT)["values"].items() if one["value"] is not None}
    values["parents_informed"] -= 7
    assert visitor.answers(REPORT, "PUT", {"values": values})["decision"] == "accepted"


def test_an_open_chart_follows_and_leaves_the_reader_where_they_are(visitor: Visitor) -> None:
    page = visitor.opens(PROVINCE)
    page.wait_for_selector("html[data-live=on]")
    page.locator("#over-parents-informed > summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#over-parents-informed canvas")).to_be_visible()
    page.locator("#table-parents-informed > summary").focus()
    page.keyboard.press("Enter")
    page.evaluate("window.chart = document.querySelector('#over-parents-informed [data-chart]')")
    told = page.evaluate("chart.dataset.chart")
    corrects(visitor)
    page.wait_for_function("told => chart.dataset.chart !== told", arg=told)
    assert page.evaluate("chart.isConnected && chart.querySelectorAll('canvas').length") == 1
    expect(page.locator("#table-parents-informed table")).to_be_visible()
    assert page.evaluate("document.activeElement.parentElement.id") == "table-parents-informed"
    expect(page.locator("#t-parents-informed")).to_contain_text("vừa đổi")


def test_all_of_it_can_be_done_with_the_keyboard(visitor: Visitor) -> None:
    page = visitor.opens(PROVINCE)
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Đến nội dung chính")
    page.keyboard.press("Enter")
    reached = set()
    for _ in range(120):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id"))
    assert {"period", "how-no-child-labour", "who-parents-informed", "by-parents-informed", "all-187"} <= reached
    page.locator("#how-parents-informed").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("«80% cha, mẹ, người chăm sóc trẻ em")).to_be_visible()


def test_arrow_keys_go_over_the_map_by_where_tiles_stand(visitor: Visitor) -> None:
    page = visitor.opens("/map?plan=vn-782&period=2024")
    page.locator("a.tile", has_text="Hà Nội").first.focus()

    def after(*keys: str) -> str:
        for key in keys:
            page.keyboard.press(key)
        return str(page.evaluate("document.activeElement.querySelector('.long').textContent"))

    assert after("ArrowUp") == "Thái Nguyên"
    assert after("ArrowDown") == "Hà Nội"
    assert after("ArrowRight", "ArrowLeft") == "Hà Nội"
    assert after("End", "ArrowDown") == after("End")
    first = after("Home")
    page.keyboard.press("Tab")
    assert after() != first
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("area="))


def test_a_view_that_was_sent_is_the_same_for_whoever_opens_it(visitor: Visitor, browser: Browser, demo: str) -> None:
    sent = f"{PROVINCE}&target=parents-informed"
    seen = visitor.opens(sent).locator(".ranking").inner_text()
    with browser.new_context(base_url=demo, locale="vi-VN", java_script_enabled=False) as context:
        other = Visitor(context.new_page())
        other.page.goto(sent)
        other.page.locator("#key").fill(KEY)
        other.page.keyboard.press("Enter")
        ranking = other.page.locator(".ranking")
        ranking.wait_for()
        # Without its styles, which come after it, a list reads otherwise.
        other.page.wait_for_load_state()
        assert ranking.inner_text() == seen
