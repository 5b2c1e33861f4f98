"""`/v1/lineage` over HTTP: level by level down to the report, and what moved it, to whom."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from chitieu.domain.inquiry import CellKey
from chitieu.domain.rollup import Cell, Decision
from services.api.queries import Progress, Standing, StoredMessage
from tests.contract.test_api_http import READS, YEAR, application, ask
from tests.contract.test_time_http import OTHER, PATHS, SECOND, STOOD, THIRD, stood
from tests.unit.small_release import COMMUNE, DISTRICT, PROVINCE, cell

QUERY: Mapping[str, Any] = {"plan": "lang-son", "period": "2024", "target": "informed"}
CELLS: Mapping[CellKey, Cell] = {
    **YEAR,
    ("xa", "2024", COMMUNE): cell(1, 500, 2, 1, 200, 150, 3, 3),
}
HISTORY = [(20, Decision.ACCEPTED, 1, 80), (22, Decision.ACCEPTED, 2, 90), (23, Decision.CONFLICT, 2, 1)]


def messages() -> list[StoredMessage]:
    return [
        StoredMessage(
            "xa",
            "2024",
            COMMUNE,
            0,
            at,
            f"{at:032x}",
            decision,
            revision,
            PATHS[COMMUNE],
            [500, 2, 1, 100, informed],
            [1] * 5,
            "k-author",
            "",
            datetime(2024, 12, day, tzinfo=UTC),
        )
        for at, (day, decision, revision, informed) in enumerate(HISTORY)
    ]


def get(key: str = "province", reports: Sequence[Standing] = STOOD, **query: Any) -> httpx.Response:
    app = application(cells=CELLS, stood=list(reports), messages=messages())
    return ask(app, "/v1/lineage", key, **{**QUERY, **query})


def test_a_client_walks_from_the_province_to_the_report() -> None:
    """318 of 400 = 240 of 300 in one district and 78 of 100 in the other; below the commune nothing but its report."""
    walked = []
    area = None
    while True:
        answer = get(**({} if area is None else {"area": area})).json()
        figure = answer["figure"]
        walked.append(
            (figure["area"]["id"], figure["numerator"]["value"], [c["numerator"]["value"] for c in answer["children"]])
        )
        if not answer["children"]:
            break
        area = answer["children"][0]["area"]["id"]
    assert walked == [(PROVINCE, 318, [240, 78]), (DISTRICT, 240, [150, None]), (COMMUNE, 150, [])]
    assert answer["reports"] == [
        {
            "form": "xa",
            "revision": 2,
            "known_at": "2024-12-22T00:00:00Z",
            "submission": "1".rjust(32, "0"),
            "author": "k-author",
            "elements": [
                {
                    "element": one,
                    "label": {"vi": one, "en": one},
                    "said": {"value": n, "suppressed": None, "state": "reported"},
                }
                for one, n in (("informed", 90), ("parents", 100))
            ],
        }
    ]


def test_what_is_added_up_is_there_with_every_area() -> None:
    answer = get().json()
    assert (answer["target"], answer["indicator"], answer["moved"]) == ("informed", "informed_rate", None)
    told = {one["element"]: one["total"]["value"] for one in answer["children"][0]["elements"]}
    assert told == {"informed": 240, "parents": 300}
    assert (answer["figure"]["reported"], answer["figure"]["expected"], answer["figure"]["exact"]) == (3, 3, "79.5")
    assert answer["reports"] == []


def test_the_report_is_the_one_that_stood_at_the_moment() -> None:
    told = [get(area=COMMUNE, knownAt=f"2024-12-{day}T00:00:00Z").json()["reports"] for day in (19, 21, 23)]
    assert [[one["revision"] for one in reports] for reports in told] == [[], [1], [2]]


def test_by_another_tree_the_reports_are_those_of_what_went_into_the_area() -> None:
    answer = get(area="00001", asOfHierarchy="2025-12-31").json()
    assert (answer["figure"]["numerator"]["value"], answer["children"]) == (150, [])
    assert [one["revision"] for one in answer["reports"]] == [2]
    assert get(asOfHierarchy="2025-12-31").json()["hierarchy"]["undivided"] != []


def test_outside_the_subtree_small_counts_and_authors_are_withheld() -> None:
    for key, labour, author in (("province", 3, "k-author"), ("elsewhere", None, None)):
        answer = get(key, target="labour-low", area=COMMUNE).json()
        (report,) = answer["reports"]
        said = {one["element"]: one["said"] for one in report["elements"]}
        assert (said["labour"]["value"], said["labour"]["state"]) == (labour, "reported")
        assert (report["author"], answer["figure"]["numerator"]["value"]) == (author, labour)
        assert said["children"]["value"] == 500


# What moved it

CORRECTED = replace(stood(COMMUNE, 24, 500, 0, 3, 100, 62), revision=2)
SENT = stood(THIRD, 24, 100, 2, 0, 100, 60)


@pytest.fixture
def two_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    """On 23/12 two communes had reported; since then one corrected, one took back, and a third sent."""

    async def standing(
        forms: Iterable[str],
        periods: Iterable[str],
        areas: Iterable[str],
        units: Iterable[str],
        until: datetime | None,
        progress: Progress,
    ) -> list[Standing]:
        early = until is not None and until < datetime(2024, 12, 24, tzinfo=UTC)
        found, wanted = STOOD[:2] if early else [CORRECTED, SENT], set(areas)
        return [one for one in found if not wanted or not wanted.isdisjoint(one.path)]

    monkeypatch.setattr(READS, "standing", standing)


SINCE = "2024-12-23T00:00:00Z"


@pytest.mark.usefixtures("two_moments")
def test_what_moved_it_is_told_largest_first() -> None:
    moved = get(since=SINCE).json()["moved"]
    assert (moved["since"], moved["units"], moved["before"]["numerator"]["value"]) == (SINCE, 3, 150)
    assert [one["text"]["en"] for one in moved["items"]] == [
        "Xã Đồng Tiến took back informed 70, parents 100",
        "Xã Vân An sent informed 60, parents 100",
        "Xã Vân Nham revised informed 80 → 62",
    ]
    (shift,) = moved["items"][2]["shifts"]
    assert (shift["change"]["value"], moved["items"][2]["revision_before"], moved["items"][2]["revision_after"]) == (
        -18,
        1,
        2,
    )
    assert moved["items"][2]["text"]["vi"] == "Xã Vân Nham sửa informed 80 → 62"


@pytest.mark.usefixtures("two_moments")
def test_movements_are_paged_and_those_of_one_area_are_its_own() -> None:
    seen, cursor = [], None
    while True:
        moved = get(since=SINCE, limit=1, **({} if cursor is None else {"cursor": cursor})).json()["moved"]
        seen += [one["unit_id"] for one in moved["items"]]
        cursor = moved["next"]
        if cursor is None:
            break
    assert seen == [SECOND, THIRD, COMMUNE]
    assert [one["unit_id"] for one in get(since=SINCE, area=OTHER).json()["moved"]["items"]] == [THIRD]


@pytest.mark.usefixtures("two_moments")
def test_a_difference_of_small_counts_is_withheld_outside() -> None:
    """In Vân An 2 children labour."""
    for key, text in (
        ("province", "Xã Vân An sent labour 2, children 100"),
        ("elsewhere", "Xã Vân An sent labour withheld, children 100"),
    ):
        (one,) = get(key, target="labour-low", since=SINCE, area=OTHER).json()["moved"]["items"]
        assert one["text"]["en"] == text
        assert one["shifts"][0]["change"]["value"] == (2 if key == "province" else None)


@pytest.mark.usefixtures("two_moments")
def test_of_children_elsewhere_neither_how_many_moved_nor_what_there_was_before_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What there is now less what there was would be what moved, be it one commune's 2."""
    monkeypatch.setitem(globals(), "STOOD", [replace(one, values=[500, 20, 11, *one.values[3:]]) for one in STOOD])
    cells = {**CELLS, ("xa", "2024", PROVINCE): cell(3, 1000, 20, 10, 400, 318, 8, 8)}
    for key, before in (("province", 62), ("elsewhere", None)):
        app = application(cells=cells, stood=STOOD, messages=messages())
        moved = ask(app, "/v1/lineage", key, **{**QUERY, "target": "labour-low", "since": SINCE}).json()["moved"]
        assert moved["before"]["numerator"]["value"] == before
        told = [shift for one in moved["items"] for shift in one["shifts"] if shift["element"] == "labour"]
        changes = [shift["change"]["value"] for shift in told]
        assert changes and all((change is None) is (key == "elsewhere") for change in changes)


# How it says no


@pytest.mark.parametrize(
    ("query", "status", "code", "named"),
    [
        ({"target": "inform"}, 404, "unknown_target", "informed"),
        ({"plan": "lang-soon"}, 404, "unknown_plan", "lang-son"),
        ({"area": "30"}, 404, "area_outside_plan", "30"),
        ({"period": "2024Q1"}, 404, "period_not_judged", "2024"),
        ({"target": "trained", "area": "201"}, 404, "unknown_target", "trained"),
        ({"since": "yesterday"}, 400, "invalid_parameter", "'since'"),
        ({"since": "2024-12-27T00:00:00Z"}, 400, "invalid_parameter", "not come yet"),
        ({"since": SINCE, "knownAt": "2024-12-22T00:00:00Z"}, 400, "invalid_parameter", "before `knownAt`"),
    ],
)
def test_what_cannot_be_told_is_refused_by_name(query: dict[str, Any], status: int, code: str, named: str) -> None:
    answer = get(**query)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code)
    assert named in answer.json()["title"]


def test_an_area_that_has_ended_has_no_figure() -> None:
    answer = get(period="2026", area="201").json()
    assert (answer["figure"], answer["children"], answer["reports"]) == (None, [], [])


def test_an_answer_is_not_sent_twice_until_something_changes() -> None:
    app = application(cells=CELLS)
    tag = ask(app, "/v1/lineage", **QUERY).headers["etag"]
    assert ask(app, "/v1/lineage", tag=tag, **QUERY).status_code == 304
    changed = {**CELLS, ("xa", "2024", DISTRICT): cell(2, 900, 2, 1, 300, 239, 5, 5)}
    assert ask(application(cells=changed), "/v1/lineage", tag=tag, **QUERY).status_code == 200
