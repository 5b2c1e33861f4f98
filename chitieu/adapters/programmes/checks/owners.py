"""One source per figure: in an area and period an element of a series comes from one form and one level of reporters.

A unit that is asked for an element while a unit above it is asked for the same one would be counted twice in every area
above them both. Found by enumerating who is asked in every period that differs from the others.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter

from chitieu.adapters.programmes.definitions import Definitions
from chitieu.adapters.programmes.directory import Written
from chitieu.adapters.programmes.finding import Finding, listed
from chitieu.adapters.programmes.reporting import Reporting, periods
from chitieu.contracts.programme import FormFile
from chitieu.domain.form import Form
from chitieu.domain.period import Period, PeriodKind


@dataclass(frozen=True, slots=True)
class Clash:
    """`lower` asks `unit` in its round `at`, and `upper` asks `area`, which is the unit or stands above it."""

    lower: Form
    upper: Form
    at: int
    unit: str
    area: str
    period: Period


def one_owner(definitions: Definitions) -> Iterator[Finding]:
    groups: dict[tuple[str, PeriodKind], list[Form]] = defaultdict(list)
    for _, form in definitions.forms:
        for kind in dict.fromkeys(one.kind for one in form.collections):
            groups[form.series, kind].append(form)
    written = {form.id: file for file, form in definitions.forms}
    for (_, kind), forms in groups.items():
        for clash in clashes(definitions.reporting, forms, kind, definitions.until):
            yield _finding(definitions.reporting, written[clash.lower.id], clash)


def clashes(reporting: Reporting, forms: Sequence[Form], kind: PeriodKind, until: date) -> Iterator[Clash]:
    """The first clash of every pair of forms of one series, and of levels within a form."""
    found: set[tuple[str, str, bool]] = set()
    for period in _different_periods(reporting, forms, kind, until):
        for clash in _clashes_in(reporting, forms, period):
            pair = clash.lower.id, clash.upper.id, clash.unit == clash.area
            if pair not in found:
                found.add(pair)
                yield clash


def _different_periods(reporting: Reporting, forms: Sequence[Form], kind: PeriodKind, until: date) -> Iterator[Period]:
    """One of every set of periods in which the forms ask the same units."""
    every = {p for form in forms for one in form.of_kind(kind) for p in periods(one, until)}
    seen: set[object] = set()
    for period in sorted(every):
        key = tuple(reporting.states(form, period) for form in forms)
        if key not in seen:
            seen.add(key)
            yield period


def _clashes_in(reporting: Reporting, forms: Sequence[Form], period: Period) -> Iterator[Clash]:
    asked = [reporting.asked(form, period) for form in forms]
    owners: dict[str, list[int]] = defaultdict(list)
    for n, units in enumerate(asked):
        for unit in units:
            owners[unit].append(n)
    together = [[bool(shared(lower, upper)) for upper in forms] for lower in forms]
    for n, units in enumerate(asked):
        for unit, one in sorted(units.items(), key=itemgetter(0)):
            for area in reporting.path(unit.partition("@")[0], one.window.days(period).last):
                for m in owners.get(area, ()):
                    if together[n][m] and (area != unit or m < n):
                        yield Clash(forms[n], forms[m], forms[n].collections.index(one), unit, area, period)


def shared(one: Form, other: Form) -> list[str]:
    """Elements that both forms ask for."""
    others = {field.element for field in other.fields if not field.retired}
    return list(dict.fromkeys(f.element for f in one.fields if not f.retired and f.element in others))


def _finding(reporting: Reporting, written: Written[FormFile], clash: Clash) -> Finding:
    unit, area = (reporting.tree.units[id_] for id_ in (clash.unit, clash.area))
    elements = listed(f"'{e}'" for e in shared(clash.lower, clash.upper))
    asks = f"in {clash.period} {unit.name} ({unit.code}) is asked for {elements}"
    if clash.unit == clash.area:
        said = f"{asks} by form '{clash.upper.id}' too: two owners of one figure in series '{clash.lower.series}'"
    else:
        said = (
            f"{asks}, and above it {area.name} ({area.code}) is asked for the same by form '{clash.upper.id}': "
            f"it would be counted twice in series '{clash.lower.series}'"
        )
    return written.mistake(("collected", clash.at, "who"), said)
