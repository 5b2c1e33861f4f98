"""An officer sends a report, wrong first and then right, by keyboard alone; takes it back; and sends one from Excel."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from chitieu.adapters.workbook.reading import LIMITS
from tests.e2e.visitor import Visitor
from tests.support.spreadsheet_program import filled_in

pytestmark = pytest.mark.stack

PLACE = "/r/ldte-xa/2024/06613"
ELSEWHERE = "/r/ldte-xa/2024/06616"
AREA = "/a/20?plan=lang-son-187&period=2024"
PAGES = {"owed": "/r?unit=06613", "owed-below": "/r?unit=20", "report": PLACE}
# Cells of the two figures in the form's template.
PARENTS, INFORMED = "D30", "D31"


@pytest.fixture
def officer(browser: Browser, demo: str) -> Iterator[Visitor]:
    """Somebody who has signed in. That the browser says so of what was refused is no complaint of a script."""
    with browser.new_context(base_url=demo, locale="vi-VN", viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        visitor = Visitor(page)
        visitor.sign_in()
        yield visitor
        assert complaints == []


def field(page: Page, key: str) -> str:
    return page.locator(f'input[name="{key}"]').input_value()


def types(page: Page, key: str, figure: str) -> None:
    """With the keyboard; Enter goes on to the next field."""
    page.locator(f'input[name="{key}"]').focus()
    page.keyboard.press("Control+A")
    page.keyboard.type(figure)
    page.keyboard.press("Enter")


def sends(page: Page) -> None:
    page.locator("#filling button.main").focus()
    page.keyboard.press("Enter")


def informed(page: Page) -> int:
    """Parents informed in the province, as its page has it."""
    found = re.search(r"[\d.]+", page.locator("#t-parents-informed .value span").first.inner_text())
    assert found is not None
    return int(found[0].replace(".", ""))


def test_a_wrong_report_is_corrected_sent_and_changes_the_figure_that_somebody_looks_at(
    officer: Visitor, browser: Browser, demo: str
) -> None:
    page = officer.opens(PLACE)
    parents, before = int(field(page, "parents")), int(field(page, "parents_informed"))
    with browser.new_context(base_url=demo, locale="vi-VN") as context:
        looking = Visitor(context.new_page())
        looking.sign_in()
        area = looking.opens(AREA)
        area.wait_for_selector("html[data-live=on]")
        province = informed(area)
        types(page, "parents_informed", str(parents + 1))
        expect(page.locator("#problems")).to_contain_text("Có một chỗ cần sửa")
        wrong = page.locator('input[name="parents_informed"]')
        expect(wrong).to_have_attribute("aria-invalid", "true")
        expect(page.locator(f"#{wrong.get_attribute('id')}".replace("field", "wrong"))).to_contain_text("lớn hơn tổng")
        sends(page)
        expect(page.locator("#problems")).to_be_focused()
        assert field(page, "parents_informed") == str(parents + 1)
        officer.keeps("report-refused")
        types(page, "parents_informed", str(before - 3))
        expect(page.locator("#problems")).to_contain_text("Số liệu hợp lệ")
        sends(page)
        expect(page.locator("#receipt")).to_contain_text("Đã tính vào số liệu")
        expect(area.locator("#t-parents-informed")).to_contain_text("vừa đổi")
        assert informed(area) == province - 3
    officer.keeps("report-counted")
    newest = page.locator(".revisions li").first
    expect(newest).to_contain_text("Thay đổi (1)")
    expect(newest.locator("tbody tr")).to_contain_text(re.compile("được cung cấp thông tin"))


def test_a_draft_outlives_the_page_until_it_is_discarded(officer: Visitor) -> None:
    page = officer.opens(PLACE)
    before = field(page, "children_informed")
    types(page, "children_informed", "1")
    officer.opens("/r")
    page = officer.opens(PLACE)
    expect(page.locator("#draft")).to_be_visible()
    assert field(page, "children_informed") == "1"
    page.get_by_role("button", name="Bỏ bản nháp").click()
    assert field(page, "children_informed") == before
    assert officer.opens(PLACE).locator("#draft").is_hidden()


def test_a_report_that_is_not_counted_yet_is_told_when_it_is(officer: Visitor) -> None:
    """The receipt's address is opened for a message that is still to come, and then it comes."""
    page = officer.opens(ELSEWHERE)
    types(page, "parents_informed", "1")
    sends(page)
    expect(page.locator("#receipt")).to_contain_text("Đã tính")
    found = re.search(r"at=(\d+)(%3A|:)(\d+)", page.url)
    assert found is not None
    page = officer.opens(page.url.replace(found[0], f"at={found[1]}:{int(found[3]) + 1}"))
    expect(page.locator("#receipt")).to_contain_text("đang tính vào số liệu")
    address = ELSEWHERE.replace("/r/", "/v1/reports/")
    values = {key: one["value"] for key, one in officer.answers(address)["values"].items() if one["value"] is not None}
    officer.answers(address, "PUT", {"values": {**values, "parents_informed": 2}})
    expect(page.locator("#receipt")).to_contain_text("đã được tính")
    assert field(page, "parents_informed") == "2"


def test_a_report_is_taken_back_with_a_reason_and_is_owed_again(officer: Visitor) -> None:
    page = officer.opens(ELSEWHERE)
    page.get_by_text("Rút báo cáo").first.click()
    page.get_by_label("Lý do rút").fill("Nhầm xã")
    page.get_by_role("button", name="Rút báo cáo").click()
    expect(page.locator("#receipt")).to_contain_text("Đã rút báo cáo")
    expect(page.locator(".revisions li").first).to_contain_text("Lý do: Nhầm xã")
    owed = officer.opens("/r?unit=06616")
    expect(owed.locator("tr", has=owed.get_by_role("link", name="Năm 2024", exact=True))).to_contain_text("chưa nộp")


def test_an_excel_file_with_a_wrong_cell_is_sent_only_when_it_is_right(officer: Visitor, tmp_path: Path) -> None:
    page = officer.opens("/r/ldte-xa/2024S1/06613")
    with page.expect_download() as download:
        page.get_by_role("link", name="Tải mẫu").click()
    template = download.value.path().read_bytes()
    for name, content, said in (
        ("large.xlsx", b"x" * (LIMITS.file_bytes + 1), "vượt quá"),
        ("wrong.xlsx", filled_in(template, {PARENTS: 10, INFORMED: 11}), INFORMED),
        ("right.xlsx", filled_in(template, {PARENTS: 10, INFORMED: 9}), "Đã nhận 1 báo cáo"),
    ):
        (tmp_path / name).write_bytes(content)
        page.get_by_label("Tệp đã điền").set_input_files(tmp_path / name)
        page.get_by_role("button", name="Kiểm tra và gửi tệp").click()
        expect(page.locator("[data-result]")).to_contain_text(said)
    page.get_by_role("link", name="Xem báo cáo").click()
    expect(page.locator("#receipt")).to_contain_text("Đã tính vào số liệu")


@pytest.mark.parametrize("name", PAGES)
def test_no_violation_in_either_language_and_at_either_width(officer: Visitor, language: str, name: str) -> None:
    path = PAGES[name]
    page = officer.opens(f"{path}{'&' if '?' in path else '?'}lang={language}")
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 800})
        officer.keeps(f"{name}-{language}-{width}")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert officer.violations() == []
