"""What became of a request's data values, added up as DHIS2 does."""

from collections.abc import Mapping, Sequence

from chitieu.contracts.dhis2 import ImportConflict, ImportCount, ImportSummary
from chitieu.domain.address import member_pointer
from chitieu.domain.errors import ChitieuError, Problem
from chitieu.domain.rollup import Decided, Decision
from services.ingest.data_values import DataValue
from services.ingest.gathered_reports import Draft, Gathered, listed

ABORTED = "Import process was aborted"
_NOT_TAKEN = (Decision.CONFLICT, Decision.KEY_REUSED)


class Tally:
    """Of one request; values are counted once each."""

    def __init__(self) -> None:
        self._count = ImportCount()
        self._conflicts: dict[tuple[str, str], tuple[Problem, dict[int, DataValue]]] = {}
        self._of_whole: set[str] = set()
        self._rejected: set[int] = set()

    @property
    def conflicting(self) -> bool:
        return bool(self._conflicts)

    def conflict(self, problem: Problem, values: Sequence[DataValue]) -> None:
        """The same problem of several values is one conflict."""
        _, about = self._conflicts.setdefault((problem.code, problem.en), (problem, {}))
        about.update((value.index, value) for value in values)
        self._rejected.update(value.index for value in values)

    def abort(self, problem: Problem, values: Sequence[DataValue]) -> None:
        """As `conflict`, of what stands once at the whole: DHIS2 has codes of its own for that."""
        self._of_whole.add(problem.code)
        self.conflict(problem, values)

    def refuse(self, gathered: Gathered, error: ChitieuError) -> None:
        """A report is refused whole; a conflict names the values that it is about, or else all of them."""
        by_pointer = {member_pointer("values", key): [value] for key, value in gathered.by_key.items()}
        for problem in error.problems:
            self.conflict(problem, by_pointer.get(problem.pointer, gathered.values))
        self.reject(gathered.values)

    def reject(self, values: Sequence[DataValue]) -> None:
        self._rejected.update(value.index for value in values)

    def would_count(self, draft: Draft) -> None:
        """As if it were the first report."""
        self._taken(draft, Decision.RETRACTED if draft.event.reason else Decision.ACCEPTED, 1)

    def decided(self, draft: Draft, outcome: Decided | None) -> None:
        """None: written, and not decided in time."""
        if outcome is None and not draft.only_first:
            self.would_count(draft)
        elif outcome is None:
            self.refuse(draft.gathered, ChitieuError.of("undecided"))
        elif outcome.decision in _NOT_TAKEN or (outcome.decision is Decision.DUPLICATE and outcome.revision > 1):
            self.refuse(draft.gathered, _already_there(draft))
        else:
            self._taken(draft, *outcome)

    def summary(self, description: str | None = None) -> ImportSummary:
        """`description` says why nothing was imported, if so."""
        count = self._count.model_copy(update={"ignored": self._count.ignored + len(self._rejected)})
        summary = ImportSummary(
            importCount=count,
            conflicts=[
                _conflict(problem, about, problem.code in self._of_whole) for problem, about in self._conflicts.values()
            ],
            rejectedIndexes=sorted(self._rejected),
        )
        if description is not None:
            return summary.model_copy(update={"status": "ERROR", "description": description})
        return summary.model_copy(update={"status": "WARNING"}) if self.conflicting else summary

    def _taken(self, draft: Draft, decision: Decision, revision: int) -> None:
        size = len(draft.gathered.values)
        deleted = sum(value.figure is None for value in draft.gathered.values)
        match decision:
            case Decision.ACCEPTED if revision == 1:
                self._count.imported += size - deleted
                self._count.ignored += deleted
            case Decision.ACCEPTED:
                self._count.updated += size - deleted
                self._count.deleted += deleted
            case Decision.RETRACTED:
                self._count.deleted += size
            case _:
                self._count.ignored += size


def _already_there(draft: Draft) -> ChitieuError:
    missing = draft.gathered.missing
    if missing:
        return ChitieuError.of("partial_over_report", missing=listed(missing))
    return ChitieuError.of("already_reported")


def _conflict(problem: Problem, about: Mapping[int, DataValue], of_whole: bool) -> ImportConflict:
    values = list(about.values())
    named = {
        "dataElement": {value.element for value in values},
        "categoryOptionCombo": {value.options for value in values},
        "period": {value.period for value in values},
        "orgUnit": {value.unit for value in values},
    }
    objects = {name: found.pop() for name, found in named.items() if len(found) == 1 and "" not in found}
    return ImportConflict.of(problem, objects, sorted(about), of_whole)
