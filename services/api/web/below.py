"""The units below an area as pages list them: some at a time, those first that hold a target back."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date

from chitieu.domain.attainment import Attainment, State
from chitieu.domain.catalogue import Catalogue
from chitieu.domain.inquiry import Inquiry
from chitieu.domain.period import Period
from chitieu.domain.plan import Plan, Target
from chitieu.domain.unit import Unit
from services.api.answers import page
from services.api.attained import Attained, Value, attained, value_of
from services.api.attainment import MOST_LISTED, Judged, JudgedArea

SHOWN_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Figure:
    """One target of one unit, as a cell of a matrix says it."""

    state: State
    value: Value | None
    unit: str

    @classmethod
    def of(cls, one: Attainment) -> "Figure":
        return cls(one.state, value_of(one), one.indicator.unit)


@dataclass(frozen=True, slots=True)
class Row:
    """A unit with its figures by target; `asked` is the target that units are sorted by, in full.

    `above` is the unit that it lies in, None for the area itself.
    """

    area: Unit
    above: Unit | None
    figures: Mapping[str, Figure]
    asked: Attained | None


@dataclass(frozen=True, slots=True)
class Below:
    """Some of `number` units, and the cursor of those that follow; `targets` are judged in any of all of them."""

    rows: Sequence[Row]
    number: int
    next: str | None
    targets: Set[str]


@dataclass(frozen=True, slots=True)
class Lists:
    """How units below an area are listed: sorted by a target, if there is one, where each stands on a day."""

    inquiry: Inquiry
    day: date
    target: str | None
    cursor: str | None

    def some(self, shown: Judged) -> tuple[Sequence[JudgedArea], str | None]:
        """After disclosure. Raises InvalidRequest for another list's cursor."""
        return page(shown.ranked(), lambda one: one.unit.id, self.cursor, SHOWN_AT_ONCE)

    def below(self, shown: Judged) -> Below:
        some, following = self.some(shown)
        targets = {one.target.id for child in shown.children for one in child.attained}
        return Below([self.row(one, shown.own.unit) for one in some], len(shown.children), following, targets)

    def row(self, one: JudgedArea, area: Unit) -> Row:
        above = next(reversed(self.inquiry.path(one.unit, self.day)[:-1]), area)
        found = None if self.target is None else one.of(self.target)
        return Row(
            one.unit,
            None if above.id == area.id else above,
            {judged.target.id: Figure.of(judged) for judged in one.attained},
            None if found is None else attained(found, self._catalogue),
        )

    @property
    def _catalogue(self) -> Catalogue:
        return self.inquiry.release.catalogue


def levels(inquiry: Inquiry, plan: Plan, unit: Unit, period: Period) -> Mapping[str, Sequence[str]]:
    """By target: the levels below a unit at which it is judged, the upper ones first, as far as they can be listed."""
    asked = [one for one in inquiry.questions(plan, unit, period) if _below(one.target)]
    return {
        one.target.id: [level for level, units in inquiry.levels(one).items() if units <= MOST_LISTED] for one in asked
    }


def _below(target: Target) -> bool:
    return target.scope != "area"
