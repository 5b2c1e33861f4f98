"""Every page."""

from fastapi import APIRouter

from services.api.context import Context
from services.api.web import area, assets, home, sign_in


def routes(context: Context) -> APIRouter:
    every = APIRouter()
    every.include_router(assets.routes())
    for part in (sign_in, home, area):
        every.include_router(part.routes(context))
    return every
