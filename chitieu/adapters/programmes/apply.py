"""Putting programmes into force: what would change, and then the change, on the registry topic."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from aiokafka import AIOKafkaProducer

from chitieu.adapters import kafka, registry
from chitieu.adapters.programmes.difference import difference, violations
from chitieu.adapters.programmes.directory import Programmes
from chitieu.adapters.programmes.moves import Move, moves
from chitieu.adapters.programmes.release import build_release, objects, with_older_forms
from chitieu.contracts import topics
from chitieu.contracts.events import Event, encode_event
from chitieu.domain.registry import Release
from chitieu.domain.rollup import MessageKind

_NOBODY = bytes(16)


class RefusedRelease(Exception):
    """The new programmes contradict what is in force; the message lists how."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`release` is the number in force afterwards; `changes` are sentences, empty if there was nothing to do."""

    release: int
    changes: list[str]
    moved: int


async def apply(bootstrap: str, generation: int, programmes: Programmes, today: date) -> Outcome:
    """Publish checked programmes; running services follow. Raises RefusedRelease before anything is written.

    Safe to repeat: an apply that was cut short is finished by the next one.
    """
    known = await registry.snapshot(bootstrap)
    new = build_release(0, programmes)
    if known.release is not None and (broken := violations(known.release, new)):
        raise RefusedRelease("\n".join(broken))
    producer = kafka.producer(bootstrap)
    await producer.start()
    try:
        moved = 0
        if known.release is not None and not known.moves_published:
            moved += await _tell_moves(producer, generation, known.build_before(), known.release, today)
        changes = difference(known.release, new)
        if not changes and known.release is not None:
            return Outcome(known.release.number, [], moved)
        named = with_older_forms(objects(programmes), [known.objects[key] for key in known.named])
        number = await registry.publish_release(producer, known.objects, named)
        if known.release is not None:
            in_force = build_release(number, programmes)
            moved += await _tell_moves(producer, generation, known.release, in_force, today)
        return Outcome(number, changes, moved)
    finally:
        await producer.stop()


async def _tell_moves(producer: AIOKafkaProducer, generation: int, old: Release, new: Release, today: date) -> int:
    """Tell the log about every report whose unit stands elsewhere now; then write down that it was told."""
    told = moves(old, new, today)
    for event in _events(told, new.number):
        await kafka.publish(producer, topics.reports(generation), encode_event(event), key=event.unit.encode())
    await registry.publish_moves_done(producer, new.number)
    return len(told)


def _events(told: Iterable[Move], release: int) -> Iterable[Event]:
    for move in told:
        yield Event(
            kind=MessageKind.MOVE,
            form=move.form,
            form_version=0,
            period=str(move.period),
            unit=move.unit_id,
            release=release,
            path=move.path,
            submission=_NOBODY,
            content=_NOBODY,
            author="registry",
        )
