"""A template from the real stack, filled in and sent to it, and found again in the templates after it."""

import io
import zipfile
from pathlib import Path

import httpx
import pytest

from chitieu.adapters.workbook.reading import FilledReport, filled
from tests.integration.embedded import client, free_port, up
from tests.integration.test_push_and_watch import run
from tests.integration.test_up import prepared, until_ready
from tests.support.spreadsheet_program import filled_in

pytestmark = pytest.mark.stack


def template(http: httpx.Client, period: str) -> bytes:
    answer = http.get("/v1/forms/ldte-xa/template.xlsx", params={"period": period, "unit": "06613"})
    assert answer.status_code == 200, answer.text
    return answer.content


def said(book: bytes) -> FilledReport:
    (report,) = filled(io.BytesIO(book), "template")
    return report


def test_a_template_is_filled_in_pushed_corrected_and_shows_it_the_next_time(tmp_path: Path) -> None:
    data, port, file = tmp_path / "data", free_port(), tmp_path / "report.xlsx"
    url = f"http://127.0.0.1:{port}"
    with up(data, port):
        key = prepared(data)
        with client(port, key) as http:
            until_ready(http)
            empty = template(http, "2023")
            assert said(empty).values == {}
            sheet, cells = said(empty).report.sheet, said(empty).cells
            file.write_bytes(filled_in(empty, {cells["parents"]: 1017, cells["parents_informed"]: 1020}))
            refused = run(url, key, "push", str(file))
            assert refused.returncode == 1
            assert refused.stdout.startswith(f"sheet '{sheet}', {cells['parents_informed']}: The part ")
            file.write_bytes(filled_in(empty, {cells["parents"]: 1017, cells["parents_informed"]: 966}))
            assert run(url, key, "push", str(file), "--wait").stderr == "1 taken (1 accepted), 0 refused\n"
            assert said(template(http, "2023")).values == {"parents": 1017, "parents_informed": 966}
            following = template(http, "2024")
            assert said(following).values == {}
            with zipfile.ZipFile(io.BytesIO(following)) as parts:
                assert b"<v>1017</v>" in parts.read("xl/worksheets/sheet1.xml")
