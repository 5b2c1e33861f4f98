"""`chitieu rebuild` and `chitieu reconcile` as an operator of the embedded stack runs them."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.integration.embedded import CHITIEU, client, command, free_port, until, up
from tests.integration.test_up import communes, parents_informed, prepared, reports_of, send_in_parts, until_ready

pytestmark = pytest.mark.stack


def told(*arguments: str) -> tuple[int, str]:
    """Exit code and everything said."""
    ended = subprocess.run((*CHITIEU, *arguments), capture_output=True, text=True, timeout=120, check=False)
    return ended.returncode, ended.stdout + ended.stderr


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
            load = reports_of(communes(http), seed=3)
            sent: list[dict[str, object]] = []
            send_in_parts(port, key, load, sent)
            until(http, [str(one["location"]) for one in sent])
            before = parents_informed(http)
            assert told("reconcile", *place)[0] == 0

            # Rebuilt while reports come in and questions are answered.
            more: list[dict[str, object]] = []
            sender = threading.Thread(target=send_in_parts, args=(port, key, reports_of(communes(http), 4), more))
            code, said = 0, ""

            def rebuild() -> None:
                nonlocal code, said
                code, said = told("rebuild", *place)

            rebuilding = threading.Thread(target=rebuild)
            rebuilding.start()
            sender.start()
            while rebuilding.is_alive():
                assert parents_informed(http)["coverage"] == before["coverage"]
            sender.join()
            assert (code, "chitieu_g1_2 is in use now" in said) == (0, True), said
            until(http, [str(one["location"]) for one in more])
            after = parents_informed(http)
            assert after["value"] != before["value"]
            assert command("rebuild", "--drop-old", *place).strip() == "dropped chitieu_g1"
            assert "all equal: " in command("reconcile", "--sample", "2", "--seed", "5", *place)
        assert stack.interrupt() < 10

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
