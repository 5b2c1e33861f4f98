"""The array fold against the plain fold that a reader learns from: equal after every batch, however it is cut."""

from hypothesis import given
from hypothesis import strategies as st

from chitieu.contracts.events import Event
from chitieu.domain.rollup import Cell, Group
from services.aggregate.group import ArrayGroup
from tests.unit.logs import logs
from tests.unit.oracle import Totals

NOTHING = Totals(0, (), (), ())


def plain_cells(group: Group) -> dict[str, Totals]:
    found = {area: Totals.of(cell) for area, cell in group.cells.items()}
    return {area: cell for area, cell in found.items() if cell != NOTHING}


def array_cells(group: ArrayGroup) -> dict[str, Totals]:
    found = {}
    for row, area in enumerate(group.area_ids):
        sums, reported, not_applicable = group.totals[row].tolist()
        found[area] = Totals.of(Cell(int(group.units[row]), sums, reported, not_applicable))
    return {area: cell for area, cell in found.items() if cell != NOTHING}


@given(logs, st.sets(st.integers(0, 40)))
def test_the_array_fold_equals_the_plain_fold_after_every_batch(log: list[Event], cuts: set[int]) -> None:
    plain, arrays = Group(), ArrayGroup()
    for at, event in enumerate(log):
        assert arrays.decide(event) == plain.apply(event)
        if at in cuts:
            before = array_cells(arrays)
            changed = {arrays.area_ids[row] for row in arrays.settle()}
            after = array_cells(arrays)
            assert after == plain_cells(plain)
            assert {area for area in before | after if before.get(area) != after.get(area)} <= changed
    arrays.settle()
    assert array_cells(arrays) == plain_cells(plain)
    assert len(arrays.settle()) == 0
