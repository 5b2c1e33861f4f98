"""The embedded stack as its user sees it: start, stop, crash, start again, and the ways it can fail to start."""

import json
import random
import threading
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.embedded import PROGRAMMES, client, command, free_port, refused, until, up

pytestmark = pytest.mark.stack

COMMUNES = "/v1/units?under=20&level=commune&date=2024-12-14&limit=500"
PARENTS_INFORMED = "/v1/attainment?plan=lang-son-187&area=20&period=2024"


def prepared(data: Path) -> str:
    """Programmes in force and a key for everything."""
    assert "release" in command("programmes", "apply", str(PROGRAMMES), "--data", str(data))
    scopes = "reports:write,reports:read,attainment:read"
    return command("keys", "create", "--unit", "vn", "--scope", scopes, "--data", str(data)).strip()


def communes(http: httpx.Client) -> list[str]:
    answer = http.get(COMMUNES).json()
    codes = [unit["code"] for unit in answer["items"]]
    while answer.get("next"):
        answer = http.get(COMMUNES, params={"cursor": answer["next"]}).json()
        codes += [unit["code"] for unit in answer["items"]]
    return codes


def parents_informed(http: httpx.Client) -> dict[str, Any]:
    targets: list[dict[str, Any]] = http.get(PARENTS_INFORMED).json()["targets"]
    return next(t for t in targets if t["target"] == "parents-informed")


def bulk(reports: Sequence[dict[str, Any]]) -> str:
    return "\n".join(json.dumps(report) for report in reports)


def reports_of(codes: Sequence[str], seed: int) -> list[dict[str, Any]]:
    rng = random.Random(seed)
    made = []
    for code in codes:
        parents = rng.randrange(500, 2000)
        values = {"parents": parents, "parents_informed": rng.randrange(parents)}
        made.append({"form": "ldte-xa", "period": "2024", "unit": code, "values": values})
    return made


def test_a_report_counts_survives_a_restart_and_nothing_is_lost(tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    with up(data, port) as stack:
        key = prepared(data)
        with client(port, key) as http:
            until_ready(http)
            wait = {"Prefer": "wait=20"}
            body = {"values": {"parents": 1000, "parents_informed": "7.60"}}
            wrong = http.put("/v1/reports/ldte-xa/2024/06463", json=body)
            assert wrong.status_code == 422
            assert wrong.json()["errors"][0]["pointer"] == "/values/parents_informed"
            body["values"]["parents_informed"] = 760
            answer = http.put("/v1/reports/ldte-xa/2024/06463", json=body, headers=wait)
            assert (answer.status_code, answer.json()["decision"], answer.json()["revision"]) == (200, "accepted", 1)
            assert parents_informed(http)["value"]["exact"] == "76"
        assert "already in use" in refused("up", "--data", str(tmp_path / "other"), "--port", str(port))
        locked = refused("up", "--data", str(data), "--port", str(free_port()))
        assert str(stack.process.pid) in locked
        stack.interrupt()
        assert stack.process.returncode == 0
    with up(data, port) as again, client(port, key) as http:
        until_ready(http)
        assert parents_informed(http)["value"]["exact"] == "76"
        body["values"]["parents_informed"] = 800
        answer = http.put("/v1/reports/ldte-xa/2024/06463", json=body, headers=wait)
        assert answer.json()["revision"] == 2
        assert parents_informed(http)["value"]["exact"] == "80"
        again.interrupt()


def test_kill_9_during_a_bulk_load_then_sending_everything_again_gives_the_undisturbed_figures(tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    acknowledged: list[dict[str, Any]] = []
    with up(data, port) as stack:
        key = prepared(data)
        with client(port, key) as http:
            until_ready(http)
            load = reports_of(communes(http), seed=7) + reports_of(communes(http), seed=8)
            assert len(load) == 400
            sender = threading.Thread(target=send_in_parts, args=(port, key, load, acknowledged))
            sender.start()
            while len(acknowledged) < 120:
                time.sleep(0.005)
            stack.kill()
            sender.join()
    assert 120 <= len(acknowledged) < len(load)
    with up(data, port), client(port, key) as http:
        until_ready(http)
        # Nothing acknowledged is lost, even before anything is sent again.
        until(http, [acknowledged[-1]["location"]])
        for one in acknowledged:
            assert http.get(one["location"]).json()["outcome"] == "accepted"
        again: list[dict[str, Any]] = []
        send_in_parts(port, key, load, again)
        assert len(again) == len(load)
        until(http, [one["location"] for one in again])
        target = parents_informed(http)
        newest = {one["unit"]: one["values"] for one in load}
        informed = sum(values["parents_informed"] for values in newest.values())
        parents = sum(values["parents"] for values in newest.values())
        assert (target["value"]["numerator"]["value"], target["value"]["denominator"]["value"]) == (informed, parents)
        assert Fraction(target["value"]["exact"]) == Fraction(100 * informed, parents)
        assert (target["coverage"]["reported"], target["coverage"]["expected"]) == (200, 200)
        for code in list(newest)[::20]:
            report = http.get(f"/v1/reports/ldte-xa/2024/{code}").json()
            assert report["revision"] == 2
            assert [one["decision"] for one in report["revisions"]] == ["accepted", "accepted"]


def send_in_parts(port: int, key: str, load: Sequence[dict[str, Any]], acknowledged: list[dict[str, Any]]) -> None:
    """In parts of 20 lines, each with its own key: what a careful agency would do. Stops when the connection is cut."""
    with client(port, key) as http:
        for at in range(0, len(load), 20):
            headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": f"part-{at}"}
            try:
                answer = http.post("/v1/reports", content=bulk(load[at : at + 20]), headers=headers)
            except httpx.TransportError:
                return
            acknowledged += [one for one in map(json.loads, answer.text.splitlines()) if one["status"] == 202]


def until_ready(http: httpx.Client) -> None:
    """And the caller's key is known, if there is one."""
    deadline = time.monotonic() + 30
    for path in ("/readyz", COMMUNES) if "authorization" in http.headers else ("/readyz",):
        while (answer := http.get(path)).status_code in (401, 503):
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.05)
