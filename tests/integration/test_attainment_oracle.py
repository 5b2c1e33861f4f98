"""Whatever was sent, corrected, taken back and moved, every attainment answer is the oracle's.

Random histories go through the real fold into the real engine, and questions through the real route, at every kind of
moment and by every kind of tree. The oracle (tests/unit/attainment_oracle.py) knows the revisions and nothing else.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from chitieu.adapters.clickhouse.migrate import migrate
from chitieu.adapters.clickhouse.store import Store, connect, insert
from chitieu.adapters.http import create_app
from chitieu.adapters.metrics import Metrics
from chitieu.contracts.events import Event, content_hash, pack
from chitieu.domain.access import presented
from chitieu.domain.period import civil_date
from chitieu.domain.rollup import MessageKind, ValueState
from chitieu.domain.unit import Unit
from services.aggregate.intake import Read
from services.aggregate.partitions import Partitions
from services.api.app import Api
from tests.conftest import PROFILE
from tests.integration.test_api_queries import FixedRegistry
from tests.unit.attainment_oracle import FIELDS, LEVELS, Seen, Told, answered, window
from tests.unit.small_release import RELEASE, TREE

pytestmark = pytest.mark.stack

DATABASE, PARTITIONS = "attainment_oracle", 2
PERIODS = {"xa": ("2023", "2023S2", "2024S1", "2024", "2025S1", "2025"), "huyen": ("2023", "2024")}
AREAS = [unit for unit in TREE.units.values() if unit.code not in ("vn", "30")]
BEGAN = datetime(2023, 12, 1, 3, tzinfo=UTC)
# Around deadlines and the due date, and between them.
DAYS = [0, 14, 24, 25, 26, 200, 217, 218, 380, 390, 391, 400, 740, 745, 756, 757, 761, 762, 800]
TREES = (None, None, date(2022, 1, 1), date(2025, 6, 30), date(2025, 7, 1))

# Figures on the bounds of the targets and one step off.
NEAR: Mapping[str, Sequence[int]] = {
    "children": (100, 100, 200, 0),
    "labour": (0, 0, 0, 1),
    "parents": (10, 10, 20, 0),
    "informed": (8, 8, 7, 9, 16),
    "officials_c": (10, 10, 0),
    "trained_c": (9, 9, 10, 8),
    "officials_d": (10, 10, 0),
    "trained_d": (9, 9, 10, 8),
    "budget": (0, 5),
}

Said = tuple[int, Event]
"""A message and its day."""


def asked(form: str, period: str) -> list[Unit]:
    return [unit for unit in AREAS if unit.level == LEVELS[form] and unit.in_force(window(period)[1])]


@st.composite
def rounds(draw: st.DrawFn) -> list[Said]:
    """All who are asked for a form in a period report, on some day."""
    form = draw(st.sampled_from(("xa", "xa", "xa", "huyen")))
    period = draw(st.sampled_from(PERIODS[form]))
    day = draw(st.sampled_from(DAYS))
    return [(day, draw(messages(MessageKind.REPORT, form, period, unit))) for unit in asked(form, period)]


@st.composite
def afterthoughts(draw: st.DrawFn) -> list[Said]:
    """One more report, a correction, a retraction or a move: of whoever is asked, and sometimes of whoever is not."""
    form = draw(st.sampled_from(("xa", "xa", "xa", "huyen")))
    period = draw(st.sampled_from(PERIODS[form]))
    every = [unit for unit in AREAS if unit.level == LEVELS[form]]
    unit = draw(st.sampled_from(asked(form, period) * 3 + every))
    kind = draw(st.sampled_from((MessageKind.REPORT,) * 3 + (MessageKind.RETRACTION, MessageKind.MOVE)))
    return [(draw(st.sampled_from(DAYS)), draw(messages(kind, form, period, unit)))]


@st.composite
def messages(draw: st.DrawFn, kind: MessageKind, form: str, period: str, unit: Unit) -> Event:
    values, states = draw(said(form)) if kind == MessageKind.REPORT else ((), b"")
    return Event(
        kind=int(kind),
        form=form,
        form_version=1,
        period=period,
        unit=unit.id,
        release=draw(st.integers(1, 3)),
        path=draw(st.sampled_from(paths(unit))),
        submission=draw(st.integers(0, 50)).to_bytes(16, "big"),
        content=content_hash(kind, pack(values), states),
        replaces=draw(st.sampled_from((None, None, None, 1))) if kind == MessageKind.RETRACTION else None,
        packed=pack(values),
        states=states,
    )


@st.composite
def said(draw: st.DrawFn, form: str) -> tuple[tuple[int, ...], bytes]:
    """Figures near the bounds, some left empty or not applicable; both options of child labour or none."""
    likely = (ValueState.REPORTED,) * 20 + (ValueState.ABSENT, ValueState.NOT_APPLICABLE)
    of = {element: draw(st.sampled_from(likely)) for element in dict.fromkeys(FIELDS[form])}
    values = [
        draw(st.sampled_from(NEAR[element])) if of[element] == ValueState.REPORTED else 0 for element in FIELDS[form]
    ]
    return tuple(values), bytes(of[element] for element in FIELDS[form])


def paths(unit: Unit) -> list[tuple[str, ...]]:
    """Where the unit stands, and where another release may have said that it does."""
    own = tuple(one.id for one in TREE.path(unit, unit.valid_from))
    elsewhere = (*own[:2], "202@2021-01-01", unit.id)
    return [own, own, elsewhere] if unit.level == "commune" and unit.valid_to else [own]


histories = st.lists(st.one_of(rounds(), rounds(), afterthoughts()), min_size=1, max_size=10).map(
    lambda some: sorted((one for part in some for one in part), key=lambda one: one[0])
)


@dataclass
class SetClock:
    time: datetime = BEGAN

    def now(self) -> datetime:
        return self.time


@dataclass(frozen=True)
class Question:
    """On which day it is asked, what was known on which (None: then), and by the tree of which (None: the period's)."""

    area: Unit
    period: str
    now: int
    known: int | None
    by: date | None

    @property
    def day(self) -> int:
        """The day by which it is judged."""
        return self.now if self.known is None else self.known

    @property
    def params(self) -> dict[str, str]:
        params = {"plan": "lang-son", "area": self.area.id, "period": self.period}
        if self.by is not None:
            params["asOfHierarchy"] = self.by.isoformat()
        if self.known is not None:
            params["knownAt"] = at(self.known).isoformat()
        return params


@dataclass
class Stack:
    """The fold, the tables and the api, all real; a history is written from the beginning."""

    dsn: str
    clock: SetClock = field(default_factory=SetClock)

    def __post_init__(self) -> None:
        migrate(self.dsn, DATABASE)
        self.store = Store(self.dsn, DATABASE, threads=1)
        self.start()

    def start(self) -> None:
        """An api that has read nothing yet."""
        api = Api(self.store, FixedRegistry(), self.clock)
        self.app = create_app("api", [api.router], Metrics(), api.checks)

    def write(self, history: Sequence[Said]) -> None:
        fold, client = Partitions(0), connect(self.dsn, DATABASE)
        fold.assign(dict.fromkeys(range(PARTITIONS), 0), ())
        ends = [0] * PARTITIONS
        for table in ("submission", "rollup"):
            client.command(f"TRUNCATE TABLE {table}")
        reads = []
        for day, one in history:
            partition = sum(one.unit.encode()) % PARTITIONS
            reads.append(Read(partition, ends[partition], int(at(day).timestamp() * 1000), one))
            ends[partition] += 1
        batch = fold.sort_out(reads)
        assert not batch.absent
        fold.take(batch)
        flush = fold.flush()
        insert(client, "submission", flush.submissions)
        insert(client, "rollup", flush.rollup)
        client.close()
        # Another log: a running api would be told of it.
        self.start()

    def ask(self, question: Question) -> httpx.Response:
        self.clock.time = at(question.now)

        async def go() -> httpx.Response:
            headers = {"Authorization": f"Bearer {presented('k', 's')}"}
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://api", headers=headers) as client:
                return await client.get("/v1/attainment", params=question.params)

        return asyncio.run(go())


def at(day: int) -> datetime:
    return BEGAN + timedelta(days=day)


@pytest.fixture(scope="module")
def stack(engine: Path) -> Iterator[Stack]:
    one = Stack(f"chdb://{engine}")
    yield one
    asyncio.run(one.store.close())


def told(one: dict[str, Any]) -> Told:
    value, coverage = one["value"], one["coverage"]
    if value is None:
        return Told(one["state"], one["rule"]["code"])
    return Told(
        one["state"],
        one["rule"]["code"],
        value["numerator"]["value"],
        value["denominator"]["value"],
        None if value["exact"] is None else Fraction(value["exact"]),
        coverage["reported"],
        coverage["expected"],
        one["provisional"],
    )


@st.composite
def questions(draw: st.DrawFn, history: Sequence[Said]) -> Question:
    """Now, which comes after all that was sent, or what was known on a day of the past."""
    known = draw(st.sampled_from((None, None, *DAYS)))
    now = max(history[-1][0], draw(st.sampled_from(DAYS)), known or 0)
    period = draw(st.sampled_from([one.period for _, one in history] * 3 + list(PERIODS["xa"])))
    there = [unit for unit in AREAS if unit.in_force(window(period)[1])]
    return Question(draw(st.sampled_from(there * 3 + AREAS)), period, now, known, draw(st.sampled_from(TREES)))


@settings(max_examples=25 if PROFILE == "short" else 1_000)
@given(histories, st.data())
def test_every_attainment_answer_is_recomputed_from_all_revisions(
    stack: Stack, history: list[Said], data: st.DataObject
) -> None:
    stack.write(history)
    for _ in range(8):
        one = data.draw(questions(history))
        log = [said for day, said in history if day <= one.day]
        expected = answered(Seen.of(log, one.by, civil_date(at(one.day))), one.area, one.period)
        answer = stack.ask(one)
        if answer.status_code == 404:
            # The tree of that day has no such area, or nobody there was asked.
            assert (one.by is not None and not one.area.in_force(one.by)) or expected == {}
            continue
        assert answer.status_code == 200, answer.text
        found = {target["target"]: told(target) for target in answer.json()["targets"]}
        for state in {f"{one.state}: {one.rule}" for one in found.values()}:
            event(state)
        assert found == expected


def test_the_release_is_the_one_that_the_oracle_is_written_for() -> None:
    asked = {form.id: [one.element for one in form.fields] for form in RELEASE.forms.values()}
    assert asked == {form: list(fields) for form, fields in FIELDS.items()}
