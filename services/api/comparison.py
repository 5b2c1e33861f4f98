"""`/v1/plans/{plan}/comparison`: the targets of two plans side by side, and which of them asks more."""

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from chitieu.domain.catalogue import Element
from chitieu.domain.comparison import Group, Verdict, compared
from chitieu.domain.inquiry import Inquiry
from chitieu.domain.plan import Plan
from chitieu.domain.stringency import Difference, in_words
from services.api.answers import PROBLEMS, Text
from services.api.context import Context
from services.api.lookups import find_plan
from services.api.plans import PlanBrief, TargetAnswer, plan_brief, target_answer


class DifferenceAnswer(BaseModel):
    """What has to be said of two targets, with what differs."""

    code: Difference
    comparable: bool
    vi: str
    en: str


class VerdictAnswer(BaseModel):
    """A target of the first plan against one of the second."""

    first: str
    second: str
    comparable: bool
    stricter: Literal["first", "second"] | None = Field(
        description="whose target asks more; null: neither, or not comparable"
    )
    differences: list[DifferenceAnswer]


class GroupAnswer(BaseModel):
    """Targets whose indicators count some of the same; a side without any is empty."""

    indicators: list[Text]
    first: list[TargetAnswer]
    second: list[TargetAnswer]
    verdicts: list[VerdictAnswer]


class ComparisonAnswer(BaseModel):
    """In the order of the first plan's targets; what only the second has comes last."""

    first: PlanBrief
    second: PlanBrief
    groups: list[GroupAnswer]


def routes(context: Context) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["plans"], responses=PROBLEMS)

    @router.get("/plans/{plan}/comparison", response_model=ComparisonAnswer)
    async def comparison(
        request: Request,
        plan: Annotated[str, Path(description="id of a plan")],
        other: Annotated[str, Query(alias="with", max_length=100, description="id of another plan")],
    ) -> Response:
        """Two plans' targets side by side: which asks more, and which can't be compared and why."""
        key = context.key(request, "attainment:read")
        inquiry = context.inquiry
        asked = find_plan(inquiry.release, plan), find_plan(inquiry.release, other)
        return context.answer(key, asked, lambda shown: comparison_answer(*shown, inquiry))

    return router


def comparison_answer(first: Plan, second: Plan, inquiry: Inquiry) -> ComparisonAnswer:
    catalogue = inquiry.release.catalogue
    return ComparisonAnswer(
        first=plan_brief(first, inquiry),
        second=plan_brief(second, inquiry),
        groups=[_group(group, inquiry) for group in compared(first, second, catalogue)],
    )


def _group(group: Group, inquiry: Inquiry) -> GroupAnswer:
    indicators = {aim.indicator.id: aim.indicator for aim in (*group.first, *group.second)}
    elements = inquiry.release.catalogue.elements
    return GroupAnswer(
        indicators=[Text.of(one.label) for one in indicators.values()],
        first=[target_answer(aim.target, inquiry) for aim in group.first],
        second=[target_answer(aim.target, inquiry) for aim in group.second],
        verdicts=[_verdict(one, elements) for one in group.verdicts()],
    )


def _verdict(one: Verdict, elements: Mapping[str, Element]) -> VerdictAnswer:
    asks_more: Literal["first", "second"] | None = None
    if one.stricter is not None:
        asks_more = "first" if one.stricter is one.first else "second"
    return VerdictAnswer(
        first=one.first.target.id,
        second=one.second.target.id,
        comparable=one.comparable,
        stricter=asks_more,
        differences=[_difference(code, one, elements) for code in one.differences],
    )


def _difference(code: Difference, one: Verdict, elements: Mapping[str, Element]) -> DifferenceAnswer:
    said = in_words(code, one.first, one.second, elements)
    return DifferenceAnswer(code=code, comparable=code.comparable, vi=said.vi, en=said.en)
