"""What a story of several years is made of: moments, at which something is sent and then everything is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.integration.golden.model import Duties, Judged, Line, Report


@dataclass(frozen=True, slots=True)
class Reminded:
    """A deadline that is announced: how many units have not sent their report, of those that have to."""

    duty: str
    period: str
    when: str
    last_day: str
    missing: int
    expected: int


@dataclass(frozen=True, slots=True)
class Moment:
    """A civil time in Viet Nam, at which a plan's units send or take back, and what is answered right after it.

    `reminds` is what is announced when the day begins, before anything is sent. With `reform`, the programmes that know
    of the reform are put into force first.
    """

    at: str
    plan: str
    sends: Sequence[Report] = ()
    retracts: Sequence[Report] = ()
    judged: Sequence[Judged] = ()
    duties: Sequence[Duties] = ()
    reminds: Sequence[Reminded] = ()
    reform: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """What is answered at the end of all years to a question about the past.

    `by` is the day of the tree (`asOfHierarchy`), `known` a civil time in Viet Nam (`knownAt`); None for neither.
    `undivided` names each unit that the tree can't place, with what became of it and the code it counts in.
    """

    plan: str
    judged: Judged
    by: str | None = None
    known: str | None = None
    undivided: Mapping[str, tuple[str, str]] | None = None


def every(names: Sequence[str], silent: Line, said: Mapping[str, Line], **known: Line) -> dict[str, Line]:
    """A line for each target: those that are named, and for all others the one of whom nobody has said anything.

    Names are written with _ for -. What they say may stand on lines said before.
    """
    lines = {**said, **{name.replace("_", "-"): line for name, line in known.items()}}
    assert lines.keys() <= set(names)
    return {name: lines.get(name, silent) for name in names}
