"""Lạng Sơn (S1): how many are missing from each target, what it may become, what was corrected; worked out by hand.

The reports are those of `lang_son_years`; what a missing commune may report, `trieu_son_details` says.
"""

from tests.integration.golden.detail import NOTHING, Detail, Detailed, final
from tests.integration.golden.lang_son_years import PLAN, PROVINCE
from tests.integration.golden.small_tree import BAC_XA, HOANG_DONG


def of(at: str, period: str, plan: str = PLAN, **targets: Detail) -> Detailed:
    """Names are written with _ for -."""
    return Detailed(plan, PROVINCE, period, {name.replace("_", "-"): one for name, one in targets.items()}, at)


# None of 600; "= 0" has nothing to spare.
NONE = final(0, 0, "0", "met")
# Of nothing there is no share, and nothing that it could become.
NO_SHARE = NOTHING
LATE = (1, BAC_XA, "")
CORRECTED = (1, HOANG_DONG, "")

DETAILS = [
    of(
        "2021-12-20T09:00",
        "2021",
        no_child_labour=NONE,
        no_child_labour_2030=NONE,
        cases_supported=NO_SHARE,
        # 80 % of 600 are 480: 60 more than 420.
        parents_informed=final(60, 0, "70", "not_met"),
        # 90 % of 32 are 28.8: 29, three less than 32.
        officials_trained=final(0, 3, "100", "met"),
        hazardous_work_less_2030=NO_SHARE,
        collaborators_reached=final(0, 0, "100", "met"),
        staff_informed=NOTHING,
    ),
    # Five of six communes: the sixth may have 60,000,000 child labourers, so from 0 to these of 60,000,500.
    of(
        "2022-07-05T23:59",
        "2022S1",
        no_child_labour=Detail(0, 0, "0", "12000000/120001", None),
        no_child_labour_2030=Detail(0, 0, "0", "12000000/120001", None),
        # 400 of 500, exactly 80 %. From 400 to 10,000,400 of 10,000,500.
        parents_informed=Detail(0, 0, "80/20001", "2000080/20001", None),
        hazardous_work_less_2030=NO_SHARE,
    ),
    # Two minutes late is a change of what was final.
    of(
        "2022-07-06T00:01",
        "2022S1",
        no_child_labour=final(0, 0, "0", "met", corrected=LATE),
        # 80 % of 600 are 480: 20 more than 460.
        parents_informed=final(20, 0, "230/3", "not_met", corrected=LATE),
        hazardous_work_less_2030=Detail(None, None, None, None, None, None, LATE),
        staff_informed=NOTHING,
    ),
    # One child of 600.
    of(
        "2022-12-24T09:00",
        "2022",
        no_child_labour=final(-1, 0, "1/6", "not_met"),
        no_child_labour_2030=final(-1, 0, "1/6", "not_met"),
        cases_supported=final(0, 0, "100", "met", counts="case"),
        parents_informed=final(0, 0, "80", "met"),
        # The first known has nothing to be held against.
        hazardous_work_less_2030=Detail(None, None, "100", "100", None, None),
    ),
    # What is broken stays broken, whatever is reported of the half-year that has just begun.
    of("2022-12-24T09:00", "2023S1", no_child_labour=Detail(None, None, None, None, "not_met", None)),
    # There was no such child: it counts in child labour, in the cases and in hazardous work, not in the parents.
    of(
        "2023-03-01T09:00",
        "2022",
        no_child_labour=final(0, 0, "0", "met", corrected=CORRECTED),
        cases_supported=Detail(None, None, None, None, None, None, CORRECTED),
        parents_informed=final(0, 0, "80", "met"),
        hazardous_work_less_2030=Detail(None, None, None, None, None, None, CORRECTED),
    ),
]

# Of all that bind the province in 2021, what something else asks more than: 4.9 %, where its own plan says none; and of
# those at risk "từ 90% trở lên", where the national programme says "trên 90%".
LESS_STRICT = {("vn-782", "child-labour-down"), ("lang-son-187", "at-risk-in-education")}
