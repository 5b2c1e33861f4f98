"""What a request names: the thing itself, or a problem that names the nearest matches."""

from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches

from chitieu.domain.errors import ChitieuError, NotFound
from chitieu.domain.inquiry import Inquiry
from chitieu.domain.period import Period, PeriodKind
from chitieu.domain.plan import Plan
from chitieu.domain.registry import Release
from chitieu.domain.unit import Unit, UnitTree, folded

# Longer than any code, id or name; comparing more would only cost time.
_LONGEST = 60
_MOST = 3


def find_plan(release: Release, id_: str) -> Plan:
    """Raises NotFound."""
    plan = release.plans.get(id_)
    if plan is None:
        by_name = {folded(p.label.vi): p.id for p in release.plans.values()} | {
            p.id: p.id for p in release.plans.values()
        }
        near = get_close_matches(folded(_cut(id_)), by_name, _MOST * 2, 0.3)
        raise NotFound.of("unknown_plan", plan=_cut(id_), nearest=_listed(by_name[one] for one in near))
    return plan


def find_unit(tree: UnitTree, reference: str, day: date) -> Unit:
    """`code` in force on a day, or `code@valid_from`. Raises NotFound."""
    unit = tree.find(reference, day)
    if unit is None:
        raise unknown_area(tree, reference, day)
    return unit


def unknown_area(tree: UnitTree, reference: str, day: date) -> ChitieuError:
    """The NotFound that names units whose code or name comes close, diacritics ignored."""
    text = _cut(reference)
    near = tree.search(text.partition("@")[0], day, _MOST)
    if not near:
        by_name = {folded(u.name): u for u in tree.units.values() if u.in_force(day)}
        by_name |= {u.code: u for u in tree.units.values() if u.in_force(day)}
        near = [by_name[one] for one in get_close_matches(folded(text), by_name, _MOST, 0.5)]
    return NotFound.of("unknown_area", area=text, nearest=_listed(f"{u.code} ({u.name})" for u in near))


def find_period(inquiry: Inquiry, plan: Plan, text: str) -> Period:
    """Raises NotFound."""
    try:
        return Period.parse(text)
    except ValueError:
        raise not_judged(inquiry, plan, text) from None


def not_judged(inquiry: Inquiry, plan: Plan, text: str) -> ChitieuError:
    """The NotFound that names periods that the plan does ask for."""
    periods = inquiry.periods(inquiry.plan_forms(plan), PeriodKind, plan.first, plan.last)
    labels = [str(period) for period in periods]
    near = get_close_matches(_cut(text), labels, _MOST, 0.3) or labels[:_MOST]
    return NotFound.of("period_not_judged", plan=plan.id, period=_cut(text), nearest=_listed(near))


def find_area(inquiry: Inquiry, plan: Plan, reference: str | None, period: Period) -> Unit:
    """The plan's area or one below it, as of the period's end there. Raises NotFound."""
    day = inquiry.period_end(plan, period)
    unit = inquiry.locate(plan, reference or plan.area, period)
    if unit is None:
        raise unknown_area(inquiry.release.tree, reference or plan.area, day)
    if not inquiry.inside(plan, unit, day):
        area = inquiry.area_of(plan)
        where = plan.area if area is None else area.name
        raise NotFound.of("area_outside_plan", unit=f"{unit.id} ({unit.name})", area=where, plan=plan.id)
    return unit


def _cut(text: str) -> str:
    return text[:_LONGEST]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(list(dict.fromkeys(names))[:_MOST]) or "–"
