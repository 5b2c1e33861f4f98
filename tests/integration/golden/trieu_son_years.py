"""Triệu Sơn (S2) in 2021 and 2022, over five of its communes: every figure worked out beside it.

Years run from 1/11 to 31/10, reports are due before 15/11 (the 14th is the last day), and at least 80 % must report:
four of five communes. The district's own report, needed for its officials only, has no deadline.
"""

from collections.abc import Sequence

from tests.integration.golden.model import Duties, Judged, Line, Report, reports
from tests.integration.golden.small_tree import BINH_SON, MINH_SON, THO_BINH, THO_SON, TOWN
from tests.integration.golden.trieu_son import BINDS
from tests.integration.golden.years import Moment, Reminded, every

PLAN, DISTRICT = "trieu-son-2021", "397"
TARGETS = tuple(BINDS)

OPEN = Line("–/–", None, "no_data", "no_data", "0/5", provisional=True)
CLOSED = Line("–/–", None, "no_data", "no_data", "0/5")


def xa(period: str, units: Sequence[str], **said: int | str | tuple[int, int]) -> list[Report]:
    return reports("ldte-xa", period, units, **said)


def huyen(period: str) -> list[Report]:
    return reports("ldte-huyen", period, [DISTRICT], officials_district=(10, 10))


def labour(sums: str, exact: str, state: str, rule: str, covered: str, provisional: bool = False) -> dict[str, Line]:
    """The target of 2025 and the orientation to 2030 say the same."""
    line = Line(sums, exact, state, rule, covered, provisional)
    return {"child-labour-2025": line, "child-labour-2030": line}


def duties(
    year: int, communes: dict[str, int], *, offices: str = "missing", district: str = "received"
) -> Sequence[Duties]:
    """All duties of a year. 14 offices have a deadline, the one that receives has none and sends nothing either."""
    states: dict[str, tuple[str | None, dict[str, int]]] = {
        "yearly-report-communes": (f"{year}-11-14", communes),
        "yearly-report-offices": (f"{year}-11-14", {offices: 14}),
        "labour-office-activity": (None, {"not_received": 1}),
        "yearly-report-district-officials": (None, {district: 1}),
        "compiled-report": (None, {"not_received": 1}),
    }
    if year == 2021:
        # Asked for once, and nobody sends one.
        states["own-plan-communes"] = (None, {"not_received": 5})
        states["own-plan-offices"] = (None, {"not_received": 15})
    return [Duties(str(year), states)]


def reminds(year: int, when: str, communes: int) -> Sequence[Reminded]:
    """Of the two reports with a deadline, by how many of five communes have not sent theirs; 14 offices never do."""
    day = f"{year}-11-14"
    return (
        Reminded("yearly-report-communes", str(year), when, day, communes, 5),
        Reminded("yearly-report-offices", str(year), when, day, 14, 14),
    )


def moment(
    at: str,
    year: str,
    lines: dict[str, Line],
    sends: Sequence[Report] = (),
    duties: Sequence[Duties] = (),
    reminds: Sequence[Reminded] = (),
) -> Moment:
    judged = [Judged(DISTRICT, year, lines, frozenset())]
    return Moment(at, PLAN, sends, judged=judged, duties=duties, reminds=reminds)


# 2021: four of five and the district report in time, the fifth late, and it corrects itself.

FOUR_OF_2021 = {
    # 10 + 3 × 2 = 16 of 2,000 + 3 × 500 = 3,500: 16/35 = 0.457 %, at most 0.5. Four of five communes = 80 %: enough.
    **labour("16/3500", "16/35", "met", "met", "4/5"),
    # 2 of 2 in the town, 0 of 0 elsewhere.
    "cases-supported": Line("2/2", "100", "met", "met", "4/5"),
    # 28 + 3 × 9 = 55 of 30 + 30 = 60: 275/3 = 91.7 %, more than 90.
    "at-risk-education": Line("55/60", "275/3", "met", "met", "4/5"),
    # 600 + 3 × 80 = 840 of 1,000 + 300 = 1,300: 840/13 = 64.6 %, below 70.
    "parents-informed": Line("840/1300", "840/13", "at_risk", "not_due", "4/5"),
    # 5 + 3 × 4 = 17 of the communes and 10 of the district: 27 of 27. Four communes and the district: 5 of 6.
    "officials-trained": Line("27/27", "100", "met", "met", "5/6"),
    # 4 of 16 child labourers = 25 %: the first known year.
    "hazardous-work-2030": Line("4/16", "25", "on_track", "first_known", "4/5"),
}


def provisional(lines: dict[str, Line]) -> dict[str, Line]:
    return {name: Line(one.sums, one.exact, one.state, one.rule, one.covered, True) for name, one in lines.items()}


def _binh_son_2021(child_labour: int, cases: tuple[int, int], officials: tuple[int, int]) -> list[Report]:
    return xa(
        "2021",
        [BINH_SON],
        children_5_17=500,
        child_labour=child_labour,
        hazardous_labour=0,
        cases_notified=cases,
        at_risk_or_labour=(8, 10),
        parents=(90, 100),
        officials_commune=officials,
    )


def _town_2021(hazardous: int) -> list[Report]:
    return xa(
        "2021",
        [TOWN],
        children_5_17=2000,
        child_labour=10,
        hazardous_labour=hazardous,
        cases_notified=(2, 2),
        at_risk_or_labour=(28, 30),
        parents=(600, 1000),
        officials_commune=(5, 5),
    )


SENT_2021 = [
    *_town_2021(hazardous=4),
    *xa(
        "2021",
        [MINH_SON, THO_SON, THO_BINH],
        children_5_17=500,
        child_labour=2,
        hazardous_labour=0,
        cases_notified=(0, 0),
        at_risk_or_labour=(9, 10),
        parents=(80, 100),
        officials_commune=(4, 4),
    ),
    *huyen("2021"),
]

ALL_OF_2021 = {
    # The late one has 10 of 500: 26 of 4,000 = 0.65 %, above 0.5. Its report turns what was met.
    **labour("26/4000", "0.65", "at_risk", "not_due", "5/5"),
    # And 0 of 1 case: 2 of 3.
    "cases-supported": Line("2/3", "200/3", "at_risk", "not_due", "5/5"),
    # 55 + 8 = 63 of 70: exactly 90 %, and "trên 90%" is more.
    "at-risk-education": Line("63/70", "90", "at_risk", "not_due", "5/5"),
    # 840 + 90 = 930 of 1,400: 465/7 = 66.4 %.
    "parents-informed": Line("930/1400", "465/7", "at_risk", "not_due", "5/5"),
    # 27 + 3 = 30 of 27 + 4 = 31: 3,000/31 = 96.8 %, not 100.
    "officials-trained": Line("30/31", "3000/31", "at_risk", "not_due", "6/6"),
    # 4 of 26: 200/13 = 15.4 %.
    "hazardous-work-2030": Line("4/26", "200/13", "on_track", "first_known", "5/5"),
}
CORRECTED_2021 = {
    **ALL_OF_2021,
    # 4 instead of 10: 20 of 4,000, exactly 0.5 %: "xuống 0,5%" is at most 0.5.
    **labour("20/4000", "0.5", "met", "met", "5/5"),
    # The case was supported after all, and the fourth official trained.
    "cases-supported": Line("3/3", "100", "met", "met", "5/5"),
    "officials-trained": Line("31/31", "100", "met", "met", "6/6"),
    # 4 of 20.
    "hazardous-work-2030": Line("4/20", "20", "on_track", "first_known", "5/5"),
}

YEAR_2021 = [
    moment(
        "2021-11-10T09:00",
        "2021",
        every(TARGETS, OPEN, provisional(FOUR_OF_2021)),
        SENT_2021,
        duties(2021, {"on_time": 4, "not_yet_due": 1}, offices="not_yet_due"),
        # Four days before the last one.
        reminds(2021, "before", communes=5),
    ),
    # The last minute of the last day, and the next one: nothing is sent, and all is final.
    moment(
        "2021-11-14T23:59",
        "2021",
        every(TARGETS, OPEN, provisional(FOUR_OF_2021)),
        duties=duties(2021, {"on_time": 4, "not_yet_due": 1}, offices="not_yet_due"),
        reminds=reminds(2021, "due", communes=1),
    ),
    moment(
        "2021-11-15T00:00",
        "2021",
        every(TARGETS, CLOSED, FOUR_OF_2021),
        duties=duties(2021, {"on_time": 4, "missing": 1}),
    ),
    moment(
        "2021-11-20T10:00",
        "2021",
        every(TARGETS, CLOSED, ALL_OF_2021),
        _binh_son_2021(child_labour=10, cases=(0, 1), officials=(3, 4)),
        duties(2021, {"on_time": 4, "late": 1}),
    ),
    # A correction moves figures, not the day on which the report came in.
    moment(
        "2021-12-01T08:00",
        "2021",
        every(TARGETS, CLOSED, CORRECTED_2021),
        _binh_son_2021(child_labour=4, cases=(1, 1), officials=(4, 4)),
        duties(2021, {"on_time": 4, "late": 1}),
    ),
]

# 2022: all report on the last day. Minh Sơn takes its report back, and sends another one late.


def _minh_son_2022(child_labour: int, hazardous: int) -> list[Report]:
    return xa(
        "2022",
        [MINH_SON],
        children_5_17=500,
        child_labour=child_labour,
        hazardous_labour=hazardous,
        cases_notified=(0, 0),
        at_risk_or_labour=(20, 20),
        parents=(100, 100),
        officials_commune=(4, 4),
    )


SENT_2022 = [
    *xa(
        "2022",
        [TOWN],
        children_5_17=2000,
        child_labour=12,
        hazardous_labour=6,
        cases_notified=(1, 1),
        at_risk_or_labour=(30, 30),
        parents=(700, 1000),
        officials_commune=(5, 5),
    ),
    *_minh_son_2022(child_labour=20, hazardous=2),
    *xa(
        "2022",
        [THO_SON, THO_BINH, BINH_SON],
        children_5_17=500,
        child_labour=2,
        hazardous_labour=0,
        cases_notified=(0, 0),
        at_risk_or_labour=(10, 10),
        parents=(70, 100),
        officials_commune=(4, 4),
    ),
    *huyen("2022"),
]

ALL_OF_2022 = {
    # 12 + 20 + 3 × 2 = 38 of 4,000: 0.95 %.
    **labour("38/4000", "0.95", "at_risk", "not_due", "5/5"),
    "cases-supported": Line("1/1", "100", "met", "met", "5/5"),
    # 30 + 20 + 3 × 10 = 80 of 80.
    "at-risk-education": Line("80/80", "100", "met", "met", "5/5"),
    # 700 + 100 + 3 × 70 = 1,010 of 1,000 + 400 = 1,400: 505/7 = 72.1 %, at least 70.
    "parents-informed": Line("1010/1400", "505/7", "met", "met", "5/5"),
    # 5 + 4 × 4 + 10.
    "officials-trained": Line("31/31", "100", "met", "met", "6/6"),
    # 6 + 2 = 8 of 38: 400/19 = 21.05 %, more than the 20 % of 2021, and due in 2030.
    "hazardous-work-2030": Line("8/38", "400/19", "at_risk", "not_due", "5/5"),
}
WITHOUT_MINH_SON = {
    # 38 − 20 = 18 of 4,000 − 500 = 3,500: 18/35 = 0.514 %, above 0.5. Four of five.
    **labour("18/3500", "18/35", "at_risk", "not_due", "4/5"),
    "cases-supported": Line("1/1", "100", "met", "met", "4/5"),
    "at-risk-education": Line("60/60", "100", "met", "met", "4/5"),
    # 1,010 − 100 = 910 of 1,300: exactly 70 %.
    "parents-informed": Line("910/1300", "70", "met", "met", "4/5"),
    "officials-trained": Line("27/27", "100", "met", "met", "5/6"),
    # 6 of 18: a third.
    "hazardous-work-2030": Line("6/18", "100/3", "at_risk", "not_due", "4/5"),
}
SENT_AGAIN = {
    **ALL_OF_2022,
    # 18 + 2 = 20 of 4,000.
    **labour("20/4000", "0.5", "met", "met", "5/5"),
    # 6 of 20 = 30 %, more than 20 %.
    "hazardous-work-2030": Line("6/20", "30", "at_risk", "not_due", "5/5"),
}

YEAR_2022 = [
    moment(
        "2022-11-14T23:59",
        "2022",
        # All are in: final on the last day already.
        every(TARGETS, CLOSED, ALL_OF_2022),
        SENT_2022,
        duties(2022, {"on_time": 5}, offices="not_yet_due"),
        # What runs again on the last day only calls that to mind.
        reminds(2022, "due", communes=5),
    ),
    Moment(
        "2022-11-20T09:00",
        PLAN,
        retracts=_minh_son_2022(child_labour=20, hazardous=2),
        judged=[Judged(DISTRICT, "2022", every(TARGETS, CLOSED, WITHOUT_MINH_SON), frozenset())],
        duties=duties(2022, {"on_time": 4, "missing": 1}),
    ),
    moment(
        "2022-12-05T16:00",
        "2022",
        every(TARGETS, CLOSED, SENT_AGAIN),
        _minh_son_2022(child_labour=2, hazardous=0),
        # What was taken back does not make the new one early.
        duties(2022, {"on_time": 4, "late": 1}),
    ),
    # The town corrects 2021: 7 of its 10 were in hazardous work. 7 of 20 = 35 % is the first known now, and the 30 % of
    # 2022 are a decrease.
    Moment(
        "2023-01-10T09:00",
        PLAN,
        _town_2021(hazardous=7),
        judged=[
            Judged(
                DISTRICT,
                "2021",
                every(
                    TARGETS,
                    CLOSED,
                    CORRECTED_2021,
                    hazardous_work_2030=Line("7/20", "35", "on_track", "first_known", "5/5"),
                ),
                frozenset(),
            ),
            Judged(
                DISTRICT,
                "2022",
                every(TARGETS, CLOSED, SENT_AGAIN, hazardous_work_2030=Line("6/20", "30", "met", "decreased", "5/5")),
                frozenset(),
            ),
        ],
    ),
]

MOMENTS = [*YEAR_2021, *YEAR_2022]
