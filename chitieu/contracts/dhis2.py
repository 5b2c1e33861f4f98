"""Answers in the shapes of DHIS2's web API (2.38 and later), so that its clients read them: WebMessage, ImportSummary.

Shapes and error codes are those of the developer manual (docs.dhis2.org, "Web API": data values, analytics) and of
`WebMessageUtils`, `ImportSummary` and `ErrorCode` in github.com/dhis2/dhis2-core. Members named `vi` are ours: the
sentence in Vietnamese.
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Literal

from pydantic import BaseModel, Field

from chitieu.contracts.problems import status_of
from chitieu.domain.errors import ChitieuError, Problem

# Our code -> DHIS2's, and the member of a data value that it is about.
_CODES: dict[str, tuple[str, str]] = {
    "unknown_form": ("E7600", "dataSet"),
    "unknown_element": ("E7610", "dataElement"),
    "unknown_period": ("E7611", "period"),
    "unknown_unit": ("E7612", "orgUnit"),
    "unknown_attribute": ("E7615", "attributeOptionCombo"),
    "forbidden_unit": ("E7617", "orgUnit"),
    "no_value": ("E7618", "value"),
    "wrong_type": ("E7619", "value"),
    "too_precise": ("E7619", "value"),
    "negative": ("E7619", "value"),
    "above_maximum": ("E7619", "value"),
    "part_above_whole": ("E7619", "value"),
    "numerator_above_denominator": ("E7619", "value"),
    "options_do_not_sum": ("E7619", "value"),
    "options_incomplete": ("E7630", "categoryOptionCombo"),
    "period_not_collected": ("E7632", "period"),
    "retired_field": ("E7633", "dataElement"),
    "foreign_element": ("E7633", "dataElement"),
    "unknown_field": ("E7634", "categoryOptionCombo"),
    "unit_not_in_force": ("E7636", "orgUnit"),
    "unit_does_not_report": ("E7636", "orgUnit"),
    "period_not_open": ("E7641", "period"),
    "period_outside_plan": ("E7643", "period"),
    "missing_data_dimension": ("E7102", ""),
    "missing_period_dimension": ("E7104", ""),
    "repeated_dimension": ("E7111", ""),
    "unknown_item": ("E7124", ""),
    "unknown_area": ("E7124", ""),
    "several_in_filter": ("E7124", ""),
    "unknown_dimension": ("E7125", ""),
    "too_many_rows": ("E7128", ""),
}

# Of what stands once at the whole of a data value set.
_CODES_OF_WHOLE = {"unknown_unit": "E7603", "unknown_attribute": "E7604"}


def error_code(code: str, of_whole: bool = False) -> str:
    """DHIS2's code for one of ours; ours where it has none like it."""
    return (_CODES_OF_WHOLE.get(code) if of_whole else None) or _CODES.get(code, (code, ""))[0]


def conflict_property(code: str) -> str | None:
    return _CODES.get(code, (code, ""))[1] or None


class ImportCount(BaseModel):
    """In data values, as DHIS2 counts them; not in reports."""

    imported: int = Field(default=0, description="of reports that were there for the first time")
    updated: int = Field(default=0, description="of reports that replaced one")
    ignored: int = Field(default=0, description="refused, or already said")
    deleted: int = 0


class ImportConflict(BaseModel):
    """Why data values were not imported. `indexes` are their places in the request, from 0."""

    object: str
    objects: dict[str, str]
    value: str = Field(description="the sentence, in English")
    vi: str = Field(description="the sentence, in Vietnamese")
    errorCode: str = Field(description="DHIS2's where it has one, else ours")  # noqa: N815
    property: str | None
    indexes: list[int]

    @classmethod
    def of(
        cls, problem: Problem, objects: dict[str, str], indexes: list[int], of_whole: bool = False
    ) -> "ImportConflict":
        about = conflict_property(problem.code)
        first = objects.get(about or "") or next(iter(objects.values()), "")
        return cls(
            object=first,
            objects=objects,
            value=problem.en,
            vi=problem.vi,
            errorCode=error_code(problem.code, of_whole),
            property=about,
            indexes=indexes,
        )


class ImportSummary(BaseModel):
    """ERROR: nothing was imported for a reason that concerns all of it; WARNING: some data values were not."""

    responseType: Literal["ImportSummary"] = "ImportSummary"  # noqa: N815
    status: Literal["SUCCESS", "WARNING", "ERROR"] = "SUCCESS"
    description: str = "Import process completed successfully"
    importCount: ImportCount  # noqa: N815
    conflicts: list[ImportConflict] = []
    rejectedIndexes: list[int] = []  # noqa: N815
    dataSetComplete: str = "false"  # noqa: N815


class WebMessage(BaseModel):
    """What DHIS2 answers to whatever is no plain reading: an import, or an error."""

    httpStatus: str  # noqa: N815
    httpStatusCode: int  # noqa: N815
    status: Literal["OK", "WARNING", "ERROR"]
    message: str
    vi: str | None = Field(default=None, description="the message in Vietnamese")
    errorCode: str | None = Field(default=None, description="DHIS2's where it has one, else ours")  # noqa: N815
    response: ImportSummary | None = None

    @classmethod
    def of(cls, error: ChitieuError) -> "WebMessage":
        """The problem with the lowest status names the whole."""
        first = min(error.problems, key=lambda problem: message_status(problem.code))
        status = HTTPStatus(message_status(first.code))
        return cls(
            httpStatus=status.phrase,
            httpStatusCode=status,
            status="ERROR",
            message=_joined(problem.en for problem in error.problems),
            vi=_joined(problem.vi for problem in error.problems),
            errorCode=error_code(first.code),
        )

    @classmethod
    def of_import(cls, summary: ImportSummary) -> "WebMessage":
        """A summary with conflicts is 409, as DHIS2 answers it, although the rest was imported."""
        if summary.status == "SUCCESS":
            status, said, message = HTTPStatus.OK, "OK", "Import was successful."
        elif summary.status == "WARNING":
            status, said, message = HTTPStatus.CONFLICT, "WARNING", _CONFLICTS
        else:
            status, said, message = HTTPStatus.CONFLICT, "ERROR", "An error occurred, please check import summary."
        return cls(httpStatus=status.phrase, httpStatusCode=status, status=said, message=message, response=summary)


_CONFLICTS = "One more conflicts encountered, please check import summary."


def message_status(code: str) -> int:
    """DHIS2 answers 409 to whatever it understands and can't do."""
    return 409 if code in _CODES or status_of(code) == 422 else status_of(code)


def _joined(sentences: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(sentences))
