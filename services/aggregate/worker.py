"""The loop between Kafka and ClickHouse: read a batch, fold it, write it, say so, move on.

Progress lives with the figures: on assignment the consumer seeks to the position stored beside the cells. Kafka's own
commit only shows lag to other tools, and happens once a second. Nothing is acknowledged to anybody before it is in
ClickHouse.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord
from mode import Service

from chitieu.adapters.clickhouse.store import Store
from chitieu.adapters.kafka import consumer
from chitieu.adapters.log import logger
from chitieu.adapters.metrics import Metrics
from chitieu.adapters.registry import RegistryReader
from chitieu.contracts import topics
from chitieu.domain.errors import Corruption
from services.aggregate import queries
from services.aggregate.intake import check, read
from services.aggregate.landing import RETRY_SECONDS, Landing
from services.aggregate.log import bury, release_for
from services.aggregate.partitions import Partitions
from services.aggregate.resumption import WrongLog, resume
from services.aggregate.settings import AggregateSettings

log = logger(__name__)

# How long a poll waits: with nothing to do; and while a flush is on its way, or its time has not come.
_IDLE_MS, _BUSY_MS = 200, 5
# Until the next poll, if there is less than a poll takes and the flush must wait anyway. Messages come one by one: to
# ask the broker for each, and to fold it alone, is a third of what they cost us, and half of what they cost the broker.
_PACE_SECONDS = 0.01
# Between two flushes while there are so many messages to read.
BEHIND_SECONDS, BEHIND_RECORDS = 1.0, 500
_COMMIT_SECONDS, _MEASURE_SECONDS = 1.0, 0.25
_PATIENCE_SECONDS = 5.0
# The loop comes round several times a second, retries included; silence this long means that it hangs.
HANGS_AFTER_SECONDS = 60.0


def due(waiting: int, ahead: int, since: float, steady: float) -> bool:
    """Is it time for a flush, so many seconds after the last? `ahead`: messages to read before we are at the end.

    Idle: at once. Steady: a flush each interval. Behind: fewer and larger ones, which cost ClickHouse less.
    """
    return waiting > 0 and since >= (BEHIND_SECONDS if ahead >= BEHIND_RECORDS else steady)


class FoldWorker(Service, ConsumerRebalanceListener):  # type: ignore[misc]
    """One worker of the consumer group. `failure` is set, and `on_failure` called, when it had to stop for good."""

    def __init__(
        self,
        settings: AggregateSettings,
        store: Store,
        producer: AIOKafkaProducer,
        registry: RegistryReader,
        metrics: Metrics,
        on_failure: Callable[[Exception], None] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._settings = settings
        self._store = store
        self._producer = producer
        self._registry = registry
        self._metrics = metrics
        self._on_failure = on_failure
        self._topic = topics.reports(settings.generation)
        self._partitions = Partitions(settings.memory_megabytes * 2**20)
        self._turn = asyncio.Lock()
        # Held by whoever does what only the holder of a partition may do: it is given away between two of these.
        self.tenure = asyncio.Lock()
        self.tenures = 0  # how many of ours are over: what followed from one does not hold in the next
        self._landing = Landing(settings.generation, store, producer, metrics, self._retrying)
        self._stale = False
        # Revocations and the stop that wait for their turn: a flush that fails then is not tried again.
        self._leaving = 0
        # What the turn's holder may be interrupted in, if it is reading.
        self._reading: asyncio.Timeout | None = None
        self._joined = False
        self._consumer: AIOKafkaConsumer | None = None
        self._flushed_at = 0.0
        self._paced = False
        self._known_at: dict[int, float] = {}
        self._measured: dict[int, int] = {}
        self._measured_at = 0.0
        self._committed: dict[int, int] = {}
        self._round = time.monotonic()
        self.assigned: dict[int, int] = {}
        self.failure: Exception | None = None

    @property
    def ready(self) -> bool:
        """Holding partitions (or knowing that others hold them all) and standing at their progress."""
        return self.alive and self._joined and not self._stale

    @property
    def alive(self) -> bool:
        return self.failure is None and time.monotonic() - self._round < HANGS_AFTER_SECONDS

    # Life cycle

    async def on_start(self) -> None:
        await self._store.run(queries.warm_up)
        self._consumer = consumer(
            self._settings.kafka_bootstrap,
            group=f"aggregate-{self._settings.generation}",
            group_instance_id=self._settings.worker_name,
            session_timeout_ms=6_000,
            heartbeat_interval_ms=500,
            max_poll_interval_ms=300_000,
        )
        self._consumer.subscribe([self._topic], listener=self)
        await self._consumer.start()

    async def on_stop(self) -> None:
        """Finish what was taken in, then leave the group so that others take over at once."""
        self._leave()
        async with self.tenure, self._turn:
            await self._finish()
            await self._commit()
            leaver, self._consumer = self._consumer, None
        # Not in our turn: the consumer waits for a rebalance under way, whose callbacks wait for theirs.
        if leaver is not None:
            await leaver.stop()

    @Service.task
    async def _run(self) -> None:
        while not self.should_stop and self.failure is None:
            try:
                await self._step()
                self._came_round()
            except (WrongLog, Corruption) as error:
                # Groups may be half recalled: nothing of it is to be written on the way out.
                self._partitions.forget()
                self._fail(error)
            except Exception:
                log.warning("fold interrupted; reading again from the stored progress", exc_info=True)
                # Nobody knows how far it got.
                self._partitions.forget()
                self._stale = True
                self._came_round()
                await asyncio.sleep(RETRY_SECONDS)

    def _came_round(self) -> None:
        """A loop that hangs shows by not coming here, whether or not there is anything to read."""
        self._round = time.monotonic()

    def _retrying(self) -> bool:
        """A flush that waits for ClickHouse is alive, and its lag grows. False once its partitions are to go."""
        self._came_round()
        if self._consumer is not None:
            self._measure()
        return not self._leaving

    def _fail(self, error: Exception) -> None:
        log.error("aggregate stops", reason=str(error))
        self.failure = error
        if self._on_failure is not None:
            self._on_failure(error)

    # Rebalance: aiokafka takes all partitions away and then hands out the new ones

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._leave()
        async with self.tenure, self._turn:
            await self._finish()
            for partition in self.assigned:
                self._metrics.forget_partition(str(partition))
            self.assigned = {}
            self.tenures += 1
        self._leaving -= 1

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._metrics.count("chitieu_rebalances_total")
        async with self._turn:
            # Seeking happens in the loop, where failing is allowed; in here it would break the consumer.
            self.assigned = {tp.partition: -1 for tp in assigned}
            self._joined = self._stale = True

    async def _finish(self) -> None:
        """Write what was taken in, if ClickHouse takes it now: what comes back to us then need not be recalled."""
        try:
            await self._settle()
            if self._partitions.waiting:
                self._landing.take_off(await self._store.run(lambda _: self._partitions.flush()))
                await self._settle()
        except Exception:
            # Whoever gets the partitions reads it again, and decides the same.
            self._partitions.forget()

    def _leave(self) -> None:
        """What was begun with the partitions held comes to its end soon, so that it can be our turn."""
        self._leaving += 1
        if self._reading is not None and not self._reading.expired():
            self._reading.reschedule(asyncio.get_running_loop().time())

    @contextlib.asynccontextmanager
    async def _until_leaving(self, seconds: float | None = None) -> AsyncIterator[None]:
        """For reading: raises TimeoutError once the partitions held are to go, or after so many seconds.

        A read of the client's waits for a rebalance under way to be over, which waits for our turn to hand partitions
        back: nobody would ever get out of it.
        """
        try:
            async with asyncio.timeout(0 if self._leaving else seconds) as self._reading:
                yield
        finally:
            self._reading = None

    async def _resume(self) -> None:
        """Go on where the figures stand. What stands there in memory already stays."""
        assert self._consumer is not None
        await self._landing.clear()
        held = [TopicPartition(self._topic, partition) for partition in sorted(self.assigned)]
        progress = await self._store.run(queries.read_progress)
        async with self._until_leaving():
            self.assigned = await resume(self._consumer, held, progress)
        stored = await self._store.run(lambda client: queries.read_groups(client, self.assigned))
        self._partitions.assign(self.assigned, stored)
        self._stale = False
        # Something may have become visible that a worker before us had no time to announce.
        for tp in held:
            await self._landing.say(tp.partition, self.assigned[tp.partition], reset=True)
        log.info("partitions resumed", positions=dict(self.assigned))

    # Reading and flushing

    async def _step(self) -> None:
        """Take in what there is to read, then flush if it is time; both while the flush before is being written."""
        # With records at hand, nothing below would let anybody else run.
        await self._landing.within(_PACE_SECONDS if self._paced else 0)
        async with self._turn:
            if self._consumer is None:
                return
            if self._stale:
                await self._resume()
            full = self._partitions.waiting >= self._settings.batch_records
            if not full:
                await self._take_in(await self._poll(self._consumer))
                self._paced = self._partitions.waiting > 0 and self._ahead() < self._settings.poll_records
            if full or self._landing.landed:
                await self._settle()
            if not self._landing.flying and (full or self._due()):
                self._flushed_at = time.monotonic()
                self._landing.take_off(await self._store.run(lambda _: self._partitions.flush()))
            self._measure()

    def _due(self) -> bool:
        since = time.monotonic() - self._flushed_at
        return due(self._partitions.waiting, self._ahead(), since, self._settings.flush_seconds)

    def _ahead(self) -> int:
        """Messages known to be in the log that were not taken yet."""
        assert self._consumer is not None
        ends = {p: self._consumer.highwater(TopicPartition(self._topic, p)) or 0 for p in self.assigned}
        return sum(max(end - self._partitions.positions[p], 0) for p, end in ends.items())

    async def _poll(self, consumer: AIOKafkaConsumer) -> "list[ConsumerRecord[bytes, bytes]]":
        """Some records. Polled without partitions too: it is polling that joins the group again after being put out."""
        patience = _BUSY_MS if self._partitions.waiting or self._landing.flying else _IDLE_MS
        most = min(self._settings.batch_records - self._partitions.waiting, self._settings.poll_records)
        try:
            # Once partitions are handed back, a rebalance lasts until the slowest worker has done so: we are alive.
            async with self._until_leaving(_PATIENCE_SECONDS):
                found = await consumer.getmany(timeout_ms=patience, max_records=most)
        except TimeoutError:
            return []
        # Of partitions that are being handed to us, the client reads from anywhere until we have said from where.
        return [record for tp, one in found.items() if self.assigned.get(tp.partition, -1) >= 0 for record in one]

    async def _settle(self) -> None:
        """What a landed flush means here: its groups may leave memory, and the lag is counted from it."""
        flush = await self._landing.settle()
        if flush is not None:
            self._partitions.flushed(flush)
            self.assigned.update(flush.positions)

    async def _take_in(self, records: Sequence["ConsumerRecord[bytes, bytes]"]) -> None:
        """Read, check and decide some records; what cannot be folded becomes a dead letter.

        An event validated under a release that this worker has not read yet waits for it; one that names a release
        which is not in the registry at all is not from us.
        """
        if not records:
            return
        taken = read(records)
        check(taken, await release_for(self._registry, taken))
        # Before the progress moves past them: a dead letter may be written twice, never not at all.
        await bury(self._producer, self._settings.generation, [one for one in taken if one.event is None])
        # In three turns: together they would hold the event loop for three times as long.
        await asyncio.sleep(0)
        batch = self._partitions.sort_out(taken)
        if batch.absent:
            await self._store.run(lambda client: self._recall(client, batch.absent))
        self._partitions.take(batch)
        await asyncio.sleep(0)
        self._partitions.work_off(self._settings.poll_records)
        self._known_at.update({partition: known_ms / 1000 for partition, known_ms in batch.newest.items()})

    def _recall(self, client: Any, absent: Sequence[queries.GroupKey]) -> None:
        stored = queries.stored_messages(client, absent, self._partitions.positions)
        self._partitions.recall(absent, stored)

    @Service.task
    async def _commit_regularly(self) -> None:
        while not self.should_stop:
            await self.sleep(_COMMIT_SECONDS)
            await self._commit()

    async def _commit(self) -> None:
        """For other tools' view of the lag only: a later one commits further anyway."""
        fresh = {p: at for p, at in self.assigned.items() if at >= 0 and self._committed.get(p) != at}
        if self._consumer is None or not fresh:
            return
        # Left to itself, the client looks for a broker that is gone for as long as it takes.
        with contextlib.suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._consumer.commit({TopicPartition(self._topic, p): at for p, at in fresh.items()})
            self._committed.update(fresh)

    def _measure(self) -> None:
        assert self._consumer is not None
        if time.monotonic() < self._measured_at + _MEASURE_SECONDS:
            return
        self._measured_at = time.monotonic()
        now = time.time()
        for partition, position in self.assigned.items():
            lag = max((self._consumer.highwater(TopicPartition(self._topic, partition)) or 0) - position, 0)
            age = now - self._known_at.get(partition, now) if lag else 0
            self._metrics.set("chitieu_lag_records", lag, partition=str(partition))
            self._metrics.set("chitieu_lag_seconds", max(age, 0), partition=str(partition))
            if not lag or self._measured.get(partition) != position:
                self._metrics.set("chitieu_progress_timestamp_seconds", now, partition=str(partition))
            self._measured[partition] = position
        self._metrics.set("chitieu_groups", len(self._partitions))
