"""What was judged a moment ago is what would be judged now, whatever it depends on has changed meanwhile."""

from collections.abc import Callable
from datetime import UTC, date, datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from chitieu.domain.attainment import Attainment, Correction
from chitieu.domain.disclosure import Caller, Private, disclose
from chitieu.domain.inquiry import CellKey, Inquiry, Question
from chitieu.domain.period import Period
from chitieu.domain.rollup import Cell
from chitieu.domain.withheld import NOTHING, Withheld, total
from services.api.attained import Attained, attained
from services.api.judgements import Judgements
from tests.conftest import PROFILE
from tests.unit.small_release import COMMUNE, DISTRICT, PLAN, PROVINCE, RELEASE, cell

PERIODS = ("2022", "2023")
AREAS = (PROVINCE, DISTRICT, COMMUNE)
CATALOGUE = RELEASE.catalogue
INQUIRY = Inquiry(RELEASE)
DESCRIBED = TypeAdapter(Attained)  # as the description of the api has it
NOW = datetime(2024, 3, 1, tzinfo=UTC)


def questions(inquiry: Inquiry) -> list[Question]:
    units = RELEASE.tree.units
    return [
        one
        for area in AREAS
        for period in PERIODS
        for one in inquiry.questions(PLAN, units[area], Period.parse(period))
    ]


QUESTIONS = questions(INQUIRY)
KEYS = sorted({key for one in QUESTIONS for key in one.cells()})
NAMES = sorted({total(e, f.series, f.period, f.area) for q in QUESTIONS for f in q.figures() for e in f.elements})

# Few of each, so that the same comes again and again, and yet another object.
_cell = st.builds(cell, st.sampled_from([1, 3]), st.sampled_from([100, 40]), st.sampled_from([0, 2]), st.just(7))
_correction = st.builds(
    Correction, st.integers(1, 2), st.just(NOW), st.none(), st.builds(Private, st.sampled_from(["a", "b"]))
)
_callers = st.sampled_from([Caller(frozenset({PROVINCE})), Caller(frozenset())])


def written(judgements: Judgements, found: Attainment, caller: Caller) -> str:
    return judgements.json(disclose(found, caller), CATALOGUE).decode()


@settings(max_examples=100 if PROFILE == "short" else 5_000, deadline=None)
@given(st.data(), st.sampled_from([1, 2, 100]))
def test_a_judgement_is_what_would_be_judged_now(data: st.DataObject, most: int) -> None:
    judgements, cells = Judgements(most), dict[CellKey, Cell]()
    for _ in range(data.draw(st.integers(2, 12))):
        question = data.draw(st.sampled_from(QUESTIONS))
        for key in data.draw(st.lists(st.sampled_from(KEYS), max_size=3)):
            cells[key] = data.draw(_cell)
        today = data.draw(st.sampled_from([date(2023, 1, 1), date(2024, 3, 1)]))
        withheld: Withheld = data.draw(st.frozensets(st.sampled_from(NAMES), max_size=2))
        corrected, caller = data.draw(st.none() | _correction), data.draw(_callers)
        fresh = Judgements(1).judge(INQUIRY, question, cells, today, withheld, corrected)
        found = judgements.judge(INQUIRY, question, cells, today, withheld, corrected)
        assert found == fresh
        assert found.corrected == corrected
        shown = DESCRIBED.dump_json(attained(disclose(fresh, caller), CATALOGUE)).decode()
        assert [written(judgements, found, caller) for _ in range(2)] == [shown] * 2
        assert len(judgements) <= most


def counted(judge: Callable[..., Attainment]) -> tuple[list[Question], Callable[..., Attainment]]:
    asked: list[Question] = []

    def counting(question: Question, *rest: object) -> Attainment:
        asked.append(question)
        return judge(question, *rest)

    return asked, counting


def test_only_where_something_has_changed_is_judged_and_written_again() -> None:
    judgements, inquiry = Judgements(100), Inquiry(RELEASE)
    asked, inquiry.judge = counted(inquiry.judge)  # type: ignore[method-assign]
    some, today = questions(inquiry), date(2024, 3, 1)

    def ask(cells: dict[CellKey, Cell]) -> list[Attainment]:
        return [judgements.judge(inquiry, one, cells, today, NOTHING, None) for one in some]

    before = {key: cell(1, 100, 2, 7) for key in KEYS}
    first = ask(before)
    assert asked == some
    again = ask({key: cell(1, 100, 2, 7) for key in KEYS})
    assert [one is other for one, other in zip(first, again, strict=True)] == [True] * len(some)
    assert judgements.json(first[0], CATALOGUE) is judgements.json(again[0], CATALOGUE)
    asked.clear()
    changed = KEYS[0]
    ask({**before, changed: cell(1, 100, 3, 7)})
    assert asked == [one for one in some if changed in one.cells()]
    assert 0 < len(asked) < len(some)


def test_the_same_question_to_other_definitions_is_another_one() -> None:
    judgements, today = Judgements(100), date(2024, 3, 1)
    cells = {key: cell(1, 100, 2, 7) for key in KEYS}
    found = [
        judgements.judge(inquiry, questions(inquiry)[0], cells, today, NOTHING, None)
        for inquiry in (Inquiry(RELEASE), Inquiry(RELEASE))
    ]
    assert found[0] == found[1]
    assert found[0] is not found[1]
