"""Kafka as this system uses it: acks from all replicas, idempotent producers, topics made only by us."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import ConsumerRecord, RecordMetadata

from chitieu.contracts.topics import Topic
from chitieu.domain.errors import Unavailable

# Whatever the broker, or the way to it, came to.
BrokerError = KafkaError

# How long a record may wait for its acknowledgement before the sender is told to come again.
DELIVERY_MS = 10_000


def producer(bootstrap: str) -> AIOKafkaProducer:
    """aiokafka's own defaults are acks=1 without idempotence: an acknowledged record could be lost or doubled."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        # The client has one request a broker under way: what comes meanwhile travels together in the next. Lingering
        # would split it by partition, each with a wait of its own.
        linger_ms=0,
        max_batch_size=256 * 1024,
        request_timeout_ms=DELIVERY_MS,
        retry_backoff_ms=100,
    )


Record = tuple[bytes, bytes]
"""A key and a value."""


@dataclass(slots=True)
class Batch:
    """Records of one partition that travel together: which of many they are, and the bytes of their keys and values.

    `queued` once the client has taken them.
    """

    builder: BatchBuilder
    members: list[int] = field(default_factory=list)
    size: int = 0
    queued: bool = False


def batches(to: AIOKafkaProducer, partitions: Sequence[int], records: Iterable[Record]) -> dict[int, list[Batch]]:
    """Records in full batches by partition, in their order: a send for each costs ten times as much.

    The partition is that of Kafka's default partitioner, by key. `partitions` are all of the topic's, in their order.
    """
    made: dict[int, list[Batch]] = {}
    for at, (key, value) in enumerate(records):
        of_one = made.setdefault(partitions[_place(key, len(partitions))], [])
        if not of_one or of_one[-1].builder.append(timestamp=None, key=key, value=value) is None:
            # An empty batch takes a record of any size.
            of_one.append(Batch(to.create_batch()))
            of_one[-1].builder.append(timestamp=None, key=key, value=value)
        of_one[-1].members.append(at)
        of_one[-1].size += len(key) + len(value)
    for of_one in made.values():
        for batch in of_one:
            batch.builder.close()
    return made


@lru_cache(2**15)
def _place(key: bytes, partitions: int) -> int:
    """The hash is pure Python, and units report again and again."""
    return int(DefaultPartitioner()(key, range(partitions), ()))


async def publish(
    to: AIOKafkaProducer, topic: str, value: bytes, *, key: bytes | None = None, partition: int | None = None
) -> RecordMetadata:
    """Returns once the broker has acknowledged; raises Unavailable if it has not in time.

    After Unavailable the record may still have been written: the sender must send the same again.
    """
    try:
        async with asyncio.timeout(DELIVERY_MS / 1000):
            return await to.send_and_wait(topic, value, key=key, partition=partition)
    except (KafkaError, TimeoutError) as error:
        raise Unavailable.of("unavailable", detail="Kafka") from error


def consumer(bootstrap: str, *topics: str, group: str | None = None, **options: object) -> AIOKafkaConsumer:
    """Positions are ours: nothing is committed by itself."""
    settings: dict[str, object] = {
        "bootstrap_servers": bootstrap,
        "group_id": group,
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        **options,
    }
    return AIOKafkaConsumer(*topics, **settings)


async def create_topics(bootstrap: str, topics: Iterable[Topic], replication: int) -> list[str]:
    """Create what is missing; returns the names created. An existing topic is left as it is."""
    created = []
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        for topic in topics:
            new = NewTopic(topic.name, topic.partitions, replication, topic_configs=topic.config)
            answer = await admin.create_topics([new])
            for _, code, *detail in answer.topic_errors:
                error = for_code(code)
                if code and error is not TopicAlreadyExistsError:
                    raise error(f"{topic.name}: {detail}")
                if not code:
                    created.append(topic.name)
    finally:
        await admin.close()
    return created


async def members(bootstrap: str, group: str) -> list[str]:
    """Who is in a consumer group now: member ids with their hosts.

    An id begins with the member's own name, if it was given one; such a member stays until its session has run out.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        found = []
        for answer in await admin.describe_consumer_groups([group]):
            for code, _, _, _, _, there, *_ in answer.groups:
                if code:
                    raise for_code(code)(group)
                found += [f"{member} at {host.lstrip('/')}" for member, _, host, *_ in there]
        return sorted(found)
    finally:
        await admin.close()


async def read_to_end(reader: AIOKafkaConsumer) -> AsyncIterator[ConsumerRecord]:
    """Every record of what a consumer without a group reads, from where it stands to the end as of now.

    In order within each partition, one partition after the other.
    """
    for at, end in (await reader.end_offsets(sorted(reader.assignment()))).items():
        while await reader.position(at) < end:
            for records in (await reader.getmany(at, timeout_ms=500)).values():
                for record in records:
                    yield record
