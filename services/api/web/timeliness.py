"""Being on time in words: what became of a duty, and how many days are left or lost."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from chitieu.domain.fractions import rounded_text
from chitieu.domain.obligation import ObligationState
from chitieu.domain.words import OBLIGATIONS
from services.api.obligations import DutySummary, ObligationAnswer
from services.api.web.writing import Writing

NOT_SENT = frozenset({ObligationState.MISSING, ObligationState.NOT_YET_DUE, ObligationState.NOT_RECEIVED})
RECEIVED = frozenset({ObligationState.ON_TIME, ObligationState.LATE, ObligationState.RECEIVED})

# As one reads a bar from left to right: what is well first.
_IN_ORDER = (
    ObligationState.ON_TIME,
    ObligationState.RECEIVED,
    ObligationState.LATE,
    ObligationState.NOT_YET_DUE,
    ObligationState.NOT_RECEIVED,
    ObligationState.MISSING,
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a bar: where it begins and how long it is, in per cent as SVG takes them."""

    state: ObligationState
    units: int
    start: str
    length: str


@dataclass(frozen=True, slots=True)
class Punctual:
    """Templates know it as `punctual`; `today` is the civil date that deadlines are judged by."""

    writing: Writing
    today: date

    def state(self, state: ObligationState) -> str:
        word = self.writing.say(OBLIGATIONS[state])
        return word[0].upper() + word[1:]

    def stands(self, duty: DutySummary) -> str:
        """Whether all have sent it, else how far its last day is."""
        if self.received(duty) == duty.units:
            return self.writing.t("duties.complete")
        if duty.last_day is not None:
            return self.left(duty.last_day)
        return self.writing.t("duties.awaited", number=self.writing.number(duty.units - self.received(duty)))

    def left(self, last_day: date) -> str:
        """How far a last day is, before or behind."""
        days = (last_day - self.today).days
        if days == 0:
            return self.writing.t("duties.today")
        return self._days("left" if days > 0 else "over", abs(days))

    def apart(self, one: ObligationAnswer) -> str:
        """Of what was sent late, by how much; of what was not sent, how far its last day is; else nothing to say."""
        if one.state is ObligationState.LATE and one.received_on and one.last_day:
            return self._days("late_by", (one.received_on - one.last_day).days)
        return self.left(one.last_day) if one.state in NOT_SENT and one.last_day else ""

    def received(self, duty: DutySummary) -> int:
        return sum(number for state, number in duty.states.items() if state in RECEIVED)

    def share(self, rate: str | None) -> str:
        """A rate of answers as a rounded percentage."""
        if rate is None:
            return ""
        share = Fraction(rate) * 100
        # Never 100% with somebody missing: the rounding of a bound it differs from.
        return self.writing.number(rounded_text(share, Fraction(100), 1).removesuffix(".0")) + "%"

    def stretches(self, duty: DutySummary) -> list[Stretch]:
        found, before = [], 0
        for state in _IN_ORDER:
            units = duty.states.get(state, 0)
            if units:
                found.append(Stretch(state, units, _per_cent(before, duty.units), _per_cent(units, duty.units)))
                before += units
        return found

    def _days(self, what: str, days: int) -> str:
        return self.writing.t(f"duties.{what}.{'one' if days == 1 else 'many'}", days=self.writing.number(days))


def _per_cent(part: int, whole: int) -> str:
    return rounded_text(Fraction(100 * part, whole), digits=2) + "%"
