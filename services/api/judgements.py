"""Targets judged a moment ago: where nothing has changed they are neither judged nor written again.

What comes in concerns few areas at a time: of a province and its districts the province and one of them.
"""

from collections import OrderedDict
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from datetime import date

import msgspec

from chitieu.domain.attainment import Attainment, Correction
from chitieu.domain.catalogue import Catalogue, Indicator
from chitieu.domain.inquiry import CellKey, Inquiry, Question
from chitieu.domain.plan import Target
from chitieu.domain.rollup import Cell
from chitieu.domain.withheld import Withheld, sums_withheld
from services.api.attained import TargetBrief, judgement, target_brief
from services.api.recent import Recent

# By fields: models took 40 of the 108 microseconds of a target. The one model that it may hold, pydantic writes.
_written = msgspec.json.Encoder(enc_hook=lambda model: model.model_dump(mode="json")).encode
# A kilobyte each.
_MOST_TARGETS = 1_000


@dataclass(slots=True)
class _Judged:
    """A question with all that its answer depends on, the answer, and how it is written, once it was.

    A question belongs to one release, tree and period, and asks the same as long as it is the same object.
    """

    question: Question
    today: date
    cells: tuple[Cell | None, ...]
    hidden: tuple[Set[str], ...]
    corrected: Correction | None
    found: Attainment
    json: bytes | None = None


class Judgements:
    """The least recently asked go when there are more than `most`; one for the process."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_question: OrderedDict[int, _Judged] = OrderedDict()
        self._by_answer: dict[int, _Judged] = {}
        self._briefs = Recent[tuple[Target, Indicator, bytes]](_MOST_TARGETS)

    def __len__(self) -> int:
        return len(self._by_question)

    def judge(
        self,
        inquiry: Inquiry,
        question: Question,
        cells: Mapping[CellKey, Cell],
        today: date,
        withheld: Withheld,
        corrected: Correction | None,
    ) -> Attainment:
        """As `Inquiry.judge`, with what was corrected since it was final."""
        made_of = tuple([cells.get(key) for key in question.cells()])
        hidden = _hidden(question, withheld) if withheld else ()
        known = self._by_question.get(id(question))
        if (
            known is not None
            and known.question is question
            and (known.today, known.cells, known.hidden, known.corrected) == (today, made_of, hidden, corrected)
        ):
            self._by_question.move_to_end(id(question))
            return known.found
        found = inquiry.judge(question, cells, today, withheld)
        if corrected is not None:
            found = replace(found, corrected=corrected)
        self._keep(_Judged(question, today, made_of, hidden, corrected, found))
        return found

    def json(self, one: Attainment, catalogue: Catalogue) -> bytes:
        """As it is written, after disclosure, which leaves alone what it need not change: only that is remembered.

        As bytes: of a model there would be sixty objects.
        """
        known = self._by_answer.get(id(one))
        if known is None or known.found is not one:
            return self._json(one, catalogue)
        if known.json is None:
            known.json = self._json(one, catalogue)
        return known.json

    def _json(self, one: Attainment, catalogue: Catalogue) -> bytes:
        """An `Attained`: what an area is bound to, which is the same for all, and how far it is from it."""
        key = id(one.target), id(one.indicator)
        known = self._briefs.find(key)
        if known is None:
            brief = _written(TargetBrief(**target_brief(one.target, one.indicator)))
            # With both of them: nothing else can have their identities as long as it is kept.
            known = self._briefs.keep(key, (one.target, one.indicator, brief))
        return b"%b,%b" % (known[2][:-1], _written(judgement(one, catalogue))[1:])

    def _keep(self, judged: _Judged) -> None:
        """By identities, which nothing else can have as long as it is kept."""
        before = self._by_question.pop(id(judged.question), None)
        if before is None and len(self._by_question) >= self._most:
            _, before = self._by_question.popitem(last=False)
        if before is not None:
            del self._by_answer[id(before.found)]
        self._by_question[id(judged.question)] = self._by_answer[id(judged.found)] = judged


def _hidden(question: Question, withheld: Withheld) -> tuple[Set[str], ...]:
    """Of each of its figures, what is withheld."""
    return tuple(
        [sums_withheld(one.elements, one.series, one.period, one.area, withheld) for one in question.figures()]
    )
