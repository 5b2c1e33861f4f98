"""Plans: who bound whom to what, where in which document, and who must report and do what by when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from chitieu.domain.catalogue import Label
from chitieu.domain.form import ADMINISTRATIVE, Reporters
from chitieu.domain.period import Deadline, Period, PeriodKind


class Basis(StrEnum):
    """Does it stand in the text, is it our reading of the text, or did we assume it?"""

    TEXT = "text"
    READING = "reading"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Clause:
    """A place in the plan's document and the words that bind, quoted; `note` says what is not plain text, and why."""

    place: str
    words: str
    basis: Basis = Basis.TEXT
    note: str = ""


class Comparator(StrEnum):
    BELOW = "<"
    AT_MOST = "<="
    AT_LEAST = ">="
    ABOVE = ">"
    EQUAL = "="
    DECREASE = "decrease"
    MAINTAIN = "maintain"

    @property
    def sign(self) -> str:
        """As people write it."""
        return {"<=": "≤", ">=": "≥"}.get(self.value, self.value)


@dataclass(frozen=True, slots=True)
class Target:
    """What an area is bound to. `bound`, `baseline` and `milestones` are in the indicator's unit (per cent: 0–100).

    `comparator` MAINTAIN holds `holds` (the relation to keep, e.g. `=`) in every period from `since` on. DECREASE has
    no bound: it is judged against the baseline or the first known period. `due` is the last day to reach it, None if
    the plan names none. `scope` is "subtree" when every area below is judged by the same bound, "area" when only the
    plan's own.
    """

    id: str
    label: Label
    indicator: str
    comparator: Comparator
    bound: Fraction | None
    clause: Clause
    holds: Comparator | None = None
    since: date | None = None
    due: date | None = None
    baseline: Fraction | None = None
    milestones: tuple[tuple[Period, Fraction], ...] = ()
    series: str = ADMINISTRATIVE
    scope: str = "subtree"
    kinds: tuple[PeriodKind, ...] = ()


@dataclass(frozen=True, slots=True)
class Duty:
    """Somebody must send something. `form` is None where nothing can be received here.

    A duty without a deadline is received or not received, never late. `period` is None for a duty outside the rhythm
    of periods (once, or whenever something happens): it stands for every period its form is collected for, and `due`
    is its last day. `indexes` narrows the periods of the year (only the first half-year).
    """

    id: str
    label: Label
    who: Reporters
    to: str
    clause: Clause
    form: str | None = None
    period: PeriodKind | None = None
    indexes: tuple[int, ...] = ()
    deadline: Deadline | None = None
    due: date | None = None

    def asks(self, period: Period) -> bool:
        """Is a period in the duty's rhythm? Whether its form is collected then is the form's to say."""
        if self.period is None:
            return self.form is not None
        return period.kind is self.period and (not self.indexes or period.index in self.indexes)

    def last_day(self, period: Period) -> date | None:
        """The last day on which a report for a period is on time, None without a deadline."""
        return self.due if self.deadline is None else self.deadline.last_day(period)


@dataclass(frozen=True, slots=True)
class Task:
    """A qualitative duty of a named owner: one point of the text."""

    id: str
    owner: str
    clause: Clause
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """`number` and `issued` are what the document says; blanks are data ("" and a note), not errors.

    `phases` are the only ones that it is judged for, if it names any: a phase is any two years otherwise.
    """

    id: str
    label: Label
    number: str
    issued: str
    issuer: str
    document: str
    parent: str | None
    parent_basis: Clause | None
    area: str
    first: date
    last: date
    coverage_needed: Fraction
    targets: Mapping[str, Target]
    duties: Mapping[str, Duty]
    tasks: Mapping[str, Task]
    source: str = ""
    note: str = ""
    phases: tuple[Period, ...] = ()

    def judges(self, period: Period) -> bool:
        return period.kind is not PeriodKind.PHASE or not self.phases or period in self.phases
