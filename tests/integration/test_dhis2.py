"""A DHIS2 script against the real stack, with only its address changed: what it pushes is what its analytics show."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.integration.embedded import PROGRAMMES, command, free_port, up
from tests.integration.test_up import until_ready

pytestmark = pytest.mark.stack

SCOPES = "reports:write,attainment:read"
COMMUNE, NEIGHBOUR, FORM, PERIOD = "06208", "06454", "ldte-xa", "2024"
Json = dict[str, Any]


class Script:
    """As they are written: a user, a password, an address that ends in the API's version."""

    def __init__(self, port: int, password: str) -> None:
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}/api/38", auth=("admin", password), timeout=60)

    def push(self, values: Json, unit: str = COMMUNE, **parameters: str) -> httpx.Response:
        """`values` by field key; None for a field without a figure."""
        body = {"dataSet": FORM, "period": PERIOD, "orgUnit": unit, "dataValues": list(map(data_value, values.items()))}
        return self.http.post("/dataValueSets", json=body, params={"idScheme": "CODE", **parameters})

    def figures(self, dx: str, ou: str, **parameters: str) -> Json:
        dimensions = {"dimension": [f"dx:{dx}", f"ou:{ou}"], "filter": f"pe:{PERIOD}"}
        answer = self.http.get("/analytics.json", params={**dimensions, **parameters})
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def rows(self, dx: str, ou: str) -> dict[tuple[str, str], str]:
        return {(dx, ou): value for dx, ou, value in self.figures(dx, ou)["rows"]}


def data_value(item: tuple[str, object]) -> Json:
    element, _, options = item[0].partition(".")
    one = {"dataElement": element, "categoryOptionCombo": options or "default"}
    return {**one, "deleted": True} if item[1] is None else {**one, "value": str(item[1])}


def counted(answer: httpx.Response) -> dict[str, int]:
    """What of the import is not 0."""
    return {name: count for name, count in answer.json()["response"]["importCount"].items() if count}


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Script, Script]]:
    """One of the nation, and one of another province."""
    data, port = tmp_path_factory.mktemp("dhis2") / "data", free_port()
    with up(data, port):
        command("programmes", "apply", str(PROGRAMMES), "--data", str(data))
        keys = [
            command("keys", "create", "--unit", unit, "--scope", SCOPES, "--data", str(data)).strip()
            for unit in ("vn", "01")
        ]
        nation, elsewhere = (Script(port, key) for key in keys)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as http:
            until_ready(http)
        yield nation, elsewhere
        nation.http.close()
        elsewhere.http.close()


def every_field(script: Script) -> Json:
    address = str(script.http.base_url).partition("/api")[0]
    fields = script.http.get(f"{address}/v1/forms/{FORM}").json()["fields"]
    return {one["key"]: None for one in fields if not one["retired"]}


def test_what_a_script_pushes_is_what_its_analytics_show(scripts: tuple[Script, Script]) -> None:
    script, elsewhere = scripts
    part = {"parents": 900, "parents_informed": 850}
    dry = script.push(part, dryRun="true")
    assert (dry.status_code, script.rows("parents", COMMUNE)) == (200, {})

    first = script.push(part)
    assert (first.status_code, counted(first)) == (200, {"imported": 2}), first.text
    figures = {("parents", COMMUNE): "900", ("parents_informed", COMMUNE): "850"}
    assert script.rows("parents;parents_informed", COMMUNE) == figures
    # Run again by its timer.
    assert counted(script.push(part)) == {"ignored": 2}

    # Some figures only: nobody knows here what the others were, so nothing of the report is touched.
    over = script.push({"parents": 950})
    assert (over.status_code, over.json()["response"]["conflicts"][0]["errorCode"]) == (409, "partial_over_report")
    assert script.rows("parents;parents_informed", COMMUNE) == figures

    whole = {**every_field(script), "parents": 950, "parents_informed": 860, "staff": 4, "staff_informed": 3}
    whole |= {key: 1 if key == "child_labour.f.a13" else 0 for key in whole if key.startswith("child_labour.")}
    whole |= {key: 100 for key in whole if key.startswith("children_5_17.")} | {"at_risk_or_labour": 1}
    corrected = script.push(whole)
    assert corrected.status_code == 200, corrected.text
    assert counted(corrected)["updated"] == sum(one is not None for one in whole.values())
    assert counted(script.push(whole)) == {"ignored": len(whole)}

    assert counted(script.push({"parents": 50, "parents_informed": 10}, NEIGHBOUR)) == {"imported": 2}
    assert script.rows("parents;parents_informed;parents_informed_rate", "20") == {
        ("parents", "20"): "1000",
        ("parents_informed", "20"): "870",
        ("parents_informed_rate", "20"): "87",
    }

    # One child: the owner of the figures sees it, another province does not.
    assert script.rows("child_labour.f.a13;child_labour", COMMUNE) == {
        ("child_labour.f.a13", COMMUNE): "1",
        ("child_labour", COMMUNE): "1",
    }
    withheld = elsewhere.figures("child_labour", COMMUNE)
    assert (withheld["rows"], withheld["metaData"]["suppressed"]["rows"]) == ([], [["child_labour", COMMUNE]])
    outside = elsewhere.push(part)
    assert (outside.status_code, outside.json()["response"]["conflicts"][0]["errorCode"]) == (409, "E7617")

    taken_back = script.push(whole, importStrategy="DELETE")
    assert counted(taken_back) == {"deleted": len(whole)}
    assert script.rows("parents", f"{COMMUNE};20") == {("parents", "20"): "50"}


def test_every_commune_of_the_nation_fits_into_one_table(scripts: tuple[Script, Script]) -> None:
    table = scripts[0].figures("parents;children", "LEVEL-commune")
    assert len(table["metaData"]["dimensions"]["ou"]) > 10_000
    refused = scripts[0].http.get(
        "/analytics",
        params={"dimension": ["dx:parents;children;staff;staff_informed;employers", "pe:2024", "ou:LEVEL-4"]},
    )
    assert (refused.status_code, refused.json()["errorCode"]) == (409, "E7128")
