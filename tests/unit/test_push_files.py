"""What `chitieu push` makes of a file: one line a report, as written, with the number people see; and its journal."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from chitieu.cli.journal import Journal
from chitieu.cli.report_file import Format, ReportFile
from chitieu.cli.report_table import Numbers
from chitieu.client.answers import LineResult
from chitieu.domain.errors import InvalidRequest

DEFAULTS = {"form": "xa", "period": "2024"}


def lines(
    path: Path,
    content: str | bytes,
    kind: Format,
    defaults: Mapping[str, str] = DEFAULTS,
    numbers: Numbers = Numbers.VI,
) -> list[tuple[int, Any]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    found = ReportFile(path, "the file", kind, defaults, numbers).lines()
    return [(line.number, json.loads(line.body)) for line in found]


def test_a_row_is_a_report_with_its_line_number(tmp_path: Path) -> None:
    told = lines(tmp_path / "a", "unit,parents,note\n00001,100,\n\n00002,n/a,x\n", Format.CSV)
    assert told == [
        (2, {"form": "xa", "period": "2024", "unit": "00001", "values": {"parents": "100"}}),
        (4, {"form": "xa", "period": "2024", "unit": "00002", "values": {"parents": "n/a", "note": "x"}}),
    ]


def test_a_row_says_its_own_form_and_period_and_zeros_stay(tmp_path: Path) -> None:
    told = lines(tmp_path / "a", "\ufeffunit;form;period;parents\n00001;tinh;2023S1;0\n", Format.CSV)
    assert told == [(2, {"form": "tinh", "period": "2023S1", "unit": "00001", "values": {"parents": "0"}})]


@pytest.mark.parametrize(("numbers", "said"), [(Numbers.VI, "1,234.5"), (Numbers.EN, 1234.5)])
def test_numbers_are_english_only_if_it_is_said(tmp_path: Path, numbers: Numbers, said: Any) -> None:
    told = lines(tmp_path / "a", 'unit,budget\n00001,"1,234.5"\n', Format.CSV, DEFAULTS, numbers)
    assert told[0][1]["values"] == {"budget": said}


def test_a_json_line_keeps_every_digit_and_gets_what_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text('{"unit": "00001", "values": {"budget": 1.50}}\n\n{"form": "tinh"}\nnonsense\n')
    found = list(ReportFile(path, "a", Format.NDJSON, DEFAULTS, Numbers.VI).lines())
    assert [line.number for line in found] == [1, 3, 4]
    assert b'"budget": 1.50' in found[0].body
    assert json.loads(found[0].body)["form"] == "xa"
    assert json.loads(found[1].body) == {"period": "2024", "form": "tinh"}
    assert (found[2].body, found[2].address) == (b"nonsense", None)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "no header"),
        ("form,period\nxa,2024\n", "no column 'unit'"),
        ("unit,parents,parents\n1,2,3\n", "appears twice"),
        (b"unit,parents\n00001,\xff\n", "not in UTF-8"),
        ('unit,parents\n00001,"1"2\n', "line 2 is no CSV"),
    ],
)
def test_a_table_that_leaves_open_what_is_meant_is_refused(tmp_path: Path, content: str | bytes, why: str) -> None:
    with pytest.raises(InvalidRequest) as error:
        lines(tmp_path / "a", content, Format.CSV)
    assert why in error.value.problems[0].en


def written(path: Path, push: Mapping[str, str], *firsts: int) -> None:
    journal = Journal(path, push)
    journal.open()
    with journal:
        for first in firsts:
            journal.write(first, [LineResult(line=first, status=202, submission="ab", partition=0, position=first)])


def known(path: Path, push: Mapping[str, str]) -> list[int]:
    journal = Journal(path, push)
    journal.open()
    with journal:
        return sorted(journal.known)


def test_a_push_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.push"
    written(path, {"file": "1"}, 2, 4)
    written(path, {"file": "1"}, 6)
    assert known(path, {"file": "1"}) == [2, 4, 6]


def test_another_push_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.push"
    written(path, {"file": "1"}, 2)
    assert known(path, {"file": "2"}) == []


def test_wherever_writing_stopped_no_batch_is_known_in_part(tmp_path: Path) -> None:
    path = tmp_path / "a.push"
    written(path, {"file": "1"}, 2, 4)
    whole = path.read_bytes()
    complete = len(whole) - len(whole.splitlines(keepends=True)[-1])
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        assert known(path, {"file": "1"}) == ([2] if cut >= complete else [])
