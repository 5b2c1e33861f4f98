"""`/`: where to begin: one's own unit, a unit looked for, or a plan."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from chitieu.domain.unit import NATION, Unit, UnitTree
from services.api.answers import UnitBrief
from services.api.context import Context
from services.api.plans import plan_brief
from services.api.web.address import Address
from services.api.web.pages import page_router, signed_in

_MOST = 20

Wanted = Annotated[str, Query(max_length=100, description="part of a name, or a code; marks ignored")]


def routes(context: Context) -> APIRouter:
    router = page_router()

    @router.get("/")
    async def home(request: Request, q: Wanted = "") -> Response:
        page = signed_in(context, request, "attainment:read", "reports:write")
        inquiry = context.inquiry
        every = sorted(inquiry.release.plans.values(), key=lambda plan: plan.id)
        tree, today = inquiry.release.tree, context.today
        units = tree.search(q, today, _MOST) if q.strip() else []
        found = page.shown(units, lambda shown: [(UnitBrief.of(unit), _lies_in(tree, unit, today)) for unit in shown])
        plans = page.shown(every, lambda shown: [plan_brief(plan, inquiry) for plan in shown])
        part = request.headers.get("hx-target") == "found"
        return page.render("found.html" if part else "home.html", q=q, found=found, plans=plans, address=Address)

    return router


def _lies_in(tree: UnitTree, unit: Unit, today: date) -> str:
    """The areas above a unit, the nearest first; of the nation, which holds all, nothing is said."""
    above = [one.name for one in tree.path(unit, today)[:-1] if one.code != NATION]
    return ", ".join(reversed(above))
