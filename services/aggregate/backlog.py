"""Places that wait to be judged: those of larger areas first, since more people look at them, then the oldest."""

from collections import OrderedDict
from collections.abc import Iterable

from chitieu.domain.consequence import Consequences, Place


class Backlog:
    """Of one release. Each place waits once."""

    def __init__(self, consequences: Consequences) -> None:
        self.consequences = consequences
        self._waiting: dict[int, OrderedDict[Place, None]] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, places: Iterable[Place]) -> None:
        for place in places:
            self._waiting.setdefault(self.consequences.depth(place.area), OrderedDict())[place] = None

    def take(self, most: int) -> list[Place]:
        taken: list[Place] = []
        while self._waiting and len(taken) < most:
            depth = min(self._waiting)
            taken.append(self._waiting[depth].popitem(last=False)[0])
            if not self._waiting[depth]:
                del self._waiting[depth]
        return taken
