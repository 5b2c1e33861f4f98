"""Programme files become a release, travel as objects, and are compared with the release before."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from chitieu.adapters.programmes.difference import difference, violations
from chitieu.adapters.programmes.directory import read
from chitieu.adapters.programmes.moves import Move, moved_units, moves
from chitieu.adapters.programmes.release import (
    PIECE,
    RegistryObject,
    build_release,
    canonical,
    objects,
    release_from_objects,
    with_older_forms,
)
from chitieu.domain.period import Period
from chitieu.domain.registry import Release
from tests.unit.small_programme import CATALOGUE, FORM, PLAN, SECTOR, SUCCESSORS, UNITS, edit, write

TODAY = date(2023, 7, 1)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "programmes")


def made(root: Path) -> list[RegistryObject]:
    return objects(read(root)[0])


def released(root: Path, number: int = 1) -> Release:
    return build_release(number, read(root)[0])


def as_sent(sent: list[RegistryObject]) -> list[RegistryObject]:
    """What comes out of a topic."""
    return [replace(one, body=json.loads(canonical(one.body))) for one in sent]


def versions(sent: list[RegistryObject]) -> dict[tuple[str, str], str]:
    return {(one.kind, one.id): one.version for one in sent}


def assert_same(one: Release, other: Release) -> None:
    assert one.number == other.number
    assert one.catalogue == other.catalogue
    assert (one.forms, one.form_versions, one.plans) == (other.forms, other.form_versions, other.plans)
    assert one.tree.units == other.tree.units
    for unit in one.tree.units.values():
        assert one.tree.successions(unit) == other.tree.successions(unit)


# Objects


def test_the_release_of_the_objects_is_the_release_of_the_files(root: Path) -> None:
    assert_same(release_from_objects(7, as_sent(made(root))), released(root, 7))


def test_options_keep_their_order_on_the_way(root: Path) -> None:
    edit(root, CATALOGUE, "{m: {vi: Nam, en: Male}, f: {vi: Nữ, en: Female}}", "{z: {vi: Z, en: Z}, a: {vi: A, en: A}}")
    form = release_from_objects(1, as_sent(made(root))).forms["commune"]
    assert [field.key for field in form.fields] == ["children", "labour.z", "labour.a"]


def test_a_version_is_the_content(root: Path) -> None:
    before = versions(made(root))
    assert versions(made(root)) == before
    edit(root, PLAN, '"< 1"', '"< 2"')
    after = versions(made(root))
    assert {key for key in after if after[key] != before[key]} == {("plan", "north")}
    assert before["form", "commune"] == "1"
    assert len(before["plan", "north"]) == 16


def test_units_travel_in_pieces(root: Path) -> None:
    names = [f"A{n:05},2021-01-01,,school,01,Trường {n},true\n" for n in range(PIECE)]
    for file in (UNITS, SECTOR):
        text = (root / file).read_text("utf-8").rstrip("\n") + "\n"
        (root / file).write_text(text + "".join(names if file == SECTOR else []), "utf-8")
    pieces = [one for one in made(root) if one.kind == "units"]
    assert [(one.id, len(one.body)) for one in pieces] == [("administrative-01", 7), ("north", PIECE), ("north.02", 1)]
    assert len(release_from_objects(1, as_sent(made(root))).tree) == PIECE + 8


def test_an_old_version_of_a_form_means_what_it_meant(root: Path) -> None:
    before = made(root)
    edit(root, CATALOGUE, "{vi: Trẻ em, en: Children, counts", "{maximum: 5000, vi: Trẻ em, en: Children, counts")
    edit(root, FORM, "version: 1", "version: 2")
    edit(root, FORM, "  - labour: [sex]\n", "  - labour: [sex]\n  - courses\n")
    release = release_from_objects(2, as_sent(with_older_forms(made(root), before)))
    assert release.form_versions["commune", 1] == release_from_objects(1, before).forms["commune"]
    assert release.forms["commune"].version == 2
    assert release.forms["commune"].fields[0].maximum == 5000


def test_a_release_has_one_catalogue(root: Path) -> None:
    with pytest.raises(ValueError, match="one catalogue, not 0"):
        release_from_objects(1, [one for one in made(root) if one.kind != "catalogue"])
    (root / CATALOGUE).unlink()
    with pytest.raises(ValueError, match="has no catalogue"):
        made(root)


# Differences


CHANGES = {
    "bound": (PLAN, '"< 1"', "maintain < 0.5", "plan 'north': target 'rate': bound < 1 → maintain < 1/2"),
    "due": (PLAN, "    due: 2025-12-31\n", "", "plan 'north': target 'rate': due 2025-12-31 → none"),
    "words": (PLAN, "mở 10 lớp", "mở mười lớp", "plan 'north': target 'courses': words mở 10 lớp → mở mười lớp"),
    "deadline": (
        PLAN,
        "before 15/1 next",
        "on 14/12",
        "plan 'north': duty 'yearly': deadline before 15/1 next → on 14/12",
    ),
    "task": (PLAN, "owner: Sở", "owner: Ban", "plan 'north': task 'office/1': owner Sở → Ban"),
    "parent": (PLAN, "parent: whole\n", "", "plan 'north': parent whole → none"),
    "new target": (PLAN, "  courses:\n", "  more:\n", "plan 'north': target 'more' is new"),
    "gone target": (PLAN, "  courses:\n", "  more:\n", "plan 'north': target 'courses' is gone"),
    "element": (CATALOGUE, "vi: Trẻ em,", "vi: Trẻ,", "element 'children': name Trẻ em → Trẻ"),
    "indicator": (
        CATALOGUE,
        "labour / children",
        "labour / labour",
        "indicator 'labour_rate': of labour / children → labour / labour",
    ),
    "option": (
        CATALOGUE,
        "en: Female}}",
        "en: Female}, u: {vi: Khác, en: Other}}",
        "break-down 'sex': options m (Nam), f (Nữ) → m (Nam), f (Nữ), u (Khác)",
    ),
    "version": (FORM, "version: 1", "version: 2", "form 'commune': version 1 → 2"),
    "new fields": (FORM, "  - labour", "  - courses\n  - labour", "form 'commune': new fields courses"),
    "retired fields": (
        FORM,
        "- children",
        "- {element: children, retired: true}",
        "form 'commune': retired fields children",
    ),
    "new unit": (
        UNITS,
        "00001,",
        "00009,2000-01-01,,commune,001,Xã Chín\n00001,",
        "1 unit new: Xã Chín (00009@2000-01-01)",
    ),
    "ended unit": (
        UNITS,
        "00001,2000-01-01,",
        "00001,2000-01-01,2023-12-31",
        "1 unit with another last day: Xã Một (00001@2000-01-01)",
    ),
    "renamed unit": (UNITS, "Xã Một", "Xã Mốt", "1 unit renamed: Xã Mốt (00001@2000-01-01)"),
    "gone unit": (
        UNITS,
        "00001,2000-01-01",
        "00001,2000-01-02",
        "1 unit gone (what they reported stays theirs): Xã Một (00001@2000-01-01)",
    ),
    "moved unit": (UNITS, "commune,001", "commune,002", "1 unit moved in the tree: Xã Một (00001@2000-01-01)"),
    "successor": (SUCCESSORS, "same", "merged", "successors of units: 1 new, 1 gone"),
}


@pytest.mark.parametrize(("file", "before", "after", "sentence"), CHANGES.values(), ids=CHANGES)
def test_what_changes_is_said_in_a_sentence(root: Path, file: str, before: str, after: str, sentence: str) -> None:
    old = released(root)
    edit(root, file, before, after)
    assert sentence in difference(old, released(root))


def test_the_same_files_differ_in_nothing(root: Path) -> None:
    assert difference(released(root), released(root, 2)) == []
    assert violations(released(root), released(root, 2)) == []


def test_the_first_release_is_all_new(root: Path) -> None:
    sentences = difference(None, released(root))
    assert "plan 'north' is new: 2 targets, 1 duties, 1 tasks, in force 2021-02-01 to 2025-12-31" in sentences
    assert "form 'commune' is new: 3 fields in series 'administrative'" in sentences
    assert any(sentence.startswith("8 units new: ") for sentence in sentences)


# What must not change


VIOLATIONS = {
    "content": (
        [(FORM, "  - labour: [sex]\n", "  - labour: [sex]\n  - courses\n")],
        "form 'commune' version 1 has changed: a form that is in use can only get a new version",
    ),
    "round": (
        [(FORM, "first: 2021-01-01", "first: 2022-01-01")],
        "form 'commune' version 1 has changed: a form that is in use can only get a new version",
    ),
    "id": (
        [(FORM, "form: commune", "form: communes")],
        "form 'commune' is gone: a form that is in use stays; end its rounds with 'last'",
    ),
    "moved": (
        [
            (FORM, "version: 1", "version: 2"),
            (FORM, "  - children\n  - labour: [sex]\n", "  - labour: [sex]\n  - children\n"),
        ],
        "field 1 of form 'commune' is 'children' in version 1 but version 2 has 'labour.m' there: "
        "fields may be added or retired, never moved",
    ),
    "re-scaled": (
        [(FORM, "version: 1", "version: 2"), (CATALOGUE, "{vi: Trẻ em, ", "{scale: 1, vi: Trẻ em, ")],
        "field 'children' of form 'commune' has 0 decimal places in version 1 but 1 in version 2: "
        "fields are never re-scaled",
    ),
    "re-typed": (
        [(CATALOGUE, "counts: event, kind: flow", "counts: event, kind: stock")],
        "element 'courses' is in use: its kind can't go from flow to stock; define another",
    ),
}


@pytest.mark.parametrize(("edits", "sentence"), VIOLATIONS.values(), ids=VIOLATIONS)
def test_what_is_in_use_does_not_change(root: Path, edits: list[tuple[str, str, str]], sentence: str) -> None:
    old = released(root)
    for one in edits:
        edit(root, *one)
    assert sentence in violations(old, released(root, 2))


def test_a_new_version_that_appends_is_no_violation(root: Path) -> None:
    old = released(root)
    edit(root, FORM, "version: 1", "version: 2")
    edit(root, FORM, "  - labour: [sex]\n", "  - labour: [sex]\n  - courses\n")
    assert violations(old, released(root, 2)) == []
    assert violations(released(root, 2), old) == ["form 'commune' goes back from version 2 to 1"]


def test_a_position_is_kept_against_every_older_version(root: Path) -> None:
    """Version 3 agrees with version 2, which never was what reports of version 1 mean."""
    first = released(root)
    edit(root, FORM, "version: 1", "version: 3")
    edit(root, FORM, "  - children\n", "")
    third = released(root)
    form = third.forms["commune"]
    older = replace(third, form_versions={**first.form_versions, ("commune", 3): form})
    newest = replace(third, forms={**third.forms, "commune": replace(form, version=4)})
    assert [said for said in violations(older, newest) if "version 1" in said]


# Moves


def test_moved_units_say_for_which_days(root: Path) -> None:
    old = released(root)
    edit(root, UNITS, "2022-06-30,commune,002", "2022-06-30,commune,001")
    (moved,) = moved_units(old, released(root, 2))
    assert (moved.unit.id, moved.first, moved.last) == ("00002@2000-01-01", date(2000, 1, 1), date(2022, 6, 30))


def test_a_moved_unit_takes_its_reports_along(root: Path) -> None:
    old = released(root)
    edit(root, UNITS, "commune,001", "commune,002")
    path = ("vn@2000-01-01", "01@2000-01-01", "002@2000-01-01", "00001@2000-01-01")
    assert moves(old, released(root, 2), TODAY) == [
        Move("commune", Period.parse(year), "00001@2000-01-01", path) for year in ("2021", "2022", "2023")
    ]


def test_what_stands_below_a_moved_unit_moves_too(root: Path) -> None:
    old = released(root)
    edit(root, UNITS, "district,01,Huyện Tây", "district,001,Huyện Tây")
    new = released(root, 2)
    found = moves(old, new, date(2022, 1, 1))
    assert [(one.form, str(one.period), one.unit_id) for one in found] == [
        ("commune", "2021", "00002@2000-01-01"),
        ("commune", "2022", "00002@2022-07-01"),
        ("district", "2021", "002@2000-01-01"),
        ("district", "2022", "002@2000-01-01"),
    ]
    assert found[0].path[2:] == ("001@2000-01-01", "002@2000-01-01", "00002@2000-01-01")


def test_only_periods_that_end_while_the_path_differs_move(root: Path) -> None:
    """The tree of the window's last day decides: 2022's report is the new commune's."""
    old = released(root)
    edit(root, UNITS, "2022-06-30,commune,002", "2022-06-30,commune,001")
    assert [(str(one.period), one.unit_id) for one in moves(old, released(root, 2), TODAY)] == [
        ("2021", "00002@2000-01-01")
    ]


def test_an_ancestor_that_becomes_another_unit_moves_what_is_below(root: Path) -> None:
    old = released(root)
    edit(root, UNITS, "001,2000-01-01,,district,01,Huyện Đông", "001,2000-01-02,,district,01,Huyện Đông")
    found = moves(old, released(root, 2), date(2021, 6, 1))
    assert [(one.unit_id, one.path[2]) for one in found] == [("00001@2000-01-01", "001@2000-01-02")]


def test_nothing_moves_when_the_tree_only_grows(root: Path) -> None:
    old = released(root)
    edit(root, UNITS, "00001,", "00009,2000-01-01,,commune,001,Xã Chín\n00001,")
    edit(root, UNITS, "Xã Một", "Xã Mốt")
    new = released(root, 2)
    assert list(moved_units(old, new)) == []
    assert moves(old, new, TODAY) == []
