"""The embedded broker, on the real Kafka: fetched into this user's cache the first time."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from chitieu.adapters.embedded import broker as broker_module
from chitieu.adapters.embedded.broker import Broker
from chitieu.adapters.embedded.broker_config import Ports, choose_ports
from chitieu.adapters.embedded.directory import DataDirectory, default_cache
from chitieu.adapters.embedded.errors import BrokerDidNotStart, DataDirectoryLocked, DataDirectoryNotWritable
from chitieu.adapters.embedded.java import find_java
from chitieu.adapters.embedded.kafka_jars import kafka_classpath

pytestmark = pytest.mark.stack

TOPIC = "reports"


@pytest.fixture(scope="session")
def java() -> Path:
    return find_java()


@pytest.fixture(scope="session")
def classpath() -> list[Path]:
    return kafka_classpath(default_cache(), print)


@pytest.fixture
def data(tmp_path: Path) -> Iterator[DataDirectory]:
    with DataDirectory(tmp_path / "data") as directory:
        yield directory


@pytest.fixture
def broker(data: DataDirectory, java: Path, classpath: list[Path]) -> Broker:
    return Broker(data, java, classpath)


def run(broker: Broker, story: Coroutine[Any, Any, None]) -> None:
    """Runs the story; whatever becomes of it, no broker stays."""

    async def told() -> None:
        try:
            await story
        finally:
            await broker.stop()

    asyncio.run(told())


async def create_topic(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(TOPIC, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


async def produce(bootstrap: str, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        await producer.send_and_wait(TOPIC, value)
    finally:
        await producer.stop()


async def consume(bootstrap: str) -> list[bytes]:
    """All values up to the end of the topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        partition = TopicPartition(TOPIC, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        end = (await consumer.end_offsets([partition]))[partition]
        return [(await asyncio.wait_for(consumer.getone(), 20)).value for _ in range(end)]
    finally:
        await consumer.stop()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        # An orphan that has ended stays in the table if nobody collects it; its command line is empty then.
        return sys.platform != "linux" or Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_an_acknowledged_message_survives_a_clean_stop_and_a_kill(broker: Broker) -> None:
    async def story() -> None:
        await broker.start()
        first = broker.bootstrap
        await create_topic(first)
        await produce(first, b"one")
        assert await consume(first) == [b"one"]

        await broker.stop()
        assert broker.pid is None
        await broker.start()
        assert broker.bootstrap == first
        assert await consume(first) == [b"one"]

        await produce(first, b"two")
        await broker.kill()
        error = await asyncio.wait_for(broker.died, 1)
        assert error.code == -signal.SIGKILL
        await broker.start()
        assert await consume(broker.bootstrap) == [b"one", b"two"]

    run(broker, story())


def test_a_stop_is_no_death_and_it_starts_again(broker: Broker) -> None:
    async def story() -> None:
        await broker.start()
        await broker.stop()
        assert not broker.died.done()
        await broker.start()

    run(broker, story())


def test_a_missing_topic_is_not_made_by_asking_for_it(broker: Broker) -> None:
    async def story() -> None:
        await broker.start()
        admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
        await admin.start()
        try:
            await admin.describe_topics(["nowhere"])
            assert "nowhere" not in await admin.list_topics()
        finally:
            await admin.close()

    run(broker, story())


def test_a_broker_left_behind_is_ended_by_the_next_start(
    data: DataDirectory, java: Path, classpath: list[Path]
) -> None:
    left, following = Broker(data, java, classpath), Broker(data, java, classpath)

    async def story() -> None:
        await left.start()
        behind = left.pid
        assert behind is not None
        await create_topic(left.bootstrap)
        await produce(left.bootstrap, b"one")
        await following.start()
        assert not alive(behind)
        assert following.pid != behind
        assert await consume(following.bootstrap) == [b"one"]

    run(following, story())


def test_a_pid_that_belongs_to_somebody_else_by_now_is_left_alone(data: DataDirectory, broker: Broker) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as bystander:
        (data.run / "kafka.pid").write_text(str(bystander.pid))

        async def story() -> None:
            await broker.start()
            assert bystander.poll() is None

        run(broker, story())
        bystander.kill()


_PARENT = """
import asyncio, sys
from pathlib import Path
from chitieu.adapters.embedded.broker import Broker
from chitieu.adapters.embedded.directory import DataDirectory

async def main():
    with DataDirectory(Path(sys.argv[1])) as data:
        broker = Broker(data, Path(sys.argv[2]), [Path(jar) for jar in sys.argv[3:]])
        await broker.start()
        print(broker.pid, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


def test_a_killed_stack_can_be_started_again_at_once(tmp_path: Path, java: Path, classpath: list[Path]) -> None:
    path = tmp_path / "data"
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT, path, java, *classpath], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        behind = int(parent.stdout.readline())
        parent.kill()
    with DataDirectory(path) as data:
        broker = Broker(data, java, classpath)

        async def story() -> None:
            await broker.start()
            assert not alive(behind)
            await create_topic(broker.bootstrap)
            await produce(broker.bootstrap, b"one")
            assert await consume(broker.bootstrap) == [b"one"]

        run(broker, story())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only the next start ends it")
def test_a_killed_stack_takes_its_broker_with_it(tmp_path: Path, java: Path, classpath: list[Path]) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT, tmp_path / "data", java, *classpath], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        behind = int(parent.stdout.readline())
        parent.kill()
    until = time.monotonic() + 8
    while alive(behind) and time.monotonic() < until:
        time.sleep(0.05)
    assert not alive(behind)


def test_a_port_lost_between_choice_and_bind_is_chosen_again(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as thief:
        stolen = int(thief.getsockname()[1])
        chosen: list[Ports] = []

        def unlucky_at_first(properties: Path) -> Ports:
            free = choose_ports(properties)
            chosen.append(free if chosen else Ports(free.broker, stolen))
            return chosen[-1]

        monkeypatch.setattr(broker_module, "choose_ports", unlucky_at_first)
        run(broker, broker.start())
    assert [ports.controller == stolen for ports in chosen] == [True, False]


def test_a_broker_that_cannot_start_says_why(data: DataDirectory, java: Path, classpath: list[Path]) -> None:
    # Without Kafka's own jar, Java starts and finds nothing to run.
    broker = Broker(data, java, classpath[1:])
    with pytest.raises(BrokerDidNotStart, match=r"(?s)see .*kafka\.log\n.*ClassNotFoundException"):
        run(broker, broker.start())
    assert not (data.run / "kafka.pid").exists()


def test_a_start_that_is_cancelled_leaves_no_broker(data: DataDirectory, broker: Broker) -> None:
    async def story() -> None:
        starting = asyncio.create_task(broker.start())
        while not (data.run / "kafka.pid").exists():
            await asyncio.sleep(0.02)
        pid = int((data.run / "kafka.pid").read_text())
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert not alive(pid)
        assert not (data.run / "kafka.pid").exists()

    run(broker, story())


def test_a_directory_with_commas_spaces_and_vietnamese_letters_is_no_obstacle(
    tmp_path: Path, java: Path, classpath: list[Path]
) -> None:
    with DataDirectory(tmp_path / "dữ liệu, trẻ em") as data:
        broker = Broker(data, java, classpath)
        run(broker, broker.start())
        assert (data.kafka / "log" / "meta.properties").is_file()


def test_the_second_stack_on_a_directory_is_refused(data: DataDirectory) -> None:
    with pytest.raises(DataDirectoryLocked, match=f"process {os.getpid()} is already using {data.path}: stop it"):
        DataDirectory(data.path).open()


def test_a_directory_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataDirectoryNotWritable, match="choose another with --data DIR"):
        DataDirectory(tmp_path / "file" / "data").open()
