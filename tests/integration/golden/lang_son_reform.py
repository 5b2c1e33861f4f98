"""Lạng Sơn (S1) from 2024 to 2026, through the reform of 1/7/2025: half of 2025 by the old tree, the year by the new.

Six communes of two districts become three communes. The first half of 2025 ended on 14/6, and is due four days after
the reform. The targets of 2025 are due on 31/12/2025: the year 2025 ended before that day, the next period ends after
it, so 2025 is the year that decides.
"""

from collections.abc import Mapping, Sequence

from tests.integration.golden.lang_son_years import (
    CITY,
    CLOSED,
    DISTRICT,
    NATIONAL,
    NO_OFFICIALS,
    PLAN,
    PROVINCE,
    TARGETS,
    above,
    half_year,
    no_share,
    none,
    of,
    reminds,
    whole_year,
    xa,
)
from tests.integration.golden.model import Judged, Line, Report, reports
from tests.integration.golden.small_tree import BINH_XA, DINH_LAP_TOWN, HOANG_DONG, KIEN_MOC, LANG_SON, LANG_SON_NEW
from tests.integration.golden.years import Looked, Moment, every

# 2024: everything, by all.


def _year_2024(units: Sequence[str], reached: int) -> list[Report]:
    return xa(
        "2024",
        units,
        children_5_17=100,
        child_labour=0,
        hazardous_labour=0,
        at_risk_or_labour=(9, 10),
        cases_notified=(0, 0),
        staff=(18, 20),
        parents=(80, 100),
        children=(80, 100),
        employers=(9, 10),
        officials_commune=(2, 2),
        enterprises=(9, 10),
        cooperatives_households=(7, 10),
        collaborators=(reached, 5),
    )


YEAR_2024 = [
    Moment(
        "2024-12-20T09:00",
        PLAN,
        [*_year_2024([DINH_LAP_TOWN], 4), *_year_2024(LANG_SON[1:], 5), *above("2024", (5, 10))],
        judged=[
            of(
                PROVINCE,
                "2024",
                {
                    # In 2023 too few reported to know of anything broken.
                    **none("0/600", "0", "met", "kept", "6/6"),
                    "cases-supported": Line("0/0", None, "not_arising", "not_arising", "6/6"),
                    # 6 × 9 of 60: exactly 90 %, and "từ 90% trở lên" is at least 90.
                    "at-risk-in-education": Line("54/60", "90", "met", "met", "6/6"),
                    # 6 × 18 of 120.
                    "staff-informed": Line("108/120", "90", "met", "met", "6/6"),
                    "parents-informed": Line("480/600", "80", "met", "met", "6/6"),
                    "children-informed": Line("480/600", "80", "met", "met", "6/6"),
                    "employers-informed": Line("54/60", "90", "met", "met", "6/6"),
                    # 6 × 2 + 2 × 5 + 5 = 27 of 12 + 10 + 10 = 32: 84.375 %, below 90.
                    "officials-trained": Line("27/32", "84.375", "at_risk", "not_due", "9/9"),
                    "enterprises-trained": Line("54/60", "90", "met", "met", "6/6"),
                    # 6 × 7 of 60.
                    "cooperatives-households-trained": Line("42/60", "70", "met", "met", "6/6"),
                    "hazardous-work-less-2030": Line("0/0", None, "not_arising", "not_arising", "6/6"),
                    # 4 + 5 × 5 = 29 of 30: 290/3 = 96.7 %, and no due date.
                    "collaborators-reached": Line("29/30", "290/3", "at_risk", "no_due", "6/6"),
                },
            )
        ],
        duties=whole_year(2024, {"on_time": 6}, {"on_time": 2}, "not_yet_due"),
        reminds=reminds("2024", "before", (6, 6)),
    ),
    # The nation is these six communes and the five of Triệu Sơn, whose year ends in October.
    Moment(
        "2024-12-20T09:00",
        NATIONAL,
        judged=[
            of(
                "vn",
                "2024",
                {
                    # 0 + 18 of 600 + 4,000: 9/23 = 0.39 %, at most 4.9.
                    "child-labour-down": Line("18/4600", "9/23", "met", "met", "11/11"),
                    "cases-supported": Line("0/0", None, "not_arising", "not_arising", "11/11"),
                    # 54 + 64 = 118 of 60 + 70 = 130: 1,180/13 = 90.8 %, more than 90.
                    "at-risk-in-education": Line("118/130", "1180/13", "met", "met", "11/11"),
                },
            ),
            # The province's exactly 90 % is enough for its own plan and not for this one.
            of(PROVINCE, "2024", {"at-risk-in-education": Line("54/60", "90", "at_risk", "not_due", "6/6")}),
        ],
    ),
]

# The first half of 2025


def _half_2025(units: Sequence[str], informed: int) -> list[Report]:
    return xa("2025S1", units, children_5_17=100, child_labour=0, parents=(informed, 100))


def _lines_half(parents: Line) -> dict[str, Line]:
    return every(
        TARGETS,
        CLOSED,
        none("0/600", "0", "met", "kept", "6/6"),
        parents_informed=parents,
        officials_trained=NO_OFFICIALS,
        hazardous_work_less_2030=no_share("6/6"),
    )


HALF_2025 = [
    Moment(
        "2025-06-20T09:00",
        PLAN,
        _half_2025(LANG_SON, 85),
        # 6 × 85 of 600.
        judged=[of(PROVINCE, "2025S1", _lines_half(Line("510/600", "85", "met", "met", "6/6")))],
        duties=half_year(2025, {"on_time": 6}, "not_yet_due"),
    ),
    # The reform, four days before a deadline: the districts, which are gone, still owe their last half-year.
    Moment("2025-07-01T00:00", PLAN, reminds=reminds("2025S1", "before", (0, 6)), reform=True),
    # Bính Xá has been gone for five days, and writes its old half-year again: 510 − 85 + 15 = 440: 220/3 = 73.3 %.
    Moment(
        "2025-07-05T20:00",
        PLAN,
        _half_2025([BINH_XA], 15),
        judged=[of(PROVINCE, "2025S1", _lines_half(Line("440/600", "220/3", "at_risk", "not_due", "6/6")))],
        duties=half_year(2025, {"on_time": 6}, "not_yet_due"),
        reminds=reminds("2025S1", "due", (0, 6)),
    ),
]

# 2025: three communes and the province.


def _year_2025(
    unit: str, children: int, parents: tuple[int, int], cases: tuple[int, int], labour: int = 0
) -> list[Report]:
    tenth = children // 100
    return xa(
        "2025",
        [unit],
        children_5_17=children,
        child_labour=labour,
        hazardous_labour=0,
        at_risk_or_labour=(9 * tenth, 10 * tenth),
        cases_notified=cases,
        staff=(18, 20),
        parents=parents,
        children=(80, 100),
        employers=(9, 10),
        officials_commune=(4, 4),
        enterprises=(0, 0),
        cooperatives_households=(6 if unit == DINH_LAP_TOWN else 7, 10),
        collaborators=(5, 5),
    )


SENT_2025 = [
    *_year_2025(DINH_LAP_TOWN, 300, (250, 300), (1, 1)),
    *_year_2025(KIEN_MOC, 200, (150, 200), (0, 1)),
    *_year_2025(HOANG_DONG, 100, (80, 100), (0, 0)),
    *reports("ldte-tinh", "2025", [PROVINCE], officials_province=(18, 20)),
]

LINES_2025 = {
    # 0 of 300 + 200 + 100.
    **none("0/600", "0", "met", "kept", "3/3"),
    # 1 of 1 + 1: 50 %.
    "cases-supported": Line("1/2", "50", "at_risk", "not_due", "3/3"),
    # 27 + 18 + 9 = 54 of 60: at least 90.
    "at-risk-in-education": Line("54/60", "90", "met", "met", "3/3"),
    "staff-informed": Line("54/60", "90", "met", "met", "3/3"),
    # 250 + 150 + 80 = 480 of 600: exactly 80 %.
    "parents-informed": Line("480/600", "80", "met", "met", "3/3"),
    "children-informed": Line("240/300", "80", "met", "met", "3/3"),
    "employers-informed": Line("27/30", "90", "met", "met", "3/3"),
    # 18 + 3 × 4 = 30 of 32: 93.75 %. Three communes and the province; nobody asks for districts.
    "officials-trained": Line("30/32", "93.75", "met", "met", "4/4"),
    "enterprises-trained": Line("0/0", None, "not_arising", "not_arising", "3/3"),
    # 6 + 7 + 7 = 20 of 30: 200/3 = 66.7 %, below 70.
    "cooperatives-households-trained": Line("20/30", "200/3", "at_risk", "not_due", "3/3"),
    "hazardous-work-less-2030": Line("0/0", None, "not_arising", "not_arising", "3/3"),
    "collaborators-reached": Line("15/15", "100", "met", "met", "3/3"),
}
DUE_PASSED = {
    **LINES_2025,
    "cases-supported": Line("1/2", "50", "missed", "due_passed", "3/3"),
    "cooperatives-households-trained": Line("20/30", "200/3", "missed", "due_passed", "3/3"),
}
CORRECTED_2025 = {
    **DUE_PASSED,
    # One child of 600, in a year that is over.
    **none("1/600", "1/6", "missed", "broken_now", "3/3"),
    # 480 − 10 = 470: 235/3 = 78.3 %.
    "parents-informed": Line("470/600", "235/3", "missed", "due_passed", "3/3"),
    # It is not in hazardous work.
    "hazardous-work-less-2030": Line("0/1", "0", "met", "nothing_left", "3/3"),
}


def _broken(sums: str, exact: str | None, covered: str, provisional: bool = False) -> dict[str, Line]:
    return none(sums, exact, "missed", "broken_before", covered, provisional)


YEAR_2025 = [
    Moment(
        "2025-12-22T09:00",
        PLAN,
        SENT_2025,
        judged=[of(PROVINCE, "2025", LINES_2025)],
        duties=whole_year(2025, {"on_time": 3}, {}, "not_yet_due"),
        reminds=reminds("2025", "before", (3, 3), None),
    ),
    Moment("2025-12-31T23:59", PLAN, reminds=reminds("2025", "due", (0, 3), None)),
    # Exactly 90 % again: the province meets its own target, and the nation's it does not, of which 2025 decides, too.
    Moment(
        "2025-12-31T23:59",
        NATIONAL,
        judged=[
            of(PROVINCE, "2025", {"at-risk-in-education": Line("54/60", "90", "at_risk", "not_due", "3/3")}),
            # The nation is five communes now: two of Thanh Hóa are silent, three of five are 60 %.
            of(
                "vn",
                "2025",
                {"at-risk-in-education": Line("54/60", "90", "insufficient", "insufficient", "3/5", provisional=True)},
            ),
        ],
    ),
    Moment(
        "2026-01-01T00:00",
        NATIONAL,
        judged=[of(PROVINCE, "2025", {"at-risk-in-education": Line("54/60", "90", "missed", "due_passed", "3/3")})],
    ),
    Moment(
        "2026-01-01T00:00",
        PLAN,
        judged=[of(PROVINCE, "2025", DUE_PASSED)],
        duties=whole_year(2025, {"on_time": 3}, {}, "missing"),
    ),
    Moment(
        "2026-02-10T09:00",
        PLAN,
        _year_2025(KIEN_MOC, 200, (140, 200), (0, 1), labour=1),
        judged=[
            of(PROVINCE, "2025", CORRECTED_2025),
            # It stays broken in what has begun since.
            of(PROVINCE, "2026S1", _broken("–/–", None, "0/3", provisional=True)),
            of(PROVINCE, "2026", _broken("–/–", None, "0/3", provisional=True)),
        ],
        duties=whole_year(2025, {"on_time": 3}, {}, "missing"),
    ),
]

SILENT_2026 = Line("–/–", None, "no_data", "no_data", "0/3")

HALF_2026 = [
    Moment(
        "2026-06-30T09:00",
        PLAN,
        xa("2026S1", LANG_SON_NEW, children_5_17=100, child_labour=0, parents=(90, 100)),
        judged=[
            of(
                PROVINCE,
                "2026S1",
                every(
                    TARGETS,
                    SILENT_2026,
                    # None again, and too late.
                    _broken("0/300", "0", "3/3"),
                    # 3 × 90 of 300.
                    parents_informed=Line("270/300", "90", "met", "met", "3/3"),
                    officials_trained=Line("–/–", None, "no_data", "no_data", "0/4", provisional=True),
                    hazardous_work_less_2030=no_share("3/3"),
                ),
            ),
            # The second half has begun.
            of(PROVINCE, "2026S2", _broken("–/–", None, "0/3", provisional=True)),
        ],
        duties=half_year(2026, {"on_time": 3}, "not_yet_due", districts=0),
        reminds=reminds("2026S1", "before", (3, 3), None),
    )
]

MOMENTS = [*YEAR_2024, *HALF_2025, *YEAR_2025, *HALF_2026]

# Looked at in 2026, by the tree of another day. Bính Xá was split: nobody knows what of it went where, so it counts in
# the province only; so do the reports of the districts, which became nothing.

OLD, NEW = "2024-12-31", "2025-12-31"
BINH_XA_SPLIT = {BINH_XA: ("split", PROVINCE)}
DISTRICTS_GONE = {CITY: ("abolished", PROVINCE), DISTRICT: ("abolished", PROVINCE)}


def _parents(
    area: str,
    period: str,
    line: Line,
    by: str,
    undivided: Mapping[str, tuple[str, str]],
    known: str | None = None,
) -> Looked:
    return Looked(PLAN, Judged(area, period, {"parents-informed": line}), by, known, undivided)


LOOKED = [
    # Nothing is lost in the province.
    _parents(PROVINCE, "2024", Line("480/600", "80", "met", "met", "6/6"), NEW, {**BINH_XA_SPLIT, **DISTRICTS_GONE}),
    # The town and Đình Lập, 80 each; Bính Xá's 80 may belong there.
    _parents(DINH_LAP_TOWN, "2024", Line("160/200", "80", "met", "met", "2/2"), NEW, BINH_XA_SPLIT),
    # Bắc Xa.
    _parents(KIEN_MOC, "2024", Line("80/100", "80", "met", "met", "1/1"), NEW, BINH_XA_SPLIT),
    # Both of the city.
    _parents(HOANG_DONG, "2024", Line("160/200", "80", "met", "met", "2/2"), NEW, {}),
    # The year 2025 by the old tree: what became of the district's communes was the district's, 250 + 140 of 300 + 200 …
    _parents(
        DISTRICT,
        "2025",
        Line("390/500", "78", "missed", "due_passed", "2/2"),
        OLD,
        {DINH_LAP_TOWN: ("formed", DISTRICT), KIEN_MOC: ("formed", DISTRICT)},
    ),
    # … and 250 + 150 before the correction.
    _parents(
        DISTRICT,
        "2025",
        Line("400/500", "80", "met", "met", "2/2"),
        OLD,
        {DINH_LAP_TOWN: ("formed", DISTRICT), KIEN_MOC: ("formed", DISTRICT)},
        known="2026-01-15T00:00",
    ),
    _parents(CITY, "2025", Line("80/100", "80", "met", "met", "1/1"), OLD, {HOANG_DONG: ("formed", CITY)}),
]
