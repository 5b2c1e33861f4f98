"""`/v1/units`: the tree on any day. "lang son" finds Lạng Sơn."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from chitieu.domain.unit import NATION, Unit, UnitTree
from services.api.answers import PROBLEMS, Cursor, Limit, UnitBrief, page
from services.api.context import Context
from services.api.lookups import find_unit


class UnitLine(UnitBrief):
    """`valid_to` is the last day in force, null while it still is; `parent` is a code, meaning the unit of that day."""

    valid_from: date
    valid_to: date | None
    parent: str | None

    @classmethod
    def of(cls, unit: Unit) -> "UnitLine":
        return cls(
            id=unit.id,
            code=unit.code,
            name=unit.name,
            level=unit.level,
            sample=unit.sample,
            valid_from=unit.valid_from,
            valid_to=unit.valid_to,
            parent=unit.parent,
        )


class Successor(BaseModel):
    """What became of a unit: same, merged, split, abolished, or unknown where the sources do not say."""

    kind: str
    unit: UnitBrief | None


class UnitAnswer(UnitLine):
    """A unit with its neighbours on a day. A split never divides a count: figures stay with the old unit."""

    date: date
    in_force: bool
    ancestors: list[UnitBrief] = Field(description="nation first")
    children: list[UnitBrief]
    successors: list[Successor]
    predecessors: list[UnitBrief] = Field(description="everything that went into it, through any number of reforms")


class UnitList(BaseModel):
    date: date
    items: list[UnitLine]
    next: str | None


Day = Annotated[date | None, Query(alias="date", description="the tree of this day; default: today in Viet Nam")]


def routes(context: Context) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["units"], responses=PROBLEMS)

    @router.get("/units", response_model=UnitList)
    async def units(
        request: Request,
        q: Annotated[str | None, Query(max_length=100, description="part of a name, or a code; marks ignored")] = None,
        day: Day = None,
        level: Annotated[str | None, Query(max_length=64, description="nation, province, district, commune …")] = None,
        under: Annotated[
            str | None, Query(max_length=64, description="only below this unit (code or code@date)")
        ] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        """Units in force on a day: best match first with `q`, else in the order of codes."""
        key = context.key(request, "attainment:read")
        tree, on = context.release.tree, day or context.today
        top = find_unit(tree, under, on) if under is not None else None
        found = _found(tree, q, on, top)
        kept = [unit for unit in found if level is None or unit.level == level]
        some, following = page(kept, lambda unit: unit.id, cursor, limit)
        return context.answer(
            key, some, lambda shown: UnitList(date=on, items=[UnitLine.of(unit) for unit in shown], next=following)
        )

    @router.get("/units/{unit}", response_model=UnitAnswer)
    async def unit(
        request: Request, unit: Annotated[str, Path(description="code, or code@valid_from")], day: Day = None
    ) -> Response:
        """A unit: what it belongs to, what belongs to it, since when, and what became of it."""
        key = context.key(request, "attainment:read")
        tree, on = context.release.tree, day or context.today
        return context.answer(key, find_unit(tree, unit, on), lambda shown: _unit(shown, tree, on))

    return router


def _found(tree: UnitTree, text: str | None, day: date, top: Unit | None) -> Sequence[Unit]:
    if text is not None and text.strip():
        hits = tree.search(text, day, len(tree))
        return [u for u in hits if u is not top and top in tree.path(u, day)] if top is not None else hits
    if top is not None:
        return sorted(tree.descendants(top.code, day), key=_by_code)
    nation = tree.at(NATION, day)
    below = tree.descendants(NATION, day)
    return sorted([nation, *below] if nation is not None else below, key=_by_code)


def _by_code(unit: Unit) -> tuple[str, date]:
    return unit.code, unit.valid_from


def _unit(unit: Unit, tree: UnitTree, day: date) -> UnitAnswer:
    in_force = unit.in_force(day)
    # A unit that is not in force on the day is shown as on its nearest one.
    on = day if in_force else max(unit.valid_from, min(day, unit.valid_to or day))
    steps = [(step.kind, tree.units.get(step.successor or "")) for step in tree.successions(unit)]
    went_in = [tree.units[id_] for id_ in sorted(tree.predecessors(unit.id)) if id_ in tree.units]
    return UnitAnswer(
        **dict(UnitLine.of(unit)),
        date=on,
        in_force=in_force,
        ancestors=[UnitBrief.of(one) for one in tree.path(unit, on)[:-1]],
        children=[UnitBrief.of(one) for one in sorted(tree.children(unit.code, on), key=_by_code)],
        successors=[Successor(kind=kind, unit=UnitBrief.of(one) if one else None) for kind, one in steps],
        predecessors=[UnitBrief.of(one) for one in went_in],
    )
