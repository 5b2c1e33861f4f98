"""Hà Nội's education sector (S0): 30 district education offices and the department, years from 1/11 to 31/10.

The figures are a series of their own, beside those of the communes. At least 80 % must report. Targets are due on
31/12/2025, and the offices end on 30/6/2025: no later period can show what was not met in 2024, so it is missed. What
is to be maintained or decreased looks back, so the years stand in a row here.
"""

from tests.integration.golden.model import (
    NOT_APPLICABLE,
    Change,
    Duties,
    GoldenPlan,
    Judged,
    Line,
    Report,
    reports,
)

_DISTRICTS = (*range(1, 10), *range(16, 22), 250, 268, 269, *range(271, 283))
FIRST, *OTHERS = OFFICES = [f"{number:03}.pgd" for number in _DISTRICTS]

BINDS = {
    "child-labour-below-1": ("< 1", "2025-12-31"),
    "cases-supported": ("= 100", "2025-12-31"),
    "at-risk-educated": (">= 90", "2025-12-31"),
    "staff-informed": (">= 90", "2025-12-31"),
    "parents-informed": (">= 80", "2025-12-31"),
    "children-informed": (">= 85", "2025-12-31"),
    "employers-informed": (">= 90", "2025-12-31"),
    "officials-city-district-trained": (">= 90", "2025-12-31"),
    "officials-commune-trained": (">= 90", "2025-12-31"),
    "enterprises-trained": (">= 90", "2025-12-31"),
    "cooperatives-households-trained": (">= 70", "2025-12-31"),
    "child-labour-below-1-2030": ("maintain < 1", "2030-12-31"),
    "hazardous-share-decrease-2030": ("decrease", "2030-12-31"),
}


def _labour(period: str, offices: list[str], labour: int, hazardous: int) -> list[Report]:
    """Of 1,000 children in each district."""
    return reports("ldte-gd", period, offices, children_5_17=1000, child_labour=labour, hazardous_labour=hazardous)


# 2021: 23 of 30 = 76.7 %, below 80. 23 × 50 = 1,150 of 23,000 = 5 %, 23 × 25 = 575 of 1,150 = 50 %.
SENT_2021 = _labour("2021", OFFICES[:23], labour=50, hazardous=25)
STATES_2021 = {
    "child-labour-below-1": Line("1150/23000", "5", "insufficient", "insufficient", "23/30"),
    "child-labour-below-1-2030": Line("1150/23000", "5", "insufficient", "insufficient", "23/30"),
    "hazardous-share-decrease-2030": Line("575/1150", "50", "insufficient", "insufficient", "23/30"),
}

# 2022: 24 of 30 = exactly 80 %, enough. 24 × 8 = 192 of 24,000 = 0.8 %, below 1.
# It is maintained: 2021 did not count, as too few reported. For the same reason 2022 is the first known year of the
# share in hazardous work: 24 × 2 = 48 of 192 = 25 %.
SENT_2022 = _labour("2022", OFFICES[:24], labour=8, hazardous=2)
STATES_2022 = {
    "child-labour-below-1": Line("192/24000", "0.8", "met", "met", "24/30"),
    "child-labour-below-1-2030": Line("192/24000", "0.8", "met", "kept", "24/30"),
    "hazardous-share-decrease-2030": Line("48/192", "25", "on_track", "first_known", "24/30"),
}

# 2023: 30 × 10 = 300 of 30,000 = exactly 1 %, and "dưới 1%" is less than 1. The bound of 2025 is not met; what was to
# be maintained is broken for good, whatever its due date. 30 × 5 = 150 of 300 = 50 %: not less than in 2022.
SENT_2023 = _labour("2023", OFFICES, labour=10, hazardous=5)
STATES_2023 = {
    "child-labour-below-1": Line("300/30000", "1", "at_risk", "not_due", "30/30"),
    "child-labour-below-1-2030": Line("300/30000", "1", "missed", "broken_now", "30/30"),
    "hazardous-share-decrease-2030": Line("150/300", "50", "at_risk", "not_due", "30/30"),
}

# 2024: all 30 and the department.


def _year_2024(
    offices: list[str],
    cases: tuple[int, int] = (0, 0),
    staff: tuple[int, int] = (100, 100),
    children: tuple[int, int] = (850, 1000),
    officials_commune: tuple[int, int] = (45, 50),
    cooperatives_households: tuple[int, int] = (7, 10),
    employers: str | tuple[int, int] = (45, 50),
) -> list[Report]:
    return reports(
        "ldte-gd",
        "2024",
        offices,
        children_5_17=1000,
        child_labour=4,
        hazardous_labour=1,
        at_risk_or_labour=(9, 10),
        cases_notified=cases,
        staff=staff,
        parents=(800, 1000),
        children=children,
        employers=employers,
        officials_district=(20, 20),
        officials_commune=officials_commune,
        enterprises=(9, 10),
        cooperatives_households=cooperatives_households,
    )


def _first_2024(cases: tuple[int, int]) -> Report:
    return _year_2024(
        [FIRST],
        cases=cases,
        staff=(8000, 10000),
        children=(849, 1000),
        officials_commune=(44, 50),
        cooperatives_households=(6, 10),
    )[0]


SENT_2024 = [
    _first_2024(cases=(39, 40)),
    *_year_2024(OTHERS[:19]),
    *_year_2024(OTHERS[19:], employers=NOT_APPLICABLE),
    *reports("ldte-gd-so", "2024", ["01.sgd"], officials_province=(80, 100)),
    # A commune's own report is of another series: 50 of its 100 children working would change what follows here.
    *reports("ldte-xa", "2024", ["00001"], children_5_17=100, child_labour=50, parents=(0, 100000)),
]

STATES_2024 = {
    # 30 × 4 = 120 of 30,000: 0.4 %, below 1.
    "child-labour-below-1": Line("120/30000", "0.4", "met", "met", "30/30"),
    # The same 0.4 %, but in 2023 it was not below 1.
    "child-labour-below-1-2030": Line("120/30000", "0.4", "missed", "broken_before", "30/30"),
    # 30 of 120: 25 %. Less than the year before, but no less than in the first known year, 2022.
    "hazardous-share-decrease-2030": Line("30/120", "25", "at_risk", "not_due", "30/30"),
    # 39 of the first district's 40, none elsewhere: 97.5 %, not 100.
    "cases-supported": Line("39/40", "97.5", "missed", "due_passed", "30/30"),
    # 30 × 9 = 270 of 300: exactly 90 %, and a bare 90 % is at least 90.
    "at-risk-educated": Line("270/300", "90", "met", "met", "30/30"),
    # 8,000 + 29 × 100 = 10,900 of 10,000 + 2,900 = 12,900: 10,900/129 = 84.5 %, below 90.
    # The mean of the percentages, (80 + 29 × 100) / 30 = 99.3 %, would pass.
    "staff-informed": Line("10900/12900", "10900/129", "missed", "due_passed", "30/30"),
    # 30 × 800 = 24,000 of 30,000: exactly 80 %.
    "parents-informed": Line("24000/30000", "80", "met", "met", "30/30"),
    # 849 + 29 × 850 = 25,499 of 30,000: 25,499/300 = 84.997 %, below 85.
    "children-informed": Line("25499/30000", "25499/300", "missed", "due_passed", "30/30"),
    # 20 districts with 45 of 50: 900 of 1,000 = exactly 90 %. Ten say not applicable: they have answered.
    "employers-informed": Line("900/1000", "90", "met", "met", "30/30"),
    # City and district pooled: 80 + 30 × 20 = 680 of 100 + 600 = 700: 680/7 = 97.1 %. 30 offices and the department.
    "officials-city-district-trained": Line("680/700", "680/7", "met", "met", "31/31"),
    # Communes by themselves: 44 + 29 × 45 = 1,349 of 1,500: 1,349/15 = 89.9 %, below 90. Pooled with the others, as
    # Lạng Sơn does, 2,029 of 2,200 = 92.2 % would pass.
    "officials-commune-trained": Line("1349/1500", "1349/15", "missed", "due_passed", "30/30"),
    # 30 × 9 = 270 of 300: exactly 90 % …
    "enterprises-trained": Line("270/300", "90", "met", "met", "30/30"),
    # … and of the other clause's cooperatives 6 + 29 × 7 = 209 of 300: 209/3 = 69.7 %, below 70.
    "cooperatives-households-trained": Line("209/300", "209/3", "missed", "due_passed", "30/30"),
}

# Ba Đình alone, by its office's report. City and district officials are one share of the city's: not judged here.
STATES_DISTRICT = {
    # 8,000 of 10,000: 80 %, below 90.
    "staff-informed": Line("8000/10000", "80", "missed", "due_passed", "1/1"),
    # 44 of 50: 88 %, below 90.
    "officials-commune-trained": Line("44/50", "88", "missed", "due_passed", "1/1"),
    # 4 of 1,000: 0.4 %; in 2023 it was 10 of 1,000 = 1 % here too.
    "child-labour-below-1-2030": Line("4/1000", "0.4", "missed", "broken_before", "1/1"),
}

# The first district corrects its report: its 40th case was supported too. 40 of 40 = 100.
CHANGE = Change(
    _first_2024(cases=(40, 40)), "01", "2024", {"cases-supported": Line("40/40", "100", "met", "met", "30/30")}
)

SENT_PAPERS = [
    Report("own-plan", "2021", FIRST, {"own_plan_sent": 1}),
    Report("school-report", "2021", "01.sgd.truong1", {"school_report_sent": 1}),
]

# "Trước ngày 20/11": the 19th is the last day.
DUTIES = [
    Duties(
        "2021",
        {
            "year-report-offices": ("2021-11-19", {"late": 23, "missing": 7}),
            "year-report-schools": ("2021-11-19", {"late": 1, "missing": 1}),
            "own-plan-offices": (None, {"received": 1, "not_received": 29}),
            "own-plan-schools": (None, {"not_received": 2}),
        },
    ),
    Duties(
        "2024",
        {
            "year-report-offices": ("2024-11-19", {"late": 30}),
            "year-report-schools": ("2024-11-19", {"missing": 2}),
        },
    ),
]

HA_NOI = GoldenPlan(
    id="ha-noi-gddt-2021",
    binds=BINDS,
    reports=[*SENT_2021, *SENT_2022, *SENT_2023, *SENT_2024, *SENT_PAPERS],
    judged=[
        Judged("01", "2021", STATES_2021, frozenset()),
        Judged("01", "2022", STATES_2022, frozenset()),
        Judged("01", "2023", STATES_2023, frozenset()),
        Judged("01", "2024", STATES_2024, frozenset()),
        Judged("001", "2024", STATES_DISTRICT, frozenset({"officials-city-district-trained"})),
    ],
    change=CHANGE,
    duties=DUTIES,
)
