"""A plan of Lạng Sơn with tasks, the agencies that its text names, and some that it does not."""

from dataclasses import replace
from datetime import date

from chitieu.domain.plan import Clause, Task
from chitieu.domain.unit import Unit, UnitTree
from tests.unit import small_release
from tests.unit.small_release import LAST, NATION, OLD, PROVINCE

LABOUR = "20.ld@2021-01-01"
POLICE = "20.ca@2021-01-01"
CLAUSE = Clause("V.1", "Chủ trì hướng dẫn …")
TASKS = (
    Task("labour/1", "Sở Lao động - Thương binh và Xã hội", CLAUSE, date(2024, 12, 25)),
    Task("labour/2", "Sở Lao động - Thương binh và Xã hội", CLAUSE),
    Task("police/1", "Công an tỉnh; Văn phòng", CLAUSE, date(2024, 12, 26)),
    Task("districts/1", "UBND các huyện, thành phố", CLAUSE, date(2025, 12, 31)),
)
UNITS = (
    Unit("20.ld", OLD, None, "department", "20", "Sở Lao động - Thương binh và Xã hội tỉnh Lạng Sơn"),
    Unit("20.ca", OLD, None, "department", "20", "Công an tỉnh Lạng Sơn"),
    # Not the ones that are meant: another province's, one further below, one whose name only begins alike.
    Unit("30.ca", OLD, None, "department", "30", "Công an tỉnh"),
    Unit("201.ca", OLD, LAST, "department", "201", "Công an tỉnh Lạng Sơn"),
    Unit("20.cax", OLD, None, "department", "20", "Công an tỉnh Lạng Sơn mở rộng"),
)
TREE = UnitTree([*small_release.TREE.units.values(), *UNITS])
PLAN = replace(small_release.PLAN, tasks={task.id: task for task in TASKS})
# A plan of a district that was abolished with all districts.
ENDED = replace(PLAN, id="huu-lung", area="201", targets={}, tasks={"all/1": Task("all/1", "UBND các xã", CLAUSE)})
RELEASE = replace(small_release.RELEASE, tree=TREE, plans={PLAN.id: PLAN, ENDED.id: ENDED})

AREA = (NATION, PROVINCE)
