"""Where each province stands on a map of tiles, by its code: before 1/7/2025 (63) and since (34).

Rows run from north to south, columns from west to east; neighbours stand beside one another as far as squares allow.
The archipelagos of Hoàng Sa and Trường Sa are districts (since 1/7/2025 special zones) of Đà Nẵng and of Khánh Hòa.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass

_NO_PROVINCE = ".."


@dataclass(frozen=True, slots=True)
class Place:
    """Counted from 1."""

    row: int
    column: int


@dataclass(frozen=True, slots=True)
class Islands:
    """An archipelago, in the sea beside the province that it belongs to (a code)."""

    name: str
    province: str
    place: Place


@dataclass(frozen=True, slots=True)
class TileMap:
    """`places` by the codes of provinces, in the order of rows."""

    places: Mapping[str, Place]
    islands: tuple[Islands, ...]


def _map(drawn: str, hoang_sa: Place, truong_sa: Place) -> TileMap:
    places = {
        code: Place(row, column)
        for row, line in enumerate(drawn.strip().splitlines(), 1)
        for column, code in enumerate(line.split(), 1)
        if code != _NO_PROVINCE
    }
    return TileMap(places, (Islands("Hoàng Sa", "48", hoang_sa), Islands("Trường Sa", "56", truong_sa)))


BEFORE_2025 = _map(
    """
    .. .. 02 04
    12 10 08 06 20
    11 15 25 19 24 22
    14 17 26 01 27 30 31
    .. .. .. 35 33 34
    .. .. 38 37 36
    .. .. 40
    .. .. 42
    .. .. .. 44
    .. .. .. 45 46
    .. .. .. .. 49 48
    .. .. .. .. 62 51
    .. .. .. .. 64 52
    .. .. .. .. 66 54
    .. .. .. 67 68 56
    .. 72 70 75 60 58
    .. 80 74 79 77
    89 87 82 83
    91 92 86 84
    .. 93 94
    96 95
    """,
    Place(10, 7),
    Place(16, 7),
)
SINCE_2025 = _map(
    """
    .. .. .. 04
    12 15 08 19 20
    11 14 25 01 24 22
    .. .. .. 37 33 31
    .. .. 38
    .. .. 40
    .. .. 42
    .. .. .. 44
    .. .. .. 46 48
    .. .. .. .. 51
    .. .. .. .. 52
    .. .. .. .. 66
    .. .. 75 68 56
    .. 80 79
    91 82 86
    96 92
    """,
    Place(8, 7),
    Place(14, 7),
)


def tile_map(provinces: Set[str]) -> TileMap | None:
    """The map of just these provinces (codes); None if they are no whole country that is known here."""
    return next((one for one in (SINCE_2025, BEFORE_2025) if set(one.places) == provinces), None)
