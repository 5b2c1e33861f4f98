"""Problems of a report as they stand on its page: at their fields, and in the words that people see there."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from chitieu.adapters.workbook.layout import Line
from chitieu.contracts.problems import ProblemItem
from chitieu.domain.catalogue import Catalogue
from services.api.web.filled import Group
from services.api.web.writing import Writing

_NAME = re.compile(r"[a-z0-9_]+(?:\.[a-z0-9_]+)*")


@dataclass(frozen=True, slots=True)
class Told:
    """`row` is that of the field to go to, None for what is about the whole report; `at` that of the line spoken of."""

    text: str
    row: int | None = None
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Telling:
    """All problems of a report, in the order of its page."""

    every: Sequence[Told] = ()

    def at(self, row: int) -> Sequence[Told]:
        return [one for one in self.every if one.at == row]


def telling(problems: Sequence[ProblemItem], groups: Sequence[Group], writing: Writing) -> Telling:
    lines = {line.name: (line, group) for line, group in _lines(groups)}
    told = [_told(one, lines, names(groups, writing), writing) for one in problems]
    return Telling(sorted(told, key=lambda one: -1 if one.at is None else one.at))


def in_words(problem: ProblemItem, catalogue: Catalogue, writing: Writing) -> str:
    """What is wrong with a report that is not on the page, its elements by their names."""

    def called(found: re.Match[str]) -> str:
        element = catalogue.elements.get(found[0].partition(".")[0])
        return found[0] if element is None else writing.say(element.label)

    return _NAME.sub(called, writing.say(problem))


def names(groups: Sequence[Group], writing: Writing) -> Mapping[str, str]:
    """What people call that which `values` of a report name."""
    return {line.name: _named(line, group, writing) for line, group in _lines(groups)}


def _lines(groups: Sequence[Group]) -> Iterator[tuple[Line, Group]]:
    return ((line, group) for group in groups for line in (group.head, *group.parts))


def _named(line: Line, group: Group, writing: Writing) -> str:
    head = writing.say(group.head.label)
    return head if line.heads else f"{head}: {writing.say(line.label)}"


def _parts(said: str, lines: Mapping[str, tuple[Line, Group]]) -> Iterator[Line]:
    """The parts of every element that a sentence names as a whole."""
    for name in _NAME.findall(said):
        if name in lines and lines[name][0].field is None:
            yield from lines[name][1].parts


def _told(
    one: ProblemItem, lines: Mapping[str, tuple[Line, Group]], called: Mapping[str, str], writing: Writing
) -> Told:
    said = writing.say(one)
    # Where the whole is named, its parts are told apart by their options alone.
    mentioned = {part.name: part for part in _parts(said, lines)}
    called = {**called, **{name: writing.say(part.label) for name, part in mentioned.items()}}
    text = _NAME.sub(lambda found: called.get(found[0], found[0]), said)
    name = one.pointer.removeprefix("/values/").replace("~1", "/").replace("~0", "~")
    if name not in lines:
        return Told(text)
    line, group = lines[name]
    first = group.parts[0] if line.field is None else line
    return Told(text, first.row, line.row)
