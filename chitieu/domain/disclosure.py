"""Who may see what: small counts of children are suppressed outside the caller's own subtree.

One to five children with the same fate in one commune are known by name to everybody there. So every answer is built
from marked numbers, and `disclose(answer, caller)` runs last on it:

    Count     a sum or a single figure; `sensitive` ones from 1 to 5 are suppressed, of one report all but 0
    Derived   a number made of counts (a pooled sum, a rate); suppressed if one of them is, else it could be read off
    Private   free text, which may name somebody; seen inside the subtree only

What subtraction would recover is marked before, for all answers alike (`withholding`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, datetime
from enum import Enum
from fractions import Fraction
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")

LARGEST_SUPPRESSED = 5


@dataclass(frozen=True, slots=True)
class Count:
    """`value` is None if nothing was reported. `path` holds the ids of the area it is about and of all above it.

    `reported`: it stands in one report, by option or beside what it was before. With sums, that would tell too much.
    """

    value: Fraction | None
    sensitive: bool = False
    path: tuple[str, ...] = ()
    suppressed: bool = False
    reported: bool = False


@dataclass(frozen=True, slots=True)
class Derived:
    """A number that is computed from counts and would give them away."""

    value: Fraction | None
    sources: tuple[Count, ...] = ()
    suppressed: bool = False


@dataclass(frozen=True, slots=True)
class Private:
    """Text that somebody typed about one area."""

    text: str | None
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever asks. `holds` has the id of the top of the subtree and of everything that went into it by reforms."""

    holds: frozenset[str]

    def sees(self, path: Iterable[str]) -> bool:
        return not self.holds.isdisjoint(path)


def disclose(answer: T, caller: Caller) -> T:
    """The answer as the caller may see it.

    Walks dataclasses, tuples, lists and dicts, and shares what is unchanged. Raises TypeError for anything else that is
    no plain value.
    """
    shown: T = _walk(answer, caller)
    return shown


def hides(count: Count, caller: Caller) -> bool:
    """Is a count withheld from a caller?"""
    if not count.sensitive or count.value is None:
        return count.suppressed
    # In integers: comparing fractions is ten times slower, and an answer has thousands.
    above, below = count.value.as_integer_ratio()
    small = above > 0 and (count.reported or above <= LARGEST_SUPPRESSED * below)
    return count.suppressed or (small and not caller.sees(count.path))


def _count(count: Count, caller: Caller) -> Count:
    return replace(count, value=None, suppressed=True) if hides(count, caller) else count


def _derived(derived: Derived, caller: Caller) -> Derived:
    hidden = any(hides(count, caller) for count in derived.sources)
    return Derived(None, (), True) if hidden else derived


def _private(private: Private, caller: Caller) -> Private:
    return private if caller.sees(private.path) else replace(private, text=None)


_MARKED: Mapping[type, Callable[[Any, Caller], Any]] = {Count: _count, Derived: _derived, Private: _private}
_FIELDS: dict[type, tuple[str, ...]] = {}
_BARE: dict[type, bool] = {}
_PLAIN = frozenset({str, bytes, int, bool, type(None), Fraction, date, datetime})


def _walk(value: Any, caller: Caller) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    marked = _MARKED.get(kind)
    if marked is not None:
        return marked(value, caller)
    if kind is tuple or kind is list:
        shown = [_walk(one, caller) for one in value]
        return value if all(a is b for a, b in zip(shown, value, strict=True)) else kind(shown)
    if kind is dict:
        entries = {key: _walk(one, caller) for key, one in value.items()}
        return value if all(entries[key] is value[key] for key in value) else entries
    return value if isinstance(value, Enum) or _bare(kind) else _walk_dataclass(value, caller)


def _walk_dataclass(value: Any, caller: Caller) -> Any:
    changed = {}
    for name in _members(type(value)):
        before = getattr(value, name)
        after = _walk(before, caller)
        if after is not before:
            changed[name] = after
    return replace(value, **changed) if changed else value


def _bare(kind: type) -> bool:
    """By the types of its fields a dataclass can hold no mark: a target, a unit. Such make up most of an answer."""
    if kind not in _BARE:
        _BARE[kind] = is_dataclass(kind) and not _may_hold_mark(kind, set())
    return _BARE[kind]


def _may_hold_mark(hint: Any, seen: set[Any]) -> bool:
    """Of what is not known to hold none, that it may."""
    if hint in _MARKED:
        return True
    if hint in _PLAIN or hint is Ellipsis or hint in seen or get_origin(hint) is Literal:
        return False
    if inner := get_args(hint):
        return any(_may_hold_mark(one, seen) for one in inner)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return False
    if not is_dataclass(hint) or (isinstance(hint, type) and hint.__subclasses__()):
        return True
    return any(_may_hold_mark(one, seen | {hint}) for one in get_type_hints(hint).values())


def _members(kind: type) -> tuple[str, ...]:
    """A dataclass's fields that can hold a mark. What can't be looked into is refused: a count might be in it."""
    names = _FIELDS.get(kind)
    if names is None:
        if not is_dataclass(kind):
            raise TypeError(f"an answer may not hold {kind}")
        hints = get_type_hints(kind)
        held = (one.name for one in fields(kind) if _may_hold_mark(hints[one.name], set()))
        names = _FIELDS[kind] = tuple(held)
    return names
