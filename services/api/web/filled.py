"""A form as it is filled in: the text in every field, what is ticked as not applicable, and the totals that follow."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from fractions import Fraction

from chitieu.adapters.workbook.layout import Layout, Line
from chitieu.adapters.workbook.writing import NOT_APPLICABLE, Said
from chitieu.domain.address import Address
from chitieu.domain.catalogue import Catalogue
from chitieu.domain.figure import NotAFigure, read_figure
from chitieu.domain.fractions import exact_text
from chitieu.domain.rules import Asked

# The names of what a page's form sends beside its fields: no key of a field has a slash.
_TICK = "not-applicable/"


@dataclass(frozen=True, slots=True)
class Group:
    """An element's line and those of its options, if it is asked by any."""

    head: Line
    parts: Sequence[Line]

    @property
    def tick(self) -> str:
        """The name of the box that says that the element is not applicable."""
        return _TICK + self.head.asked.element


def groups(address: Address, catalogue: Catalogue) -> Sequence[Group]:
    """The form's lines in its order, as in its Excel template."""
    lines = Layout(address.form, catalogue).lines
    heads = (line for line in lines if line.heads)
    return [Group(head, [one for one in lines if one.asked is head.asked and one is not head]) for head in heads]


@dataclass(frozen=True, slots=True)
class Filled:
    """`texts` by the keys of fields, as typed; `ticked` are elements. What is withheld stands there as a word."""

    texts: Mapping[str, str]
    ticked: Set[str]

    @classmethod
    def of(cls, said: Mapping[str, Said], parts: Sequence[Group]) -> "Filled":
        """What a report says, as somebody would have filled it in."""
        ticked = {
            one.head.asked.element for one in parts if all(said.get(k) == NOT_APPLICABLE for k in one.head.asked.keys)
        }
        return cls({key: text_of(value) for key, value in said.items()}, ticked)

    @classmethod
    def sent(cls, fields: Mapping[str, str], parts: Sequence[Group]) -> "Filled":
        """What a page's form has sent."""
        keys = (key for one in parts for key in one.head.asked.keys)
        ticked = {one.head.asked.element for one in parts if one.tick in fields}
        return cls({key: fields[key].strip() for key in keys if key in fields}, ticked)

    def text(self, line: Line) -> str:
        """What stands in a line's field; nothing where its element is not applicable."""
        return "" if line.asked.element in self.ticked else self.texts.get(line.name, "")

    def values(self, parts: Sequence[Group]) -> Mapping[str, str]:
        """As a report's `values`. A tick goes before figures that were typed before it: the page greys them out."""
        found: dict[str, str] = {}
        for one in parts:
            asked = one.head.asked
            if asked.element in self.ticked:
                found[asked.element] = NOT_APPLICABLE
            else:
                found |= {key: text for key in asked.keys if (text := self.texts.get(key, ""))}
        return found

    def total(self, asked: Asked) -> str | None:
        """Of the options that are filled in; None if none is, or one can't be read."""
        given = [text for key in asked.keys if (text := self.texts.get(key, ""))]
        if not given or asked.element in self.ticked:
            return None
        try:
            total = sum(read_figure(text, asked.scale, asked.maximum) for text in given)
        except NotAFigure:
            return None
        return exact_text(Fraction(total, 10**asked.scale))


def text_of(said: Said) -> str:
    """A figure as one would type it: 1234,5."""
    return said if isinstance(said, str) else exact_text(said).replace(".", ",")
