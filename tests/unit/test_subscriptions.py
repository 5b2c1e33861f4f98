"""Who hears of which change: by a slow obvious rule, and never waiting for whoever is slow."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from chitieu.contracts.events import Announcement, Change, Moved, Reminder, Step, Stood, Transition, pack
from chitieu.domain.disclosure import Caller, disclose
from chitieu.domain.errors import Unavailable
from chitieu.domain.inquiry import Inquiry
from chitieu.domain.rollup import Decision
from chitieu.domain.unit import Unit, UnitTree
from services.api.subscriptions import Kind, Subscription, Subscriptions, Wanted
from services.api.surroundings import Surroundings
from tests.unit.small_release import COMMUNE, DISTRICT, NATION, PLAN, PROVINCE, RELEASE, TREE

INQUIRY = Inquiry(RELEASE)
SURROUNDINGS = Surroundings(INQUIRY)
LATER = date(2030, 1, 1)
NEW_COMMUNE, OTHER_PROVINCE = "00001@2025-07-01", "30@2008-08-01"
AREAS = sorted(TREE.units)
TRANSITION = Transition(1, PLAN.id, "informed", DISTRICT, "2024", "at_risk", "met", "met")
REMINDER = Reminder(1, PLAN.id, "year", "xa", "2024", PROVINCE, "due", "2024-12-25", 2, 3)


def change(*changed: tuple[str, str, list[str]], reset: bool = False) -> Change:
    return Change(1, 2, 318, 0.0, [*changed], reset=reset)


def event(bytes_: bytes) -> dict[str, Any]:
    """The one event that some bytes are: its id, its name, its data."""
    assert bytes_.endswith(b"\n\n")
    lines = dict(line.split(": ", 1) for line in bytes_.decode().strip().split("\n"))
    return {"id": int(lines["id"]), "event": lines["event"], "data": json.loads(lines["data"])}


def told(said: Announcement, wanted: Wanted, others: tuple[Wanted, ...] = ()) -> list[dict[str, Any]]:
    """What a reader gets of one announcement, beside others."""
    subscriptions = Subscriptions(lambda: SURROUNDINGS, 100)
    mine = subscriptions.add(wanted, 6)
    for one in others:
        subscriptions.add(one, 6)
    subscriptions.hear(7, said)
    taken = asyncio.run(mine.take(0.001))
    return [event(taken)] if taken else []


def stands_below(area: str, holder: str) -> bool:
    """Slowly: is it the unit, on its path on a day on which something began or ended, or so of what it became?"""
    became = [one.successor for one in TREE.successions(TREE.units[area]) if one.successor]
    if any(stands_below(one, holder) for one in became):
        return True
    unit = TREE.units[area]
    days = {day for one in TREE.units.values() for day in (one.valid_from, one.valid_to or LATER) if unit.in_force(day)}
    return any(one.id == holder for day in days for one in TREE.path(unit, day))


_said = st.dictionaries(
    st.sampled_from(["xa", "huyen", "other"]), st.lists(st.sampled_from(AREAS), unique=True, min_size=1)
)


@given(
    _said,
    _said,
    st.sampled_from([None, *AREAS]),
    st.sampled_from([None, PLAN.id]),
    st.lists(st.sampled_from([None, *AREAS])),
)
def test_a_figure_event_names_what_changed_below_the_area_and_nothing_else(
    changed: dict[str, list[str]],
    revised: dict[str, list[str]],
    area: str | None,
    plan: str | None,
    others: list[str | None],
) -> None:
    totals, reports = ([(form, "2024", areas) for form, areas in some.items()] for some in (changed, revised))
    said = Change(1, 2, 318, 0.0, totals, revised=reports)
    expected = []
    for form in dict.fromkeys((*revised, *changed)):
        areas = dict.fromkeys((*revised.get(form, ()), *changed.get(form, ())))
        kept = [one for one in areas if area is None or stands_below(one, area)]
        if plan is not None:
            kept = [one for one in kept if form in ("xa", "huyen") and stands_below(one, PROVINCE)]
        if kept:
            expected.append({"form": form, "period": "2024", "areas": kept})
    found = told(said, Wanted(area, plan), tuple(Wanted(one) for one in others))
    data = {"partition": 2, "position": 318, "changed": expected}
    assert found == ([{"id": 7, "event": "figure", "data": data}] if expected else [])


def test_what_a_report_said_stays_in_the_services() -> None:
    said = pack([3]), b"\x01"
    step = Step(317, Decision.RETRACTED, 1, (NATION, COMMUNE), 1000, b"", b"", "the child's name")
    reports = [Moved("xa", "2024", COMMUNE, Stood((NATION,), *said), None, [step])]
    silent = change(("xa", "2024", [NATION]))
    telling = structs.replace(silent, since=317, known_ms=1000, reports=reports)
    assert told(telling, Wanted()) == told(silent, Wanted()) != []


def test_an_ended_commune_is_heard_of_in_the_province_it_stood_in_and_a_new_one_too() -> None:
    for commune in (COMMUNE, NEW_COMMUNE):
        assert told(change(("xa", "2024", [commune])), Wanted(PROVINCE)) != []
        assert told(change(("xa", "2024", [commune])), Wanted(OTHER_PROVINCE)) == []


def test_a_unit_lies_below_all_that_ever_held_it_but_not_below_what_held_those_at_other_times() -> None:
    """A district that went from one province to another took only those communes along that it still had."""
    day = [date(2000, 1, 1), date(2010, 1, 1), date(2020, 1, 1)]
    eve = [one - timedelta(1) for one in day]
    units = [
        *(Unit(code, day[0], None, "province", None, code) for code in "pq"),
        Unit("d", day[0], eve[1], "district", "p", "d"),
        Unit("d", day[1], eve[2], "district", "q", "d"),
        Unit("d", day[2], None, "district", "p", "d"),
        Unit("before", day[0], eve[1], "commune", "d", "before"),
        Unit("between", day[1], eve[2], "commune", "d", "between"),
        Unit("always", day[0], None, "commune", "d", "always"),
    ]
    around = Surroundings(Inquiry(replace(RELEASE, tree=UnitTree(units), plans={})))
    above = {one.code: {id_[0] for id_ in around.above(one.id) - {one.id}} for one in units[-3:]}
    assert above == {"before": {"d", "p"}, "between": {"d", "q"}, "always": {"d", "p", "q"}}


def test_what_became_another_unit_is_heard_of_there_too() -> None:
    """By today's tree the new commune is made of both; what became of the third nobody knows."""
    for old in (COMMUNE, "00002@2021-01-01"):
        assert told(change(("xa", "2024", [old])), Wanted(NEW_COMMUNE)) != []
    assert told(change(("xa", "2024", ["00003@2021-01-01"])), Wanted("00003@2025-07-01")) == []


def test_of_very_many_areas_none_is_named() -> None:
    [found] = told(change(("xa", "2024", [f"u{n}" for n in range(501)])), Wanted())
    assert found["data"]["changed"] == [{"form": "xa", "period": "2024", "areas": None}]


@pytest.mark.parametrize(
    ("area", "plan", "kinds", "heard"),
    [
        (None, None, Kind, True),
        (DISTRICT, PLAN.id, [Kind.STATE], True),
        (PROVINCE, None, Kind, True),
        (COMMUNE, None, Kind, False),
        (OTHER_PROVINCE, None, Kind, False),
        (None, "another", Kind, False),
        (None, None, [Kind.FIGURE, Kind.OBLIGATION], False),
    ],
)
def test_a_transition_is_heard_where_its_area_lies(area: str, plan: str, kinds: list[Kind], heard: bool) -> None:
    found = told(TRANSITION, Wanted(area, plan, frozenset(kinds)))
    data = {"plan": PLAN.id, "target": "informed", "area": DISTRICT, "period": "2024", "from": "at_risk", "to": "met"}
    assert found == ([{"id": 7, "event": "state", "data": {**data, "rule": "met"}}] if heard else [])


@pytest.mark.parametrize(("area", "heard"), [(None, True), (NATION, True), (COMMUNE, True), (OTHER_PROVINCE, False)])
def test_a_reminder_is_heard_above_and_by_those_whose_duty_it_is(area: str | None, heard: bool) -> None:
    found = told(REMINDER, Wanted(area))
    assert bool(found) is heard
    if heard:
        assert found[0]["data"] == {
            "plan": PLAN.id,
            "duty": "year",
            "form": "xa",
            "period": "2024",
            "area": PROVINCE,
            "when": "due",
            "last_day": "2024-12-25",
            "missing": 2,
            "expected": 3,
        }


@pytest.mark.parametrize("said", [TRANSITION, REMINDER])
def test_an_event_holds_nothing_that_could_be_withheld(said: Transition | Reminder) -> None:
    data = told(said, Wanted())[0]["data"]
    assert disclose(data, Caller(frozenset())) == data


def test_who_took_over_a_partition_lets_everybody_read_again() -> None:
    [found] = told(change(reset=True), Wanted(OTHER_PROVINCE))
    assert (found["id"], found["event"], found["data"]) == (7, "reset", {"reason": "unannounced"})
    assert told(change(reset=True), Wanted(kinds=frozenset({Kind.STATE}))) == []


def test_announcements_that_went_by_unheard_are_a_reset_for_all() -> None:
    subscriptions = Subscriptions(lambda: SURROUNDINGS, 10)
    one = subscriptions.add(Wanted(kinds=frozenset({Kind.STATE})), 6)
    subscriptions.lost()
    assert event(asyncio.run(one.take(0.001)))["event"] == "reset"


def test_a_slow_reader_is_reset_and_dropped_while_others_hear_everything() -> None:
    async def story() -> None:
        subscriptions = Subscriptions(lambda: SURROUNDINGS, 10)
        slow = subscriptions.add(Wanted(), -1)
        # Of whom some ask the same, and some are found at the same place.
        quick = [subscriptions.add(Wanted(None, plan), -1) for plan in (None, PLAN.id)]
        heard: list[bytes] = []
        for offset in range(1_100):
            subscriptions.hear(offset, TRANSITION)
            heard += [await one.take(0.001) for one in quick]
        assert [event(one)["id"] for one in heard] == [offset for offset in range(1_100) for _ in quick]
        last = event(await slow.take(0.001))
        assert (last["event"], last["data"]) == ("reset", {"reason": "too_slow"})
        # Whoever comes again after it misses nothing.
        assert last["id"] == 1_000
        assert slow.ended and not any(one.ended for one in quick)
        assert len(subscriptions) == 2

    asyncio.run(story())


def test_what_waits_when_a_stream_is_ended_is_left_for_whoever_comes_again() -> None:
    async def story() -> None:
        subscriptions = Subscriptions(lambda: SURROUNDINGS, 10)
        one = subscriptions.add(Wanted(), 6)
        subscriptions.hear(7, TRANSITION)
        one.end()
        subscriptions.hear(8, TRANSITION)
        assert await one.take(0.001) == b""
        assert len(subscriptions) == 0

    asyncio.run(story())


def test_there_are_only_so_many_readers() -> None:
    subscriptions = Subscriptions(lambda: SURROUNDINGS, 1)
    one = subscriptions.add(Wanted(), 0)
    with pytest.raises(Unavailable):
        subscriptions.add(Wanted(PROVINCE), 0)
    subscriptions.remove(one)
    subscriptions.remove(one)
    subscriptions.add(Wanted(PROVINCE), 0)


def waits_for_ever(then: Callable[[Subscriptions, Subscription], None]) -> None:
    async def story() -> None:
        subscriptions = Subscriptions(lambda: SURROUNDINGS, 10)
        one = subscriptions.add(Wanted(), 0)
        asyncio.get_running_loop().call_soon(then, subscriptions, one)
        assert await one.take(3600) == b""
        assert one.ended

    asyncio.run(story())


def test_a_reader_who_waits_is_woken_when_the_process_stops_or_they_leave() -> None:
    waits_for_ever(lambda subscriptions, _: subscriptions.end())
    waits_for_ever(lambda _, one: one.end())


def test_whoever_comes_while_the_process_stops_is_let_go_at_once() -> None:
    subscriptions = Subscriptions(lambda: SURROUNDINGS, 10)
    subscriptions.end()
    assert subscriptions.add(Wanted(), 0).ended
