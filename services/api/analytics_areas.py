"""Which units the items of DHIS2's dimension `ou` mean: codes, LEVEL-3, LEVEL-commune-20, USER_ORGUNIT.

A code means the unit in force when the period ends, and a level the tree of that day: periods may differ in both,
unless one tree is asked for.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from chitieu.domain.catalogue import Label
from chitieu.domain.errors import ChitieuError, InvalidRequest
from chitieu.domain.form import Form
from chitieu.domain.inquiry import Inquiry
from chitieu.domain.period import Period, Window
from chitieu.domain.unit import NATION, Unit
from services.api.analytics_periods import unknown_item
from services.api.analytics_question import MOST_ROWS
from services.api.lookups import unknown_area

_LEVEL = "LEVEL-"
_OWN = "USER_ORGUNIT"
_OWN_CHILDREN = "USER_ORGUNIT_CHILDREN"
_EXAMPLES = ["LEVEL-2", "LEVEL-commune-20", _OWN, _OWN_CHILDREN]
# Units looked at for one question: some tenths of a second.
_MOST_VISITED = 200_000
_COUNTLESS = Label(f"hơn {_MOST_VISITED}", f"more than {_MOST_VISITED}")
_KEYWORD = ("LEVEL", "USER_", "OU_GROUP")


class Areas:
    """Looks units up for periods of some forms; `own` is the id of the caller's unit."""

    def __init__(self, inquiry: Inquiry, forms: Iterable[Form], own: str) -> None:
        self._inquiry = inquiry
        self._tree = inquiry.release.tree
        self._forms = list(forms)
        self._own = own
        self._visited = 0

    def of(self, items: Sequence[str], periods: Sequence[Period]) -> Mapping[Period, Sequence[Unit]]:
        """The areas of each period, each once.

        Raises NotFound for an item that means nothing in any of them, InvalidRequest if there is no end to them.

        Beside a level, units only bound it, as in DHIS2.
        """
        boundaries = [item for item in items if not item.startswith(_LEVEL)]
        found: dict[Period, dict[str, Unit]] = {period: {} for period in periods}
        for item in items:
            meant = {period: self._units(item, boundaries, period) for period in periods}
            if not any(meant.values()):
                raise self._unknown(item, periods[-1])
            if item.startswith(_LEVEL) or len(boundaries) == len(items):
                for period, units in meant.items():
                    found[period].update((unit.id, unit) for unit in units)
        return {period: list(areas.values()) for period, areas in found.items()}

    def _visit(self, units: int) -> None:
        self._visited += units
        if self._visited > _MOST_VISITED:
            raise InvalidRequest.of("too_many_rows", limit=MOST_ROWS, rows=_COUNTLESS, counts="pe, ou")

    def _units(self, item: str, boundaries: Sequence[str], period: Period) -> Sequence[Unit]:
        self._visit(1)
        if item.startswith(_LEVEL):
            level, _, boundary = item.removeprefix(_LEVEL).partition("-")
            tops = [boundary] if boundary else boundaries or [NATION]
            return [
                unit for top in tops for one in self._units(top, (), period) for unit in self._at(level, one, period)
            ]
        unit = self._located(self._own if item in (_OWN, _OWN_CHILDREN) else item, period)
        if unit is None:
            return []
        return self._tree.children(unit.code, self._days(period)[0]) if item == _OWN_CHILDREN else [unit]

    def _located(self, reference: str, period: Period) -> Unit | None:
        """Forms have windows of their own: the latest day on which the unit is asked for something counts.

        In the tree of another day only what is in force then is found.
        """
        if self._inquiry.hierarchy is not None:
            day = self._inquiry.hierarchy.day
            found = self._tree.find(reference, day)
            return found if found is not None and found.in_force(day) else None
        standing = [unit for day in self._days(period) if (unit := self._tree.find(reference, day)) is not None]
        rounds = self._inquiry.expectations.rounds
        asked = (unit for unit in standing if any(rounds(form, period, unit.id) for form in self._forms))
        return next(asked, None) or next(iter(standing), None)

    def _at(self, level: str, top: Unit, period: Period) -> Sequence[Unit]:
        """The units of a level, by its number from the nation (1) down or by its name, in the subtree of one."""
        day = self._days(period)[0]
        if not (level.isascii() and level.isdigit()):
            below = (top, *self._tree.descendants(top.code, day))
            self._visit(len(below))
            return [unit for unit in below if unit.level == level]
        units, depth = [top], len(self._tree.path(top, day))
        if int(level[:3]) < depth:
            return []
        while units and depth < int(level[:3]):
            units, depth = [child for unit in units for child in self._tree.children(unit.code, day)], depth + 1
            self._visit(len(units))
        return units

    def _days(self, period: Period) -> Sequence[date]:
        """The last days of the period by the windows of the forms, latest first; the calendar's without any.

        If one tree is asked for, its day.
        """
        if self._inquiry.hierarchy is not None:
            return [self._inquiry.hierarchy.day]
        asked = self._inquiry.expectations.asked
        days = {one.days.last for form in self._forms for one in asked(form, period)}
        return sorted(days, reverse=True) or [Window().days(period).last]

    def _unknown(self, item: str, period: Period) -> ChitieuError:
        if item.startswith(_KEYWORD):
            return unknown_item("ou", item, _EXAMPLES)
        return unknown_area(self._tree, item, self._days(period)[0])
