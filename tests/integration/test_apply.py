"""Putting programmes into force beside a running stack: services follow, figures move with their units."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.embedded import PROGRAMMES, client, command, free_port, refused, up
from tests.integration.test_up import prepared, until_ready

pytestmark = pytest.mark.stack

COMMUNE, OLD_DISTRICT, NEW_DISTRICT = "06613", "189", "188"
ROW = "06613,2021-01-01,2025-06-30,commune,{district},Thị trấn Đình Lập"
CLAUSE = "\n    due: 2025-12-31\n    place: II.2.b, gạch đầu dòng 1\n    words: 80% cha"


@dataclass
class Running:
    """A stack whose programmes are a copy that a test may change."""

    data: Path
    programmes: Path
    http: httpx.Client

    def apply(self) -> str:
        return command("programmes", "apply", str(self.programmes), "--data", str(self.data))

    def replace(self, file: str, old: str, new: str) -> None:
        path = self.programmes / file
        text = path.read_text("utf-8")
        assert text.count(old) == 1, (file, old, text.count(old))
        path.write_text(text.replace(old, new), "utf-8")

    def target(self, area: str) -> dict[str, Any]:
        answer = self.http.get(f"/v1/attainment?plan=lang-son-187&area={area}&period=2024")
        targets: list[dict[str, Any]] = answer.json()["targets"]
        return next(t for t in targets if t["target"] == "parents-informed")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Shared by the tests: each takes a commune of its own and leaves the programmes valid."""
    folder = tmp_path_factory.mktemp("apply")
    data, port, programmes = folder / "data", free_port(), folder / "programmes"
    shutil.copytree(PROGRAMMES, programmes)
    with up(data, port):
        key = prepared(data)
        with client(port, key) as http:
            until_ready(http)
            yield Running(data, programmes, http)


def test_services_follow_a_release_and_figures_follow_their_units(running: Running) -> None:
    http = running.http
    report = {"values": {"parents": 1000, "parents_informed": 760}}
    wait = {"Prefer": "wait=20"}
    assert http.put(f"/v1/reports/ldte-xa/2024/{COMMUNE}", json=report, headers=wait).json()["decision"] == "accepted"

    # A plan changes its mind: the running api judges by the new bound at once.
    running.replace("lang-son-187/plan.yaml", f'bound: ">= 80"{CLAUSE}', f'bound: ">= 75"{CLAUSE}')
    assert "parents-informed" in running.apply()
    eventually(lambda: running.target("20")["bound"], "75")

    # Applied again, there is nothing to do.
    assert "nothing to change" in running.apply()

    # The unit tree was wrong: the commune belongs to the neighbouring district. Its figures go with it, once.
    def parents() -> list[int | None]:
        return [running.target(area)["value"]["denominator"]["value"] for area in (OLD_DISTRICT, NEW_DISTRICT, "20")]

    assert parents() == [1000, None, 1000]
    row = ROW.format(district=OLD_DISTRICT)
    running.replace("units/administrative.csv", row, ROW.format(district=NEW_DISTRICT))
    assert "reports were moved" in running.apply()
    eventually(parents, [None, 1000, 1000])
    corrected = http.put(
        f"/v1/reports/ldte-xa/2024/{COMMUNE}", json={"values": {"parents": 900, "parents_informed": 760}}, headers=wait
    )
    assert corrected.json()["revision"] == 2
    eventually(parents, [None, 900, 900])


def test_a_form_in_use_can_only_get_a_new_version(running: Running) -> None:
    http, wait = running.http, {"Prefer": "wait=20"}
    commune = "06616"
    apply = ("programmes", "apply", str(running.programmes), "--data", str(running.data))
    first = {"values": {"parents": 1000, "parents_informed": 760}}
    assert http.put(f"/v1/reports/ldte-xa/2024/{commune}", json=first, headers=wait).status_code == 200

    running.replace("forms/ldte-xa.yaml", "version: 1\n", "version: 1\ncolour: red\n")
    assert "nothing was put into force" in refused(*apply)
    running.replace("forms/ldte-xa.yaml", "colour: red\n", "")

    new = "\n  broadcasts: { vi: Buổi phát thanh, en: Broadcasts, counts: event, kind: flow }\n"
    catalogue = running.programmes / "catalogue.yaml"
    catalogue.write_text(catalogue.read_text("utf-8").replace("\nindicators:", new + "\nindicators:"), "utf-8")
    running.replace("forms/ldte-xa.yaml", "  - commitments\n", "  - commitments\n  - broadcasts\n")
    assert "new version" in refused(*apply)

    running.replace("forms/ldte-xa.yaml", "version: 1\n", "version: 2\n")
    assert "ldte-xa" in command(*apply)
    second = {"values": {"parents": 1000, "parents_informed": 800, "broadcasts": 12}}
    eventually(lambda: http.put(f"/v1/reports/ldte-xa/2024/{commune}", json=second, headers=wait).status_code, 200)
    report = http.get(f"/v1/reports/ldte-xa/2024/{commune}").json()
    assert report["revision"] == 2
    assert running.target(OLD_DISTRICT)["value"]["exact"] == "80"


def eventually(found: Callable[[], object], expected: object, seconds: float = 20) -> None:
    """Services switch to a release when they read it: a moment after it was published."""
    deadline = time.monotonic() + seconds
    while (last := found()) != expected:
        assert time.monotonic() < deadline, (last, expected)
        time.sleep(0.05)
