"""The history of a report: who changed which figure, from what to what, and why one was taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chitieu.adapters.workbook.writing import Said
from chitieu.domain.disclosure import Private
from chitieu.domain.form import Form
from chitieu.domain.rollup import Decision
from services.api.queries import StoredMessage
from services.api.reports import said_values
from services.api.templates import Values, said_of

_REVISIONS = (Decision.ACCEPTED, Decision.RETRACTED)
_PLACING = (Decision.ACCEPTED, Decision.MOVED)


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision with all that it says; a retraction says nothing."""

    message: StoredMessage
    values: Values
    reason: Private

    @property
    def retracted(self) -> bool:
        return self.message.decision is Decision.RETRACTED


@dataclass(frozen=True, slots=True)
class Change:
    """A field whose figure is another than in the revision before; None: nothing was said."""

    key: str
    before: Said | None
    after: Said | None


def revisions(form: Form, history: Sequence[StoredMessage]) -> tuple[Revision, ...]:
    """From every message about a report, oldest first, in that order. Who may see them goes by where it stands now."""
    placed = [one for one in history if one.decision in _PLACING]
    path = placed[-1].path if placed else ()

    def values(one: StoredMessage) -> Values:
        said = one.decision is Decision.ACCEPTED
        return tuple(said_values(form, one.values, one.states, path)) if said else ()

    kept = (one for one in history if one.decision in _REVISIONS)
    return tuple(Revision(one, values(one), Private(one.reason, path)) for one in kept)


def changes(before: Revision | None, after: Revision) -> Sequence[Change]:
    """What a caller may see of the difference, of two revisions that were disclosed to them."""
    old: Mapping[str, Said] = {} if before is None else said_of(before.values)
    new = said_of(after.values)
    keys = list(dict.fromkeys((*new, *old)))
    return [Change(key, old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)]
