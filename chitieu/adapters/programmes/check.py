"""Everything that is wrong with a directory of programmes, at once.

    programmes, findings = check(Path("programmes"))

Three rounds: what can't be read; what each file says; and, as far as the files could be read, what they say together.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from chitieu.adapters.programmes.checks import coverage, duties, forms, names, owners, plans, quotations, units, usage
from chitieu.adapters.programmes.definitions import Definitions, define
from chitieu.adapters.programmes.directory import Programmes, read
from chitieu.adapters.programmes.finding import Finding

OF_FILES: Sequence[Callable[[Programmes], Iterator[Finding]]] = (
    names.catalogue_names,
    names.form_names,
    names.plan_names,
    names.units_and_levels,
    names.plan_cycles,
    names.plan_area,
    names.homes,
    plans.bounds,
    plans.target_days,
    plans.duty_days,
    plans.times,
    plans.blank_numbers,
    forms.windows,
    forms.repeated_elements,
    forms.append_only,
    units.rows,
    units.parents,
    units.circular,
    units.successors,
    quotations.quoted,
    quotations.bases,
)
OF_ALL_TOGETHER: Sequence[Callable[[Definitions], Iterator[Finding]]] = (
    owners.one_owner,
    coverage.targets_have_data,
    coverage.rounds_ask_somebody,
    coverage.duties_fall_to_somebody,
    duties.collected,
    forms.assumed_windows,
    usage.unused,
)


def check(root: Path, documents: Path | None = None) -> tuple[Programmes, list[Finding]]:
    """The programmes, and every finding in the order of files and lines. With `documents`, quotations are looked up."""
    programmes, findings = read(root)
    for of_files in OF_FILES:
        findings += of_files(programmes)
    if documents is not None:
        findings += quotations.found_in_documents(programmes, documents)
    definitions = define(programmes)
    if definitions is not None:
        for of_all in OF_ALL_TOGETHER:
            findings += of_all(definitions)
    return programmes, sorted(set(findings))
