"""What is said beside a figure: how it has moved, what is sure of it already, and what was corrected since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from chitieu.domain.fractions import figure_text
from chitieu.domain.series import Before
from services.api.attained import Attained
from services.api.web.chart import Ends, Shown, ends, telling
from services.api.web.wording import Wording


@dataclass(frozen=True, slots=True)
class Remarks:
    """Templates know it as `remarks`; each sentence is empty where there is nothing to say."""

    words: Wording

    def change(self, before: Before, one: Attained) -> str:
        """Up 2,3 points on the year 2023. In the indicator's unit; of per cents, points."""
        t, period = self.words.writing.t, self.words.writing.period(before.period)
        change = before.change.value
        if change is None:
            return t("change.withheld", period=period) if before.change.suppressed else ""
        if change == 0:
            return t("change.none", period=period)
        # Never 0,0: what has changed must be seen to.
        text = figure_text(abs(change), one.unit, Fraction(0))
        amount = self.words.writing.number(text)
        if one.unit == "percent":
            amount = t("change.points", number=amount)
        return t("change.more" if change > 0 else "change.less", amount=amount, period=period)

    def certain(self, one: Attained) -> str:
        """Only while somebody has not reported: then it is news."""
        if one.certain is None or one.coverage is None or one.coverage.reported >= one.coverage.expected:
            return ""
        return self.words.writing.t(f"certain.{one.certain}")

    def range(self, one: Attained) -> str:
        """From what to what the value may still come, as a sentence."""
        found = telling(one)
        if found is None:
            return ""
        low, high = self._measured(found, one)
        return self.words.writing.t("certain.range", low=low, high=high)

    def span(self, one: Attained) -> str:
        """The same for a table, however wide: 70,0% – 85,5%; of counts, which end nowhere, the least."""
        found = ends(one)
        if found is None:
            return ""
        low, high = self._measured(found, one)
        return f"{low} – {high}" if one.unit == "percent" else self.words.writing.t("course.at_least", low=low)

    def described(self, told: Sequence[Shown], last: Attained, unit: str) -> str:
        """What a chart shows, for those who don't see it: from where to where, and what is promised."""
        t, say = self.words.writing.t, self.words.writing.say
        parts = [t("course.figure", target=say(last.label), unit=unit), self._course(told)]
        if last.bound is not None:
            parts.append(t("course.promised", bound=self.words.promised(last)))
        return " ".join(filter(None, parts))

    def _course(self, told: Sequence[Shown]) -> str:
        t, period = self.words.writing.t, self.words.writing.period
        values = [self.words.value(one.at.value, one.at.unit) for one in told]
        if not told:
            return ""
        if len(told) == 1:
            return t("course.one", period=period(told[0].period), value=values[0])
        first, last = period(told[0].period), period(told[-1].period)
        return t("course.from_to", first=first, last=last, from_value=values[0], to_value=values[-1])

    def _measured(self, found: Ends, one: Attained) -> Sequence[str]:
        bound = None if one.bound is None else Fraction(one.bound)
        return [self.words.measured(figure_text(end, one.unit, bound), one.unit) for end in found]

    def corrected(self, one: Attained, today: date) -> str:
        """How often since the figure was final, when last, by whom and, where it may be read, why."""
        found = one.corrected
        if found is None:
            return ""
        t, writing = self.words.writing.t, self.words.writing
        said = t(
            "corrected.once" if found.revisions == 1 else "corrected.often",
            number=writing.number(found.revisions),
            moment=writing.moment(found.known_at, today),
        )
        whose = t("corrected.unit", unit=found.unit.name) if found.unit is not None else ""
        why = t("corrected.reason", reason=found.reason) if found.reason else ""
        return " ".join(filter(None, (said, whose, why)))
