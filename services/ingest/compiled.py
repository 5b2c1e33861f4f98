"""A release, and what is made from it once to judge reports by."""

from collections.abc import Callable
from datetime import date

from msgspec import UNSET, UnsetType

from chitieu.domain.places import Places
from chitieu.domain.registry import Release
from chitieu.domain.report import ReportValidator
from services.ingest.plain import PlainValues


class Compiled:
    """Places, and for each form version how to judge its reports."""

    def __init__(self, release: Release, today: Callable[[], date]) -> None:
        self.release = release
        self.places = Places(release, today)
        self._validators: dict[tuple[str, int], ReportValidator] = {}
        self._plain: dict[tuple[str, int], PlainValues] = {}

    def path(self, holder: str, form: str, period: str, unit: str) -> tuple[str, ...] | None:
        """Of a unit whose report for the period is taken today, if it is in the holder's subtree."""
        path = self.places.find(form, period, unit)
        return path if path and (holder in path or self.release.tree.covers(holder, path)) else None

    def version(self, form: str, said: int | UnsetType) -> int:
        """The version that a report of a form in force is judged by."""
        return self.release.forms[form].version if said is UNSET else said

    def validator(self, form: str, version: int) -> ReportValidator | None:
        compiled = self._validators.get((form, version))
        if compiled is None and (known := self.release.form_versions.get((form, version))) is not None:
            compiled = self._validators[form, version] = ReportValidator(known, self.release.catalogue)
        return compiled

    def plain(self, form: str, version: int) -> PlainValues | None:
        compiled = self._plain.get((form, version))
        if compiled is None and (validator := self.validator(form, version)) is not None:
            compiled = self._plain[form, version] = PlainValues(validator)
        return compiled
