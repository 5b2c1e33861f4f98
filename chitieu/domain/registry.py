"""A release: every definition in force together, and look-ups across it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from chitieu.domain.catalogue import Catalogue
from chitieu.domain.form import Form
from chitieu.domain.plan import Plan
from chitieu.domain.unit import Unit, UnitTree


@dataclass(frozen=True)
class Release:
    """`forms` holds the newest version of each; `form_versions` every version that was ever in force."""

    number: int
    catalogue: Catalogue
    forms: Mapping[str, Form]
    form_versions: Mapping[tuple[str, int], Form]
    plans: Mapping[str, Plan]
    tree: UnitTree

    def lineage(self, plan: Plan) -> Iterator[Plan]:
        """The plan and the plans above it, nearest first."""
        seen: set[str] = set()
        current: Plan | None = plan
        while current is not None and current.id not in seen:
            seen.add(current.id)
            yield current
            current = self.plans.get(current.parent) if current.parent else None

    def area_of(self, plan: Plan) -> Unit | None:
        """The unit that a plan binds: the one in force on its first day, else the first to come."""
        return next((u for u in self.tree.rows(plan.area) if u.valid_to is None or u.valid_to >= plan.first), None)

    def path_on(self, reference: str, day: date) -> tuple[Unit, ...]:
        """The path of a unit (code, or code@valid_from) on a day, nation first; empty if it isn't in force then."""
        unit = self.tree.find(reference, day)
        return self.tree.path(unit, day) if unit is not None and unit.in_force(day) else ()
