"""`/r/{form}/{period}/{unit}`: a unit's report to fill in, judged while it is, sent, corrected and taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from chitieu.adapters.workbook.writing import NOT_APPLICABLE, Said
from chitieu.client.answers import Receipt
from chitieu.contracts.problems import ProblemItem
from chitieu.domain.access import AccessKey
from chitieu.domain.address import Address, Reference, locate
from chitieu.domain.fractions import exact_text
from services.api.context import Context
from services.api.submissions import outcome_of
from services.api.templates import Before, figures_of, said_of
from services.api.web import taking
from services.api.web.filled import Filled, Group, groups
from services.api.web.owing import last_day
from services.api.web.pages import HEADERS, Page, page_router, posted, signed_in
from services.api.web.report_address import report_address
from services.api.web.revisions import Revision, changes, revisions
from services.api.web.taking import NotTaken
from services.api.web.told import names, telling
from services.api.web.writing import NOTHING, Writing

FormId = Annotated[str, Path(max_length=100)]
PeriodLabel = Annotated[str, Path(max_length=20)]
UnitReference = Annotated[str, Path(max_length=64, description="code, or code@valid_from")]
Sent = Annotated[str | None, Query(max_length=64, description="id of the submission that was sent just now")]
At = Annotated[str | None, Query(max_length=32, description="its message, as partition:position")]

_PATH = "/r/{form}/{period}/{unit}"
_REVISION = "revision"


@dataclass(frozen=True, slots=True)
class _Stood:
    """What a unit's report says and said, and what the last one before it said."""

    revisions: tuple[Revision, ...] = ()
    before: Before | None = None

    @property
    def revision(self) -> int:
        return self.revisions[-1].message.revision if self.revisions else 0


@dataclass(frozen=True, slots=True)
class _Refused:
    """What was filled in or said and not taken, with the reasons; a `reason` was one for taking the report back."""

    status: int
    problems: Sequence[ProblemItem]
    filled: Filled | None = None
    reason: str | None = None


def routes(context: Context) -> APIRouter:
    router = page_router()

    @router.get(_PATH)
    async def report(
        request: Request, form: FormId, period: PeriodLabel, unit: UnitReference, sent: Sent = None, at: At = None
    ) -> Response:
        page = signed_in(context, request, "reports:write", "reports:read")
        receipt = None if sent is None else await _receipt(page, sent, at)
        return await _shown(page, _located(context, form, period, unit), receipt=receipt)

    @router.post(_PATH)
    async def send(request: Request, form: FormId, period: PeriodLabel, unit: UnitReference) -> Response:
        page, fields = await posted(context, request, "reports:write")
        address = _located(context, form, period, unit)
        parts = groups(address, context.release.catalogue)
        filled = Filled.sent(fields, parts)
        try:
            receipt = await taking.sent(page, address, filled.values(parts), _replaces(fields))
        except NotTaken as refused:
            return await _shown(page, address, _Refused(refused.status, refused.problems, filled))
        return _to_receipt(address, receipt)

    @router.post(_PATH + "/check")
    async def check(request: Request, form: FormId, period: PeriodLabel, unit: UnitReference) -> Response:
        page, fields = await posted(context, request, "reports:write")
        address = _located(context, form, period, unit)
        parts = groups(address, context.release.catalogue)
        filled = Filled.sent(fields, parts)
        try:
            problems = await taking.judged(page, address, filled.values(parts))
        except NotTaken as away:
            problems = away.problems
        told = telling(problems, parts, page.writing)
        return page.render("report_check.html", groups=parts, filled=filled, told=told)

    @router.post(_PATH + "/retract")
    async def retract(request: Request, form: FormId, period: PeriodLabel, unit: UnitReference) -> Response:
        page, fields = await posted(context, request, "reports:write")
        address = _located(context, form, period, unit)
        reason = fields.get("reason", "").strip()
        try:
            receipt = await taking.retracted(page, address, reason, _replaces(fields))
        except NotTaken as refused:
            return await _shown(page, address, _Refused(refused.status, refused.problems, reason=reason))
        return _to_receipt(address, receipt)

    return router


def _located(context: Context, form: str, period: str, unit: str) -> Address:
    """Raises InvalidReport for a report that would not be taken today."""
    return locate(context.release, Reference(form, period, unit), context.today)


def _replaces(fields: Mapping[str, str]) -> int | None:
    """The revision that somebody saw when they filled the form in; None if they may see none."""
    text = fields.get(_REVISION, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _to_receipt(address: Address, receipt: Receipt) -> Response:
    """The page anew: opened again, it sends nothing again."""
    at = f"{receipt.partition}:{receipt.position}"
    return RedirectResponse(report_address(address, sent=receipt.submission, at=at), 303, HEADERS)


async def _receipt(page: Page, sent: str, at: str | None) -> Mapping[str, object]:
    outcome, messages = await outcome_of(page.context, page.key, sent, at)
    last = messages[-1] if messages else None
    return {"outcome": outcome, "message": last}


async def _shown(
    page: Page, address: Address, refused: _Refused | None = None, receipt: Mapping[str, object] | None = None
) -> Response:
    parts = groups(address, page.context.release.catalogue)
    stood = page.shown(await _stood(page.context, page.key, address), lambda shown: shown)
    filled = refused.filled if refused is not None and refused.filled is not None else _filled(stood, parts)
    before = {} if stood.before is None else said_of(stood.before.values)
    problems = () if refused is None else refused.problems
    return page.render(
        "report.html",
        200 if refused is None else refused.status,
        address=address,
        here=report_address(address),
        here_again=page.request.url.path + "?" + page.request.url.query,
        days=address.collection.window.days(address.period),
        last_day=last_day(page.context.release, address.form, address.period, address.path),
        groups=parts,
        filled=filled,
        earlier=None if stood.before is None else stood.before.period,
        before=before,
        before_filled=Filled.of(before, parts),
        names=names(parts, page.writing),
        figure=partial(_figure, page.writing),
        revision=stood.revision if page.key.allows("reports:read") else None,
        revisions=_history(stood.revisions),
        told=telling(problems, parts, page.writing),
        reason=None if refused is None else refused.reason,
        receipt=receipt,
        sends=_sends(page, address),
        today=page.context.today,
    )


def _filled(stood: _Stood, parts: Sequence[Group]) -> Filled:
    return Filled.of(said_of(stood.revisions[-1].values) if stood.revisions else {}, parts)


def _figure(writing: Writing, said: Said | None) -> str:
    """As it is read, not typed: 1.234,5; what is withheld stays a word."""
    if said is None:
        return NOTHING
    if said == NOT_APPLICABLE:
        return writing.t("reporting.not_applicable")
    return said if isinstance(said, str) else writing.number(exact_text(said))


def _history(every: Sequence[Revision]) -> Sequence[tuple[Revision, object]]:
    """The newest first, each with what it changed."""
    return [(one, changes(before, one)) for before, one in zip((None, *every), every, strict=False)][::-1]


async def _stood(context: Context, key: AccessKey, address: Address) -> _Stood:
    """As far as a key reads reports."""
    if not key.allows("reports:read"):
        return _Stood()
    history, _ = await context.reads.history(address.form.id, str(address.period), address.unit.id)
    (figures,) = await figures_of(context, key, [address])
    return _Stood(revisions(address.form, history), figures.before)


def _sends(page: Page, address: Address) -> bool:
    ids = [unit.id for unit in address.path]
    return page.key.allows("reports:write") and page.context.release.tree.covers(page.key.unit, ids)
