"""What a new release changes, in sentences, and what it must not change.

for sentence in difference(old, new): ...      # shown before `apply`
violations(old, new)                           # must be empty
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from chitieu.adapters.programmes.checks.forms import moved
from chitieu.adapters.programmes.finding import listed
from chitieu.adapters.programmes.moves import moved_units
from chitieu.domain.catalogue import Breakdown, Element, Indicator
from chitieu.domain.form import Collection, Form, Reporters
from chitieu.domain.period import Anchor, Deadline
from chitieu.domain.plan import Clause, Duty, Plan, Target, Task
from chitieu.domain.registry import Release
from chitieu.domain.unit import Unit

Thing = TypeVar("Thing")
Facts = dict[str, str]


def difference(old: Release | None, new: Release) -> list[str]:
    """One sentence for each thing that is new, gone or changed; without `old` everything is new."""
    return [
        *_catalogue(old, new),
        *_forms(old, new),
        *_plans(old, new),
        *_units(old, new),
    ]


def violations(old: Release, new: Release) -> list[str]:
    """What may not be: a form that is in use changed or gone, and fields that are not where they were."""
    found = []
    for (id_, version), form in old.form_versions.items():
        if new.form_versions.get((id_, version), form) != form:
            found.append(
                f"form '{id_}' version {version} has changed: a form that is in use can only get a new version"
            )
    for id_, form in old.forms.items():
        now = new.forms.get(id_)
        if now is None:
            found.append(f"form '{id_}' is gone: a form that is in use stays; end its rounds with 'last'")
        elif now.version < form.version:
            found.append(f"form '{id_}' goes back from version {form.version} to {now.version}")
    for (id_, version), form in old.form_versions.items():
        now = new.forms.get(id_)
        said = moved(form, now) if now is not None and now.version > version else None
        if said is not None:
            found.append(said)
    return found + list(_retyped(old, new))


def _retyped(old: Release, new: Release) -> Iterator[str]:
    """Figures that were reported must go on meaning what they meant."""
    reported = {field.element for form in old.form_versions.values() for field in form.fields}
    for id_ in sorted(reported & old.catalogue.elements.keys() & new.catalogue.elements.keys()):
        was, now = _element(old.catalogue.elements[id_]), _element(new.catalogue.elements[id_])
        for fact in ("kind", "counts", "decimal places"):
            if was[fact] != now[fact]:
                yield f"element '{id_}' is in use: its {fact} can't go from {was[fact]} to {now[fact]}; define another"


def _changes(
    what: str, old: Mapping[str, Thing], new: Mapping[str, Thing], facts: Callable[[Thing], Facts]
) -> Iterator[str]:
    """New, gone and changed entries of one kind; of the changed ones, each fact."""
    for id_ in new:
        if id_ not in old:
            yield f"{what} '{id_}' is new"
        elif old[id_] != new[id_]:
            yield from _changed(f"{what} '{id_}'", facts(old[id_]), facts(new[id_]))
    for id_ in old:
        if id_ not in new:
            yield f"{what} '{id_}' is gone"


def _changed(subject: str, old: Facts, new: Facts) -> Iterator[str]:
    for fact, now in new.items():
        if old[fact] != now:
            yield f"{subject}: {fact} {old[fact] or 'none'} → {now or 'none'}"


# Catalogue and forms


def _catalogue(old: Release | None, new: Release) -> Iterator[str]:
    before, after = old.catalogue if old else None, new.catalogue
    yield from _changes("break-down", before.breakdowns if before else {}, after.breakdowns, _breakdown)
    yield from _changes("element", before.elements if before else {}, after.elements, _element)
    yield from _changes("indicator", before.indicators if before else {}, after.indicators, _indicator)


def _breakdown(one: Breakdown) -> Facts:
    options = ", ".join(f"{code} ({label.vi})" for code, label in one.options.items())
    return {"name": one.label.vi, "English name": one.label.en, "options": options}


def _element(one: Element) -> Facts:
    return {
        "name": one.label.vi,
        "English name": one.label.en,
        "counts": one.counts,
        "kind": one.kind,
        "part of": ", ".join(one.part_of),
        "sensitive": _yes_no(one.sensitive),
        "decimal places": str(one.scale),
        "maximum": str(one.maximum),
    }


def _indicator(one: Indicator) -> Facts:
    return {
        "name": one.label.vi,
        "English name": one.label.en,
        "of": " / ".join(" + ".join(side) for side in (one.numerator, one.denominator) if side),
        "unit": one.unit,
        "better": one.better,
        "share": _yes_no(one.share),
    }


def _forms(old: Release | None, new: Release) -> Iterator[str]:
    before = old.forms if old else {}
    for id_, form in new.forms.items():
        was = before.get(id_)
        if was is None:
            yield f"form '{id_}' is new: {len(form.fields)} fields in series '{form.series}'"
        elif was != form:
            yield from _changed(f"form '{id_}'", _form(was), _form(form))
            yield from _fields(was, form)
    yield from (f"form '{id_}' is gone" for id_ in before if id_ not in new.forms)


def _form(one: Form) -> Facts:
    return {
        "version": str(one.version),
        "name": one.label.vi,
        "English name": one.label.en,
        "series": one.series,
        "rounds": "; ".join(_round(each) for each in one.collections),
    }


def _round(one: Collection) -> str:
    window = one.window.standard or ", ".join(f"{_day(a)}–{_day(b)}" for a, b in one.window.anchors)
    return f"{one.kind} of {_who(one.reporters)}, {window}, {one.first} to {one.last or 'further notice'} ({one.basis})"


def _fields(old: Form, new: Form) -> Iterator[str]:
    retired = {field.key for field in old.fields if field.retired}
    known = {field.key for field in old.fields}
    added = [field.key for field in new.fields if field.key not in known]
    ended = [field.key for field in new.fields if field.retired and field.key not in retired]
    if added:
        yield f"form '{new.id}': new fields {listed(added, 9)}"
    if ended:
        yield f"form '{new.id}': retired fields {listed(ended, 9)}"


# Plans


def _plans(old: Release | None, new: Release) -> Iterator[str]:
    before = old.plans if old else {}
    for id_, plan in new.plans.items():
        was = before.get(id_)
        if was is None:
            counts = f"{len(plan.targets)} targets, {len(plan.duties)} duties, {len(plan.tasks)} tasks"
            yield f"plan '{id_}' is new: {counts}, in force {plan.first} to {plan.last}"
        elif was != plan:
            yield from _changed(f"plan '{id_}'", _plan(was), _plan(plan))
            yield from _changes(f"plan '{id_}': target", was.targets, plan.targets, _target)
            yield from _changes(f"plan '{id_}': duty", was.duties, plan.duties, _duty)
            yield from _changes(f"plan '{id_}': task", was.tasks, plan.tasks, _task)
    yield from (f"plan '{id_}' is gone" for id_ in before if id_ not in new.plans)


def _plan(one: Plan) -> Facts:
    parent = _clause(one.parent_basis) if one.parent_basis else {}
    return {
        "name": one.label.vi,
        "English name": one.label.en,
        "number": one.number,
        "issued": one.issued,
        "issuer": one.issuer,
        "document": one.document,
        "parent": one.parent or "",
        "parent's clause": ", ".join(parent.values()),
        "area": one.area,
        "in force": f"{one.first} to {one.last}",
        "phases": ", ".join(map(str, one.phases)),
        "coverage needed": str(one.coverage_needed),
        "source": one.source,
        "note": one.note,
    }


def _clause(one: Clause) -> Facts:
    return {"place": one.place, "words": one.words, "basis": one.basis, "note": one.note}


def _target(one: Target) -> Facts:
    signs = [one.comparator, *([one.holds] if one.holds else [])]
    return {
        "name": one.label.vi,
        "English name": one.label.en,
        "indicator": one.indicator,
        "bound": " ".join([*signs, *([str(one.bound)] if one.bound is not None else [])]),
        "since": str(one.since or ""),
        "due": str(one.due or ""),
        "baseline": "" if one.baseline is None else str(one.baseline),
        "milestones": ", ".join(f"{period}: {value}" for period, value in one.milestones),
        "series": one.series,
        "scope": one.scope,
        "periods": ", ".join(one.kinds),
        **_clause(one.clause),
    }


def _duty(one: Duty) -> Facts:
    return {
        "name": one.label.vi,
        "English name": one.label.en,
        "who": _who(one.who),
        "to": one.to,
        "form": one.form or "",
        "period": one.period or "",
        "of": ", ".join(str(index) for index in one.indexes),
        "deadline": _deadline(one.deadline),
        "due": str(one.due or ""),
        **_clause(one.clause),
    }


def _task(one: Task) -> Facts:
    return {"owner": one.owner, "due": str(one.due or ""), **_clause(one.clause)}


def _who(one: Reporters) -> str:
    excepted = f" except {', '.join(one.excepted)}" if one.excepted else ""
    return f"{one.level} in {', '.join(one.within)}{excepted}"


def _deadline(one: Deadline | None) -> str:
    return f"{'on' if one.inclusive else 'before'} {_day(one.anchor)}" if one else ""


def _day(one: Anchor) -> str:
    return f"{one.day}/{one.month}" + {0: "", -1: " previous", 1: " next"}[one.year_offset]


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"


# Units


def _units(old: Release | None, new: Release) -> Iterator[str]:
    before, after = old.tree.units if old else {}, new.tree.units
    both = [(before[id_], after[id_]) for id_ in after if id_ in before]
    yield from _some("new", (u for id_, u in after.items() if id_ not in before))
    yield from _some("gone (what they reported stays theirs)", (u for id_, u in before.items() if id_ not in after))
    yield from _some("with another last day", (now for was, now in both if was.valid_to != now.valid_to))
    yield from _some("renamed", (now for was, now in both if was.name != now.name))
    yield from _some("of another level", (now for was, now in both if was.level != now.level))
    if old is not None:
        yield from _some("moved in the tree", {moved.unit.id: moved.unit for moved in moved_units(old, new)}.values())
        steps = [{step for u in tree.units.values() for step in tree.successions(u)} for tree in (old.tree, new.tree)]
        if steps[0] != steps[1]:
            yield f"successors of units: {len(steps[1] - steps[0])} new, {len(steps[0] - steps[1])} gone"


def _some(what: str, units: Iterable[Unit]) -> Iterator[str]:
    every = list(units)
    if every:
        names = listed(f"{unit.name} ({unit.id})" for unit in every)
        yield f"{len(every)} unit{'s' if len(every) > 1 else ''} {what}: {names}"
