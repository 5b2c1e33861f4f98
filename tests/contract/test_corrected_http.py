"""A figure that was final and was corrected says so over HTTP, and costs no second look while nothing changes."""

from datetime import UTC, datetime
from typing import Any

from chitieu.adapters.clickhouse.cells import Pair
from chitieu.domain.correction import Revision
from chitieu.domain.inquiry import CellKey
from chitieu.domain.rollup import Cell, Decision
from services.api.history import Message
from services.api.queries import Progress
from tests.contract.test_api_http import KNOWN, PATH, READS, YEAR, application, ask, attained
from tests.unit.small_release import COMMUNE, PROVINCE, cell

QUERY: dict[str, Any] = {"plan": "lang-son", "period": "2024"}
EARLY = datetime(2024, 12, 20, tzinfo=UTC)
LATE = datetime(2024, 12, 25, 18, tzinfo=UTC)  # 1:00 on the 26th in Viet Nam
SAID = (500, 0, 0, 100, 95, 4, 4)


def decided(position: int, decision: Decision, revision: Revision) -> tuple[Pair, str, Message]:
    return ("xa", "2024"), COMMUNE, Message(0, position, decision, 7, PATH, revision.known_at, revision)


FIRST = decided(3, Decision.ACCEPTED, Revision(EARLY, SAID, [1] * 7))
DECIDED = [FIRST, decided(5, Decision.RETRACTED, Revision(LATE, (), (), "Nhầm xã"))]


def corrected(key: str = "province", cells: dict[CellKey, Cell] | None = None, **query: str) -> dict[str, Any]:
    app = application(cells=YEAR if cells is None else cells, decided=DECIDED)
    answer = ask(app, "/v1/attainment", key, **{**QUERY, **query})
    return {"scans": list(READS.scans), **attained(answer, "informed")}


def test_a_correction_after_the_deadline_names_the_last_unit_when_and_why() -> None:
    one = corrected()
    assert (one["state"], one["provisional"]) == ("at_risk", False)
    assert one["corrected"] == {
        "revisions": 1,
        "known_at": "2024-12-25T18:00:00Z",
        "unit": {"id": COMMUNE, "code": "00001", "name": "Xã Vân Nham", "level": "commune", "sample": False},
        "reason": "Nhầm xã",
    }


def test_the_reason_is_seen_inside_the_subtree_only() -> None:
    one = corrected("elsewhere")["corrected"]
    assert (one["revisions"], one["reason"]) == (1, None)


def test_areas_below_say_so_too_and_those_beside_do_not() -> None:
    answer = ask(application(cells=YEAR, decided=DECIDED), "/v1/attainment", **QUERY, children="true").json()
    found = {
        child["area"]["code"]: [one["corrected"] and one["corrected"]["revisions"] for one in child["targets"]]
        for child in answer["children"]
    }
    assert set(found["201"]) == {1} and set(found["202"]) == {None}


def test_without_a_plan_it_is_said_as_with_one() -> None:
    answer = ask(application(cells=YEAR, decided=DECIDED), "/v1/attainment", period="2024", area="201").json()
    judged = [one["judged"] for group in answer["groups"] for one in group["targets"] if one["judged"] is not None]
    assert {one["corrected"]["revisions"] for one in judged} == {1}


def test_nothing_is_looked_for_while_figures_are_provisional() -> None:
    # One of the two communes there are in 2025 has reported.
    half = {("xa", "2025", PROVINCE): cell(1, *SAID)}
    one = corrected(cells=half, period="2025")
    assert (one["provisional"], one["corrected"], one["scans"]) == (True, None, [])


def test_nothing_is_looked_for_twice_and_later_only_what_is_new() -> None:
    cells = {**YEAR, ("xa", "2024", PROVINCE): cell(3, *SAID[:4], 12, 4, 4)}
    first = corrected(cells=cells)
    assert first["scans"] == ["messages", "revisions"]
    app = application(cells=cells, decided=DECIDED)
    for _ in range(2):
        assert attained(ask(app, "/v1/attainment", **QUERY), "informed")["corrected"] == first["corrected"]
    assert READS.scans == ["messages", "revisions"]
    READS.cells = {**cells, ("xa", "2024", PROVINCE): cell(3, *SAID[:4], 13, 4, 4)}
    assert attained(ask(app, "/v1/attainment", **QUERY), "informed")["corrected"] == first["corrected"]
    assert READS.scans == ["messages", "revisions"]
    READS.at = Progress({0: 101}, KNOWN)
    READS.cells = cells | {("xa", "2024", PROVINCE): cell(3, *SAID[:4], 14, 4, 4)}
    assert attained(ask(app, "/v1/attainment", **QUERY), "informed")["corrected"] == first["corrected"]
    assert READS.scans == ["messages", "revisions", "news"]


def test_a_scan_that_finds_nothing_later_reads_no_report() -> None:
    cells = {**YEAR, ("xa", "2024", PROVINCE): cell(3, *SAID[:4], 77, 4, 4)}
    answer = ask(application(cells=cells, decided=[FIRST]), "/v1/attainment", **QUERY)
    assert attained(answer, "informed")["corrected"] is None
    assert READS.scans == ["messages"]
