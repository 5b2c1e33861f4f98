"""The map of provinces and the matrix over HTTP: what each tile says, in which order, to whom, and what it leads to."""

import csv
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from chitieu.domain.access import presented
from chitieu.domain.form import Reporters
from chitieu.domain.inquiry import CellKey
from chitieu.domain.registry import Release
from chitieu.domain.rollup import Cell
from chitieu.domain.unit import Unit, UnitTree
from tests.contract.test_api_http import YEAR
from tests.contract.test_area_http import shown
from tests.contract.test_web_http import Browser, signed_in
from tests.unit.small_release import COMMUNE_FORM, PLAN, RELEASE, cell

UNITS = Path(__file__).parents[2] / "programmes" / "units" / "administrative.csv"
HOSTILE = "<script>alert(1)</script>"
YEAR_2024 = "plan=lang-son&period=2024"


@cache
def national() -> Release:
    """The real provinces of both times, with one commune each; the plan is the nation's."""
    with UNITS.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["level"] in ("nation", "province")]
    units = [
        Unit(
            row["code"],
            date.fromisoformat(row["valid_from"]),
            date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            row["level"],
            row["parent"] or None,
            row["name"],
        )
        for row in rows
    ]
    below = [replace(one, code=f"{one.code}001", level="commune", parent=one.code) for one in units[1:]]
    collections = tuple(replace(one, reporters=Reporters("commune", ("vn",))) for one in COMMUNE_FORM.collections)
    form = replace(COMMUNE_FORM, collections=collections)
    plan = replace(PLAN, id="national", number="782/QĐ-TTg", area="vn")
    return replace(RELEASE, tree=UnitTree([*units, *below]), plans={plan.id: plan}, forms={"xa": form})


# children, labour.m, labour.f, parents, informed, officials_c, trained_c
CELLS: Mapping[CellKey, Cell] = {
    ("xa", "2024", "vn@1945-09-02"): cell(2, 2000, 0, 7, 1000, 700, 10, 10),
    ("xa", "2024", "20@2008-08-01"): cell(1, 1000, 0, 4, 500, 450, 10, 10),
    ("xa", "2024", "48@2008-08-01"): cell(1, 1000, 0, 3, 500, 250, 10, 10),
}


def browser(key: str = presented("nation", "s")) -> Browser:
    found = signed_in(key, cells=CELLS)
    found.registry.release = national()
    return found


def tiles(page: str) -> dict[str, str]:
    """What is said of each province that can be chosen on the map."""
    told = [unescape(one) for one in re.findall(r'<a class="tile [^>]*title="([^"]+)"', page)]
    return dict(one.split(": ", 1) for one in told)


def test_every_province_is_a_tile_that_says_its_state_and_figure_in_words() -> None:
    told = tiles(browser().ask("/map?plan=national&period=2024&target=informed").text)
    assert len(told) == 63
    assert told["Tỉnh Lạng Sơn"] == "Đạt, 90%" or told["Tỉnh Lạng Sơn"].startswith("Đạt, 90")
    assert "50" in told["Thành phố Đà Nẵng"] and told["Tỉnh Hà Giang"] == "Chưa có số liệu, –"


def test_a_later_period_has_the_provinces_of_its_own_tree() -> None:
    told = tiles(browser().ask("/map?plan=national&period=2025&target=informed").text)
    assert len(told) == 34 and "Tỉnh Hà Giang" not in told


def test_by_the_tree_of_another_day_the_map_is_that_day_s() -> None:
    """Of provinces that only came to be then, nothing is known for the period: their tiles say so and lead nowhere."""
    page = browser().ask("/map?plan=national&period=2024&target=informed&asOfHierarchy=2025-07-01").text
    assert page.count('class="tile ') == 34 + 2 and len(tiles(page)) == 11
    assert unescape(page).count("không đánh giá ở kỳ này") == 34 - 11


@pytest.mark.parametrize("period", ["2024", "2025"])
def test_the_archipelagos_are_on_the_map_with_the_provinces_they_belong_to(period: str) -> None:
    page = browser().ask(f"/map?plan=national&period={period}&target=informed")
    assert "Quần đảo Hoàng Sa (Đà Nẵng)" in shown(page) and "Quần đảo Trường Sa (Khánh Hòa)" in shown(page)
    english = shown(browser().ask(f"/map?plan=national&period={period}&target=informed&lang=en"))
    assert "Hoàng Sa islands (Đà Nẵng)" in english and "Trường Sa islands (Khánh Hòa)" in english


def test_an_archipelago_has_the_state_of_its_province() -> None:
    page = browser().ask("/map?plan=national&period=2024&target=informed").text
    states = re.findall(r'<li class="island [^"]*">\s*<span class="tile (\w+)">', page)
    own = re.findall(r'<a class="tile (\w+)"[^>]*title="Thành phố Đà Nẵng:', page)
    assert states[0] == own[0] != states[1]


def test_all_that_the_map_shows_stands_in_the_table_the_most_lacking_first() -> None:
    page = browser().ask("/map?plan=national&period=2024&target=informed").text
    rows = re.findall(r'<tr>\s*<th scope="row"><a [^>]*>([^<]+)</a>', page)
    assert sorted(rows) == sorted(tiles(page)) and rows[0] == "Thành phố Đà Nẵng"
    assert '<th scope="col" aria-sort="other">' in page


def test_a_table_leads_on_to_the_units_below_and_keeps_the_target() -> None:
    page = browser().ask("/map?plan=national&period=2024&target=informed").text
    there = unescape(re.findall(r'<a class="tile [^>]*href="([^"]+area=20[^"]*)"', page)[0])
    below = shown(browser().ask(there))
    assert "Việt Nam Tỉnh Lạng Sơn" in below and "Đơn vị × chỉ tiêu (1 đơn vị)" in below
    assert "target=informed" in there and '<ul class="tiles"' not in browser().ask(there).text


def test_small_counts_are_withheld_on_the_map_as_elsewhere() -> None:
    """4 children in 1,000: seen by the nation, not by another province."""
    path = "/map?plan=national&period=2024&target=labour-low"
    assert "0,4%" in tiles(browser().ask(path).text)["Tỉnh Lạng Sơn"]
    page = browser(presented("elsewhere", "s")).ask(path)
    assert "0,4%" not in page.text and "Không hiển thị" in tiles(page.text)["Tỉnh Lạng Sơn"]


def test_a_province_is_a_matrix_of_its_districts() -> None:
    page = signed_in(cells=YEAR).ask(f"/map?{YEAR_2024}&target=informed")
    text = shown(page)
    assert '<ul class="tiles"' not in page.text
    assert "So sánh các đơn vị: Tỉnh Lạng Sơn" in text and "Huyện Hữu Lũng" in text and "Huyện Chi Lăng" in text
    assert re.search(r'<th scope="col" aria-sort="other"><a [^>]*>informed</a>', page.text)


def test_the_map_says_that_arrow_keys_go_from_tile_to_tile_and_every_tile_stays_a_link() -> None:
    page = browser().ask("/map?plan=national&period=2024&target=informed").text
    assert "Dùng các phím mũi tên" in page and 'aria-describedby="map-keys"' in page and "tiles.js" in page
    assert "tabindex" not in page.partition('<ul class="tiles"')[2].partition("</ul>")[0]
    assert "tiles.js" not in signed_in(cells=YEAR).ask(f"/map?{YEAR_2024}").text


def test_without_a_choice_the_largest_area_and_its_first_target_are_shown() -> None:
    text = shown(browser().ask("/map"))
    assert "So sánh các đơn vị: Việt Nam" in text and "labour-low · Phải đạt < 1%" in text


def test_where_there_is_no_plan_the_page_says_so() -> None:
    found = browser()
    found.registry.release = replace(national(), plans={})
    assert "Chưa có kế hoạch nào có chỉ tiêu." in shown(found.ask("/map"))


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize(
    ("query", "status", "named"),
    [
        ("plan=lang", 404, "lang-son"),
        (f"plan={HOSTILE}", 404, HOSTILE),
        ("plan=lang-son&period=2019", 404, "2019"),
        (f"{YEAR_2024}&area=30", 404, "Tỉnh Hải Dương"),
        (f"{YEAR_2024}&area={HOSTILE}", 404, HOSTILE),
        (f"{YEAR_2024}&target={HOSTILE}", 404, HOSTILE),
        (f"{YEAR_2024}&target=trained", 404, "trained"),
        (f"{YEAR_2024}&sort=gap", 400, "sort"),
        (f"{YEAR_2024}&knownAt=2050-01-01T00:00:00Z", 400, "knownAt"),
    ],
)
def test_what_does_not_exist_or_go_together_is_told(query: str, status: int, named: str, language: str) -> None:
    answer = signed_in().ask(f"/map?{query}&lang={language}")
    assert answer.status_code == status and named in unescape(answer.text)
    assert HOSTILE not in answer.text


def test_names_of_units_and_targets_are_text_and_never_markup() -> None:
    found, release = browser(), national()
    units = [replace(one, name=HOSTILE) if one.level == "province" else one for one in release.tree.units.values()]
    plan = release.plans["national"]
    label = replace(plan.label, vi=HOSTILE, en=HOSTILE)
    targets: dict[str, Any] = {id_: replace(one, label=label) for id_, one in plan.targets.items()}
    named = replace(plan, label=label, number=HOSTILE, targets=targets)
    found.registry.release = replace(release, tree=UnitTree(units), plans={plan.id: named})
    page = found.ask("/map?plan=national&period=2024")
    assert page.status_code == 200 and HOSTILE not in page.text and HOSTILE in unescape(page.text)


def test_the_map_is_for_whoever_is_signed_in() -> None:
    assert Browser().ask("/map").headers["location"] == "/sign-in?next=%2Fmap"
