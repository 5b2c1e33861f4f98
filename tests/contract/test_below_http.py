"""All units of a level below an area over HTTP: who of them holds a target back, in pages, to whom, in the matrix."""

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.domain.inquiry import CellKey
from chitieu.domain.rollup import Cell
from services.api import attainment
from services.api.web import below
from services.api.web.wording import Wording
from services.api.web.writing import Writing
from tests.contract.test_api_http import YEAR
from tests.contract.test_area_http import ELSEWHERE, receipts, shown
from tests.contract.test_web_http import signed_in
from tests.unit.small_release import cell

YEAR_2024 = "plan=lang-son&period=2024"
COMMUNES = f"/a/20?{YEAR_2024}&target=informed&level=commune"
MATRIX = f"/map?{YEAR_2024}&target=informed&level=commune"
HOSTILE = "<script>alert(1)</script>"

# children, labour.m, labour.f, parents, informed, officials_c, trained_c; the bound is 80 % of the parents.
CELLS: Mapping[CellKey, Cell] = {
    **YEAR,
    ("xa", "2024", "00001@2021-01-01"): cell(1, 400, 2, 0, 100, 90, 2, 2),
    ("xa", "2024", "00002@2021-01-01"): cell(1, 500, 0, 1, 200, 150, 3, 3),
    ("xa", "2024", "00003@2021-01-01"): cell(1, 100, 0, 0, 100, 78, 3, 3),
}


def html(path: str = COMMUNES, **more: Any) -> str:
    answer = signed_in(cells=CELLS, **more).ask(path)
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def listed(page: str, table: str = "ranking") -> list[str]:
    """The units of a table, first to last."""
    found = page.partition(f'class="{table}')[2].partition("</table>")[0]
    return re.findall(r'<th scope="row"><a [^>]*>([^<]+)</a>', found)


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("path", [f"/a/20?{YEAR_2024}", f"/map?{YEAR_2024}"])
@pytest.mark.parametrize(
    ("query", "status", "named"),
    [
        ("target=informed&level=ward", 400, "ward"),
        ("target=informed&level=province", 400, "province"),
        (f"target=informed&level={HOSTILE}", 400, HOSTILE),
        (f"target=informed&level={'x' * 65}", 400, "level"),
        ("target=trained&level=commune", 404, "trained"),
        ("target=informed&level=commune&cursor=nonsense", 400, "cursor"),
        (f"target=informed&level=commune&cursor={HOSTILE}", 400, "cursor"),
    ],
)
def test_what_is_not_below_or_no_list_of_ours_is_told(
    path: str, query: str, status: int, named: str, language: str
) -> None:
    answer = signed_in(cells=CELLS).ask(f"{path}&{query}&lang={language}")
    assert answer.status_code == status and named in unescape(answer.text)
    assert HOSTILE not in answer.text


def test_units_of_a_level_are_sorted_by_a_target_that_is_named() -> None:
    answer = signed_in(cells=CELLS).ask(f"/a/20?{YEAR_2024}&level=commune")
    assert answer.status_code == 400 and "informed" in answer.text


def test_more_units_than_can_be_judged_at_once_are_refused_and_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (attainment, below):
        monkeypatch.setattr(module, "MOST_LISTED", 2)
    answer = signed_in(cells=CELLS).ask(COMMUNES)
    assert answer.status_code == 400 and "chọn địa bàn nhỏ hơn" in unescape(answer.text)
    assert "level=commune" not in html(f"/a/20?{YEAR_2024}&target=informed")


def test_every_commune_of_the_province_stands_in_the_order_of_what_it_lacks() -> None:
    """80 % are 80, 160 and 80: one has 10 to spare, one lacks 10, one 2."""
    text = shown(signed_in(cells=CELLS, known=receipts(24, 26)).ask(COMMUNES)).partition("Đơn vị còn thiếu nhiều nhất")[
        2
    ]
    found = re.search(
        r"Xã Đồng Tiến Huyện Hữu Lũng Còn thiếu 10 người Quá hạn, nhận ngày 26/12/2024 Có nguy cơ 75,0% 150/200 1/1 "
        r"Xã Vân An Huyện Chi Lăng Còn thiếu 2 người Chưa nộp Có nguy cơ 78,0% 78/100 1/1 "
        r"Xã Vân Nham Huyện Hữu Lũng Dư 10 người Đúng hạn, nhận ngày 24/12/2024 Đạt 90,0% 90/100 1/1",
        text,
    )
    assert found, text


def test_the_same_is_said_in_english() -> None:
    text = shown(signed_in(cells=CELLS, known=receipts(24, 26)).ask(COMMUNES + "&lang=en"))
    assert "Xã Đồng Tiến Huyện Hữu Lũng 10 people short Late, received on 26 Dec 2024 At risk 75.0% 150/200 1/1" in text


def test_the_list_is_one_click_from_the_area_s_page_at_the_target_that_it_is_about() -> None:
    page = html(f"/a/20?{YEAR_2024}")
    row = page.partition('id="t-informed"')[2].partition("</li>")[0]
    assert f'href="/a/20?{YEAR_2024}&target=informed&level=commune#below"' in row
    assert "Xếp hạng tất cả xã, phường" in row
    below_district = html(f"/a/201?{YEAR_2024}")
    assert "level=" not in below_district


def test_from_one_level_to_another_the_target_stays() -> None:
    page = html()
    tabs = page.partition('<nav class="tabs"')[2].partition("</nav>")[0]
    assert f'href="/a/20?{YEAR_2024}&target=informed#below">Huyện</a>' in tabs
    assert f'href="/a/20?{YEAR_2024}&target=informed&level=commune#below" aria-current="true">Xã, phường</a>' in tabs
    districts = html(f"/a/20?{YEAR_2024}&target=informed")
    assert 'aria-current="true">Huyện</a>' in districts and listed(districts)[0] == "Huyện Chi Lăng"


def test_a_unit_leads_to_its_page_at_the_same_target() -> None:
    assert f'href="/a/00002?{YEAR_2024}&target=informed#below">Xã Đồng Tiến</a>' in html()


def test_a_long_list_comes_in_pages_that_together_are_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(below, "SHOWN_AT_ONCE", 2)
    page = html()
    assert "2 trong 3 đơn vị" in page
    following = re.search(r'<a class="button" href="([^"]+)#below">Xem tiếp</a>', page)
    assert following is not None
    after = html(following[1])
    assert listed(page) + listed(after) == ["Xã Đồng Tiến", "Xã Vân An", "Xã Vân Nham"]
    assert "Xem tiếp" not in after and f'href="{COMMUNES}#below">Về đầu danh sách</a>' in after


def test_small_counts_give_no_place_in_the_list_outside_one_s_own_area() -> None:
    """2 labourers of 400 and 1 of 500: elsewhere neither is told, and they stand in the order of the tree."""
    path = f"/a/20?{YEAR_2024}&target=labour-none&level=commune"
    assert listed(html(path)) == ["Xã Vân Nham", "Xã Đồng Tiến", "Xã Vân An"]
    foreign = html(path, key=ELSEWHERE)
    assert "0,5%" not in foreign and "0,2%" not in foreign and "Không hiển thị" in foreign


@given(counts=st.tuples(st.integers(1, 5), st.integers(1, 5)))
def test_withheld_counts_make_no_difference_to_the_order(counts: tuple[int, int]) -> None:
    one, other = counts
    cells = {
        ("xa", "2024", "00001@2021-01-01"): cell(1, 400, one, 0, 100, 90, 2, 2),
        ("xa", "2024", "00002@2021-01-01"): cell(1, 500, 0, other, 200, 150, 3, 3),
    }
    browser = signed_in(ELSEWHERE, cells=cells)
    page = browser.ask(f"/a/20?{YEAR_2024}&target=labour-low&level=commune").text
    assert listed(page) == ["Xã Vân Nham", "Xã Đồng Tiến", "Xã Vân An"]


def test_units_of_a_level_have_all_targets_side_by_side_in_the_matrix() -> None:
    page = html(MATRIX)
    assert listed(page, "matrix named") == ["Xã Đồng Tiến", "Xã Vân An", "Xã Vân Nham"]
    text = page.partition('class="matrix named"')[2]
    assert text.count('scope="col"') == 1 + 4  # the unit, and all targets but the province's own
    assert '<ul class="tiles"' not in page and "(3 đơn vị)" in page
    assert 'href="/map?plan=lang-son&target=labour-low&period=2024&level=commune#matrix"' in page


def test_what_the_matrix_says_of_a_unit_is_what_its_own_page_says() -> None:
    cells = re.findall(r"</td>|[\d,]+%|–", html(MATRIX).partition("Xã Đồng Tiến</a>")[2].partition("</tr>")[0])
    said = [one for one in cells if one != "</td>"]
    own = html(f"/a/00002?{YEAR_2024}")
    values = re.findall(r'<p class="value">\s*<strong>([^<]+)</strong>', own)
    assert said == values and len(said) == 4


def test_the_matrix_comes_in_pages_too_and_counts_the_states_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(below, "SHOWN_AT_ONCE", 1)
    page = html(MATRIX)
    assert listed(page, "matrix named") == ["Xã Đồng Tiến"] and "1 trong 3 đơn vị" in page
    assert re.search(r"<strong>2</strong>\s*<span class=\"chip at_risk\">", page)


def test_the_list_leads_to_the_matrix_of_the_same_units() -> None:
    there = re.search(r'href="(/map\?[^"#]+)#matrix"', html())
    assert there is not None and "level=commune" in there[1] and "target=informed" in there[1]
    assert len(listed(html(there[1]), "matrix named")) == 3


def test_directly_below_stands_only_one_level_where_there_are_no_districts() -> None:
    """From 1/7/2025 communes lie in the province itself."""
    page = html("/a/20?plan=lang-son&period=2025&target=informed")
    assert "level=" not in page and listed(page) == ["Xã Vân Nham", "Xã Chiến Thắng"]


def test_a_level_that_the_page_has_no_word_for_is_called_as_in_the_tree() -> None:
    words = Wording(Writing("vi"))
    assert (words.level("commune"), words.level("hamlet")) == ("xã, phường", "hamlet")
