"""From what a sender said to the event that the log will carry, or every reason why not."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import NamedTuple, Protocol

from msgspec import UNSET

from chitieu.adapters.clock import Clock, today
from chitieu.contracts.events import Event, content_hash, pack, submission_id
from chitieu.domain.access import AccessKey, KeyRing
from chitieu.domain.address import Address, Reference, locate, member_pointer
from chitieu.domain.errors import InvalidReport, Problem, Refused
from chitieu.domain.registry import Release
from chitieu.domain.rollup import MessageKind
from chitieu.domain.rules import Validated
from services.ingest.compiled import Compiled
from services.ingest.plain import PlainBody, PlainItem, PlainValues, nothing_twice, plain_body, plain_item
from services.ingest.said import SaidReport, read_item, read_report
from services.ingest.strict_json import read_json

Token = Callable[[int], bytes]


class Definitions(Protocol):
    """Whatever has the definitions to judge by."""

    @property
    def release(self) -> Release: ...


class InForce(Definitions, Protocol):
    """Definitions and keys in force; `chitieu.adapters.registry.RegistryReader` is one."""

    @property
    def keys(self) -> KeyRing: ...
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

    def __init__(self, definitions: Definitions, clock: Clock, token: Token, compiled: Compiled | None = None) -> None:
        self._definitions = definitions
        self._clock = clock
        self._token = token
        self._compiled = compiled

    def held(self) -> "Intake":
        """The same, by the release in force now whatever comes: for a request that pauses while it is judged."""
        compiled = self._in_force()
        return Intake(compiled, self._clock, self._token, compiled)

    @property
    def release(self) -> Release:
        return self._definitions.release

    @property
    def today(self) -> date:
        return today(self._clock)

    def body(self, body: bytes, reference: Reference, replaces: int | None, sender: Sender, max_depth: int) -> Event:
        """From the body of a report whose address stands in the URL. Raises InvalidRequest; and as `report` does."""
        if (plain := plain_body(body)) is not None:
            address = reference.form, reference.period, reference.unit
            if (event := self._plain(body, plain, address, replaces, sender)) is not None:
                return event
        return self.report(read_report(read_json(body, max_depth), reference, replaces), sender)

    def item(self, body: bytes, sender: Sender, max_depth: int) -> Event:
        """From a report among many, its address beside the values. Raises InvalidRequest; and as `report` does."""
        if (plain := plain_item(body)) is not None:
            address = plain.form, plain.period, plain.unit
            replaces = None if plain.if_match is UNSET else plain.if_match
            if (event := self._plain(body, plain, address, replaces, sender)) is not None:
                return event
        return self.report(read_item(read_json(body, max_depth)), sender)

    def together(self, bodies: Sequence[bytes], senders: Sequence[Sender]) -> list[Event | None]:
        """What `item` gives for each of many, at half the cost; None for whatever is not plain or not right."""
        compiled = self._in_force()
        events: list[Event | None] = [None] * len(bodies)
        for rules, placed in _by_form(compiled, bodies, senders).items():
            judged = rules.matrix.judge([one.row for one in placed])
            for (at, item, path, _), right in zip(placed, judged, strict=True):
                if right is not None and nothing_twice(bodies[at], item, right.names):
                    replaces = None if item.if_match is UNSET else item.if_match
                    place, said = (item.form, item.period, path), (rules.version, right.packed, right.states)
                    events[at] = self._event(compiled, *place, senders[at], MessageKind.REPORT, replaces, *said)
        return events

    def _plain(
        self,
        body: bytes,
        plain: PlainBody | PlainItem,
        address: tuple[str, str, str],
        replaces: int | None,
        sender: Sender,
    ) -> Event | None:
        """What `report` gives for a plain report that is right; None if it takes more to tell."""
        compiled = self._in_force()
        path = compiled.path(sender.key.unit, *address)
        if path is None:
            return None
        form, period, _ = address
        rules = compiled.plain(form, compiled.version(form, plain.form_version))
        if rules is None:
            return None
        validated, names = rules.read(plain.values)
        if validated is None or not nothing_twice(body, plain, names):
            return None
        said = rules.version, pack(validated.values), validated.states
        return self._event(compiled, form, period, path, sender, MessageKind.REPORT, replaces, *said)

    def report(self, said: SaidReport, sender: Sender) -> Event:
        """Raises InvalidReport with every problem, or Refused if the unit is outside the sender's subtree."""
        compiled = self._in_force()
        problems = list(said.problems)
        address = self._address(compiled.release, said.reference, sender, problems)
        validated = _validated(compiled, said, problems)
        if problems or address is None or validated is None:
            raise InvalidReport(*problems)
        version, values = validated
        content = pack(values.values), values.states
        return self._event(compiled, *_place(address), sender, MessageKind.REPORT, said.replaces, version, *content)

    def retraction(self, reference: Reference, reason: str, replaces: int | None, sender: Sender) -> Event:
        """Raises as `report` does."""
        compiled = self._in_force()
        problems: list[Problem] = []
        address = self._address(compiled.release, reference, sender, problems)
        if address is None:
            raise InvalidReport(*problems)
        kind, version = MessageKind.RETRACTION, address.form.version
        return self._event(compiled, *_place(address), sender, kind, replaces, version, b"", b"", reason)

    def address(self, reference: Reference, sender: Sender) -> Address:
        """Where a report would stand. Raises InvalidReport, or Refused if that is outside the sender's subtree."""
        return self._located(self.release, reference, sender)

    def _in_force(self) -> Compiled:
        release = self.release
        if self._compiled is None or self._compiled.release is not release:
            # All anew: the catalogue may have changed under a form that did not.
            self._compiled = Compiled(release, partial(today, self._clock))
        return self._compiled

    def _address(
        self, release: Release, reference: Reference | None, sender: Sender, problems: list[Problem]
    ) -> Address | None:
        if reference is None:
            return None
        try:
            return self._located(release, reference, sender)
        except InvalidReport as invalid:
            problems.extend(invalid.problems)
            return None

    def _located(self, release: Release, reference: Reference, sender: Sender) -> Address:
        address = locate(release, reference, self.today)
        if not release.tree.covers(sender.key.unit, [unit.id for unit in address.path]):
            raise Refused(reference.problem("unit", "forbidden_unit", unit=address.unit.id))
        return address

    def _event(
        self,
        compiled: Compiled,
        form: str,
        period: str,
        path: tuple[str, ...],
        sender: Sender,
        kind: MessageKind,
        replaces: int | None,
        form_version: int,
        packed: bytes,
        states: bytes,
        reason: str = "",
    ) -> Event:
        if sender.idempotency_key is None:
            submission = self._token(16)
        else:
            submission = submission_id(sender.key.id, sender.idempotency_key, form, period, path[-1])
        return Event(
            kind=int(kind),
            form=form,
            form_version=form_version,
            period=period,
            unit=path[-1],
            release=compiled.release.number,
            path=path,
            submission=submission,
            content=content_hash(kind, packed, states),
            replaces=replaces,
            packed=packed,
            states=states,
            author=sender.key.id,
            reason=reason,
            tell=sender.waits,
        )


class _Placed(NamedTuple):
    """A plain item among many that stands where its sender may report, and its values as they were said."""

    at: int
    item: PlainItem
    path: tuple[str, ...]
    row: bytes


def _by_form(
    compiled: Compiled, bodies: Sequence[bytes], senders: Sequence[Sender]
) -> Mapping[PlainValues, list[_Placed]]:
    """What can be judged together, by what judges it."""
    found = defaultdict[PlainValues, list[_Placed]](list)
    for at, (body, sender) in enumerate(zip(bodies, senders, strict=True)):
        if (item := plain_item(body)) is None:
            continue
        if (path := compiled.path(sender.key.unit, item.form, item.period, item.unit)) is None:
            continue
        rules = compiled.plain(item.form, compiled.version(item.form, item.form_version))
        if rules is not None and (row := rules.row(item.values)) is not None:
            found[rules].append(_Placed(at, item, path, row))
    return found


def _place(address: Address) -> tuple[str, str, tuple[str, ...]]:
    """Which report it is: form, period, and the unit's path as ids, nation first."""
    return address.form.id, str(address.period), tuple(one.id for one in address.path)


def _validated(compiled: Compiled, said: SaidReport, problems: list[Problem]) -> tuple[int, Validated] | None:
    """The form version that the values were judged by, and the values."""
    form = compiled.release.forms.get(said.reference.form) if said.reference else None
    if form is None:
        return None
    version = said.form_version or form.version
    validator = compiled.validator(form.id, version)
    if validator is None:
        pointer, params = member_pointer("form_version"), {"form": form.id, "version": version}
        problems.append(Problem("unknown_form_version", pointer, params))
        # What else is wrong, by the version that was probably meant.
        validator = compiled.validator(form.id, form.version)
    if validator is None or said.values is None:
        return None
    try:
        return version, validator.validate(said.values)
    except InvalidReport as invalid:
        problems.extend(invalid.problems)
        return None
