"""What the files mean together, as far as they could be read: the material of the checks that look across files."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from chitieu.adapters.programmes.directory import Programmes, Written
from chitieu.adapters.programmes.reporting import Reporting
from chitieu.contracts.programme import FormFile
from chitieu.domain.catalogue import Catalogue
from chitieu.domain.form import Form
from chitieu.domain.unit import Unit, UnitTree

_MARGIN = timedelta(days=731)
_FAR = date(2190, 12, 31)


@dataclass(frozen=True, slots=True)
class Definitions:
    """`forms` has the newest version of each form; `complete` means that nothing is left out of the files.

    `until` lies two years beyond the last day that is written anywhere: later than that nothing changes.
    """

    programmes: Programmes
    catalogue: Catalogue
    forms: tuple[tuple[Written[FormFile], Form], ...]
    reporting: Reporting
    until: date
    complete: bool


def define(programmes: Programmes) -> Definitions | None:
    """None without a catalogue, or if the unit tree runs in a circle."""
    units = [unit for file in programmes.units for unit in file.rows]
    tree = UnitTree(units)
    if programmes.catalogue is None or circles(tree):
        return None
    catalogue = programmes.catalogue.value.to_domain()
    resolved = [(w, w.value.to_domain(catalogue)) for w in programmes.forms if _resolvable(w.value, catalogue)]
    newest = {form.id: (written, form) for written, form in sorted(resolved, key=lambda one: one[1].version)}
    return Definitions(
        programmes=programmes,
        catalogue=catalogue,
        forms=tuple(newest[id_] for id_ in sorted(newest)),
        reporting=Reporting(tree),
        until=min(max(_written_days(programmes, units), default=_FAR) + _MARGIN, _FAR),
        complete=programmes.whole and len(resolved) == len(programmes.forms),
    )


def _resolvable(form: FormFile, catalogue: Catalogue) -> bool:
    return all(f.element in catalogue.elements and catalogue.breakdowns.keys() >= set(f.by) for f in form.fields)


def _written_days(programmes: Programmes, units: Iterable[Unit]) -> Iterator[date]:
    for unit in units:
        yield from (unit.valid_from, unit.valid_to or unit.valid_from)
    for form in programmes.forms:
        for one in form.value.collected:
            yield from (one.first, one.last or one.first)
    for plan in programmes.plans:
        yield plan.value.in_force.last


def circles(tree: UnitTree) -> list[Unit]:
    """Units that stand above themselves on the day they come into force."""
    return [unit for unit in tree.units.values() if _returns(tree, unit)]


def _returns(tree: UnitTree, unit: Unit) -> bool:
    seen, current = {unit.id}, unit
    while current.parent is not None and (parent := tree.at(current.parent, unit.valid_from)) is not None:
        if parent.id in seen:
            return True
        seen.add(parent.id)
        current = parent
    return False
