"""The page of each province, as a browser that is signed in asks for it: how long it takes, and how much comes over.

One api process on one core, on figures of the national tree (`serving.py`). What a page says of every target is held
against all reports added up.
"""

import gzip
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from itertools import cycle, islice

from bench import asking
from bench.answers import Expected
from bench.asking import Answer
from bench.figures import Figure, at_most, figure, percentile, told
from bench.national import PERIODS
from bench.process import cpu_seconds
from bench.serving import PLAN, Site, site
from bench.sizes import Sizes
from bench.stack import Stack
from chitieu.adapters import session

# As often as does not make a queue on one core.
PAGES_PER_SECOND, LARGE_PER_SECOND = 10, 2
_CONNECTIONS, _KILOBYTE = 4, 1000
_OWN_PLAN = {"plan": "lang-son-187", "area": "20@2008-08-01"}
_ASSETS = re.compile(r'(?:href|src)="(/static/[^"]+)"')
_FONTS = re.compile(r"url\(([^)]+\.woff2)\)")
_FRACTION = re.compile(r'<p class="value">\s*<strong>[^<]*</strong>\s*<span>([\d.]+)/([\d.]+)</span>')

Query = Mapping[str, str]  # plan, area and period


async def measure(_: Stack, sizes: Sizes) -> list[Figure]:
    async with site(PERIODS[: sizes.answer_periods], sizes.answer_forms) as here:
        return await _Measuring(here, sizes, Expected(here.release, here.reports.standing())).all()


@dataclass(frozen=True)
class _Measuring:
    here: Site
    sizes: Sizes
    expected: Expected

    async def all(self) -> list[Figure]:
        provinces, own = list(self._provinces()), {**_OWN_PLAN, "period": self.here.reports.periods[0]}
        await self._check([*provinces, own])
        return [
            *told(await self._asked("a province by the national plan", provinces, PAGES_PER_SECOND)),
            *told(await self._asked("Lạng Sơn by its own plan", [own], LARGE_PER_SECOND)),
            *told(await self._weight(provinces[0])),
        ]

    async def _check(self, queries: Sequence[Query]) -> None:
        async with asking.connected(self.here.service, 1) as (connection,):
            for query in queries:
                self._hold(query, _read(await connection.ask(self._get(query))))

    def _hold(self, query: Query, page: str) -> None:
        """Each fraction that a page shows is that of one of the plan's targets, in their order."""
        shown = (one.groups() for one in _FRACTION.finditer(page))
        found = [(int(above.replace(".", "")), int(below.replace(".", ""))) for above, below in shown]
        targets = self.here.release.plans[query["plan"]].targets
        sums = [self.expected.sums(query["plan"], one, query["period"], query["area"]) for one in targets]
        left: Iterator[tuple[int, ...]] = iter(sums)
        assert found and all(one in left for one in found), f"{dict(query)}: {found} are not among {sums}"

    async def _asked(self, name: str, queries: Sequence[Query], per_second: int) -> list[Figure]:
        requests, seconds = [self._get(one) for one in queries], self.sizes.answer_seconds
        runs, cpu, weights = [], [], list[int]()
        for _ in range(self.sizes.runs):
            before = cpu_seconds(self.here.process.pid)
            some = islice(cycle(requests), per_second * seconds)
            answers = await asking.steadily(self.here.service, _CONNECTIONS, some, per_second)
            assert {one.status for one in answers} == {200}
            cpu.append(1000 * (cpu_seconds(self.here.process.pid) - before) / len(answers))
            runs.append([1000 * one.seconds for one in answers])
            weights += [len(one.body) for one in answers]
        named = f"{name}, {per_second}/s"
        return [
            figure(f"{named}: p50", "ms", [percentile(one, 50) for one in runs]),
            figure(f"{named}: p99", "ms", [percentile(one, 99) for one in runs], at_most(60)),
            figure(f"{named}: CPU", "ms a page", cpu),
            figure(f"{name}: largest", "kB", max(weights) / _KILOBYTE, at_most(150)),
        ]

    async def _weight(self, query: Query) -> list[Figure]:
        """A first visit: the page, and all that it names, with every font that its styles name."""
        async with asking.connected(self.here.service, 1) as (connection,):

            async def get(path: str) -> Answer:
                answer = await connection.ask(self._request(path))
                assert answer.status == 200, f"{path}: {answer.status}"
                return answer

            page = await connection.ask(self._get(query))
            parts = {path: await get(path) for path in sorted(set(_ASSETS.findall(_read(page))))}
            for path in [one for one in parts if one.endswith(".css")]:
                folder = path.rpartition("/")[0]
                for font in _FONTS.findall(_read(parts[path])):
                    parts[f"{folder}/{font}"] = await get(f"{folder}/{font}")
        whole = len(page.body) + sum(len(one.body) for one in parts.values())
        return [
            figure("a first visit", "kB", whole / _KILOBYTE, at_most(300), f"with {len(parts)} files, kept for ever")
        ]

    def _provinces(self) -> Iterator[Query]:
        for id_ in self.here.provinces:
            yield {"plan": PLAN, "area": id_, "period": self.here.reports.periods[0]}

    def _get(self, query: Query) -> bytes:
        return self._request(f"/a/{query['area']}?plan={query['plan']}&period={query['period']}")

    def _request(self, target: str) -> bytes:
        service = self.here.service
        lines = (
            f"GET {target} HTTP/1.1",
            f"Host: {service.host}:{service.port}",
            f"Cookie: {session.COOKIE}={session.packed(service.key)}",
            "Accept: text/html",
            "Accept-Encoding: gzip",
        )
        return "\r\n".join((*lines, "", "")).encode()


def _read(answer: Answer) -> str:
    assert answer.status == 200, f"{answer.status}: {answer.body[:200]!r}"
    packed = answer.body[:2] == b"\x1f\x8b"
    return unescape((gzip.decompress(answer.body) if packed else answer.body).decode())
