"""Whether an area's units have reported, and in time, as a page of their figures says it."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from chitieu.domain.obligation import Obligation, duties_for
from chitieu.domain.period import Period
from chitieu.domain.plan import Plan
from chitieu.domain.unit import Unit
from services.api.context import Context
from services.api.obligations import check_duties, every_duty
from services.api.view import Standpoint


@dataclass(frozen=True, slots=True)
class Reports:
    """The area's own duties, and by each unit below it (ids) those of all in it."""

    own: Sequence[Obligation]
    below: Mapping[str, Sequence[Obligation]]

    def of(self, unit: str, forms: Collection[str]) -> Sequence[Obligation]:
        """Of a unit below the area and all in it, those that are about some forms."""
        return [one for one in self.below.get(unit, ()) if one.duty.form in forms]


NONE_ASKED = Reports((), {})


async def read(
    context: Context, at: Standpoint, plan: Plan, period: Period, unit: Unit
) -> tuple[Sequence[Obligation], Callable[[Sequence[Obligation]], Reports]]:
    """Everybody's duties in the area, and how they are told after disclosure. Raises InvalidRequest for too many."""
    expectations = at.inquiry.expectations
    duties = duties_for(plan, at.inquiry.release.forms, period)
    check_duties(expectations, duties, period, unit.id, context.max_cells)
    receipts, _ = await at.receipts({form.id for _, form in duties}, period)
    every = every_duty(expectations, duties, period, unit.id, receipts, at.today)

    def told(shown: Sequence[Obligation]) -> Reports:
        return Reports([one for one in shown if one.unit.id == unit.id], _below(shown))

    return every, told


def _below(every: Iterable[Obligation]) -> Mapping[str, Sequence[Obligation]]:
    found: dict[str, list[Obligation]] = defaultdict(list)
    for one in every:
        for unit in one.path:
            found[unit.id].append(one)
    return found
