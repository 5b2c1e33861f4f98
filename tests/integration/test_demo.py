"""The demo as its user runs it: what it shows, the command it prints, Ctrl-C, and the same data under `chitieu up`."""

import json
import shlex
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import pytest

from chitieu.adapters.programmes.check import check
from chitieu.adapters.programmes.release import build_release
from chitieu.cli.demo import DEFAULT_SEED
from chitieu.cli.simulation import Simulation, simulate
from chitieu.domain.attainment import Attainment
from chitieu.domain.inquiry import Inquiry
from chitieu.domain.period import CIVIL_ZONE, Period
from chitieu.domain.registry import Release
from tests.integration.embedded import PROGRAMMES, Running, client, free_port, refused, up
from tests.support.simulated import cells_of, in_force

pytestmark = pytest.mark.stack

KEY = "ck_script.0123456789abcdef"
READY_WITHIN = 300
NOTICE = "Simulated data, not real figures"

Answers = dict[tuple[str, str], list[dict[str, Any]]]


def targets(http: httpx.Client, simulation: Simulation) -> Answers:
    """(plan, period) -> its targets, as the interface answers."""
    found: Answers = {}
    for shown in simulation.shown:
        query = {"plan": shown.plan, "area": shown.area, "period": shown.period}
        answer = http.get("/v1/attainment", params=query)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Chitieu-Notice"] == NOTICE
        found[shown.plan, shown.period] = answer.json()["targets"]
    return found


def figures(answers: Answers) -> dict[tuple[str, str, str], tuple[str, str]]:
    return {(*key, one["target"]): (one["value"]["exact"], one["state"]) for key in answers for one in answers[key]}


def added_by_hand(release: Release, simulation: Simulation) -> dict[tuple[str, str, str], Attainment]:
    today = datetime.now(CIVIL_ZONE).date()
    inquiry, cells = Inquiry(release), cells_of(release, in_force(simulation), today)
    found = {}
    for shown in simulation.shown:
        plan, period = release.plans[shown.plan], Period.parse(shown.period)
        unit = inquiry.locate(plan, shown.area, period)
        assert unit is not None
        for question in inquiry.questions(plan, unit, period):
            found[plan.id, shown.period, question.target.id] = inquiry.judge(question, cells, today)
    return found


def run_printed(line: str) -> dict[str, Any]:
    """What a printed curl line does, without curl."""
    words = iter(shlex.split(line))
    assert next(words) == "curl"
    method, url, headers, body = "GET", "", {}, None
    for word in words:
        if word == "-X":
            method = next(words)
        elif word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = next(words)
        elif word == "|":
            break
        elif word != "-sS":
            url = word
    answer = httpx.request(method, url, headers=headers, content=body, timeout=60)
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


def parents_informed(answer: dict[str, Any]) -> dict[str, Any]:
    return next(one["value"] for one in answer["targets"] if one["target"] == "parents-informed")


def test_the_demo_shows_every_plan_changes_a_figure_and_starts_again_where_it_was(tmp_path: Path) -> None:
    release = build_release(0, check(PROGRAMMES)[0])
    simulation = simulate(release, datetime.now(CIVIL_ZONE).date(), DEFAULT_SEED)
    data, port = tmp_path / "data", free_port()
    demo = Running("demo", "--data", str(data), "--port", str(port), CHITIEU_DEMO_KEY=KEY)
    try:
        assert demo.line("ready ") == f"ready http://127.0.0.1:{port}"
        said = "".join(demo.said)
        assert KEY in said
        assert said.count(NOTICE) >= 4
        with client(port, KEY) as http:
            shown = targets(http, simulation)
            assert set(release.plans) == {plan for plan, _ in shown}
            for id_, plan in release.plans.items():
                listed = {one["target"] for (of, _), some in shown.items() if of == id_ for one in some}
                assert listed == set(plan.targets)
            assert said.count("lang-son-187") > len(release.plans["lang-son-187"].targets)
            by_hand = added_by_hand(release, simulation)
            for (plan_id, period), some in shown.items():
                for one in some:
                    expected = by_hand[plan_id, period, one["target"]]
                    assert expected.evidence is not None
                    assert one["state"] == expected.state.value, one["target"]
                    assert Fraction(one["value"]["exact"]) == expected.evidence.value.value, one["target"]
                    assert one["coverage"]["reported"] == expected.evidence.coverage.reported, one["target"]
            accident = simulation.correction.before
            report = http.get(f"/v1/reports/{accident.form}/{accident.period}/{accident.unit}").json()
            assert [one["author"] for one in report["revisions"]] == ["simulated"]
        change, show = (line for line in said.splitlines() if line.startswith("curl "))
        before = parents_informed(run_printed(show))
        assert run_printed(change)["decision"] == "accepted"
        after = parents_informed(run_printed(show))
        moved = after["numerator"]["value"] - before["numerator"]["value"]
        assert moved == simulation.correction.difference
        assert after["denominator"] == before["denominator"]
        with client(port, KEY) as http:
            last = figures(targets(http, simulation))
        assert demo.interrupt() < 10
        assert demo.process.returncode == 0
    finally:
        demo.kill()
    with up(data, port), client(port, KEY) as http:
        assert figures(targets(http, simulation)) == last
    assert "--seed" in refused("demo", "--data", str(data), "--port", str(port), "--seed", "99")
    again = Running("demo", "--data", str(data), "--port", str(port), CHITIEU_DEMO_KEY=KEY)
    try:
        again.line("ready ")
        with client(port, KEY) as http:
            assert figures(targets(http, simulation)) == last
    finally:
        again.kill()
    assert json.loads((data / "demo.json").read_text()) == {"seed": DEFAULT_SEED, "national": False}
