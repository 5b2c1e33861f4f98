"""A small release made by hand: one form in two versions, four communes, two provinces."""

from collections.abc import Iterable
from datetime import date

from chitieu.domain.catalogue import Breakdown, Catalogue, Direction, Element, Indicator, Kind, Label
from chitieu.domain.form import Collection, Field, Form, Reporters
from chitieu.domain.period import Anchor, PeriodKind, Window
from chitieu.domain.registry import Release
from chitieu.domain.unit import Succession, Unit, UnitTree

_LABEL = Label("…", "…")
MAXIMUM = 1_000_000


def element(id_: str, part_of: Iterable[str] = (), scale: int = 0) -> Element:
    return Element(id_, _LABEL, "person", Kind.STOCK, tuple(part_of), scale=scale, maximum=MAXIMUM * 10**scale)


def share(id_: str, numerator: Iterable[str], denominator: Iterable[str]) -> Indicator:
    return Indicator(id_, _LABEL, tuple(numerator), tuple(denominator), 100, "percent", Direction.HIGHER)


CATALOGUE = Catalogue(
    {"sex": Breakdown("sex", _LABEL, {"m": _LABEL, "f": _LABEL})},
    {
        one.id: one
        for one in (
            element("children"),
            element("labour", ["children"]),
            element("labour_by_age", ["labour"]),
            element("hazardous", ["labour_by_age"]),
            element("parents"),
            element("parents_informed", ["parents"]),
            element("budget", scale=1),
            element("teachers"),
            element("managers"),
            element("trained"),
            element("events"),
            element("leaflets"),
        )
    },
    {
        one.id: one
        for one in (
            share("labour_rate", ["labour"], ["children"]),
            share("informed", ["parents_informed"], ["parents"]),
            share("staff_trained", ["trained"], ["teachers", "managers"]),
            share("staff_trained_again", ["trained"], ["managers", "teachers"]),
            share("elsewhere", ["trained"], ["somewhere_else"]),
        )
    },
)


def field(element_id: str, *options: str, retired: bool = False) -> Field:
    one = CATALOGUE.elements[element_id]
    return Field(".".join((element_id, *options)), element_id, options, one.scale, one.maximum, False, retired)


_ASKED = (
    field("children", "m"),
    field("children", "f"),
    field("labour", "m"),
    field("labour", "f"),
    field("hazardous"),
    field("parents"),
    field("parents_informed"),
    field("budget"),
    field("teachers"),
    field("managers"),
    field("trained"),
)
_PROVINCE = Reporters("commune", ("01",), ("00009",))
_COLLECTED = (
    Collection(_PROVINCE, PeriodKind.YEAR, Window("calendar"), date(2021, 1, 1), date(2025, 12, 31)),
    Collection(
        _PROVINCE,
        PeriodKind.HALF_YEAR,
        Window("", ((Anchor(15, 12, -1), Anchor(14, 6)), (Anchor(15, 6), Anchor(14, 12)))),
        date(2021, 1, 1),
        None,
    ),
)
FIRST = Form("xa", 1, _LABEL, "administrative", (*_ASKED, field("leaflets")), _COLLECTED)
SECOND = Form(
    "xa", 2, _LABEL, "administrative", (*_ASKED, field("leaflets", retired=True), field("events")), _COLLECTED
)

_EVER = date(2000, 1, 1)
UNITS = (
    Unit("vn", _EVER, None, "nation", None, "Việt Nam"),
    Unit("01", _EVER, None, "province", "vn", "Tỉnh Bắc"),
    Unit("02", _EVER, None, "province", "vn", "Tỉnh Nam"),
    Unit("001", _EVER, None, "district", "01", "Huyện Đông"),
    Unit("00001", _EVER, None, "commune", "001", "Xã Một"),
    Unit("00002", _EVER, date(2022, 6, 30), "commune", "001", "Xã Hai"),
    Unit("00002", date(2022, 7, 1), None, "commune", "001", "Xã Hai Mới"),
    Unit("00003", _EVER, None, "commune", "02", "Xã Ba"),
    Unit("00009", _EVER, None, "commune", "001", "Xã Chín"),
    Unit("00010", date(2024, 1, 1), None, "commune", "001", "Xã Mười"),
)
TREE = UnitTree(UNITS, [Succession("00002@2000-01-01", "00002@2022-07-01", "same")])
RELEASE = Release(7, CATALOGUE, {"xa": SECOND}, {("xa", 1): FIRST, ("xa", 2): SECOND}, {}, TREE)

# Figures that satisfy every rule of the form.
GOOD: dict[str, object] = {
    "children.m": 520,
    "children.f": 480,
    "labour.m": 12,
    "labour.f": 8,
    "hazardous": 3,
    "parents": "1.234",
    "parents_informed": 1000,
    "budget": "12,5",
    "teachers": 40,
    "managers": 2,
    "trained": 30,
    "events": None,
}
