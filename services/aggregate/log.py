"""The log read beside the fold: by whoever works everything out again, or holds what is stored against it.

Delivery: every record from a position to an end, in order within its partition; nothing is committed anywhere.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import ConsumerRecord
from clickhouse_connect.driver.client import Client

from chitieu.adapters.clickhouse.store import Store
from chitieu.adapters.kafka import consumer, publish, read_to_end
from chitieu.adapters.registry import RegistryReader
from chitieu.contracts import topics
from chitieu.contracts.events import DeadLetter, decode_dead_letter, encode
from chitieu.domain.registry import Release
from services.aggregate.intake import Read, newest_release, read

_FETCH_BYTES = 4 * 1024 * 1024
_POLL_MS = 200


class Log:
    """The log of a generation. `first` says where each partition begins; `ends` asks anew each time."""

    def __init__(self, bootstrap: str, generation: int, reader: AIOKafkaConsumer, first: Mapping[int, int]) -> None:
        self.generation = generation
        self.first = first
        self._bootstrap = bootstrap
        self._reader = reader

    @property
    def partitions(self) -> Sequence[int]:
        return sorted(self.first)

    async def ends(self) -> dict[int, int]:
        """Partition -> the position its next record will get."""
        found = await self._reader.end_offsets([self._at(partition) for partition in self.partitions])
        return {at.partition: end for at, end in found.items()}

    async def batches(
        self, begins: Mapping[int, int], ends: Mapping[int, int], store: Store, size: int
    ) -> AsyncGenerator[list[Read], None]:
        """Records from `begins` up to `ends`, up to `size` at a time, decoded in a thread of `store`."""
        left = {self._at(partition) for partition, end in ends.items() if begins[partition] < end}
        if not left:
            return
        # One for each range: aiokafka may never come to an end if it is stopped soon after its assignment changed.
        reader = consumer(self._bootstrap, max_partition_fetch_bytes=_FETCH_BYTES)
        await reader.start()
        try:
            reader.assign(sorted(left))
            for at in left:
                reader.seek(at, begins[at.partition])
            while left:
                found = await reader.getmany(*sorted(left), timeout_ms=_POLL_MS, max_records=size)
                # The end may hold no record (a producer's marker): the position says whether all was read.
                left = {at for at in left if await reader.position(at) < ends[at.partition]}
                records = [one for some in found.values() for one in some if one.offset < ends[one.partition]]
                if records:
                    yield await store.run(partial(_decoded, records))
        finally:
            await reader.stop()

    def _at(self, partition: int) -> TopicPartition:
        return TopicPartition(topics.reports(self.generation), partition)


def _decoded(records: "Sequence[ConsumerRecord[bytes, bytes]]", _: Client) -> list[Read]:
    return read(records)


@asynccontextmanager
async def opened(bootstrap: str, generation: int) -> AsyncIterator[Log]:
    """The log of a generation, open for reading."""
    reader = consumer(bootstrap, topics.reports(generation))
    await reader.start()
    try:
        first = await reader.beginning_offsets(sorted(reader.assignment()))
        yield Log(bootstrap, generation, reader, {at.partition: position for at, position in first.items()})
    finally:
        await reader.stop()


async def release_for(registry: RegistryReader, taken: Sequence[Read]) -> Release:
    """The programmes in force, once they are at least those that every event was validated with.

    An event that names a release which is not in the registry at all is not from us, and is not waited for.
    """
    named = newest_release(taken)
    if named > registry.release.number:
        return await registry.wait_for(min(named, await registry.end() - 1))
    return registry.release


async def bury(producer: AIOKafkaProducer, generation: int, dead: Iterable[Read]) -> None:
    """Keep what cannot be read, each with its reason; returns once all of it is kept."""
    letters = [DeadLetter(generation, one.partition, one.position, one.reason, one.payload) for one in dead]
    # Together: whoever sends nonsense sends much of it, and a round trip for each would hold up the partition.
    await asyncio.gather(
        *(publish(producer, topics.DEAD, encode(letter), partition=letter.partition) for letter in letters)
    )


async def dead_letters(bootstrap: str, generation: int) -> dict[tuple[int, int], DeadLetter]:
    """Letters about a log, by partition and position; a crash may have written one twice."""
    reader = consumer(bootstrap, topics.DEAD)
    await reader.start()
    try:
        letters = [decode_dead_letter(record.value) async for record in read_to_end(reader)]
    finally:
        await reader.stop()
    return {(one.partition, one.position): one for one in letters if one.generation == generation}
