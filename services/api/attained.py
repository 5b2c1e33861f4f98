"""One target in one area and period as it is answered: the figure, the state and why, the evidence."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from chitieu.domain.attainment import Attainment, Correction, Rule, State
from chitieu.domain.catalogue import Catalogue, Indicator
from chitieu.domain.certainty import Certainty, certainty
from chitieu.domain.disclosure import Derived
from chitieu.domain.evidence import Evidence, Tally
from chitieu.domain.evidence import PartCoverage as DomainPart
from chitieu.domain.fractions import exact_text, figure_text
from chitieu.domain.gap import Gap
from chitieu.domain.plan import Target
from chitieu.domain.reasons import reason
from services.api.answers import SUPPRESSED, Clause, Number, Text, UnitBrief, bound_text


@dataclass(slots=True)
class Value:
    """The figure: sums first, then the ratio. `exact` is a decimal or, where that does not end, a fraction."""

    numerator: Number
    denominator: Annotated[Number | None, Field(description="null for a count")]
    exact: str | None
    display: Annotated[
        str | None, Field(description="rounded for people; never looks equal to a bound it differs from")
    ]
    suppressed: Literal["1-5"] | None


@dataclass(slots=True)
class Range:
    """What the value may still become, in the indicator's unit; exact."""

    low: str | None
    high: str | None
    suppressed: Literal["1-5"] | None


@dataclass(slots=True)
class Compared:
    """The earlier period that a decrease is judged by."""

    period: str
    exact: str | None
    suppressed: Literal["1-5"] | None


@dataclass(slots=True)
class PartCoverage:
    form: str
    sent: Annotated[int, Field(description="units with a current report")]
    reported: Annotated[int, Field(description="of them, units that answered all that the indicator needs")]
    expected: int
    deadline: Annotated[date | None, Field(description="last day on which all of them are on time")]

    @classmethod
    def of(cls, part: DomainPart) -> "PartCoverage":
        return cls(
            form=part.form, sent=part.sent, reported=part.reported, expected=part.expected, deadline=part.deadline
        )


@dataclass(slots=True)
class Coverage:
    """Units that reported what this target needs, of those that are asked."""

    reported: int
    expected: int
    needed_percent: str
    sufficient: bool
    forms: list[PartCoverage]


@dataclass(slots=True)
class ElementAnswer:
    """0 reported, not applicable, left empty and not sent are four things."""

    element: str
    label: Text
    total: Number
    reported: Annotated[int, Field(description="units that gave a figure")]
    not_applicable: Annotated[int, Field(description="units that said it does not apply")]
    absent: Annotated[int, Field(description="units that sent the form and left it empty")]
    missing: Annotated[int, Field(description="units that have not sent the form")]


@dataclass(slots=True)
class RuleAnswer:
    """The rule in words, with the figure it judged and how many are needed or to spare."""

    code: Rule
    vi: str
    en: str


@dataclass(slots=True)
class GapAnswer:
    """In what the numerator counts, with the denominator as reported: people, not percentage points."""

    needed: Annotated[
        Number,
        Field(description="least change with which it holds: more, or fewer if negative; 0: it does; null: none would"),
    ]
    spare: Annotated[
        Number, Field(description="how many it could lose (or take on, where lower is better) and still hold")
    ]
    counts: Annotated[str, Field(description="what is counted: person, employer, province …")]


@dataclass(slots=True)
class Corrected:
    """What was changed after the figure was final; the last of it, and by whom."""

    revisions: Annotated[int, Field(description="of reports, since then, that changed what the target counts")]
    known_at: datetime
    unit: UnitBrief | None
    reason: Annotated[str | None, Field(description="of a retraction; null outside the key's subtree")]


@dataclass
class TargetBrief:
    """What an area is bound to."""

    target: str
    label: Text
    indicator: str
    unit: str
    better: str
    series: str
    comparator: str
    holds: Annotated[str | None, Field(description="for `maintain`: the relation to keep")]
    bound: str | None
    due: date | None
    clause: Clause


@dataclass
class Judgement:
    """How far one area is from a target in one period, and on what evidence."""

    state: State
    rule: RuleAnswer
    provisional: Annotated[
        bool, Field(description="reports may still come in time; false: final until somebody corrects")
    ]
    corrected: Annotated[Corrected | None, Field(description="what was changed after the figure was final")]
    value: Annotated[Value | None, Field(description="null if the area has ended")]
    expected: Annotated[str | None, Field(description="the value to have by now on the path to the due date")]
    range: Annotated[Range | None, Field(description="what it may still become; null without a figure")]
    certain: Annotated[Certainty | None, Field(description="the bound holds, or fails, whatever the rest reports")]
    compared_with: Compared | None
    gap: Annotated[
        GapAnswer | None, Field(description="to the bound; null without a figure, or nothing to compare it with")
    ]
    path_gap: Annotated[GapAnswer | None, Field(description="to `expected`")]
    coverage: Coverage | None
    elements: list[ElementAnswer]


@dataclass
class Attained(Judgement, TargetBrief):
    """One target in one area and period."""


def attained(one: Attainment, catalogue: Catalogue) -> Attained:
    """As it is written, after disclosure."""
    return Attained(**target_brief(one.target, one.indicator), **_judgement(one, catalogue))


def judgement(one: Attainment, catalogue: Catalogue) -> Judgement:
    """As it is written, after disclosure, where the target is told beside it."""
    return Judgement(**_judgement(one, catalogue))


def target_brief(target: Target, indicator: Indicator) -> dict[str, Any]:
    """The members of a `TargetBrief`, for what is told together with them."""
    return {
        "target": target.id,
        "label": Text.of(target.label),
        "indicator": target.indicator,
        "unit": indicator.unit,
        "better": indicator.better.value,
        "series": target.series,
        "comparator": target.comparator.value,
        "holds": target.holds.value if target.holds else None,
        "bound": bound_text(target.bound),
        "due": target.due,
        "clause": Clause.of(target.clause),
    }


def _judgement(one: Attainment, catalogue: Catalogue) -> dict[str, Any]:
    evidence = one.evidence
    return {
        "state": one.state,
        "rule": _rule(one, catalogue),
        "provisional": evidence is not None and not evidence.final,
        "corrected": _corrected(one.corrected),
        "value": value_of(one),
        "expected": bound_text(one.expected),
        "range": _range(evidence) if evidence else None,
        "certain": certainty(one),
        "compared_with": _compared(one),
        "gap": _gap(one.gap, one, catalogue),
        "path_gap": _gap(one.path_gap, one, catalogue),
        "coverage": _coverage(evidence) if evidence else None,
        "elements": [_element(tally, catalogue) for tally in evidence.tallies] if evidence else [],
    }


def _corrected(found: Correction | None) -> Corrected | None:
    if found is None:
        return None
    unit = None if found.unit is None else UnitBrief.of(found.unit)
    return Corrected(revisions=found.revisions, known_at=found.known_at, unit=unit, reason=found.reason.text)


def _rule(one: Attainment, catalogue: Catalogue) -> RuleAnswer:
    said = reason(one, catalogue.elements)
    return RuleAnswer(code=one.rule, vi=said.vi, en=said.en)


def _gap(gap: Gap | None, one: Attainment, catalogue: Catalogue) -> GapAnswer | None:
    if gap is None:
        return None
    counts = dict.fromkeys(catalogue.elements[id_].counts for id_ in one.indicator.numerator)
    return GapAnswer(needed=Number.of(gap.needed), spare=Number.of(gap.spare), counts=", ".join(counts))


def value_of(one: Attainment) -> Value | None:
    """The figure, as it is written after disclosure; None if the area has ended."""
    evidence = one.evidence
    if evidence is None:
        return None
    value = evidence.value
    return Value(
        numerator=Number.of(evidence.numerator),
        denominator=Number.of(evidence.denominator) if evidence.denominator else None,
        exact=_exact(value),
        display=None if value.value is None else figure_text(value.value, one.indicator.unit, one.target.bound),
        suppressed=SUPPRESSED if value.suppressed else None,
    )


def _range(evidence: Evidence) -> Range | None:
    found = evidence.possible
    if found is None:
        return None
    hidden = found.low.suppressed
    return Range(low=_exact(found.low), high=_exact(found.high), suppressed=SUPPRESSED if hidden else None)


def _compared(one: Attainment) -> Compared | None:
    if one.compared is None:
        return None
    value = one.compared.evidence.value
    return Compared(
        period=str(one.compared.period), exact=_exact(value), suppressed=SUPPRESSED if value.suppressed else None
    )


def _coverage(evidence: Evidence) -> Coverage:
    coverage = evidence.coverage
    return Coverage(
        reported=coverage.reported,
        expected=coverage.expected,
        needed_percent=exact_text(coverage.needed),
        sufficient=coverage.sufficient,
        forms=[PartCoverage.of(part) for part in coverage.parts],
    )


def _element(tally: Tally, catalogue: Catalogue) -> ElementAnswer:
    return ElementAnswer(
        element=tally.element,
        label=Text.of(catalogue.elements[tally.element].label),
        total=Number.of(tally.total),
        reported=tally.reported,
        not_applicable=tally.not_applicable,
        absent=tally.absent,
        missing=tally.missing,
    )


def _exact(value: Derived) -> str | None:
    return bound_text(value.value)
