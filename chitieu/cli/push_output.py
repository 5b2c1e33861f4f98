"""What `chitieu push` says about lines, in the language of whoever sends them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from chitieu.cli.service import Language
from chitieu.client.answers import LineResult, Submission
from chitieu.contracts.problems import ProblemItem
from chitieu.domain.catalogue import Label
from chitieu.domain.errors import Problem

# Outcomes that count nothing: their sender has something to do.
_REFUSALS = {"key_reused", "conflict"}
_UNMET = Label("Báo cáo không còn ở bản sửa đổi đã nêu", "The report is not at the revision that was named")


@dataclass
class Tally:
    """What became of the lines so far. `outcomes` counts what is known of those that were taken."""

    taken: int = 0
    refused: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)


def refused_line(result: LineResult, language: Language) -> Iterator[str]:
    """Every problem of a line that was refused: "line 12, field parents_informed: …"."""
    if result.problem is not None:
        for error in result.problem.errors:
            yield _sentence(result.line, error, language)


def refused_outcome(line: int, told: Submission, language: Language) -> str | None:
    """What is wrong with a report that was taken and then not counted; None if nothing is."""
    if told.outcome not in _REFUSALS:
        return None
    revision = told.messages[-1].revision or Label("chưa có", "none")
    params: dict[str, object] = {"unmet": _UNMET, "revision": revision} if told.outcome == "conflict" else {}
    return _sentence(line, ProblemItem.of(Problem(told.outcome, "", params)), language)


def _sentence(line: int, error: ProblemItem, language: Language) -> str:
    if error.sheet is not None:
        return f"{_in_workbook(error, language)}: {_said(error, language)}"
    words = Label(f"dòng {line}", f"line {line}"), Label("trường ", "field ")
    place = error.pointer.replace("~1", "/").replace("~0", "~").removeprefix("/")
    if place.startswith("values/"):
        place = language.say(words[1]) + place.removeprefix("values/")
    where = ", ".join(filter(None, (language.say(words[0]), place)))
    return f"{where}: {_said(error, language)}"


def _in_workbook(error: ProblemItem, language: Language) -> str:
    sheet = language.say(Label(f"trang «{error.sheet}»", f"sheet '{error.sheet}'"))
    return sheet if error.cell is None else f"{sheet}, {error.cell}"


def _said(error: ProblemItem, language: Language) -> str:
    return error.vi if language is Language.VI else error.en


def summary(tally: Tally, language: Language, *, dry_run: bool) -> str:
    """One sentence at the end."""
    good = Label("hợp lệ, chưa gửi", "right, not sent") if dry_run else Label("đã nhận", "taken")
    said = [f"{tally.taken} {language.say(good)}"]
    if tally.outcomes:
        said[0] += " (" + ", ".join(f"{number} {word}" for word, number in sorted(tally.outcomes.items())) + ")"
    said.append(f"{tally.refused} {language.say(Label('bị từ chối', 'refused'))}")
    return ", ".join(said)
