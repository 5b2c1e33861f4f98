"""Triệu Sơn and Lạng Sơn from 2021 to 2026 as they would have lived it: each day's answers, worked out by hand.

The stories stand in `golden/` with the arithmetic beside every figure. One stack plays them together, day by day:
reports in time and late, corrections, a retraction, deadlines and due dates that pass, the reform of 2025. What was
answered on each day is compared with the story; and at the end, asked what was known then, it is answered again.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path

import httpx
import pytest

from tests.integration.conftest import LoopThread
from tests.integration.golden import (
    lang_son_details,
    lang_son_reform,
    lang_son_years,
    trieu_son_details,
    trieu_son_reform,
    trieu_son_years,
)
from tests.integration.golden.announced import NOT_TOLD, Key, heard, key_of, reminded, told
from tests.integration.golden.answered import Answer, duties, lines
from tests.integration.golden.dated import DatedStack, at, dated
from tests.integration.golden.detail import Detailed, details
from tests.integration.golden.model import Duties, Judged, Report
from tests.integration.golden.small_tree import before_the_reform, since_the_reform
from tests.integration.golden.years import Looked, Moment, Reminded
from tests.support.printed import rows

pytestmark = pytest.mark.stack

BEGAN = "2021-09-15T08:00"
STORIES = (trieu_son_years, trieu_son_reform, lang_son_years, lang_son_reform)
MOMENTS: Sequence[Moment] = sorted((one for story in STORIES for one in story.MOMENTS), key=lambda one: one.at)
# What the two plans were made for: of these every event is worked out.
PLACES = (("trieu-son-2021", "397"), ("lang-son-187", "20"))
LOOKED: Sequence[Looked] = [*trieu_son_reform.LOOKED, *lang_son_reform.LOOKED]

DETAILS: Sequence[Detailed] = [*trieu_son_details.DETAILS, *lang_son_details.DETAILS]
# Area, when, and the targets that some other one asks more than.
LESS_STRICT = (
    ("397", "2021-12-01T08:00", trieu_son_details.LESS_STRICT),
    ("20", "2021-12-20T09:00", lang_son_details.LESS_STRICT),
)


@dataclass(frozen=True)
class Asked:
    """A question that a moment asks, and the parameters that it is asked with."""

    at: str
    route: str
    params: Mapping[str, str]

    @classmethod
    def judged(cls, moment: Moment, one: Judged) -> "Asked":
        return cls(moment.at, "attainment", {"plan": moment.plan, "area": one.area, "period": one.period})

    @classmethod
    def duties(cls, moment: Moment, one: Duties) -> "Asked":
        return cls(moment.at, "obligations", {"plan": moment.plan, "period": one.period})

    @property
    def known_then(self) -> dict[str, str]:
        """The same question, asked later."""
        return {**self.params, "knownAt": at(self.at).isoformat()}

    async def of(self, http: httpx.AsyncClient, params: Mapping[str, str]) -> Answer:
        answer = await http.get(f"/v1/{self.route}", params=dict(params))
        assert answer.status_code == 200, (self, answer.text)
        found: Answer = answer.json()
        return found

    def __str__(self) -> str:
        return "-".join((self.at, self.route, *self.params.values()))


def asked_at(moment: Moment) -> list[Asked]:
    judged = [Asked.judged(moment, one) for one in moment.judged]
    return judged + [Asked.duties(moment, one) for one in moment.duties]


JUDGED = [(Asked.judged(moment, one), one) for moment in MOMENTS for one in moment.judged]
DUTIES = [(Asked.duties(moment, one), one) for moment in MOMENTS for one in moment.duties]
PRINTED = [
    (asked, suffix)
    for asked, one in JUDGED
    for suffix in (("html", "docx", "xlsx") if one.period == "2024" else ("html",))
]
ASKED = [asked for moment in MOMENTS for asked in asked_at(moment)]


def name(of: object) -> str:
    """What a test is called by; what it expects is not part of it."""
    if isinstance(of, Looked):
        return "-".join(filter(None, (of.judged.area, of.judged.period, of.by, of.known)))
    return str(of) if isinstance(of, Asked | Detailed | str) else ""


@dataclass(frozen=True)
class Played:
    """All years gone by: what was answered on each day, and the same questions asked again at the end."""

    stack: DatedStack
    loop: LoopThread
    then: Mapping[str, Answer]

    def ask(self, route: str, **params: str) -> Answer:
        return self.loop.run(Asked("", route, {}).of(self.stack.http, params))

    def printed(self, asked: Asked, suffix: str) -> dict[str, str]:
        """Of a report that was printed on that day: "thực hiện kỳ" by the name of each target."""
        plan, area, period = asked.params.values()
        address = f"/v1/documents/{plan}/{area}/{period}.{suffix}"
        answer = self.loop.run(self.stack.http.get(address, params={"knownAt": at(asked.at).isoformat()}))
        assert answer.status_code == 200, answer.text
        # In a workbook, titles and notes fill the first cell only.
        found = {row[1]: row[4] for row in rows(suffix, answer.content) if len(row) == 10 and row[1]}
        assert found.pop("Chỉ tiêu") == "Thực hiện kỳ"
        return found


@pytest.fixture(scope="module")
def played(loop: LoopThread, engine: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    scratch = tmp_path_factory.mktemp("years")
    running = dated(scratch, engine, at(BEGAN))
    stack = loop.run(running.__aenter__())
    try:
        yield Played(stack, loop, loop.run(play(stack, scratch), timeout=600))
    finally:
        loop.run(running.__aexit__(None, None, None))


async def play(stack: DatedStack, scratch: Path) -> Mapping[str, Answer]:
    """What was answered on each day, by question."""
    await stack.apply(before_the_reform(scratch / "before"))
    then: dict[str, Answer] = {}
    for when, together in groupby(MOMENTS, key=lambda one: one.at):
        some = list(together)
        stack.clock.time = at(when)
        if any(moment.reform for moment in some):
            await stack.apply(since_the_reform(scratch / "since"))
        await until(partial(reminders_at, stack, when), reminded_at(some))
        await asyncio.gather(*(send(stack.http, one) for moment in some for one in moment.sends))
        await asyncio.gather(*(take_back(stack.http, one) for moment in some for one in moment.retracts))
        asked = [one for moment in some for one in asked_at(moment)]
        then |= {str(one): await one.of(stack.http, one.params) for one in asked}
        so_far = told([moment for moment in MOMENTS if moment.at <= when], PLACES)
        now = {key: turns[-1].after for key, turns in so_far.items()}
        await until(partial(last_heard, stack, now), now)
    return then


def reminded_at(some: Sequence[Moment]) -> list[tuple[str, Reminded]]:
    return sorted(((moment.plan, one) for moment in some for one in moment.reminds), key=repr)


def reminders_at(stack: DatedStack, when: str) -> list[tuple[str, Reminded]]:
    """What was announced of deadlines at a moment, each with its plan."""
    said = [one for at_, one in stack.heard.reminders if at_ == at(when)]
    return sorted(((one.plan, reminded(one)) for one in said), key=repr)


def last_heard(stack: DatedStack, keys: Iterable[Key]) -> dict[Key, str]:
    """The state that was announced last of some targets."""
    last = {key_of(one): one.after for _, one in stack.heard.transitions}
    return {key: last.get(key, NOT_TOLD) for key in keys}


async def until(found: Callable[[], object], expected: object, seconds: float = 60) -> None:
    """Waits for announcements: the worker looks at what has changed by a timer of its own."""
    try:
        async with asyncio.timeout(seconds):
            while found() != expected:
                await asyncio.sleep(0.01)
    except TimeoutError:
        assert found() == expected


async def send(http: httpx.AsyncClient, report: Report) -> None:
    """Returns once it counts."""
    answer = await http.put(report.path, json={"values": dict(report.values)}, headers={"Prefer": "wait=20"})
    assert (answer.status_code, answer.json().get("decision")) == (200, "accepted"), answer.text


async def take_back(http: httpx.AsyncClient, report: Report) -> None:
    answer = await http.delete(report.path, params={"reason": "of another commune"}, headers={"Prefer": "wait=20"})
    assert (answer.status_code, answer.json().get("decision")) == (200, "retracted"), answer.text


def undivided(answer: Answer) -> Mapping[str, tuple[str, str]]:
    return {one["unit"]["code"]: (one["kind"], one["counts_in"]["code"]) for one in answer["hierarchy"]["undivided"]}


def assert_judged(answer: Answer, one: Judged) -> None:
    found = lines(answer)
    assert {name: found.get(name) for name in one.targets} == one.targets
    if one.not_judged is not None:
        assert set(answer["not_judged"]) == one.not_judged


@pytest.mark.parametrize(("asked", "one"), JUDGED, ids=name)
def test_each_day_the_states_are_those_worked_out_by_hand(played: Played, asked: Asked, one: Judged) -> None:
    assert_judged(played.then[str(asked)], one)


@pytest.mark.parametrize(("asked", "one"), DUTIES, ids=name)
def test_each_day_the_obligations_are_those_worked_out_by_hand(played: Played, asked: Asked, one: Duties) -> None:
    assert duties(played.then[str(asked)]) == one.states


@pytest.mark.parametrize("asked", ASKED, ids=name)
def test_what_was_known_on_a_day_is_answered_years_later_as_it_was_then(played: Played, asked: Asked) -> None:
    again = played.ask(asked.route, **asked.known_then)
    assert again == played.then[str(asked)]


@pytest.mark.parametrize("one", LOOKED, ids=name)
def test_the_past_by_the_tree_of_another_day_is_what_was_worked_out_by_hand(played: Played, one: Looked) -> None:
    params = {"plan": one.plan, "area": one.judged.area, "period": one.judged.period}
    if one.by is not None:
        params["asOfHierarchy"] = one.by
    if one.known is not None:
        params["knownAt"] = at(one.known).isoformat()
    answer = played.ask("attainment", **params)
    assert_judged(answer, one.judged)
    if one.by is not None:
        assert undivided(answer) == one.undivided


@pytest.mark.parametrize("one", DETAILS, ids=name)
def test_what_is_missing_possible_sure_and_corrected_was_worked_out_by_hand(played: Played, one: Detailed) -> None:
    known = at(one.at).isoformat()
    found = details(played.ask("attainment", plan=one.plan, area=one.area, period=one.period, knownAt=known))
    assert {name: found[name] for name in one.targets} == one.targets


@pytest.mark.parametrize(("area", "when", "less"), LESS_STRICT, ids=name)
def test_of_all_that_bind_an_area_the_strictest_are_those_worked_out_by_hand(
    played: Played, area: str, when: str, less: set[tuple[str, str]]
) -> None:
    answer = played.ask("attainment", area=area, period="2021", knownAt=at(when).isoformat())
    targets = [one for group in answer["groups"] for one in group["targets"]]
    assert {one["set_by"]["plan"] for one in targets} == {"vn-782", *(plan for plan, own in PLACES if own == area)}
    assert {(one["set_by"]["plan"], one["target"]) for one in targets if not one["strictest"]} == less


@pytest.mark.parametrize(("asked", "suffix"), PRINTED, ids=name)
def test_the_printed_report_of_a_day_has_the_figures_that_were_answered(
    played: Played, asked: Asked, suffix: str
) -> None:
    shown = {one["label"]["vi"]: one["value"] for one in played.then[str(asked)]["targets"]}
    display = {label: value["display"] if value else None for label, value in shown.items()}
    assert played.printed(asked, suffix) == {
        label: "–" if text is None else text.replace(".", ",") for label, text in display.items()
    }


def test_states_are_announced_where_they_turn_and_nowhere_else(played: Played) -> None:
    assert heard(played.stack.heard.transitions, PLACES) == told(MOMENTS, PLACES)


def test_what_is_announced_of_a_target_follows_on_what_was_announced_before(played: Played) -> None:
    last: dict[Key, str] = {}
    for _, one in played.stack.heard.transitions:
        key = key_of(one)
        assert (one.before, one.before != one.after) == (last.get(key, NOT_TOLD), True)
        last[key] = one.after


def test_each_deadline_is_announced_as_it_comes_and_as_it_is_there_once(played: Played) -> None:
    said = [one for _, one in played.stack.heard.reminders]
    assert sorted(((one.plan, reminded(one)) for one in said), key=repr) == reminded_at(MOMENTS)
