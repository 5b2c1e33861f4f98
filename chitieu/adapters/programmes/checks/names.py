"""Every name that is used is defined, and defined once."""

from collections.abc import Iterator
from typing import Any

from chitieu.adapters.programmes.directory import ADMINISTRATIVE, Programmes, Written
from chitieu.adapters.programmes.finding import Finding, did_you_mean, listed
from chitieu.adapters.programmes.source import Loc
from chitieu.contracts.plan_file import PlanFile
from chitieu.contracts.programme import ReportersFile
from chitieu.domain.unit import Unit


def catalogue_names(programmes: Programmes) -> Iterator[Finding]:
    if (catalogue := programmes.catalogue) is None:
        return
    known = programmes.names.elements
    for id_, element in catalogue.value.elements.items():
        for whole in element.part_of:
            if whole not in known:
                yield _unknown(catalogue, ("elements", id_, "part_of"), "element", whole, known)
    for id_, indicator in catalogue.value.indicators.items():
        for name in indicator.of.replace("/", "+").split(" + "):
            if name not in known:
                yield _unknown(catalogue, ("indicators", id_, "of"), "element", name, known)


def form_names(programmes: Programmes) -> Iterator[Finding]:
    names = programmes.names
    for form in programmes.forms if names.catalogued else ():
        for at, field in enumerate(form.value.fields):
            if field.element not in names.elements:
                yield _unknown(form, ("fields", at), "element", field.element, names.elements)
            for breakdown in field.by:
                if breakdown not in names.breakdowns:
                    yield _unknown(form, ("fields", at), "break-down", breakdown, names.breakdowns)


def plan_names(programmes: Programmes) -> Iterator[Finding]:
    names = programmes.names
    for plan in programmes.plans:
        if plan.value.parent is not None and plan.value.parent not in names.plans:
            yield _unknown(plan, ("parent",), "plan", plan.value.parent, names.plans)
        for id_, target in plan.value.targets.items():
            if names.catalogued and target.indicator not in names.indicators:
                yield _unknown(plan, ("targets", id_, "indicator"), "indicator", target.indicator, names.indicators)
        for id_, duty in plan.value.duties.items():
            if duty.form is not None and duty.form not in names.forms:
                yield _unknown(plan, ("duties", id_, "form"), "form", duty.form, names.forms)


def units_and_levels(programmes: Programmes) -> Iterator[Finding]:
    """Codes and levels that no units file has, in forms and plans."""
    units = [unit for file in programmes.units for unit in file.rows]
    codes, levels = {unit.code for unit in units}, {unit.level for unit in units}
    codes = codes.union(*(file.unread for file in programmes.units))
    if not _administrative(programmes):
        return
    for file, loc, who in _reporters(programmes):
        if who.level not in levels:
            yield _unknown(file, (*loc, "level"), "level of units", who.level, levels)
        for key, areas in (("within", who.within), ("except", who.excepted)):
            for code in areas:
                if code not in codes:
                    yield _unknown(file, (*loc, key), "unit", code, codes)
    for plan in programmes.plans:
        if plan.value.area not in codes:
            yield _unknown(plan, ("area",), "unit", plan.value.area, codes)


def _administrative(programmes: Programmes) -> bool:
    """Is there a tree at all? Without one every code would be unknown."""
    return any(file.id == ADMINISTRATIVE and file.rows for file in programmes.units)


def _reporters(programmes: Programmes) -> Iterator[tuple[Written[Any], Loc, ReportersFile]]:
    for form in programmes.forms:
        for at, one in enumerate(form.value.collected):
            yield form, ("collected", at, "who"), one.who
    for plan in programmes.plans:
        for id_, duty in plan.value.duties.items():
            yield plan, ("duties", id_, "who"), duty.who


def plan_cycles(programmes: Programmes) -> Iterator[Finding]:
    parents = {plan.value.plan: plan.value.parent for plan in programmes.plans}
    for plan in programmes.plans:
        chain: list[str] = [plan.value.plan]
        while (parent := parents.get(chain[-1])) is not None and parent not in chain:
            chain.append(parent)
        if parent == plan.value.plan:
            circle = " → ".join([*chain, parent])
            yield plan.mistake(("parent",), f"the plans stand above each other in a circle: {circle}")


def homes(programmes: Programmes) -> Iterator[Finding]:
    """A plan's folder and a form's file bear its id, so that there can't be two."""
    for plan in programmes.plans:
        id_, folder = plan.value.plan, plan.path.parent.name
        if id_ != folder:
            yield plan.mistake(("plan",), f"the plan is '{id_}' but its folder is '{folder}'")
    seen: dict[tuple[str, int], str] = {}
    for form in programmes.forms:
        id_, version = form.value.form, form.value.version
        stem, _, suffix = form.path.stem.partition(".")
        if stem != id_ or suffix not in ("", f"v{version}"):
            said = f"the file should be called {id_}.yaml or {id_}.v{version}.yaml, after its form and version"
            yield form.mistake(("form",), said)
        if (id_, version) in seen:
            yield form.mistake(("version",), f"version {version} of form '{id_}' stands in {seen[id_, version]} too")
        seen.setdefault((id_, version), form.source.file)


def plan_area(programmes: Programmes) -> Iterator[Finding]:
    """The area a plan binds must exist for some of the time."""
    rows: dict[str, list[Unit]] = {}
    for file in programmes.units:
        for unit in file.rows:
            rows.setdefault(unit.code, []).append(unit)
    for plan in programmes.plans:
        time, area = plan.value.in_force, plan.value.area
        if area in rows and not any(_meet(plan.value, u) for u in rows[area]):
            ages = listed(f"{u.valid_from} to {u.valid_to or 'today'}" for u in rows[area])
            said = f"unit '{area}' is in force {ages}, not while the plan is ({time.first} to {time.last})"
            yield plan.mistake(("area",), said)


def _meet(plan: PlanFile, unit: Unit) -> bool:
    time = plan.in_force
    return unit.valid_from <= time.last and (unit.valid_to is None or time.first <= unit.valid_to)


def _unknown(file: Written[Any], loc: Loc, what: str, name: str, known: frozenset[str] | set[str]) -> Finding:
    return file.mistake(loc, f"there is no {what} '{name}'" + did_you_mean(name, known))
