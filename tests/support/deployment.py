"""ClickHouse and the services as processes of their own beside a broker, as an operator runs them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from clickhouse_connect.driver.client import Client

from chitieu.adapters.clickhouse.store import connect, database_name
from tests.support.clickhouse_http import Fault
from tests.support.processes import HOST, HTTP, ROOT, Program, free_port

CHITIEU = (sys.executable, "-m", "chitieu")
PARTITIONS = 4
_COMMAND_SECONDS = 60


class ClickHouse(Program):
    """The test server on a directory; it comes back at the same address after a kill."""

    def __init__(self, directory: Path) -> None:
        port = free_port()
        self.dsn = f"clickhouse://default:@{HOST}:{port}"
        directory.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "tests.support.clickhouse_http", "--path", str(directory), "--port", str(port)]
        super().__init__(command, port, directory.with_suffix(".log"))

    def start(self) -> None:
        super().start()
        self.until_answers("/ping")

    def order(self, fault: Fault) -> None:
        """Let something happen to the next inserts."""
        HTTP.post(f"{self.url}/faults", content=json.dumps(asdict(fault))).raise_for_status()

    def faults(self) -> list[Fault]:
        """What was ordered and has not happened yet."""
        return [Fault(**one) for one in HTTP.get(f"{self.url}/faults").json()]

    def clear_faults(self) -> None:
        """Forget what was ordered; returns once the inserts that were held are written."""
        HTTP.delete(f"{self.url}/faults").raise_for_status()


class Deployment:
    """One generation of log and figures. Services read their settings from the environment, as in production."""

    def __init__(self, bootstrap: str, generation: int, directory: Path) -> None:
        self.bootstrap = bootstrap
        self.generation = generation
        self.clickhouse = ClickHouse(directory / "clickhouse")
        self._directory = directory
        self._environ = {
            "CHITIEU_KAFKA_BOOTSTRAP": bootstrap,
            "CHITIEU_CLICKHOUSE_DSN": self.clickhouse.dsn,
            "CHITIEU_GENERATION": str(generation),
            "CHITIEU_PARTITIONS": str(PARTITIONS),
            "CHITIEU_CANARY_SECONDS": "3600",
        }

    def chitieu(self, *arguments: str, **settings: object) -> str:
        """Run a command to its end; what it printed. Fails with what it complained of."""
        ran = subprocess.run(
            [*CHITIEU, *arguments],
            env={**os.environ, **self._environ, **_named(settings)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    def service(self, service: str, name: str = "", **settings: object) -> Program:
        """`chitieu serve SERVICE`, not started yet; several of one service need names."""
        name, port = name or service, free_port()
        environ = {
            **self._environ,
            "CHITIEU_PORT": str(port),
            "CHITIEU_FAUST_DIRECTORY": str(self._directory / f"{name}-faust"),
            **_named(settings),
        }
        return Program([*CHITIEU, "serve", service], port, self._directory / f"{name}.log", environ)

    @contextmanager
    def figures(self) -> Iterator[Client]:
        """A client of the generation's database."""
        client = connect(self.clickhouse.dsn, database_name(self.generation))
        try:
            yield client
        finally:
            client.close()


def _named(settings: dict[str, object]) -> dict[str, str]:
    return {f"CHITIEU_{name.upper()}": str(value) for name, value in settings.items()}
