"""Which cell of a sheet asks for which field: a line for each element, and below it one for each of its options."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from chitieu.domain.catalogue import Catalogue, Label
from chitieu.domain.form import Field, Form
from chitieu.domain.rules import Asked, Rules

# Rows above are the heading; the last of them names the columns.
FIRST_ROW = 9


class Column(StrEnum):
    """Columns of a sheet. `KEY` is hidden, and names the field that its line asks for."""

    NUMBER = "A"
    VI = "B"
    EN = "C"
    VALUE = "D"
    NOT_APPLICABLE = "E"
    BEFORE = "F"
    CHECK = "G"
    KEY = "H"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a sheet. `field` is None where the line shows the total of the options below it."""

    row: int
    number: str
    label: Label
    asked: Asked
    field: Field | None

    @property
    def name(self) -> str:
        """What stands in the line, as `values` of a report name it."""
        return self.asked.element if self.field is None else self.field.key

    @property
    def heads(self) -> bool:
        """Does the line speak of the whole element?"""
        return self.field is None or not self.asked.by_options

    def cell(self, column: Column) -> str:
        return f"{column}{self.row}"


class Layout:
    """A form's sheet, line by line in the form's order. Retired fields are not asked."""

    def __init__(self, form: Form, catalogue: Catalogue) -> None:
        self.form = form
        self.rules = Rules(form, catalogue)
        self._catalogue = catalogue
        self.lines = tuple(self._lines())
        self._rows = {line.name: line.row for line in self.lines}

    def figure(self, name: str) -> str:
        """The cell with the figure of a field, or with an element's total."""
        return f"{Column.VALUE}{self._rows[name]}"

    def options(self, asked: Asked) -> str:
        """The range of the figures that make up an element's total."""
        return f"{self.figure(asked.keys[0])}:{self.figure(asked.keys[-1])}"

    def number(self, element: str) -> str:
        """How people name an element's line."""
        return next(line.number for line in self.lines if line.name == element)

    def inputs(self) -> Iterator[tuple[str, str]]:
        """Each cell to fill in, and the name in `values` that it says something about."""
        for line in self.lines:
            if line.field is not None:
                yield line.cell(Column.VALUE), line.name
            if line.heads:
                yield line.cell(Column.NOT_APPLICABLE), line.asked.element

    def _lines(self) -> Iterator[Line]:
        row = FIRST_ROW
        for at, asked in enumerate(self.rules.elements.values(), 1):
            element = self._catalogue.elements[asked.element]
            fields = [self.form.fields[position] for position in asked.positions]
            yield Line(row, str(at), element.label, asked, None if asked.by_options else fields[0])
            row += 1
            for part, one in enumerate(fields if asked.by_options else (), 1):
                yield Line(row, f"{at}.{part}", self._option(one), asked, one)
                row += 1

    def _option(self, one: Field) -> Label:
        split = self.form.breakdowns(one.element, self._catalogue)
        labels = [by.options[code] for by, code in zip(split, one.options, strict=True)]
        return Label(", ".join(label.vi for label in labels), ", ".join(label.en for label in labels))
