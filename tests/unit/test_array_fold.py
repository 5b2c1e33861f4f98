"""The array fold against the plain fold that a reader learns from: equal after every batch, however it is cut."""

from collections.abc import Mapping

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from chitieu.contracts.events import Event
from chitieu.domain.rollup import Cell, Group
from services.aggregate import fold
from services.aggregate.fold import FormFold
from tests.unit.logs import logs
from tests.unit.oracle import Totals

NOTHING = Totals(0, (), (), ())
Cells = dict[str, Totals]


def plain_cells(group: Group) -> Cells:
    found = {area: Totals.of(cell) for area, cell in group.cells.items()}
    return {area: cell for area, cell in found.items() if cell != NOTHING}


def array_cells(form: FormFold, group: fold.Group) -> Cells:
    found = {}
    for area, cell in group.cells.items():
        columns = (one[0].tolist() for one in form.figures(np.array([cell])))
        found[area] = Totals.of(Cell(int(form.units[cell]), *columns))
    return {area: cell for area, cell in found.items() if cell != NOTHING}


def difference(before: Mapping[str, Totals], after: Mapping[str, Totals]) -> set[str]:
    return {area for area in {*before, *after} if before.get(area) != after.get(area)}


@given(logs, st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40)))
def test_the_array_fold_equals_the_plain_fold_after_every_batch(
    log: list[Event], cuts: set[int], forgotten: set[int]
) -> None:
    """Groups of periods share the arrays; after some batches one is dropped and begins anew, in rows used before."""
    form = FormFold()
    plain: dict[str, Group] = {}
    arrays: dict[str, fold.Group] = {}
    for at, event in enumerate(log):
        period = event.period
        if period not in plain:
            plain[period], arrays[period] = Group(), form.begin(period, 0)
        decided = plain[period].apply(event)
        assert form.decide(arrays[period], [event]) == ([decided.decision], [decided.revision])
        if at in cuts:
            before = {key: array_cells(form, group) for key, group in arrays.items()}
            changed = {(form.group(int(form.group_of[cell])).period, form.areas[cell]) for cell in form.settle()}
            for key, group in arrays.items():
                after = array_cells(form, group)
                assert after == plain_cells(plain[key])
                # What changed and is as before is among them, too: see `FormFold.settle`.
                told = {area for of, area in changed if of == key}
                assert difference(before[key], after) <= plain[key].take_dirty().keys() == told
            if at in forgotten:
                form.drop(arrays.pop(period))
                del plain[period]
    form.settle()
    assert {key: array_cells(form, group) for key, group in arrays.items()} == {
        key: plain_cells(group) for key, group in plain.items()
    }
    assert len(form.settle()) == 0
