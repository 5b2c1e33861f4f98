"""`/map`: the areas below one, target by target: provinces as a map of tiles, any as a matrix sorted by a target."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from chitieu.domain.attainment import State
from chitieu.domain.inquiry import Inquiry
from chitieu.domain.period import Period
from chitieu.domain.plan import Plan, Target
from chitieu.domain.unit import NATION, Unit
from services.api.answers import Cursor
from services.api.context import Context
from services.api.lookups import find_area, find_period
from services.api.view import AskedView, Standpoint
from services.api.web.address import seen_from
from services.api.web.below import Figure, levels
from services.api.web.choice import above, offered, periods_for, usual_period, with_area
from services.api.web.matrix import Wanted, read
from services.api.web.pages import page_router, signed_in
from services.api.web.tiles import Islands, Place, TileMap, tile_map
from services.api.web.wording import Wording

AskedPlan = Annotated[str | None, Query(max_length=100, description="default: the one of the largest area in force")]
AskedPeriod = Annotated[str | None, Query(max_length=20, description="default: the last one that is over")]
AskedArea = Annotated[str | None, Query(max_length=64, description="default: the plan's")]
AskedTarget = Annotated[str | None, Query(max_length=100, description="on the map, and sorted by; default: the first")]
AskedLevel = Annotated[str | None, Query(max_length=64, description="every unit of a level below")]


@dataclass(frozen=True, slots=True)
class MapAddress:
    """A view of the map or matrix, as an address that can be sent."""

    plan: str
    period: str
    area: str | None = None
    target: str | None = None
    level: str | None = None
    cursor: str | None = None
    view: Mapping[str, str] = field(default_factory=dict)

    def but(self, **changed: str | None) -> "MapAddress":
        """The same but for some of it, with the units directly below, from the first on."""
        return replace(self, **{"level": None, "cursor": None, **changed})  # type: ignore[arg-type]

    def kept(self) -> Mapping[str, str]:
        """What another period keeps."""
        named = {"plan": self.plan, "area": self.area, "target": self.target, **self.view}
        return {name: value for name, value in named.items() if value is not None}

    def __str__(self) -> str:
        listed = {"level": self.level, "cursor": self.cursor}
        some = {name: value for name, value in listed.items() if value is not None}
        return "/map?" + urlencode({**self.kept(), "period": self.period, **some})


@dataclass(frozen=True, slots=True)
class Tile:
    """A province on the map; `shown` is None where the target is not judged."""

    unit: Unit
    place: Place
    shown: Figure | None

    @property
    def name(self) -> str:
        """Lạng Sơn."""
        return self.unit.name.removeprefix("Tỉnh ").removeprefix("Thành phố ")

    @property
    def short(self) -> str:
        """L.Sơn; HCM."""
        words = self.name.replace(" - ", " ").split()
        initials = [word[0] for word in words]
        return "".join(initials) if len(words) > 2 else ".".join((*initials[:-1], words[-1]))


@dataclass(frozen=True, slots=True)
class Drawn:
    """The map, and the archipelagos with what is shown of the provinces that they belong to."""

    tiles: Sequence[Tile]
    islands: Sequence[tuple[Islands, Tile]]


@dataclass(frozen=True, slots=True)
class Choice:
    plan: Plan
    period: Period
    unit: Unit
    target: str | None
    plans: Sequence[Plan]
    periods: Sequence[Period]
    targets: Sequence[Target]
    above: Sequence[Unit]


def routes(context: Context) -> APIRouter:
    router = page_router()

    @router.get("/map")
    async def map_(
        request: Request,
        view: AskedView,
        plan: AskedPlan = None,
        period: AskedPeriod = None,
        area: AskedArea = None,
        target: AskedTarget = None,
        level: AskedLevel = None,
        cursor: Cursor = None,
    ) -> Response:
        page = signed_in(context, request, "attainment:read")
        at = await context.standpoint(request, view, page.key)
        chosen = _chosen(at, plan, period, area, target)
        if chosen is None:
            return page.render("map_nothing.html")
        here = MapAddress(chosen.plan.id, str(chosen.period), area, chosen.target, level, cursor, seen_from(request))
        wanted = Wanted(chosen.plan, chosen.period, chosen.unit, chosen.target, level, cursor)
        matrix = await read(context, at, page, wanted)
        return page.render(
            "map.html",
            chosen=chosen,
            here=here,
            answer=matrix.answer,
            below=matrix.below,
            levels=levels(at.inquiry, chosen.plan, chosen.unit, chosen.period),
            words=Wording(page.writing),
            drawn=_drawn(at, chosen, level, matrix.told),
            states=_states(matrix.told.values()),
            sorted_by=next((one for one in matrix.answer.targets if one.target == chosen.target), None),
        )

    return router


def _chosen(
    at: Standpoint, plan: str | None, period: str | None, area: str | None, target: str | None
) -> Choice | None:
    """None if there is no plan. Raises NotFound for what does not exist or does not go together."""
    inquiry, today = at.inquiry, at.today
    plans = _plans(inquiry, today)
    found = with_area(inquiry, plan, plans)
    if found is None:
        return None
    asked, top = found
    periods = [one for one in periods_for(inquiry, asked, top, today) if inquiry.questions(asked, top, one)]
    when = (
        find_period(inquiry, asked, period) if period is not None else usual_period(inquiry, asked, top, periods, today)
    )
    unit = find_area(inquiry, asked, area, when)
    targets = [one.target for one in inquiry.questions(asked, unit, when) if one.target.scope != "area"]
    shown = target if target is not None else next((one.id for one in targets), None)
    return Choice(asked, when, unit, shown, plans, offered(periods, when), targets, above(inquiry, asked, unit, when))


def _plans(inquiry: Inquiry, today: date) -> list[Plan]:
    """Those in force first, and of them those of the largest areas."""

    def place(plan: Plan) -> tuple[bool, int, str]:
        area = inquiry.area_of(plan)
        return plan.last < today, 0 if area is None else len(inquiry.path(area, plan.first)), plan.id

    return sorted((one for one in inquiry.release.plans.values() if one.targets), key=place)


def _drawn(at: Standpoint, chosen: Choice, level: str | None, told: Mapping[str, Figure]) -> Drawn | None:
    """None unless it is the whole country, by its provinces."""
    tree, inquiry = at.inquiry.release.tree, at.inquiry
    if chosen.unit.code != NATION or level is not None:
        return None
    day = inquiry.period_end(chosen.plan, chosen.period) if inquiry.hierarchy is None else inquiry.hierarchy.day
    provinces = {unit.code: unit for unit in tree.children(NATION, day) if unit.level == "province"}
    found = tile_map(set(provinces))
    return None if found is None else _filled(found, provinces, told)


def _filled(found: TileMap, provinces: Mapping[str, Unit], told: Mapping[str, Figure]) -> Drawn:
    tiles = {code: Tile(unit := provinces[code], place, told.get(unit.id)) for code, place in found.places.items()}
    return Drawn(list(tiles.values()), [(one, tiles[one.province]) for one in found.islands])


def _states(told: Iterable[Figure]) -> Mapping[State, int]:
    """How many areas are in each state, in the order of the states."""
    counted = Counter(one.state for one in told)
    return {state: counted[state] for state in State if counted[state]}
