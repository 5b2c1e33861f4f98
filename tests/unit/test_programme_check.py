"""Whatever is wrong with programme files is said with file, line and a sentence, all at once."""

import json
import unicodedata
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from chitieu.adapters.programmes.check import check
from chitieu.adapters.programmes.finding import Finding, Severity, mistakes
from chitieu.cli.programmes import app
from tests.unit.small_programme import (
    CATALOGUE,
    DISTRICT_FORM,
    DOCUMENT,
    FORM,
    PARENT,
    PLAN,
    SECTOR,
    SUCCESSORS,
    UNITS,
    edit,
    line,
    write,
)


class Case(NamedTuple):
    """`old` → `new` in `file` is reported as `sentence` on the first line with `marker`."""

    file: str
    old: str
    new: str
    marker: str
    sentence: str


MISTAKES = {
    # the file itself
    "not YAML": Case(PLAN, "issuer: Tỉnh Bắc", "issuer: [Tỉnh Bắc", "document:", "this is not YAML"),
    "key twice": Case(
        PLAN, "number: 1/KH", "number: 1/KH\nplan: south", "plan: south", "the key 'plan' is given twice; the first is"
    ),
    "tag": Case(PLAN, "to: Sở", "to: !!python/name:os.system x", "to: !!", "tags like"),
    "alias in itself": Case(PLAN, "tasks:", "tasks: &a\n  more: *a", "tasks:", "an alias stands inside"),
    "key is a list": Case(CATALOGUE, "elements:", "elements:\n  [a, b]: c", "[a, b]", "a key must be a word"),
    # format
    "unknown key": Case(
        PLAN, "    due: 2025", "    dew: 2025", "dew:", "there is no key 'dew' here; did you mean 'due'?"
    ),
    "unknown section": Case(PLAN, "tasks:", "chores:", "chores:", "there is no key 'chores' here"),
    "no bound": Case(PLAN, '    bound: "< 1"\n', "", "  rate:", "'targets.rate.bound' is missing"),
    "bound": Case(PLAN, '"< 1"', '"under 1"', "under 1", "'targets.rate.bound' is 'under 1': write `>= 90`, `< 1`"),
    "blank": Case(PLAN, "number: 1/KH", "number:", "number:", "'number' is empty: give it a value, or \"\""),
    "day": Case(
        PLAN, "due: 2025-12-31", "due: 31/12/2025", "31/12/2025", "'targets.rate.due' is '31/12/2025': write a day"
    ),
    "deadline": Case(
        PLAN, "before 15/1 next", "until 15/1", "until", "'duties.yearly.deadline' is 'until 15/1': write"
    ),
    "impossible day": Case(PLAN, "15/1 next", "31/2", "31/2", "there is no such day: 'before 31/2'"),
    "choice": Case(
        CATALOGUE, "en: Courses, counts: event, kind: flow", "en: C, counts: event, kind: flaw", "flaw", "may be"
    ),
    "fraction": Case(FORM, "version: 1", "version: 1.5", "1.5", "'version' is '1.5': write a whole number"),
    "too small": Case(FORM, "version: 1", "version: 0", "version", "'version' is '0': it must be at least 1"),
    "window": Case(FORM, "calendar", "lunar", "lunar", "'collected.0.window' is 'lunar': it may be 'calendar'"),
    "window's day": Case(
        DISTRICT_FORM,
        "last: 14/12",
        "last: 14.12",
        "14.12",
        "'collected.0.window.0.last' is '14.12': write a day and month",
    ),
    "text expected": Case(PLAN, "to: Sở", "to: [Sở]", "[Sở]", "'duties.yearly.to' must be text"),
    "list expected": Case(FORM, 'within: ["01"]', "within: x", "within: x", "must be a list, not 'x'"),
    "mapping expected": Case(
        PLAN, "{first: 2021-02-01, last: 2025-12-31}", "2021", "in_force", "'in_force' must hold keys and values"
    ),
    "milestone": Case(
        PLAN, "    due: 2025", "    milestones: {2024S3: 1}\n    due: 2025", "2024S3", "not a period: '2024S3'"
    ),
    "count with a denominator": Case(
        CATALOGUE, "of: courses, unit: count", "of: courses", "courses_held", "a percentage has a denominator"
    ),
    # names
    "element of a part": Case(
        CATALOGUE, "[children]", "[child]", "labour:", "there is no element 'child'; did you mean"
    ),
    "element of an indicator": Case(
        CATALOGUE, "labour / children", "labour / kids", "labour_rate", "no element 'kids'"
    ),
    "element of a form": Case(FORM, "  - children", "  - kids", "- kids", "there is no element 'kids'"),
    "break-down": Case(FORM, "[sex]", "[age]", "[age]", "there is no break-down 'age'"),
    "indicator": Case(PLAN, "indicator: labour_rate", "indicator: rates", "rates", "there is no indicator 'rates'"),
    "form": Case(
        PLAN, "form: commune", "form: communes", "communes", "there is no form 'communes'; did you mean 'commune'?"
    ),
    "parent": Case(PLAN, "parent: whole", "parent: hole", "parent", "there is no plan 'hole'; did you mean 'whole'?"),
    "level": Case(FORM, "level: commune", "level: comune", "comune", "there is no level of units 'comune'"),
    "area of a form": Case(FORM, '["01"]', '["09"]', "09", "there is no unit '09'"),
    "excepted area": Case(FORM, '["01"]}', '["01"], except: ["x"]}', "except", "there is no unit 'x'"),
    "area of a plan": Case(PLAN, 'area: "01"', 'area: "1"', "area", "there is no unit '1'; did you mean '01'?"),
    "circle of plans": Case(
        PARENT, "number: 2/QĐ", "number: 2/QĐ\nparent: north", "parent: north", "in a circle: whole → north → whole"
    ),
    "folder": Case(PARENT, "plan: whole", "plan: hole", "plan: hole", "the plan is 'hole' but its folder is 'whole'"),
    "file of a form": Case(
        DISTRICT_FORM,
        "form: district",
        "form: huyen",
        "form: huyen",
        "the file should be called huyen.yaml or huyen.v1.yaml",
    ),
    "area not in force": Case(
        PLAN,
        'area: "01"',
        'area: "00003"',
        "area",
        "unit '00003' is in force 2000-01-01 to 2001-01-01, not while the plan is",
    ),
    # targets, duties, times
    "bound above 100": Case(
        PLAN, '"< 1"', '"< 101"', "< 101", "the bound 101 is out of range: a share is at most 100 %"
    ),
    "bound that can't be met": Case(PLAN, '"< 1"', '"> 100"', "> 100", "no value can be > 100"),
    "baseline": Case(PLAN, "    due:", "    baseline: 120\n    due:", "baseline", "the baseline 120 is out of range"),
    "milestone above 100": Case(
        PLAN,
        "    due:",
        "    milestones: {2024: 101}\n    due:",
        "milestones",
        "the milestone 101 of 2024 is out of range",
    ),
    "maintain without since": Case(PLAN, '"< 1"', "maintain < 1", "maintain", "'maintain' needs 'since'"),
    "due too early": Case(PLAN, "due: 2025", "due: 2020", "due: 2020", "due 2020-12-31 is before the plan is in force"),
    "due before since": Case(
        PLAN,
        '"< 1"\n    due: 2025-12-31',
        "maintain < 1\n    since: 2023-01-01\n    due: 2022-12-31",
        "due: 2022",
        "before 'since'",
    ),
    "plan ends first": Case(
        PARENT, "last: 2030", "last: 2020", "in_force", "the plan ends (2020-12-31) before it begins"
    ),
    "deadline without period": Case(PLAN, "    period: year\n", "", "deadline", "a deadline comes back every period"),
    "duty due too early": Case(
        PLAN, "    to: Sở", "    due: 2020-01-01\n    to: Sở", "due: 2020", "due 2020-01-01 is before"
    ),
    "half of a year": Case(
        PLAN,
        "    period: year",
        "    period: year\n    of: [2]",
        "of:",
        "there is no period 2 of a year by year: it has 1",
    ),
    # forms
    "round ends first": Case(
        FORM, "first: 2021-01-01", "first: 2021-01-01\n    last: 2020-01-01", "last:", "the round ends"
    ),
    "windows per year": Case(
        DISTRICT_FORM,
        "period: year",
        "period: half_year",
        "window",
        "the window has 1 parts; a year has 2 by half_year",
    ),
    "window ends first": Case(
        DISTRICT_FORM,
        " previous",
        "",
        "window",
        "the window ends (14/12) before it begins (15/12); was `previous` meant?",
    ),
    "windows overlap": Case(
        DISTRICT_FORM,
        "period: year\n    window: [{first: 15/12 previous, last: 14/12}]",
        "period: half_year\n    window: [{first: 1/1, last: 30/6}, {first: 30/6, last: 31/12}]",
        "window",
        "the window that begins on 30/06 overlaps the one before it",
    ),
    "element twice": Case(
        FORM, "  - labour", "  - children: [sex]\n  - labour", "children: [sex]", "asks for 'children' twice"
    ),
    # units
    "missing column": Case(SECTOR, "code,valid_from,", "code,from,", "code", "missing columns: valid_from"),
    "unknown column": Case(SECTOR, "sample", "invented", "code", "unknown columns: invented"),
    "columns": Case(SECTOR, "Sở Giáo dục,false", "Sở,Giáo dục,false", "01.sgd", "the line has 8 columns, the header 7"),
    "code": Case(SECTOR, "01.sgd,", "01 sgd,", "01 sgd", "'01 sgd' is not a unit code"),
    "unit's day": Case(SECTOR, "2021-01-01", "1/1/2021", "01.sgd", "valid_from is '1/1/2021': write a day"),
    "unit's level": Case(SECTOR, "office", "Office", "01.sgd", "'Office' is not a level"),
    "unit's name": Case(SECTOR, "Sở Giáo dục", " ", "01.sgd", "the name is empty"),
    "sample": Case(SECTOR, "false", "no", "01.sgd", "sample is 'no': write true or false"),
    "unit ends first": Case(
        SECTOR, "2021-01-01,", "2021-01-01,2020-01-01", "01.sgd", "unit '01.sgd' ends (2020-01-01)"
    ),
    "rows overlap": Case(
        UNITS, "2022-06-30", "2022-07-01", "Xã Hai Mới", "unit '00002' has two rows in force on 2022-07-01"
    ),
    "unknown parent": Case(SECTOR, "office,01", "office,09", "01.sgd", "there is no unit '09', the parent of '01.sgd'"),
    "no parent": Case(SECTOR, "office,01", "office,", "01.sgd", "unit '01.sgd' has no parent; only 'vn' has none"),
    "parent not yet in force": Case(
        SECTOR, "2021-01-01", "1999-01-01", "01.sgd", "the parent '01' of unit '01.sgd' is not in force on 1999-01-01"
    ),
    "parent no longer in force": Case(
        SECTOR,
        "office,01",
        "office,00003",
        "01.sgd",
        "the parent '00003' of unit '01.sgd' is not in force on 2021-01-01",
    ),
    "circle of units": Case(SECTOR, "office,01", "office,01.sgd", "01.sgd", "unit '01.sgd' stands above itself"),
    "unknown predecessor": Case(
        SUCCESSORS, "00002,2000-01-01", "00002,2001-01-01", "same", "there is no unit '00002@2001-01-01'"
    ),
    "kind of succession": Case(SUCCESSORS, "same", "lost", "lost", "'lost' is not a kind of succession"),
    "successor": Case(SUCCESSORS, "same", "abolished", "abolished", "'abolished' must not name a successor"),
    # sources of figures
    "two owners": Case(
        DISTRICT_FORM,
        "  - courses\ncollected:\n  - who: {level: district",
        "  - courses\n  - children\ncollected:\n  - who: {level: commune",
        "who:",
        "in 2021 Xã Một (00001) is asked for 'children' by form 'commune' too: two owners of one figure",
    ),
    "owner below an owner": Case(
        DISTRICT_FORM,
        "  - courses\n",
        "  - courses\n  - children\n",
        "",
        "in 2021 Xã Một (00001) is asked for 'children', and above it Huyện Đông (001) is asked for the same by form",
    ),
    "no form for a target": Case(
        PLAN,
        "indicator: courses_held",
        "series: survey\n    indicator: courses_held",
        "indicator: courses_held",
        "this target can never have data: no form of series 'survey' asks for 'courses'",
    ),
    "nobody in the area": Case(
        PLAN,
        'area: "01"',
        'area: "00001"',
        "indicator: courses_held",
        "this target can never have data: nobody in area '00001' is asked for 'courses' while the plan is in force",
    ),
    "other periods": Case(
        PLAN,
        "    due: 2025",
        "    periods: [month]\n    due: 2025",
        "indicator: labour_rate",
        "no kind of period that the target",
    ),
    "round without reporters": Case(
        DISTRICT_FORM,
        'collected:\n  - who: {level: district, within: ["01"]}',
        'collected:\n  - who: {level: office, within: ["001"]}',
        "level: office",
        "nobody is asked: no unit of level 'office' in 001 is in force when a period ends",
    ),
    "duty of nobody": Case(
        PLAN,
        'who: {level: commune, within: ["01"]}\n    to: Sở\n    form: commune',
        'who: {level: office, within: ["002"]}\n    to: Sở',
        "level: office",
        "this falls to nobody: no unit of level 'office' in 002 is in force while the plan is",
    ),
    "duty not collected": Case(
        PLAN,
        "period: year",
        "period: month",
        "form: commune",
        "form 'commune' is not collected from them by month while",
    ),
    "duty collected from some": Case(
        FORM,
        '["01"]',
        '["001"]',
        "",
        "form 'commune' is not collected for 2021 from all who owe it: not from Xã Hai (00002)",
    ),
    # quotations
    "no quotation": Case(
        PLAN, "words: giảm xuống dưới 1%", 'words: ""', 'words: ""', "the words that bind are missing"
    ),
}
ELSEWHERE = {"owner below an owner": (FORM, "who:"), "duty collected from some": (PLAN, "form: commune")}
OLD_COMMUNE = "00003,2000-01-01,2001-01-01,commune,001,Xã Ba\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "programmes")


def wrong(root: Path) -> list[Finding]:
    return mistakes(check(root)[1])


def test_a_clean_programme_has_no_finding(root: Path) -> None:
    assert check(root)[1] == []


@pytest.mark.parametrize("case", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_said_once_with_file_line_and_sentence(
    root: Path, case: Case, request: pytest.FixtureRequest
) -> None:
    with (root / UNITS).open("a", encoding="utf-8") as units:
        units.write(OLD_COMMUNE)
    edit(root, case.file, case.old, case.new)
    file, marker = ELSEWHERE.get(request.node.callspec.id, (case.file, case.marker))
    found = [one for one in wrong(root) if case.sentence in one.sentence]
    assert [(one.file, one.line) for one in found] == [(str(root / file), line(root, file, marker))], wrong(root)


def test_all_mistakes_are_said_at_once(root: Path) -> None:
    edit(root, CATALOGUE, "labour / children", "labour / kids")
    edit(root, FORM, "calendar", "lunar")
    edit(root, PLAN, "due: 2025-12-31", "due: soon")
    edit(root, PLAN, "form: commune", "form: communes")
    edit(root, PLAN, '">= 10"', "about 10")
    edit(root, PARENT, "<= 5", "about 5")
    edit(root, PARENT, "area: vn", "area: eu")
    edit(root, SECTOR, "office,01", "office,09")
    edit(root, UNITS, "2022-06-30", "2022-07-01")
    edit(root, SUCCESSORS, "same", "lost")
    places = {(Path(one.file).relative_to(root).as_posix(), one.line) for one in wrong(root)}
    assert places == {
        (CATALOGUE, line(root, CATALOGUE, "kids")),
        (FORM, line(root, FORM, "lunar")),
        (PLAN, line(root, PLAN, "soon")),
        (PLAN, line(root, PLAN, "communes")),
        (PARENT, line(root, PARENT, "area")),
        (PARENT, line(root, PARENT, "about 5")),
        (PLAN, line(root, PLAN, "about 10")),
        (SECTOR, 2),
        (SUCCESSORS, 2),
        (UNITS, line(root, UNITS, "Xã Hai Mới")),
    }


def test_what_refers_to_an_entry_that_cannot_be_read_is_not_called_wrong(root: Path) -> None:
    edit(root, CATALOGUE, "{vi: Trẻ em, en: Children, counts: person, kind: stock}", "{vi: Trẻ em}")
    assert {Path(one.file).name for one in wrong(root)} == {"catalogue.yaml"}


def test_a_file_that_is_not_there_is_a_mistake(root: Path) -> None:
    (root / CATALOGUE).unlink()
    (root / "empty").mkdir()
    assert [str(one) for one in wrong(root)] == [
        f"{root / CATALOGUE}:1: mistake: there is no such file",
        f"{root / 'empty/plan.yaml'}:1: mistake: there is no such file",
    ]


@pytest.mark.parametrize("name", [PLAN, SECTOR])
def test_a_file_that_is_not_text_is_a_mistake(root: Path, name: str) -> None:
    (root / name).write_bytes(b"\xff\xfe")
    assert "the file is not UTF-8 text" in [one.sentence for one in wrong(root)]


def test_an_empty_file_is_a_mistake(root: Path) -> None:
    (root / PLAN).write_text("# nothing yet\n")
    assert "the file is empty" in [one.sentence for one in wrong(root)]


def test_codes_and_days_need_no_quotes(root: Path) -> None:
    edit(root, PLAN, 'area: "01"', "area: 01")
    edit(root, FORM, '["01"]', "[01]")
    assert check(root)[1] == []


# Forms


def second_version(root: Path, fields: str) -> None:
    text = (root / FORM).read_text("utf-8").replace("version: 1", "version: 2")
    text = text.replace("  - children\n  - labour: [sex]\n", fields)
    (root / "forms/commune.v2.yaml").write_text(text, "utf-8")


def test_a_new_version_may_append_and_retire_fields(root: Path) -> None:
    second_version(root, "  - {element: children, retired: true}\n  - labour: [sex]\n  - children: [sex]\n")
    assert wrong(root) == []


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            "  - labour: [sex]\n  - children\n",
            "field 1 of form 'commune' is 'children' in version 1 but version 2 has 'labour.m'",
        ),
        (
            "  - children: [sex]\n  - labour: [sex]\n",
            "field 1 of form 'commune' is 'children' in version 1 but version 2 has",
        ),
        (
            "  - children\n  - labour\n",
            "field 2 of form 'commune' is 'labour.m' in version 1 but version 2 has 'labour' there",
        ),
        ("  - children\n", "field 2 of form 'commune' is 'labour.m' in version 1 but version 2 has none there"),
    ],
)
def test_a_new_version_never_moves_or_retypes_a_field(root: Path, fields: str, sentence: str) -> None:
    second_version(root, fields)
    found = [one for one in wrong(root) if sentence in one.sentence]
    assert [(one.file, one.line) for one in found] == [(str(root / "forms/commune.v2.yaml"), 5)]


def test_a_version_stands_in_one_file(root: Path) -> None:
    (root / "forms/commune.v1.yaml").write_text((root / FORM).read_text("utf-8"), "utf-8")
    assert [one.sentence for one in wrong(root)] == [
        f"version 1 of form 'commune' stands in {root / 'forms/commune.v1.yaml'} too"
    ]


# One source per figure


SECOND_ROUND = """\
  - who: {{level: commune, within: [{within}]}}
    period: {period}
    window: {window}
    first: {first}
"""


def ask_districts_too(root: Path, head: str = "") -> None:
    """The district form asks the districts for an element that the communes are asked for."""
    edit(root, DISTRICT_FORM, "  - courses\n", "  - courses\n  - children\n")
    edit(root, DISTRICT_FORM, "fields:", f"{head}fields:")


def test_one_form_may_collect_from_some_units_in_another_window(root: Path) -> None:
    with (root / FORM).open("a") as form:
        form.write(SECOND_ROUND.format(within='"002"', period="year", window="decree-09-2019", first="2021-01-01"))
    assert wrong(root) == []


def test_other_series_and_other_kinds_of_period_are_other_figures(root: Path) -> None:
    ask_districts_too(root)
    assert len(wrong(root)) == 1
    edit(root, DISTRICT_FORM, "fields:", "series: survey\nfields:")
    assert [one.sentence for one in wrong(root)] == [
        "this target can never have data: no form of series 'administrative' asks for 'courses'"
    ]
    edit(root, DISTRICT_FORM, "series: survey\n", "")
    edit(
        root,
        DISTRICT_FORM,
        "period: year\n    window: [{first: 15/12 previous, last: 14/12}]",
        "period: month\n    window: calendar",
    )
    assert wrong(root) == []


def test_rounds_that_never_meet_do_not_clash(root: Path) -> None:
    ask_districts_too(root)
    edit(root, DISTRICT_FORM, "first: 2021-01-01", "first: 2019-01-01\n    last: 2019-12-31")
    edit(root, DISTRICT_FORM, "  - courses\n", "")
    assert not [one for one in wrong(root) if "counted twice" in one.sentence]


def test_a_clash_that_only_a_later_tree_brings_is_found(root: Path) -> None:
    with (root / SECTOR).open("a", encoding="utf-8") as units:
        units.write(
            "T1,2021-01-01,2023-12-31,school,01,Trường (mẫu),true\nT1,2024-01-01,,school,00001,Trường (mẫu),true\n"
        )
    edit(root, DISTRICT_FORM, "level: district", "level: school")
    ask_districts_too(root)
    found = [one.sentence for one in wrong(root) if "counted twice" in one.sentence]
    assert len(found) == 1
    assert found[0].startswith("in 2024 Trường (mẫu) (T1) is asked for 'children', and above it Xã Một (00001)")


# Warnings


WARNINGS = {
    "unused element": Case(
        CATALOGUE,
        "elements:",
        "elements:\n  pupils: {vi: Học sinh, en: Pupils, counts: person, kind: stock}",
        "pupils",
        "no form asks for 'pupils'",
    ),
    "unused break-down": Case(FORM, "labour: [sex]", "labour", "", "no form asks for 'sex'"),
    "unused indicator": Case(
        CATALOGUE,
        "indicators:",
        "indicators:\n  share: {vi: Tỷ lệ, en: Share, of: labour / children, better: lower}",
        "share:",
        "no target is set on 'share'",
    ),
    "reading": Case(
        PLAN,
        "    place: II.1",
        "    place: II.1\n    basis: reading",
        "plan: north",
        "our reading of the text: 1 of 4 clauses",
    ),
    "assumed": Case(PLAN, "    place: V", "    place: V\n    basis: assumed", "plan: north", "assumed: 1 of 4 clauses"),
    "assumed window": Case(
        FORM, "    first:", "    basis: assumed\n    first:", "collected:", "no text names the window: 1 of 1 rounds"
    ),
    "early deadline": Case(
        PLAN,
        "before 15/1 next",
        "on 20/12",
        "deadline",
        "the deadline for 2021, 2021-12-20, comes before its window ends (2021-12-31)",
    ),
    "blank number": Case(PLAN, "number: 1/KH", 'number: ""', "number", "the plan's number is blank"),
}


@pytest.mark.parametrize("case", WARNINGS.values(), ids=WARNINGS)
def test_a_warning_does_not_keep_a_programme_out_of_force(root: Path, case: Case) -> None:
    edit(root, case.file, case.old, case.new)
    file, marker = (case.file, case.marker) if case.marker else (CATALOGUE, "sex:")
    assert check(root)[1] == [Finding(str(root / file), line(root, file, marker), Severity.WARNING, case.sentence)]


# Quotations


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents/north.txt").write_text(DOCUMENT, "utf-8")
    return tmp_path / "documents"


def test_quotations_are_found_across_line_ends_marks_and_normal_forms(root: Path, documents: Path) -> None:
    text = (root / PLAN).read_text("utf-8")
    (root / PLAN).write_text(unicodedata.normalize("NFD", text), "utf-8")
    assert check(root, documents)[1] == []


def test_a_quotation_may_leave_words_out(root: Path, documents: Path) -> None:
    edit(root, PLAN, "words: giảm xuống dưới 1%", "words: Phấn đấu […] dưới 1% … mở 10 lớp")
    assert check(root, documents)[1] == []


@pytest.mark.parametrize("words", ["Giảm xuống dưới 1%", "giảm còn dưới 1%", "dưới 1% … giảm xuống"])
def test_words_that_are_not_in_the_document_are_a_mistake(root: Path, documents: Path, words: str) -> None:
    edit(root, PLAN, "words: giảm xuống dưới 1%", f"words: {words}")
    sentence = f"these words are not in north.txt: '{words}'"
    found = Finding(str(root / PLAN), line(root, PLAN, words), Severity.MISTAKE, sentence)
    assert check(root, documents)[1] == [found]


def test_a_document_that_is_not_there_is_a_mistake(root: Path, documents: Path) -> None:
    edit(root, PLAN, "north.txt", "south.txt")
    assert [one.sentence for one in mistakes(check(root, documents)[1])] == [
        f"there is no document south.txt in {documents}"
    ]


def test_what_is_assumed_has_no_words_but_a_reason(root: Path) -> None:
    edit(root, PLAN, "words: trước ngày 15/1 năm sau", 'words: ""\n    basis: assumed')
    assert [one.sentence for one in wrong(root)] == ["the words that bind are missing: quote the document"]
    edit(root, PLAN, "basis: assumed", "basis: assumed\n    note: the text names nobody")
    assert wrong(root) == []


# The command


def test_the_command_prints_findings_and_a_summary(root: Path) -> None:
    done = CliRunner().invoke(app, ["check", str(root)])
    assert (done.exit_code, done.output) == (0, "2 plans, 2 forms, 8 units; mistakes: 0, warnings: 0\n")


def test_the_command_fails_on_a_mistake(root: Path) -> None:
    edit(root, PLAN, "indicator: labour_rate", "indicator: labour_rat")
    done = CliRunner().invoke(app, ["check", str(root)])
    assert done.exit_code == 1
    said = "there is no indicator 'labour_rat'; did you mean 'labour_rate'?"
    assert done.output.splitlines()[0] == f"{root / PLAN}:15: mistake: {said}"
    assert done.output.splitlines()[-1] == "2 plans, 2 forms, 8 units; mistakes: 1, warnings: 0"


def test_the_command_gives_findings_as_json(root: Path) -> None:
    edit(root, PLAN, "number: 1/KH", 'number: ""')
    done = CliRunner().invoke(app, ["check", str(root), "--json"])
    assert done.exit_code == 0
    assert json.loads(done.output) == [
        {"file": str(root / PLAN), "line": 4, "severity": "warning", "sentence": "the plan's number is blank"}
    ]
