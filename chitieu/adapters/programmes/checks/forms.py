"""Forms: windows, fields, and what a new version may change."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations, pairwise

from chitieu.adapters.programmes.definitions import Definitions
from chitieu.adapters.programmes.directory import Programmes, Written
from chitieu.adapters.programmes.finding import Finding
from chitieu.contracts.programme import CollectedFile, FormFile
from chitieu.domain.form import Form
from chitieu.domain.period import PER_YEAR, Days, Period, PeriodKind

_SOME_YEAR = 2023  # like the years after it, it has no 29/2


def windows(programmes: Programmes) -> Iterator[Finding]:
    for form in programmes.forms:
        for at, one in enumerate(form.value.collected):
            loc = ("collected", at)
            if one.last is not None and one.last < one.first:
                yield form.mistake((*loc, "last"), f"the round ends ({one.last}) before it begins ({one.first})")
            for said in _window(one):
                yield form.mistake((*loc, "window"), said)


def _window(one: CollectedFile) -> Iterator[str]:
    if isinstance(one.window, str):
        return
    if len(one.window) != PER_YEAR[one.period]:
        yield f"the window has {len(one.window)} parts; a year has {PER_YEAR[one.period]} by {one.period}"
        return
    days = _year_of_windows(one)
    for each in days:
        if each.last < each.first:
            yield f"the window ends ({each.last:%d/%m}) before it begins ({each.first:%d/%m}); was `previous` meant?"
    for earlier, later in pairwise(days):
        if later.first <= earlier.last:
            yield f"the window that begins on {later.first:%d/%m} overlaps the one before it"


def _year_of_windows(one: CollectedFile) -> list[Days]:
    window = one.to_domain().window
    last = _SOME_YEAR + (one.period is PeriodKind.PHASE)
    return [window.days(Period(_SOME_YEAR, one.period, n, last)) for n in range(1, PER_YEAR[one.period] + 1)]


def repeated_elements(programmes: Programmes) -> Iterator[Finding]:
    """A form that asks twice for one element would count it twice."""
    for form in programmes.forms:
        seen: set[str] = set()
        for at, field in enumerate(form.value.fields):
            if not field.retired and field.element in seen:
                said = f"the form asks for '{field.element}' twice: it would be counted twice"
                yield form.mistake(("fields", at), said)
            if not field.retired:
                seen.add(field.element)


def append_only(programmes: Programmes) -> Iterator[Finding]:
    """Every version of a form begins with the fields of the versions before it."""
    if programmes.catalogue is None:
        return
    catalogue = programmes.catalogue.value.to_domain()
    versions: dict[str, list[tuple[Written[FormFile], Form]]] = defaultdict(list)
    for form in programmes.forms:
        try:
            versions[form.value.form].append((form, form.value.to_domain(catalogue)))
        except KeyError:  # an unknown name, found elsewhere
            continue
    for every in versions.values():
        every.sort(key=lambda one: one[1].version)
        for (_, older), (written, newer) in combinations(every, 2):
            if (said := moved(older, newer)) is not None:
                yield written.mistake(("fields",), said)


def moved(older: Form, newer: Form) -> str | None:
    """What a newer version does to the positions of an older one, if anything."""
    for at, field in enumerate(older.fields):
        now = newer.fields[at] if at < len(newer.fields) else None
        if now is None or now.key != field.key:
            said = f"has '{now.key}'" if now else "has none"
            return (
                f"field {at + 1} of form '{older.id}' is '{field.key}' in version {older.version} but version "
                f"{newer.version} {said} there: fields may be added or retired, never moved"
            )
        if now.scale != field.scale:
            return (
                f"field '{field.key}' of form '{older.id}' has {field.scale} decimal places in version {older.version} "
                f"but {now.scale} in version {newer.version}: fields are never re-scaled"
            )
    return None


def assumed_windows(definitions: Definitions) -> Iterator[Finding]:
    """Windows that no text names, one line for each form."""
    for written, form in definitions.forms:
        assumed = sum(one.basis != "text" for one in form.collections)
        if assumed:
            said = f"no text names the window: {assumed} of {len(form.collections)} rounds"
            yield written.warning(("collected",), said)
