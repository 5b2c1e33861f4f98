"""What a unit owes: each form that asks it for a period begun so far, by when, and what became of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from chitieu.domain.form import Form
from chitieu.domain.obligation import ObligationState, Receipt, state_of
from chitieu.domain.period import Period, PeriodKind, civil_date, labels
from chitieu.domain.registry import Release
from chitieu.domain.unit import Unit
from services.api.queries import Reads


@dataclass(frozen=True, slots=True)
class Owed:
    """One report of a unit. `last_day` is None where no plan names one."""

    form: Form
    period: Period
    path: tuple[Unit, ...]
    closes: date
    last_day: date | None
    received_on: date | None
    state: ObligationState

    @property
    def unit(self) -> Unit:
        return self.path[-1]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a form asks of a unit; the period's window ends on the day `closes`."""

    form: Form
    period: Period
    path: tuple[Unit, ...]
    closes: date


async def owed(release: Release, reads: Reads, reference: str, today: date) -> Sequence[Owed]:
    """What the unit of a code, or an id, owes, by form; of each, the period that ends last first."""
    asked = sorted(_asked(release, reference, today), key=lambda one: (one.form.id, -one.closes.toordinal()))
    units = {one.path[-1].id for one in asked}
    periods = {str(one.period) for one in asked}
    receipts = await reads.receipts_of(units, {one.form.id for one in asked}, periods)
    return [_owed(release, one, receipts.get((one.form.id, str(one.period))), today) for one in asked]


def _asked(release: Release, reference: str, today: date) -> Iterator[_Asked]:
    for form in release.forms.values():
        for period in _periods(form, today):
            found = form.collection(period, lambda day: release.path_on(reference, day))
            if found is not None:
                collection, path = found
                days = collection.window.days(period)
                if days.first <= today:
                    yield _Asked(form, period, tuple(path), days.last)


def _periods(form: Form, today: date) -> Iterator[Period]:
    """Phases are named by the plans, and can't be counted through."""
    kinds = {one.kind for one in form.collections} - {PeriodKind.PHASE}
    first = min(one.first for one in form.collections).year - 1
    return (period for kind in sorted(kinds) for period in labels(kind, range(first, today.year + 2)))


def _owed(release: Release, asked: _Asked, receipt: Receipt | None, today: date) -> Owed:
    stands = receipt is not None and not receipt.retracted
    received_on = civil_date(receipt.first) if receipt is not None and stands else None
    last = last_day(release, asked.form, asked.period, asked.path)
    state = state_of(last, received_on, today)
    return Owed(asked.form, asked.period, asked.path, asked.closes, last, received_on, state)


def last_day(release: Release, form: Form, period: Period, path: Sequence[Unit]) -> date | None:
    """The first of the days by which plans want a unit's report of a period; None if none names one."""
    duties = (duty for plan in release.plans.values() for duty in plan.duties.values())
    asking = (duty for duty in duties if duty.form == form.id and duty.asks(period) and duty.who.include(path))
    return min(_known(duty.last_day(period) for duty in asking), default=None)


def _known(days: Iterable[date | None]) -> Iterator[date]:
    return (day for day in days if day is not None)
