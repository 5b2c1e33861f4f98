"""`chitieu rebuild` and `chitieu reconcile` as an operator of the embedded stack runs them."""

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.integration.embedded import CHITIEU, client, command, free_port, until, up
from tests.integration.test_up import bulk, communes, parents_informed, prepared, reports_of, until_ready

pytestmark = pytest.mark.stack


def told(*arguments: str) -> tuple[int, str]:
    """Exit code and everything said."""
    ended = subprocess.run((*CHITIEU, *arguments), capture_output=True, text=True, timeout=120, check=False)
    return ended.returncode, ended.stdout + ended.stderr


def send(port: int, key: str, load: Sequence[dict[str, Any]], name: str) -> list[str]:
    """Send reports, 20 at a time; where their outcomes are. Every one of them must be taken."""
    locations = []
    with client(port, key) as http:
        for at in range(0, len(load), 20):
            headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": f"{name}-{at}"}
            answer = http.post("/v1/reports", content=bulk(load[at : at + 20]), headers=headers)
            locations += [json.loads(line)["location"] for line in answer.text.splitlines()]
    assert len(locations) == len(load)
    return locations


def harm(data: Path, sql: str) -> None:
    """Change figures of the second edition behind everybody's back; a process opens only one engine, so in another."""
    program = (
        "import sys; from chitieu.adapters.clickhouse.store import connect, database_name;"
        " one = connect(sys.argv[1], database_name(1, 2)); one.command(sys.argv[2]); one.close()"
    )
    subprocess.run((sys.executable, "-c", program, f"chdb://{data / 'clickhouse'}", sql), check=True, timeout=60)


def test_figures_are_rebuilt_and_proved_through_the_running_stack_and_without_it(tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    place = ("--data", str(data))
    with up(data, port) as stack:
        key = prepared(data)
        with client(port, key) as http:
            until_ready(http)
            codes = communes(http)
            until(http, send(port, key, reports_of(codes, seed=3), "first"))
            before = parents_informed(http)
            assert told("reconcile", *place)[0] == 0

            # Rebuilt while reports come in and questions are answered.
            more: list[str] = []
            code, said = 0, ""

            def correct() -> None:
                more.extend(send(port, key, reports_of(codes, seed=4), "second"))

            def rebuild() -> None:
                nonlocal code, said
                code, said = told("rebuild", *place)

            working = [threading.Thread(target=rebuild), threading.Thread(target=correct)]
            for one in working:
                one.start()
            while any(one.is_alive() for one in working):
                assert parents_informed(http)["coverage"] == before["coverage"]
                assert http.get("/readyz").status_code == 200
            assert (code, "chitieu_g1_2 is in use now" in said) == (0, True), said
            until(http, more)
            after = parents_informed(http)
            assert after["value"] != before["value"]
            assert command("rebuild", "--drop-old", *place).strip() == "dropped chitieu_g1"
            assert "all equal: " in command("reconcile", "--sample", "2", "--seed", "5", *place)
        stack.interrupt()

    harm(
        data,
        "INSERT INTO rollup SELECT form, period, area, partition, version, units + 1, sums, reported,"
        " not_applicable, known_at FROM rollup FINAL WHERE area LIKE 'vn@%' AND form != ''",
    )
    # Nothing runs on the directory now.
    code, said = told("reconcile", *place)
    assert (code, "cell ldte-xa 2024 vn@" in said) == (1, True), said
    with up(data, port), client(port, key) as http:
        until_ready(http)
        code, said = told("reconcile", "--repair", *place)
        assert (code, "of them mended" in said) == (0, True), said
        assert "all equal: " in command("reconcile", *place)
        assert parents_informed(http) == after
