"""Errors as RFC 9457 problems: one table from code to status, one shape for every service."""

from collections.abc import Iterable

from pydantic import BaseModel, Field

from chitieu.domain.errors import MESSAGES, ChitieuError, Problem

MEDIA_TYPE = "application/problem+json"

# Codes not listed are problems of a report's content: 422.
STATUS: dict[str, int] = {
    "unknown_form": 404,
    "unknown_period": 404,
    "unknown_unit": 404,
    "not_found": 404,
    "unknown_plan": 404,
    "unknown_task": 404,
    "unknown_indicator": 404,
    "unknown_area": 404,
    "area_outside_plan": 404,
    "period_not_judged": 404,
    "unknown_target": 404,
    "not_json": 400,
    "not_an_object": 400,
    "not_an_array": 400,
    "not_a_string": 400,
    "missing_member": 400,
    "unknown_member": 400,
    "too_long": 400,
    "repeated_member": 400,
    "invalid_header": 400,
    "invalid_parameter": 400,
    "unknown_parameter": 400,
    "missing_parameter": 400,
    "too_much": 400,
    "target_required": 400,
    "too_deep": 400,
    "reason_required": 400,
    "unauthenticated": 401,
    "forbidden_scope": 403,
    "forbidden_unit": 403,
    "foreign_form": 403,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "key_reused": 409,
    "missing_data_dimension": 409,
    "missing_period_dimension": 409,
    "repeated_dimension": 409,
    "unknown_dimension": 409,
    "unknown_item": 409,
    "several_in_filter": 409,
    "too_many_rows": 409,
    "conflict": 412,
    "body_too_large": 413,
    "too_many_lines": 413,
    "too_many_values": 413,
    "unsupported_media_type": 415,
    "too_many_requests": 429,
    "quota_spent": 429,
    "internal": 500,
    "unavailable": 503,
}


def status_of(code: str) -> int:
    return STATUS.get(code, 422)


def _unsaid(value: object) -> bool:
    return value is None


class ProblemItem(BaseModel):
    """One problem: a JSON pointer into the body ('' for the whole), a code, and the sentence in two languages.

    In a workbook also the sheet, and the cell if it is one cell's; a pointer leads into the report on that sheet.
    """

    pointer: str
    code: str
    vi: str
    en: str
    sheet: str | None = Field(default=None, exclude_if=_unsaid)
    cell: str | None = Field(default=None, exclude_if=_unsaid)

    @classmethod
    def of(cls, problem: Problem) -> "ProblemItem":
        said = {"pointer": problem.pointer, "code": problem.code, "vi": problem.vi, "en": problem.en}
        place = problem.place
        return cls(**said) if place is None else cls(**said, sheet=place.sheet, cell=place.cell)


class ProblemDetails(BaseModel):
    """RFC 9457. `type` names the kind of problem for good; `detail` is the Vietnamese sentence, `title` the English."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[ProblemItem] = Field(default=[], description="every problem found, not only the first")

    @classmethod
    def of(cls, error: ChitieuError) -> "ProblemDetails":
        return cls.of_problems(error.problems)

    @classmethod
    def of_problems(cls, problems: Iterable[Problem]) -> "ProblemDetails":
        """The problem with the lowest status names the whole: an unknown unit says 404 before a bad value says 422."""
        found = list(problems)
        first = min(found, key=lambda p: status_of(p.code))
        return cls(
            type=f"urn:chitieu:problem:{first.code}",
            title=first.en,
            status=status_of(first.code),
            detail=first.vi,
            errors=[ProblemItem.of(p) for p in found],
        )


assert set(STATUS) <= set(MESSAGES), "a status without a message"
