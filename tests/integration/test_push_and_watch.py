"""Files of reports sent to the real stack, and its figures watched in a terminal, as their users do it."""

import json
import os
import pty
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.integration.embedded import CHITIEU, client, free_port, up
from tests.integration.test_up import communes, prepared, until_ready

pytestmark = pytest.mark.stack

TIMEOUT = 60


def run(url: str, key: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CHITIEU_URL": url, "CHITIEU_KEY": key, "CHITIEU_LANGUAGE": "en"}
    return subprocess.run(
        (*CHITIEU, *arguments), capture_output=True, text=True, timeout=TIMEOUT, check=False, env=environment
    )


def informed(table: str) -> list[str]:
    """Value, bound, state and coverage of the target on parents."""
    line = next(line for line in table.splitlines() if "≥ 80 %" in line and "/200" in line)
    return [cell.strip() for cell in re.split("[│┃]", line)][2:6]


def test_a_table_is_pushed_corrected_and_seen_until_ctrl_c(tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    url, watched = f"http://127.0.0.1:{port}", ("watch", "20", "--plan", "lang-son-187", "--period", "2024")
    with up(data, port):
        key = prepared(data)
        with client(port, key) as http:
            until_ready(http)
            codes = communes(http)
        assert len(codes) == 200
        file = tmp_path / "lang-son.csv"
        rows = [f"{code};{1000 + n};{900 if n else '1.901'}" for n, code in enumerate(codes)]
        file.write_text("\n".join(["unit;parents;parents_informed", *rows]) + "\n", encoding="utf-8-sig")
        options = (str(file), "--form", "ldte-xa", "--period", "2024", "--wait")

        pushed = run(url, key, "push", *options)
        assert pushed.returncode == 1
        assert pushed.stdout.startswith("line 2, field parents_informed: The part 'parents_informed' (1901) is larger")
        assert pushed.stderr == "199 taken (199 accepted), 1 refused\n"
        again = run(url, key, "push", *options)
        assert (again.stdout, again.stderr) == (pushed.stdout, pushed.stderr)

        parents = sum(1000 + n for n in range(1, 200))
        assert informed(run(url, key, *watched, "--once").stdout) == [
            f"{100 * 900 * 199 / parents:.1f} %",
            "≥ 80 %",
            "✓ met",
            "199/200",
        ]

        corrected = tmp_path / "corrected.ndjson"
        screen, seen = watching(url, key, *watched)
        seen.until("199/200")
        values = {"parents": 100_000, "parents_informed": 901}
        corrected.write_text(json.dumps({"form": "ldte-xa", "period": "2024", "unit": codes[0], "values": values}))
        assert run(url, key, "push", str(corrected), "--wait").stderr == "1 taken (1 accepted), 0 refused\n"
        seen.until("200/200")
        seen.until("●")
        screen.send_signal(signal.SIGINT)
        assert screen.wait(TIMEOUT) == 0
        assert "Traceback" not in seen.rest()


class Terminal:
    """What a terminal shows, read as it comes."""

    def __init__(self, reader: int) -> None:
        self._reader = reader
        self._text = ""

    def until(self, word: str) -> None:
        deadline = time.monotonic() + TIMEOUT
        while word not in self._text:
            assert time.monotonic() < deadline, self._text
            self._text += os.read(self._reader, 65536).decode("utf-8", "replace")

    def rest(self) -> str:
        """All of it, once the other side has ended."""
        try:
            while more := os.read(self._reader, 65536):
                self._text += more.decode("utf-8", "replace")
        except OSError:
            # What Linux says when nobody holds the other end any more.
            pass
        finally:
            os.close(self._reader)
        return self._text


def watching(url: str, key: str, *arguments: str) -> tuple[subprocess.Popen[bytes], Terminal]:
    """A command on a terminal of its own."""
    reader, terminal = pty.openpty()
    environment = {**os.environ, "CHITIEU_URL": url, "CHITIEU_KEY": key, "COLUMNS": "150", "TERM": "xterm"}
    process = subprocess.Popen(
        (*CHITIEU, *arguments, "--every", "0.5"), stdout=terminal, stderr=terminal, env=environment
    )
    os.close(terminal)
    return process, Terminal(reader)
