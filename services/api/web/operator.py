"""`/operator`: how the system is, for keys with the scope `admin`."""

from fastapi import APIRouter, Request, Response

from services.api.context import Context
from services.api.vitals import vitals
from services.api.web.pages import page_router, signed_in

SCOPE = "admin"


def routes(context: Context) -> APIRouter:
    router = page_router()

    @router.get("/operator")
    async def operator(request: Request) -> Response:
        page = signed_in(context, request, SCOPE)
        progress = await context.reads.progress()
        state = request.app.state
        return page.render(
            "operator.html",
            vitals=vitals(state.metrics, state.checks),
            progress=progress,
            keys=len(context.keys),
        )

    return router
