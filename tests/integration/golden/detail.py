"""What is told of a target beside its figure and its state, as golden tests write it down."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.integration.golden.answered import Answer


@dataclass(frozen=True, slots=True)
class Detail:
    """`needed`: how many more the numerator needs (fewer if negative); `spare`: how many it can lose, or take on.

    `low` and `high`: what the value may still become, exact, and `certain` what holds whatever the rest reports.
    `corrected`: how often since the figure was final, the code of the unit that was last, and the reason it gave.
    """

    needed: int | None
    spare: int | None
    low: str | None
    high: str | None
    certain: str | None
    counts: str | None = "person"
    corrected: tuple[int, str, str] | None = None


def final(needed: int, spare: int, value: str, certain: str, **more: object) -> Detail:
    """All have reported: the value can become nothing else."""
    return Detail(needed, spare, value, value, certain, **more)  # type: ignore[arg-type]


# Nobody has said anything.
NOTHING = Detail(None, None, None, None, None, None)


@dataclass(frozen=True, slots=True)
class Detailed:
    """The details of a plan's targets in an area and period, on a day; `at` is empty where there is one day only."""

    plan: str
    area: str
    period: str
    targets: Mapping[str, Detail]
    at: str = ""

    def __str__(self) -> str:
        return "-".join(filter(None, (self.at, self.plan, self.area, self.period)))


def details(answer: Answer) -> dict[str, Detail]:
    return {one["target"]: _detail(one) for one in answer["targets"]}


def _detail(one: Answer) -> Detail:
    gap, span, corrected = one["gap"], one["range"], one["corrected"]
    return Detail(
        needed=gap and gap["needed"]["value"],
        spare=gap and gap["spare"]["value"],
        low=span and span["low"],
        high=span and span["high"],
        certain=one["certain"],
        counts=gap and gap["counts"],
        corrected=corrected and (corrected["revisions"], corrected["unit"]["code"], corrected["reason"]),
    )
