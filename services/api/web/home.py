"""`/`: where to begin."""

from fastapi import APIRouter, Request, Response

from services.api.context import Context
from services.api.plans import plan_brief
from services.api.web.pages import page_router, signed_in


def routes(context: Context) -> APIRouter:
    router = page_router()

    @router.get("/")
    async def home(request: Request) -> Response:
        page = signed_in(context, request, "attainment:read", "reports:write")
        inquiry = context.inquiry
        every = sorted(inquiry.release.plans.values(), key=lambda plan: plan.id)
        plans = page.shown(every, lambda shown: [plan_brief(plan, inquiry) for plan in shown])
        return page.render("home.html", plans=plans)

    return router
