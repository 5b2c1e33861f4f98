"""Filled templates over HTTP: understood without guessing, wrong by sheet and cell, hostile ones refused."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from chitieu.adapters.workbook import MOST_REPORTS
from chitieu.adapters.workbook.layout import Layout
from chitieu.adapters.workbook.reading import LIMITS
from chitieu.adapters.workbook.writing import ToFill, template
from chitieu.contracts.media_types import XLSX
from chitieu.domain.form import Form
from chitieu.domain.period import Days, Period
from services.ingest.workbooks import WORKING_BYTES
from tests.contract.ingest_service import BODY, CONTENT, PUT, UNIT, Service
from tests.support.spreadsheet_program import Typed, filled_in, rewritten, with_cells
from tests.unit.commune_release import CATALOGUE, FIRST, GOOD, SECOND, UNITS

URL = "/v1/workbooks"
SHEET = "1. 00001 Xã Một"
DAYS = Days(date(2023, 12, 15), date(2024, 6, 14))
LAYOUT = Layout(SECOND, CATALOGUE)
# The cell with the figure of each field, and the one that says that an element is not applicable.
CELLS = {name: cell for cell, name in LAYOUT.inputs() if cell.startswith("D")}
NOT_APPLICABLE = {name: cell for cell, name in LAYOUT.inputs() if cell.startswith("E")}
GOOD_CELLS: dict[str, Typed] = {
    CELLS[key]: 12.5 if key == "budget" else said if isinstance(said, int) else str(said)
    for key, said in GOOD.items()
    if said is not None
}
Json = Any


def book(*codes: str, form: Form = SECOND, period: str = "2024S1") -> bytes:
    units = {unit.id: unit for unit in UNITS}
    named = [units[code] if "@" in code else units[f"{code}@2000-01-01"] for code in codes or ("00001",)]
    empty = [ToFill(unit, Period.parse(period), DAYS, {}, None, {}) for unit in named]
    return template(form, CATALOGUE, empty, None, datetime(2024, 7, 1, tzinfo=UTC))


def good(*codes: str, **options: Any) -> bytes:
    content = book(*codes, **options)
    for sheet in range(1, len(codes or "1") + 1):
        content = filled_in(content, GOOD_CELLS, sheet)
    return content


@pytest.fixture
def service() -> Service:
    return Service()


def send(service: Service, content: bytes, url: str = URL, **request: Any) -> httpx.Response:
    headers = {"Content-Type": XLSX, **request.pop("headers", {})}
    return service.answer("POST", url, content=content, headers=headers, **request)


def told(answer: httpx.Response) -> list[tuple[str, str | None, str | None, str]]:
    """Every problem: code, sheet, cell, pointer."""
    assert answer.headers["content-type"] == "application/problem+json"
    return [(e["code"], e.get("sheet"), e.get("cell"), e["pointer"]) for e in answer.json()["errors"]]


def changed(content: bytes, part: str, change: Callable[[str], str]) -> bytes:
    done = rewritten(content, lambda name, text: change(text.decode()).encode() if name == part else text)
    assert done != content
    return done


def test_a_filled_template_says_what_the_same_report_by_put_says(service: Service) -> None:
    answer = send(service, good())
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    (line,) = answer.json()
    assert (line["line"], line["sheet"], line["status"], line["unit"], line["content"]) == (
        1,
        SHEET,
        202,
        UNIT,
        CONTENT,
    )
    assert line["location"].startswith("/v1/submissions/")
    assert service.put(BODY, PUT).json()["content"] == CONTENT
    by_workbook, by_put = service.log.events
    assert (by_workbook.path, by_workbook.form_version, by_workbook.states) == (by_put.path, 2, by_put.states)


def test_what_is_wrong_is_named_by_sheet_and_cell(service: Service) -> None:
    cells = GOOD_CELLS | {
        CELLS["parents_informed"]: 1235,
        CELLS["budget"]: 12.55,
        CELLS["teachers"]: -1,
        CELLS["managers"]: "hai",
        CELLS["hazardous"]: 21,
        CELLS["events"]: True,
    }
    answer = send(service, filled_in(book(), cells))
    assert answer.status_code == 422
    assert set(told(answer)) == {
        ("part_above_whole", SHEET, CELLS["parents_informed"], "/values/parents_informed"),
        ("too_precise", SHEET, CELLS["budget"], "/values/budget"),
        ("negative", SHEET, CELLS["teachers"], "/values/teachers"),
        ("wrong_type", SHEET, CELLS["managers"], "/values/managers"),
        ("part_above_whole", SHEET, CELLS["hazardous"], "/values/hazardous"),
        ("wrong_type", SHEET, CELLS["events"], "/values/events"),
    }
    assert service.log.events == []


def test_missing_options_are_named_at_one_that_is_there_and_an_empty_sheet_as_a_whole(service: Service) -> None:
    answer = send(service, filled_in(book(), {CELLS["labour.f"]: 1}))
    assert told(answer) == [("options_incomplete", SHEET, CELLS["labour.f"], "/values/labour.f")]
    assert told(send(service, book())) == [("empty_report", SHEET, None, "/values")]


def test_not_applicable_is_chosen_for_an_element_or_typed_as_a_figure(service: Service) -> None:
    chosen = {NOT_APPLICABLE["labour"]: "n/a", NOT_APPLICABLE["hazardous"]: "n/a", CELLS["teachers"]: " N/A "}
    assert send(service, filled_in(book(), chosen)).status_code == 200
    (event,) = service.log.events
    assert event.states == bytes((0, 0, 2, 2, 2, 0, 0, 0, 2, 0, 0, 0, 0))


def test_a_figure_and_not_applicable_at_once_are_refused_at_the_second(service: Service) -> None:
    answer = send(service, filled_in(book(), {CELLS["parents"]: 3, NOT_APPLICABLE["parents"]: "n/a"}))
    assert told(answer) == [("repeated_member", SHEET, NOT_APPLICABLE["parents"], "/values/parents")]


def test_all_sheets_are_sent_or_none(service: Service) -> None:
    units = ("00001", "00002@2022-07-01", "00010@2024-01-01")
    answer = send(service, good(*units), headers={"Idempotency-Key": "k"})
    assert [(one["line"], one["status"], one["unit"][:5]) for one in answer.json()] == [
        (1, 202, "00001"),
        (2, 202, "00002"),
        (3, 202, "00010"),
    ]
    first = [event.submission for event in service.log.events]
    again = send(service, good(*units), headers={"Idempotency-Key": "k"})
    assert [bytes.fromhex(one["submission"]) for one in again.json()] == first
    service.log.events.clear()
    wrong = filled_in(good(*units), {CELLS["parents"]: 1}, sheet=2)
    assert told(send(service, wrong)) == [
        ("part_above_whole", "2. 00002 Xã Hai Mới", CELLS["parents_informed"], "/values/parents_informed")
    ]
    assert service.log.events == []


def test_validating_says_the_same_and_sends_nothing(service: Service) -> None:
    (line,) = send(service, good(), f"{URL}:validate").json()
    expected = {"line": 1, "status": 200, "form": "xa", "period": "2024S1", "unit": UNIT, "content": CONTENT}
    assert line == {**expected, "sheet": SHEET}
    wrong = filled_in(book(), {CELLS["parents"]: -1})
    assert told(send(service, wrong, f"{URL}:validate")) == told(send(service, wrong))
    assert service.log.events == []


def test_a_template_of_an_older_version_is_judged_by_it(service: Service) -> None:
    old = {cell: name for cell, name in Layout(FIRST, CATALOGUE).inputs() if cell.startswith("D")}
    leaflets = next(cell for cell, name in old.items() if name == "leaflets")
    assert send(service, filled_in(book(form=FIRST), {leaflets: 5})).status_code == 200
    assert service.log.events[0].form_version == 1


@pytest.mark.parametrize(
    ("codes", "period", "problem"),
    [
        (["00009"], "2024S1", "unit_does_not_report"),
        (["00001"], "2025S1", "period_not_open"),
        (["00001"], "2024Q1", "period_not_collected"),
    ],
)
def test_a_report_that_is_not_taken_is_named_by_its_sheet(
    service: Service, codes: list[str], period: str, problem: str
) -> None:
    ((code, sheet, cell, _),) = told(send(service, good(*codes, period=period)))
    assert (code, sheet[:2] if sheet else None, cell) == (problem, "1.", None)


def test_another_s_unit_is_forbidden(service: Service) -> None:
    answer = send(service, good(), key="commune2")
    assert (answer.status_code, told(answer)) == (403, [("forbidden_unit", SHEET, None, "")])


def test_without_a_broker_the_same_is_to_be_sent_again(service: Service) -> None:
    service.log.away_from = 0
    assert send(service, good()).status_code == 503
    service.log.away_from = 1
    results = send(service, good("00001", "00010@2024-01-01")).json()
    assert [one["status"] for one in results] == [202, 503]
    assert results[1]["sheet"].startswith("2. 00010")


def test_what_is_no_workbook_by_its_type_size_or_sender_is_refused_unread(service: Service) -> None:
    assert send(service, good(), headers={"Content-Type": "application/vnd.ms-excel"}).status_code == 415
    assert send(service, b"PK" + bytes(LIMITS.file_bytes)).status_code == 413
    assert send(service, good(), key=None).status_code == 401
    assert send(service, good(), key="reader").status_code == 403
    assert send(service, good(), headers={"If-Match": '"1"'}).status_code == 400


# Hostile ones.

SHEET_PART, HIDDEN_PART = "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"


@pytest.mark.parametrize(
    "formula",
    [
        "<f>1+1</f>",
        "<f/>",
        '<f t="shared" si="0"/>',
        '<f t="array" ref="{cell}">SUM(A1)</f>',
        "<f>WEBSERVICE(&quot;x&quot;)</f>",
    ],
)
def test_a_formula_where_a_figure_is_asked_is_refused_at_its_cell(service: Service, formula: str) -> None:
    cell = CELLS["parents"]
    answer = send(service, with_cells(good(), {cell: ("", formula.replace("{cell}", cell) + "<v>1234</v>")}))
    assert told(answer) == [("formula_in_cell", SHEET, cell, "/values/parents")]


def test_a_formula_for_a_range_is_refused_in_all_of_it(service: Service) -> None:
    first, last = CELLS["teachers"], CELLS["managers"]
    array = ("", f'<f t="array" ref="{first}:{last}">A1:A2</f><v>40</v>')
    answer = send(service, with_cells(good(), {first: array}))
    assert {(code, cell) for code, _, cell, _ in told(answer)} == {
        ("formula_in_cell", first),
        ("formula_in_cell", last),
    }


def test_a_row_that_was_put_in_between_is_noticed(service: Service) -> None:
    def moved(text: str) -> str:
        def down(found: re.Match[str]) -> str:
            return f'{found[1]}{int(found[2]) + (int(found[2]) >= 16)}"'

        return re.sub(r'((?:<c|<row) r="[A-Z]*)(\d+)"', down, text)

    answer = send(service, changed(good(), SHEET_PART, moved))
    assert answer.status_code == 422
    assert ("template_changed", SHEET, CELLS["parents"], "/values/parents") in told(answer)
    assert "template_changed" not in {code for code, _, cell, _ in told(answer) if cell == CELLS["hazardous"]}


def shared(text: str) -> Callable[[str], str]:
    """A change of one text among all that the workbook's sheets show."""
    old, _, new = text.partition(" -> ")
    return lambda whole: whole.replace(f"<t>{old}</t>", f"<t>{new}</t>")


@pytest.mark.parametrize(
    "change",
    [
        "chitieu template -> another's",
        "report -> raport",
        "cell -> sell",
        f"{CELLS['parents']} -> D0",
        f"{CELLS['parents']} -> D99999999",
        f"{CELLS['parents']} -> D16:D17",
        "1. 00001 Xã Một -> Sheet9",
    ],
)
def test_a_hidden_sheet_that_was_changed_is_no_template(service: Service, change: str) -> None:
    content = changed(good(), "xl/sharedStrings.xml", shared(change))
    assert told(send(service, content)) == [("not_a_template", None, None, "")]


def test_a_workbook_without_the_hidden_sheet_is_no_template(service: Service) -> None:
    content = changed(good(), "xl/workbook.xml", lambda text: text.replace('"_chitieu"', '"Sheet2"'))
    assert told(send(service, content)) == [("not_a_template", None, None, "")]


def test_more_sheets_than_a_template_has_are_refused(service: Service) -> None:
    many = [
        ToFill(replace(UNITS[4], code=f"{n:05}"), Period.parse("2024S1"), DAYS, {}, None, {})
        for n in range(MOST_REPORTS + 1)
    ]
    content = template(SECOND, CATALOGUE, many, None, datetime(2024, 7, 1, tzinfo=UTC))
    assert told(send(service, content)) == [("not_a_template", None, None, "")]


def doctype(text: str) -> str:
    return re.sub(r"(<\?xml[^>]*\?>)", r'\1<!DOCTYPE x [<!ENTITY a "1">]>', text, count=1)


def far(text: str) -> str:
    return text.replace("</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>')


HOSTILE: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "no zip": lambda: b"unit,parents\n1,2\n",
    "macros": lambda: rewritten(good(), lambda _, part: part, ("xl/vbaProject.bin", b"macro")),
    "links": lambda: rewritten(good(), lambda _, part: part, ("xl/externalLinks/externalLink1.xml", b"<x/>")),
    "bomb": lambda: rewritten(good(), lambda _, part: part, ("xl/media/1.bin", bytes(LIMITS.unpacked_bytes))),
    "parts": lambda: rewritten(good(), lambda _, part: part, *((f"x/{n}", b"") for n in range(LIMITS.parts))),
    "doctype": lambda: changed(good(), SHEET_PART, doctype),
    "doctype in the book": lambda: changed(good(), "xl/workbook.xml", doctype),
    "far cells": lambda: changed(good(), SHEET_PART, far),
    "far hidden cells": lambda: changed(good(), HIDDEN_PART, far),
    "no xml": lambda: changed(good(), SHEET_PART, lambda text: text[: len(text) // 2]),
    "one part for two sheets": lambda: changed(
        good(), "xl/_rels/workbook.xml.rels", lambda text: text.replace("sheet2.xml", "sheet1.xml")
    ),
    "a cell nowhere": lambda: changed(good(), SHEET_PART, lambda text: text.replace('r="D16"', 'r="16D"')),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_workbook_is_refused_with_a_sentence(service: Service, what: str) -> None:
    answer = send(service, HOSTILE[what]())
    assert answer.status_code == 422
    ((code, _, cell, pointer),) = told(answer)
    assert (code in {"unreadable_file", "not_a_template"}, cell, pointer) == (True, None, "")
    assert service.log.events == []


def test_damage_anywhere_is_a_sentence_or_a_result(service: Service) -> None:
    whole = good()
    for at in range(0, len(whole), 211):
        answer = send(service, whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        assert answer.status_code in {200, 422}, at


def test_only_as_many_are_read_at_once_as_there_is_room_for() -> None:
    service = Service(limits={"max_held_bytes": WORKING_BYTES + 2**20})

    async def story() -> list[int]:
        service.log.acknowledges.clear()
        async with service.client() as client:
            headers = {"Content-Type": XLSX}
            sent = [asyncio.create_task(client.post(URL, content=good(), headers=headers)) for _ in range(3)]
            done, waiting = await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED)
            service.log.acknowledges.set()
            return sorted([one.result().status_code for one in done] + [(await one).status_code for one in waiting])

    statuses = asyncio.run(story())
    assert set(statuses) == {200, 429}


def test_a_date_is_no_figure(service: Service) -> None:
    """Excel keeps dates as numbers; what people see is a date."""

    def dated(text: str) -> str:
        return text.replace('formatCode="#,##0"', 'formatCode="dd/mm/yyyy"')

    content = changed(good(), "xl/styles.xml", dated)
    assert {code for code, _, _, _ in told(send(service, content))} == {"wrong_type"}


def test_numbers_are_exact_as_they_were_typed(service: Service) -> None:
    content = with_cells(
        good(), {CELLS["budget"]: ("", "<v>0.10000000000000001</v>"), CELLS["parents"]: ("", "<v>1.234E3</v>")}
    )
    assert send(service, content).status_code == 200
    values = service.log.events[0].values.tolist()  # type: ignore[attr-defined]
    assert (values[5], values[7]) == (1234, 1)
