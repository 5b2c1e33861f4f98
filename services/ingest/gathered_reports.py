"""From data values to reports: values of one form, period and unit make one, which is taken whole or not at all.

DHIS2 leaves alone what a request does not mention; a report says everything anew, and what ingest can't see it can't
keep. So a request that leaves out fields counts only where there never was a report: nothing can be lost there. Over a
report it is a conflict, which the fold finds.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

from chitieu.contracts.events import Event
from chitieu.domain.access import AccessKey
from chitieu.domain.address import Address, Reference, shown
from chitieu.domain.errors import ChitieuError, InvalidReport, Problem
from chitieu.domain.form import Form
from services.ingest.data_values import DataValue, Strategy
from services.ingest.intake import Intake, Sender
from services.ingest.said import SaidReport

_DAY = re.compile(r"[0-9]{8}")
_REASON = "importStrategy=DELETE"
_MOST_NAMED = 5
# Said of a form that does not ask for the period or the unit at all: another one was probably meant.
_OTHER_FORM = frozenset({"period_not_collected", "unit_does_not_report"})


@dataclass(slots=True)
class Gathered:
    """The values of one report, by the field that each names."""

    address: Address
    values: list[DataValue] = field(default_factory=list)

    @property
    def reference(self) -> Reference:
        return Reference(self.address.form.id, str(self.address.period), self.address.unit.id)

    @property
    def by_key(self) -> Mapping[str, DataValue]:
        return {value.key: value for value in self.values}

    @property
    def missing(self) -> list[str]:
        """Fields that no value speaks of, by themselves or by their element's total."""
        spoken = {value.key for value in self.values}
        asked = (one for one in self.address.form.fields if not one.retired)
        return [one.key for one in asked if one.key not in spoken and one.element not in spoken]

    def problems(self) -> Iterator[tuple[Problem, Sequence[DataValue]]]:
        """What is wrong with the values before their figures are judged."""
        known: dict[str, DataValue] = {}
        for value in self.values:
            if value.problem is not None:
                yield value.problem, [value]
            first = known.setdefault(value.key, value)
            if first is not value:
                yield Problem("repeated_member", "", {"member": shown(value.key)}), [first, value]


@dataclass(frozen=True, slots=True)
class Draft:
    """A report that may be published. `only_first`: it counts only if there never was one."""

    gathered: Gathered
    event: Event
    only_first: bool


class Homes:
    """Finds the form that asks a unit for an element in a period, each place once."""

    def __init__(self, intake: Intake, sender: Sender, data_set: str) -> None:
        self._intake = intake
        self._sender = sender
        self._release = intake.release
        self._data_set = self._release.forms.get(data_set)
        self._found: dict[Reference, Address | ChitieuError] = {}
        self._carriers: dict[str, Sequence[Form]] = {}

    def find(self, value: DataValue) -> Address | ChitieuError:
        """The report's address, or why there is none."""
        carriers = self._carrying(value.element)
        if not carriers:
            return InvalidReport.of("unknown_element", element=shown(value.element))
        if self._data_set is not None and self._data_set not in carriers:
            return InvalidReport.of("foreign_element", element=value.element, form=self._data_set.id)
        forms = carriers if self._data_set is None else [self._data_set]
        if _is_day(value.period):
            return InvalidReport.of("period_not_collected", form=forms[0].id, period=value.period)
        tried = [self._address(Reference(form.id, value.period, value.unit)) for form in forms]
        found = next((one for one in tried if isinstance(one, Address)), None)
        return found or min((one for one in tried if isinstance(one, ChitieuError)), key=_elsewhere)

    def _carrying(self, element: str) -> Sequence[Form]:
        found = self._carriers.get(element)
        if found is None:
            found = [form for form in self._release.forms.values() if element in form.positions]
            self._carriers[element] = found
        return found

    def _address(self, reference: Reference) -> Address | ChitieuError:
        found = self._found.get(reference)
        if found is None:
            try:
                found = self._intake.address(reference, self._sender)
            except ChitieuError as error:
                found = error
            self._found[reference] = found
        return found


def draft(intake: Intake, caller: AccessKey, strategy: Strategy, gathered: Gathered) -> Draft:
    """The report, or the retraction, that some values mean. Raises InvalidReport, Refused."""
    missing = gathered.missing
    if strategy is Strategy.DELETE or all(value.figure is None for value in gathered.values):
        if missing:
            raise InvalidReport.of("part_of_report", missing=listed(missing))
        event = intake.retraction(gathered.reference, _REASON, None, Sender(caller, waits=True))
        return Draft(gathered, event, only_first=False)
    values = {value.key: value.figure for value in gathered.values}
    only_first = bool(missing) or strategy is Strategy.CREATE
    # What counts once is the same submission when it is sent again; anything else is not, or A, B, A would end in B.
    key = sha256(repr(sorted(values.items())).encode()).hexdigest() if only_first else None
    said = SaidReport(gathered.reference, values, replaces=0 if only_first else None)
    return Draft(gathered, intake.report(said, Sender(caller, key, waits=True)), only_first)


def listed(keys: Sequence[str]) -> str:
    return ", ".join(keys[:_MOST_NAMED]) + (", …" if len(keys) > _MOST_NAMED else "")


def _elsewhere(error: ChitieuError) -> bool:
    return any(problem.code in _OTHER_FORM for problem in error.problems)


def _is_day(period: str) -> bool:
    """`20210115`, which DHIS2 knows and no form here collects."""
    if _DAY.fullmatch(period):
        with suppress(ValueError):
            date(int(period[:4]), int(period[4:6]), int(period[6:]))
            return True
    return False
