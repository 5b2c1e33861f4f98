"""Triệu Sơn district (S2): 34 communes and townships, years from 1/11 to 31/10, at least 80 % must report.

All targets but the last two are due on 31/12/2025. The district ended on 30/6/2025, so no year of it runs until then:
what is not met is at risk because the due date has not come in it, and 2025 has no area any more.
"""

from datetime import date

from tests.integration.golden.model import (
    ENDED,
    NOT_APPLICABLE,
    Change,
    Duties,
    GoldenPlan,
    Judged,
    Line,
    Report,
    codes,
    figures,
    reports,
)

TOWN, *OTHERS = codes("commune", "397", date(2024, 10, 31))

BINDS = {
    "child-labour-2025": ("<= 0.5", "2025-12-31"),
    "cases-supported": ("= 100", "2025-12-31"),
    "at-risk-education": ("> 90", "2025-12-31"),
    "staff-informed": (">= 90", "2025-12-31"),
    "parents-informed": (">= 70", "2025-12-31"),
    "children-informed": (">= 70", "2025-12-31"),
    "employers-informed": (">= 90", "2025-12-31"),
    "officials-trained": ("= 100", "2025-12-31"),
    "enterprises-trained": (">= 90", "2025-12-31"),
    "cooperatives-households-trained": (">= 70", "2025-12-31"),
    "child-labour-2030": ("<= 0.5", "2030-12-31"),
    "hazardous-work-2030": ("decrease", "2030-12-31"),
}

# 2022: all 34 and the district report; figures lie on their bounds.

SENT_2022 = [
    *reports(
        "ldte-xa",
        "2022",
        [TOWN],
        children_5_17=3500,
        child_labour=34,
        hazardous_labour=25,
        at_risk_or_labour=(63, 70),
        cases_notified=(0, 0),
        staff=(162, 180),
        parents="10.000",  # as it is written in Việt Nam: ten thousand
        parents_informed="6.000",
        children=(2450, 3500),
        employers=(305, 340),
        officials_commune=(5, 5),
        enterprises=(114, 134),
        cooperatives_households=(48, 70),
    ),
    *reports(
        "ldte-xa",
        "2022",
        OTHERS,
        children_5_17=500,
        child_labour=2,
        hazardous_labour=0,
        at_risk_or_labour=(9, 10),
        cases_notified=(0, 0),
        staff=(36, 40),
        parents=(100, 100),
        children=(350, 500),
        employers=(18, 20),
        officials_commune=(5, 5),
        enterprises=(2, 2),
        cooperatives_households=(7, 10),
    ),
    *reports("ldte-huyen", "2022", ["397"], officials_district=(29, 30)),
]

STATES_2022 = {
    # 34 + 33 × 2 = 100 of 3,500 + 33 × 500 = 20,000: exactly 0.5 %, and "xuống 0,5%" is at most 0.5. Both targets.
    "child-labour-2025": Line("100/20000", "0.5", "met", "met", "34/34"),
    "child-labour-2030": Line("100/20000", "0.5", "met", "met", "34/34"),
    # All report 0 of 0 cases: nothing to divide by, neither 0 % nor 100 %.
    "cases-supported": Line("0/0", None, "not_arising", "not_arising", "34/34"),
    # 63 + 33 × 9 = 360 of 70 + 33 × 10 = 400: exactly 90 %, and "trên 90%" is more than 90.
    "at-risk-education": Line("360/400", "90", "at_risk", "not_due", "34/34"),
    # 162 + 33 × 36 = 1,350 of 180 + 33 × 40 = 1,500: exactly 90 %, and a bare 90 % is at least 90.
    "staff-informed": Line("1350/1500", "90", "met", "met", "34/34"),
    # 6,000 + 33 × 100 = 9,300 of 10,000 + 33 × 100 = 13,300: 9,300/133 = 69.92… %, below 70.
    # The mean of the percentages, (60 + 33 × 100) / 34 = 98.8 %, would pass.
    "parents-informed": Line("9300/13300", "9300/133", "at_risk", "not_due", "34/34"),
    # 2,450 + 33 × 350 = 14,000 of 20,000: exactly 70 %, at least 70.
    "children-informed": Line("14000/20000", "70", "met", "met", "34/34"),
    # 305 + 33 × 18 = 899 of 340 + 33 × 20 = 1,000: 89.9 %, below 90.
    "employers-informed": Line("899/1000", "89.9", "at_risk", "not_due", "34/34"),
    # District and commune pooled: 29 + 34 × 5 = 199 of 30 + 170 = 200: 99.5 %, not 100. 34 communes and the district.
    "officials-trained": Line("199/200", "99.5", "at_risk", "not_due", "35/35"),
    # Cooperatives are in two clauses, with a whole of their own in each. Here 114 + 33 × 2 = 180 of 134 + 66 = 200:
    # exactly 90 %, at least 90 …
    "enterprises-trained": Line("180/200", "90", "met", "met", "34/34"),
    # … and there 48 + 33 × 7 = 279 of 70 + 330 = 400: 69.75 %, below 70.
    "cooperatives-households-trained": Line("279/400", "69.75", "at_risk", "not_due", "34/34"),
    # 25 of 100 child labourers, the first known year: nothing to be compared with yet.
    "hazardous-work-2030": Line("25/100", "25", "on_track", "first_known", "34/34"),
}

# The town alone in 2022: the same bounds over its own figures.
STATES_TOWN = {
    # 34 of 3,500: 34/35 = 0.97… %, above 0.5.
    "child-labour-2025": Line("34/3500", "34/35", "at_risk", "not_due", "1/1"),
    # 6,000 of 10,000: 60 %, below 70.
    "parents-informed": Line("6000/10000", "60", "at_risk", "not_due", "1/1"),
    # Its 5 commune officials, all trained; the district's officials are not the town's.
    "officials-trained": Line("5/5", "100", "met", "met", "1/1"),
}

# 2023: the town and 27 others, 28 of 34 = 82.4 %, enough; figures lie one step off their bounds. All of the 28 say that
# they have no staff to inform (not applicable), and none says anything about parents (absent).

_REPORTING_2023 = OTHERS[:27]


def _year_2023(units: list[str], **employers: str | tuple[int, int]) -> list[Report]:
    return reports(
        "ldte-xa",
        "2023",
        units,
        children_5_17=500,
        child_labour=2,
        hazardous_labour=0,
        at_risk_or_labour=(9, 10),
        cases_notified=(0, 0),
        staff=NOT_APPLICABLE,
        children=(0, 500),
        officials_commune=(5, 5),
        enterprises=(2, 2),
        cooperatives_households=(7, 10),
        **employers,
    )


SENT_2023 = [
    *reports(
        "ldte-xa",
        "2023",
        [TOWN],
        children_5_17=3500,
        child_labour=32,
        hazardous_labour=20,
        at_risk_or_labour=(64, 70),
        cases_notified=(12, 12),
        staff=NOT_APPLICABLE,
        children=(0, 3500),
        employers=(95, 100),
        officials_commune=(5, 5),
        enterprises=(115, 134),
        cooperatives_households=(49, 70),
    ),
    *_year_2023(_REPORTING_2023[:20], employers=(9, 10)),
    *_year_2023(_REPORTING_2023[20:24], employers=(0, 0)),
    *_year_2023(_REPORTING_2023[24:26], employers=NOT_APPLICABLE),
    *_year_2023(_REPORTING_2023[26:]),
    *reports("ldte-huyen", "2023", ["397"], officials_district=(30, 30)),
]

STATES_2023 = {
    # 32 + 27 × 2 = 86 of 3,500 + 27 × 500 = 17,000: 43/85 = 0.506 %, above 0.5 (85 children would be exactly 0.5 %).
    "child-labour-2025": Line("86/17000", "43/85", "at_risk", "not_due", "28/34"),
    "child-labour-2030": Line("86/17000", "43/85", "at_risk", "not_due", "28/34"),
    # The town's 12 of 12; the others' reported 0 adds nothing and counts as answered. = 100.
    "cases-supported": Line("12/12", "100", "met", "met", "28/34"),
    # 64 + 27 × 9 = 307 of 70 + 270 = 340: 1,535/17 = 90.3 %, more than 90 (306 would be exactly 90 %).
    "at-risk-education": Line("307/340", "1535/17", "met", "met", "28/34"),
    # Not applicable in all 28: known, and nothing to count.
    "staff-informed": Line("–/–", None, "not_arising", "not_arising", "28/34"),
    # Left empty by all 28: nobody has said anything.
    "parents-informed": Line("–/–", None, "no_data", "no_data", "0/34"),
    # 0 reported of 17,000: that is 0 %, a figure like any other.
    "children-informed": Line("0/17000", "0", "at_risk", "not_due", "28/34"),
    # 95 + 20 × 9 = 275 of 100 + 200 = 300: 91.7 % would pass. But 1 + 20 + 4 gave figures and 2 said not applicable: 27
    # answered, 27/34 = 79.4 %, below 80. The one that left it empty counts as not having answered.
    "employers-informed": Line("275/300", "275/3", "insufficient", "insufficient", "27/34"),
    # 30 + 28 × 5 = 170 of 170; 28 communes and the district are 29 of 35 = 82.9 %.
    "officials-trained": Line("170/170", "100", "met", "met", "29/35"),
    # 115 + 27 × 2 = 169 of 134 + 54 = 188: 4,225/47 = 89.9 %, below 90 …
    "enterprises-trained": Line("169/188", "4225/47", "at_risk", "not_due", "28/34"),
    # … and 49 + 27 × 7 = 238 of 70 + 270 = 340: exactly 70 %. The other way round than in 2022.
    "cooperatives-households-trained": Line("238/340", "70", "met", "met", "28/34"),
    # 20 of 86: 1,000/43 = 23.3 %, less than the first known 25 % of 2022.
    "hazardous-work-2030": Line("20/86", "1000/43", "met", "decreased", "28/34"),
}

# 2024: 27 of 34 communes = 79.4 %, below 80, all of them perfect; the district reports.

_REPORTING_2024 = [TOWN, *OTHERS[:26]]
NEXT_2024 = OTHERS[26]

SENT_2024 = [
    *reports(
        "ldte-xa",
        "2024",
        _REPORTING_2024,
        children_5_17=100,
        child_labour=0,
        hazardous_labour=0,
        at_risk_or_labour=(10, 10),
        cases_notified=(1, 1),
        staff=(10, 10),
        parents=(100, 100),
        children=(100, 100),
        employers=(10, 10),
        officials_commune=(5, 5),
        enterprises=(2, 2),
        cooperatives_households=(10, 10),
    ),
    *reports("ldte-huyen", "2024", ["397"], officials_district=(30, 30)),
]

STATES_2024 = {
    # 27 times the figures of one commune, and each time too few communes to say so for the district.
    "child-labour-2025": Line("0/2700", "0", "insufficient", "insufficient", "27/34"),
    "child-labour-2030": Line("0/2700", "0", "insufficient", "insufficient", "27/34"),
    "cases-supported": Line("27/27", "100", "insufficient", "insufficient", "27/34"),
    "at-risk-education": Line("270/270", "100", "insufficient", "insufficient", "27/34"),
    "staff-informed": Line("270/270", "100", "insufficient", "insufficient", "27/34"),
    "parents-informed": Line("2700/2700", "100", "insufficient", "insufficient", "27/34"),
    "children-informed": Line("2700/2700", "100", "insufficient", "insufficient", "27/34"),
    "employers-informed": Line("270/270", "100", "insufficient", "insufficient", "27/34"),
    "enterprises-trained": Line("54/54", "100", "insufficient", "insufficient", "27/34"),
    "cooperatives-households-trained": Line("270/270", "100", "insufficient", "insufficient", "27/34"),
    "hazardous-work-2030": Line("0/0", None, "insufficient", "insufficient", "27/34"),
    # 30 + 27 × 5 = 165 of 165; 27 communes and the district are 28 of 35 = exactly 80 %: enough.
    "officials-trained": Line("165/165", "100", "met", "met", "28/35"),
}

# A 28th commune for 2024 that says something about parents only: 2,700 + 70 = 2,770 of 2,800 = 1,385/14 = 98.9 %, at
# least 70, and 28 of 34 = 82.4 % is enough. For all other targets still 27 have answered.
CHANGE = Change(
    Report("ldte-xa", "2024", NEXT_2024, figures(parents=(70, 100))),
    "397",
    "2024",
    {"parents-informed": Line("2770/2800", "1385/14", "met", "met", "28/34")},
)

# Plans are asked for once, in 2021 and without a day.
SENT_PLANS = [Report("own-plan", "2021", unit, {"own_plan_sent": 1}) for unit in (TOWN, *OTHERS[:2])]

# "Trước ngày 15 tháng 11": the 14th is the last day. Everything of the past comes late today.
DUTIES = [
    Duties(
        "2024",
        {
            "yearly-report-communes": ("2024-11-14", {"late": 27, "missing": 7}),
            # 15 offices but the one that receives.
            "yearly-report-offices": ("2024-11-14", {"missing": 14}),
            "labour-office-activity": (None, {"not_received": 1}),
            "yearly-report-district-officials": (None, {"received": 1}),
            "compiled-report": (None, {"not_received": 1}),
        },
    ),
    Duties(
        "2021",
        {
            "yearly-report-communes": ("2021-11-14", {"missing": 34}),
            "yearly-report-offices": ("2021-11-14", {"missing": 14}),
            "labour-office-activity": (None, {"not_received": 1}),
            "yearly-report-district-officials": (None, {"not_received": 1}),
            "compiled-report": (None, {"not_received": 1}),
            "own-plan-communes": (None, {"received": 3, "not_received": 31}),
            "own-plan-offices": (None, {"not_received": 15}),
        },
    ),
]

TRIEU_SON = GoldenPlan(
    id="trieu-son-2021",
    binds=BINDS,
    reports=[*SENT_2022, *SENT_2023, *SENT_2024, *SENT_PLANS],
    judged=[
        Judged("397", "2022", STATES_2022, frozenset()),
        Judged(TOWN, "2022", STATES_TOWN),
        Judged("397", "2023", STATES_2023, frozenset()),
        Judged("397", "2024", STATES_2024, frozenset()),
        # The year 2025 ends on 31/10/2025, four months after the district: no figure, and not "missed" either.
        Judged("397", "2025", dict.fromkeys(BINDS, ENDED), frozenset()),
    ],
    change=CHANGE,
    duties=DUTIES,
)
