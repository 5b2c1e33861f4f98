"""Triệu Sơn (S2) from 2023 until the reform of 1/7/2025 ends the district, and what is said of it afterwards.

The year 2025 would have run until 31/10/2025: 2024 is the district's last.
"""

from collections.abc import Sequence

from tests.integration.golden.model import ENDED, NOT_APPLICABLE, Duties, Judged, Line, Report
from tests.integration.golden.small_tree import BINH_SON, MINH_SON, THO_BINH, THO_SON, TOWN
from tests.integration.golden.trieu_son_years import (
    CLOSED,
    OPEN,
    PLAN,
    TARGETS,
    duties,
    huyen,
    labour,
    moment,
    provisional,
    xa,
)
from tests.integration.golden.years import Looked, every

# 2023: three of five, too few; a fourth one comes months later. Nobody has staff to inform, the district is silent.


def _year_2023(units: Sequence[str], children: int, child_labour: int) -> list[Report]:
    return xa(
        "2023", units, children_5_17=children, child_labour=child_labour, hazardous_labour=0, staff=NOT_APPLICABLE
    )


THREE_OF_2023 = {
    # 5 + 2 × 1 = 7 of 2,000 + 2 × 500 = 3,000: 7/30 = 0.23 % would pass, but three of five are 60 %.
    **labour("7/3000", "7/30", "insufficient", "insufficient", "3/5"),
    "staff-informed": Line("–/–", None, "insufficient", "insufficient", "3/5"),
    "hazardous-work-2030": Line("0/7", "0", "insufficient", "insufficient", "3/5"),
}
FOUR_OF_2023 = {
    # The fourth has none of 500: 7 of 3,500.
    **labour("7/3500", "0.2", "met", "met", "4/5"),
    "staff-informed": Line("–/–", None, "not_arising", "not_arising", "4/5"),
    "hazardous-work-2030": Line("0/7", "0", "met", "nothing_left", "4/5"),
}
# Without the district, and nothing said of the communes'. Its report has no deadline: it may still come.
NO_OFFICIALS = Line("–/–", None, "no_data", "no_data", "0/6", provisional=True)

YEAR_2023 = [
    moment(
        "2023-11-01T08:00",
        "2023",
        every(TARGETS, OPEN, provisional(THREE_OF_2023), officials_trained=NO_OFFICIALS),
        [*_year_2023([TOWN], 2000, 5), *_year_2023([MINH_SON, THO_SON], 500, 1)],
        duties(2023, {"on_time": 3, "not_yet_due": 2}, offices="not_yet_due", district="not_received"),
    ),
    moment(
        "2024-02-01T09:00",
        "2023",
        every(TARGETS, CLOSED, FOUR_OF_2023, officials_trained=NO_OFFICIALS),
        _year_2023([THO_BINH], 500, 0),
        duties(2023, {"on_time": 3, "late": 1, "missing": 1}, district="not_received"),
    ),
]

# 2024: everything, by all. The town corrects it when the district has been gone for a month.


def _town_2024(parents_informed: int) -> list[Report]:
    return xa(
        "2024",
        [TOWN],
        children_5_17=2000,
        child_labour=10,
        hazardous_labour=2,
        at_risk_or_labour=(28, 30),
        cases_notified=(0, 0),
        staff=(90, 100),
        parents=(parents_informed, 1000),
        children=(1400, 2000),
        employers=(45, 50),
        officials_commune=(5, 5),
        enterprises=(8, 10),
        cooperatives_households=(7, 10),
    )


SENT_2024 = [
    *_town_2024(parents_informed=650),
    *xa(
        "2024",
        [MINH_SON, THO_SON, THO_BINH, BINH_SON],
        children_5_17=500,
        child_labour=2,
        hazardous_labour=0,
        at_risk_or_labour=(9, 10),
        cases_notified=(0, 0),
        staff=(9, 10),
        parents=(75, 100),
        children=(350, 500),
        employers=(9, 10),
        officials_commune=(4, 4),
        enterprises=(0, 0),
        cooperatives_households=(7, 10),
    ),
    *huyen("2024"),
]
LINES_2024 = {
    # 10 + 4 × 2 = 18 of 4,000.
    **labour("18/4000", "0.45", "met", "met", "5/5"),
    "cases-supported": Line("0/0", None, "not_arising", "not_arising", "5/5"),
    # 28 + 36 = 64 of 70: 640/7 = 91.4 %.
    "at-risk-education": Line("64/70", "640/7", "met", "met", "5/5"),
    # 90 + 36 = 126 of 140: exactly 90 %.
    "staff-informed": Line("126/140", "90", "met", "met", "5/5"),
    # 650 + 300 = 950 of 1,400: 475/7 = 67.9 %.
    "parents-informed": Line("950/1400", "475/7", "at_risk", "not_due", "5/5"),
    # 1,400 + 1,400 = 2,800 of 4,000: exactly 70 %.
    "children-informed": Line("2800/4000", "70", "met", "met", "5/5"),
    # 45 + 36 = 81 of 90: exactly 90 %.
    "employers-informed": Line("81/90", "90", "met", "met", "5/5"),
    "officials-trained": Line("31/31", "100", "met", "met", "6/6"),
    # The town's 8 of 10, none elsewhere: 80 %, below 90.
    "enterprises-trained": Line("8/10", "80", "at_risk", "not_due", "5/5"),
    # 7 × 5 of 10 × 5.
    "cooperatives-households-trained": Line("35/50", "70", "met", "met", "5/5"),
    # 2 of 18: 100/9 = 11.1 %, less than the 35 % of 2021.
    "hazardous-work-2030": Line("2/18", "100/9", "met", "decreased", "5/5"),
}
CORRECTED_2024 = {
    **LINES_2024,
    # 680 + 300 = 980 of 1,400: exactly 70 %.
    "parents-informed": Line("980/1400", "70", "met", "met", "5/5"),
}

YEAR_2024 = [
    moment(
        "2024-11-05T09:00",
        "2024",
        every(TARGETS, CLOSED, LINES_2024),
        SENT_2024,
        duties(2024, {"on_time": 5}, offices="not_yet_due"),
    ),
    # Half a year before the reform: 2025 is a year like any other, of which nobody has said anything.
    moment(
        "2025-01-15T09:00",
        "2025",
        every(TARGETS, OPEN, {}, officials_trained=NO_OFFICIALS),
        duties=duties(2025, {"not_yet_due": 5}, offices="not_yet_due", district="not_received"),
    ),
    moment("2025-08-01T09:00", "2024", every(TARGETS, CLOSED, CORRECTED_2024), _town_2024(parents_informed=680)),
    # The year ends on 31/10/2025, the district ended on 30/6: it is asked for nothing, and judged by nothing.
    moment("2025-12-01T09:00", "2025", dict.fromkeys(TARGETS, ENDED), duties=[Duties("2025", {})]),
    # The due date has passed, and 2024 is the district's last year: what was not met then is missed.
    moment(
        "2026-01-01T00:00",
        "2024",
        every(TARGETS, CLOSED, CORRECTED_2024, enterprises_trained=Line("8/10", "80", "missed", "due_passed", "5/5")),
    ),
]

MOMENTS = [*YEAR_2023, *YEAR_2024]

# By the tree since the reform, the old communes' 2024: each went whole into one new commune.
AFTER = "2025-12-31"


def _parents(area: str, line: Line, by: str | None = AFTER, known: str | None = None) -> Looked:
    return Looked(PLAN, Judged(area, "2024", {"parents-informed": line}), by, known, {})


LOOKED = [
    # Triệu Sơn commune: the town's 680 and Minh Sơn's 75 of 1,000 + 100: 755/11 = 68.6 %. Its year 2025 shows the
    # target, so that of 2024 does not decide.
    _parents(TOWN, Line("755/1100", "755/11", "at_risk", "not_due", "2/2")),
    # Before the town's correction: 650 + 75, 725/11 = 65.9 %.
    _parents(TOWN, Line("725/1100", "725/11", "at_risk", "not_due", "2/2"), known="2025-07-15T00:00"),
    # Before anybody knew of the reform the code meant the town: 650 of 1,000.
    _parents(TOWN, Line("650/1000", "65", "at_risk", "not_due", "1/1"), known="2025-06-01T00:00"),
    # Thọ Bình: 3 × 75 of 300.
    _parents(THO_SON, Line("225/300", "75", "met", "met", "3/3")),
    # By the year's own tree the code means Thọ Sơn alone: 75 of 100.
    _parents(THO_SON, Line("75/100", "75", "met", "met", "1/1"), by=None),
]
