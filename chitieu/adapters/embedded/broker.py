"""The real Apache Kafka broker as a child process: one node, its own controller (KRaft)."""

import asyncio
import base64
import os
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from chitieu.adapters.embedded.broker_config import HOST, Ports, choose_ports, write_server_properties
from chitieu.adapters.embedded.directory import DISK_FULL, DataDirectory
from chitieu.adapters.embedded.errors import BrokerDidNotStart, BrokerDied, StackError
from chitieu.adapters.embedded.processes import dying_with_parent, end_stale, terminate

_LOG4J = Path(__file__).with_name("log4j2.properties")
_JVM = (
    f"-Dlog4j2.configurationFile={_LOG4J.as_uri()}",
    "-Djava.awt.headless=true",
    "-XX:+UseSerialGC",
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
)
_HEAP = ("-Xms64m", "-Xmx384m")
_PATIENCE = 8.0  # seconds for a clean stop, then it is killed: nothing acknowledged depends on a clean one
_LOG_KEPT = 5 * 2**20
_TAIL_LINES = 20
_TAIL_BYTES = 2**16


class _PortLost(BrokerDidNotStart):
    """Somebody took a port between our choice and the broker's bind."""


class Broker:
    """A broker on an open `DataDirectory`; start and stop it as often as you like, from one event loop.

    What it acknowledged is in the operating system's page cache: it survives kill -9 of broker and stack, not a
    power cut. On Linux the broker also ends with the thread that started it; elsewhere, and should that fail, the
    next start on the same directory ends it first.
    """

    def __init__(
        self, data: DataDirectory, java: Path, classpath: Sequence[Path], *, ready_within: float = 60.0
    ) -> None:
        self._data = data
        self._java = java
        self._classpath = os.pathsep.join(map(str, classpath))
        self._ready_within = ready_within
        self._properties = data.kafka / "server.properties"
        self._pid_file = data.run / "kafka.pid"
        self.log = data.logs / "kafka.log"
        self._log_start = 0
        self._ports: Ports | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._died: asyncio.Future[BrokerDied] | None = None
        self._watcher: asyncio.Task[None] | None = None

    @property
    def bootstrap(self) -> str:
        """`host:port` for clients; the same at the next start unless somebody has taken the port by then."""
        if self._ports is None:
            raise RuntimeError("the broker has not been started")
        return f"{HOST}:{self._ports.broker}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def died(self) -> "asyncio.Future[BrokerDied]":
        """Done once the broker ended without `stop`; a new one for each start."""
        if self._died is None:
            raise RuntimeError("the broker has not been started")
        return self._died

    async def start(self) -> None:
        """Returns when it answers clients; raises BrokerDidNotStart or DiskFull, and then nothing runs."""
        if self._process is not None:
            raise RuntimeError("the broker runs already")
        await end_stale(self._pid_file, str(self._properties), _PATIENCE)
        self._open_log()
        try:
            await self._start_once()
        except _PortLost:
            await self._start_once()
        except OSError as error:
            if error.errno in DISK_FULL:
                raise self._data.full() from error
            raise

    async def stop(self) -> None:
        """Clean stop, within 8 seconds or by force. Does nothing if it does not run."""
        process, self._process = self._process, None
        if process is None:
            return
        if self._watcher:
            self._watcher.cancel()
        await terminate(process, _PATIENCE)
        self._pid_file.unlink(missing_ok=True)

    async def kill(self) -> None:
        """SIGKILL, as a crash would: `died` tells of it. For tests."""
        if self._process is None or self._watcher is None:
            raise RuntimeError("the broker does not run")
        self._process.kill()
        await self._watcher

    async def _start_once(self) -> None:
        self._ports = choose_ports(self._properties)
        write_server_properties(self._properties, self._ports)
        await self._format()
        process = await self._run(*_HEAP, "kafka.Kafka", str(self._properties))
        try:
            self._pid_file.write_text(str(process.pid), encoding="ascii")
            await self._until_ready(process)
        except BaseException:
            await terminate(process, 0)
            self._pid_file.unlink(missing_ok=True)
            raise
        self._process = process
        self._died = asyncio.get_running_loop().create_future()
        self._watcher = asyncio.create_task(self._watch(process, self._died))

    async def _format(self) -> None:
        """Once per directory: gives the log its cluster id. Kafka writes meta.properties last, atomically."""
        if (self._data.kafka / "log" / "meta.properties").is_file():
            return
        process = await self._run(
            # One second of work: the optimising compiler would only cost.
            "-XX:TieredStopAtLevel=1",
            "kafka.tools.StorageTool",
            *("format", "--ignore-formatted", "-t", _cluster_id(), "-c", str(self._properties)),
        )
        try:
            code = await asyncio.wait_for(process.wait(), self._ready_within)
        except TimeoutError:
            raise self._failure("formatting its directory took too long") from None
        finally:
            await terminate(process, 0)
        if code != 0:
            raise self._failure("its directory could not be formatted")

    async def _run(self, *arguments: str) -> asyncio.subprocess.Process:
        environ = {**os.environ, "CLASSPATH": self._classpath}
        if sys.platform == "linux":
            # Under the C locale Java cannot open a file whose name has a Vietnamese letter.
            environ["LC_ALL"] = "C.UTF-8"
        command = [str(self._java), *_JVM, f"-XX:ErrorFile={self._data.logs / 'java-crash-%p.log'}", *arguments]
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *dying_with_parent(command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environ,
                cwd=self._data.kafka,
                # Ctrl-C in the terminal is for the stack, which then stops the broker last.
                start_new_session=True,
            )

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._ready_within
        while not await _answers(self.bootstrap):
            if process.returncode is not None:
                raise self._failure(f"it ended with {process.returncode}")
            if loop.time() > deadline:
                raise self._failure(f"it did not answer within {self._ready_within:.0f} s")
            await asyncio.sleep(0.05)

    async def _watch(self, process: asyncio.subprocess.Process, died: "asyncio.Future[BrokerDied]") -> None:
        code = await process.wait()
        self._process = None
        self._pid_file.unlink(missing_ok=True)
        if not died.done():  # a caller may have cancelled it
            died.set_result(BrokerDied(code, self.log, self._tail()))

    def _open_log(self) -> None:
        if self.log.exists() and self.log.stat().st_size > _LOG_KEPT:
            self.log.replace(self.log.with_suffix(".log.1"))
        self._log_start = self.log.stat().st_size if self.log.exists() else 0

    def _tail(self) -> str:
        with self.log.open("rb") as log:
            log.seek(max(self._log_start, self.log.stat().st_size - _TAIL_BYTES))
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:])

    def _failure(self, reason: str) -> StackError:
        tail = self._tail()
        if "Address already in use" in tail:
            return _PortLost(reason, self.log, tail)
        if "No space left on device" in tail:
            return self._data.full()
        return BrokerDidNotStart(reason, self.log, tail)


async def _answers(bootstrap: str) -> bool:
    """Whether the broker is listed in the metadata it serves, not only whether its port is open."""
    host, _, port = bootstrap.partition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
        writer.close()
    except OSError:
        return False  # without this look first, the client would log every refused connection as an error
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=2000)
    try:
        await client.start()
        return bool((await client.describe_cluster())["brokers"])
    except KafkaError:
        return False
    finally:
        await client.close()


def _cluster_id() -> str:
    """Kafka's form of a random UUID; one that starts with a dash would be taken for an option."""
    while (name := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return name
