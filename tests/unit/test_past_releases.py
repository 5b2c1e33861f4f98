"""Definitions of a moment: the release that was in force then, made again when asked for."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from chitieu.adapters.past_releases import PastReleases
from chitieu.domain.registry import Release
from tests.unit.small_release import RELEASE

START = datetime(2024, 1, 1, tzinfo=UTC)
CURRENT = replace(RELEASE, number=40)


def after(hours: int) -> datetime:
    return START + timedelta(hours=hours)


class Builder:
    """Makes releases, and remembers which."""

    def __init__(self) -> None:
        self.built: list[int] = []

    def __call__(self, number: int, objects: Sequence[str]) -> Release:
        self.built.append(number)
        if "broken" in objects:
            raise ValueError("cannot be understood")
        return replace(RELEASE, number=number)


def past(builder: Builder) -> PastReleases[str]:
    """One an hour: 10, 20 (broken), 30, 40."""
    one = PastReleases(builder)
    for hour, (number, objects) in enumerate(((10, ["a"]), (20, ["broken"]), (30, ["b"]), (40, ["c"]))):
        one.add(number, after(hour), objects)
    return one


def number_at(one: PastReleases[str], instant: datetime) -> int | None:
    found = asyncio.run(one.at(instant, CURRENT))
    return None if found is None else found.number


def test_a_release_is_in_force_from_the_moment_the_broker_had_it() -> None:
    one = past(Builder())
    assert number_at(one, START - timedelta(milliseconds=1)) is None
    assert [number_at(one, after(hour)) for hour in (0, 2)] == [10, 30]
    assert number_at(one, after(3) - timedelta(milliseconds=1)) == 30


def test_the_one_in_force_is_not_made_again() -> None:
    builder = Builder()
    assert asyncio.run(past(builder).at(after(99), CURRENT)) is CURRENT
    assert builder.built == []


def test_one_that_cannot_be_understood_never_was_in_force() -> None:
    builder = Builder()
    one = past(builder)
    assert [number_at(one, after(1)) for _ in range(2)] == [10, 10]
    assert builder.built == [20, 10]


def test_those_asked_for_lately_are_kept_and_no_more() -> None:
    builder = Builder()
    one = PastReleases[str](builder)
    for number in range(6):
        one.add(number, after(number), [])
    for hour in (0, 1, 2, 3, 0, 4, 0, 1):
        number_at(one, after(hour))
    assert builder.built == [0, 1, 2, 3, 4, 1]


def test_a_topic_that_is_read_again_says_nothing_new() -> None:
    one = past(Builder())
    one.add(10, after(5), ["a"])
    assert one.since == START
    assert number_at(one, after(9)) == 40
