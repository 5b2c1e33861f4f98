"""A report's address: which form, period and unit a sender means, and whether reports for it are taken.

address = locate(release, Reference("xa", "2024S1", "06055"), today)
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from chitieu.domain.errors import InvalidReport, Problem
from chitieu.domain.form import Collection, Form
from chitieu.domain.named import unknown_form, unknown_period
from chitieu.domain.period import Period
from chitieu.domain.registry import Release
from chitieu.domain.unit import Unit

_LONGEST_NAME = 100


def shown(name: str) -> str:
    """A sender's word as it is said back: cut when nobody could have meant it."""
    return name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "…"


def member_pointer(*names: str) -> str:
    """JSON pointer to a member: `member_pointer("values", "a/b")` is `/values/a~1b`."""
    return "".join("/" + shown(name).replace("~", "~0").replace("/", "~1") for name in names)


@dataclass(frozen=True, slots=True)
class Reference:
    """A report's address as its sender wrote it. Pointers name its parts only if they stand in the body."""

    form: str
    period: str
    unit: str
    in_body: bool = False

    def pointer(self, part: str) -> str:
        return member_pointer(part) if self.in_body else ""

    def problem(self, part: str, code: str, **params: object) -> Problem:
        return Problem(code, self.pointer(part), params)


@dataclass(frozen=True, slots=True)
class Address:
    """A report's identity, the collection that asks for it, and the unit's path, nation first."""

    form: Form
    period: Period
    collection: Collection
    path: tuple[Unit, ...]

    @property
    def unit(self) -> Unit:
        return self.path[-1]


def locate(release: Release, reference: Reference, today: date) -> Address:
    """The address that a reference means by a release, if reports for it are taken on a day.

    `reference.unit` is a code, which means the unit in force on the last day of the period's window, or
    `code@valid_from`. Raises InvalidReport.
    """
    problems: list[Problem] = []
    form = release.forms.get(reference.form)
    if form is None:
        problems.append(unknown_form(release, reference.form, reference.pointer("form")))
    period = _period(reference.period)
    if period is None:
        problems.append(unknown_period(reference.period, reference.pointer("period")))
    if form is None or period is None:
        problems.extend(_unknown_unit(release, reference, today))
        raise InvalidReport(*problems)
    rounds = list(form.of_kind(period.kind))
    if not rounds:
        problems.append(_about_period(reference, "period_not_collected", form=form.id))
        problems.extend(_unknown_unit(release, reference, today))
        raise InvalidReport(*problems)
    asked = _asked(release, reference.unit, rounds, period)
    if asked is None:
        meant = _meant(release, reference.unit, rounds, period)
        rounds = [meant] if meant else rounds
        problems.append(_not_a_reporter(release, reference, form, [one.window.days(period).last for one in rounds]))
    problems.extend(_untimely(reference, [asked[0]] if asked else rounds, period, today))
    if asked is None or problems:
        raise InvalidReport(*problems)
    return Address(form, period, *asked)


def _period(text: str) -> Period | None:
    try:
        return Period.parse(text)
    except ValueError:
        return None


def _about_period(reference: Reference, code: str, **params: object) -> Problem:
    return reference.problem("period", code, period=shown(reference.period), **params)


def _asked(
    release: Release, unit: str, rounds: Sequence[Collection], period: Period
) -> tuple[Collection, tuple[Unit, ...]] | None:
    """The round that asks a unit for a period: of several, one whose years include the period."""
    found = []
    for one in rounds:
        path = release.path_on(unit, one.window.days(period).last)
        if path and one.reporters.include(path):
            found.append((one, path))
    return next((f for f in found if f[0].collects(period)), found[0] if found else None)


def _meant(release: Release, unit: str, rounds: Sequence[Collection], period: Period) -> Collection | None:
    """The round that would ask a unit if it were in force: judged by where it stood on its day nearest to the window's.

    Of several rounds, one whose years include the period.
    """
    tree = release.tree
    rows = [tree.units[unit]] if unit in tree.units else tree.rows(unit)

    def would_ask(one: Collection, row: Unit) -> bool:
        last = one.window.days(period).last
        day = max(row.valid_from, min(last, row.valid_to or last))
        return one.reporters.include(tree.path(row, day))

    found = [one for one in rounds if any(would_ask(one, row) for row in rows)]
    return next((one for one in found if one.collects(period)), next(iter(found), None))


def known(release: Release, unit: str) -> bool:
    """Is there, or was there ever, a unit of this code or id?"""
    return unit in release.tree.units if "@" in unit else bool(release.tree.rows(unit))


def _unknown_unit(release: Release, reference: Reference, day: date) -> Iterator[Problem]:
    if not known(release, reference.unit):
        yield reference.problem("unit", "unknown_unit", unit=shown(reference.unit), date=day.isoformat())


def _not_a_reporter(release: Release, reference: Reference, form: Form, days: Sequence[date]) -> Problem:
    """`days` are the last ones of the windows of every round that could ask."""
    unit, last = shown(reference.unit), max(days)
    for problem in _unknown_unit(release, reference, last):
        return problem
    if not any(release.path_on(reference.unit, day) for day in days):
        return reference.problem("unit", "unit_not_in_force", unit=unit, date=last.isoformat())
    return reference.problem("unit", "unit_does_not_report", unit=unit, form=form.id)


def _untimely(reference: Reference, rounds: Sequence[Collection], period: Period, today: date) -> Iterator[Problem]:
    """Said only if it holds for every round that could ask."""
    if not any(one.collects(period) for one in rounds):
        first = min(one.first for one in rounds)
        ends = [one.last for one in rounds if one.last is not None]
        last = max(ends).isoformat() if len(ends) == len(rounds) else "…"
        yield _about_period(reference, "period_outside_plan", first=first.isoformat(), last=last)
    opens = min(one.window.days(period).first for one in rounds)
    if today < opens:
        yield _about_period(reference, "period_not_open", opens=opens.isoformat())
