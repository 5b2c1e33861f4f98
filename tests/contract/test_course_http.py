"""How a target has moved, what is sure of it, and its chart, over HTTP: in words, with what is withheld left out."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from chitieu.domain.inquiry import CellKey
from chitieu.domain.period import Period
from chitieu.domain.rollup import Cell
from services.api.attained import Range
from services.api.attainment import AttainmentAnswer
from services.api.web.chart import Chart, Shown
from services.api.web.remarks import Remarks
from services.api.web.wording import Wording
from services.api.web.writing import Writing
from tests.contract.test_api_http import YEAR, application, ask
from tests.contract.test_area_http import ELSEWHERE, YEAR_2024, area, row, shown
from tests.contract.test_corrected_http import DECIDED
from tests.contract.test_web_http import Browser, signed_in
from tests.unit.small_release import PROVINCE, cell

OVER_TIME = f"/a/20/informed?{YEAR_2024}"
# 298 of 400 parents in 2023, 318 of 400 in 2024.
BOTH: Mapping[CellKey, Cell] = {**YEAR, ("xa", "2023", PROVINCE): cell(3, 1000, 4, 3, 400, 298, 8, 8)}


def chart(html: str) -> dict[str, Any]:
    found = re.search(r'data-chart="([^"]*)"', html)
    assert found is not None, html
    told: dict[str, Any] = json.loads(unescape(found[1]))
    return told


@pytest.mark.parametrize(
    ("path", "status", "named"),
    [
        (f"/a/20/inform?{YEAR_2024}", 404, "informed"),
        (f"/a/99/informed?{YEAR_2024}", 404, "99"),
        ("/a/20/informed?plan=lang-son&period=2019", 404, "2019"),
        ("/a/20/informed?plan=lang-son", 400, "period"),
        (f"{OVER_TIME}&perio=2024", 400, "perio"),
        ("/a/20/informed?period=2024", 400, "plan"),
    ],
)
def test_what_does_not_exist_or_is_missing_is_told(path: str, status: int, named: str) -> None:
    answer = signed_in(cells=BOTH).ask(path)
    assert answer.status_code == status and named in unescape(answer.text)


def test_whoever_is_not_signed_in_sees_no_chart() -> None:
    assert Browser().ask(OVER_TIME).headers["location"].startswith("/sign-in?next=")


def test_a_target_says_how_it_has_moved_in_points_and_against_what() -> None:
    """For a year the period before and the same period of the year before are one: said once."""
    assert row(area(cells=BOTH), "informed").count("Tăng 5,0 điểm % so với Năm 2023") == 1
    assert "Up 5.0 points on Year 2023" in area(f"/a/20?{YEAR_2024}&lang=en", cells=BOTH)


def test_the_change_is_the_one_of_the_series() -> None:
    browser = signed_in(cells=BOTH)
    path = "/v1/series?indicator=informed_rate&area=20&from=2024&to=2024&periodType=year"
    answer = browser.ask(path, headers={"Accept": "*/*"}).json()
    (point,) = answer["series"][0]["points"]
    assert point["year_before"]["change_display"] == "5.0"


@pytest.mark.parametrize(("informed", "said"), [(338, "Giảm 5,0 điểm %"), (318, "Không đổi"), (317, "Tăng 0,3 điểm %")])
def test_less_and_the_same_have_words_of_their_own(informed: int, said: str) -> None:
    cells = {**YEAR, ("xa", "2023", PROVINCE): cell(3, 1000, 4, 3, 400, informed, 8, 8)}
    assert f"{said} so với Năm 2023" in row(area(cells=cells), "informed")


def test_a_half_year_stands_beside_the_half_before_and_the_same_one_of_the_year_before() -> None:
    cells = {
        ("xa", period, PROVINCE): cell(3, 1000, 4, 3, 400, informed, 8, 8)
        for period, informed in (("2023S1", 200), ("2023S2", 240), ("2024S1", 220))
    }
    said = row(area("/a/20?plan=lang-son&period=2024S1", cells=cells), "informed")
    assert "Giảm 5,0 điểm % so với 6 tháng cuối năm 2023" in said
    assert "Tăng 5,0 điểm % so với 6 tháng đầu năm 2023" in said


def test_nothing_is_said_of_a_period_without_figures_or_with_too_few() -> None:
    few = {**YEAR, ("xa", "2023", PROVINCE): cell(2, 1000, 4, 3, 400, 298, 8, 8)}
    for cells in (YEAR, few):
        assert "so với Năm 2023" not in row(area(cells=cells), "informed")


def test_a_change_that_would_give_a_small_count_away_is_withheld() -> None:
    """3 labourers in 2024, 7 in 2023, among 1000 children."""
    own, foreign = (row(area(cells=BOTH, **key), "labour-less") for key in ({}, {"key": ELSEWHERE}))
    assert "Giảm 0,4 điểm % so với Năm 2023" in own
    assert "So với Năm 2023: không hiển thị" in foreign and "Giảm" not in foreign.partition("So với")[2]


def test_what_is_sure_whatever_the_rest_reports_is_said_while_somebody_has_not_reported() -> None:
    """2 of 3 communes reported labourers: none may be, and some are."""
    some = {("xa", "2024", PROVINCE): cell(2, 900, 2, 1, 300, 200, 5, 5)}
    assert "Không đạt dù các đơn vị còn lại báo cáo thế nào" in row(area(cells=some), "labour-none")
    assert "Not met whatever the others report" in area(f"/a/20?{YEAR_2024}&lang=en", cells=some)
    assert "còn lại báo cáo" not in area(cells=YEAR)


def test_a_correction_says_when_by_whom_and_why_to_those_who_may_read_it() -> None:
    more: dict[str, Any] = {"decided": DECIDED}
    said = row(area(**more), "informed")
    assert "Báo cáo muộn hoặc đính chính lúc 01:00:00" in said
    assert "(Xã Vân Nham). Lý do: Nhầm xã" in said
    foreign = row(area(key=ELSEWHERE, **more), "informed")
    assert "(Xã Vân Nham)." in foreign and "Nhầm xã" not in foreign
    assert "Reported late or corrected 01:00:00" in area(f"/a/20?{YEAR_2024}&lang=en", **more)


def test_a_chart_is_fetched_only_when_it_is_opened() -> None:
    html = unescape(signed_in(cells=BOTH).ask(f"/a/20?{YEAR_2024}").text)
    assert f'hx-get="{OVER_TIME}"' in html and f'<a href="{OVER_TIME}">' in html
    assert "data-chart" not in html and "uplot" not in html


def test_a_chart_has_the_periods_of_its_kind_with_what_was_and_what_has_to_be() -> None:
    told = chart(signed_in(cells=BOTH).ask(OVER_TIME).text)
    points = dict(zip(told["at"], told["actual"], strict=True))
    assert (points["2023"], points["2024"], points["2025"]) == ("74.5000", "79.5000", None)
    assert set(told["bound"]) == {"80.0000"} and told["percent"]
    assert {len(line) for line in (told["path"], told["low"], told["high"])} == {len(told["at"])}


def test_the_table_says_what_the_chart_shows() -> None:
    text = shown(signed_in(cells=BOTH).ask(OVER_TIME))
    assert "Từ Năm 2023 (74,5%) đến Năm 2024 (79,5%). Phải đạt ≥ 80%." in text
    assert re.search(r"Năm 2023 74,5% .*?80% – Có nguy cơ 3/3", text) and "Năm 2025 – " in text
    english = shown(signed_in(cells=BOTH).ask(f"{OVER_TIME}&lang=en"))
    assert "From Year 2023 (74.5%) to Year 2024 (79.5%). Promised: ≥ 80%." in english


def test_the_range_is_drawn_and_said_where_somebody_may_still_answer() -> None:
    """250 of 400 parents so far, one commune's figure to come: up to all of them."""
    left = {**BOTH, ("xa", "2024", PROVINCE): Cell(3, [1000, 2, 1, 400, 250, 8, 8], [3, 3, 3, 3, 2, 3, 3], [0] * 7)}
    browser = signed_in(cells=left)
    told = chart(browser.ask(OVER_TIME).text)
    drawn = dict(zip(told["at"], zip(told["low"], told["high"], strict=True), strict=True))
    assert (drawn["2023"], drawn["2024"]) == ((None, None), ("62.5000", "100.0000"))
    assert "62,5% – 100,0%" in shown(browser.ask(OVER_TIME))
    assert "Còn có thể từ 62,5% đến 100,0%" in row(area(cells=left), "informed")
    assert "May still become 62.5% to 100.0%" in area(f"/a/20?{YEAR_2024}&lang=en", cells=left)


def test_a_range_that_leaves_nearly_everything_open_is_drawn_and_not_worth_a_sentence() -> None:
    """Of the third commune neither parents nor informed are known: next to 0 to 100 %. Too few to judge by."""
    left = {**BOTH, ("xa", "2024", PROVINCE): cell(2, 900, 2, 1, 300, 200, 5, 5)}
    told = chart(signed_in(cells=left).ask(OVER_TIME).text)
    at = told["at"].index("2024")
    assert (told["low"][at], told["high"][at], told["beyond"][at]) == ("0.0000", "100.0000", False)
    assert (told["actual"][at], told["few"][at]) == (None, "66.6667")
    assert "Còn có thể" not in row(area(cells=left), "informed")


def test_a_count_may_still_become_more_than_is_drawn() -> None:
    """Counted are 12 so far, of at least 30; who has not reported may say up to what a form takes."""
    answer = ask(application(cells=YEAR), f"/v1/attainment?{YEAR_2024}")
    told = AttainmentAnswer.model_validate(answer.json()).targets[0]
    assert told.value is not None
    value = replace(told.value, exact="12")
    range_ = Range(low="12", high="1000000000012", suppressed=None)
    count = replace(told, unit="person", bound="30", value=value, range=range_)
    drawn = Chart.of([Shown(Period.parse("2024"), None, count)])
    assert drawn is not None
    line = json.loads(drawn.data)
    assert (line["low"], line["high"], line["beyond"]) == (["12.0000"], ["60.0000"], [True])
    assert Remarks(Wording(Writing("vi"))).span(count) == "ít nhất 12"


def test_a_withheld_figure_is_in_neither_the_chart_nor_its_table() -> None:
    path = f"/a/20/labour-less?{YEAR_2024}"
    own, foreign = (signed_in(cells=BOTH, **key).ask(path) for key in ({}, {"key": ELSEWHERE}))
    assert chart(own.text)["actual"].count(None) == len(chart(own.text)["at"]) - 2
    assert dict(zip(chart(foreign.text)["at"], chart(foreign.text)["actual"], strict=True))["2024"] is None
    assert "Không hiển thị" in shown(foreign) and "0,3%" not in shown(foreign)


def test_without_any_figure_it_says_so() -> None:
    assert "Chưa có số liệu của kỳ nào để vẽ." in shown(signed_in().ask(OVER_TIME))


def test_what_is_fetched_into_a_row_is_no_page() -> None:
    answer = signed_in(cells=BOTH).ask(OVER_TIME, headers={"HX-Request": "true", "HX-Target": "course-informed"})
    assert answer.status_code == 200 and "data-chart" in answer.text and "<html" not in answer.text
