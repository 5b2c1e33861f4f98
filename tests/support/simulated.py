"""What a simulation amounts to, added up by hand: the oracle of the demo's figures."""

from datetime import date

from chitieu.cli.simulation import Item, Simulation
from chitieu.domain.address import Reference, locate
from chitieu.domain.inquiry import CellKey
from chitieu.domain.registry import Release
from chitieu.domain.report import ReportValidator
from chitieu.domain.rollup import Cell, Report


def in_force(simulation: Simulation) -> list[Item]:
    """The newest of each report. Single ones change nothing: they are refused, or taken back and sent again."""
    newest = {(item.form, item.period, item.unit): item for batch in simulation.batches for item in batch.items}
    return list(newest.values())


def cells_of(release: Release, items: list[Item], today: date) -> dict[CellKey, Cell]:
    """The totals of every area, report by report."""
    cells: dict[CellKey, Cell] = {}
    validators = {id_: ReportValidator(form, release.catalogue) for id_, form in release.forms.items()}
    for item in items:
        address = locate(release, Reference(item.form, item.period, item.unit), today)
        said = validators[item.form].validate(item.values)
        report = Report(values=said.values, states=said.states)
        for unit in address.path:
            cells.setdefault((item.form, item.period, unit.id), Cell()).add(report, 1)
    return cells
