"""`/a/{unit}`: how far an area is from each target of a plan, on what evidence, and who below holds it back."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response

from chitieu.domain.attainment import State
from chitieu.domain.inquiry import Inquiry
from chitieu.domain.period import Period
from chitieu.domain.plan import Plan
from chitieu.domain.series import Before
from chitieu.domain.unit import Unit
from services.api import attainment
from services.api.answers import Cursor
from services.api.attainment import AttainmentAnswer
from services.api.context import Context
from services.api.lookups import find_area, find_period, find_plan
from services.api.view import AskedView, View
from services.api.web import punctuality
from services.api.web.address import Address, seen_from
from services.api.web.bars import Bar
from services.api.web.below import Below, Lists, levels
from services.api.web.choice import any_unit, offered, periods_for, plans_for, usual_period
from services.api.web.moves import by_target, moves, pairs
from services.api.web.pages import page_router, signed_in
from services.api.web.punctuality import NONE_ASKED
from services.api.web.remarks import Remarks
from services.api.web.wording import Wording

AreaReference = Annotated[str, Path(max_length=64, description="code, or code@valid_from")]
AskedPlan = Annotated[str | None, Query(max_length=100, description="default: the nearest plan that binds it")]
AskedPeriod = Annotated[str | None, Query(max_length=20, description="default: the last one that is over")]
AskedTarget = Annotated[str | None, Query(max_length=100, description="those below come by its gap")]
AskedLevel = Annotated[str | None, Query(max_length=64, description="with a target: every unit of a level below")]


@dataclass(frozen=True, slots=True)
class Choice:
    """What is shown, and what there is to choose from. Of the units `above`, the plan binds those `inside`.

    `end` is the period's last day there.
    """

    unit: Unit
    plan: Plan
    period: Period
    plans: Sequence[Plan]
    periods: Sequence[Period]
    above: Sequence[Unit]
    inside: Set[str]
    end: date


@dataclass(frozen=True, slots=True)
class Live:
    """Where a page hears what has changed `since` its figures were read (the id of an event)."""

    since: int
    changes: str


def _heard(context: Context, view: View) -> int | None:
    """Asked before the figures are read, so that no change between the two is lost; None for a view of the past."""
    position = context.changes.position
    return None if position is None or view != View() else position - 1


def routes(context: Context) -> APIRouter:
    router = page_router()

    @router.get("/a/{unit}")
    async def area(
        request: Request,
        unit: AreaReference,
        view: AskedView,
        plan: AskedPlan = None,
        period: AskedPeriod = None,
        target: AskedTarget = None,
        level: AskedLevel = None,
        cursor: Cursor = None,
    ) -> Response:
        page = signed_in(context, request, "attainment:read")
        since = _heard(context, view)
        at = await context.standpoint(request, view, page.key)
        chosen = _chosen(at.inquiry, unit, plan, period, at.today)
        if chosen is None:
            return page.render("area_unbound.html", unit=any_unit(at.inquiry.release.tree, unit, at.today))
        here = Address(unit, chosen.plan.id, str(chosen.period), target, level, cursor, seen_from(request))
        earlier = pairs(at.inquiry, chosen.plan, chosen.unit, chosen.period)
        beside = [question for pair in earlier for question in pair.questions()]
        found = await attainment.read(context, at, chosen.plan.id, str(chosen.period), unit, target, level, beside)
        lists = Lists(at.inquiry, chosen.end, target, cursor)

        def shown() -> tuple[AttainmentAnswer, Below, Mapping[str, Sequence[Before]]]:
            moved = page.shown(moves(at, earlier, found.snapshot.cells, found.withheld), by_target)
            return *page.shown(found.judged(), lambda one: (found.written(one.alone()), lists.below(one))), moved

        answer, below, moved = context.shown_once(str(here), context.etag(page.key, at, found.versions), shown)
        answer = answer.model_copy(update={"as_of": at.as_of(found.snapshot.progress), "notice": found.notice})
        reports = NONE_ASKED
        if target is not None or not below.rows:
            reports = page.shown(*await punctuality.read(context, at, chosen.plan, chosen.period, chosen.unit))
        words = Wording(page.writing)
        return page.render(
            "area_figures.html" if request.headers.get("hx-target") == "figures" else "area.html",
            chosen=chosen,
            live=None if since is None else _live(answer, since),
            here=here,
            answer=answer,
            below=below,
            levels=levels(at.inquiry, chosen.plan, chosen.unit, chosen.period),
            words=words,
            remarks=Remarks(words),
            moved=moved,
            bars={one.target: Bar.of(one) for one in answer.targets},
            states=_states(answer),
            reports=reports,
            not_judged="; ".join(page.writing.say(chosen.plan.targets[one].label) for one in answer.not_judged),
            sorted_by=next((one for one in answer.targets if one.target == target), None),
        )

    return router


def _chosen(inquiry: Inquiry, reference: str, plan: str | None, period: str | None, today: date) -> Choice | None:
    """None if no plan binds the unit. Raises NotFound for what does not exist or does not go together."""
    unit = any_unit(inquiry.release.tree, reference, today)
    plans = plans_for(inquiry, unit, today)
    asked = find_plan(inquiry.release, plan) if plan is not None else next(iter(plans), None)
    if asked is None:
        return None
    if period is not None:
        when = find_period(inquiry, asked, period)
        unit = find_area(inquiry, asked, reference, when)
        plans = plans_for(inquiry, unit, today)
    periods = periods_for(inquiry, asked, unit, today)
    if period is None:
        when = usual_period(inquiry, asked, unit, periods, today)
    end = inquiry.period_end(asked, when)
    above = inquiry.path(unit, end)[:-1]
    inside = {one.id for one in above if inquiry.inside(asked, one, end)}
    return Choice(unit, asked, when, plans, offered(periods, when), above, inside, end)


def _live(answer: AttainmentAnswer, since: int) -> Live:
    query = {"area": answer.area.id, "plan": answer.plan}
    return Live(since, f"/v1/changes?{urlencode(query)}")


def _states(answer: AttainmentAnswer) -> Mapping[State, int]:
    """How many targets are in each state, in the order of the states."""
    counted = Counter(one.state for one in answer.targets)
    return {state: counted[state] for state in State if counted[state]}
