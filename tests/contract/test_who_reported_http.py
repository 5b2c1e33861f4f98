"""Who has reported, over HTTP: states, days, whom to ask, the list to download, and the text to send."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from chitieu.domain.access import AccessKey, digest, presented
from chitieu.domain.obligation import Receipt
from chitieu.domain.unit import UnitTree
from services.api.web import who_reported
from tests.contract.test_area_http import shown
from tests.contract.test_web_http import Browser, signed_in
from tests.unit.small_release import COMMUNE, DISTRICT, PROVINCE, RELEASE, TREE

YEAR_2024 = "plan=lang-son&period=2024"
HOSTILE = "<script>alert(1)</script>"

# The year's report is due on 25/12/2024; it is the 26th. Nobody has sent 00003's.
KNOWN = {
    ("xa", COMMUNE): Receipt(datetime(2024, 12, 25, 16, tzinfo=UTC)),
    ("xa", "00002@2021-01-01"): Receipt(datetime(2024, 12, 25, 17, tzinfo=UTC)),
    ("huyen", DISTRICT): Receipt(datetime(2024, 12, 24, 3, tzinfo=UTC)),
}


def ask(query: str = YEAR_2024, known: Any = None, **headers: str) -> Any:
    return signed_in(known=KNOWN if known is None else known).ask(f"/obligations?{query}", headers=headers)


def told(query: str = YEAR_2024, **headers: str) -> str:
    return shown(ask(query, **headers))


def text_to_send(page: str, duty: str) -> str:
    found = re.search(rf'<textarea id="text-{duty}"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert found is not None, page
    return unescape(found[1])


def test_each_duty_says_how_many_have_sent_it_and_how_far_its_last_day_is() -> None:
    text = told()
    assert "Năm Hạn cuối 25/12/2024 · đã quá 1 ngày 66,7% Đã gửi 2/3" in text
    assert "Đúng hạn 1 Quá hạn 1 Chưa nộp 1" in text
    assert "Huyện Không nêu thời hạn · còn chờ 1 đơn vị 50% Đã gửi 1/2" in text


def test_those_who_have_not_sent_it_stand_first_with_whom_to_ask() -> None:
    text = told()
    assert "Chưa gửi 2 Quá hạn 1 Đã gửi 3 Tất cả 5" in text
    assert "Xã Vân An Chưa nộp đã quá 1 ngày – Huyện Chi Lăng Năm" in text
    assert "Huyện Chi Lăng Chưa nhận được – Tỉnh Lạng Sơn Huyện" in text
    assert "Xã Vân Nham Đúng hạn" not in text


def test_the_list_can_be_of_others_too() -> None:
    assert "Xã Đồng Tiến Quá hạn muộn 1 ngày 26/12/2024 Huyện Hữu Lũng Năm" in told(f"{YEAR_2024}&show=late")
    text = told(f"{YEAR_2024}&show=all")
    assert all(name in text for name in ("Xã Vân Nham Đúng hạn", "Xã Đồng Tiến Quá hạn", "Xã Vân An Chưa nộp"))


def test_it_is_narrowed_to_a_form_and_to_an_area() -> None:
    text = told(f"{YEAR_2024}&form=huyen")
    assert "Huyện Không nêu thời hạn" in text and "Xã Vân An" not in text
    text = told(f"{YEAR_2024}&area=201")
    assert "Tỉnh Lạng Sơn Huyện Hữu Lũng" in text and "Xã Vân An" not in text and "Năm Hạn cuối" in text


def test_areas_below_stand_in_the_order_of_what_they_sent() -> None:
    after = told().partition("Theo địa bàn")[2]
    assert re.search(r"Huyện Chi Lăng 0/1 0/1 Huyện Hữu Lũng 2/2 1/1", after), after


def test_without_an_address_it_is_about_the_newest_round_that_is_over() -> None:
    text = told("")
    assert "Hạn cuối 25/12/2024" in text and "Tỉnh Lạng Sơn Ai chưa báo cáo" in text


def test_a_round_that_is_not_over_says_the_days_left() -> None:
    text = told("plan=lang-son&period=2025")
    assert "Hạn cuối 25/12/2025 · còn 364 ngày" in text and "Chưa đến hạn" in text


def test_a_round_that_all_have_reported_for_has_nobody_to_remind() -> None:
    known = {("huyen", f"{code}@2021-01-01"): KNOWN["huyen", DISTRICT] for code in ("201", "202")}
    page = ask(f"{YEAR_2024}&form=huyen", known=known)
    assert "đã nhận đủ" in shown(page) and "Không có đơn vị nào." in shown(page)
    assert "<textarea" not in page.text


def test_the_text_to_send_says_what_whom_by_when_and_to_whom() -> None:
    page = ask().text
    text = text_to_send(page, "year")
    assert "hạn cuối 25/12/2024, đã quá 1 ngày" in text and "Nơi nhận: Sở." in text
    assert "– Xã Vân An (Huyện Chi Lăng)" in text and "Vân Nham" not in text
    letter = parse_qs(urlsplit(unescape(re.findall(r'href="(mailto:[^"]+)"', page)[0])).query)
    assert letter["body"] == [text] and "Năm" in letter["subject"][0]


def test_a_text_about_more_than_anybody_reads_counts_them_by_area(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(who_reported, "NAMED_AT_MOST", 1)
    text = text_to_send(ask(known={("xa", "none"): KNOWN["xa", COMMUNE]}).text, "year")
    assert "– Huyện Hữu Lũng: 2 đơn vị" in text and "– Huyện Chi Lăng: 1 đơn vị" in text


def test_what_is_listed_can_be_downloaded_by_the_same_choice() -> None:
    page = ask(f"{YEAR_2024}&area=20&form=xa").text
    files = [unescape(one) for one in re.findall(r'href="(/v1/obligations\.[^"]+)"', page)]
    assert [urlsplit(one).path for one in files] == ["/v1/obligations.csv", "/v1/obligations.xlsx"]
    query = parse_qs(urlsplit(files[0]).query)
    assert query == {
        "plan": ["lang-son"],
        "period": ["2024"],
        "area": ["20"],
        "form": ["xa"],
        "state": ["missing", "not_received", "not_yet_due"],
    }


def test_a_long_list_goes_on_where_it_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(who_reported, "_SHOWN_AT_ONCE", 2)
    browser = signed_in(known=KNOWN)
    path, seen = f"/obligations?{YEAR_2024}&show=all", []
    while path:
        page = browser.ask(path).text
        seen += re.findall(r'<tr>\s*<th scope="row">([^<]+)</th>', page)
        more = re.search(r'href="([^"]+cursor=[^"]+)#list"', page)
        path = unescape(more[1]) if more else ""
    assert seen == ["Huyện Hữu Lũng", "Huyện Chi Lăng", "Xã Vân Nham", "Xã Đồng Tiến", "Xã Vân An"]


def test_duties_that_nothing_is_received_for_are_named() -> None:
    assert "Kế hoạch còn giao 1 việc báo cáo không nộp qua hệ thống: Vụ việc" in told()


def test_it_speaks_english_too() -> None:
    text = told(f"{YEAR_2024}&lang=en")
    assert "Last day 25 Dec 2024 · 1 day overdue" in text and "2 of 3 sent" in text
    assert "Xã Vân An Missing 1 day overdue" in text
    assert "units that have not sent “Năm” for Year 2024: 1" in text


@pytest.mark.parametrize(
    ("query", "status", "named"),
    [
        ("plan=lang", 404, "lang-son"),
        (f"plan={HOSTILE}", 404, HOSTILE),
        ("plan=lang-son&period=2019", 404, "2019"),
        (f"plan=lang-son&period={HOSTILE[:20]}", 404, HOSTILE[:20]),
        (f"{YEAR_2024}&area=30", 404, "Tỉnh Hải Dương"),
        (f"{YEAR_2024}&area={HOSTILE}", 404, HOSTILE),
        (f"{YEAR_2024}&form={HOSTILE}", 404, HOSTILE),
        (f"{YEAR_2024}&show=none", 400, "show"),
        (f"{YEAR_2024}&cursor=x", 400, "cursor"),
        (f"{YEAR_2024}&aera=20", 400, "aera"),
        (f"{YEAR_2024}&knownAt=2050-01-01T00:00:00Z", 400, "knownAt"),
    ],
)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_what_does_not_exist_or_go_together_is_told(query: str, status: int, named: str, language: str) -> None:
    answer = ask(f"{query}&lang={language}")
    assert answer.status_code == status and named in unescape(answer.text)
    assert HOSTILE not in answer.text


def test_names_from_the_registry_are_text_and_never_markup() -> None:
    browser = signed_in()
    units = [replace(one, name=f"Xã {HOSTILE}") if one.code == "00003" else one for one in TREE.units.values()]
    browser.registry.release = replace(RELEASE, tree=UnitTree(units))
    page = browser.ask(f"/obligations?{YEAR_2024}").text
    assert HOSTILE not in page and "<script>" not in page and HOSTILE in text_to_send(page, "year")


def test_it_is_for_keys_that_read_attainment() -> None:
    assert Browser().ask("/obligations").headers["location"] == "/sign-in?next=%2Fobligations"
    browser = Browser()
    browser.registry.keys.add(AccessKey("none", digest("s"), PROVINCE, frozenset({"reports:write"})))
    browser.sign_in(presented("none", "s"))
    assert browser.ask("/obligations").status_code == 403


def test_where_no_plan_asks_for_reports_the_page_says_so() -> None:
    browser = signed_in()
    browser.registry.release = replace(RELEASE, plans={})
    assert "Không kế hoạch nào" in shown(browser.ask("/obligations"))


def test_every_view_is_an_address_that_keeps_what_it_was_seen_from() -> None:
    page = ask(f"{YEAR_2024}&asOfHierarchy=today").text
    links = [unescape(one) for one in re.findall(r'href="(/(?:v1/)?obligations[.?][^"]+)"', page)]
    assert links and all("asOfHierarchy=today" in unquote(one) for one in links)
