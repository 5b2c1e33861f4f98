"""What a request names: the thing itself, or a problem that names the nearest matches."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from difflib import get_close_matches
from functools import partial

from chitieu.domain import named
from chitieu.domain.catalogue import Label
from chitieu.domain.errors import ChitieuError, InvalidRequest, NotFound
from chitieu.domain.inquiry import Inquiry
from chitieu.domain.named import cut, listed, unknown_period
from chitieu.domain.period import Days, Period, PeriodKind, Window
from chitieu.domain.plan import Plan, Target
from chitieu.domain.unit import Unit, UnitTree, folded

_MOST = 3

# What is found by its id alone is found here with the rest.
find_plan = named.find_plan
find_indicator = named.find_indicator


def find_unit(tree: UnitTree, reference: str, day: date) -> Unit:
    """`code` in force on a day, or `code@valid_from`. Raises NotFound."""
    unit = tree.find(reference, day)
    if unit is None:
        raise unknown_area(tree, reference, day)
    return unit


def unknown_area(tree: UnitTree, reference: str, day: date) -> ChitieuError:
    """The NotFound that names units whose code or name comes close, diacritics ignored.

    First those that have the code on another day, the nearest day first, by their ids.
    """
    text = cut(reference)
    code = text.partition("@")[0]
    others = sorted(tree.rows(code), key=lambda unit: _days_away(unit, day))
    near = [unit for unit in tree.search(code, day, _MOST) if unit not in others]
    if not near and not others:
        by_name = {folded(u.name): u for u in tree.units.values() if u.in_force(day)}
        by_name |= {u.code: u for u in tree.units.values() if u.in_force(day)}
        near = [by_name[one] for one in get_close_matches(folded(text), by_name, _MOST, 0.5)]
    named = [_by_id(unit) for unit in others] + [Label(*[f"{unit.code} ({unit.name})"] * 2) for unit in near]
    return NotFound.of("unknown_area", area=text, nearest=_in_both(named))


def _days_away(unit: Unit, day: date) -> int:
    return abs((max(unit.valid_from, min(day, unit.valid_to or day)) - day).days)


def _by_id(unit: Unit) -> Label:
    """A unit of another day: its id, and until when it was in force, or since when it is."""
    if unit.valid_to is None:
        return Label(f"{unit.id} ({unit.name})", f"{unit.id} ({unit.name})")
    ended = unit.valid_to
    return Label(f"{unit.id} ({unit.name}, đến hết {ended:%d/%m/%Y})", f"{unit.id} ({unit.name}, ended {ended})")


def find_period(inquiry: Inquiry, plan: Plan, text: str) -> Period:
    """Raises NotFound, for a phase that the plan does not name too."""
    with suppress(ValueError):
        period = Period.parse(text)
        if plan.judges(period):
            return period
    raise not_judged(inquiry, plan, text)


def any_period(text: str) -> Period:
    """Raises NotFound for what is no period's label."""
    try:
        return Period.parse(text)
    except ValueError:
        raise NotFound(unknown_period(text)) from None


def not_judged(inquiry: Inquiry, plan: Plan, text: str) -> ChitieuError:
    """The NotFound that names periods that the plan does ask for."""
    counted = inquiry.periods(inquiry.plan_forms(plan), PeriodKind, plan.first, plan.last)
    near = sorted((*plan.phases, *counted), key=partial(_time_away, _about(text)))
    return NotFound.of("period_not_judged", plan=plan.id, period=cut(text), nearest=listed(map(str, near)))


def _about(text: str) -> Days | None:
    """The days that a period's label is about, or at least the year that it begins with; None if not even that."""
    for label in (text, text[:4]):
        with suppress(ValueError):
            return Window().days(Period.parse(label))
    return None


def _time_away(asked: Days | None, period: Period) -> int:
    """How far a period's calendar days are from those asked about."""
    days = Window().days(period)
    return 0 if asked is None else abs((days.first - asked.first).days) + abs((days.last - asked.last).days)


def find_any_area(inquiry: Inquiry, reference: str, period: Period, plan: Plan | None = None) -> Unit:
    """An area as of the period's end there, whatever plans hold it. Raises NotFound."""
    unit = inquiry.locate(plan, reference, period)
    if unit is None:
        day = inquiry.period_end(plan, period) if inquiry.hierarchy is None else inquiry.hierarchy.day
        raise unknown_area(inquiry.release.tree, reference, day)
    return unit


def find_area(inquiry: Inquiry, plan: Plan, reference: str | None, period: Period) -> Unit:
    """The plan's area or one below it, as of the period's end there. Raises NotFound."""
    unit = find_any_area(inquiry, reference or plan.area, period, plan)
    if not inquiry.inside(plan, unit, inquiry.period_end(plan, period)):
        area = inquiry.area_of(plan)
        where = plan.area if area is None else area.name
        raise NotFound.of("area_outside_plan", unit=f"{unit.id} ({unit.name})", area=where, plan=plan.id)
    return unit


def find_level(inquiry: Inquiry, plan: Plan, area: Unit, period: Period, level: str) -> list[Unit]:
    """Every unit of a level below an area (`Inquiry.within`). Raises InvalidRequest if there is none."""
    below = inquiry.within(plan, area, period, level)
    if not below:
        shown = cut(level)
        nothing = Label(
            f"dưới địa bàn không có đơn vị cấp «{shown}»", f"no unit of level '{shown}' lies below the area"
        )
        raise InvalidRequest.of("invalid_parameter", parameter="level", detail=nothing)
    return below


def find_target(plan: Plan, judged: Iterable[Target], id_: str) -> Target:
    """One of a plan's targets that are judged somewhere. Raises NotFound."""
    known = {one.id: one for one in judged}
    if id_ not in known:
        near = get_close_matches(cut(id_), known, _MOST, 0.0)
        raise NotFound.of("unknown_target", plan=plan.id, target=cut(id_), nearest=listed(near))
    return known[id_]


def find_area_at(inquiry: Inquiry, reference: str, day: date) -> Unit:
    """`code` in force on a day, else the last unit before it that had the code; `code@valid_from` whatever the day.

    By a hierarchy only what is in force on its day. Raises NotFound.
    """
    tree, hierarchy = inquiry.release.tree, inquiry.hierarchy
    found = tree.find(reference, day if hierarchy is None else hierarchy.day)
    if found is None and hierarchy is None:
        found = next((unit for unit in reversed(tree.rows(reference)) if unit.valid_from <= day), None)
    if found is None or (hierarchy is not None and not found.in_force(hierarchy.day)):
        raise unknown_area(tree, reference, day if hierarchy is None else hierarchy.day)
    return found


def _in_both(names: Iterable[Label]) -> Label:
    some = list(names)
    return Label(listed(one.vi for one in some), listed(one.en for one in some))
