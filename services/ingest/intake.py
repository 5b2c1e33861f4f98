"""From what a sender said to the event that the log will carry, or every reason why not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from chitieu.adapters.clock import Clock, today
from chitieu.contracts.events import Event, content_hash, pack, submission_id
from chitieu.domain.access import AccessKey, KeyRing
from chitieu.domain.address import Address, Reference, locate, member_pointer
from chitieu.domain.errors import InvalidReport, Problem, Refused
from chitieu.domain.registry import Release
from chitieu.domain.report import ReportValidator, Validated
from chitieu.domain.rollup import MessageKind
from services.ingest.said import SaidReport

Token = Callable[[int], bytes]


class InForce(Protocol):
    """Definitions and keys in force; `chitieu.adapters.registry.RegistryReader` is one."""

    @property
    def keys(self) -> KeyRing: ...
    @property
    def release(self) -> Release: ...
    @property
    def ready(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends, under which `Idempotency-Key` if any, and whether they wait for the outcome."""

    key: AccessKey
    idempotency_key: str | None = None
    waits: bool = False


class Intake:
    """Judges by the release in force at the moment of asking. `token` gives random bytes."""

    def __init__(self, registry: InForce, clock: Clock, token: Token) -> None:
        self._registry = registry
        self._clock = clock
        self._token = token
        self._validators: dict[tuple[str, int], ReportValidator] = {}
        self._compiled_for: int | None = None

    def report(self, said: SaidReport, sender: Sender) -> Event:
        """Raises InvalidReport with every problem, or Refused if the unit is outside the sender's subtree."""
        release = self._registry.release
        problems = list(said.problems)
        address = self._address(release, said.reference, sender, problems)
        validated = self._validated(release, said, problems)
        if problems or address is None or validated is None:
            raise InvalidReport(*problems)
        version, values = validated
        return self._event(release, address, sender, MessageKind.REPORT, said.replaces, version, values)

    def retraction(self, reference: Reference, reason: str, replaces: int | None, sender: Sender) -> Event:
        """Raises as `report` does."""
        release = self._registry.release
        problems: list[Problem] = []
        address = self._address(release, reference, sender, problems)
        if address is None:
            raise InvalidReport(*problems)
        nothing = Validated((), ())
        kind, version = MessageKind.RETRACTION, address.form.version
        return self._event(release, address, sender, kind, replaces, version, nothing, reason)

    def _address(
        self, release: Release, reference: Reference | None, sender: Sender, problems: list[Problem]
    ) -> Address | None:
        if reference is None:
            return None
        try:
            address = locate(release, reference, today(self._clock))
        except InvalidReport as invalid:
            problems.extend(invalid.problems)
            return None
        if not release.tree.covers(sender.key.unit, [unit.id for unit in address.path]):
            raise Refused(reference.problem("unit", "forbidden_unit", unit=address.unit.id))
        return address

    def _validated(self, release: Release, said: SaidReport, problems: list[Problem]) -> tuple[int, Validated] | None:
        """The form version that the values were judged by, and the values."""
        form = release.forms.get(said.reference.form) if said.reference else None
        if form is None:
            return None
        version = said.form_version or form.version
        validator = self._validator(release, form.id, version)
        if validator is None:
            pointer, params = member_pointer("form_version"), {"form": form.id, "version": version}
            problems.append(Problem("unknown_form_version", pointer, params))
            # What else is wrong, by the version that was probably meant.
            validator = self._validator(release, form.id, form.version)
        if validator is None or said.values is None:
            return None
        try:
            return version, validator.validate(said.values)
        except InvalidReport as invalid:
            problems.extend(invalid.problems)
            return None

    def _validator(self, release: Release, form: str, version: int) -> ReportValidator | None:
        if self._compiled_for != release.number:
            # The catalogue may have changed under a form that did not.
            self._validators, self._compiled_for = {}, release.number
        compiled = self._validators.get((form, version))
        if compiled is None and (known := release.form_versions.get((form, version))) is not None:
            compiled = self._validators[form, version] = ReportValidator(known, release.catalogue)
        return compiled

    def _event(
        self,
        release: Release,
        address: Address,
        sender: Sender,
        kind: MessageKind,
        replaces: int | None,
        form_version: int,
        said: Validated,
        reason: str = "",
    ) -> Event:
        form, period, unit = address.form.id, str(address.period), address.unit.id
        if sender.idempotency_key is None:
            submission = self._token(16)
        else:
            submission = submission_id(sender.key.id, sender.idempotency_key, form, period, unit)
        packed, states = pack(said.values), bytes(said.states)
        return Event(
            kind=int(kind),
            form=form,
            form_version=form_version,
            period=period,
            unit=unit,
            release=release.number,
            path=tuple(one.id for one in address.path),
            submission=submission,
            content=content_hash(kind, packed, states),
            replaces=replaces,
            packed=packed,
            states=states,
            author=sender.key.id,
            reason=reason,
            tell=sender.waits,
        )
