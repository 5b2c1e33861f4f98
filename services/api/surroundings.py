"""What lies above a unit, and what a plan is about, by one release: worked out when first asked, then kept."""

from collections.abc import Set
from datetime import date

from chitieu.domain.inquiry import Inquiry


class Surroundings:
    """By the definitions of one inquiry. `today` is the civil day whose tree counts beside that of a unit's own time.

    A unit lies below an area if it does today, did on its own first or last day, or is the area.
    """

    def __init__(self, inquiry: Inquiry, today: date) -> None:
        self.inquiry = inquiry
        self.today = today
        self._above: dict[str, frozenset[str]] = {}
        self._forms: dict[str, Set[str]] = {}

    def above(self, area: str) -> Set[str]:
        """Ids of a unit (given by its id) and of all that hold it; the id alone if nobody knows it."""
        found = self._above.get(area)
        if found is None:
            found = self._above[area] = frozenset(self._find_above(area)) | {area}
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
        unit = self.inquiry.release.tree.units.get(area)
        if unit is None:
            return set()
        return {one.id for day in (unit.valid_from, self.today) for one in self.inquiry.path(unit, day)}
