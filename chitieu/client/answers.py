"""What the interface answers, as far as a client needs it: docs/http-api.md says what each member means.

Answers may get more members; they are passed over. Figures are integers or exact text, never floats.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from chitieu.contracts.problems import ProblemDetails


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class Text(Answer):
    vi: str
    en: str


class Number(Answer):
    """`suppressed` is "1-5" for a count that is withheld."""

    value: int | str | None
    suppressed: str | None


class UnitBrief(Answer):
    id: str
    code: str
    name: str
    level: str
    sample: bool


class AsOf(Answer):
    """All below `progress` (partition: position read next) is in the answer, nothing else."""

    progress: Mapping[int, int]
    known_at: datetime | None
    release: int
    today: date


class Receipt(Answer):
    """Of a report or retraction that the log has. `decision` and `revision` are known after a wait."""

    status: str
    submission: str
    form: str
    period: str
    unit: str
    content: str
    partition: int
    position: int
    location: str
    decision: str | None = None
    revision: int | None = None


class LineResult(Answer):
    """One line or sheet of many. Refused: `problem`. Sent: a receipt's members. Validated: its address."""

    line: int
    status: int
    problem: ProblemDetails | None = None
    form: str | None = None
    period: str | None = None
    unit: str | None = None
    content: str | None = None
    submission: str | None = None
    partition: int | None = None
    position: int | None = None
    location: str | None = None
    sheet: str | None = None


class Message(Answer):
    form: str
    period: str
    unit: str
    partition: int
    position: int
    outcome: str
    revision: int
    known_at: datetime


class Submission(Answer):
    """`outcome` is `pending` until the figures hold it."""

    submission: str
    outcome: str
    messages: Sequence[Message]


class FieldValue(Number):
    state: str


class Revision(Answer):
    revision: int
    decision: str
    known_at: datetime
    submission: str
    author: str
    reason: str | None


class Report(Answer):
    """A unit's report as it stands; `revision` is what `if_match` takes."""

    form: str
    period: str
    unit: UnitBrief
    revision: int
    retracted: bool
    values: Mapping[str, FieldValue]
    revisions: Sequence[Revision]
    notice: Text | None


class Rule(Answer):
    code: str
    vi: str
    en: str


class Value(Answer):
    """Compare `exact` (as a Fraction), never `display`."""

    numerator: Number
    denominator: Number | None
    exact: str | None
    display: str | None
    suppressed: str | None


class Coverage(Answer):
    reported: int
    expected: int
    needed_percent: str
    sufficient: bool


class Range(Answer):
    """What the value may still become."""

    low: str | None
    high: str | None
    suppressed: str | None


class Gap(Answer):
    """In what is counted: `needed` more (fewer if negative) for it to hold, `spare` to lose with it still holding."""

    needed: Number
    spare: Number
    counts: str


class Corrected(Answer):
    """What was changed since the figure was final, and the last of it."""

    revisions: int
    known_at: datetime
    unit: UnitBrief | None
    reason: str | None


class Judgement(Answer):
    """How far an area is from a target, and why it is said to be so."""

    state: str
    rule: Rule
    provisional: bool
    corrected: Corrected | None
    value: Value | None
    expected: str | None
    range: Range | None
    certain: str | None
    gap: Gap | None
    path_gap: Gap | None
    coverage: Coverage | None


class TargetBrief(Answer):
    """What an area is bound to."""

    target: str
    label: Text
    indicator: str
    unit: str
    better: str
    series: str
    comparator: str
    holds: str | None
    bound: str | None
    due: date | None


class Target(Judgement, TargetBrief):
    """One target in an area and period."""


class AreaTargets(Answer):
    area: UnitBrief
    targets: Sequence[Target]


class Child(AreaTargets):
    """`contribution`: sorted by the gap, what it adds to the upper area's shortfall."""

    contribution: Number | None


class Attainment(AreaTargets):
    """`etag` is that of the answer: `attainment_if_changed` takes it."""

    plan: str
    period: str
    not_judged: Sequence[str]
    children: Sequence[Child] | None
    notice: Text | None
    as_of: AsOf
    etag: str | None = None


class SetBy(Answer):
    plan: str
    label: Text
    number: str
    issuer: str
    area: UnitBrief | None


class Unjudged(Answer):
    code: str
    vi: str
    en: str


class Binding(TargetBrief):
    """`judged` is null where the target has no state in the period: `unjudged` says why."""

    set_by: SetBy
    strictest: bool
    judged: Judgement | None
    unjudged: Unjudged | None


class Difference(Answer):
    """Of two targets, each named by plan and target."""

    code: str
    comparable: bool
    between: Sequence[Sequence[str]]
    vi: str
    en: str


class Group(Answer):
    targets: Sequence[Binding]
    differences: Sequence[Difference]


class Cascade(Answer):
    """Every target that binds an area, from the plans of all above it."""

    area: UnitBrief
    period: str
    groups: Sequence[Group]
    notice: Text | None
    as_of: AsOf


class Duty(Answer):
    duty: str
    label: Text
    form: str
    last_day: date | None
    units: int
    states: Mapping[str, int]


class Obligation(Answer):
    duty: str
    unit: UnitBrief
    state: str
    last_day: date | None
    received_on: date | None
    retracted: bool


class Obligations(Answer):
    """`next` is the cursor of the next page; null: none."""

    plan: str
    period: str
    area: UnitBrief
    duties: Sequence[Duty]
    items: Sequence[Obligation]
    next: str | None
    untracked: Sequence[str]
    notice: Text | None
    as_of: AsOf


class UnitLine(UnitBrief):
    valid_from: date
    valid_to: date | None
    parent: str | None


class Units(Answer):
    date: date
    items: Sequence[UnitLine]
    next: str | None


class Plan(Answer):
    id: str
    label: Text
    number: str
    issued: str
    issuer: str
    area: UnitBrief | None
    first: date
    last: date
    parent: str | None
    target_count: int


class Plans(Answer):
    items: Sequence[Plan]
    next: str | None


class Form(Answer):
    id: str
    version: int
    label: Text
    series: str


class Forms(Answer):
    items: Sequence[Form]
    next: str | None


class FormField(Answer):
    """One value to fill in: `key` is its name in a report's values."""

    key: str
    element: str
    label: Text
    counts: str
    kind: str
    scale: int
    maximum: int | str
    part_of: Sequence[str]
    sensitive: bool
    retired: bool


class FormFields(Form):
    fields: Sequence[FormField]


class Change(Answer):
    """Something changed: `event` is `figure`, `state` or `obligation`. `start`: from here on; `reset`: something was
    missed, read anew.
    """

    id: str
    event: str
    data: Mapping[str, Any]
