"""The administrative tree in programmes/units is whole, and is the tree the sources show."""

import csv
import unicodedata
from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

FILES = Path(__file__).parents[2] / "programmes" / "units"
LEVELS = ("nation", "province", "district", "commune")
CODE_LENGTHS = {"nation": 2, "province": 2, "district": 3, "commune": 5}
BEFORE, LAST_DAY, REFORM = date(2024, 12, 14), date(2025, 6, 30), date(2025, 7, 1)


class Unit(NamedTuple):
    code: str
    valid_from: date
    valid_to: date
    level: str
    parent: str
    name: str


def read(name: str, header: str) -> list[list[str]]:
    with (FILES / name).open(encoding="utf-8", newline="") as file:
        first, *lines = csv.reader(file)
    assert first == header.split(",")
    return lines


UNITS = [
    Unit(code, date.fromisoformat(start), date.fromisoformat(end) if end else date.max, level, parent, name)
    for code, start, end, level, parent, name in read(
        "administrative.csv", "code,valid_from,valid_to,level,parent,name"
    )
]
SUCCESSORS = read("successors.csv", "code,valid_from,successor_code,successor_valid_from,kind,source")
UNKNOWN = read("unknown.csv", "code,valid_from,what,note")

BY_KEY = {(u.code, u.valid_from.isoformat()): u for u in UNITS}
BY_CODE: dict[str, list[Unit]] = defaultdict(list)
for _unit in UNITS:
    BY_CODE[_unit.code].append(_unit)


def in_force(units: list[Unit], day: date) -> list[Unit]:
    return [u for u in units if u.valid_from <= day <= u.valid_to]


def below(code: str, day: date) -> Counter[str]:
    """How many units of each level stand below a code on a day."""
    today = in_force(UNITS, day)
    found, parents = Counter[str](), {code}
    while parents:
        children = [u for u in today if u.parent in parents]
        found.update(u.level for u in children)
        parents = {u.code for u in children}
    return found


@pytest.mark.parametrize(
    ("day", "provinces", "districts", "communes"),
    [(BEFORE, 63, 705, 10_599), (LAST_DAY, 63, 696, 10_035), (REFORM, 34, 0, 3_321)],
)
def test_the_tree_has_the_size_the_sources_give(day: date, provinces: int, districts: int, communes: int) -> None:
    assert below("vn", day) == Counter(province=provinces, district=districts, commune=communes)
    assert len(in_force(UNITS, day)) == 1 + provinces + districts + communes


@pytest.mark.parametrize(
    ("code", "name", "districts", "communes"),
    [
        ("01", "Thành phố Hà Nội", 30, 579),
        ("20", "Tỉnh Lạng Sơn", 11, 200),
        ("38", "Tỉnh Thanh Hóa", 27, 559),
        ("397", "Huyện Triệu Sơn", 0, 34),
        ("778", "Quận 7", 0, 10),
    ],
)
def test_the_areas_of_the_plans_have_their_units(code: str, name: str, districts: int, communes: int) -> None:
    assert [u.name for u in in_force(BY_CODE[code], BEFORE)] == [name]
    assert below(code, BEFORE) == Counter(district=districts, commune=communes)


def test_a_code_and_its_first_day_name_one_unit() -> None:
    assert len(BY_KEY) == len(UNITS)


def test_units_are_sorted_by_level_code_and_first_day() -> None:
    assert sorted(UNITS, key=lambda u: (LEVELS.index(u.level), u.code, u.valid_from)) == UNITS


def test_a_code_has_the_length_of_its_level() -> None:
    assert [u for u in UNITS if len(u.code) != CODE_LENGTHS[u.level]] == []
    assert [u for u in UNITS if u.code != "vn" and not u.code.isdecimal()] == []


def test_the_rows_of_a_code_follow_each_other_day_by_day() -> None:
    for rows in BY_CODE.values():
        assert all(u.valid_from <= u.valid_to for u in rows)
        for earlier, later in pairwise(rows):
            assert later.valid_from == earlier.valid_to + timedelta(days=1)


def test_a_unit_has_one_parent_of_a_higher_level_on_every_day() -> None:
    """Rows of a code do not overlap, so the first and last day and the days a parent's row begins or ends suffice."""
    for unit in UNITS:
        if unit.level == "nation":
            assert unit.parent == ""
            continue
        edges = {edge for p in BY_CODE[unit.parent] for edge in (p.valid_from, p.valid_to)}
        for day in {unit.valid_from, unit.valid_to, *(e for e in edges if unit.valid_from <= e <= unit.valid_to)}:
            (parent,) = in_force(BY_CODE[unit.parent], day)
            skips_district = unit.level == "commune" and unit.valid_from >= REFORM
            assert LEVELS.index(unit.level) - LEVELS.index(parent.level) == (2 if skips_district else 1)


@pytest.mark.parametrize("day", [BEFORE, LAST_DAY, REFORM])
def test_siblings_have_different_names(day: date) -> None:
    names = Counter((u.parent, u.name) for u in in_force(UNITS, day))
    assert [name for name, count in names.items() if count > 1] == []


def test_names_are_nfc_with_single_spaces_and_their_type() -> None:
    types = ("Tỉnh", "Thành phố", "Quận", "Huyện", "Thị xã", "Thị trấn", "Phường", "Xã", "Đặc khu")
    for unit in UNITS:
        assert unicodedata.is_normalized("NFC", unit.name)
        assert " ".join(unit.name.split()) == unit.name
        assert unit.code == "vn" or unit.name.startswith(tuple(f"{kind} " for kind in types))


def test_only_provinces_of_unchanged_extent_outlive_the_reform() -> None:
    lasting = {u.code for u in UNITS if u.valid_from < REFORM <= u.valid_to}
    assert lasting == {"vn", "01", "04", "11", "12", "14", "20", "22", "38", "40", "42", "46"}


def test_a_code_of_another_extent_is_another_unit() -> None:
    assert [(u.valid_to, u.name) for u in BY_CODE["44"]] == [
        (LAST_DAY, "Tỉnh Quảng Bình"),
        (date.max, "Tỉnh Quảng Trị"),
    ]
    reused = [u for u in UNITS if u.level == "commune" and u.valid_from == REFORM and len(BY_CODE[u.code]) > 1]
    assert len(reused) == 3_316


def test_successors_are_in_force_the_day_after() -> None:
    for code, start, successor, successor_start, _, _ in SUCCESSORS:
        ended = BY_KEY[code, start]
        if successor:
            heir = BY_KEY[successor, successor_start]
            assert heir.valid_from <= ended.valid_to + timedelta(days=1) <= heir.valid_to
        else:
            assert successor_start == ""


def test_every_unit_that_ended_and_no_other_says_what_became_of_it() -> None:
    ended = {key for key, unit in BY_KEY.items() if unit.valid_to != date.max}
    assert {(line[0], line[1]) for line in SUCCESSORS} == ended


def test_the_kind_fits_the_successors() -> None:
    heirs: dict[tuple[str, str, str], set[tuple[str, str]]] = defaultdict(set)
    for code, start, successor, successor_start, kind, _ in SUCCESSORS:
        heirs[code, start, kind].add((successor, successor_start))
    assert len({(code, start) for code, start, _ in heirs}) == len(heirs)
    assert sum(map(len, heirs.values())) == len(SUCCESSORS)
    for (_, _, kind), keys in heirs.items():
        match kind:
            case "split":
                assert len(keys) > 1
                assert ("", "") not in keys
            case "same" | "merged":
                assert len(keys) == 1
                assert ("", "") not in keys
            case _:
                assert kind in ("abolished", "unknown")
                assert keys == {("", "")}


def test_471_communes_were_split_by_the_reform() -> None:
    split = {(line[0], line[1]) for line in SUCCESSORS if line[4] == "split"}
    assert Counter(BY_KEY[key].level for key in split) == Counter(commune=471, district=1)


def test_every_new_commune_comes_from_somewhere() -> None:
    new = {key for key, u in BY_KEY.items() if u.level == "commune" and u.valid_from == REFORM}
    assert new <= {(line[2], line[3]) for line in SUCCESSORS}


def test_unknowns_are_about_units_that_exist_and_say_what() -> None:
    for code, start, what, note in UNKNOWN:
        assert (code, start) in BY_KEY
        assert what in ("valid_from", "valid_to", "successor", "predecessor", "name_since")
        assert note
    assert len({(code, start, what) for code, start, what, _ in UNKNOWN}) == len(UNKNOWN)


def test_an_unknown_successor_and_a_conventional_date_are_listed() -> None:
    listed = {(code, start, what) for code, start, what, _ in UNKNOWN}
    for line in SUCCESSORS:
        assert (line[4] == "unknown") == ((line[0], line[1], "successor") in listed)
    for (code, start), unit in BY_KEY.items():
        assert (unit.valid_to == LAST_DAY - timedelta(days=1)) == ((code, start, "valid_to") in listed)
        assert (unit.valid_from == LAST_DAY) == ((code, start, "valid_from") in listed)


def test_the_files_stay_small() -> None:
    assert sum(path.stat().st_size for path in FILES.glob("*.csv")) < 2_500_000
