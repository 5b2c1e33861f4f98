"""Forms × periods over HTTP: how much of what is asked came in, how much of it late, and where each cell leads."""

import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from tests.contract.test_area_http import shown
from tests.contract.test_web_http import Browser, signed_in
from tests.contract.test_who_reported_http import KNOWN
from tests.unit.small_release import RELEASE

PERIODS = "/obligations/periods?plan=lang-son"
HOSTILE = "<script>alert(1)</script>"


def ask(query: str = "", **headers: str) -> Any:
    """`KNOWN` came in for whatever period is asked."""
    return signed_in(known=KNOWN).ask(f"{PERIODS}{query}", headers=headers)


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize(
    ("query", "status", "named"),
    [
        (f"&area={HOSTILE}", 404, HOSTILE),
        ("&area=30", 404, "Tỉnh Hải Dương"),
        ("&period=2024", 400, "period"),
        ("&knownAt=2050-01-01T00:00:00Z", 400, "knownAt"),
    ],
)
def test_what_does_not_exist_or_go_together_is_told(query: str, status: int, named: str, language: str) -> None:
    answer = ask(f"{query}&lang={language}")
    assert answer.status_code == status and named in unescape(answer.text) and HOSTILE not in answer.text


def test_it_is_for_whoever_is_signed_in() -> None:
    assert Browser().ask("/obligations/periods").headers["location"] == "/sign-in?next=%2Fobligations%2Fperiods"


def test_a_cell_says_how_many_came_in_of_those_asked_and_how_many_late_or_not_at_all() -> None:
    """Of three communes one is on time, one late and one silent; a year's report is due on 25/12."""
    text = shown(ask())
    assert "Năm 2024" in text
    assert re.search(r"Báo cáo xã .*2/3 Báo cáo xã, Năm 2024 1 quá hạn 1 chưa nộp", text), text
    assert re.search(r"Báo cáo huyện .*1/2 Báo cáo huyện, Năm 2024", text), text


def test_the_newest_period_stands_first() -> None:
    """On 26/12/2024 the year 2025 and its first half have begun: both on 15/12."""
    head = ask().text.partition("<thead>")[2].partition("</thead>")[0]
    periods = re.findall(r'<th scope="col">([^<]+)</th>', head)[1:]
    assert periods[:3] == ["Năm 2025", "6 tháng đầu năm 2025", "Năm 2024"]
    assert len(periods) == 6


def test_a_form_that_a_period_does_not_ask_for_is_said_not_to_be() -> None:
    """Districts report once a year."""
    row = ask().text.partition("Báo cáo huyện</th>")[2].partition("</tr>")[0]
    assert "kỳ này không yêu cầu" in row and row.count("<td>") == 6


def test_a_cell_leads_to_every_unit_s_report_of_that_form_and_period() -> None:
    cells = [unescape(one) for one in re.findall(r'<td>\s*<a href="([^"]+)#list"', ask("&area=201").text)]
    there = next(one for one in cells if "period=2024&" in one or one.endswith("period=2024"))
    assert "form=xa" in there and "area=201" in there and "show=all" in there
    text = shown(signed_in(known=KNOWN).ask(there))
    assert "Xã Vân Nham Đúng hạn" in text and "Xã Đồng Tiến Quá hạn" in text and "Xã Vân An" not in text


def test_it_is_an_area_s_own_count_and_leads_to_those_above() -> None:
    page = ask("&area=202")
    assert re.search(r"0/1 Báo cáo xã, Năm 2024 1 chưa nộp", shown(page))
    assert 'href="/obligations/periods?plan=lang-son&amp;area=20%402008-08-01"' in page.text


def test_the_list_of_a_period_leads_here_and_keeps_the_area() -> None:
    page = signed_in(known=KNOWN).ask("/obligations?plan=lang-son&period=2024&area=201").text
    assert 'href="/obligations/periods?plan=lang-son&amp;area=201"' in page


def test_it_says_the_same_in_english() -> None:
    text = shown(ask("&lang=en"))
    assert "Báo cáo xã, Year 2024 1 late 1 missing" in text and "not asked for in this period" in text


def test_where_no_plan_asks_for_anything_the_page_says_so() -> None:
    browser = signed_in()
    browser.registry.release = replace(RELEASE, plans={})
    assert "Không kế hoạch nào đang giao báo cáo" in shown(browser.ask("/obligations/periods"))
