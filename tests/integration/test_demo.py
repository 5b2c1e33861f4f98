"""The demo as its user runs it: what it shows, the command it prints, Ctrl-C, and the same data under `chitieu up`."""

import contextlib
import shlex
from collections.abc import Iterator
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
from chitieu.domain.inquiry import Inquiry
from chitieu.domain.period import CIVIL_ZONE, Period
from chitieu.domain.registry import Release
from chitieu.domain.withheld import NOTHING
from tests.integration.embedded import PROGRAMMES, Running, client, free_port, refused, up
from tests.support.simulated import cells_of, in_force

pytestmark = pytest.mark.stack

KEY = "ck_script.0123456789abcdef"
NOTICE = "Simulated data, not real figures"

Answers = dict[tuple[str, str], list[dict[str, Any]]]


def test_the_demo_shows_every_plan_changes_a_figure_and_starts_again_where_it_was(tmp_path: Path) -> None:
    release = build_release(0, check(PROGRAMMES)[0])
    simulation = simulate(release, datetime.now(CIVIL_ZONE).date(), DEFAULT_SEED)
    data, port = tmp_path / "data", free_port()
    on_it = ("--data", str(data), "--port", str(port))
    with client(port, KEY) as http:
        with demo(*on_it) as running:
            said = "".join(running.said)
            assert said.endswith(f"ready http://127.0.0.1:{port}\n")
            assert KEY in said
            assert said.count(NOTICE) >= 4
            assert said.count("lang-son-187") > len(release.plans["lang-son-187"].targets)
            shown = targets(http, simulation)
            every_target_of_every_plan_is_there(release, shown)
            figures_are_the_reports_added_up(release, simulation, shown)
            reports_name_their_author(http, simulation)
            the_printed_commands_change_a_figure(said, simulation)
            last = figures(targets(http, simulation))
            running.interrupt()
            assert running.process.returncode == 0
        with up(data, port):
            assert figures(targets(http, simulation)) == last
        assert "--seed" in refused("demo", *on_it, "--seed", "99")
        with demo(*on_it):
            assert figures(targets(http, simulation)) == last


@contextlib.contextmanager
def demo(*arguments: str) -> Iterator[Running]:
    """A demo that is ready; killed if the test did not end it."""
    running = Running("demo", *arguments, CHITIEU_DEMO_KEY=KEY)
    try:
        running.line("ready ")
        yield running
    finally:
        running.kill()


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


def every_target_of_every_plan_is_there(release: Release, shown: Answers) -> None:
    assert {plan for plan, _ in shown} == set(release.plans)
    for id_, plan in release.plans.items():
        assert {one["target"] for (of, _), some in shown.items() if of == id_ for one in some} == set(plan.targets)


def figures_are_the_reports_added_up(release: Release, simulation: Simulation, answers: Answers) -> None:
    """By the plain sums of what was sent: accidents, duplicates and corrections counted as they should be."""
    today = datetime.now(CIVIL_ZONE).date()
    inquiry, cells = Inquiry(release), cells_of(release, in_force(simulation), today)
    for shown in simulation.shown:
        plan, period = release.plans[shown.plan], Period.parse(shown.period)
        unit = inquiry.locate(plan, shown.area, period)
        assert unit is not None
        answered = {one["target"]: one for one in answers[shown.plan, shown.period]}
        for question in inquiry.questions(plan, unit, period):
            expected, one = inquiry.judge(question, cells, today, NOTHING), answered[question.target.id]
            assert expected.evidence is not None
            assert one["state"] == expected.state.value, one["target"]
            assert Fraction(one["value"]["exact"]) == expected.evidence.value.value, one["target"]
            assert one["coverage"]["reported"] == expected.evidence.coverage.reported, one["target"]


def reports_name_their_author(http: httpx.Client, simulation: Simulation) -> None:
    sent = simulation.correction.before
    report = http.get(f"/v1/reports/{sent.form}/{sent.period}/{sent.unit}").json()
    assert [one["author"] for one in report["revisions"]] == ["simulated"]


def the_printed_commands_change_a_figure(said: str, simulation: Simulation) -> None:
    change, show = (line for line in said.splitlines() if line.startswith("curl "))
    before = parents_informed(run_printed(show))
    assert run_printed(change)["decision"] == "accepted"
    after = parents_informed(run_printed(show))
    assert after["numerator"]["value"] - before["numerator"]["value"] == simulation.correction.difference
    assert after["denominator"] == before["denominator"]


def parents_informed(answer: dict[str, Any]) -> dict[str, Any]:
    return next(one["value"] for one in answer["targets"] if one["target"] == "parents-informed")


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
