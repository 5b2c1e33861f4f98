"""The api over HTTP: what it answers, to whom, and how it says no. Figures come from a table in memory."""

import asyncio
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from chitieu.adapters.clickhouse.cells import Own, Pair, Seen, versions_of
from chitieu.adapters.http import create_app
from chitieu.adapters.metrics import Metrics
from chitieu.domain.access import AccessKey, KeyRing, digest, presented
from chitieu.domain.catalogue import Label
from chitieu.domain.correction import ReportKey, Revision
from chitieu.domain.inquiry import CellKey
from chitieu.domain.obligation import Receipt
from chitieu.domain.registry import Release
from chitieu.domain.rollup import Cell, Decision
from services.api.app import router
from services.api.context import Context
from services.api.history import Message, said
from services.api.queries import Progress, Reads, Snapshot, Standing, StoredMessage
from tests.unit import commune_release
from tests.unit.small_release import COMMUNE, DISTRICT, NATION, PLAN, PROVINCE, RELEASE, cell

NOW = datetime(2024, 12, 26, 3, tzinfo=UTC)
KNOWN = datetime(2024, 12, 24, 3, tzinfo=UTC)
ID = "0" * 31 + "7"
PATH = (NATION, PROVINCE, DISTRICT, COMMUNE)


class FixedClock:
    def now(self) -> datetime:
        return NOW


@dataclass
class FixedRegistry:
    """One release in force since a moment, and another one before it."""

    keys: KeyRing
    ready: bool = True
    release = RELEASE
    before = replace(RELEASE, number=3, plans={})
    notice: Label | None = None
    defined_since: datetime | None = datetime(2023, 1, 1, tzinfo=UTC)

    async def release_at(self, instant: datetime) -> Release | None:
        if instant < datetime(2023, 1, 1, tzinfo=UTC):
            return None
        return self.before if instant < datetime(2024, 1, 1, tzinfo=UTC) else self.release


@dataclass
class TableReads(Reads):
    """What would be read, by key."""

    cells: Mapping[CellKey, Cell] = field(default_factory=dict)
    messages: list[StoredMessage] = field(default_factory=list)
    stood: list[Standing] = field(default_factory=list)
    known: Mapping[tuple[str, str], Receipt] = field(default_factory=dict)
    decided: list[tuple[Pair, str, Message]] = field(default_factory=list)
    scans: list[str] = field(default_factory=list)
    came: Mapping[tuple[str, str], Receipt] = field(default_factory=dict)
    at: Progress = field(default_factory=lambda: Progress({0: 100}, KNOWN))

    @property
    def database(self) -> str:
        return "figures"

    async def snapshot(
        self,
        keys: Iterable[CellKey],
        known: Mapping[CellKey, Own | None] = MappingProxyType({}),
        whole: Collection[Pair] = (),
    ) -> Snapshot:
        wanted = {*keys, *(key for key in self.cells if key[:2] in whole)}
        found = {key: self.cells[key] for key in wanted if key in self.cells}
        seen: dict[CellKey, Seen] = {key: ((), hash(repr((cell, self.decided)))) for key, cell in found.items()}
        return Snapshot(found, self.at, versions_of(seen), seen)

    async def above(
        self, forms: Iterable[str], periods: Iterable[str], top: str, areas: Collection[str] | None
    ) -> Snapshot:
        return await self.snapshot([(form, period, top) for form in forms for period in periods])

    async def below(self, keys: Iterable[CellKey], held: Snapshot) -> Mapping[CellKey, Cell]:
        return (await self.snapshot(keys)).cells

    async def history(self, form: str, period: str, unit: str) -> tuple[list[StoredMessage], Progress]:
        return [m for m in self.messages if (m.form, m.period, m.unit) == (form, period, unit)], self.at

    async def submission(self, id_: str) -> tuple[list[StoredMessage], Progress]:
        return [m for m in self.messages if m.submission == id_], self.at

    async def standing(
        self,
        forms: Iterable[str],
        periods: Iterable[str],
        areas: Iterable[str],
        units: Iterable[str],
        until: datetime | None,
        progress: Progress,
    ) -> list[Standing]:
        stood = [one for one in self.stood if until is None or one.known_at <= until]
        return [one for one in stood if (one.form in set(forms)) and one.period in set(periods)]

    async def progress(self) -> Progress:
        return self.at

    async def progress_at(self, until: datetime) -> tuple[Progress, bool]:
        return self.at, False

    async def all_messages(self, pairs: Iterable[Pair], before: Sequence[int]) -> list[tuple[Pair, str, Message]]:
        self.scans.append("messages")
        return [(pair, unit, replace(one, said=None)) for pair, unit, one in self._messages() if pair in set(pairs)]

    async def new_messages(
        self, since: Mapping[Pair, Sequence[int]], before: Sequence[int]
    ) -> list[tuple[Pair, str, Message]]:
        self.scans.append("news")
        return []

    async def revisions(
        self, reports: Iterable[ReportKey], before: Sequence[int]
    ) -> Mapping[ReportKey, Mapping[int, Revision]]:
        self.scans.append("revisions")
        found: dict[ReportKey, dict[int, Revision]] = {key: {} for key in reports}
        for pair, unit, one in self._messages():
            if (*pair, unit) in found and one.said is not None:
                found[(*pair, unit)][one.position] = one.said
        return found

    def _messages(self) -> Iterator[tuple[Pair, str, Message]]:
        """Those decided, and that each report which stood was accepted."""
        for at, one in enumerate(self.stood):
            revision = said(one.known_at, one.values, one.states, "")
            message = Message(0, at, Decision.ACCEPTED, 0, one.path, one.known_at, revision)
            yield (one.form, one.period), one.unit, message
        yield from self.decided

    async def receipts(
        self, forms: Iterable[str], period: str, until: datetime | None = None
    ) -> tuple[Mapping[tuple[str, str], Receipt], Progress]:
        return {key: one for key, one in self.known.items() if until is None or one.first <= until}, self.at

    async def receipts_of(
        self, units: Iterable[str], forms: Iterable[str], periods: Iterable[str]
    ) -> Mapping[tuple[str, str], Receipt]:
        return self.came


def keys() -> KeyRing:
    ring = KeyRing()
    for id_, unit, scopes in (
        ("nation", NATION, {"attainment:read", "reports:read"}),
        ("province", PROVINCE, {"attainment:read", "reports:read", "reports:write"}),
        ("elsewhere", "30@2008-08-01", {"attainment:read", "reports:read"}),
        ("writer", DISTRICT, {"reports:write"}),
        ("strange-writer", "30@2008-08-01", {"reports:write"}),
    ):
        ring.add(AccessKey(id_, digest("s"), unit, frozenset(scopes)))
    return ring


READS, REGISTRY = TableReads(), FixedRegistry(keys())
CONTEXT = Context(READS, REGISTRY, FixedClock())
APP = create_app("api", [router(CONTEXT)], Metrics(), {"registry": lambda: True})


def application(**reads: Any) -> FastAPI:
    """The one application, reading these tables from now on."""
    for name, value in vars(TableReads(**reads)).items():
        setattr(READS, name, value)
    CONTEXT.corrections.lost()
    return APP


def ask(
    app: FastAPI,
    path: str,
    key: str | None = "province",
    *,
    tag: str | None = None,
    method: str = "GET",
    **params: Any,
) -> httpx.Response:
    async def go() -> httpx.Response:
        sent = {} if tag is None else {"If-None-Match": tag}
        if key is not None:
            sent["Authorization"] = f"Bearer {presented(key, 's')}"
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return await client.request(method, path, params=params or None, headers=sent)

    return asyncio.run(go())


# children, labour.m, labour.f, parents, informed, officials_c, trained_c
YEAR: Mapping[CellKey, Cell] = {
    ("xa", "2024", PROVINCE): cell(3, 1000, 2, 1, 400, 318, 8, 8),
    ("xa", "2024", DISTRICT): cell(2, 900, 2, 1, 300, 240, 5, 5),
    ("xa", "2024", "202@2021-01-01"): cell(1, 100, 0, 0, 100, 78, 3, 3),
    ("huyen", "2024", PROVINCE): cell(2, 4, 4, 125),
}


def attained(answer: httpx.Response, target: str) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return next(one for one in answer.json()["targets"] if one["target"] == target)


# Attainment


def test_a_target_is_answered_with_its_figure_its_bound_and_its_evidence() -> None:
    answer = ask(application(cells=YEAR), "/v1/attainment", plan="lang-son", area="20", period="2024")
    assert attained(answer, "informed") == {
        "target": "informed",
        "label": {"vi": "informed", "en": "informed"},
        "indicator": "informed_rate",
        "unit": "percent",
        "better": "higher",
        "series": "administrative",
        "comparator": ">=",
        "holds": None,
        "bound": "80",
        "due": "2025-12-31",
        "clause": {"place": "II.2", "words": "90% …", "basis": "text", "note": ""},
        "state": "at_risk",
        "rule": {
            "code": "not_due",
            "vi": "Chưa đạt (≥ 80%); kế hoạch không cho biết lộ trình đến hạn 31/12/2025. "
            "Giá trị: 79,5% (318/400). Cần thêm 2 (informed).",
            "en": "The bound is not met (≥ 80 %); the plan gives no path to the due date 31/12/2025. "
            "The value: 79.5 % (318 of 400). 2 more are needed (informed).",
        },
        "provisional": False,
        "corrected": None,
        "value": {
            "numerator": {"value": 318, "suppressed": None},
            "denominator": {"value": 400, "suppressed": None},
            "exact": "79.5",
            "display": "79.5",
            "suppressed": None,
        },
        "expected": None,
        "range": {"low": "79.5", "high": "79.5", "suppressed": None},
        "certain": "not_met",
        "compared_with": None,
        "gap": {
            "needed": {"value": 2, "suppressed": None},
            "spare": {"value": 0, "suppressed": None},
            "counts": "person",
        },
        "path_gap": None,
        "coverage": {
            "reported": 3,
            "expected": 3,
            "needed_percent": "80",
            "sufficient": True,
            "forms": [{"form": "xa", "sent": 3, "reported": 3, "expected": 3, "deadline": "2024-12-25"}],
        },
        "elements": [
            {
                "element": "informed",
                "label": {"vi": "informed", "en": "informed"},
                "total": {"value": 318, "suppressed": None},
                "reported": 3,
                "not_applicable": 0,
                "absent": 0,
                "missing": 0,
            },
            {
                "element": "parents",
                "label": {"vi": "parents", "en": "parents"},
                "total": {"value": 400, "suppressed": None},
                "reported": 3,
                "not_applicable": 0,
                "absent": 0,
                "missing": 0,
            },
        ],
    }


def test_an_answer_says_as_of_when() -> None:
    answer = ask(application(cells=YEAR), "/v1/attainment", plan="lang-son", period="2024").json()
    assert answer["as_of"] == {
        "progress": {"0": 100},
        "known_at": "2024-12-24T03:00:00Z",
        "release": 7,
        "today": "2024-12-26",
    }
    assert (answer["plan"], answer["period"], answer["area"]["id"]) == ("lang-son", "2024", PROVINCE)


def test_what_must_be_said_beside_every_figure_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(application(), "/v1/attainment", plan="lang-son", period="2024").json()["notice"] is None
    monkeypatch.setattr(REGISTRY, "notice", Label("số liệu mô phỏng", "simulated"))
    app = application(messages=[message(7, Decision.ACCEPTED, 1)])
    said = {"vi": "số liệu mô phỏng", "en": "simulated"}
    for path in ("/v1/attainment", "/v1/obligations"):
        assert ask(app, path, plan="lang-son", period="2024").json()["notice"] == said
    assert ask(app, "/v1/reports/xa/2024/00001").json()["notice"] == said


def test_the_areas_below_are_given_if_asked_for() -> None:
    app = application(cells=YEAR)
    answer = ask(app, "/v1/attainment", plan="lang-son", period="2024", children="true").json()
    told = {
        child["area"]["code"]: next(t["value"]["exact"] for t in child["targets"] if t["target"] == "informed")
        for child in answer["children"]
    }
    assert told == {"201": "80", "202": "78"}
    assert ask(app, "/v1/attainment", plan="lang-son", period="2024").json()["children"] is None


def test_targets_that_a_period_or_area_has_no_figures_for_are_named() -> None:
    app = application(cells=YEAR)
    assert ask(app, "/v1/attainment", plan="lang-son", period="2024S1").json()["not_judged"] == [
        "labour-less",
        "trained",
    ]
    assert ask(app, "/v1/attainment", plan="lang-son", period="2024", area="201").json()["not_judged"] == ["trained"]


def test_an_ended_area_is_ended_and_has_no_figure() -> None:
    one = attained(ask(application(), "/v1/attainment", plan="lang-son", period="2026", area="201"), "informed")
    assert (one["state"], one["value"], one["coverage"]) == ("ended", None, None)


def test_an_answer_is_not_sent_twice_until_something_changes() -> None:
    query: dict[str, Any] = {"plan": "lang-son", "period": "2024"}
    first = ask(application(cells=YEAR), "/v1/attainment", **query)
    tag = first.headers["etag"]
    assert ask(application(cells=YEAR), "/v1/attainment", tag=tag, **query).status_code == 304
    assert ask(application(cells=YEAR), "/v1/attainment", "nation", tag=tag, **query).status_code == 200
    changed = {**YEAR, ("xa", "2024", PROVINCE): cell(3, 1000, 2, 1, 400, 319, 8, 8)}
    assert ask(application(cells=changed), "/v1/attainment", tag=tag, **query).status_code == 200


# Disclosure


def labour(app: FastAPI, key: str, period: str = "2024") -> dict[str, Any]:
    return attained(ask(app, "/v1/attainment", key, plan="lang-son", period=period), "labour-low")


def test_small_counts_of_children_are_shown_inside_the_subtree_only() -> None:
    app = application(cells=YEAR)
    assert labour(app, "province")["value"]["numerator"]["value"] == 3
    for key in ("elsewhere",):
        value = labour(app, key)["value"]
        assert value == {
            "numerator": {"value": None, "suppressed": "1-5"},
            "denominator": {"value": 1000, "suppressed": None},
            "exact": None,
            "display": None,
            "suppressed": "1-5",
        }


@given(st.integers(1, 5), st.integers(1, 5), st.integers(5, 2000), st.sampled_from(["2024", "2023S1"]))
def test_whether_it_was_one_or_five_makes_no_difference_to_an_answer(
    one: int, other: int, children: int, period: str
) -> None:
    """Two worlds that differ in a suppressed count alone give the same bytes, but for the states judged from it."""
    told = []
    for count in (one, other):
        cells = {
            ("xa", period, PROVINCE): cell(3, children, count, 0, 9, 9, 9, 9),
            ("xa", "2022", PROVINCE): cell(3, children, 0, count, 9, 9, 9, 9),
        }
        answer = ask(application(cells=cells), "/v1/attainment", "elsewhere", plan="lang-son", period=period).json()
        for target in answer["targets"]:
            del target["state"], target["rule"]
        told.append(json.dumps(answer))
    assert told[0] == told[1]


@given(st.lists(st.integers(0, 7), min_size=2, max_size=2), st.sampled_from(["nation", "province", "elsewhere"]))
def test_no_small_count_is_anywhere_in_an_answer(counts: list[int], key: str) -> None:
    cells = {
        ("xa", "2024", PROVINCE): cell(3, 8009, counts[0], counts[1], 9, 9, 9, 9),
        ("xa", "2024", DISTRICT): cell(2, 8008, counts[0], 0, 9, 9, 9, 9),
        ("xa", "2023", PROVINCE): cell(3, 8007, counts[1], 0, 9, 9, 9, 9),
    }
    answer = ask(
        application(cells=cells), "/v1/attainment", key, plan="lang-son", period="2024", children="true"
    ).json()
    # The rest of the province's is in the other district: a small rest takes this one's with it.
    small = 1 <= counts[1] <= 5
    for area, total in ((answer, sum(counts)), (answer["children"][0], counts[0])):
        for target in (t for t in area["targets"] if t["indicator"] == "labour_rate"):
            hidden = key == "elsewhere" and (1 <= total <= 5 or (area is not answer and small and total > 0))
            shown = [target["value"]["numerator"], target["elements"][0]["total"]]
            assert [one["value"] for one in shown] == [None if hidden else total] * 2
            assert (target["value"]["exact"] is None) is hidden


# Saying no


def problem(answer: httpx.Response) -> tuple[int, str, str]:
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["status"] == answer.status_code
    return answer.status_code, body["errors"][0]["code"], body["title"]


@pytest.mark.parametrize(
    ("query", "status", "code", "named"),
    [
        ({"plan": "lang-soon", "period": "2024"}, 404, "unknown_plan", "lang-son"),
        ({"plan": "lang-son", "period": "2024S3"}, 404, "period_not_judged", "2024S"),
        ({"plan": "lang-son", "period": "2024Q1"}, 404, "period_not_judged", "2024"),
        ({"plan": "lang-son", "period": "2050"}, 404, "period_not_judged", "Nearest: 2030S2, 2030, 2030S1."),
        ({"plan": "lang-son", "period": "2021Q1"}, 404, "period_not_judged", "Nearest: 2021S1, 2021, 2021S2."),
        ({"plan": "lang-son", "period": "2020S2"}, 404, "period_not_judged", "Nearest: 2021S1,"),
        ({"plan": "lang-son", "period": "2024", "area": "huu lung"}, 404, "unknown_area", "201 (Huyện Hữu Lũng)"),
        (
            {"plan": "lang-son", "period": "2024", "area": "201@1999-01-01"},
            404,
            "unknown_area",
            "201@2021-01-01",
        ),
        ({"plan": "lang-son", "period": "2024", "area": "20x"}, 404, "unknown_area", "20"),
        ({"plan": "lang-son", "period": "2024", "area": "30"}, 404, "area_outside_plan", "Tỉnh Lạng Sơn"),
        ({"plan": "lang-son"}, 400, "missing_parameter", "period"),
        ({"plan": "lang-son", "period": "2024", "children": "maybe"}, 400, "invalid_parameter", "children"),
    ],
)
def test_what_does_not_exist_is_said_with_the_nearest_that_does(
    query: dict[str, Any], status: int, code: str, named: str
) -> None:
    said = problem(ask(application(), "/v1/attainment", **query))
    assert said[:2] == (status, code)
    assert named in said[2]


def test_a_code_of_another_day_is_named_with_its_days() -> None:
    answer = ask(application(), "/v1/units/201", date="2026-01-01").json()
    assert answer["title"] == "There is no unit '201'. Nearest: 201@2021-01-01 (Huyện Hữu Lũng, ended 2025-06-30)."
    assert answer["detail"] == ("Không có đơn vị «201». Gần nhất: 201@2021-01-01 (Huyện Hữu Lũng, đến hết 30/06/2025).")
    # Before it was there, and between two that had it: the nearest day first.
    before = ask(application(), "/v1/units/00001", date="2020-01-01").json()["title"]
    assert before.index("00001@2021-01-01 (Xã Vân Nham, ended") < before.index("00001@2025-07-01 (Xã Vân Nham)")


def test_a_parameter_that_repeats_is_called_by_its_name() -> None:
    query: dict[str, Any] = {"plan": "lang-son", "period": "2024", "state": ["late", "nonsense"]}
    answer = ask(application(), "/v1/obligations", **query)
    assert problem(answer)[:2] == (400, "invalid_parameter")
    assert answer.json()["title"].startswith("The parameter 'state' is not valid: ")


def test_the_vietnamese_sentence_is_vietnamese_throughout() -> None:
    for path, vietnamese in (
        ("/v1/reports/xa/2024/00001", "Không tìm thấy báo cáo «"),
        (f"/v1/submissions/{'a' * 32}", "Không tìm thấy lần gửi «"),
        ("/nowhere", "Không tìm thấy địa chỉ «/nowhere»"),
        ("/v1/units?limit=0", "«limit» không hợp lệ: phải từ 1 trở lên."),
        ("/v1/units?date=x", "«date» không hợp lệ: phải là ngày"),
        ("/v1/obligations?plan=p&period=2024&state=x", "phải là một trong 'on_time'"),
        ("/v1/units?cursor=!", "không phải là cursor"),
    ):
        assert vietnamese in ask(application(), path).json()["detail"]


def test_head_is_answered_as_get_without_the_body() -> None:
    app = application(messages=[message(7, Decision.ACCEPTED, 1)])
    for path in ("/v1/plans", "/v1/reports/xa/2024/00001", "/livez", "/docs", "/nowhere"):
        whole, head = ask(app, path), ask(app, path, method="HEAD")
        assert (head.status_code, head.content) == (whole.status_code, b"")
        assert head.headers == whole.headers


def test_a_method_that_a_path_does_not_take_is_405_with_those_it_takes() -> None:
    for method, path in (("POST", "/v1/plans"), ("PUT", "/v1/reports/xa/2024/00001"), ("DELETE", "/docs")):
        answer = ask(application(), path, method=method)
        assert problem(answer)[:2] == (405, "method_not_allowed")
        assert answer.headers["allow"] == "GET, HEAD"


def test_every_route_wants_a_key_with_its_scope() -> None:
    app = application()
    for path in ("/v1/plans", "/v1/plans/x", "/v1/indicators", "/v1/units", "/v1/units/20"):
        assert ask(app, path, None).status_code == 401
        assert problem(ask(app, path, "writer"))[:2] == (403, "forbidden_scope")
    for path in ("/v1/attainment", "/v1/obligations"):
        assert ask(app, path, None, plan="lang-son", period="2024").status_code == 401
        assert ask(app, path, "writer", plan="lang-son", period="2024").status_code == 403
    assert ask(app, "/v1/reports/xa/2024/00001", "writer").status_code == 403
    assert ask(app, f"/v1/submissions/{ID}", None).status_code == 401


def test_nobody_is_turned_away_as_unknown_before_the_keys_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(REGISTRY, "ready", False)
    answer = ask(application(), "/v1/plans")
    assert problem(answer)[:2] == (503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0


# Plans, indicators, units


def test_a_plan_comes_with_the_place_and_words_of_every_target_duty_and_task() -> None:
    app = application()
    assert [p["id"] for p in ask(app, "/v1/plans").json()["items"]] == ["lang-son"]
    plan = ask(app, "/v1/plans/lang-son").json()
    assert [t["id"] for t in plan["targets"]] == list(PLAN.targets)
    assert {t["clause"]["place"] for t in plan["targets"]} == {"II.2"}
    assert plan["targets"][1]["comparator"] == "maintain"
    assert plan["targets"][1]["holds"] == "="
    assert plan["duties"][1]["deadline"] == {"day": 5, "month": 7, "year_offset": 0, "inclusive": False}
    assert plan["tasks"][0]["owner"] == "Sở Lao động"
    assert plan["area"]["id"] == PROVINCE


def test_indicators_say_what_they_are_made_of_and_who_set_targets_on_them() -> None:
    items = {i["id"]: i for i in ask(application(), "/v1/indicators").json()["items"]}
    assert items["labour_rate"]["numerator"][0]["sensitive"] is True
    assert {"plan": "lang-son", "target": "labour-low"} in items["labour_rate"]["targets"]


def test_a_form_says_what_to_fill_in_and_who_does_when() -> None:
    app = application()
    assert [(f["id"], f["version"]) for f in ask(app, "/v1/forms").json()["items"]] == [("huyen", 1), ("xa", 1)]
    form = ask(app, "/v1/forms/xa").json()
    assert [f["key"] for f in form["fields"]] == [
        "children",
        "labour.m",
        "labour.f",
        "parents",
        "informed",
        "officials_c",
        "trained_c",
    ]
    assert form["fields"][1] == {
        "key": "labour.m",
        "element": "labour",
        "label": {"vi": "labour", "en": "labour"},
        "options": [{"breakdown": "sex", "option": "m", "label": {"vi": "Nam", "en": "Nam"}}],
        "counts": "person",
        "kind": "stock",
        "scale": 0,
        "maximum": 10**12,
        "part_of": ["children"],
        "sensitive": True,
        "retired": False,
    }
    assert (form["label"]["vi"], form["series"]) == ("Báo cáo xã", "administrative")
    year, half_year = form["rounds"]
    assert year["who"] == {"level": "commune", "within": ["vn"], "excepted": []}
    assert (year["period"], half_year["period"]) == ("year", "half_year")
    assert (year["first"], year["last"], year["basis"]) == ("2021-01-01", None, "assumed")
    assert (year["window"]["standard"], year["window"]["days"]) == ("decree-09-2019", [])
    budget = ask(app, "/v1/forms/huyen").json()["fields"][2]
    assert (budget["scale"], budget["maximum"]) == (1, 10**11)


def test_a_window_of_a_form_s_own_is_told_in_words_and_as_days(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(REGISTRY, "release", commune_release.RELEASE)
    year, half_year = ask(application(), "/v1/forms/xa").json()["rounds"]
    assert year["last"] == "2025-12-31"
    assert half_year["window"] == {
        "rule": {
            "vi": "kỳ thứ 1: từ 15/12 năm trước đến hết 14/6; kỳ thứ 2: từ 15/6 đến hết 14/12",
            "en": "period 1: from 15/12 of the year before to 14/6; period 2: from 15/6 to 14/12",
        },
        "standard": None,
        "days": [
            {
                "first": {"day": 15, "month": 12, "year_offset": -1},
                "last": {"day": 14, "month": 6, "year_offset": 0},
            },
            {"first": {"day": 15, "month": 6, "year_offset": 0}, "last": {"day": 14, "month": 12, "year_offset": 0}},
        ],
    }
    retired = {f["key"]: f["retired"] for f in ask(application(), "/v1/forms/xa").json()["fields"]}
    assert (retired["leaflets"], retired["events"]) == (True, False)


def test_whoever_sends_reports_may_read_forms_and_an_unknown_one_is_not_found() -> None:
    for key in ("writer", "nation"):
        assert ask(application(), "/v1/forms/xa", key).status_code == 200
        assert ask(application(), "/v1/forms", key).status_code == 200
    assert ask(application(), "/v1/forms", None).status_code == 401
    assert problem(ask(application(), "/v1/forms/none"))[:2] == (404, "unknown_form")


@pytest.mark.parametrize(
    ("path", "code", "nearest"),
    [
        ("/v1/forms/XA_", "unknown_form", "xa"),
        ("/v1/reports/xaa/2024/00001", "unknown_form", "xa"),
        ("/v1/reports/xa/2024-S1/00001", "unknown_period", "2024S1"),
        ("/v1/reports/xa/nam 2023/00001", "unknown_period", "2023"),
        ("/v1/reports/xa/soon/00001", "unknown_period", "2024"),
        ("/v1/reports/xa/2024/lang sơn", "unknown_area", "20 (Tỉnh Lạng Sơn)"),
        ("/v1/units/lang sơn", "unknown_area", "20 (Tỉnh Lạng Sơn)"),
        ("/v1/units/0000l", "unknown_area", "00001 ("),
    ],
)
def test_what_is_not_there_is_answered_with_the_nearest_that_is(path: str, code: str, nearest: str) -> None:
    answer = ask(application(), path)
    assert problem(answer)[:2] == (404, code)
    assert nearest in answer.json()["title"].partition("Nearest: ")[2]
    assert nearest in answer.json()["detail"].partition("Gần nhất: ")[2]


def test_units_are_found_without_diacritics() -> None:
    found = ask(application(), "/v1/units", q="lang son").json()
    assert [u["id"] for u in found["items"]] == [PROVINCE]


def test_units_are_those_of_the_day() -> None:
    def codes(**query: Any) -> list[str]:
        return [u["code"] for u in ask(application(), "/v1/units", **query).json()["items"]]

    assert codes(date="2024-01-01", under="20", level="commune") == ["00001", "00002", "00003"]
    assert codes(date="2026-01-01", under="20") == ["00001", "00003"]
    assert codes(date="2024-01-01", q="van", under="202") == ["00003"]


def test_a_list_is_paged_by_an_opaque_cursor() -> None:
    app = application()
    seen: list[list[str]] = []
    cursor: str | None = None
    while True:
        more: dict[str, Any] = {"cursor": cursor} if cursor else {}
        body = ask(app, "/v1/units", limit=3, date="2024-01-01", **more).json()
        seen.append([u["code"] for u in body["items"]])
        cursor = body["next"]
        if cursor is None:
            break
    assert seen == [["00001", "00002", "00003"], ["20", "201", "202"], ["30", "vn"]]
    for nonsense in ("!", "bm9wZQ", "ééé"):
        assert problem(ask(app, "/v1/units", cursor=nonsense))[:2] == (400, "invalid_parameter")


def test_a_unit_tells_what_became_of_it() -> None:
    app = application()
    old = ask(app, f"/v1/units/{COMMUNE}").json()
    assert (old["in_force"], [s["unit"]["id"] for s in old["successors"]]) == (True, ["00001@2025-07-01"])
    assert [u["id"] for u in old["ancestors"]] == [NATION, PROVINCE, DISTRICT]
    new = ask(app, "/v1/units/00001", date="2026-01-01").json()
    assert [u["code"] for u in new["predecessors"]] == ["00001", "00002"]
    gone = ask(app, "/v1/units/00003@2021-01-01", date="2026-01-01").json()
    assert (gone["in_force"], gone["successors"]) == (False, [{"kind": "unknown", "unit": None}])
    assert [u["code"] for u in ask(app, "/v1/units/20", date="2024-01-01").json()["children"]] == ["201", "202"]
    assert problem(ask(app, "/v1/units/201", date="2026-01-01"))[1] == "unknown_area"


# Reports and submissions


def message(position: int, decision: Decision, revision: int, **more: Any) -> StoredMessage:
    told: dict[str, Any] = {
        "submission": f"{position:032x}",
        "values": [1000, 3, 0, 400, 318],
        "states": [1, 1, 1, 1, 2],
        "reason": "",
    }
    told |= more
    return StoredMessage(
        form="xa",
        period="2024",
        unit=COMMUNE,
        partition=0,
        position=position,
        decision=decision,
        revision=revision,
        path=PATH,
        author="province",
        known_at=KNOWN,
        **told,
    )


def test_a_report_shows_0_absent_and_not_applicable_apart() -> None:
    app = application(messages=[message(7, Decision.ACCEPTED, 1)])
    answer = ask(app, "/v1/reports/xa/2024/00001")
    assert answer.headers["etag"] == '"1"'
    assert answer.json()["values"] == {
        "children": {"value": 1000, "suppressed": None, "state": "reported"},
        "labour.m": {"value": 3, "suppressed": None, "state": "reported"},
        "labour.f": {"value": 0, "suppressed": None, "state": "reported"},
        "parents": {"value": 400, "suppressed": None, "state": "reported"},
        "informed": {"value": None, "suppressed": None, "state": "not_applicable"},
        "officials_c": {"value": None, "suppressed": None, "state": "absent"},
        "trained_c": {"value": None, "suppressed": None, "state": "absent"},
    }


def test_a_report_is_not_sent_twice_until_it_is_revised() -> None:
    path = "/v1/reports/xa/2024/00001"
    first = message(7, Decision.ACCEPTED, 1)
    answer = ask(application(messages=[first]), path, tag='"1"')
    assert (answer.status_code, answer.headers["etag"], answer.content) == (304, '"1"', b"")
    revised = application(messages=[first, message(9, Decision.ACCEPTED, 2)])
    assert ask(revised, path, tag='"1"').status_code == 200


def test_a_report_elsewhere_is_shown_without_small_counts_and_without_free_text() -> None:
    messages = [
        message(7, Decision.ACCEPTED, 1),
        message(8, Decision.CONFLICT, 1),
        message(9, Decision.RETRACTED, 2, reason="nhầm xã", values=[], states=[]),
        message(11, Decision.ACCEPTED, 3),
    ]
    app = application(messages=messages)
    here, there = (ask(app, "/v1/reports/xa/2024/00001", key).json() for key in ("province", "elsewhere"))
    assert there["values"]["labour.m"] == {"value": None, "suppressed": "1-5", "state": "reported"}
    assert there["values"]["labour.f"]["value"] == 0
    assert [(r["revision"], r["decision"], r["reason"]) for r in here["revisions"]] == [
        (1, "accepted", ""),
        (2, "retracted", "nhầm xã"),
        (3, "accepted", ""),
    ]
    assert {r["reason"] for r in there["revisions"]} == {None}


def test_a_retracted_report_has_a_revision_and_no_values() -> None:
    messages = [message(7, Decision.ACCEPTED, 1), message(9, Decision.RETRACTED, 2, values=[], states=[])]
    answer = ask(application(messages=messages), f"/v1/reports/xa/2024/{COMMUNE}").json()
    assert (answer["retracted"], answer["revision"], answer["values"]) == (True, 2, {})


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("nope/2024/00001", "unknown_form"),
        ("xa/2024x/00001", "unknown_period"),
        ("xa/2024/99999", "unknown_area"),
        ("xa/2024/20", "not_found"),
        ("xa/2024/00001", "not_found"),
    ],
)
def test_a_report_that_is_not_there_is_not_found(path: str, code: str) -> None:
    assert problem(ask(application(), f"/v1/reports/{path}"))[:2] == (404, code)


def outcome(app: FastAPI, at: str | None = None, key: str = "province", id_: str = ID) -> str:
    where: dict[str, Any] = {"at": at} if at else {}
    answer = ask(app, f"/v1/submissions/{id_}", key, **where)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["outcome"])


def test_a_submission_is_pending_until_the_fold_has_passed_it() -> None:
    app = application()
    answer = ask(app, f"/v1/submissions/{ID}", at="0:100")
    assert (answer.json()["outcome"], answer.headers["retry-after"]) == ("pending", "1")
    assert outcome(app, "5:0") == "pending", "nothing of this partition has been folded yet"


def test_a_decided_message_tells_its_decision_and_one_without_a_row_was_a_duplicate() -> None:
    app = application(messages=[message(7, Decision.ACCEPTED, 1), message(9, Decision.KEY_REUSED, 1, submission=ID)])
    assert outcome(app, "0:7") == "accepted"
    assert outcome(app, "0:9") == "key_reused"
    assert outcome(app, "0:12") == "duplicate"
    assert outcome(app) == "key_reused"


def test_a_position_that_nothing_of_this_id_stands_at_is_not_found() -> None:
    app = application(messages=[message(7, Decision.ACCEPTED, 1)])
    assert problem(ask(app, f"/v1/submissions/{ID}", at="0:5"))[:2] == (404, "not_found")
    assert problem(ask(app, f"/v1/submissions/{'a' * 32}"))[:2] == (404, "not_found")
    assert problem(ask(app, "/v1/submissions/not-hex"))[:2] == (404, "not_found")
    assert problem(ask(app, f"/v1/submissions/{ID}", at="0"))[:2] == (400, "invalid_parameter")


def test_a_key_that_only_writes_sees_what_became_of_its_own_subtrees_reports() -> None:
    app = application(messages=[message(7, Decision.ACCEPTED, 1)])
    assert outcome(app, key="writer") == "accepted"
    assert problem(ask(app, f"/v1/submissions/{ID}", "strange-writer"))[:2] == (403, "forbidden_unit")


# Obligations


def test_obligations_say_who_is_late_and_who_has_not_sent_anything() -> None:
    """The year's report is due on 25/12/2024; it is the 26th."""
    known = {
        ("xa", COMMUNE): Receipt(datetime(2024, 12, 25, 16, tzinfo=UTC)),
        ("xa", "00002@2021-01-01"): Receipt(datetime(2024, 12, 25, 17, tzinfo=UTC)),
        ("huyen", DISTRICT): Receipt(KNOWN),
    }
    answer = ask(application(known=known), "/v1/obligations", plan="lang-son", period="2024").json()
    assert [(o["duty"], o["unit"]["code"], o["state"], o["received_on"]) for o in answer["items"]] == [
        ("district", "201", "received", "2024-12-24"),
        ("district", "202", "not_received", None),
        ("year", "00001", "on_time", "2024-12-25"),
        ("year", "00002", "late", "2024-12-26"),
        ("year", "00003", "missing", None),
    ]
    assert answer["duties"] == [
        {
            "duty": "year",
            "label": {"vi": "Năm", "en": "Năm"},
            "form": "xa",
            "to": "Sở",
            "last_day": "2024-12-25",
            "units": 3,
            "states": {"on_time": 1, "late": 1, "missing": 1},
            "reporting_rate": "2/3",
            "on_time_rate": "1/3",
        },
        {
            "duty": "district",
            "label": {"vi": "Huyện", "en": "Huyện"},
            "form": "huyen",
            "to": "Sở",
            "last_day": None,
            "units": 2,
            "states": {"received": 1, "not_received": 1},
            "reporting_rate": "0.5",
            "on_time_rate": None,
        },
    ]
    assert answer["untracked"] == ["incidents"]
    assert [o["above"]["code"] for o in answer["items"]] == ["20", "20", "201", "201", "202"]


def test_obligations_can_be_narrowed_and_paged() -> None:
    app = application()
    query: dict[str, Any] = {"plan": "lang-son", "period": "2024", "state": "missing"}
    first = ask(app, "/v1/obligations", limit=2, **query).json()
    assert [o["unit"]["code"] for o in first["items"]] == ["00001", "00002"]
    second = ask(app, "/v1/obligations", limit=2, cursor=first["next"], **query).json()
    assert ([o["unit"]["code"] for o in second["items"]], second["next"]) == (["00003"], None)
    assert ask(app, "/v1/obligations", area="202", **query).json()["items"][0]["unit"]["code"] == "00003"


def test_obligations_can_be_narrowed_to_one_form() -> None:
    query: dict[str, Any] = {"plan": "lang-son", "period": "2024"}
    answer = ask(application(), "/v1/obligations", form="huyen", **query).json()
    assert {o["duty"] for o in answer["items"]} == {"district"} == {d["duty"] for d in answer["duties"]}
    assert problem(ask(application(), "/v1/obligations", form="x' OR 1", **query))[:2] == (404, "unknown_form")


def test_a_period_without_duties_is_an_empty_list_and_one_that_nobody_collects_is_not_found() -> None:
    app = application()
    assert ask(app, "/v1/obligations", plan="lang-son", period="2024S2").json()["items"] == []
    assert problem(ask(app, "/v1/obligations", plan="lang-son", period="2024Q2"))[:2] == (404, "period_not_judged")


# Description


def test_the_pages_stand_on_their_own() -> None:
    app = application()
    page = ask(app, "/docs", None)
    assert page.headers["content-type"].startswith("text/html")
    assert "http" not in page.text.replace("HTTP API", "")
    assert "<script>" not in page.text
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "start.js", "LICENSE"):
        assert ask(app, f"/docs/{name}", None).status_code == 200
    assert ask(app, "/docs/..%2Findex.html", None).status_code == 404


def test_every_route_is_described_with_its_problems_and_how_to_show_a_key() -> None:
    described = ask(application(), "/openapi.json", None).json()
    routes = {path for path in described["paths"] if path.startswith("/v1")}
    assert routes == {
        "/v1/plans",
        "/v1/plans/{plan}",
        "/v1/plans/{plan}/comparison",
        "/v1/indicators",
        "/v1/forms",
        "/v1/forms/{form}",
        "/v1/forms/{form}/template.xlsx",
        "/v1/units",
        "/v1/units/{unit}",
        "/v1/attainment",
        "/v1/attainment.{suffix}",
        "/v1/changes",
        "/v1/lineage",
        "/v1/series",
        "/v1/series.{suffix}",
        "/v1/reports/{form}/{period}/{unit}",
        "/v1/submissions/{id}",
        "/v1/obligations",
        "/v1/documents/{plan}/{area}/{period}.{format}",
        "/v1/tasks",
        "/v1/tasks/{plan}/{task}",
        "/v1/obligations.{suffix}",
    }
    for path in routes:
        operation = described["paths"][path]["get"]
        assert {"200", "400", "401", "403", "404", "503"} <= set(operation["responses"])
        # Only what is asked for a report that may not be taken.
        assert ("422" in operation["responses"]) == path.endswith("template.xlsx")
        assert operation["security"]
        assert "application/problem+json" in operation["responses"]["404"]["content"]
