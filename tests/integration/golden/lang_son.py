"""Lạng Sơn province (S1): communes, districts and the province report the first half-year and the year.

Windows are those of Decree 09/2019: 15/12 to 14/6 and 15/12 to 14/12. At least 80 % must report. Until 30/6/2025 there
are 200 communes in 11 districts, then 65 communes and no districts. The targets of 2025 are due on 31/12/2025: the year
2025 ends before that day, but the next one ends after it, so 2025 is the year that decides.
"""

from datetime import date

from tests.integration.golden.model import Change, Duties, GoldenPlan, Judged, Line, Report, codes, figures, reports

DISTRICTS = codes("district", "20", date(2024, 12, 14))
COMMUNES = list(codes("commune", "20", date(2024, 12, 14)))
NEW_COMMUNES = list(codes("commune", "20", date(2025, 12, 14)))
CITY = codes("commune", "178", date(2024, 12, 14))  # 8 wards and communes of the city
DINH_LAP = codes("commune", "189", date(2024, 12, 14))  # 12

BINDS = {
    "no-child-labour": ("maintain = 0", "2025-12-31"),
    "cases-supported": ("= 100", "2025-12-31"),
    "at-risk-in-education": (">= 90", "2025-12-31"),
    "staff-informed": (">= 90", "2025-12-31"),
    "parents-informed": (">= 80", "2025-12-31"),
    "children-informed": (">= 80", "2025-12-31"),
    "employers-informed": (">= 90", "2025-12-31"),
    "officials-trained": (">= 90", "2025-12-31"),
    "enterprises-trained": (">= 90", "2025-12-31"),
    "cooperatives-households-trained": (">= 70", "2025-12-31"),
    "no-child-labour-2030": ("maintain = 0", "2030-12-31"),
    "hazardous-work-less-2030": ("decrease", "2030-12-31"),
    "collaborators-reached": ("= 100", None),
}

# The city in 2022 and 2023: child labour none, one, none, none. 100 children in each of its 8 wards and communes.


def _labour(period: str, communes: tuple[str, ...], labour: int, **cases_notified: tuple[int, int]) -> list[Report]:
    return reports("ldte-xa", period, communes, children_5_17=100, child_labour=labour, **cases_notified)


SENT_CITY = [
    *_labour("2022S1", CITY, 0, cases_notified=(0, 1)),
    *_labour("2022", CITY[:1], 1, cases_notified=(2, 2)),
    *_labour("2022", CITY[1:], 0, cases_notified=(2, 2)),
    *_labour("2023S1", CITY, 0),
    *_labour("2023", CITY[:6], 0),
]


def _both(line: Line) -> dict[str, Line]:
    """The target of 2025 and the orientation to 2030 say the same."""
    return {"no-child-labour": line, "no-child-labour-2030": line}


STATES_CITY_2022S1 = {
    # 0 of 800: none, from the first period on.
    **_both(Line("0/800", "0", "met", "kept", "8/8")),
    # 8 × 0 of 8 × 1 case: 0 %, not 100; the due date is far off.
    "cases-supported": Line("0/8", "0", "at_risk", "not_due", "8/8"),
}
STATES_CITY_2022 = {
    # 1 of 8 × 100 = 800: 1/8 %, not 0. The period is over, so it is broken, and no later period mends it.
    **_both(Line("1/800", "0.125", "missed", "broken_now", "8/8")),
    # 8 × 2 of 16. The year's report contains the half-year: added up, 16 of 24 would fail.
    "cases-supported": Line("16/16", "100", "met", "met", "8/8"),
}
# None again, and too late.
STATES_CITY_2023S1 = _both(Line("0/800", "0", "missed", "broken_before", "8/8"))
# Only 6 of 8 = 75 % report, too few to be judged by; what is broken needs no more reports.
STATES_CITY_2023 = _both(Line("0/600", "0", "missed", "broken_before", "6/8"))

# Đình Lập reports the first half of 2022, 12 × 90 of 12 × 100 = 90 %, at least 80, and not the year.
SENT_DINH_LAP = reports("ldte-xa", "2022S1", DINH_LAP, parents=(90, 100))
STATES_DINH_LAP_2022S1 = {"parents-informed": Line("1080/1200", "90", "met", "met", "12/12")}
# A half-year never stands for the year.
STATES_DINH_LAP_2022 = {"parents-informed": Line("–/–", None, "no_data", "no_data", "0/12")}

# 2024: all 200 communes, 11 districts and the province. The first commune is large.


def _first_2024(collaborators: int) -> Report:
    return Report(
        "ldte-xa",
        "2024",
        COMMUNES[0],
        figures(
            children_5_17=500,
            child_labour=0,
            hazardous_labour=0,
            at_risk_or_labour=(9, 10),
            cases_notified=(3, 3),
            staff=(18, 20),
            parents=(10000, 20000),
            children=(320, 400),
            employers=(0, 0),
            officials_commune=(4, 4),
            enterprises=(89, 100),
            cooperatives_households=(0, 0),
            collaborators=(collaborators, 5),
        ),
    )


SENT_2024 = [
    _first_2024(collaborators=4),
    *reports(
        "ldte-xa",
        "2024",
        COMMUNES[1:],
        children_5_17=500,
        child_labour=0,
        hazardous_labour=0,
        at_risk_or_labour=(9, 10),
        cases_notified=(0, 0),
        staff=(18, 20),
        parents=(100, 100),
        children=(320, 400),
        employers=(0, 0),
        officials_commune=(4, 4),
        enterprises=(0, 0),
        cooperatives_households=(7, 10),
        collaborators=(5, 5),
    ),
    *reports("ldte-huyen", "2024", DISTRICTS, officials_district=(20, 20)),
    *reports("ldte-tinh", "2024", ["20"], officials_province=(20, 50)),
]

STATES_2024 = {
    # 0 of 200 × 500 = 100,000. In earlier periods only a few of the 200 reported: nothing was known to be broken.
    **_both(Line("0/100000", "0", "met", "kept", "200/200")),
    # 3 of 3 in the first commune, 0 of 0 elsewhere: 100.
    "cases-supported": Line("3/3", "100", "met", "met", "200/200"),
    # 200 × 9 = 1,800 of 2,000: exactly 90 %, and "từ 90% trở lên" is at least 90.
    "at-risk-in-education": Line("1800/2000", "90", "met", "met", "200/200"),
    # 200 × 18 = 3,600 of 4,000: exactly 90 %.
    "staff-informed": Line("3600/4000", "90", "met", "met", "200/200"),
    # 10,000 + 199 × 100 = 29,900 of 20,000 + 19,900 = 39,900: 29,900/399 = 74.9 %, below 80. Not the deciding year.
    # The mean of the percentages, (50 + 199 × 100) / 200 = 99.75 %, would pass.
    "parents-informed": Line("29900/39900", "29900/399", "at_risk", "not_due", "200/200"),
    # 200 × 320 = 64,000 of 80,000: exactly 80 %.
    "children-informed": Line("64000/80000", "80", "met", "met", "200/200"),
    # No employers anywhere: 0 of 0.
    "employers-informed": Line("0/0", None, "not_arising", "not_arising", "200/200"),
    # Three levels pooled: 20 + 11 × 20 + 200 × 4 = 1,040 of 50 + 220 + 800 = 1,070: 10,400/107 = 97.2 %. The province's
    # own 20 of 50 = 40 % would fail by itself. 200 communes, 11 districts and the province have answered.
    "officials-trained": Line("1040/1070", "10400/107", "met", "met", "212/212"),
    # 89 of 100 in the first commune, none elsewhere: 89 %, below 90 …
    "enterprises-trained": Line("89/100", "89", "at_risk", "not_due", "200/200"),
    # … and of the other clause's cooperatives 199 × 7 = 1,393 of 1,990: exactly 70 %.
    "cooperatives-households-trained": Line("1393/1990", "70", "met", "met", "200/200"),
    # No child labour, so no share of it.
    "hazardous-work-less-2030": Line("0/0", None, "not_arising", "not_arising", "200/200"),
    # 4 + 199 × 5 = 999 of 1,000: 99.9 %, not 100; no due date, so never missed.
    "collaborators-reached": Line("999/1000", "99.9", "at_risk", "no_due", "200/200"),
}

# 2025: the 65 communes since 1/7/2025 and the province; districts are asked no more. One commune differs.


def _year_2025(
    communes: list[str], child_labour: int, cases: tuple[int, int], staff: int, children: int, cooperatives: int
) -> list[Report]:
    return reports(
        "ldte-xa",
        "2025",
        communes,
        children_5_17=1000,
        child_labour=child_labour,
        hazardous_labour=0,
        at_risk_or_labour=(9, 10),
        cases_notified=cases,
        staff=(staff, 20),
        parents=(80, 100),
        children=(children, 400),
        employers=(9, 10),
        officials_commune=(10, 10),
        enterprises=(0, 0),
        cooperatives_households=(cooperatives, 10),
        collaborators=(5, 5),
    )


SENT_2025 = [
    *_year_2025(NEW_COMMUNES[:1], child_labour=1, cases=(4, 5), staff=17, children=319, cooperatives=6),
    *_year_2025(NEW_COMMUNES[1:], child_labour=0, cases=(0, 0), staff=18, children=320, cooperatives=7),
    *reports("ldte-tinh", "2025", ["20"], officials_province=(20, 50)),
]

STATES_2025 = {
    # 1 of 65,000: 1/650 %, not 0.
    **_both(Line("1/65000", "1/650", "missed", "broken_now", "65/65")),
    # 4 of 5: 80 %, not 100, and the due date has passed.
    "cases-supported": Line("4/5", "80", "missed", "due_passed", "65/65"),
    # 65 × 9 = 585 of 650: exactly 90 %, at least 90. The national programme wants more than 90: see there.
    "at-risk-in-education": Line("585/650", "90", "met", "met", "65/65"),
    # 17 + 64 × 18 = 1,169 of 1,300: 1,169/13 = 89.9 %, below 90.
    "staff-informed": Line("1169/1300", "1169/13", "missed", "due_passed", "65/65"),
    # 65 × 80 = 5,200 of 6,500: exactly 80 %.
    "parents-informed": Line("5200/6500", "80", "met", "met", "65/65"),
    # 319 + 64 × 320 = 20,799 of 26,000: 20,799/260 = 79.996 %, below 80.
    "children-informed": Line("20799/26000", "20799/260", "missed", "due_passed", "65/65"),
    # 65 × 9 = 585 of 650: exactly 90 %.
    "employers-informed": Line("585/650", "90", "met", "met", "65/65"),
    # 20 + 65 × 10 = 670 of 50 + 650 = 700: 670/7 = 95.7 %. 65 communes and the province.
    "officials-trained": Line("670/700", "670/7", "met", "met", "66/66"),
    # No enterprise of the four sectors anywhere.
    "enterprises-trained": Line("0/0", None, "not_arising", "not_arising", "65/65"),
    # 6 + 64 × 7 = 454 of 650: 908/13 = 69.8 %, below 70.
    "cooperatives-households-trained": Line("454/650", "908/13", "missed", "due_passed", "65/65"),
    # 0 of 1: nothing is left to decrease.
    "hazardous-work-less-2030": Line("0/1", "0", "met", "nothing_left", "65/65"),
    # 65 × 5 = 325 of 325.
    "collaborators-reached": Line("325/325", "100", "met", "met", "65/65"),
}

# The first commune's fifth collaborator: 1,000 of 1,000 = 100.
CHANGE = Change(
    _first_2024(collaborators=5),
    "20",
    "2024",
    {"collaborators-reached": Line("1000/1000", "100", "met", "met", "200/200")},
)

# "Ngày 5/7", "ngày 25/12": the day itself is on time. 18 agencies, of which one receives.
DUTIES = [
    Duties(
        "2022S1",
        {
            "commune-half-year": ("2022-07-05", {"late": 20, "missing": 180}),  # 8 and 12
            "district-half-year": ("2022-07-05", {"missing": 11}),
            "agency-half-year": ("2022-07-05", {"missing": 17}),
            "province-half-year": (None, {"not_received": 1}),
            "labour-department-half-year": (None, {"not_received": 1}),
            "compiled-half-year": (None, {"not_received": 1}),
        },
    ),
    Duties(
        "2024",
        {
            "commune-year": ("2024-12-25", {"late": 200}),
            "district-year": ("2024-12-25", {"late": 11}),
            "agency-year": ("2024-12-25", {"missing": 17}),
            "province-year": (None, {"received": 1}),
            "labour-department-year": (None, {"not_received": 1}),
            "compiled-year": (None, {"not_received": 1}),
        },
    ),
]

LANG_SON = GoldenPlan(
    id="lang-son-187",
    binds=BINDS,
    reports=[*SENT_CITY, *SENT_DINH_LAP, *SENT_2024, *SENT_2025],
    judged=[
        Judged("178", "2022S1", STATES_CITY_2022S1),
        Judged("178", "2022", STATES_CITY_2022),
        Judged("178", "2023S1", STATES_CITY_2023S1),
        Judged("178", "2023", STATES_CITY_2023),
        Judged("189", "2022S1", STATES_DINH_LAP_2022S1),
        Judged("189", "2022", STATES_DINH_LAP_2022),
        Judged("20", "2024", STATES_2024, frozenset()),
        Judged("20", "2025", STATES_2025, frozenset()),
    ],
    change=CHANGE,
    duties=DUTIES,
)
