"""Where to go on reading after an assignment: at the progress stored with the figures, if they come from this log."""

from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaTimeoutError

from chitieu.contracts.rows import Progress

_READ_MS = 10_000


class WrongLog(Exception):
    """The log is not the one the stored figures come from. Going on would make wrong figures of right ones."""


async def resume(
    consumer: AIOKafkaConsumer, held: Sequence[TopicPartition], stored: Mapping[int, Progress]
) -> dict[int, int]:
    """Seek every partition held to the position to read next; returns the positions by partition.

    A log is told by its ends, and by when the broker appended the last message that was folded: an older copy of
    the log that has grown past the figures since has another one there. Raises WrongLog.
    """
    first = await consumer.beginning_offsets(held)
    end = await consumer.end_offsets(held)
    positions = {}
    for tp in held:
        at = stored.get(tp.partition)
        position = 0 if at is None else at.version
        if not first[tp] <= position <= end[tp]:
            raise WrongLog(
                f"{tp.topic}/{tp.partition} holds positions {first[tp]} to {end[tp]}, but the figures stand at"
                f" {position}: not the log these figures come from. Restore it, or rebuild the figures from it."
            )
        if at is not None and position > first[tp]:
            await _recognise(consumer, tp, at)
        consumer.seek(tp, position)
        positions[tp.partition] = position
    return positions


async def _recognise(consumer: AIOKafkaConsumer, tp: TopicPartition, at: Progress) -> None:
    consumer.seek(tp, at.version - 1)
    found = (await consumer.getmany(tp, timeout_ms=_READ_MS, max_records=1)).get(tp)
    if not found:
        raise KafkaTimeoutError(f"{tp.topic}/{tp.partition}: position {at.version - 1} could not be read in time")
    if (found[0].offset, found[0].timestamp) != (at.version - 1, at.known_ms):
        raise WrongLog(
            f"{tp.topic}/{tp.partition} has another message at position {at.version - 1} than the one that was folded"
            ": not the log these figures come from. Restore it, or rebuild the figures from it."
        )
