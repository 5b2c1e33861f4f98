"""Triệu Sơn (S2): how many are missing from each target, what it may become, what was corrected; worked out by hand.

The reports are those of `trieu_son_years`. A commune that is missing may still report 10,000,000 of everything, of
officials 100,000, and of child labour and children 10,000,000 in each of 6 cells of sex and age: 60,000,000. Of a share
the part is never more than the whole, so the lowest value is that of as many in the whole and none in the part, and the
highest that of as many in both as the part may have.
"""

from tests.integration.golden.detail import NOTHING, Detail, Detailed, final
from tests.integration.golden.small_tree import BINH_SON, MINH_SON, TOWN
from tests.integration.golden.trieu_son_years import DISTRICT, PLAN

LATE = (1, BINH_SON, "")
LATE_AND_CORRECTED = (2, BINH_SON, "")
TAKEN_BACK = (1, MINH_SON, "of another commune")
SENT_AGAIN = (2, MINH_SON, "")


def of(at: str, period: str, plan: str = PLAN, **targets: Detail) -> Detailed:
    """Names are written with _ for -."""
    return Detailed(plan, DISTRICT, period, {name.replace("_", "-"): one for name, one in targets.items()}, at)


# 16 of 3,500: 0.5 % of these are 17.5, so 17 are few enough: one to spare.
# From 16 of 60,003,500 to 60,000,016 of 60,003,500, × 100.
LABOUR_FOUR = Detail(0, 1, "16/600035", "60000016/600035", None)
# 26 of 4,000: 20 would be 0.5 %. Nobody can change it any more: surely not met.
LABOUR_LATE = final(-6, 0, "0.65", "not_met", corrected=LATE)
LABOUR_CORRECTED = final(0, 0, "0.5", "met", corrected=LATE_AND_CORRECTED)
# 18 of 3,500, of which 17 would be few enough. From 18 of 60,003,500 to 60,000,018 of these.
LABOUR_RETRACTED = Detail(-1, 0, "18/600035", "60000018/600035", None, corrected=TAKEN_BACK)
# 20 of 4,000 again.
LABOUR_AGAIN = final(0, 0, "0.5", "met", corrected=SENT_AGAIN)

DETAILS = [
    of(
        "2021-11-10T09:00",
        "2021",
        child_labour_2025=LABOUR_FOUR,
        child_labour_2030=LABOUR_FOUR,
        # 2 of 2; "= 100" has nothing to spare. From 2 of 10,000,002 to all of them.
        cases_supported=Detail(0, 0, "100/5000001", "100", None, "case"),
        # More than 90 % of 60 are 55, which they are. From 55 to 10,000,055 of 10,000,060.
        at_risk_education=Detail(0, 0, "275/500003", "50000275/500003", None),
        # 70 % of 1,300 are 910: 70 more than 840. From 840 to 10,000,840 of 10,001,300.
        parents_informed=Detail(70, 0, "840/100013", "10000840/100013", None),
        # 27 of 27, the district's among them. From 27 of 100,027 to all.
        officials_trained=Detail(0, 0, "2700/100027", "100", None),
        # The first known year has nothing to be held against. From 4 of 60,000,016 to 10,000,004 of 10,000,016.
        hazardous_work_2030=Detail(None, None, "25/3750001", "62500025/625001", None, None),
        staff_informed=NOTHING,
    ),
    # After the deadline comes the fifth report: in all that it counts in, the first change of a final figure.
    of(
        "2021-11-20T10:00",
        "2021",
        child_labour_2025=LABOUR_LATE,
        child_labour_2030=LABOUR_LATE,
        # 2 of 3: one more.
        cases_supported=final(1, 0, "200/3", "not_met", counts="case", corrected=LATE),
        # 63 are 90 % of 70: more than that are 64.
        at_risk_education=final(1, 0, "90", "not_met", corrected=LATE),
        # 70 % of 1,400 are 980: 50 more than 930.
        parents_informed=final(50, 0, "465/7", "not_met", corrected=LATE),
        # 30 of 31.
        officials_trained=final(1, 0, "3000/31", "not_met", corrected=LATE),
        hazardous_work_2030=Detail(None, None, "200/13", "200/13", None, None, LATE),
        staff_informed=NOTHING,
    ),
    # Corrected again: 4 instead of 10, the case supported, the official trained. Of parents and of those at risk it
    # says what it said before.
    of(
        "2021-12-01T08:00",
        "2021",
        child_labour_2025=LABOUR_CORRECTED,
        child_labour_2030=LABOUR_CORRECTED,
        cases_supported=final(0, 0, "100", "met", counts="case", corrected=LATE_AND_CORRECTED),
        at_risk_education=final(1, 0, "90", "not_met", corrected=LATE),
        parents_informed=final(50, 0, "465/7", "not_met", corrected=LATE),
        officials_trained=final(0, 0, "100", "met", corrected=LATE_AND_CORRECTED),
        hazardous_work_2030=Detail(None, None, "20", "20", None, None, LATE_AND_CORRECTED),
    ),
    # By the national programme: 4.9 % of 4,000 are 196, 176 more than 20. It names no deadline, so its figures are
    # final only when the late report is in: that completes them, and the next one corrects them.
    of(
        "2021-12-01T08:00",
        "2021",
        "vn-782",
        child_labour_down=final(0, 176, "0.5", "met", corrected=(1, BINH_SON, "")),
        # "Trên 90%" is the district's words, too.
        at_risk_in_education=final(1, 0, "90", "not_met"),
    ),
    # 2022 was final when all were in. Then Minh Sơn takes its report back, and what it says is open again.
    of(
        "2022-11-20T09:00",
        "2022",
        child_labour_2025=LABOUR_RETRACTED,
        child_labour_2030=LABOUR_RETRACTED,
        # 1 of 1; from 1 of 10,000,001 to all.
        cases_supported=Detail(0, 0, "100/10000001", "100", None, "case", TAKEN_BACK),
        # 910 of 1,300, exactly 70 %. From 910 to 10,000,910 of 10,001,300.
        parents_informed=Detail(0, 0, "910/100013", "10000910/100013", None, corrected=TAKEN_BACK),
        # 6 of 18 against the 20 % of 2021: 20 % of 18 are 3.6, less are 3. From 6 of 60,000,018 to 10,000,006 of
        # 10,000,018.
        hazardous_work_2030=Detail(-3, 0, "100/10000003", "500000300/5000009", None, corrected=TAKEN_BACK),
    ),
    # It sends another one. And the town says of 2021 that 7 of its 10 were in hazardous work.
    of(
        "2023-01-10T09:00",
        "2021",
        # 7 of 20: the late report, its correction, and this one.
        hazardous_work_2030=Detail(None, None, "35", "35", None, None, (3, TOWN, "")),
        child_labour_2025=LABOUR_CORRECTED,
    ),
    of(
        "2023-01-10T09:00",
        "2022",
        child_labour_2025=LABOUR_AGAIN,
        child_labour_2030=LABOUR_AGAIN,
        # 35 % of 20 are 7: less are 6, which they are. 30 % is less than 35 % whatever comes.
        hazardous_work_2030=final(0, 0, "30", "met", corrected=SENT_AGAIN),
    ),
]

# Of all that bind the district in 2021, what something else asks more than: of child labour 4.9 %, where the district's
# own plan says 0.5 %. "= 100" and "> 90" stand in both plans alike.
LESS_STRICT = {("vn-782", "child-labour-down")}
