"""Answers of one api process, while 500 reports a second come in about all but one of the periods.

Provinces are asked about by the national programme (3 targets), one after the other, each with its districts. Lạng
Sơn's own plan has 13 targets, two of which are judged by every period since it began: its answer is five times as
large, and it is asked for less often, so that it is the answer that is measured and not a queue.

Everybody has reported already, so figures are final, what comes in corrects them, and an answer says how.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count, cycle, islice
from typing import Any

from bench import asking
from bench.asking import Answer
from bench.figures import Asked, Figure, at_least, at_most, figure, percentile, told
from bench.national import FORM, PERIODS, Rounds
from bench.process import cpu_seconds
from bench.serving import PLAN, Site, read, site
from bench.sizes import Sizes
from bench.stack import Stack
from chitieu.domain.registry import Release

REPORTS_PER_SECOND = 500
QUESTIONS_PER_SECOND, LARGE_PER_SECOND = 50, 5
_CONNECTIONS, _READERS, _FEW, _QUARTERS = 16, 4, 20, 4
_ANEW_ONE_IN = 53  # no factor of how many questions there are: in time each of them is worked out anew
_ATTAINMENT, _LINEAGE = "/v1/attainment", "/v1/lineage"
_ANEW = "Cache-Control: no-cache"
_OWN_PLAN = {"plan": "lang-son-187", "area": "20", "children": "true"}

Query = Mapping[str, str]


async def measure(_: Stack, sizes: Sizes) -> list[Figure]:
    """On a stack of its own, with the real programmes, where no other form is in use."""
    async with site(PERIODS[: sizes.answer_periods], sizes.answer_forms) as here:
        measuring = _Measuring(here, sizes, Expected(here.release, here.reports.standing()))
        await measuring.check()
        figures = await measuring.quiet()
        async with here.incoming(REPORTS_PER_SECOND, here.reports.going_on) as incoming:
            figures += await measuring.all()
            figures.append(figure("reports that came in", "reports/s", incoming.per_second, note=measuring.stored))
        await _Measuring(here, sizes, Expected(here.release, here.reports.standing())).check()
    return figures


@dataclass(frozen=True)
class Expected:
    """What answers must say: the sums of what all units reported."""

    release: Release
    rounds: Rounds

    def check(self, query: Query, answer: Mapping[str, Any]) -> None:
        """Raises AssertionError if a sum of the area, or of one below, is another one."""
        for area in (answer, *(answer["children"] or ())):
            for said in area["targets"]:
                self._check(query, said["target"], area["area"]["id"], said["value"])

    def check_step(self, query: Query, answer: Mapping[str, Any]) -> None:
        """The same of a step of lineage."""
        for part in (answer["figure"], *answer["children"]):
            self._check(query, query["target"], part["area"]["id"], part)

    def _check(self, query: Query, target: str, area: str, value: Mapping[str, Any]) -> None:
        found = tuple(value[part]["value"] for part in ("numerator", "denominator"))
        sums = self.sums(query["plan"], target, query["period"], area)
        assert found == sums, f"{dict(query)}: {target} in {area} is {found} instead of {sums}"

    def sums(self, plan: str, target: str, period: str, area: str) -> tuple[int, int]:
        """Numerator and denominator."""
        asked = self.release.plans[plan].targets[target]
        indicator = self.release.catalogue.indicators[asked.indicator]
        rounds = [one for one in self.rounds.values() if (one.form.series, one.period) == (asked.series, period)]

        def total(elements: Sequence[str]) -> int:
            return sum(one.total(area, element) for one in rounds for element in elements)

        return total(indicator.numerator), total(indicator.denominator)


@dataclass(frozen=True)
class _Measuring:
    """`expected`: what holds before reports come in, and of the last period afterwards."""

    here: Site
    sizes: Sizes
    expected: Expected
    languages: Iterator[int] = field(default_factory=count)

    @property
    def now(self) -> str:
        return self.here.reports.periods[0]

    @property
    def stored(self) -> str:
        forms = sum(form.startswith(FORM) for form in self.here.release.forms)
        return f"stored are {forms} forms of all communes for {len(self.here.reports.periods)} periods"

    async def check(self) -> None:
        """All that is asked below, while nothing comes in."""
        async with asking.connected(self.here.service, 1) as (connection,):
            for query in (*self._everything(), {**_OWN_PLAN, "period": self.now}):
                self.expected.check(query, await self.here.answer(connection, **query))
            self.expected.check_step(self._step, read(await connection.ask(self._get(self._step, path=_LINEAGE))))

    async def all(self) -> list[Figure]:
        provinces = [self._get(query) for query in self._provinces(self.now)]
        own_plan = [self._get({**_OWN_PLAN, "period": self.now})]
        await self._hold([*self._provinces(self.now), {**_OWN_PLAN, "period": self.now}])
        return [
            *told(await self._steady("a province with its districts", provinces, QUESTIONS_PER_SECOND)),
            *told(await self._steady("Lạng Sơn's own plan, with its districts", own_plan, LARGE_PER_SECOND)),
            *told(await self._unchanged()),
            *told(await self._distinct()),
            *told(await self._earlier()),
            *told(await self._lineage()),
        ]

    async def quiet(self) -> list[Figure]:
        """While nothing comes in: what an answer takes that has to be worked out, and what many leave behind."""
        still = f"nothing comes in, {LARGE_PER_SECOND}/s"
        provinces = list(self._provinces(self.now))
        anew = [self._get(query, _ANEW) for query in provinces]
        read = [await self._asked(anew, LARGE_PER_SECOND, 200) for _ in range(self.sizes.runs)]
        await self._hold(provinces)
        held = [await self._asked(self._never_asked(provinces), LARGE_PER_SECOND, 200) for _ in range(self.sizes.runs)]
        return [
            *told(_percentiles(f"a province read and worked out anew, {still}", read)),
            *told(_percentiles(f"a province worked out of cells that are held, {still}", held)),
            *told(await self._memory()),
        ]

    async def _steady(self, name: str, requests: Sequence[bytes], per_second: int) -> list[Figure]:
        runs = [await self._asked(requests, per_second, 200) for _ in range(self.sizes.runs)]
        return _percentiles(f"{name}, {per_second}/s", runs, at_most(10), at_most(40))

    async def _unchanged(self) -> list[Figure]:
        """Of a period that nothing comes in for: whoever asks has the answer already."""
        known = []
        async with asking.connected(self.here.service, 1) as (connection,):
            for query in self._provinces(self.here.reports.periods[-1]):
                answer = await connection.ask(self._get(query))
                self.expected.check(query, read(answer))
                known.append(self._get(query, f"If-None-Match: {answer.etag}"))
        runs = [await self._asked(known, QUESTIONS_PER_SECOND, 304) for _ in range(self.sizes.runs)]
        return _percentiles(f"304, {QUESTIONS_PER_SECOND}/s", runs, None, at_most(2))

    async def _distinct(self) -> list[Figure]:
        """Every province in every period: no two are the same question, and none was answered before."""
        queries = list(self._everything())
        rates, cpu, answers = [], [], list[Answer]()
        for _ in range(self.sizes.runs):
            answers.clear()
            before = cpu_seconds(self.here.process.pid)
            seconds = await self._as_fast(islice(self._never_asked(queries), len(queries)), answers.append)
            rates.append(len(queries) / seconds)
            cpu.append(1000 * (cpu_seconds(self.here.process.pid) - before) / len(queries))
        for said in map(read, answers):
            if said["period"] == self.here.reports.periods[-1]:
                self.expected.check(said, said)
        note = f"{len(queries)} provinces with their districts over {_READERS} connections"
        return [
            figure("distinct questions: throughput", "answers/s", rates, at_least(150), note),
            figure("distinct questions: CPU", "ms an answer", cpu),
        ]

    async def _earlier(self) -> list[Figure]:
        """As it was known before the corrections: made again from the reports."""
        instant = self.here.filled_at.isoformat().replace("+00:00", "Z")
        took = []
        async with asking.connected(self.here.service, 1) as (connection,):
            for query in islice(self._provinces(self.now), _FEW):
                answer = await connection.ask(self._get({**query, "knownAt": instant}))
                self.expected.check(query, read(answer))
                took.append(answer)
        return _percentiles(
            "knownAt before the corrections, a province", [_milliseconds(took, 200)], None, at_most(150)
        )

    async def _lineage(self) -> list[Figure]:
        """From the nation to its provinces."""
        async with asking.connected(self.here.service, 1) as (connection,):
            took = [await connection.ask(self._get(self._step, path=_LINEAGE)) for _ in range(_FEW)]
        return _percentiles("lineage, the nation to its provinces", [_milliseconds(took, 200)], None, at_most(100))

    async def _memory(self) -> list[Figure]:
        """Resident after each quarter of very many questions about all provinces and periods, some worked out anew."""
        requests = self.sizes.answer_requests
        headers = cycle([(_ANEW,), *[()] * (_ANEW_ONE_IN - 1)])
        questions = zip(cycle(list(self._everything())), headers, strict=False)
        asked, resident = (self._get(query, *some) for query, some in questions), []
        for _ in range(_QUARTERS):
            await self._as_fast(islice(asked, requests // _QUARTERS), _answered)
            resident.append(self.here.process.memory_info().rss / 2**20)
        quarters = ", ".join(f"{one:.0f}" for one in resident)
        note = f"after each quarter of {requests:,} requests, one in {_ANEW_ONE_IN} worked out anew: {quarters} MB"
        return [figure("memory at the end / after a quarter", "of it", resident[-1] / resident[0], at_most(1.05), note)]

    async def _hold(self, queries: Sequence[Query]) -> None:
        """Whatever these need is held from now on: a kept answer would hold nothing."""
        await self._as_fast(islice(self._never_asked(queries), len(queries)), _answered)

    def _never_asked(self, queries: Sequence[Query]) -> Iterator[bytes]:
        """For ever: an answer is kept for the languages that it was asked for in."""
        for query in cycle(queries):
            yield self._get(query, f"Accept-Language: vi-x-{next(self.languages)}")

    async def _asked(self, requests: Iterable[bytes], per_second: int, status: int) -> list[float]:
        """Milliseconds. Connections are new each time: the api closes those that nothing comes on."""
        some = islice(cycle(requests), per_second * self.sizes.answer_seconds)
        return _milliseconds(await asking.steadily(self.here.service, _CONNECTIONS, some, per_second), status)

    async def _as_fast(self, requests: Iterable[bytes], heard: Callable[[Answer], None]) -> float:
        """The seconds it took."""
        async with asking.connected(self.here.service, _READERS) as connections:
            return await asking.at_once(connections, requests, heard)

    def _everything(self) -> Iterator[Query]:
        """Every province in every period."""
        return chain.from_iterable(map(self._provinces, self.here.reports.periods))

    def _provinces(self, period: str) -> Iterator[Query]:
        """The question about each of them, with its districts."""
        for id_ in self.here.provinces:
            yield {"plan": PLAN, "area": id_, "period": period, "children": "true"}

    @property
    def _step(self) -> Query:
        return {"plan": PLAN, "target": "cases-supported", "period": self.now}

    def _get(self, query: Query, *headers: str, path: str = _ATTAINMENT) -> bytes:
        return self.here.service.get(path, *headers, **query)


def _percentiles(
    name: str, runs: Sequence[Sequence[float]], half: Asked | None = None, most: Asked | None = None
) -> list[Figure]:
    return [
        figure(f"{name}: p50", "ms", [percentile(one, 50) for one in runs], half),
        figure(f"{name}: p99", "ms", [percentile(one, 99) for one in runs], most),
    ]


def _milliseconds(answers: Sequence[Answer], status: int) -> list[float]:
    wrong = [one for one in answers if one.status != status]
    assert not wrong, (
        f"{len(wrong)} of {len(answers)} answers are no {status}: {wrong[0].status} {wrong[0].body[:200]!r}"
    )
    return [1000 * one.seconds for one in answers]


def _answered(answer: Answer) -> None:
    _milliseconds([answer], 200)
