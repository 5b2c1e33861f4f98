"""The loop between Kafka and ClickHouse: read a batch, fold it, write it, say so, move on.

Progress lives with the figures: on assignment the consumer seeks to the position stored beside the cells. Kafka's own
commit only shows lag to other tools. Nothing is acknowledged to anybody before it is in ClickHouse.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord
from mode import Service

from chitieu.adapters.clickhouse.store import Store
from chitieu.adapters.kafka import consumer, publish
from chitieu.adapters.log import logger
from chitieu.adapters.metrics import Metrics
from chitieu.adapters.registry import RegistryReader
from chitieu.contracts import topics
from chitieu.contracts.events import DeadLetter, encode
from chitieu.domain.errors import Corruption
from services.aggregate import queries
from services.aggregate.fold import Flush, Fold
from services.aggregate.intake import Read, check, read
from services.aggregate.landing import RETRY_SECONDS, Landing
from services.aggregate.settings import AggregateSettings

log = logger(__name__)

# How long a poll waits: for the first message, and for those that a fetch on its way may bring.
_IDLE_MS, _FETCH_MS = 200, 5
_GATHER_SECONDS = 0.02
_MANY = 1_000
# The loop comes round several times a second, retries included; silence this long means that it hangs.
HANGS_AFTER_SECONDS = 60.0


class WrongLog(Exception):
    """The log is not the one the stored figures come from. Going on would make wrong figures of right ones."""


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
        self._fold = Fold(self._load_groups, settings.max_groups)
        self._turn = asyncio.Lock()
        self._landing = Landing(settings.generation, store, producer, metrics, self._commit, self._retrying)
        self._stale = False
        # Revocations and the stop that wait for their turn: a flush that fails then is not tried again.
        self._leaving = 0
        self._joined = False
        self._consumer: AIOKafkaConsumer | None = None
        self._client: Any = None
        self._not_before = 0.0
        self._known_at: dict[int, float] = {}
        self._measured: dict[int, int] = {}
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
            max_partition_fetch_bytes=4 * 1024 * 1024,
            session_timeout_ms=10_000,
            heartbeat_interval_ms=2_000,
            max_poll_interval_ms=300_000,
        )
        self._consumer.subscribe([self._topic], listener=self)
        await self._consumer.start()

    async def on_stop(self) -> None:
        """Finish the flush in flight, then leave the group so that others take over at once."""
        self._leaving += 1
        async with self._turn:
            await self._landing.clear()
            if self._consumer is not None:
                await self._consumer.stop()
                self._consumer = None

    @Service.task
    async def _run(self) -> None:
        while not self.should_stop and self.failure is None:
            try:
                await self._step()
                self._came_round()
            except (WrongLog, Corruption) as error:
                self._fail(error)
            except Exception:
                log.warning("fold interrupted; reading again from the stored progress", exc_info=True)
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
        self._leaving += 1
        async with self._turn:
            await self._landing.clear()
            for partition in self.assigned:
                self._metrics.forget_partition(str(partition))
            self.assigned = {}
            self._fold.assign({})
        self._leaving -= 1

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._metrics.count("chitieu_rebalances_total")
        async with self._turn:
            # Seeking happens in the loop, where failing is allowed; in here it would break the consumer.
            self.assigned = {tp.partition: -1 for tp in assigned}
            self._joined = self._stale = True

    async def _resume(self) -> None:
        """Seek every partition to the progress stored with the figures."""
        assert self._consumer is not None
        await self._landing.clear()
        held = [TopicPartition(self._topic, partition) for partition in sorted(self.assigned)]
        stored = await self._store.run(queries.read_progress)
        first = await self._consumer.beginning_offsets(held)
        end = await self._consumer.end_offsets(held)
        for tp in held:
            position = stored.get(tp.partition, 0)
            if not first[tp] <= position <= end[tp]:
                raise WrongLog(
                    f"{self._topic}/{tp.partition} holds positions {first[tp]} to {end[tp]}, but the figures stand at"
                    f" {position}: not the log these figures come from. Restore it, or rebuild the figures from it."
                )
            self._consumer.seek(tp, position)
            self.assigned[tp.partition] = position
        self._fold.assign(self.assigned)
        self._stale = False
        # Something may have become visible that a worker before us had no time to announce.
        for tp in held:
            await self._landing.say(tp.partition, self.assigned[tp.partition], reset=True)
        log.info("partitions resumed", positions=dict(self.assigned))

    # One batch

    async def _step(self) -> None:
        await asyncio.sleep(max(self._not_before - time.monotonic(), 0))
        async with self._turn:
            if self._consumer is None:
                return
            if self._stale:
                await self._resume()
            batch = await self._gather(self._consumer)
            if batch:
                started = time.monotonic()
                flush = await self._fold_batch(batch)
                # The flush before this one was on its way meanwhile; their order is the log's.
                await self._settle()
                self._landing.take_off(flush)
                # Idle: at once. Steady: a flush each interval. Behind (a full batch): no pause at all.
                full = len(batch) >= self._settings.batch_records
                self._not_before = 0.0 if full else started + self._settings.flush_seconds
            elif self._landing.landed:
                await self._settle()
            self._measure()

    async def _gather(self, consumer: AIOKafkaConsumer) -> "list[ConsumerRecord[bytes, bytes]]":
        """What there is to read. One poll hands out only what was fetched before it; the next, what arrived since.

        Polled without partitions too: it is polling that joins the group again after being put out of it.
        """
        batch: list[ConsumerRecord[bytes, bytes]] = []
        room, patience_ms, until = self._settings.batch_records, _IDLE_MS, time.monotonic() + _GATHER_SECONDS
        while room > len(batch):
            found = await consumer.getmany(timeout_ms=patience_ms, max_records=room - len(batch))
            polled = [record for one in found.values() for record in one]
            batch += polled
            # Behind: until the batch is full. Abreast: until nothing more comes, or it has been long enough.
            if not polled or (len(polled) < _MANY and time.monotonic() > until):
                break
            if patience_ms == _IDLE_MS:
                patience_ms, until = _FETCH_MS, time.monotonic() + _GATHER_SECONDS
        return batch

    async def _settle(self) -> None:
        """What a landed flush means here: its groups may leave memory, and the lag is counted from it."""
        flush = await self._landing.settle()
        if flush is not None:
            self._fold.flushed(flush)
            self.assigned.update(flush.positions)

    async def _fold_batch(self, batch: Sequence["ConsumerRecord[bytes, bytes]"]) -> Flush:
        taken = await self._store.run(lambda _: [read(record) for record in batch])
        await self._check(taken)
        # Before the progress moves past them: a dead letter may be written twice, never not at all.
        for one in taken:
            if one.event is None:
                await self._bury(one)
        self._known_at.update({one.partition: one.known_ms / 1000 for one in taken})
        return await self._store.run(lambda client: self._folded(client, taken))

    async def _check(self, taken: Sequence[Read]) -> None:
        """Events held against the programmes in force, which are at least those they were validated with.

        An event validated under a release that this worker has not read yet waits for it; one that names a release
        which is not in the registry at all is not from us.
        """
        here = self._registry.release.number
        beyond = {one.event.release for one in taken if one.event is not None and one.event.release > here}
        if beyond:
            end = await self._registry.end()
            await self._registry.wait_for(max((number for number in beyond if number < end), default=0))
        release = self._registry.release
        await self._store.run(lambda _: check(taken, release))

    def _folded(self, client: Any, taken: Sequence[Read]) -> Flush:
        self._client = client
        try:
            return self._fold.fold(taken)
        finally:
            self._client = None

    def _load_groups(self, keys: Sequence[queries.GroupKey], positions: Mapping[int, int]) -> Any:
        return queries.load_groups(self._client, keys, positions)

    async def _commit(self, positions: dict[int, int]) -> None:
        """For other tools' view of the lag only; the next flush commits further anyway."""
        if self._consumer is not None:
            with contextlib.suppress(KafkaError):
                await self._consumer.commit({TopicPartition(self._topic, p): at for p, at in positions.items()})

    async def _bury(self, one: Read) -> None:
        letter = DeadLetter(self._settings.generation, one.partition, one.position, one.reason, one.payload)
        await publish(self._producer, topics.DEAD, encode(letter), partition=one.partition)
        self._metrics.count("chitieu_dead_letters_total", reason=one.reason)

    def _measure(self) -> None:
        assert self._consumer is not None
        now = time.time()
        for partition, position in self.assigned.items():
            lag = max((self._consumer.highwater(TopicPartition(self._topic, partition)) or 0) - position, 0)
            age = now - self._known_at.get(partition, now) if lag else 0
            self._metrics.set("chitieu_lag_records", lag, partition=str(partition))
            self._metrics.set("chitieu_lag_seconds", max(age, 0), partition=str(partition))
            if not lag or self._measured.get(partition) != position:
                self._metrics.set("chitieu_progress_timestamp_seconds", now, partition=str(partition))
            self._measured[partition] = position
        self._metrics.set("chitieu_groups", len(self._fold))
