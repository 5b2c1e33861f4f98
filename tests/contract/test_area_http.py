"""An area's page over HTTP: what it says of every target, to whom, and who below holds it back."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest

from chitieu.domain.access import presented
from chitieu.domain.inquiry import CellKey
from chitieu.domain.obligation import Receipt
from chitieu.domain.period import CIVIL_ZONE
from chitieu.domain.rollup import Cell
from services.api.follower import Unfollowed
from services.api.queries import Progress
from tests.contract.test_api_http import KNOWN, YEAR
from tests.contract.test_gap_http import labourers
from tests.contract.test_web_http import Browser, signed_in
from tests.unit.small_release import PROVINCE, cell

YEAR_2024 = "plan=lang-son&period=2024"
ELSEWHERE = presented("elsewhere", "s")


def shown(answer: Any) -> str:
    """What a reader sees of a page: its words, in order."""
    assert answer.status_code == 200, answer.text
    main = answer.text.partition('tabindex="-1">')[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main)).split())


def area(path: str = f"/a/20?{YEAR_2024}", cells: Mapping[CellKey, Cell] = YEAR, **more: Any) -> str:
    return shown(signed_in(cells=cells, **more).ask(path))


def row(text: str, target: str) -> str:
    """What is said of one target: from its name to the next clause."""
    found = re.search(rf"\b{target} Phải đạt .*?Nguyên văn", text)
    assert found is not None, text
    return found[0]


@pytest.mark.parametrize(
    ("path", "status", "named"),
    [
        ("/a/99", 404, "99"),
        ("/a/20?plan=lang", 404, "lang-son"),
        (f"/a/30?{YEAR_2024}", 404, "Tỉnh Hải Dương"),
        ("/a/20?plan=lang-son&period=2019", 404, "2019"),
        ("/a/20?plan=lang-son&period=soon", 404, "soon"),
        (f"/a/20?{YEAR_2024}&target=nothing", 404, "informed"),
        (f"/a/20?{YEAR_2024}&targe=informed", 400, "targe"),
        (f"/a/20?{YEAR_2024}&knownAt=2050-01-01T00:00:00Z", 400, "knownAt"),
        ("/a/" + "9" * 65, 400, "unit"),
    ],
)
def test_what_does_not_exist_or_go_together_is_told_with_what_is_near(path: str, status: int, named: str) -> None:
    answer = signed_in().ask(path)
    assert answer.status_code == status and named in unescape(answer.text)


def test_whoever_is_not_signed_in_comes_back_to_the_view_they_were_sent() -> None:
    answer = Browser().ask(f"/a/20?{YEAR_2024}&target=informed")
    assert answer.headers["location"] == "/sign-in?next=%2Fa%2F20%3Fplan%3Dlang-son%26period%3D2024%26target%3Dinformed"


def test_a_key_that_only_writes_sees_no_figures() -> None:
    assert signed_in(presented("writer", "s")).ask("/a/20").status_code == 403


def test_a_target_says_what_was_promised_where_it_is_and_how_many_people_are_missing() -> None:
    """79.5 % of 400 parents against 80 %: 2 more people."""
    said = row(area(), "informed")
    for words in ("≥ 80% · hạn 31/12/2025", "79,5% 318/400", "Có nguy cơ", "Còn thiếu 2 người", "Đã báo cáo 3/3"):
        assert words in said
    assert "Chính thức" in said


def test_it_says_the_same_in_english() -> None:
    text = area(f"/a/20?{YEAR_2024}&lang=en")
    for words in ("Promised ≥ 80% · by 31 Dec 2025", "79.5% 318/400", "At risk", "2 people short", "3 of 3 reported"):
        assert words in text


def test_the_clause_and_the_rule_stand_with_each_target() -> None:
    text = area()
    assert "«90% …» II.2 · đúng nguyên văn" in text
    assert "Chưa đạt (≥ 80%); kế hoạch không cho biết lộ trình đến hạn 31/12/2025." in text


def test_the_page_has_the_figures_of_the_interface_and_no_others() -> None:
    browser = signed_in(cells=YEAR)
    text = shown(browser.ask(f"/a/20?{YEAR_2024}"))
    answer = browser.ask("/v1/attainment?plan=lang-son&period=2024&area=20", headers={"Accept": "*/*"}).json()
    for one in answer["targets"]:
        if (display := one["value"]["display"]) is not None:
            assert display.replace(".", ",") + "%" in row(text, one["target"])
        assert one["rule"]["vi"] in text


def test_small_counts_of_children_are_withheld_with_all_that_gives_them_away() -> None:
    """5 labourers among 1000 children, of whom somebody elsewhere may know only that there are from 1 to 5."""
    cells = labourers(5, 0)
    own, foreign = row(area(cells=cells), "labour-none"), row(area(cells=cells, key=ELSEWHERE), "labour-none")
    assert "0,5%" in own and "5/1.000" in own and "Vượt 5 người" in own
    assert "Không hiển thị" in foreign and "0,5%" not in foreign and "Vượt" not in foreign
    assert "không hiển thị ngoài địa bàn" in foreign


def test_a_page_that_was_made_for_somebody_shows_nothing_of_it_to_somebody_else() -> None:
    browser = signed_in(cells=labourers(5, 0))
    assert "5/1.000" in row(shown(browser.ask(f"/a/20?{YEAR_2024}")), "labour-none")
    browser.sign_in(ELSEWHERE)
    assert "Không hiển thị" in row(shown(browser.ask(f"/a/20?{YEAR_2024}")), "labour-none")


def test_a_page_looked_at_again_tells_when_it_was_read_and_what_has_changed_since() -> None:
    browser, later = signed_in(cells=YEAR), KNOWN + timedelta(minutes=1)
    before = shown(browser.ask(f"/a/20?{YEAR_2024}"))
    browser.reads.at = Progress({0: 200}, later)
    again = shown(browser.ask(f"/a/20?{YEAR_2024}"))
    times = [f"{moment.astimezone(CIVIL_ZONE):%H:%M:%S}" for moment in (KNOWN, later)]
    assert times[0] in before and times[1] in again and again.replace(times[1], times[0]) == before
    browser.reads.cells = labourers(5, 0)
    assert "5/1.000" in row(shown(browser.ask(f"/a/20?{YEAR_2024}")), "labour-none")


def test_those_below_come_in_the_order_of_what_holds_the_area_back() -> None:
    """Chi Lăng lacks 2, Hữu Lũng has what it needs."""
    by_code = area()
    assert "còn thiếu nhiều nhất" not in by_code
    text = area(f"/a/20?{YEAR_2024}&target=informed").partition("Đơn vị còn thiếu nhiều nhất")[2]
    assert re.search(r"Huyện Chi Lăng Còn thiếu 2 người .*Có nguy cơ 78,0% .* Huyện Hữu Lũng .* Đạt 80", text)


def test_every_view_leads_to_the_next_with_plan_period_and_target() -> None:
    html = unescape(signed_in(cells=YEAR).ask(f"/a/20?{YEAR_2024}&target=informed").text)
    assert f'href="/a/202?{YEAR_2024}&target=informed#below"' in html
    assert f'href="/a/20?{YEAR_2024}&target=labour-low#below"' in html
    district = unescape(signed_in(cells=YEAR).ask(f"/a/202?{YEAR_2024}&target=informed").text)
    assert f'<a href="/a/20?{YEAR_2024}&target=informed">Tỉnh Lạng Sơn</a>' in district
    assert '<a href="/a/vn">Việt Nam</a>' in district


def test_the_matrix_has_a_row_for_each_unit_below_and_the_state_in_words() -> None:
    html = signed_in(cells=YEAR).ask(f"/a/20?{YEAR_2024}").text
    matrix = html.partition('class="matrix"')[2]
    assert matrix.count('scope="row"') == 2 and matrix.count('scope="col"') == 6
    assert '<span class="visually-hidden">Có nguy cơ</span>' in matrix


def test_an_area_without_a_plan_says_so() -> None:
    assert area("/a/30") == "Tỉnh Hải Dương Chưa có kế hoạch nào áp dụng ở đơn vị này."


def test_without_plan_and_period_the_nearest_plan_and_the_last_finished_year_are_shown() -> None:
    """On 26/12/2024 the year that ended on 14/12 is over."""
    html = signed_in(cells=YEAR).ask("/a/20").text
    assert '<option value="2024" selected>Năm 2024</option>' in html
    assert '<option value="2025S1">6 tháng đầu năm 2025</option>' in html and '"2025S2"' not in html


def test_a_unit_that_has_ended_is_shown_by_its_own_periods() -> None:
    text = area("/a/00002@2021-01-01")
    assert text.startswith("Việt Nam Tỉnh Lạng Sơn Huyện Hữu Lũng Xã Đồng Tiến")


def test_the_past_is_said_to_be_the_past_and_leads_back() -> None:
    html = unescape(signed_in().ask(f"/a/20?{YEAR_2024}&knownAt=2024-12-24T10:00:00Z&asOfHierarchy=today").text)
    assert "Đang xem như đã biết" in html and "địa giới ngày 24/12/2024" in html
    assert f'<a href="/a/20?{YEAR_2024}">' in html
    assert 'name="knownAt" value="2024-12-24T10:00:00Z"' in html
    assert "knownAt=2024-12-24T10%3A00%3A00Z" in html


def test_figures_say_as_of_when_in_viet_nam() -> None:
    """Known at 3:00 UTC on 24/12, asked on 26/12."""
    assert "Số liệu đến 10:00:00 24/12/2024" in area()


class Followed(Unfollowed):
    """4202 is the next announcement to be heard."""

    position: int | None = 4202


def test_a_page_hears_of_every_change_since_its_figures_were_read() -> None:
    browser = signed_in(cells=YEAR)
    browser.context.changes = Followed()
    html = unescape(browser.ask(f"/a/20?{YEAR_2024}").text)
    assert 'data-since="4201"' in html and 'data-area="20@2008-08-01"' in html
    assert 'data-changes="/v1/changes?area=20%402008-08-01&plan=lang-son"' in html and "live.js" in html


def test_a_view_of_the_past_does_not_change() -> None:
    browser = signed_in(cells=YEAR)
    browser.context.changes = Followed()
    html = browser.ask(f"/a/20?{YEAR_2024}&knownAt=2024-12-24T10:00:00Z").text
    assert "data-changes" not in html and "live.js" not in html


def test_what_is_fetched_again_is_the_part_with_the_figures() -> None:
    answer = signed_in(cells=YEAR).ask(f"/a/20?{YEAR_2024}", headers={"HX-Request": "true", "HX-Target": "figures"})
    assert answer.status_code == 200 and "Còn thiếu 2 người" in answer.text
    assert "<html" not in answer.text and "<h1" not in answer.text


def test_units_are_found_without_marks_and_lead_to_their_pages() -> None:
    browser = signed_in()
    html = browser.ask("/?q=van nham").text
    assert '<a href="/a/00001">Xã Vân Nham</a> <span class="soft">Huyện Hữu Lũng, Tỉnh Lạng Sơn</span>' in html
    assert "00002" in browser.ask("/?q=00002").text
    nothing = browser.ask("/?q=<b>x").text
    assert "khớp với «&lt;b&gt;x»" in nothing and "<b>" not in nothing


def test_while_one_types_only_what_is_found_is_fetched() -> None:
    answer = signed_in().ask("/?q=chi lang", headers={"HX-Request": "true", "HX-Target": "found"})
    assert "Huyện Chi Lăng" in answer.text and "<html" not in answer.text and "<table" not in answer.text


def test_plans_and_one_s_own_unit_lead_to_their_areas() -> None:
    html = signed_in().ask("/").text
    assert 'href="/a/20@2008-08-01?plan=lang-son"' in html and 'href="/a/20">Xem Tỉnh Lạng Sơn</a>' in html


def receipts(*days: int, taken_back: bool = False) -> dict[tuple[str, str], Receipt]:
    """The three communes' reports of the year, received in December 2024 on some days."""
    return {
        ("xa", f"0000{at}@2021-01-01"): Receipt(datetime(2024, 12, day, 3, tzinfo=UTC), taken_back)
        for at, day in enumerate(days, 1)
    }


def test_beside_who_holds_it_back_stands_who_has_reported_in_time() -> None:
    """By 25/12: one on time, one late, in Hữu Lũng; nobody in Chi Lăng."""
    text = area(f"/a/20?{YEAR_2024}&target=informed", known=receipts(24, 26))
    assert re.search(r"Huyện Chi Lăng Còn thiếu 2 người Chưa nộp .* Huyện Hữu Lũng – 1 đúng hạn, 1 quá hạn", text)
    communes = area(f"/a/201?{YEAR_2024}&target=informed", known=receipts(24, 26))
    assert "Đúng hạn, nhận ngày 24/12/2024" in communes and "Quá hạn, nhận ngày 26/12/2024" in communes


def test_a_commune_s_page_says_what_became_of_its_own_reports() -> None:
    text = area(f"/a/00001?{YEAR_2024}", known=receipts(26))
    assert "Báo cáo của Xã Vân Nham Năm · hạn 25/12/2024 Quá hạn, nhận ngày 26/12/2024" in text
    assert "Chưa nộp, đã rút lại" in area(f"/a/00001?{YEAR_2024}", known=receipts(24, taken_back=True))
    assert "Late, received on 26 Dec 2024" in area(f"/a/00001?{YEAR_2024}&lang=en", known=receipts(26))


@pytest.mark.parametrize(
    ("view", "said"), [("asOfHierarchy=today", "địa giới"), ("knownAt=2024-12-24T10:00:00Z", "đã biết")]
)
def test_either_half_of_a_view_stands_alone(view: str, said: str) -> None:
    text = area(f"/a/20?{YEAR_2024}&{view}")
    assert said in text and "Về số liệu hiện tại" in text


def test_nothing_is_concluded_from_too_few_reports() -> None:
    """2 of 3 reported, of at least 80 %."""
    cells = {("xa", "2024", PROVINCE): cell(2, 900, 2, 1, 300, 200, 5, 5)}
    said = row(area(cells=cells), "informed")
    assert "Chưa đủ báo cáo" in said and "Đã báo cáo 2/3 cần ít nhất 80%" in said and "Còn thiếu" not in said
