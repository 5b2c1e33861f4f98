"""Targets and their figures in words: what was promised, what is missing, in the units that people count in."""

from collections.abc import Sequence
from dataclasses import dataclass

from chitieu.domain.attainment import State
from chitieu.domain.obligation import Obligation, Punctuality
from chitieu.domain.words import OBLIGATIONS, STATES
from services.api.answers import Number
from services.api.attained import Attained, GapAnswer, Value
from services.api.web.text import TEXTS
from services.api.web.writing import NOTHING, Writing

_SIGNS = {"<=": "≤", ">=": "≥"}


@dataclass(frozen=True, slots=True)
class Wording:
    """Templates know it as `words`."""

    writing: Writing

    def state(self, state: State) -> str:
        return _capital(self.writing.say(STATES[state]))

    def level(self, level: str) -> str:
        """Units of a level; what has no word of its own here is called as in the tree."""
        key = f"level.{level}"
        return self.writing.t(key) if key in TEXTS else level

    def promised(self, one: Attained) -> str:
        """≥ 80%; to be kept: = 0%; or that it shall go down."""
        if one.bound is None:
            return self.writing.t("area.decrease")
        relation = one.holds or one.comparator
        bound = f"{_SIGNS.get(relation, relation)} {self.measured(one.bound, one.unit)}"
        return bound if one.holds is None else self.writing.t("area.maintain", bound=bound)

    def measured(self, exact: str, unit: str) -> str:
        return self.writing.number(exact) + ("%" if unit == "percent" else "")

    def value(self, value: Value | None, unit: str) -> str:
        if value is None or (value.exact is None and value.suppressed is None):
            return NOTHING
        return self.writing.t("area.withheld") if value.display is None else self.measured(value.display, unit)

    def fraction(self, value: Value | None) -> str:
        """146.981/193.757: what it is made of; empty for a count, and where nothing is known."""
        if value is None or value.denominator is None or value.denominator.value is None:
            return ""
        return f"{self.count(value.numerator)}/{self.count(value.denominator)}"

    def count(self, number: Number) -> str:
        return number.suppressed or self.writing.number(number.value)

    def reports(self, some: Sequence[Obligation]) -> str:
        """Of one report, what became of it; of many, how many stand where."""
        if len(some) == 1:
            return self._report(some[0])
        counted = Punctuality.of(some).states
        t, number, say = self.writing.t, self.writing.number, self.writing.say
        each = [
            t("reports.count", number=number(counted[state]), state=say(word))
            for state, word in OBLIGATIONS.items()
            if counted.get(state)
        ]
        return ", ".join(each) or NOTHING

    def _report(self, one: Obligation) -> str:
        state = _capital(self.writing.say(OBLIGATIONS[one.state]))
        if one.retracted:
            return self.writing.t("reports.retracted", state=state)
        if one.received_on is None:
            return state
        return self.writing.t("reports.on", state=state, day=self.writing.day(one.received_on))

    def told(self, one: Attained) -> str:
        """All that a reader would see change."""
        reported = one.coverage.reported if one.coverage is not None else 0
        return f"{one.state} {self.value(one.value, one.unit)} {self.fraction(one.value)} {reported}"

    def short_of(self, one: Attained) -> str:
        """How many are missing or too many, or how many could be lost; empty if there is nothing to say.

        Nothing is concluded from too few reports.
        """
        gap = one.gap
        if gap is None or gap.needed.value is None or one.state is State.INSUFFICIENT:
            return ""
        needed = str(gap.needed.value)
        if needed == "0":
            return self._spare(gap, "area.room" if one.better == "lower" else "area.spare")
        key = "area.fewer" if needed.startswith("-") else "area.more"
        return self.writing.t(key, amount=self.amount(needed.removeprefix("-"), gap.counts))

    def _spare(self, gap: GapAnswer, key: str) -> str:
        spare = gap.spare.value
        return "" if spare in (0, None) else self.writing.t(key, amount=self.amount(str(spare), gap.counts))

    def amount(self, exact: str, counts: str) -> str:
        """8.025 người. What has no word of its own here is counted without one."""
        key = f"counted.{counts}.{'one' if exact == '1' else 'many'}"
        number = self.writing.number(exact)
        return self.writing.t(key, number=number) if key in TEXTS else number


def _capital(word: str) -> str:
    return word[0].upper() + word[1:]
