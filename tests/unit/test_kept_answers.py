"""Answers kept until something in them changes: never one that was read before a change and stored after it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule
from starlette.responses import Response

from chitieu.contracts.events import Change
from services.api.kept import KeptAnswers, Place

CELLS = [("xa", "2024", area) for area in "abc"]


@dataclass
class World:
    live: bool = True
    epoch: int = 0


def kept_in(world: World, most_bytes: int = 10**6) -> KeptAnswers:
    return KeptAnswers(lambda: world.live, lambda: world.epoch, most_bytes)


def change(*areas: str, reset: bool = False) -> Change:
    return Change(1, 0, 1, 0.0, [("xa", "2024", list(areas))] if areas else [], reset=reset)


def answered(kept: KeptAnswers, question: str, cells: Iterable[tuple[str, str, str]], body: bytes = b"x") -> None:
    kept.keep(kept.begin(question, cells), "tag", Response(body))


def test_an_answer_is_found_until_one_of_its_cells_changes() -> None:
    kept = kept_in(World())
    answered(kept, "q", CELLS[:2], b"body")
    kept.hear(0, change("c"))
    found = kept.find("q")
    assert found is not None and (found.etag, found.body) == ("tag", b"body")
    kept.hear(1, change("b"))
    assert kept.find("q") is None
    assert (len(kept), kept.size) == (0, 0)


def test_an_answer_read_before_a_change_is_not_stored_after_it() -> None:
    kept = kept_in(World())
    place = kept.begin("q", CELLS[:1])
    kept.hear(0, change("a"))
    kept.keep(place, "old", Response(b"old"))
    assert kept.find("q") is None


def test_nor_one_that_somebody_asked_for_again_meanwhile() -> None:
    kept = kept_in(World())
    before = kept.begin("q", CELLS[:1])
    kept.hear(0, change("a"))
    after = kept.begin("q", CELLS[:1])
    kept.keep(before, "old", Response(b"old"))
    assert kept.find("q") is None
    kept.keep(after, "new", Response(b"new"))
    found = kept.find("q")
    assert found is not None and found.etag == "new"


def test_other_definitions_or_another_day_end_all_answers_also_those_under_way() -> None:
    world = World()
    kept = kept_in(world)
    answered(kept, "q", CELLS)
    place = kept.begin("r", CELLS)
    world.epoch = 1
    kept.keep(place, "old", Response(b"old"))
    assert kept.find("q") is None and kept.find("r") is None


def test_while_nobody_hears_of_changes_nothing_is_found_or_kept() -> None:
    world = World()
    kept = kept_in(world)
    answered(kept, "q", CELLS)
    world.live = False
    assert kept.find("q") is None
    answered(kept, "r", CELLS)
    world.live = True
    assert kept.find("r") is None


def test_what_was_kept_is_found_again_once_all_is_heard_unless_it_has_changed_meanwhile() -> None:
    """A follower is behind for some milliseconds at every announcement: no answer is lost for that."""
    world = World()
    kept = kept_in(world)
    answered(kept, "q", CELLS)
    answered(kept, "r", [("xa", "2024", "d")])
    world.live = False
    assert kept.find("q") is None and kept.find("r") is None
    kept.hear(7, change("a"))
    world.live = True
    assert kept.find("q") is None
    assert kept.find("r") is not None


def test_a_worker_that_took_over_and_announcements_unheard_end_all_answers() -> None:
    kept = kept_in(World())
    answered(kept, "q", CELLS)
    kept.hear(0, change(reset=True))
    assert kept.find("q") is None
    answered(kept, "q", CELLS)
    kept.lost()
    assert kept.find("q") is None


def test_a_tag_alone_is_kept_too() -> None:
    kept = kept_in(World())
    kept.keep(kept.begin("q", CELLS), "tag")
    found = kept.find("q")
    assert found is not None and (found.etag, found.body) == ("tag", None)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4_000))))
def test_memory_is_bounded_and_the_least_recently_used_go_first(asked: list[tuple[int, int]]) -> None:
    kept = kept_in(World(), most_bytes=10_000)
    order: list[int] = []
    for question, size in asked:
        answered(kept, str(question), CELLS, bytes(size))
        order = [one for one in order if one != question] + [question]
        assert kept.size <= 10_000
        assert all(kept.find(str(one)) for one in order[-len(kept) :] if len(kept))
        assert not any(kept.find(str(one)) for one in order[: -len(kept)])


@dataclass(frozen=True)
class UnderWay:
    """An answer that was read, and the versions of the cells that it was read at."""

    place: Place
    read: tuple[int, ...]


@dataclass
class Figures:
    versions: list[int] = field(default_factory=lambda: [0, 0, 0])


class Races(RuleBasedStateMachine):
    """Readers and changes in any order: a find never gives what is older than the last change heard of its cells."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = kept_in(World(), most_bytes=6_000)
        self.figures = Figures()
        self.heard = [0, 0, 0]

    reading = Bundle("reading")

    @rule(target=reading, question=st.sampled_from("pqr"), cells=st.sets(st.integers(0, 2), min_size=1))
    def read(self, question: str, cells: set[int]) -> UnderWay:
        place = self.kept.begin((question, frozenset(cells)), [CELLS[at] for at in cells])
        return UnderWay(place, tuple(self.figures.versions))

    @rule(one=reading)
    def keep(self, one: UnderWay) -> None:
        self.kept.keep(one.place, repr(one.read), Response(b"x"))

    @rule(cell=st.integers(0, 2))
    def write(self, cell: int) -> None:
        """Visible first, announced later."""
        self.figures.versions[cell] += 1

    @rule(cell=st.integers(0, 2))
    def announce(self, cell: int) -> None:
        self.heard[cell] = self.figures.versions[cell]
        self.kept.hear(0, change("abc"[cell]))

    @rule(question=st.sampled_from("pqr"), cells=st.sets(st.integers(0, 2), min_size=1))
    def find(self, question: str, cells: set[int]) -> None:
        found = self.kept.find((question, frozenset(cells)))
        if found is not None and found.etag is not None:
            versions = [int(one) for one in found.etag.strip("()").split(",")]
            assert all(versions[at] >= self.heard[at] for at in cells)


TestRaces = Races.TestCase
TestRaces.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
