"""The topics: names, keys, how long they keep, and who may create them (only `chitieu migrate`)."""

from dataclasses import dataclass

REGISTRY = "registry"
CHANGES = "changes"
STATES = "states"
DEAD = "reports.dead"
TASKS = "tasks"

_FOR_EVER = {"retention.ms": "-1", "retention.bytes": "-1"}


def reports(generation: int) -> str:
    """The log of a generation; its partition count belongs to it for life."""
    return f"reports-{generation}"


@dataclass(frozen=True, slots=True)
class Topic:
    name: str
    partitions: int
    config: dict[str, str]


def declared(generation: int, partitions: int) -> tuple[Topic, ...]:
    """What must exist. `message.timestamp.type=LogAppendTime` makes known_at the broker's clock, not the sender's."""
    return (
        Topic(reports(generation), partitions, {**_FOR_EVER, "message.timestamp.type": "LogAppendTime"}),
        Topic(DEAD, partitions, dict(_FOR_EVER)),
        Topic(REGISTRY, 1, {**_FOR_EVER, "message.timestamp.type": "LogAppendTime"}),
        Topic(TASKS, 1, {**_FOR_EVER, "message.timestamp.type": "LogAppendTime"}),
        Topic(CHANGES, 1, {"retention.ms": str(7 * 24 * 3600 * 1000), "retention.bytes": str(4 * 2**30)}),
        Topic(STATES, 1, {"cleanup.policy": "compact"}),
    )
