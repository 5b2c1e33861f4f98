"""Answers kept for as long as nothing they are made of has changed: a repeated question is not worked out again.

An answer has its place before its cells are read, and whatever a change names loses its place, read already or not. So
an answer that was read before a change can't be kept after it: there is no place for it any more. That holds because a
change is announced only once readers see it. All places are lost when other definitions, another day or other figures
are in force, and when announcements have gone unheard; while some are not heard yet, nothing is kept or found.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field

from starlette.responses import Response

from chitieu.contracts.events import Announcement, Change
from chitieu.domain.inquiry import CellKey

# About what an entry and a place of one cell in the index take besides the question and the body.
_ENTRY_BYTES, _CELL_BYTES = 1_000, 250


@dataclass(eq=False, slots=True)
class Place:
    """Where an answer is kept: `etag` once it is known, `body` and its `headers` once it was written."""

    question: Hashable
    cells: frozenset[CellKey]
    etag: str | None = None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.size = _ENTRY_BYTES + len(str(self.question)) + _CELL_BYTES * len(self.cells)


class KeptAnswers:
    """The least recently used go when there are more than `most_bytes`, about. Hears the follower of `changes`."""

    def __init__(self, live: Callable[[], bool], epoch: Callable[[], Hashable], most_bytes: int) -> None:
        self._live = live
        self._epoch = epoch
        self._most_bytes = most_bytes
        self._kept_in: Hashable = None
        self._places: OrderedDict[Hashable, Place] = OrderedDict()
        self._by_cell: dict[CellKey, set[Place]] = defaultdict(set)
        self.size = 0

    def __len__(self) -> int:
        return len(self._places)

    def find(self, question: Hashable) -> Place | None:
        """The answer to a question, if it still holds: if not all is heard yet, nobody can tell.

        What is kept stays: once the follower has caught up, what changed meanwhile has lost its place, and if it could
        not, it says that all is lost.
        """
        if not self._live():
            return None
        self._turn()
        place = self._places.get(question)
        if place is None or place.etag is None:
            return None
        self._places.move_to_end(question)
        return place

    def begin(self, question: Hashable, cells: Iterable[CellKey]) -> Place:
        """A place for the answer, to be asked for before the cells are read."""
        place = Place(question, frozenset(cells))
        if self._live():
            self._turn()
            self._drop(self._places.get(question))
            self._places[question] = place
            self.size += place.size
            for cell in place.cells:
                self._by_cell[cell].add(place)
            self._shrink()
        return place

    def keep(self, place: Place, etag: str, response: Response | None = None) -> None:
        """The answer, or its tag alone, if its place was not lost meanwhile."""
        if self._places.get(place.question) is not place or self._epoch() != self._kept_in:
            return
        place.etag = etag
        if response is not None:
            place.body, place.headers = bytes(response.body), dict(response.headers)
            place.size += len(place.body)
            self.size += len(place.body)
        self._shrink()

    def hear(self, offset: int, said: Announcement) -> None:
        if not isinstance(said, Change):
            return
        if said.reset:
            self.lost()
        elif self._places:
            for form, period, areas in said.named():
                for area in areas:
                    for place in list(self._by_cell.get((form, period, area), ())):
                        self._drop(place)

    def lost(self) -> None:
        self._places.clear()
        self._by_cell.clear()
        self.size = 0

    def _turn(self) -> None:
        now = self._epoch()
        if now != self._kept_in:
            self.lost()
            self._kept_in = now

    def _shrink(self) -> None:
        while self.size > self._most_bytes and self._places:
            self._drop(next(iter(self._places.values())))

    def _drop(self, place: Place | None) -> None:
        if place is None:
            return
        del self._places[place.question]
        self.size -= place.size
        for cell in place.cells:
            self._by_cell[cell].discard(place)
            if not self._by_cell[cell]:
                del self._by_cell[cell]
