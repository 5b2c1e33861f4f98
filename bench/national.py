"""The real programmes with their whole tree, and reports of everybody they ask, which are added up by brute force."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

import numpy as np

from bench.load import Int64s
from bench.stack import producing
from chitieu.adapters import registry
from chitieu.adapters.programmes import directory
from chitieu.adapters.programmes.release import RegistryObject, objects
from chitieu.contracts.events import Event, content_hash
from chitieu.domain.access import AccessKey, digest, presented
from chitieu.domain.form import Form
from chitieu.domain.obligation import Expectations
from chitieu.domain.period import Period
from chitieu.domain.registry import Release
from chitieu.domain.rollup import MessageKind, ValueState
from chitieu.domain.unit import NATION

ROOT = Path(__file__).parents[1]
FORM = "ldte-xa"  # the one form that every commune is asked for
# All of them by the tree before July 2025. For the last one nothing comes in after everybody's first report.
PERIODS = ("2024", "2023", "2022", "2021", "2024S2", "2024S1", "2023S2", "2023S1")
_NO_TARGET_READS_IT = "bench"
_DEEPEST = 3
# Drawn together: one by one, it took most of what the sender takes of the machine.
_AT_ONCE = 256

Rounds = Mapping[tuple[str, str], "Round"]  # by form and period


async def programmes(bootstrap: str, copies: int = 0) -> Release:
    """Put the real programmes into force; with so many copies of the communes' form, which no target reads."""
    found, findings = directory.read(ROOT / "programmes")
    assert not findings, findings
    made = objects(found)
    form = next(one for one in made if (one.kind, one.id) == ("form", FORM))
    made += [_copy(form, number) for number in range(1, copies + 1)]
    async with producing(bootstrap) as producer:
        await registry.publish_release(producer, [], made)
    release = (await registry.snapshot(bootstrap)).release
    assert release is not None
    return release


def _copy(form: RegistryObject, number: int) -> RegistryObject:
    id_ = f"{form.id}-{number}"
    return RegistryObject("form", id_, form.version, {**form.body, "form": id_, "series": _NO_TARGET_READS_IT})


async def key(bootstrap: str, release: Release, *scopes: str) -> str:
    """A key for the whole nation, as it is presented."""
    nation = release.tree.rows(NATION)[-1]
    async with producing(bootstrap) as producer:
        await registry.publish_key(producer, AccessKey("bench", digest("s"), nation.id, frozenset(scopes)))
    return presented("bench", "s")


def depth(release: Release, element: str) -> int:
    """How many wholes an element is part of, one inside the other."""
    above = release.catalogue.elements[element].part_of
    return 1 + max(depth(release, whole) for whole in above) if above else 0


@dataclass
class Round:
    """A form's reports for a period, a row for each unit: what the newest one says. `rows` are found by area."""

    form: Form
    period: str
    paths: Sequence[tuple[str, ...]]
    values: Int64s
    rows: dict[str, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.rows = defaultdict(list)
        for row, path in enumerate(self.paths):
            for area in path:
                self.rows[area].append(row)

    def total(self, area: str, element: str) -> int:
        """What the reports in an area add up to."""
        columns = list(self.form.positions.get(element, ()))
        return int(self.values[self.rows.get(area, [])][:, columns].sum())


class Reports:
    """Reports without a mistake from every unit that is asked, and corrections of them. `sent`: how many so far."""

    def __init__(self, release: Release, periods: Sequence[str], rng: np.random.Generator) -> None:
        self._release = release
        self._rng = rng
        self._rounds: dict[tuple[str, str], Round] = {}
        asked = Expectations(release)
        for form, period in product(release.forms.values(), periods):
            rosters = [one.roster for one in asked.asked(form, Period.parse(period))]
            paths = [tuple(unit.id for unit in path) for roster in rosters for path in roster.paths]
            if paths:
                self._rounds[form.id, period] = Round(form, period, paths, self._values(form, len(paths)))
        self.periods = periods
        self.current = self._rounds[FORM, periods[0]]
        communes = [one for one in self._rounds.values() if one.form.id.startswith(FORM)]
        self.going_on = [one for one in communes if one.period != periods[-1]]
        self.sent = 0

    def standing(self) -> Rounds:
        """What everybody says now, whatever they say later; not of the forms that no target reads."""
        read = {key: one for key, one in self._rounds.items() if one.form.series != _NO_TARGET_READS_IT}
        return {key: replace(one, values=one.values.copy()) for key, one in read.items()}

    def first(self) -> Iterator[Event]:
        """Everybody's first report."""
        for one in self._rounds.values():
            for row in range(len(one.paths)):
                yield self._event(one, row)

    def corrections(self, of: Sequence[Round]) -> Iterator[Event]:
        """New figures of units for some forms and periods, without end."""
        drawn = [self._drawn(one.form) for one in of]
        while True:
            which, where = self._rng.integers(len(of), size=_AT_ONCE), self._rng.random(_AT_ONCE)
            for at, place in zip(which.tolist(), where.tolist(), strict=True):
                one = of[at]
                row = int(place * len(one.paths))
                one.values[row] = next(drawn[at])
                yield self._event(one, row)

    def _drawn(self, form: Form) -> Iterator[Int64s]:
        while True:
            yield from self._values(form, _AT_ONCE)

    def _event(self, one: Round, row: int) -> Event:
        self.sent += 1
        packed, states = one.values[row].tobytes(), bytes([ValueState.REPORTED]) * len(one.form.fields)
        path, kind = one.paths[row], MessageKind.REPORT
        place = (one.form.id, one.form.version, one.period, path[-1], self._release.number, path)
        submission, content = self.sent.to_bytes(16, "big"), content_hash(kind, packed, states)
        return Event(int(kind), *place, submission, content, None, packed, states, "bench")

    def _values(self, form: Form, count: int) -> Int64s:
        """Each part is smaller than any whole."""
        depths = np.array([min(depth(self._release, one.element), _DEEPEST) for one in form.fields])
        most = np.array([one.maximum for one in form.fields])
        drawn = self._rng.integers(10 ** (4 - depths), 15 * 10 ** (3 - depths), (count, len(form.fields)))
        values: Int64s = np.minimum(drawn, most).astype(np.int64)
        return values
