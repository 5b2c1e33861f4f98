"""Places that wait to be judged: what has changed does not wait for what is only looked at again, nor that for ever.

Among either, places of larger areas come first, since more people look at them, then those that wait longest.
"""

from collections import OrderedDict
from collections.abc import Iterable
from itertools import cycle

from chitieu.domain.consequence import Consequences, Place


class _Line:
    """By depth."""

    def __init__(self) -> None:
        self._waiting: dict[int, OrderedDict[Place, None]] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, place: Place, depth: int) -> None:
        self._waiting.setdefault(depth, OrderedDict())[place] = None

    def take(self, most: int) -> list[Place]:
        taken: list[Place] = []
        while self._waiting and len(taken) < most:
            depth = min(self._waiting)
            taken.append(self._waiting[depth].popitem(last=False)[0])
            if not self._waiting[depth]:
                del self._waiting[depth]
        return taken


class Backlog:
    """Of one release. Each place waits once in each of two lines, which take turns."""

    def __init__(self, consequences: Consequences) -> None:
        self.consequences = consequences
        self._changed, self._again = _Line(), _Line()
        self._turns = cycle((self._changed, self._again))

    def __bool__(self) -> bool:
        return bool(self._changed or self._again)

    def add(self, places: Iterable[Place], again: bool = False) -> None:
        """`again`: nothing is known to have changed there."""
        line = self._again if again else self._changed
        for place in places:
            line.add(place, self.consequences.depth(place.area))

    def take(self, most: int) -> list[Place]:
        """From the line whose turn it is, or the other if nothing waits there; nothing if nothing waits at all."""
        return next(self._turns).take(most) or next(self._turns).take(most)
