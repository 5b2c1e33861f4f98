"""The map of tiles against the units that there are."""

import csv
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from services.api.web.tiles import BEFORE_2025, SINCE_2025, Place, TileMap, tile_map

UNITS = Path(__file__).parents[2] / "programmes" / "units" / "administrative.csv"
MAPS = [(BEFORE_2025, date(2024, 12, 14), 63), (SINCE_2025, date(2025, 7, 1), 34)]


def provinces(day: date) -> dict[str, str]:
    with UNITS.open(encoding="utf-8", newline="") as file:
        return {
            row["code"]: row["name"]
            for row in csv.DictReader(file)
            if row["level"] == "province"
            and date.fromisoformat(row["valid_from"]) <= day
            and (not row["valid_to"] or day <= date.fromisoformat(row["valid_to"]))
        }


@pytest.mark.parametrize(("drawn", "day", "number"), MAPS)
def test_each_map_holds_just_the_provinces_of_its_time(drawn: TileMap, day: date, number: int) -> None:
    there = provinces(day)
    assert set(drawn.places) == set(there) and len(there) == number
    assert tile_map(set(there)) is drawn


@pytest.mark.parametrize(("drawn", "day", "number"), MAPS)
def test_no_two_tiles_lie_on_one_another(drawn: TileMap, day: date, number: int) -> None:
    # An archipelago is two tiles wide.
    islands = [Place(one.place.row, one.place.column + wide) for one in drawn.islands for wide in (0, 1)]
    taken = Counter([*drawn.places.values(), *islands])
    assert max(taken.values()) == 1 and len(taken) == number + 4


@pytest.mark.parametrize(("drawn", "day", "number"), MAPS)
def test_the_archipelagos_stand_with_their_provinces_and_to_the_east_of_them(
    drawn: TileMap, day: date, number: int
) -> None:
    names = provinces(day)
    told = {one.name: names[one.province] for one in drawn.islands}
    assert told == {"Hoàng Sa": "Thành phố Đà Nẵng", "Trường Sa": "Tỉnh Khánh Hòa"}
    for one in drawn.islands:
        assert one.place.column > max(place.column for place in drawn.places.values() if place.row == one.place.row)


def test_another_set_of_provinces_has_no_map() -> None:
    assert tile_map({"01", "20"}) is None and tile_map(set()) is None
