"""The services as separate processes on a real broker and a ClickHouse server, and what may happen to each of them."""

import asyncio
import json
import re
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from chitieu.adapters import kafka, registry
from chitieu.adapters.clickhouse.migrate import Migration, MigrationError, declared, migrate
from chitieu.adapters.clickhouse.store import connect
from chitieu.adapters.embedded.broker import Broker
from chitieu.adapters.embedded.directory import DataDirectory, default_cache
from chitieu.adapters.embedded.java import find_java
from chitieu.adapters.embedded.kafka_jars import kafka_classpath
from chitieu.adapters.programmes.apply import apply
from chitieu.adapters.programmes.directory import read
from chitieu.adapters.programmes.release import build_release
from chitieu.contracts import topics
from chitieu.domain.access import AccessKey, digest, presented
from tests.integration.conftest import LoopThread
from tests.support.clickhouse_http import Fault
from tests.support.deployment import PARTITIONS, Deployment
from tests.support.figures import assert_exact, messages_behind, read_log, until_folded
from tests.support.processes import HTTP, ROOT, Program, until
from tests.unit import small_programme

pytestmark = pytest.mark.stack

GENERATION = 1_000
PLAN, TARGET, FORM, AREA = "lang-son-187", "parents-informed", "ldte-xa", "20"
TREE_OF = date(2024, 6, 14)
OUTAGE_SECONDS = 3.0
# To start again on a busy machine; its name lets it go on without waiting until the group has missed it.
RESTART_SECONDS = 30.0
SMALL_FLUSHES: dict[str, Any] = {"batch_records": 25, "flush_seconds": 0}


@dataclass(frozen=True)
class Apart:
    """A deployment's services, a key for the nation, and the 200 communes of Lạng Sơn from 2021 to 2024."""

    deployment: Deployment
    ingest: Program
    aggregate: Program
    api: Program
    key: str
    communes: Sequence[str]

    def put(self, period: str, commune: int, revision: int, **headers: str) -> httpx.Response:
        address = f"{self.ingest.url}/v1/reports/{FORM}/{period}/{self.communes[commune]}"
        body = {"values": values(commune, revision)}
        return HTTP.put(address, json=body, headers={**self._authorization, **headers})

    def send(self, period: str, revision: int) -> list[dict[str, Any]]:
        """Every commune's report in one request; each must be taken. Sent again, it is the same submissions."""
        lines = [
            json.dumps({"form": FORM, "period": period, "unit": code, "values": values(commune, revision)})
            for commune, code in enumerate(self.communes)
        ]
        key = {"Idempotency-Key": f"{period}-{revision}", "Content-Type": "application/x-ndjson"}
        headers = {**self._authorization, **key}
        answer = HTTP.post(f"{self.ingest.url}/v1/reports", content="\n".join(lines), headers=headers)
        assert answer.status_code == 200, answer.text
        receipts = [json.loads(line) for line in answer.text.splitlines()]
        assert [receipt["status"] for receipt in receipts] == [202] * len(lines)
        return receipts

    def get(self, path: str, **parameters: str) -> httpx.Response:
        """As somebody reads who has just heard from ingest, in another process, that a report counts."""
        headers = {**self._authorization, "Cache-Control": "no-cache"}
        return HTTP.get(f"{self.api.url}{path}", params=parameters, headers=headers)

    def attainment(self, period: str) -> dict[str, Any]:
        """The target on informed parents, in Lạng Sơn."""
        answer = self.get("/v1/attainment", plan=PLAN, area=AREA, period=period)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = next(one for one in answer.json()["targets"] if one["target"] == TARGET)
        return found

    @property
    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


class Following:
    """A reader of `/v1/changes` in Lạng Sơn, on one connection, that looks at what has come whenever it is asked."""

    def __init__(self, apart: Apart) -> None:
        address = urlsplit(apart.api.url)
        request = f"GET /v1/changes?area={AREA} HTTP/1.1\r\nHost: {address.netloc}\r\nX-API-Key: {apart.key}\r\n\r\n"
        self._connection = socket.create_connection((address.hostname, address.port))
        self._connection.sendall(request.encode())
        self._connection.setblocking(False)
        self._text = b""

    def __enter__(self) -> "Following":
        until(lambda: self.heard("event: start") == 1, "the stream begins")
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def heard(self, what: str) -> int:
        """How often something has come. Fails if the stream has ended."""
        with suppress(BlockingIOError):
            while True:
                came = self._connection.recv(65_536)
                assert came, f"the stream has ended: {self._text[-500:]!r}"
                self._text += came
        return self._text.count(what.encode())


def values(commune: int, revision: int) -> dict[str, int]:
    """What a commune says; every revision says something else."""
    return {"parents": 100 + commune, "parents_informed": (7 * commune + revision) % (100 + commune)}


def assert_shown(apart: Apart, period: str, revisions: Mapping[int, int]) -> None:
    """The api shows the sums and the coverage of what these communes said in these revisions, and nothing else."""
    said = [values(commune, revision) for commune, revision in revisions.items()]
    target = apart.attainment(period)
    assert target["value"]["numerator"]["value"] == sum(one["parents_informed"] for one in said)
    assert target["value"]["denominator"]["value"] == sum(one["parents"] for one in said)
    forms = {one["form"]: (one["sent"], one["reported"], one["expected"]) for one in target["coverage"]["forms"]}
    assert forms[FORM] == (len(said), len(said), len(apart.communes))


def all_in(apart: Apart, revision: int) -> dict[int, int]:
    return dict.fromkeys(range(len(apart.communes)), revision)


@pytest.fixture(scope="module")
def whole(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    deployment = Deployment(broker.bootstrap, GENERATION, tmp_path_factory.mktemp("apart"))
    with ExitStack() as ended:
        ended.enter_context(deployment.clickhouse)
        deployment.chitieu("migrate")
        ingest = deployment.service("ingest")
        api = deployment.service("api", ingest_url=ingest.url)
        aggregate = deployment.service("aggregate", **SMALL_FLUSHES, worker_name="first")
        for service in (ingest, aggregate, api):
            ended.enter_context(service)
        assert "release" in deployment.chitieu("programmes", "apply", "programmes")
        scopes = "reports:write,reports:read,attainment:read"
        key = deployment.chitieu("keys", "create", "--unit", "vn", "--scope", scopes)
        for service in (ingest, aggregate, api):
            service.until_answers("/readyz")
        yield Apart(deployment, ingest, aggregate, api, key, communes())


def communes() -> list[str]:
    programmes, _ = read(ROOT / "programmes")
    tree = build_release(0, programmes).tree
    districts = tree.children(AREA, TREE_OF)
    return [commune.code for district in districts for commune in tree.children(district.code, TREE_OF)]


@pytest.fixture
def apart(whole: Apart) -> Iterator[Apart]:
    """Whatever a test did to it, the next one finds it running and without faults."""
    yield whole
    if not whole.deployment.clickhouse.running:
        whole.deployment.clickhouse.start()
    whole.deployment.clickhouse.clear_faults()
    if not whole.aggregate.running:
        whole.aggregate.start()
        whole.aggregate.until_answers("/readyz")


def test_migrating_again_finds_nothing_to_do(apart: Apart) -> None:
    assert apart.deployment.chitieu("migrate") == "nothing to do"


def test_a_migration_may_be_recorded_twice(apart: Apart) -> None:
    """The client sends rows again by itself when the connection is cut after the commit."""
    server = apart.deployment.clickhouse
    server.order(Fault("cut", table="migration"))
    names = [one.name for one in declared()]
    assert migrate(server.dsn, "twice") == names
    client = connect(server.dsn, "twice")
    assert client.command("SELECT count() FROM migration") == len(names) + 1
    client.close()
    assert migrate(server.dsn, "twice") == []


def test_a_migration_changed_after_it_was_applied_is_an_error(engine: Path) -> None:
    dsn = f"chdb://{engine}"
    first, second = Migration("1.sql", "CREATE TABLE a (x Int8) ENGINE = Memory"), Migration("2.sql", "SELECT 1")
    assert migrate(dsn, "changed", [first]) == ["1.sql"]
    with pytest.raises(MigrationError, match=r"1\.sql was changed"):
        migrate(dsn, "changed", [replace(first, sql=first.sql + " "), second])
    with pytest.raises(MigrationError, match="newer than this program"):
        migrate(dsn, "changed", [second])
    assert migrate(dsn, "changed", [first, second]) == ["2.sql"]


def test_each_service_says_how_it_is(apart: Apart) -> None:
    for service, name in ((apart.ingest, "ingest"), (apart.aggregate, "aggregate"), (apart.api, "api")):
        for path in ("/livez", "/readyz", "/startupz"):
            assert HTTP.get(service.url + path).json()["status"] == "ok"
        assert f'chitieu_ready{{service="{name}"}} 1.0' in HTTP.get(service.url + "/metrics").text


def test_a_report_and_its_correction_show_in_the_attainment_as_soon_as_they_are_decided(apart: Apart) -> None:
    for revision in (1, 2):
        answer = apart.put("2021", 0, revision, Prefer="wait=20")
        assert (answer.status_code, answer.json()["decision"], answer.json()["revision"]) == (200, "accepted", revision)
        assert_shown(apart, "2021", {0: revision})
        assert apart.get(answer.headers["Location"]).json()["outcome"] == "accepted"
    assert apart.put("2021", 0, 3, **{"If-Match": '"1"', "Prefer": "wait=20"}).status_code == 412
    assert_shown(apart, "2021", {0: 2})
    assert_exact(apart.deployment)


def test_an_officer_sends_a_report_by_the_page_of_another_process_than_takes_it(apart: Apart) -> None:
    with httpx.Client(base_url=apart.api.url, follow_redirects=True, timeout=40) as browser:
        assert browser.post("/sign-in", data={"key": apart.key}).status_code == 200
        address = f"/r/{FORM}/2021S2/{apart.communes[3]}"
        form = {"csrf": token(browser.get(address).text), "revision": "0"}
        wrong = browser.post(address, data={**form, "parents": "100", "parents_informed": "101"})
        assert wrong.status_code == 422 and "lớn hơn tổng" in wrong.text
        right = browser.post(address, data={**form, "parents": "100", "parents_informed": "64"})
        assert right.status_code == 200 and "Đã tính" in right.text
        area = browser.get(f"/a/{apart.communes[3]}", params={"plan": PLAN, "period": "2021S2"})
        assert "64/100" in area.text and "live.js" in area.text
    assert_exact(apart.deployment)


def token(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("fault", "period"), [(Fault("cut"), "2022S1"), (Fault("fail", code=241), "2023S1"), (Fault("refuse"), "2024S1")]
)
def test_inserts_that_go_wrong_change_no_figure(apart: Apart, fault: Fault, period: str) -> None:
    """A flush that failed is written again, so rows are there twice: nothing counts them twice."""
    with apart.deployment.figures() as client:
        client.command("SYSTEM STOP MERGES")
        for table in ("submission", "rollup"):
            apart.deployment.clickhouse.order(replace(fault, inserts=2, table=table))
        receipts = apart.send(period, 1)
        assert_exact(apart.deployment)
        assert apart.deployment.clickhouse.faults() == []
        doubled = "SELECT count() > uniqExact(partition, position) FROM submission WHERE period = {period:String}"
        assert client.command(doubled, parameters={"period": period}) == 1
        assert_shown(apart, period, all_in(apart, 1))
        asked = {"plan": PLAN, "area": AREA, "period": period}
        duties = {duty["duty"]: duty["states"] for duty in apart.get("/v1/obligations", **asked).json()["duties"]}
        assert duties["commune-half-year"] == {"late": len(apart.communes)}
        for receipt in receipts[::20]:
            outcome = apart.get(receipt["location"]).json()
            assert (outcome["outcome"], len(outcome["messages"])) == ("accepted", 1)
        client.command("SYSTEM START MERGES")


def test_a_worker_killed_in_a_bulk_load_leaves_the_figures_of_an_undisturbed_run(apart: Apart) -> None:
    """Killed between its two inserts, with the second on its way: that one lands when all is over."""
    server = apart.deployment.clickhouse
    server.order(Fault("delay", inserts=3, table="rollup"))
    server.order(Fault("hold", table="rollup"))
    apart.send("2022", 1)
    until(lambda: server.faults() == [], "a flush is between its two inserts")
    apart.aggregate.kill()
    assert messages_behind(apart.deployment) > 0
    apart.send("2022", 2)
    apart.aggregate.start()
    apart.aggregate.until_answers("/readyz", RESTART_SECONDS)
    for revision in (1, 2):
        apart.send("2022", revision)
    assert_exact(apart.deployment)
    server.clear_faults()
    assert_exact(apart.deployment)
    assert_shown(apart, "2022", all_in(apart, 2))
    assert apart.get(f"/v1/reports/{FORM}/2022/{apart.communes[7]}").json()["revision"] == 2


def test_of_two_workers_one_takes_over_when_the_other_is_killed(apart: Apart) -> None:
    server = apart.deployment.clickhouse
    with apart.deployment.service("aggregate", "aggregate-2", **SMALL_FLUSHES, worker_name="second") as second:
        second.until_answers("/readyz")
        until(lambda: 0 < len(partitions_of(second)) < PARTITIONS, "the second worker holds some of the partitions")
        server.order(Fault("delay", inserts=10_000, seconds=0.1))
        before = flushes_of(apart.aggregate)
        apart.send("2023", 1)
        until(lambda: flushes_of(second) > 0 and flushes_of(apart.aggregate) > before, "both workers are in the load")
        second.kill()
        assert messages_behind(apart.deployment) > 0
        server.clear_faults()
        until_folded(apart.deployment)
    assert_exact(apart.deployment)
    assert_shown(apart, "2023", all_in(apart, 1))


def test_while_clickhouse_is_down_reports_are_taken_and_the_figures_follow(apart: Apart) -> None:
    server = apart.deployment.clickhouse
    server.order(Fault("delay", inserts=10_000, seconds=0.1))
    before = flushes_of(apart.aggregate)
    apart.send("2024", 1)
    until(lambda: flushes_of(apart.aggregate) > before + 1, "the worker is in the load")
    server.kill()
    refused = apart.get("/v1/attainment", plan=PLAN, area=AREA, period="2024")
    assert (refused.status_code, "Retry-After" in refused.headers) == (503, True)
    assert HTTP.get(f"{apart.api.url}/readyz").json()["waiting_for"] == ["clickhouse"]
    assert {apart.put("2024", commune, 2).status_code for commune in range(10)} == {202}
    time.sleep(OUTAGE_SECONDS)
    for service in (apart.ingest, apart.aggregate, apart.api):
        assert HTTP.get(f"{service.url}/livez").status_code == 200
    server.start()
    assert_exact(apart.deployment)
    until(lambda: HTTP.get(f"{apart.api.url}/readyz").status_code == 200, "the api has found ClickHouse again")
    assert_shown(apart, "2024", {**all_in(apart, 1), **dict.fromkeys(range(10), 2)})


def test_while_clickhouse_is_killed_who_follows_changes_stays_connected_and_hears_of_what_came_meanwhile(
    apart: Apart,
) -> None:
    server, question = apart.deployment.clickhouse, {"plan": PLAN, "area": AREA, "period": "2023S2"}
    with Following(apart) as stream:
        apart.put("2023S2", 0, 1, Prefer="wait=20")
        until(lambda: stream.heard("event: figure") > 0, "the first report is heard of")
        server.kill()
        figures, beats = stream.heard("event: figure"), stream.heard(": heartbeat")
        taken = apart.put("2023S2", 1, 1)
        assert taken.status_code == 202
        until(lambda: stream.heard(": heartbeat") > beats, "a heartbeat while ClickHouse is away")
        refused = apart.get("/v1/attainment", **question)
        assert (refused.status_code, refused.headers["Retry-After"].isdigit()) == (503, True)
        assert stream.heard("event: figure") == figures
        server.start()
        until(lambda: stream.heard("event: figure") > figures, "the report that came meanwhile is heard of", 60)
        assert stream.heard("event: reset") == 0
    assert_shown(apart, "2023S2", {0: 1, 1: 1})


def test_without_kafka_a_report_is_refused_for_now_and_never_taken_in_vain(loop: LoopThread, tmp_path: Path) -> None:
    with DataDirectory(tmp_path / "kafka") as directory:
        broker = Broker(directory, find_java(), kafka_classpath(default_cache(), print))
        loop.run(broker.start())
        try:
            secret = asyncio.run(small_log(broker.bootstrap, tmp_path))
            deployment = Deployment(broker.bootstrap, 1, tmp_path)
            with deployment.service("ingest") as ingest:
                ingest.until_answers("/readyz")
                outage(loop, broker, ingest, secret)
        finally:
            loop.run(broker.stop())


def outage(loop: LoopThread, broker: Broker, ingest: Program, key: str) -> None:
    """Reports before, across and after the death of the broker: each is in the log, or was refused."""

    def put(courses: int) -> httpx.Response:
        body, headers = {"values": {"children": courses}}, {"Authorization": f"Bearer {key}"}
        headers["Idempotency-Key"] = str(courses)
        return HTTP.put(f"{ingest.url}/v1/reports/commune/2024/00001", json=body, headers=headers)

    answers = [put(0)]
    with ThreadPoolExecutor(12) as senders:
        under_way = []
        for courses in range(1, 13):
            under_way.append(senders.submit(put, courses))
            time.sleep(0.02)
            if courses == 6:
                loop.run(broker.kill())
        answers += [one.result() for one in under_way]
    assert answers[0].status_code == 202
    refused = [one for one in answers if one.status_code != 202]
    assert len(refused) >= 6
    assert {(one.status_code, "Retry-After" in one.headers) for one in refused} == {(503, True)}
    assert HTTP.get(f"{ingest.url}/livez").status_code == 200
    assert HTTP.get(f"{ingest.url}/readyz").json()["waiting_for"] == ["broker"]
    loop.run(broker.start())
    until(lambda: HTTP.get(f"{ingest.url}/readyz").status_code == 200, "ingest has found the broker again")
    answers += [put(courses) for courses in range(13)]
    log = {partition: dict(messages) for partition, messages in read_log(broker.bootstrap, 1).items()}
    taken = [one.json() for one in answers if one.status_code == 202]
    assert len(taken) >= 14
    for receipt in taken:
        assert log[receipt["partition"]][receipt["position"]].submission.hex() == receipt["submission"]


async def small_log(bootstrap: str, tmp_path: Path) -> str:
    """Topics, a small programme and a key to write with, which is returned."""
    await kafka.create_topics(bootstrap, topics.declared(1, PARTITIONS), 1)
    programmes, _ = read(small_programme.write(tmp_path / "programmes"))
    await apply(bootstrap, 1, programmes, TREE_OF)
    producer = kafka.producer(bootstrap)
    await producer.start()
    try:
        key = AccessKey("test", digest("secret"), "vn@2000-01-01", frozenset({"reports:write"}))
        await registry.publish_key(producer, key)
    finally:
        await producer.stop()
    return presented("test", "secret")


def partitions_of(worker: Program) -> set[str]:
    """The partitions that a worker has measured."""
    lines = HTTP.get(f"{worker.url}/metrics").text.splitlines()
    return {line.split()[0] for line in lines if line.startswith("chitieu_lag_records{")}


def flushes_of(worker: Program) -> float:
    lines = HTTP.get(f"{worker.url}/metrics").text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("chitieu_flush_seconds_count"))
