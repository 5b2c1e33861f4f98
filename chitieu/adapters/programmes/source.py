"""YAML as an author wrote it: plain data, and the line of every key.

Every plain scalar stays the text that was written, whatever YAML would make of it (`01`, `2021`, `2021-09-13`, `no`);
the model of the file gives it a type. So a unit code keeps its leading zero and a number like `0.5` stays exact. Only
an empty value, `~` and `null` mean nothing.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from chitieu.adapters.programmes.finding import Finding, mistake

Loc = tuple[int | str, ...]

# The parser in C is about ten times as fast; PyYAML has it wherever libyaml was found when it was built.
_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_PLAIN_TAGS = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"}
_NOTHING = {"", "~", "null"}


@dataclass(frozen=True, slots=True)
class Sourced:
    """Data of a file (None if it can't be read), the lines of its keys, and what the YAML itself has wrong."""

    file: str
    data: Any
    lines: Mapping[Loc, int] = field(default_factory=dict)
    mistakes: tuple[Finding, ...] = ()

    def line_of(self, loc: Loc) -> int:
        """The line of a key or list item, or of the nearest thing around it that is written down.

        Parts of `loc` that aren't in the file are skipped: pydantic names the member of a union there.
        """
        found: Loc = ()
        for part in loc:
            if (*found, part) in self.lines:
                found = (*found, part)
        return self.lines.get(found, 1)

    def mistake(self, loc: Loc, sentence: str) -> Finding:
        return mistake(self.file, self.line_of(loc), sentence)


def load(path: Path) -> Sourced:
    """Read one YAML file; what is wrong with it is in `mistakes`, never raised."""
    file = str(path)
    try:
        text = unicodedata.normalize("NFC", path.read_text("utf-8"))
    except UnicodeDecodeError:
        return Sourced(file, None, mistakes=(mistake(file, 1, "the file is not UTF-8 text"),))
    reader = _Reader(file)
    try:
        node = yaml.compose(text, Loader=_Loader)
        data = None if node is None else reader.value(node, (), ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        sentence = f"this is not YAML: {error.problem or error.context}"
        return Sourced(file, None, mistakes=(mistake(file, mark.line + 1 if mark else 1, sentence),))
    except yaml.YAMLError as error:
        return Sourced(file, None, mistakes=(mistake(file, 1, f"this is not YAML: {error}"),))
    if node is None:
        reader.mistakes.append(mistake(file, 1, "the file is empty"))
    return Sourced(file, data, reader.lines, tuple(reader.mistakes))


class _Reader:
    """Walks the nodes of a document, noting lines and mistakes."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Loc, int] = {}
        self.mistakes: list[Finding] = []

    def value(self, node: yaml.Node, loc: Loc, above: tuple[yaml.Node, ...]) -> Any:
        if node.tag not in _PLAIN_TAGS:
            self._refuse(node, f"tags like {node.tag} are not used here")
        if any(node is one for one in above):
            self._refuse(node, "an alias stands inside what it refers to")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, loc, (*above, node))
        if isinstance(node, yaml.SequenceNode):
            return self._sequence(node, loc, (*above, node))
        if isinstance(node, yaml.ScalarNode) and not node.style and node.value in _NOTHING:
            return None
        return node.value

    def _mapping(self, node: yaml.MappingNode, loc: Loc, above: tuple[yaml.Node, ...]) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._refuse(key, "a key must be a word")
            elif key.value in data:
                first = self.lines[(*loc, key.value)]
                self._refuse(key, f"the key '{key.value}' is given twice; the first is in line {first}")
            else:
                self.lines[(*loc, key.value)] = _line(key)
                data[key.value] = self.value(value, (*loc, key.value), above)
        return data

    def _sequence(self, node: yaml.SequenceNode, loc: Loc, above: tuple[yaml.Node, ...]) -> list[Any]:
        for at, item in enumerate(node.value):
            self.lines[(*loc, at)] = _line(item)
        return [self.value(item, (*loc, at), above) for at, item in enumerate(node.value)]

    def _refuse(self, node: yaml.Node, sentence: str) -> None:
        self.mistakes.append(mistake(self.file, _line(node), sentence))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
