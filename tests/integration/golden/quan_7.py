"""District 7's schools (S3): nine sample schools, each in a ward of its own; 2021 only, due on 31/12/2021.

The half-year runs to 30/4, the year to 31/10: both are over, and so is the due date.
"""

from tests.integration.golden.model import Change, Duties, GoldenPlan, Judged, Line, Report

BINDS = {
    "special-circumstances": ("< 3.5", "2021-12-31"),
    "special-circumstances-supported": (">= 98", "2021-12-31"),
}

WARD_OF_MN01 = "27466"
WARD_OF_TH01 = "27469"
WARD_OF_THCS03 = "27493"


def _school(period: str, school: str, enrolled: int, special: int, supported: int, at_risk: int) -> Report:
    values = {
        "children_enrolled": enrolled,
        "special_circumstances": special,
        "special_circumstances_supported": supported,
        "special_circumstances_at_risk": at_risk,
    }
    return Report("tre-em-truong", period, f"778.{school}", values)


# First half: eight of nine schools = 88.9 %, enough; thcs03 is missing.
SENT_2021S1 = [
    *(
        _school("2021S1", school, enrolled=500, special=10, supported=10, at_risk=4)
        for school in ("mn01", "mn02", "mn03", "th02", "th03", "thcs01", "thcs02")
    ),
    _school("2021S1", "th01", enrolled=500, special=30, supported=28, at_risk=11),
]
STATES_2021S1 = {
    # Both kinds of children: (7 × 10 + 30) + (7 × 4 + 11) = 100 + 39 = 139 of 8 × 500 = 4,000: 3.475 %, below 3.5.
    "special-circumstances": Line("139/4000", "3.475", "met", "met", "8/9"),
    # The first kind only: 7 × 10 + 28 = 98 of 100: exactly 98 %, and a bare 98 % is at least 98.
    "special-circumstances-supported": Line("98/100", "98", "met", "met", "8/9"),
}
# The ward whose school has sent nothing.
STATES_SILENT_WARD = {
    "special-circumstances": Line("–/–", None, "no_data", "no_data", "0/1"),
    "special-circumstances-supported": Line("–/–", None, "no_data", "no_data", "0/1"),
}

# The year: all nine.
SENT_2021 = [
    _school("2021", "mn01", enrolled=500, special=0, supported=0, at_risk=0),
    _school("2021", "mn02", enrolled=500, special=14, supported=14, at_risk=8),
    _school("2021", "mn03", enrolled=500, special=14, supported=14, at_risk=8),
    _school("2021", "th01", enrolled=500, special=4, supported=3, at_risk=1),
    _school("2021", "th02", enrolled=500, special=20, supported=20, at_risk=10),
    _school("2021", "th03", enrolled=500, special=20, supported=20, at_risk=10),
    _school("2021", "thcs01", enrolled=500, special=16, supported=16, at_risk=9),
    _school("2021", "thcs02", enrolled=500, special=10, supported=9, at_risk=10),
    _school("2021", "thcs03", enrolled=400, special=0, supported=0, at_risk=0),
]
STATES_2021 = {
    # 14 + 14 + 4 + 20 + 20 + 16 + 10 = 98 in and 8 + 8 + 1 + 10 + 10 + 9 + 10 = 56 at risk, 154 of 8 × 500 + 400 =
    # 4,400: exactly 3.5 %, and "dưới mức 3,5%" is less than 3.5. The due date has passed, and no year comes after.
    "special-circumstances": Line("154/4400", "3.5", "missed", "due_passed", "9/9"),
    # 14 + 14 + 3 + 20 + 20 + 16 + 9 = 96 of 98: 4,800/49 = 97.96 %, below 98.
    "special-circumstances-supported": Line("96/98", "4800/49", "missed", "due_passed", "9/9"),
}
# 0 reported of 500 is 0 %; nobody to support of nobody does not arise.
STATES_WARD_OF_MN01 = {
    "special-circumstances": Line("0/500", "0", "met", "met", "1/1"),
    "special-circumstances-supported": Line("0/0", None, "not_arising", "not_arising", "1/1"),
}
# 4 + 1 of 500: 1 %, below 3.5. 3 of 4: 75 %, below 98.
STATES_WARD_OF_TH01 = {
    "special-circumstances": Line("5/500", "1", "met", "met", "1/1"),
    "special-circumstances-supported": Line("3/4", "75", "missed", "due_passed", "1/1"),
}

# The ninth school's half-year: 139 + 14 = 153 of 4,000 + 400 = 4,400: 153/44 = 3.477 %, still below 3.5; nobody to
# support, so still 98 of 100, now on the word of all nine.
CHANGE = Change(
    _school("2021S1", "thcs03", enrolled=400, special=0, supported=0, at_risk=14),
    "778",
    "2021S1",
    {
        "special-circumstances": Line("153/4400", "153/44", "met", "met", "9/9"),
        "special-circumstances-supported": Line("98/100", "98", "met", "met", "9/9"),
    },
)

SENT_PAPERS = [
    Report("own-plan", "2021", "778.mn01", {"own_plan_sent": 1}),
    Report("own-plan", "2021", "778.mn02", {"own_plan_sent": 1}),
    Report("start-report", "2021", "778.mn01", {"start_report_sent": 1}),
    Report("incident-notice", "2021", "778.th01", {"incident_notices": 1}),
]

# "Trước ngày 10 tháng 5", "trước ngày 12 tháng 5", "10 tháng 11": the day before is the last day.
DUTIES = [
    Duties("2021S1", {"half-year-report": ("2021-05-11", {"late": 8, "missing": 1})}),
    Duties(
        "2021",
        {
            "own-plan": ("2021-05-09", {"late": 2, "missing": 7}),
            "start-report": ("2021-05-09", {"late": 1, "missing": 8}),
            "year-report": ("2021-11-09", {"late": 9}),
            # "Kịp thời" names no day: nothing is ever late.
            "incidents": (None, {"received": 1, "not_received": 8}),
        },
    ),
]

QUAN_7 = GoldenPlan(
    id="quan-7-gddt-2021",
    binds=BINDS,
    reports=[*SENT_2021S1, *SENT_2021, *SENT_PAPERS],
    judged=[
        Judged("778", "2021S1", STATES_2021S1, frozenset()),
        Judged(WARD_OF_THCS03, "2021S1", STATES_SILENT_WARD, frozenset()),
        Judged("778", "2021", STATES_2021, frozenset()),
        Judged(WARD_OF_MN01, "2021", STATES_WARD_OF_MN01, frozenset()),
        Judged(WARD_OF_TH01, "2021", STATES_WARD_OF_TH01, frozenset()),
    ],
    change=CHANGE,
    duties=DUTIES,
)
