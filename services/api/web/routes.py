"""Every page."""

from fastapi import APIRouter

from services.api.context import Context
from services.api.web import area, assets, home, owed, reporting, sign_in

_PAGES = (
    sign_in,
    home,
    area,
    owed,
    reporting,
)


def routes(context: Context) -> APIRouter:
    every = APIRouter()
    every.include_router(assets.routes())
    for part in _PAGES:
        every.include_router(part.routes(context))
    return every
