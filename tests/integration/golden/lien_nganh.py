"""The two ministries' joint plan (S4): 63 provinces, calendar years and phases, 2013 to 2020.

At least 80 % must report: 51 of 63. No report has a deadline, so figures are final only when all 63 are in.
"""

from datetime import date

from tests.integration.golden.detail import NOTHING, Detail, Detailed, final
from tests.integration.golden.model import (
    NOT_APPLICABLE,
    Change,
    Duties,
    GoldenPlan,
    Judged,
    Line,
    Report,
    codes,
    figures,
)

HA_NOI, *OTHERS = PROVINCES = list(codes("province", "vn", date(2015, 12, 31)))

BINDS = {
    "educators-trained-2015": (">= 80", "2015-12-31"),
    "educators-trained-2020": (">= 95", "2020-12-31"),
    "pilot-provinces": (">= 10", "2015-12-31"),
    "all-provinces": ("= 100", "2020-12-31"),
    "no-dropouts": ("= 0", None),
}


def _sent(
    period: str,
    provinces: list[str],
    implementing: int,
    educators: tuple[int, int] = (800, 1000),
    dropouts: int | str = 0,
) -> list[Report]:
    """`implementing`: how many of the provinces, from the first on, say that they carry the plan out."""
    return [
        Report(
            "lien-nganh-tinh",
            period,
            province,
            figures(
                educators=educators,
                provinces=1,
                provinces_implementing=int(at < implementing),
                dropouts=dropouts,
                pupils=10000,
            ),
        )
        for at, province in enumerate(provinces)
    ]


# 2013: 50 of 63 = 79.4 %, below 80.
SENT_2013 = _sent("2013", PROVINCES[:50], implementing=12)
STATES_2013 = {
    "educators-trained-2015": Line("40000/50000", "80", "insufficient", "insufficient", "50/63", provisional=True),
    "pilot-provinces": Line("12", "12", "insufficient", "insufficient", "50/63", provisional=True),
    "no-dropouts": Line("0", "0", "insufficient", "insufficient", "50/63", provisional=True),
}

# 2014: 51 of 63 = 81.0 %, enough.
SENT_2014 = [
    *_sent("2014", [HA_NOI], implementing=1, dropouts=3),
    *_sent("2014", OTHERS[:50], implementing=8),
]
STATES_2014 = {
    # 51 × 800 of 51 × 1,000: exactly 80 %, at least 80.
    "educators-trained-2015": Line("40800/51000", "80", "met", "met", "51/63", provisional=True),
    "educators-trained-2020": Line("40800/51000", "80", "at_risk", "not_due", "51/63", provisional=True),
    # A count: 1 + 8 = 9, below 10; another year comes before the due date.
    "pilot-provinces": Line("9", "9", "at_risk", "not_due", "51/63", provisional=True),
    # Those 9 of the 51 that report: 300/17 = 17.6 %.
    "all-provinces": Line("9/51", "300/17", "at_risk", "not_due", "51/63", provisional=True),
    # A count: 3, not 0; no due date, so never missed.
    "no-dropouts": Line("3", "3", "at_risk", "no_due", "51/63", provisional=True),
}

# 2015: all 63.
SENT_2015 = _sent("2015", PROVINCES, implementing=10)
STATES_2015 = {
    # 63 × 800 = 50,400 of 63,000: exactly 80 %, by the last day of 2015.
    "educators-trained-2015": Line("50400/63000", "80", "met", "met", "63/63"),
    # The same 80 % against 95, five years before it is due.
    "educators-trained-2020": Line("50400/63000", "80", "at_risk", "not_due", "63/63"),
    # Ten provinces: at least 10. A count, not the 15.9 % that they are.
    "pilot-provinces": Line("10", "10", "met", "met", "63/63"),
    "all-provinces": Line("10/63", "1000/63", "at_risk", "not_due", "63/63"),
    # 63 × 0 reported: 0.
    "no-dropouts": Line("0", "0", "met", "met", "63/63"),
}
# A province by itself: which provinces take part is a matter of the nation's.
STATES_PROVINCE = {
    "educators-trained-2015": Line("800/1000", "80", "met", "met", "1/1"),
    "educators-trained-2020": Line("800/1000", "80", "at_risk", "not_due", "1/1"),
    "no-dropouts": Line("0", "0", "met", "met", "1/1"),
}
# Its years never stand for the phase 2013–2015, which nobody has reported.
STATES_PHASE_1 = {
    "educators-trained-2015": Line("–/–", None, "no_data", "no_data", "0/63", provisional=True),
    "educators-trained-2020": Line("–/–", None, "no_data", "no_data", "0/63", provisional=True),
    "pilot-provinces": Line("–", None, "no_data", "no_data", "0/63", provisional=True),
    "all-provinces": Line("–/–", None, "no_data", "no_data", "0/63", provisional=True),
    "no-dropouts": Line("–", None, "no_data", "no_data", "0/63", provisional=True),
}

# 2020: all 63; to all of them the question about pupils who drop out does not apply.
SENT_2020 = [
    *_sent("2020", [HA_NOI], implementing=1, educators=(9000, 10000), dropouts=NOT_APPLICABLE),
    *_sent("2020", OTHERS, implementing=62, educators=(480, 500), dropouts=NOT_APPLICABLE),
]
STATES_2020 = {
    # 9,000 + 62 × 480 = 38,760 of 10,000 + 31,000 = 41,000: 3,876/41 = 94.5 %.
    "educators-trained-2015": Line("38760/41000", "3876/41", "met", "met", "63/63"),
    # Below 95, and 2020 is over. The mean of the percentages, (90 + 62 × 96) / 63 = 95.9 %, would pass.
    "educators-trained-2020": Line("38760/41000", "3876/41", "missed", "due_passed", "63/63"),
    "pilot-provinces": Line("63", "63", "met", "met", "63/63"),
    # 63 of 63.
    "all-provinces": Line("63/63", "100", "met", "met", "63/63"),
    # Not applicable is not 0: the count does not arise.
    "no-dropouts": Line("–", None, "not_arising", "not_arising", "63/63"),
}

# The phase 2016–2020: all 63, the last one does not carry the plan out.
SENT_PHASE_2 = _sent("2016-2020", PROVINCES, implementing=62, educators=(950, 1000))
STATES_PHASE_2 = {
    # 63 × 950 = 59,850 of 63,000: exactly 95 %, at least 80 and at least 95.
    "educators-trained-2015": Line("59850/63000", "95", "met", "met", "63/63"),
    "educators-trained-2020": Line("59850/63000", "95", "met", "met", "63/63"),
    "pilot-provinces": Line("62", "62", "met", "met", "63/63"),
    # 62 of 63: 98.4 %, not 100, and the phase is over.
    "all-provinces": Line("62/63", "6200/63", "missed", "due_passed", "63/63"),
    "no-dropouts": Line("0", "0", "met", "met", "63/63"),
}

# How many are missing, and what the provinces that have not reported may still make of it: a province is 1, of those
# that carry the plan out 1, of educators 1,000,000, of pupils who drop out 10,000,000. In 2014, 12 of 63 are missing.
DETAILS = [
    Detailed(
        "lien-nganh-2013",
        "vn",
        "2014",
        {
            # Exactly 80 %: none to spare. From 40,800 to 12,040,800 of 12,051,000.
            "educators-trained-2015": Detail(0, 0, "1360/4017", "401360/4017", None),
            # 95 % of 51,000 are 48,450: 7,650 more.
            "educators-trained-2020": Detail(7650, 0, "1360/4017", "401360/4017", None),
            # A count: 10 are needed, 9 there, and 9 + 12 possible.
            "pilot-provinces": Detail(1, 0, "9", "21", None, "province"),
            # All of the 51: 42 more. From 9 to 21 of 63, a third: never all of them.
            "all-provinces": Detail(42, 0, "100/7", "100/3", "not_met", "province"),
            # Three too many, whatever the rest reports; up to 3 + 12 × 10,000,000.
            "no-dropouts": Detail(-3, 0, "3", "120000003", "not_met"),
        },
    ),
    Detailed(
        "lien-nganh-2013",
        "vn",
        "2015",
        {
            "educators-trained-2015": final(0, 0, "80", "met"),
            # 95 % of 63,000 are 59,850: 9,450 more than 50,400.
            "educators-trained-2020": final(9450, 0, "80", "not_met"),
            "pilot-provinces": final(0, 0, "10", "met", counts="province"),
            "all-provinces": final(53, 0, "1000/63", "not_met", counts="province"),
            "no-dropouts": final(0, 0, "0", "met"),
        },
    ),
    Detailed(
        "lien-nganh-2013",
        "vn",
        "2020",
        {
            # 80 % of 41,000 are 32,800: 5,960 less than 38,760.
            "educators-trained-2015": final(0, 5960, "3876/41", "met"),
            # 95 % are 38,950: 190 more.
            "educators-trained-2020": final(190, 0, "3876/41", "not_met"),
            # 63, 53 more than ten.
            "pilot-provinces": final(0, 53, "63", "met", counts="province"),
            "all-provinces": final(0, 0, "100", "met", counts="province"),
            # Not applicable is no figure.
            "no-dropouts": NOTHING,
        },
    ),
]

# The 63rd province did after all: one province more in the count, 63 of 63 = 100 in the share.
CHANGE = Change(
    _sent("2016-2020", PROVINCES[-1:], implementing=1, educators=(950, 1000))[0],
    "vn",
    "2016-2020",
    {
        "pilot-provinces": Line("63", "63", "met", "met", "63/63"),
        "all-provinces": Line("63/63", "100", "met", "met", "63/63"),
    },
)

SENT_PAPERS = [Report("compiled-report", "2015", "vn.bvcste", {"compiled_report_sent": 1})]

# No day stands in the text: reports are received or not, never late.
DUTIES = [
    Duties(
        "2015",
        {
            "provinces-year": (None, {"received": 63}),
            "child-protection-compiles-year": (None, {"received": 1}),
            "student-affairs-compiles-year": (None, {"not_received": 1}),
        },
    ),
    Duties(
        "2013-2015",
        {
            "provinces-phase": (None, {"not_received": 63}),
            "child-protection-compiles-phase": (None, {"not_received": 1}),
            "student-affairs-compiles-phase": (None, {"not_received": 1}),
        },
    ),
]

LIEN_NGANH = GoldenPlan(
    id="lien-nganh-2013",
    binds=BINDS,
    reports=[*SENT_2013, *SENT_2014, *SENT_2015, *SENT_2020, *SENT_PHASE_2, *SENT_PAPERS],
    judged=[
        Judged("vn", "2013", STATES_2013, frozenset()),
        Judged("vn", "2014", STATES_2014, frozenset()),
        Judged("vn", "2015", STATES_2015, frozenset()),
        Judged("20", "2015", STATES_PROVINCE, frozenset({"pilot-provinces", "all-provinces"})),
        Judged("vn", "2013-2015", STATES_PHASE_1, frozenset()),
        Judged("vn", "2020", STATES_2020, frozenset()),
        Judged("vn", "2016-2020", STATES_PHASE_2, frozenset()),
    ],
    change=CHANGE,
    duties=DUTIES,
)
