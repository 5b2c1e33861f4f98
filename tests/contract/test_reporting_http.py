"""Reporting on the page over HTTP: filled in, judged by the real ingest, sent, corrected, taken back; what is owed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitieu.adapters.http import create_app
from chitieu.adapters.metrics import Metrics
from chitieu.adapters.workbook.layout import Layout
from chitieu.contracts.media_types import XLSX
from chitieu.domain.access import AccessKey, digest, presented
from chitieu.domain.obligation import Receipt
from chitieu.domain.rollup import Decision, MessageKind
from services.api.queries import Progress
from services.api.web import session
from services.api.web.filled import Filled, Group
from services.ingest.app import router as ingest_router
from services.ingest.service import Ingest
from services.ingest.settings import IngestSettings
from tests.contract.ingest_service import FakeLog, FakeOutcomes
from tests.contract.test_api_http import ID, KNOWN, FixedClock, FixedRegistry, keys, message
from tests.contract.test_template_http import stood
from tests.contract.test_web_http import Browser
from tests.support.local_http import Fault, Faulty, serving
from tests.support.spreadsheet_program import filled_in
from tests.unit.small_release import CATALOGUE, COMMUNE, COMMUNE_FORM, DISTRICT, NATION

PLACE = "/r/xa/2024/00001"
HERE = f"/r/xa/2024/{COMMUNE}"
RIGHT = {"children": "1.000", "labour.m": "3", "labour.f": "0", "parents": "400", "informed": "318"}
CELLS = {name: cell for cell, name in Layout(COMMUNE_FORM, CATALOGUE).inputs() if cell.startswith("D")}


@dataclass
class Desk(Browser):
    """An officer's browser; ingest stands behind the page with a log in memory."""

    log: FakeLog = field(default_factory=FakeLog)
    key: str = "province"

    def open(self, path: str = PLACE, **more: Any) -> httpx.Response:
        return self.ask(path, **more)

    def post(self, path: str = PLACE, **fields: str) -> httpx.Response:
        return self.ask(path, "POST", data={"csrf": self.token(), **fields})

    def upload(self, content: bytes, **headers: str) -> httpx.Response:
        sent = {"Content-Type": XLSX, session.TOKEN_HEADER: self.token(), **headers}
        return self.ask("/r/workbook", "POST", content=content, headers=sent)

    def as_(self, key: str) -> "Desk":
        self.jar.clear()
        assert self.sign_in(presented(key, "s")).status_code == 303
        return self


@pytest.fixture(scope="module")
def way() -> Iterator[tuple[str, Faulty, FakeLog, FixedRegistry]]:
    """The address of one ingest for all, what fails on the way to it, its log, and the keys of both services."""
    log, registry = FakeLog(), FixedRegistry(keys())
    ingest = Ingest(IngestSettings(), registry, FakeOutcomes(), FakeOutcomes(), log, Metrics(), FixedClock(), bytes)
    faulty = Faulty(create_app("ingest", [ingest_router(ingest)], Metrics(), {}))
    with serving(faulty) as url:
        yield url, faulty, log, registry


@pytest.fixture
def desk(way: tuple[str, Faulty, FakeLog, FixedRegistry]) -> Desk:
    url, faulty, log, registry = way
    log.events.clear()
    faulty.faults.clear()
    return Desk(registry, ingest_url=url, log=log).as_("province")


def wrong_at(answer: httpx.Response, name: str) -> str:
    """What is said at a field, or at an element's total."""
    row = next(line.row for line in Layout(COMMUNE_FORM, CATALOGUE).lines if line.name == name)
    found = re.search(rf'id="wrong-{row}"[^>]*>(.*?)</p>', answer.text)
    assert found is not None
    return re.sub("<[^>]*>", "", found[1])


def value(answer: httpx.Response, name: str) -> str | None:
    found = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', answer.text)
    return None if found is None else found[1]


def before(answer: httpx.Response) -> list[str]:
    found = re.findall(r'class="before"[^>]*>(?:<span[^>]*>[^<]*</span>)?([^<]*)<', answer.text)
    return [one.strip() for one in found]


# The form


def test_the_form_asks_for_what_its_definition_says_and_shows_the_period_before(desk: Desk) -> None:
    desk.reads.stood = [stood("2023", (900, 2, 3), (1, 1, 1))]
    answer = desk.open()
    assert answer.status_code == 200
    assert re.findall(r'<input id="field-\d+" name="([\w.]+)"', answer.text) == [f.key for f in COMMUNE_FORM.fields]
    assert before(answer) == ["900", "5", "2", "3", "–", "–", "–", "–"]
    assert "Hạn nộp: 25/12/2024" in answer.text and "từ 15/12/2023 đến hết 14/12/2024" in answer.text


def test_it_is_filled_in_with_the_revision_in_force(desk: Desk) -> None:
    desk.reads.messages = [message(7, Decision.ACCEPTED, 1)]
    answer = desk.open()
    assert (value(answer, "children"), value(answer, "labour.m"), value(answer, "revision")) == ("1000", "3", "1")
    retracted = message(8, Decision.RETRACTED, 2, values=[], states=[], reason="Nhầm")
    desk.reads.messages.append(retracted)
    answer = desk.open()
    assert (value(answer, "children"), value(answer, "revision")) == ("", "2")


@pytest.mark.parametrize(
    ("path", "status"),
    [("/r/none/2024/00001", 404), ("/r/xa/soon/00001", 404), ("/r/xa/2024/99999", 404), ("/r/xa/2026/00001", 422)],
)
def test_what_would_not_be_taken_has_no_form(desk: Desk, path: str, status: int) -> None:
    answer = desk.open(path)
    assert answer.status_code == status and 'id="filling"' not in answer.text


def test_who_only_reads_is_given_no_fields_and_who_only_writes_no_figures(desk: Desk) -> None:
    desk.reads.messages = [message(7, Decision.ACCEPTED, 1)]
    reader = desk.as_("nation").open()
    assert (
        value(reader, "children") is None
        and ">1000</output>" in reader.text
        and "button class=" not in (reader.text.partition('id="filling"')[2].partition("</form>")[0])
    )
    writer = desk.as_("writer").open()
    assert (value(writer, "children"), value(writer, "revision")) == ("", "")
    assert "1000" not in writer.text


def test_outside_the_subtree_small_counts_and_reasons_are_withheld(desk: Desk) -> None:
    desk.reads.messages = [
        message(7, Decision.ACCEPTED, 1),
        message(8, Decision.RETRACTED, 2, values=[], states=[], reason="Em Nguyễn Văn A"),
    ]
    desk.reads.stood = [stood("2023", (900, 2, 3), (1, 1, 1))]
    inside, outside = desk.open(), desk.as_("elsewhere").open()
    assert "Em Nguyễn Văn A" in inside.text and "Em Nguyễn Văn A" not in outside.text
    assert before(outside)[:4] == ["900", "–", "1-5", "1-5"]
    assert '<td class="number">3</td>' in inside.text and '<td class="number">3</td>' not in outside.text


# Judged and sent


def test_what_is_wrong_is_told_at_its_field_while_it_is_filled_in_and_nothing_is_sent(desk: Desk) -> None:
    answer = desk.post(PLACE + "/check", **{**RIGHT, "informed": "401", "labour.f": "ba"})
    assert answer.status_code == 200
    assert "lớn hơn tổng" in wrong_at(answer, "informed") and "phải là số" in wrong_at(answer, "labour.f")
    assert wrong_at(answer, "parents") == ""
    assert 'href="#field-' in answer.text and "Có 2 chỗ cần sửa" in answer.text
    assert desk.log.events == []


def test_totals_come_with_the_judgement(desk: Desk) -> None:
    answer = desk.post(PLACE + "/check", **{**RIGHT, "labour.m": "1.200", "labour.f": "34"})
    assert re.findall(r'<output class="sum"[^>]*>([^<]*)<', answer.text) == ["1.234"]
    right = desk.post(PLACE + "/check", **RIGHT)
    assert "Số liệu hợp lệ" in right.text


def test_a_wrong_report_comes_back_as_it_was_typed(desk: Desk) -> None:
    answer = desk.post(**{**RIGHT, "informed": "<401>"})
    assert answer.status_code == 422
    assert value(answer, "informed") == "&lt;401&gt;" and value(answer, "children") == "1.000"
    assert 'aria-invalid="true"' in answer.text and desk.log.events == []


def test_a_right_report_is_in_the_log_under_the_key_of_who_is_signed_in(desk: Desk) -> None:
    answer = desk.post(revision="0", **RIGHT)
    assert answer.status_code == 303
    (event,) = desk.log.events
    assert (event.unit, event.author, event.replaces) == (COMMUNE, "province", 0)
    assert answer.headers["location"] == f"{HERE}?sent={event.submission.hex()}&at=3%3A0"


def test_a_second_click_is_the_same_submission_and_a_later_correction_another(desk: Desk) -> None:
    for revision in ("1", "1", "2"):
        desk.post(revision=revision, **RIGHT)
    first, again, later = (event.submission for event in desk.log.events)
    assert first == again != later


def test_without_sight_of_the_revision_none_is_replaced_by_number(desk: Desk) -> None:
    desk.as_("writer").post(revision="", **RIGHT)
    assert [event.replaces for event in desk.log.events] == [None]


def test_not_applicable_goes_before_figures_that_were_typed_before_it(desk: Desk) -> None:
    desk.post(**RIGHT, **{"not-applicable/labour": "1", "not-applicable/informed": "1"})
    (event,) = desk.log.events
    assert event.states == bytes((1, 2, 2, 1, 2, 0, 0))


@given(st.dictionaries(st.sampled_from([f.key for f in COMMUNE_FORM.fields]), st.integers(0, 10**6), min_size=1))
def test_what_a_report_says_is_what_its_form_sends_again(said: dict[str, int]) -> None:
    lines = Layout(COMMUNE_FORM, CATALOGUE).lines
    below = {head.row: [one for one in lines if one.asked is head.asked and one is not head] for head in lines}
    parts = [Group(head, below[head.row]) for head in lines if head.heads]
    texts = {key: str(figure) for key, figure in said.items()}
    assert Filled.sent(texts, parts).values(parts) == texts


@pytest.mark.parametrize("fault", [Fault.AWAY, Fault.BUSY])
def test_with_ingest_away_what_was_typed_is_not_lost(
    desk: Desk, way: tuple[str, Faulty, FakeLog, FixedRegistry], fault: Fault
) -> None:
    way[1].faults.extend([fault] * 2)
    answer = desk.post(**RIGHT)
    assert answer.status_code in (429, 503) and value(answer, "children") == "1.000"
    desk.ingest_url = "http://127.0.0.1:9"
    cut = Desk(desk.registry, jar=desk.jar, ingest_url="http://127.0.0.1:9").post(**RIGHT)
    assert cut.status_code == 503 and value(cut, "children") == "1.000"
    assert desk.log.events == []


def test_a_lost_answer_is_asked_for_again_and_sent_once(
    desk: Desk, way: tuple[str, Faulty, FakeLog, FixedRegistry]
) -> None:
    way[1].faults.append(Fault.CUT_AFTER)
    assert desk.post(**RIGHT).status_code == 303
    assert len({event.submission for event in desk.log.events}) == 1


def test_a_form_of_another_page_sends_nothing(desk: Desk) -> None:
    for path in (PLACE, PLACE + "/check", PLACE + "/retract"):
        answer = desk.ask(path, "POST", data={"csrf": "0" * 64, "reason": "x", **RIGHT})
        assert answer.status_code == 403
    assert desk.log.events == []


def test_another_s_unit_is_refused_by_ingest_itself(desk: Desk) -> None:
    answer = desk.as_("strange-writer").post(**RIGHT)
    assert answer.status_code == 403 and desk.log.events == []


def test_a_revoked_key_is_led_to_sign_in(desk: Desk) -> None:
    desk.registry.keys.add(AccessKey("gone", digest("s"), NATION, frozenset({"reports:write"})))
    token = desk.as_("gone").token()
    desk.registry.keys.revoke("gone")
    answer = desk.ask(PLACE, "POST", data={"csrf": token, **RIGHT})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


# What became of it


def test_until_it_counts_the_receipt_asks_again_and_then_shows_the_new_figures(desk: Desk) -> None:
    desk.reads.at = Progress({0: 7}, KNOWN)
    pending = desk.open(f"{PLACE}?sent={ID}&at=0:7")
    assert 'data-outcome="pending"' in pending.text and 'id="filling"' not in pending.text
    assert f'hx-get="{PLACE}?sent={ID}&amp;at=0:7"' in pending.text
    desk.reads.at, desk.reads.messages = Progress({0: 8}, KNOWN), [message(7, Decision.ACCEPTED, 1)]
    counted = desk.open(f"{PLACE}?sent={ID}&at=0:7")
    assert "Đã tính vào số liệu: bản số 1" in counted.text and "hx-get" not in counted.text
    assert value(counted, "children") == "1000"


@pytest.mark.parametrize(
    ("decision", "said"),
    [(Decision.CONFLICT, "Không tính"), (Decision.UNCHANGED, "không có gì thay đổi"), (Decision.RETRACTED, "Đã rút")],
)
def test_a_receipt_says_what_became_of_it(desk: Desk, decision: Decision, said: str) -> None:
    desk.reads.messages = [message(7, decision, 2)]
    assert said in desk.open(f"{PLACE}?sent={ID}&at=0:7").text


def test_the_history_says_what_each_revision_changed(desk: Desk) -> None:
    desk.reads.messages = [
        message(7, Decision.ACCEPTED, 1),
        message(8, Decision.ACCEPTED, 2, values=[1200, 3, 0, 400, 318]),
    ]
    text = desk.open().text.partition('id="history"')[2]
    newest = text.partition("</li>")[0]
    assert "Bản số 2" in newest
    changed = r'<th scope="row">(\w+)</th><td class="number">([\d.]+)</td><td class="number">([\d.]+)'
    assert re.findall(changed, newest) == [("children", "1.000", "1.200")]


def test_a_report_is_taken_back_with_its_reason_and_not_without(desk: Desk) -> None:
    desk.reads.messages = [message(7, Decision.ACCEPTED, 1)]
    answer = desk.post(PLACE + "/retract", revision="1", reason=" ")
    assert answer.status_code == 400 and "Cần nêu lý do" in answer.text and desk.log.events == []
    assert desk.post(PLACE + "/retract", revision="1", reason="Nhầm xã").status_code == 303
    (event,) = desk.log.events
    assert (event.kind, event.reason, event.replaces) == (MessageKind.RETRACTION, "Nhầm xã", 1)


# By Excel


def template(desk: Desk) -> bytes:
    return desk.open("/v1/forms/xa/template.xlsx?period=2024&unit=00001").content


def test_a_filled_template_is_sent_and_leads_to_its_receipt(desk: Desk) -> None:
    answer = desk.upload(filled_in(template(desk), {CELLS["parents"]: 10, CELLS["informed"]: 5}))
    (event,) = desk.log.events
    assert f"{HERE}?sent={event.submission.hex()}&amp;at=3:0" in answer.text and "Đã nhận 1 báo cáo" in answer.text


def test_wrong_cells_are_named_and_nothing_is_sent(desk: Desk) -> None:
    answer = desk.upload(filled_in(template(desk), {CELLS["parents"]: 10, CELLS["informed"]: 11}))
    assert answer.status_code == 200 and f'<span class="nowrap">{CELLS["informed"]}</span>' in answer.text
    assert "lớn hơn tổng" in answer.text and "1. 00001 Xã Vân Nham" in answer.text
    assert desk.log.events == []


@pytest.mark.parametrize(("content", "said"), [(b"PK\x03\x04", "Không đọc được"), (b"x" * 1_100_000, "vượt quá")])
def test_what_is_no_template_is_refused_in_words(desk: Desk, content: bytes, said: str) -> None:
    assert said in desk.upload(content).text
    assert desk.log.events == []


def test_another_site_uploads_nothing(desk: Desk) -> None:
    content = filled_in(template(desk), {CELLS["parents"]: 10})
    assert desk.upload(content, **{session.TOKEN_HEADER: "0" * 64}).status_code == 403
    assert desk.upload(content, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert desk.log.events == []


# What is owed


def rows(answer: httpx.Response) -> list[tuple[str, ...]]:
    """Period, last day, state, received."""
    found = re.findall(r"<tr>\s*<th scope=\"row\">(.*?)</tr>", answer.text, re.DOTALL)
    cells = (re.sub(r"<[^>]*>", "\n", one).split("\n") for one in found)
    return [tuple(text for cell in one if (text := cell.strip())) for one in cells]


def test_a_unit_sees_what_it_owes_by_when_and_what_came_of_it(desk: Desk) -> None:
    desk.reads.came = {("xa", "2024"): Receipt(KNOWN), ("xa", "2024S1"): Receipt(datetime(2024, 7, 9, tzinfo=UTC))}
    found = {one[0]: one[1:] for one in rows(desk.open("/r?unit=00001"))}
    assert found["Năm 2024"] == ("25/12/2024", "đúng hạn", "nhận 24/12/2024")
    assert found["6 tháng đầu năm 2024"] == ("04/07/2024", "quá hạn", "nhận 09/07/2024")
    assert found["6 tháng cuối năm 2024"] == ("–", "chưa nhận được")
    assert found["Năm 2023"] == ("25/12/2023", "chưa nộp")
    assert found["Năm 2025"][1] == "chưa đến hạn" and "Năm 2026" not in found


def test_what_was_taken_back_is_owed_again(desk: Desk) -> None:
    desk.reads.came = {("xa", "2023"): Receipt(KNOWN, retracted=True)}
    assert {one[0]: one[2] for one in rows(desk.open("/r?unit=00001"))}["Năm 2023"] == "chưa nộp"


def test_above_the_units_that_report_one_finds_those_below(desk: Desk) -> None:
    answer = desk.open("/r")
    assert "không phải lập báo cáo" in answer.text
    assert 'href="/r?unit=201"' in answer.text and 'href="/r?unit=202"' in answer.text
    assert [one[0] for one in rows(desk.as_("writer").open("/r"))][:1] == ["Năm 2024"]


@pytest.mark.parametrize(("unit", "status"), [("30", 403), ("vn", 403), ("99999", 404), (DISTRICT, 200)])
def test_only_one_s_own_units_are_listed(desk: Desk, unit: str, status: int) -> None:
    assert desk.open("/r", params={"unit": unit}).status_code == status


def test_whoever_neither_reads_nor_writes_reports_is_led_nowhere_here(desk: Desk) -> None:
    desk.registry.keys.add(AccessKey("looker", digest("s"), NATION, frozenset({"attainment:read"})))
    looker = desk.as_("looker")
    assert 'href="/r"' not in looker.open("/").text
    assert looker.open("/r").status_code == 403 == looker.open(PLACE).status_code
