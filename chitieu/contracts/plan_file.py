"""The plan file: targets, duties and tasks as an author writes them beside the document, and what they mean."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from chitieu.contracts.programme import (
    BoundText,
    DeadlineText,
    Id,
    Named,
    PeriodText,
    ReportersFile,
    Strict,
    Text,
    UnitCode,
    anchor,
    exact,
)
from chitieu.domain import form as domain_form
from chitieu.domain import plan as domain_plan
from chitieu.domain.period import Deadline, Period, PeriodKind
from chitieu.domain.plan import Basis, Comparator


def _real_phase(text: str) -> str:
    if Period.parse(text).kind is not PeriodKind.PHASE:
        raise ValueError(f"this is no phase: {text!r}")
    return text


class ClauseFile(Strict):
    place: Text = Field(description="where in the document: II.2.a, chỉ tiêu 1")
    words: str = Field(description="the words that bind: a short quotation")
    basis: Basis = Basis.TEXT
    note: str = Field(default="", description="what is read into the text, or assumed, and why")

    @property
    def clause(self) -> domain_plan.Clause:
        return domain_plan.Clause(self.place, self.words, self.basis, self.note)


class TargetFile(ClauseFile, Named):
    indicator: Id
    bound: BoundText = Field(description="`>= 90`, `< 1`, `maintain = 0`, `decrease`; in the indicator's unit")
    since: date | None = Field(default=None, description="maintain: from when on")
    due: date | None = Field(default=None, description="the last day to reach it; none if the plan names none")
    baseline: Decimal | None = None
    milestones: dict[PeriodText, Decimal] = Field(default={})
    series: Id = domain_form.ADMINISTRATIVE
    scope: Literal["subtree", "area"] = Field(
        default="subtree", description="are the areas below judged by the same bound, or only the plan's area?"
    )
    periods: list[PeriodKind] = Field(default=[], description="kinds of period it is judged at; empty: any")

    def to_domain(self, id_: str) -> domain_plan.Target:
        words = self.bound.split(" ")
        bound = Fraction(words[-1]) if words[0] != "decrease" else None
        return domain_plan.Target(
            id=id_,
            label=self.label,
            indicator=self.indicator,
            comparator=Comparator(words[0]),
            bound=bound,
            clause=self.clause,
            holds=Comparator(words[1]) if words[0] == "maintain" else None,
            since=self.since,
            due=self.due,
            baseline=None if self.baseline is None else exact(self.baseline),
            milestones=tuple(sorted((Period.parse(p), exact(v)) for p, v in self.milestones.items())),
            series=self.series,
            scope=self.scope,
            kinds=tuple(self.periods),
        )


class DutyFile(ClauseFile, Named):
    """Somebody must send something. `deadline: none` is a value: the text names no day."""

    who: ReportersFile
    to: Text
    form: Id | None = None
    period: PeriodKind | None = None
    of: list[int] = Field(default=[], description="which periods of the year; empty: all")
    deadline: DeadlineText = "none"
    due: date | None = Field(default=None, description="the last day, for a duty outside the rhythm of periods")

    def to_domain(self, id_: str) -> domain_plan.Duty:
        rule, _, day = self.deadline.partition(" ")
        return domain_plan.Duty(
            id=id_,
            label=self.label,
            who=self.who.to_domain(),
            to=self.to,
            clause=self.clause,
            form=self.form,
            period=self.period,
            indexes=tuple(self.of),
            deadline=None if rule == "none" else Deadline(anchor(day), rule == "on"),
            due=self.due,
        )


class PointFile(Strict):
    words: Text
    due: date | None = None
    basis: Basis = Basis.TEXT
    note: str = ""


class TaskFile(Strict):
    """The points one owner (or group of owners) is given in one place of the text."""

    owner: Text
    place: Text
    points: list[PointFile] = Field(min_length=1)

    def to_domain(self, id_: str) -> list[domain_plan.Task]:
        return [
            domain_plan.Task(f"{id_}/{n}", self.owner, domain_plan.Clause(self.place, p.words, p.basis, p.note), p.due)
            for n, p in enumerate(self.points, 1)
        ]


class InForce(Strict):
    first: date
    last: date


class PlanFile(Named):
    """programmes/<plan>/plan.yaml: one plan, transcribed beside its document."""

    plan: Id
    number: str = Field(description="as the document says; empty if blank, with a note")
    issued: str = Field(description="as the document says: 2021-09-13, 2021-08, 2021")
    issuer: Text
    document: str = Field(description="file name of the source document; empty if none is at hand")
    source: str = Field(default="", description="where the figures come from if not from a document at hand")
    parent: Id | None = None
    parent_clause: ClauseFile | None = None
    area: UnitCode
    in_force: InForce
    coverage_needed: Decimal = Field(
        default=Decimal(80), ge=0, le=100, description="per cent of units that must report"
    )
    phases: list[Annotated[str, AfterValidator(_real_phase)]] = Field(
        default=[], description="the phases that the plan names, as 2013-2015; it is judged for no others"
    )
    note: str = ""
    targets: dict[Id, TargetFile] = Field(min_length=1)
    duties: dict[Id, DutyFile] = Field(default={})
    tasks: dict[Id, TaskFile] = Field(default={})

    def to_domain(self) -> domain_plan.Plan:
        return domain_plan.Plan(
            id=self.plan,
            label=self.label,
            number=self.number,
            issued=self.issued,
            issuer=self.issuer,
            document=self.document,
            parent=self.parent,
            parent_basis=self.parent_clause.clause if self.parent_clause else None,
            area=self.area,
            first=self.in_force.first,
            last=self.in_force.last,
            coverage_needed=exact(self.coverage_needed),
            targets={k: t.to_domain(k) for k, t in self.targets.items()},
            duties={k: d.to_domain(k) for k, d in self.duties.items()},
            tasks={t.id: t for k, f in self.tasks.items() for t in f.to_domain(k)},
            source=self.source,
            note=self.note,
            phases=tuple(Period.parse(phase) for phase in self.phases),
        )
