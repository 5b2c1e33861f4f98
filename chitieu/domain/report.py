"""What the values of a report must satisfy: every problem at once.

    validated = ReportValidator(form, catalogue).validate({"parents": 1200, "budget": "1.234,5", "schools": "n/a"})

Pointers are JSON pointers (RFC 6901) into the report's body.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from chitieu.domain.address import member_pointer, shown
from chitieu.domain.catalogue import Catalogue, Indicator
from chitieu.domain.errors import InvalidReport, Problem
from chitieu.domain.figure import NotAFigure, is_not_applicable, read_figure
from chitieu.domain.form import Form
from chitieu.domain.fractions import exact_text
from chitieu.domain.rollup import ValueState
from chitieu.domain.rules import Asked, Rules, Validated
from chitieu.domain.wellformed import WellFormed

# A body of a hundred thousand unknown members is not answered with as many sentences.
_MOST_UNKNOWN = 100


class ReportValidator:
    """The rules of one form version, compiled once."""

    def __init__(self, form: Form, catalogue: Catalogue) -> None:
        self.rules = Rules(form, catalogue)
        self._well_formed = WellFormed(self.rules)

    def validate(self, values: Mapping[str, object]) -> Validated:
        """Values by field key, or by element for a total. Raises InvalidReport."""
        return self._well_formed.read(values) or self.validate_in_full(values)

    def judge(self, values: Sequence[int], states: bytes, totals: Sequence[int | None]) -> Validated | None:
        """What `validate` gives for figures that were read and found in their bounds; None if it may refuse them.

        Totals are those given, in the order of `rules.totals`.
        """
        return self._well_formed.judge(values, states, totals)

    def validate_in_full(self, values: Mapping[str, object]) -> Validated:
        """What `validate` says, field by field."""
        reading = _Reading(self.rules, values)
        reading.read()
        reading.compare()
        if not reading.problems and not any(reading.states):
            reading.say("empty_report", "/values")
        if reading.problems:
            raise InvalidReport(*reading.problems)
        return Validated(tuple(reading.values), bytes(reading.states))


class _Reading:
    """One report on its way through the rules: what was read so far, and what is wrong."""

    def __init__(self, rules: Rules, given: Mapping[str, object]) -> None:
        self._rules = rules
        self._given = given
        self.values = [0] * len(rules.form.fields)
        self.states = [int(ValueState.ABSENT)] * len(rules.form.fields)
        self.problems: list[Problem] = []
        # element -> its value given as a total, None for "n/a"
        self._totals: dict[str, int | None] = {}
        # Elements whose figure is in doubt: what follows from it is not judged.
        self._doubtful: set[str] = set()
        self._said_parts: set[tuple[str, str]] = set()
        # element -> its figure at the form's finest scale, None if it was not reported or is in doubt
        self._figures: dict[str, int | None] = {}

    def say(self, code: str, pointer: str, **params: object) -> None:
        self.problems.append(Problem(code, pointer, params))

    def read(self) -> None:
        unknown = 0
        for key, raw in self._given.items():
            if key in self._rules.position:
                if raw is not None:
                    self._read_field(self._rules.position[key], raw)
            elif key in self._rules.elements:
                if raw is not None:
                    self._read_total(self._rules.elements[key], raw)
            elif key in self._rules.retired:
                if raw is not None:
                    self.say("retired_field", member_pointer("values", key), field=key)
            elif unknown < _MOST_UNKNOWN:
                unknown += 1
                self.say("unknown_field", member_pointer("values", key), field=shown(key))

    def compare(self) -> None:
        for asked in self._rules.elements.values():
            if asked.by_options and asked.element not in self._doubtful:
                self._compare_options(asked)
            self._figures[asked.element] = self._figure(asked)
        for part, whole in self._rules.pairs:
            self._compare_part(part, whole)
        for indicator in self._rules.shares:
            self._compare_share(indicator)

    def _read_field(self, at: int, raw: object) -> None:
        one = self._rules.form.fields[at]
        if is_not_applicable(raw):
            self.states[at] = ValueState.NOT_APPLICABLE
            return
        value = self._read_value(one.key, raw, one.scale, one.maximum)
        if value is None:
            self._doubtful.add(one.element)
        else:
            self.values[at], self.states[at] = value, ValueState.REPORTED

    def _read_total(self, asked: Asked, raw: object) -> None:
        if is_not_applicable(raw):
            self._totals[asked.element] = None
            return
        value = self._read_value(asked.element, raw, asked.scale, asked.total_maximum)
        if value is not None:
            self._totals[asked.element] = value

    def _read_value(self, key: str, raw: object, scale: int, maximum: int) -> int | None:
        try:
            return read_figure(raw, scale, maximum)
        except NotAFigure as refused:
            params: dict[str, object] = {}
            if refused.code == "too_precise":
                params["scale"] = scale
            if refused.code == "above_maximum":
                params["maximum"] = exact_text(Fraction(maximum, 10**scale))
            self.say(refused.code, member_pointer("values", key), **params)
            return None

    def _compare_options(self, asked: Asked) -> None:
        """All of an element's options or none, and their sum is the total if one is given."""
        missing = [key for key, at in zip(asked.keys, asked.positions, strict=True) if not self.states[at]]
        has_total = asked.element in self._totals
        total = self._totals.get(asked.element)
        if len(missing) == len(asked.keys):
            if has_total and total is None:
                for at in asked.positions:
                    self.states[at] = ValueState.NOT_APPLICABLE
                return
            if not has_total:
                return
        if missing:
            self._doubt(asked, "options_incomplete", missing=", ".join(missing))
            return
        added = self._sum(asked)
        if has_total and total != added:
            said, given = (None if value is None else value * asked.finer for value in (added, total))
            self._doubt(asked, "options_do_not_sum", sum=self._text(said), total=self._text(given))

    def _doubt(self, asked: Asked, code: str, **params: object) -> None:
        self._doubtful.add(asked.element)
        self.say(code, self._pointer(asked), element=asked.element, **params)

    def _sum(self, asked: Asked) -> int | None:
        """The element's figure over its options; None if nothing was reported."""
        reported = [self.values[at] for at in asked.positions if self.states[at] == ValueState.REPORTED]
        return sum(reported) if reported else None

    def _figure(self, asked: Asked) -> int | None:
        value = None if asked.element in self._doubtful else self._sum(asked)
        return None if value is None else value * asked.finer

    def _text(self, figure: int | None) -> str:
        return "n/a" if figure is None else exact_text(Fraction(figure, 10**self._rules.finest))

    def _compare_part(self, part: Asked, whole: Asked) -> None:
        some, everything = self._figures[part.element], self._figures[whole.element]
        if some is None or everything is None:
            return
        larger = self._larger_options(part, whole)
        if not larger and some > everything:
            larger = [(part.element, whole.element, some, everything)]
        if larger:
            self._said_parts.add((part.element, whole.element))
        for part_key, whole_key, a, b in larger:
            pointer = self._pointer(part) if part_key == part.element else member_pointer("values", part_key)
            self.say(
                "part_above_whole",
                pointer,
                part=part_key,
                part_value=self._text(a),
                whole=whole_key,
                whole_value=self._text(b),
            )

    def _larger_options(self, part: Asked, whole: Asked) -> list[tuple[str, str, int, int]]:
        """Option by option, where the two elements have the same break-down: keys and figures of part and whole."""
        if not part.by_options or part.options != whole.options:
            return []
        found = []
        for at, under in zip(part.positions, whole.positions, strict=True):
            if self.states[at] == self.states[under] == ValueState.REPORTED:
                some, everything = self.values[at] * part.finer, self.values[under] * whole.finer
                if some > everything:
                    keys = self._rules.form.fields[at].key, self._rules.form.fields[under].key
                    found.append((*keys, some, everything))
        return found

    def _compare_share(self, indicator: Indicator) -> None:
        if any((n, d) in self._said_parts for n in indicator.numerator for d in indicator.denominator):
            return
        numerator, denominator = self._added(indicator.numerator), self._added(indicator.denominator)
        if numerator is None or denominator is None or numerator <= denominator:
            return
        self.say(
            "numerator_above_denominator",
            self._pointer(self._rules.elements[indicator.numerator[0]]),
            indicator=indicator.id,
            numerator=self._text(numerator),
            denominator=self._text(denominator),
        )

    def _pointer(self, asked: Asked) -> str:
        """Where the body speaks of an element: its total, else the first of its options that is given."""
        keys = (asked.element, *asked.keys)
        return member_pointer("values", next((k for k in keys if self._given.get(k) is not None), asked.element))

    def _added(self, elements: Sequence[str]) -> int | None:
        figures = [self._figures[element] for element in elements]
        known = [figure for figure in figures if figure is not None]
        return sum(known) if len(known) == len(figures) else None
