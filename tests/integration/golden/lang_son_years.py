"""Lạng Sơn (S1) from 2021 to 2023, over six communes of two districts: every figure worked out beside it.

Half-years run to 14/6 and are due on 5/7, years run to 14/12 and are due on 25/12, both days included. At least 80 %
must report: five of six communes.
"""

from collections.abc import Sequence

from tests.integration.golden.lang_son import BINDS
from tests.integration.golden.model import Duties, Judged, Line, Report, reports
from tests.integration.golden.small_tree import (
    BAC_XA,
    BINH_XA,
    DINH_LAP,
    DINH_LAP_TOWN,
    HOANG_DONG,
    LANG_SON,
)
from tests.integration.golden.years import Moment, Reminded, every

PLAN, PROVINCE, CITY, DISTRICT = "lang-son-187", "20", "178", "189"
NATIONAL = "vn-782"
TARGETS = tuple(BINDS)
IN_DISTRICT = [DINH_LAP_TOWN, DINH_LAP, BINH_XA, BAC_XA]

OPEN = Line("–/–", None, "no_data", "no_data", "0/6", provisional=True)
CLOSED = Line("–/–", None, "no_data", "no_data", "0/6")
# Nobody speaks of officials: six communes, two districts and the province, which has no deadline.
NO_OFFICIALS = Line("–/–", None, "no_data", "no_data", "0/9", provisional=True)


def xa(period: str, units: Sequence[str], **said: int | tuple[int, int]) -> list[Report]:
    return reports("ldte-xa", period, units, **said)


def above(year: str, province: tuple[int, int]) -> list[Report]:
    """What the two districts and the province report of their own officials."""
    return [
        *reports("ldte-huyen", year, [CITY, DISTRICT], officials_district=(5, 5)),
        *reports("ldte-tinh", year, [PROVINCE], officials_province=province),
    ]


def none(
    sums: str, exact: str | None, state: str, rule: str, covered: str, provisional: bool = False
) -> dict[str, Line]:
    """No child labour: the target of 2025 and the orientation to 2030 say the same."""
    line = Line(sums, exact, state, rule, covered, provisional)
    return {"no-child-labour": line, "no-child-labour-2030": line}


def no_share(covered: str, state: str = "not_arising", provisional: bool = False) -> Line:
    """Of hazardous work nobody speaks, nor need they: all say that there is no child labour, of which it is a share."""
    return Line("–/0", None, state, state, covered, provisional)


def half_year(year: int, communes: dict[str, int], others: str = "missing", districts: int = 2) -> list[Duties]:
    """All duties of a first half-year. Districts, 17 agencies and the province send nothing."""
    day = f"{year}-07-05"
    states: dict[str, tuple[str | None, dict[str, int]]] = {
        "commune-half-year": (day, communes),
        "agency-half-year": (day, {others: 17}),
        "province-half-year": (None, {"not_received": 1}),
        "labour-department-half-year": (None, {"not_received": 1}),
        "compiled-half-year": (None, {"not_received": 1}),
    }
    if districts:
        states["district-half-year"] = (day, {others: districts})
    return [Duties(f"{year}S1", states)]


def whole_year(
    year: int, communes: dict[str, int], districts: dict[str, int], agencies: str, province: str = "received"
) -> list[Duties]:
    day = f"{year}-12-25"
    states: dict[str, tuple[str | None, dict[str, int]]] = {
        "commune-year": (day, communes),
        "agency-year": (day, {agencies: 17}),
        "province-year": (None, {province: 1}),
        "labour-department-year": (None, {"not_received": 1}),
        "compiled-year": (None, {"not_received": 1}),
    }
    if districts:
        states["district-year"] = (day, districts)
    if year == 2021:
        states["agency-own-plan"] = (None, {"not_received": 18})
        states["district-own-plan"] = (None, {"not_received": 2})
    return [Duties(str(year), states)]


def reminds(
    period: str, when: str, communes: tuple[int, int], districts: tuple[int, int] | None = (2, 2)
) -> Sequence[Reminded]:
    """Of the reports with a deadline, by how many have not sent theirs of those who must; 17 agencies never do."""
    year, half = period[:4], period.endswith("S1")
    day, kind = (f"{year}-07-05", "half-year") if half else (f"{year}-12-25", "year")
    asked = {"commune": communes, "district": districts, "agency": (17, 17)}
    return tuple(Reminded(f"{who}-{kind}", period, when, day, *some) for who, some in asked.items() if some)


def of(area: str, period: str, lines: dict[str, Line]) -> Judged:
    return Judged(area, period, lines)


# 2021: all report in time.

YEAR_2021 = [
    Moment(
        "2021-12-20T09:00",
        PLAN,
        [
            *xa(
                "2021",
                LANG_SON,
                children_5_17=100,
                child_labour=0,
                hazardous_labour=0,
                cases_notified=(0, 0),
                parents=(70, 100),
                officials_commune=(2, 2),
                collaborators=(5, 5),
            ),
            *above("2021", (10, 10)),
        ],
        judged=[
            of(
                PROVINCE,
                "2021",
                every(
                    TARGETS,
                    CLOSED,
                    {
                        # 0 of 6 × 100.
                        **none("0/600", "0", "met", "kept", "6/6"),
                        "cases-supported": Line("0/0", None, "not_arising", "not_arising", "6/6"),
                        # 6 × 70 of 600: 70 %, below 80.
                        "parents-informed": Line("420/600", "70", "at_risk", "not_due", "6/6"),
                        # 6 × 2 + 2 × 5 + 10 = 32 of 32; six communes, two districts, the province.
                        "officials-trained": Line("32/32", "100", "met", "met", "9/9"),
                        "hazardous-work-less-2030": Line("0/0", None, "not_arising", "not_arising", "6/6"),
                        "collaborators-reached": Line("30/30", "100", "met", "met", "6/6"),
                    },
                ),
            )
        ],
        duties=whole_year(2021, {"on_time": 6}, {"on_time": 2}, "not_yet_due"),
        reminds=reminds("2021", "before", (6, 6)),
    )
]

# The first half of 2022: five on the last day, Bắc Xa two minutes later.


def _half_2022(units: Sequence[str], informed: int) -> list[Report]:
    return xa("2022S1", units, children_5_17=100, child_labour=0, parents=(informed, 100))


HALF_2022 = [
    Moment(
        "2022-07-05T23:59",
        PLAN,
        _half_2022([one for one in LANG_SON if one != BAC_XA], 80),
        judged=[
            of(
                PROVINCE,
                "2022S1",
                every(
                    TARGETS,
                    OPEN,
                    # 0 of 5 × 100; five of six are 83 %.
                    none("0/500", "0", "met", "kept", "5/6", provisional=True),
                    # 400 of 500: exactly 80 %.
                    parents_informed=Line("400/500", "80", "met", "met", "5/6", provisional=True),
                    officials_trained=NO_OFFICIALS,
                    # 0 of 0: "không phát sinh".
                    hazardous_work_less_2030=no_share("5/6", provisional=True),
                ),
            ),
            # Three of the district's four: 75 %.
            of(DISTRICT, "2022S1", none("0/300", "0", "insufficient", "insufficient", "3/4", provisional=True)),
        ],
        duties=half_year(2022, {"on_time": 5, "not_yet_due": 1}, "not_yet_due"),
        reminds=reminds("2022S1", "due", (6, 6)),
    ),
    Moment(
        "2022-07-06T00:01",
        PLAN,
        _half_2022([BAC_XA], 60),
        judged=[
            of(
                PROVINCE,
                "2022S1",
                every(
                    TARGETS,
                    CLOSED,
                    none("0/600", "0", "met", "kept", "6/6"),
                    # 400 + 60 = 460 of 600: 230/3 = 76.7 %, below 80.
                    parents_informed=Line("460/600", "230/3", "at_risk", "not_due", "6/6"),
                    officials_trained=NO_OFFICIALS,
                    hazardous_work_less_2030=no_share("6/6"),
                ),
            ),
            of(DISTRICT, "2022S1", none("0/400", "0", "met", "kept", "4/4")),
        ],
        duties=half_year(2022, {"on_time": 5, "late": 1}),
    ),
]

# 2022: one child in Hoàng Đồng, which turns out two months later not to have been there.


def _year_2022(units: Sequence[str], child_labour: int) -> list[Report]:
    return xa(
        "2022",
        units,
        children_5_17=100,
        child_labour=child_labour,
        hazardous_labour=child_labour,
        cases_notified=(child_labour, child_labour),
        parents=(80, 100),
    )


LINES_2022 = {
    # 1 of 600: a sixth of a per cent, and the year is over.
    **none("1/600", "1/6", "missed", "broken_now", "6/6"),
    "cases-supported": Line("1/1", "100", "met", "met", "6/6"),
    # 6 × 80 of 600.
    "parents-informed": Line("480/600", "80", "met", "met", "6/6"),
    "officials-trained": NO_OFFICIALS,
    # The one is in hazardous work. In 2021 there was no child labour to take a share of: this is the first known.
    "hazardous-work-less-2030": Line("1/1", "100", "on_track", "first_known", "6/6"),
}
CORRECTED_2022 = {
    **LINES_2022,
    **none("0/600", "0", "met", "kept", "6/6"),
    "cases-supported": Line("0/0", None, "not_arising", "not_arising", "6/6"),
    "hazardous-work-less-2030": Line("0/0", None, "not_arising", "not_arising", "6/6"),
}
SILENT = every(TARGETS, OPEN, {"officials-trained": NO_OFFICIALS})
BROKEN = {**SILENT, **none("–/–", None, "missed", "broken_before", "0/6", provisional=True)}

YEAR_2022 = [
    Moment(
        "2022-12-24T09:00",
        PLAN,
        [*_year_2022(LANG_SON[:-1], 0), *_year_2022([HOANG_DONG], 1)],
        judged=[
            of(PROVINCE, "2022", every(TARGETS, CLOSED, LINES_2022)),
            # The next half-year and the next year have begun. Nobody has said anything of them, and what is broken
            # needs no report to stay broken.
            of(PROVINCE, "2023S1", BROKEN),
            of(PROVINCE, "2023", BROKEN),
            # 1 of 200 in the city, 0 of 400 in the district.
            of(CITY, "2022", none("1/200", "0.5", "missed", "broken_now", "2/2")),
            of(DISTRICT, "2022", none("0/400", "0", "met", "kept", "4/4")),
        ],
        duties=whole_year(2022, {"on_time": 6}, {"not_yet_due": 2}, "not_yet_due", "not_received"),
        reminds=reminds("2022", "before", (6, 6)),
    ),
    Moment(
        "2023-02-01T09:00",
        PLAN,
        judged=[
            of(PROVINCE, "2023S1", BROKEN),
            of(DISTRICT, "2023S1", none("–/–", None, "no_data", "no_data", "0/4", provisional=True)),
        ],
        duties=half_year(2023, {"not_yet_due": 6}, "not_yet_due"),
    ),
    Moment(
        "2023-03-01T09:00",
        PLAN,
        _year_2022([HOANG_DONG], 0),
        judged=[
            of(PROVINCE, "2022", every(TARGETS, CLOSED, CORRECTED_2022)),
            of(CITY, "2022", none("0/200", "0", "met", "kept", "2/2")),
            of(PROVINCE, "2023S1", SILENT),
            of(PROVINCE, "2023", SILENT),
        ],
        duties=whole_year(2022, {"on_time": 6}, {"missing": 2}, "missing", "not_received"),
    ),
]

# 2023: the district's four on the last day, the city's two never.

YEAR_2023 = [
    Moment(
        "2023-12-25T12:00",
        PLAN,
        xa("2023", IN_DISTRICT, children_5_17=100, child_labour=0),
        judged=[
            # Four of six: 67 %.
            of(
                PROVINCE,
                "2023",
                every(
                    TARGETS,
                    OPEN,
                    none("0/400", "0", "insufficient", "insufficient", "4/6", provisional=True),
                    officials_trained=NO_OFFICIALS,
                    hazardous_work_less_2030=no_share("4/6", "insufficient", provisional=True),
                ),
            ),
            of(DISTRICT, "2023", none("0/400", "0", "met", "kept", "4/4")),
            of(CITY, "2023", none("–/–", None, "no_data", "no_data", "0/2", provisional=True)),
        ],
        duties=whole_year(2023, {"on_time": 4, "not_yet_due": 2}, {"not_yet_due": 2}, "not_yet_due", "not_received"),
        reminds=reminds("2023", "due", (6, 6)),
    ),
    Moment(
        "2023-12-26T00:00",
        PLAN,
        judged=[
            of(
                PROVINCE,
                "2023",
                every(
                    TARGETS,
                    CLOSED,
                    none("0/400", "0", "insufficient", "insufficient", "4/6"),
                    officials_trained=NO_OFFICIALS,
                    hazardous_work_less_2030=no_share("4/6", "insufficient"),
                ),
            )
        ],
        duties=whole_year(2023, {"on_time": 4, "missing": 2}, {"missing": 2}, "missing", "not_received"),
    ),
]

MOMENTS = [*YEAR_2021, *HALF_2022, *YEAR_2022, *YEAR_2023]
