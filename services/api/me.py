"""DHIS2's `GET /api/me`: what its clients ask first, to see whether they are let in, and what they may write about."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from chitieu.domain.access import SCOPES, AccessKey
from services.api.analytics import ANSWERS
from services.api.context import Context


class OrganisationUnit(BaseModel):
    id: str = Field(description="code@valid_from")


class Me(BaseModel):
    """An access key as a user: its `authorities` are our scopes."""

    id: str
    username: str
    name: str
    displayName: str  # noqa: N815
    authorities: list[str]
    organisationUnits: list[OrganisationUnit]  # noqa: N815

    @classmethod
    def of(cls, key: AccessKey) -> "Me":
        name, units = key.label or key.id, [OrganisationUnit(id=key.unit)]
        return cls(
            id=key.id,
            username=key.id,
            name=name,
            displayName=name,
            authorities=sorted(key.scopes),
            organisationUnits=units,
        )


def routes(context: Context) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["dhis2"], responses={s: ANSWERS[s] for s in (400, 401, 403, 429, 503)})

    @router.get("/me", response_model=Me)
    async def me(request: Request) -> Response:
        """The access key that asks, as DHIS2 describes a user."""
        key = context.key(request, *SCOPES)
        return context.answer(key, None, lambda _: Me.of(key))

    return router
