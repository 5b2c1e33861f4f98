"""`/sign-in` and `/sign-out`: with an access key, for a working day."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from chitieu.adapters.http import session_key
from services.api.context import Context
from services.api.web import session
from services.api.web.pages import HEADERS, opened, page_router, posted

_WRONG, _ENDED = "sign_in.wrong", "sign_in.ended"


def routes(context: Context) -> APIRouter:
    router = page_router()

    @router.get("/sign-in")
    async def form(request: Request, next_: Annotated[str, Query(alias="next", max_length=2000)] = "/") -> Response:
        page = opened(context, request)
        ended = page.session is None and bool(session_key(request))
        return page.render("sign_in.html", next=session.local(next_), said=_ENDED if ended else None)

    @router.post("/sign-in")
    async def sign_in(request: Request) -> Response:
        session.check_origin(request)
        sent = await session.fields(request)
        presented, there = sent.get("key", "").strip(), session.local(sent.get("next", "/"))
        if context.keys.verify(presented) is None:
            return opened(context, request).render("sign_in.html", 401, next=there, said=_WRONG)
        response = RedirectResponse(there, 303, HEADERS)
        session.open_on(response, presented, request)
        return response

    @router.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        await posted(context, request)
        response = RedirectResponse("/sign-in", 303, HEADERS)
        session.close_on(response)
        return response

    return router
