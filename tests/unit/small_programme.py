"""A programme of one plan, two forms and eight units without mistakes, to be broken one line at a time."""

from pathlib import Path

CATALOGUE = "catalogue.yaml"
FORM = "forms/commune.yaml"
DISTRICT_FORM = "forms/district.yaml"
PLAN = "north/plan.yaml"
PARENT = "whole/plan.yaml"
UNITS = "units/administrative.csv"
SECTOR = "north/units.csv"
SUCCESSORS = "units/successors.csv"

FILES = {
    CATALOGUE: """\
breakdowns:
  sex: {vi: Giới tính, en: Sex, options: {m: {vi: Nam, en: Male}, f: {vi: Nữ, en: Female}}}
elements:
  children: {vi: Trẻ em, en: Children, counts: person, kind: stock}
  labour: {vi: Lao động trẻ em, en: Child labour, counts: person, kind: stock, part_of: [children], sensitive: true}
  courses: {vi: Lớp tập huấn, en: Courses, counts: event, kind: flow}
indicators:
  labour_rate: {vi: Tỷ lệ lao động trẻ em, en: Child labour rate, of: labour / children, better: lower}
  courses_held: {vi: Số lớp, en: Courses held, of: courses, unit: count, better: higher}
""",
    FORM: """\
form: commune
version: 1
vi: Báo cáo của xã
en: Commune report
fields:
  - children
  - labour: [sex]
collected:
  - who: {level: commune, within: ["01"]}
    period: year
    window: calendar
    first: 2021-01-01
""",
    DISTRICT_FORM: """\
form: district
version: 1
vi: Báo cáo của huyện
en: District report
fields:
  - courses
collected:
  - who: {level: district, within: ["01"]}
    period: year
    window: [{first: 15/12 previous, last: 14/12}]
    first: 2021-01-01
""",
    PLAN: """\
plan: north
vi: Kế hoạch của tỉnh Bắc
en: Plan of the North
number: 1/KH
issued: 2021-02-01
issuer: Tỉnh Bắc
document: north.txt
parent: whole
area: "01"
in_force: {first: 2021-02-01, last: 2025-12-31}
targets:
  rate:
    vi: Dưới 1%
    en: Below 1%
    indicator: labour_rate
    bound: "< 1"
    due: 2025-12-31
    place: II.1
    words: giảm xuống dưới 1%
  courses:
    vi: Mười lớp
    en: Ten courses
    indicator: courses_held
    bound: ">= 10"
    place: II.2
    words: mở 10 lớp
duties:
  yearly:
    vi: Báo cáo năm
    en: Yearly report
    who: {level: commune, within: ["01"]}
    to: Sở
    form: commune
    period: year
    deadline: before 15/1 next
    place: V
    words: trước ngày 15/1 năm sau
tasks:
  office:
    owner: Sở
    place: IV
    points:
      - words: phối hợp tổ chức
""",
    PARENT: """\
plan: whole
vi: Kế hoạch chung
en: Plan of the whole
number: 2/QĐ
issued: 2021-01-01
issuer: Chính phủ
document: ""
area: vn
in_force: {first: 2021-01-01, last: 2030-12-31}
targets:
  rate:
    vi: Còn 5%
    en: Down to 5%
    indicator: labour_rate
    bound: <= 5
    place: thông báo
    words: ""
""",
    UNITS: """\
code,valid_from,valid_to,level,parent,name
vn,2000-01-01,,nation,,Việt Nam
01,2000-01-01,,province,vn,Tỉnh Bắc
001,2000-01-01,,district,01,Huyện Đông
002,2000-01-01,,district,01,Huyện Tây
00001,2000-01-01,,commune,001,Xã Một
00002,2000-01-01,2022-06-30,commune,002,Xã Hai
00002,2022-07-01,,commune,002,Xã Hai Mới
""",
    SECTOR: """\
code,valid_from,valid_to,level,parent,name,sample
01.sgd,2021-01-01,,office,01,Sở Giáo dục,false
""",
    SUCCESSORS: """\
code,valid_from,successor_code,successor_valid_from,kind,source
00002,2000-01-01,00002,2022-07-01,same,test
""",
}

DOCUMENT = "Phấn đấu **giảm xuống\n\ndưới 1%** và mở 10 lớp; báo cáo trước ngày 15/1 năm sau. Sở phối hợp\ftổ chức."


def write(root: Path, **changed: str) -> Path:
    """Write the files under `root`; `changed` maps a path (with / as it is) to other text."""
    for name, text in {**FILES, **changed}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


def edit(root: Path, name: str, old: str, new: str) -> None:
    """Replace one place of one file."""
    path = root / name
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
    path.write_text(text.replace(old, new), "utf-8")


def line(root: Path, name: str, marker: str) -> int:
    """The first line of a file that contains some text."""
    lines = (root / name).read_text("utf-8").splitlines()
    return next(n for n, each in enumerate(lines, 1) if marker in each)
