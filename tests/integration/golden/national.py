"""Decision 782/QĐ-TTg, as far as it is known: three targets over every commune of the nation, due on 31/12/2025.

It has no reports of its own: each commune's report counts for it too. No report has a deadline by it, so figures are
final only when all are in. At least 80 % must report.
"""

from datetime import date

from tests.integration.golden.model import Change, Duties, GoldenPlan, Judged, Line, Report, codes, figures, reports

WARDS = list(codes("commune", "778", date(2024, 12, 14)))  # the ten wards of District 7, Hồ Chí Minh City

BINDS = {
    "child-labour-down": ("<= 4.9", "2025-12-31"),
    "cases-supported": ("= 100", "2025-12-31"),
    "at-risk-in-education": ("> 90", "2025-12-31"),
}

# 2022: all ten wards of District 7.
SENT_2022 = [
    *reports(
        "ldte-xa",
        "2022",
        WARDS[:1],
        children_5_17=100,
        child_labour=5,
        at_risk_or_labour=(10, 10),
        cases_notified=(0, 0),
    ),
    *reports(
        "ldte-xa",
        "2022",
        WARDS[1:],
        children_5_17=100,
        child_labour=5,
        at_risk_or_labour=(9, 10),
        cases_notified=(0, 0),
    ),
]
STATES_2022 = {
    # 10 × 5 = 50 of 1,000: 5 %, above 4.9.
    "child-labour-down": Line("50/1000", "5", "at_risk", "not_due", "10/10"),
    "cases-supported": Line("0/0", None, "not_arising", "not_arising", "10/10"),
    # 10 + 9 × 9 = 91 of 100: 91 %, more than 90.
    "at-risk-in-education": Line("91/100", "91", "met", "met", "10/10"),
}

# 2023: eight of ten wards = exactly 80 %, enough.
SENT_2023 = [
    *reports(
        "ldte-xa",
        "2023",
        WARDS[:1],
        children_5_17=125,
        child_labour=7,
        at_risk_or_labour=(9, 10),
        cases_notified=(1, 1),
    ),
    *reports(
        "ldte-xa",
        "2023",
        WARDS[1:8],
        children_5_17=125,
        child_labour=6,
        at_risk_or_labour=(9, 10),
        cases_notified=(1, 1),
    ),
]
STATES_2023 = {
    # 7 + 7 × 6 = 49 of 8 × 125 = 1,000: exactly 4.9 %, at most 4.9.
    "child-labour-down": Line("49/1000", "4.9", "met", "met", "8/10", provisional=True),
    # 8 of 8.
    "cases-supported": Line("8/8", "100", "met", "met", "8/10", provisional=True),
    # 8 × 9 = 72 of 80: exactly 90 %, and "trên 90%" is more than 90.
    "at-risk-in-education": Line("72/80", "90", "at_risk", "not_due", "8/10", provisional=True),
}

# The nation in 2023, by all that was sent to any plan: 8 wards here, 28 communes of Triệu Sơn and 6 of the city of
# Lạng Sơn (which said nothing but child labour) are far too few of 10,599.
STATES_NATION = {
    # 49 + 86 + 0 = 135 of 1,000 + 17,000 + 600 = 18,600: 45/62 %.
    "child-labour-down": Line("135/18600", "45/62", "insufficient", "insufficient", "42/10599", provisional=True),
    # 8 + 12 = 20 of 20.
    "cases-supported": Line("20/20", "100", "insufficient", "insufficient", "36/10599", provisional=True),
    # 72 + 307 = 379 of 80 + 340 = 420: 1,895/21 %.
    "at-risk-in-education": Line("379/420", "1895/21", "insufficient", "insufficient", "36/10599", provisional=True),
}

# Lạng Sơn by the same reports that its own plan is judged by. 2024: 200 communes.
STATES_LANG_SON_2024 = {
    "child-labour-down": Line("0/100000", "0", "met", "met", "200/200"),
    "cases-supported": Line("3/3", "100", "met", "met", "200/200"),
    # 1,800 of 2,000: exactly 90 %. The province's own plan (at least 90) is met.
    "at-risk-in-education": Line("1800/2000", "90", "at_risk", "not_due", "200/200"),
}
# 2025, the year that decides: 65 communes. One child of 65,000 breaks the province's own target, and meets this one.
STATES_LANG_SON_2025 = {
    "child-labour-down": Line("1/65000", "1/650", "met", "met", "65/65"),
    # 4 of 5: 80 %.
    "cases-supported": Line("4/5", "80", "missed", "due_passed", "65/65"),
    # 585 of 650: exactly 90 %. By the same figure the province meets its own target.
    "at-risk-in-education": Line("585/650", "90", "missed", "due_passed", "65/65"),
}

# Ba Đình's communes: one of 14 has reported, 50 of 100. Its education office's 4 of 1,000 are another series.
STATES_BA_DINH = {
    "child-labour-down": Line("50/100", "50", "insufficient", "insufficient", "1/14", provisional=True),
}

# A ninth ward that counts child labour only: 49 + 6 = 55 of 1,125: 44/9 = 4.89 %, at most 4.9.
CHANGE = Change(
    Report("ldte-xa", "2023", WARDS[8], figures(children_5_17=125, child_labour=6)),
    "778",
    "2023",
    {"child-labour-down": Line("55/1125", "44/9", "met", "met", "9/10", provisional=True)},
)

NATIONAL = GoldenPlan(
    id="vn-782",
    binds=BINDS,
    reports=[*SENT_2022, *SENT_2023],
    judged=[
        Judged("778", "2022", STATES_2022, frozenset()),
        Judged("778", "2023", STATES_2023, frozenset()),
        Judged("vn", "2023", STATES_NATION, frozenset()),
        Judged("20", "2024", STATES_LANG_SON_2024, frozenset()),
        Judged("20", "2025", STATES_LANG_SON_2025, frozenset()),
        Judged("001", "2024", STATES_BA_DINH, frozenset()),
    ],
    change=CHANGE,
    duties=[Duties("2023", {})],
)
