"""A release small enough to work out by hand: one province, two districts, three communes, one plan, the 2025 reform.

vn ─ 20 ─ 201 ─ 00001, 00002          until 30/6/2025
        └ 202 ─ 00003
vn ─ 20 ─ 00001 (merged from 00001 and 00002), 00003          from 1/7/2025, the codes re-used
vn ─ 30                               a province without plan
"""

from datetime import date
from fractions import Fraction

from chitieu.domain.catalogue import Breakdown, Catalogue, Direction, Element, Indicator, Kind, Label
from chitieu.domain.form import Collection, Field, Form, Reporters
from chitieu.domain.period import Anchor, Deadline, PeriodKind, Window
from chitieu.domain.plan import Clause, Comparator, Duty, Plan, Target, Task
from chitieu.domain.registry import Release
from chitieu.domain.rollup import Cell
from chitieu.domain.unit import Succession, Unit, UnitTree

OLD, LAST, NEW = date(2021, 1, 1), date(2025, 6, 30), date(2025, 7, 1)

NATION = "vn@1945-09-02"
PROVINCE = "20@2008-08-01"
DISTRICT = "201@2021-01-01"
COMMUNE = "00001@2021-01-01"


def label(text: str) -> Label:
    return Label(text, text)


TREE = UnitTree(
    [
        Unit("vn", date(1945, 9, 2), None, "nation", None, "Việt Nam"),
        Unit("20", date(2008, 8, 1), None, "province", "vn", "Tỉnh Lạng Sơn"),
        Unit("30", date(2008, 8, 1), None, "province", "vn", "Tỉnh Hải Dương"),
        Unit("201", OLD, LAST, "district", "20", "Huyện Hữu Lũng"),
        Unit("202", OLD, LAST, "district", "20", "Huyện Chi Lăng"),
        Unit("00001", OLD, LAST, "commune", "201", "Xã Vân Nham"),
        Unit("00002", OLD, LAST, "commune", "201", "Xã Đồng Tiến"),
        Unit("00003", OLD, LAST, "commune", "202", "Xã Vân An"),
        Unit("00001", NEW, None, "commune", "20", "Xã Vân Nham"),
        Unit("00003", NEW, None, "commune", "20", "Xã Chiến Thắng"),
    ],
    [
        Succession("00001@2021-01-01", "00001@2025-07-01", "merged"),
        Succession("00002@2021-01-01", "00001@2025-07-01", "merged"),
        Succession("00003@2021-01-01", None, "unknown"),
    ],
)


def _element(id_: str, *part_of: str, sensitive: bool = False, scale: int = 0) -> Element:
    return Element(id_, label(id_), "person", Kind.STOCK, part_of, sensitive, scale)


ELEMENTS = {
    e.id: e
    for e in (
        _element("children"),
        _element("labour", "children", sensitive=True),
        _element("parents"),
        _element("informed", "parents"),
        _element("officials_c"),
        _element("trained_c", "officials_c"),
        _element("officials_d"),
        _element("trained_d", "officials_d"),
        _element("budget", scale=1),
    )
}


def rate(id_: str, above: tuple[str, ...], below: tuple[str, ...], better: Direction = Direction.HIGHER) -> Indicator:
    return Indicator(id_, label(id_), above, below, 100, "percent", better)


CATALOGUE = Catalogue(
    {
        # Has all options of sex and one more: not the one that a field of m and f means.
        "person": Breakdown("person", label("Ai"), {"m": label("Nam"), "f": label("Nữ"), "x": label("Khác")}),
        "sex": Breakdown("sex", label("Giới tính"), {"m": label("Nam"), "f": label("Nữ")}),
    },
    ELEMENTS,
    {
        i.id: i
        for i in (
            rate("labour_rate", ("labour",), ("children",), Direction.LOWER),
            rate("informed_rate", ("informed",), ("parents",)),
            rate("officials_rate", ("trained_d", "trained_c"), ("officials_d", "officials_c")),
        )
    },
)


def field(key: str) -> Field:
    element, *options = key.split(".")
    e = ELEMENTS[element]
    return Field(key, element, tuple(options), e.scale, e.maximum, e.sensitive)


def collection(level: str, kind: PeriodKind) -> Collection:
    return Collection(Reporters(level, ("vn",)), kind, Window("decree-09-2019"), OLD, None, "assumed")


# Values of a commune report stand in this order.
COMMUNE_FORM = Form(
    "xa",
    1,
    label("Báo cáo xã"),
    "administrative",
    tuple(
        field(key) for key in ("children", "labour.m", "labour.f", "parents", "informed", "officials_c", "trained_c")
    ),
    (collection("commune", PeriodKind.YEAR), collection("commune", PeriodKind.HALF_YEAR)),
)
DISTRICT_FORM = Form(
    "huyen",
    1,
    label("Báo cáo huyện"),
    "administrative",
    tuple(field(key) for key in ("officials_d", "trained_d", "budget")),
    (collection("district", PeriodKind.YEAR),),
)
FORMS = {form.id: form for form in (COMMUNE_FORM, DISTRICT_FORM)}

CLAUSE = Clause("II.2", "90% …")


def target(
    id_: str, indicator: str, comparator: Comparator, bound: int | Fraction | None = None, **more: object
) -> Target:
    exact = None if bound is None else Fraction(bound)
    return Target(id_, label(id_), indicator, comparator, exact, CLAUSE, **more)  # type: ignore[arg-type]


DUE = date(2025, 12, 31)
TARGETS = (
    target("labour-low", "labour_rate", Comparator.BELOW, 1, due=DUE),
    target("labour-none", "labour_rate", Comparator.MAINTAIN, 0, holds=Comparator.EQUAL, since=OLD, due=DUE),
    target("labour-less", "labour_rate", Comparator.DECREASE, due=DUE, kinds=(PeriodKind.YEAR,)),
    target("informed", "informed_rate", Comparator.AT_LEAST, 80, due=DUE),
    target("trained", "officials_rate", Comparator.AT_LEAST, 90, scope="area", kinds=(PeriodKind.YEAR,)),
)
COMMUNES = Reporters("commune", ("20",))
DISTRICTS = Reporters("district", ("20",))
DUTIES = (
    Duty("year", label("Năm"), COMMUNES, "Sở", CLAUSE, "xa", PeriodKind.YEAR, (), Deadline(Anchor(25, 12), True)),
    Duty(
        "half",
        label("6 tháng"),
        COMMUNES,
        "Sở",
        CLAUSE,
        "xa",
        PeriodKind.HALF_YEAR,
        (1,),
        Deadline(Anchor(5, 7), False),
    ),
    Duty("district", label("Huyện"), DISTRICTS, "Sở", CLAUSE, "huyen", PeriodKind.YEAR),
    Duty("incidents", label("Vụ việc"), COMMUNES, "Sở", CLAUSE),
)
PLAN = Plan(
    id="lang-son",
    label=label("Kế hoạch của tỉnh"),
    number="187/KH-UBND",
    issued="2021-01-01",
    issuer="UBND tỉnh",
    document="plan.txt",
    parent=None,
    parent_basis=None,
    area="20",
    first=OLD,
    last=date(2030, 12, 31),
    coverage_needed=Fraction(80),
    targets={t.id: t for t in TARGETS},
    duties={d.id: d for d in DUTIES},
    tasks={"labour/1": Task("labour/1", "Sở Lao động", CLAUSE)},
)

RELEASE = Release(7, CATALOGUE, FORMS, {(f.id, f.version): f for f in FORMS.values()}, {PLAN.id: PLAN}, TREE)


def cell(units: int, *sums: int | None) -> Cell:
    """Totals of so many units that all answered every field; None is a field that nobody answered."""
    said = [0 if one is None else units for one in sums]
    return Cell(units, [one or 0 for one in sums], said, [0] * len(sums))
