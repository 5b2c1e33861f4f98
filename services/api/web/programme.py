"""`/plans/{plan}`: what a plan promises, where it says so, who must report and do what by when; and beside another."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from chitieu.domain.catalogue import Label
from chitieu.domain.registry import Release
from services.api import tasks
from services.api.comparison import ComparisonAnswer, comparison_answer
from services.api.context import Context
from services.api.lookups import find_plan
from services.api.plans import DeadlineAnswer, PlanBrief, plan_answer, plan_brief
from services.api.tasks import TaskStandingAnswer
from services.api.view import View
from services.api.web.pages import Page, page_router, signed_in
from services.api.web.wording import Wording
from services.api.web.writing import Writing

PlanInPath = Annotated[str, Path(max_length=100, description="id of a plan")]


def routes(context: Context) -> APIRouter:
    router = page_router()

    @router.get("/plans/{plan}")
    async def programme(request: Request, plan: PlanInPath) -> Response:
        page = signed_in(context, request, "attainment:read")
        inquiry = context.inquiry
        found = find_plan(inquiry.release, plan)
        answer = page.shown(found, lambda shown: plan_answer(shown, inquiry))
        told = page.shown(*tasks.read(context, await context.standpoint(request, View(), page.key), found))
        return page.render(
            "programme.html",
            plan=answer,
            words=Wording(page.writing),
            issued=_issued(page.writing, answer.issued),
            forms=_forms(inquiry.release),
            deadline=Deadlines(page.writing).of,
            tasks=_by_owner(told.items),
            counts=told.counts,
            others=_others(page, answer.id),
        )

    @router.get("/plans/{plan}/compare")
    async def compare(
        request: Request, plan: PlanInPath, other: Annotated[str, Query(alias="with", max_length=100)]
    ) -> Response:
        page = signed_in(context, request, "attainment:read")
        inquiry = context.inquiry
        asked = find_plan(inquiry.release, plan), find_plan(inquiry.release, other)
        answer = page.shown(asked, lambda shown: comparison_answer(*shown, inquiry))
        return page.render(
            "compared.html",
            answer=answer,
            words=Wording(page.writing),
            places=_places(answer),
            others=_others(page, answer.first.id),
        )

    return router


class Deadlines:
    """Before 20 Nov; by 25 Dec of the year after."""

    def __init__(self, writing: Writing) -> None:
        self._writing = writing

    def of(self, deadline: DeadlineAnswer) -> str:
        day = self._writing.day_of_year(deadline.day, deadline.month)
        said = self._writing.t("plan.deadline.by" if deadline.inclusive else "plan.deadline.before", day=day)
        if deadline.year_offset == 0:
            return said
        return (
            said + " " + self._writing.t("plan.deadline.after" if deadline.year_offset > 0 else "plan.deadline.prior")
        )


def _issued(writing: Writing, issued: str) -> str:
    """The day, or what can be read of it: 2021-08 is all that there is of some."""
    try:
        return writing.day(date.fromisoformat(issued))
    except ValueError:
        return issued or writing.t("plan.unread")


def _forms(release: Release) -> Mapping[str, Label]:
    return {form.id: form.label for form in release.forms.values()}


def _by_owner(told: Sequence[TaskStandingAnswer]) -> list[tuple[str, list[TaskStandingAnswer]]]:
    """In the order of the text."""
    return [(owner, list(some)) for owner, some in groupby(told, key=lambda one: one.owner)]


def _others(page: Page, own: str) -> list[PlanBrief]:
    """The plans to compare with."""
    inquiry = page.context.inquiry
    plans = sorted(inquiry.release.plans.values(), key=lambda one: one.id)
    return page.shown(plans, lambda shown: [plan_brief(one, inquiry) for one in shown if one.id != own])


def _places(answer: ComparisonAnswer) -> Mapping[tuple[str, str], int]:
    """Of each target among those of its plan in a group, from 1 on, by side and id."""
    sides = [
        (side, some) for group in answer.groups for side, some in (("first", group.first), ("second", group.second))
    ]
    return {(side, one.id): at for side, some in sides for at, one in enumerate(some, 1)}
