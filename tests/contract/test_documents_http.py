"""The printed report over HTTP: what it says is what the JSON answers, in three formats, to whoever may see it."""

import io
import re
import shutil
import subprocess
import zipfile
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import docx
import httpx
import pytest
from docx.enum.section import WD_ORIENT
from fastapi import FastAPI

from chitieu.adapters.http import create_app
from chitieu.adapters.metrics import Metrics
from chitieu.domain.catalogue import Label
from chitieu.domain.fractions import vietnamese
from chitieu.domain.inquiry import CellKey
from chitieu.domain.obligation import Receipt
from chitieu.domain.registry import Release
from chitieu.domain.rollup import Cell
from chitieu.domain.unit import UnitTree
from services.api.app import router
from services.api.context import Context
from services.api.document_tables import MOST_LISTED
from tests.contract.test_api_http import (
    NOW,
    YEAR,
    FixedClock,
    FixedRegistry,
    TableReads,
    application,
    ask,
    attained,
    keys,
)
from tests.contract.test_time_http import STOOD
from tests.support.printed import Cells, rows, sheets
from tests.unit.small_release import COMMUNE, DISTRICT, PLAN, PROVINCE, RELEASE, TREE, cell

FORMATS = ("docx", "xlsx", "html")
each_format = pytest.mark.parametrize("suffix", FORMATS)
SECOND, THIRD = "00002@2021-01-01", "00003@2021-01-01"

# children, labour.m, labour.f, parents, informed, officials_c, trained_c
TWO_YEARS: Mapping[CellKey, Cell] = {
    **YEAR,
    ("xa", "2023", PROVINCE): cell(3, 1000, 6, 2, 400, 300, 8, 8),
    ("huyen", "2023", PROVINCE): cell(2, 4, 2, 100),
}
# The last day is 25/12/2024; it is the 26th. The district of 00001 and 00002 owes a report without a day.
KNOWN_OF: Mapping[tuple[str, str], Receipt] = {
    ("xa", COMMUNE): Receipt(datetime(2024, 12, 25, 16, 59, tzinfo=UTC)),
    ("xa", SECOND): Receipt(datetime(2024, 12, 25, 17, 0, tzinfo=UTC)),
    ("xa", THIRD): Receipt(datetime(2024, 12, 1, tzinfo=UTC), retracted=True),
    ("huyen", DISTRICT): Receipt(datetime(2024, 12, 26, 1, tzinfo=UTC)),
}


def fetched(
    suffix: str, area: str = "20", period: str = "2024", key: str = "province", **params: Any
) -> httpx.Response:
    answer = ask(application(cells=TWO_YEARS, known=KNOWN_OF), address(suffix, area, period), key, **params)
    assert answer.status_code == 200, answer.text
    return answer


def address(suffix: str, area: str = "20", period: str = "2024", plan: str = "lang-son") -> str:
    return f"/v1/documents/{plan}/{area}/{period}.{suffix}"


def text(suffix: str, body: bytes) -> str:
    """All that is written in it."""
    if suffix == "html":
        return body.decode()
    with zipfile.ZipFile(io.BytesIO(body)) as parts:
        return "\n".join(parts.read(name).decode() for name in parts.namelist() if name.endswith(".xml"))


def targets(suffix: str, body: bytes) -> dict[str, list[str]]:
    """The rows of targets by name, without their number."""
    names = set(PLAN.targets)
    return {row[1]: row[2:] for row in rows(suffix, body) if len(row) == 10 and row[1] in names}


# How it says no


@each_format
@pytest.mark.parametrize(
    ("plan", "area", "period", "code"),
    [
        ("lang-sn", "20", "2024", "unknown_plan"),
        ("lang-son", "21", "2024", "unknown_area"),
        ("lang-son", "30", "2024", "area_outside_plan"),
        ("lang-son", "20", "2024Q1", "period_not_judged"),
        ("lang-son", "20", "2020", "period_not_judged"),
        ("lang-son", "20", "nay", "period_not_judged"),
    ],
)
def test_what_does_not_exist_is_said_with_the_nearest(
    suffix: str, plan: str, area: str, period: str, code: str
) -> None:
    answer = ask(application(), address(suffix, area, period, plan))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, code)


@pytest.mark.parametrize("suffix", ["pdf", "DOCX", "doc", "html.exe"])
def test_another_format_is_refused_by_name(suffix: str) -> None:
    answer = ask(application(), address(suffix))
    assert answer.status_code in (400, 404)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_key_that_may_read_is_needed() -> None:
    assert ask(application(), address("html"), None).status_code == 401
    assert ask(application(), address("html"), "writer").status_code == 403


def test_a_moment_to_come_is_refused() -> None:
    assert ask(application(), address("html"), knownAt="2030-01-01T00:00:00Z").status_code == 400


# What it says


@each_format
def test_figures_are_those_of_the_json(suffix: str) -> None:
    answer = ask(application(cells=TWO_YEARS), "/v1/attainment", plan="lang-son", area="20", period="2024").json()
    found = targets(suffix, fetched(suffix).content)
    assert set(found) == {one["target"] for one in answer["targets"]}
    for one in answer["targets"]:
        value, coverage = one["value"], one["coverage"]
        assert found[one["target"]][2] == vietnamese(value["display"])
        remarks = found[one["target"]][7]
        assert (
            f"{vietnamese(str(value['numerator']['value']))}/{vietnamese(str(value['denominator']['value']))}"
            in remarks
        )
        assert f"{coverage['reported']}/{coverage['expected']} đơn vị báo cáo" in remarks


@each_format
def test_the_table_is_the_one_worked_out_by_hand(suffix: str) -> None:
    """2024: labour 3 of 1,000, informed 318 of 400, trained 8 + 4 of 12. 2023: 8 of 1,000, 300 of 400, 8 + 2 of 12."""
    found = targets(suffix, fetched(suffix).content)
    # unit, plan, this period, year to date, the year before, % of plan, % of the year before
    assert {name: row[:7] for name, row in found.items()} == {
        "labour-low": ["%", "< 1", "0,3", "0,3", "0,8", "30,0", "37,5"],
        "labour-none": ["%", "duy trì = 0", "0,3", "0,3", "0,8", "–", "37,5"],
        "labour-less": ["%", "giảm", "0,3", "0,3", "0,8", "–", "37,5"],
        "informed": ["%", "≥ 80", "79,5", "79,5", "75,0", "99,4", "106,0"],
        "trained": ["%", "≥ 90", "100,0", "100,0", "83,3", "111,1", "120,0"],
    }
    assert found["informed"][7] == "có nguy cơ; 318/400; 3/3 đơn vị báo cáo"
    assert found["labour-less"][7].startswith("đạt; 3/1.000; ")


@each_format
def test_too_few_reports_give_a_value_but_no_share_and_no_base(suffix: str) -> None:
    few = {
        ("xa", "2024", PROVINCE): cell(2, 900, 0, 0, 300, 240),
        ("xa", "2023", PROVINCE): cell(2, 900, 0, 0, 300, 150),
    }
    found = targets(suffix, ask(application(cells=few), address(suffix)).content)
    assert found["informed"][1:7] == ["≥ 80", "80,0", "80,0", "–", "–", "–"]
    assert found["informed"][7] == "chưa đủ báo cáo; 240/300; 2/3 đơn vị báo cáo"
    assert found["trained"][2:] == ["–", "–", "–", "–", "–", "chưa có số liệu; 0/5 đơn vị báo cáo; sơ bộ"]


@each_format
def test_who_reported_late_or_not_at_all_is_named_and_nobody_else(suffix: str) -> None:
    """16:59 UTC is still the 25th in Viet Nam, 17:00 is the 26th. The third took its report back; 202 sent nothing."""
    found = [row[1:] for row in rows(suffix, fetched(suffix).content) if len(row) == 6]
    assert found[found.index(["Đơn vị", "Báo cáo phải gửi", "Hạn", "Ngày nhận", "Tình trạng"]) + 1 :] == [
        ["Huyện Chi Lăng", "Huyện", "–", "–", "chưa nhận được"],
        ["Xã Đồng Tiến", "Năm", "25/12/2024", "26/12/2024", "quá hạn"],
        ["Xã Vân An", "Năm", "25/12/2024", "–", "chưa nộp, đã rút"],
    ]
    written = text(suffix, fetched(suffix).content)
    assert "- Năm: 3 đơn vị, hạn 25/12/2024; đúng hạn 1, quá hạn 1, chưa nộp 1 (tỷ lệ đã gửi 66,7%)." in written
    assert "Có 3 báo cáo gửi quá hạn hoặc chưa gửi. Danh sách tại Phụ lục II." in written


@each_format
def test_tasks_are_listed_for_the_plans_own_area_only(suffix: str) -> None:
    assert ["Sở Lao động", "90% …", "–", "……………"] in [row[1:] for row in rows(suffix, fetched(suffix).content)]
    assert "Sở Lao động" not in text(suffix, fetched(suffix, "201").content)


@each_format
def test_what_is_not_judged_in_a_period_is_named(suffix: str) -> None:
    written = text(suffix, fetched(suffix, period="2024S1").content)
    assert "Không đánh giá ở kỳ này: labour-less; trained." in written
    assert "6 tháng đầu năm 2024" in written


def test_a_long_list_is_cut_and_the_rest_counted() -> None:
    crowd = [replace(TREE.units[COMMUNE], code=f"1{at:04}") for at in range(MOST_LISTED + 7)]
    release = replace(RELEASE, tree=UnitTree([*TREE.units.values(), *crowd]))
    page = told_by(release, "html")
    # 310 communes of which one was on time, and a district of two: 310 to name.
    assert "Còn 10 báo cáo khác không liệt kê." in page
    assert len([row for row in Cells(page).rows if len(row) == 6]) == MOST_LISTED + 1


@each_format
def test_what_is_behind_is_told_with_its_reason_in_people(suffix: str) -> None:
    """80 % of 400 are 320."""
    answer = ask(application(cells=TWO_YEARS), "/v1/attainment", plan="lang-son", area="20", period="2024")
    said = attained(answer, "informed")["rule"]["vi"]
    assert "Cần thêm 2 (informed)." in said
    assert f"- informed: {said}" in text(suffix, fetched(suffix).content)


# Who may see what


@each_format
def test_small_counts_of_children_are_seen_by_nobody_from_elsewhere(suffix: str) -> None:
    """3 of 1,000 now and 8 of 1,000 the year before: what is made of the 3 is withheld, the 8 is not."""
    own, seen = (targets(suffix, fetched(suffix, key=key).content) for key in ("province", "elsewhere"))
    assert own["labour-low"][2] == "0,3"
    assert seen["labour-low"][:7] == ["%", "< 1", "(*)", "(*)", "0,8", "(*)", "(*)"]
    assert seen["labour-low"][7] == "đạt; (*)/1.000; 3/3 đơn vị báo cáo"
    assert seen["informed"] == own["informed"]
    written = text(suffix, fetched(suffix, key="elsewhere").content)
    assert "(*) Không nêu" in written
    assert not re.search(r"\b3/1\.000\b|>0[.,]3<|>37[.,]5<", written)


@each_format
def test_a_small_count_of_the_year_before_is_not_given_away_by_a_share(suffix: str) -> None:
    cells = {
        **TWO_YEARS,
        ("xa", "2024", PROVINCE): cell(3, 1000, 20, 10),
        ("xa", "2023", PROVINCE): cell(3, 1000, 2, 1),
    }
    answer = ask(application(cells=cells), address(suffix), "elsewhere")
    assert targets(suffix, answer.content)["labour-low"][2:7] == ["3,0", "3,0", "(*)", "300,0", "(*)"]


# From where and when one looks


@each_format
def test_the_same_report_is_not_sent_twice_and_never_to_another_scope(suffix: str) -> None:
    tag = fetched(suffix).headers["etag"]
    assert ask(application(cells=TWO_YEARS, known=KNOWN_OF), address(suffix), tag=tag).status_code == 304
    assert ask(application(cells=TWO_YEARS, known=KNOWN_OF), address(suffix), "elsewhere", tag=tag).status_code == 200
    other = dict(KNOWN_OF) | {("xa", THIRD): Receipt(NOW)}
    assert ask(application(cells=TWO_YEARS, known=other), address(suffix), tag=tag).status_code == 200
    changed = {**TWO_YEARS, ("xa", "2023", PROVINCE): cell(3, 1000, 6, 2, 400, 301, 8, 8)}
    assert ask(application(cells=changed, known=KNOWN_OF), address(suffix), tag=tag).status_code == 200


@each_format
def test_a_report_of_the_past_and_of_another_tree_says_so(suffix: str) -> None:
    app = application(stood=STOOD)
    before = targets(suffix, ask(app, address(suffix), knownAt="2024-12-23T00:00:00Z").content)
    assert before["informed"][7] == "chưa đủ báo cáo; 150/200; 2/3 đơn vị báo cáo; sơ bộ"
    other = ask(app, address(suffix), asOfHierarchy="2025-12-31").content
    assert targets(suffix, other)["informed"][7] == "có nguy cơ; 210/300; 3/3 đơn vị báo cáo"
    assert "Địa bàn tính theo đơn vị hành chính ngày 31/12/2025. Không tách được 3 đơn vị" in text(suffix, other)


# What others wrote


HOSTILE = '=HYPERLINK("http://x")<script>alert(1)</script>&amp;\x00\x1b\'{{ 7*7 }}'
HARMLESS = HOSTILE.replace("\x00", "").replace("\x1b", "")


def told_by(release: Release, suffix: str, notice: Label | None = None) -> Any:
    class Other(FixedRegistry):
        pass

    Other.release, Other.notice = release, notice
    context = Context(TableReads(cells=TWO_YEARS, known=KNOWN_OF), Other(keys(), notice=notice), FixedClock())
    app: FastAPI = create_app("api", [router(context)], Metrics(), {"registry": lambda: True})
    answer = ask(app, address(suffix))
    assert answer.status_code == 200, answer.text
    return answer.text if suffix == "html" else answer.content


def hostile() -> Release:
    named = Label(HOSTILE, HOSTILE)
    plan = replace(
        PLAN,
        label=named,
        issuer=HOSTILE,
        targets={id_: replace(one, label=named) for id_, one in PLAN.targets.items()},
        duties={id_: replace(one, label=named, to=HOSTILE) for id_, one in PLAN.duties.items()},
        tasks={id_: replace(one, owner=HOSTILE) for id_, one in PLAN.tasks.items()},
    )
    units = [replace(unit, name=HOSTILE) for unit in TREE.units.values()]
    return replace(RELEASE, plans={PLAN.id: plan}, tree=UnitTree(units))


def test_hostile_names_are_text_on_the_page() -> None:
    page = told_by(hostile(), "html")
    assert "script" not in Cells(page).tags
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;" in page
    assert "{{ 7*7 }}" in page
    assert "\x00" not in page


def test_hostile_names_are_never_a_formula_or_a_link() -> None:
    body = told_by(hostile(), "xlsx")
    assert any(HARMLESS in row for sheet in sheets(body).values() for row in sheet)
    with zipfile.ZipFile(io.BytesIO(body)) as parts:
        assert not [name for name in parts.namelist() if "extern" in name.lower() or "vba" in name.lower()]
        for name in (one for one in parts.namelist() if one.startswith("xl/worksheets/sheet")):
            assert re.search(r"<(f|hyperlink)[ >]", parts.read(name).decode()) is None


def test_hostile_names_are_text_in_word() -> None:
    body = told_by(hostile(), "docx")
    assert HARMLESS in {one for row in rows("docx", body) for one in row}
    with zipfile.ZipFile(io.BytesIO(body)) as parts:
        assert b"w:hyperlink" not in parts.read("word/document.xml")


# How it looks


@each_format
def test_what_a_decree_asks_for_is_there_and_what_only_a_person_knows_is_a_blank(suffix: str) -> None:
    written = text(suffix, fetched(suffix).content)
    for said in (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "Số: ……/BC-UBND",
        "Lạng Sơn, ngày ….. tháng ….. năm ……..",
        "BÁO CÁO",
        "Kết quả thực hiện các chỉ tiêu năm 2024",
        "Kính gửi: ……………",
        "Nơi nhận:",
        "- Lưu: VT, …………….",
        "[QUYỀN HẠN, CHỨC VỤ CỦA NGƯỜI KÝ]",
        "[Họ và tên]",
        "Phụ lục I",
        "(Kèm theo Báo cáo số ……/BC-UBND ngày ….. tháng ….. năm …….. của UBND tỉnh)",
    ):
        assert said in written
    assert "Số liệu tổng hợp đến: 10:00:00 ngày 24/12/2024; hạn tính theo ngày 26/12/2024." in written


@each_format
def test_simulated_figures_are_called_so_wherever_there_are_any(suffix: str) -> None:
    body = told_by(RELEASE, suffix, Label("Số liệu mô phỏng", "Simulated"))
    if suffix == "xlsx":
        assert all(any("Số liệu mô phỏng" in row for row in sheet) for sheet in sheets(body).values())
    else:
        content = body.encode() if isinstance(body, str) else body
        assert text(suffix, content).count("Số liệu mô phỏng") == 4  # the report and its three appendices


def test_the_paper_is_that_of_the_decree() -> None:
    """Phụ lục I, section I: A4; margins 20–25, 30–35, 15–20 mm; Times New Roman. Tables stand across the paper."""
    file = docx.Document(io.BytesIO(fetched("docx").content))
    assert file.styles["Normal"].font.name == "Times New Roman"
    assert file.styles["Normal"].font.size is not None
    assert file.styles["Normal"].font.size.pt == 14
    first, *others = file.sections
    assert [one.orientation for one in others] == [WD_ORIENT.LANDSCAPE] * 3
    for pages in (first, *others):
        assert pages.page_width is not None
        assert pages.page_height is not None
        assert sorted((round(pages.page_width.mm), round(pages.page_height.mm))) == [210, 297]
        for margin, low, high in (
            (pages.top_margin, 20, 25),
            (pages.bottom_margin, 20, 25),
            (pages.left_margin, 30, 35),
            (pages.right_margin, 15, 20),
        ):
            assert margin is not None
            assert low <= round(margin.mm) <= high
        assert pages.different_first_page_header_footer
    wide = [sum(column.width.mm for column in table.columns if column.width) for table in file.tables]
    assert all(width <= 252.5 for width in wide)


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    answer = fetched("html")
    page = Cells(answer.text)
    assert page.tags.isdisjoint({"script", "link", "img", "iframe", "object", "form", "base"})
    assert page.attributes.isdisjoint({"style", "src", "href", "onclick", "onload"})
    policy = answer.headers["content-security-policy"]
    [style] = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("suffix", "kind", "disposition"),
    [
        ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "attachment"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "attachment"),
        ("html", "text/html; charset=utf-8", "inline"),
    ],
)
def test_a_file_has_its_kind_and_a_name(suffix: str, kind: str, disposition: str) -> None:
    headers = fetched(suffix, "201").headers
    assert headers["content-type"] == kind
    assert headers["content-disposition"] == f'{disposition}; filename="bao-cao-lang-son-201-2024.{suffix}"'
    assert headers["cache-control"] == "private, no-cache"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("soffice is not installed: that LibreOffice opens the documents is not seen")
    profile = tmp_path_factory.mktemp("office")
    yield [program, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to"]


@pytest.mark.parametrize(
    ("suffix", "as_"),
    [
        ("docx", "txt:Text (encoded):UTF8"),
        ("xlsx", "html"),
    ],
)
def test_libreoffice_opens_it_and_reads_the_same(office: list[str], tmp_path: Path, suffix: str, as_: str) -> None:
    file = tmp_path / f"report.{suffix}"
    file.write_bytes(fetched(suffix).content)
    done = subprocess.run([*office, as_, "--outdir", str(tmp_path), str(file)], capture_output=True, check=True)
    [read] = [one for one in tmp_path.iterdir() if one != file]
    told = read.read_text("utf-8")
    assert "Error" not in done.stderr.decode()
    assert "KẾT QUẢ THỰC HIỆN CÁC CHỈ TIÊU" in told
    assert all(figure in told for figure in ("79,5", "99,4", "106,0", "318/400"))
