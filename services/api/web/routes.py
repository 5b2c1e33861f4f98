"""Every page."""

from fastapi import APIRouter

from services.api.context import Context
from services.api.web import (
    area,
    assets,
    course,
    home,
    map,
    operator,
    owed,
    programme,
    reporting,
    rounds,
    sign_in,
    who_reported,
)

_PAGES = (
    sign_in,
    home,
    area,
    course,
    who_reported,
    rounds,
    programme,
    map,
    operator,
    owed,
    reporting,
)


def routes(context: Context) -> APIRouter:
    every = APIRouter()
    every.include_router(assets.routes())
    for part in _PAGES:
        every.include_router(part.routes(context))
    return every
