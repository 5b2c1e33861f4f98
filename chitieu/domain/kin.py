"""Which areas lie above and below each other among those that some forms ask for a period."""

from collections.abc import Iterable, Sequence

from chitieu.domain.obligation import Roster


class Kin:
    """Areas by their units' ids, as the rosters of some rounds count them.

    Forms may cut the year differently, so that an area may have stood in two others.
    """

    def __init__(self, rosters: Iterable[Roster]) -> None:
        self._rosters = tuple(rosters)
        self._lines: dict[str, frozenset[str]] = {}

    def knows(self, area: str) -> bool:
        return any(area in one.by_area for one in self._rosters)

    def above(self, area: str) -> Sequence[str]:
        """Those directly above; none of the nation."""
        return sorted({one.above[area] for one in self._rosters if area in one.above})

    def below(self, area: str) -> Sequence[str]:
        """Those directly below, in a fixed order."""
        return sorted({id_ for one in self._rosters for id_ in one.below.get(area, ())})

    def line(self, area: str) -> frozenset[str]:
        """An area and all above it."""
        found = self._lines.get(area)
        if found is None:
            found = self._lines[area] = frozenset([area]).union(*map(self.line, self.above(area)))
        return found

    def seen_from(self, area: str) -> frozenset[str]:
        """The areas from which it is seen whole; see `Inquiry.seen_from`."""
        line = self.line(area)
        held = [one.holders.get(area, line) for one in self._rosters if area in one.by_area]
        return frozenset.intersection(*held) if held else line
