"""What a request names by its id, or the problem that names the nearest there is."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache

from chitieu.domain.catalogue import Indicator
from chitieu.domain.errors import NotFound, Problem
from chitieu.domain.form import Form
from chitieu.domain.period import similar
from chitieu.domain.plan import Plan, Task
from chitieu.domain.registry import Release
from chitieu.domain.unit import folded

# Longer than any code, id or name; comparing more would only cost time.
_LONGEST = 60
_MOST = 3


def cut(text: str) -> str:
    """No more of what somebody typed than a problem repeats."""
    return text[:_LONGEST]


def listed(names: Iterable[str]) -> str:
    """The first few of some names."""
    return ", ".join(list(dict.fromkeys(names))[:_MOST]) or "–"


def nearest(text: str, by_name: Mapping[str, str]) -> str:
    """The ids whose ids or names come closest, best first, diacritics ignored; `by_name` has both, folded."""
    near = get_close_matches(folded(cut(text)), by_name, _MOST * 2, 0.3)
    return listed(by_name[one] for one in near)


def unknown_form(release: Release, id_: str, pointer: str = "") -> Problem:
    return Problem(
        "unknown_form", pointer, {"form": cut(id_), "nearest": _nearest_form(cut(id_), tuple(release.forms))}
    )


# A file of many thousand reports is wrong in the same way on every line.
@lru_cache(256)
def _nearest_form(id_: str, forms: tuple[str, ...]) -> str:
    return nearest(id_, {folded(one): one for one in forms})


def unknown_period(text: str, pointer: str = "") -> Problem:
    return Problem("unknown_period", pointer, {"period": cut(text), "nearest": listed(similar(cut(text)))})


def find_form(release: Release, id_: str) -> Form:
    """Raises NotFound."""
    form = release.forms.get(id_)
    if form is None:
        raise NotFound(unknown_form(release, id_))
    return form


def find_plan(release: Release, id_: str) -> Plan:
    """Raises NotFound."""
    plan = release.plans.get(id_)
    if plan is None:
        by_name = {folded(one.label.vi): one.id for one in release.plans.values()} | {one: one for one in release.plans}
        raise NotFound.of("unknown_plan", plan=cut(id_), nearest=nearest(id_, by_name))
    return plan


def find_indicator(release: Release, id_: str) -> Indicator:
    """Raises NotFound."""
    indicators = release.catalogue.indicators
    if id_ not in indicators:
        by_name = {folded(one.label.vi): one.id for one in indicators.values()} | {one: one for one in indicators}
        raise NotFound.of("unknown_indicator", indicator=cut(id_), nearest=nearest(id_, by_name))
    return indicators[id_]


def find_task(plan: Plan, id_: str) -> Task:
    """Raises NotFound."""
    task = plan.tasks.get(id_)
    if task is None:
        by_name = {folded(one.owner): one.id for one in plan.tasks.values()} | {one: one for one in plan.tasks}
        raise NotFound.of("unknown_task", plan=plan.id, task=cut(id_), nearest=nearest(id_, by_name))
    return task
