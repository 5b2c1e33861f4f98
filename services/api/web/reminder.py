"""A text to send to those who have not reported: whom, what, by when, to whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote, urlencode

from services.api.obligations import DutySummary, ObligationAnswer, ObligationList
from services.api.web.timeliness import NOT_SENT, Punctual
from services.api.web.writing import Writing

# A longer list is read by nobody: then each area below gets a line, and its own text from its own page.
NAMED_AT_MOST = 60


@dataclass(frozen=True, slots=True)
class Reminder:
    """A text about one duty, as plain lines."""

    duty: str
    subject: str
    body: str

    @property
    def mail(self) -> str:
        """The address that opens it as a letter."""
        return "mailto:?" + urlencode({"subject": self.subject, "body": self.body}, quote_via=quote)


def reminders(silent: ObligationList, writing: Writing, today: date) -> list[Reminder]:
    """One for each duty that somebody has not fulfilled. `silent` lists those who have not, as far as there is room."""
    return [
        _reminder(duty, silent, writing, today)
        for duty in silent.duties
        if any(number for state, number in duty.states.items() if state in NOT_SENT)
    ]


def _reminder(duty: DutySummary, silent: ObligationList, writing: Writing, today: date) -> Reminder:
    what, when = writing.say(duty.label), writing.period(silent.period)
    number = sum(number for state, number in duty.states.items() if state in NOT_SENT)
    key = "none" if duty.last_day is None else "over" if duty.last_day < today else "left"
    told = writing.t(
        f"reminder.{key}",
        today=writing.day(today),
        number=writing.number(number),
        what=what,
        period=when,
        last_day=writing.day(duty.last_day),
        days="" if duty.last_day is None else Punctual(writing, today).left(duty.last_day),
        to=duty.to,
    )
    lines = [told, *_whom(duty, silent, number, writing), writing.t("reminder.please"), writing.t("reminder.done")]
    return Reminder(duty.duty, writing.t("reminder.subject", what=what, period=when), "\n".join(lines))


def _whom(duty: DutySummary, silent: ObligationList, number: int, writing: Writing) -> Sequence[str]:
    named = [one for one in silent.items if one.duty == duty.duty]
    if len(named) == number:
        return [f"– {_name(one, silent.area.id)}" for one in named]
    return [
        writing.t("reminder.area", area=area.area.name, number=writing.number(silent_there))
        for area in silent.areas or ()
        for one in area.duties
        if one.duty == duty.duty and (silent_there := sum(one.states.get(state, 0) for state in NOT_SENT))
    ]


def _name(one: ObligationAnswer, area: str) -> str:
    """With the unit above, unless that is the area itself."""
    return one.unit.name if one.above is None or one.above.id == area else f"{one.unit.name} ({one.above.name})"
