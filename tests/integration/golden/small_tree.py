"""The real plans over a few of the real communes, so that every sum can be worked out by hand.

Rows and successions are those of programmes/units; so are the plans, the forms and the catalogue. Before the reform of
1/7/2025 nobody knew of it: the first programmes have the tree as it was written then.
"""

import csv
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from tests.integration.embedded import PROGRAMMES

PLANS = ("trieu-son-2021", "lang-son-187", "vn-782")
REFORM = "2025-07-01"

Row = Mapping[str, str]

# Triệu Sơn: the town and Minh Sơn become Triệu Sơn, the other three Thọ Bình.
TOWN, MINH_SON = "15664", "15691"
THO_SON, THO_BINH, BINH_SON = "15667", "15670", "15769"
TRIEU_SON = (TOWN, MINH_SON, THO_SON, THO_BINH, BINH_SON)

# Đình Lập: the town and Đình Lập become Đình Lập, Bắc Xa becomes Kiên Mộc, and Bính Xá is split between these two.
DINH_LAP_TOWN, DINH_LAP, BINH_XA, BAC_XA = "06613", "06628", "06622", "06619"
KIEN_MOC = "06625"
# Lạng Sơn city: both become Tam Thanh, under the code of the second.
TAM_THANH, HOANG_DONG = "05974", "05986"
LANG_SON = (DINH_LAP_TOWN, DINH_LAP, BINH_XA, BAC_XA, TAM_THANH, HOANG_DONG)
LANG_SON_NEW = (DINH_LAP_TOWN, KIEN_MOC, HOANG_DONG)

_OLD = {*TRIEU_SON, *LANG_SON}
_NEW = {TOWN, THO_SON, *LANG_SON_NEW}
_ABOVE = {"vn", "20", "178", "189", "38", "397"}


def before_the_reform(root: Path) -> Path:
    """Programmes as they stood in 2021: no unit has an end, none a successor."""
    return _written(root, lambda row: row["valid_from"] < REFORM, lambda row: {**row, "valid_to": ""}, lambda _: False)


def since_the_reform(root: Path) -> Path:
    """Programmes as they are."""
    return _written(root, lambda row: True, dict, lambda _: True)


def _written(
    root: Path, kept: Callable[[Row], bool], as_known: Callable[[Row], Row], known: Callable[[Row], bool]
) -> Path:
    root.mkdir()
    shutil.copy(PROGRAMMES / "catalogue.yaml", root)
    shutil.copytree(PROGRAMMES / "forms", root / "forms")
    (root / "units").mkdir()
    rows = [row for row in _rows("units/administrative.csv") if _in_the_story(row) and kept(row)]
    _write(root / "units" / "administrative.csv", map(as_known, rows))
    _write(
        root / "units" / "successors.csv",
        [row for row in _rows("units/successors.csv") if _of_both(row) and known(row)],
    )
    for plan in PLANS:
        (root / plan).mkdir()
        shutil.copy(PROGRAMMES / plan / "plan.yaml", root / plan)
        if (PROGRAMMES / plan / "units.csv").exists():
            _write(root / plan / "units.csv", map(as_known, _rows(f"{plan}/units.csv")))
    return root


def _in_the_story(row: Row) -> bool:
    return row["code"] in (_ABOVE | _OLD if row["valid_from"] < REFORM else _NEW)


def _of_both(row: Row) -> bool:
    """A step from a unit of the story to another one, or to nowhere."""
    return row["code"] in _ABOVE | _OLD and row["valid_from"] < REFORM and row["successor_code"] in {"", *_NEW}


def _rows(name: str) -> list[dict[str, str]]:
    with (PROGRAMMES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _write(path: Path, rows: Iterable[Row]) -> None:
    some = list(rows)
    header = (
        list(some[0]) if some else ["code", "valid_from", "successor_code", "successor_valid_from", "kind", "source"]
    )
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header)
        writer.writeheader()
        writer.writerows(some)
