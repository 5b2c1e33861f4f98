"""Every plan's reports in, over HTTP, and its targets' states out: figures, bounds and dates worked out by hand.

The plans stand in `golden/`, one file each, with the arithmetic beside every figure. One stack holds them all.
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import httpx
import pytest
import yaml

from chitieu.domain.period import CIVIL_ZONE
from tests.integration.embedded import PROGRAMMES, client, command, free_port, until, up
from tests.integration.golden import lien_nganh, trieu_son
from tests.integration.golden.answered import Answer, bound, line, lines
from tests.integration.golden.detail import Detailed, details
from tests.integration.golden.ha_noi import HA_NOI
from tests.integration.golden.lang_son import LANG_SON, NEW_COMMUNES
from tests.integration.golden.lien_nganh import LIEN_NGANH
from tests.integration.golden.model import Change, Duties, GoldenPlan, Judged, Line, Report
from tests.integration.golden.national import NATIONAL
from tests.integration.golden.quan_7 import QUAN_7, WARD_OF_MN01, WARD_OF_TH01
from tests.integration.golden.trieu_son import TRIEU_SON

pytestmark = pytest.mark.stack

PLANS = (HA_NOI, LANG_SON, TRIEU_SON, QUAN_7, LIEN_NGANH, NATIONAL)
JUDGED = [pytest.param(p, judged, id=f"{p.id}-{judged.area}-{judged.period}") for p in PLANS for judged in p.judged]
DUTIES = [pytest.param(p, duties, id=f"{p.id}-{duties.period}") for p in PLANS for duties in p.duties]
each_plan = pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.id)

SMALL = {"value": None, "suppressed": "1-5"}


@dataclass(frozen=True)
class Golden:
    """The stack with every plan's reports counted; `elsewhere` is a client whose key covers Hà Nội only."""

    http: httpx.Client
    elsewhere: httpx.Client


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Golden]:
    data, port = tmp_path_factory.mktemp("golden") / "data", free_port()
    with up(data, port):
        command("programmes", "apply", str(PROGRAMMES), "--data", str(data))
        everything, scopes = "reports:write,reports:read,attainment:read", "attainment:read"
        keys = [
            command("keys", "create", "--unit", unit, "--scope", scope, "--data", str(data)).strip()
            for unit, scope in (("vn", everything), ("01", scopes))
        ]
        with client(port, keys[0]) as http, client(port, keys[1]) as elsewhere:
            until_ready(http)
            send(http, [report for plan in PLANS for report in plan.reports])
            yield Golden(http, elsewhere)


def until_ready(http: httpx.Client) -> None:
    deadline = time.monotonic() + 30
    while http.get("/readyz").status_code != 200:
        assert time.monotonic() < deadline, http.get("/readyz").text
        time.sleep(0.05)


def send(http: httpx.Client, reports: Sequence[Report]) -> None:
    """In one request; returns once all of them count."""
    lines = "\n".join(json.dumps(report.as_line()) for report in reports)
    answer = http.post("/v1/reports", content=lines, headers={"Content-Type": "application/x-ndjson"})
    results = [json.loads(line) for line in answer.text.splitlines()]
    assert [one for one in results if one["status"] != 202] == []
    assert len(results) == len(reports)
    # A partition's messages are decided in their order: when its last one is, all are.
    last = {one["partition"]: one for one in sorted(results, key=lambda one: one["position"])}
    until(http, [one["location"] for one in last.values()])


def decided(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    decision: str = answer.json()["decision"]
    return decision


def attainment(http: httpx.Client, plan: str, area: str, period: str) -> Answer:
    answer = http.get("/v1/attainment", params={"plan": plan, "area": area, "period": period})
    assert answer.status_code == 200, answer.text
    found: Answer = answer.json()
    return found


def target(http: httpx.Client, plan: str, area: str, period: str, name: str) -> Answer:
    found: Sequence[Answer] = attainment(http, plan, area, period)["targets"]
    return next(one for one in found if one["target"] == name)


# What the plans say


@each_plan
def test_a_plan_lists_every_target_with_its_clause_and_its_words(golden: Golden, plan: GoldenPlan) -> None:
    written = yaml.safe_load((PROGRAMMES / plan.id / "plan.yaml").read_text(encoding="utf-8"))
    answer = golden.http.get(f"/v1/plans/{plan.id}").json()
    assert [one["id"] for one in answer["targets"]] == list(written["targets"])
    for one in answer["targets"]:
        said = written["targets"][one["id"]]
        clause = {"place": said["place"], "words": said["words"], "basis": said.get("basis", "text")}
        assert {key: one["clause"][key] for key in clause} == clause
        assert one["clause"]["note"].strip() == said.get("note", "").strip()
        assert one["label"] == {"vi": said["vi"], "en": said["en"]}
    assert {one["id"]: bound(one) for one in answer["targets"]} == plan.binds


@each_plan
def test_every_target_of_a_plan_is_moved_by_reports(plan: GoldenPlan) -> None:
    unmoved = ("no_data", "ended")
    moved = {name for judged in plan.judged for name, one in judged.targets.items() if one.state not in unmoved}
    assert moved == set(plan.binds)


# Reports in, states out


@pytest.mark.parametrize(("plan", "judged"), JUDGED)
def test_the_states_are_those_worked_out_by_hand(golden: Golden, plan: GoldenPlan, judged: Judged) -> None:
    answer = attainment(golden.http, plan.id, judged.area, judged.period)
    found = lines(answer)
    assert {name: found.get(name) for name in judged.targets} == judged.targets
    assert {one["target"]: bound(one) for one in answer["targets"]} == {name: plan.binds[name] for name in found}
    if judged.not_judged is not None:
        assert set(answer["not_judged"]) == judged.not_judged


@pytest.mark.parametrize("one", lien_nganh.DETAILS, ids=str)
def test_what_is_missing_and_possible_of_counts_and_shares_was_worked_out_by_hand(
    golden: Golden, one: Detailed
) -> None:
    found = details(attainment(golden.http, one.plan, one.area, one.period))
    assert {name: found[name] for name in one.targets} == one.targets


@each_plan
def test_one_more_report_changes_the_figures_it_is_about_and_no_others(golden: Golden, plan: GoldenPlan) -> None:
    change = plan.change
    before = lines(attainment(golden.http, plan.id, change.area, change.period))
    report = golden.http.put(
        change.report.path, json={"values": dict(change.report.values)}, headers={"Prefer": "wait=20"}
    )
    assert decided(report) == "accepted"
    after = lines(attainment(golden.http, plan.id, change.area, change.period))
    take_back(golden.http, plan, change)
    assert {name: one for name, one in after.items() if one != before[name]} == change.becomes
    assert lines(attainment(golden.http, plan.id, change.area, change.period)) == before


def take_back(http: httpx.Client, plan: GoldenPlan, change: Change) -> None:
    """Send what stood before again, or retract what did not stand."""
    earlier = next((one for one in plan.reports if one.path == change.report.path), None)
    if earlier is None:
        answer = http.request(
            "DELETE", change.report.path, params={"reason": "sent for a test"}, headers={"Prefer": "wait=20"}
        )
        assert decided(answer) == "retracted"
    else:
        answer = http.put(earlier.path, json={"values": dict(earlier.values)}, headers={"Prefer": "wait=20"})
        assert decided(answer) == "accepted"


def test_the_same_reports_sent_again_in_another_order_change_nothing(golden: Golden) -> None:
    before = [attainment(golden.http, QUAN_7.id, one.area, one.period)["targets"] for one in QUAN_7.judged]
    send(golden.http, QUAN_7.reports[::-1])
    assert [attainment(golden.http, QUAN_7.id, one.area, one.period)["targets"] for one in QUAN_7.judged] == before


@pytest.mark.parametrize(
    ("plan", "area", "period", "name", "display"),
    [
        # 43/85 = 0.50588… against 0.5
        ("trieu-son-2021", "397", "2023", "child-labour-2025", "0.51"),
        # 25,499/300 = 84.99666… against 85
        ("ha-noi-gddt-2021", "01", "2024", "children-informed", "84.997"),
        # 20,799/260 = 79.99615… against 80
        ("lang-son-187", "20", "2025", "children-informed", "79.996"),
        # 3.475 against 3.5
        ("quan-7-gddt-2021", "778", "2021S1", "special-circumstances", "3.48"),
        # Exactly on the bound, and one decimal is enough.
        ("quan-7-gddt-2021", "778", "2021", "special-circumstances", "3.5"),
        ("trieu-son-2021", "397", "2022", "parents-informed", "69.9"),
    ],
)
def test_a_rounded_figure_never_looks_equal_to_a_bound_it_differs_from(
    golden: Golden, plan: str, area: str, period: str, name: str, display: str
) -> None:
    assert target(golden.http, plan, area, period, name)["value"]["display"] == display


def test_zero_not_applicable_left_empty_and_not_sent_are_four_things(golden: Golden) -> None:
    employers = target(golden.http, "trieu-son-2021", "397", "2023", "employers-informed")["elements"]
    # The town, 20 and 4 gave figures, the four of them 0; 2 said not applicable, 1 left it empty, 6 of 34 sent nothing.
    counted = {"reported": 25, "not_applicable": 2, "absent": 1, "missing": 6}
    assert [{key: one[key] for key in counted} for one in employers] == [counted, counted]


def test_what_was_not_maintained_names_the_period_that_broke_it(golden: Golden) -> None:
    # The city had one child labourer of 800 children in 2022: not in the half-year before, and not in any period after.
    for period in ("2023S1", "2023"):
        one = target(golden.http, "lang-son-187", "178", period, "no-child-labour-2030")
        assert one["rule"]["en"].endswith("(= 0 %); it did not in 2022 (0.1 %).")
    one = target(golden.http, "ha-noi-gddt-2021", "01", "2024", "child-labour-below-1-2030")
    assert one["rule"]["en"].endswith("(< 1 %); it did not in 2023 (1.0 %).")


def test_a_decrease_is_judged_against_the_first_known_period(golden: Golden) -> None:
    # Not against 2021, of which too few reported, nor against the year before.
    hazardous = "hazardous-share-decrease-2030"
    compared = {
        period: target(golden.http, "ha-noi-gddt-2021", "01", period, hazardous)["compared_with"]
        for period in ("2022", "2023", "2024")
    }
    first = {"period": "2022", "exact": "25", "suppressed": None}
    assert compared == {"2022": None, "2023": first, "2024": first}


@pytest.mark.parametrize(
    ("area", "period", "plans"),
    [
        ("15664", "2023", {"vn-782", "trieu-son-2021"}),
        ("397", "2024", {"vn-782", "trieu-son-2021"}),
        ("01", "2024", {"vn-782", "ha-noi-gddt-2021"}),
        ("20", "2025", {"vn-782", "lang-son-187"}),
        ("vn", "2015", {"lien-nganh-2013"}),
    ],
)
def test_every_target_that_binds_an_area_is_told_as_its_own_plan_tells_it(
    golden: Golden, area: str, period: str, plans: set[str]
) -> None:
    answer = golden.http.get("/v1/attainment", params={"area": area, "period": period})
    assert answer.status_code == 200, answer.text
    bound = [one for group in answer.json()["groups"] for one in group["targets"]]
    assert {one["set_by"]["plan"] for one in bound} == plans
    for plan in plans:
        alone = {one["target"]: one for one in attainment(golden.http, plan, area, period)["targets"]}
        here = {one["target"]: one["judged"] for one in bound if one["set_by"]["plan"] == plan and one["judged"]}
        assert here == {name: {key: one[key] for key in here[name]} for name, one in alone.items()}


def test_a_figure_corrected_after_its_deadline_says_so(golden: Golden) -> None:
    # Years that are over: the reports sent for these tests came after every deadline.
    one = target(golden.http, "lang-son-187", "178", "2022", "no-child-labour")
    assert one["provisional"] is False
    assert one["corrected"]["unit"]["level"] == "commune"


# Who has to report, and who has


@pytest.mark.parametrize(("plan", "duties"), DUTIES)
def test_reports_of_the_past_are_late_or_missing_by_the_plans_own_dates(
    golden: Golden, plan: GoldenPlan, duties: Duties
) -> None:
    answer = obligations(golden.http, plan.id, duties.period)
    assert {one["duty"]: (one["last_day"], one["states"]) for one in answer["duties"]} == duties.states
    assert [one["units"] for one in answer["duties"]] == [sum(one["states"].values()) for one in answer["duties"]]


def test_the_half_year_of_the_schools_names_who_was_late_and_who_is_missing(golden: Golden) -> None:
    # Before 12/5/2021: the 11th was the last day.
    answer = obligations(golden.http, "quan-7-gddt-2021", "2021S1")
    found = {one["unit"]["code"]: (one["state"], one["last_day"], one["received_on"]) for one in answer["items"]}
    today = answer["as_of"]["today"]
    schools = ("mn01", "mn02", "mn03", "th01", "th02", "th03", "thcs01", "thcs02")
    assert found == {f"778.{school}": ("late", "2021-05-11", today) for school in schools} | {
        "778.thcs03": ("missing", "2021-05-11", None)
    }


def test_in_the_current_year_a_report_is_on_time_and_the_others_are_not_yet_due(golden: Golden) -> None:
    # "Ngày 25/12": the day itself is on time. The year's window opened on 15/12 of the year before.
    today = datetime.now(CIVIL_ZONE).date()
    year = today.year if today <= date(today.year, 12, 25) else today.year + 1
    sender, *others = NEW_COMMUNES
    report = Report("ldte-xa", str(year), sender, {"parents": 10, "parents_informed": 8})
    send(golden.http, [report])
    answer = obligations(golden.http, "lang-son-187", str(year))
    found = {
        one["unit"]["code"]: (one["state"], one["last_day"], one["received_on"])
        for one in answer["items"]
        if one["duty"] == "commune-year"
    }
    on = date.fromisoformat(answer["as_of"]["today"])
    in_time = on <= date(year, 12, 25)
    last, received = f"{year}-12-25", found[sender][2]
    assert received in (today.isoformat(), on.isoformat())
    silent = ("not_yet_due" if in_time else "missing", last, None)
    assert found == {sender: ("on_time" if in_time else "late", last, received), **dict.fromkeys(others, silent)}
    # 8 of 10 = 80 %, but one of 65 is too few; and the others' reports may still come in time.
    parents = line(target(golden.http, "lang-son-187", "20", str(year), "parents-informed"))
    assert parents == Line("8/10", "80", "insufficient", "insufficient", "1/65", provisional=in_time)


def obligations(http: httpx.Client, plan: str, period: str) -> Answer:
    answer = http.get("/v1/obligations", params={"plan": plan, "period": period, "limit": 1000})
    assert answer.status_code == 200, answer.text
    found: Answer = answer.json()
    return found


# Who may see small counts of children


@pytest.mark.parametrize(
    ("plan", "area", "period", "name", "numerator", "denominator"),
    [
        # 2 child labourers of 500 children, 1 of 800, 5 of 100
        ("trieu-son-2021", trieu_son.OTHERS[0], "2022", "child-labour-2025", (2, True), (500, False)),
        ("lang-son-187", "178", "2022", "no-child-labour", (1, True), (800, False)),
        ("vn-782", "27466", "2022", "child-labour-down", (5, True), (100, False)),
        # 3 supported of 4, and 4 + 1 of 500 children of one school
        ("quan-7-gddt-2021", WARD_OF_TH01, "2021", "special-circumstances-supported", (3, True), (4, True)),
        ("quan-7-gddt-2021", WARD_OF_TH01, "2021", "special-circumstances", (5, True), (500, False)),
        # 3 pupils of the whole nation who dropped out
        ("lien-nganh-2013", "vn", "2014", "no-dropouts", (3, True), None),
        # 0 identifies nobody, and more than 5 are not suppressed.
        ("quan-7-gddt-2021", WARD_OF_MN01, "2021", "special-circumstances", (0, False), (500, False)),
        ("trieu-son-2021", "397", "2022", "child-labour-2025", (100, False), (20000, False)),
        # Hà Nội's own: 2 of 8 child labourers in Ba Đình
        ("ha-noi-gddt-2021", "001", "2022", "hazardous-share-decrease-2030", (2, False), (8, False)),
    ],
)
def test_a_key_from_elsewhere_does_not_see_counts_of_one_to_five_children(
    golden: Golden,
    plan: str,
    area: str,
    period: str,
    name: str,
    numerator: tuple[int, bool],
    denominator: tuple[int, bool] | None,
) -> None:
    whole = target(golden.http, plan, area, period, name)
    seen = target(golden.elsewhere, plan, area, period, name)
    for part, figure in (("numerator", numerator), ("denominator", denominator)):
        if figure is None:
            assert whole["value"][part] is None
            continue
        value, hidden = figure
        assert whole["value"][part] == {"value": value, "suppressed": None}
        assert seen["value"][part] == (SMALL if hidden else whole["value"][part])
    if numerator[1]:
        # Else it could be read off the rate, or off the elements it is made of.
        rate = {"exact": None, "display": None, "suppressed": "1-5"}
        assert {key: seen["value"][key] for key in rate} == rate
        assert SMALL in [one["total"] for one in seen["elements"]]
    assert (seen["state"], seen["coverage"]) == (whole["state"], whole["coverage"])
