"""Dead letters sent again, once they can be read: as new messages at the end of the log. What is past stays."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.structs import ConsumerRecord

from chitieu.adapters import kafka
from chitieu.adapters.clickhouse.store import Store, database_name
from chitieu.adapters.registry import RegistryReader
from chitieu.contracts import topics
from chitieu.contracts.events import DeadLetter, Event, decode_event, encode_event
from chitieu.domain.rollup import MessageKind
from services.aggregate import log
from services.aggregate.intake import Read, check, read
from services.aggregate.maintenance_queries import read_revision
from services.aggregate.settings import AggregateSettings

Say = Callable[[str], None]
Place = tuple[int, int]  # partition, position


@dataclass(slots=True)
class Replayed:
    """How many letters were sent again, and how many still cannot be read."""

    sent: int = 0
    unreadable: int = 0

    def __str__(self) -> str:
        return f"sent again: {self.sent}, still unreadable: {self.unreadable}"


async def replay(
    settings: AggregateSettings, programmes: RegistryReader, places: Collection[Place] | None, say: Say
) -> Replayed:
    """Send letters again, those at some places of the log or (None) all.

    Each says which revision of its report it was about to replace, so that the fold takes it for a conflict if a newer
    one was accepted since. Sent twice, it is a duplicate. Places without a letter are passed over, and said.
    """
    letters = await log.dead_letters(settings.kafka_bootstrap, settings.generation)
    for partition, position in sorted(set(places or ()) - letters.keys()):
        say(f"{partition}:{position}: no dead letter")
    chosen = [letters[place] for place in sorted(letters) if places is None or place in places]
    outcome = Replayed()
    database = database_name(settings.generation, programmes.edition(settings.generation))
    store = Store(settings.clickhouse_dsn, database, threads=1)
    producer = kafka.producer(settings.kafka_bootstrap)
    await producer.start()
    try:
        for letter in chosen:
            said = await _replayed(letter, programmes, store, producer, outcome)
            say(f"{letter.partition}:{letter.position}: {said}")
    finally:
        await producer.stop()
        await store.close()
    return outcome


async def _replayed(
    letter: DeadLetter, programmes: RegistryReader, store: Store, producer: AIOKafkaProducer, outcome: Replayed
) -> str:
    """Send one again if it can be read; what came of it, in words."""
    one = _as_if_read(letter)
    if one.event is not None:
        check([one], await log.release_for(programmes, [one]))
    if one.event is None:
        outcome.unreadable += 1
        return f"still cannot be read ({one.reason})"
    event = one.event
    if event.replaces is None and event.kind != MessageKind.MOVE:
        place = (letter.partition, letter.position)
        revision = await store.run(lambda client: read_revision(client, place, event.form, event.period, event.unit))
        event = msgspec.structs.replace(event, replaces=revision)
    topic, key = topics.reports(letter.generation), event.unit.encode()
    said = await kafka.publish(producer, topic, encode_event(event), key=key)
    outcome.sent += 1
    replacing = "" if event.replaces is None else f", to replace revision {event.replaces}"
    return f"sent again as {said.partition}:{said.offset}{replacing}"


def _as_if_read(letter: DeadLetter) -> Read:
    """The letter as a record of the log under the key that it should have had."""
    key = _unit(letter.payload).encode()
    sizes = {"serialized_key_size": len(key), "serialized_value_size": len(letter.payload)}
    record = ConsumerRecord(
        topic=topics.reports(letter.generation),
        partition=letter.partition,
        offset=letter.position,
        timestamp=0,
        timestamp_type=0,
        key=key,
        value=letter.payload,
        checksum=None,
        headers=(),
        **sizes,
    )
    return read([record])[0]


def _unit(payload: bytes) -> str:
    try:
        event: Event = decode_event(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return event.unit
