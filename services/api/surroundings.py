"""What lies above a unit, and what a plan is about, by one release: worked out when first asked, then kept."""

from collections.abc import Iterator, Set
from datetime import date

from chitieu.domain.inquiry import Inquiry
from chitieu.domain.unit import Unit


class Surroundings:
    """By the definitions of one inquiry.

    A unit lies below what holds it on any day of its life, below itself, and below what it became, in whole or in part,
    with what holds that: by the tree of another day it may count there.
    """

    def __init__(self, inquiry: Inquiry) -> None:
        self.inquiry = inquiry
        self._above: dict[str, frozenset[str]] = {}
        self._forms: dict[str, Set[str]] = {}

    def above(self, area: str) -> Set[str]:
        """Ids of all that a unit (given by its id) lies below; its own alone if nobody knows it."""
        found = self._above.get(area)
        if found is None:
            found = self._above[area] = frozenset(self._find_above(area))
        return found

    def forms(self, plan: str) -> Set[str]:
        """Ids of the forms that a plan's targets and duties need; none if there is no such plan now."""
        found = self._forms.get(plan)
        if found is None:
            asked = self.inquiry.release.plans.get(plan)
            forms = () if asked is None else self.inquiry.plan_forms(asked)
            found = self._forms[plan] = frozenset(form.id for form in forms)
        return found

    def area(self, plan: str) -> str | None:
        """The id of the unit that a plan binds."""
        asked = self.inquiry.release.plans.get(plan)
        unit = None if asked is None else self.inquiry.area_of(asked)
        return None if unit is None else unit.id

    def _find_above(self, area: str) -> set[str]:
        tree = self.inquiry.release.tree
        became, waiting, found = {area}, [area], {area}
        while waiting:
            unit = tree.units.get(waiting.pop())
            if unit is not None:
                found |= {unit.id, *self._holders(unit, unit.valid_from, unit.valid_to or date.max)}
                after = {one.successor for one in tree.successions(unit) if one.successor is not None} - became
                became |= after
                waiting += after
        return found

    def _holders(self, unit: Unit, first: date, last: date) -> Iterator[str]:
        """Ids of all that hold a unit on some day from one to another, with it for as long as they do."""
        for row in self.inquiry.release.tree.rows(unit.parent) if unit.parent is not None else ():
            begin, end = max(first, row.valid_from), min(last, row.valid_to or date.max)
            if begin <= end:
                yield row.id
                yield from self._holders(row, begin, end)
